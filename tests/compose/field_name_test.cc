#include "compose/field_name.h"

#include <gtest/gtest.h>

#include <time.h>

#include <algorithm>
#include <random>

#include "compose/command.h"
#include "compose/line.h"

// The names of fields, and how they are written in braces.

namespace distaff {
namespace {

using Kind = FieldScheme::Kind;
using Words = std::vector<std::string>;

FieldScheme fields(Kind kind, FieldNames names) { return {kind, std::move(names), {}}; }

TEST(FieldName, IsReadAsAJsonString) {
  const auto read = [](std::string_view text) {
    const auto found = read_quoted_name(text);
    return found ? std::to_string(found->length) + ":" + found->name : "none";
  };
  EXPECT_EQ(read(R"("a b" c)"), "5:a b");
  EXPECT_EQ(read(R"("a\"b\\c\/d")"), "12:a\"b\\c/d");
  EXPECT_EQ(read(R"("\n\t\u00e9\u20ac\ud83d\ude00")"), "30:\n\té€😀");
  EXPECT_EQ(read(R"("")"), "2:");
  for (const char* none :
       {"a", "\"a", "\"a\nb\"", R"("\x")", R"("\u12")", R"("\ud83d\u0041")", ""}) {
    EXPECT_EQ(read(none), "none") << none;
  }
}

TEST(FieldName, IsWrittenAsItIsWhereThatIsReadAsTheField) {
  const FieldNames names{"id",   "Full Name", "straße", "@id",    "a/b",   ".a", "a[0]",
                         "a.b",  "a}b",       "it's",   "s/a/b/", "#",     "1",  "",
                         "a\nb", "{x}",       "x}",     "id",     "\"q\"", " "};
  const Words csv{"id",        "Full Name", "straße",  "@id",    "a/b",   ".a", "a[0]",
                  "a.b",       R"("a}b")",  "it's",    "s/a/b/", "#",     "1",  R"("")",
                  R"("a\nb")", R"("{x}")",  R"("x}")", "18",     "\"q\"", " "};
  const FieldScheme scheme = fields(Kind::named, names);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(written_name(scheme, i), csv[i]);
}

TEST(FieldName, ShowsWhatIsNotSeen) {
  const FieldNames names{"a\u202eb",     "c\u009b2J", "z\u200bz", "q\U000e0001",
                         "x\u2028\"y\"", "i\xe9",     "e\u00e9"};
  const Words shown{R"("a\u202eb")",
                    R"("c\u009b2J")",
                    R"("z\u200bz")",
                    R"("q\udb40\udc01")",
                    R"("x\u2028\"y\"")",
                    "6",
                    "e\u00e9"};
  const FieldScheme scheme = fields(Kind::named, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(written_name(scheme, i), shown[i]);
    if (shown[i] == "6") continue;
    const auto found = field_in_braces(shown[i], scheme);
    ASSERT_TRUE(found) << shown[i];
    EXPECT_EQ(found->name, names[i]);
  }
}

TEST(FieldName, GoesBeforeEverythingElseThatBracesMean) {
  const FieldNames names{"Full Name", "@id", "a/b", ".a",          "a[0]", "a.b",   "a}b",
                         "a",         "x/",  "#",   "line\nbreak", "^q",   "naïve", "a b/c.d"};
  for (const Kind kind : {Kind::named, Kind::open}) {
    const FieldScheme scheme = fields(kind, names);
    for (const std::string& name : names) {
      const auto found = field_in_braces(name, scheme);
      ASSERT_TRUE(found) << name;
      EXPECT_EQ(found->name, name);
      EXPECT_TRUE(found->parts.empty()) << name;
    }
    const auto read = Template::parse("{a/}{Full Name.}{a.}{@id^x}{\"a\"/}", {.scheme = scheme});
    ASSERT_TRUE(read);
    ASSERT_EQ(read->pieces().size(), 5u);
    EXPECT_EQ(std::get<Replacement>(read->pieces()[1]).name, "Full Name");
    for (const Piece& piece : read->pieces()) {
      EXPECT_EQ(std::get<Replacement>(piece).parts.size(), 1u);
    }
  }
}

