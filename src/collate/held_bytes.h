#pragma once

// The bytes of one job's stream that wait for their turn: a list of extents, in order.
//
// Output that is held back is the one part of a run whose memory nobody can foresee.  Buffers that
// double and move as they grow cost more in page faults than the copying itself, and leave holes
// that fit nothing.  So bytes are never moved: a stream grows by extents, each larger than the one
// before, up to kChunk; those of full size come from a pool and go back to it.  A short output, the
// usual case, is one small allocation.
//
// Extents know nothing of each other but their order.  One that stands for a part of a spill file
// takes its place in the list beside those in memory.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/pipe_target.h"

namespace distaff {

struct Extent {
  Extent* next;
  std::uint32_t begin;  // bytes before it were handed on
  std::uint32_t end;
  std::uint32_t capacity;  // 0: a FilePart stands here, not bytes

  bool in_memory() const { return capacity > 0; }
  char* data() { return reinterpret_cast<char*>(this + 1); }
  std::string_view bytes() { return {data() + begin, end - begin}; }
  FilePart& part() { return *reinterpret_cast<FilePart*>(this + 1); }
};

// Makes extents, counts what memory they take, and keeps those of full size for the next stream
// that needs one.
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
  Extent* take_part(const FilePart& part);
  void give(Extent* extent);

  // Of all that were taken and not given back.
  std::size_t memory() const { return memory_; }

 private:
  static std::size_t size_of(const Extent& extent);

  Extent* free_ = nullptr;
  std::size_t kept_ = 0;
  std::size_t memory_ = 0;
};

class HeldBytes {
 public:
  HeldBytes() = default;
  HeldBytes(HeldBytes&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)),
        last_(std::exchange(other.last_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  HeldBytes& operator=(HeldBytes&&) = delete;
  ~HeldBytes();

  bool empty() const { return first_ == nullptr; }
  std::uint64_t size() const { return size_; }
  bool all_in_memory() const;

  // Bytes that append() takes without more memory.
  std::size_t spare() const { return last_ == nullptr ? 0 : last_->capacity - last_->end; }

  // Behind what is there.  `spare`: memory that may be taken beyond what the bytes need, so that
  // what comes next finds room.  Where there is no memory for all of them, the first ones are held
  // and std::bad_alloc is thrown.
  void append(std::string_view bytes, ExtentPool& pool, std::size_t spare = ExtentPool::kChunk);
  void append(const FilePart& part, ExtentPool& pool);

  // What comes first: bytes, or else a part of a file.  Needs !empty().
  bool front_in_memory() const { return first_->in_memory(); }
  std::string_view front() const { return first_->bytes(); }
  const FilePart& front_part() const { return first_->part(); }

  // Lets go of the first `bytes` of what front() or front_part() gave.
  void consume(std::uint64_t bytes, ExtentPool& pool);

 private:
  void add(Extent* extent);

  // Each extent in memory but the last is full; none is empty.
  Extent* first_ = nullptr;
  Extent* last_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace distaff
