#include "cli/native.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "cli/foreign.h"
#include "cli/option_reader.h"
#include "cli/values.h"

namespace distaff {
namespace {

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

// "10", "max", "even".
Expected<BatchSpec> parse_batch(std::string_view text, BatchSpec batch) {
  batch.even = text == "even";
  batch.max_records = 0;
  if (text == "max" || batch.even) return batch;
  const auto count = parse_count(text);
  if (!count) return fail(count.error().message + ", max or even");
  if (*count == 0) return fail("0 means none to GNU parallel; write max for as many as fit");
  batch.max_records = *count;
  return batch;
}

class Reader : OptionReader {
 public:
  Reader(const Flags& flags, Arguments& arguments) : OptionReader(Program::run, flags, arguments) {}

  Expected<NativeRequest> go() {
    read_input();
    read_batches();
    read_command();
    read_pool();
    read_groups();
    read_surroundings();
    read_output();
    read_failure();
    read(Opt::ok, request_.spec.failure.ok, parse_statuses);
    read(Opt::retry_on, request_.spec.failure.retry_on, parse_retry_on);
    read_journal();
    read_cron();
    read_progress();
    check_input();
    check_command();
    check_output();
    check_groups();
    check_journal();
    check_cron();
    check_quiet();
    if (error_) return tl::unexpected(*error_);
    return std::move(request_);
  }

 private:
  // ---- topic by topic

  void read_batches() {
    read(Opt::max_records, request_.spec.batch,
         [this](std::string_view text) { return parse_batch(text, request_.spec.batch); });
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

  void read_output() {
    OutputSpec& output = request_.spec.output;
    read_choice(Opt::output, output.mode);
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

  void check_quiet() {
    const RunSpec& spec = request_.spec;
    if (spec.cron.quiet_unless_failed && spec.output.mode == OutputMode::raw) {
      fail_with(
          "{} does not go with {}: jobs then write by themselves; to be quiet use --output group "
          "or line",
          spelled(Opt::quiet_unless_failed),
          flags_.has(Opt::ungroup) ? mentioned(Opt::ungroup)
                                   : flags_.mentioned_with_value(Opt::output));
    }
  }
};

// read_choice() counts on these.
static_assert(static_cast<int>(StdinMode::tty) == 2 && static_cast<int>(OutputMode::none) == 5);

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
  auto typed = collect_options(words, read, Program::run);
  if (!typed) return tl::unexpected(typed.error());
  if (typed->answer) return NativeRequest{.kind = *typed->answer};
  auto request = Reader(typed->flags, typed->arguments).go();
  if (!request) return request;
  request->not_found_advice = meant;
  if (typed->flags.has(Opt::fields)) request->kind = NativeRequest::Kind::fields;
  request->configured = configured_places(typed->flags, Program::run);
  request->config_files = typed->flags.values(Opt::config);
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
