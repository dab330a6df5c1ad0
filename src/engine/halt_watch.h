#pragma once

// Decides from the ends of jobs whether the run goes on: --on-error and --halt.

#include <cstdint>
#include <optional>

#include "model/run_spec.h"

namespace distaff {

class HaltWatch {
 public:
  enum class Verdict { go_on, stop, kill };  // start nothing more; end what runs too

  HaltWatch(OnError on_error, std::optional<HaltSpec> halt) : on_error_(on_error), halt_(halt) {}

  // A job ended for good.  After the first verdict that is not go_on the rest do not matter.
  Verdict end(bool failed);

  // The run was stopped by `--halt success|done`: what had not run by then is no failure.
  bool stopped_as_asked() const { return stopped_as_asked_; }

 private:
  bool halt_reached() const;

  OnError on_error_;
  std::optional<HaltSpec> halt_;
  std::uint64_t ended_ = 0;
  std::uint64_t failed_ = 0;
  bool stopped_as_asked_ = false;
};

}  // namespace distaff
