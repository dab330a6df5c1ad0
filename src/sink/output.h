#pragma once

// Our stdout and stderr: takes bytes at once, writes them without ever blocking.
//
// If both are the same file, both go through one queue, so that they come out in the order of the
// calls.  What cannot be written waits in memory: whoever produces more looks at pending().
//
// If nobody reads one of them any more, or it cannot be written, what comes after is dropped; and
// condition() says so as soon as anything of a job is lost by that.  Lines of our own that are lost
// alone end no run: there is nowhere left to say it, and no work has to be done again.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collate/byte_sink.h"
#include "os/event_loop.h"
#include "sink/write_queue.h"

namespace distaff {

class Output final : public ByteSink {
 public:
  // The loop must outlive it, and the descriptors stay open.
  explicit Output(EventLoop& loop, int out_fd = 1, int err_fd = 2);

  void write(Stream stream, std::string_view bytes) override;
  void settle() override;
  void end_line(Stream stream) override;
  void say(std::string_view lines) override;
  bool one_file() const override { return err_ == nullptr; }

  // ---- the status line, for a stderr that is a terminal (see StatusLine)

  // It stands below the last line, and is erased before anything else is written to the same file:
  // once, however much comes then.
  void show_status(std::string_view text);
  void erase_status();
  bool shows_status() const { return shows_status_; }

  // No job is inside a line there, nothing of ours waits for its place, and the terminal takes what
  // is written (after Ctrl-S it does not).
  bool has_place_for_status() const;

  // Call it before each wait: small writes are gathered until then.
  void flush() override;

  std::size_t pending() const override;
  bool blocked(Stream stream) const override;

  // Only of a stdout that is another file than stderr: of that one we must know where lines end.
  std::size_t write_part(Stream stream, const FilePart& part) override;
  PipeTarget* straight(Stream stream) override;

  // Of what jobs wrote: a line of our own that is lost keeps no job from being done.
  Mark mark() const override { return {jobs_end_[0], jobs_end_[1]}; }
  bool has_written(const Mark& mark) const override;

  Condition condition() const override;
  std::string failure() const override;

  // The run is over: blocks until all is written or has failed, also lines that still wait for
  // their place.  (To stay open for signals meanwhile, let the loop run until pending() is 0.)
  void finish();

 private:
  const WriteQueue& err_queue() const { return err_ ? *err_ : out_; }
  void write_of_job(Stream stream, std::string_view bytes);
  int lost(Stream stream) const;
  WriteQueue& queue(Stream stream) { return stream == Stream::out || !err_ ? out_ : *err_; }
  const WriteQueue& queue(Stream stream) const {
    return stream == Stream::out || !err_ ? out_ : *err_;
  }
  bool shares_stderr(Stream stream) const { return stream == Stream::err || !err_; }
  void write_around_waiting_lines(Stream stream, std::string_view bytes);
  void write_waiting_lines();

  WriteQueue out_;
  std::unique_ptr<WriteQueue> err_;  // null: the same file as stdout

  // By stream: of all that its queue was given, up to the last byte of a job.
  std::array<std::uint64_t, 2> jobs_end_{};

  // The last line of the file that is stderr.
  enum class LastLine {
    complete,
    open,       // a job is inside it
    abandoned,  // it has no newline, and nobody will go on with it
  };
  LastLine last_line_ = LastLine::complete;
  std::string waiting_lines_;  // of our own, until the last line is not open
  bool shows_status_ = false;  // only while the last line is complete
};

}  // namespace distaff
