#include "cli/native.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/flags.h"
#include "cli/foreign.h"
#include "cli/values.h"

namespace distaff {
namespace {

Expected<std::string> parse_text(std::string_view text) {
  if (text.empty()) return fail("'' is empty; leave the option out or give a value");
  return std::string(text);
}

// What other tools write to a file of that name is an output mode here.
Expected<std::string> parse_results(std::string_view text) {
  for (const std::string_view format : {"csv", "tsv", "json"}) {
    if (!text.ends_with(format) || !text.substr(0, text.size() - format.size()).ends_with('.')) {
      continue;
    }
    return fail(
        fmt::format("{}: results are files in directories; all jobs in one file are made "
                    "by --output {} > FILE",
                    text, format == "json" ? "json" : "csv"));
  }
  return parse_text(text);
}

// Makes a RunSpec of flags.  The first error stays; what is read after it does not matter.
class Reader {
 public:
  Reader(const Flags& flags, Arguments& arguments) : flags_(flags), arguments_(arguments) {}

  Expected<NativeRequest> go() {
    read_input();
    read_batches();
    read_command();
    read_pool();
    read_groups();
    read_output();
    read_failure();
    read_journal();
    read_cron();
    read_progress();
    check_input();
    check_command();
    check_output();
    check_groups();
    check_journal();
    check_cron();
    if (error_) return tl::unexpected(*error_);
    return std::move(request_);
  }

 private:
  // ---- reading one option each

  template <class T, class Parse>
  void read(Opt id, T& target, Parse parse) {
    if (!error_ && flags_.has(id)) take(flags_.spelled(id), flags_.value(id), target, parse);
  }

  // One more element of `target` for each time it was given.
  template <class T, class Parse>
  void read_each(Opt id, std::vector<T>& target, Parse parse) {
    for (std::size_t i = 0; i < flags_.values(id).size(); ++i) {
      const std::string& value = flags_.values(id)[i];
      T element;
      if (!error_) take(flags_.spelled(id, i), value, element, parse);
      target.push_back(std::move(element));
    }
  }

  template <class T, class Parse>
  void take(const std::string& name, const std::string& value, T& target, Parse parse) {
    auto parsed = parse(value);
    if (parsed) {
      target = std::move(*parsed);
    } else {
      fail_with("{}: {}", name, printable(parsed.error().message, 400));
    }
  }

  // The enumerators of E are in the order of the choices.
  template <class E>
  void read_choice(Opt id, E& target) {
    if (error_ || !flags_.has(id)) return;
    const Option& meant = option(id);
    const std::string& value = flags_.value(id);
    for (std::size_t i = 0; i < choice_count(meant); ++i) {
      if (choice_at(meant, i) == value) {
        target = static_cast<E>(i);
        return;
      }
    }
    fail_with("{} {}", flags_.spelled(id), unknown_choice(meant, value));
  }

  static std::string unknown_choice(const Option& option, std::string_view value) {
    std::string choices;
    for (std::size_t i = 0; i < choice_count(option); ++i) {
      choices += i == 0 ? "" : i + 1 == choice_count(option) ? " or " : ", ";
      choices += choice_at(option, i);
    }
    return fmt::format("'{}': it is {}", printable(value), choices);
  }

  // ---- what is said when options do not go together

  template <class... Args>
  void fail_with(fmt::format_string<Args...> format, Args&&... args) {
    if (!error_) error_ = Error{fmt::format(format, std::forward<Args>(args)...)};
  }

  // "--csv", as it was written: what a message begins with, and what stands inside one.
  const std::string& spelled(Opt id) const { return flags_.spelled(id); }
  std::string mentioned(Opt id) const { return flags_.mentioned(id); }

  // The options of the list that were given; at most one may be.
  void exclusive(std::initializer_list<Opt> ids, std::string_view why) {
    const Opt* first = nullptr;
    for (const Opt& id : ids) {
      if (!flags_.has(id)) continue;
      if (first != nullptr) fail_with("{} and {}: {}", spelled(*first), mentioned(id), why);
      first = &id;
    }
  }

  // ---- topic by topic

