// The man pages' OPTIONS are made from the option table; see support/generated.h.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/help.h"
#include "cli/option_table.h"
#include "support/generated.h"

namespace distaff::man_page_test {
namespace {

struct Page {
  Program program;
  std::string path;
};
const Page kPages[] = {{Program::run, in_source("man/distaff.1")},
                       {Program::fetch, in_source("man/distaff-fetch.1")}};

// One word as troff wants it: what it would turn into other characters is escaped, and options
// get minus signs, not hyphens, so that they can be copied.
std::string troff_word(std::string_view word) {
  const std::size_t start = word.find_first_not_of("('\"");
  const bool is_option = start != word.npos && word[start] == '-';
  std::string text;
  for (const char c : word) {
    if (c == '\\') {
      text += "\\e";
    } else if (c == '-' && is_option) {
      text += "\\-";
    } else if (c == '\'') {
      text += "\\(aq";
    } else if (c == '^') {
      text += "\\(ha";
    } else {
      text += c;
    }
  }
  return text;
}

// Lines of less than 80 columns, a new one for each sentence.
std::string troff_text(std::string_view text) {
  std::string page;
  std::string line;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const std::string next = troff_word(word);
    if (!line.empty() && line.size() + 1 + next.size() > 78) {
      page += line + "\n";
      line.clear();
    }
    if (line.empty() && (next[0] == '.' || next[0] == '\'')) line = "\\&";
    line += (line.empty() || line == "\\&" ? "" : " ") + next;
    if (word.size() > 3 && word.back() == '.') {
      page += line + "\n";
      line.clear();
    }
  }
  if (!line.empty()) page += line + "\n";
  return page;
}

// "See RULES." of a section that this page does not have is one of distaff(1).
std::string with_pages(std::string text, std::string_view page) {
  constexpr std::string_view kSee = "See ";
  for (std::size_t at = 0; (at = text.find(kSee, at)) != text.npos; at += kSee.size()) {
    const std::size_t begin = at + kSee.size();
    const std::size_t end = text.find('.', begin);
    if (std::isupper(static_cast<unsigned char>(text[begin + 1])) == 0) continue;
    const std::string heading = "\n.SH " + text.substr(begin, end - begin) + "\n";
    if (page.find(heading) == page.npos) text.insert(end, " in distaff(1)");
  }
  return text;
}

std::string man_entry(const Option& option, std::string_view page) {
  std::vector<std::string> words;
  for (const std::string& spelled : spellings(option)) {
    words.push_back("\\fB" + replaced(spelled, "-", "\\-") + "\\fR");
  }
  std::string entry = ".TP\n" + join(words, ", ");
  if (!option.choices.empty()) {
    entry += " \\fB" + replaced(std::string(option.choices), "|", "\\fR|\\fB") + "\\fR";
  } else if (!option.value.empty()) {
    entry += fmt::format(" \\fI{}\\fR", option.value);
  }
  std::string text(option.brief);
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  text += ". ";
  text += with_pages(std::string(option.detail), page);
  if (option.repeatable && option.detail.find("several times") == option.detail.npos) {
    text += " May be given several times.";
  }
  if (!option.standard.empty()) text += fmt::format(" Default: {} .", option.standard);
  return entry + "\n" + replaced(troff_text(text), " .\n", ".\n");
}

std::string man_options(Program program, std::string_view whole_page) {
  std::string page;
  const Option* before = nullptr;
  for (const Option& option : options(program)) {
    if (before == nullptr || before->topic != option.topic) {
      page += fmt::format(".SS {}\n", title(option.topic));
    }
    before = &option;
    page += man_entry(option, whole_page);
  }
  return page;
}

constexpr std::string_view kManBegin =
    ".\\\" From here to the end mark: made from the option table.\n";
constexpr std::string_view kManEnd = ".\\\" End mark.\n";

TEST(Generated, ManPagesHaveTheOptionsOfTheTable) {
  for (const Page& page : kPages) {
    expect_fresh(page.path, kManBegin, kManEnd, man_options(page.program, read_file(page.path)));
  }
}

TEST(Generated, ManPagesAreCleanForMandoc) {
  if (!is_installed("mandoc")) GTEST_SKIP() << "no mandoc";
  for (const Page& page : kPages) {
    EXPECT_EQ(run_command("mandoc -T lint -W style " + shell_quote(page.path)).output, "");
  }
}

// man-db sets pages with groff, in 80 columns on most terminals.
TEST(Generated, ManPagesFitTheirTablesIntoEightyColumns) {
  if (!is_installed("groff")) GTEST_SKIP() << "no groff";
  for (const Page& page : kPages) {
    EXPECT_EQ(run_command("groff -t -man -Tutf8 -ww -z -rLL=78n " + shell_quote(page.path)).output,
              "");
  }
}

TEST(Generated, ManPagesNameTheVersion) {
  for (const Page& page : kPages) {
    EXPECT_NE(read_file(page.path).find(fmt::format("\"distaff {}\"", version())),
              std::string::npos);
  }
}

}  // namespace
}  // namespace distaff::man_page_test
