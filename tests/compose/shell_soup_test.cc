// Scripts of random shell tokens with values that want to be run.  Most are nonsense; what matters
// is that the ones we accept run nothing.  This finds what nobody thought of: a generator of right
// scripts missed `>&`, `|&>&` and `&&>&`, the soup did not.
//
// Left out is what evaluates by intent: eval, let, declare, printf -v, test -v and their like,
// reading back a variable that holds a value, and arithmetic on the output of a command.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "compose/shell_runner.h"
#include "compose/shell_soup.h"

namespace distaff::testing::shell_soup_test {
namespace {

// With y={} the script asks for the value to be evaluated wherever it says $y; and arithmetic on
// the output of a command is arithmetic on that.
bool evaluates_by_intent(const std::string& script) {
  const bool sets_y =
      script.find("y=") != std::string::npos || script.find("y+=") != std::string::npos;
  const bool arithmetic = script.find("$((") != std::string::npos;
  return sets_y || (arithmetic && (script.find("$(", script.find("$((") + 3) != std::string::npos ||
                                   script.find('`') != std::string::npos));
}

// What runs where an expanded value is evaluated once more, and where it is split into words.
std::string eager_value(std::mt19937_64& random) {
  static const std::vector<std::string> values = {"a[$(>CANARY)0]", "path[$(>CANARY)1]",
                                                  "$(>CANARY)", "touch CANARY", "x[`>CANARY`]"};
  return random() % 4 == 0 ? random_value(random) : values[random() % values.size()];
}

// Shells whose builtins take every number for arithmetic.
bool evaluates_operands(const Shell& shell, const std::string& script) {
  if (shell.name != "mksh" && shell.name != "zsh") return false;
  return script.find("-eq") != std::string::npos || script.find("shift") != std::string::npos;
}

TEST(ShellSoup, RunsNothingThatStandsInAValue) {
  const std::uint64_t seed = seed_from("DISTAFF_SEED");
  SCOPED_TRACE(fmt::format("DISTAFF_SEED={}", seed));
  std::mt19937_64 random(seed);
  Scratch scratch;
  const std::size_t wanted = count_from("DISTAFF_SOUP_COUNT", 300);
  const bool all_shells = std::getenv("DISTAFF_SOUP_ALL") != nullptr;
  std::size_t accepted = 0;
  std::size_t tried = 0;
  std::size_t runs = 0;
  std::size_t slow = 0;
  for (; accepted < wanted; ++tried) {
    const std::string text = soup(random);
    if (evaluates_by_intent(text)) continue;
    ShellScriptOptions options;
    options.syntax.scheme = {.kind = FieldScheme::Kind::numbered, .names = {}, .count = {}};
    const std::vector<Shell> own = shells();
    options.family = own[random() % own.size()].family;
    options.batch = random() % 4 == 0;
    const auto script = compile_shell_script(text, options);
    if (!script || (script->values.empty() && !script->uses_records)) continue;
    ++accepted;
    for (const Shell& shell : own) {
      // What is read as bash reads it is for bash.
      const bool named = options.family != ShellFamily::posix;
      if (named && options.family != shell.family) continue;
      if (!shell.required && !named && (!all_shells || evaluates_operands(shell, text))) continue;
      // In arithmetic only integers are let through.
      std::vector<std::string> arguments =
          arguments_of(*script, {eager_value(random), eager_value(random)});
      bool starts = true;
      for (std::size_t i = 0; i < script->values.size(); ++i) {
        if (script->values[i].arithmetic && !arithmetic_value(arguments[i])) starts = false;
      }
      if (!starts) continue;
      if (options.batch) {
        for (int j = 0; j < 2; ++j) arguments.push_back(eager_value(random));
      }
      ++runs;
      slow += run_script(shell, script->text, arguments, scratch).timed_out;
      std::string values;
      for (const std::string& argument : arguments) values += " '" + printable(argument) + "'";
      ASSERT_FALSE(scratch.has_canary()) << shell.name << " ran a value of" << values << " in:\n"
                                         << text << "\n as:\n"
                                         << script->text;
    }
    if (accepted % 50 == 0) scratch.clean();
  }
  RecordProperty("accepted", static_cast<int>(accepted));
  RecordProperty("tried", static_cast<int>(tried));
  if (wanted >= 3000) {
    fmt::print("{} scripts, {} accepted, {} runs, {} timed out\n", tried, accepted, runs, slow);
  }
}

}  // namespace
}  // namespace distaff::testing::shell_soup_test
