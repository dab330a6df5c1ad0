#include "schedule/scheduler.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "schedule/age_tree.h"
#include "schedule/draw.h"
#include "schedule/job_table.h"
#include "schedule/time_heap.h"
#include "schedule/token_bucket.h"

// How it is kept.  Each group has a queue of waiting jobs and a moment, its hold, before which
// nothing of it may start: the latest of its rest, its pause and its next token.  Groups that could
// start their oldest waiting job but for the hold stand in `open_`, a tree that gives the oldest
// for a time; those with a job that waits for its retry in `again_`, another such tree, which is
// asked first.  Groups with nothing to do stand in `idle_`, by the time from which they can be
// forgotten.  After each change of a group, update() puts it where it belongs; nothing else does.
//
// Jobs without a group are one more group, without limits: the lane.  As it never holds anything,
// its order by age is the order in which groups of one job each would go.

namespace distaff {
namespace {

using Index = std::uint32_t;  // of a group
using Place = JobTable::Place;
using State = JobTable::State;

constexpr Index kLane = 0;
constexpr TimePoint kAlways = TimePoint::min();
constexpr TimePoint kNever = TimePoint::max();
constexpr std::size_t kForgottenAtOnce = 1024;

TimePoint after(TimePoint at, Duration wait) {
  if (at > TimePoint{} && wait >= kNever - at) return kNever;
  return at + wait;
}

struct Group {
  bool alive = false;
  int limit = 1;
  Throttle throttle;
  std::unique_ptr<TokenBucket> bucket;

  Place head = JobTable::kNone;  // waiting jobs, by age
  Place tail = JobTable::kNone;
  std::int64_t waiting = 0;
  int running = 0;   // jobs, also those that wait for a retry
  int retrying = 0;  // of these, those that wait for a retry
  TimePoint rest_until = kAlways;
  TimePoint paused_until = kAlways;

  TimePoint held_until() const { return std::max(rest_until, paused_until); }
  TimePoint hold() const {
    return bucket ? std::max(held_until(), bucket->available_at(1)) : held_until();
  }
  TimePoint forget_at() const {
    return bucket ? std::max(held_until(), bucket->full_at()) : held_until();
  }
};

// How many jobs may start, as of a time: for wants_more(), which is asked before each record, so
// counting anew each time would be quadratic in the slots.
struct Count {
  bool valid = false;
  std::int64_t jobs = 0;     // at least so many; exact if less than the slots that were free
  TimePoint at = kAlways;    // counted at
  TimePoint until = kNever;  // from then on there may be more
};

}  // namespace

struct Scheduler::Impl {
  explicit Impl(const Options& options);

  Place find(JobId job, State state);
  void link(Group& group, Place place);
  void unlink(Group& group, Place place);
  Place first_retry(Index index) const;
  void start(Place place, TimePoint now);
  void rest(Group& group, TimePoint from, std::optional<Duration> given);
  void update(Index index);
  std::int64_t due_retries(Index index, TimePoint now, std::int64_t most);
  std::int64_t startable(Index index, TimePoint now, bool open);
  void count(TimePoint now, std::int64_t enough);
  void drop(Place place);

  std::size_t buffer;
  std::size_t buffer_bytes;
  Duration delay;
  std::uint64_t random;
  int slots;

  int running = 0;  // slots taken
  std::size_t waiting_jobs = 0;
  std::size_t waiting_records = 0;
  std::size_t waiting_bytes = 0;
  std::uint64_t next_age = 1;
  TimePoint latest = kAlways;  // time seen

  TimePoint next_start = kAlways;  // for the delay
  Place last_start = JobTable::kNone;
  TimePoint next_start_before = kAlways;  // as it was without last_start

  JobTable jobs;
  std::vector<Group> groups;
  std::vector<Index> free_groups;
  std::set<std::tuple<Index, TimePoint, std::uint64_t, Place>> retries;  // group, when, age

