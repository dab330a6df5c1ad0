#pragma once

// A range in pieces, and a map in pieces of work to hand out oneself.
//
//   for (std::vector<Row>& rows : distaff::chunks(file_rows, 500)) insert(rows);
//
//   for (auto& part : distaff::split_map_task(parse, lines, {.chunk_size = 100}))
//     futures.push_back(pool.submit(std::move(part)));        // each gives a vector of results
//
// All of these are lazy: they read as they are advanced, one piece ahead of nothing.  They are
// move-only input ranges for one thread.  A range given as an lvalue is used in place and must
// outlive them, and its elements are copied; a temporary container is moved in, and so are its
// elements.  std::invalid_argument for a size below 1, thrown by the call.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace distaff::inline v0 {

struct SplitOptions {
  std::int64_t chunk_size = 1;  // elements a piece, at least 1; the last may have fewer
};

namespace detail {

// Throws std::invalid_argument unless value >= 1.
inline void require_positive(const char* option, std::int64_t value) {
  if (value >= 1) return;
  throw std::invalid_argument(std::string(option) + " must be at least 1, not " +
                              std::to_string(value));
}

// A range kept by reference or by value, read element by element.  Stays where it is.
template <class Range>
class Reader {
  static constexpr bool kInPlace = std::is_lvalue_reference_v<Range>;
  using Kept = std::remove_reference_t<Range>;
  // Elements are ours to move if the container is.  Views look at those of others.
  static constexpr bool kMoves =
      !kInPlace && !std::ranges::view<Kept> && !std::ranges::borrowed_range<Kept>;

 public:
  using Value = std::ranges::range_value_t<Kept>;

  static_assert(kMoves || std::constructible_from<Value, std::ranges::range_reference_t<Kept>>,
                "the elements of a range given by name are copied, and these cannot be: "
                "give the range itself, std::move(range)");

  explicit Reader(Range&& range) : range_(keep(std::forward<Range>(range))) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool at_end() {
    if (!at_) {
      at_.emplace(std::ranges::begin(range()));
    } else if (stale_) {
      ++*at_;
    }
    stale_ = false;
    return *at_ == std::ranges::end(range());
  }

  // After at_end() said false.  Advances only when the next element is asked for, so that nothing
  // is read ahead.
  Value take() {
    stale_ = true;
    if constexpr (kMoves) {
      return Value(std::ranges::iter_move(*at_));
    } else {
      return Value(**at_);
    }
  }

 private:
  using Stored = std::conditional_t<kInPlace, Kept*, Kept>;

  static Stored keep(Range&& range) {
    if constexpr (kInPlace) {
      return std::addressof(range);
    } else {
      return std::move(range);
    }
  }
  Kept& range() {
    if constexpr (kInPlace) {
      return *range_;
    } else {
      return range_;
    }
  }

  Stored range_;
  std::optional<std::ranges::iterator_t<Kept>> at_;
  bool stale_ = false;
};

// Elements of several ranges side by side, as tuples; ends with the shortest.
template <class... Ranges>
class Zipped {
 public:
  using Item = std::tuple<typename Reader<Ranges>::Value...>;

  explicit Zipped(Ranges&&... ranges) : readers_(std::forward<Ranges>(ranges)...) {}

  std::optional<Item> next() {
    return std::apply(
        [](auto&... readers) -> std::optional<Item> {
          if ((readers.at_end() || ...)) return std::nullopt;
          return Item{readers.take()...};
        },
        readers_);
  }

 private:
  std::tuple<Reader<Ranges>...> readers_;
};

// Elements that are tuples themselves.
template <class Range>
class Tuples {
 public:
  using Item = typename Reader<Range>::Value;

  explicit Tuples(Range&& range) : reader_(std::forward<Range>(range)) {}

  std::optional<Item> next() {
    if (reader_.at_end()) return std::nullopt;
    return reader_.take();
  }

