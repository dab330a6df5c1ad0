#pragma once

// --stats: at the end, what each host was asked and what it gave.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "collate/byte_sink.h"
#include "sink/observer.h"

namespace distaff {

class HostStats final : public Observer {
 public:
  explicit HostStats(ByteSink& sink) : sink_(sink) {}

  void on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view command,
              TimePoint now) override;
  void tick(const RunCounts& counts, TimePoint now, bool last) override;

 private:
  struct Host {
    std::uint64_t urls = 0;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
    Duration time{0};     // of all requests
    Duration slowest{0};  // of one
  };

  // Beyond so many all others are one, so that memory is bounded.
  static constexpr std::size_t kMost = 10000;

  ByteSink& sink_;
  std::unordered_map<std::string, Host> hosts_;
  Host others_;
};

}  // namespace distaff
