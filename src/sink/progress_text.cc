#include "sink/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/columns.h"
#include "base/numbers.h"
#include "base/secrets.h"
#include "base/text.h"

namespace distaff {

namespace {

constexpr std::size_t kLeastName = 10;  // columns of a record that tell more than none

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::uint64_t each_second(std::uint64_t bytes, Duration in) {
  return static_cast<std::uint64_t>(static_cast<double>(bytes) / std::max(seconds(in), 1e-3));
}

// What a bar consists of.
struct Shape {
  bool label = false;       // the word "oldest"
  bool no_failure = false;  // "0 failed"
  int drawn = 0;            // 2: a bar as wide as suits the line, 1: a short one
  bool rate = false;
  bool oldest = false;
  bool running = false;
  bool failed = false;
  bool left = false;
};

// From rich to poor: the first that has room is taken.
constexpr Shape kShapes[] = {
    {true, true, 2, true, true, true, true, true},
    {false, true, 2, true, true, true, true, true},
    {false, false, 2, true, true, true, true, true},
    {false, false, 1, true, true, true, true, true},
    {false, false, 1, false, true, true, true, true},
    {false, false, 0, false, true, true, true, true},
    {false, false, 1, false, false, true, true, true},
    {false, false, 0, false, false, true, true, true},
    {false, false, 0, false, false, false, true, true},
    {false, false, 0, false, false, false, false, true},
    {},
};

std::uint64_t total_of(const RunCounts& counts) { return std::max(*counts.total, counts.done); }

// "[####      ] 40%", or "40%".
std::string share(const RunCounts& counts, int drawn, std::size_t columns) {
  const std::uint64_t total = total_of(counts);
  const double part =
      total == 0 ? 1 : static_cast<double>(counts.done) / static_cast<double>(total);
  // Not 100% before the last job has ended.
  std::string text = fmt::format("{}%", static_cast<int>(part * 100));
  if (drawn == 0) return text;
  const std::size_t cells = drawn == 1 ? 5 : std::clamp<std::size_t>(columns / 6, 10, 30);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(cells));
  return fmt::format("[{}{}] {}", std::string(full, '#'), std::string(cells - full, ' '), text);
}

// All but the oldest job.
std::string numbers(const RunCounts& counts, Duration since_start, const Shape& shape,
                    std::size_t columns) {
  std::string text = counts.total ? fmt::format("{}/{} {}", counts.done, total_of(counts),
                                                share(counts, shape.drawn, columns))
                                  : fmt::format("{} done", counts.done);
  const std::string_view gap = shape.running ? "  " : " ";
  if (shape.rate) text += fmt::format("{}{}/s", gap, rate_text(counts.done, since_start));
  if (shape.rate && counts.bytes) {
    text += fmt::format("{}{}  {}/s", gap, bytes_text(*counts.bytes),
                        bytes_text(each_second(*counts.bytes, since_start)));
  }
  if (shape.running) text += fmt::format("{}{} running", gap, counts.running);
  if (shape.failed && (shape.no_failure || counts.failed > 0)) {
    text += fmt::format("{}{} failed", gap, counts.failed);
  }
  const auto left = time_left(counts, since_start);
  if (shape.left && left) text += fmt::format("{}ETA {}", gap, format_duration(*left));
  return text;
}

// What people know the job by: its record, the first of a batch; no more of it than can be shown.
std::string name_of(const Job& job, std::size_t columns) {
  const std::string_view text = job.records[0].text;
  const std::string_view begin = text.substr(0, 4 * (columns + 1));
  std::string name = printable(mask_record(begin), std::string::npos);
  if (job.size() > 1) name += fmt::format(" and {} more", job.size() - 1);
  return name;
}

}  // namespace

std::string rate_text(std::uint64_t done, Duration in) {
  const double each_second = static_cast<double>(done) / std::max(seconds(in), 1e-9);
  return fmt::format("{:.{}f}", each_second, each_second < 9.95 ? 1 : 0);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return fmt::format("{:.{}f} {}", value, unit > 0 && value < 9.95 ? 1 : 0, kUnits[unit]);
}

std::optional<Duration> time_left(const RunCounts& counts, Duration since_start) {
  if (!counts.total || counts.done == 0 || *counts.total < counts.done) return std::nullopt;
  const double jobs_left = static_cast<double>(*counts.total - counts.done);
  const double each = seconds(since_start) / static_cast<double>(counts.done);
  return std::chrono::round<Duration>(std::chrono::duration<double>(jobs_left * each));
}

std::string bar_text(const RunCounts& counts, Duration since_start, TimePoint now,
                     std::size_t columns) {
  std::string name, age;
  if (counts.oldest) {
    name = name_of(*counts.oldest->job, columns);
    age = format_duration(now - counts.oldest->since);
  }
  const std::size_t least_name = std::min(columns_of(name), kLeastName);
  for (const Shape& shape : kShapes) {
    std::string text = numbers(counts, since_start, shape, columns);
    if (shape.oldest && counts.oldest) {
      text += fmt::format("  {}{}: ", shape.label ? "oldest " : "", age);
      if (text.size() + least_name > columns) continue;
      return text + cut_to_columns(name, columns - text.size());
    }
    if (text.size() <= columns) return text;
  }
  return cut_to_columns(numbers(counts, since_start, Shape{}, columns), columns);
}

}  // namespace distaff
