#pragma once

// Whose turn it is.
//
// A job has its turn until it is closed.  Those that close before their turn comes are only
// remembered, as ranges of numbers: what this takes grows with the jobs that are not closed, not
// with how many finished jobs wait behind a slow one, nor with how far apart numbers are.

#include <cassert>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>

#include "model/ids.h"

namespace distaff {

class Order {
 public:
  enum class By {
    number,  // 1, 2, 3 …; each is closed once, opened or not
    start,   // as they are opened; who is never opened has no turn
  };

  explicit Order(By by) : by_(by) {}

  void open(JobId job) {
    if (by_ == By::start) opened_.push_back({job, false});
  }

  bool has_turn(JobId job) const { return job == head(); }

  // The job that has the turn now, opened or not; 0 if there is none.
  JobId head() const {
    if (by_ == By::number) return JobId{next_};
    return opened_.empty() ? JobId{0} : opened_.front().job;
  }

  // Calls `due` for each job whose turn is over by this, in order: none if it was not this one's.
  template <class Due>
  void close(JobId job, Due due) {
    if (by_ == By::number) {
      close_number(number(job), due);
    } else {
      close_opened(job, due);
    }
  }

 private:
  template <class Due>
  void close_number(std::uint64_t job, Due& due) {
    assert(job >= next_);
    if (job != next_) return remember(job);
    due(JobId{next_++});
    if (closed_.empty() || closed_.begin()->first != next_) return;
    const std::uint64_t last = closed_.begin()->second;
    closed_.erase(closed_.begin());
    while (next_ <= last) due(JobId{next_++});
  }

  void remember(std::uint64_t job) {
    auto after = closed_.upper_bound(job);
    std::uint64_t last = job;
    if (after != closed_.end() && after->first == job + 1) {
      last = after->second;
      after = closed_.erase(after);
    }
    if (after != closed_.begin() && std::prev(after)->second + 1 == job) {
      std::prev(after)->second = last;
    } else {
      closed_.emplace_hint(after, job, last);
    }
  }

  template <class Due>
  void close_opened(JobId job, Due& due) {
    for (Opened& opened : opened_) {
      if (opened.job == job) opened.closed = true;
    }
    while (!opened_.empty() && opened_.front().closed) {
      const JobId first = opened_.front().job;
      opened_.pop_front();
      due(first);
    }
  }

  struct Opened {
    JobId job;
    bool closed;
  };

  By by_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::uint64_t> closed_;  // first to last; apart, and all above next_
  std::deque<Opened> opened_;                      // a few: the front has the turn
};

}  // namespace distaff
