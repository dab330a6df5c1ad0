#include "model/packed_texts.h"

#include <algorithm>

namespace distaff {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;     // and one text may be longer
constexpr std::size_t kMostOfALength = 10;               // bytes
constexpr std::size_t kLengths = std::size_t{64} << 10;  // by which their string grows at most

}  // namespace

void PackedTexts::add(std::string_view text) {
  Piece& piece = piece_for(text.size() + ending_.size());
  // Room for both before either is touched.
  if (piece.lengths.capacity() - piece.lengths.size() < kMostOfALength) {
    const std::size_t before = piece.lengths.capacity();
    piece.lengths.reserve(before + std::min(before, kLengths) + kMostOfALength);
  }
  piece.bytes.append(text).append(ending_);
  std::size_t length = text.size();
  for (; length >= 0x80; length >>= 7) {
    piece.lengths.push_back(static_cast<char>(length & 0x7f));
  }
  piece.lengths.push_back(static_cast<char>(length | 0x80));
  bytes_ += text.size() + ending_.size();
  ++count_;
}

// The first piece grows, since most batches are small; the others have their size at once.
PackedTexts::Piece& PackedTexts::piece_for(std::size_t bytes) {
  if (pieces_.empty()) pieces_.emplace_back();
  std::string& last = pieces_.back().bytes;
  if (last.capacity() - last.size() >= bytes) return pieces_.back();
  if (pieces_.size() == 1 && last.size() + bytes <= kPiece) {
    last.reserve(std::min(kPiece, std::max(last.size() + bytes, 2 * last.capacity())));
    return pieces_.back();
  }
  Piece next;
  next.bytes.reserve(std::max(bytes, kPiece));
  pieces_.push_back(std::move(next));
  return pieces_.back();
}

std::size_t PackedTexts::next_length(std::string_view lengths, std::size_t& at) {
  std::size_t length = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(lengths[at++]);
    length |= std::size_t{byte & 0x7fu} << shift;
    if (byte >= 0x80) return length;
  }
}

std::string PackedTexts::joined() const {
  std::string text;
  text.reserve(bytes_);
  for (const Piece& piece : pieces_) text += piece.bytes;
  return text;
}

std::size_t PackedTexts::memory() const {
  std::size_t memory = sizeof *this + pieces_.capacity() * sizeof(Piece);
  for (const Piece& piece : pieces_) {
    memory += piece.bytes.capacity() + piece.lengths.capacity();
  }
  return memory;
}

}  // namespace distaff
