#include "cli/rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <initializer_list>
#include <span>

#include "base/numbers.h"
#include "base/text.h"
#include "cli/fetch_values.h"
#include "cli/json_tree.h"
#include "cli/values.h"

namespace distaff {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;

bool is_whole(const JsonValue& value) {
  return value.is(JsonValue::Kind::number) && value.text.find_first_of(".eE") == std::string::npos;
}

// Text, or a number of seconds.
bool may_be_time(const JsonValue& value) {
  return value.is(JsonValue::Kind::string) || value.is(JsonValue::Kind::number);
}

// Walks the parsed document.  Inside, a mistake is thrown: the tree is deep and every level would
// only pass it on.
class RulesReader {
 public:
  RulesReader(std::string_view file, Program program) : file_(file), program_(program) {}

  Rules read(const JsonValue& document) const {
    Rules rules;
    check_keys(document, "", {"key", "rules"});
    if (const JsonValue* key = document.find("key")) {
      rules.key = text_at(*key, "key");
      if (rules.key.empty()) wrong(*key, "key", "is empty; leave it out or name a key");
    }
    const JsonValue* list = document.find("rules");
    if (list == nullptr) return rules;
    if (!list->is(JsonValue::Kind::list)) {
      wrong_type(*list, "rules", "a list of rules, as [{\"match\": \"...\"}]");
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      rules.rules.push_back(read_rule(list->items[i], fmt::format("rules[{}]", i)));
    }
    return rules;
  }

 private:
  GroupRule read_rule(const JsonValue& object, const std::string& path) const {
    check_keys(object, path,
               {"match", "parallelism", "throttle", "rate", "ok", "retries", "timeout", "break"});
    GroupRule rule;
    const JsonValue* match = object.find("match");
    if (match == nullptr) {
      wrong(object, path, "has no \"match\"; a rule for every key has \"match\": \"\"");
    }
    rule.match = read_regex(*match, path + ".match");
    if (const JsonValue* value = object.find("parallelism")) {
      const std::string where = path + ".parallelism";
      if (!is_whole(*value)) wrong_type(*value, where, "a whole number, as 4");
      rule.parallelism = take(*value, where, parse_int(value->text, 1));
    }
    if (const JsonValue* value = object.find("throttle")) {
      rule.throttle = read_throttle(*value, path + ".throttle");
    }
    if (const JsonValue* value = object.find("rate")) {
      const std::string where = path + ".rate";
      rule.rate = take(*value, where, parse_rate(text_at(*value, where, "\"10/s\"")));
    }
    read_failure(object, path, rule);
    check_rest(rule, object, path);
    return rule;
  }

  // What counts as one, and what is done about it.
  void read_failure(const JsonValue& object, const std::string& path, GroupRule& rule) const {
    if (const JsonValue* value = object.find("ok")) rule.ok = read_ok(*value, path + ".ok");
    if (const JsonValue* value = object.find("retries")) {
      const std::string where = path + ".retries";
      if (!is_whole(*value)) wrong_type(*value, where, "a whole number, as 3");
      rule.retries = take(*value, where, parse_int(value->text, 0, 1'000'000));
    }
    if (const JsonValue* value = object.find("timeout")) {
      const std::string where = path + ".timeout";
      rule.timeout = take(*value, where, parse_time_limit(time_at(*value, where, "\"30s\"")));
    }
    if (const JsonValue* value = object.find("break")) rule.breaker = read_break(*value, path);
  }

  StatusSet read_ok(const JsonValue& value, const std::string& path) const {
    if (program_ == Program::run) {
      if (value.is(JsonValue::Kind::list)) return read_statuses(value, path, "[0, 1]", 0, 255);
      return take(value, path, parse_statuses(text_at(value, path, "[0, 1] or \"0-3\"")));
    }
    if (value.is(JsonValue::Kind::list)) return read_statuses(value, path, "[200, 404]", 100, 999);
    return take(value, path, parse_http_statuses(text_at(value, path, "[200, 404] or \"2xx\"")));
  }

