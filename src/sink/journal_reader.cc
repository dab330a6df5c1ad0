#include "sink/journal_reader.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/hex.h"
#include "base/text.h"

namespace distaff {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::size_t kLongest = std::size_t{64} << 20;  // line that could be one of ours

// ---- a line

bool take(std::string_view& text, std::string_view begin) {
  if (!text.starts_with(begin)) return false;
  text.remove_prefix(begin.size());
  return true;
}

// Up to a quote.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find('"'));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

bool set_identity(std::string_view hex, JournalLine& line) {
  if (hex.size() != 32) return false;
  const auto high = parse_hex(hex.substr(0, 16));
  const auto low = parse_hex(hex.substr(16));
  if (!high || !low) return false;
  line.identity = {*high, *low};
  return line.identity != Identity{};
}

bool set_command(std::string_view hex, JournalLine& line) {
  const auto value = hex.size() == 8 ? parse_hex(hex) : std::nullopt;
  if (value) line.command = static_cast<std::uint32_t>(*value);
  return value.has_value();
}

void set_outcome(std::string_view word, JournalLine& line) {
  if (word == "success") line.outcome = JournalLine::Outcome::success;
  if (word == "failed") line.outcome = JournalLine::Outcome::failed;
}

// A job's line as we write it; nearly all are.
bool read_as_written(std::string_view text, JournalLine& line) {
  if (!take(text, R"({"type":"job","id":")") || !set_identity(take_word(text), line)) return false;
  if (take(text, R"(,"command":")") && !set_command(take_word(text), line)) return false;
  if (!take(text, R"(,"outcome":")")) return false;
  line.kind = JournalLine::Kind::job;
  set_outcome(take_word(text), line);
  return true;
}

// Walks over the members of an object, as far as it is one.
class Members {
 public:
  explicit Members(std::string_view object) : rest_(object) {
    blanks();
    ok_ = skip('{');
  }

  // False: there are no more, or it is no JSON.
  bool next(std::string_view& name, std::string_view& value) {
    blanks();
    if (!ok_ || (!std::exchange(first_, false) && !skip(','))) return false;
    blanks();
    if (!string(name)) return false;
    blanks();
    if (!skip(':')) return false;
    blanks();
    return any(value);
  }

  // All was read, and nothing stands behind it.
  bool whole() {
    blanks();
    const bool closed = ok_ && skip('}');
    blanks();
    return closed && rest_.empty();
  }

 private:
  void blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r"), rest_.size())); }

  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Between the quotes, escapes as they are.
  bool string(std::string_view& inside) {
    if (!rest_.starts_with('"')) return false;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        inside = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return ok_ = false;
  }

  // A string without its quotes, or whatever else up to where it ends.
  bool any(std::string_view& value) {
    if (rest_.starts_with('"')) return string(value);
    const std::string_view begin = rest_;
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (depth == 0 && (c == ',' || c == '}')) break;
      if (c == '"') {
        std::string_view inside;
        if (!string(inside)) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      rest_.remove_prefix(1);
    }
    value = begin.substr(0, begin.size() - rest_.size());
    return !value.empty();
  }

  std::string_view rest_;
  bool first_ = true;
  bool ok_ = true;
};

std::optional<JournalLine> read_members(std::string_view text) {
  JournalLine line;
  bool identified = false;
  std::string_view type, name, value;
  Members members(text);
  while (members.next(name, value)) {
    if (name == "type") type = value;
    if (name == "journal") std::from_chars(value.data(), value.data() + value.size(), line.form);
    if (name == "id") identified = set_identity(value, line);
    if (name == "command") set_command(value, line);
    if (name == "outcome") set_outcome(value, line);
  }
  if (!members.whole()) return std::nullopt;
  if (type == "run" && line.form > 0) return JournalLine{JournalLine::Kind::run, line.form};
  if (type == "done") return JournalLine{};
  line.kind = JournalLine::Kind::job;
  line.form = 0;
  if (type != "job" || !identified) return std::nullopt;
  return line;
}

// ---- lines

// Gives the lines of a file one after the other; of those that are far too long only the beginning.
class Lines {
 public:
  explicit Lines(int fd) : fd_(fd), buffer_(kBuffer) {}

  enum class Next { line, torn, end, failed };
  Next next(std::string_view& line) {
    begun_.clear();
    while (true) {
      if (const void* end = memchr(buffer_.data() + at_, '\n', size_ - at_)) {
        line = piece(static_cast<const char*>(end) - buffer_.data());
        ++at_;
        if (!begun_.empty()) line = begun_.append(line);
        return Next::line;
      }
      const std::string_view rest = piece(size_);
      if (begun_.size() < kLongest) begun_ += rest;
      const ssize_t got = read(fd_, buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Next::failed;
      at_ = 0;
      size_ = static_cast<std::size_t>(got);
      line = begun_;
      if (got == 0) return begun_.empty() ? Next::end : Next::torn;
    }
  }

 private:
  std::string_view piece(std::ptrdiff_t end) { return piece(static_cast<std::size_t>(end)); }
  std::string_view piece(std::size_t end) {
    const std::string_view text(buffer_.data() + at_, end - at_);
    at_ = end;
    return text;
  }

  int fd_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, size_ = 0;
  std::string begun_;  // a line that goes on in the next buffer
};

// The first line of a journal was written in part: no other file begins so.
bool is_begun_journal(std::string_view line) {
  constexpr std::string_view kBegin = R"({"type":"run","journal":)";
  return line.starts_with(kBegin) || kBegin.starts_with(line);
}

}  // namespace

std::optional<JournalLine> read_journal_line(std::string_view text) {
  JournalLine line;
  if (text.ends_with('}') && read_as_written(text, line)) return line;
  return read_members(text);
}

Expected<JournalContent> read_journal(int fd, const std::string& name,
                                      const std::function<void(const JournalLine&)>& each) {
  JournalContent content;
  bool ours = false;
  Lines lines(fd);
  std::string_view text;
  for (Lines::Next next; (next = lines.next(text)) != Lines::Next::end;) {
    if (next == Lines::Next::failed) {
      return fail(fmt::format("cannot read the journal '{}': {}", printable(name), strerror(errno)),
                  3);
    }
    content.empty = false;
    content.torn = next == Lines::Next::torn;
    const auto line = read_journal_line(text);
    if (!line) {
      if (content.torn && content.not_ours == 0) ours = ours || is_begun_journal(text);
      if (!text.empty()) ++content.not_ours;
      continue;
    }
    ours = true;
    if (line->form > kJournalForm) {
      return fail(
          fmt::format("the journal '{}' was written by a later version of distaff (form "
                      "{}, this one knows {}); use that version, or another file",
                      printable(name), line->form, kJournalForm));
    }
    if (line->kind != JournalLine::Kind::job) continue;
    ++content.jobs;
    each(*line);
  }
  if (!ours && !content.empty) {
    return fail(
        fmt::format("the journal '{}' holds something else, and no line of a journal; name "
                    "another file, or remove this one",
                    printable(name)));
  }
  return content;
}

}  // namespace distaff