TEST(FieldName, OfAnotherObjectIsStillAMember) {
  const FieldScheme scheme = fields(Kind::open, {"Name"});
  EXPECT_EQ(field_in_braces("name", scheme)->name, "name");
  EXPECT_EQ(field_in_braces("a.b", scheme)->name, "a.b");
  EXPECT_FALSE(field_in_braces("full name", scheme));
  EXPECT_FALSE(field_in_braces("\"other\"", scheme));
}

TEST(FieldName, NeedsTheFirstObjectOnlyForOddBraces) {
  for (const char* odd :
       {"{Full Name}", "x{@id}", "{/}", "{name.}", "{\"a\"}", "{straße}", "{{x}}", "{#}"}) {
    EXPECT_TRUE(depends_on_names(odd)) << odd;
  }
  for (const char* plain : {"{}", "{a}{b-c}", "{a.b.c}", "text", "{", "}{"}) {
    EXPECT_FALSE(depends_on_names(plain)) << plain;
  }
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Sixteen times as many take about sixteen times as long, and would take 256 times as long if all
// were looked at for each.
TEST(FieldName, OfManyAreWrittenInTimeThatGrowsAsTheyDo) {
  const auto took = [](std::size_t count) {
    FieldNames names;
    for (std::size_t i = 0; i < count; ++i) {
      names.push_back((i % 2 == 0 ? "column " : "col{") + std::to_string(i));
    }
    const FieldScheme scheme = fields(Kind::named, std::move(names));
    double least = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double begin = cpu_seconds();
      const FieldSpelling written(scheme);
      std::size_t bytes = 0;
      for (std::size_t n = 0; n < count; ++n) bytes += written.at(n).size();
      EXPECT_GT(bytes, count * 5);
      least = std::min(least, cpu_seconds() - begin);
    }
    return least;
  };
  EXPECT_LT(took(16'000), 80 * took(1'000));
}

TEST(FieldName, WithTwoDotsMayBeANameOrAnExpansion) {
  for (const char* text : {"{a..b}", "{1..9}", "x{a..z..2}"}) EXPECT_TRUE(depends_on_names(text));
  for (const char* text : {"{a.b}", "{1}", "{}", "{a.b.c}"}) EXPECT_FALSE(depends_on_names(text));
}

// Two hundred random names: what is listed for each is the field, in an argv and in a script.
TEST(FieldName, AsListedIsTheFieldInEveryCommand) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const Words parts{"a",  "Z", "7",  " ",  "é",  "ß",  "@",    "/",   ".",  "^", "#",
                    "%",  "{", "}",  "'",  "\"", "$",  "\\",   "\n",  "\t", "[", "]",
                    "s/", "`", "(",  ")",  "&",  ";",  "|",    "*",   "~",  "!", "=",
                    "-",  ",", "{}", "{{", "}}", "$(", "\xff", "\x01"};
  FieldNames names;
  while (names.size() < 200) {
    std::string name = random() % 8 == 0 ? "s/" : "";
    for (std::size_t length = random() % 8; length-- > 0;) name += parts[random() % parts.size()];
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  Record record;
  record.text = "all";
  record.names = std::make_shared<const FieldNames>(names);
  for (std::size_t i = 0; i < names.size(); ++i)
    record.fields.emplace_back(std::to_string(i + 1000));
  for (const Kind kind : {Kind::named, Kind::open}) {
    const FieldScheme scheme = fields(kind, names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string written = "{" + written_name(scheme, i) + "}";
      ASSERT_EQ(written.find('\n'), written.npos);
      for (const Words& words :
           {Words{"x", written}, Words{"x " + written}, Words{"x; printf %s " + written},
            Words{"echo \"" + written + "\""}, Words{"echo '" + written + "'"}}) {
        CommandSpec spec;
        spec.words = words;
        Words warnings;
        const auto command = CommandTemplate::compile(spec, {.scheme = scheme}, warnings);
        ASSERT_TRUE(command) << words.back() << ": " << command.error().message;
        const auto launch = command->build({{&record, 1}, JobId{1}, 1});
        ASSERT_TRUE(launch) << words.back() << " for " << names[i];
        EXPECT_EQ(launch->argv.back(), *record.fields[i]) << words.back();
      }
    }
  }
}

}  // namespace
}  // namespace distaff
