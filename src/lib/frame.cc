#include "lib/frame.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "distaff/errors.h"
#include "distaff/serialize.h"

namespace distaff::inline v0::detail {
namespace {

// A length that was announced is not believed before the bytes come.
constexpr std::size_t kGrowth = 1024 * 1024;

// What the length counts besides the payload: tag and id.
constexpr std::size_t kCounted = kFrameHead - sizeof(std::uint32_t);

}  // namespace

void seal_frame(std::string& frame, FrameTag tag, std::uint64_t id) {
  Encoder head;
  head(static_cast<std::uint32_t>(frame.size() - sizeof(std::uint32_t)), tag, id);
  std::memcpy(frame.data(), head.bytes().data(), kFrameHead);
}

FrameReader::Got FrameReader::fill(int socket) {
  char* to = nullptr;
  std::size_t room = 0;
  if (in_payload_) {
    std::string& payload = frame_.payload;
    if (filled_ == payload.size()) {
      payload.resize(std::min(length_, std::max(2 * filled_, kGrowth)));
    }
    to = payload.data() + filled_;
    room = payload.size() - filled_;
  } else {
    buffer_.resize(kBuffer);
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    to = buffer_.data() + end_;
    room = kBuffer - end_;
  }
  ssize_t got = 0;
  do {
    got = recv(socket, to, room, 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::nothing;
  if (got <= 0) return Got::end;
  (in_payload_ ? filled_ : end_) += static_cast<std::size_t>(got);
  return Got::some;
}

std::optional<Frame> FrameReader::next() {
  if (!in_payload_) {
    if (end_ - begin_ < kFrameHead) return std::nullopt;
    Decoder decoder(std::string_view(buffer_).substr(begin_, end_ - begin_));
    std::uint32_t length = 0;
    frame_ = {};
    decoder(length, frame_.tag, frame_.id);
    if (length < kCounted || frame_.tag < FrameTag::start || frame_.tag > FrameTag::bye) {
      throw MessageError("what came from the other process is no frame");
    }
    length_ = length - kCounted;
    if (length_ > max_payload_) {
      throw MessageError("a message of " + std::to_string(length_) + " bytes is longer than the " +
                         std::to_string(max_payload_) + " of max_message");
    }
    filled_ = std::min(length_, decoder.rest().size());
    frame_.payload.assign(decoder.rest().substr(0, filled_));
    begin_ += kFrameHead + filled_;
    in_payload_ = true;
  }
  if (filled_ < length_) return std::nullopt;
  in_payload_ = false;
  return std::move(frame_);
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace distaff::inline v0::detail
