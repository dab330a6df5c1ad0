// What people are shown of a script is pasted into real shells, which must do what the script does
// that the job's shell is given.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "compose/script_line.h"
#include "compose/shell_positions.h"
#include "compose/shell_runner.h"
#include "compose/shell_soup.h"

namespace distaff::testing::script_line_property_test {
namespace {

ShellScript compiled(const std::string& text) {
  auto script = compile_shell_script(text, {});
  if (!script) ADD_FAILURE() << text << script.error().message;
  return script.value_or(ShellScript{});
}

std::optional<std::string> shown(const ShellScript& script, const std::string& value) {
  const auto line = script_line(script, arguments_of(script, {value}), {});
  if (!line || line->only_in_its_shell) return {};
  return surrounded(*line, {}) + "\n";
}

// The shells that a line may be pasted into.
std::vector<Shell> pasted_into() {
  std::vector<Shell> found;
  for (const Shell& shell : shells()) {
    if (shell.required) found.push_back(shell);
  }
  return found;
}

class Pasted : public ::testing::Test {
 protected:
  bool gives(const Shell& shell, const std::string& text, const std::string& expected) {
    const Ran ran = run_to_its_end(shell, text, {}, scratch);
    const bool canary = scratch.has_canary();
    if (canary) scratch.clean();
    return !canary && ran.output == expected;
  }

  // All positions in one start of a shell.
  void check(const std::vector<ShellScript>& scripts, const std::string& value) {
    std::string all;
    std::string expected;
    std::vector<std::string> lines;
    for (const ShellScript& script : scripts) {
      const auto line = shown(script, value);
      ++(line ? with_text : without_text);
      if (!line) continue;
      lines.push_back(*line);
      all += *line;
      expected += value + "|";
    }
    for (const Shell& shell : pasted_into()) {
      if (gives(shell, all, expected)) continue;
      bool found = false;
      for (const std::string& line : lines) {
        if (gives(shell, line, value + "|")) continue;
        found = true;
        ADD_FAILURE() << shell.name << ": '" << printable(value) << "' does not come back from\n"
                      << line;
      }
      EXPECT_TRUE(found) << shell.name << ": together they differ:\n" << all;
    }
  }

  Scratch scratch;
  std::size_t with_text = 0;
  std::size_t without_text = 0;
};

TEST_F(Pasted, GivesBackHostileValues) {
  std::vector<ShellScript> scripts;
  for (const std::string& text : positions()) scripts.push_back(compiled(text));
  for (const std::string& value : hostile_values()) check(scripts, value);
  if (std::getenv("DISTAFF_PROPERTY_COUNT") != nullptr) {
    fmt::print("{} lines, {} without\n", with_text, without_text);
  }
  // The others have the long form; a mistake here would let all of them have it.
  EXPECT_GT(with_text, 5 * without_text);
}

TEST_F(Pasted, GivesBackRandomBytes) {
  const std::uint64_t seed = seed_from("DISTAFF_SEED");
  SCOPED_TRACE(fmt::format("DISTAFF_SEED={}", seed));
  std::mt19937_64 random(seed);
  std::vector<ShellScript> scripts;
  for (const std::string& text : positions()) scripts.push_back(compiled(text));
  const std::size_t count = count_from("DISTAFF_PROPERTY_COUNT", 500) / 25;  // two shells for each
  for (std::size_t i = 0; i < count && !HasFailure(); ++i) {
    check(scripts, random_value(random));
    if (i % 100 == 0) scratch.clean();
  }
  if (count >= 1000) fmt::print("{} lines, {} without\n", with_text, without_text);
}

// Whether dash can read it at all; what it cannot is a failed job however it is shown.
bool is_read(const Shell& dash, const std::string& text, const Scratch& scratch) {
  Shell reading = dash;
  reading.argv.emplace_back("-n");
  const Ran ran = run_script(reading, text, {}, scratch);
  return !ran.timed_out && ran.status == 0;
}

// Nonsense that dash understands, shown in one line, does the same as it, in bash too, and leaves
// the shell as it was.
// (Shells differ on more nonsense than we shall ever know: so the same few scripts each time, and
// others where DISTAFF_SOUP_COUNT asks for many.)
TEST_F(Pasted, DoesWhatNonsenseDoes) {
  const bool many = std::getenv("DISTAFF_SOUP_COUNT") != nullptr;
  const std::uint64_t seed =
      many || std::getenv("DISTAFF_SEED") != nullptr ? seed_from("DISTAFF_SEED") : 7;
  SCOPED_TRACE(fmt::format("DISTAFF_SEED={}", seed));
  std::mt19937_64 random(seed);
  const std::size_t wanted = count_from("DISTAFF_SOUP_COUNT", 200) / 5;  // five shells for each
  const Shell dash = shells()[0];
  std::size_t compared = 0;
  std::size_t accepted = 0;
  const auto run = [&](const Shell& shell, const std::string& text,
                       const std::vector<std::string>& arguments) {
    scratch.clean();
    return run_script(shell, text, arguments, scratch);
  };
  while (compared < wanted && !HasFailure()) {
    const std::string text = soup(random);
    ShellScriptOptions options;
    options.syntax.scheme = {.kind = FieldScheme::Kind::numbered, .names = {}, .count = {}};
    options.batch = random() % 4 == 0;
    const auto script = compile_shell_script(text, options);
    if (!script || (script->values.empty() && !script->uses_records)) continue;
    if (text.find('~') != std::string::npos) continue;  // shells differ while there is no HOME
    std::vector<std::string> values = arguments_of(*script, {random_value(random), "-1"});
    std::vector<std::string> records;
    for (int i = 0; options.batch && i < 2; ++i) records.push_back(random_value(random));
    bool starts = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (script->values[i].arithmetic && !arithmetic_value(values[i])) starts = false;
    }
    if (!starts) continue;
    ++accepted;
    const auto line = script_line(*script, values, records);
    if (!line || line->only_in_its_shell || !is_read(dash, script->text, scratch)) continue;
    std::vector<std::string> arguments = values;
    arguments.insert(arguments.end(), records.begin(), records.end());
    const Ran real = run(dash, script->text, arguments);
    // `set` lists all there is; messages of a shell have line numbers.
    if (real.output.find("IFS=") != std::string::npos) continue;
    if (real.output.find("distaff: ") != std::string::npos) continue;
    const std::string pasted = surrounded(*line, {});
    const std::string probe = "\nprintf '<%s %s %s>' \"$y$n$x\" \"$#\" \"$PWD\"";
    const std::string state = fmt::format("<yes 0 {}>", scratch.path());
    ++compared;
    for (const Shell& shell : pasted_into()) {
      const Ran ran = run(shell, "\n" + pasted + probe, {});
      if (ran.timed_out || real.timed_out || ran.output == real.output + state) continue;
      if (run(dash, script->text, arguments).output != real.output) continue;  // by chance
      ADD_FAILURE() << shell.name << " gives '" << printable(ran.output, 1000) << "' and not '"
                    << printable(real.output, 1000) << "' for\n"
                    << text << "\nshown as\n"
                    << pasted << "\nfor\n"
                    << script->text;
    }
  }
  if (wanted >= 1000) fmt::print("{} of {} have a text\n", compared, accepted);
}

}  // namespace
}  // namespace distaff::testing::script_line_property_test
