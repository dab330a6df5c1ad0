#include "sink/journal_reader.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "base/base64.h"
#include "base/hex.h"
#include "base/json_members.h"
#include "base/text.h"

namespace distaff {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;
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

std::optional<JournalLine> read_members(std::string_view text) {
  JournalLine line;
  bool identified = false;
  std::string_view type, name, value;
  JsonMembers members(text);
  while (members.next(name, value)) {
    if (name == "type") type = value;
    if (name == "journal") std::from_chars(value.data(), value.data() + value.size(), line.form);
    if (name == "id") identified = set_identity(value, line);
    if (name == "command") set_command(value, line);
    if (name == "outcome") set_outcome(value, line);
  }
  if (!members.whole()) return std::nullopt;
  if (type == "run" && line.form > 0) {
    JournalLine run{JournalLine::Kind::run, line.form};
    run.command = line.command;
    return run;
  }
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
    begin_ = read_ - (size_ - at_);
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
      read_ += size_;
      line = begun_;
      if (got == 0) return begun_.empty() ? Next::end : Next::torn;
    }
  }

  // Where the line begins that next() gave.
  std::uint64_t begin() const { return begin_; }

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
  std::uint64_t read_ = 0, begin_ = 0;
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

std::optional<EarlierEnd> read_earlier_end(std::string_view text) {
  if (text.find('\n') != text.npos) text = text.substr(0, text.find('\n'));
  EarlierEnd end;
  auto response = std::make_shared<Response>();
  std::string_view name, value;
  bool is_job = false;
  const auto number = [&value] {
    std::uint64_t parsed = 0;
    std::from_chars(value.data(), value.data() + value.size(), parsed);
    return parsed;
  };
  const auto text_of = [&] { return json_unescaped(value); };
  JsonMembers members(text);
  while (members.next(name, value)) {
    if (name == "type") is_job = value == "job";
    if (name == "id") {
      JournalLine line;
      if (set_identity(value, line)) end.identity = line.identity;
    }
    if (name == "attempt") end.attempts = static_cast<int>(number());
    if (name == "run_s") {
      const double seconds = std::strtod(std::string(value).c_str(), nullptr);
      end.attempt.usage.wall =
          std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    }
    if (name == "url" || name == "final_url") response->url = text_of();
    if (name == "mime") response->mime = text_of();
    if (name == "bytes") response->bytes = number();
    if (name == "path") response->path = text_of();
    if (name == "path_b64") response->path = from_base64(value).value_or("");
    if (name == "etag") response->etag = text_of();
    if (name == "last_modified") response->last_modified = text_of();
    if (name == "note") response->note = text_of();
    if (name == "http") response->status = static_cast<int>(number());
    if (name == "error") end.attempt.outcome = Outcome::not_started(0, text_of());
  }
  if (!members.whole() || !is_job) return std::nullopt;
  if (end.attempt.outcome.reason.empty()) {
    end.attempt.outcome = Outcome::responded(response->status);
  }
  end.attempt.response = std::move(response);
  return end;
}

Expected<JournalContent> read_journal(int fd, const std::string& name,
                                      const std::function<void(const JournalLine&)>& each) {
  JournalContent content;
  bool ours = false;
  Lines lines(fd);
  std::uint32_t run = 0;
  std::string_view text;
  for (Lines::Next next; (next = lines.next(text)) != Lines::Next::end;) {
    if (next == Lines::Next::failed) {
      return fail(fmt::format("cannot read the journal '{}': {}", printable(name), strerror(errno)),
                  3);
    }
    content.empty = false;
    content.torn = next == Lines::Next::torn;
    auto line = read_journal_line(text);
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
    if (line->kind == JournalLine::Kind::run) run = line->command;
    if (line->kind != JournalLine::Kind::job) continue;
    ++content.jobs;
    line->of_run = run;
    line->place = lines.begin();
    line->text = text;
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
