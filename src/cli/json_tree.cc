// nlohmann's parser tells its listener what it found, and not where.  Asking it how far it has read
// does not help: behind a number it has read one byte more, and where a token began it never knew.
//
// So a second reader, the Follower, walks the same text one step for each event.  Its work is easy,
// because the parser has checked the text up to here: between two events there are only blanks,
// comments, commas and colons, a string ends at the first quote without a backslash, and a number
// or literal at the first character that can be in none.  What the Follower passes over is also the
// number as it was written.
//
// After a syntax error the parser says how many bytes it has read; the token that holds the last of
// them is the wrong one.

#include "cli/json_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "base/unique_fd.h"
#include "base/utf8_check.h"

namespace distaff {
namespace {

constexpr std::size_t kDeepest = 20;  // rules need seven; what destroys a tree recurses

// Counts lines and columns over a text that is passed piece by piece.
void pass(JsonPlace& place, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
}

class Follower {
 public:
  struct Token {
    std::string_view text;  // empty: the end
    JsonPlace place;
    std::size_t begin = 0;
  };

  explicit Follower(std::string_view text) : text_(text) {
    if (text.starts_with(kUtf8Bom)) at_ = kUtf8Bom.size();
  }

  // The next token, commas and colons among them.
  Token step() {
    skip_blanks();
    last_ = {text_.substr(at_, token_size()), place_, at_};
    move(last_.text.size());
    return last_;
  }

  // The token of the next event.
  Token next() {
    for (;;) {
      const Token token = step();
      if (token.text != "," && token.text != ":") return token;
    }
  }

  const Token& last() const { return last_; }
  // Where the last comment in /* */ begins.
  JsonPlace comment() const { return comment_; }

 private:
  void move(std::size_t size) {
    pass(place_, text_.substr(at_, size));
    at_ += size;
  }

  void skip_blanks() {
    for (;;) {
      const std::string_view rest = text_.substr(at_);
      std::size_t size = std::min(rest.find_first_not_of(" \t\r\n"), rest.size());
      if (rest.starts_with("//")) {
        size = std::min(rest.find_first_of("\r\n"), rest.size());
      } else if (rest.starts_with("/*")) {
        comment_ = place_;
        const std::size_t end = rest.find("*/", 2);
        size = end == rest.npos ? rest.size() : end + 2;
      }
      if (size == 0) return;
      move(size);
    }
  }

  std::size_t token_size() const {
    const std::string_view rest = text_.substr(at_);
    if (rest.empty()) return 0;
    std::size_t size = 1;
    if (rest[0] == '"') {
      while (size < rest.size() && rest[size] != '"') size += rest[size] == '\\' ? 2 : 1;
      return std::min(size + 1, rest.size());
    }
    if (!in_word(rest[0])) return 1;
    while (size < rest.size() && in_word(rest[size])) ++size;
    return size;
  }

  // What numbers and literals are made of, and the bytes of words that are neither.
  static bool in_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (static_cast<unsigned char>(c) & 0x80) != 0 ||
           std::string_view("+-._").find(c) != std::string_view::npos;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  JsonPlace place_;
  Token last_;
  JsonPlace comment_;
};

// Listens to the parser and builds the tree.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(std::string_view text, std::string_view file)
      : text_(text), file_(file), follower_(text) {}

  Expected<JsonValue> build() {
    if (const std::size_t nul = text_.find('\0'); nul != text_.npos) {
      wrong(place_of(nul), "a NUL byte here, so this is no JSON; in a string it is \\u0000");
    } else {
      nlohmann::json::sax_parse(text_.begin(), text_.end(), this,
                                nlohmann::json::input_format_t::json, true, true);
    }
    if (error_) return tl::unexpected(*error_);
    return std::move(root_);
  }

  // ---- what the parser tells

