#include "input/json_source.h"

#include "input_testing.h"

namespace distaff::json_source_test {
namespace {

using Texts = std::vector<std::string>;

InputSpec jsonl() { return {.format = RecordFormat::jsonl}; }

Fields fields_of(std::string_view line) {
  const Drained drained = drain_text(line, jsonl());
  EXPECT_FALSE(drained.error) << drained.error->message;
  return drained.records.at(0).fields;
}

TEST(JsonLines, MembersAreFieldsInOrder) {
  const Drained drained = drain_text("{\"b\":\"x\",\"a\":\"y\"}\n", jsonl());
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{"x", "y"}}));
  EXPECT_EQ(*drained.records[0].names, (FieldNames{"b", "a"}));
  EXPECT_EQ(drained.texts(), Texts{"{\"b\":\"x\",\"a\":\"y\"}"});
}

TEST(JsonLines, ScalarsAreTextAsItWasWritten) {
  EXPECT_EQ(fields_of(R"({"i":42,"n":-7,"z":-0,"f":1.50,"e":1E+5,"b":12345678901234567890123,)"
                      R"("u":18446744073709551615,"m":-9223372036854775808,)"
                      R"("t":true,"g":false,"o":null,"s":""})"),
            (Fields{"42", "-7", "-0", "1.50", "1E+5", "12345678901234567890123",
                    "18446744073709551615", "-9223372036854775808", "true", "false", "", ""}));
}

TEST(JsonLines, StringsAreUnescaped) {
  using namespace std::string_literals;
  EXPECT_EQ(fields_of(R"({"a":"x\n\"\u00e9\ud83d\ude00","b":"x\u0000y"})"),
            (Fields{"x\n\"\xc3\xa9\xf0\x9f\x98\x80", "x\0y"s}));
}

TEST(JsonLines, ArraysAndObjectsAreJsonWithoutBlanks) {
  EXPECT_EQ(fields_of(R"({"a": [1, 2.50 , [ ], {"x" : null}], "b": {"k" : "v\n\u0001\"", "l": {}},)"
                      R"( "c": [], "d": [ "x" , true ]})"),
            (Fields{R"([1,2.50,[],{"x":null}])", R"({"k":"v\n\u0001\"","l":{}})", "[]",
                    R"(["x",true])"}));
}

TEST(JsonLines, TheSchemeIsOpen) {
  const TemporaryFiles files;
  InputSpec spec = jsonl();
  spec.files = {files.make("f", "{}\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme, (FieldScheme{FieldScheme::Kind::open, {}, {}}));
  EXPECT_EQ(drain(*opened->source).fields(), std::vector<Fields>{{}});
}

TEST(JsonLines, RecordsWithTheSameMembersShareTheirNames) {
  const Drained drained = drain_text(
      "{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":4}\n{\"a\":5}\n{\"a\":6,\"c\":7}\n{\"a\":8,\"c\":9}\n",
      jsonl());
  const auto& records = drained.records;
  ASSERT_EQ(records.size(), 5u);
  EXPECT_EQ(records[0].names, records[1].names);
  EXPECT_EQ(*records[2].names, FieldNames{"a"});
  EXPECT_EQ(*records[3].names, (FieldNames{"a", "c"}));
  EXPECT_EQ(records[3].names, records[4].names);
  EXPECT_EQ(records[4].fields, (Fields{"8", "9"}));
}

TEST(JsonLines, OfTwoMembersWithOneNameTheLastCounts) {
  const Drained drained =
      drain_text("{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":[],\"a\":3}\n{\"a\":1,\"a\":{}}\n", jsonl());
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{"1", "2"}, {"3", "[]"}, {"{}"}}));
  EXPECT_EQ(*drained.records[1].names, (FieldNames{"a", "b"}));
}

TEST(JsonLines, OneWarningNamesTheFirstMemberThatStandsTwice) {
  const TemporaryFiles files;
  InputSpec spec = jsonl();
  spec.files = {
      files.make("f", "{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2,\"a\":3}\n{\"b\":1,\"b\":2}\n")};
  auto opened = open_source(spec);
  Texts warnings;
  Record record;
  while (opened->source->next(record) == Source::Next::record) {
    warnings.push_back(opened->source->take_warning());
  }
  EXPECT_EQ(warnings,
            (Texts{"",
                   files.path("f") +
                       ":2: the member 'a' stands twice: the last counts, here and in others",
                   ""}));
}

