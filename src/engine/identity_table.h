#pragma once

// What is known of each job by its identity, in at most 32 bytes a job.
//
// A row of small tables, chosen by the hash, each with open addressing: when one grows, by a
// seventh, only its few entries are in memory twice, so there is no moment at which the whole is.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/ids.h"

namespace distaff {

class IdentityTable {
 public:
  enum class State : std::uint8_t {
    unknown,  // not known to have ended, or it did not end by itself
    good,
    failed,
  };
  struct Entry {
    Identity identity;       // all zero: free
    std::uint32_t seen = 0;  // so many equal ones were seen in this run
    std::uint32_t work = 0;  // what was done under this identity, a hash; the lowest two bits are
                             // the state

    State state() const { return static_cast<State>(work & 3); }
    void set(State state, std::uint32_t hash) {
      work = (hash & ~3U) | static_cast<std::uint32_t>(state);
    }
    // No work is known, or it is this.
    bool is_work(std::uint32_t hash) const {
      return (work & ~3U) == 0 || ((work ^ hash) >> 2) == 0;
    }
  };
  static_assert(sizeof(Entry) == 24);

  // Made if it is not there.  Valid until the next call of at().
  Entry& at(const Identity& identity);
  const Entry* find(const Identity& identity) const;

  std::size_t size() const;
  std::size_t memory() const;

 private:
  struct Part {
    std::vector<Entry> entries;
    std::size_t used = 0;
  };

  static Entry& place_of(std::vector<Entry>& entries, const Identity& identity);
  static void grow(Part& part);

  std::array<Part, 256> parts_;
};

}  // namespace distaff
