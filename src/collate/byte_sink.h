#pragma once

// Where collated bytes go.

#include <cstddef>
#include <string>
#include <string_view>

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

  // Writes what can be written without waiting.
  virtual void flush() {}

  // Bytes taken but not yet out.
  virtual std::size_t pending() const { return 0; }

  virtual Condition condition() const { return Condition::good; }
  virtual std::string failure() const { return {}; }
};

}  // namespace distaff
