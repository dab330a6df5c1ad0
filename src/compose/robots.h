#pragma once

// What a server's robots.txt asks of us (RFC 9309).
//
// Of the whole text only the rules for one agent are kept.  The rule that fits with most octets
// decides, and of two that are equally long the one that allows.  `*` in a rule is any text, `$` at
// its end the end of the URL.  Rules and URLs are compared in one spelling of their percent signs.
// Lines that nobody knows are no mistake, and never part two groups.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace distaff {

class Robots {
 public:
  // `agent` is our name as such files have it: letters, `-` and `_`.  Takes any bytes, and time in
  // proportion to them.
  static Robots parse(std::string_view text, std::string_view agent);

  static Robots allow_all() { return {}; }
  static Robots disallow_all();

  // May we ask for it?  "/a/b?c", as it stands in a URL behind the host.  robots.txt itself always.
  bool allows(std::string_view path_and_query) const;

  // The longest that is asked for; at most a day.
  std::optional<Duration> crawl_delay() const { return crawl_delay_; }

  // Bytes of memory it takes.
  std::size_t memory() const;

 private:
  friend class RobotsReader;

  struct Rule {
    std::size_t begin = 0;   // of its pattern in patterns_
    std::size_t size = 0;    // … of which a trailing `$` is no part
    std::size_t octets = 0;  // what it weighs
    bool allows = false;
    bool to_end = false;
  };

  void add(std::string_view path, bool allows);
  void sort();
  bool fits(const Rule& rule, std::string_view path) const;

  std::string patterns_;
  std::vector<Rule> rules_;  // the heaviest first, so the first that fits decides
  std::optional<Duration> crawl_delay_;
};

}  // namespace distaff
