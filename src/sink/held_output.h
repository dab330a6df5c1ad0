#pragma once

// --quiet-unless-failed: everything that would be printed, until it is known whether it will be.
//
// What comes is kept as it came, in memory and behind that in the spill, and is given to the real
// output piece by piece once it is released; what comes after that goes through.  If neither has
// room for more, it is released at once: output that shows up in a run that goes well is better
// than output that is lost.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "collate/byte_sink.h"
#include "collate/spill_store.h"

namespace distaff {

class HeldOutput final : public ByteSink {
 public:
  // Both must outlive it.  `spill` may be null.
  HeldOutput(ByteSink& to, SpillStore* spill, std::size_t memory = std::size_t{1} << 20)
      : to_(to), spill_(spill), memory_limit_(memory) {}

  // It is to be printed.  flush() does it as far as there is room, and pending() tells what is
  // left.
  void release();
  bool released() const { return released_; }

  void write(Stream stream, std::string_view bytes) override;
  void settle() override;
  void end_line(Stream stream) override;
  void say(std::string_view lines) override;
  void flush() override;
  bool one_file() const override { return to_.one_file(); }
  bool blocked(Stream stream) const override;
  std::size_t write_part(Stream stream, const FilePart& part) override;
  PipeTarget* straight(Stream stream) override;
  std::size_t pending() const override;
  Condition condition() const override { return to_.condition(); }
  std::string failure() const override { return to_.failure(); }

 private:
  enum class Call : unsigned char { write_out, write_err, say, settle, end_line_out, end_line_err };
  static constexpr std::size_t kHead =
      1 + sizeof(std::uint32_t);  // a call, and the bytes behind it

  bool passes() const { return released_ && kept_ == 0; }
  void keep(Call call, std::string_view bytes);
  void keep_bytes(std::string_view bytes);
  void move_to_spill();
  void make(Call call, std::string_view bytes);
  bool read_piece();
  void replay_piece();

  ByteSink& to_;
  SpillStore* spill_;
  std::size_t memory_limit_;
  bool released_ = false;

  // What is kept: calls one behind the other, the oldest in the spill.
  std::deque<FilePart> spilled_;
  std::string memory_;
  std::uint64_t kept_ = 0;  // bytes in both and in piece_

  // What is being given on.
  std::string piece_;
  std::size_t piece_begin_ = 0;
};

}  // namespace distaff
