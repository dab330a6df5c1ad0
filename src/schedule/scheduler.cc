#include "schedule/scheduler.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "schedule/draw.h"
#include "schedule/scheduler_state.h"

namespace distaff {
namespace {

constexpr std::size_t kForgottenAtOnce = 1024;

}  // namespace

using namespace scheduling;

Scheduler::Scheduler(Options options) : impl_(std::make_unique<Impl>(options)) {
  assert(options.slots >= 0);
}
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler::~Scheduler() = default;

GroupId Scheduler::add_group(const GroupLimits& limits) {
  assert(!limits.parallelism || *limits.parallelism >= 1);
  assert(limits.throttle.least.count() >= 0 && limits.throttle.least <= limits.throttle.most);
  Impl& state = *impl_;
  Index index = static_cast<Index>(state.groups.size());
  if (state.free_groups.empty()) {
    state.groups.emplace_back();
  } else {
    index = state.free_groups.back();
    state.free_groups.pop_back();
  }
  Group& group = state.groups[index];
  group.alive = true;
  group.limit =
      limits.throttle.any() ? 1 : limits.parallelism.value_or(std::numeric_limits<int>::max());
  group.throttle = limits.throttle;
  if (limits.rate) group.bucket = std::make_unique<TokenBucket>(*limits.rate);
  state.update(index);
  return GroupId{index};
}

bool Scheduler::has_room() const {
  // Jobs that wait for a retry hold no slot, so nothing else bounds how many fail meanwhile.
  const std::size_t retrying = impl_->retries.size();
  if (retrying >= impl_->buffer) return false;
  if (retrying > 1 && impl_->retrying_bytes >= impl_->buffer_bytes) return false;
  return impl_->waiting_records == 0 ||
         (impl_->waiting_records < impl_->buffer && impl_->waiting_bytes < impl_->buffer_bytes);
}

bool Scheduler::wants_more(TimePoint now) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  if (!has_room()) return false;
  const int free = state.slots - state.running;
  if (free <= 0) return false;
  if (!state.counted.valid || now < state.counted.at || now >= state.counted.until) {
    state.count(now, free);
  }
  return state.counted.jobs < free;
}

void Scheduler::add(JobId job, std::optional<GroupId> group, std::size_t records,
                    std::size_t bytes) {
  Impl& state = *impl_;
  const Index index = group ? number(*group) : kLane;
  assert(index < state.groups.size() && state.groups[index].alive);
  Count& count = state.counted;
  if (count.valid) count.jobs -= state.startable(index, count.at, true);
  JobTable::Entry entry;
  entry.id = job;
  entry.age = state.next_age++;
  entry.records = records;
  entry.bytes = bytes;
  entry.group = index;
  entry.state = State::waiting;
  Group& its = state.groups[index];
  state.link(its, state.jobs.add(entry));
  if (its.waiting == 1) state.update(index);
  if (count.valid) count.jobs += state.startable(index, count.at, true);
}

std::optional<JobId> Scheduler::pick(TimePoint now) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  if (state.running >= state.slots || now < state.next_start) return std::nullopt;
  Place place = JobTable::kNone;
  if (const auto retrying = state.by_retry.oldest_at(now)) {
    place = state.first_retry(*retrying);
  } else if (const auto open = state.by_age.oldest_at(now)) {
    place = state.groups[*open].head;
  } else {
    return std::nullopt;
  }
  state.take_out(place);
  state.start(place, now);
  return state.jobs[place].id;
}

bool Scheduler::pick_this(JobId job, TimePoint now) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  const auto when = wake_at_this(job, now);
  if (!when || *when > now) return false;
  const Place place = state.jobs.find(job);
  state.take_out(place);
  state.start(place, now);
  return true;
}

std::optional<TimePoint> Scheduler::wake_at_this(JobId job, TimePoint now) {
  Impl& state = *impl_;
  const Place place = state.jobs.find(job);
  if (place == JobTable::kNone) return std::nullopt;
  const auto& entry = state.jobs[place];
  const Group& group = state.groups[entry.group];
  const TimePoint least = std::max({group.hold(), state.next_start, now});
  if (entry.state == State::retrying) return std::max(entry.again_at, least);
  if (entry.state != State::waiting || group.head != place) return std::nullopt;
  return group.running < group.limit ? std::optional(least) : std::nullopt;
}

void Scheduler::put_back(JobId job) {
  Impl& state = *impl_;
  const Place place = state.find(job, State::running);
  auto& entry = state.jobs[place];
  Group& group = state.groups[entry.group];
  --state.running;
  if (group.bucket) group.bucket->give_back(entry.picked_at);
  if (state.last_start == place) {
    state.next_start = state.next_start_before;
    state.last_start = JobTable::kNone;
  }
  if (entry.again) {
    state.link_retry(group, place);
  } else {
    --group.running;
    state.link(group, place);
  }
  state.counted.valid = false;
  state.update(entry.group);
}

void Scheduler::end(JobId job, TimePoint now, std::optional<Duration> rest) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  const Place place = state.find(job, State::running);
  const Index index = state.jobs[place].group;
  Group& group = state.groups[index];
  --state.running;
  --group.running;
  if (index != kLane) state.rest(group, now, rest);
  if (state.last_start == place) state.last_start = JobTable::kNone;
  state.jobs.remove(place);
  state.counted.valid = false;
  state.update(index);
}

