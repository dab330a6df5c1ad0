#pragma once

// How the name of a field is written in braces: {id} {Full Name} {@id}, and as a JSON string where
// it would not be one line, not be seen, or not be read as itself: {"a\nb"} {"\u202e"} {""}
// {"{x}"}.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "compose/template.h"

namespace distaff {

struct QuotedName {
  std::string name;
  std::size_t length = 0;  // of the text that was read, with its quotes
};

// The JSON string at the start of `text`; nothing if none is there.
std::optional<QuotedName> read_quoted_name(std::string_view text);

// How fields are written, of which there may be very many.
class FieldSpelling {
 public:
  // `scheme` must outlive this.
  explicit FieldSpelling(const FieldScheme& scheme);

  // What stands in braces for the field at `index` of the scheme's names.  One that has the name of
  // another before it is written by its number; so is a column with bytes that are no UTF-8.
  std::string at(std::size_t index) const;

 private:
  const FieldScheme& scheme_;
  std::unordered_map<std::string_view, std::size_t> first_;  // of each name
  bool starts_with_quote_ = false;                           // one of the names does
};

// The same of one field.
std::string written_name(const FieldScheme& scheme, std::size_t index);

// The field at `index` of the scheme's names.
Replacement column(const FieldScheme& scheme, std::size_t index);

// The field that {text} is, if it is one and nothing of a path is taken from it.
std::optional<Replacement> field_in_braces(std::string_view text, const FieldScheme& scheme);

// Whether the text holds braces whose meaning depends on which names there are, so that those of
// the first object must be known before it is read.
bool depends_on_names(std::string_view text);

}  // namespace distaff
