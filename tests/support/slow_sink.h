#pragma once

// A sink with a reader that takes its time.  It remembers in which order, and in what state of the
// bounds, the bytes of both streams were written.

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "collate/byte_sink.h"
#include "support/checked_spill.h"
#include "support/pipe_executor.h"

namespace distaff::fake {

class SlowSink final : public ByteSink, private PipeTarget {
 public:
  struct Reader {
    std::size_t capacity = SIZE_MAX;  // of the pipe to it
    std::size_t takes = SIZE_MAX;     // at once
    Duration every{0};
    std::function<Duration()> rest;  // after each time, on top of that
  };
  // Of each byte: its stream, and
  enum : char { kErr = 1, kAdded = 2, kFull = 4 };

  SlowSink(const TimePoint& now, Pipes& pipes, CheckedSpill& spill)
      : now_(now), pipes_(pipes), spill_(spill) {}

  std::array<Reader, 2> readers;
  bool one = false;
  bool parts = false;    // write_part() works for stdout
  bool moves = false;    // and straight()
  bool refuses = false;  // but that is known only when it is tried
  std::function<bool()> bounds_reached = [] { return false; };

  std::string text;   // all that was written, of both streams
  std::string kinds;  // of each byte
  std::string said;
  std::size_t most_pending = 0;
  std::size_t most_at_once = 0;
  bool away = false;  // the readers do not come back

  void write(Stream stream, std::string_view bytes) override {
    note(stream, bytes, 0);
    File& to = file(stream);
    to.pending += bytes.size();
    most_at_once = std::max(most_at_once, bytes.size());
    if (!to.blocked) push(to);
    most_pending = std::max(most_pending, pending());
  }
  void end_line(Stream stream) override {
    write(stream, "\n");
    kinds.back() = static_cast<char>(kinds.back() | kAdded);
  }
  void say(std::string_view lines) override { said += lines; }
  bool one_file() const override { return one; }
  bool blocked(Stream stream) const override { return file(stream).blocked; }
  std::size_t pending() const override { return files_[0].pending + files_[1].pending; }

  std::size_t write_part(Stream stream, const FilePart& part) override {
    File& to = file(stream);
    if (!parts || one || stream == Stream::err || to.blocked || to.pending > 0) return 0;
    const std::string bytes = spill_.bytes_of(part, room(to));
    note(stream, bytes, 0);
    to.in_pipe += bytes.size();
    to.blocked = bytes.size() < part.length;
    read(to);
    return bytes.size();
  }

  PipeTarget* straight(Stream stream) override {
    File& to = file(stream);
    if (!moves || one || stream == Stream::err || to.blocked || to.pending > 0) return nullptr;
    return this;
  }

  // Of the readers.
  std::optional<TimePoint> next_time() const {
    std::optional<TimePoint> earliest;
    for (const File& of : files_) {
      if (away || of.in_pipe == 0) continue;
      if (!earliest || of.again_at < *earliest) earliest = of.again_at;
    }
    return earliest;
  }
  bool step() {
    bool some = false;
    for (File& of : files_) some = read(of) || some;
    return some;
  }

 private:
  struct File {
    std::size_t in_pipe = 0;
    std::size_t pending = 0;
    bool blocked = false;
    TimePoint again_at{};
  };

  const File& file(Stream stream) const {
    return files_[one ? 0 : static_cast<std::size_t>(stream)];
  }
  File& file(Stream stream) { return files_[one ? 0 : static_cast<std::size_t>(stream)]; }
  const Reader& reader(const File& of) const { return readers[&of == &files_[0] ? 0 : 1]; }
  std::size_t room(const File& of) const { return reader(of).capacity - of.in_pipe; }

  void note(Stream stream, std::string_view bytes, int more) {
    int kind = more | (stream == Stream::err ? kErr : 0);
    if (bounds_reached()) kind |= kFull;
    text.append(bytes);
    kinds.append(bytes.size(), static_cast<char>(kind));
  }

  void push(File& to) {
    const std::size_t fits = std::min(to.pending, room(to));
    to.pending -= fits;
    to.in_pipe += fits;
    to.blocked = to.pending > 0;
    read(to);
  }

  // Whoever reads at once makes room at once.
  bool read(File& of) {
    bool some = false;
    while (!away && of.in_pipe > 0 && of.again_at <= now_) {
      some = true;
      of.in_pipe -= std::min(of.in_pipe, reader(of).takes);
      of.again_at = now_ + reader(of).every;
      if (reader(of).rest) of.again_at += reader(of).rest();
      const std::size_t fits = std::min(of.pending, room(of));
      of.pending -= fits;
      of.in_pipe += fits;
      of.blocked = of.pending > 0;
    }
    return some;
  }

  Moved take_from(int pipe, std::size_t most) override {
    if (refuses) {
      moves = false;
      return {0, Moved::Why::refused};
    }
    Pipe& from = pipes_[static_cast<std::size_t>(pipe)];
    File& to = files_[0];
    const std::string_view bytes = from.take(std::min(most, room(to)));
    note(Stream::out, bytes, 0);
    to.in_pipe += bytes.size();
    const Moved moved = from.moved(bytes.size(), most);
    if (moved.why == Moved::Why::full) to.blocked = true;
    read(to);
    return moved;
  }

  const TimePoint& now_;
  Pipes& pipes_;
  CheckedSpill& spill_;
  std::array<File, 2> files_;
};

}  // namespace distaff::fake
