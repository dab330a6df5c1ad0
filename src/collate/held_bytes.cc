#include "collate/held_bytes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace distaff {

namespace {

constexpr std::size_t kLargest = ExtentPool::kChunk - sizeof(Extent);
constexpr std::size_t kSmallest = 64 - sizeof(Extent);

}  // namespace

ExtentPool::~ExtentPool() {
  while (free_ != nullptr) std::free(std::exchange(free_, free_->next));
}

Extent* ExtentPool::take(std::size_t bytes) {
  const std::size_t capacity = std::clamp(bytes, kSmallest, kLargest);
  Extent* extent = nullptr;
  if (capacity == kLargest && free_ != nullptr) {
    extent = std::exchange(free_, free_->next);
    --kept_;
  } else {
    extent = static_cast<Extent*>(std::malloc(sizeof(Extent) + capacity));
    if (extent == nullptr) throw std::bad_alloc();
  }
  *extent = {nullptr, 0, 0, static_cast<std::uint32_t>(capacity)};
  return extent;
}

void ExtentPool::give(Extent* extent) {
  if (extent->capacity < kLargest || kept_ == kKept) {
    std::free(extent);
    return;
  }
  extent->next = free_;
  free_ = extent;
  ++kept_;
}

HeldBytes::~HeldBytes() {
  while (first_ != nullptr) std::free(std::exchange(first_, first_->next));
}

void HeldBytes::append(std::string_view bytes, ExtentPool& pool) {
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) {
      // The first one fits what is there: most outputs are one short write.
      const std::size_t grown = last_ == nullptr ? 0 : std::size_t{2} * last_->capacity;
      Extent* const extent = pool.take(std::max(bytes.size(), grown));
      (last_ == nullptr ? first_ : last_->next) = extent;
      last_ = extent;
    }
    const std::size_t fits = std::min<std::size_t>(bytes.size(), last_->capacity - last_->end);
    std::memcpy(last_->data() + last_->end, bytes.data(), fits);
    last_->end += static_cast<std::uint32_t>(fits);
    bytes.remove_prefix(fits);
  }
}

std::pair<Extent*, std::uint32_t> HeldBytes::after_last_newline() const {
  std::pair<Extent*, std::uint32_t> found{nullptr, 0};
  for (Extent* extent = first_; extent != nullptr; extent = extent->next) {
    const std::size_t at = extent->bytes().rfind('\n');
    if (at != std::string_view::npos) {
      found = {extent, extent->begin + static_cast<std::uint32_t>(at) + 1};
    }
  }
  return found;
}

}  // namespace distaff
