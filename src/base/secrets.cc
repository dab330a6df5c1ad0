#include "base/secrets.h"

#include <algorithm>
#include <array>

namespace distaff {
namespace {

constexpr std::string_view kMask = "***";

// In lower case, with - for _ too.
constexpr std::array<std::string_view, 46> kSecretParameters{
    "access-token",
    "accesskey",
    "api-key",
    "api-secret",
    "api-token",
    "apikey",
    "apitoken",
    "auth",
    "auth-key",
    "auth-token",
    "authkey",
    "authorization",
    "authtoken",
    "awsaccesskeyid",
    "bearer",
    "bearer-token",
    "client-assertion",
    "client-secret",
    "credential",
    "hmac",
    "id-token",
    "jsessionid",
    "jwt",
    "key",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "phpsessid",
    "private-key",
    "private-token",
    "pwd",
    "refresh-token",
    "secret",
    "secret-key",
    "session",
    "session-id",
    "sessionid",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-signature",
};

constexpr std::array<std::string_view, 22> kSecretHeaders{
    "api-key",         "apikey",
    "authorization",   "cookie",
    "cookie2",         "ocp-apim-subscription-key",
    "private-token",   "proxy-authorization",
    "set-cookie",      "set-cookie2",
    "x-access-token",  "x-amz-security-token",
    "x-api-key",       "x-api-token",
    "x-auth-key",      "x-auth-token",
    "x-csrf-token",    "x-goog-api-key",
    "x-session-token", "x-token",
    "x-vault-token",   "x-xsrf-token",
};

char plain(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_scheme(char c) {
  c = plain(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

template <class Names>
bool is_one_of(std::string_view name, const Names& names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) {
    return known.size() == name.size() && std::equal(known.begin(), known.end(), name.begin(),
                                                     [](char a, char b) { return a == plain(b); });
  });
}

// Where the authority begins: behind SCHEME:// , however many slashes there are.
std::size_t authority_of(std::string_view url) {
  const auto end = std::find_if_not(url.begin(), url.end(), is_scheme);
  std::size_t at = static_cast<std::size_t>(end - url.begin());
  at = url.substr(at).starts_with(":/") ? at + 1 : 0;
  return std::min(url.find_first_not_of('/', at), url.size());
}

// Gives where it went on to.
std::size_t add_authority(std::string_view url, std::string& masked) {
  const std::size_t begin = authority_of(url);
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  const std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (at == authority.npos || colon > at) return 0;
  masked += url.substr(0, begin + colon + 1);
  masked += kMask;
  return begin + at;
}

void add_parameter(std::string_view parameter, std::string& masked) {
  const std::size_t equals = parameter.find('=');
  if (equals == parameter.npos || !is_one_of(parameter.substr(0, equals), kSecretParameters)) {
    masked += parameter;
    return;
  }
  masked += parameter.substr(0, equals + 1);
  if (equals + 1 < parameter.size()) masked += kMask;
}

// What stands behind the first `?` or `#`.
void add_parameters(std::string_view text, std::string& masked) {
  while (true) {
    const std::size_t end = text.find_first_of("&;?#");
    add_parameter(text.substr(0, end), masked);
    if (end == text.npos) return;
    masked += text[end];
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string mask_url(std::string_view url) {
  const std::size_t parameters = std::min(url.find('?'), url.find('#'));
  const std::size_t user = url.find('@');
  if (parameters == url.npos && user == url.npos) return std::string(url);
  std::string masked;
  masked.reserve(url.size() + kMask.size());
  std::size_t done = user < parameters ? add_authority(url, masked) : 0;
  masked += url.substr(done, parameters == url.npos ? url.npos : parameters + 1 - done);
  if (parameters != url.npos) add_parameters(url.substr(parameters + 1), masked);
  return masked;
}

bool is_secret_header(std::string_view name) { return is_one_of(name, kSecretHeaders); }

std::string mask_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return std::string(line);
  const std::string_view name = line.substr(0, colon);
  const std::size_t value = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
  std::string masked(line.substr(0, value));
  const bool secret = is_secret_header(name.substr(0, name.find_last_not_of(" \t") + 1));
  if (!secret) return masked += mask_url(line.substr(value));
  return value == line.size() ? masked : masked.append(kMask);
}

}  // namespace distaff