  bool null() override { return add(value(JsonValue::Kind::null)); }
  bool boolean(bool truth) override {
    JsonValue made = value(JsonValue::Kind::boolean);
    made.truth = truth;
    return add(std::move(made));
  }
  bool number_integer(std::int64_t) override { return number(); }
  bool number_unsigned(std::uint64_t) override { return number(); }
  bool number_float(double, const std::string&) override { return number(); }
  bool string(std::string& text) override {
    JsonValue made = value(JsonValue::Kind::string);
    made.text = std::move(text);
    return add(std::move(made));
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(JsonValue::Kind::object); }
  bool start_array(std::size_t) override { return open(JsonValue::Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    Level& level = levels_.back();
    const JsonPlace place = follower_.next().place;
    const auto [first, is_new] = level.names.emplace(name, place);
    if (!is_new) {
      return wrong(place, fmt::format("\"{}\" is there twice in one object, first on line {}; "
                                      "leave one of them out",
                                      printable(name, 60), first->second.line));
    }
    level.key = std::move(name);
    level.key_place = place;
    return true;
  }

  bool parse_error(std::size_t bytes_read, const std::string&,
                   const nlohmann::json::exception& error) override {
    const std::size_t last = std::min(bytes_read - 1, text_.size());
    const bool nothing = levels_.empty() && follower_.last().text.empty();
    Follower::Token before = follower_.last();
    // 010 and 4k: the parser has seen a number, and then more of what the Follower takes for one.
    if (before.begin + before.text.size() > last && !before.text.empty()) {
      return no_json(before);
    }
    Follower::Token token = follower_.step();
    while (!token.text.empty() && token.begin + token.text.size() <= last) {
      before = token;
      token = follower_.step();
    }
    return explain(error.what(), last, nothing, before, token);
  }

 private:
  // An object or list that is open, and the name that its next member has.
  struct Level {
    JsonValue value;
    std::string key;
    JsonPlace key_place;
    std::map<std::string, JsonPlace> names;
  };

  JsonValue value(JsonValue::Kind kind) {
    JsonValue made;
    made.kind = kind;
    made.place = follower_.next().place;
    return made;
  }

  bool number() {
    JsonValue made;
    made.kind = JsonValue::Kind::number;
    const Follower::Token token = follower_.next();
    made.place = token.place;
    made.text = token.text;
    return add(std::move(made));
  }

  bool add(JsonValue made) {
    if (levels_.empty()) {
      root_ = std::move(made);
      return true;
    }
    Level& level = levels_.back();
    made.key = std::move(level.key);
    made.key_place = level.key_place;
    level.value.items.push_back(std::move(made));
    return true;
  }

  bool open(JsonValue::Kind kind) {
    Level level;
    level.value = value(kind);
    if (levels_.size() == kDeepest) return wrong(level.value.place, "nested too deeply");
    levels_.push_back(std::move(level));
    return true;
  }

  bool close() {
    follower_.next();
    JsonValue made = std::move(levels_.back().value);
    levels_.pop_back();
    return add(std::move(made));
  }

  JsonPlace place_of(std::size_t offset) const {
    JsonPlace place;
    const std::size_t begin = text_.starts_with(kUtf8Bom) ? kUtf8Bom.size() : 0;
    if (offset > begin) pass(place, text_.substr(begin, offset - begin));
    return place;
  }

  // `what` is "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while
  // parsing object key - unexpected '}'; expected string literal", or the mistake begins with
  // "invalid", and "; last read: '…'" stands before the semicolon.
  bool explain(std::string_view what, std::size_t last, bool nothing, const Follower::Token& before,
               const Follower::Token& token) {
    if (const std::size_t dash = what.find(" - "); dash != what.npos) what.remove_prefix(dash + 3);
    const std::string word = printable(token.text, 40);
    if (what.find("number overflow") != what.npos) {
      return wrong(token.place, fmt::format("{} is too large a number", word));
    }
    if (what.starts_with("invalid literal")) return no_json(token);
    if (what.starts_with("invalid comment; missing")) {
      return wrong(follower_.comment(), "this comment is not closed by */");
    }
    if (what.starts_with("invalid string: missing")) {
      return wrong(before.place, "this text has no closing quote");
    }
    if (what.starts_with("invalid")) {
      const bool text = what.starts_with("invalid string");
      return wrong(text ? place_of(last) : token.place, what.substr(0, what.find("; last read")));
    }
    if (before.text == "," && (word == "}" || word == "]")) {
      return wrong(token.place, fmt::format("a comma too many before '{}'", word));
    }
    if (nothing && word.empty()) {
      return wrong(token.place, "there is no JSON here; at least it is {}");
    }
    const std::string_view expected = expectation(what);
    if (word.empty()) return wrong(token.place, fmt::format("the file ends before {}", expected));
    return wrong(token.place, fmt::format("here goes {}, not {}", expected, word));
  }

  // What the parser wants, in words of ours.
  static std::string_view expectation(std::string_view what) {
    if (what.ends_with("expected '}'")) return "a comma or '}'";
    if (what.ends_with("expected ']'")) return "a comma or ']'";
    if (what.ends_with("expected ':'")) return "a colon";
    if (what.ends_with("expected string literal")) return "a name in double quotes";
    if (what.ends_with("expected end of input")) return "the end of the file";
    return "a value";
  }

  bool no_json(const Follower::Token& token) {
    if (token.text == "#") return wrong(token.place, "comments begin with // or stand in /* */");
    return wrong(token.place, fmt::format("{} is no JSON; text goes in double quotes",
                                          printable(token.text, 40)));
  }

  // Stops the parser.
  bool wrong(JsonPlace place, std::string_view what) {
    error_ = Error{fmt::format("{}: {}", position(file_, place), printable(what, 500))};
    return false;
  }

  std::string_view text_;
  std::string_view file_;
  Follower follower_;
  std::vector<Level> levels_;
  JsonValue root_;
  std::optional<Error> error_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const JsonValue& item) { return item.key == name; });
  return found == items.end() ? nullptr : &*found;
}

Expected<JsonValue> parse_json(std::string_view text, std::string_view file) {
  return TreeBuilder(text, file).build();
}

std::string position(std::string_view file, JsonPlace place) {
  return fmt::format("{}:{}:{}", printable(file), place.line, place.column);
}

std::string shown(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::null:
      return "null";
    case JsonValue::Kind::boolean:
      return value.truth ? "true" : "false";
    case JsonValue::Kind::number:
      return printable(value.text, 60);
    case JsonValue::Kind::string:
      return fmt::format("\"{}\"", printable(value.text, 60));
    case JsonValue::Kind::list:
      return "a list";
    case JsonValue::Kind::object:
      return "an object";
  }
  return {};
}

Expected<std::string> read_small_file(const std::string& file, std::size_t most) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(std::strerror(errno));
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(std::strerror(errno));
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > most) return fail(fmt::format("longer than {} MiB", most >> 20));
  }
}

}  // namespace distaff