  void read_input() {
    InputSpec& input = request_.spec.input;
    read_each(Opt::input, input.files, parse_text);
    if (flags_.has(Opt::null)) input.format = RecordFormat::null_ended;
    if (flags_.has(Opt::csv)) input.format = RecordFormat::csv;
    if (flags_.has(Opt::tsv)) input.format = RecordFormat::tsv;
    if (flags_.has(Opt::jsonl)) input.format = RecordFormat::jsonl;
    if (flags_.has(Opt::delimiter)) {
      input.format = RecordFormat::delimited;
      read(Opt::delimiter, input.delimiter, parse_delimiter);
      if (input.delimiter == std::string_view("\0", 1)) {
        input.format = RecordFormat::null_ended;
        input.delimiter = InputSpec{}.delimiter;
      }
    }
    input.header = !flags_.has(Opt::no_header);
    input.keep_empty = flags_.has(Opt::keep_empty);
    read(Opt::split, input.split, parse_text);
    read(Opt::match, input.match, parse_text);
    read_choice(Opt::no_match, input.no_match);
    read(Opt::total, input.total, [](std::string_view text) { return parse_count(text); });
    if (!arguments_.list_word.empty()) {
      input.format = RecordFormat::arguments;
      input.lists = std::move(arguments_.lists);
    }
    request_.input_given = !input.files.empty() || !arguments_.list_word.empty();
  }

  void check_input() {
    exclusive({Opt::null, Opt::delimiter, Opt::csv, Opt::tsv, Opt::jsonl},
              "records have one form; leave one of them out");
    exclusive({Opt::split, Opt::match}, "fields come from one of them; leave one out");
    check_lists();
    const RecordFormat format = request_.spec.input.format;
    const bool table = format == RecordFormat::csv || format == RecordFormat::tsv;
    const bool ended = format == RecordFormat::null_ended || format == RecordFormat::delimited;
    if (flags_.has(Opt::no_header) && !table) {
      fail_with("{} is for tables; add --csv or --tsv", spelled(Opt::no_header));
    }
    if (flags_.has(Opt::no_match) && !flags_.has(Opt::match)) {
      fail_with("{} is for records that --match does not match; add --match REGEX",
                spelled(Opt::no_match));
    }
    for (const Opt id : {Opt::split, Opt::match}) {
      if (!flags_.has(id) || format == RecordFormat::lines || ended) continue;
      fail_with("{} is for lines, and {} has fields of its own; leave one of them out", spelled(id),
                format_word());
    }
    if (flags_.has(Opt::keep_empty) && ended) {
      fail_with("{}: with {} empty records are kept anyway; leave it out", spelled(Opt::keep_empty),
                format_word());
    } else if (flags_.has(Opt::keep_empty) && format != RecordFormat::lines) {
      fail_with("{} is for lines and does not go with {}; leave it out", spelled(Opt::keep_empty),
                format_word());
    }
  }

  void check_lists() {
    if (arguments_.list_word.empty()) return;
    const std::string& word = arguments_.list_word;
    if (flags_.has(Opt::input)) {
      fail_with(
          "{} and '{}': records come from one of them; the lines of a file are a list by "
          ":::: FILE",
          spelled(Opt::input), word);
    }
    for (const Opt id : {Opt::null, Opt::delimiter, Opt::csv, Opt::tsv, Opt::jsonl, Opt::split,
                         Opt::match, Opt::keep_empty}) {
      if (!flags_.has(id)) continue;
      fail_with(
          "{} is for input that is read, and '{}' gives the values as they are; leave one of "
          "them out",
          spelled(id), word);
    }
  }

  // The option that says what records are, as it was written.
  std::string format_word() const {
    for (const Opt id : {Opt::null, Opt::delimiter, Opt::csv, Opt::tsv, Opt::jsonl}) {
      if (flags_.has(id)) return mentioned(id);
    }
    return arguments_.list_word;
  }

  void read_batches() {
    read(Opt::max_records, request_.spec.batch.max_records,
         [](std::string_view text) { return parse_count(text); });
    read(Opt::max_bytes, request_.spec.batch.max_bytes,
         [](std::string_view text) -> Expected<std::uint64_t> {
           const auto size = parse_size(text);
           if (size && *size == 0) return fail("'0' bytes hold nothing; the default is 128k");
           return size;
         });
  }

  void read_command() {
    CommandSpec& command = request_.spec.command;
    command.words = std::move(arguments_.command);
    read(Opt::replacement, command.replacement, parse_text);
    command.replacement_given = flags_.has(Opt::replacement);
    read(Opt::shell, command.shell,
         [](std::string_view text) -> Expected<std::vector<std::string>> {
           auto words = split_words(text);
           if (words.empty() || words[0].empty()) {
             return fail(fmt::format("'{}' names no shell; write it as 'bash -o pipefail'", text));
           }
           return words;
         });
    read_choice(Opt::stdin_mode, command.stdin_mode);
    read(Opt::workdir, command.workdir, parse_text);
    read_each(Opt::env, command.env, parse_env);
    read(Opt::nice, command.nice, [](std::string_view text) { return parse_int(text, -20, 19); });
  }

