#pragma once

// A world for the engine: time that passes only when it waits, jobs that do as they are told.

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collate/byte_sink.h"
#include "engine/waiter.h"
#include "exec/executor.h"
#include "input/source.h"

namespace distaff::fake {

using namespace std::chrono_literals;

inline TimePoint at(Duration since_start) { return TimePoint{since_start}; }

// Gives records when their time has come.
class ListSource final : public Source {
 public:
  explicit ListSource(const TimePoint& now) : now_(now) {}

  void add(std::string text, Duration when = 0s) {
    Record record;
    record.text = std::move(text);
    records_.emplace_back(at(when), std::move(record));
  }
  void fail_at_end(std::string why) { error_.message = std::move(why); }

  Next next(Record& record) override {
    if (records_.empty()) return error_.message.empty() ? Next::end : Next::failed;
    if (records_.front().first > now_) return Next::wait;
    record = std::move(records_.front().second);
    records_.pop_front();
    if (when_taken) when_taken();
    ++taken;
    return Next::record;
  }
  const Error& error() const override { return error_; }
  std::optional<TimePoint> next_time() const {
    if (records_.empty()) return std::nullopt;
    return records_.front().first;
  }

  int taken = 0;
  std::function<void()> when_taken;  // reading may take time

 private:
  const TimePoint& now_;
  std::deque<std::pair<TimePoint, Record>> records_;
  Error error_;
};

// Takes everything at once, unless told to be slow.
class MemorySink final : public ByteSink {
 public:
  void write(Stream stream, std::string_view bytes) override {
    if (fails_from_now != Condition::good) state = fails_from_now;
    (stream == Stream::out ? out : err) += bytes;
  }
  std::size_t pending() const override { return stuck; }
  Condition condition() const override { return state; }
  std::string failure() const override { return "cannot write"; }

  std::string out, err;
  std::size_t stuck = 0;
  Condition state = Condition::good;
  Condition fails_from_now = Condition::good;  // what the next write brings
};

// What a job does, by its last argument.
struct Behaviour {
  Duration runs = 1s;
  std::string out, err;
  Outcome outcome = Outcome::exited(0);
  bool ignores_term = false;
  std::optional<Outcome> at_term;  // how it ends when it is told by TERM, if it has a handler
  Executor::StartResult start;
  std::shared_ptr<Behaviour> then;  // what its next attempts do
  std::string hop;                  // it does not end but needs another request, to this URL
  std::optional<Duration> retry_after;
  Duration rest_at_least{0};
  int in_vain = 0;  // it asked for what several need, and so often that failed
};

class FakeExecutor final : public Executor {
 public:
  struct Started {
    std::string word;
    TimePoint at;
    std::vector<std::string> env;
  };

  explicit FakeExecutor(const TimePoint& now) : now_(now) {}

  std::map<std::string, Behaviour> behaviours;
  std::vector<Started> starts;
  std::vector<std::pair<TimePoint, int>> signals;
  int shortages = 0;  // so many starts fail for a shortage first
  int shortages_after_first = 0;
  Outcome shortage = Outcome::not_started(EAGAIN, "no process left");
  int most_running = 0;  // at once
  ExecEvents* events = nullptr;

  StartResult start(JobId job, const Launch& launch) override {
    if (shortages > 0) {
      --shortages;
      return {Start::shortage, shortage};
    }
    shortages = std::exchange(shortages_after_first, 0);
    Behaviour& known = behaviours[launch.argv.back()];
    const Behaviour what = known;
    if (what.then) known = *what.then;
    if (what.start.start != Start::started) return what.start;
    starts.push_back({launch.argv.back(), now_, launch.env});
    running_.push_back({job, now_, now_ + what.runs, what});
    most_running = std::max(most_running, running());
    return {};
  }
  void signal(JobId job, int signal) override {
    signals.emplace_back(now_, signal);
    for (Child& child : running_) {
      if (child.job == job) hit(child, signal);
    }
  }
  void signal_all(int signal) override {
    signals.emplace_back(now_, signal);
    for (Child& child : running_) hit(child, signal);
  }
  void read_again(JobId) override {}
  void read_again() override {}
  int running() const override { return static_cast<int>(running_.size()); }

  std::optional<TimePoint> next_time() const {
    std::optional<TimePoint> earliest;
    for (const Child& child : running_) {
      if (!earliest || child.ends < *earliest) earliest = child.ends;
    }
    return earliest;
  }

  // Ends one job whose time has come.
  bool step() {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (running_[i].ends > now_) continue;
      const Child child = running_[i];
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      if (!child.what.out.empty()) events->on_output(child.job, Stream::out, child.what.out);
      if (!child.what.err.empty()) events->on_output(child.job, Stream::err, child.what.err);
      Attempt attempt{child.what.outcome, {}, child.told};
      attempt.usage.wall = now_ - child.started;
      attempt.retry_after = child.what.retry_after;
      attempt.rest_at_least = child.what.rest_at_least;
      attempt.response = std::make_shared<Response>();
      if (child.what.in_vain > 0) {
        attempt.again_in = events->again_in(child.job, attempt, child.what.in_vain);
        attempt.once_only = !attempt.again_in;
      }
      if (!child.what.hop.empty() && (child.what.in_vain == 0 || attempt.again_in)) {
        events->on_hop(child.job, attempt, child.what.hop);
        return true;
      }
      events->on_end(child.job, attempt);
      events->on_closed(child.job, false);
      return true;
    }
    return false;
  }

 private:
  struct Child {
    JobId job;
    TimePoint started, ends;
    Behaviour what;
    bool told = false;
  };

  void hit(Child& child, int signal) {
    if (child.ends <= now_) return;  // it has ended by itself
    child.told = true;
    if (signal == SIGTERM && child.what.ignores_term) return;
    child.what.outcome = Outcome::signalled(signal);
    if (signal == SIGTERM && child.what.at_term) child.what.outcome = *child.what.at_term;
    child.ends = now_;
    child.what.hop.clear();
  }

  const TimePoint& now_;
  std::vector<Child> running_;
};

class FakeWaiter final : public Waiter {
 public:
  FakeWaiter(TimePoint& now, FakeExecutor& executor, ListSource& source)
      : now_(now), executor_(executor), source_(source) {}

  TimePoint now() override { return now_; }

  void wait(std::optional<TimePoint> until, bool input) override {
    ++waits;
    if (look) look();
    if (executor_.step()) return;
    std::optional<TimePoint> next = until;
    const auto consider = [&](std::optional<TimePoint> time) {
      if (time && (!next || *time < *next)) next = time;
    };
    consider(executor_.next_time());
    if (input) consider(source_.next_time());
    if (!scheduled.empty()) consider(scheduled.begin()->first);
    if (!next) throw std::logic_error("the engine waits for nothing");
    now_ = std::max(now_, *next);
    while (!scheduled.empty() && scheduled.begin()->first <= now_) {
      const auto action = scheduled.begin()->second;
      scheduled.erase(scheduled.begin());
      action();
    }
    executor_.step();
  }

  std::multimap<TimePoint, std::function<void()>> scheduled;
  std::function<void()> look;  // at each wait
  int waits = 0;

 private:
  TimePoint& now_;
  FakeExecutor& executor_;
  ListSource& source_;
};

}  // namespace distaff::fake
