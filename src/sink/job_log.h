#pragma once

// --joblog: a line a job, with the columns of GNU parallel's job log, for programs that read those.
//
// Host is always ":", this machine; Send is 0; Receive are the bytes of stdout, where we saw them.
// A job that was not started, or that we ended, has the status -1, and 127 or 126 if its program is
// not there or cannot be run.  A newline in a command is \0 there, so that a line stays one.
//
// Of requests Receive are the bytes of the body, and the status is 0 or, if the job failed, 1; -1
// if the run ended it.  The command is the request, without its secrets.

#include <memory>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/unique_fd.h"
#include "sink/observer.h"
#include "sink/wall_time.h"

namespace distaff {

class JobLog final : public Observer {
 public:
  struct Options {
    bool append = false;  // what is there stays
    bool of_requests = false;
  };
  static Expected<std::unique_ptr<JobLog>> open(const std::string& file, Options options,
                                                TimePoint now);

  // Observer.  Of a job that is tried again only the last attempt has a line.
  bool wants_attempts() const override { return true; }
  void on_attempt(const AttemptReport& report, TimePoint now) override;
  void tick(const RunCounts& counts, TimePoint now, bool last) override;
  std::string_view failure() const override { return failure_; }

 private:
  JobLog(std::string name, UniqueFd file, bool of_requests, TimePoint now);

  void write(std::string_view line);
  void fail_with(int error);

  std::string name_;
  UniqueFd file_;
  bool of_requests_;
  WallTime clock_;
  std::string failure_;
};

}  // namespace distaff
