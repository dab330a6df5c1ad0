#include "fetch/transfer_settings.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "fetch/body_decoder.h"
#include "fetch/cookie_file.h"
#include "fetch/said_hosts.h"
#include "fetch/tls_files.h"
#include "os/replace_file.h"

namespace distaff {
namespace {

using std::chrono::milliseconds;

// What one read takes.  libcurl makes room for so much for each request anew, which is cheap for
// little, and makes few reads of a large body if it is much.
constexpr long kBuffer = 64 << 10;
constexpr long kLargeBuffer = 256 << 10;
// While a body waits, libcurl keeps what the last read unpacks to: a thousand times as much.
constexpr long kBufferIfPaused = 16 << 10;

constexpr std::string_view kOffer = "Accept-Encoding";

long version_of(HttpVersion version) {
  switch (version) {
    case HttpVersion::http1:
      return CURL_HTTP_VERSION_1_1;
    case HttpVersion::http2:
      return CURL_HTTP_VERSION_2_0;
    case HttpVersion::automatic:
      break;
  }
  return CURL_HTTP_VERSION_2TLS;
}

// Cookies are said right on the command line, or are in a file.
bool are_in_file(const std::string& cookies) {
  return !cookies.empty() && cookies.find('=') == std::string::npos;
}

Expected<void> check_readable(const char* option, const std::string& file) {
  if (file.empty()) return {};
  const auto refuse = [&](const char* why) {
    return fail(fmt::format("{} '{}': {}", option, printable(file), why));
  };
  if (access(file.c_str(), R_OK) != 0) return refuse(strerror(errno));
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return refuse("it is a directory, and no file");
  return {};
}

// It is written at the end, when it is too late to say so.  /dev/null is fine.
Expected<void> check_jar(const std::string& file) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(file, ignored).type();
  const bool is_special = kind != std::filesystem::file_type::regular &&
                          kind != std::filesystem::file_type::directory &&
                          kind != std::filesystem::file_type::not_found;
  if (file.empty() || is_special) return {};
  const auto good = check_replaceable(file);
  return good ? good : fail("--cookie-jar: " + good.error().message, good.error().status);
}

bool is_known(std::string_view protocol) {
  const auto* const* known = curl_version_info(CURLVERSION_NOW)->protocols;
  for (; *known != nullptr; ++known) {
    if (protocol == *known) return true;
  }
  return false;
}

std::string_view name_of(std::string_view header) {
  return header.substr(0, header.find_first_of(":;"));
}

bool has_name_of(const std::string& line, const std::string& other) {
  const std::string_view name = name_of(line);
  return name.size() == name_of(other).size() &&
         strncasecmp(line.data(), other.data(), name.size()) == 0;
}

}  // namespace

TransferSettings::TransferSettings(const FetchSpec& spec, std::string user_agent)
    : spec_(with_hosts_in_form(spec).value_or(spec)),
      user_agent_(std::move(user_agent)),
      protocols_(fmt::format("{}", fmt::join(spec.protocols, ","))) {
  unsetenv("SSLKEYLOGFILE");
  share_ = curl_share_init();
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  if (keeps_cookies()) curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
  if (are_in_file(spec_.cookies)) load_cookies();
  curl_slist* list = nullptr;
  for (const std::string& entry : spec_.resolve) {
    list = curl_slist_append(list, entry.c_str());
    if (entry.starts_with('*')) resolves_any_ = true;
  }
  resolve_ = list;
  if (!user_agent_.empty()) lines_.push_back("User-Agent: " + user_agent_);
  if (spec_.decode) lines_.push_back(fmt::format("{}: {}", kOffer, BodyDecoder::accepted()));
  list = nullptr;
  for (const std::string& line : lines_) list = curl_slist_append(list, line.c_str());
  headers_ = list;
}

TransferSettings::~TransferSettings() {
  curl_share_cleanup(share_);
  curl_slist_free_all(static_cast<curl_slist*>(resolve_));
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
}

