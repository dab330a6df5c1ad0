#include "distaff/detail/ready_queue.h"

#include <utility>

namespace distaff::inline v0::detail {
namespace {

class Arrival final : public FutureBase::Callback {
 public:
  Arrival(std::shared_ptr<ReadyQueue> queue, std::uint64_t key)
      : queue_(std::move(queue)), key_(key) {
    quick = true;
  }
  void call(FutureBase&) override { queue_->push(key_); }

 private:
  std::shared_ptr<ReadyQueue> queue_;
  std::uint64_t key_;
};

}  // namespace

void ReadyQueue::watch(const std::shared_ptr<ReadyQueue>& queue, FutureBase& state,
                       std::uint64_t key) {
  state.add_callback(std::make_unique<Arrival>(queue, key));
}

void ReadyQueue::push(std::uint64_t key) {
  {
    const std::lock_guard lock(mutex_);
    keys_.push_back(key);
  }
  filled_.notify_one();
}

std::optional<std::uint64_t> ReadyQueue::pop(const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  const auto filled = [this] { return !keys_.empty(); };
  if (deadline.at()) {
    if (!filled_.wait_until(lock, *deadline.at(), filled)) return std::nullopt;
  } else {
    filled_.wait(lock, filled);
  }
  const auto key = keys_.front();
  keys_.pop_front();
  return key;
}

}  // namespace distaff::inline v0::detail
