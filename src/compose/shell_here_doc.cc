#include <fmt/format.h>

#include "base/text.h"
#include "compose/shell_reader.h"

// Here-documents: their end words, and their bodies after the next newline.

namespace distaff {

// The word after <<.
bool ShellReader::end_word(bool tabs) {
  HereDoc doc{.end_word = {}, .quoted = false, .tabs = tabs};
  while (!at_delimiter()) {
    const char c = peek();
    if (replacement_at(at_) || c == '$' || c == '`' || c == '(' || c == '{') {
      return refuse("has a here-document with an end word that is not plain", "write <<END");
    }
    if (c == '\'' || c == '"') {
      doc.quoted = true;
      const std::size_t close = script_.substr(0, end_).find(c, at_ + 1);
      if (close == std::string_view::npos) return unclosed("a quote", at_);
      const std::string_view text = script_.substr(at_ + 1, close - at_ - 1);
      if (text.find_first_of("\\\n$`") != std::string_view::npos) {
        return refuse("has a here-document with an end word that is not plain", "write <<'END'");
      }
      doc.end_word += text;
      copy(close + 1 - at_);
    } else if (c == '\\') {
      if (at_ + 1 >= end_ || peek(1) == '\n') {
        return refuse("has a here-document without an end word", "write <<END");
      }
      doc.quoted = true;
      doc.end_word += peek(1);
      copy(2);
    } else {
      doc.end_word += c;
      copy(1);
    }
  }
  if (doc.end_word.empty()) return refuse("has a here-document without an end word", "write <<END");
  result_.shown.has_here_doc = true;
  pending_.push_back(std::move(doc));
  return true;
}

// The cursor is at the beginning of a line.
bool ShellReader::here_docs() {
  std::vector<HereDoc> docs;
  std::swap(docs, pending_);
  for (const HereDoc& doc : docs) {
    if (!here_doc(doc)) return false;
  }
  return true;
}

bool ShellReader::here_doc(const HereDoc& doc) {
  std::size_t body_end = 0;
  std::size_t after = 0;
  if (!find_body_end(doc, body_end, after)) return false;
  if (doc.quoted) {
    for (std::size_t at = at_; at < body_end; ++at) {
      if (!replacement_at(at) || (at > 0 && script_[at - 1] == '$')) continue;
      return refuse(fmt::format("has a replacement in a here-document with a quoted end word, "
                                "where nothing is expanded, at '{}'",
                                printable(script_.substr(at, body_end - at), 20)),
                    fmt::format("write <<{} without quotes, and \\$ for a $ in it", doc.end_word));
    }
  } else {
    const std::size_t outside = std::exchange(end_, body_end);
    bodies_.push_back(&doc);
    word_place_ = Place::argument;
    const std::size_t values = values_put_;
    if (!quoted_text(Context::here_doc)) return false;
    gives_text_ = gives_text_ || values_put_ > values;
    bodies_.pop_back();
    end_ = outside;
  }
  copy(after - at_);
  return true;
}

// The body ends at the first line that is the end word.  Shells do not agree whether that line is
// looked for before or after a backslash joins it to the one before.
bool ShellReader::find_body_end(const HereDoc& doc, std::size_t& body_end, std::size_t& after) {
  std::string joined;
  bool goes_on = false;
  for (std::size_t begin = at_; begin < end_;) {
    const std::string_view rest = script_.substr(0, end_).substr(begin);
    const std::string_view raw = rest.substr(0, rest.find('\n'));
    std::string_view line = raw;
    while (doc.tabs && line.starts_with('\t')) line.remove_prefix(1);
    joined += line;
    if (goes_on && (line == doc.end_word || joined == doc.end_word)) {
      return refuse("has a here-document with a backslash before its end word", "remove it");
    }
    if (line == doc.end_word) {
      body_end = begin;
      after = begin + raw.size();
      if (after < end_) ++after;
      return true;
    }
    const std::size_t last = line.find_last_not_of('\\');
    const std::size_t slashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    goes_on = !doc.quoted && slashes % 2 == 1;
    if (goes_on) {
      joined.pop_back();
    } else {
      joined.clear();
    }
    begin += raw.size() + 1;
  }
  return refuse(fmt::format("has a here-document without its end, {}", doc.end_word),
                "put the end word on a line of its own");
}

}  // namespace distaff
