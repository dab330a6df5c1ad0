#include "sink/held_queue.h"

namespace distaff {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{64} << 10;

}  // namespace

void HeldQueue::append(std::string_view bytes) {
  memory_ += bytes;
  size_ += bytes.size();
}

bool HeldQueue::move_to_spill() {
  std::string_view rest = memory_;
  while (!rest.empty() && spill_ != nullptr) {
    const FilePart part = spill_->append(rest);
    if (part.length == 0) break;
    rest.remove_prefix(static_cast<std::size_t>(part.length));
    spilled_.push_back(part);
  }
  memory_.erase(0, memory_.size() - rest.size());
  return memory_.empty();
}

std::string_view HeldQueue::front(std::size_t size) {
  while (piece_.size() - begin_ < size && read_more()) continue;
  return std::string_view(piece_).substr(begin_, size);
}

void HeldQueue::consume(std::size_t size) {
  begin_ += size;
  size_ -= size;
}

// Takes more of what is kept behind what is left of the piece.  False: there is none.
bool HeldQueue::read_more() {
  piece_.erase(0, begin_);
  begin_ = 0;
  if (spilled_.empty()) {
    if (memory_.empty()) return false;
    piece_ += memory_;
    memory_.clear();
    return true;
  }
  FilePart& part = spilled_.front();
  const std::size_t before = piece_.size();
  piece_.resize(before + kReadAtOnce);
  const std::size_t got = spill_->read(part, piece_.data() + before, kReadAtOnce);
  piece_.resize(before + got);
  if (got == 0) {  // a disk that does not give back what it took
    clear();
    return false;
  }
  spill_->release({part.fd, part.offset, got});
  part.offset += got;
  part.length -= got;
  if (part.length == 0) spilled_.pop_front();
  return true;
}

void HeldQueue::clear() {
  for (const FilePart& part : spilled_) spill_->release(part);
  spilled_.clear();
  memory_.clear();
  piece_.clear();
  begin_ = 0;
  size_ = 0;
}

}  // namespace distaff
