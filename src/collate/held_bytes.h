#pragma once

// The bytes of one job's stream that wait for their turn: a list of extents, in order.
//
// Output that is held back is the one part of a run whose memory nobody can foresee.  Buffers that
// double and move as they grow cost more in page faults than the copying itself, and leave holes
// that fit nothing.  So bytes are never moved: a stream grows by extents, each larger than the one
// before, up to kChunk; those of full size come from a pool and go back to it.  A short output, the
// usual case, is one small allocation.
//
// Extents know nothing of each other but their order.  One that stands for bytes in a spill file
// can take its place in the list beside those in memory.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace distaff {

struct Extent {
  Extent* next;
  std::uint32_t begin;  // bytes before it were handed on
  std::uint32_t end;
  std::uint32_t capacity;

  char* data() { return reinterpret_cast<char*>(this + 1); }
  std::string_view bytes() { return {data() + begin, end - begin}; }
};

// Keeps extents of full size for the next stream that needs one.
class ExtentPool {
 public:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;  // an extent at its largest, all in
  static constexpr std::size_t kKept = 16;

  ExtentPool() = default;
  ExtentPool(const ExtentPool&) = delete;
  ExtentPool& operator=(const ExtentPool&) = delete;
  ~ExtentPool();

  // One with room for `bytes`, or of full size if that is less.
  Extent* take(std::size_t bytes);
  void give(Extent* extent);

 private:
  Extent* free_ = nullptr;
  std::size_t kept_ = 0;
};

class HeldBytes {
 public:
  HeldBytes() = default;
  HeldBytes(HeldBytes&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
  HeldBytes& operator=(HeldBytes&&) = delete;
  ~HeldBytes();

  bool empty() const { return first_ == nullptr; }

  void append(std::string_view bytes, ExtentPool& pool);

  // Hands everything to `write`, piece by piece, and lets it go.
  template <class Write>
  void drain(ExtentPool& pool, Write write) {
    while (first_ != nullptr) hand_on(first_->end, pool, write);
  }

  // The same up to the last newline; what follows it stays.
  template <class Write>
  void drain_lines(ExtentPool& pool, Write write) {
    const auto [extent, end] = after_last_newline();
    if (extent == nullptr) return;
    while (first_ != extent) hand_on(first_->end, pool, write);
    hand_on(end, pool, write);
  }

 private:
  // The extent that holds the last newline, and the place behind it; null if there is none.
  std::pair<Extent*, std::uint32_t> after_last_newline() const;

  // The first extent's bytes up to `end`; the extent goes when it has no more.
  template <class Write>
  void hand_on(std::uint32_t end, ExtentPool& pool, Write& write) {
    const std::uint32_t begin = std::exchange(first_->begin, end);
    write(std::string_view(first_->data() + begin, end - begin));
    if (first_->begin < first_->end) return;
    Extent* const next = first_->next;
    pool.give(first_);
    first_ = next;
    if (first_ == nullptr) last_ = nullptr;
  }

  // Each extent but the last is full; none is empty.
  Extent* first_ = nullptr;
  Extent* last_ = nullptr;
};

}  // namespace distaff
