#include "compose/template.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "compose/line.h"

namespace distaff::template_test {
namespace {

TemplateSyntax plain() { return {}; }

TemplateSyntax table(FieldNames names) {
  TemplateSyntax syntax;
  syntax.scheme.kind = FieldScheme::Kind::named;
  syntax.scheme.names = std::move(names);
  return syntax;
}

TemplateSyntax scheme(FieldScheme::Kind kind, std::optional<std::size_t> count = {}) {
  TemplateSyntax syntax;
  syntax.scheme.kind = kind;
  syntax.scheme.count = count;
  return syntax;
}

TemplateSyntax written(std::string replacement) {
  TemplateSyntax syntax;
  syntax.replacement = std::move(replacement);
  return syntax;
}

Record row(std::vector<std::optional<std::string>> fields, FieldNames names = {}) {
  Record record;
  for (const auto& field : fields) {
    record.text += (record.text.empty() ? "" : ",") + field.value_or("");
  }
  record.fields = std::move(fields);
  if (!names.empty()) record.names = std::make_shared<const FieldNames>(std::move(names));
  return record;
}

std::string expand(std::string_view text, const TemplateSyntax& syntax,
                   std::vector<Record> records) {
  const auto compiled = Template::parse(text, syntax);
  if (!compiled) return "refused: " + compiled.error().message;
  const auto value = compiled->expand({records, JobId{7}, 2});
  return value ? *value : "missing: " + value.error().message;
}

std::string expand(std::string_view text, const std::string& record) {
  return expand(text, plain(), {line(record)});
}

std::vector<std::string> each(std::string_view text, const TemplateSyntax& syntax,
                              std::vector<Record> records) {
  const auto compiled = Template::parse(text, syntax);
  if (!compiled) return {"refused: " + compiled.error().message};
  const auto values = compiled->expand_each({records, JobId{7}, 2});
  return values ? *values : std::vector<std::string>{"missing: " + values.error().message};
}

TEST(Template, PutsRecordNumberAndSlotWhereTheyStand) {
  EXPECT_EQ(expand("<{}> {#} {%} {1}", "a b"), "<a b> 7 2 a b");
  EXPECT_EQ(expand("", "a"), "");
}

TEST(Template, TakesPathsApart) {
  const std::string path = "/data/x.y/s1.fq.gz";
  EXPECT_EQ(expand("{/}", path), "s1.fq.gz");
  EXPECT_EQ(expand("{//}", path), "/data/x.y");
  EXPECT_EQ(expand("{.}", path), "/data/x.y/s1.fq");
  EXPECT_EQ(expand("{/.}", path), "s1.fq");
  EXPECT_EQ(expand("{/..}", path), "s1");
  EXPECT_EQ(expand("{/^.fq.gz}", path), "s1");
  EXPECT_EQ(expand("{///}", path), "x.y");
  EXPECT_EQ(expand("{1//}", path), "/data/x.y");
  EXPECT_EQ(expand("{@s(\\d+)\\.}", path), "1");
  EXPECT_EQ(expand("{@[a-z]{4}}", path), "data");
  EXPECT_EQ(expand("{/@\\w+}!", path), "s1!");
}

TEST(Template, KnowsTheEdgesOfPaths) {
  struct Case {
    const char *text, *base, *dir, *stem;
  };
  constexpr Case kCases[] = {
      {"a", "a", ".", "a"},        {"a/", "a", ".", "a/"},      {"/", "/", "/", "/"},
      {"//", "/", "/", "//"},      {"/a", "a", "/", "/a"},      {"//a", "a", "/", "//a"},
      {"a//b", "b", "a", "a//b"},  {"", "", ".", ""},           {".x", ".x", ".", ".x"},
      {"d/.x", ".x", "d", "d/.x"}, {".x.y", ".x.y", ".", ".x"}, {"d.e/f", "f", "d.e", "d.e/f"},
      {"..", "..", ".", ".."},     {"a.", "a.", ".", "a"},      {"d.e/", "d.e", ".", "d"},
      {"a/b/", "b", "a", "a/b/"},  {"..a", "..a", ".", "..a"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(expand("{/}", c.text), c.base);
    EXPECT_EQ(expand("{//}", c.text), c.dir);
    EXPECT_EQ(expand("{.}", c.text), c.stem);
  }
}

TEST(Template, TakesASuffixAwayOnlyIfSomethingIsLeft) {
  EXPECT_EQ(expand("{^.gz}", "a.gz"), "a");
  EXPECT_EQ(expand("{^.gz}", ".gz"), ".gz");
  EXPECT_EQ(expand("{^.gz}", "a.xz"), "a.xz");
  EXPECT_EQ(expand("{^{x}}", "a{x}"), "a");
}

TEST(Template, LeavesEverythingElseAsItIs) {
  for (const char* text :
       {"${HOME}", "${x}y",      "{{.Name}}", "{{name}}", "{{}}",  "[0-9]{4}",
        "{2}",     "{print $1}", "{\"a\":1}", "{1..9}",   "{a,b}", "{name}",
        "{0}",     "{01}",       "{",         "}",        "{/x/}", "{@}",
        "{^}",     "{@(",        "{#.}",      "{%x}",     "{ }",   "{{range .A}}{{.B}}{{end}}",
        "{1",      "a{\n}"}) {
    SCOPED_TRACE(text);
    const auto compiled = Template::parse(text, plain());
    ASSERT_TRUE(compiled);
    EXPECT_TRUE(compiled->is_literal());
    EXPECT_EQ(expand(text, "x"), text);
  }
  EXPECT_EQ(expand("{{{}", "x"), "{{x");
  EXPECT_EQ(expand("{\"u\":{}}", "x"), "{\"u\":x}");
  EXPECT_EQ(expand("${x:-{}}", "y"), "${x:-y}");
}

TEST(Template, TakesAColumnsNameExactlyBeforePathParts) {
  const FieldNames names = {"id", "Full Name", "a.b", "a", "x.", "#", "2019"};
  const auto record = row({"7", "Ada L.", "dot", "d/e.f", "p.q", "hash", "year"}, names);
  const auto syntax = table(names);
  const auto value = [&](std::string_view text) { return expand(text, syntax, {record}); };
  EXPECT_EQ(value("{id}{Full Name}"), "7Ada L.");
  EXPECT_EQ(value("{Full Name.}"), "Ada L");
  EXPECT_EQ(value("{a.b}"), "dot");
  EXPECT_EQ(value("{a.}"), "d/e");
  EXPECT_EQ(value("{a/.}"), "e");
  EXPECT_EQ(value("{x.}"), "p.q");
  EXPECT_EQ(value("{x..}"), "p");
  EXPECT_EQ(value("{#}"), "hash");
  EXPECT_EQ(value("{2019}"), "year");
  EXPECT_EQ(value("{4//}"), "d");
  EXPECT_EQ(value("{a@(\\w)\\.}"), "e");
  EXPECT_EQ(value("{name: $n}"), "{name: $n}");
}

TEST(Template, RefusesFieldsThatATableDoesNotHave) {
  const auto syntax = table({"id", "Full Name", "mail"});
  const auto value = [&](std::string_view text) { return expand(text, syntax, {}); };
  EXPECT_EQ(value("x{mial}"),
            "refused: {mial}: no such field (did you mean {mail}?); the fields are id, Full Name, "
            "mail; if these braces are to stay, add -I '%{}' and write fields as %{id}");
  EXPECT_TRUE(value("{full name}")
                  .starts_with("refused: {full name}: no such field (did you mean {Full Name}?)"));
  EXPECT_TRUE(value("{Full Nam}")
                  .starts_with("refused: {Full Nam}: no such field (did you mean {Full Name}?)"));
  for (const char* form : {"{mail }", "{ mail}", "{Mail }", "{ mail\t}"}) {
    EXPECT_TRUE(value(form).starts_with(std::string("refused: ") + printable(form) +
                                        ": no such field (did you mean {mail}?)"));
  }
  EXPECT_TRUE(value("{3 }").starts_with("refused: {3 }: no such field (did you mean {3}?)"));
  EXPECT_EQ(value("{4 }"), "{4 }") << "nor would be {4}";
  EXPECT_EQ(value("{ }"), "{ }");
  EXPECT_EQ(value("{a b c}"), "{a b c}");
  EXPECT_TRUE(value("{mial/.}").starts_with("refused: {mial/.}: no such field"));
  EXPECT_TRUE(value("{4}").starts_with("refused: {4}: no such field"));
  EXPECT_TRUE(value("{0}").starts_with("refused: "));
  EXPECT_TRUE(value("{99999999999999999999999}").starts_with("refused: "));
  EXPECT_TRUE(expand("{3}", scheme(FieldScheme::Kind::numbered, 2), {})
                  .ends_with("records have 2 fields; if these braces are to stay, add -I '%{}' and "
                             "write fields as %{1}"));
}

TEST(Template, RefusesANumberWithABlank) {
  EXPECT_TRUE(expand("{1 }", "a").starts_with("refused: {1 }: no such field (did you mean {1}?)"));
  EXPECT_EQ(expand("x{2 }", "a"), "x{2 }");
  EXPECT_TRUE(expand("{ 2}", scheme(FieldScheme::Kind::numbered), {})
                  .starts_with("refused: { 2}: no such field (did you mean {2}?); fields have "
                               "numbers;"));
}

TEST(Template, NamesANumberThatNoIntegerHoldsAsItIsWritten) {
  EXPECT_EQ(expand("{18446744073709551617}", scheme(FieldScheme::Kind::numbered), {row({"a"})}),
            "missing: no field 18446744073709551617 in this record");
}

TEST(Template, RefusesARegexThatDoesNotCompile) {
  EXPECT_EQ(expand("x{mail@(}", table({"mail"}), {}),
            "refused: '{mail@(}' holds no regex that RE2 takes: missing ): (");
  auto prefixed = table({"mail"});
  prefixed.replacement = "%{}";
  EXPECT_EQ(expand("%{mail/@(}", prefixed, {}),
            "refused: '%{mail/@(}' holds no regex that RE2 takes: missing ): (");
  EXPECT_EQ(expand("{@(}", "x"), "refused: '{@(}' holds no regex that RE2 takes: missing ): (");
}

TEST(Template, ReachesIntoObjects) {
  const auto syntax = scheme(FieldScheme::Kind::open);
  const auto record = row({"ada", std::nullopt, "x.y"}, {"u.n", "u.m", "f"});
  EXPECT_EQ(expand("{u.n}", syntax, {record}), "ada");
  EXPECT_EQ(expand("{f.}", syntax, {record}), "x");
  EXPECT_EQ(expand("{u.m}", syntax, {record}), "missing: no member 'u.m' in this record");
  EXPECT_EQ(expand("{nope}", syntax, {record}), "missing: no member 'nope' in this record");
  EXPECT_EQ(expand("{1..9}", syntax, {record}), "{1..9}");

  std::vector<std::string> names;
  Template::parse("{u.n}{f/}{f}{}{#}", syntax)->collect_names(names);
  EXPECT_EQ(names, (std::vector<std::string>{"u.n", "f"}));
}

TEST(Template, NeverPutsAnEmptyWordForWhatIsMissing) {
  const auto numbered = scheme(FieldScheme::Kind::numbered);
  EXPECT_EQ(expand("/srv/{3}", numbered, {row({"a", "b"})}), "missing: no field 3 in this record");
  EXPECT_EQ(expand("<{2}>", numbered, {row({"a", ""})}), "<>");
  EXPECT_EQ(expand("{2}", numbered, {row({"a", std::nullopt})}),
            "missing: no field 2 in this record");
  EXPECT_EQ(expand("{b}", table({"a", "b"}), {row({"x"}, {"a", "b"})}),
            "missing: no field 'b' in this record");
  Record unmatched = line("text");  // of a table, but without any field
  unmatched.names = std::make_shared<const FieldNames>(FieldNames{"a", "b"});
  EXPECT_EQ(expand("{a}", table({"a", "b"}), {unmatched}), "missing: no field 'a' in this record");
  EXPECT_EQ(expand("{@\\d+}", "a\tb"), "missing: no match of @\\d+ in 'a\\tb'");
  EXPECT_EQ(expand("{@a|(b)}", "a"), "missing: no match of @a|(b) in 'a'");
  EXPECT_EQ(expand("<{@a(b*)}>", "a"), "<>");
}

TEST(Template, WithAStringOfOnesOwnBracesMeanNothing) {
  EXPECT_EQ(expand("% {} {1} {#}", written("%"), {line("x")}), "x {} {1} {#}");
  EXPECT_EQ(expand("a REC b", written("REC"), {line("x")}), "a x b");
}

TEST(Template, WithAPrefixAllFormsAreSpelledWithIt) {
  EXPECT_EQ(expand("%{} %{/.} %{#} {} {1} ${} {{}} %", written("%{}"), {line("d/x.y")}),
            "d/x.y x 7 {} {1} ${} {{}} %");
  EXPECT_EQ(expand("${} $${/}", written("${}"), {line("d/x")}), "d/x $x");
}

TEST(Template, OfSeveralRecordsJoinsValuesInTextAndRepeatsWords) {
  const auto numbered = scheme(FieldScheme::Kind::numbered);
  const std::vector<Record> lines = {line("a/x"), line("b"), line("c")};
  EXPECT_EQ(expand("<{}>", numbered, lines), "<a/x b c>");
  EXPECT_EQ(expand("{/} {2}{3}", numbered, lines), "x b c bc");
  EXPECT_EQ(expand("{4}", numbered, lines), "missing: no field 4 in the 3 records of this job");
  EXPECT_EQ(each("{}", numbered, lines), (std::vector<std::string>{"a/x", "b", "c"}));
  EXPECT_EQ(each("--in={/},{1},{#}", numbered, lines),
            (std::vector<std::string>{"--in=x,a/x,7", "--in=b,a/x,7", "--in=c,a/x,7"}));
  EXPECT_EQ(each("{2}", numbered, lines), (std::vector<std::string>{"b"}));
  EXPECT_EQ(each("lit", numbered, lines), (std::vector<std::string>{"lit"}));

  const std::vector<Record> pairs = {row({"a", "b"}), row({"c", "d"})};
  EXPECT_EQ(expand("{3}{2}", numbered, pairs), "cb");
  EXPECT_EQ(each("{}", numbered, pairs), (std::vector<std::string>{"a,b", "c,d"}));
}

TEST(Template, ATupleIsAsManyRecordsAsItHasValues) {
  auto syntax = scheme(FieldScheme::Kind::numbered, 2);
  syntax.tuples = true;
  const std::vector<Record> tuple = {row({"p/a", "q/b"})};
  EXPECT_EQ(expand("{/}", syntax, tuple), "a b");
  EXPECT_EQ(expand("{2/}={1}", syntax, tuple), "b=p/a");
  EXPECT_EQ(each("-x{/}", syntax, tuple), (std::vector<std::string>{"-xa", "-xb"}));
  EXPECT_EQ(words_of(tuple[0]), (std::vector<std::string>{"p/a", "q/b"}));
  EXPECT_EQ(words_of(line("a b")), (std::vector<std::string>{"a b"}));
}

TEST(Template, KeepsEveryByte) {
  std::string bytes;
  for (int i = 255; i >= 0; --i) bytes += static_cast<char>(i);
  EXPECT_EQ(expand("{}", bytes), bytes);
  EXPECT_EQ(expand("<{^x}>", bytes), "<" + bytes + ">");
}

}  // namespace
}  // namespace distaff::template_test
