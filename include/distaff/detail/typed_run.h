#pragma once

// A run of imap() with the types of its items, groups and results.  Not for users.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>

#include "distaff/detail/grouped_run.h"
#include "distaff/detail/sources.h"
#include "distaff/grouping.h"
#include "distaff/outcome.h"
#include "distaff/results.h"

namespace distaff::inline v0 {

// A function for items of type T: callable, by several threads at once, with an item, and, if it
// likes, a std::stop_token after it.
template <class F, class T>
concept JobFor = std::invocable<F&, T> || std::invocable<F&, T, std::stop_token> ||
    std::invocable<F&, T&> || std::invocable<F&, T&, std::stop_token>;

namespace detail {

// How F wants its item: moved if it takes it so and nobody needs it afterwards.
template <class F, class T, bool kKeep>
constexpr decltype(auto) call(F& f, T& item, [[maybe_unused]] const std::stop_token& stop) {
  using Kept = const T&;
  if constexpr (!kKeep && std::invocable<F&, T, std::stop_token>) {
    return std::invoke(f, std::move(item), stop);
  } else if constexpr (!kKeep && std::invocable<F&, T>) {
    return std::invoke(f, std::move(item));
  } else if constexpr (std::invocable<F&, Kept, std::stop_token>) {
    return std::invoke(f, static_cast<Kept>(item), stop);
  } else if constexpr (std::invocable<F&, Kept>) {
    return std::invoke(f, static_cast<Kept>(item));
  } else if constexpr (std::invocable<F&, T&, std::stop_token>) {
    return std::invoke(f, item, stop);
  } else {
    return std::invoke(f, item);
  }
}

template <class F, class T, bool kKeep>
using Returned = decltype(call<F, T, kKeep>(std::declval<F&>(), std::declval<T&>(),
                                            std::declval<const std::stop_token&>()));

// What is kept of it: void becomes std::monostate, references are copied from.
template <class F, class T, bool kKeep>
using ResultOf = std::conditional_t<std::is_void_v<Returned<F, T, kKeep>>, std::monostate,
                                    std::remove_cvref_t<Returned<F, T, kKeep>>>;

template <class Groups>
inline constexpr bool kHasGroups = true;
template <>
inline constexpr bool kHasGroups<NoGroups> = false;

template <class Groups>
inline constexpr bool kComputesRest = false;
template <class Key, class Limit, class Rest>
inline constexpr bool kComputesRest<Grouping<Key, Limit, Rest>> = !std::is_same_v<Rest, Fixed>;

// Queues that start what is waiting in an order of their own.
template <class Source>
inline constexpr bool kHasOrder = false;
template <class Source>
requires(Source::kQueue) inline constexpr bool kHasOrder<Source> = !Source::Waiting::kAsTaken;

template <class Source>
struct WaitingOf {
  using ByGroup = std::monostate;
};
template <class Source>
requires(kHasOrder<Source>) struct WaitingOf<Source> {
  using ByGroup = std::deque<typename Source::Waiting>;
};

void check_parallelism(int computed);       // throws std::invalid_argument
void check_rest(std::chrono::nanoseconds);  // likewise

// The groups that are known, by their keys; nothing if there are none.
template <class Groups, class T>
class GroupTable {
 public:
  explicit GroupTable(const NoGroups&) {}
};

template <class Key, class Limit, class Rest, class T>
class GroupTable<Grouping<Key, Limit, Rest>, T> {
 public:
  using Held = GroupOfKey<std::remove_cvref_t<std::invoke_result_t<const Key&, const T&>>>;
  using Group = typename Held::type;
  using Ids = std::unordered_map<Group, std::uint32_t>;
  using Releases = std::unordered_map<Group, std::chrono::steady_clock::time_point>;
  using Groups = Grouping<Key, Limit, Rest>;

  explicit GroupTable(Groups groups) : groups_(std::move(groups)) {}

  const Groups& groups() const { return groups_; }

  GroupLimits limits_of(const Group& group) const {
    GroupLimits limits = groups_.fixed_limits();
    if constexpr (!Groups::kFixedLimit) {
      const std::optional<int> parallelism = std::invoke(groups_.limit(), group);
      if (parallelism) check_parallelism(*parallelism);
      limits.parallelism = parallelism;
    }
    return limits;
  }

