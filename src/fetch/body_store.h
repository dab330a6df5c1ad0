#pragma once

// Where the bodies of responses go.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "fetch/conditions.h"
#include "model/request.h"

namespace distaff {

// What is known of a body before its first byte.
struct BodyHead {
  std::string_view url;   // behind all redirects
  std::string_view mime;  // media type without parameters, lower case
  std::string_view etag;
  std::string_view last_modified;
  // By which the rest can be asked for, if the body breaks off: bytes are as the server has them
  // (not decoded), and this tells versions apart.  Empty: there is none.
  std::string_view validator;
  std::optional<std::uint64_t> total;  // bytes of the whole, if that is known
};

// One body on its way.  Destroyed before finish(): nothing of it is seen under its name.
class Body {
 public:
  virtual ~Body() = default;

  virtual Expected<void> write(std::string_view bytes) = 0;

  // All of it is there, from now on under its name: complete or absent, also after kill -9.  Gives
  // the path as the report shows it.
  virtual Expected<std::string> finish() = 0;

  // It broke off; what came may be kept for a later try.
  virtual void keep() = 0;
};

class BodyStore {
 public:
  // What an earlier try has kept of a body, and what its BodyHead said.
  struct Part {
    std::uint64_t bytes = 0;
    std::string validator;  // for If-Range: a strong ETag, or the date it was last modified
    std::optional<std::uint64_t> total;  // bytes of the whole, if that is known
    std::string url;
    std::string mime;
    std::string etag;
    std::string last_modified;
  };

  virtual ~BodyStore() = default;

  // Of a request that is the same in all that a server sees of it.
  virtual std::optional<Part> part(const Request& request) = 0;

  // Whether a body that an earlier run has kept is there as it was, and would have the same name in
  // this run: so it need not come again.  Gives its size.
  virtual std::optional<std::uint64_t> find_earlier(const Request& request, const BodyHead& head,
                                                    const KnownBody& known) = 0;
  // It stays: from now on its name is not given to the body of another URL.  Nothing: it has been
  // given to one meanwhile, or it is gone.
  virtual std::optional<std::uint64_t> keep_earlier(const Request& request, const BodyHead& head,
                                                    const KnownBody& known) = 0;

  // A new body; with `part` it goes on behind that one.  Null: that is no longer there as it was.
  // An error is one of this job only, unless its status is 3: then no body can be kept any more.
  virtual Expected<std::unique_ptr<Body>> begin(const Request& request, const BodyHead& head,
                                                const Part* part) = 0;
};

}  // namespace distaff
