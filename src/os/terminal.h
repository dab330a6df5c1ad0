#pragma once

// The terminal behind a descriptor, as far as a line is drawn on it.

namespace distaff {

class Terminal {
 public:
  // The descriptor stays open while this lives.
  explicit Terminal(int fd);

  // It is a terminal, TERM names one that knows control sequences (it is set, and not "dumb"), and
  // the user did not ask for plain text by NO_COLOR (any value but an empty one).
  bool can_draw() const { return can_draw_; }

  // How many columns it has now; 0 if nothing may be drawn now: we are in the background, where it
  // is the shell's, or it has gone.  A terminal that does not know its size has 80.
  int columns() const;

 private:
  int fd_;
  bool can_draw_;
};

}  // namespace distaff
