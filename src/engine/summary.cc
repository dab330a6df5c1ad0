#include "engine/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/numbers.h"
#include "base/text.h"

namespace distaff {
namespace {

std::string plural(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

void Summary::failed(const Outcome& outcome) {
  ++ended_;
  if (ignore_) return;
  ++failed_;
  ++by_outcome_[describe(outcome)];
}

bool Summary::names(JobId job) const {
  return !ignore_ && (named_.size() < kNamed || job < named_.back().job);
}

void Summary::name(JobId job, const Attempt& attempt, const std::string& command, int tries) {
  std::string what = printable(command, 160);
  if (!attempt.outcome.reason.empty()) {
    const std::string why = printable_ends(attempt.outcome.reason, 160);
    what = what.empty() ? why : fmt::format("{}: {}", why, what);
  }
  const auto place = std::upper_bound(named_.begin(), named_.end(), job,
                                      [](JobId id, const Named& named) { return id < named.job; });
  std::string time = format_duration(attempt.usage.wall);
  if (tries > 1) time += fmt::format(", {} tries", tries);
  named_.insert(place, {job, describe(attempt.outcome), std::move(time), std::move(what)});
  if (named_.size() > kNamed) named_.pop_back();
}

std::string Summary::block() const {
  std::string text;
  if (failed_ > 0 || not_run_ > 0 || left_unread_ || input_left_) {
    std::string counts;
    for (const auto& [outcome, count] : by_outcome_) {
      counts += fmt::format("{}{} {}", counts.empty() ? ": " : ", ", count, outcome);
    }
    text = fmt::format("distaff: {} of {} failed{}", failed_, plural(ended_, "job"), counts);
    if (stopped_) text += "; the run was stopped there";
    if (finished_early_) text += "; the run was finished early";
    text += text_on_rest();
    if (not_run_ > 0) text += fmt::format("; {} not run", not_run_);
    if (skipped_ > 0) text += fmt::format("; {} done before", skipped_);
    text += '\n';
  }
  std::size_t number_width = 0, outcome_width = 0, time_width = 0;
  for (const Named& named : named_) {
    number_width = std::max(number_width, fmt::formatted_size("{}", number(named.job)));
    outcome_width = std::max(outcome_width, named.outcome.size());
    time_width = std::max(time_width, named.time.size());
  }
  for (const Named& named : named_) {
    text += fmt::format("  job {:<{}}  {:<{}}  {:<{}}  {}\n", number(named.job), number_width,
                        named.outcome, outcome_width, named.time, time_width, named.command);
  }
  if (failed_ > named_.size()) {
    text += fmt::format("  and {} more\n", failed_ - named_.size());
  }
  if (!advice_on_rest_.empty()) text += fmt::format("distaff: {}\n", advice_on_rest_);
  if (without_key_ > 0) {
    text += fmt::format("distaff: {} had no key and so no limit\n", plural(without_key_, "job"));
  }
  return text;
}

std::string Summary::text_on_rest() const {
  if (!left_unread_ && !input_left_) return {};
  std::string text = "; the rest of the input was not read";
  if (records_left_) text += fmt::format(" ({})", plural(*records_left_, "record"));
  return text;
}

std::string last_words(const Error& error) {
  return fmt::format("distaff: {}\n", printable(error.message, 2000));
}

int RunResult::exit_status() const {
  if (error && error->status == 2) return 2;
  if (program_status != 0) return program_status;
  if (signal != 0) return 128 + signal;
  if (error) return error->status;
  if (deadline) return 124;
  return some_failed ? 1 : 0;
}

}  // namespace distaff
