#pragma once

// Jobs that write through pipes, in virtual time.
//
// Each job is a script of writes.  Its pipes hold only so much: a write that finds no room goes on
// when somebody reads, as the kernel does it.  What the executor does with the pipes is what
// ProcessExecutor does: it asks for room before each read, leaves a pipe alone while there is none,
// reads the rest when a job ends, and does not listen for ever to what a job left behind.

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/pipe_target.h"
#include "exec/executor.h"

namespace distaff::fake {

struct Write {
  Duration after{0};  // what came before it was done
  Stream stream = Stream::out;
  std::size_t bytes = 0;
};

struct Script {
  std::vector<Write> writes;
  Duration last{0};  // from the last write to the exit
  Outcome outcome = Outcome::exited(0);
  bool ignores_term = false;
  Executor::StartResult start;
  int fails = 0;            // so many attempts exit with 1 before one ends with `outcome`
  int shortages = 0;        // so many starts fail for want of a process first
  Duration left_behind{0};  // a process of it keeps the pipes open for so long after its exit
  std::size_t leaves = 0;   // and writes so many bytes to stdout at once, as far as there is room
  std::array<std::string, 2> text;  // all it can write
};

// What is in a pipe is a stretch of its job's text.
struct Pipe {
  const std::string* text = nullptr;
  std::size_t capacity = 0;
  std::size_t written = 0;
  std::size_t taken = 0;
  bool hung_up = false;  // nobody can write to it any more

  std::size_t holds() const { return written - taken; }
  std::size_t room() const { return capacity - holds(); }

  // Takes its first bytes out.
  std::string_view take(std::size_t most) {
    const std::size_t bytes = std::min(most, holds());
    taken += bytes;
    return std::string_view(*text).substr(taken - bytes, bytes);
  }

  // As a PipeTarget tells it.
  PipeTarget::Moved moved(std::size_t bytes, std::size_t most) const {
    using Why = PipeTarget::Moved::Why;
    if (bytes == most) return {bytes, Why::most};
    if (holds() > 0) return {bytes, Why::full};
    return {bytes, hung_up ? Why::ended : Why::empty};
  }
};

// Where targets find the pipe that a number stands for.
using Pipes = std::vector<Pipe>;

class PipeExecutor final : public Executor {
 public:
  struct Options {
    std::size_t capacity = 64;  // of a pipe
    std::size_t read = 64;      // at once
    Duration grace = std::chrono::milliseconds(500);
    Duration unwatched = std::chrono::milliseconds(1);
  };
  // What became of a job.
  struct Story {
    const Script* script = nullptr;
    bool started = false, closed = false, kept_open = false, killed = false;
    std::array<std::size_t, 2> written{}, taken{};
    std::vector<std::array<std::size_t, 2>> before;  // taken, of the attempts before this one
  };

  PipeExecutor(const TimePoint& now, Pipes& pipes) : now_(now), pipes_(pipes) {}

  Options options;
  ExecEvents* events = nullptr;
  std::map<std::string, Script> scripts;  // by a job's last word
  std::map<JobId, Story> stories;
  std::function<void(JobId)> on_start;
  std::size_t taken = 0;      // bytes, of all jobs
  std::size_t most_read = 0;  // that room() granted, as far as it was there to be read
  int read_agains = 0;

  StartResult start(JobId job, const Launch& launch) override {
    Script& script = scripts.at(launch.argv.back());
    if (script.shortages > 0) {
      --script.shortages;
      return {Start::shortage, Outcome::not_started(EAGAIN, "no process left")};
    }
    if (on_start) on_start(job);
    if (script.start.start != Start::started) return script.start;
    Child& child = *children_.emplace_back(std::make_unique<Child>());
    child.id = job;
    child.script = &script;
    child.watched_from = now_ + options.unwatched;
    for (const std::size_t i : {0u, 1u}) {
      child.ends[i].fd = static_cast<int>(pipes_.size());
      pipes_.push_back({&script.text[i], options.capacity});
    }
    child.next_write = now_;
    if (!script.writes.empty()) child.next_write += script.writes[0].after;
    Story& story = stories[job];
    std::vector<std::array<std::size_t, 2>> before = std::move(story.before);
    if (story.started) before.push_back(story.taken);
    child.fails = before.size() < static_cast<std::size_t>(script.fails);
    story = {};
    story.script = &script;
    story.started = true;
    story.before = std::move(before);
    work(child);
    return {};
  }

