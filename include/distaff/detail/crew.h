#pragma once

// The threads of an Executor: workers, and one that reads sources.  Not for users.

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace distaff::inline v0::detail {

// What a run leaves for the next one with the same key.
struct ThrottleMemory {
  std::shared_ptr<const void> identity;
  std::shared_ptr<void> releases;  // of a type that the key knows
};

// What the threads do for one run.
class Work {
 public:
  virtual ~Work() = default;
  virtual void work() = 0;             // by each worker, until there will be nothing more to do
  virtual void pull() = 0;             // by the reading thread, likewise
  virtual void refuse() noexcept = 0;  // the executor closes: start nothing more

  // Before the first thread turns to it, and when the last one has left it.
  virtual void recall(const ThrottleMemory& memory) = 0;
  virtual void remember(ThrottleMemory& memory) = 0;
};

struct CrewOptions {
  int workers = 0;  // none: the caller's thread does everything, and there are no threads at all
  std::string name{};
  std::function<void()> initializer{}, finalizer{};
};

class Crew {
 public:
  // Returns when each worker has run the initializer; throws InitializerError if one of them threw.
  explicit Crew(CrewOptions options);
  ~Crew();  // shut_down(true)

  int workers() const;
  bool is_closed() const;
  void check_open() const;  // throws PoolClosed

  // The threads turn to `work`, or ExecutorBusy, or PoolClosed.
  void attach(const std::shared_ptr<Work>& work);

  // Waits until no thread is in it; then another run may begin.  If the crew was abandoned, neither
  // is waited for, nor is anything remembered.
  void detach(const std::shared_ptr<Work>& work) noexcept;

  // False if it was before.  Joins the threads, or lets them go on alone.
  bool shut_down(bool join);

  // Forgets what earlier runs left.
  void reset_memory();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// min(32, CPUs that may be used + 4).
int default_workers();

// Throws std::invalid_argument naming the option.
int checked_workers(std::optional<int> workers);

}  // namespace distaff::inline v0::detail
