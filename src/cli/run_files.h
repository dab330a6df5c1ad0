#pragma once

// The files that a run keeps about its jobs: --journal, --joblog, --failed-to; and what an earlier
// run's journal says.

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "compose/identity.h"
#include "compose/launch_template.h"
#include "engine/resume.h"
#include "input/open_source.h"
#include "model/run_spec.h"
#include "sink/failed_records.h"
#include "sink/job_log.h"
#include "sink/journal.h"

namespace distaff {

class RunFiles {
 public:
  // `command` and `opened` must outlive it.
  RunFiles(const RunSpec& spec, const LaunchTemplate& command, std::optional<Template> id,
           const OpenedSource& opened, std::string run_id);

  // To be called before open(): it then tells of each job that the journal has as done.
  void tell_done(std::function<void(const EarlierEnd&)> to) { tell_done_ = std::move(to); }

  // Opens them all, the journal first: it is what keeps a second run away from the others.
  Expected<void> open(TimePoint now);

  // For --dry-run: nothing is written.
  Expected<void> look();

  // After these two, for the one who resumes with a command that was changed and wonders why all
  // is run again.  A journal that several commands share says nothing.
  std::string warning() const;

  // Where there is no record, and so no run: the file of --failed-to is made empty.
  static Expected<void> leave_empty(const RunSpec& spec, std::string run_id);

  // What reads the beginning of the input, before there are jobs.  If there is no memory for it,
  // all of these are as after leave_empty(), and the error says so.
  template <class Read>
  static auto or_leave_empty(const RunSpec& spec, const Read& read) -> decltype(read()) try {
    return read();
  } catch (const std::bad_alloc&) {
    return tl::unexpected(no_memory_for_input(spec));
  }

  // --failed-to names a file that is read: all that is not done must come into it.
  static bool replaces_input(const RunSpec& spec);

  void add_observers(Observer& log, std::vector<Observer*>& observers);
  const std::string& run_id() const { return run_id_; }
  JobJournal* journal() const { return journal_.get(); }
  Resume* resume() { return resume_ ? &*resume_ : nullptr; }

 private:
  static Error no_memory_for_input(const RunSpec& spec);

  void learn(const JournalLine& line);
  Journal::Options journal_options();

  const JournalSpec& spec_;
  const OpenedSource& opened_;
  std::string run_id_;
  bool replaces_input_;
  std::function<void(const EarlierEnd&)> tell_done_;
  std::uint64_t of_other_commands_ = 0;  // jobs in the journal
  bool was_run_before_ = false;          // the command, or the --id, of this run
  bool reports_;                         // a report tells of jobs that were done before, too
  std::optional<IdentityMaker> maker_;   // with a journal
  std::optional<Resume> resume_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<JobLog> job_log_;
  std::unique_ptr<FailedRecords> failed_;
  Observer* log_ = nullptr;
};

}  // namespace distaff
