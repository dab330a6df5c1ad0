#include "cli/json_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"

namespace distaff::json_tree_test {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using Kind = JsonValue::Kind;

JsonValue parsed(std::string_view text) {
  auto value = parse_json(text, "f");
  EXPECT_TRUE(value) << value.error().message;
  return value ? *value : JsonValue{};
}

std::string error_of(std::string_view text) {
  const auto value = parse_json(text, "f");
  return value ? "(no error)" : value.error().message;
}

TEST(JsonTree, KeepsWhatIsWritten) {
  const JsonValue root =
      parsed(R"({"a": [1, -0, 1e3, 0.10, 123456789012345678901234567890], "b": "x\ny\u0000",
                 "": {"c": true, "d": false, "e": null}, "l": []})");
  ASSERT_TRUE(root.is(Kind::object));
  std::vector<std::string> numbers;
  for (const JsonValue& item : root.find("a")->items) {
    EXPECT_TRUE(item.is(Kind::number));
    numbers.push_back(item.text);
  }
  EXPECT_EQ(numbers,
            (std::vector<std::string>{"1", "-0", "1e3", "0.10", "123456789012345678901234567890"}));
  EXPECT_EQ(root.find("b")->text, "x\ny\0"s);
  const JsonValue& inner = *root.find("");
  EXPECT_TRUE(inner.find("c")->truth);
  EXPECT_FALSE(inner.find("d")->truth);
  EXPECT_TRUE(inner.find("e")->is(Kind::null));
  EXPECT_TRUE(root.find("l")->items.empty());
  EXPECT_EQ(root.find("c"), nullptr);
  EXPECT_EQ(inner.find("c")->find("c"), nullptr);
  EXPECT_EQ(parsed(" 4 ").text, "4");
}

TEST(JsonTree, KnowsWhereEverythingStands) {
  const JsonValue root = parsed(
      "\xef\xbb\xbf// two\r\n"
      "{ /* three\n lines */ \"\xc3\xbc\xe2\x82\xac\": 12,\r\n"
      "\t\"\\\"]\\\\\" : [true,\"x\xf0\x9f\x98\x80\", 1.5e+3/**/,//\n"
      "null, {\"k\":{}}]}");
  const auto at = [](int line, int column) { return JsonPlace{line, column}; };
  EXPECT_EQ(root.place, at(2, 1));
  EXPECT_EQ(root.items[0].key_place, at(3, 11));
  EXPECT_EQ(root.items[0].place, at(3, 17));
  EXPECT_EQ(root.items[1].key, "\"]\\");
  EXPECT_EQ(root.items[1].key_place, at(4, 2));
  EXPECT_EQ(root.items[1].place, at(4, 12));
  const auto& list = root.items[1].items;
  EXPECT_EQ(list[0].place, at(4, 13));
  EXPECT_EQ(list[1].place, at(4, 18));
  EXPECT_EQ(list[2].place, at(4, 24));
  EXPECT_EQ(list[2].text, "1.5e+3");
  EXPECT_EQ(list[3].place, at(5, 1));
  EXPECT_EQ(list[4].place, at(5, 7));
  EXPECT_EQ(list[4].items[0].key_place, at(5, 8));
  EXPECT_EQ(list[4].items[0].place, at(5, 12));
}