  // All for the one that pulls.
  Ids ids;
  std::vector<typename Ids::value_type*> by_id;
  typename Ids::value_type* newest = nullptr;  // not yet known to the scheduler
  Releases* earlier = nullptr;                 // of groups that rest from the run before

 private:
  Groups groups_;
};

// A run whose results have a known type.
template <class R>
class ResultRun : public GroupedRun {
 public:
  using GroupedRun::GroupedRun;
  virtual R* result(Job* job) = 0;
};

template <class S, class F, class Groups>
using ResultOfRun = ResultOf<F, typename Source<S>::Item, kComputesRest<Groups>>;

// What is compiled anew for each call of imap(): so as little as can be.
template <class S, class F, class Groups>
class TypedRun final : public ResultRun<ResultOfRun<S, F, Groups>> {
 public:
  using Item = typename Source<S>::Item;
  static constexpr bool kGrouped = kHasGroups<Groups>;
  static constexpr bool kRests = kComputesRest<Groups>;
  static constexpr bool kQueue = Source<S>::kQueue;
  static constexpr bool kKeepsOrder = kGrouped && kHasOrder<Source<S>>;
  using R = ResultOfRun<S, F, Groups>;
  using Table = GroupTable<Groups, Item>;

  struct Node final : Job {
    explicit Node(Item&& given) { new (&item) Item(std::move(given)); }
    ~Node() {
      if (has_item) item.~Item();
      if (has_result) result.~R();
    }
    // The item until the job has run, then the result: in the same place.
    union {
      Item item;
      R result;
    };
    bool has_item = true;
    bool has_result = false;
    const void* group_key = nullptr;
    [[no_unique_address]] std::conditional_t<kQueue, std::uint64_t, std::monostate> number{};

    void put(Item&& given) {
      new (&item) Item(std::move(given));
      has_item = true;
    }
    void drop_item() {
      has_item = false;
      item.~Item();
    }
  };

  TypedRun(int workers, RunSettings settings, S&& source, F&& f, Groups&& groups)
      : ResultRun<R>(workers, std::move(settings)),
        source_(std::forward<S>(source)),
        f_(std::move(f)),
        table_(std::move(groups)) {}
  ~TypedRun() override { this->destroy_all(); }

  std::optional<std::size_t> known_size() override { return source_.size(); }
  R* result(Job* job) override { return &static_cast<Node*>(job)->result; }

  // Which groups still rest from the run before.
  void recall([[maybe_unused]] const ThrottleMemory& memory) override {
    if constexpr (kGrouped) {
      if (memory.identity == table_.groups().identity() && memory.releases != nullptr) {
        earlier_ = memory.releases;
        this->heed_time();
        table_.earlier = static_cast<typename Table::Releases*>(earlier_.get());
      }
    }
  }
  void remember([[maybe_unused]] ThrottleMemory& memory) override {
    if constexpr (kGrouped) {
      const auto now = std::chrono::steady_clock::now();
      auto releases = std::make_shared<typename Table::Releases>();
      if (table_.earlier != nullptr) {
        for (const auto& [group, at] : *table_.earlier) {
          if (at > now) releases->emplace(group, at);
        }
      }
      for (const auto& [group, id] : table_.ids) {
        if (id == Job::kNoGroup) continue;  // of an item that was not added any more
        const auto at = this->rests_until(id);
        if (at > now) releases->insert_or_assign(group, at);
      }
      memory = {table_.groups().identity(), std::move(releases)};
    }
  }

 protected:
  using Pulled = GroupedRun::Pulled;

  Pulled pull_item() override {
    Pulled pulled;
    Node* const node = next_node();
    if (node == nullptr) return pulled;
    if constexpr (kGrouped) {
      GroupedRun::Owned owned(*this, node);
      find_group(*node, pulled);
      owned.release();
    }
    pulled.job = node;
    return pulled;
  }

  void known_as(std::uint32_t group) override {
    if constexpr (kGrouped) {
      table_.newest->second = group;
      if (table_.by_id.size() <= group) table_.by_id.resize(group + 1, nullptr);
      table_.by_id[group] = table_.newest;
    }
  }

