#pragma once

// Counts how jobs ended, and says so at the end: the block on stderr and the exit status.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "model/ids.h"
#include "model/outcome.h"

namespace distaff {

class Summary {
 public:
  // How many failed jobs are named one by one.
  static constexpr std::size_t kNamed = 20;

  // Failures are not counted as such and not named (--on-error ignore).
  explicit Summary(bool ignore_failures) : ignore_(ignore_failures) {}

  void succeeded() { ++ended_; }

  void failed(const Outcome& outcome);

  // True if the block will name this failed job, as far as it looks now: then name() is worth the
  // cost of making `command`, what ran.  `attempt` was the last of `tries`.
  bool names(JobId job) const;
  void name(JobId job, const Attempt& attempt, const std::string& command, int tries = 1);

  // Jobs that were read but never started because the run stopped.
  void not_run(std::uint64_t jobs) { not_run_ += jobs; }

  // Done in an earlier run: it counts for nothing else.
  void skipped() { ++skipped_; }

  void without_key() { ++without_key_; }

  // The block, with a newline at the end of each line; empty if there is nothing to say.
  // --on-error or --halt ended the run before its input did.
  void stopped() { stopped_ = true; }

  // It was asked to start nothing more (USR2); `left`: perhaps not all its input was read.
  void finished_early(bool left) { finished_early_ = true, left_unread_ = left; }

  // The input could not be read to its end.
  void input_failed() { left_unread_ = true; }

  // The run ended before its input did; `records` more would have come, if that is known.  `advice`
  // is a sentence, or empty.
  void input_left(std::optional<std::uint64_t> records, std::string advice) {
    input_left_ = true, records_left_ = records, advice_on_rest_ = std::move(advice);
  }

  std::string block() const;

  std::uint64_t ended() const { return ended_; }
  std::uint64_t failures() const { return failed_; }
  std::uint64_t not_run() const { return not_run_; }
  std::uint64_t skipped_jobs() const { return skipped_; }
  bool left_unread() const { return left_unread_; }

 private:
  std::string text_on_rest() const;

  struct Named {
    JobId job;
    std::string outcome, time, command;
  };

  bool ignore_;
  bool stopped_ = false;
  bool finished_early_ = false;
  bool left_unread_ = false;
  bool input_left_ = false;
  std::optional<std::uint64_t> records_left_;
  std::string advice_on_rest_;
  std::uint64_t ended_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t not_run_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t without_key_ = 0;
  std::map<std::string, std::uint64_t> by_outcome_;
  std::vector<Named> named_;  // the kNamed lowest job numbers so far, sorted
};

// "distaff: MESSAGE" and a newline.
std::string last_words(const Error& error);

// Why a run ended, as far as its exit status goes.
struct RunResult {
  std::optional<Error> error;  // what to say of it
  int program_status = 0;      // 126 or 127: the program cannot be run
  int signal = 0;              // ended by this signal
  bool deadline = false;       // it was reached
  bool some_failed = false;    // failed, or not run

  // The first that applies: 2, 126 and 127, 128 + signal, 3, 124, 1, 0.
  int exit_status() const;
};

}  // namespace distaff