TEST(JsonTree, SaysWhereAndWhatIsNoJson) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "f:1:1: there is no JSON here; at least it is {}"},
      {"// x\n/* y */ ", "f:2:9: there is no JSON here; at least it is {}"},
      {"{\n  \"a\": 1,\n}", "f:3:1: a comma too many before '}'"},
      {"[1,]", "f:1:4: a comma too many before ']'"},
      {"{a: 1}", "f:1:2: a is no JSON; text goes in double quotes"},
      {"{'a': 1}", "f:1:2: ' is no JSON; text goes in double quotes"},
      {"{\"a\": yes}", "f:1:7: yes is no JSON; text goes in double quotes"},
      {"{\"a\": 4k}", "f:1:7: 4k is no JSON; text goes in double quotes"},
      {"{\"a\": 010}", "f:1:7: 010 is no JSON; text goes in double quotes"},
      {"{\"a\": 1.x}", "f:1:7: invalid number; expected digit after '.'"},
      {"{\"a\": 1e999}", "f:1:7: 1e999 is too large a number"},
      {"{\"a\" 1}", "f:1:6: here goes a colon, not 1"},
      {"{\"a\":,}", "f:1:6: here goes a value, not ,"},
      {"{\"a\":1 \"b\":2}", "f:1:8: here goes a comma or '}', not \"b\""},
      {"[1 \"x\"]", "f:1:4: here goes a comma or ']', not \"x\""},
      {"{1:2}", "f:1:2: here goes a name in double quotes, not 1"},
      {"{\"a\": 1", "f:1:8: the file ends before a comma or '}'"},
      {"{\"a\":\n", "f:2:1: the file ends before a value"},
      {"{} {}", "f:1:4: here goes the end of the file, not {"},
      {"{\n\"a\": \"b", "f:2:6: this text has no closing quote"},
      {"{\"\xc3\xbc\": \"a\nb\"}",
       "f:1:9: invalid string: control character U+000A (LF) must be escaped to \\u000A or \\n"},
      {"[\"\xc3\xbc\xff\"]", "f:1:4: invalid string: ill-formed UTF-8 byte"},
      {"[\"\\q\"]", "f:1:4: invalid string: forbidden character after backslash"},
      {"{}\n /* x", "f:2:2: this comment is not closed by */"},
      {"# x\n{}", "f:1:1: comments begin with // or stand in /* */"},
      {"{}\0{}"s, "f:1:3: a NUL byte here, so this is no JSON; in a string it is \\u0000"},
      {"{\"a\": {},\n \"b\": 1, \"a\": 2}",
       "f:2:10: \"a\" is there twice in one object, first on line 1; leave one of them out"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error_of(text), message) << text;
}

TEST(JsonTree, RefusesDepthBeforeItCosts) {
  EXPECT_EQ(error_of(std::string(20, '[') + std::string(20, ']')), "(no error)");
  EXPECT_EQ(error_of(std::string(21, '[') + std::string(21, ']')), "f:1:21: nested too deeply");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":\n";
  EXPECT_EQ(error_of(deep), "f:21:1: nested too deeply");
}

// ---- random documents

class Writer {
 public:
  explicit Writer(std::mt19937& random) : random_(random) {}

  // Writes a document with blanks and comments anywhere, and gives the tree it is.
  JsonValue write() {
    blank();
    JsonValue value = write_value(0);
    blank();
    return value;
  }

