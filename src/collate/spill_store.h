#pragma once

// Where output that is held back goes when memory is full.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/pipe_target.h"

namespace distaff {

class SpillStore {
 public:
  virtual ~SpillStore() = default;

  // Bytes that will be taken at once, at the next place; 0: none now (the limit is reached, or the
  // disk is full).  After 0 it stays 0 until some of what is stored was released.
  virtual std::size_t room() = 0;

  // Stores the bytes, as many as there is room for; the part tells which.
  virtual FilePart append(std::string_view bytes) = 0;

  // Stores what waits in a pipe; null if it cannot.  Each call of take_from() that moved bytes is
  // followed by one of moved(), which tells where they are.
  virtual PipeTarget* target() = 0;
  virtual FilePart moved(std::size_t bytes) = 0;

  // Reads the part's first bytes, as many as `buffer` holds; fewer only if the file cannot be read.
  virtual std::size_t read(const FilePart& part, char* buffer, std::size_t size) = 0;

  // These bytes are not needed any more.  What is released is never written again, since a reader
  // of ours may still have its pages; a file without anything needed is closed.
  virtual void release(const FilePart& part) = 0;

  // Not empty the first time it is asked after something went wrong other than a full disk: what,
  // for people.  It is like a limit that is reached, and nothing is lost by it.
  virtual std::string take_failure() { return {}; }
};

}  // namespace distaff
