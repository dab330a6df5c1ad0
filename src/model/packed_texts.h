#pragma once

// The texts of many short records, in little more memory than their bytes.
//
// A batch that goes to its job's stdin may be hundreds of megabytes of records of a few bytes each,
// and nobody looks at the single ones on their way there.  Their bytes stand as they are fed, one
// behind the other, each with what ends it; beside them one byte a record says how long it is, or
// more for a long one.  They grow by pieces, none of which is ever moved: adding one takes as long
// with a gigabyte there as with none.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace distaff {

class PackedTexts {
 public:
  // `ending` follows each text where it is fed.
  explicit PackedTexts(std::string ending) : ending_(std::move(ending)) {}

  // Where there is no memory for it, all is as it was.
  void add(std::string_view text);

  std::size_t count() const { return count_; }
  const std::string& ending() const { return ending_; }

  // As they are fed: all of them are the pieces in order.
  std::size_t pieces() const { return pieces_.size(); }
  std::string_view piece(std::size_t i) const { return pieces_[i].bytes; }
  std::uint64_t bytes() const { return bytes_; }
  std::string joined() const;

  // Bytes of memory they take, roughly.
  std::size_t memory() const;

  // Calls `each` with each text, in order.
  template <class Each>
  void each(Each each) const {
    for (const Piece& piece : pieces_) {
      std::size_t begin = 0;
      for (std::size_t at = 0; at < piece.lengths.size();) {
        const std::size_t length = next_length(piece.lengths, at);
        each(std::string_view(piece.bytes).substr(begin, length));
        begin += length + ending_.size();
      }
    }
  }

 private:
  struct Piece {
    std::string bytes;
    std::string lengths;  // of each text: seven bits a byte, the last ones first
  };

  static std::size_t next_length(std::string_view lengths, std::size_t& at);
  Piece& piece_for(std::size_t bytes);

  std::string ending_;
  std::vector<Piece> pieces_;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace distaff
