// Asks real shells.  Every value must come back byte for byte from every position that a
// replacement may stand in, and nothing in a value may ever be run, whatever the script.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/text.h"
#include "compose/shell_positions.h"
#include "compose/shell_runner.h"

namespace distaff::testing::shell_property_test {
namespace {

// Positions of one script, so that one start of a shell tries them all.
struct Sheet {
  std::vector<std::string> texts;
  ShellFamily family;
  ShellScript script;
};

Sheet sheet_of(std::vector<std::string> texts, ShellFamily family = ShellFamily::posix) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  ShellScriptOptions options;
  options.family = family;
  auto script = compile_shell_script(all, options);
  if (!script) ADD_FAILURE() << all << script.error().message;
  return {std::move(texts), family, script.value_or(ShellScript{})};
}

// Starting processes is what takes time.
bool is_quick(const std::string& text) {
  for (const char* starts : {"$(", "`", "cat", " | ", " & "}) {
    if (text.find(starts) != std::string::npos) return false;
  }
  return true;
}

class Positions : public ::testing::Test {
 protected:
  // Whether each position of the sheet gives the value back.
  bool right(const Sheet& sheet, const std::string& value, const Shell& shell) {
    const Ran ran =
        run_to_its_end(shell, sheet.script.text, arguments_of(sheet.script, {value}), scratch);
    hung = hung || ran.timed_out;
    std::string expected;
    for (std::size_t i = 0; i < sheet.texts.size(); ++i) expected += value + "|";
    const bool canary = scratch.has_canary();
    if (canary) scratch.clean();
    return !canary && ran.output == expected;
  }

  void check(const Sheet& sheet, const std::string& value, const Shell& shell) {
    if (right(sheet, value, shell)) return;
    bool found = false;
    for (const std::string& text : sheet.texts) {
      if (right(sheet_of({text}, sheet.family), value, shell)) continue;
      found = true;
      ADD_FAILURE() << shell.name << ": '" << printable(value) << "' does not come back from\n"
                    << text;
    }
    if (!found) {
      ADD_FAILURE() << shell.name << ": '" << printable(value)
                    << "' does not come back from all of\n"
                    << sheet.script.text;
    }
  }

  Scratch scratch;
  bool hung = false;  // a script did not end
};

TEST_F(Positions, GiveBackHostileValuesInEveryShell) {
  const Sheet all = sheet_of(positions());
  const bool in_full = count_from("DISTAFF_PROPERTY_COUNT", 0) > 1000;
  for (const Shell& shell : shells()) {
    for (std::size_t i = 0; i < hostile_values().size(); ++i) {
      if (shell.required || in_full || i % 4 == 0) check(all, hostile_values()[i], shell);
      ASSERT_FALSE(hung) << "the other values would take minutes each";
    }
  }
}

TEST_F(Positions, GiveBackHostileValuesBesideWhatAShellHasOfItsOwn) {
  const bool in_full = count_from("DISTAFF_PROPERTY_COUNT", 0) > 1000;
  for (const Shell& shell : shells()) {
    if (shell.family == ShellFamily::posix) continue;
    std::vector<std::string> texts = positions_in_better_shells();
    if (shell.family == ShellFamily::bash) {
      texts.insert(texts.end(), positions_in_bash().begin(), positions_in_bash().end());
    }
    const Sheet all = sheet_of(std::move(texts), shell.family);
    for (std::size_t i = 0; i < hostile_values().size(); ++i) {
      if (in_full || i % (shell.required ? 2 : 4) == 0) check(all, hostile_values()[i], shell);
      ASSERT_FALSE(hung) << "the other values would take minutes each";
    }
  }
}

TEST_F(Positions, GiveBackRandomBytes) {
  const std::uint64_t seed = seed_from("DISTAFF_SEED");
  SCOPED_TRACE(fmt::format("DISTAFF_SEED={}", seed));
  std::mt19937_64 random(seed);
  std::vector<std::string> quick;
  std::vector<std::string> slow;
  for (const std::string& text : positions()) (is_quick(text) ? quick : slow).push_back(text);
  const Sheet all_quick = sheet_of(quick);

  const std::size_t count = count_from("DISTAFF_PROPERTY_COUNT", 500);
  for (std::size_t i = 0; i < count && !HasFailure(); ++i) {
    const std::string value = random_value(random);
    std::vector<std::string> some;
    for (int j = 0; j < 2; ++j) some.push_back(slow[random() % slow.size()]);
    const Sheet others = sheet_of(some);
    for (const Shell& shell : shells()) {
      if (!shell.required && i % 20 != 0) continue;
      check(all_quick, value, shell);
      check(others, value, shell);
    }
    if (i % 100 == 0) scratch.clean();
  }
}

// A script that prints {} and a bar, put together at random.
class Generator {
 public:
  explicit Generator(std::mt19937_64& random) : random_(random) {}

