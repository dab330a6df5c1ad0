#include "fetch/media_types.h"

#include <algorithm>
#include <array>
#include <string>

namespace distaff {
namespace {

struct Type {
  std::string_view mime;
  std::string_view extension;
};

// By name.
constexpr std::array<Type, 75> kTypes{{
    {"application/atom+xml", ".xml"},
    {"application/epub+zip", ".epub"},
    {"application/geo+json", ".geojson"},
    {"application/gzip", ".gz"},
    {"application/java-archive", ".jar"},
    {"application/javascript", ".js"},
    {"application/json", ".json"},
    {"application/ld+json", ".jsonld"},
    {"application/manifest+json", ".json"},
    {"application/msword", ".doc"},
    {"application/ndjson", ".ndjson"},
    {"application/ogg", ".ogg"},
    {"application/pdf", ".pdf"},
    {"application/postscript", ".ps"},
    {"application/rdf+xml", ".rdf"},
    {"application/rss+xml", ".xml"},
    {"application/rtf", ".rtf"},
    {"application/sql", ".sql"},
    {"application/toml", ".toml"},
    {"application/vnd.api+json", ".json"},
    {"application/vnd.ms-excel", ".xls"},
    {"application/vnd.ms-powerpoint", ".ppt"},
    {"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
    {"application/vnd.oasis.opendocument.text", ".odt"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    {"application/wasm", ".wasm"},
    {"application/x-7z-compressed", ".7z"},
    {"application/x-bzip2", ".bz2"},
    {"application/x-gzip", ".gz"},
    {"application/x-javascript", ".js"},
    {"application/x-ndjson", ".ndjson"},
    {"application/x-tar", ".tar"},
    {"application/x-xz", ".xz"},
    {"application/x-yaml", ".yaml"},
    {"application/xhtml+xml", ".xhtml"},
    {"application/xml", ".xml"},
    {"application/yaml", ".yaml"},
    {"application/zip", ".zip"},
    {"application/zstd", ".zst"},
    {"audio/aac", ".aac"},
    {"audio/flac", ".flac"},
    {"audio/mp4", ".m4a"},
    {"audio/mpeg", ".mp3"},
    {"audio/ogg", ".ogg"},
    {"audio/wav", ".wav"},
    {"audio/webm", ".weba"},
    {"font/otf", ".otf"},
    {"font/ttf", ".ttf"},
    {"font/woff", ".woff"},
    {"font/woff2", ".woff2"},
    {"image/avif", ".avif"},
    {"image/bmp", ".bmp"},
    {"image/gif", ".gif"},
    {"image/jpeg", ".jpg"},
    {"image/png", ".png"},
    {"image/svg+xml", ".svg"},
    {"image/tiff", ".tif"},
    {"image/vnd.microsoft.icon", ".ico"},
    {"image/webp", ".webp"},
    {"image/x-icon", ".ico"},
    {"text/calendar", ".ics"},
    {"text/css", ".css"},
    {"text/csv", ".csv"},
    {"text/html", ".html"},
    {"text/javascript", ".js"},
    {"text/markdown", ".md"},
    {"text/plain", ".txt"},
    {"text/tab-separated-values", ".tsv"},
    {"text/vcard", ".vcf"},
    {"text/xml", ".xml"},
    {"video/mp4", ".mp4"},
    {"video/mpeg", ".mpg"},
    {"video/webm", ".webm"},
}};

constexpr bool by_name(const Type& a, const Type& b) { return a.mime < b.mime; }
static_assert(std::is_sorted(kTypes.begin(), kTypes.end(), by_name));

constexpr std::size_t kLongest = 8;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct Packed {
  std::string_view encoding;
  std::string_view sign;  // an extension, or a media type
};

constexpr std::array<Packed, 15> kPacked{{
    {"gzip", ".gz"},
    {"gzip", ".tgz"},
    {"gzip", ".taz"},
    {"gzip", ".svgz"},
    {"gzip", "application/gzip"},
    {"gzip", "application/x-gzip"},
    {"gzip", "application/x-tgz"},
    {"gzip", "application/x-gtar-compressed"},
    {"gzip", "application/x-compressed-tar"},
    {"deflate", ".zz"},
    {"deflate", "application/zlib"},
    {"zstd", ".zst"},
    {"zstd", ".tzst"},
    {"zstd", "application/zstd"},
    {"br", ".br"},
}};

}  // namespace

std::string_view extension_of_type(std::string_view mime) {
  const auto found = std::lower_bound(kTypes.begin(), kTypes.end(), Type{mime, {}}, by_name);
  return found != kTypes.end() && found->mime == mime ? found->extension : std::string_view();
}

std::string_view extension_of_url(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == url.npos) return {};
  url = url.substr(host + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = url.rfind('/');
  const std::size_t dot = url.rfind('.');
  if (slash == url.npos || dot == url.npos || dot < slash) return {};
  const std::string_view found = url.substr(dot);
  const bool good = found.size() > 1 && found.size() <= kLongest + 1 &&
                    std::all_of(found.begin() + 1, found.end(), is_letter_or_digit);
  return good ? found : std::string_view();
}

bool is_file_of_encoding(std::string_view encoding, std::string_view url, std::string_view mime) {
  std::string extension(extension_of_url(url));
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return std::any_of(kPacked.begin(), kPacked.end(), [&](const Packed& packed) {
    return packed.encoding == encoding && (packed.sign == extension || packed.sign == mime);
  });
}

}  // namespace distaff
