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

  bool has(Opt id) const { return !at(id).origins.empty(); }
  // As it was last written, for the start of a message: "-j", "--jobs", and from a file
  // "f.json:3:11: \"jobs\"".  Needs has().
  const std::string& spelled(Opt id) const { return at(id).origins.back().spelled; }
  // The same for the value values()[i].
  const std::string& spelled(Opt id, std::size_t i) const { return at(id).origins[i].spelled; }
  // The same for the middle of a message: "-j", "\"jobs\" of f.json:3:11"; and with its value:
  // "-j 4", "\"jobs\" 4 of f.json:3:11".
  std::string mentioned(Opt id) const;
  std::string mentioned_with_value(Opt id) const;
  // Needs has().
  bool from_file(Opt id) const { return !at(id).origins.back().place.empty(); }
  // The last value.  Needs has() and an option that takes one.
  const std::string& value(Opt id) const { return at(id).values.back(); }
  const std::vector<std::string>& values(Opt id) const { return at(id).values; }

 private:
  struct Origin {
    std::string spelled;  // as spelled() gives it
    std::string name;     // the same without the place
    std::string place;
  };
  struct Flag {
    std::vector<Origin> origins;  // one for each time it was given
    std::vector<std::string> values;
  };
  const Flag& at(Opt id) const { return given_[places_[static_cast<std::size_t>(id)]]; }

  // Most options are never given: those that are stand behind an empty one for all others.
  std::vector<Flag> given_{1};
  std::array<unsigned char, kOptionCount> places_{};
};

}  // namespace distaff