  std::string statement(int depth) {
    const std::string name = fmt::format("v{}", ++names_);
    if (depth <= 0) return "printf '%s|' " + word(0);
    switch (below(14)) {
      case 0:
        return "( " + statement(depth - 1) + "\n)";
      case 1:
        return "{ " + statement(depth - 1) + "\n}";
      case 2:
        return "if [ " + word(depth - 1) + " = " + word(depth - 1) + " ]; then " +
               statement(depth - 1) + "\nelse printf no; fi";
      case 3:
        return "case " + word(depth - 1) + " in (no) ;; " + word(depth - 1) + ") " +
               statement(depth - 1) + "\n;; *) printf no; esac";
      case 4:
        return name + "=" + word(depth - 1) + "; printf '%s|' \"$" + name + "\"";
      case 5:
        return name + "() { " + statement(depth - 1) + "\n}; " + name + " a b";
      case 6:
        return "set -- a b; shift; " + statement(depth - 1);
      case 7:
        return "for " + name + " in " + word(depth - 1) + "; do printf '%s|' \"$" + name +
               "\"; done";
      case 8:
        return "# it's \" {} `\n" + statement(depth - 1);
      case 9:
        return name + "=$( " + statement(depth - 1) + "\n); printf '%s' \"$" + name + "\"";
      case 10:
        return name + "=\"$( " + statement(depth - 1) + "\n)\"; printf '%s' \"$" + name + "\"";
      case 11:
        return name + "=$(cat <<E_" + name + "\n" + text(depth - 1) + "|\nE_" + name +
               "\n); printf '%s' \"$" + name + "\"";
      case 12:
        return name + "=" + word(depth - 1) + "end; printf '%s|' \"${" + name + "%end}\"";
      default:
        return "true && " + statement(depth - 1);
    }
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  // A word that is the value.
  std::string word(int depth) {
    switch (below(depth > 0 ? 7 : 3)) {
      case 0:
        return "{}";
      case 1:
        return "'{}'";
      case 2:
        return "\"{}\"";
      case 3:
        return "\"" + text(depth - 1) + "\"";
      case 4:
        return "${none:-" + word(0) + "}";
      case 5:
        return "''" + word(depth - 1) + "\"\"";
      default:
        return "\\\n" + word(depth - 1);
    }
  }

  // The value within double quotes.
  std::string text(int depth) {
    switch (below(depth > 0 ? 3 : 1)) {
      case 0:
        return "{}";
      case 1:
        return "${none:-" + text(depth - 1) + "}";
      default:
        return "${none-" + text(depth - 1) + "}";
    }
  }

  std::mt19937_64& random_;
  int names_ = 0;
};

TEST_F(Positions, GiveBackRandomBytesWhenTheyAreNested) {
  const std::uint64_t seed = seed_from("DISTAFF_SEED");
  SCOPED_TRACE(fmt::format("DISTAFF_SEED={}", seed));
  std::mt19937_64 random(seed);
  const std::size_t count = count_from("DISTAFF_PROPERTY_COUNT", 500) / 2;
  for (std::size_t i = 0; i < count && !HasFailure(); ++i) {
    Generator generator(random);
    const Sheet sheet = sheet_of({generator.statement(4)});
    const std::string value = random_value(random);
    for (const Shell& shell : shells()) {
      if (shell.required || i % 20 == 0) check(sheet, value, shell);
    }
    if (i % 100 == 0) scratch.clean();
  }
}

}  // namespace
}  // namespace distaff::testing::shell_property_test
