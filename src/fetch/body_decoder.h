#pragma once

// Undoes what Content-Encoding says: gzip, deflate, br and zstd, one within another if need be.
//
// libcurl can do it, but takes a body that is cut short for a whole one, gives up at a second gzip
// member and at plain bytes that are called gzip, and says the same of all.  Here each stream needs
// its end, further members are decoded, what is behind the last one is dropped, and bytes that are
// not what they are called come out as they are.
//
// gzip and zstd begin with a mark of their own.  What has none, or a weak one (br, deflate), is
// held until enough of it was decoded without an error, so that the bytes are still there if they
// were something else.  Each body takes up to 128 KiB, and what the libraries need.
//
// Sources: RFC 9110 8.4.1, RFC 1950 to 1952, RFC 7932, RFC 8878.

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/decoding.h"

namespace distaff {

class BodyDecoder {
 public:
  // `encodings` is a list() that we know().
  explicit BodyDecoder(std::string_view encodings);

  // Of the value of a Content-Encoding, those that change anything: "gzip", "br, gzip"; or "".
  static std::string list(std::string_view content_encoding);
  // Whether each of a list() can be undone.
  static bool knows(std::string_view encodings);
  // For Accept-Encoding.
  static std::string_view accepted() { return "deflate, gzip, br, zstd"; }

  // Takes bytes as they came, while there is room for what they become, and says how many.
  std::size_t feed(std::string_view bytes);
  // No more will come.  To be called again when what is ready() was taken, until nothing is.
  void finish();

  // What is to be taken out next; empty: more has to be fed.
  std::string_view ready() const;
  void consume(std::size_t bytes) { stages_.back().output.begin += bytes; }

  Decoding state() const { return state_; }
  // Beneath an encoding there was not the other one that there should be.
  bool lacks_one() const { return lacks_one_; }

 private:
  static constexpr std::size_t kSize = 64 << 10;

  struct Buffer {
    std::unique_ptr<char[]> bytes{new char[kSize]};
    std::size_t begin = 0, end = 0;

    std::string_view view() const { return {bytes.get() + begin, end - begin}; }
    Room room();
    std::size_t add(std::string_view more);
  };
  struct Stage {
    std::unique_ptr<Decoder> decoder;
    Buffer output;
  };

  void hold(std::string_view bytes);
  void decide();
  void run_held();
  void judge_trial();
  void keep_as_it_is();
  void run(std::size_t stage, std::string_view& input);

  std::vector<std::string> names_;  // the one that was applied last comes first
  std::vector<Stage> stages_;
  Decoding state_ = Decoding::going;
  bool lacks_one_ = false;
  bool decided_ = false;   // how to read it
  bool on_trial_ = false;  // nothing of it is ready yet
  std::string held_;       // as it came, from the beginning
  std::size_t read_ = 0;   // bytes of it
};

}  // namespace distaff
