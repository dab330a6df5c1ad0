#pragma once

// Values as bytes, for functions that run in another process.
//
//   struct Tile { int x = 0, y = 0; std::vector<float> heights; };
//   DISTAFF_SERIALIZE(Tile, x, y, heights)                 // all members, in order
//
// Known without further ado: arithmetic types and enumerations; std::string, path, monostate;
// duration and time_point of <chrono>; pair, tuple, array, optional, variant and unique_ptr of
// known types; and containers of them: vector, deque, list, (multi)set, (multi)map, unordered or
// not, and others with their interface.  Pointers, references and views are not: what they point
// at stays behind.  (Functions may take std::string_view; see register.h.)
//
// DISTAFF_SERIALIZE makes a struct known whose members are all public.  It stands in the namespace
// of the struct, and a member that is forgotten does not compile.  For others, write the function:
//
//   class Money {
//     template <class Archive>
//     friend void serialize(Archive& archive, Money& money) {
//       archive(money.cents_, money.currency_);            // the same for both directions
//     }
//     ...
//
// It is called to write and to read; `Archive::kReads` tells which.  While writing it must change
// nothing.  What is read is made by its default constructor first, so it needs one.
//
// The bytes: numbers little-endian, as wide as they are here, bool and the mark of an optional one
// byte; text and containers after a u32 that counts their elements; a variant after a u32 that is
// its index; everything else its parts one after the other, without gaps.  Both ends must mean the
// same types: nothing in the bytes says which.
//
// Throws MessageError: when reading, if the bytes end too early, are left over, or mean nothing;
// when writing, if a container has 2^32 elements or more.  Thread-safety: none of its own.

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "distaff/errors.h"

namespace distaff::inline v0 {

class Encoder;
class Decoder;

namespace detail {

// How a T is written and read.
template <class T>
struct Codec {
  static constexpr bool kKnown = false;
};

}  // namespace detail

template <class T>
concept Serializable =
    std::default_initializable<std::remove_cv_t<T>> && detail::Codec<std::remove_cv_t<T>>::kKnown;

// Appends values to a string.
class Encoder {
 public:
  static constexpr bool kReads = false;

  // Begins with `bytes`.
  explicit Encoder(std::string bytes = {}) : bytes_(std::move(bytes)) {}

  template <class... T>
  void operator()(const T&... values) {
    (write(values), ...);
  }
  void raw(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  void count(std::size_t count);

  // Takes back what was written behind the first `size` bytes.
  void cut(std::size_t size) { bytes_.resize(size); }

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  template <class T>
  void write(const T& value) {
    static_assert(Serializable<T>,
                  "this type cannot be sent to another process: use DISTAFF_SERIALIZE(Type, "
                  "members...), or give it a serialize(archive, value); see distaff/serialize.h");
    if constexpr (Serializable<T>) detail::Codec<T>::write(*this, value);
  }

  std::string bytes_;
};

// Takes values from bytes, which must live as long as it.
class Decoder {
 public:
  static constexpr bool kReads = true;

  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (read(values), ...);
  }
  void raw(void* data, std::size_t size) {
    const auto from = raw(size);
    if (size > 0) std::memcpy(data, from.data(), size);
  }
  std::string_view raw(std::size_t size) {
    if (size > rest_.size()) throw MessageError("a message ends too early");
    const auto front = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return front;
  }
  std::size_t count();

  std::string_view rest() const { return rest_; }
  // Throws MessageError unless all has been read.
  void expect_end() const {
    if (!rest_.empty()) {
      throw MessageError("a message has " + std::to_string(rest_.size()) + " bytes too many");
    }
  }

 private:
  template <class T>
  void read(T& value) {
    static_assert(Serializable<T>,
                  "this type cannot be read from another process: use DISTAFF_SERIALIZE(Type, "
                  "members...), or give it a serialize(archive, value) and a default constructor; "
                  "see distaff/serialize.h");
    if constexpr (Serializable<T>) detail::Codec<T>::read(*this, value);
  }

  std::string_view rest_;
};

// The bytes of values, and back.
template <class... T>
std::string to_bytes(const T&... values) {
  Encoder encoder;
  encoder(values...);
  return encoder.take();
}
template <class T>
T from_bytes(std::string_view bytes) {
  Decoder decoder(bytes);
  T value{};
  decoder(value);
  decoder.expect_end();
  return value;
}

// ------------------------------------------------------------------ the types

namespace detail {

template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <Number T>
struct Codec<T> {
  static constexpr bool kKnown = true;