  // {"failures": 10, "pause": "5m"}
  BreakSpec read_break(const JsonValue& value, const std::string& rule) const {
    const std::string path = rule + ".break";
    constexpr std::string_view kExample = "{\"failures\": 10, \"pause\": \"5m\"}";
    if (!value.is(JsonValue::Kind::object)) wrong_type(value, path, kExample);
    check_keys(value, path, {"failures", "pause"});
    const JsonValue* failures = value.find("failures");
    const JsonValue* pause = value.find("pause");
    if (failures == nullptr || pause == nullptr) {
      wrong(value, path, fmt::format("needs \"failures\" and \"pause\", as {}", kExample));
    }
    BreakSpec breaker;
    if (!is_whole(*failures)) wrong_type(*failures, path + ".failures", "a whole number, as 10");
    breaker.failures = take(*failures, path + ".failures", parse_int(failures->text, 1));
    const std::string where = path + ".pause";
    breaker.pause = take(*pause, where, parse_duration(time_at(*pause, where, "\"5m\"")));
    return breaker;
  }

  StatusSet read_statuses(const JsonValue& list, const std::string& path, std::string_view example,
                          int least, int most) const {
    if (list.items.empty()) wrong(list, path, fmt::format("is an empty list; write {}", example));
    StatusSet set;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const JsonValue& item = list.items[i];
      const std::string at = fmt::format("{}[{}]", path, i);
      if (!is_whole(item)) wrong_type(item, at, example.substr(1, example.find_first_of(",]") - 1));
      const int status = take(item, at, parse_int(item.text, least, most));
      set.ranges.emplace_back(status, status);
    }
    return joined(std::move(set));
  }

  void check_rest(const GroupRule& rule, const JsonValue& object, const std::string& path) const {
    if (!rule.throttle || rule.parallelism.value_or(1) < 2) return;
    for (const ThrottleEntry& entry : *rule.throttle) {
      if (!entry.throttle.any()) continue;
      wrong(object, path,
            fmt::format("has a throttle and parallelism {}: a group that rests after each "
                        "job runs one at a time; leave one of them out",
                        *rule.parallelism));
    }
  }

  std::string read_regex(const JsonValue& value, const std::string& path) const {
    const std::string& regex = text_at(value, path, "a regex, as \"^api\\\\.\"");
    const RE2 compiled(regex, RE2::Quiet);
    if (!compiled.ok()) {
      wrong(value, path, fmt::format("'{}' is no regex: {}", regex, compiled.error()));
    }
    return regex;
  }

