#include "cli/run_files.h"

#include <fmt/format.h>

#include <utility>

#include "cli/run_parts.h"

namespace distaff {
namespace {

IdentityTable::State state_of(JournalLine::Outcome outcome) {
  switch (outcome) {
    case JournalLine::Outcome::success:
      return IdentityTable::State::good;
    case JournalLine::Outcome::failed:
      return IdentityTable::State::failed;
    case JournalLine::Outcome::other:
      break;
  }
  return IdentityTable::State::unknown;
}

}  // namespace

RunFiles::RunFiles(const RunSpec& spec, const LaunchTemplate& command, std::optional<Template> id,
                   const OpenedSource& opened, std::string run_id)
    : spec_(spec.journal),
      opened_(opened),
      run_id_(std::move(run_id)),
      replaces_input_(replaces_input(spec)),
      reports_(spec.fetch.has_value()) {
  if (spec_.file.empty()) return;
  maker_.emplace(spec.command, command, std::move(id));
  resume_.emplace(
      Resume::Options{spec_.resume, spec_.skip_failed, reports_ ? "request" : "command"}, *maker_);
}

void RunFiles::learn(const JournalLine& line) {
  if (!spec_.resume) return;
  const std::size_t known = resume_->table().size();
  resume_->learn(line.identity, state_of(line.outcome), line.command);
  if (line.of_run == maker_->common()) {
    was_run_before_ = true;
  } else if (line.of_run != 0 && resume_->table().size() > known) {
    ++of_other_commands_;
  }
  if (!tell_done_ || line.outcome != JournalLine::Outcome::success) return;
  if (const auto end = read_earlier_end(line.text)) tell_done_(*end);
}

Journal::Options RunFiles::journal_options() {
  Journal::Options options{.file = spec_.file,
                           .run = run_id_,
                           .version = DISTAFF_VERSION,
                           .command = maker_->common(),
                           .command_of = {},
                           .of_requests = reports_,
                           .keep_places = reports_ && spec_.resume};
  if (!spec_.id.empty()) {
    options.command_of = [this](const Job& job) { return maker_->work_of(job); };
  }
  return options;
}

Expected<void> RunFiles::open(TimePoint now) {
  if (!spec_.file.empty()) {
    auto journal = Journal::open(
        journal_options(), [this](const JournalLine& line) { learn(line); }, now);
    if (!journal) return fail("--journal: " + journal.error().message, journal.error().status);
    journal_ = std::move(*journal);
  }
  if (!spec_.job_log.empty()) {
    auto log = JobLog::open(spec_.job_log, {.append = spec_.resume, .of_requests = reports_}, now);
    if (!log) return tl::unexpected(log.error());
    job_log_ = std::move(*log);
  }
  if (!spec_.failed_to.empty()) {
    auto failed = FailedRecords::open({.file = spec_.failed_to,
                                       .run = run_id_,
                                       .framing = [this] { return opened_.source->framing(); },
                                       .tuples = opened_.tuples,
                                       .is_input = replaces_input_,
                                       .warn =
                                           [this](const std::string& text) {
                                             if (log_ != nullptr)
                                               log_->on_message(LogLevel::warn, text);
                                           }});
    if (!failed) return tl::unexpected(failed.error());
    failed_ = std::move(*failed);
  }
  return {};
}

Expected<void> RunFiles::look() {
  if (!spec_.resume) return {};
  const auto seen = Journal::look(spec_.file, [this](const JournalLine& line) { learn(line); });
  if (!seen) return fail("--journal: " + seen.error().message, seen.error().status);
  return {};
}

std::string RunFiles::warning() const {
  if (of_other_commands_ == 0 || was_run_before_) return {};
  return fmt::format("--resume: {} in the journal {} of another command",
                     of_other_commands_ == 1 ? "1 job" : fmt::format("{} jobs", of_other_commands_),
                     of_other_commands_ == 1 ? "was" : "were");
}

Expected<void> RunFiles::leave_empty(const RunSpec& spec, std::string run_id) {
  if (spec.journal.failed_to.empty() || spec.output.dry_run) return {};
  auto failed =
      FailedRecords::open({.file = spec.journal.failed_to, .run = std::move(run_id), .framing = [] {
                             return Framing{};
                           }});
  if (!failed) return tl::unexpected(failed.error());
  (*failed)->tick({}, {}, true);
  if (!(*failed)->failure().empty()) return fail(std::string((*failed)->failure()), 3);
  return {};
}

Error RunFiles::no_memory_for_input(const RunSpec& spec) {
  Error error{"out of memory: the beginning of the input cannot be read", 3};
  if (replaces_input(spec)) return error;  // it is all there, and stays
  if (const auto emptied = leave_empty(spec, make_run_id()); !emptied) {
    error.message += "; " + emptied.error().message;
  }
  return error;
}

bool RunFiles::replaces_input(const RunSpec& spec) {
  const InputSpec& input = spec.input;
  if (spec.journal.failed_to.empty()) return false;
  if (input.format != RecordFormat::arguments) {
    return is_among(spec.journal.failed_to, input.files);
  }
  // Of several lists, records are more than a line of one of them.
  return input.lists.size() == 1 && !input.lists[0].file.empty() &&
         is_among(spec.journal.failed_to, {input.lists[0].file});
}

void RunFiles::add_observers(Observer& log, std::vector<Observer*>& observers) {
  log_ = &log;
  if (journal_) observers.push_back(journal_.get());
  if (job_log_) observers.push_back(job_log_.get());
  if (failed_) observers.push_back(failed_.get());
}

}  // namespace distaff
