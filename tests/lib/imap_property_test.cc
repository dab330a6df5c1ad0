// Random programs: sources, groups, limits, rests, failures, breaks, on one executor after the
// other. From the trace of each the promises I1 to I9 of imap() are checked. DISTAFF_PROPERTY_COUNT
// says how many, DISTAFF_PROPERTY_SEED which is the first; a failure names its seed.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "distaff/imap.h"
#include "lib/probe.h"
#include "lib/random_programs.h"

namespace distaff::imap_property_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

enum class Order { fifo, lifo, greatest };

// Everything that a program draws.
struct Program : Draw {
  explicit Program(std::uint64_t seed) : Draw(seed) {
    workers = one_of({0, 1, 2, 3, 8});
    items = one_of({0, 1, 5, 40, 200});
    buffer = one_of({0, 1, 3, 20, 1024});
    if (chance(4)) window = one_of({1, 2, 10, 2000});
    ordered = chance(2);
    groups = one_of({0, 1, 3, 20});
    no_group_of = one_of({0, 0, 2, 5});
    parallelism = one_of({1, 1, 2, 5});
    computed = chance(3);
    if (chance(3)) rest = microseconds(one_of({50, 500, 2000}));
    rests_by_outcome = rest.count() > 0 && chance(2);
    if (rest.count() > 0) items = std::min(items, 40);
    if (chance(3)) fails_at = draw(items + 1);
    policy = chance(2) ? ErrorPolicy::raise : ErrorPolicy::ignore;
    if (chance(4)) breaks_at = draw(items + 1);
    if (chance(6)) source_throws_at = draw(items + 1);
    if (chance(3)) queue = static_cast<Order>(draw(3));
    job_time = microseconds(one_of({0, 0, 20, 300}));
    body_time = microseconds(one_of({0, 0, 0, 100}));
    if (rest.count() > 0 && !computed && !rests_by_outcome) parallelism = 1;
    if (queue) source_throws_at.reset();
  }

  // In which group an item is: nothing for some.
  std::optional<int> group_of(int item) const {
    if (groups == 0 || (no_group_of > 0 && item % no_group_of == 0)) return std::nullopt;
    return (item * 7 + item / 3) % groups;
  }
  int limit_of(int group) const {
    if (rest.count() > 0 && !rests_by_outcome) return 1;
    return computed ? 1 + group % 3 : parallelism;
  }
  bool fails(int item) const {
    return fails_at && item >= *fails_at && (item - *fails_at) % 7 == 0;
  }
  // Whether `item` may not start after `other` in a group that takes one at a time.
  bool is_before(int item, int other) const {
    return queue && *queue != Order::fifo ? item > other : item < other;
  }
  int bound() const {
    const int ahead = queue ? 1024 : buffer;
    return window.value_or(ahead + std::max(1, workers));
  }

  int workers = 1, items = 0, buffer = 0, groups = 0, no_group_of = 0, parallelism = 1;
  std::optional<int> window, fails_at, breaks_at, source_throws_at;
  bool ordered = false, computed = false, rests_by_outcome = false;
  std::optional<Order> queue;
  microseconds rest{0}, job_time{0}, body_time{0};
  ErrorPolicy policy = ErrorPolicy::raise;
};

// What happened, checked as it happens.
class Trace {
 public:
  Trace(const Program& program, int run) : program_(program), run_(run) {}

  void pulled(int) {
    const std::lock_guard lock(mutex_);
    ++pulled_;
    if (pulled_ - delivered_ > program_.bound())
      wrong("I1: " + std::to_string(pulled_ - delivered_) + " items are out");
  }

  void started(int item) {
    const std::lock_guard lock(mutex_);
    if (over_) wrong("I9: a job starts after the end");
    if (!seen_.insert(item).second) wrong("item " + std::to_string(item) + " runs twice");
    const auto group = program_.group_of(item);
    if (!group) return;
    Group& its = groups_[*group];
    if (++its.running > program_.limit_of(*group))
      wrong("I2: too many of group " + std::to_string(*group));
    // With several at once, one may have been picked just before another's end was known.
    if (program_.limit_of(*group) == 1) {
      if (its.last_end && Clock::now() < *its.last_end + its.rest) {
        wrong("I3: group " + std::to_string(*group) + " starts early");
      }
      if (its.last_item && program_.is_before(item, *its.last_item)) wrong("I4: not in order");
    }
    its.last_item = item;
  }

