#include "compose/robots.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "base/url_text.h"
#include "base/utf8_check.h"

namespace distaff {
namespace {

constexpr std::string_view kBlanks = " \t\v\f";
constexpr double kLongestDelay = 24 * 60 * 60;  // seconds

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// "Distaff" of "Distaff/1.0 (a comment)".
std::string_view product_token(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' || c == '_';
  });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::optional<Duration> delay_of(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || !std::isfinite(seconds) || seconds < 0) return {};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::min(seconds, kLongestDelay)));
}

// Is `c`, where it was written with a percent sign, better written without?  Of the reserved
// characters those that separate keep their sign, as %2F in a path is no slash; in a query a slash
// separates nothing.
bool is_plain(char c, bool in_query) {
  if (is_unreserved(c)) return true;
  return std::string_view(":@!'(),;[]").find(c) != std::string_view::npos ||
         (in_query && (c == '/' || c == '?'));
}

// Must `c` have a percent sign, where it was written without?  `*` and `$` mean something in a
// rule, so as ordinary characters they have one.
bool needs_percent(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7f ||
         std::string_view("\"<>\\^`{|}%*$").find(c) != std::string_view::npos;
}

// Appends a path in the one spelling that rules and URLs are compared in.
void append_normal(std::string_view path, bool is_rule, std::string& text) {
  bool in_query = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    const int octet = c == '%' ? percent_octet(path.substr(i)) : -1;
    bool plain = !needs_percent(c) || (is_rule && c == '*');
    in_query = in_query || c == '?';
    if (octet >= 0) {
      c = static_cast<char>(octet);
      plain = is_plain(c, in_query);
      i += 2;
    }
    if (plain) {
      text += c;
    } else {
      append_percent(c, text);
    }
  }
}

// `text` behind the first place where `part` stands in it.
bool skip_past(std::string_view part, std::string_view& text) {
  const void* at = memmem(text.data(), text.size(), part.data(), part.size());
  if (at == nullptr) return false;
  const auto before = static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
  text.remove_prefix(before + part.size());
  return true;
}

}  // namespace

// Walks through the lines and gathers what is said to us, and what to everyone: only when all was
// read is it known which of the two counts.
class RobotsReader {
 public:
  explicit RobotsReader(std::string_view agent) : agent_(product_token(agent)) {}

  Robots read(std::string_view text) {
    if (text.starts_with(kUtf8Bom)) text.remove_prefix(kUtf8Bom.size());
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
      line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    Robots& found = named_ ? ours_ : everyones_;
    found.sort();
    return std::move(found);
  }

 private:
  void line(std::string_view text) {
    text = text.substr(0, text.find('#'));
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return;
    const std::string_view name = trimmed(text.substr(0, colon));
    const std::string_view value = trimmed(text.substr(colon + 1));
    if (same_word(name, "user-agent")) return agent(value);
    if (same_word(name, "allow")) return rule(value, true);
    if (same_word(name, "disallow")) return rule(value, false);
    if (same_word(name, "crawl-delay")) delay(value);
  }

  void agent(std::string_view name) {
    if (in_rules_) to_us_ = to_everyone_ = in_rules_ = false;
    if (name == "*" || name.starts_with("* ")) to_everyone_ = true;
    if (!agent_.empty() && same_word(product_token(name), agent_)) to_us_ = named_ = true;
  }

  // One without a path asks for nothing, but it ends the list of agents.
  void rule(std::string_view path, bool allows) {
    in_rules_ = true;
    if (path.empty()) return;
    if (to_us_) ours_.add(path, allows);
    if (to_everyone_) everyones_.add(path, allows);
  }

  // No line of the standard, so it may not end the list of agents; it is for those above it.
  void delay(std::string_view text) {
    const auto asked = delay_of(text);
    if (!asked) return;
    if (to_us_) ours_.crawl_delay_ = std::max(ours_.crawl_delay_, asked);
    if (to_everyone_) everyones_.crawl_delay_ = std::max(everyones_.crawl_delay_, asked);
  }

  std::string_view agent_;
  Robots ours_, everyones_;
  bool named_ = false;                        // some group is for us by name
  bool to_us_ = false, to_everyone_ = false;  // whom the group that is being read is for
  bool in_rules_ = false;                     // another agent begins a new group
};

Robots Robots::parse(std::string_view text, std::string_view agent) {
  return RobotsReader(agent).read(text);
}

Robots Robots::disallow_all() {
  Robots robots;
  robots.add("/", false);
  return robots;
}

void Robots::add(std::string_view path, bool allows) {
  Rule rule{.begin = patterns_.size(), .allows = allows, .to_end = path.ends_with('$')};
  if (rule.to_end) path.remove_suffix(1);
  append_normal(path, true, patterns_);
  rule.size = patterns_.size() - rule.begin;
  rule.octets = rule.size + (rule.to_end ? 1 : 0);
  rules_.push_back(rule);
}

void Robots::sort() {
  std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) {
    return a.octets != b.octets ? a.octets > b.octets : a.allows && !b.allows;
  });
  rules_.shrink_to_fit();
  patterns_.shrink_to_fit();
}

bool Robots::allows(std::string_view path_and_query) const {
  if (rules_.empty()) return true;
  path_and_query = path_and_query.substr(0, path_and_query.find('#'));
  if (path_and_query.substr(0, path_and_query.find('?')) == "/robots.txt") return true;
  std::string path;
  path.reserve(path_and_query.size() + 1);
  if (!path_and_query.starts_with('/')) path = "/";
  append_normal(path_and_query, false, path);
  for (const Rule& rule : rules_) {
    if (fits(rule, path)) return rule.allows;
  }
  return true;
}

// Between two stars the first place is as good as any other, so there is nothing to go back for.
bool Robots::fits(const Rule& rule, std::string_view path) const {
  std::string_view pattern = std::string_view(patterns_).substr(rule.begin, rule.size);
  std::size_t star = pattern.find('*');
  if (!path.starts_with(pattern.substr(0, star))) return false;
  if (star == pattern.npos) return !rule.to_end || path.size() == pattern.size();
  path.remove_prefix(star);
  while (true) {
    pattern.remove_prefix(star + 1);
    star = pattern.find('*');
    if (star == pattern.npos) break;
    if (!skip_past(pattern.substr(0, star), path)) return false;
  }
  return rule.to_end ? path.ends_with(pattern) : skip_past(pattern, path);
}

std::size_t Robots::memory() const {
  return sizeof *this + patterns_.capacity() + rules_.capacity() * sizeof(Rule);
}

}  // namespace distaff
