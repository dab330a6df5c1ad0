#include "cli/option_reader.h"

#include <algorithm>

#include "base/numbers.h"
#include "cli/values.h"

namespace distaff {
namespace {

// read_choice() counts on these.
static_assert(static_cast<int>(NoMatch::keep) == 2 && static_cast<int>(OnError::ignore) == 3 &&
              static_cast<int>(LogLevel::error) == 3 && static_cast<int>(LogFormat::json) == 1 &&
              static_cast<int>(ProgressMode::none) == 3);

std::optional<NativeRequest::Kind> answer(const Flags& flags) {
  if (flags.has(Opt::help)) return NativeRequest::Kind::help;
  if (flags.has(Opt::help_all)) return NativeRequest::Kind::help_all;
  if (flags.has(Opt::version)) return NativeRequest::Kind::version;
  return std::nullopt;
}

}  // namespace

Expected<TypedOptions> collect_options(std::span<const std::string_view> words, ReadConfig read,
                                       Program program) {
  auto arguments = walk_arguments(words, program);
  if (!arguments) return tl::unexpected(arguments.error());
  auto flags = Flags::bind(*arguments);
  if (!flags) return tl::unexpected(flags.error());
  const auto kind = answer(*flags);
  if (!kind && flags->has(Opt::config)) {
    const auto added = add_configs(*arguments, read, program);
    if (!added) return tl::unexpected(added.error());
    flags = Flags::bind(*arguments);
    if (!flags) return tl::unexpected(flags.error());
  }
  return TypedOptions{std::move(*arguments), std::move(*flags), kind};
}

// An option given several times has one place for each, and an error does not say which is meant.
std::vector<std::pair<std::string, std::string>> configured_places(const Flags& flags,
                                                                   Program program) {
  std::vector<std::pair<std::string, std::string>> places;
  for (const Option& option : options(program)) {
    if (!flags.has(option.id) || !flags.from_file(option.id)) continue;
    if (option.repeatable && flags.values(option.id).size() > 1) continue;
    places.emplace_back(spelling(option), flags.spelled(option.id));
  }
  return places;
}

Expected<std::string> parse_text(std::string_view text) {
  if (text.empty()) return fail("'' is empty; leave the option out or give a value");
  return std::string(text);
}

namespace {

Expected<std::uint64_t> parse_max_record(std::string_view text) {
  const auto size = parse_size(text);
  if (size && *size == 0) return fail("'0' bytes hold no record; the default is 64M");
  return size;
}

}  // namespace

std::string OptionReader::unknown_choice(const Option& option, std::string_view value) {
  std::string choices;
  for (std::size_t i = 0; i < choice_count(option); ++i) {
    choices += i == 0 ? "" : i + 1 == choice_count(option) ? " or " : ", ";
    choices += choice_at(option, i);
  }
  return fmt::format("'{}': it is {}", printable(value), choices);
}

void OptionReader::read_input() {
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
  read(Opt::separator, input.separator, parse_separator);
  read(Opt::max_record, input.max_record, parse_max_record);
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

void OptionReader::check_input() {
  if (flags_.has(Opt::delimiter) && flags_.has(Opt::csv)) {
    fail_with("{} and {}: -d ends records; between the fields of --csv is --separator C",
              spelled(Opt::delimiter), mentioned(Opt::csv));
  }
  exclusive({Opt::null, Opt::delimiter, Opt::csv, Opt::tsv, Opt::jsonl},
            "records have one form; leave one of them out");
  exclusive({Opt::split, Opt::match}, "fields come from one of them; leave one out");
  check_lists();
  const RecordFormat format = request_.spec.input.format;
  const bool table = format == RecordFormat::csv || format == RecordFormat::tsv;
  const bool ended = format == RecordFormat::null_ended || format == RecordFormat::delimited;
  check_separator();
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

void OptionReader::check_separator() {
  if (!flags_.has(Opt::separator) || flags_.has(Opt::csv)) return;
  if (flags_.has(Opt::tsv)) {
    fail_with("{} and {}: TSV has tabs; a table with another separator is read by --csv {}",
              spelled(Opt::separator), mentioned(Opt::tsv),
              flags_.mentioned_with_value(Opt::separator));
  }
  if (request_.spec.input.format != RecordFormat::lines) {
    fail_with("{} is between the fields of --csv, and does not go with {}; leave one of them out",
              spelled(Opt::separator), format_word());
  }
  fail_with(
      "{} is between the fields of --csv; add that, or split lines into fields by --split REGEX",
      spelled(Opt::separator));
}

void OptionReader::check_lists() {
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

std::string OptionReader::format_word() const {
  for (const Opt id : {Opt::null, Opt::delimiter, Opt::csv, Opt::tsv, Opt::jsonl}) {
    if (flags_.has(id)) return mentioned(id);
  }
  return arguments_.list_word;
}

void OptionReader::read_pool() {
  PoolSpec& pool = request_.spec.pool;
  read(Opt::jobs, pool.jobs, parse_jobs);
  read(Opt::delay, pool.delay, [](std::string_view text) { return parse_duration(text); });
  read(Opt::buffer_size, pool.buffer, [](std::string_view text) { return parse_int(text, 1); });
}

void OptionReader::read_groups() {
  GroupSpec& group = request_.spec.group;
  read(Opt::key, group.key, parse_text);
  read(Opt::parallelism, group.parallelism,
       [](std::string_view text) { return parse_int(text, 1); });
  read(Opt::throttle, group.throttle, parse_throttle);
  read(Opt::rate, group.rate, parse_rate);
  read(Opt::rules, request_.rules_file, parse_text);
  read(Opt::mutex, group.mutex, parse_text);
}

void OptionReader::check_groups() {
  const GroupSpec& group = request_.spec.group;
  if (group.throttle && group.throttle->any() && group.parallelism.value_or(1) > 1) {
    fail_with(
        "{} {} and {}: a group that rests after each job runs one at a time; leave one of "
        "them out",
        spelled(Opt::throttle), flags_.value(Opt::throttle),
        flags_.mentioned_with_value(Opt::parallelism));
  }
}

void OptionReader::read_surroundings() {
  OutputSpec& output = request_.spec.output;
  output.keep_order = flags_.has(Opt::keep_order);
  output.dry_run = flags_.has(Opt::dry_run);
  output.trace = flags_.has(Opt::trace);
  read(Opt::hold_memory, output.hold_memory, parse_size);
  read(Opt::spill_dir, output.spill_dir, parse_text);
  read(Opt::spill_limit, output.spill_limit, parse_size);
}

void OptionReader::read_failure() {
  FailureSpec& failure = request_.spec.failure;
  read(Opt::retries, failure.retries,
       [](std::string_view text) { return parse_int(text, 0, 1'000'000); });
  read(Opt::retry_delay, failure.retry_delay, parse_retry_delay);
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

void OptionReader::read_journal() {
  JournalSpec& journal = request_.spec.journal;
  read(Opt::journal, journal.file, parse_text);
  journal.resume = flags_.has(Opt::resume);
  journal.skip_failed = flags_.has(Opt::skip_failed);
  read(Opt::id, journal.id, parse_text);
  read(Opt::failed_to, journal.failed_to, parse_text);
  read(Opt::job_log, journal.job_log, parse_text);
}

void OptionReader::check_journal() {
  for (const Opt id : {Opt::resume, Opt::skip_failed, Opt::id}) {
    if (!flags_.has(id) || flags_.has(Opt::journal)) continue;
    fail_with("{}: what was done is known from a journal; add --journal FILE", spelled(id));
  }
  if (flags_.has(Opt::skip_failed) && !flags_.has(Opt::resume)) {
    fail_with("{} says what --resume skips; add --resume", spelled(Opt::skip_failed));
  }
}

void OptionReader::read_cron() {
  CronSpec& cron = request_.spec.cron;
  read(Opt::lock, cron.lock, parse_text);
  read(Opt::lock_wait, cron.lock_wait, [](std::string_view text) { return parse_duration(text); });
  cron.quiet_unless_failed = flags_.has(Opt::quiet_unless_failed);
  read(Opt::stamp, cron.stamp, parse_text);
  read(Opt::metrics, cron.metrics, parse_text);
}

void OptionReader::check_cron() {
  if (flags_.has(Opt::lock_wait) && !flags_.has(Opt::lock)) {
    fail_with("{}: there is no lock to wait for; add --lock NAME", spelled(Opt::lock_wait));
  }
}

void OptionReader::read_progress() {
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

}  // namespace distaff
