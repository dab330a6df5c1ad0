#include "engine/mutexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "base/text.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstPause = 50ms;
constexpr Duration kLongestPause = 1s;

bool uses_slot(const Template& text) {
  return std::any_of(text.pieces().begin(), text.pieces().end(), [](const Piece& piece) {
    const auto* found = std::get_if<Replacement>(&piece);
    return found != nullptr && found->what == Replacement::What::slot;
  });
}

bool is_field(std::string_view text, const FieldScheme& scheme) {
  return std::find(scheme.names.begin(), scheme.names.end(), text) != scheme.names.end();
}

}  // namespace

Expected<MutexTemplate> MutexTemplate::compile(std::string_view text,
                                               const TemplateSyntax& syntax) {
  auto parsed = Template::parse(text, syntax);
  if (!parsed) return fail("--mutex: " + parsed.error().message);
  if (uses_slot(*parsed)) {
    return fail(fmt::format("--mutex {}: {{%}} is not known before a job starts; leave it out",
                            printable(text)));
  }
  if (parsed->is_literal() && is_field(text, syntax.scheme)) {
    return fail(
        fmt::format("--mutex {0}: that is one lock for all jobs; for the field write {{{0}}}",
                    printable(text)));
  }
  return MutexTemplate(std::move(*parsed));
}

Expected<std::string> MutexTemplate::of(const Job& job) const {
  return template_.expand({job.records, job.id, 0});
}

Expected<bool> Mutexes::add(const Job& job) {
  auto value = text_.of(job);
  if (!value) return tl::unexpected(value.error());
  if (value->empty()) return true;
  const auto [entry, is_first] = values_.try_emplace(std::move(*value));
  if (is_first) {
    first_.emplace(job.id, &*entry);
    return true;
  }
  const Queued queued{job.id, job.size(), job.memory()};
  entry->second.queue.push_back(queued);
  ++queued_;
  queued_records_ += queued.records;
  queued_bytes_ += queued.bytes;
  return false;
}

Expected<bool> Mutexes::take(JobId job, TimePoint now) {
  const auto found = first_.find(job);
  if (found == first_.end()) return true;
  auto& [name, value] = *found->second;
  if (value.locked) return true;
  auto taken = locks_.take(name);
  if (!taken) return taken;
  value.locked = *taken;
  if (value.locked) return true;
  value.pause = std::clamp(value.pause * 2, kFirstPause, kLongestPause);
  parked_.emplace(now + value.pause, job);
  return false;
}

std::vector<JobId> Mutexes::due(TimePoint now) {
  std::vector<JobId> jobs;
  while (!parked_.empty() && parked_.begin()->first <= now) {
    jobs.push_back(parked_.begin()->second);
    parked_.erase(parked_.begin());
  }
  return jobs;
}

std::optional<TimePoint> Mutexes::wake_at() const {
  if (parked_.empty()) return std::nullopt;
  return parked_.begin()->first;
}

std::optional<JobId> Mutexes::ended(JobId job) {
  const auto found = first_.find(job);
  if (found == first_.end()) return std::nullopt;
  Values::value_type* const entry = found->second;
  auto& [name, value] = *entry;
  first_.erase(found);
  if (value.locked) locks_.give_back(name);
  if (value.queue.empty()) {
    values_.erase(values_.find(name));
    return std::nullopt;
  }
  const Queued next = value.queue.front();
  value.queue.pop_front();
  value.locked = false;
  value.pause = Duration{0};
  --queued_;
  queued_records_ -= next.records;
  queued_bytes_ -= next.bytes;
  first_.emplace(next.job, entry);
  return next.job;
}

std::vector<JobId> Mutexes::drain() {
  std::vector<JobId> jobs;
  for (const auto& [when, job] : parked_) jobs.push_back(job);
  parked_.clear();
  for (auto& [name, value] : values_) {
    for (const Queued& queued : value.queue) jobs.push_back(queued.job);
    value.queue.clear();
  }
  queued_ = queued_records_ = queued_bytes_ = 0;
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

}  // namespace distaff
