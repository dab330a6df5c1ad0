#pragma once

// Small helpers for text that more than one room needs.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace distaff {

// The candidate nearest to `word` by edit distance (a swap of neighbours counts one); empty if
// none is near enough to be what was meant (one edit in a short word, two or a third of its letters
// in others).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// `text` as one word of a POSIX shell: as it is if that is safe, else in single quotes.
// Reading it back gives the same bytes, for every byte but NUL.
std::string shell_quote(std::string_view text);

// The same for a message that says what to type, in which it has to stay on one line: if there is
// something in it that printable() escapes, as $'…' of bash, ksh and zsh.
std::string typed_word(std::string_view text);

// `text` for a message on one line: control characters and invalid UTF-8 as \n, \t, \xHH, and
// characters that are not seen but turn, hide or end the text as \u202e;
// longer than `limit` bytes it is cut and ends in "...".
std::string printable(std::string_view text, std::size_t limit = 200);

// The same, but what is too much is left out in the middle: of "cannot write LONG NAME: WHY" both
// ends are wanted.
std::string printable_ends(std::string_view text, std::size_t limit);

// As printable(), of a line of JSON, which stays what it is: its strings have \u202e there.
std::string printable_json(std::string_view json);

// Adds `more` to a text that is not to get longer than `most`, or not by much: it grows to what it
// may hold, and not to twice as much.
void append_within(std::string_view more, std::uint64_t most, std::string& text);

// Of A-Z only, whatever the locale is.
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// But for the case of A-Z.
bool same_word(std::string_view a, std::string_view b);

bool is_valid_utf8(std::string_view text);

// The bytes of one character; half of a surrogate pair too.
void append_utf8(std::uint32_t code, std::string& text);

// [A-Za-z_][A-Za-z0-9_]*
bool is_identifier(std::string_view text);

// The words of `text`, split at blanks; '…' "…" and backslash quote as in a POSIX shell, nothing is
// expanded.  Unclosed quotes end at the end.
std::vector<std::string> split_words(std::string_view text);

}  // namespace distaff
