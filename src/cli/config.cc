#include "cli/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "cli/foreign.h"
#include "cli/json_tree.h"

namespace distaff {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::string_view kAssignment = "NAME=VALUE";  // the value of --env and its kin

// Most values end up where C strings go: file names, arguments, variables.  These never do.
bool may_hold_nul(const Option& option) {
  return option.id == Opt::delimiter || option.id == Opt::split || option.id == Opt::match ||
         option.id == Opt::tag_template;
}

// "D|N%": a duration, or something else that only text can be.
bool may_be_duration(const Option& option) {
  return option.kind == ValueKind::duration || option.value.starts_with("D|");
}

bool takes_number(const Option& option) {
  return option.kind == ValueKind::number || option.kind == ValueKind::signed_number ||
         option.kind == ValueKind::size || may_be_duration(option);
}

// What goes behind the key, for messages.
std::string example(const Option& option) {
  if (option.kind == ValueKind::none) return "true or false";
  if (option.kind == ValueKind::choice) {
    std::string list;
    for (std::size_t i = 0; i < choice_count(option); ++i) {
      list += i == 0 ? "" : i + 1 == choice_count(option) ? " or " : ", ";
      list += fmt::format("\"{}\"", choice_at(option, i));
    }
    return list;
  }
  if (option.repeatable) return fmt::format("a list, as [\"{}\"]", option.value);
  if (takes_number(option)) return "a number, or text in quotes";
  return "text in quotes";
}

const Option* find_key(std::string_view key, Program program) {
  const auto all = options(program);
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Option& option) { return config_key(option) == key; });
  return found == all.end() ? nullptr : &*found;
}

// What was meant by a key that is none: with dashes, by its letter, or misspelt.
std::string_view nearest_key(std::string_view key, Program program) {
  const std::string_view bare = key.substr(std::min(key.find_first_not_of('-'), key.size()));
  const Option* meant = find_key(bare, program);
  if (meant == nullptr && bare.size() == 1) meant = find_letter(bare[0], program);
  if (meant != nullptr) return is_configurable(*meant) ? config_key(*meant) : std::string_view();
  std::vector<std::string_view> keys;
  for (const Option& option : options(program)) {
    if (is_configurable(option)) keys.push_back(config_key(option));
  }
  return nearest(bare, keys);
}

std::string unknown_key(std::string_view key, Program program) {
  if (const auto advice = foreign_advice(fmt::format("--{}", key), program); !advice.empty()) {
    return advice;
  }
  if (const auto near = nearest_key(key, program); !near.empty()) {
    return fmt::format("there is no such key; did you mean \"{}\"?", near);
  }
  return fmt::format(
      "there is no such key; keys are the names of options, see distaff{} --help-all",
      program == Program::run ? "" : " fetch");
}

// Makes occurrences of members.  The first error stays; what is read after it does not matter.
class ConfigReader {
 public:
  ConfigReader(std::string_view file, Program program) : file_(file), program_(program) {}

  Expected<Config> read(const JsonValue& document) {
    if (!document.is(JsonValue::Kind::object)) {
      return fail(
          fmt::format("{}: {} does not go here; write an object in braces, as "
                      "{{\"jobs\": 4}}",
                      position(file_, document.place), shown(document)));
    }
    for (const JsonValue& member : document.items) read_member(member);
    if (error_) return tl::unexpected(*error_);
    return std::move(config_);
  }

 private:
  void read_member(const JsonValue& member) {
    const Option* option = find_key(member.key, program_);
    if (option == nullptr) {
      wrong(member, member.key_place, unknown_key(member.key, program_));
    } else if (!is_configurable(*option)) {
      wrong(member, member.key_place, "this goes on the command line only; leave it out");
    } else if (option->kind == ValueKind::none) {
      read_flag(*option, member);
    } else if (option->repeatable && member.is(JsonValue::Kind::list)) {
      for (const JsonValue& item : member.items) read_value(*option, member, item);
    } else if (option->value == kAssignment && member.is(JsonValue::Kind::object)) {
      for (const JsonValue& item : member.items) read_assignment(*option, member, item);
    } else {
      read_value(*option, member, member);
    }
  }

