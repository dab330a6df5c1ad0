// CLI11 does the binding, and gets as little as it can.
//
// Registering our options costs it as much as a whole run (each name is compared with all before),
// so only those that occur are registered.  And of what 2.1.2 does by itself, much is wrong for a
// program that runs other programs: a positional swallows `foo` of `-n foo`; with prefix_command()
// a misspelt option becomes the command; options with lists eat the command; `--delimiter= echo`
// takes `echo`; `010` is read as 8; a repeated scalar is an error; a bound container takes the
// value `{}` for an empty one, and `[a,b]` for two.  So the walk has already found the command and
// the values, CLI11 sees each option and its value as two words and nothing else, and what it
// hands back is the raw text.

#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace distaff {
namespace {

std::string of_place(const std::string& place) { return place.empty() ? place : " of " + place; }

}  // namespace

std::string Flags::mentioned(Opt id) const {
  const Origin& last = at(id).origins.back();
  return last.name + of_place(last.place);
}

std::string Flags::mentioned_with_value(Opt id) const {
  const Origin& last = at(id).origins.back();
  return last.name + " " + value(id) + of_place(last.place);
}

Expected<Flags> Flags::bind(const Arguments& arguments) {
  Flags flags;
  if (arguments.occurrences.empty()) return flags;
  try {
    CLI::App app;
    app.set_help_flag();
    std::array<CLI::Option*, kOptionCount> bound{};
    std::vector<std::string> words;
    for (const Arguments::Occurrence& seen : arguments.occurrences) {
      const auto index = static_cast<std::size_t>(seen.option->id);
      const bool is_flag = seen.option->kind == ValueKind::none;
      const std::string name = spelling(*seen.option);
      if (bound[index] == nullptr) {
        bound[index] = is_flag ? app.add_flag(name) : app.add_option(name);
        bound[index]->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        flags.places_[index] = static_cast<unsigned char>(flags.given_.size());
        flags.given_.emplace_back();
      }
      flags.given_[flags.places_[index]].origins.push_back(
          {seen.place.empty() ? seen.spelled : seen.place + ": " + seen.spelled, seen.spelled,
           seen.place});
      words.push_back(name);
      if (!is_flag) words.push_back(seen.value);
    }
    std::reverse(words.begin(), words.end());
    app.parse(words);
    for (std::size_t i = 0; i < kOptionCount; ++i) {
      if (bound[i] != nullptr) flags.given_[flags.places_[i]].values = bound[i]->results();
    }
  } catch (const CLI::Error& error) {
    return fail(error.what());
  }
  return flags;
}

}  // namespace distaff
