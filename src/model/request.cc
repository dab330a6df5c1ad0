#include "model/request.h"

#include "base/secrets.h"

namespace distaff {

std::string request_line(const Request& request) {
  return request.method + " " + mask_url(request.url);
}

}  // namespace distaff