  void check_command() {
    const RunSpec& spec = request_.spec;
    if (spec.command.stdin_mode == StdinMode::tty &&
        spec.pool.jobs != JobsSpec{JobsSpec::Kind::count, 1}) {
      fail_with("{} tty: only one job at a time can have the terminal; add -j 1",
                spelled(Opt::stdin_mode));
    }
    if (!spec.command.words.empty()) return;
    for (const Opt id : {Opt::csv, Opt::tsv, Opt::jsonl, Opt::split, Opt::match}) {
      if (!flags_.has(id) || flags_.has(Opt::fields)) continue;
      fail_with(
          "{}: there is no command that could use the fields; without one each record is a command "
          "itself",
          spelled(id));
    }
    if (spec.command.stdin_mode == StdinMode::record) {
      fail_with(
          "{} record: there is no command to feed records to; without one each record is a "
          "command itself",
          spelled(Opt::stdin_mode));
    }
    if (spec.batch.max_records != 1) {
      fail_with(
          "{}: there is no command to pass several records to; without one each record is a "
          "command itself",
          spelled(Opt::max_records));
    }
  }

  void read_pool() {
    PoolSpec& pool = request_.spec.pool;
    read(Opt::jobs, pool.jobs, parse_jobs);
    read(Opt::delay, pool.delay, [](std::string_view text) { return parse_duration(text); });
    read(Opt::buffer_size, pool.buffer, [](std::string_view text) { return parse_int(text, 1); });
  }

  void read_groups() {
    GroupSpec& group = request_.spec.group;
    read(Opt::key, group.key, parse_text);
    read(Opt::parallelism, group.parallelism,
         [](std::string_view text) { return parse_int(text, 1); });
    read(Opt::throttle, group.throttle, parse_throttle);
    read(Opt::rate, group.rate, parse_rate);
    read(Opt::rules, request_.rules_file, parse_text);
    read(Opt::mutex, group.mutex, parse_text);
  }

  void check_groups() {
    const GroupSpec& group = request_.spec.group;
    if (group.throttle && group.throttle->any() && group.parallelism.value_or(1) > 1) {
      fail_with(
          "{} {} and {}: a group that rests after each job runs one at a time; leave one of "
          "them out",
          spelled(Opt::throttle), flags_.value(Opt::throttle),
          flags_.mentioned_with_value(Opt::parallelism));
    }
  }

  void read_output() {
    OutputSpec& output = request_.spec.output;
    read_choice(Opt::output, output.mode);
    output.keep_order = flags_.has(Opt::keep_order);
    output.dry_run = flags_.has(Opt::dry_run);
    output.trace = flags_.has(Opt::trace);
    read(Opt::hold_memory, output.hold_memory, parse_size);
    read(Opt::spill_dir, output.spill_dir, parse_text);
    read(Opt::spill_limit, output.spill_limit, parse_size);
    if (flags_.has(Opt::tag)) output.tag = "{}";
    if (flags_.has(Opt::tag) && request_.spec.command.replacement_given) {
      output.tag = request_.spec.command.replacement;
    }
    if (flags_.has(Opt::tag_template)) {
      output.tag.emplace();
      read(Opt::tag_template, *output.tag, parse_text);
    }
    read(Opt::results, output.results, parse_results);
  }

  void check_output() {
    OutputSpec& output = request_.spec.output;
    if (flags_.has(Opt::ungroup) && flags_.has(Opt::output) && output.mode != OutputMode::raw) {
      fail_with("{} and {}: output has one mode; leave one of them out", spelled(Opt::ungroup),
                flags_.mentioned_with_value(Opt::output));
    }
    if (flags_.has(Opt::ungroup)) output.mode = OutputMode::raw;
    std::string mode = "-u";
    if (flags_.has(Opt::ungroup)) {
      if (flags_.from_file(Opt::ungroup)) mode = mentioned(Opt::ungroup);
    } else if (flags_.has(Opt::output)) {
      mode = flags_.mentioned_with_value(Opt::output);
    }
    const bool raw = output.mode == OutputMode::raw;
    if (output.keep_order && (raw || output.mode == OutputMode::none)) {
      fail_with("{} does not go with {}: order needs --output group, line, json or csv",
                spelled(Opt::keep_order), mode);
    }
    for (const Opt id : {Opt::tag, Opt::tag_template}) {
      if (!flags_.has(id) || !raw) continue;
      fail_with(
          "{} does not go with {}: jobs then write by themselves; with tags use --output line",
          spelled(id), mode);
    }
    for (const Opt id : {Opt::tag, Opt::tag_template}) {
      if (!flags_.has(id) || (output.mode != OutputMode::json && output.mode != OutputMode::csv)) {
        continue;
      }
      fail_with("{} does not go with {}: the record has columns of its own there; leave it out",
                spelled(id), mode);
    }
    const bool unseen = raw || (output.mode == OutputMode::none && output.results.empty());
    if (flags_.has(Opt::idle_timeout) && unseen) {
      fail_with(
          "{} does not go with {}: what jobs write is then not seen; with it use --output line or "
          "group",
          spelled(Opt::idle_timeout), mode);
    }
    if (flags_.has(Opt::results) && raw) {
      fail_with(
          "{} does not go with {}: jobs then write by themselves; with results use --output group "
          "or none",
          spelled(Opt::results), mode);
    }
  }