  AgeTree open_;      // groups with waiting jobs and a free place, by the oldest
  AgeTree again_;     // groups with retries, by the first of them
  TimeHeap resting_;  // those of open_ that were held when last looked at, by their hold
  TimeHeap idle_;     // groups with no jobs, by when they can be forgotten
  Count count_;
};

Scheduler::Impl::Impl(const Options& options)
    : buffer(std::max<std::size_t>(1, options.buffer)),
      buffer_bytes(options.buffer_bytes),
      delay(options.delay),
      random(options.seed),
      slots(options.slots) {
  Group& lane = groups.emplace_back();
  lane.alive = true;
  lane.limit = std::numeric_limits<int>::max();
}

Place Scheduler::Impl::find(JobId job, [[maybe_unused]] State state) {
  const Place place = jobs.find(job);
  assert(place != JobTable::kNone && jobs[place].state == state);
  return place;
}

// Into the queue by age: at the end, or among those at the front that were put back.
void Scheduler::Impl::link(Group& group, Place place) {
  auto& entry = jobs[place];
  entry.state = State::waiting;
  Place next = JobTable::kNone;
  if (group.tail != JobTable::kNone && entry.age < jobs[group.tail].age) {
    next = group.head;
    while (jobs[next].age < entry.age) next = jobs[next].next;
  }
  entry.next = next;
  entry.previous = next == JobTable::kNone ? group.tail : jobs[next].previous;
  (entry.previous == JobTable::kNone ? group.head : jobs[entry.previous].next) = place;
  (next == JobTable::kNone ? group.tail : jobs[next].previous) = place;
  ++group.waiting;
  ++waiting_jobs;
  waiting_records += entry.records;
  waiting_bytes += entry.bytes;
}

void Scheduler::Impl::unlink(Group& group, Place place) {
  const auto& entry = jobs[place];
  (entry.previous == JobTable::kNone ? group.head : jobs[entry.previous].next) = entry.next;
  (entry.next == JobTable::kNone ? group.tail : jobs[entry.next].previous) = entry.previous;
  --group.waiting;
  --waiting_jobs;
  waiting_records -= entry.records;
  waiting_bytes -= entry.bytes;
}

Place Scheduler::Impl::first_retry(Index index) const {
  return std::get<3>(*retries.lower_bound({index, kAlways, 0, 0}));
}

void Scheduler::Impl::start(Place place, TimePoint now) {
  auto& entry = jobs[place];
  entry.state = State::running;
  entry.picked_at = now;
  ++running;
  next_start_before = next_start;
  last_start = place;
  if (delay.count() > 0) next_start = after(now, delay);
  if (auto& bucket = groups[entry.group].bucket) bucket->take(now);
  // It was one of those counted, or makes room for one more that was not.
  if (count_.valid && now < count_.until) {
    count_.jobs = std::max<std::int64_t>(0, count_.jobs - 1);
  } else {
    count_.valid = false;
  }
  update(entry.group);
}

void Scheduler::Impl::rest(Group& group, TimePoint from, std::optional<Duration> given) {
  const Duration wait = given ? *given : draw(group.throttle, random);
  if (wait.count() > 0) group.rest_until = std::max(group.rest_until, after(from, wait));
}

void Scheduler::Impl::update(Index index) {
  const Group& group = groups[index];
  const TimePoint hold = group.hold();
  if (group.waiting > 0 && group.running < group.limit) {
    open_.put(index, jobs[group.head].age, hold);
    if (hold > latest) {
      resting_.put(index, hold);
    } else {
      resting_.remove(index);
    }
  } else {
    open_.remove(index);
    resting_.remove(index);
  }
  if (group.retrying > 0) {
    const auto& first = jobs[first_retry(index)];
    again_.put(index, first.age, std::max(first.again_at, hold));
  } else {
    again_.remove(index);
  }
  if (group.waiting == 0 && group.running == 0 && index != kLane) {
    idle_.put(index, group.forget_at());
  } else {
    idle_.remove(index);
  }
}

std::int64_t Scheduler::Impl::due_retries(Index index, TimePoint now, std::int64_t most) {
  std::int64_t due = 0;
  for (auto retry = retries.lower_bound({index, kAlways, 0, 0});
       retry != retries.end() && std::get<0>(*retry) == index && due < most; ++retry) {
    if (std::get<1>(*retry) > now) {
      count_.until = std::min(count_.until, std::get<1>(*retry));
      break;
    }
    ++due;
  }
  return due;
}

// Jobs of the group that may start at `now`: with `open` waiting ones, else retries.  Notes when
// there may be more.
std::int64_t Scheduler::Impl::startable(Index index, TimePoint now, bool open) {
  const Group& group = groups[index];
  if (group.held_until() > now) {
    count_.until = std::min(count_.until, group.held_until());
    return 0;
  }
  const std::int64_t tokens =
      group.bucket ? group.bucket->available(now) : std::numeric_limits<std::int64_t>::max();
  const std::int64_t due = group.retrying > 0 ? due_retries(index, now, slots) : 0;
  if (group.bucket) {
    count_.until = std::min(count_.until, group.bucket->available_at(tokens + 1));
  }
  if (!open) return std::min(due, tokens);
  const std::int64_t places = std::max(0, group.limit - group.running);
  return std::max<std::int64_t>(0, std::min({group.waiting, places, tokens - due}));
}

void Scheduler::Impl::count(TimePoint now, std::int64_t enough) {
  count_ = {true, 0, now, kNever};
  const auto add = [&](bool open) {
    return [this, now, enough, open](Index index) {
      count_.jobs += startable(index, now, open);
      return count_.jobs < enough;
    };
  };
  const TimePoint next_retry = again_.visit(now, add(false));
  const TimePoint next = count_.jobs < enough ? open_.visit(now, add(true)) : kNever;
  count_.until = std::min({count_.until, next_retry, next});
}

void Scheduler::Impl::drop(Place place) {
  auto& entry = jobs[place];
  Group& group = groups[entry.group];
  const Index index = entry.group;
  if (entry.state == State::waiting) {
    unlink(group, place);
  } else {
    assert(entry.state == State::retrying);
    retries.erase({index, entry.again_at, entry.age, place});
    --group.retrying;
    --group.running;
    --waiting_jobs;
    rest(group, entry.again_at, std::nullopt);
  }
  jobs.remove(place);
  count_.valid = false;
  update(index);
}

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
  return impl_->waiting_records == 0 ||
         (impl_->waiting_records < impl_->buffer && impl_->waiting_bytes < impl_->buffer_bytes);
}