TEST(JsonLines, BlankLinesCrAndAByteOrderMarkDoNotCount) {
  const Drained drained =
      drain_text("\xEF\xBB\xBF{\"a\":1}\r\n\r\n  \n {\"a\":2} \n\n{\"a\":3}", jsonl());
  EXPECT_EQ(drained.texts(), (Texts{"{\"a\":1}", " {\"a\":2} ", "{\"a\":3}"}));
}

// ---- members of members

std::vector<Record> wanting(const std::vector<std::string>& names, std::string_view text) {
  const TemporaryFiles files;
  InputSpec spec = jsonl();
  spec.files = {files.make("f", text)};
  auto opened = open_source(spec);
  if (!opened) return {};
  want_fields(*opened->source, names);
  return drain(*opened->source).records;
}

TEST(JsonLines, DottedNamesReachIntoObjects) {
  const auto records =
      wanting({"x", "o.p", "o.q.r", "o.s"},
              "{\"x\":1,\"o\":{\"p\":\"v\\n\",\"q\":{\"r\":[1, {\"p\":2}]},\"s\":null}}\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(*records[0].names, (FieldNames{"x", "o", "o.p", "o.q.r", "o.s"}));
  EXPECT_EQ(records[0].fields, (Fields{"1", R"({"p":"v\n","q":{"r":[1,{"p":2}]},"s":null})", "v\n",
                                       R"([1,{"p":2}])", ""}));
}

TEST(JsonLines, AMemberOfAMemberThatIsNotThereIsMissing) {
  const auto records = wanting(
      {"o.p"}, "{\"o\":{\"p\":1}}\n{\"o\":{\"q\":1}}\n{\"o\":2}\n{\"o\":[{\"p\":1}]}\n{}\n");
  ASSERT_EQ(records.size(), 5u);
  EXPECT_EQ(records[0].fields.back(), "1");
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_EQ(records[i].names->back(), "o.p");
    EXPECT_EQ(records[i].fields.back(), std::nullopt) << i;
  }
  EXPECT_EQ(records[0].names, records[1].names);
}

TEST(JsonLines, AMemberThatComesAgainTakesItsMembersBack) {
  const auto records =
      wanting({"o.p"}, "{\"o\":{\"p\":1},\"o\":{\"q\":2}}\n{\"o\":{\"p\":1,\"p\":{}}}\n");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].fields, (Fields{"{\"q\":2}", std::nullopt}));
  EXPECT_EQ(records[1].fields.back(), "{}");
}