  std::vector<ThrottleEntry> read_throttle(const JsonValue& value, const std::string& path) const {
    std::vector<ThrottleEntry> entries;
    if (!value.is(JsonValue::Kind::list)) {
      if (!may_be_time(value)) {
        wrong_type(value, path, "a rest, as \"2s\" or \"2s..4s\", or a list of rests and pauses");
      }
      entries.push_back(read_entry(value, path));
      return entries;
    }
    if (value.items.empty()) wrong(value, path, "is an empty list; leave it out or write \"0s\"");
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      entries.push_back(read_entry(value.items[i], fmt::format("{}[{}]", path, i)));
    }
    return entries;
  }

  // "2s..4s", or {"when": …, "pause": …, "at_most": …}
  ThrottleEntry read_entry(const JsonValue& value, const std::string& path) const {
    ThrottleEntry entry;
    if (may_be_time(value)) {
      entry.throttle = take(value, path, parse_throttle(value.text));
      return entry;
    }
    if (!value.is(JsonValue::Kind::object)) {
      wrong_type(value, path, "\"2s\" or {\"when\": \"failed\", \"pause\": \"30s\"}");
    }
    check_keys(value, path, {"when", "pause", "at_most"});
    const JsonValue* when = value.find("when");
    if (when == nullptr) {
      wrong(value, path,
            "has no \"when\"; write \"failed\", {\"exit\": [...]} or {\"http\": [...]}");
    }
    read_when(*when, path + ".when", entry);
    const JsonValue* pause = value.find("pause");
    if (pause == nullptr) {
      wrong(value, path, "has no \"pause\"; write a time, as \"30s\", or \"retry-after\"");
    }
    const std::string where = path + ".pause";
    const std::string& length = time_at(*pause, where, "\"30s\" or \"retry-after\"");
    entry.retry_after = length == "retry-after";
    if (!entry.retry_after) entry.pause = take(*pause, where, parse_duration(length));
    if (const JsonValue* most = value.find("at_most")) {
      const std::string limit = path + ".at_most";
      if (!entry.retry_after) {
        wrong(*most, limit,
              "bounds what a server asks for, so it goes with \"pause\": \"retry-after\"");
      }
      entry.at_most = take(*most, limit, parse_duration(time_at(*most, limit, "\"10m\"")));
    }
    if (entry.retry_after && entry.when != ThrottleEntry::When::http) {
      wrong(*pause, where,
            "'retry-after' is what an HTTP answer says; it goes with \"when\": {\"http\": "
            "[...]}");
    }
    return entry;
  }

  void read_when(const JsonValue& value, const std::string& path, ThrottleEntry& entry) const {
    if (value.is(JsonValue::Kind::string) && value.text == "failed") {
      entry.when = ThrottleEntry::When::failed;
      return;
    }
    if (!value.is(JsonValue::Kind::object)) {
      wrong_type(value, path, "\"failed\", {\"exit\": [1, 2]} or {\"http\": [429]}");
    }
    check_keys(value, path, {"exit", "http"});
    if (value.items.size() != 1) wrong(value, path, "needs one of \"exit\" and \"http\"");
    const JsonValue& list = value.items[0];
    const bool http = list.key == "http";
    if (!http && program_ == Program::fetch) {
      fail_at(list.key_place, path + ".exit",
              "URLs have no exit status; write {\"http\": [429, 503]}");
    }
    entry.when = http ? ThrottleEntry::When::http : ThrottleEntry::When::exit;
    const std::string where = fmt::format("{}.{}", path, list.key);
    if (!list.is(JsonValue::Kind::list)) {
      wrong_type(list, where, http ? "a list, as [429, 503]" : "a list, as [1, 2]");
    }
    entry.statuses = http ? read_statuses(list, where, "[429, 503]", 100, 999)
                          : read_statuses(list, where, "[1, 2]", 0, 255);
  }

  const std::string& text_at(const JsonValue& value, const std::string& path,
                             std::string_view example = "text in quotes") const {
    if (!value.is(JsonValue::Kind::string)) wrong_type(value, path, example);
    return value.text;
  }

  const std::string& time_at(const JsonValue& value, const std::string& path,
                             std::string_view example) const {
    if (!may_be_time(value)) wrong_type(value, path, example);
    return value.text;
  }

  void check_keys(const JsonValue& object, const std::string& path,
                  std::initializer_list<std::string_view> known) const {
    const std::string where = path.empty() ? "the file" : path;
    if (!object.is(JsonValue::Kind::object)) wrong_type(object, where, "an object in braces");
    for (const JsonValue& item : object.items) {
      if (std::find(known.begin(), known.end(), item.key) != known.end()) continue;
      const std::string_view near = nearest(item.key, std::span(known.begin(), known.size()));
      const std::string at = path.empty() ? item.key : path + "." + item.key;
      if (!near.empty()) {
        fail_at(item.key_place, at,
                fmt::format("there is no such key; did you mean \"{}\"?", near));
      }
      std::string list;
      for (const std::string_view key : known)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", key);
      fail_at(item.key_place, at, fmt::format("there is no such key; here go {}", list));
    }
  }

  template <class T>
  T take(const JsonValue& value, const std::string& path, Expected<T> parsed) const {
    if (!parsed) wrong(value, path, parsed.error().message);
    return std::move(*parsed);
  }

  [[noreturn]] void wrong_type(const JsonValue& value, const std::string& path,
                               std::string_view example) const {
    wrong(value, path, fmt::format("{} does not go here; write {}", shown(value), example));
  }

  [[noreturn]] void wrong(const JsonValue& value, const std::string& path,
                          std::string_view what) const {
    fail_at(value.place, path, what);
  }

  [[noreturn]] void fail_at(JsonPlace place, const std::string& path, std::string_view what) const {
    throw Error{fmt::format("{}: {}", position(file_, place),
                            printable(fmt::format("{}: {}", path, what), 500))};
  }

  std::string_view file_;
  Program program_;
};

}  // namespace

Expected<Rules> parse_rules(std::string_view text, std::string_view file, Program program) {
  const auto document = parse_json(text, file);
  if (!document) return tl::unexpected(document.error());
  try {
    return RulesReader(file, program).read(*document);
  } catch (const Error& error) {
    return tl::unexpected(error);
  }
}

Expected<void> load_rules(const std::string& file, GroupSpec& group, Program program) {
  const auto text = read_small_file(file, kMostBytes);
  if (!text) return fail(fmt::format("--rules {}: {}", printable(file), text.error().message));
  auto rules = parse_rules(*text, file, program);
  if (!rules) return tl::unexpected(rules.error());
  if (group.key.empty()) group.key = std::move(rules->key);
  group.rules = std::move(rules->rules);
  return {};
}

}  // namespace distaff