  void read_flag(const Option& option, const JsonValue& member) {
    if (!member.is(JsonValue::Kind::boolean)) return wrong_type(option, member, member);
    if (member.truth) {
      note(option, member.key_place, {});
    } else {
      config_.off.push_back(&option);
    }
  }

  void read_value(const Option& option, const JsonValue& member, const JsonValue& value) {
    const bool number = value.is(JsonValue::Kind::number);
    if (number && !takes_number(option) && option.kind != ValueKind::choice) {
      const std::string text = shown(value);
      return wrong(member, value.place,
                   fmt::format("{0} does not go here without quotes; write \"{0}\"", text));
    }
    if (!value.is(JsonValue::Kind::string) && !(number && takes_number(option))) {
      return wrong_type(option, member, value);
    }
    if (!holds_nul(option, member, value, value.text)) note(option, value.place, value.text);
  }

  // "env": {"NAME": "VALUE"}
  void read_assignment(const Option& option, const JsonValue& member, const JsonValue& item) {
    if (!is_identifier(item.key)) {
      return wrong(member, item.key_place,
                   fmt::format("'{}' is no name of a variable: letters, digits and _ only",
                               printable(item.key)));
    }
    if (!item.is(JsonValue::Kind::string)) {
      return wrong(member, item.place,
                   fmt::format("{} does not go here; write text in quotes", shown(item)));
    }
    const std::string text = fmt::format("{}={}", item.key, item.text);
    if (!holds_nul(option, member, item, text)) note(option, item.place, text);
  }

  bool holds_nul(const Option& option, const JsonValue& member, const JsonValue& value,
                 std::string_view text) {
    if (text.find('\0') == text.npos || may_hold_nul(option)) return false;
    wrong(member, value.place, "there is a NUL byte in it (\\u0000), which it cannot hold");
    return true;
  }

  void note(const Option& option, JsonPlace place, std::string value) {
    config_.occurrences.push_back({&option, fmt::format("\"{}\"", config_key(option)),
                                   std::move(value), position(file_, place)});
  }

  void wrong_type(const Option& option, const JsonValue& member, const JsonValue& value) {
    wrong(member, value.place,
          fmt::format("{} does not go here; write {}", shown(value), example(option)));
  }

  void wrong(const JsonValue& member, JsonPlace place, std::string_view what) {
    if (error_) return;
    error_ = Error{
        fmt::format("{}: \"{}\": {}", position(file_, place), printable(member.key, 60), what)};
  }

  std::string_view file_;
  Program program_;
  Config config_;
  std::optional<Error> error_;
};

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

Expected<Config> load(const std::string& option, const std::string& file, ReadConfig read,
                      Program program) {
  if (file.empty()) return fail(fmt::format("{}: '' is empty; name a file", option));
  const auto failed = [&](std::string_view why) {
    return fail(fmt::format("{} {}: {}", option, printable(file), why));
  };
  if (file == "-") return failed("stdin is for records; name a file, or /dev/stdin");
  const auto text = read(file);
  if (!text) return failed(text.error().message);
  if (is_blank(*text)) return failed("the file is empty; at least it is {}");
  return parse_config(*text, file, program);
}

}  // namespace

Expected<Config> parse_config(std::string_view text, std::string_view file, Program program) {
  const auto document = parse_json(text, file);
  if (!document) return tl::unexpected(document.error());
  return ConfigReader(file, program).read(*document);
}

Expected<std::string> read_config_file(const std::string& file) {
  return read_small_file(file, kMostBytes);
}

Expected<void> add_configs(Arguments& arguments, ReadConfig read, Program program) {
  std::vector<Arguments::Occurrence> all;
  for (const Arguments::Occurrence& seen : arguments.occurrences) {
    if (seen.option->id != Opt::config) continue;
    auto config = load(seen.spelled, seen.value, read, program);
    if (!config) return tl::unexpected(config.error());
    for (const Option* off : config->off) {
      std::erase_if(all, [&](const auto& earlier) { return earlier.option == off; });
    }
    std::move(config->occurrences.begin(), config->occurrences.end(), std::back_inserter(all));
  }
  std::move(arguments.occurrences.begin(), arguments.occurrences.end(), std::back_inserter(all));
  arguments.occurrences = std::move(all);
  return {};
}

}  // namespace distaff
