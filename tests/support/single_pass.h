#pragma once

// A range of 0, 1, 2, ... that can be read once, and tells how far it was read.

#include <cstddef>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace distaff::test {

class SinglePass {
 public:
  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;

    SinglePass* all = nullptr;

    int operator*() const {
      if (all->read == all->torn_at) throw std::runtime_error("torn");
      return all->read;
    }
    iterator& operator++() {
      ++all->read;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) {
      return it.all->read == it.all->count;
    }
  };

  iterator begin() { return {this}; }
  std::default_sentinel_t end() const { return {}; }

  int count = std::numeric_limits<int>::max();
  int torn_at = -1;  // where it throws
  int read = 0;      // elements before the one under the iterator
};

}  // namespace distaff::test
