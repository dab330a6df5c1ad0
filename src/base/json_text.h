#pragma once

// Writes JSON, where that is one flat object on one line.

#include <cstdint>
#include <string>
#include <string_view>

namespace distaff {

// `text` in quotes, as a JSON string.  Valid for any bytes: a text that is no UTF-8 is given as
// printable() shows it.
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