  void read_failure() {
    FailureSpec& failure = request_.spec.failure;
    read(Opt::ok, failure.ok, parse_statuses);
    read(Opt::retries, failure.retries,
         [](std::string_view text) { return parse_int(text, 0, 1'000'000); });
    read(Opt::retry_delay, failure.retry_delay, parse_retry_delay);
    read(Opt::retry_on, failure.retry_on, parse_retry_on);
    read(Opt::timeout, failure.timeout, parse_time_limit);
    read(Opt::idle_timeout, failure.idle_timeout, [](std::string_view text) -> Expected<Duration> {
      const auto limit = parse_time_limit(text);
      if (!limit) return tl::unexpected(limit.error());
      if (limit->percent > 0) return fail(fmt::format("'{}' is no time, such as 30s", text));
      return limit->most;
    });
    read(Opt::deadline, failure.deadline, parse_deadline);
    read_choice(Opt::on_error, failure.on_error);
    read(Opt::halt, failure.halt, parse_halt);
    read(Opt::term_seq, failure.term_seq, parse_term_seq);
    failure.leave_orphans = flags_.has(Opt::leave_orphans);
  }

  void read_journal() {
    JournalSpec& journal = request_.spec.journal;
    read(Opt::journal, journal.file, parse_text);
    journal.resume = flags_.has(Opt::resume);
    journal.skip_failed = flags_.has(Opt::skip_failed);
    read(Opt::id, journal.id, parse_text);
    read(Opt::failed_to, journal.failed_to, parse_text);
    read(Opt::job_log, journal.job_log, parse_text);
  }

  void check_journal() {
    for (const Opt id : {Opt::resume, Opt::skip_failed, Opt::id}) {
      if (!flags_.has(id) || flags_.has(Opt::journal)) continue;
      fail_with("{}: what was done is known from a journal; add --journal FILE", spelled(id));
    }
    if (flags_.has(Opt::skip_failed) && !flags_.has(Opt::resume)) {
      fail_with("{} says what --resume skips; add --resume", spelled(Opt::skip_failed));
    }
    constexpr Opt kFiles[] = {Opt::journal, Opt::failed_to, Opt::job_log, Opt::log_file};
    for (const Opt& first : kFiles) {
      for (const Opt* second = &first + 1; second != std::end(kFiles); ++second) {
        if (!flags_.has(first) || !flags_.has(*second)) continue;
        if (flags_.value(first) != flags_.value(*second)) continue;
        fail_with("{} and {}: both write to '{}'; name two files", spelled(first),
                  mentioned(*second), printable(flags_.value(first)));
      }
    }
  }

  void read_cron() {
    CronSpec& cron = request_.spec.cron;
    read(Opt::lock, cron.lock, parse_text);
    read(Opt::lock_wait, cron.lock_wait,
         [](std::string_view text) { return parse_duration(text); });
    cron.quiet_unless_failed = flags_.has(Opt::quiet_unless_failed);
    read(Opt::stamp, cron.stamp, parse_text);
    read(Opt::metrics, cron.metrics, parse_text);
  }

  void check_cron() {
    const RunSpec& spec = request_.spec;
    if (flags_.has(Opt::lock_wait) && !flags_.has(Opt::lock)) {
      fail_with("{}: there is no lock to wait for; add --lock NAME", spelled(Opt::lock_wait));
    }
    if (spec.cron.quiet_unless_failed && spec.output.mode == OutputMode::raw) {
      fail_with(
          "{} does not go with {}: jobs then write by themselves; to be quiet use --output group "
          "or line",
          spelled(Opt::quiet_unless_failed),
          flags_.has(Opt::ungroup) ? mentioned(Opt::ungroup)
                                   : flags_.mentioned_with_value(Opt::output));
    }
    if (!spec.cron.stamp.empty() && spec.cron.stamp == spec.cron.metrics) {
      fail_with("{} and {}: these are two files; give them two names", spelled(Opt::stamp),
                mentioned(Opt::metrics));
    }
  }