bool Scheduler::wants_more(TimePoint now) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  if (!has_room()) return false;
  const int free = state.slots - state.running;
  if (free <= 0) return false;
  if (!state.count_.valid || now < state.count_.at || now >= state.count_.until) {
    state.count(now, free);
  }
  return state.count_.jobs < free;
}

void Scheduler::add(JobId job, std::optional<GroupId> group, std::size_t records,
                    std::size_t bytes) {
  Impl& state = *impl_;
  assert(has_room());
  const Index index = group ? number(*group) : kLane;
  assert(index < state.groups.size() && state.groups[index].alive);
  Count& count = state.count_;
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
  if (const auto retrying = state.again_.oldest_at(now)) {
    place = state.first_retry(*retrying);
    const auto& entry = state.jobs[place];
    state.retries.erase({*retrying, entry.again_at, entry.age, place});
    --state.groups[*retrying].retrying;
    --state.waiting_jobs;
  } else if (const auto open = state.open_.oldest_at(now)) {
    Group& group = state.groups[*open];
    place = group.head;
    state.unlink(group, place);
    ++group.running;
  } else {
    return std::nullopt;
  }
  state.start(place, now);
  return state.jobs[place].id;
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
    entry.state = State::retrying;
    state.retries.insert({entry.group, entry.again_at, entry.age, place});
    ++group.retrying;
    ++state.waiting_jobs;
  } else {
    --group.running;
    state.link(group, place);
  }
  state.count_.valid = false;
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
  state.count_.valid = false;
  state.update(index);
}

void Scheduler::retry(JobId job, TimePoint again_at) {
  Impl& state = *impl_;
  const Place place = state.find(job, State::running);
  auto& entry = state.jobs[place];
  --state.running;
  if (state.last_start == place) state.last_start = JobTable::kNone;
  entry.state = State::retrying;
  entry.again = true;
  entry.again_at = again_at;
  state.retries.insert({entry.group, again_at, entry.age, place});
  ++state.groups[entry.group].retrying;
  ++state.waiting_jobs;
  state.count_.valid = false;
  state.update(entry.group);
}

void Scheduler::drop(JobId job) {
  const Place place = impl_->jobs.find(job);
  assert(place != JobTable::kNone);
  impl_->drop(place);
}

void Scheduler::pause(GroupId group, TimePoint until) {
  assert(number(group) < impl_->groups.size() && impl_->groups[number(group)].alive);
  Group& its = impl_->groups[number(group)];
  if (until <= its.paused_until) return;
  its.paused_until = until;
  impl_->count_.valid = false;
  impl_->update(number(group));
}

void Scheduler::set_slots(int slots) {
  assert(slots >= 0);
  impl_->slots = slots;
  impl_->count_.valid = false;
}

std::optional<TimePoint> Scheduler::wake_at(TimePoint now) {
  Impl& state = *impl_;
  if (state.running >= state.slots) return std::nullopt;
  const TimePoint first = std::min(state.open_.earliest(), state.again_.earliest());
  if (first == kNever) return std::nullopt;
  return std::max({first, state.next_start, now});
}

std::vector<GroupId> Scheduler::take_forgotten(TimePoint now) {
  Impl& state = *impl_;
  std::vector<GroupId> forgotten;
  while (!state.idle_.empty() && state.idle_.first().at <= now &&
         forgotten.size() < kForgottenAtOnce) {
    const Index index = state.idle_.first().id;
    state.idle_.remove(index);
    state.groups[index] = Group{};
    state.free_groups.push_back(index);
    forgotten.push_back(GroupId{index});
  }
  return forgotten;
}

std::size_t Scheduler::waiting() const { return impl_->waiting_jobs; }
std::size_t Scheduler::waiting_records() const { return impl_->waiting_records; }
int Scheduler::running() const { return impl_->running; }

std::size_t Scheduler::resting_groups(TimePoint now) {
  Impl& state = *impl_;
  state.latest = std::max(state.latest, now);
  TimeHeap& resting = state.resting_;
  while (!resting.empty() && resting.first().at <= now) resting.remove(resting.first().id);
  return resting.size();
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
