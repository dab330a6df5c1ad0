#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/foreign.h"

namespace distaff {
namespace {

bool is_list_word(std::string_view word) {
  return word == ":::" || word == ":::+" || word == "::::" || word == "::::+";
}

// Options that answer instead of running anything.
bool is_answer(const Option& option) {
  return option.topic == Topic::help && option.kind == ValueKind::none;
}

// What somebody may have meant by an option we do not have: the only one that begins like this,
// else the nearest one.
std::string_view nearest_option(std::string_view name, Program program) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> beginning;
  for (const Option& option : options(program)) {
    if (option.name.empty()) continue;
    names.push_back(option.name);
    if (option.name.starts_with(name)) beginning.push_back(option.name);
  }
  return beginning.size() == 1 ? beginning[0] : nearest(name, names);
}

std::string_view help_all_of(Program program) {
  return program == Program::run ? "distaff --help-all" : "distaff fetch --help-all";
}

Error unknown_name(std::string_view name, Program program) {
  const std::string spelled = "--" + printable(name);
  if (const auto advice = foreign_advice(spelled, program); !advice.empty()) {
    return {fmt::format("{}: {}", spelled, advice)};
  }
  if (const std::string_view near = nearest_option(name, program); !near.empty()) {
    return {fmt::format("{}: there is no such option; did you mean --{}?", spelled, near)};
  }
  return {fmt::format("{}: there is no such option; see {}", spelled, help_all_of(program))};
}

Error unknown_letter(char letter, std::string_view word, Program program) {
  // A whole character of UTF-8 is shown as one, which is only known if it is alone.
  const bool alone = static_cast<unsigned char>(letter) >= 0x80;
  const std::string spelled =
      alone ? printable(word) : "-" + printable(std::string_view(&letter, 1));
  if (const auto advice = foreign_advice(spelled, program); !advice.empty()) {
    return {fmt::format("{}: {}", spelled, advice)};
  }
  const std::string where = word.size() > 2 && !alone ? " in " + shell_quote(printable(word)) : "";
  return {
      fmt::format("{}{}: there is no such option; see {}", spelled, where, help_all_of(program))};
}

// -null and -max-records 5: two dashes are meant.
const Option* name_after_one_dash(std::string_view word, Program program) {
  const std::string_view name = word.substr(1, word.find('=') - 1);
  return name.size() > 1 ? find_option(name, program) : nullptr;
}

class Walk {
 public:
  Walk(std::span<const std::string_view> words, Program program)
      : words_(words), program_(program) {}

  Expected<Arguments> go() {
    while (at_ < words_.size() && !answered_) {
      const std::string_view word = words_[at_];
      if (word.size() < 2 || word[0] != '-') {
        if (program_ == Program::run || is_list_word(word)) break;
        result_.command.emplace_back(words_[at_++]);
        continue;
      }
      ++at_;
      if (word == "--") break;
      const auto error = word[1] == '-' ? read_long(word.substr(2)) : read_letters(word);
      if (error) return tl::unexpected(*error);
    }
    if (!answered_) {
      read_command();
      if (const auto error = read_lists()) return tl::unexpected(*error);
    }
    return std::move(result_);
  }

 private:
  std::optional<Error> read_long(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Option* option = find_option(name, program_);
    if (option == nullptr) return unknown_name(name, program_);
    const std::string spelled = spelling(*option);
    if (option->kind == ValueKind::none) {
      if (equals != text.npos) {
        return Error{fmt::format("{} takes no value, so leave out '{}'", spelled,
                                 printable(text.substr(equals)))};
      }
      note(*option, spelled, {});
      return {};
    }
    if (equals == text.npos) return take_next(*option, spelled);
    note(*option, spelled, text.substr(equals + 1));
    return {};
  }

  // -0, -0k, -j4, -0j 4
  std::optional<Error> read_letters(std::string_view word) {
    if (const Option* meant = name_after_one_dash(word, program_)) {
      return Error{fmt::format("{}: write it with two dashes, --{}", printable(word), meant->name)};
    }
    for (std::size_t i = 1; i < word.size() && !answered_; ++i) {
      const Option* option = find_letter(word[i], program_);
      if (option == nullptr) return unknown_letter(word[i], word, program_);
      const std::string spelled{'-', word[i]};
      if (option->kind == ValueKind::none) {
        note(*option, spelled, {});
      } else if (i + 1 < word.size()) {
        note(*option, spelled, word.substr(i + 1));
        return {};
      } else {
        return take_next(*option, spelled);
      }
    }
    return {};
  }

  // The value is the next word, whatever it looks like; but one of our own options there, or a
  // `:::`, means that the value was forgotten.  Numbers may be negative, so theirs are left to the
  // reader of the number.
  std::optional<Error> take_next(const Option& option, const std::string& spelled) {
    if (at_ == words_.size()) {
      return Error{fmt::format("{} needs a value: {} {}", spelled, spelled, value_name(option))};
    }
    const std::string_view word = words_[at_];
    if (is_list_word(word) || (option.kind != ValueKind::signed_number && is_our_option(word))) {
      return Error{
          fmt::format("{0} needs a value before '{1}'; if that is the value, write {0}{2}{3}",
                      spelled, printable(word), spelled[1] == '-' ? "=" : "", typed_word(word))};
    }
    ++at_;
    note(option, spelled, word);
    return {};
  }

  bool is_our_option(std::string_view word) const {
    if (word.starts_with("--")) {
      return find_option(word.substr(2, word.find('=') - 2), program_) != nullptr;
    }
    return word.size() == 2 && word[0] == '-' && find_letter(word[1], program_) != nullptr;
  }

  void note(const Option& option, std::string spelled, std::string_view value) {
    result_.occurrences.push_back({&option, std::move(spelled), std::string(value)});
    answered_ = is_answer(option);
  }

  void read_command() {
    for (; at_ < words_.size() && !is_list_word(words_[at_]); ++at_) {
      result_.command.emplace_back(words_[at_]);
    }
  }

  std::optional<Error> read_lists() {
    if (at_ < words_.size()) result_.list_word = words_[at_];
    while (at_ < words_.size()) {
      const std::string_view word = words_[at_++];
      const bool linked = word.back() == '+';
      const bool files = word.starts_with("::::");
      if (linked && result_.lists.empty()) {
        return Error{
            fmt::format("'{}' takes its values in step with the list before it, and there "
                        "is none; write '{}' here",
                        word, word.substr(0, word.size() - 1))};
      }
      const std::size_t first = at_;
      while (at_ < words_.size() && !is_list_word(words_[at_])) ++at_;
      const auto values = words_.subspan(first, at_ - first);
      if (files) {
        if (values.empty()) return Error{fmt::format("'{0}' needs a file: {0} FILE", word)};
        for (const std::string_view file : values) {
          result_.lists.push_back({{}, std::string(file), linked});
        }
      } else {
        // Whoever wants to look first must not be served with the deed.
        if (std::find(values.begin(), values.end(), "--dry-run") != values.end()) {
          return Error{fmt::format(
              "'--dry-run' behind '{}' would be a value: options stand before the command (a file "
              "of that name is ./--dry-run)",
              word)};
        }
        result_.lists.push_back({{values.begin(), values.end()}, {}, linked});
      }
    }
    return {};
  }

  std::span<const std::string_view> words_;
  Program program_;
  std::size_t at_ = 0;
  bool answered_ = false;
  Arguments result_;
};

}  // namespace

Expected<Arguments> walk_arguments(std::span<const std::string_view> words, Program program) {
  return Walk(words, program).go();
}

}  // namespace distaff
