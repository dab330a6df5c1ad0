#include "fetch/validators.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <string>

namespace distaff {
namespace {

bool is_of_etag(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x22 && byte != 0x7f;
}

bool is_of_date(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || c == ' ' || c == ',' || c == ':' || c == '-';
}

}  // namespace

bool is_etag(std::string_view text) {
  if (text.starts_with("W/")) text.remove_prefix(2);
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' &&
         std::all_of(text.begin() + 1, text.end() - 1, is_of_etag);
}

bool is_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::size_t kLongestDate = 40;
  const bool begins = std::find(kDays.begin(), kDays.end(), text.substr(0, 3)) != kDays.end();
  return begins && text.size() <= kLongestDate && std::count(text.begin(), text.end(), ':') == 2 &&
         std::all_of(text.begin(), text.end(), is_of_date) &&
         curl_getdate(std::string(text).c_str(), nullptr) != -1;
}

}  // namespace distaff
