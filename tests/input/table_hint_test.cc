#include "input/table_hint.h"

#include <gtest/gtest.h>

#include <memory>

#include "input/input_testing.h"

namespace distaff::table_hint_test {
namespace {

// What comes of a file of lines where these words stand in braces: the texts of its records, or
// the message that refused it.
std::vector<std::string> outcome(const std::string& text, std::vector<std::string> words) {
  const TemporaryFiles files;
  InputSpec spec;
  spec.files = {files.make("in", text)};
  auto opened = open_source(spec);
  TableHint source(std::move(opened->source), std::move(words), "no names");
  std::vector<std::string> all;
  Record record;
  while (true) {
    switch (source.next(record)) {
      case Source::Next::record:
        all.push_back(record.text);
        break;
      case Source::Next::failed:
        EXPECT_EQ(source.next(record), Source::Next::failed);
        return {source.error().message};
      default:
        return all;
    }
  }
}

bool refuses(const std::string& text, std::vector<std::string> words, std::string_view option) {
  const auto all = outcome(text, std::move(words));
  return all.size() == 1 &&
         all[0].find(std::string(option) + " seems to be missing") != std::string::npos;
}

TEST(TableHint, RefusesATableWhoseColumnsStandInBraces) {
  EXPECT_TRUE(refuses("id,mail\n1,x\n", {"mail"}, "--csv"));
  EXPECT_TRUE(refuses("id,\"Full Name\"\r\n1,x\n", {"print", "Full Name"}, "--csv"));
  EXPECT_TRUE(refuses("id,mail\r\n1,x\r\n", {"mail"}, "--csv"));
  EXPECT_TRUE(refuses("id\tmail\n1\tx\n", {"mail"}, "--tsv"));
  EXPECT_TRUE(refuses("id;mail\n1;x\n", {"mail"}, "--csv --separator ';'"));
  EXPECT_TRUE(refuses("{\"mail\": 1}\n", {"mail"}, "--jsonl"));
}

TEST(TableHint, WarnsOnceOfWordsThatMeanNothing) {
  const TemporaryFiles files;
  InputSpec spec;
  spec.files = {files.make("in", "a\nb\n")};
  TableHint source(std::move(open_source(spec)->source), {"mail"}, "no names");
  Record record;
  EXPECT_EQ(source.take_warning(), "");
  EXPECT_EQ(source.next(record), Source::Next::record);
  EXPECT_EQ(source.take_warning(), "no names");
  EXPECT_EQ(source.take_warning(), "");
}

TEST(TableHint, LetsEverythingElsePass) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(outcome("id,mail\n1,x\n", {"mai"}), (Texts{"id,mail", "1,x"}));
  EXPECT_EQ(outcome("mail\nx\n", {"mail"}), (Texts{"mail", "x"}));
  EXPECT_EQ(outcome("a\nid,mail\n", {"mail"}), (Texts{"a", "id,mail"}));
  EXPECT_EQ(outcome("{\"a\": \"mail\"}\n", {"mails"}), (Texts{"{\"a\": \"mail\"}"}));
  EXPECT_EQ(outcome("", {"mail"}), Texts{});
}

}  // namespace
}  // namespace distaff::table_hint_test