  void signal(JobId, int) override {}
  void signal_all(int signal) override {
    for (auto& child : children_) {
      if (!child->runs) continue;
      child->told = true;
      if (signal == SIGTERM && child->script->ignores_term) continue;
      stories[child->id].killed = true;
      child->outcome = Outcome::signalled(signal);
      exit(*child);
    }
  }
  void read_again(JobId job) override {
    for (auto& child : children_) {
      if (child->id == job) read_again(*child);
    }
  }
  void read_again() override {
    for (auto& child : children_) read_again(*child);
  }
  int running() const override {
    return static_cast<int>(std::count_if(children_.begin(), children_.end(),
                                          [](const auto& child) { return !child->over; }));
  }

  // Jobs whose process cannot go on before somebody reads.
  int paused() const {
    return static_cast<int>(
        std::count_if(children_.begin(), children_.end(),
                      [](const auto& child) { return child->runs && child->to_write > 0; }));
  }
  // Both pipes of nobody are left alone.
  bool leaves_something_alone() const {
    for (const auto& child : children_) {
      for (const End& end : child->ends) {
        if (end.open && end.left_alone) return true;
      }
    }
    return false;
  }

  // Something can be delivered by step(), or the earliest time from which on it can.
  std::optional<TimePoint> next_time() const {
    std::optional<TimePoint> earliest;
    const auto consider = [&](TimePoint time) {
      if (!earliest || time < *earliest) earliest = time;
    };
    for (const auto& child : children_) {
      if (child->runs && child->to_write == 0) consider(child->next_write);
      if (!child->runs && !child->over) consider(now_);
      if (child->grace_until) consider(*child->grace_until);
      if (child->holds_until) consider(*child->holds_until);
      for (const End& end : child->ends) {
        if (ready(end)) consider(std::max(now_, child->watched_from));
      }
    }
    return earliest;
  }

  // Delivers what is ready now; `choose` picks one of so many.  False if nothing was.
  bool step(const std::function<std::size_t(std::size_t)>& choose, bool all) {
    for (auto& child : children_) work(*child);
    std::vector<std::function<void()>>& due = due_;
    due.clear();
    for (auto& owned : children_) {
      Child* const child = owned.get();
      if (!child->runs && !child->over) due.push_back([this, child] { ended(*child); });
      if (child->grace_until && *child->grace_until <= now_) {
        due.push_back([this, child] { late(*child); });
      }
      for (const std::size_t i : {0u, 1u}) {
        if (!ready(child->ends[i]) || child->watched_from > now_) continue;
        due.push_back([this, child, i] {
          if (!ready(child->ends[i])) return;
          read_some(*child, i, 1);
          close_if_done(*child);
        });
      }
    }
    if (due.empty()) return false;
    const std::size_t first = choose(due.size());
    for (std::size_t n = 0; n < (all ? due.size() : 1); ++n) due[(first + n) % due.size()]();
    children_.erase(std::remove_if(children_.begin(), children_.end(),
                                   [](const auto& child) { return child->closed; }),
                    children_.end());
    return true;
  }

 private:
  struct End {  // ours, of a pipe
    int fd = -1;
    bool open = true;
    bool left_alone = false;
    std::size_t owed = 0;
  };
  struct Child {
    JobId id{};
    const Script* script = nullptr;
    std::size_t step = 0;
    std::size_t to_write = 0;  // what remains of a write that was begun
    TimePoint next_write{};    // or the exit
    Outcome outcome;
    bool fails = false;
    TimePoint watched_from{};
    bool runs = true;
    bool told = false;
    bool over = false;  // that was reported
    bool late = false;
    bool closed = false;
    std::optional<TimePoint> holds_until;  // by what it left behind
    std::optional<TimePoint> grace_until;
    std::array<End, 2> ends;

    bool has_pipes() const { return ends[0].open || ends[1].open; }
    bool owes() const { return ends[0].owed > 0 || ends[1].owed > 0; }
  };

  Pipe& pipe(const End& end) { return pipes_[static_cast<std::size_t>(end.fd)]; }
  const Pipe& pipe(const End& end) const { return pipes_[static_cast<std::size_t>(end.fd)]; }

  bool ready(const End& end) const {
    return end.open && !end.left_alone && (pipe(end).holds() > 0 || pipe(end).hung_up);
  }

  // What the job itself does, up to now.
  void work(Child& child) {
    if (child.holds_until && *child.holds_until <= now_) hang_up(child);
    while (child.runs) {
      if (child.to_write > 0) {
        Pipe& to = pipe(child.ends[index(child)]);
        const std::size_t fits = std::min(child.to_write, to.room());
        put(child, index(child), fits);
        child.to_write -= fits;
        if (child.to_write > 0) return;
        ++child.step;
        child.next_write = now_ + (child.step < child.script->writes.size()
                                       ? child.script->writes[child.step].after
                                       : child.script->last);
      }
      if (child.next_write > now_) return;
      if (child.step < child.script->writes.size()) {
        child.to_write = child.script->writes[child.step].bytes;
      } else {
        child.outcome = child.fails ? Outcome::exited(1) : child.script->outcome;
        exit(child);
      }
    }
  }

