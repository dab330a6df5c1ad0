#pragma once

// Puts the output of many jobs into one stream each, without ever mixing them, and bounds what is
// held back.
//
// Its owner reports each job's start, its bytes and its end; the collator passes bytes on to the
// sink at once if it is the job's turn, and holds them back if not.  Every job number from 1 on is
// reported exactly once as closed, also those that never ran: in input order nothing can overtake
// a hole.  What was held back is written by pump(), as far as the sink has room.
//
// Who is live (its stdout passes through as it comes):
//   - with keep_order the oldest job that is not closed;
//   - in group mode with one slot, the running one (if two overlap, because a process that the
//     first left behind keeps its pipe open, the one that was opened first);
//   - in line mode every job, line by line; with keep_order only the oldest;
//   - of rows, nobody.
// The stderr of a job follows its stdout, except for the live job with one slot or line mode, where
// it comes as it is written.
//
// Bytes are never changed, and one is added in one case only.  Where lines count (line mode, or
// tags) and a job's last line has no newline, the line gets one when anything else is written to
// the same file after it; else two lines would become one.  In group mode without tags nothing is
// added, as with cat.  With tags and one slot whole lines are live, not bytes: what a line is must
// be known before something else can stand behind it.
//
// Bounds.  room() says before each read whether a job's bytes may be taken.  Memory takes them
// first, `hold_memory` in all; of loud jobs only a small part while there is a spill store, so that
// they leave memory to the many quiet ones, and are moved by the kernel.  Then the spill store
// takes them.  When that is full too nobody is read but the job that has the turn:
//   - with keep_order, or one slot, the oldest job not yet written out;
//   - else the oldest running, and what it wrote is written until it ends (in line mode, until its
//     line ends); finished ones wait behind it.
// Its stdout goes straight out; so does its stderr as long as the bounds are reached, which is the
// one case where stderr does not follow stdout: a job that is blocked on stderr never ends its
// stdout.  So nothing is lost and nothing is stuck, however small the bounds.  A row is written
// whole, so the job that has the turn is held beyond the bounds there.
//
// Attempts.  Of a job that is tried again only the last attempt counts, so as long as another may
// follow nothing of it is live: what it writes is held, and thrown away when the next one starts.
// (In line mode every attempt's lines come.)  If it has the turn when the bounds are reached it is
// loosened: from then on all it writes is written, in all its attempts, and that is a warning.
//
// Whole output only (`whole_only`).  Of a job that did not go well nothing is written: all is held,
// as above, until its owner has said drop(), or close().  If one that was loosened is dropped, a
// part of it is out already, and whatever came next would be glued to that: then nothing more is
// written, nor is any note given back, and failure() says why.
//
// A sink that has no room holds up nothing but the live job; and that too is held back like the
// others once the sink is `stalled`, as its owner judges.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collate/byte_sink.h"
#include "collate/row_format.h"
#include "collate/spill_store.h"
#include "model/ids.h"
#include "model/intake.h"

namespace distaff {

class Collator {
 public:
  enum class Mode { group, line, none };
  struct Options {
    Mode mode = Mode::group;
    bool keep_order = false;
    bool single = false;  // one slot: the running job is live
    bool tagged = false;
    RowFormat* rows = nullptr;           // each job's block is a row; needs mode group, no tags
    bool seen = false;                   // bytes are wanted by others too: nothing moves past us
    bool whole_only = false;             // nothing of a job counts before close(); without rows
    std::size_t hold_memory = 64 << 20;  // bytes, bookkeeping of finished jobs included
    SpillStore* spill = nullptr;         // null: memory is all there is
  };

  // What `options` names and `sink` must outlive the collator.
  Collator(Options options, ByteSink& sink);
  Collator(Collator&&) noexcept;
  ~Collator();

  // The job was started.  `tag` goes in front of each of its lines (with a tab), if tagged.
  // `another`: another attempt may follow this one.
  void open(JobId job, std::string tag = {}, bool another = false);

  // Instead of close(): no more output will come of this attempt, and the job will be opened again,
  // or closed after all.  Nothing happens if it is not open.
  void try_again(JobId job);

  // The attempt did not go well.  With whole_only what it wrote counts for nothing; else, or if the
  // job is not open, nothing happens.
  void drop(JobId job);

  // How much of what the job wrote may be taken now, and where to.  After none the caller leaves it
  // in the pipe until take_again() names the job.
  Intake room(JobId job, Stream stream);

  // The job wrote this.  Needs open() before, and no close() yet; no more than room() said, or a
  // bound is passed by as much.
  void output(JobId job, Stream stream, std::string_view bytes);

  // So many bytes of the job were moved into the target that room() named.
  void moved(JobId job, Stream stream, std::size_t bytes);

  // No more output will come from it, or it never started.  Its block is written when its turn is.
  // `head` is what RowFormat made of a job that ended; empty: it has no row.  `note` comes back by
  // take_notes() when all that the job wrote was given to the sink; empty: nothing comes.
  void close(JobId job, std::string head = {}, std::string note = {});
  std::vector<std::string> take_notes();

  // Writes what is due, about `most` bytes of it at once.  True if more could go out at once.
  bool pump(std::size_t most = std::size_t{1} << 20);

  // The sink has had no room for so long that the live job should not wait for it.
  void set_stalled(bool stalled);

  // Whose pipes are worth reading again since room() was none; asked after pump().
  struct Again {
    bool all = false;
    std::optional<JobId> job;  // this one
  };
  Again take_again();

  // All bounds are reached.  Nothing may start then but the job that has the turn (0: none has).
  bool full() const;
  JobId turn() const;

  // Bytes held back now, wherever; and the memory this takes, all in.
  std::uint64_t held() const;
  std::size_t memory() const;

  // From here on nothing more is held in memory.
  void hold_no_more();

  // From here on there are no bounds: the run was ended, and pipes hold only what is left.
  void lift_bounds();

  // Everything held back is due, in order, whatever is still missing: the run ends.  Then pump()
  // until idle().
  void end();
  bool idle() const;

  // Not empty: what was held back cannot be read again, or the rest of what is on stdout will never
  // come, and why.
  const std::string& failure() const;

  // Not empty once if the spill store cannot be used, or a job's attempts cannot be held: what is
  // wrong, for people.
  std::string take_warning();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distaff
