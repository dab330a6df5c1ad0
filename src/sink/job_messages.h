#pragma once

// Logs what becomes of jobs: failures and further tries at level info, as they come; starts and
// good ends at debug.

#include "sink/log.h"
#include "sink/observer.h"

namespace distaff {

class JobMessages final : public Observer {
 public:
  // `log` must outlive it.
  explicit JobMessages(Log& log) : log_(log) {}

  bool wants_attempts() const override { return true; }
  void on_attempt(const AttemptReport& report, TimePoint now) override;
  void on_start(const Job& job, Slot slot, TimePoint now) override;
  void on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view command,
              TimePoint now) override;

 private:
  Log& log_;
};

}  // namespace distaff
