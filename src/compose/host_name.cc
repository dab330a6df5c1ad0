#include "compose/host_name.h"

#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/text.h"

namespace distaff {
namespace {

constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestName = 253;
constexpr std::string_view kPrefix = "xn--";

// What else ends a label in other scripts: ideographic, fullwidth and halfwidth full stops.
constexpr std::string_view kFullStops[] = {"\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"};

bool is_all_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

struct Converted {
  int code = IDN2_OK;
  std::string text;
};

// By libidn2's functions for UTF-8: the others ask the locale.
Converted looked_up(std::string_view label, int kind) {
  const std::string text(label);
  std::uint8_t* result = nullptr;
  const int code = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &result,
                                  kind | IDN2_NFC_INPUT);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owned(result, idn2_free);
  return {code, code == IDN2_OK ? reinterpret_cast<const char*>(result) : ""};
}

// Emoji and other symbols are in names that are registered, and UTS 46 allows them.  libidn2 does
// so too, but only if it may also make ss of a sharp s, and the like, which would be other names:
// so not where one of those letters is.
int kind_of(std::string_view label) {
  for (const std::string_view letter : {"\u00df", "\u1e9e", "\u03c2", "\u200c", "\u200d"}) {
    if (label.find(letter) != label.npos) return IDN2_NONTRANSITIONAL;
  }
  return IDN2_TRANSITIONAL;
}

Converted converted(std::string_view label) {
  Converted result = looked_up(label, IDN2_NONTRANSITIONAL);
  return result.code == IDN2_DISALLOWED ? looked_up(label, kind_of(label)) : result;
}

// The first character at `text`, which is UTF-8; its bytes are taken off.
char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  size = std::min(size, text.size());
  char32_t character = size == 1 ? first : first & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  }
  text.remove_prefix(size);
  return character;
}

// "U+202E", the first that is not allowed even alone.
std::string bad_character(std::string_view label) {
  const int kind = kind_of(label);
  while (!label.empty()) {
    const std::string_view before = label;
    const auto character = static_cast<std::uint32_t>(take_character(label));
    const std::string_view alone = before.substr(0, before.size() - label.size());
    if (looked_up(alone, kind).code == IDN2_DISALLOWED) return fmt::format("U+{:04X}", character);
  }
  return "a character";
}

std::string why(int code, std::string_view label) {
  switch (code) {
    case IDN2_ENCODING_ERROR:
    case IDN2_ICONV_FAIL:
      return "it is no UTF-8";
    case IDN2_DISALLOWED:
      return fmt::format(
          "it holds {}, which IDNA does not allow there; if there is such a host, write its name "
          "as "
          "xn--...",
          bad_character(label));
    case IDN2_UNASSIGNED:
      return "it holds a character that Unicode does not know";
    case IDN2_PUNYCODE_BIG_OUTPUT:
    case IDN2_TOO_BIG_LABEL:
    case IDN2_TOO_BIG_DOMAIN:
      return "a part of it is longer than 63 bytes";
    case IDN2_BIDI:
      return "it mixes letters that are written to the left and to the right (RFC 5893)";
    case IDN2_CONTEXTJ:
    case IDN2_CONTEXTJ_NO_RULE:
      return "it holds a joiner, U+200C or U+200D, between letters that it does not join";
    case IDN2_LEADING_COMBINING:
      return "a part of it begins with a combining mark";
    case IDN2_2HYPHEN:
      return "a part of it has hyphens as its third and fourth character";
    case IDN2_HYPHEN_STARTEND:
      return "a part of it begins or ends with a hyphen";
    default:
      return fmt::format("IDNA 2008 does not allow '{}'", printable(label));
  }
}

// Whether some text is behind "xn--…".  Not all of it may be allowed today.
bool stands_for_text(std::string_view label) {
  const int code = converted(label).code;
  return code == IDN2_OK || code == IDN2_DISALLOWED || code == IDN2_2HYPHEN ||
         code == IDN2_HYPHEN_STARTEND || code == IDN2_UNASSIGNED;
}

Expected<std::string> ascii_label(std::string_view label) {
  if (is_all_ascii(label)) {
    std::string plain(label);
    for (char& c : plain) c = ascii_lower(c);
    if (!plain.starts_with(kPrefix) || stands_for_text(plain)) return plain;
    return fail(fmt::format("'{}' is the spelling of no name", printable(plain)));
  }
  Converted ascii = converted(label);
  if (ascii.code != IDN2_OK) return fail(why(ascii.code, label));
  if (ascii.text.empty()) return fail("a part of it is empty");
  if (ascii.text.size() > kLongestLabel) return fail(why(IDN2_TOO_BIG_LABEL, label));
  return std::move(ascii.text);
}

std::string with_plain_dots(std::string_view name) {
  std::string plain(name);
  for (const std::string_view stop : kFullStops) {
    for (std::size_t at = plain.find(stop); at != plain.npos; at = plain.find(stop, at)) {
      plain.replace(at, stop.size(), ".");
    }
  }
  return plain;
}

}  // namespace

Expected<std::string> ascii_host_name(std::string_view name) {
  const std::string plain = is_all_ascii(name) ? std::string(name) : with_plain_dots(name);
  std::string ascii;
  std::string_view rest = plain;
  while (true) {
    const std::size_t dot = rest.find('.');
    auto label = ascii_label(rest.substr(0, dot));
    if (!label) return label;
    ascii += *label;
    if (dot == rest.npos) break;
    ascii += '.';
    rest.remove_prefix(dot + 1);
  }
  const bool is_long = ascii.size() > kLongestName + (ascii.ends_with('.') ? 1 : 0);
  if (is_long) return fail("it is longer than 253 bytes");
  return ascii;
}

}  // namespace distaff
