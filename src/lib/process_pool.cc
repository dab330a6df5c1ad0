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
    : PoolBase(options.name),
      core_(std::make_shared<detail::ProcessPoolCore>(std::move(options))),
      owner_(core_.get()) {
  core_->begin();
  core_->remember_as(detail::remember_pool(core_));
}

ProcessPool::~ProcessPool() {
  if (core_->is_foreign()) {
    // Its thread is not ours to end, nor are its workers.
    [[maybe_unused]] auto* const left =
        new std::shared_ptr<detail::ProcessPoolCore>(std::move(core_));
    return;
  }
  if (!core_->shutdown(Pending::cancel)) core_->leave();
}

void ProcessPool::push_task(detail::Ref<detail::FutureBase> state, detail::RemoteTask& task) {
  core_->push(std::move(state), task);
}
void ProcessPool::refuse_to_wait_for_itself() const { core_->refuse_on_dispatcher(); }
int ProcessPool::spawn_workers(int count) { return core_->spawn(count); }
int ProcessPool::spawn_workers() { return core_->spawn(std::nullopt); }
bool ProcessPool::join(Deadline deadline) { return core_->join(deadline); }
bool ProcessPool::shutdown(Pending pending) { return core_->shutdown(pending); }
void ProcessPool::check() const { core_->check(); }
PoolStats ProcessPool::stats() const { return core_->stats(); }
bool ProcessPool::is_closed() const { return core_->is_closed(); }
bool ProcessPool::is_terminated() const { return core_->is_terminated(); }
bool ProcessPool::is_broken() const { return core_->is_broken(); }
int ProcessPool::max_workers() const { return core_->max_workers(); }

std::vector<CancelledTask> ProcessPool::cancelled_tasks() const { return core_->cancelled_tasks(); }

void ProcessPool::set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout) {
  core_->set_idle_timeout(timeout);
}

void ProcessPool::test() const {
  check();
  ProcessPoolOptions options = core_->options();
  options.max_workers = 1;
  ProcessPool trial(options);
  try {
    if (options.command.empty()) {
      detail::try_out(trial);
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
