#include "input/json_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "input/file_kind.h"
#include "input/json_lexer.h"
#include "os/byte_reader.h"

namespace distaff {

// Reads one object, and writes down its members.
//
// Most lines of a file have the same members in the same order.  So the names of the last record
// are taken as a guess: as long as members come as they did there, nothing is copied or looked up,
// and a record whose guess held to the end shares the list of names.
class JsonObjectReader {
 public:
  void want(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const bool dotted = path.find('.') != std::string::npos;
      if (dotted && std::find(wanted_.begin(), wanted_.end(), path) == wanted_.end()) {
        wanted_.push_back(path);
      }
    }
    last_names_.reset();
  }

  // False: mistake() says what is wrong.
  bool read(std::string_view line, Record& record) {
    begin();
    lexer_.begin(line);
    if (!parse()) return false;
    finish(record);
    return true;
  }
  const std::string& mistake() const { return mistake_; }

  // Whether the names of members in members ("a.b") are written down, and those of the last object.
  void note_paths(bool noted) { notes_paths_ = noted; }
  const std::vector<std::string>& paths() const { return paths_; }

  // A name that two members of the object have; empty if none.
  const std::string& twice() const { return twice_; }

 private:
  // Of members in members, that are noted.
  static constexpr std::size_t kDeepest = 32;
  static constexpr std::size_t kMostPaths = 10'000;

  // One object or array that is open.
  struct Level {
    bool object = false;
    bool has_items = false;
    std::size_t text_begin = 0;  // in json_
    std::size_t path_size = 0;   // of path_, for its own name
  };

  void begin() {
    fields_.clear();
    names_.clear();
    index_.clear();
    guessing_ = last_names_ != nullptr;
    found_.assign(wanted_.size(), std::nullopt);
    levels_.clear();
    json_.clear();
    path_.clear();
    mistake_.clear();
    paths_.clear();
    twice_.clear();
  }

  void finish(Record& record) {
    const std::size_t members = fields_.size();
    const bool same = guessing_ && last_members_ == members;
    if (!same) {
      if (guessing_) stop_guessing();
      names_.insert(names_.end(), wanted_.begin(), wanted_.end());
      last_names_ = std::make_shared<FieldNames>(std::move(names_));
      last_members_ = members;
    }
    for (auto& value : found_) fields_.push_back(std::move(value));
    record.fields.swap(fields_);
    record.names = last_names_;
  }

  // ---- syntax

  using Token = JsonLexer::Token;

  // What may come next.
  enum class Want { value, value_or_end, name, name_or_end, colon, comma_or_end, nothing };

  // Without recursion: depth costs memory and no stack.
  bool parse() {
    const Token first = lexer_.next();
    if (first != Token::begin_object) return first == Token::bad ? malformed() : not_an_object();
    Want want = open(true);
    while (true) {
      const Token token = lexer_.next();
      if (token == Token::bad) return malformed();
      const bool may_end = want != Want::value && want != Want::name && want != Want::colon;
      if (may_end && closes(token)) {
        want = close();
        continue;
      }
      switch (want) {
        case Want::value:
        case Want::value_or_end:
          if (!begins_value(token)) return expected("a value", token);
          want = take_value(token);
          break;
        case Want::name:
        case Want::name_or_end:
          if (token != Token::string) return expected("a name in double quotes", token);
          key(lexer_.value());
          want = Want::colon;
          break;
        case Want::colon:
          if (token != Token::colon) return expected("a colon", token);
          want = Want::value;
          break;
        case Want::comma_or_end:
          if (token != Token::comma) return expected("a comma or the end", token);
          want = levels_.back().object ? Want::name : Want::value;
          break;
        case Want::nothing:
          if (token == Token::end) return true;
          return malformed_because("text behind the object, and each line is one");
      }
    }
  }

  bool closes(Token token) const {
    if (levels_.empty()) return false;
    return token == (levels_.back().object ? Token::end_object : Token::end_array);
  }

  static bool begins_value(Token token) {
    return token == Token::string || token == Token::number || token == Token::word ||
           token == Token::begin_object || token == Token::begin_array;
  }

