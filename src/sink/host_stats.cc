#include "sink/host_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sink/progress_text.h"

namespace distaff {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void HostStats::on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view,
                       TimePoint) {
  const std::string name = job.key.value_or("(no host)");
  const bool known = hosts_.size() < kMost || hosts_.contains(name);
  Host& host = known ? hosts_[name] : others_;
  ++host.urls;
  if (failed) ++host.failed;
  if (attempt.response) host.bytes += attempt.response->bytes;
  host.time += attempt.usage.wall;
  host.slowest = std::max(host.slowest, attempt.usage.wall);
}

void HostStats::tick(const RunCounts&, TimePoint, bool last) {
  if (!last || hosts_.empty()) return;
  std::vector<std::pair<std::string, Host>> all(hosts_.begin(), hosts_.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second.urls != b.second.urls ? a.second.urls > b.second.urls : a.first < b.first;
  });
  if (others_.urls > 0) all.emplace_back("(others)", others_);
  std::string text = fmt::format("{:<32} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "host", "urls", "failed",
                                 "bytes", "mean s", "most s");
  for (const auto& [name, host] : all) {
    text += fmt::format("{:<32} {:>9} {:>9} {:>9} {:>9.3f} {:>9.3f}\n", printable(name, 80),
                        host.urls, host.failed, bytes_text(host.bytes),
                        seconds(host.time) / static_cast<double>(host.urls), seconds(host.slowest));
  }
  sink_.say(text);
}

}  // namespace distaff
