#include "sink/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace distaff {
namespace {

constexpr std::string_view kBeginning = "# HELP distaff_";
constexpr std::string_view kLastSuccess = "distaff_last_success_timestamp_seconds";

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Label values are UTF-8 with these three escaped.
std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char byte : printable(text)) {
    if (byte == '\\' || byte == '"') escaped += '\\';
    escaped += byte;
  }
  return escaped;
}

class Page {
 public:
  explicit Page(std::string_view name) : label_(fmt::format("run=\"{}\"", label_value(name))) {}

  void metric(std::string_view name, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
    name_ = name;
  }
  void sample(std::string_view value) {
    text_ += fmt::format("{}{{{}}} {}\n", name_, label_, value);
  }
  void sample(std::string_view suffix, std::string_view key, std::string_view key_value,
              std::uint64_t value) {
    text_ += fmt::format("{}{}{{{},{}=\"{}\"}} {}\n", name_, suffix, label_, key, key_value, value);
  }
  void total(std::string_view suffix, std::string_view value) {
    text_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, label_, value);
  }
  void gauge(std::string_view name, std::string_view help, std::string_view value) {
    metric(name, "gauge", help);
    sample(value);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string label_, name_, text_;
};

std::string timestamp(Metrics::Clock when) {
  return fmt::format("{}.{:03}", when.count() / 1000, when.count() % 1000);
}

}  // namespace

Metrics::Outcome Metrics::kind_of(const Attempt& attempt, bool failed) {
  if (!failed) return succeeded;
  using Kind = distaff::Outcome::Kind;
  switch (attempt.outcome.kind) {
    case Kind::exited:
      return failed_by_status;
    case Kind::signalled:
      return signalled;
    case Kind::timed_out:
      return timed_out;
    case Kind::not_started:
      return not_started;
    case Kind::wants_tty:
      return wanted_tty;
    case Kind::cancelled:
      return cancelled;
    case Kind::responded:
      return failed_by_status;
    case Kind::broken:
      return attempt.outcome.value == static_cast<int>(distaff::Outcome::Broken::timeout)
                 ? timed_out
                 : failed_by_status;
  }
  return failed_by_status;
}

void Metrics::on_end(const Job&, const Attempt& attempt, bool failed, std::string_view, TimePoint) {
  const Outcome kind = kind_of(attempt, failed);
  ++jobs_[kind];
  if (kind == not_started) return;
  const double took = seconds_of(attempt.usage.wall);
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), took);
  ++durations_[static_cast<std::size_t>(bound - kBounds.begin())];
  seconds_ += took;
}

void Metrics::tick(const RunCounts& counts, TimePoint, bool) { retries_ = counts.retries; }

std::string Metrics::text(std::string_view name, const Run& run) const {
  static constexpr std::array<std::string_view, kinds> kWords{
      "succeeded", "failed", "signalled", "timed_out", "not_started", "wanted_tty", "cancelled"};
  Page page(name);
  page.gauge("distaff_last_run_timestamp_seconds", "When the last run ended.",
             timestamp(run.ended));
  page.gauge(kLastSuccess, "When the last run that succeeded ended, 0 if none has.",
             timestamp(run.exit_status == 0 ? run.ended : run.last_success));
  page.gauge("distaff_last_run_exit_status", "Exit status of the last run, 128+N for a signal.",
             fmt::format("{}", run.exit_status));
  page.gauge("distaff_last_run_duration_seconds", "How long the last run took.",
             fmt::format("{:.3f}", seconds_of(run.took)));
  page.gauge("distaff_last_run_retries", "Further tries at jobs in the last run.",
             fmt::format("{}", retries_));
  page.gauge("distaff_last_run_input_left",
             "1 if the last run was over before all its input was read, else 0.",
             input_left_ ? "1" : "0");
  page.metric("distaff_last_run_jobs", "gauge", "Jobs of the last run, by how they ended.");
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    page.sample("", "outcome", kWords[kind], jobs_[kind]);
  }
  page.sample("", "outcome", "not_run", run.not_run);
  page.metric("distaff_last_run_job_duration_seconds", "histogram",
              "How long the jobs of the last run took.");
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    count += durations_[i];
    page.sample("_bucket", "le", fmt::format("{}", kBounds[i]), count);
  }
  count += durations_.back();
  page.sample("_bucket", "le", "+Inf", count);
  page.total("_sum", fmt::format("{:.6f}", seconds_));
  page.total("_count", fmt::format("{}", count));
  return page.take();
}

std::string metrics_name(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);
  if (path.ends_with(".prom") && path.size() > 5) path.remove_suffix(5);
  return std::string(path);
}

Metrics::Clock last_success_in(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t space = line.rfind(' ');
    if (!line.starts_with(kLastSuccess) || space == std::string_view::npos) continue;
    const double seconds = std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
    if (!(seconds > 0 && seconds < 1e12)) continue;
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000 + 0.5));
  }
  return {};
}

bool is_metrics_text(std::string_view beginning) { return beginning.starts_with(kBeginning); }

}  // namespace distaff
