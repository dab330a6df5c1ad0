#pragma once

// The results of a run: a lazy range that is read once.
//
//   auto pages = distaff::imap(urls, fetch);
//   for (Page& page : pages) {
//     if (enough(page)) break;      // the run ends here: see below
//   }
//
// Nothing happens before begin(), which starts the run; each step waits for the next result.  The
// reference is good until the next step, and the result is the caller's to move from.
//
// A step throws what the run ended with: the exception of a job or of the source, key, parallelism
// or throttle, std::invalid_argument if one of the latter two computed nonsense, CancelledError if
// the stop token of the options was used, PoolClosed if the executor was shut down.  Before that,
// what had finished is delivered, in order the longest unbroken beginning, and every running job
// has ended.
//
// Destroying it (also by leaving the loop, by break or by an exception) ends the run: nothing new
// starts, jobs that take a std::stop_token are asked to stop, and running jobs are waited for.
//
// Thread-safety: for one thread at a time.  Movable, not copyable.  A std::ranges::input_range.

#include <cstddef>
#include <iterator>
#include <memory>
#include <ranges>
#include <utility>

namespace distaff::inline v0 {

namespace detail {

template <class R>
class ResultSource {
 public:
  virtual ~ResultSource() = default;
  virtual R* next() = 0;  // acknowledges the one before
};

}  // namespace detail

template <class R>
class Results {
 public:
  class iterator {
   public:
    using value_type = R;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(Results* results) : results_(results) {}

    R& operator*() const { return *results_->current_; }
    R* operator->() const { return results_->current_; }
    iterator& operator++() {
      results_->step();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return results_->current_ == nullptr; }

   private:
    Results* results_ = nullptr;
  };

  explicit Results(std::unique_ptr<detail::ResultSource<R>> source) : source_(std::move(source)) {}
  Results(Results&& other) noexcept
      : source_(std::move(other.source_)),
        current_(std::exchange(other.current_, nullptr)),
        begun_(other.begun_) {}
  Results& operator=(Results&& other) noexcept {
    source_ = std::move(other.source_);
    current_ = std::exchange(other.current_, nullptr);
    begun_ = other.begun_;
    return *this;
  }

  // Starts the run.  A second call goes on where the run is.
  iterator begin() {
    if (!std::exchange(begun_, true)) step();
    return iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

  // Ends the run now, as its destruction would.
  void cancel() noexcept {
    begun_ = true;
    current_ = nullptr;
    source_.reset();
  }

 private:
  void step() {
    current_ = nullptr;
    if (source_ != nullptr) current_ = source_->next();
  }

  std::unique_ptr<detail::ResultSource<R>> source_;
  R* current_ = nullptr;
  bool begun_ = false;
};

}  // namespace distaff::inline v0