 private:
  Reader<Range> reader_;
};

// How F is called with an Item, which is a tuple.
template <class F, class Item>
struct Applied;
template <class F, template <class...> class Tuple, class... Values>
struct Applied<F, Tuple<Values...>> {
  static constexpr bool kPlain = std::invocable<F&, Values...>;
  static constexpr bool kStoppable = std::invocable<F&, Values..., std::stop_token>;
  static constexpr bool kValid = kPlain || kStoppable;
};
template <class F, class Value, std::size_t N>
struct Applied<F, std::array<Value, N>>
    : Applied<F, decltype(std::tuple_cat(std::declval<std::array<Value, N>>()))> {};

template <class F, class Item>
decltype(auto) apply_item(F& function, Item&& item, const std::stop_token& stop) {
  return std::apply(
      [&](auto&&... values) -> decltype(auto) {
        if constexpr (Applied<F, std::decay_t<Item>>::kPlain) {
          return std::invoke(function, std::forward<decltype(values)>(values)...);
        } else {
          return std::invoke(function, std::forward<decltype(values)>(values)..., stop);
        }
      },
      std::forward<Item>(item));
}

// The result of a void function is a std::monostate.
template <class F, class Item>
using ItemResult =
    std::conditional_t<std::is_void_v<decltype(apply_item(std::declval<F&>(), std::declval<Item>(),
                                                          std::declval<const std::stop_token&>()))>,
                       std::type_identity<std::monostate>,
                       std::decay<decltype(apply_item(std::declval<F&>(), std::declval<Item>(),
                                                      std::declval<const std::stop_token&>()))>>;

template <class F, class Item>
using ItemResultOf = typename ItemResult<F, Item>::type;

template <class F, class Item>
ItemResultOf<F, Item> result_of_item(F& function, Item&& item, const std::stop_token& stop) {
  if constexpr (std::is_void_v<decltype(apply_item(function, std::move(item), stop))>) {
    apply_item(function, std::move(item), stop);
    return {};
  } else {
    return apply_item(function, std::move(item), stop);
  }
}

// A move-only input range over whatever has `std::optional<Value> next()`.
template <class Source, class Value>
class Pulled {
 public:
  class iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(Pulled* all) : all_(all) { ++*this; }
    Value& operator*() const { return *all_->current_; }
    Value* operator->() const { return &*all_->current_; }
    iterator& operator++() {
      all_->current_.reset();
      all_->current_ = all_->source_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return all_ == nullptr || !all_->current_; }

    Pulled* all_ = nullptr;
  };

  explicit Pulled(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  Pulled(Pulled&&) noexcept = default;
  Pulled& operator=(Pulled&&) noexcept = default;

  // Once; going on is the iterator's business.
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

  // The next value, or nothing after the last: the same as iterating.
  std::optional<Value> next() { return source_->next(); }

 private:
  std::unique_ptr<Source> source_;
  std::optional<Value> current_;
};

template <class Source>
std::vector<typename Source::Item> next_items(Source& source, std::int64_t count) {
  std::vector<typename Source::Item> items;
  while (static_cast<std::int64_t>(items.size()) < count) {
    auto item = source.next();
    if (!item) break;
    items.push_back(std::move(*item));
  }
  return items;
}

template <class Range>
class ChunkSource {
 public:
  using Chunk = std::vector<typename Reader<Range>::Value>;

  ChunkSource(Range&& range, std::int64_t size)
      : reader_(std::forward<Range>(range)), size_(size) {}

  std::optional<Chunk> next() {
    Chunk chunk;
    while (static_cast<std::int64_t>(chunk.size()) < size_ && !ended_) {
      ended_ = reader_.at_end();
      if (!ended_) chunk.push_back(reader_.take());
    }
    if (chunk.empty()) return std::nullopt;
    return chunk;
  }

 private:
  Reader<Range> reader_;
  std::int64_t size_;
  bool ended_ = false;
};

}  // namespace detail

