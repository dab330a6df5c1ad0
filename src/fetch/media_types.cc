#include "fetch/media_types.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace distaff {
namespace {

struct Type {
  std::string_view mime;
  std::string_view extension;
};

// By name: what the registry of media types has, and what servers send besides.
constexpr std::array<Type, 389> kTypes{{
    {"application/acrobat", ".pdf"},
    {"application/atom+xml", ".xml"},
    {"application/avro", ".avro"},
    {"application/bibtex", ".bib"},
    {"application/bzip2", ".bz2"},
    {"application/cbor", ".cbor"},
    {"application/csv", ".csv"},
    {"application/dash+xml", ".mpd"},
    {"application/dicom", ".dcm"},
    {"application/ecmascript", ".js"},
    {"application/epub+zip", ".epub"},
    {"application/excel", ".xls"},
    {"application/feed+json", ".json"},
    {"application/fits", ".fits"},
    {"application/font-woff", ".woff"},
    {"application/font-woff2", ".woff2"},
    {"application/geo+json", ".geojson"},
    {"application/gpx+xml", ".gpx"},
    {"application/graphql", ".graphql"},
    {"application/gzip", ".gz"},
    {"application/gzip-compressed", ".gz"},
    {"application/java-archive", ".jar"},
    {"application/java-vm", ".class"},
    {"application/javascript", ".js"},
    {"application/json", ".json"},
    {"application/json-seq", ".json"},
    {"application/json5", ".json5"},
    {"application/jsonl", ".jsonl"},
    {"application/jsonlines", ".jsonl"},
    {"application/jsonlines+json", ".jsonl"},
    {"application/ld+json", ".jsonld"},
    {"application/manifest+json", ".json"},
    {"application/mathml+xml", ".mml"},
    {"application/mbox", ".mbox"},
    {"application/mp4", ".mp4"},
    {"application/mspowerpoint", ".ppt"},
    {"application/msword", ".doc"},
    {"application/n-quads", ".nq"},
    {"application/n-triples", ".nt"},
    {"application/ndjson", ".ndjson"},
    {"application/ogg", ".ogg"},
    {"application/pdf", ".pdf"},
    {"application/pgp-encrypted", ".pgp"},
    {"application/pgp-keys", ".asc"},
    {"application/pgp-signature", ".asc"},
    {"application/pkcs10", ".csr"},
    {"application/pkcs12", ".p12"},
    {"application/pkcs7-mime", ".p7m"},
    {"application/pkix-cert", ".cer"},
    {"application/pkix-crl", ".crl"},
    {"application/postscript", ".ps"},
    {"application/rar", ".rar"},
    {"application/rdf+xml", ".rdf"},
    {"application/rss+xml", ".xml"},
    {"application/rtf", ".rtf"},
    {"application/schema+json", ".json"},
    {"application/sql", ".sql"},
    {"application/tar", ".tar"},
    {"application/tar+gzip", ".tgz"},
    {"application/toml", ".toml"},
    {"application/trig", ".trig"},
    {"application/ttml+xml", ".ttml"},
    {"application/typescript", ".ts"},
    {"application/vnd.adobe.photoshop", ".psd"},
    {"application/vnd.amazon.ebook", ".azw"},
    {"application/vnd.amazon.mobi8-ebook", ".azw3"},
    {"application/vnd.android.package-archive", ".apk"},
    {"application/vnd.apache.arrow.file", ".arrow"},
    {"application/vnd.apache.parquet", ".parquet"},
    {"application/vnd.api+json", ".json"},
    {"application/vnd.apple.installer+xml", ".mpkg"},
    {"application/vnd.apple.keynote", ".key"},
    {"application/vnd.apple.mpegurl", ".m3u8"},
    {"application/vnd.apple.numbers", ".numbers"},
    {"application/vnd.apple.pages", ".pages"},
    {"application/vnd.comicbook+zip", ".cbz"},
    {"application/vnd.comicbook-rar", ".cbr"},
    {"application/vnd.debian.binary-package", ".deb"},
    {"application/vnd.geo+json", ".geojson"},
    {"application/vnd.google-earth.kml+xml", ".kml"},
    {"application/vnd.google-earth.kmz", ".kmz"},
    {"application/vnd.microsoft.portable-executable", ".exe"},
    {"application/vnd.ms-cab-compressed", ".cab"},
    {"application/vnd.ms-excel", ".xls"},
    {"application/vnd.ms-excel.sheet.binary.macroenabled.12", ".xlsb"},
    {"application/vnd.ms-excel.sheet.macroenabled.12", ".xlsm"},
    {"application/vnd.ms-fontobject", ".eot"},
    {"application/vnd.ms-outlook", ".msg"},
    {"application/vnd.ms-powerpoint", ".ppt"},
    {"application/vnd.ms-powerpoint.presentation.macroenabled.12", ".pptm"},
    {"application/vnd.ms-word.document.macroenabled.12", ".docm"},
    {"application/vnd.ms-xpsdocument", ".xps"},
    {"application/vnd.oasis.opendocument.graphics", ".odg"},
    {"application/vnd.oasis.opendocument.presentation", ".odp"},
    {"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
    {"application/vnd.oasis.opendocument.text", ".odt"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
    {"application/vnd.openxmlformats-officedocument.presentationml.slideshow", ".ppsx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.template", ".xltx"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.template", ".dotx"},
    {"application/vnd.rar", ".rar"},
    {"application/vnd.sqlite3", ".sqlite"},
    {"application/vnd.tcpdump.pcap", ".pcap"},
    {"application/vnd.visio", ".vsd"},
    {"application/warc", ".warc"},
    {"application/wasm", ".wasm"},
    {"application/x-7z-compressed", ".7z"},
    {"application/x-7zip-compressed", ".7z"},
    {"application/x-abiword", ".abw"},
    {"application/x-apple-diskimage", ".dmg"},
    {"application/x-bibtex", ".bib"},
    {"application/x-bittorrent", ".torrent"},
    {"application/x-brotli", ".br"},
    {"application/x-bz2", ".bz2"},
    {"application/x-bzip", ".bz2"},
    {"application/x-bzip-compressed-tar", ".tbz2"},
    {"application/x-bzip2", ".bz2"},
    {"application/x-chrome-extension", ".crx"},
    {"application/x-compress", ".Z"},
    {"application/x-compressed-tar", ".tgz"},
    {"application/x-cpio", ".cpio"},
    {"application/x-csv", ".csv"},
    {"application/x-deb", ".deb"},
    {"application/x-debian-package", ".deb"},
    {"application/x-dosexec", ".exe"},
    {"application/x-dvi", ".dvi"},
    {"application/x-excel", ".xls"},
    {"application/x-font-otf", ".otf"},
    {"application/x-font-truetype", ".ttf"},
    {"application/x-font-ttf", ".ttf"},
    {"application/x-font-woff", ".woff"},
    {"application/x-font-woff2", ".woff2"},
    {"application/x-gtar", ".tar"},
    {"application/x-gtar-compressed", ".tgz"},
    {"application/x-gunzip", ".gz"},
    {"application/x-gzip", ".gz"},
    {"application/x-gzip-compressed", ".gz"},
    {"application/x-hdf", ".hdf"},
    {"application/x-hdf5", ".h5"},
    {"application/x-ipynb+json", ".ipynb"},
    {"application/x-iso9660-image", ".iso"},
    {"application/x-java-archive", ".jar"},
    {"application/x-java-jnlp-file", ".jnlp"},
    {"application/x-javascript", ".js"},
    {"application/x-json", ".json"},
    {"application/x-jsonlines", ".jsonl"},
    {"application/x-latex", ".tex"},
    {"application/x-lz4", ".lz4"},
    {"application/x-lzip", ".lz"},
    {"application/x-lzma", ".lzma"},
    {"application/x-matroska", ".mkv"},
    {"application/x-mobipocket-ebook", ".mobi"},
    {"application/x-mpegurl", ".m3u8"},
    {"application/x-msdos-program", ".exe"},
    {"application/x-msdownload", ".exe"},
    {"application/x-msexcel", ".xls"},
    {"application/x-msi", ".msi"},
    {"application/x-mspowerpoint", ".ppt"},
    {"application/x-msword", ".doc"},
    {"application/x-ndjson", ".ndjson"},
    {"application/x-netcdf", ".nc"},
    {"application/x-parquet", ".parquet"},
    {"application/x-pdf", ".pdf"},
    {"application/x-pem-file", ".pem"},
    {"application/x-perl", ".pl"},
    {"application/x-pkcs12", ".p12"},
    {"application/x-plist", ".plist"},
    {"application/x-python-code", ".pyc"},
    {"application/x-rar", ".rar"},
    {"application/x-rar-compressed", ".rar"},
    {"application/x-redhat-package-manager", ".rpm"},
    {"application/x-rpm", ".rpm"},
    {"application/x-rss+xml", ".xml"},
    {"application/x-sh", ".sh"},
    {"application/x-shellscript", ".sh"},
    {"application/x-shockwave-flash", ".swf"},
    {"application/x-sqlite3", ".sqlite"},
    {"application/x-subrip", ".srt"},
    {"application/x-tar", ".tar"},
    {"application/x-tex", ".tex"},
    {"application/x-tgz", ".tgz"},
    {"application/x-troff-man", ".man"},
    {"application/x-wav", ".wav"},
    {"application/x-x509-ca-cert", ".crt"},
    {"application/x-xml", ".xml"},
    {"application/x-xpinstall", ".xpi"},
    {"application/x-xz", ".xz"},
    {"application/x-yaml", ".yaml"},
    {"application/x-zip", ".zip"},
    {"application/x-zip-compressed", ".zip"},
    {"application/x-zstd", ".zst"},
    {"application/xhtml+xml", ".xhtml"},
    {"application/xml", ".xml"},
    {"application/xml-dtd", ".dtd"},
    {"application/xslt+xml", ".xslt"},
    {"application/yaml", ".yaml"},
    {"application/zip", ".zip"},
    {"application/zip-compressed", ".zip"},
    {"application/zlib", ".zz"},
    {"application/zstd", ".zst"},
    {"audio/3gpp", ".3gp"},
    {"audio/aac", ".aac"},
    {"audio/aacp", ".aac"},
    {"audio/aiff", ".aif"},
    {"audio/amr", ".amr"},
    {"audio/basic", ".au"},
    {"audio/flac", ".flac"},
    {"audio/m4a", ".m4a"},
    {"audio/mid", ".mid"},
    {"audio/midi", ".mid"},
    {"audio/mp3", ".mp3"},
    {"audio/mp4", ".m4a"},
    {"audio/mp4a-latm", ".m4a"},
    {"audio/mpeg", ".mp3"},
    {"audio/mpeg3", ".mp3"},
    {"audio/mpegurl", ".m3u"},
    {"audio/mpg", ".mp3"},
    {"audio/ogg", ".ogg"},
    {"audio/opus", ".opus"},
    {"audio/vnd.wave", ".wav"},
    {"audio/vorbis", ".ogg"},
    {"audio/wav", ".wav"},
    {"audio/wave", ".wav"},
    {"audio/webm", ".weba"},
    {"audio/x-aac", ".aac"},
    {"audio/x-aiff", ".aif"},
    {"audio/x-flac", ".flac"},
    {"audio/x-hx-aac-adts", ".aac"},
    {"audio/x-m4a", ".m4a"},
    {"audio/x-matroska", ".mka"},
    {"audio/x-midi", ".mid"},
    {"audio/x-mp3", ".mp3"},
    {"audio/x-mpeg", ".mp3"},
    {"audio/x-mpeg-3", ".mp3"},
    {"audio/x-mpegurl", ".m3u"},
    {"audio/x-ms-wma", ".wma"},
    {"audio/x-pn-wav", ".wav"},
    {"audio/x-scpls", ".pls"},
    {"audio/x-wav", ".wav"},
    {"font/collection", ".ttc"},
    {"font/otf", ".otf"},
    {"font/sfnt", ".ttf"},
    {"font/ttf", ".ttf"},
    {"font/woff", ".woff"},
    {"font/woff2", ".woff2"},
    {"image/apng", ".apng"},
    {"image/avif", ".avif"},
    {"image/bmp", ".bmp"},
    {"image/emf", ".emf"},
    {"image/gif", ".gif"},
    {"image/heic", ".heic"},
    {"image/heic-sequence", ".heic"},
    {"image/heif", ".heif"},
    {"image/heif-sequence", ".heif"},
    {"image/ico", ".ico"},
    {"image/icon", ".ico"},
    {"image/jfif", ".jpg"},
    {"image/jp2", ".jp2"},
    {"image/jpeg", ".jpg"},
    {"image/jpg", ".jpg"},
    {"image/jpx", ".jpx"},
    {"image/jxl", ".jxl"},
    {"image/ktx2", ".ktx2"},
    {"image/pjpeg", ".jpg"},
    {"image/png", ".png"},
    {"image/svg", ".svg"},
    {"image/svg+xml", ".svg"},
    {"image/tif", ".tif"},
    {"image/tiff", ".tif"},
    {"image/vnd.adobe.photoshop", ".psd"},
    {"image/vnd.djvu", ".djvu"},
    {"image/vnd.dwg", ".dwg"},
    {"image/vnd.dxf", ".dxf"},
    {"image/vnd.microsoft.icon", ".ico"},
    {"image/vnd.ms-photo", ".jxr"},
    {"image/vnd.radiance", ".hdr"},
    {"image/webp", ".webp"},
    {"image/wmf", ".wmf"},
    {"image/x-bmp", ".bmp"},
    {"image/x-citrix-jpeg", ".jpg"},
    {"image/x-citrix-png", ".png"},
    {"image/x-djvu", ".djvu"},
    {"image/x-eps", ".eps"},
    {"image/x-icon", ".ico"},
    {"image/x-jpeg", ".jpg"},
    {"image/x-jpg", ".jpg"},
    {"image/x-ms-bmp", ".bmp"},
    {"image/x-pcx", ".pcx"},
    {"image/x-photoshop", ".psd"},
    {"image/x-png", ".png"},
    {"image/x-portable-bitmap", ".pbm"},
    {"image/x-portable-graymap", ".pgm"},
    {"image/x-portable-pixmap", ".ppm"},
    {"image/x-svg+xml", ".svg"},
    {"image/x-targa", ".tga"},
    {"image/x-tga", ".tga"},
    {"image/x-tiff", ".tif"},
    {"image/x-webp", ".webp"},
    {"image/x-windows-bmp", ".bmp"},
    {"image/x-xbitmap", ".xbm"},
    {"image/x-xcf", ".xcf"},
    {"image/x-xpixmap", ".xpm"},
    {"message/rfc822", ".eml"},
    {"model/gltf+json", ".gltf"},
    {"model/gltf-binary", ".glb"},
    {"model/obj", ".obj"},
    {"model/stl", ".stl"},
    {"text/cache-manifest", ".appcache"},
    {"text/calendar", ".ics"},
    {"text/coffeescript", ".coffee"},
    {"text/comma-separated-values", ".csv"},
    {"text/css", ".css"},
    {"text/csv", ".csv"},
    {"text/directory", ".vcf"},
    {"text/ecmascript", ".js"},
    {"text/htm", ".html"},
    {"text/html", ".html"},
    {"text/javascript", ".js"},
    {"text/json", ".json"},
    {"text/jsx", ".jsx"},
    {"text/less", ".less"},
    {"text/markdown", ".md"},
    {"text/n3", ".n3"},
    {"text/pdf", ".pdf"},
    {"text/plain", ".txt"},
    {"text/richtext", ".rtf"},
    {"text/rtf", ".rtf"},
    {"text/tab-separated-values", ".tsv"},
    {"text/tsv", ".tsv"},
    {"text/turtle", ".ttl"},
    {"text/vcard", ".vcf"},
    {"text/vtt", ".vtt"},
    {"text/x-bibtex", ".bib"},
    {"text/x-c", ".c"},
    {"text/x-c++src", ".cc"},
    {"text/x-chdr", ".h"},
    {"text/x-csrc", ".c"},
    {"text/x-csv", ".csv"},
    {"text/x-diff", ".diff"},
    {"text/x-java", ".java"},
    {"text/x-java-source", ".java"},
    {"text/x-javascript", ".js"},
    {"text/x-json", ".json"},
    {"text/x-log", ".log"},
    {"text/x-markdown", ".md"},
    {"text/x-opml", ".opml"},
    {"text/x-opml+xml", ".opml"},
    {"text/x-patch", ".patch"},
    {"text/x-perl", ".pl"},
    {"text/x-python", ".py"},
    {"text/x-rst", ".rst"},
    {"text/x-ruby", ".rb"},
    {"text/x-sass", ".sass"},
    {"text/x-scss", ".scss"},
    {"text/x-sh", ".sh"},
    {"text/x-shellscript", ".sh"},
    {"text/x-sql", ".sql"},
    {"text/x-tex", ".tex"},
    {"text/x-vcalendar", ".ics"},
    {"text/x-vcard", ".vcf"},
    {"text/x-web-markdown", ".md"},
    {"text/x-yaml", ".yaml"},
    {"text/xhtml", ".xhtml"},
    {"text/xml", ".xml"},
    {"text/xsl", ".xsl"},
    {"text/yaml", ".yaml"},
    {"video/3gpp", ".3gp"},
    {"video/3gpp2", ".3g2"},
    {"video/avi", ".avi"},
    {"video/m4v", ".m4v"},
    {"video/matroska", ".mkv"},
    {"video/mp2t", ".ts"},
    {"video/mp4", ".mp4"},
    {"video/mpeg", ".mpg"},
    {"video/mpeg4", ".mp4"},
    {"video/msvideo", ".avi"},
    {"video/ogg", ".ogv"},
    {"video/quicktime", ".mov"},
    {"video/vnd.dlna.mpeg-tts", ".ts"},
    {"video/webm", ".webm"},
    {"video/x-flv", ".flv"},
    {"video/x-m4v", ".m4v"},
    {"video/x-matroska", ".mkv"},
    {"video/x-mp4", ".mp4"},
    {"video/x-ms-asf", ".asf"},
    {"video/x-ms-wmv", ".wmv"},
    {"video/x-msvideo", ".avi"},
}};

constexpr bool by_name(const Type& a, const Type& b) { return a.mime < b.mime; }
static_assert(std::is_sorted(kTypes.begin(), kTypes.end(), by_name));

// What a type is in, whatever it is (RFC 6838 4.2.8): "application/problem+json".
constexpr std::array<Type, 8> kSuffixes{{
    {"+cbor", ".cbor"},
    {"+gzip", ".gz"},
    {"+json", ".json"},
    {"+json-seq", ".json"},
    {"+xml", ".xml"},
    {"+yaml", ".yaml"},
    {"+zip", ".zip"},
    {"+zstd", ".zst"},
}};

// Names of one type, of which a file needs but one.
struct Spellings {
  std::string_view usual;
  std::string_view other;
};
constexpr std::array<Spellings, 15> kSpellings{{
    {".aif", ".aiff"},
    {".crt", ".pem"},
    {".gz", ".tgz"},
    {".jpg", ".jpeg"},
    {".js", ".mjs"},
    {".m3u8", ".m3u"},
    {".md", ".markdown"},
    {".mid", ".midi"},
    {".mpg", ".mpeg"},
    {".tbz2", ".tar.bz2"},
    {".tgz", ".tar.gz"},
    {".tif", ".tiff"},
    {".xml", ".rss"},
    {".xml", ".atom"},
    {".yaml", ".yml"},
}};

constexpr std::size_t kLongest = 8;

bool ends_with(std::string_view name, std::string_view end) {
  return name.size() >= end.size() &&
         std::equal(end.begin(), end.end(), name.end() - end.size(),
                    [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct Packed {
  std::string_view encoding;
  std::string_view extension;  // of the URL, or by the media type
};

constexpr std::array<Packed, 8> kPacked{{
    {"gzip", ".gz"},
    {"gzip", ".tgz"},
    {"gzip", ".taz"},
    {"gzip", ".svgz"},
    {"deflate", ".zz"},
    {"zstd", ".zst"},
    {"zstd", ".tzst"},
    {"br", ".br"},
}};

}  // namespace

std::string media_type(std::string_view content_type) {
  const auto ends = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || c == ';' || c == ',' || c == '"' || byte >= 0x7f;
  };
  const auto begin = std::find_if_not(content_type.begin(), content_type.end(), ends);
  std::string type(begin, std::find_if(begin, content_type.end(), ends));
  for (char& c : type) c = ascii_lower(c);
  return type;
}

std::string_view extension_of_type(std::string_view mime) {
  const auto found = std::lower_bound(kTypes.begin(), kTypes.end(), Type{mime, {}}, by_name);
  if (found != kTypes.end() && found->mime == mime) return found->extension;
  const auto suffix = std::find_if(kSuffixes.begin(), kSuffixes.end(),
                                   [&](const Type& type) { return mime.ends_with(type.mime); });
  return suffix != kSuffixes.end() ? suffix->extension : std::string_view();
}

bool has_extension(std::string_view name, std::string_view extension) {
  return ends_with(name, extension) ||
         std::any_of(kSpellings.begin(), kSpellings.end(), [&](const Spellings& both) {
           return both.usual == extension && ends_with(name, both.other);
         });
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
  for (char& c : extension) c = ascii_lower(c);
  const std::string_view by_type = extension_of_type(mime);
  return std::any_of(kPacked.begin(), kPacked.end(), [&](const Packed& packed) {
    return packed.encoding == encoding &&
           (packed.extension == extension || packed.extension == by_type);
  });
}

}  // namespace distaff
