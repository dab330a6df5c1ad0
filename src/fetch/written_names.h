#pragma once

// Which names of bodies were used in this run, and for whose bodies, in about 20 bytes a name.
//
// A template may give two URLs one name; the second must not replace the first.  Names that are a
// hash of their URL need none of this.

#include "base/compact_map.h"
#include "base/expected.h"
#include "fetch/body_name.h"

namespace distaff {

class WrittenNames {
 public:
  enum class Use { none, same_url };

  // An error if another URL's body has it.
  Expected<Use> find(const BodyName& name) const;

  // Needs Use::none.
  void add(const BodyName& name);

 private:
  CompactMap urls_;  // hashes of the URLs by hashes of the names
};

}  // namespace distaff