  // The last thing in a job; the rest that the program says counts from here at the earliest.
  void ending(int item) {
    const std::lock_guard lock(mutex_);
    const auto group = program_.group_of(item);
    if (!group) return;
    Group& its = groups_[*group];
    --its.running;
    its.last_end = Clock::now();
    its.rest = program_.rests_by_outcome && !program_.fails(item) ? 0us : program_.rest;
  }

  void taken(std::pair<int, int> result) {
    const std::lock_guard lock(mutex_);
    if (result.first != run_) wrong("I8: a result of another run");
    // Results of a queue come in the order in which its items got their turn.
    const bool is_by_item = !program_.queue || *program_.queue == Order::fifo;
    if (program_.ordered && is_by_item && !results_.empty() && result.second <= results_.back())
      wrong("I5: not in order");
    if (program_.fails(result.second)) wrong("a failed job has a result");
    results_.push_back(result.second);
  }
  void delivered() {
    const std::lock_guard lock(mutex_);
    ++delivered_;
  }
  // Failed jobs that a policy passes over are done with when the run has seen them; nobody tells
  // us, so they count as soon as they have ended.
  void passed_over() { delivered(); }

  void over(bool to_the_end) {
    const std::lock_guard lock(mutex_);
    over_ = true;
    for (const auto& [name, group] : groups_) {
      if (group.running != 0) wrong("I9: a job runs after the end");
    }
    if (!to_the_end) return;
    std::vector<int> expected;
    for (int i = 0; i < program_.items; ++i) {
      if (!program_.fails(i)) expected.push_back(i);
    }
    auto got = results_;
    std::sort(got.begin(), got.end());
    if (got != expected)
      wrong("not each item once: " + std::to_string(got.size()) + " of " +
            std::to_string(expected.size()));
  }

  // What the run left in its queue: together with what was started, each item once.
  void left(std::vector<int> items) {
    const std::lock_guard lock(mutex_);
    items.insert(items.end(), seen_.begin(), seen_.end());
    std::sort(items.begin(), items.end());
    if (items != up_to(program_.items)) {
      wrong("of " + std::to_string(program_.items) + " items " + std::to_string(items.size()) +
            " were started or are left");
    }
  }

  std::string faults() const { return faults_; }
  std::vector<int> results() const { return results_; }

 private:
  struct Group {
    int running = 0;
    std::optional<int> last_item;
    std::optional<Clock::time_point> last_end;
    microseconds rest{0};
  };

  void wrong(const std::string& what) {
    if (faults_.size() < 500) faults_ += what + "\n";
  }

  const Program& program_;
  const int run_;
  std::mutex mutex_;
  std::map<int, Group> groups_;
  std::set<int> seen_;
  std::vector<int> results_;
  std::string faults_;
  int pulled_ = 0, delivered_ = 0;
  bool over_ = false;
};

// One run of the program; what it should end with is known only where nothing cuts it short.
template <class Source, class Groups>
std::string run(Program& program, Executor& executor, int number, Source&& source,
                const Groups& groups, Trace& trace) {
  const auto job = [&program, &trace, number](int item) {
    trace.started(item);
    busy_for(program.job_time);
    const bool fails = program.fails(item);
    if (fails && program.policy != ErrorPolicy::raise) trace.passed_over();
    trace.ending(item);
    if (fails) throw std::range_error("job");
    return std::pair(number, item);
  };
  const RunOptions options{
      .buffer_size = program.buffer, .window = program.window, .on_error = program.policy};
  std::string ended = "end";
  try {
    auto results =
        program.ordered
            ? executor.imap(std::forward<Source>(source), job, groups, options)
            : executor.imap_unordered(std::forward<Source>(source), job, groups, options);
    int taken = 0;
    for (const auto& result : results) {
      trace.taken(result);
      if (taken++ == program.breaks_at) {
        ended = "break";
        break;
      }
      busy_for(program.body_time);
      trace.delivered();
    }
  } catch (const std::range_error& error) {
    ended = error.what();
  }
  trace.over(ended == "end");
  std::string faults = trace.faults();
  const bool some_fail =
      program.policy == ErrorPolicy::raise && program.fails_at && *program.fails_at < program.items;
  const bool source_fails = program.source_throws_at && *program.source_throws_at <= program.items;
  if (ended == "end" && (some_fail || source_fails)) faults += "an exception is lost\n";
  if (ended == "job" && !some_fail) faults += "an exception from nowhere\n";
  if (ended == "source" && !source_fails) faults += "an exception from nowhere\n";
  if (ended == "source" && program.policy != ErrorPolicy::raise) {
    int before = 0;
    for (int i = 0; i < *program.source_throws_at; ++i) before += !program.fails(i);
    if (static_cast<int>(trace.results().size()) != before)
      faults += "results before the source's exception are lost\n";
  }
  return faults;
}