void Scheduler::go_on(JobId job, std::optional<GroupId> group, TimePoint now,
                      std::optional<Duration> rest) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  const Place place = state.find(job, State::running);
  auto& entry = state.jobs[place];
  const Index left = entry.group;
  --state.running;
  --state.groups[left].running;
  if (left != kLane) state.rest(state.groups[left], now, rest);
  if (state.last_start == place) state.last_start = JobTable::kNone;
  entry.group = group ? number(*group) : kLane;
  entry.again = false;
  state.link(state.groups[entry.group], place);
  state.counted.valid = false;
  state.update(left);
  state.update(entry.group);
}

void Scheduler::retry(JobId job, TimePoint again_at) {
  Impl& state = *impl_;
  const Place place = state.find(job, State::running);
  auto& entry = state.jobs[place];
  --state.running;
  if (state.last_start == place) state.last_start = JobTable::kNone;
  entry.again = true;
  entry.again_at = again_at;
  state.link_retry(state.groups[entry.group], place);
  state.counted.valid = false;
  state.update(entry.group);
}

Duration Scheduler::draw_rest(GroupId group) {
  assert(number(group) < impl_->groups.size() && impl_->groups[number(group)].alive);
  return draw(impl_->groups[number(group)].throttle, impl_->random);
}

void Scheduler::drop(JobId job) {
  const Place place = impl_->jobs.find(job);
  assert(place != JobTable::kNone);
  impl_->drop(place);
}

void Scheduler::pause(GroupId group, TimePoint until) {
  assert(number(group) < impl_->groups.size() && impl_->groups[number(group)].alive);
  if (until > impl_->groups[number(group)].paused_until) set_pause(group, until);
}

void Scheduler::set_pause(GroupId group, TimePoint until) {
  assert(number(group) < impl_->groups.size() && impl_->groups[number(group)].alive);
  impl_->groups[number(group)].paused_until = until;
  impl_->counted.valid = false;
  impl_->update(number(group));
}

TimePoint Scheduler::held_until(GroupId group) const {
  assert(number(group) < impl_->groups.size() && impl_->groups[number(group)].alive);
  return impl_->groups[number(group)].hold();
}

void Scheduler::set_slots(int slots) {
  assert(slots >= 0);
  impl_->slots = slots;
  impl_->counted.valid = false;
}

std::optional<TimePoint> Scheduler::wake_at(TimePoint now) {
  Impl& state = *impl_;
  if (state.running >= state.slots) return std::nullopt;
  const TimePoint first = std::min(state.by_age.earliest(), state.by_retry.earliest());
  if (first == kNever) return std::nullopt;
  return std::max({first, state.next_start, now});
}

std::vector<GroupId> Scheduler::take_forgotten(TimePoint now) {
  Impl& state = *impl_;
  std::vector<GroupId> forgotten;
  while (!state.idle.empty() && state.idle.first().at <= now &&
         forgotten.size() < kForgottenAtOnce) {
    const Index index = state.idle.first().id;
    state.idle.remove(index);
    state.groups[index] = Group{};
    state.free_groups.push_back(index);
    forgotten.push_back(GroupId{index});
  }
  return forgotten;
}

std::size_t Scheduler::waiting() const { return impl_->waiting_jobs; }
std::size_t Scheduler::waiting_records() const { return impl_->waiting_records; }
std::size_t Scheduler::retrying() const { return impl_->retries.size(); }
int Scheduler::running() const { return impl_->running; }

std::size_t Scheduler::resting_groups(TimePoint now) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  TimeHeap& resting = state.resting;
  while (!resting.empty() && resting.first().at <= now) resting.remove(resting.first().id);
  return resting.size();
}

std::vector<Scheduler::Held> Scheduler::held_groups(TimePoint now, std::size_t most) {
  const std::size_t count = std::min(resting_groups(now), most);
  const auto sooner = [](const TimeHeap::Entry& a, const TimeHeap::Entry& b) {
    return a.at != b.at ? a.at < b.at : a.id < b.id;
  };
  std::vector<TimeHeap::Entry> first(count);
  const auto& all = impl_->resting.entries();
  std::partial_sort_copy(all.begin(), all.end(), first.begin(), first.end(), sooner);
  std::vector<Held> held;
  held.reserve(count);
  for (const TimeHeap::Entry& entry : first) {
    const Group& group = impl_->groups[entry.id];
    const Held::Why why = group.paused_until >= entry.at ? Held::Why::pause
                          : group.rest_until >= entry.at ? Held::Why::rest
                                                         : Held::Why::rate;
    held.push_back({GroupId{entry.id}, entry.at, why});
  }
  return held;
}

std::vector<JobId> Scheduler::drain() {
  Impl& state = *impl_;
  std::vector<std::pair<std::uint64_t, Place>> found;
  for (Place place = 0; place < state.jobs.entries().size(); ++place) {
    const auto& entry = state.jobs[place];
    if (entry.state == State::waiting || entry.state == State::retrying) {
      found.emplace_back(entry.age, place);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<JobId> drained;
  drained.reserve(found.size());
  for (const auto& [age, place] : found) {
    drained.push_back(state.jobs[place].id);
    state.drop(place);
  }
  return drained;
}

}  // namespace distaff