  static void write(Encoder& encoder, const T& value) {
    if constexpr (std::same_as<T, bool>) {
      const unsigned char byte = value ? 1 : 0;
      encoder.raw(&byte, 1);
    } else {
      auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
      swap_if_big(bytes);
      encoder.raw(bytes.data(), bytes.size());
    }
  }
  static void read(Decoder& decoder, T& value) {
    if constexpr (std::same_as<T, bool>) {
      unsigned char byte = 0;
      decoder.raw(&byte, 1);
      if (byte > 1) throw MessageError("a message has a bool of " + std::to_string(byte));
      value = byte == 1;
    } else {
      std::array<char, sizeof(T)> bytes{};
      decoder.raw(bytes.data(), bytes.size());
      swap_if_big(bytes);
      std::memcpy(&value, bytes.data(), bytes.size());
    }
  }

 private:
  static void swap_if_big(std::array<char, sizeof(T)>& bytes) {
    if constexpr (std::endian::native == std::endian::big) {
      for (std::size_t i = 0; i < bytes.size() / 2; ++i) {
        std::swap(bytes[i], bytes[bytes.size() - 1 - i]);
      }
    }
  }
};

// Own types, by the user's function.
template <class T>
concept HasSerialize = std::is_class_v<T> &&
    requires(Encoder& encoder, Decoder& decoder, T& value) {
  serialize(encoder, value);
  serialize(decoder, value);
};

template <HasSerialize T>
struct Codec<T> {
  static constexpr bool kKnown = true;
  static void write(Encoder& encoder, const T& value) { serialize(encoder, const_cast<T&>(value)); }
  static void read(Decoder& decoder, T& value) { serialize(decoder, value); }
};

template <>
struct Codec<std::string> {
  static constexpr bool kKnown = true;
  static void write(Encoder& encoder, const std::string& text) {
    encoder.count(text.size());
    encoder.raw(text.data(), text.size());
  }
  static void read(Decoder& decoder, std::string& text) {
    text.assign(decoder.raw(decoder.count()));
  }
};

template <>
struct Codec<std::filesystem::path> {
  static constexpr bool kKnown = true;
  static void write(Encoder& encoder, const std::filesystem::path& path) { encoder(path.native()); }
  static void read(Decoder& decoder, std::filesystem::path& path) {
    std::string text;
    decoder(text);
    path = std::move(text);
  }
};

template <>
struct Codec<std::monostate> {
  static constexpr bool kKnown = true;
  static void write(Encoder&, std::monostate) {}
  static void read(Decoder&, std::monostate&) {}
};

template <class Rep, class Period>
requires Serializable<Rep>
struct Codec<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static constexpr bool kKnown = true;
  static void write(Encoder& encoder, const Duration& duration) { encoder(duration.count()); }
  static void read(Decoder& decoder, Duration& duration) {
    Rep count{};
    decoder(count);
    duration = Duration(count);
  }
};

template <class Clock, class Duration>
requires Serializable<Duration>
struct Codec<std::chrono::time_point<Clock, Duration>> {
  using Point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool kKnown = true;
  static void write(Encoder& encoder, const Point& point) { encoder(point.time_since_epoch()); }
  static void read(Decoder& decoder, Point& point) {
    Duration since{};
    decoder(since);
    point = Point(since);
  }
};

// pair, tuple and array: their parts.
template <class T, class... Parts>
struct PartsCodec {
  static constexpr bool kKnown = (Serializable<Parts> && ...);
  static void write(Encoder& encoder, const T& value) {
    std::apply([&](const auto&... parts) { encoder(parts...); }, value);
  }
  static void read(Decoder& decoder, T& value) {
    std::apply([&](auto&... parts) { decoder(parts...); }, value);
  }
};

template <class A, class B>
struct Codec<std::pair<A, B>> : PartsCodec<std::pair<A, B>, A, B> {};
template <class... Parts>
struct Codec<std::tuple<Parts...>> : PartsCodec<std::tuple<Parts...>, Parts...> {};

template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  static constexpr bool kKnown = Serializable<T>;
  static void write(Encoder& encoder, const std::array<T, N>& values) {
    for (const T& value : values) encoder(value);
  }
  static void read(Decoder& decoder, std::array<T, N>& values) {
    for (T& value : values) decoder(value);
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr bool kKnown = Serializable<T>;
  static void write(Encoder& encoder, const std::optional<T>& value) {
    encoder(value.has_value());
    if (value) encoder(*value);
  }
  static void read(Decoder& decoder, std::optional<T>& value) {
    bool any = false;
    decoder(any);
    value.reset();
    if (any) decoder(value.emplace());
  }
};

template <class T>
struct Codec<std::unique_ptr<T>> {
  static constexpr bool kKnown = Serializable<T>;
  static void write(Encoder& encoder, const std::unique_ptr<T>& value) {
    encoder(value != nullptr);
    if (value) encoder(*value);
  }
  static void read(Decoder& decoder, std::unique_ptr<T>& value) {
    bool any = false;
    decoder(any);
    value = any ? std::make_unique<T>() : nullptr;
    if (any) decoder(*value);
  }
};

template <class... Kinds>
struct Codec<std::variant<Kinds...>> {
  using Variant = std::variant<Kinds...>;
  static constexpr bool kKnown = (Serializable<Kinds> && ...);

