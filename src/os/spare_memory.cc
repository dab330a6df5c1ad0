// The part that is kept is cut into blocks of powers of two, from the front; one that is given back
// is kept for the next of its size.  That wastes up to half, and needs nothing but itself.

#include "os/spare_memory.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace distaff {
namespace {

constexpr std::size_t kPart = std::size_t{8} << 20;
constexpr std::size_t kSmallest = 32;  // its head included
constexpr int kSizes = 24;

struct alignas(16) Block {
  int size = 0;  // 32 << size bytes, this head included
  Block* next = nullptr;
};

alignas(16) std::array<unsigned char, kPart> part;

std::atomic<bool> ran_out{false};
std::atomic_flag taken = ATOMIC_FLAG_INIT;  // what follows is one thread's
std::size_t used = 0;
std::array<Block*, kSizes> kept{};

class Lock {
 public:
  Lock() {
    while (taken.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Lock() { taken.clear(std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

bool is_of_part(const void* block) {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  return address - begin < kPart;
}

Block* head_of(void* block) { return static_cast<Block*>(block) - 1; }

std::size_t room_in(const Block& block) { return (kSmallest << block.size) - sizeof(Block); }

void* take(std::size_t bytes) {
  if (bytes > kPart - sizeof(Block)) return nullptr;
  const std::size_t whole = std::bit_ceil(std::max(bytes + sizeof(Block), kSmallest));
  const int size = std::countr_zero(whole / kSmallest);
  const Lock lock;
  if (Block* const block = kept[size]) {
    kept[size] = block->next;
    return block + 1;
  }
  if (whole > kPart - used) return nullptr;
  auto* const block = new (part.data() + used) Block{size, nullptr};
  used += whole;
  return block + 1;
}

void give(void* memory) {
  Block* const block = head_of(memory);
  const Lock lock;
  block->next = kept[block->size];
  kept[block->size] = block;
}

}  // namespace

void* allocate(std::size_t bytes) noexcept {
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes)) [[likely]] {
    return block;
  }
  ran_out.store(true, std::memory_order_relaxed);
  return take(bytes);
}

void* reallocate(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return allocate(bytes);
  const bool spare = is_of_part(block);
  if (!spare) {
    if (void* const larger = std::realloc(block, bytes == 0 ? 1 : bytes)) return larger;
    ran_out.store(true, std::memory_order_relaxed);
    void* const larger = take(bytes);
    if (larger == nullptr) return nullptr;
    std::memcpy(larger, block, std::min(malloc_usable_size(block), bytes));
    std::free(block);
    return larger;
  }
  if (bytes <= room_in(*head_of(block))) return block;
  void* const larger = allocate(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, room_in(*head_of(block)));
  give(block);
  return larger;
}

void deallocate(void* block) noexcept {
  if (is_of_part(block)) [[unlikely]] {
    return give(block);
  }
  std::free(block);
}

void note_that_memory_ran_out() noexcept { ran_out.store(true, std::memory_order_relaxed); }

bool memory_ran_out() noexcept { return ran_out.load(std::memory_order_relaxed); }

}  // namespace distaff
