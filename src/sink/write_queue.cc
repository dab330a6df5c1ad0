#include "sink/write_queue.h"

#include <sys/epoll.h>

#include <algorithm>

namespace distaff {

namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr std::size_t kLarge = std::size_t{16}
                               << 10;  // from here on copying costs more than a call

}  // namespace

WriteQueue::WriteQueue(EventLoop& loop, int fd) : loop_(loop), writer_(fd) {}

WriteQueue::~WriteQueue() { unwatch(); }

void WriteQueue::write(std::string_view bytes) {
  taken_ += bytes.size();
  if (error_ != 0) {
    lost_ += bytes.size();
    return;
  }
  if (!full_ && bytes.size() >= kLarge) return push(bytes);
  append(bytes);
  if (!full_ && pending_ >= kBlock) push({});
}

void WriteQueue::flush() {
  if (!full_ && pending_ > 0) push({});
}

std::size_t WriteQueue::write_part(const FilePart& part) {
  if (error_ != 0) return part.length;  // dropped, as all is
  flush();
  if (full_ || pending_ > 0 || !writer_.can_move()) return 0;
  const ByteWriter::Result result = writer_.write_part(part);
  if (writer_.can_move() && result.written < part.length) watch();
  return result.written;
}

PipeTarget* WriteQueue::straight() {
  if (error_ != 0 || full_ || !writer_.can_move()) return nullptr;
  flush();
  return full_ || pending_ > 0 || error_ != 0 ? nullptr : this;
}

PipeTarget::Moved WriteQueue::take_from(int pipe, std::size_t most) {
  const Moved moved = writer_.move_from_pipe(pipe, most);
  if (moved.why == Moved::Why::full) watch();
  return moved;
}

void WriteQueue::finish() {
  unwatch();
  while (pending_ > 0) {
    push({});
    unwatch();
    if (pending_ > 0) writer_.wait_for_room();
  }
}

void WriteQueue::on_ready(int, std::uint32_t) {
  unwatch();
  push({});
}

void WriteQueue::append(std::string_view bytes) {
  pending_ += bytes.size();
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().size() == kBlock) {
      blocks_.emplace_back().reserve(std::min(kBlock, std::max<std::size_t>(bytes.size(), 4096)));
    }
    std::string& last = blocks_.back();
    const std::size_t fits = std::min(bytes.size(), kBlock - last.size());
    last.append(bytes.substr(0, fits));
    bytes.remove_prefix(fits);
  }
}

// Writes what is queued, then `more`; what finds no room is queued.
void WriteQueue::push(std::string_view more) {
  while (pending_ > 0 || !more.empty()) {
    const std::string_view queued = front();
    const std::string_view behind = queued.size() == pending_ ? more : std::string_view();
    const ByteWriter::Result result = writer_.write(queued, behind);
    const std::size_t of_queue = std::min(result.written, queued.size());
    written(of_queue);
    more.remove_prefix(result.written - of_queue);
    if (result.error != 0) return fail(result.error, pending_ + more.size());
    if (result.written < queued.size() + behind.size()) {
      append(more);
      return watch();
    }
  }
}

void WriteQueue::written(std::size_t bytes) {
  pending_ -= bytes;
  begin_ += bytes;
  if (blocks_.empty() || begin_ < blocks_.front().size()) return;
  begin_ = 0;
  if (blocks_.size() == 1) {
    blocks_.front().clear();  // and its memory is used again
  } else {
    blocks_.pop_front();
  }
}

std::string_view WriteQueue::front() const {
  return blocks_.empty() ? std::string_view() : std::string_view(blocks_.front()).substr(begin_);
}

// If it cannot be watched it is of a kind that has always room; the next flush() tries again.
void WriteQueue::watch() { full_ = loop_.add(writer_.wait_fd(), EPOLLOUT, this); }

void WriteQueue::unwatch() {
  if (full_) loop_.remove(writer_.wait_fd());
  full_ = false;
}

void WriteQueue::fail(int error, std::size_t dropped) {
  error_ = error;
  lost_ += dropped;
  blocks_.clear();
  begin_ = 0;
  pending_ = 0;
}

}  // namespace distaff
