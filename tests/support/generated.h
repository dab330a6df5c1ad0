#pragma once

// For tests of files that are made from the option table and committed: part of such a file is
// written by hand, and a part between two marks by the test.  A file that is stale fails the test;
// `DISTAFF_UPDATE=1 cli_test --gtest_filter='Generated.*'` writes it anew.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/option_table.h"
#include "support/read_file.h"

namespace distaff {

inline std::string in_source(std::string_view path) {
  return std::string(DISTAFF_SOURCE_DIR "/") + std::string(path);
}

// Compares what stands between the marks with `made`, or makes it so.
inline void expect_fresh(const std::string& path, std::string_view begin_mark,
                         std::string_view end_mark, const std::string& made) {
  const std::string text = read_file(path);
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find(end_mark);
  ASSERT_NE(begin, text.npos) << path << " has no mark";
  ASSERT_NE(end, text.npos) << path << " has no end mark";
  const std::string fresh = text.substr(0, begin + begin_mark.size()) + made + text.substr(end);
  if (std::getenv("DISTAFF_UPDATE") != nullptr) {
    std::ofstream(path, std::ios::binary) << fresh;
    return;
  }
  EXPECT_TRUE(text == fresh) << path
                             << " is stale: DISTAFF_UPDATE=1 cli_test "
                                "--gtest_filter='Generated.*' makes it anew";
}

struct CommandResult {
  std::string output;  // stdout and stderr
  int status = 0;
};

inline CommandResult run_command(const std::string& command) {
  CommandResult result;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    result.output.append(buffer, got);
  }
  result.status = pclose(pipe);
  return result;
}

inline bool is_installed(const std::string& program) {
  return run_command("command -v " + program).status == 0;
}

// "-j", "-P", "--jobs"
inline std::vector<std::string> spellings(const Option& option) {
  std::vector<std::string> all;
  if (option.letter != 0) all.push_back(std::string{'-', option.letter});
  if (option.second_letter != 0) all.push_back(std::string{'-', option.second_letter});
  if (!option.name.empty()) all.push_back("--" + std::string(option.name));
  return all;
}

// "a|b|c", as the table writes choices and examples.
inline std::vector<std::string> alternatives(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find('|');
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return parts;
}

inline std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

inline std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace distaff
