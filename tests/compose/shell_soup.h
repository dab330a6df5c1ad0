#pragma once

// Scripts of random shell tokens, most of which are nonsense.

#include <random>
#include <string>
#include <vector>

namespace distaff::testing {

inline const std::vector<std::string>& tokens() {
  static const std::vector<std::string> all = {
      "{}", "{}", "{}", "{}", "{}", "{}", "\"{}\"", "'{}'", "{/}", "{2}", "{#}", "\\{}",
      // quotes
      "\"", "\"", "'", "'", "`", "`", "\\", "\\\n", "$'", "$\"", "\"$", "\\'", "\\\"", "\\\\",
      // what a dollar begins
      "$(", "$(", ")", ")", "$((", "))", "$[", "${n:-", "${n:-", "${n-", "${n:=", "${y#", "${y%%",
      "${y/", "${y:", "${y[", "${!y", "${y^", "${y@", "${#", "${y}", "}", "}", "$y", "$y[", "$",
      "$#", "$?", "$$", "$~", "${ ", "${}", "$(({}", "${y:{}", "${y[{}", "a[{}",
      "a[{}]=", "[[ 1 -eq {} ]]", "[[ {}", "[[ 1", "-eq {}", "[[ -v {}",
      // operators
      ";", ";", "&", "|", "||", "&&", "|&", ";;", ";&", ";;&", ">", ">>", "<", ">&", "<&", "&>",
      "&>>", ">|", "<>", "<<", "<<<", "<(", ">(", "2>", "2>&", "(", "(", "((", ")", "()", "f()",
      // here-documents
      "<<E", "<<E\n", "<<-E\n", "<<'E'\n", "\nE\n", "\nE\n", "E",
      // words and characters
      "echo", "echo", ":", ":", "true", "false", "cat", "a", "b=", "y=", "1", "10#", "-1", "2", "+",
      "-", "*", "?", "~", "=", "!", "#", "#", ",", "{", "{", "..", "{{", "}}", "a[", "[", "]",
      "]=", "a=(", "a=([", "!(", "((y", "for ((", ";y;", "$[y", "[[ y =~ (", "$'\\''", "=(",
      "+=", "RANDOM=", "OPTIND=", "@(", "-n", "x", "/",
      // reserved words
      "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case",
      "esac", "case x in x)", "case {} in", "for x in", "function", "f", "time", "coproc", "select",
      "select x in", "coproc N {", "[[", "[[", "[[ (", "]]", "[", "-eq", "=~", "==", "-o", "-a",
      "set", "--", "shift", "!"};
  return all;
}

inline std::string soup(std::mt19937_64& random) {
  static const std::vector<std::string> glue = {"", "", "", " ", " ", " ", " ", " ", "\n"};
  std::string script;
  const std::size_t length = 3 + random() % 14;
  for (std::size_t i = 0; i < length; ++i) {
    script += tokens()[random() % tokens().size()] + glue[random() % glue.size()];
  }
  return script;
}

}  // namespace distaff::testing
