#include "distaff/detail/crew.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "os/cpus.h"

namespace distaff::inline v0::detail {

int default_workers() { return std::min(32, usable_cpus() + 4); }

int checked_workers(std::optional<int> workers) {
  const int count = workers.value_or(default_workers());
  if (count < 0) {
    throw std::invalid_argument(
        fmt::format("workers is {}; it must be 0 (the caller's thread) or more", count));
  }
  return count;
}

// Shared by the threads, so that it lives as long as one of them if they are abandoned.
struct Crew::State {
  explicit State(CrewOptions given) : options(std::move(given)) {}

  void run_worker(int index);
  void run_puller();
  std::shared_ptr<Work> next_work(std::uint64_t& seen);
  void leave(std::shared_ptr<Work>& from);
  void start(std::unique_lock<std::mutex>& lock);
  void join();

  CrewOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::thread> threads;
  int ready = 0;  // workers that ran the initializer
  std::vector<std::exception_ptr> failures;
  std::shared_ptr<Work> work;
  std::uint64_t generation = 0;  // of work
  int inside = 0;                // threads that have not yet left it
  bool has_puller = false;
  bool closed = false;
  bool abandoned = false;
  ThrottleMemory memory;
};

namespace {

std::string pool_name() {
  static std::atomic<int> last{0};
  return fmt::format("w{}", ++last);
}

// Fifteen bytes are what the kernel keeps.
void name_thread(const std::string& pool, const std::string& which) {
  const std::string name = pool.substr(0, 14 - which.size()) + "-" + which;
  pthread_setname_np(pthread_self(), name.c_str());
}

}  // namespace

std::shared_ptr<Work> Crew::State::next_work(std::uint64_t& seen) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return generation != seen || closed; });
  if (generation == seen) return nullptr;
  seen = generation;
  return work;
}

void Crew::State::leave(std::shared_ptr<Work>& from) {
  from.reset();  // before it is said that nobody works for it any more
  const std::lock_guard lock(mutex);
  if (--inside == 0) changed.notify_all();
}

void Crew::State::run_worker(int index) {
  name_thread(options.name, std::to_string(index));
  std::exception_ptr failure;
  try {
    if (options.initializer) options.initializer();
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex);
    ++ready;
    if (failure != nullptr) failures.push_back(failure);
    changed.notify_all();
    if (failure != nullptr) return;
  }
  std::uint64_t seen = 0;
  while (auto mine = next_work(seen)) {
    mine->work();
    leave(mine);
  }
  try {
    if (options.finalizer) options.finalizer();
  } catch (...) {
    log(LogLevel::critical, "a finalizer failed: " + describe(std::current_exception()));
  }
}

void Crew::State::run_puller() {
  name_thread(options.name, "in");
  std::uint64_t seen = generation - 1;  // it is made for the first work it sees
  while (auto mine = next_work(seen)) {
    mine->pull();
    leave(mine);
  }
}

void Crew::State::join() {
  for (std::thread& thread : threads) {
    if (thread.joinable() && thread.get_id() != std::this_thread::get_id()) thread.join();
  }
}

Crew::Crew(CrewOptions options) : state_(std::make_shared<State>(std::move(options))) {
  State& state = *state_;
  if (state.options.name.empty()) state.options.name = pool_name();
  const auto run_hook_here = [&] {
    try {
      if (state.options.workers == 0 && state.options.initializer) state.options.initializer();
    } catch (...) {
      state.closed = true;
      throw InitializerError("the initializer failed in the caller's thread");
    }
  };
  run_hook_here();
  try {
    for (int i = 1; i <= state.options.workers; ++i) {
      state.threads.emplace_back([shared = state_, i] { shared->run_worker(i); });
    }
  } catch (...) {
    shut_down(true);
    throw;
  }
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.ready == state.options.workers; });
  if (state.failures.empty()) return;
  const std::vector<std::exception_ptr> failures = state.failures;
  lock.unlock();
  shut_down(true);
  try {
    std::rethrow_exception(failures.front());
  } catch (...) {
    throw InitializerError(fmt::format("the initializer failed in {} of {} workers",
                                       failures.size(), state.options.workers),
                           {failures.begin() + 1, failures.end()});
  }
}

Crew::~Crew() {
  shut_down(true);
  bool abandoned = false;
  {
    const std::lock_guard lock(state_->mutex);
    abandoned = state_->abandoned;
  }
  if (!abandoned) state_->join();  // those that closed it from inside
}

int Crew::workers() const { return state_->options.workers; }

bool Crew::is_closed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->closed;
}

void Crew::check_open() const {
  if (is_closed()) throw PoolClosed("the executor was shut down");
}

void Crew::attach(const std::shared_ptr<Work>& work) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.closed) throw PoolClosed("the executor was shut down");
  if (state.work != nullptr) {
    throw ExecutorBusy("a run on this executor is active; end it first, or use another executor");
  }
  work->recall(state.memory);
  if (state.options.workers > 0 && !state.has_puller) {
    ++state.generation;  // see run_puller()
    try {
      state.threads.emplace_back([shared = state_] { shared->run_puller(); });
    } catch (...) {
      --state.generation;
      throw;
    }
    state.has_puller = true;
  } else {
    ++state.generation;
  }
  state.work = work;
  state.inside = state.options.workers == 0 ? 0 : state.options.workers + 1;
  state.changed.notify_all();
}

void Crew::detach(const std::shared_ptr<Work>& work) noexcept {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  if (state.work != work) return;
  state.changed.wait(lock, [&] { return state.inside == 0 || state.abandoned; });
  if (!state.abandoned) work->remember(state.memory);
  state.work.reset();
}

bool Crew::shut_down(bool join) {
  State& state = *state_;
  std::shared_ptr<Work> active;
  {
    const std::lock_guard lock(state.mutex);
    if (state.closed) return false;
    state.closed = true;
    state.abandoned = !join;
    active = state.work;
    state.changed.notify_all();
  }
  if (active != nullptr) active->refuse();
  if (join) {
    state.join();
    if (state.options.workers == 0 && state.options.finalizer) {
      try {
        state.options.finalizer();
      } catch (...) {
        log(LogLevel::critical, "a finalizer failed: " + describe(std::current_exception()));
      }
    }
  } else {
    for (std::thread& thread : state.threads) thread.detach();
  }
  return true;
}

void Crew::reset_memory() {
  const std::lock_guard lock(state_->mutex);
  state_->memory = {};
}

}  // namespace distaff::inline v0::detail