Expected<void> TransferSettings::check(const FetchSpec& spec) {
  for (const std::string& protocol : spec.protocols) {
    if (!is_known(protocol)) {
      return fail(
          fmt::format("--protocols: '{}' is none that libcurl here speaks; http and https are",
                      printable(protocol)));
    }
  }
  const std::pair<const char*, const std::string*> files[] = {
      {"--cacert", &spec.ca_file},
      {"--cert", &spec.cert},
      {"--cert-key", &spec.cert_key},
      {"--netrc-file", &spec.netrc_file},
  };
  for (const auto& [option, file] : files) {
    const auto readable = check_readable(option, *file);
    if (!readable) return readable;
  }
  if (are_in_file(spec.cookies)) {
    const auto readable = check_readable("--cookie", spec.cookies);
    if (!readable) return fail(readable.error().message + "; cookies themselves are NAME=VALUE");
    if (const auto good = check_cookie_file(spec.cookies); !good) return good;
  }
  if (const auto good = check_jar(spec.cookie_jar); !good) return good;
  for (const std::string& entry : spec.resolve) {
    if (std::count(entry.begin(), entry.end(), ':') < 2) {
      return fail(fmt::format("--resolve '{}': it is HOST:PORT:ADDRESS", printable(entry)));
    }
  }
  if (const auto good = with_hosts_in_form(spec); !good) return tl::unexpected(good.error());
  return check_tls_files(spec);
}

void TransferSettings::apply(void* easy) const {
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name that is still being looked up when its job ends would stop us all until it is found.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  set_buffer(easy, false);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols_.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_of(spec_.version));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // For a proxy that is asked for a tunnel; it is not given the lines.
  if (!spec_.proxy.empty() && !user_agent_.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent_.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_PROXY, spec_.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  if (spec_.connect_timeout.count() > 0) {
    const auto most = std::chrono::ceil<milliseconds>(spec_.connect_timeout).count();
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(most));
  }
  if (!spec_.interface.empty()) {
    curl_easy_setopt(easy, CURLOPT_INTERFACE, spec_.interface.c_str());
  }
  if (resolve_ != nullptr && (!resolved_ || resolves_any_)) {
    curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve_);
  }
  if (spec_.netrc || !spec_.netrc_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
    if (!spec_.netrc_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_NETRC_FILE, spec_.netrc_file.c_str());
    }
  }
  set_tls(easy, spec_);
  if (keeps_cookies()) curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
}

bool TransferSettings::is_large(std::uint64_t body) { return body > kBuffer; }

void TransferSettings::set_buffer(void* easy, bool large) const {
  const long size = large ? kLargeBuffer : kBuffer;
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, spec_.body ? kBufferIfPaused : size);
}

std::vector<std::string> TransferSettings::headers_of(const std::vector<std::string>& own,
                                                      bool as_it_is) const {
  std::vector<std::string> lines;
  for (const std::string& line : lines_) {
    if (as_it_is && name_of(line) == kOffer) continue;
    const bool is_said = std::any_of(
        own.begin(), own.end(), [&](const std::string& said) { return has_name_of(said, line); });
    if (!is_said) lines.push_back(line);
  }
  return lines;
}

// A proxy is asked for the whole URL, and cookies have paths.
bool TransferSettings::sends_targets() const { return spec_.proxy.empty() && !keeps_cookies(); }

std::string TransferSettings::cookies() const {
  return are_in_file(spec_.cookies) ? std::string() : spec_.cookies;
}

bool TransferSettings::keeps_cookies() const {
  return are_in_file(spec_.cookies) || !spec_.cookie_jar.empty();
}

// Those of the file, for all handles: each would read it again.
void TransferSettings::load_cookies() const {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_easy_setopt(easy, CURLOPT_COOKIEFILE, spec_.cookies.c_str());
  curl_easy_setopt(easy, CURLOPT_COOKIELIST, "RELOAD");
  curl_easy_cleanup(easy);
}

// Not by libcurl, which does not say when the disk is full.
Expected<void> TransferSettings::save_cookies() const {
  if (spec_.cookie_jar.empty()) return {};
  std::string text = "# Netscape HTTP Cookie File\n\n";
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_slist* cookies = nullptr;
  curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &cookies);
  for (const curl_slist* cookie = cookies; cookie != nullptr; cookie = cookie->next) {
    text.append(cookie->data).append("\n");
  }
  curl_slist_free_all(cookies);
  curl_easy_cleanup(easy);
  const auto written = replace_file(spec_.cookie_jar, text);
  if (!written) return fail("--cookie-jar: " + written.error().message, 3);
  return {};
}

}  // namespace distaff
