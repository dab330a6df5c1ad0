#include "sink/output.h"

#include <cerrno>
#include <cstring>

namespace distaff {

Output::Output(EventLoop& loop, int out_fd, int err_fd) : out_(loop, out_fd) {
  if (!same_destination(out_fd, err_fd)) err_ = std::make_unique<WriteQueue>(loop, err_fd);
}

void Output::write(Stream stream, std::string_view bytes) {
  if (bytes.empty()) return;
  if (!shares_stderr(stream)) return out_.write(bytes);
  last_line_ = bytes.back() == '\n' ? LastLine::complete : LastLine::open;
  if (!waiting_lines_.empty()) return write_around_waiting_lines(stream, bytes);
  queue(stream).write(bytes);
}

// The lines stand behind the first line that the bytes complete.
void Output::write_around_waiting_lines(Stream stream, std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t end = newline == std::string_view::npos ? bytes.size() : newline + 1;
  queue(stream).write(bytes.substr(0, end));
  if (newline == std::string_view::npos) return;
  write_waiting_lines();
  queue(stream).write(bytes.substr(end));
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
  if (last_line_ == LastLine::abandoned) queue(Stream::err).write("\n");
  last_line_ = LastLine::complete;
  queue(Stream::err).write(lines);
}

void Output::write_waiting_lines() {
  queue(Stream::err).write(waiting_lines_);
  waiting_lines_.clear();
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

ByteSink::Condition Output::condition() const {
  if (out_.error() == 0) return Condition::good;
  return out_.error() == EPIPE ? Condition::reader_gone : Condition::failed;
}

std::string Output::failure() const {
  if (condition() != Condition::failed) return {};
  return std::string("cannot write to stdout: ") + std::strerror(out_.error());
}

void Output::finish() {
  settle();
  out_.finish();
  if (err_) err_->finish();
}

}  // namespace distaff
