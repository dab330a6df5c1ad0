#include "schedule/scheduler_state.h"

#include <cassert>

#include "schedule/draw.h"

namespace distaff {

using namespace scheduling;

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

void Scheduler::Impl::link_retry(Group& group, Place place) {
  auto& entry = jobs[place];
  entry.state = State::retrying;
  retries.insert({entry.group, entry.again_at, entry.age, place});
  ++group.retrying;
  ++waiting_jobs;
  retrying_bytes += entry.bytes;
}

void Scheduler::Impl::unlink_retry(Group& group, Place place) {
  const auto& entry = jobs[place];
  retries.erase({entry.group, entry.again_at, entry.age, place});
  --group.retrying;
  --waiting_jobs;
  retrying_bytes -= entry.bytes;
}

Place Scheduler::Impl::first_retry(Index index) const {
  return std::get<3>(*retries.lower_bound({index, kAlways, 0, 0}));
}

// Of those that wait, as it is about to start.
void Scheduler::Impl::take_out(Place place) {
  const auto& entry = jobs[place];
  Group& group = groups[entry.group];
  if (entry.state == State::retrying) {
    unlink_retry(group, place);
  } else {
    unlink(group, place);
    ++group.running;
  }
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
  // It was one of those counted, or makes room for one more that was not.  A bucket that was full
  // now has a next token to expect: startable() notes when.
  if (counted.valid && now < counted.until) {
    counted.jobs = std::max<std::int64_t>(0, counted.jobs - 1);
    if (groups[entry.group].bucket) startable(entry.group, now, true);
  } else {
    counted.valid = false;
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
    by_age.put(index, jobs[group.head].age, hold);
    if (hold > latest) {
      resting.put(index, hold);
    } else {
      resting.remove(index);
    }
  } else {
    by_age.remove(index);
    resting.remove(index);
  }
  if (group.retrying > 0) {
    const auto& first = jobs[first_retry(index)];
    by_retry.put(index, first.age, std::max(first.again_at, hold));
  } else {
    by_retry.remove(index);
  }
  if (group.waiting == 0 && group.running == 0 && index != kLane) {
    idle.put(index, group.forget_at());
  } else {
    idle.remove(index);
  }
}

std::int64_t Scheduler::Impl::due_retries(Index index, TimePoint now, std::int64_t most) {
  std::int64_t due = 0;
  for (auto retry = retries.lower_bound({index, kAlways, 0, 0});
       retry != retries.end() && std::get<0>(*retry) == index && due < most; ++retry) {
    if (std::get<1>(*retry) > now) {
      counted.until = std::min(counted.until, std::get<1>(*retry));
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
    counted.until = std::min(counted.until, group.held_until());
    return 0;
  }
  const std::int64_t tokens =
      group.bucket ? group.bucket->available(now) : std::numeric_limits<std::int64_t>::max();
  const std::int64_t due = group.retrying > 0 ? due_retries(index, now, slots) : 0;
  if (group.bucket) {
    counted.until = std::min(counted.until, group.bucket->available_at(tokens + 1));
  }
  if (!open) return std::min(due, tokens);
  const std::int64_t places = std::max(0, group.limit - group.running);
  return std::max<std::int64_t>(0, std::min({group.waiting, places, tokens - due}));
}

void Scheduler::Impl::count(TimePoint now, std::int64_t enough) {
  counted = {true, 0, now, kNever};
  const auto add = [&](bool open) {
    return [this, now, enough, open](Index index) {
      counted.jobs += startable(index, now, open);
      return counted.jobs < enough;
    };
  };
  const TimePoint next_retry = by_retry.visit(now, add(false));
  const TimePoint next = counted.jobs < enough ? by_age.visit(now, add(true)) : kNever;
  counted.until = std::min({counted.until, next_retry, next});
}

void Scheduler::Impl::drop(Place place) {
  auto& entry = jobs[place];
  Group& group = groups[entry.group];
  const Index index = entry.group;
  if (entry.state == State::waiting) {
    unlink(group, place);
  } else {
    assert(entry.state == State::retrying);
    unlink_retry(group, place);
    --group.running;
    rest(group, entry.again_at, std::nullopt);
  }
  jobs.remove(place);
  counted.valid = false;
  update(index);
}

}  // namespace distaff
