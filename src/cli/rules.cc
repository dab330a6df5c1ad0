#include "cli/rules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "base/numbers.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/values.h"

namespace distaff {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = 16 << 20;
constexpr int kDeepest = 20;  // rules need seven

// Walks the parsed document.  Inside, a mistake is thrown: the tree is deep and every level would
// only pass it on.
class RulesReader {
 public:
  explicit RulesReader(std::string_view file) : file_(file) {}

  Rules read(const Json& document) const {
    Rules rules;
    check_keys(document, "", {"key", "rules"});
    if (document.contains("key")) {
      rules.key = text_at(document["key"], "key");
      if (rules.key.empty()) wrong("key", "is empty; leave it out or name a key");
    }
    if (!document.contains("rules")) return rules;
    const Json& list = document["rules"];
    if (!list.is_array()) wrong_type("rules", list, "a list of rules, as [{\"match\": \"...\"}]");
    for (std::size_t i = 0; i < list.size(); ++i) {
      rules.rules.push_back(read_rule(list[i], fmt::format("rules[{}]", i)));
    }
    return rules;
  }

 private:
  GroupRule read_rule(const Json& object, const std::string& path) const {
    check_keys(object, path, {"match", "parallelism", "throttle", "rate"});
    GroupRule rule;
    if (!object.contains("match")) {
      wrong(path, "has no \"match\"; a rule for every key has \"match\": \"\"");
    }
    rule.match = read_regex(object["match"], path + ".match");
    if (object.contains("parallelism")) {
      const Json& value = object["parallelism"];
      const std::string where = path + ".parallelism";
      if (!value.is_number_integer()) wrong_type(where, value, "a whole number, as 4");
      rule.parallelism = take(where, parse_int(value.dump(), 1));
    }
    if (object.contains("throttle")) {
      rule.throttle = read_throttle(object["throttle"], path + ".throttle");
    }
    if (object.contains("rate")) {
      const std::string where = path + ".rate";
      rule.rate = take(where, parse_rate(text_at(object["rate"], where, "\"10/s\"")));
    }
    check_rest(rule, path);
    return rule;
  }

  void check_rest(const GroupRule& rule, const std::string& path) const {
    if (!rule.throttle || rule.parallelism.value_or(1) < 2) return;
    for (const ThrottleEntry& entry : *rule.throttle) {
      if (!entry.throttle.any()) continue;
      wrong(path, fmt::format("has a throttle and parallelism {}: a group that rests after each "
                              "job runs one at a time; leave one of them out",
                              *rule.parallelism));
    }
  }

  std::string read_regex(const Json& value, const std::string& path) const {
    std::string regex = text_at(value, path, "a regex, as \"^api\\\\.\"");
    const RE2 compiled(regex, RE2::Quiet);
    if (!compiled.ok()) {
      wrong(path, fmt::format("'{}' is no regex: {}", regex, compiled.error()));
    }
    return regex;
  }

  std::vector<ThrottleEntry> read_throttle(const Json& value, const std::string& path) const {
    std::vector<ThrottleEntry> entries;
    if (!value.is_array()) {
      if (!value.is_string()) {
        wrong_type(path, value, "a rest, as \"2s\" or \"2s..4s\", or a list of rests and pauses");
      }
      entries.push_back(read_entry(value, path));
      return entries;
    }
    if (value.empty()) wrong(path, "is an empty list; leave it out or write \"0s\"");
    for (std::size_t i = 0; i < value.size(); ++i) {
      entries.push_back(read_entry(value[i], fmt::format("{}[{}]", path, i)));
    }
    return entries;
  }

  // "2s..4s", or {"when": …, "pause": …, "at_most": …}
  ThrottleEntry read_entry(const Json& value, const std::string& path) const {
    ThrottleEntry entry;
    if (value.is_string()) {
      entry.throttle = take(path, parse_throttle(value.get<std::string>()));
      return entry;
    }
    if (!value.is_object()) {
      wrong_type(path, value, "\"2s\" or {\"when\": \"failed\", \"pause\": \"30s\"}");
    }
    check_keys(value, path, {"when", "pause", "at_most"});
    if (!value.contains("when")) {
      wrong(path, "has no \"when\"; write \"failed\", {\"exit\": [...]} or {\"http\": [...]}");
    }
    read_when(value["when"], path + ".when", entry);
    if (!value.contains("pause")) {
      wrong(path, "has no \"pause\"; write a time, as \"30s\", or \"retry-after\"");
    }
    const std::string where = path + ".pause";
    const std::string pause = text_at(value["pause"], where, "\"30s\" or \"retry-after\"");
    entry.retry_after = pause == "retry-after";
    if (!entry.retry_after) entry.pause = take(where, parse_duration(pause));
    if (value.contains("at_most")) {
      const std::string limit = path + ".at_most";
      if (!entry.retry_after) {
        wrong(limit, "bounds what a server asks for, so it goes with \"pause\": \"retry-after\"");
      }
      entry.at_most = take(limit, parse_duration(text_at(value["at_most"], limit, "\"10m\"")));
    }
    if (entry.retry_after && entry.when != ThrottleEntry::When::http) {
      wrong(where,
            "'retry-after' is what an HTTP answer says; it goes with \"when\": {\"http\": "
            "[...]}");
    }
    return entry;
  }

