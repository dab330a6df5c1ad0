#pragma once

// Futures in the order in which their tasks end.
//
//   distaff::CompletionQueue<Page> pages;
//   for (const Url& url : urls) pages.put(pool.submit(fetch, url));
//   while (auto page = pages.get()) store(page->get());        // more may be put meanwhile
//
//   for (auto& page : distaff::as_done(futures, {.deadline = 5s})) store(page.get());
//
// Both give the futures themselves: ask them for the result, or for the exception.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <unordered_map>
#include <utility>
#include <vector>

#include "distaff/deadline.h"
#include "distaff/detail/ready_queue.h"
#include "distaff/errors.h"
#include "distaff/future.h"

namespace distaff::inline v0 {

// Filled and drained by any number of threads, at the same time too.  Each future that is put is
// given once; one that is put twice is given twice.  A queue that goes leaves the tasks alone.
// put() and get() cost O(1).
template <class R>
class CompletionQueue {
 public:
  CompletionQueue() = default;
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  void put(Future<R> future) {
    auto* const state = future.state();
    std::unique_lock lock(mutex_);
    const auto key = next_key_++;
    futures_.emplace(key, std::move(future));
    lock.unlock();
    detail::ReadyQueue::watch(ready_, *state, key);
  }

  template <FutureRange Range>
  void populate(Range&& futures) {
    for (auto&& future : futures) put(future);
  }

  // The next that is done.  Waits for it; nothing at once if every future put was given.  Throws
  // TimeoutError when the time is over.
  std::optional<Future<R>> get(Deadline deadline = {}) {
    if (!reserve()) return std::nullopt;
    if (auto future = take(deadline)) return future;
    throw TimeoutError("no task ended in the time given");
  }

  // The next that is done, or nothing.  Does not wait.
  std::optional<Future<R>> try_get() {
    if (!reserve()) return std::nullopt;
    return take(std::chrono::nanoseconds(0));
  }

  // All that were put and not yet given, in the order in which they end.  When the time is over:
  // TimeoutError, and what was done by then is lost to this queue.
  std::vector<Future<R>> get_all(Deadline deadline = {}) {
    std::vector<Future<R>> all;
    while (auto future = get(deadline)) all.push_back(std::move(*future));
    return all;
  }

  // How many were put and not yet given, done or not.
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return futures_.size();
  }
  bool empty() const { return size() == 0; }

 private:
  // Each get() waits for a future of its own, so that the last one is not waited for by two.
  bool reserve() {
    const std::lock_guard lock(mutex_);
    if (futures_.size() <= reserved_) return false;
    ++reserved_;
    return true;
  }

  std::optional<Future<R>> take(const Deadline& deadline) {
    auto key = ready_->pop(std::chrono::nanoseconds(0));
    if (!key) {
      if (!deadline.at()) help();
      key = ready_->pop(deadline);
    }
    const std::lock_guard lock(mutex_);
    --reserved_;
    if (!key) return std::nullopt;
    const auto found = futures_.find(*key);
    std::optional<Future<R>> future(std::move(found->second));
    futures_.erase(found);
    return future;
  }

  // A task that waits for its own pool does some of the work.
  void help() {
    const auto* const worker_of = detail::this_thread_owner();
    if (worker_of == nullptr) return;
    for (;;) {
      std::unique_lock lock(mutex_);
      if (std::exchange(helped_, worker_of) != worker_of) help_from_ = 0;
      auto found = futures_.end();
      while (help_from_ < next_key_ && found == futures_.end()) {
        found = futures_.find(help_from_++);
      }
      if (found == futures_.end()) return;
      const Future<R> future = found->second;
      lock.unlock();
      if (future.state()->help()) return;
    }
  }

  std::shared_ptr<detail::ReadyQueue> ready_ = std::make_shared<detail::ReadyQueue>();
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Future<R>> futures_;
  std::size_t reserved_ = 0;
  std::uint64_t next_key_ = 0;
  const detail::TaskOwner* helped_ = nullptr;  // whose worker was the last to help
  std::uint64_t help_from_ = 0;                // it cannot help those before
};

struct AsDoneOptions {
  bool keep_order = false;  // in the order of the range, each when it is done
  Deadline deadline{};      // for all of them together
};

// The futures of as_done(): a move-only input range of Future<R>.  Advancing it waits; TimeoutError
// ends it, and the tasks go on.  Used by one thread at a time.
template <class R>
class [[nodiscard]] DoneFutures {
 public:
  class iterator {
   public:
    using value_type = Future<R>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(DoneFutures* all) : all_(all) { advance(); }
    Future<R>& operator*() const { return *all_->current_; }
    Future<R>* operator->() const { return &*all_->current_; }
    iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { advance(); }
    friend bool operator==(const iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return all_ == nullptr || !all_->current_; }
    void advance() { all_->current_ = all_->next(); }
    DoneFutures* all_ = nullptr;
  };

  template <FutureRange Range>
  DoneFutures(Range&& futures, AsDoneOptions options) : options_(options) {
    for (auto&& future : futures) in_order_.push_back(future);
    if (options_.keep_order) return;
    queue_ = std::make_unique<CompletionQueue<R>>();
    queue_->populate(in_order_);
    in_order_.clear();
  }
  DoneFutures(DoneFutures&&) noexcept = default;
  DoneFutures& operator=(DoneFutures&&) noexcept = default;

  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

  // The next future, or nothing after the last.
  std::optional<Future<R>> next() {
    if (ended_) return std::nullopt;
    try {
      if (queue_ != nullptr) return queue_->get(options_.deadline);
      if (position_ == in_order_.size()) return std::nullopt;
      if (in_order_[position_].wait(options_.deadline)) return in_order_[position_++];
      throw TimeoutError("not all tasks ended in the time given");
    } catch (...) {
      ended_ = true;
      current_.reset();
      throw;
    }
  }

 private:
  AsDoneOptions options_;
  std::unique_ptr<CompletionQueue<R>> queue_;
  std::vector<Future<R>> in_order_;
  std::size_t position_ = 0;
  std::optional<Future<R>> current_;
  bool ended_ = false;
};

// Gives the futures as they get done.  Reads the whole range at once, which may be single-pass.
template <FutureRange Range>
auto as_done(Range&& futures, AsDoneOptions options = {}) {
  using R = typename std::remove_cvref_t<std::ranges::range_reference_t<Range>>::Result;
  return DoneFutures<R>(std::forward<Range>(futures), options);
}

}  // namespace distaff::inline v0
