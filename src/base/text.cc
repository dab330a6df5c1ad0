#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/utf8_check.h"

namespace distaff {
namespace {

// Edit distance where a swap of two neighbours is one edit.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plain(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view("_@%+:,./-").find(c) != std::string_view::npos;
}

// The length of the valid UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = byte(1);
  if (first == 0xe0 && second < 0xa0) return 0;  // overlong
  if (first == 0xed && second > 0x9f) return 0;  // a surrogate
  if (first == 0xf0 && second < 0x90) return 0;  // overlong
  if (first == 0xf4 && second > 0x8f) return 0;  // past U+10FFFF
  return length;
}

char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(sequence[i]); };
  const std::size_t length = sequence.size();
  char32_t code = length == 1 ? byte(0) : byte(0) & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3f);
  return code;
}

// Characters that nobody sees but by what they do to the others: they turn the direction of the
// text around, hide in it, or end the line.
bool is_unseen(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range kUnseen[] = {
      {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},   {0x2028, 0x202e},
      {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
  };
  return std::any_of(std::begin(kUnseen), std::end(kUnseen),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

std::string escaped(char c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  return fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t least = (word.size() < 5 ? 1 : std::max<std::size_t>(2, word.size() / 3)) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t edits = distance(word, candidate);
    if (edits < least && edits < word.size()) least = edits, best = candidate;
  }
  return best;
}

std::string shell_quote(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string typed_word(std::string_view text) {
  if (printable(text, text.npos) == text) return shell_quote(text);
  std::string quoted = "$'";
  while (!text.empty()) {
    const std::string_view part = text.substr(0, std::max<std::size_t>(sequence_length(text), 1));
    text.remove_prefix(part.size());
    if (part == "'" || part == "\\") {
      quoted.append("\\").append(part);
    } else if (part == "\n") {
      quoted += "\\n";
    } else if (printable(part) == part) {
      quoted += part;
    } else {  // in octal: of \xHH ksh takes more than two digits
      for (const char c : part) quoted += fmt::format("\\{:03o}", static_cast<std::uint8_t>(c));
    }
  }
  return quoted + "'";
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const bool control =
        length <= 1 && (static_cast<std::uint8_t>(text[0]) < 0x20 || text[0] == 0x7f);
    // U+0080 to U+009f are control characters for terminals too.
    const bool high_control =
        length == 2 && text[0] == '\xc2' && static_cast<std::uint8_t>(text[1]) < 0xa0;
    std::string part = length == 0 || control || high_control ? escaped(text[0])
                                                              : std::string(text.substr(0, length));
    if (length > 1 && !high_control) {
      if (const char32_t code = code_point(part); is_unseen(code)) {
        part = fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
      }
    }
    if (shown.size() + part.size() > limit) return shown + "...";
    shown += part;
    text.remove_prefix(high_control || length == 0 ? 1 : length);
  }
  return shown;
}

void append_utf8(std::uint32_t code, std::string& text) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6), add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12), add(0x80 | (code >> 6 & 0x3f)), add(0x80 | (code & 0x3f));
  } else {
    add(0xf0 | code >> 18), add(0x80 | (code >> 12 & 0x3f));
    add(0x80 | (code >> 6 & 0x3f)), add(0x80 | (code & 0x3f));
  }
}

void append_within(std::string_view more, std::uint64_t most, std::string& text) {
  constexpr std::size_t kMuch = 1 << 20;
  const std::size_t size = text.size() + more.size();
  if (size > text.capacity() && size > kMuch) {
    const std::uint64_t bound = std::max<std::uint64_t>(most, size) + kMuch;
    const std::uint64_t twice = 2 * text.capacity() + more.size();
    // The last step is the longest, since while it is copied the text is there twice.
    text.reserve(twice > bound / 2 ? std::min(bound, 2 * twice) : twice);
  }
  text.append(more);
}

std::string printable_ends(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "...";
  const std::string whole = printable(text, text.npos);
  if (whole.size() <= limit) return whole;
  const auto continues = [&](std::size_t at) {
    return (static_cast<std::uint8_t>(whole[at]) & 0xc0) == 0x80;
  };
  std::size_t head = (limit - kCut.size()) / 2;
  std::size_t tail = whole.size() - (limit - kCut.size() - head);
  while (head > 0 && continues(head)) --head;
  while (tail < whole.size() && continues(tail)) ++tail;
  return whole.substr(0, head).append(kCut).append(whole, tail);
}

std::string printable_json(std::string_view json) {
  std::string shown;
  while (!json.empty()) {
    const std::size_t length = std::max<std::size_t>(sequence_length(json), 1);
    const std::string_view part = json.substr(0, length);
    const char32_t code = code_point(part);
    if (code >= 0x10000 && is_unseen(code)) {
      shown += fmt::format("\\u{:04x}\\u{:04x}", 0xd7c0u + static_cast<std::uint32_t>(code >> 10),
                           0xdc00u + static_cast<std::uint32_t>(code & 0x3ff));
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || is_unseen(code)) {
      shown += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
    } else {
      shown += part;
    }
    json.remove_prefix(length);
  }
  return shown;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

bool is_valid_utf8(std::string_view text) {
  Utf8Check check;
  check.feed(text);
  return check.valid();
}

bool is_identifier(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      inside = true;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      inside = true;
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (inside) words.push_back(std::move(word));
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(std::move(word));
  return words;
}

}  // namespace distaff
