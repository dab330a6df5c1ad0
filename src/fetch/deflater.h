#pragma once

// Compresses bytes as zlib does it, in pieces.

#include <memory>
#include <string>
#include <string_view>

namespace distaff {

class Deflater {
 public:
  Deflater();

  // Begins a new text; cheaper than another Deflater.
  void reset();

  // Appends what can be said of the text so far.
  void add(std::string_view bytes, std::string& compressed);

  // Appends the rest: the text ends here.
  void finish(std::string& compressed);

 private:
  struct Stream;
  struct Free {
    void operator()(Stream* stream) const;
  };
  void run(std::string_view bytes, bool last, std::string& compressed);

  std::unique_ptr<Stream, Free> stream_;
};

}  // namespace distaff
