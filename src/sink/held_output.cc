#include "sink/held_output.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace distaff {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;

}  // namespace

void HeldOutput::write(Stream stream, std::string_view bytes) {
  if (passes()) return to_.write(stream, bytes);
  keep(stream == Stream::out ? Call::write_out : Call::write_err, bytes);
}

void HeldOutput::settle() {
  if (passes()) return to_.settle();
  keep(Call::settle, {});
}

void HeldOutput::end_line(Stream stream) {
  if (passes()) return to_.end_line(stream);
  keep(stream == Stream::out ? Call::end_line_out : Call::end_line_err, {});
}

void HeldOutput::say(std::string_view lines) {
  if (passes()) return to_.say(lines);
  keep(Call::say, lines);
}

// A call is cut into pieces that can be replayed each at once.
void HeldOutput::keep(Call call, std::string_view bytes) {
  do {
    const std::string_view part = bytes.substr(0, kPiece);
    bytes.remove_prefix(part.size());
    char head[kHead];
    const auto size = static_cast<std::uint32_t>(part.size());
    head[0] = static_cast<char>(call);
    std::memcpy(head + 1, &size, sizeof size);
    keep_bytes({head, kHead});
    keep_bytes(part);
  } while (!bytes.empty());
  if (memory_.size() >= memory_limit_ && !released_) move_to_spill();
}

void HeldOutput::keep_bytes(std::string_view bytes) {
  memory_ += bytes;
  kept_ += bytes.size();
}

void HeldOutput::move_to_spill() {
  std::string_view rest = memory_;
  while (!rest.empty() && spill_ != nullptr) {
    const FilePart part = spill_->append(rest);
    if (part.length == 0) break;
    rest.remove_prefix(static_cast<std::size_t>(part.length));
    spilled_.push_back(part);
  }
  memory_.erase(0, memory_.size() - rest.size());
  if (!memory_.empty()) release();
}

void HeldOutput::release() {
  released_ = true;
  flush();
}

void HeldOutput::flush() {
  while (released_ && kept_ > 0 && !to_.blocked(Stream::out) && !to_.blocked(Stream::err) &&
         to_.condition() == Condition::good) {
    replay_piece();
  }
  to_.flush();
}

bool HeldOutput::blocked(Stream stream) const {
  if (!released_) return false;
  return kept_ > 0 || to_.blocked(stream);
}

std::size_t HeldOutput::write_part(Stream stream, const FilePart& part) {
  return passes() ? to_.write_part(stream, part) : 0;
}

PipeTarget* HeldOutput::straight(Stream stream) {
  return passes() ? to_.straight(stream) : nullptr;
}

std::size_t HeldOutput::pending() const {
  const std::uint64_t most = std::numeric_limits<std::size_t>::max() / 2;
  const std::uint64_t waiting = released_ ? std::min(kept_, most) : 0;
  return static_cast<std::size_t>(waiting) + to_.pending();
}

// Takes more of what is kept behind what is left of the piece.  False: there is none.
bool HeldOutput::read_piece() {
  piece_.erase(0, piece_begin_);
  piece_begin_ = 0;
  if (spilled_.empty()) {
    if (memory_.empty()) return false;
    piece_ += memory_;
    memory_.clear();
    return true;
  }
  FilePart& part = spilled_.front();
  const std::size_t before = piece_.size();
  piece_.resize(before + kPiece);
  const std::size_t got = spill_->read(part, piece_.data() + before, kPiece);
  piece_.resize(before + got);
  if (got == 0) {  // a disk that does not give back what it took
    kept_ -= part.length;
    spill_->release(part);
    spilled_.pop_front();
    return true;
  }
  spill_->release({part.fd, part.offset, got});
  part.offset += got;
  part.length -= got;
  if (part.length == 0) spilled_.pop_front();
  return true;
}

// One call.
void HeldOutput::replay_piece() {
  std::size_t wanted = kHead;
  std::uint32_t size = 0;
  while (true) {
    const std::size_t there = piece_.size() - piece_begin_;
    if (there >= kHead) {
      std::memcpy(&size, piece_.data() + piece_begin_ + 1, sizeof size);
      wanted = kHead + size;
    }
    if (there >= wanted) break;
    if (read_piece()) continue;
    kept_ = 0;
    return;
  }
  const std::string_view call = std::string_view(piece_).substr(piece_begin_, wanted);
  piece_begin_ += wanted;
  kept_ -= wanted;
  make(static_cast<Call>(call[0]), call.substr(kHead));
}

void HeldOutput::make(Call call, std::string_view bytes) {
  switch (call) {
    case Call::write_out:
      return to_.write(Stream::out, bytes);
    case Call::write_err:
      return to_.write(Stream::err, bytes);
    case Call::say:
      return to_.say(bytes);
    case Call::settle:
      return to_.settle();
    case Call::end_line_out:
      return to_.end_line(Stream::out);
    case Call::end_line_err:
      return to_.end_line(Stream::err);
  }
}

}  // namespace distaff
