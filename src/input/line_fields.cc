#include "input/line_fields.h"

#include <re2/re2.h>

#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

// ---- --split

// Fields are what lies between the matches; a match of nothing separates nothing.
class SplitFields final : public LineFields {
 public:
  SplitFields(std::unique_ptr<RE2> regex, std::string literal)
      : regex_(std::move(regex)), literal_(std::move(literal)) {}

  bool find(Record& record) override {
    const std::string_view text = record.text;
    std::size_t begin = 0;
    while (true) {
      const auto [at, length] =
          literal_.empty() ? search(text, begin) : search_literal(text, begin);
      if (at == std::string_view::npos) break;
      record.fields.emplace_back(std::in_place, text.substr(begin, at - begin));
      begin = at + length;
    }
    record.fields.emplace_back(std::in_place, text.substr(begin));
    return true;
  }

  FieldScheme scheme() const override { return {FieldScheme::Kind::numbered, {}, {}}; }

 private:
  using Found = std::pair<std::size_t, std::size_t>;  // position, length

  Found search_literal(std::string_view text, std::size_t from) const {
    return {text.find(literal_, from), literal_.size()};
  }

  Found search(std::string_view text, std::size_t from) const {
    re2::StringPiece match;
    const re2::StringPiece piece(text.data(), text.size());
    while (from < text.size() &&
           regex_->Match(piece, from, text.size(), RE2::UNANCHORED, &match, 1)) {
      const auto at = static_cast<std::size_t>(match.data() - text.data());
      if (!match.empty()) return {at, match.size()};
      from = next_character(text, at);
    }
    return {std::string_view::npos, 0};
  }

  static std::size_t next_character(std::string_view text, std::size_t at) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    return at;
  }

  std::unique_ptr<RE2> regex_;
  std::string literal_;  // not empty: the regex is just this text
};

// ---- --match

class MatchFields final : public LineFields {
 public:
  MatchFields(std::unique_ptr<RE2> regex, NoMatch no_match)
      : regex_(std::move(regex)), no_match_(no_match) {
    const int groups = regex_->NumberOfCapturingGroups();
    auto names = std::make_shared<FieldNames>();
    for (const auto& [number, name] : regex_->CapturingGroupNames()) {
      captures_.push_back(number);
      names->push_back(name);
    }
    if (!captures_.empty()) {
      names_ = std::move(names);
    } else {
      for (int group = 1; group <= groups; ++group) captures_.push_back(group);
    }
    submatches_.resize(static_cast<std::size_t>(groups) + 1);
  }

  bool find(Record& record) override {
    const re2::StringPiece text(record.text.data(), record.text.size());
    record.names = names_;
    if (regex_->Match(text, 0, text.size(), RE2::UNANCHORED, submatches_.data(),
                      static_cast<int>(submatches_.size()))) {
      take_captures(record);
      return true;
    }
    record.fields.assign(captures_.size(), std::nullopt);
    if (no_match_ == NoMatch::fail) {
      record.problem = "does not match --match '" + printable(regex_->pattern()) +
                       "' (--no-match skip leaves such records out)";
    }
    return no_match_ != NoMatch::skip;
  }

  FieldScheme scheme() const override {
    if (names_) return {FieldScheme::Kind::named, *names_, {}};
    return {FieldScheme::Kind::numbered, {}, captures_.size()};
  }

 private:
  void take_captures(Record& record) const {
    for (const int capture : captures_) {
      const re2::StringPiece& value = submatches_[static_cast<std::size_t>(capture)];
      if (value.data() == nullptr) {
        record.fields.emplace_back();
      } else {
        record.fields.emplace_back(std::in_place, value.data(), value.size());
      }
    }
  }

  std::unique_ptr<RE2> regex_;
  NoMatch no_match_;
  std::vector<int> captures_;                // the groups that are fields, in order
  std::shared_ptr<const FieldNames> names_;  // null: only captures without names
  std::vector<re2::StringPiece> submatches_;
};

// ---- regexes

// RE2 knows (?P<name>…); everybody else also writes (?<name>…).
std::string with_python_names(std::string_view pattern) {
  std::string result;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    result += c;
    if (c == '\\' && i + 1 < pattern.size()) {
      result += pattern[++i];
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      // A bracket that comes first is one of the class.
      if (pattern.substr(i + 1, 1) == "^") result += pattern[++i];
      if (pattern.substr(i + 1, 1) == "]") result += pattern[++i];
    } else if (c == '(' && pattern.substr(i + 1, 2) == "?<" && i + 3 < pattern.size() &&
               (std::isalpha(static_cast<unsigned char>(pattern[i + 3])) != 0 ||
                pattern[i + 3] == '_')) {
      result += "?P<";
      i += 2;
    }
  }
  return result;
}

Expected<std::unique_ptr<RE2>> compile(const char* option, const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_unique<RE2>(pattern, options);
  if (regex->error_code() == RE2::ErrorBadPerlOp && regex->error_arg() == "(?<") {
    regex = std::make_unique<RE2>(with_python_names(pattern), options);
  }
  if (!regex->ok()) {
    return fail(std::string(option) + " '" + printable(pattern) + "' is no regex: " +
                printable(regex->error()) + " (a backslash makes a character stand for itself)");
  }
  return regex;
}

Expected<std::unique_ptr<LineFields>> make_split(const std::string& pattern) {
  auto regex = compile("--split", pattern);
  if (!regex) return tl::unexpected(regex.error());
  const bool literal = pattern.find_first_of("\\.+*?()|[]{}^$") == std::string::npos;
  return std::make_unique<SplitFields>(std::move(*regex), literal ? pattern : std::string());
}

Expected<std::unique_ptr<LineFields>> make_match(const std::string& pattern, NoMatch no_match) {
  auto regex = compile("--match", pattern);
  if (!regex) return tl::unexpected(regex.error());
  if ((*regex)->NumberOfCapturingGroups() == 0) {
    return fail("--match '" + printable(pattern) +
                "' has no capture: write (?P<name>...) around what is to be {name}");
  }
  return std::make_unique<MatchFields>(std::move(*regex), no_match);
}

}  // namespace

Expected<std::unique_ptr<LineFields>> make_line_fields(const InputSpec& spec) {
  if (spec.split.empty() && spec.match.empty()) return nullptr;
  if (!spec.split.empty() && !spec.match.empty()) {
    return fail("--split and --match both make fields: use one of them");
  }
  const bool has_fields = spec.format == RecordFormat::csv || spec.format == RecordFormat::tsv ||
                          spec.format == RecordFormat::jsonl;
  const char* option = spec.split.empty() ? "--match" : "--split";
  if (has_fields || spec.lists.size() > 1) {
    return fail(std::string(option) +
                " is for lines: " + (has_fields ? "CSV, TSV and JSON lines" : "several ::: lists") +
                " have fields already, leave it out");
  }
  return spec.split.empty() ? make_match(spec.match, spec.no_match) : make_split(spec.split);
}

}  // namespace distaff
