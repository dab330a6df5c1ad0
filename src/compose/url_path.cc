#include "compose/url_path.h"

#include <algorithm>

#include "base/text.h"
#include "base/url_text.h"
#include "compose/authority.h"

namespace distaff {
namespace {

bool can_be_seen(std::string_view text) { return printable(text, text.size() * 4) == text; }

// The octets of the run of %XX at the start of `text`.
std::string octets_of_run(std::string_view text) {
  std::string octets;
  for (int octet; (octet = percent_octet(text)) >= 0; text.remove_prefix(3)) {
    octets += static_cast<char>(octet);
  }
  return octets;
}

// A run is undone as a whole or not at all: a character of UTF-8 is several octets.
void append_decoded(std::string_view part, std::string& path) {
  while (!part.empty()) {
    const std::string octets = octets_of_run(part);
    const std::size_t spelled = std::max<std::size_t>(octets.size() * 3, 1);
    const bool plain = !octets.empty() && octets.find('/') == octets.npos && can_be_seen(octets);
    path += plain ? std::string_view(octets) : part.substr(0, spelled);
    part.remove_prefix(spelled);
  }
}

}  // namespace

std::optional<std::string> file_path_of_url(std::string_view text) {
  if (!host_of(text)) return std::nullopt;
  text.remove_prefix(std::min(text.find_first_of("/?#", text.find("://") + 3), text.size()));
  text = text.substr(0, text.find_first_of("?#"));
  if (text.find_first_not_of('/') == text.npos) return "/index";
  std::string path;
  append_decoded(text, path);
  return path;
}

}  // namespace distaff