// One piece of a split map: calling it, once, gives the results of its elements in order.
template <class F, class Item>
class MapPart {
 public:
  MapPart(std::shared_ptr<F> function, std::vector<Item> items)
      : function_(std::move(function)), items_(std::move(items)) {}

  std::vector<detail::ItemResultOf<F, Item>> operator()() {
    std::vector<detail::ItemResultOf<F, Item>> results;
    results.reserve(items_.size());
    for (Item& item : items_) {
      results.push_back(detail::result_of_item(*function_, std::move(item), {}));
    }
    return results;
  }

  std::size_t size() const { return items_.size(); }

 private:
  std::shared_ptr<F> function_;  // shared by all pieces, which may run at once
  std::vector<Item> items_;
};

namespace detail {

template <class F, class Items>
class SplitSource {
 public:
  using Part = MapPart<F, typename Items::Item>;

  template <class... Ranges>
  SplitSource(F function, std::int64_t size, Ranges&&... ranges)
      : function_(std::make_shared<F>(std::move(function))),
        items_(std::forward<Ranges>(ranges)...),
        size_(size) {}

  std::optional<Part> next() {
    if (ended_) return std::nullopt;
    auto items = next_items(items_, size_);
    ended_ = static_cast<std::int64_t>(items.size()) < size_;
    if (items.empty()) return std::nullopt;
    return Part(function_, std::move(items));
  }

 private:
  std::shared_ptr<F> function_;
  Items items_;
  std::int64_t size_;
  bool ended_ = false;
};

template <class Items, class F, class... Ranges>
auto split(F&& function, SplitOptions options, Ranges&&... ranges) {
  require_positive("chunk_size", options.chunk_size);
  using Source = SplitSource<std::decay_t<F>, Items>;
  return Pulled<Source, typename Source::Part>(std::make_unique<Source>(
      std::forward<F>(function), options.chunk_size, std::forward<Ranges>(ranges)...));
}

}  // namespace detail

// F can be called with an element of each range, or with these and a std::stop_token; each element
// goes to it as a value of its own.
template <class F, class... Ranges>
concept MapFunction =
    detail::Applied<std::decay_t<F>, std::tuple<std::ranges::range_value_t<Ranges>...>>::kValid;

// The range's elements are tuples (or pairs, arrays) of what F is called with.
template <class F, class Range>
concept StarFunction = detail::Applied<std::decay_t<F>, std::ranges::range_value_t<Range>>::kValid;

// The elements in vectors of `size`; the last may be shorter; of an empty range, none.
template <std::ranges::input_range Range>
auto chunks(Range&& range, std::int64_t size) {
  detail::require_positive("size", size);
  using Source = detail::ChunkSource<Range>;
  return detail::Pulled<Source, typename Source::Chunk>(
      std::make_unique<Source>(std::forward<Range>(range), size));
}

// The calls function(element) in pieces: MapParts.  With several ranges, function(a, b, ...), as
// many as the shortest has.
template <class F, std::ranges::input_range Range>
requires MapFunction<F, Range>
auto split_map_task(F&& function, Range&& range, SplitOptions options = {}) {
  return detail::split<detail::Zipped<Range>>(std::forward<F>(function), options,
                                              std::forward<Range>(range));
}
template <class F, std::ranges::input_range A, std::ranges::input_range B>
requires MapFunction<F, A, B>
auto split_map_task(F&& function, A&& a, B&& b, SplitOptions options = {}) {
  return detail::split<detail::Zipped<A, B>>(std::forward<F>(function), options, std::forward<A>(a),
                                             std::forward<B>(b));
}

// The same for a range of tuples: function(get<0>, get<1>, ...).
template <class F, std::ranges::input_range Range>
requires StarFunction<F, Range>
auto split_starmap_task(F&& function, Range&& range, SplitOptions options = {}) {
  return detail::split<detail::Tuples<Range>>(std::forward<F>(function), options,
                                              std::forward<Range>(range));
}

}  // namespace distaff::inline v0
