#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "distaff/errors.h"
#include "lib/frame.h"

namespace distaff::process_pool_frames_test {
namespace {

using detail::Frame;
using detail::FrameReader;
using detail::FrameTag;

std::string frame(FrameTag tag, std::uint64_t id, const std::string& payload) {
  std::string bytes = detail::begin_frame() + payload;
  detail::seal_frame(bytes, tag, id);
  return bytes;
}

class ProcessPoolFrames : public testing::Test {
 protected:
  ProcessPoolFrames() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
    here.reset(fds[0]);
    there.reset(fds[1]);
  }

  void send(std::string_view bytes) { ASSERT_TRUE(detail::send_all(there.get(), bytes)); }
  std::optional<Frame> receive() {
    for (;;) {
      if (auto next = reader.next()) return next;
      if (reader.fill(here.get()) != FrameReader::Got::some) return std::nullopt;
    }
  }

  UniqueFd here, there;
  FrameReader reader{3'000'000};
};

TEST_F(ProcessPoolFrames, BytesAreWhatTheHeaderSays) {
  EXPECT_EQ(frame(FrameTag::result, 0x0102, "ab"),
            std::string("\x0b\0\0\0\x05\x02\x01\0\0\0\0\0\0ab", 15));
}

TEST_F(ProcessPoolFrames, ComeByteByByte) {
  const std::string bytes = frame(FrameTag::task, 7, "text") + frame(FrameTag::bye, 0, "");
  std::vector<Frame> got;
  for (const char byte : bytes) {
    send(std::string(1, byte));
    EXPECT_EQ(reader.fill(here.get()), FrameReader::Got::some);
    while (auto next = reader.next()) got.push_back(std::move(*next));
  }
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].tag, FrameTag::task);
  EXPECT_EQ(got[0].id, 7U);
  EXPECT_EQ(got[0].payload, "text");
  EXPECT_EQ(got[1].tag, FrameTag::bye);
}

TEST_F(ProcessPoolFrames, ManyComeAtOnceLongOnesInPieces) {
  std::string bytes;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    bytes += frame(FrameTag::task, i, std::string(i * i % 977, 'x'));
  }
  std::string text(3'000'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 >> 8);
  bytes += frame(FrameTag::result, 2000, text) + frame(FrameTag::bye, 0, "");
  std::thread sender([&] { send(bytes); });
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto next = receive();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->id, i);
    EXPECT_EQ(next->payload.size(), i * i % 977);
  }
  EXPECT_TRUE(receive()->payload == text);
  EXPECT_EQ(receive()->tag, FrameTag::bye);
  sender.join();
  there.reset();
  EXPECT_FALSE(receive().has_value());
}

TEST_F(ProcessPoolFrames, OneThatIsTooLongIsRefusedByItsHead) {
  send(frame(FrameTag::task, 1, std::string(3'000'001, 'x')).substr(0, detail::kFrameHead));
  EXPECT_THROW(receive(), MessageError);
}

TEST_F(ProcessPoolFrames, WhatIsNoFrameIsRefused) {
  send(std::string("\x08\0\0\0\x05", 5) + std::string(8, '\0'));  // shorter than its own head
  EXPECT_THROW(receive(), MessageError);
  FrameReader other(100);
  send(std::string("\x09\0\0\0\x63", 5) + std::string(8, '\0'));  // of no kind
  ASSERT_EQ(other.fill(here.get()), FrameReader::Got::some);
  EXPECT_THROW(other.next(), MessageError);
}

}  // namespace
}  // namespace distaff::process_pool_frames_test