  void read_progress() {
    RunSpec& spec = request_.spec;
    if (flags_.has(Opt::quiet)) spec.progress.mode = ProgressMode::none;
    read_choice(Opt::progress, spec.progress.mode);
    read(Opt::progress_interval, spec.progress.interval,
         [](std::string_view text) -> Expected<Duration> {
           const auto interval = parse_duration(text);
           if (interval && *interval <= Duration{0}) {
             return fail(fmt::format("'{}' is no interval; the default is 30s", text));
           }
           return interval;
         });
    read_choice(Opt::log_level, spec.log.level);
    read_choice(Opt::log_format, spec.log.format);
    read(Opt::log_file, spec.log.file, parse_text);
    exclusive({Opt::log_level, Opt::quiet}, "both say what is logged; leave one of them out");
    if (flags_.has(Opt::quiet)) spec.log.level = LogLevel::error;
  }

  const Flags& flags_;
  Arguments& arguments_;
  NativeRequest request_;
  std::optional<Error> error_;
};

// read_choice() counts on these.
static_assert(static_cast<int>(NoMatch::keep) == 2 && static_cast<int>(StdinMode::tty) == 2 &&
              static_cast<int>(OutputMode::none) == 5 && static_cast<int>(OnError::ignore) == 3 &&
              static_cast<int>(LogLevel::error) == 3 && static_cast<int>(LogFormat::json) == 1 &&
              static_cast<int>(ProgressMode::none) == 3);

std::optional<NativeRequest> answer(const Flags& flags) {
  NativeRequest request;
  if (flags.has(Opt::help)) {
    request.kind = NativeRequest::Kind::help;
  } else if (flags.has(Opt::help_all)) {
    request.kind = NativeRequest::Kind::help_all;
  } else if (flags.has(Opt::version)) {
    request.kind = NativeRequest::Kind::version;
  } else {
    return std::nullopt;
  }
  return request;
}

// An option given several times has one place for each, and an error does not say which is meant.
std::vector<std::pair<std::string, std::string>> configured(const Flags& flags) {
  std::vector<std::pair<std::string, std::string>> places;
  for (const Option& option : options()) {
    if (!flags.has(option.id) || !flags.from_file(option.id)) continue;
    if (option.repeatable && flags.values(option.id).size() > 1) continue;
    places.emplace_back(spelling(option), flags.spelled(option.id));
  }
  return places;
}

}  // namespace

Expected<NativeRequest> parse_native(std::span<const std::string_view> words, ReadConfig read) {
  std::string meant;
  if (!words.empty() && is_subcommand(words[0])) {
    if (words[0] != "run") {
      return fail(
          fmt::format("{0}: this subcommand is not in this version; a program of that name "
                      "is run by: distaff run {0}",
                      words[0]));
    }
    words = words.subspan(1);
  } else if (words.size() == 1 && words[0] == "help") {
    return fail(
        "help: distaff --help shows it; a program of that name is run by: distaff run help");
  } else if (!words.empty()) {
    meant = advice_on_first_word(words[0]);
  }
  auto arguments = walk_arguments(words);
  if (!arguments) return tl::unexpected(arguments.error());
  auto flags = Flags::bind(*arguments);
  if (!flags) return tl::unexpected(flags.error());
  if (auto request = answer(*flags)) return *request;
  if (flags->has(Opt::config)) {
    const auto added = add_configs(*arguments, read);
    if (!added) return tl::unexpected(added.error());
    flags = Flags::bind(*arguments);
    if (!flags) return tl::unexpected(flags.error());
  }
  auto request = Reader(*flags, *arguments).go();
  if (request) request->not_found_advice = meant;
  if (request && flags->has(Opt::fields)) request->kind = NativeRequest::Kind::fields;
  if (request && flags->has(Opt::config)) request->configured = configured(*flags);
  return request;
}

Error located(const NativeRequest& request, Error error) {
  for (const auto& [option, place] : request.configured) {
    const std::string_view rest =
        std::string_view(error.message).substr(std::min(option.size(), error.message.size()));
    if (!error.message.starts_with(option) || !(rest.starts_with(':') || rest.starts_with(' '))) {
      continue;
    }
    error.message.replace(0, option.size(), place);
    break;
  }
  return error;
}

}  // namespace distaff
