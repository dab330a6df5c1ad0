#pragma once

// Which names of bodies were used in this run, or in earlier ones that it goes on with, and for
// whose bodies, in about 20 bytes a name.
//
// A template may give two URLs one name; the second must not replace the first.  Names that are a
// hash of their URL need none of this.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/compact_map.h"
#include "base/expected.h"
#include "fetch/body_name.h"

namespace distaff {

class WrittenNames {
 public:
  enum class Use { none, same_url };

  // What an earlier run wrote: its path, as path() of a name has it, and the URL without secrets,
  // as a journal has it.
  void add_earlier(std::string_view path, std::string_view shown_url);

  // What is no body: a file of the run itself.
  void keep_free(std::string path, std::string what);

  // An error if another URL's body has it in this run.
  Expected<Use> find(const BodyName& name) const;

  // … or in an earlier one, or if it is no body's.  `url` is that of the name.
  Expected<void> check(const BodyName& name, std::string_view url) const;

  // Needs Use::none.
  void add(const BodyName& name);

  // An earlier run's body of this URL stays.  A new one of the same URL may still replace it.
  void keep(const BodyName& name);

 private:
  CompactMap urls_;     // hashes of the URLs by hashes of the names
  CompactMap kept_;     // the same, of bodies that stay as an earlier run has written them
  CompactMap earlier_;  // the same, of the URLs without secrets
  std::map<std::string, std::string, std::less<>> others_;  // what they are by their names
};

}  // namespace distaff
