#pragma once

// Writes JSON: strings, and flat objects of one line.

#include <cstdint>
#include <string>
#include <string_view>

namespace distaff {

// Appends what stands between the quotes of a string.  A text may be given in pieces, cut anywhere.
// All together must be valid UTF-8, else the result is no JSON.
void append_json_escaped(std::string_view text, std::string& json);

// The whole string with its quotes; valid UTF-8 too.
void append_json_string(std::string_view text, std::string& json);

// The same for any bytes: a text that is no UTF-8 is given as printable() shows it.
std::string json_string(std::string_view text);

class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::uint64_t value);
  JsonObject& number(std::string_view name, double value);  // with three decimals

  // {"a":"b","c":1} and a newline.
  std::string line() const;

 private:
  void add(std::string_view name, std::string_view json);

  std::string members_;
};

}  // namespace distaff
