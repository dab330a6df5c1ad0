#include "fetch/body_name.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "base/hex.h"
#include "base/text.h"
#include "base/url_text.h"
#include "compose/authority.h"
#include "fetch/media_types.h"

namespace distaff {
namespace {

constexpr std::size_t kLongestPart = 255;   // bytes, in every file system that matters
constexpr std::size_t kLongestEnding = 16;  // that is kept of a name that is cut
constexpr int kMostParts = 100;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// "long…name.html" as "long…~0123456789abcdef.html".
std::string shortened(std::string_view part) {
  const std::size_t dot = part.rfind('.');
  const bool ends = dot != part.npos && part.size() - dot <= kLongestEnding;
  const std::string_view ending = ends ? part.substr(dot) : std::string_view();
  std::size_t size = kLongestPart - ending.size() - 17;
  while (size > 0 && continues_character(part[size])) --size;
  std::string name(part.substr(0, size));
  name += '~';
  append_hex(hash_of_text(part), 16, name);
  return name.append(ending);
}

std::string without_control(std::string_view part) {
  std::string name;
  for (const char c : part) {
    if (is_control(c)) {
      append_percent(c, name);
    } else {
      name += c;
    }
  }
  return name;
}

std::string_view extension(const BodyHead& head) {
  const std::string_view known = extension_of_type(head.mime);
  return known.empty() ? extension_of_url(head.url) : known;
}

// The path of a URL without its first slash; a directory's page is its index.
std::string path_of(std::string_view url) {
  const std::size_t host = std::min(url.find("://"), url.size());
  url = url.substr(std::min(url.find_first_of("/?#", host + 3), url.size()));
  url = url.substr(0, url.find_first_of("?#"));
  if (url.starts_with('/')) url.remove_prefix(1);
  std::string path(url);
  if (path.empty() || path.ends_with('/')) path += "index";
  return path;
}

// If the name does not end with it already, as that of a path does.
void append_extension(std::string_view extension, std::string& name) {
  if (!has_extension(name, extension)) name += extension;
}

void append_part(const FileNamePart& part, const BodyHead& head, const UrlHash& hash,
                 std::string& name) {
  switch (part.what) {
    case FileNamePart::What::text:
      name += part.text;
      break;
    case FileNamePart::What::hash:
      name += hash.hex();
      break;
    case FileNamePart::What::ext:
      append_extension(extension(head), name);
      break;
    case FileNamePart::What::host:
      name += host_of(head.url).value_or("");
      break;
    case FileNamePart::What::path:
      name += path_of(head.url);
      break;
  }
}

}  // namespace

std::string UrlHash::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits(32, '0');
  for (int i = 0; i < 16; ++i) {
    digits[15 - i] = kDigits[(high >> (4 * i)) & 15];
    digits[31 - i] = kDigits[(low >> (4 * i)) & 15];
  }
  return digits;
}

bool BodyName::could_be(std::string_view earlier, bool exactly) const {
  if (earlier == path()) return true;
  if (exactly || !of_hash || earlier.size() < 3) return false;
  const std::string_view digits = earlier.substr(3, 32);
  const std::string_view behind = earlier.substr(std::min<std::size_t>(earlier.size(), 35));
  return digits.size() == 32 && earlier[2] == '/' && digits.starts_with(earlier.substr(0, 2)) &&
         digits.find_first_not_of("0123456789abcdef") == digits.npos &&
         (behind.empty() || behind[0] == '.') && behind.find('/') == behind.npos;
}

UrlHash hash_of_url(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const XXH128_hash_t hash = XXH3_128bits(url.data(), url.size());
  return {hash.high64, hash.low64};
}

std::uint64_t hash_of_text(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

Expected<BodyName> body_name(const std::vector<FileNamePart>& parts, const BodyHead& head) {
  BodyName name{.url = hash_of_url(head.url), .of_hash = parts.empty()};
  if (parts.empty()) {
    name.file = name.url.hex();
    name.folder = name.file.substr(0, 2);
    name.file += extension(head);
    return name;
  }
  std::string text;
  for (const FileNamePart& part : parts) append_part(part, head, name.url, text);
  auto path = clean_name(text);
  if (!path) return tl::unexpected(path.error());
  const std::size_t slash = path->rfind('/');
  if (slash != path->npos) name.folder = path->substr(0, slash);
  name.file = slash == path->npos ? *std::move(path) : path->substr(slash + 1);
  return name;
}

Expected<std::string> clean_name(std::string_view text) {
  const auto refuse = [all = text](std::string_view why) {
    return fail(fmt::format("the name '{}' {}", printable(all), why));
  };
  std::string name;
  int parts = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse("leads elsewhere by '..'; put {hash} or {#} into --name");
    if (++parts > kMostParts) return refuse("has more than 100 parts; put {hash} into --name");
    const std::string clean = without_control(part);
    if (parts == 1 && clean == kOwnFolder) {
      return refuse("begins with .distaff, which distaff keeps for itself; choose another --name");
    }
    if (parts > 1) name += '/';
    name += clean.size() > kLongestPart ? shortened(clean) : clean;
  }
  if (parts == 0) return refuse("is empty; put {hash} or {#} into --name");
  return name;
}

}  // namespace distaff
