#pragma once

// Many pairs of 64-bit numbers in little memory: 18 to 21 bytes a pair.
//
// Keys are hashes, spread evenly.  A row of small tables, chosen by the key, each with open
// addressing: when one grows, by a seventh, only its few pairs are in memory twice.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace distaff {

class CompactMap {
 public:
  // False: the key is there already, with a value that stays.
  bool insert(std::uint64_t key, std::uint64_t value) {
    key = inner(key);
    Part& part = parts_[key >> 56];
    if (!part.pairs.empty() && place_of(part.pairs, key).key == key) return false;
    while ((part.used + 1) * 10 > part.pairs.size() * 9) grow(part);
    place_of(part.pairs, key) = {key, value};
    ++part.used;
    ++size_;
    return true;
  }

  // Null: it is not there.  Valid until the next insert().
  const std::uint64_t* find(std::uint64_t key) const {
    key = inner(key);
    const std::vector<Pair>& pairs = parts_[key >> 56].pairs;
    if (pairs.empty()) return nullptr;
    const Pair& found = place_of(const_cast<std::vector<Pair>&>(pairs), key);
    return found.key == key ? &found.value : nullptr;
  }
  std::uint64_t* find(std::uint64_t key) {
    return const_cast<std::uint64_t*>(static_cast<const CompactMap*>(this)->find(key));
  }

  std::size_t size() const { return size_; }

  std::size_t memory() const {
    std::size_t bytes = sizeof *this;
    for (const Part& part : parts_) bytes += part.pairs.capacity() * sizeof(Pair);
    return bytes;
  }

 private:
  struct Pair {
    std::uint64_t key = 0;  // 0: free
    std::uint64_t value = 0;
  };
  struct Part {
    std::vector<Pair> pairs;
    std::size_t used = 0;
  };

  static std::uint64_t inner(std::uint64_t key) { return key == 0 ? 1 : key; }

  // Where it is, or the free place where it belongs.  The highest eight bits chose the part; the
  // size of the rest relative to all is the place relative to all.
  static Pair& place_of(std::vector<Pair>& pairs, std::uint64_t key) {
    auto at =
        static_cast<std::size_t>((static_cast<unsigned __int128>(key << 8) * pairs.size()) >> 64);
    while (pairs[at].key != key && pairs[at].key != 0) {
      if (++at == pairs.size()) at = 0;
    }
    return pairs[at];
  }

  static void grow(Part& part) {
    std::vector<Pair> larger(part.pairs.empty() ? 8 : part.pairs.size() * 8 / 7);
    for (const Pair& pair : part.pairs) {
      if (pair.key != 0) place_of(larger, pair.key) = pair;
    }
    part.pairs = std::move(larger);
  }

  std::array<Part, 256> parts_;
  std::size_t size_ = 0;
};

}  // namespace distaff
