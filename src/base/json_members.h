#pragma once

// Reads the members of a JSON object one after the other, without building anything.

#include <string>
#include <string_view>

namespace distaff {

// Walks over them, as far as it is an object.
class JsonMembers {
 public:
  explicit JsonMembers(std::string_view object);

  // The text between the quotes of a name, escapes as they are; of a string's value too, and any
  // other value up to where it ends.  False: there are no more, or it is no JSON.
  bool next(std::string_view& name, std::string_view& value);

  // All was read, and nothing stands behind it.
  bool whole();

 private:
  void blanks();
  bool skip(char c);
  bool string(std::string_view& inside);
  bool any(std::string_view& value);

  std::string_view rest_;
  bool first_ = true;
  bool ok_ = true;
};

// What stands between the braces of an object, without the blanks around it.
std::string_view json_inside(std::string_view object);

// The text of a string, given what stands between its quotes.  What is no escape stays.
std::string json_unescaped(std::string_view inside);

}  // namespace distaff
