#pragma once

// What the file of a body is called, below the directory of bodies or in an archive.
//
// Whatever a URL or a template's values hold, the name leads nowhere else: its parts are separated
// by single slashes, none is empty, `.` or `..`, none is longer than a file's name may be, and the
// first is not the directory that we keep for ourselves.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "fetch/body_store.h"
#include "model/request.h"

namespace distaff {

// In the directory of bodies: what is on its way, and what is kept of bodies that broke off.
constexpr std::string_view kOwnFolder = ".distaff";

struct UrlHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  std::string hex() const;  // 32 digits
  bool operator==(const UrlHash&) const = default;
};

// Of all but the fragment, which no server sees.
UrlHash hash_of_url(std::string_view url);

// Of a text of any other kind, well spread.
std::uint64_t hash_of_text(std::string_view text);

struct BodyName {
  std::string folder;  // "a/b"; empty: none
  std::string file;
  UrlHash url;           // whose body it is
  bool of_hash = false;  // no other URL's body has this name: nobody named it

  std::string path() const { return folder.empty() ? file : folder + "/" + file; }

  // Whether `earlier` is what an earlier run may have called the same body.  A name of a hash may
  // be another one: redirects lead to URLs that have a signature in them.  Not if `exactly`.
  bool could_be(std::string_view earlier, bool exactly) const;
};

// Without parts the name is the hash of the final URL with an extension, in one of 256 folders.
// An error says what is wrong with a name that the template made.
Expected<BodyName> body_name(const std::vector<FileNamePart>& parts, const BodyHead& head);

// Any text as such a name.  Control characters become %XX, parts that are too long end in a hash.
Expected<std::string> clean_name(std::string_view text);

}  // namespace distaff
