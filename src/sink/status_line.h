#pragma once

// The line below all others, where a progress bar stands: not part of what is written, but in the
// way of it.

#include <string_view>

namespace distaff {

class StatusLine {
 public:
  virtual ~StatusLine() = default;

  // The line can be used now: the line above it is complete, and what is written is taken at once.
  // Costs nothing to ask.
  virtual bool is_free() const = 0;

  // How many columns it has now; 0: nothing may be shown.
  virtual int columns() const = 0;

  // Shows `text` in place of what is shown.  Needs is_free(), and a text without control characters
  // that has fewer columns than the line (a terminal may wrap when the last one is used).
  virtual void show(std::string_view text) = 0;

  // Something is shown.  False again after erase(), and as soon as anything else was written.
  virtual bool is_shown() const = 0;

  virtual void erase() = 0;
};

}  // namespace distaff
