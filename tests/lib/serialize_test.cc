#include "distaff/serialize.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "distaff/register.h"

namespace distaff::serialize_test {
namespace {

using namespace std::chrono_literals;

enum class Colour : std::uint8_t { red = 1, blue = 200 };

struct Tile {
  int x = 0;
  Colour colour = Colour::red;
  std::vector<Tile> parts;

  bool operator==(const Tile&) const = default;
};
DISTAFF_SERIALIZE(Tile, x, colour, parts)

class Money {
 public:
  Money() = default;
  explicit Money(std::int64_t cents) : cents_(cents) {}
  bool operator==(const Money&) const = default;

 private:
  template <class Archive>
  friend void serialize(Archive& archive, Money& money) {
    archive(money.cents_);
  }

  std::int64_t cents_ = 0;
};

struct Unknown {
  int* pointer = nullptr;
};

template <class T>
T round_trip(const T& value) {
  return from_bytes<T>(to_bytes(value));
}

#define EXPECT_SAME(...) EXPECT_EQ(round_trip(__VA_ARGS__), (__VA_ARGS__))

TEST(Serialize, NumbersAndTextComeBackAsTheyWere) {
  EXPECT_SAME(0);
  EXPECT_SAME(std::numeric_limits<std::int64_t>::min());
  EXPECT_SAME(std::numeric_limits<std::uint64_t>::max());
  EXPECT_SAME(true);
  EXPECT_SAME('x');
  EXPECT_SAME(-0.1);
  EXPECT_SAME(3.5L);
  EXPECT_SAME(Colour::blue);
  EXPECT_SAME(std::string());
  EXPECT_SAME(std::string("a\0b\n", 4));
  EXPECT_SAME(std::filesystem::path("/a/b c"));
  EXPECT_SAME(1500ms);
  EXPECT_SAME(std::chrono::steady_clock::time_point(17ns));
}

TEST(Serialize, PartsAndContainersComeBackAsTheyWere) {
  EXPECT_SAME(std::pair(1, std::string("one")));
  EXPECT_SAME(std::tuple(1, 2.5, std::string("x")));
  EXPECT_SAME(std::array<int, 3>{1, 2, 3});
  EXPECT_SAME(std::optional<int>());
  EXPECT_SAME(std::optional<int>(7));
  EXPECT_SAME(std::variant<int, std::string, std::monostate>(std::string("s")));
  EXPECT_SAME(std::variant<int, std::string, std::monostate>(std::monostate()));
  EXPECT_SAME(std::vector<int>{});
  EXPECT_SAME(std::vector<double>{1, 2, 3});
  EXPECT_SAME(std::vector<bool>{true, false, true});
  EXPECT_SAME(std::vector<std::string>{"a", "", "ccc"});
  EXPECT_SAME(std::deque<int>{1, 2});
  EXPECT_SAME(std::list<std::string>{"x"});
  EXPECT_SAME(std::set<int>{3, 1});
  EXPECT_SAME(std::multiset<int>{3, 3});
  EXPECT_SAME(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  EXPECT_SAME(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  const auto pointed = round_trip(std::make_unique<int>(4));
  EXPECT_EQ(*pointed, 4);
  EXPECT_EQ(round_trip(std::unique_ptr<int>()), nullptr);
}

TEST(Serialize, OwnTypesComeBackAsTheyWere) {
  EXPECT_SAME(Tile{1, Colour::blue, {Tile{2, Colour::red, {}}, Tile{}}});
  EXPECT_SAME(std::vector<Money>{Money(1), Money(-2)});
}

TEST(Serialize, BytesAreWhatTheHeaderSays) {
  EXPECT_EQ(to_bytes(std::uint32_t(0x01020304)), "\x04\x03\x02\x01");
  EXPECT_EQ(to_bytes(true), "\x01");
  EXPECT_EQ(to_bytes(std::string("ab")), std::string("\x02\0\0\0ab", 6));
  EXPECT_EQ(to_bytes(std::optional<char>('x')), "\x01x");
  EXPECT_EQ(to_bytes(std::variant<char, bool>(true)), std::string("\x01\0\0\0\x01", 5));
  EXPECT_EQ(to_bytes(std::pair('a', 'b'), std::monostate()), "ab");
}

TEST(Serialize, WhatIsNotKnownIsSeenByTheCompiler) {
  static_assert(Serializable<Tile>);
  static_assert(Serializable<std::map<int, std::vector<Money>>>);
  static_assert(!Serializable<Unknown>);
  static_assert(!Serializable<int*>);
  static_assert(!Serializable<const char*>);
  static_assert(!Serializable<std::string_view>);
  static_assert(!Serializable<std::vector<Unknown>>);
  static_assert(!Serializable<std::tuple<int, Unknown>>);
  static_assert(!Serializable<std::map<int, Unknown>>);
}

TEST(Serialize, BrokenBytesAreMessageErrors) {
  EXPECT_THROW(from_bytes<int>("abc"), MessageError);
  EXPECT_THROW(from_bytes<int>("abcde"), MessageError);
  EXPECT_THROW(from_bytes<bool>("\x02"), MessageError);
  EXPECT_THROW(from_bytes<std::string>(std::string("\xff\xff\xff\xff"
                                                   "a")),
               MessageError);
  EXPECT_THROW(from_bytes<std::vector<double>>("\xff\xff\xff\xff"), MessageError);
  EXPECT_THROW(from_bytes<std::vector<std::string>>("\xff\xff\xff\xff"), MessageError);
  EXPECT_THROW((from_bytes<std::variant<int, bool>>(std::string("\x02\0\0\0", 4))), MessageError);
}

int plus(int a, int b) { return a + b; }
DISTAFF_REGISTER(plus)

std::size_t length(std::string_view text) { return text.size(); }
DISTAFF_REGISTER(length)

int unregistered() { return 0; }

TEST(Register, AFunctionIsCalledByNameWithBytes) {
  const RegisteredCall sum = call<plus>(2, short{3});
  EXPECT_EQ(sum.name, "plus");
  Decoder decoder(sum.arguments);
  Encoder encoder;
  detail::find_function("plus")(decoder, encoder);
  EXPECT_EQ(from_bytes<int>(encoder.bytes()), 5);
  EXPECT_EQ(detail::find_function("nothing"), nullptr);
}

TEST(Register, ViewsTravelAsText) {
  EXPECT_EQ(call<length>("four").arguments, to_bytes(std::string("four")));
}

TEST(Register, AFunctionThatNobodyRegisteredIsRefused) {
  EXPECT_THROW(call<unregistered>(), std::logic_error);
}

}  // namespace
}  // namespace distaff::serialize_test