  std::string text;

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  void put(std::string_view piece) {
    text += piece;
    for (const char c : piece) {
      if (c == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((c & 0xc0) != 0x80) {
        ++place_.column;
      }
    }
  }

  void blank() {
    static constexpr std::string_view kBlanks[] = {
        "", " ", "\n", "\r\n", "\t", "// c,:{\"\n", "/* \"] \n*/", "/***/", "/*\xc3\xbc*/", "//\r"};
    for (std::size_t i = below(3); i > 0; --i) put(kBlanks[below(std::size(kBlanks))]);
  }

  std::string write_string() {
    static constexpr std::pair<std::string_view, std::string_view> kPieces[] = {
        {"a", "a"},       {"#", "#"},
        {"//", "//"},     {"\\n", "\n"},
        {"\\\"", "\""},   {"\\\\", "\\"},
        {"\\/", "/"},     {"\xc3\xbc", "\xc3\xbc"},
        {"]", "]"},       {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\x7f", "\x7f"}, {"\\u20AC", "\xe2\x82\xac"},
        {"{,:", "{,:"},   {"\\u0000", std::string_view("\0", 1)},
    };
    std::string value;
    std::string written = "\"";
    for (std::size_t i = below(6); i > 0; --i) {
      const auto& [escaped, plain] = kPieces[below(std::size(kPieces))];
      written += escaped;
      value += plain;
    }
    put(written + "\"");
    return value;
  }

  JsonValue write_value(int depth) {
    JsonValue value;
    value.place = place_;
    switch (below(depth < 6 ? 6 : 4)) {
      case 0:
        value.kind = Kind::boolean;
        value.truth = below(2) == 0;
        put(value.truth ? "true" : "false");
        break;
      case 1:
        put("null");
        break;
      case 2: {
        static constexpr std::string_view kNumbers[] = {"0", "-12", "1.50", "2e+3", "-0.0E-1"};
        value.kind = Kind::number;
        value.text = kNumbers[below(std::size(kNumbers))];
        put(value.text);
        break;
      }
      case 3:
        value.kind = Kind::string;
        value.text = write_string();
        break;
      default:
        write_items(value, depth);
    }
    return value;
  }

  void write_items(JsonValue& value, int depth) {
    const bool object = below(2) == 0;
    value.kind = object ? Kind::object : Kind::list;
    put(object ? "{" : "[");
    blank();
    for (std::size_t i = 0, size = below(4); i < size; ++i) {
      if (i > 0) put(",");
      blank();
      JsonPlace key_place;
      std::string key;
      if (object) {
        key_place = place_;
        key = std::to_string(i);
        put("\"" + key + "\"");
        blank();
        put(":");
        blank();
      }
      JsonValue item = write_value(depth + 1);
      item.key = key;
      item.key_place = key_place;
      value.items.push_back(std::move(item));
      blank();
    }
    put(object ? "}" : "]");
  }

  std::mt19937& random_;
  JsonPlace place_;
};

void expect_equal(const JsonValue& one, const JsonValue& other) {
  EXPECT_EQ(one.kind, other.kind);
  EXPECT_EQ(one.place, other.place) << one.text;
  EXPECT_EQ(one.truth, other.truth);
  EXPECT_EQ(one.text, other.text);
  EXPECT_EQ(one.key, other.key);
  EXPECT_EQ(one.key_place, other.key_place);
  ASSERT_EQ(one.items.size(), other.items.size());
  for (std::size_t i = 0; i < one.items.size(); ++i) expect_equal(one.items[i], other.items[i]);
}

int rounds(int standard) {
  const char* const asked = std::getenv("DISTAFF_RANDOM_ROUNDS");
  return asked != nullptr ? std::atoi(asked) : standard;
}

TEST(JsonTree, ReadsBackWhateverIsWritten) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = rounds(1000); round > 0 && !testing::Test::HasFailure(); --round) {
    Writer writer(random);
    const JsonValue value = writer.write();
    SCOPED_TRACE(writer.text);
    expect_equal(parsed(writer.text), value);
  }
}

// A place in the text, or just behind it.
void expect_clean(const std::string& text) {
  const auto value = parse_json(text, "f");
  if (value) return;
  const std::string& message = value.error().message;
  SCOPED_TRACE(message);
  EXPECT_TRUE(is_valid_utf8(message));
  for (const char c : message) EXPECT_FALSE(static_cast<unsigned char>(c) < ' ');
  int line = 0;
  int column = 0;
  ASSERT_EQ(std::sscanf(message.c_str(), "f:%d:%d: ", &line, &column), 2);
  std::size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    begin = text.find('\n', begin);
    ASSERT_NE(begin, text.npos);
    ++begin;
  }
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  EXPECT_GE(column, 1);
  EXPECT_LE(static_cast<std::size_t>(column), end - begin + 1);
}

TEST(JsonTree, GivesOneCleanErrorForWhateverIsCutOrChanged) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  static constexpr std::string_view kBytes = "{}[]\",:/*\\0-.eE\n\r\x00\xff\xefntf#"sv;
  for (int round = rounds(300); round > 0 && !testing::Test::HasFailure(); --round) {
    Writer writer(random);
    writer.write();
    SCOPED_TRACE(writer.text);
    for (std::size_t size = 0; size < std::min<std::size_t>(writer.text.size(), 300); ++size) {
      expect_clean(writer.text.substr(0, size));
      std::string changed = writer.text;
      changed[size] = kBytes[random() % kBytes.size()];
      expect_clean(changed);
      changed.insert(random() % changed.size(), 1, kBytes[random() % kBytes.size()]);
      expect_clean(changed);
    }
  }
}

// ---- files

TEST(SmallFile, IsReadWholeOrNot) {
  EXPECT_EQ(*read_small_file("/dev/null", 10), "");
  EXPECT_EQ(read_small_file("/nowhere/f", 10).error().message, "No such file or directory");
  EXPECT_EQ(read_small_file("/", 10).error().message, "Is a directory");
  EXPECT_EQ(read_small_file("/dev/zero", 2 << 20).error().message, "longer than 2 MiB");
}

}  // namespace
}  // namespace distaff::json_tree_test
