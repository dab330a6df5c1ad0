#pragma once

// A status line without a terminal, for tests.

#include <string>
#include <string_view>
#include <utility>

#include "sink/status_line.h"

namespace distaff {

class FakeStatusLine final : public StatusLine {
 public:
  bool is_free() const override { return free; }
  int columns() const override { return width; }
  void show(std::string_view text) override {
    shown = text;
    ++drawn;
  }
  bool is_shown() const override { return !shown.empty(); }
  void erase() override { shown.clear(); }

  // A job's output took its place.
  void write_over() { shown.clear(); }

  bool free = true;
  int width = 80;
  std::string shown;
  int drawn = 0;
};

}  // namespace distaff