  Want take_value(Token token) {
    const std::string_view value = lexer_.value();
    switch (token) {
      case Token::begin_object:
      case Token::begin_array:
        return open(token == Token::begin_object);
      case Token::string:
        begin_value();
        if (nested()) write_string(value);
        store(value);
        break;
      default:
        begin_value();
        if (nested()) json_ += value;
        store(value == "null" ? std::string_view() : value);
        break;
    }
    return Want::comma_or_end;
  }

  void key(std::string_view name) {
    Level& level = levels_.back();
    if (!nested()) {
      member_ = member(name);
    } else {
      if (std::exchange(level.has_items, true)) json_ += ',';
      write_string(name);
      json_ += ':';
    }
    if (!wanted_.empty() || notes_paths_) {
      path_.resize(level.path_size);
      if (nested()) path_ += '.';
      path_ += name;
      forget_below_path();
      note_path();
    }
  }

  Want open(bool object) {
    begin_value();
    const std::size_t begin = json_.size();
    levels_.push_back({object, false, begin, path_.size()});
    if (nested()) json_ += object ? '{' : '[';
    return object ? Want::name_or_end : Want::value_or_end;
  }

  Want close() {
    const Level level = levels_.back();
    path_.resize(level.path_size);
    if (nested()) json_ += level.object ? '}' : ']';
    levels_.pop_back();
    if (levels_.empty()) return Want::nothing;
    store(std::string_view(json_).substr(level.text_begin));
    if (!nested()) json_.clear();
    return Want::comma_or_end;
  }

  // ---- mistakes

  bool malformed() { return malformed_because(lexer_.mistake()); }

  bool malformed_because(std::string_view why) {
    mistake_ = fmt::format("malformed JSON: column {}: {}", lexer_.column(), why);
    return false;
  }

  bool expected(std::string_view what, Token token) {
    if (token != Token::end) return malformed_because(fmt::format("{} is missing", what));
    return malformed_because(fmt::format(
        "the line ends, and {} is missing; an object is one line, as jq -c writes it", what));
  }

  bool not_an_object() {
    mistake_ = "not a JSON object: each line must be one, as {\"name\": \"value\"}";
    return false;
  }

  // ---- members

  // Where the member's value goes.
  std::size_t member(std::string_view name) {
    const std::size_t next = fields_.size();
    if (guessing_) {
      if (next < last_members_ && (*last_names_)[next] == name) {
        fields_.emplace_back();
        return next;
      }
      stop_guessing();
    }
    const auto [entry, is_new] = index_.emplace(name, next);
    if (is_new) {
      names_.emplace_back(name);
      fields_.emplace_back();
    } else {
      twice_ = name;
    }
    return entry->second;
  }

  void stop_guessing() {
    guessing_ = false;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      names_.push_back((*last_names_)[i]);
      index_.emplace(names_.back(), i);
    }
  }

  // A value is complete: `text` is what a field of it holds.
  void store(std::string_view text) {
    if (levels_.size() == 1) fields_[member_].emplace(text);
    if (wanted_.empty() || !path_known()) return;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (wanted_[i] == path_) found_[i].emplace(text);
    }
  }

  // Paths lead through objects only.
  bool path_known() const {
    return levels_.size() > 1 &&
           std::all_of(levels_.begin(), levels_.end(), [](const Level& l) { return l.object; });
  }

  void note_path() {
    const bool bounded = levels_.size() <= kDeepest && paths_.size() < kMostPaths;
    if (notes_paths_ && nested() && bounded && path_known()) paths_.push_back(path_);
  }

  // A member that comes a second time takes back what the first one gave.
  void forget_below_path() {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const std::string& path = wanted_[i];
      const bool below = path.compare(0, path_.size(), path_) == 0 &&
                         (path.size() == path_.size() || path[path_.size()] == '.');
      if (below) found_[i].reset();
    }
  }

  // ---- JSON text of what is inside arrays and objects

  bool nested() const { return levels_.size() > 1; }

  void begin_value() {
    if (!nested()) return;
    Level& level = levels_.back();
    if (!level.object && std::exchange(level.has_items, true)) json_ += ',';
  }

  void write_string(std::string_view text) {
    json_ += '"';
    for (const char c : text) write_character(c);
    json_ += '"';
  }

  void write_character(char c) {
    static constexpr std::string_view kPlain = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetter = "\"\\bfnrt";
    static constexpr std::string_view kHex = "0123456789abcdef";
    if (const std::size_t at = kPlain.find(c); at != std::string_view::npos) {
      json_ += '\\';
      json_ += kLetter[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json_ += "\\u00";
      json_ += kHex[static_cast<unsigned char>(c) >> 4];
      json_ += kHex[c & 15];
    } else {
      json_ += c;
    }
  }

  std::vector<std::string> wanted_;
  std::shared_ptr<const FieldNames> last_names_;
  std::size_t last_members_ = 0;  // of last_names_, those of the object itself

  std::vector<std::optional<std::string>> fields_;
  FieldNames names_;                                    // while not guessing
  std::unordered_map<std::string, std::size_t> index_;  // while not guessing: of names_
  bool guessing_ = false;
  std::size_t member_ = 0;                         // the field whose value is being read
  std::vector<std::optional<std::string>> found_;  // for wanted_
  std::vector<Level> levels_;
  std::string json_;
  std::string path_;  // of the value being read, while something is wanted or noted
  bool notes_paths_ = false;
  std::vector<std::string> paths_;
  JsonLexer lexer_;
  std::string mistake_, twice_;
};

namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Those of the object itself come first, and a member that is called "a.b" is one of them.
FieldNames names_of(FieldNames names, const std::vector<std::string>& paths) {
  std::unordered_set<std::string> known(names.begin(), names.end());
  for (const std::string& path : paths) {
    if (known.insert(path).second) names.push_back(path);
  }
  return names;
}

constexpr std::size_t kMostAhead = 100;  // lines that are no object, before the first that is

}  // namespace

JsonSource::JsonSource(FileSequence files, std::uint64_t most)
    : lines_(std::move(files), {.delimiter = "\n", .most = most, .drop_bom = true}),
      reader_(std::make_unique<JsonObjectReader>()) {}

JsonSource::~JsonSource() = default;

void JsonSource::want(const std::vector<std::string>& paths) { reader_->want(paths); }

FieldNames JsonSource::first_names() {
  while (ahead_.size() < kMostAhead) {
    Record record;
    reader_->note_paths(true);
    const Next got = next_of_lines(record);
    reader_->note_paths(false);
    if (got == Next::end || got == Next::failed) break;
    if (got == Next::wait) {
      wait_until_readable(lines_.wait_fd());
      continue;
    }
    ahead_.push_back(std::move(record));
    if (ahead_.back().problem.empty()) return names_of(*ahead_.back().names, reader_->paths());
  }
  return {};
}

Source::Next JsonSource::next(Record& record) {
  if (!ahead_.empty()) {
    record = std::move(ahead_.front());
    ahead_.pop_front();
    // Once more, for what is wanted by now.
    if (record.problem.empty()) reader_->read(record.text, record);
    return Next::record;
  }
  return next_of_lines(record);
}

Source::Next JsonSource::next_of_lines(Record& record) {
  lines_.begin_turn();
  while (true) {
    std::string_view line;
    switch (lines_.next(line)) {
      case LineReader::Next::line:
        if (is_blank(line)) break;
        make_record(line, record);
        return Next::record;
      case LineReader::Next::too_long:
        record.begin({});
        record.problem = lines_.too_long();
        record.bytes_lost = true;
        return Next::record;
      case LineReader::Next::wait:
        return Next::wait;
      case LineReader::Next::end:
        return Next::end;
      case LineReader::Next::failed:
        return Next::failed;
    }
  }
}

// A line that is no object is a record all the same, of a job that fails: those behind it may be
// good ones.
void JsonSource::make_record(std::string_view line, Record& record) {
  record.begin();
  lines_.give(line, record.text);
  if (record.text.ends_with('\r')) record.text.pop_back();
  const bool is_object = reader_->read(record.text, record);
  if (is_object && (warned_ || reader_->twice().empty())) return;
  const std::string place = fmt::format("{}:{}: ", printable(lines_.file()), lines_.line_number());
  if (is_object) {
    warned_ = true;
    warning_ = fmt::format("{}the member '{}' stands twice: the last counts, here and in others",
                           place, printable(reader_->twice(), 60));
  } else {
    record.problem = place + (may_be_utf16(record.text) ? std::string(kUtf16) : reader_->mistake());
  }
}

std::string JsonSource::take_warning() {
  if (std::string warning = lines_.take_warning(); !warning.empty()) return warning;
  return std::exchange(warning_, {});
}

}  // namespace distaff
