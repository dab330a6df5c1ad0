#pragma once

// Puts the output of many jobs into one stream each, without ever mixing them.
//
// Its owner reports each job's start, its bytes and its end; the collator passes bytes on to the
// sink at once if it is the job's turn, and holds them back if not.  Every job number from 1 on is
// reported exactly once as closed, also those that never ran: in input order nothing can overtake
// a hole.
//
// Who is live (its stdout passes through as it comes):
//   - with keep_order the oldest job that is not closed;
//   - in group mode with one slot, the running one (if two overlap, because a process that the
//     first left behind keeps its pipe open, the one that was opened first);
//   - in line mode every job, line by line; with keep_order only the oldest.
// The stderr of a job follows its stdout, except for the live job with one slot or line mode, where
// it comes as it is written.
//
// Bytes are never changed, and one is added in one case only.  Where lines count (line mode, or
// tags) and a job's last line has no newline, the line gets one when anything else is written to
// the same file after it; else two lines would become one.  In group mode without tags nothing is
// added, as with cat.  With tags and one slot whole lines are live, not bytes: what a line is must
// be known before something else can stand behind it.
//
// What is held back lies in extents (held_bytes.h), for each stream a list.  A limit needs no other
// shape: past it, an extent is a piece of a spill file.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "collate/byte_sink.h"
#include "model/ids.h"

namespace distaff {

class Collator {
 public:
  enum class Mode { group, line, none };
  struct Options {
    Mode mode = Mode::group;
    bool keep_order = false;
    bool single = false;  // one slot: the running job is live
    bool tagged = false;
  };

  // `sink` must outlive the collator.
  Collator(Options options, ByteSink& sink);
  Collator(Collator&&) noexcept;
  ~Collator();

  // The job was started.  `tag` goes in front of each of its lines (with a tab), if tagged.
  void open(JobId job, std::string tag = {});

  // The job wrote this.  Needs open() before, and no close() yet.
  void output(JobId job, Stream stream, std::string_view bytes);

  // No more output will come from it, or it never started.  Its block is written when its turn is.
  void close(JobId job);

  // Bytes held back now, without tags and bookkeeping (about 200 bytes a job that waits).
  std::size_t held() const;

  // Everything held back is written, in order, whatever is still missing: the run ends early.
  void flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distaff
