#include "distaff/process_pool.h"

#include <numeric>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "lib/process_pool_core.h"

namespace distaff::inline v0 {
namespace {

// What test() runs.
int trial_successor(int number) { return number + 1; }
int trial_product(int a, int b) { return a * b; }

}  // namespace

static_assert(Pool<ProcessPool>);
static_assert(!FunctionPool<ProcessPool>);

namespace detail {
namespace {

[[maybe_unused]] const bool trial_is_registered =
    register_function<&trial_successor>("distaff::trial_successor") &&
    register_function<&trial_product>("distaff::trial_product");

void try_out(ProcessPool& trial) {
  const std::vector<int> numbers = {1, 2, 3};
  const std::vector<std::pair<int, int>> pairs = {{1, 2}, {3, 4}, {5, 6}};
  int sum = trial.run<trial_successor>(0);
  for (const int n : trial.map<trial_successor>(numbers, {.chunk_size = 2})) sum += n;
  for (const int n : trial.starmap<trial_product>(pairs, {.chunk_size = 2})) sum += n;
  if (sum != 1 + 9 + 44) throw Error("a pool's trial gave a wrong result");
}

}  // namespace
}  // namespace detail

ProcessPool::ProcessPool(ProcessPoolOptions options)
    : PoolBase(std::make_shared<detail::ProcessPoolCore>(std::move(options))),
      core_(static_cast<detail::ProcessPoolCore*>(core())),
      owner_(core_) {
  core_->begin();
  core_->remember_as(detail::remember_pool(core_->shared_from_this()));
}

ProcessPool::~ProcessPool() {
  if (core_->is_foreign()) {
    // Its thread is not ours to end, nor are its workers.
    [[maybe_unused]] auto* const left =
        new std::shared_ptr<detail::ProcessPoolCore>(core_->shared_from_this());
    return;
  }
  if (!core_->shutdown(Pending::cancel)) core_->leave();
}

void ProcessPool::push_task(detail::Ref<detail::FutureBase> state, detail::RemoteTask& task) {
  core_->push(std::move(state), task);
}

void ProcessPool::refuse_to_wait_for_itself() const { core_->refuse_on_dispatcher(); }

void ProcessPool::set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout) {
  core_->set_idle_timeout(timeout);
}

void detail::ProcessPoolCore::test() const {
  check();
  ProcessPoolOptions like_this = options();
  like_this.max_workers = 1;
  ProcessPool trial(like_this);
  try {
    if (like_this.command.empty()) {
      try_out(trial);
    } else {
      trial.spawn_workers(1);
    }
  } catch (const CancelledError&) {
    trial.check();
    throw;
  }
  trial.join();
  trial.check();
}

}  // namespace distaff::inline v0
