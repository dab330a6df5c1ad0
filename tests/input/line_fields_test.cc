#include "input/line_fields.h"

#include "input_testing.h"

namespace distaff::line_fields_test {
namespace {

Fields split(const std::string& regex, const std::string& text) {
  auto fields = make_line_fields({.split = regex});
  if (!fields) return {fields.error().message};
  Record record;
  record.text = text;
  EXPECT_TRUE((*fields)->find(record));
  return record.fields;
}

TEST(Split, FieldsAreWhatLiesBetween) {
  EXPECT_EQ(split(",", "a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(split("[:,]+", "a:,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(split(",", "abc"), (Fields{"abc"}));
  EXPECT_EQ(split("\\t", "a\tb c"), (Fields{"a", "b c"}));
  EXPECT_EQ(split("|", "a|b"), (Fields{"a|b"})) << "a regex: nothing or nothing";
}

TEST(Split, EmptyFieldsAreKept) {
  EXPECT_EQ(split(",", ",a,,b,"), (Fields{"", "a", "", "b", ""}));
  EXPECT_EQ(split(" +", " a  b "), (Fields{"", "a", "b", ""}));
  EXPECT_EQ(split(",", ""), (Fields{""}));
}

TEST(Split, AMatchOfNothingSeparatesNothing) {
  EXPECT_EQ(split("x*", "axxb"), (Fields{"a", "b"}));
  EXPECT_EQ(split("^", "ab"), (Fields{"ab"}));
  EXPECT_EQ(split("\\b", "a b"), (Fields{"a b"}));
  EXPECT_EQ(split("-*", "\xc3\xa9--\xc3\xa9"), (Fields{"\xc3\xa9", "\xc3\xa9"}));
}

TEST(Split, AnchorsMeanTheLine) {
  EXPECT_EQ(split("^a", "aab"), (Fields{"", "ab"}));
  EXPECT_EQ(split("b$", "abb"), (Fields{"ab", ""}));
}

TEST(Split, KnowsNoNumberOfFields) {
  auto fields = make_line_fields({.split = ","});
  ASSERT_TRUE(fields);
  EXPECT_EQ((*fields)->scheme(), (FieldScheme{FieldScheme::Kind::numbered, {}, {}}));
}

struct Matched {
  bool kept = false;
  Record record;
};

Matched match(const std::string& regex, const std::string& text, NoMatch no_match = NoMatch::fail) {
  auto fields = make_line_fields({.match = regex, .no_match = no_match});
  if (!fields) return {false, {.problem = fields.error().message}};
  Matched matched;
  matched.record.text = text;
  matched.kept = (*fields)->find(matched.record);
  return matched;
}

TEST(Match, NamedCapturesAreFields) {
  const Matched matched = match("id=(?P<id>\\d+)(x)? (?P<rest>.*)", "an id=17 and more");
  EXPECT_TRUE(matched.kept);
  EXPECT_EQ(matched.record.fields, (Fields{"17", "and more"}));
  EXPECT_EQ(*matched.record.names, (FieldNames{"id", "rest"}));
  EXPECT_EQ(matched.record.problem, "");
}

TEST(Match, TheSchemeHasTheNames) {
  auto fields = make_line_fields({.match = "(?P<b>.)(?P<a>.)"});
  ASSERT_TRUE(fields);
  EXPECT_EQ((*fields)->scheme(), (FieldScheme{FieldScheme::Kind::named, {"b", "a"}, {}}));
}

TEST(Match, NamesMayBeWrittenWithoutThePToo) {
  EXPECT_EQ(match("(?<a>x)[(?<b>](?<c>\\(?)", "xb(").record.fields, (Fields{"x", "("}));
  EXPECT_EQ(match("[](?<b>]\\(?(?<c>.)", "](y").record.fields, (Fields{"y"}));
}

TEST(Match, WithoutNamesCapturesAreNumbered) {
  EXPECT_EQ(match("(\\d+)-(\\d+)", "a 1-2").record.fields, (Fields{"1", "2"}));
  EXPECT_EQ(match("(\\d+)-(\\d+)", "a 1-2").record.names, nullptr);
  auto fields = make_line_fields({.match = "(.)(.)"});
  ASSERT_TRUE(fields);
  EXPECT_EQ((*fields)->scheme(), (FieldScheme{FieldScheme::Kind::numbered, {}, 2}));
}

TEST(Match, ACaptureThatTookNoPartIsMissingNotEmpty) {
  EXPECT_EQ(match("(?P<a>a)|(?P<b>b*)", "a").record.fields, (Fields{"a", std::nullopt}));
  EXPECT_EQ(match("(?P<a>a)|(?P<b>c*)", "b").record.fields, (Fields{std::nullopt, ""}));
}

TEST(Match, WhatDoesNotMatchFailsIsSkippedOrKept) {
  const Matched failing = match("(?P<a>x)", "y", NoMatch::fail);
  EXPECT_TRUE(failing.kept);
  EXPECT_EQ(failing.record.problem,
            "does not match --match '(?P<a>x)' (--no-match skip leaves such records out)");
  EXPECT_FALSE(match("(?P<a>x)", "y", NoMatch::skip).kept);
  const Matched keeping = match("(?P<a>x)", "y", NoMatch::keep);
  EXPECT_TRUE(keeping.kept);
  EXPECT_EQ(keeping.record.problem, "");
  EXPECT_EQ(keeping.record.fields, Fields{std::nullopt});
}

TEST(LineFields, MistakesNameTheOptionAndTheWayOut) {
  const auto error = [](const InputSpec& spec) {
    auto fields = make_line_fields(spec);
    return fields ? std::string() : fields.error().message;
  };
  EXPECT_EQ(error({.split = "("}),
            "--split '(' is no regex: missing ): ( (a backslash makes a character stand for "
            "itself)");
  EXPECT_EQ(error({.match = "["}),
            "--match '[' is no regex: missing ]: [ (a backslash makes a character stand for "
            "itself)");
  EXPECT_EQ(error({.match = "x"}),
            "--match 'x' has no capture: write (?P<name>...) around what is to be {name}");
  EXPECT_EQ(error({.split = "x", .match = "x"}),
            "--split and --match both make fields: use one of them");
  EXPECT_EQ(error({.format = RecordFormat::csv, .split = "x"}),
            "--split is for lines: CSV, TSV and JSON lines have fields already, leave it out");
}

TEST(LineFields, LinesGetThem) {
  const Drained drained =
      drain_text("a1\nb\na2\n", {.match = "a(?P<n>.)", .no_match = NoMatch::skip});
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{"1"}, {"2"}}));
  EXPECT_EQ(drain_text("a b\nc\n", {.split = " "}).fields(),
            (std::vector<Fields>{{"a", "b"}, {"c"}}));
}

}  // namespace
}  // namespace distaff::line_fields_test
