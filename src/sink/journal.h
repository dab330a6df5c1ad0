#pragma once

// --journal: what was done, as JSON lines that are only ever appended.
//
//   {"type":"run","journal":1,"id":RUN,"command":…,"time":…,"pid":…,"host":…,"version":…,"cwd":…,
//    "argv":[…]}
//   {"type":"job","id":…,"outcome":"success","seq":…,"attempt":…,…}     one for each attempt
//   {"type":"done","id":RUN,"time":…,"jobs":…,"failed":…,"skipped":…,"not_run":…}
//
// with "input_left":true at its end if the run was over before all its input was read.
//
// Lines of jobs belong to the run above them: a lock keeps others out as long as it goes on, and
// the kernel takes it back however we end.  A line goes out in one write, alone or with those that
// came within ten milliseconds: a write costs as much as all else of a line.  After a write that
// found no room the rest of it is what is tried first the next time; if there is no next time it
// has no newline, and the next run begins with one.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "base/unique_fd.h"
#include "sink/job_journal.h"
#include "sink/journal_reader.h"
#include "sink/observer.h"
#include "sink/wall_time.h"

namespace distaff {

class Journal final : public JobJournal, public Observer {
 public:
  struct Options {
    std::string file;
    std::string run;            // its id
    std::string version;        // of ours
    std::uint32_t command = 0;  // a hash of what all jobs of the run have in common; 0: not known
    // What a line says besides: a hash of the command (Resume::work_of), 0 for none.
    std::function<std::uint32_t(const Job&)> command_of;
    bool of_requests = false;  // the run's argv, and records, may hold secrets: they are masked
    bool keep_places = false;  // for earlier(), in 16 bytes a job
  };

  // Locks the file, gives what it says of jobs to `each`, and writes the line of this run.
  // Errors: status 75 if another run holds it, 3 if it cannot be written, else 2.
  static Expected<std::unique_ptr<Journal>> open(
      Options options, const std::function<void(const JournalLine&)>& each, TimePoint now);

  // Only reads it, lock or not.  No such file: it says nothing.
  static Expected<void> look(const std::string& file,
                             const std::function<void(const JournalLine&)>& each);

  ~Journal() override { push(); }

  // Without a journal's own call of line() nothing would count the bytes.
  bool wants_attempts() const override { return true; }
  std::string line(const AttemptReport& report) override;
  void write(std::string_view lines, TimePoint now) override;

  std::optional<EarlierEnd> earlier(const Identity& identity) override;

  // Observer.  Lines are synced to the disk about once a second, and at the end.
  void on_input_left() override { input_left_ = true; }
  void tick(const RunCounts& counts, TimePoint now, bool last) override;
  std::optional<TimePoint> next_tick() const override;
  std::string_view failure() const override { return failure_; }

 private:
  Journal(Options options, UniqueFd file, TimePoint now);

  // Where the last line of a job stands.
  struct Place {
    std::uint64_t job;  // half its identity: the line says the whole
    std::uint64_t at;
  };

  std::string run_line() const;
  void push();
  void sync();
  void fail_with(int error);

  Options options_;
  UniqueFd file_;
  WallTime clock_;
  std::string host_;           // as a member: ,"host":"…"
  std::vector<Place> places_;  // sorted by job once they were asked for
  bool sorted_ = false;
  std::string unwritten_;
  TimePoint written_;
  bool input_left_ = false;
  bool dirty_ = false;  // written, and not synced
  TimePoint synced_;
  std::string failure_;
};

}  // namespace distaff
