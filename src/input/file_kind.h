#pragma once

// What the first bytes of a file say it is, where it is given for text and is none.
//
// A list that is compressed, or that Windows wrote as UTF-16, is no list of odd lines: whoever gave
// it wants to know which program makes text of it.

#include <string>
#include <string_view>

namespace distaff {

// So many bytes are enough to tell.
inline constexpr std::size_t kFileKindBytes = 10;

// Empty if these may be the first bytes of text, or of too little of it to tell; else a message
// that names the file ("stdin" for stdin) and the command that reads it.
std::string no_text(std::string_view first_bytes, const std::string& file);

// Do records that end so make a file of text?  What ends in NUL or a comma may hold anything.
inline bool is_text(std::string_view delimiter) { return delimiter == "\n" || delimiter == "\r\n"; }

// Why such a line is no record.
inline constexpr std::string_view kUtf16 =
    "the line looks like UTF-16: iconv -f UTF-16LE -t UTF-8 (or UTF-16BE) makes text of it";

// Is this line one of UTF-16, cut at the byte of its newline?  Needs a NUL in every other place.
bool looks_like_utf16(std::string_view line);

// The same of a line that holds a NUL and is too short to tell, or has letters of which not all are
// Latin: those NULs that it has are in every other place.
bool may_be_utf16(std::string_view line);

}  // namespace distaff
