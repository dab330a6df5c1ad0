#pragma once

// The status line of the terminal that is our stderr.

#include "os/terminal.h"
#include "sink/output.h"
#include "sink/status_line.h"

namespace distaff {

class TerminalStatus final : public StatusLine {
 public:
  // Both must outlive it.
  TerminalStatus(const Terminal& terminal, Output& output) : terminal_(terminal), output_(output) {}

  bool is_free() const override { return output_.has_place_for_status(); }
  int columns() const override { return terminal_.columns(); }
  void show(std::string_view text) override { output_.show_status(text); }
  bool is_shown() const override { return output_.shows_status(); }
  void erase() override { output_.erase_status(); }

 private:
  const Terminal& terminal_;
  Output& output_;
};

}  // namespace distaff
