#pragma once

// USR1 and USR2 before the one wait begins.
//
// Opening the input may take long: a header is read from a pipe, a FIFO waits for its writer.
// Nothing runs yet then, and the default of both signals would end us without a word.  Until
// SignalWatcher takes over, USR1 says that the input is waited for, and USR2 ends the run.
// No job is started meanwhile, so no handler can run in a child that shares our memory.

#include "os/startup.h"

namespace distaff {

class EarlySignals {
 public:
  // Those that were ignored or blocked at start stay so.
  explicit EarlySignals(const Startup& startup);
  ~EarlySignals() { end(); }
  EarlySignals(const EarlySignals&) = delete;
  EarlySignals& operator=(const EarlySignals&) = delete;

  // Both have their default again.  Call it when they are blocked and watched.
  void end();

 private:
  bool installed_[2] = {false, false};
};

}  // namespace distaff
