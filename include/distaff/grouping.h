#pragma once

// Which items belong together, and how much of a group may happen at once.
//
//   const auto polite = distaff::by([](const Page& page) { return page.host; })
//                           .parallelism(2)
//                           .rate({.count = 10});
//   for (const auto& text : distaff::imap(pages, fetch, polite)) ...
//
// The key is called once for each item, by one thread.  Its result is the item's group: any type
// that std::hash and == know.  A std::optional that is empty means that the item belongs to no
// group: it has no limit but the workers, does not rest, and never waits for items of groups. (Only
// that: 0, "" and false are groups like any other.)
//
// Defaults: one job of a group at once, no rest, no rate.  Each of the functions below returns a
// changed copy, so they can be chained and a Grouping can be kept and varied.
//
// Throttles outlive a run: an Executor remembers which groups still rest when a run ends, and the
// next run on it heeds that if it is given the same key, which is the same `by(...)` or a copy of
// it, also a varied one.  Two calls of by() are two keys, whatever they compute.
//
// Thread-safety: a plain value; the functions in it are called as said at each.

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "distaff/limits.h"
#include "distaff/outcome.h"

namespace distaff::inline v0 {

namespace detail {

struct Fixed {};  // nothing is computed: GroupLimits says it

template <class K>
struct GroupOfKey {
  using type = K;
  static const K* value(const K& key) { return &key; }
};
template <class G>
struct GroupOfKey<std::optional<G>> {
  using type = G;
  static const G* value(const std::optional<G>& key) { return key ? &*key : nullptr; }
};

// Throws what limits.h does not allow; `parallelism` is what the caller gave, if it is fixed.
void check_limits(const GroupLimits& limits, bool fixed_parallelism, bool fixed_throttle);

}  // namespace detail

// A type that can be a group.
template <class G>
concept GroupValue = std::copyable<G> && std::equality_comparable<G> && requires(const G& group) {
  { std::hash<G>{}(group) } -> std::convertible_to<std::size_t>;
};

// A key for items of type T: callable with a const T&, and what it returns, or what is in the
// optional that it returns, can be hashed and compared.
template <class K, class T>
concept KeyFor = std::invocable<const K&, const T&> && GroupValue<typename detail::GroupOfKey<
    std::remove_cvref_t<std::invoke_result_t<const K&, const T&>>>::type>;

template <class Key, class Limit = detail::Fixed, class Rest = detail::Fixed>
class Grouping {
 public:
  Grouping(Key key, GroupLimits limits, Limit limit, Rest rest,
           std::shared_ptr<const void> identity)
      : key_(std::move(key)),
        limits_(limits),
        limit_(std::move(limit)),
        rest_(std::move(rest)),
        identity_(std::move(identity)) {}

  // Jobs of a group at once, at least 1; std::nullopt: as many as there are workers.
  Grouping parallelism(int jobs) const { return parallelism(std::optional(jobs)); }
  Grouping parallelism(std::optional<int> jobs) const {
    Grouping copy = *this;
    copy.limits_.parallelism = jobs;
    copy.fixed_parallelism_ = true;
    return copy;
  }

  // Computed for each group: `int(const G&)` or `std::optional<int>(const G&)`.  Called once for a
  // group as long as it is known, which is while it has jobs or rests; by one thread at a time.  A
  // value below 1 ends the run with std::invalid_argument, an exception of it ends the run.
  template <class F>
  requires(!std::convertible_to<F, std::optional<int>>) Grouping<Key, F, Rest> parallelism(F jobs)
  const { return {key_, limits_, std::move(jobs), rest_, identity_}; }

  // The least time from the end of one job of a group to the start of its next, never shortened;
  // with two values it is drawn anew each time.  A group that rests so runs its jobs one by one, so
  // a fixed parallelism above 1 beside it is refused: InvalidThrottleParallelism.
  Grouping throttle(std::chrono::nanoseconds rest) const { return throttle(rest, rest); }
  Grouping throttle(std::chrono::nanoseconds least, std::chrono::nanoseconds most) const {
    Grouping copy = *this;
    copy.limits_.throttle = {.least = least, .most = most};
    return copy;
  }

  // Computed after each job of a group, from `(const G&, const T& item, const Outcome<R>&)`;
  // returns a duration or an empty optional, which is none.  So a group can rest after failures
  // only, or as long as a server asked.  Called by the worker that ran the job, one call at a time
  // in a run; if it is there, jobs get their item as a const reference.  A negative rest ends the
  // run with std::invalid_argument, an exception of it ends the run with that exception.
  template <class F>
  requires(!std::convertible_to<F, std::chrono::nanoseconds>) Grouping<Key, Limit, F> throttle(
      F rest)
  const { return {key_, limits_, limit_, std::move(rest), identity_}; }

  // Starts of each group in time; see limits.h.
  Grouping rate(Rate rate) const {
    Grouping copy = *this;
    copy.limits_.rate = rate;
    return copy;
  }

  // All of it in one value.
  Grouping limits(const GroupLimits& limits) const {
    Grouping copy = *this;
    copy.limits_ = limits;
    copy.fixed_parallelism_ = true;
    return copy;
  }

  // For the library: throws std::invalid_argument for what cannot be meant.
  void check() const {
    detail::check_limits(limits_, fixed_parallelism_ && kFixedLimit, kFixedRest);
  }

  // True if time matters: some group may have to rest.
  bool may_rest() const { return !kFixedRest || limits_.throttle.any() || limits_.rate; }

  static constexpr bool kFixedLimit = std::is_same_v<Limit, detail::Fixed>;
  static constexpr bool kFixedRest = std::is_same_v<Rest, detail::Fixed>;

  const Key& key() const { return key_; }
  const GroupLimits& fixed_limits() const { return limits_; }
  const Limit& limit() const { return limit_; }
  const Rest& rest() const { return rest_; }
  const std::shared_ptr<const void>& identity() const { return identity_; }

 private:
  Key key_;
  GroupLimits limits_;
  [[no_unique_address]] Limit limit_;
  [[no_unique_address]] Rest rest_;
  std::shared_ptr<const void> identity_;
  bool fixed_parallelism_ = false;
};

// A grouping by `key`, one job of a group at once.
template <class Key>
Grouping<Key> by(Key key) {
  return {std::move(key), GroupLimits{}, {}, {}, std::make_shared<char>()};
}

// No groups: what imap() does without a grouping.
struct NoGroups {
  void check() const {}
};

}  // namespace distaff::inline v0
