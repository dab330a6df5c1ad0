#pragma once

// The encodings of bodies, each undone by the library of its own.

#include <cstddef>
#include <memory>
#include <string_view>

namespace distaff {

// How far an encoded body has come.
enum class Decoding {
  going,     // it may go on
  whole,     // its end was there
  junk,      // … and more behind it, which is dropped
  as_it_is,  // it is not what it is called
  broken,    // it goes wrong behind what was given out
  cut,       // all of it came, and its end was not there
};

// Where output goes.
struct Room {
  char* at = nullptr;
  std::size_t left = 0;

  void use(std::size_t bytes) {
    at += bytes;
    left -= bytes;
  }
};

// One stream being decoded.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Takes from `input` and puts out into `room`, until one of them is used up.  Gives going, whole,
  // junk or broken.
  virtual Decoding run(std::string_view& input, Room& room) = 0;

  // What it came to, without more input: whole, junk, broken or cut.
  virtual Decoding end() const = 0;
};

// gzip, of any number of members (RFC 1952 2.2); zeros behind them are padding.
std::unique_ptr<Decoder> make_gzip_decoder();
// deflate as it is meant (RFC 1950), and as some servers send it, bare (RFC 1951).
std::unique_ptr<Decoder> make_zlib_decoder();
std::unique_ptr<Decoder> make_bare_deflate_decoder();
std::unique_ptr<Decoder> make_brotli_decoder();
// zstd, of any number of frames, which may each ask for 8 MiB (RFC 9659).
std::unique_ptr<Decoder> make_zstd_decoder();

// Of what is not encoded: gives it as it is.
std::unique_ptr<Decoder> make_plain_decoder();

// Whether a body that begins so can be one; a shorter text than a mark: as far as it goes.
bool is_gzip_mark(std::string_view begin);  // 2 bytes
bool is_zstd_mark(std::string_view begin);  // 4
bool is_zlib_mark(std::string_view begin);  // 2

}  // namespace distaff
