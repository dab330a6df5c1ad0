#pragma once

// The options as typed: which were given, and with what text.

#include <array>
#include <string>
#include <vector>

#include "base/expected.h"
#include "cli/arguments.h"
#include "cli/option_table.h"

namespace distaff {

class Flags {
 public:
  // Binds what the walk found.  The values stay text: numbers and times are read by our own
  // parsers, and a repeated scalar takes the last one.
  static Expected<Flags> bind(const Arguments& arguments);

  bool has(Opt id) const { return !at(id).spelled.empty(); }
  // As it was last written: "-j", "--jobs".  Needs has().
  const std::string& spelled(Opt id) const { return at(id).spelled; }
  // The last value.  Needs has() and an option that takes one.
  const std::string& value(Opt id) const { return at(id).values.back(); }
  const std::vector<std::string>& values(Opt id) const { return at(id).values; }

 private:
  struct Flag {
    std::string spelled;  // empty: not given
    std::vector<std::string> values;
  };
  const Flag& at(Opt id) const { return flags_[static_cast<std::size_t>(id)]; }

  std::array<Flag, kOptionCount> flags_;
};

}  // namespace distaff