  static void write(Encoder& encoder, const Variant& value) {
    if (value.valueless_by_exception()) throw MessageError("a variant without a value");
    encoder.count(value.index());
    std::visit([&](const auto& kind) { encoder(kind); }, value);
  }
  static void read(Decoder& decoder, Variant& value) {
    read(decoder, value, decoder.count(), std::index_sequence_for<Kinds...>());
  }

 private:
  template <std::size_t... I>
  static void read(Decoder& decoder, Variant& value, std::size_t index, std::index_sequence<I...>) {
    const auto take = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
      if (index == N) decoder(value.template emplace<N>());
      return index == N;
    };
    if (!(take(std::integral_constant<std::size_t, I>()) || ...)) {
      throw MessageError("a message has a variant of kind " + std::to_string(index));
    }
  }
};

// What elements of a container are read into: the keys of maps are not const yet.
template <class T>
struct ReadAs {
  using type = T;
};
template <class Key, class Value>
struct ReadAs<std::pair<const Key, Value>> {
  using type = std::pair<Key, Value>;
};

template <class C>
using ElementOf = typename ReadAs<typename C::value_type>::type;

template <class C>
concept ListLike =
    std::is_class_v<C> && !HasSerialize<C> && requires(C & c, typename C::value_type v) {
  c.clear();
  c.size();
  c.begin() != c.end();
  c.push_back(std::move(v));
};
template <class C>
concept SetLike = std::is_class_v<C> && !HasSerialize<C> && requires(C & c, ElementOf<C> v) {
  typename C::key_type;
  c.clear();
  c.size();
  c.begin() != c.end();
  c.insert(std::move(v));
};

template <class C>
concept Block = ListLike<C> && std::is_arithmetic_v<typename C::value_type> &&
                !std::same_as<typename C::value_type, bool> &&
                std::endian::native == std::endian::little && requires(C & c, std::size_t n) {
  { c.data() } -> std::same_as<typename C::value_type*>;
  c.resize(n);
};

template <class C>
requires(ListLike<C> || SetLike<C>) struct Codec<C> {
  using Element = ElementOf<C>;
  static constexpr bool kKnown = Serializable<Element>;

  static void write(Encoder& encoder, const C& elements) {
    encoder.count(elements.size());
    if constexpr (Block<C>) {
      encoder.raw(elements.data(), elements.size() * sizeof(Element));
    } else if constexpr (std::same_as<typename C::value_type, bool>) {
      for (const bool element : elements) encoder(element);
    } else if constexpr (std::same_as<typename C::value_type, Element>) {
      for (const auto& element : elements) encoder(element);
    } else {
      for (const auto& [key, value] : elements) encoder(key, value);
    }
  }

  static void read(Decoder& decoder, C& elements) {
    elements.clear();
    const auto count = decoder.count();
    if constexpr (Block<C>) {
      const auto bytes = decoder.raw(count * sizeof(Element));
      elements.resize(count);
      if (count > 0) std::memcpy(elements.data(), bytes.data(), bytes.size());
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      Element element{};
      decoder(element);
      if constexpr (ListLike<C>) {
        elements.push_back(std::move(element));
      } else {
        elements.insert(std::move(element));
      }
    }
  }
};

}  // namespace detail

inline void Encoder::count(std::size_t count) {
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    throw MessageError(std::to_string(count) + " elements are too many for a message");
  }
  (*this)(static_cast<std::uint32_t>(count));
}

inline std::size_t Decoder::count() {
  std::uint32_t count = 0;
  (*this)(count);
  return count;
}

}  // namespace distaff::inline v0

// Makes a struct known: all its members by name, in the order they are declared.
#define DISTAFF_SERIALIZE(Type, ...)                    \
  template <class Archive>                              \
  void serialize(Archive& archive, Type& all_members) { \
    auto& [__VA_ARGS__] = all_members;                  \
    archive(__VA_ARGS__);                               \
  }
