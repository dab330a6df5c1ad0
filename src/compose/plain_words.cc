#include <algorithm>
#include <utility>

#include "compose/shell_script.h"
#include "compose/shells.h"

// Scripts that need no shell.  What is left of a script here is so plain that dash, bash and
// busybox would do nothing with it but cut it into words, take the quotes off and run the program.

namespace distaff {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80 ||
         (c != '\0' && std::string_view("_@%+:,./-=]^").find(c) != std::string_view::npos);
}

// Reads a script, word by word; any doubt ends it.
class PlainReader {
 public:
  PlainReader(std::string_view script, const TemplateSyntax& syntax, bool batch)
      : script_(script), syntax_(syntax), batch_(batch) {}

  bool read() {
    for (;;) {
      at_ = std::min(script_.find_first_not_of(" \t", at_), script_.size());
      if (at_ == script_.size()) return true;
      words_.emplace_back();
      if (!word()) return false;
    }
  }

  const std::vector<std::vector<Piece>>& words() const { return words_; }

 private:
  bool word() {
    const std::size_t from = at_;
    text_.clear();
    while (at_ < script_.size() && script_[at_] != ' ' && script_[at_] != '\t') {
      const char c = script_[at_];
      bool done = false;
      if (!replacement(false, at_ == from, done)) return false;
      if (done) continue;
      if (c == '\'' || c == '"') {
        if (!quotes(c)) return false;
      } else if (is_plain(c)) {
        text_ += c;
        ++at_;
      } else {
        return false;
      }
    }
    flush();
    // Quotes around nothing are a word, too.
    if (words_.back().empty()) words_.back().emplace_back(std::string());
    return true;
  }

  bool quotes(char quote) {
    for (++at_; at_ < script_.size();) {
      const char c = script_[at_];
      const bool dollar = syntax_.replacement == "{}" && script_[at_ - 1] == '$';
      bool done = false;
      if (!dollar && !replacement(true, false, done)) return false;
      if (done) continue;
      ++at_;
      if (c == quote) return true;
      const bool plain = quote == '\'' || std::string_view("$`\\!").find(c) == std::string::npos;
      if (!plain || c == '\n') return false;
      text_ += c;
    }
    return false;
  }

  bool replacement(bool quoted, bool first, bool& done) {
    if (at_ < literal_until_) return true;
    if (const std::size_t foreign = foreign_braces(script_, at_, syntax_); foreign > 0) {
      literal_until_ = at_ + foreign;
      return true;
    }
    auto found = read_replacement(script_, at_, syntax_);
    if (!found) return false;
    if (!*found) return true;
    done = true;
    const bool ends = at_ == script_.size() || script_[at_] == ' ' || script_[at_] == '\t';
    if (batch_ && (*found)->repeats() && (quoted || !first || !ends)) return false;
    flush();
    words_.back().emplace_back(**std::move(found));
    return true;
  }

  void flush() {
    if (!text_.empty()) words_.back().emplace_back(std::exchange(text_, {}));
  }

  std::vector<std::vector<Piece>> words_;
  std::string_view script_;
  const TemplateSyntax& syntax_;
  bool batch_;
  std::size_t at_ = 0;
  std::size_t literal_until_ = 0;
  std::string text_;
};

}  // namespace

std::optional<std::vector<std::vector<Piece>>> plain_words(std::string_view script,
                                                           const TemplateSyntax& syntax,
                                                           bool batch) {
  while (script.ends_with('\n')) script.remove_suffix(1);
  PlainReader reader(script, syntax, batch);
  if (!reader.read() || reader.words().empty()) return {};
  const std::vector<Piece>& first = reader.words()[0];
  const auto* name = first.size() == 1 ? std::get_if<std::string>(&first[0]) : nullptr;
  const bool program = name != nullptr && !name->empty() && name->find('=') == std::string::npos &&
                       !name->starts_with('%') && !is_shell_word(*name);
  if (!program) return {};
  return reader.words();
}

}  // namespace distaff