TEST(JsonLines, ANameWithADotOfItsOwnComesFirst) {
  const auto records = wanting({"o.p"}, "{\"o.p\":\"mine\",\"o\":{\"p\":\"nested\"}}\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(*records[0].names, (FieldNames{"o.p", "o", "o.p"}));
  EXPECT_EQ(records[0].fields[0], "mine");
}

// ---- mistakes

// Why a single line is no job.
std::string mistake(std::string_view text, InputSpec spec = jsonl()) {
  const Drained drained = drain_text(text, spec);
  EXPECT_FALSE(drained.error);
  for (const Record& record : drained.records) {
    if (record.problem.empty()) continue;
    EXPECT_EQ(record.fields, Fields{});
    EXPECT_EQ(record.names, nullptr);
    return record.problem.substr(record.problem.rfind("/in:") + 1);
  }
  return "none";
}

TEST(JsonLines, ALineThatIsNoObjectSaysWhereAndWhy) {
  const std::string begin = "in:1: malformed JSON: column ";
  EXPECT_EQ(mistake("{\"a\":1}\n\n{\"a\":\n"),
            "in:3: malformed JSON: column 6: the line ends, and a value is missing; an object is "
            "one line, as jq -c writes it");
  EXPECT_EQ(mistake("{}\n[1]\n"),
            "in:2: not a JSON object: each line must be one, as {\"name\": \"value\"}");
  EXPECT_EQ(mistake("17"),
            "in:1: not a JSON object: each line must be one, as {\"name\": \"value\"}");
  const struct {
    const char* line;
    const char* why;
  } lines[] = {
      {"{\"a\":1} x", "9: x is no JSON"},
      {"{\"a\":1}{}", "8: text behind the object, and each line is one"},
      {"{\"a\":1} {\"a\":2}", "9: text behind the object, and each line is one"},
      {"{a:1}", "2: a is no JSON"},
      {"{1:2}", "2: a name in double quotes is missing"},
      {"{'a':1}", "2: strings are in double quotes"},
      {"{\"a\" 1}", "6: a colon is missing"},
      {"{\"a\":1 \"b\":2}", "8: a comma or the end is missing"},
      {"{\"a\":01}", "6: a number begins with 0"},
      {"{\"a\":1.}", "8: a digit is missing in a number"},
      {"{\"a\":-}", "7: a digit is missing in a number"},
      {"{\"a\":2e}", "8: a digit is missing in a number"},
      {"{\"a\":NaN}", "6: NaN is no JSON"},
      {"{\"a\":[-Infinity]}", "7: -Infinity is no JSON"},
      {"{\"a\":True}", "6: True is no JSON"},
      {"{\"a\":[1,]}", "9: a value is missing"},
      {"{\"a\":1,}", "8: a name in double quotes is missing"},
      {"{\"a\":[1}}", "8: a comma or the end is missing"},
      {"{\"a\":\"x", "8: the line ends inside a string"},
      {"{\"a\":\"\t\"}", "7: \\t inside a string is written as an escape"},
      {"{\"a\":\"\\x\"}", "7: \\x is no escape"},
      {"{\"a\":\"b\\u12g4\"}", "8: \\u12g4 is no escape"},
      {"{\"a\":\"\\ud800\"}", "7: \\ud800 is half a character (a lone surrogate)"},
      {"{\"a\":\"\\udc00\"}", "7: \\udc00 is half a character (a lone surrogate)"},
      {"{\"a\":\"\\ud800\\u0041\"}", "7: \\ud800 is half a character (a lone surrogate)"},
  };
  for (const auto& [line, why] : lines) EXPECT_EQ(mistake(line), begin + why) << line;
  for (const char* bad : {"\"x\"", "{", "nul", "{\"a\"", "{\"a\":[", "}", "]", "{\"a\":}"}) {
    EXPECT_EQ(mistake(bad).substr(0, 5), "in:1:") << bad;
  }
}

TEST(JsonLines, TheOthersGoOnAroundALineThatIsNone) {
  const Drained drained = drain_text("{\"a\":1}\n{\"a\":tru\r\n{\"a\":3}\n{\"a\":", jsonl());
  EXPECT_EQ(drained.texts(), (Texts{"{\"a\":1}", "{\"a\":tru", "{\"a\":3}", "{\"a\":"}));
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{"1"}, {}, {"3"}, {}}));
  EXPECT_EQ(*drained.records[2].names, FieldNames{"a"});
  EXPECT_FALSE(drained.error);
}

TEST(JsonLines, StringsMayHoldAnyBytesAndNumbersAnyDigits) {
  EXPECT_EQ(fields_of("{\"a\":\"M\xfcller\",\"b\":[\"\xff\"]}"),
            (Fields{"M\xfcller", "[\"\xff\"]"}));
  EXPECT_EQ(
      fields_of("{\"a\":1e999,\"b\":123456789012345678901234567890.10,\"c\":-0,\"d\":[1E+2]}"),
      (Fields{"1e999", "123456789012345678901234567890.10", "-0", "[1E+2]"}));
  EXPECT_EQ(fields_of("{\"a\":\"\\ud83d\\uDE00\\u00E4\\/\"}"), Fields{"\xf0\x9f\x98\x80\xc3\xa4/"});
}

TEST(JsonLines, ALineLongerThanItMayBeIsNoJob) {
  InputSpec spec = jsonl();
  spec.max_record = 12;
  const Drained drained = drain_text("{\"a\":123456}\n{\"a\":1234567}\n{\"a\":1}\n", spec, 5);
  EXPECT_EQ(drained.texts(), (Texts{"{\"a\":123456}", "", "{\"a\":1}"}));
  EXPECT_TRUE(drained.records[1].bytes_lost);
  EXPECT_EQ(mistake("{\"a\":1234567}\n", spec),
            "in:1: record longer than --max-record 12: raise it; its bytes are not kept");
}

