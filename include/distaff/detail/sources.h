#pragma once

// The three kinds of sources: ranges, functions that give the next item, and queues.  Not for
// users.

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include "distaff/queue.h"

namespace distaff::inline v0 {

namespace detail {

template <class S>
struct IsQueue : std::false_type {};
template <class T, class Items>
struct IsQueue<BasicQueue<T, Items>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class S>
using Callee = std::add_lvalue_reference_t<S>;

}  // namespace detail

// A function that gives the next item each time it is called, and an empty optional at the end.
template <class S>
concept ItemGenerator = std::invocable<detail::Callee<S>> &&
    detail::IsOptional<std::invoke_result_t<detail::Callee<S>>>::value;

// One of the queues of queue.h, by reference: it is shared.
template <class S>
concept ItemQueue =
    detail::IsQueue<std::remove_reference_t<S>>::value && std::is_lvalue_reference_v<S>;

// Any range that can be read once.
template <class S>
concept ItemRange = std::ranges::input_range<std::remove_reference_t<S>> && !ItemQueue<S>;

// What imap() reads items from: an lvalue is referred to, and must live as long as the run; an
// rvalue is moved in, and its items are moved out of it.
template <class S>
concept ItemSource = ItemQueue<S> || ItemRange<S> || ItemGenerator<S>;

namespace detail {

// next() gives an item or the end, and is not called again after an end or an exception.
template <class S>
struct Source;

template <ItemRange S>
struct Source<S> {
  using Range = std::remove_reference_t<S>;
  using Item = std::ranges::range_value_t<Range>;
  static constexpr bool kOwned = !std::is_lvalue_reference_v<S>;
  static constexpr bool kQueue = false;

  explicit Source(S&& range) : range_(hold(range)) {}

  std::optional<std::size_t> size() {
    if constexpr (std::ranges::sized_range<Range>) {
      return static_cast<std::size_t>(std::ranges::size(get()));
    } else {
      return std::nullopt;
    }
  }

  std::optional<Item> next() {
    if (!at_) {
      at_.emplace(std::ranges::begin(get()));
      end_.emplace(std::ranges::end(get()));
    } else {
      ++*at_;
    }
    if (*at_ == *end_) return std::nullopt;
    if constexpr (kOwned) {
      return std::optional<Item>(std::in_place, std::ranges::iter_move(*at_));
    } else {
      static_assert(std::constructible_from<Item, std::ranges::range_reference_t<Range>>,
                    "items of this range cannot be copied: give it as std::move(range)");
      return std::optional<Item>(std::in_place, **at_);
    }
  }

 private:
  using Held = std::conditional_t<kOwned, Range, Range*>;
  static Held hold(std::remove_reference_t<S>& range) {
    if constexpr (kOwned) {
      return std::move(range);
    } else {
      return &range;
    }
  }
  Range& get() {
    if constexpr (kOwned) {
      return range_;
    } else {
      return *range_;
    }
  }

  Held range_;
  std::optional<std::ranges::iterator_t<Range>> at_;
  std::optional<std::ranges::sentinel_t<Range>> end_;
};

template <class S>
requires(ItemGenerator<S> && !ItemRange<S>) struct Source<S> {
  using Function = std::conditional_t<std::is_lvalue_reference_v<S>, S, std::decay_t<S>>;
  using Item = typename std::invoke_result_t<Callee<S>>::value_type;
  static constexpr bool kQueue = false;

  explicit Source(S&& function) : function_(std::forward<S>(function)) {}
  std::optional<std::size_t> size() { return std::nullopt; }
  std::optional<Item> next() { return std::invoke(function_); }

 private:
  Function function_;
};

template <ItemQueue S>
struct Source<S> {
  using Item = typename std::remove_reference_t<S>::value_type;
  using Waiting = typename std::remove_reference_t<S>::Waiting;
  static constexpr bool kQueue = true;

  explicit Source(S queue) : queue_(&queue) {}
  std::optional<std::size_t> size() { return std::nullopt; }

  template <class Over, class Stopped>
  std::optional<Pushed<Item>> next(Over over, Stopped stopped) {
    return queue_->pop_unless(over, stopped);
  }
  void wake() { queue_->wake(); }
  void put_back(Pushed<Item>&& entry) { queue_->put_back(std::move(entry)); }
  Waiting waiting_outside() const { return queue_->waiting_outside(); }

 private:
  std::remove_reference_t<S>* queue_;
};

}  // namespace detail

}  // namespace distaff::inline v0
