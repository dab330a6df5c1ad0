#pragma once

// What the library throws of its own accord.  Exceptions of the caller's functions are never
// wrapped: they arrive, with their type, at the iterator or future that asked for the result.
//
//   Error
//   ├── BrokenPool                 a worker's initializer or finalizer failed
//   │   ├── InitializerError
//   │   └── FinalizerError
//   ├── PoolClosed                 used after shutdown()
//   ├── ExecutorBusy               a second run on an Executor while one is active
//   ├── CancelledError             the result of a task that was cancelled before it ran
//   ├── TimeoutError               a wait took longer than it was given
//   ├── InvalidState               a result was set twice
//   ├── WorkerDied                 a process worker ended in the middle of a task
//   ├── RemoteError                what a task threw in another process
//   └── MessageError               an argument or result that cannot be sent or read
//
// Options out of range are std::invalid_argument, thrown by the call that got them, before
// anything is started or read; the message names the option and the value.  One of them has a type
// of its own: InvalidThrottleParallelism.
//
// A BrokenPool is also a std::nested_exception: its cause, the exception of the caller's hook, is
// what std::rethrow_if_nested throws.

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace distaff::inline v0 {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The first failure counts: it is the cause.  What other workers threw after it is in further().
class BrokenPool : public Error, public std::nested_exception {
 public:
  // Takes the exception being handled, if any, as the cause.
  explicit BrokenPool(const std::string& what, std::vector<std::exception_ptr> further = {})
      : Error(what), further_(std::move(further)) {}

  const std::vector<std::exception_ptr>& further() const { return further_; }

 private:
  std::vector<std::exception_ptr> further_;
};

class InitializerError : public BrokenPool {
 public:
  using BrokenPool::BrokenPool;
};

class FinalizerError : public BrokenPool {
 public:
  using BrokenPool::BrokenPool;
};

class PoolClosed : public Error {
 public:
  using Error::Error;
};

class ExecutorBusy : public Error {
 public:
  using Error::Error;
};

class CancelledError : public Error {
 public:
  using Error::Error;
};

class TimeoutError : public Error {
 public:
  using Error::Error;
};

class InvalidState : public Error {
 public:
  using Error::Error;
};

// A worker process ended while it had the task: by _exit(), a signal, std::terminate() or the
// kernel.  Either exit_code() or signal() has a value.
class WorkerDied : public Error {
 public:
  // `wait_status` as waitpid(2) gives it.
  WorkerDied(int pid, int wait_status);

  int pid() const { return pid_; }
  std::optional<int> exit_code() const { return exit_code_; }
  std::optional<int> signal() const { return signal_; }

 private:
  int pid_;
  std::optional<int> exit_code_;
  std::optional<int> signal_;
};

// What a task threw in another process, told again here.  what() is that of the original; if it
// had others nested, so has this: std::rethrow_if_nested throws the next RemoteError.  An
// exception type registered by DISTAFF_REGISTER_EXCEPTION arrives as itself, with its RemoteError
// nested.  See remote_traceback() in register.h.
class RemoteError : public Error {
 public:
  RemoteError(std::string type, const std::string& what, std::string worker)
      : Error(what), type_(std::move(type)), worker_(std::move(worker)) {}

  // The name of the exception's type, as in source text: "std::out_of_range".
  const std::string& type() const { return type_; }
  // Where it was thrown: "ProcessPool-3 (pid 4711)".
  const std::string& worker() const { return worker_; }

 private:
  std::string type_;
  std::string worker_;
};

// A message to or from another process is longer than allowed, or does not mean what was expected.
class MessageError : public Error {
 public:
  using Error::Error;
};

// A fixed throttle makes the jobs of a group run one by one, so a fixed parallelism above 1 beside
// it is a contradiction.  (A throttle or parallelism that is computed is not: then a group that
// rests starts nothing.)
class InvalidThrottleParallelism : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

}  // namespace distaff::inline v0