TEST(JsonLines, DepthCostsNoStack) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  EXPECT_EQ(fields_of("{\"a\":" + deep + "}"), Fields{deep});
}

// ---- random values, as tokens, so that blanks can be put between them

void write_value(Dice& dice, int depth, Texts& tokens) {
  static const Texts scalars = {"0",     "-0",           "1.50", "1e-7",
                                "true",  "null",         "\"\"", "\"a b,:{}\"",
                                "false", "\"\\\\\\\"\"", "-12",  "\"\\n\\u0001\""};
  const std::size_t kind = depth > 3 ? 0 : dice.below(4);
  if (kind < 2) {
    tokens.push_back(scalars[dice.below(scalars.size())]);
    return;
  }
  const bool object = kind == 2;
  tokens.push_back(object ? "{" : "[");
  for (std::size_t i = 0, count = dice.below(4); i < count; ++i) {
    if (i > 0) tokens.push_back(",");
    if (object) tokens.insert(tokens.end(), {"\"k" + std::to_string(dice.below(3)) + "\"", ":"});
    write_value(dice, depth + 1, tokens);
  }
  tokens.push_back(object ? "}" : "]");
}

std::string joined(Dice& dice, const Texts& tokens, bool blanks) {
  std::string result;
  for (const std::string& token : tokens) {
    if (blanks && dice.one_in(2)) result += dice.one_in(2) ? " " : "\t ";
    result += token;
  }
  return result;
}

TEST(JsonLines, CompactTextOfRandomValuesIsTheirTokens) {
  const std::uint32_t seed = random_seed();
  SCOPED_TRACE("DISTAFF_SEED=" + std::to_string(seed));
  Dice dice(seed);
  for (int i = random_cases(300); i > 0; --i) {
    Texts tokens;
    write_value(dice, 0, tokens);
    if (tokens.size() == 1) continue;  // scalars are not JSON text
    const std::string line = "{\"a\":" + joined(dice, tokens, true) + "}";
    ASSERT_EQ(fields_of(line), Fields{joined(dice, tokens, false)}) << line;
  }
}

TEST(JsonLines, GivesTheNamesOfTheFirstObjectAndThenItsRecord) {
  const TemporaryFiles files;
  const std::string path =
      files.make("f", "\n{\"a b\":1,\"o\":{\"p\":{\"q r\":2},\"p.x\":3}}\n{\"c\":4}\n");
  InputSpec spec = jsonl();
  spec.files = {path};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  learn_names(*opened);
  EXPECT_EQ(opened->scheme.names, (FieldNames{"a b", "o", "o.p", "o.p.q r", "o.p.x"}));
  want_fields(*opened->source, {"o.p.q r"});
  Record record;
  ASSERT_EQ(opened->source->next(record), Source::Next::record);
  EXPECT_EQ(*record.names, (FieldNames{"a b", "o", "o.p.q r"}));
  EXPECT_EQ(record.fields.back(), "2");
  ASSERT_EQ(opened->source->next(record), Source::Next::record);
  EXPECT_EQ(record.text, "{\"c\":4}");
  EXPECT_EQ(opened->source->next(record), Source::Next::end);
}

TEST(JsonLines, TakesTheNamesOfTheFirstObjectBehindLinesThatAreNone) {
  const TemporaryFiles files;
  InputSpec spec = jsonl();
  spec.files = {files.make("f", "[1]\n{\"a\"\n{\"b c\":{\"d\":1}}\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  learn_names(*opened);
  EXPECT_EQ(opened->scheme.names, (FieldNames{"b c", "b c.d"}));
  Record record;
  for (const char* line : {"[1]", "{\"a\"", "{\"b c\":{\"d\":1}}"}) {
    ASSERT_EQ(opened->source->next(record), Source::Next::record);
    EXPECT_EQ(record.text, line);
    EXPECT_EQ(record.problem.empty(), record.text.find('d') != std::string::npos) << record.problem;
  }
  EXPECT_EQ(opened->source->next(record), Source::Next::end);
}

}  // namespace
}  // namespace distaff::json_source_test