  void forget(std::uint32_t group) override {
    if constexpr (kGrouped) table_.ids.erase(std::exchange(table_.by_id[group], nullptr)->first);
  }

  void wake_source() noexcept override {
    if constexpr (kQueue) source_.wake();
  }

  void hand_in([[maybe_unused]] Job& job) override {
    if constexpr (kKeepsOrder) {
      Node& node = static_cast<Node&>(job);
      while (waiting_.size() <= node.group) waiting_.push_back(source_.waiting_outside());
      waiting_[node.group].put({std::move(node.item), node.number});
      node.drop_item();
    }
  }

  void hand_out([[maybe_unused]] Job& job) override {
    if constexpr (kKeepsOrder) {
      Node& node = static_cast<Node&>(job);
      if (node.has_item) return;
      auto entry = waiting_[node.group].take();
      node.put(std::move(entry.item));
      node.number = entry.number;
    }
  }

  void give_back([[maybe_unused]] Job& job) noexcept override {
    if constexpr (kQueue) {
      Node& node = static_cast<Node&>(job);
      hand_out(job);
      source_.put_back({std::move(node.item), node.number});
      node.drop_item();
    }
  }

  void execute(Job& job) noexcept override {
    Node& node = static_cast<Node&>(job);
    std::optional<R> result;
    try {
      if constexpr (std::is_void_v<Returned<F, Item, kRests>>) {
        call<F, Item, kRests>(f_, node.item, stop_);
        result.emplace();
      } else {
        result.emplace(call<F, Item, kRests>(f_, node.item, stop_));
      }
    } catch (...) {
      node.error = std::current_exception();
    }
    if constexpr (kRests) {
      if (node.group_key != nullptr) compute_rest(node, result);
    }
    node.drop_item();
    if (node.error != nullptr || !result) return;
    new (&node.result) R(std::move(*result));
    node.has_result = true;
  }

  void destroy(Job* job) noexcept override { delete static_cast<Node*>(job); }

 private:
  Node* next_node() {
    if constexpr (kQueue) {
      auto entry = source_.next([this] { return this->all_done_with(); },
                                [this] { return this->is_stopping(); });
      if (!entry) return nullptr;
      Node* const node = new Node(std::move(entry->item));
      node->number = entry->number;
      return node;
    } else {
      std::optional<Item> item = source_.next();
      return item ? new Node(std::move(*item)) : nullptr;
    }
  }

  void find_group(Node& node, Pulled& pulled) {
    using Held = typename Table::Held;
    const auto key = std::invoke(table_.groups().key(), std::as_const(node.item));
    const auto* const group = Held::value(key);
    if (group == nullptr) return;
    const auto [found, is_new] = table_.ids.try_emplace(*group, Job::kNoGroup);
    node.group = found->second;
    node.group_key = &found->first;
    if (!is_new) return;
    try {
      pulled.limits = table_.limits_of(found->first);
    } catch (...) {
      table_.ids.erase(found);
      throw;
    }
    pulled.new_group = true;
    table_.newest = &*found;
    if (table_.earlier == nullptr) return;
    const auto rests = table_.earlier->find(*group);
    if (rests == table_.earlier->end()) return;
    pulled.resting_until = rests->second;
    table_.earlier->erase(rests);
  }

  void compute_rest(Node& node, std::optional<R>& result) {
    const std::lock_guard lock(rest_mutex_);
    try {
      const auto& group = *static_cast<const typename Table::Group*>(node.group_key);
      const auto outcome = result ? Outcome<R>(*result) : Outcome<R>(node.error);
      const std::optional<std::chrono::nanoseconds> rest =
          std::invoke(table_.groups().rest(), group, std::as_const(node.item), outcome);
      if (rest) check_rest(*rest);
      node.rest = rest.value_or(std::chrono::nanoseconds(0)).count();
    } catch (...) {
      node.error = std::current_exception();
      node.fatal = true;
    }
  }

  Source<S> source_;
  F f_;
  Table table_;
  std::shared_ptr<void> earlier_;  // what table_.earlier points to
  std::mutex rest_mutex_;
  [[no_unique_address]] typename WaitingOf<Source<S>>::ByGroup waiting_;
  const std::stop_token stop_ = this->stop_token();
};

}  // namespace detail

}  // namespace distaff::inline v0
