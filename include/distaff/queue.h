#pragma once

// Queues that runs read from and that may grow while they are read: a crawler's frontier.
//
//   distaff::Queue<std::string> urls({"https://example.org/"});
//   for (const Page& page : distaff::imap_unordered(urls, fetch)) {
//     for (const auto& link : page.links) urls.push(link);      // from here, or from inside fetch
//   }
//
// A run over a queue ends when the queue is empty and every result was taken and done with: the
// loop's body has come to its end for it.  Until then, what jobs or the body push is still seen.
// What is pushed later stays for the next run.  A run takes an item out only when a worker could
// start it, so the order of a LifoQueue or PriorityQueue is kept; items whose group is busy then
// wait outside the queue, in the order they were taken out.
//
// push() never blocks and always takes the item: the loop that drains a queue may feed it.  Who
// wants a bound asks try_push(), which refuses at the capacity.
//
// Thread-safe: all of it, from any threads.  A queue must outlive the runs over it, and has one at
// a time.  Each call costs O(1), for priorities O(log n).

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <initializer_list>
#include <limits>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace distaff::inline v0 {

namespace detail {

template <class T>
class FifoItems {
 public:
  void put(T&& item) { items_.push_back(std::move(item)); }
  T take() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  std::size_t size() const { return items_.size(); }

 private:
  std::deque<T> items_;
};

template <class T>
class LifoItems {
 public:
  void put(T&& item) { items_.push_back(std::move(item)); }
  T take() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }
  std::size_t size() const { return items_.size(); }

 private:
  std::vector<T> items_;
};

// The greatest first, as std::priority_queue; among equals the one that was put first.
template <class T, class Compare>
class PriorityItems {
 public:
  PriorityItems() = default;
  explicit PriorityItems(Compare less) : less_{std::move(less)} {}

  void put(T&& item) {
    items_.emplace_back(next_++, std::move(item));
    std::push_heap(items_.begin(), items_.end(), less_);
  }
  T take() {
    std::pop_heap(items_.begin(), items_.end(), less_);
    T item = std::move(items_.back().second);
    items_.pop_back();
    return item;
  }
  std::size_t size() const { return items_.size(); }

 private:
  using Entry = std::pair<unsigned long long, T>;
  struct Less {
    bool operator()(const Entry& a, const Entry& b) const {
      if (less(a.second, b.second)) return true;
      return !less(b.second, a.second) && a.first > b.first;
    }
    Compare less{};
  };

  std::vector<Entry> items_;
  unsigned long long next_ = 0;
  Less less_;
};

}  // namespace detail

// Common to the three; use Queue, LifoQueue or PriorityQueue.
template <class T, class Items>
class BasicQueue {
 public:
  using value_type = T;

  // `capacity` bounds try_push() alone.
  explicit BasicQueue(std::size_t capacity = std::numeric_limits<std::size_t>::max())
      : capacity_(capacity) {}
  BasicQueue(std::initializer_list<T> items) : BasicQueue() {
    for (const T& item : items) push(item);
  }
  BasicQueue(std::size_t capacity, Items items) : items_(std::move(items)), capacity_(capacity) {}

  BasicQueue(const BasicQueue&) = delete;
  BasicQueue& operator=(const BasicQueue&) = delete;

  void push(T item) {
    const std::lock_guard lock(mutex_);
    items_.put(std::move(item));
    changed_.notify_one();
  }

  // False, and `item` is as it was, if there are as many as the capacity allows.
  bool try_push(T& item) {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= capacity_) return false;
    items_.put(std::move(item));
    changed_.notify_one();
    return true;
  }
  bool try_push(T&& item) { return try_push(item); }

  // Nothing if it is empty.
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take();
  }

  // Waits for an item; nothing if it is empty and closed, or if `stop` is requested.
  std::optional<T> pop(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, std::move(stop), [this] { return closed_ || items_.size() > 0; });
    return take();
  }

  // Nobody will push any more: pop() and runs that follow the queue end once it is empty.  Pushing
  // is still allowed; it is a word about the future, not a lock.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }
  bool empty() const { return size() == 0; }

  // For runs: waits until there is an item, or it is closed, or `over()` or `stopped()`, which are
  // asked again after each wake().  Nothing if it is empty then, or stopped.
  template <class Over, class Stopped>
  std::optional<T> pop_unless(Over over, Stopped stopped) {
    std::unique_lock lock(mutex_);
    bool is_stopped = false;
    changed_.wait(lock, [&] {
      is_stopped = stopped();
      return is_stopped || items_.size() > 0 || closed_ || over();
    });
    // What was pushed before over() became true was pushed under this lock: it is seen.
    return is_stopped ? std::nullopt : take();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

 private:
  std::optional<T> take() {
    if (items_.size() == 0) return std::nullopt;
    return items_.take();
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Items items_;
  std::size_t capacity_;
  bool closed_ = false;
};

// First in, first out.
template <class T>
using Queue = BasicQueue<T, detail::FifoItems<T>>;

// Last in, first out.
template <class T>
using LifoQueue = BasicQueue<T, detail::LifoItems<T>>;

// The greatest first; among equals the one that was pushed first.
template <class T, class Compare = std::less<T>>
using PriorityQueue = BasicQueue<T, detail::PriorityItems<T, Compare>>;

}  // namespace distaff::inline v0
