#include "base/secrets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/url_text.h"

namespace distaff {
namespace {

constexpr std::string_view kMask = "***";

// In lower case, with - for _ too.
constexpr std::array<std::string_view, 53> kSecretParameters{
    "access-token",
    "accesskey",
    "accesstoken",
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
    "idtoken",
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
    "privatekey",
    "pwd",
    "refresh-token",
    "refreshtoken",
    "secret",
    "secret-key",
    "secretkey",
    "session",
    "session-id",
    "session-token",
    "sessionid",
    "sessiontoken",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-signature",
};

constexpr std::array<std::string_view, 24> kSecretHeaders{
    "api-key",         "apikey",
    "authentication",  "token",
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

// Of parameters: new_password, clientSecret.
constexpr std::array<std::string_view, 4> kSecretEnds{"passphrase", "passwd", "password", "secret"};

constexpr std::array<std::string_view, 16> kSecretHeaderEnds{
    "-access-key", "-api-key",    "-app-key",     "-assertion",     "-auth",     "-authentication",
    "-bearer",     "-credential", "-credentials", "-functions-key", "-password", "-signature",
    "-secret",     "-secret-key", "-session",     "-token",
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

template <class Names>
bool ends_like_one_of(std::string_view name, const Names& names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) {
    return known.size() <= name.size() &&
           std::equal(known.begin(), known.end(), name.end() - known.size(),
                      [](char a, char b) { return a == plain(b); });
  });
}

// Of a text that begins with %3D, and "3D".
bool is_encoded(std::string_view text, std::string_view hex) {
  return text.size() >= 3 && text[0] == '%' && text[1] == hex[0] &&
         (text[2] == hex[1] || text[2] == (hex[1] | 0x20));
}

// "token" of "to%6ben".
std::string without_percent_signs(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const int byte = percent_octet(name.substr(i));
    plain += byte < 0 ? name[i] : static_cast<char>(byte);
    if (byte >= 0) i += 2;
  }
  return plain;
}

// "password" of user[password] and of password[].
std::string_view innermost(std::string_view name) {
  while (name.ends_with(']')) {
    name.remove_suffix(1);
    const std::size_t at = name.rfind('[');
    if (at == name.npos) return name;
    if (at + 1 < name.size()) return name.substr(at + 1);
    name = name.substr(0, at);
  }
  return name;
}

bool is_secret_parameter(std::string_view name) {
  std::string plain;
  if (name.find('%') != name.npos) name = plain = without_percent_signs(name);
  constexpr std::string_view kBlanks = " \t+";
  name.remove_prefix(std::min(name.find_first_not_of(kBlanks), name.size()));
  name = innermost(name.substr(0, name.find_last_not_of(kBlanks) + 1));
  return is_one_of(name, kSecretParameters) || ends_like_one_of(name, kSecretEnds);
}

// Where SCHEME: ends; 0: there is none.
std::size_t end_of_scheme(std::string_view url) {
  const auto end = std::find_if_not(url.begin(), url.end(), is_scheme);
  const auto at = static_cast<std::size_t>(end - url.begin());
  return at > 0 && url.substr(at).starts_with(":/") ? at + 1 : 0;
}

// Where the authority begins: behind SCHEME:// , however many slashes there are.
std::size_t authority_of(std::string_view url) {
  return std::min(url.find_first_not_of('/', end_of_scheme(url)), url.size());
}

// "user:***@host" where there is no scheme, or not at the start, or one that is misspelt: of what
// stands between blanks and the like, from the first colon to the last @.
std::string without_passwords(std::string_view text) {
  constexpr std::string_view kEnds = "/ \t\r\n\"'<>=";
  std::string masked;
  while (true) {
    const std::size_t end = text.find_first_of(kEnds);
    const std::string_view word = text.substr(0, end);
    const std::size_t at = word.rfind('@');
    const std::size_t colon = word.find(':');
    const bool hides = at != word.npos && colon < at;
    masked += word.substr(0, hides ? colon + 1 : word.npos);
    if (hides) (masked += kMask) += word.substr(at);
    if (end == text.npos) return masked;
    masked += text[end];
    text.remove_prefix(end + 1);
  }
}

// Gives where it went on to.
std::size_t add_authority(std::string_view url, std::string& masked) {
  const std::size_t begin = authority_of(url);
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  // What is no port may be a password that nobody encoded.
  const bool is_odd = at == authority.npos && colon != authority.npos && authority[0] != '[' &&
                      authority.find_first_not_of("0123456789", colon + 1) != authority.npos;
  if (is_odd) at = url.rfind('@') == url.npos ? url.npos : url.rfind('@') - begin;
  if (at == authority.npos || colon > at) return 0;
  masked += url.substr(0, begin + colon + 1);
  masked += kMask;
  return begin + at;
}

// Where the value begins if the name before it is that of a secret; npos: it is not.
std::size_t secret_value(std::string_view parameter) {
  const std::size_t end = parameter.find_first_of("=%");
  const std::size_t equals = parameter.find('=');
  if (equals != parameter.npos && is_secret_parameter(parameter.substr(0, equals))) {
    return equals + 1;
  }
  const bool encoded = end != parameter.npos && is_encoded(parameter.substr(end), "3D");
  return encoded && is_secret_parameter(parameter.substr(0, end)) ? end + 3 : parameter.npos;
}

// A value may be a URL, with parameters of its own: the first secret of them hides the others.
void add_parameter(std::string_view parameter, std::string& masked) {
  std::size_t value = secret_value(parameter);
  for (std::size_t at = parameter.find('%'); value == parameter.npos && at != parameter.npos;
       at = parameter.find('%', at + 1)) {
    const std::string_view rest = parameter.substr(at);
    if (!is_encoded(rest, "3F") && !is_encoded(rest, "26") && !is_encoded(rest, "23")) continue;
    const std::size_t inner = secret_value(rest.substr(3));
    if (inner != rest.npos) value = at + 3 + inner;
  }
  masked += parameter.substr(0, value);
  if (value < parameter.size()) masked += kMask;
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

std::string mask_parts(std::string_view url) {
  const std::size_t user = url.find('@');
  if (user == url.npos && url.find_first_of("?#;") == url.npos) return std::string(url);
  std::string masked;
  masked.reserve(url.size() + kMask.size());
  const std::size_t done = user == url.npos ? 0 : add_authority(url, masked);
  // Those of a path, behind ; count too.
  const std::size_t path =
      std::min(url.find_first_of("/?#", std::max(done, authority_of(url))), url.size());
  const std::size_t parameters = url.find_first_of("?#;", path);
  masked += url.substr(done, parameters == url.npos ? url.npos : parameters + 1 - done);
  if (parameters != url.npos) add_parameters(url.substr(parameters + 1), masked);
  return masked;
}

// What one look hides may make another place look like a secret; if that goes on and on, nothing is
// shown.
template <class Mask>
std::string until_it_stays(std::string_view text, Mask mask) {
  constexpr int kMostLooks = 8;
  std::string masked = mask(text);
  for (int looks = 1; looks < kMostLooks; ++looks) {
    std::string again = mask(masked);
    if (again == masked) return masked;
    masked = std::move(again);
  }
  return std::string(kMask);
}

bool is_of_name(char c) {
  c = plain(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '%' ||
         c == '[' || c == ']';
}

// Goes through a text of any form, name by name.
class TextMask {
 public:
  explicit TextMask(std::string_view text) : text_(text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) return;
    is_xml_ = text[first] == '<';
    has_quotes_ = is_xml_ || text[first] == '{' || text[first] == '[' || text[first] == '"';
  }

  std::string masked() {
    while (at_ < text_.size()) {
      if (is_of_name(text_[at_])) {
        take_name();
        continue;
      }
      copy_to(at_ + 1);
      if (text_[at_ - 1] == '>' && std::exchange(hides_element_, false)) hide_to(find("<", at_));
    }
    return std::move(masked_);
  }

 private:
  char at(std::size_t place) const { return place < text_.size() ? text_[place] : '\0'; }
  std::size_t find(std::string_view characters, std::size_t from) const {
    return std::min(text_.find_first_of(characters, from), text_.size());
  }
  std::size_t behind_blanks(std::size_t from) const {
    return std::min(text_.find_first_not_of(" \t", from), text_.size());
  }
  void copy_to(std::size_t end) {
    masked_ += text_.substr(at_, end - at_);
    at_ = end;
  }
  void hide_to(std::size_t end) {
    if (end > at_) masked_ += kMask;
    at_ = end;
  }

  void take_name() {
    const std::size_t begin = at_;
    copy_to(std::min(
        static_cast<std::size_t>(std::find_if_not(text_.begin() + begin, text_.end(), is_of_name) -
                                 text_.begin()),
        text_.size()));
    if (text_.substr(at_).starts_with("://")) return take_authority();
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (!is_secret_parameter(name) && !is_secret_header(name)) return;
    is_xml_ ? hide_element(begin) : hide_value();
  }

  void take_authority() {
    copy_to(at_ + 3);
    const std::string_view authority = text_.substr(at_, find("/?#&<> \t\r\n\"'", at_) - at_);
    const std::size_t user = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (user == authority.npos || colon > user) return;
    copy_to(at_ + colon + 1);
    hide_to(at_ + user - colon - 1);
  }

  // What follows the name is = or : , and a quote before it where the name is in quotes, as in JSON
  // that stands in JSON.
  void hide_value() {
    std::size_t place = at_;
    if (at(place) == '\\') ++place;
    if (at(place) == '"' || at(place) == '\'') ++place;
    place = behind_blanks(place);
    const char separator = at(place);
    if (separator != '=' && separator != ':') return;
    copy_to(behind_blanks(place + 1));
    if (!has_quotes_) return hide_to(find(separator == '=' ? "&\r\n" : "\r\n", at_));
    const bool is_nested = at(at_) == '{' || at(at_) == '[';
    if (is_nested) return hide_to(find(",}]<>&\r\n\"'", end_of_nested()));
    if (at(at_) == '\\') copy_to(at_ + 1);
    const char quote = at(at_);
    if (quote != '"' && quote != '\'') return hide_to(find(",}]<>&\r\n\"'", at_));
    const bool is_escaped = at(at_ - 1) == '\\';
    copy_to(at_ + 1);
    hide_to(end_of_quoted(quote, is_escaped));
  }

  // Of an object or list of JSON that begins at at_.
  std::size_t end_of_nested() const {
    std::size_t depth = 0;
    for (std::size_t place = at_; place < text_.size(); ++place) {
      const char c = text_[place];
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return place + 1;
      if (c == '"') {
        while (++place < text_.size() && text_[place] != '"') place += text_[place] == '\\' ? 1 : 0;
      }
    }
    return text_.size();
  }

  // Of what a quote before at_ begins.
  std::size_t end_of_quoted(char quote, bool is_escaped) const {
    for (std::size_t place = at_; place < text_.size(); ++place) {
      if (text_[place] == '\\') {
        if (is_escaped && at(place + 1) == quote) return place;
        ++place;
        // A backslash of the inner text is two, and the quote behind it has one too.
        if (is_escaped && at(place) == '\\') place += at(place + 1) == '\\' ? 2 : 1;
      } else if (text_[place] == quote) {
        return place;
      }
    }
    return text_.size();
  }

  // <name a="b">SECRET</name>, or name="SECRET".
  void hide_element(std::size_t begin) {
    if (at(behind_blanks(at_)) == '=') return hide_value();
    const std::size_t tag = text_.rfind('<', begin);
    hides_element_ = at(tag + 1) != '/';
  }

  std::string_view text_;
  bool is_xml_ = false;
  bool hides_element_ = false;  // what is behind the tag that we are in
  bool has_quotes_ = false;     // values end with theirs; in a form they are part of it
  std::size_t at_ = 0;
  std::string masked_;
};

}  // namespace

std::string mask_url(std::string_view url) {
  if (end_of_scheme(url) > 0) return mask_parts(url);
  return until_it_stays(url,
                        [](std::string_view text) { return without_passwords(mask_parts(text)); });
}

bool is_secret_header(std::string_view name) {
  return is_one_of(name, kSecretHeaders) || ends_like_one_of(name, kSecretHeaderEnds);
}

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

std::string mask_text(std::string_view text) {
  return until_it_stays(
      text, [](std::string_view once) { return without_passwords(TextMask(once).masked()); });
}

std::string mask_record(std::string_view text) {
  if (text.find("://") != text.npos) return mask_text(text);
  const bool begins_like_url = text.starts_with("//") || text.starts_with("http");
  return begins_like_url ? mask_url(text) : std::string(text);
}

}  // namespace distaff