  static std::size_t index(const Child& child) {
    return static_cast<std::size_t>(child.script->writes[child.step].stream);
  }

  void put(Child& child, std::size_t i, std::size_t bytes) {
    pipe(child.ends[i]).written += bytes;
    stories[child.id].written[i] += bytes;
  }

  void exit(Child& child) {
    child.runs = false;
    if (child.script->left_behind.count() == 0) return hang_up(child);
    child.holds_until = now_ + child.script->left_behind;
    put(child, 0,
        std::min({child.script->leaves, pipe(child.ends[0]).room(),
                  child.script->text[0].size() - pipe(child.ends[0]).written}));
  }

  void hang_up(Child& child) {
    child.holds_until.reset();
    for (const End& end : child.ends) pipe(end).hung_up = true;
  }

  void ended(Child& child) {
    child.over = true;
    Attempt attempt;
    attempt.outcome = child.outcome;
    attempt.told = child.told;
    events->on_end(child.id, attempt);
    read_rest(child);
    if (!child.has_pipes()) return close(child, false);
    for (End& end : child.ends) {
      if (end.open && end.left_alone) end.owed = pipe(end).holds();
    }
    child.grace_until = now_ + options.grace;
    child.watched_from = now_;
  }

  void late(Child& child) {
    child.grace_until.reset();
    if (child.closed) return;
    read_rest(child);
    child.late = true;
    close_if_done(child);
  }

  void read_rest(Child& child) {
    for (const std::size_t i : {0u, 1u}) read_some(child, i, std::size_t{1} << 20);
  }

  void read_some(Child& child, std::size_t i, std::size_t most) {
    End& end = child.ends[i];
    std::size_t total = 0;
    while (total < most && end.open) {
      const Intake intake = events->room(child.id, static_cast<Stream>(i));
      if (intake.most == 0) {
        end.left_alone = true;
        return;
      }
      bool more = false;
      total += take(child, i, intake, more);
      work(child);  // the writer goes on at once
      if (!more) return;
    }
  }

  std::size_t take(Child& child, std::size_t i, const Intake& intake, bool& more) {
    const Stream stream = static_cast<Stream>(i);
    End& end = child.ends[i];
    if (intake.target != nullptr) {
      const PipeTarget::Moved moved = intake.target->take_from(end.fd, intake.most);
      using Why = PipeTarget::Moved::Why;
      if (moved.why == Why::ended) end.open = false;
      note_taken(child, i, moved.bytes);
      if (moved.bytes > 0) events->on_moved(child.id, stream, moved.bytes);
      more = moved.why != Why::ended && moved.why != Why::empty;
      return moved.bytes;
    }
    Pipe& from = pipe(end);
    if (from.holds() == 0 && !from.hung_up) return 0;
    const std::size_t wanted = std::min(intake.most, options.read);
    const std::string_view bytes = from.take(wanted);
    if (bytes.empty()) end.open = false;
    most_read = std::max(most_read, bytes.size());
    note_taken(child, i, bytes.size());
    if (!bytes.empty()) events->on_output(child.id, stream, bytes);
    more = !bytes.empty();
    return bytes.size();
  }

  void note_taken(Child& child, std::size_t i, std::size_t bytes) {
    taken += bytes;
    stories[child.id].taken[i] += bytes;
    End& end = child.ends[i];
    end.owed -= std::min(end.owed, bytes);
  }

  void read_again(Child& child) {
    ++read_agains;
    for (End& end : child.ends) end.left_alone = false;
  }

  void close_if_done(Child& child) {
    if (!child.over || child.closed) return;
    if (!child.has_pipes()) return close(child, false);
    if (child.late && !child.owes()) close(child, true);
  }

  void close(Child& child, bool kept_open) {
    child.closed = true;
    Story& story = stories[child.id];
    story.closed = true;
    story.kept_open = kept_open;
    for (End& end : child.ends) end.open = false;
    child.grace_until.reset();
    child.holds_until.reset();
    events->on_closed(child.id, kept_open);
  }

  const TimePoint& now_;
  Pipes& pipes_;
  std::vector<std::unique_ptr<Child>> children_;
  std::vector<std::function<void()>> due_;
};

}  // namespace distaff::fake
