#pragma once

// What jobs write: from their pipes to the collator, into rows and result files, and out.
//
// The engine reports starts, bytes and ends; here it is decided in each turn what goes out, whose
// pipes are read again, and whether our reader is one that merely is slow or does not read at all.

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/expected.h"
#include "base/time.h"
#include "collate/byte_sink.h"
#include "collate/collator.h"
#include "collate/row_format.h"
#include "compose/result_path.h"
#include "exec/executor.h"
#include "sink/job_journal.h"
#include "sink/result_store.h"

namespace distaff {

// Whoever wants to know whether what a job wrote is out (see Observer).
class OutputWatch {
 public:
  virtual ~OutputWatch() = default;
  virtual void on_written(JobId job) = 0;
  virtual std::string on_held(JobId job) = 0;
  virtual void on_lost(std::string_view kept) = 0;
};

class JobOutput {
 public:
  struct Parts {
    Collator* collator;  // null: jobs write to our stdout themselves, or nowhere
    ByteSink& sink;
    Executor& executor;
    RowFormat* rows;       // the collator's; may be null
    ResultStore* results;  // may be null
    JobJournal* journal;   // may be null
    // Told of each job that was closed.  Null: nobody wants to know.
    OutputWatch* watch = nullptr;
  };

  JobOutput(Parts parts, std::optional<ResultPath> result_path)
      : parts_(parts), result_path_(std::move(result_path)) {}

  // ---- a job's way, in this order; prepare() and drop() again if it is put back

  // Before its start.  An error of status 3 means that no job can be kept.
  Expected<void> prepare(const Job& job, Slot slot);
  void drop(JobId job);

  // `another`: if this attempt fails there may be another, and what it writes is then thrown away
  // where only the last attempt's output counts.
  void started(JobId job, std::string tag, bool another);
  Intake room(JobId job, Stream stream);
  void moved(JobId job, Stream stream, std::size_t bytes);
  void written(JobId job, Stream stream, std::string_view bytes);

  // What became of it is known, but not yet all that it wrote.  `attempts`: 0 if it never started.
  void ended(const Job& job, Slot slot, const Attempt& attempt, int attempts);
  // `note`: the journal's line about it, which is written when all that the job wrote is out; at
  // once if it `wrote` nothing.
  void closed(JobId job, std::string note = {}, bool wrote = true);

  // Instead of ended() and closed(): no more output will come of this attempt, and the job goes its
  // way again from prepare() on; or is ended() and closed() after all.
  void try_again(JobId job, const Attempt& attempt, std::string note = {});

  // ---- in each turn

  // Writes what is due, and lets jobs go on whose output has found room by that.
  void flow(TimePoint now);

  // flow() would do more now, or at this time, without another event.
  bool has_more() const { return has_more_; }
  std::optional<TimePoint> wake_at(TimePoint now) const;

  // No more can be held back: nothing may start but the job that has the turn.
  bool is_full() const;
  JobId turn() const;

  // Not empty: it cannot go on, and why.
  std::string failure() const;
  std::string take_warning();

  // Memory ran out.
  void hold_no_more();

  // ---- at the end

  // What ran was ended, and pipes hold only the last of it: it is taken, whatever the bounds.
  void take_the_last();

  // Everything is due.  Then flow() until it is idle.
  void end();
  bool is_idle() const;

 private:
  struct Note {
    ByteSink::Mark mark;  // when this is out
    JobId job;
    std::string text;
  };

  void drop_broken(JobId job, const Attempt& attempt);
  bool takes_notes() const { return parts_.journal != nullptr || parts_.watch != nullptr; }
  void note_now(std::string note);
  void keep(std::string note);
  void take_kept_notes(TimePoint now);
  void pass_notes(TimePoint now);
  void write_notes(TimePoint now);

  Parts parts_;
  std::optional<ResultPath> result_path_;         // with results
  std::unordered_map<JobId, std::string> heads_;  // of rows: ended, and not closed yet
  std::deque<Note> notes_;                        // of jobs whose output was given to the sink
  std::size_t kept_notes_ = 0;  // by the sink, which holds back what they are about
  std::string due_notes_;
  std::vector<JobId> written_;  // to be told of
  bool has_more_ = false;
  std::optional<TimePoint> blocked_since_;  // there has been no room on stdout
};

}  // namespace distaff
