#include "sink/held_output.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace distaff {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::size_t kMostNotes = 100;  // in memory at once, of those that are due

using CallSize = std::uint32_t;
constexpr std::size_t kHead = 1 + sizeof(CallSize);  // a call, and how many bytes are behind it

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
    const auto size = static_cast<CallSize>(part.size());
    head[0] = static_cast<char>(call);
    std::memcpy(head + 1, &size, sizeof size);
    calls_.append({head, kHead});
    calls_.append(part);
    taken_ += kHead + part.size();
  } while (!bytes.empty());
  make_room();
}

void HeldOutput::keep_note(std::string_view note) {
  const NoteHead head{taken_, note.size()};
  notes_.append({reinterpret_cast<const char*>(&head), sizeof head});
  notes_.append(note);
  make_room();
}

void HeldOutput::make_room() {
  if (shown_ || calls_.in_memory() + notes_.in_memory() < memory_limit_) return;
  const bool calls = calls_.move_to_spill(), notes = notes_.move_to_spill();
  if (!calls || !notes) show();
}

void HeldOutput::show() {
  shown_ = true;
  flush();
}

// Also where it cannot be written: then the real output drops what it is given, and what is for
// another file still gets there.
void HeldOutput::flush() {
  while (shown_ && !passes() && give_on()) continue;
  to_.flush();
}

// What comes next.  False: not now.
bool HeldOutput::give_on() {
  const NoteHead note = next_note();
  if (note.size > 0 && note.behind <= given_on_) {
    if (due_.size() >= kMostNotes) return false;
    due_.push_back({pull_note(note), to_.mark(), calls_lost_});
    return true;
  }
  if (to_.blocked(Stream::out) || to_.blocked(Stream::err)) return false;
  replay_call();
  return true;
}

HeldOutput::NoteHead HeldOutput::next_note() {
  NoteHead head;
  const std::string_view bytes = notes_.front(sizeof head);
  if (bytes.size() < sizeof head) {
    notes_.clear();
    return {};
  }
  std::memcpy(&head, bytes.data(), sizeof head);
  return head;
}

std::string HeldOutput::pull_note(const NoteHead& head) {
  notes_.consume(sizeof head);
  const std::string text(notes_.front(head.size));
  if (text.size() < head.size) {
    notes_.clear();
    return {};
  }
  notes_.consume(head.size);
  return text;
}

std::vector<ByteSink::KeptNote> HeldOutput::take_notes() {
  std::vector<KeptNote> taken;
  const bool lost = given_up_ || condition() != Condition::good;
  while (!due_.empty() && (lost || to_.has_written(due_.front().mark))) {
    const bool written = !due_.front().lost && to_.has_written(due_.front().mark);
    taken.push_back({std::move(due_.front().text), !written});
    due_.pop_front();
  }
  if (!given_up_ && (!notes_are_free_ || shown_)) return taken;
  while (taken.size() < kMostNotes) {
    const NoteHead note = next_note();
    if (note.size == 0) break;
    taken.push_back({pull_note(note), given_up_});
  }
  return taken;
}

bool HeldOutput::blocked(Stream stream) const {
  if (!shown_) return false;
  return !passes() || to_.blocked(stream);
}

std::size_t HeldOutput::write_part(Stream stream, const FilePart& part) {
  return passes() ? to_.write_part(stream, part) : 0;
}

PipeTarget* HeldOutput::straight(Stream stream) {
  return passes() ? to_.straight(stream) : nullptr;
}

std::size_t HeldOutput::pending() const {
  const std::uint64_t most = std::numeric_limits<std::size_t>::max() / 2;
  const std::uint64_t waiting = shown_ ? calls_.size() + notes_.size() + due_.size() : 0;
  return static_cast<std::size_t>(std::min(waiting, most)) + to_.pending();
}

void HeldOutput::replay_call() {
  std::string_view head = calls_.front(kHead);
  CallSize size = 0;
  if (head.size() == kHead) std::memcpy(&size, head.data() + 1, sizeof size);
  const std::string_view call = calls_.front(kHead + size);
  if (call.size() < kHead + size) {
    calls_.clear();
    calls_lost_ = true;
    given_on_ = taken_;
    return;
  }
  make(static_cast<Call>(call[0]), call.substr(kHead));
  calls_.consume(call.size());
  given_on_ += call.size();
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