  void read_when(const Json& value, const std::string& path, ThrottleEntry& entry) const {
    if (value == "failed") {
      entry.when = ThrottleEntry::When::failed;
      return;
    }
    if (!value.is_object()) {
      wrong_type(path, value, "\"failed\", {\"exit\": [1, 2]} or {\"http\": [429]}");
    }
    check_keys(value, path, {"exit", "http"});
    if (value.size() != 1) wrong(path, "needs one of \"exit\" and \"http\"");
    const bool http = value.contains("http");
    entry.when = http ? ThrottleEntry::When::http : ThrottleEntry::When::exit;
    const std::string_view name = http ? "http" : "exit";
    const std::string where = fmt::format("{}.{}", path, name);
    const Json& list = value.begin().value();
    if (!list.is_array() || list.empty()) {
      wrong_type(where, list, http ? "a list, as [429, 503]" : "a list, as [1, 2]");
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", where, i);
      if (!list[i].is_number_integer()) wrong_type(at, list[i], http ? "429" : "1");
      const int status =
          take(at, http ? parse_int(list[i].dump(), 100, 599) : parse_int(list[i].dump(), 0, 255));
      entry.statuses.ranges.emplace_back(status, status);
    }
    entry.statuses = joined(std::move(entry.statuses));
  }

  std::string text_at(const Json& value, const std::string& path,
                      std::string_view example = "text in quotes") const {
    if (!value.is_string()) wrong_type(path, value, example);
    return value.get<std::string>();
  }

  void check_keys(const Json& object, const std::string& path,
                  std::initializer_list<std::string_view> known) const {
    const std::string where = path.empty() ? "the file" : path;
    if (!object.is_object()) wrong_type(where, object, "an object in braces");
    for (const auto& item : object.items()) {
      if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
      const std::string_view near = nearest(item.key(), std::span(known.begin(), known.size()));
      const std::string at = path.empty() ? item.key() : path + "." + item.key();
      if (!near.empty()) {
        wrong(at, fmt::format("there is no such key; did you mean \"{}\"?", near));
      }
      std::string list;
      for (const std::string_view key : known)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", key);
      wrong(at, fmt::format("there is no such key; here go {}", list));
    }
  }

  template <class T>
  T take(const std::string& path, Expected<T> value) const {
    if (!value) wrong(path, value.error().message);
    return std::move(*value);
  }

  [[noreturn]] void wrong_type(const std::string& path, const Json& value,
                               std::string_view example) const {
    wrong(path, fmt::format("{} does not go here; write {}",
                            value.dump(-1, ' ', false, Json::error_handler_t::replace), example));
  }

  [[noreturn]] void wrong(const std::string& path, std::string_view what) const {
    throw Error{printable(fmt::format("{}: {}: {}", file_, path, what), 500)};
  }

  std::string_view file_;
};

// "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while parsing
// object key - unexpected ','; last read: '…'; expected '}'", without what only its authors need.
std::string syntax_error(std::string_view what) {
  const std::size_t at = what.find("line ");
  if (at != what.npos) what.remove_prefix(at);
  const std::size_t colon = what.find(": ");
  const std::size_t dash = what.find(" - ", colon);
  if (colon == what.npos || dash == what.npos) return std::string(what);
  return fmt::format("{}: {}", what.substr(0, colon), what.substr(dash + 3));
}

// nlohmann takes the last of two equal keys; here the first mistake of that kind is remembered.
Json parse_json(std::string_view text, std::string_view file, std::string& twice) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    // Values are shown in messages by code that recurses.
    if (depth > kDeepest) throw Error{fmt::format("{}: nested too deeply for rules", file)};
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      if (!open.back().insert(key).second && twice.empty()) twice = key;
    }
    return true;
  };
  return Json::parse(text.begin(), text.end(), watch, true, true);
}

Expected<std::string> read_whole(const std::string& file) {
  const auto failed = [&](std::string_view why) {
    return fail(fmt::format("--rules {}: {}", printable(file), why));
  };
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failed(std::strerror(errno));
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(std::strerror(errno));
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kMostBytes) return failed("longer than 16 MiB, so these are no rules");
  }
}

}  // namespace

Expected<Rules> parse_rules(std::string_view text, std::string_view file) {
  try {
    std::string twice;
    const Json document = parse_json(text, file, twice);
    if (!twice.empty()) {
      return fail(printable(fmt::format(
          "{}: \"{}\" is there twice in one object; leave one of them out", file, twice)));
    }
    return RulesReader(file).read(document);
  } catch (const Error& error) {
    return tl::unexpected(error);
  } catch (const Json::exception& error) {
    return fail(printable(fmt::format("{}: {}", file, syntax_error(error.what())), 500));
  }
}

Expected<void> load_rules(const std::string& file, GroupSpec& group) {
  const auto text = read_whole(file);
  if (!text) return tl::unexpected(text.error());
  auto rules = parse_rules(*text, file);
  if (!rules) return tl::unexpected(rules.error());
  if (group.key.empty()) group.key = std::move(rules->key);
  group.rules = std::move(rules->rules);
  return {};
}

}  // namespace distaff
