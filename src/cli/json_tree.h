#pragma once

// JSON as a tree that knows where in the file each value stands, for files that people write by
// hand: comments are allowed, and every mistake can be shown by line and column.
//
// Numbers keep their spelling: what 1e3 or 0.10 means is for the reader of the option to say.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace distaff {

// Both count from 1; a column is a character of UTF-8, whatever its width.
struct JsonPlace {
  int line = 1;
  int column = 1;

  bool operator==(const JsonPlace&) const = default;
};

struct JsonValue {
  enum class Kind { null, boolean, number, string, list, object };
  Kind kind = Kind::null;
  JsonPlace place;     // of its first character
  bool truth = false;  // a boolean's
  std::string text;    // a string's; a number's as written
  std::string key;     // the name it has, as a member of an object
  JsonPlace key_place;
  std::vector<JsonValue> items;  // a list's elements, an object's members in order

  bool is(Kind other) const { return kind == other; }
  // The member of that name; null if there is none, or this is no object.
  const JsonValue* find(std::string_view name) const;
};

// One value and nothing else.  `file` is the name for messages, which begin with
// "FILE:LINE:COLUMN: ".
// Errors: what is no JSON; two members of one object with the same name; more than 20 levels; a NUL
// byte, which the parser takes for the end of the text.
Expected<JsonValue> parse_json(std::string_view text, std::string_view file);

// "FILE:LINE:COLUMN"
std::string position(std::string_view file, JsonPlace place);

// For a message: "true", "4", "\"text\"", "a list", "an object".
std::string shown(const JsonValue& value);

// The whole file; at most `most` bytes.  Errors say only why, without the name.
Expected<std::string> read_small_file(const std::string& file, std::size_t most);

}  // namespace distaff
