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
// What is pushed later stays for the next run.  A run that ends early, by an exception, a stop or
// because nobody takes its results, puts back what it took out and did not start, in its place.
//
// A run takes an item out only when a worker could start it, so the order of a LifoQueue or
// PriorityQueue is kept.  An item whose group is busy then waits outside the queue, and its group
// keeps the queue's order among those that wait: when it may start one, it is the newest, or the
// greatest, of them, also if that came last.
//
// push() never blocks and always takes the item: the loop that drains a queue may feed it.  Who
// wants a bound asks try_push(), which refuses at the capacity.
//
// Thread-safe: all of it, from any threads.  A queue must outlive the runs over it, and has one at
// a time.  Each call costs O(1), for priorities O(log n).

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace distaff::inline v0 {

namespace detail {

// An item and its number in the order of pushing: its place, should it come back.
template <class T>
struct Pushed {
  T item;
  std::uint64_t number;
};

// By number.  What is pushed is the last; what comes back, or waits for its group, need not be.
template <class T, class Entries>
class ItemsByNumber {
 public:
  void put(Pushed<T>&& entry) {
    if (entries_.empty() || entries_.back().number < entry.number) {
      entries_.push_back(std::move(entry));
    } else {
      late_.emplace(entry.number, std::move(entry.item));
    }
  }
  std::size_t size() const { return entries_.size() + late_.size(); }

 protected:
  using Late = std::map<std::uint64_t, T>;

  Pushed<T> take_late(typename Late::iterator at) {
    auto node = late_.extract(at);
    return {std::move(node.mapped()), node.key()};
  }

  Entries entries_;
  Late late_;
};

template <class T>
class FifoItems : public ItemsByNumber<T, std::deque<Pushed<T>>> {
 public:
  static constexpr bool kAsTaken = true;  // those taken out first are to start first

  FifoItems empty_ones() const { return {}; }
  Pushed<T> take() {
    auto& entries = this->entries_;
    const auto first = this->late_.begin();
    if (first != this->late_.end() && (entries.empty() || first->first < entries.front().number)) {
      return this->take_late(first);
    }
    Pushed<T> entry = std::move(entries.front());
    entries.pop_front();
    return entry;
  }
};

template <class T>
class LifoItems : public ItemsByNumber<T, std::vector<Pushed<T>>> {
 public:
  static constexpr bool kAsTaken = false;

  LifoItems empty_ones() const { return {}; }
  Pushed<T> take() {
    auto& entries = this->entries_;
    const auto end = this->late_.end();
    if (!this->late_.empty() &&
        (entries.empty() || std::prev(end)->first > entries.back().number)) {
      return this->take_late(std::prev(end));
    }
    Pushed<T> entry = std::move(entries.back());
    entries.pop_back();
    return entry;
  }
};

// The greatest first, as std::priority_queue; among equals the one that was pushed first.
template <class T, class Compare>
class PriorityItems {
 public:
  static constexpr bool kAsTaken = false;

  PriorityItems() = default;
  explicit PriorityItems(Compare less) : less_{std::move(less)} {}

  PriorityItems empty_ones() const { return PriorityItems(less_.less); }
  void put(Pushed<T>&& entry) {
    entries_.push_back(std::move(entry));
    std::push_heap(entries_.begin(), entries_.end(), less_);
  }
  Pushed<T> take() {
    std::pop_heap(entries_.begin(), entries_.end(), less_);
    Pushed<T> entry = std::move(entries_.back());
    entries_.pop_back();
    return entry;
  }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Less {
    bool operator()(const Pushed<T>& a, const Pushed<T>& b) const {
      if (less(a.item, b.item)) return true;
      return !less(b.item, a.item) && a.number > b.number;
    }
    Compare less{};
  };

  std::vector<Pushed<T>> entries_;
  Less less_;
};

}  // namespace detail

// Common to the three; use Queue, LifoQueue or PriorityQueue.
template <class T, class Items>
class BasicQueue {
 public:
  using value_type = T;
  using Waiting = Items;  // in what order items wait, in the queue or outside

  // `capacity` bounds try_push() alone.
  explicit BasicQueue(std::size_t capacity = std::numeric_limits<std::size_t>::max())
      : capacity_(capacity) {}
  BasicQueue(std::initializer_list<T> items) : BasicQueue() {
    for (const T& item : items) push(item);
  }
  // `items`: empty, with how they are compared.
  BasicQueue(std::size_t capacity, Items items) : items_(std::move(items)), capacity_(capacity) {}

  BasicQueue(const BasicQueue&) = delete;
  BasicQueue& operator=(const BasicQueue&) = delete;

  void push(T item) {
    const std::lock_guard lock(mutex_);
    put(std::move(item));
  }

  // False, and `item` is as it was, if there are as many as the capacity allows.
  bool try_push(T& item) {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= capacity_) return false;
    put(std::move(item));
    return true;
  }
  bool try_push(T&& item) { return try_push(item); }

  // Nothing if it is empty.
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return item_of(take());
  }

  // Waits for an item; nothing if it is empty and closed, or if `stop` is requested.
  std::optional<T> pop(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, std::move(stop), [this] { return closed_ || items_.size() > 0; });
    return item_of(take());
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
  std::optional<detail::Pushed<T>> pop_unless(Over over, Stopped stopped) {
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
  // For runs: an item that was not started after all, to its place.
  void put_back(detail::Pushed<T>&& entry) {
    const std::lock_guard lock(mutex_);
    items_.put(std::move(entry));
    changed_.notify_one();
  }
  // For runs: a place for items that wait outside, in the same order.
  Waiting waiting_outside() const { return items_.empty_ones(); }

 private:
  void put(T&& item) {
    items_.put({std::move(item), next_});
    ++next_;
    changed_.notify_one();
  }
  std::optional<detail::Pushed<T>> take() {
    if (items_.size() == 0) return std::nullopt;
    return items_.take();
  }
  static std::optional<T> item_of(std::optional<detail::Pushed<T>>&& entry) {
    if (!entry) return std::nullopt;
    return std::move(entry->item);
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Items items_;
  std::size_t capacity_;
  std::uint64_t next_ = 0;
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
