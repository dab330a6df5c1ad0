#include "sink/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace distaff {

namespace {

// The cursor stays where the status line begins.  When a terminal becomes narrower and breaks the
// line, all its pieces are behind the cursor, and one erasure takes them all.  A space goes before
// it: an erasure from the screen's very first place on is taken for "clear" by tmux, which then
// keeps in its history what was there.
constexpr std::string_view kEraseBehind = "\x1b[J";
constexpr std::string_view kErasure = "\r \x1b[J\r\x1b[K";

}  // namespace

Output::Output(EventLoop& loop, int out_fd, int err_fd) : out_(loop, out_fd) {
  if (!same_destination(out_fd, err_fd)) err_ = std::make_unique<WriteQueue>(loop, err_fd);
}

void Output::write(Stream stream, std::string_view bytes) {
  if (bytes.empty()) return;
  if (!shares_stderr(stream)) return write_of_job(stream, bytes);
  erase_status();
  last_line_ = bytes.back() == '\n' ? LastLine::complete : LastLine::open;
  if (!waiting_lines_.empty()) return write_around_waiting_lines(stream, bytes);
  write_of_job(stream, bytes);
}

void Output::write_of_job(Stream stream, std::string_view bytes) {
  WriteQueue& to = queue(stream);
  to.write(bytes);
  jobs_end_[static_cast<std::size_t>(stream)] = to.taken();
}

// The lines stand behind the first line that the bytes complete.
void Output::write_around_waiting_lines(Stream stream, std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t end = newline == std::string_view::npos ? bytes.size() : newline + 1;
  write_of_job(stream, bytes.substr(0, end));
  if (newline == std::string_view::npos) return;
  write_waiting_lines();
  if (end < bytes.size()) write_of_job(stream, bytes.substr(end));
}

void Output::settle() {
  if (last_line_ != LastLine::open) return;
  last_line_ = LastLine::abandoned;
  if (waiting_lines_.empty()) return;
  queue(Stream::err).write("\n");
  last_line_ = LastLine::complete;
  write_waiting_lines();
}

void Output::end_line(Stream stream) {
  // Not if a line of our own came between and has done it.
  if (!shares_stderr(stream) || last_line_ != LastLine::complete) write(stream, "\n");
}

void Output::say(std::string_view lines) {
  if (lines.empty()) return;
  if (last_line_ == LastLine::open) {
    waiting_lines_ += lines;
    return;
  }
  erase_status();
  if (last_line_ == LastLine::abandoned) queue(Stream::err).write("\n");
  last_line_ = LastLine::complete;
  queue(Stream::err).write(lines);
}

void Output::write_waiting_lines() {
  queue(Stream::err).write(waiting_lines_);
  waiting_lines_.clear();
}

void Output::show_status(std::string_view text) {
  WriteQueue& terminal = queue(Stream::err);
  terminal.write("\r");
  terminal.write(text);
  terminal.write(kEraseBehind);
  terminal.write("\r");
  shows_status_ = true;
}

void Output::erase_status() {
  if (!shows_status_) return;
  shows_status_ = false;
  queue(Stream::err).write(kErasure);
}

bool Output::has_place_for_status() const {
  return last_line_ == LastLine::complete && !err_queue().blocked();
}

void Output::flush() {
  out_.flush();
  if (err_) err_->flush();
}

std::size_t Output::pending() const { return out_.pending() + (err_ ? err_->pending() : 0); }

bool Output::blocked(Stream stream) const { return queue(stream).blocked(); }

std::size_t Output::write_part(Stream stream, const FilePart& part) {
  return shares_stderr(stream) ? 0 : out_.write_part(part);
}

PipeTarget* Output::straight(Stream stream) {
  return shares_stderr(stream) ? nullptr : out_.straight();
}

bool Output::has_written(const Mark& mark) const {
  return out_.has_written(mark.out) && err_queue().has_written(mark.err);
}

// An errno where something of a job was given to the stream and is lost.
int Output::lost(Stream stream) const {
  const WriteQueue& to = queue(stream);
  return to.has_written(jobs_end_[static_cast<std::size_t>(stream)]) ? 0 : to.error();
}

ByteSink::Condition Output::condition() const {
  const int out = lost(Stream::out), err = lost(Stream::err);
  if (out == 0 && err == 0) return Condition::good;
  return out == EPIPE || err == EPIPE ? Condition::reader_gone : Condition::failed;
}

std::string Output::failure() const {
  if (condition() != Condition::failed) return {};
  const int out = lost(Stream::out);
  return fmt::format("cannot write to {}: {}", out != 0 ? "stdout" : "stderr",
                     std::strerror(out != 0 ? out : lost(Stream::err)));
}

void Output::finish() {
  settle();
  out_.finish();
  if (err_) err_->finish();
}

}  // namespace distaff
