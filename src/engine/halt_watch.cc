#include "engine/halt_watch.h"

namespace distaff {

HaltWatch::Verdict HaltWatch::end(bool failed) {
  ++ended_;
  if (failed) ++failed_;
  if (halt_reached()) {
    stopped_as_asked_ = halt_->what != HaltSpec::What::fail;
    return halt_->now ? Verdict::kill : Verdict::stop;
  }
  if (!failed || on_error_ == OnError::keep_going || on_error_ == OnError::ignore) {
    return Verdict::go_on;
  }
  return on_error_ == OnError::kill ? Verdict::kill : Verdict::stop;
}

bool HaltWatch::halt_reached() const {
  if (!halt_) return false;
  std::uint64_t number = ended_;
  if (halt_->what == HaltSpec::What::fail) number = failed_;
  if (halt_->what == HaltSpec::What::success) number = ended_ - failed_;
  if (!halt_->percent) return number >= halt_->count;
  // A percentage of one or two jobs says nothing yet.
  return ended_ >= 3 && number * 100 >= halt_->count * ended_;
}

}  // namespace distaff
