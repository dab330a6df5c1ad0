#pragma once

// --quiet-unless-failed: everything that would be printed, until it is known whether it will be.
//
// What comes is kept as it came, in memory and behind that in the spill, and is given to the real
// output piece by piece once it is to be shown; what comes after that goes through.  If neither has
// room for more, it is shown at once: output that shows up in a run that goes well is better
// than output that is lost.
//
// Notes wait with it: the line of a job in the journal, which says that all the job wrote is out.
// Each comes back when what was kept before it was given on and is written, or when it is known
// that nothing will be shown.  They are as many as there are jobs, so they are in the spill too.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "collate/byte_sink.h"
#include "collate/spill_store.h"
#include "sink/held_queue.h"

namespace distaff {

class HeldOutput final : public ByteSink {
 public:
  // Both must outlive it.  `spill` may be null.
  HeldOutput(ByteSink& to, SpillStore* spill, std::size_t memory = std::size_t{1} << 20)
      : to_(to), memory_limit_(memory), calls_(spill), notes_(spill) {}

  // flush() then gives on what is kept, as far as there is room, and pending() tells what is left.
  void show() override;
  bool shown() const { return shown_; }

  void write(Stream stream, std::string_view bytes) override;
  void settle() override;
  void end_line(Stream stream) override;
  void say(std::string_view lines) override;
  void flush() override;
  bool one_file() const override { return to_.one_file(); }
  bool blocked(Stream stream) const override;
  std::size_t write_part(Stream stream, const FilePart& part) override;
  PipeTarget* straight(Stream stream) override;

  // Of what goes through.
  Mark mark() const override { return to_.mark(); }
  bool has_written(const Mark& mark) const override { return to_.has_written(mark); }

  bool holds_back() const override { return !passes(); }
  void keep_note(std::string_view note) override;
  std::vector<KeptNote> take_notes() override;
  void let_notes_go() override { notes_are_free_ = true; }
  void give_up_notes() override { given_up_ = true; }

  // Of calls; also of notes whose time has come and which were not taken.
  std::size_t pending() const override;
  Condition condition() const override { return to_.condition(); }
  std::string failure() const override { return to_.failure(); }

 private:
  enum class Call : unsigned char { write_out, write_err, say, settle, end_line_out, end_line_err };

  struct NoteHead {
    std::uint64_t behind = 0;  // so many bytes of calls
    std::size_t size = 0;
  };
  // One whose calls were given on.
  struct DueNote {
    std::string text;
    Mark mark;
    bool lost = false;
  };

  bool passes() const { return shown_ && calls_.size() == 0 && notes_.size() == 0; }
  void keep(Call call, std::string_view bytes);
  void make_room();
  void make(Call call, std::string_view bytes);
  bool give_on();
  void replay_call();
  NoteHead next_note();
  std::string pull_note(const NoteHead& head);

  ByteSink& to_;
  std::size_t memory_limit_;
  bool shown_ = false;
  bool notes_are_free_ = false;
  bool given_up_ = false;

  HeldQueue calls_;
  std::uint64_t taken_ = 0;     // bytes of calls, ever
  std::uint64_t given_on_ = 0;  // of them
  bool calls_lost_ = false;     // the spill did not give back what it took
  HeldQueue notes_;             // a NoteHead and the text of each
  std::deque<DueNote> due_;
};

}  // namespace distaff