template <class AQueue, class Groups>
std::string run_queue(Program& program, Executor& executor, int number, const Groups& groups,
                      Trace& trace) {
  AQueue queue;
  for (int i = 0; i < program.items; ++i) queue.push(i);
  std::string faults = run(program, executor, number, queue, groups, trace);
  std::vector<int> left;
  while (const auto item = queue.try_pop()) {
    if (!left.empty() && program.is_before(*item, left.back())) faults += "left out of order\n";
    left.push_back(*item);
  }
  const std::string before = trace.faults();
  trace.left(std::move(left));
  return faults + trace.faults().substr(before.size());
}

template <class Groups>
std::string run_with(Program& program, Executor& executor, int number, const Groups& groups) {
  Trace trace(program, number);
  if (program.queue == Order::fifo) {
    return run_queue<Queue<int>>(program, executor, number, groups, trace);
  }
  if (program.queue == Order::lifo) {
    return run_queue<LifoQueue<int>>(program, executor, number, groups, trace);
  }
  if (program.queue == Order::greatest) {
    return run_queue<PriorityQueue<int>>(program, executor, number, groups, trace);
  }
  auto source = [&program, &trace, next = 0]() mutable -> std::optional<int> {
    if (next == program.source_throws_at) throw std::range_error("source");
    if (next == program.items) return std::nullopt;
    trace.pulled(next);
    return next++;
  };
  return run(program, executor, number, source, groups, trace);
}

std::string run_program(Program& program, Executor& executor, int number) {
  if (program.groups == 0) return run_with(program, executor, number, NoGroups{});
  const auto key = by([&program](int item) { return program.group_of(item); });
  const auto limit = [&program](int group) { return program.limit_of(group); };
  const auto rest = [&program](int, int, const auto& outcome) {
    return outcome.ok() ? 0us : program.rest;
  };
  if (program.rests_by_outcome && program.computed) {
    return run_with(program, executor, number, key.parallelism(limit).throttle(rest));
  }
  if (program.rests_by_outcome) {
    return run_with(program, executor, number, key.parallelism(program.parallelism).throttle(rest));
  }
  if (program.computed) {
    return run_with(program, executor, number, key.parallelism(limit).throttle(program.rest));
  }
  return run_with(program, executor, number,
                  key.parallelism(program.parallelism).throttle(program.rest));
}

TEST(ImapProperty, I1_to_I9_HoldForRandomPrograms) {
  const std::uint64_t count = from_environment("DISTAFF_PROPERTY_COUNT", kSanitized ? 60 : 300);
  const std::uint64_t first = from_environment("DISTAFF_PROPERTY_SEED", 1);
  Watchdog watchdog;
  std::map<int, std::unique_ptr<Executor>> executors;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    watchdog.begin(seed);
    Program program(seed);
    auto& executor = executors[program.workers];
    if (executor == nullptr || program.chance(10)) {
      executor.reset();
      executor = std::make_unique<Executor>(program.workers);
    }
    const std::string faults = run_program(program, *executor, static_cast<int>(seed));
    ASSERT_EQ(faults, "") << "DISTAFF_PROPERTY_SEED=" << seed;
  }
}

}  // namespace
}  // namespace distaff::imap_property_test
