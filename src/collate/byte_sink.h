#pragma once

// Where collated bytes go.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/pipe_target.h"
#include "model/ids.h"

namespace distaff {

class ByteSink {
 public:
  enum class Condition {
    good,
    reader_gone,  // EPIPE: nobody reads our stdout any more
    failed,       // it cannot be written (ENOSPC); failure() says why
  };

  virtual ~ByteSink() = default;

  // Takes all the bytes; never blocks.  They come out in the order of the calls.
  virtual void write(Stream stream, std::string_view bytes) = 0;

  // There is no room: what is written now waits in memory.  Whoever can wait should.
  virtual bool blocked(Stream stream) const { return static_cast<void>(stream), false; }

  // Writes from the beginning of a part of a file, as far as there is room; how many bytes that
  // were.  None, and not blocked: it cannot be done this way, read and write it.
  virtual std::size_t write_part(Stream stream, const FilePart& part) {
    return static_cast<void>(stream), static_cast<void>(part), 0;
  }

  // Where what is in a pipe can be moved without passing us, behind all that was written so far;
  // null if that cannot be, now or at all.
  virtual PipeTarget* straight(Stream stream) { return static_cast<void>(stream), nullptr; }

  // Whoever wrote last has ended: if it left a line open, nobody will go on with that line.
  virtual void settle() {}

  // Completes the line that the last writer left open.
  virtual void end_line(Stream stream) { write(stream, "\n"); }

  // Lines of our own for stderr, each with its newline.  They never stand inside a line of a job:
  // if it has one open there, they wait until it is complete, or settled.
  virtual void say(std::string_view lines) { write(Stream::err, lines); }

  // Writes what can be written without waiting.
  virtual void flush() {}

  // Both streams end in the same file, as after `2>&1`.
  virtual bool one_file() const { return false; }

  // How much it was given so far; and whether all of that is out and good.
  struct Mark {
    std::uint64_t out = 0;
    std::uint64_t err = 0;
  };
  virtual Mark mark() const { return {}; }
  virtual bool has_written(const Mark& mark) const {
    return static_cast<void>(mark), pending() == 0 && condition() == Condition::good;
  }

  // ---- of one that holds back what it is given, until it is known whether it is to be written

  // It is: what is held, and all that comes after.
  virtual void show() {}

  // Something is.  Then a word about all that it was given so far can be kept with it; where it is
  // not, mark() and has_written() tell.
  virtual bool holds_back() const { return false; }
  virtual void keep_note(std::string_view note) { static_cast<void>(note); }

  // Some of the notes that have come to their end: what they are about was written, or is lost.
  // Ask until there is none; more come with flush().
  struct KeptNote {
    std::string text;
    bool lost = false;
  };
  virtual std::vector<KeptNote> take_notes() { return {}; }

  // As far as anybody knows nothing will be shown, so nothing has to be written for any note.
  virtual void let_notes_go() {}

  // Nobody waits any longer for what is not out: it is lost.
  virtual void give_up_notes() {}

  // Bytes taken but not yet out.
  virtual std::size_t pending() const { return 0; }

  virtual Condition condition() const { return Condition::good; }
  virtual std::string failure() const { return {}; }
};

}  // namespace distaff
