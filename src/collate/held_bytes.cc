#include "collate/held_bytes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace distaff {

namespace {

constexpr std::size_t kLargest = ExtentPool::kChunk - sizeof(Extent);
constexpr std::size_t kSmallest = 64 - sizeof(Extent);

// What is large is not taken by `new`, which would give the last of our memory for it; what stands
// for a part of a file is: those bytes are in the file already.
Extent* allocate(std::size_t capacity) {
  void* const memory = std::malloc(sizeof(Extent) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<Extent*>(memory);
}

void release(Extent* extent) {
  extent->in_memory() ? std::free(extent) : ::operator delete(extent);
}

}  // namespace

ExtentPool::~ExtentPool() {
  while (free_ != nullptr) release(std::exchange(free_, free_->next));
}

std::size_t ExtentPool::size_of(const Extent& extent) {
  return sizeof(Extent) + (extent.in_memory() ? extent.capacity : sizeof(FilePart));
}

Extent* ExtentPool::take(std::size_t bytes) {
  const std::size_t capacity = std::clamp(bytes, kSmallest, kLargest);
  Extent* extent = nullptr;
  if (capacity == kLargest && free_ != nullptr) {
    extent = std::exchange(free_, free_->next);
    --kept_;
  } else {
    extent = allocate(capacity);
  }
  *extent = {nullptr, 0, 0, static_cast<std::uint32_t>(capacity)};
  memory_ += size_of(*extent);
  return extent;
}

Extent* ExtentPool::take_part(const FilePart& part) {
  auto* const extent = static_cast<Extent*>(::operator new(sizeof(Extent) + sizeof(FilePart)));
  *extent = {nullptr, 0, 0, 0};
  new (&extent->part()) FilePart(part);
  memory_ += size_of(*extent);
  return extent;
}

void ExtentPool::give(Extent* extent) {
  memory_ -= size_of(*extent);
  if (extent->capacity < kLargest || kept_ == kKept) {
    release(extent);
    return;
  }
  extent->next = free_;
  free_ = extent;
  ++kept_;
}

HeldBytes::~HeldBytes() {
  while (first_ != nullptr) release(std::exchange(first_, first_->next));
}

bool HeldBytes::all_in_memory() const {
  for (const Extent* extent = first_; extent != nullptr; extent = extent->next) {
    if (!extent->in_memory()) return false;
  }
  return true;
}

void HeldBytes::add(Extent* extent) {
  (last_ == nullptr ? first_ : last_->next) = extent;
  last_ = extent;
}

void HeldBytes::append(std::string_view bytes, ExtentPool& pool, std::size_t spare) {
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) {
      // The first one fits what is there: most outputs are one short write.
      const std::size_t grown = last_ == nullptr ? 0 : std::size_t{2} * last_->capacity;
      add(pool.take(std::max(bytes.size(), std::min(grown, bytes.size() + spare))));
    }
    const std::size_t fits = std::min<std::size_t>(bytes.size(), last_->capacity - last_->end);
    std::memcpy(last_->data() + last_->end, bytes.data(), fits);
    last_->end += static_cast<std::uint32_t>(fits);
    size_ += fits;
    bytes.remove_prefix(fits);
  }
}

void HeldBytes::append(const FilePart& part, ExtentPool& pool) {
  if (part.length == 0) return;
  FilePart* const before = last_ == nullptr || last_->in_memory() ? nullptr : &last_->part();
  if (before != nullptr && before->fd == part.fd &&
      before->offset + before->length == part.offset) {
    before->length += part.length;
  } else {
    add(pool.take_part(part));
  }
  size_ += part.length;
}

void HeldBytes::consume(std::uint64_t bytes, ExtentPool& pool) {
  size_ -= bytes;
  bool used_up = false;
  if (first_->in_memory()) {
    first_->begin += static_cast<std::uint32_t>(bytes);
    used_up = first_->begin == first_->end;
  } else {
    first_->part().offset += bytes;
    first_->part().length -= bytes;
    used_up = first_->part().length == 0;
  }
  if (!used_up) return;
  Extent* const next = first_->next;
  pool.give(first_);
  first_ = next;
  if (first_ == nullptr) last_ = nullptr;
}

}  // namespace distaff
