#include "input/json_source.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace distaff {

// Listens to nlohmann's parser and writes down the members of one object.
//
// Most lines of a file have the same members in the same order.  So the names of the last record
// are taken as a guess: as long as members come as they did there, nothing is copied or looked up,
// and a record whose guess held to the end shares the list of names.
class JsonObjectReader final : public nlohmann::json_sax<nlohmann::json> {
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
    if (!nlohmann::json::sax_parse(line.begin(), line.end(), this)) return false;
    finish(record);
    return true;
  }
  const std::string& mistake() const { return mistake_; }

  // ---- what the parser tells

  bool null() override { return scalar("null", ""); }
  bool boolean(bool value) override {
    const std::string_view text = value ? "true" : "false";
    return scalar(text, text);
  }
  bool number_integer(std::int64_t value) override {
    // Only -0 comes here without being negative; everything else is printed as it was written.
    const std::string text = value == 0 ? "-0" : std::to_string(value);
    return scalar(text, text);
  }
  bool number_unsigned(std::uint64_t value) override {
    const std::string text = std::to_string(value);
    return scalar(text, text);
  }
  bool number_float(double, const std::string& text) override { return scalar(text, text); }
  bool string(std::string& value) override {
    if (levels_.empty()) return not_an_object();
    begin_value();
    if (nested()) write_string(value);
    store(value);
    return true;
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    Level& level = levels_.back();
    if (!nested()) {
      member_ = member(name);
    } else {
      if (std::exchange(level.has_items, true)) json_ += ',';
      write_string(name);
      json_ += ':';
    }
    if (!wanted_.empty()) {
      path_.resize(level.path_size);
      if (nested()) path_ += '.';
      path_ += name;
      forget_below_path();
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
    std::string_view what = error.what();
    if (const auto at = what.find("column "); at != std::string_view::npos) {
      what.remove_prefix(at);
    } else if (const auto end = what.find("] "); end != std::string_view::npos) {
      what.remove_prefix(end + 2);
    }
    mistake_ = "malformed JSON: " + printable(what);
    return false;
  }

 private:
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

  // ---- values

  bool scalar(std::string_view json_text, std::string_view field_text) {
    if (levels_.empty()) return not_an_object();
    begin_value();
    if (nested()) json_ += json_text;
    store(field_text);
    return true;
  }

  bool open(bool object) {
    if (levels_.empty() && !object) return not_an_object();
    begin_value();
    const std::size_t begin = json_.size();
    levels_.push_back({object, false, begin, path_.size()});
    if (nested()) json_ += object ? '{' : '[';
    return true;
  }

  bool close() {
    const Level level = levels_.back();
    path_.resize(level.path_size);
    if (nested()) json_ += level.object ? '}' : ']';
    levels_.pop_back();
    if (levels_.empty()) return true;
    store(std::string_view(json_).substr(level.text_begin));
    if (!nested()) json_.clear();
    return true;
  }

  bool not_an_object() {
    mistake_ = "not a JSON object: each line must be one, as {\"name\": \"value\"}";
    return false;
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
  std::string path_;  // of the value being read, while something is wanted
  std::string mistake_;
};

namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

JsonSource::JsonSource(FileSequence files)
    : lines_(std::move(files), "\n"), reader_(std::make_unique<JsonObjectReader>()) {}

JsonSource::~JsonSource() = default;

void JsonSource::want(const std::vector<std::string>& paths) { reader_->want(paths); }

Source::Next JsonSource::next(Record& record) {
  if (failed_) return Next::failed;
  lines_.begin_turn();
  while (true) {
    std::string_view line;
    switch (lines_.next(line)) {
      case LineReader::Next::line:
        if (lines_.line_number() == 1 && line.substr(0, kBom.size()) == kBom) {
          line.remove_prefix(kBom.size());
        }
        if (is_blank(line)) break;
        return make_record(line, record) ? Next::record : Next::failed;
      case LineReader::Next::wait:
        return Next::wait;
      case LineReader::Next::end:
        return Next::end;
      case LineReader::Next::failed:
        return Next::failed;
    }
  }
}

bool JsonSource::make_record(std::string_view line, Record& record) {
  if (line.back() == '\r') line.remove_suffix(1);
  record.text.assign(line);
  record.problem.clear();
  if (reader_->read(line, record)) return true;
  failed_ = true;
  error_ = {printable(lines_.file()) + ":" + std::to_string(lines_.line_number()) + ": " +
                reader_->mistake(),
            2};
  return false;
}

}  // namespace distaff
