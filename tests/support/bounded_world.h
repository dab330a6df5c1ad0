#pragma once

// A run of the real engine, scheduler and collator among jobs that write through pipes, a sink that
// is slow and a spill store that fills up; and what must have come out of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "collate/collator.h"
#include "compose/command.h"
#include "engine/engine.h"
#include "input/source.h"
#include "support/checked_spill.h"
#include "support/pipe_executor.h"
#include "support/slow_sink.h"

namespace distaff::fake {

using namespace std::chrono_literals;

// What a job may write: its own sign at the beginning of each line, then bytes that tell their
// place.  `newline` says after which bytes there is one.
inline constexpr std::string_view kSigns =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

template <class Newline>
std::string text_of(std::size_t job, Stream stream, std::size_t bytes, Newline newline) {
  std::string text;
  text.reserve(bytes);
  bool begins = true;
  for (std::size_t i = 0; i < bytes; ++i) {
    if (begins) {
      text += kSigns[job - 1];
    } else if (newline(i)) {
      text += '\n';
    } else {
      text += static_cast<char>('!' +
                                (i * 7 + i / 15 + job * 5 + (stream == Stream::err ? 3 : 0)) % 15);
    }
    begins = text.back() == '\n';
  }
  return text;
}

class TimedSource final : public Source {
 public:
  explicit TimedSource(const TimePoint& now) : now_(now) {}

  void add(std::string text, Duration when = 0s) {
    records_.emplace_back(TimePoint{when}, std::move(text));
  }
  Next next(Record& record) override {
    if (records_.empty()) return Next::end;
    if (records_.front().first > now_) return Next::wait;
    record = {};
    record.text = std::move(records_.front().second);
    records_.pop_front();
    return Next::record;
  }
  const Error& error() const override { return error_; }
  std::optional<TimePoint> next_time() const {
    if (records_.empty()) return now_;
    return records_.front().first;
  }

 private:
  const TimePoint& now_;
  std::deque<std::pair<TimePoint, std::string>> records_;
  Error error_;
};

class BoundedWorld {
 public:
  // The same for all jobs: what is put into memory beyond their bytes.
  static constexpr std::size_t kExtent = 128;    // a header, and the least an extent takes
  static constexpr std::size_t kFinished = 512;  // of a finished job
  static constexpr std::size_t kPart = 48;       // of a part in the spill store

  struct Counts {
    int beyond_slots = 0;  // the job that has the turn started there
    int all_paused = 0;    // and all that held the slots were paused
    int full = 0;          // runs that reached their bounds
    int loose = 0;         // jobs whose attempts could not be held
    int retried = 0;       // attempts after the first
    int stalled = 0, cut = 0, spilled = 0, signalled = 0, mixed = 0, torn = 0;
  };

  TimePoint now{};
  Pipes pipes;
  PipeExecutor executor{now, pipes};
  CheckedSpill spill{pipes};
  SlowSink sink{now, pipes, spill};
  TimedSource source{now};
  Engine::Options options;
  GroupSpec groups;
  Scheduler::Options pool;
  Collator::Options output;
  bool with_spill = false;
  std::multimap<TimePoint, std::function<void()>> scheduled;
  std::vector<std::string> records;
  std::function<std::size_t(std::size_t)> choose = [](std::size_t) { return std::size_t{0}; };
  std::function<bool()> all_at_once = [] { return true; };

  // Afterwards.
  Counts counts;
  std::vector<JobId> started;
  std::optional<TimePoint> signalled_at, second_at;
  std::size_t most_memory = 0;
  bool was_full = false;

  // A job's script is named by its record.
  Script& job(std::string record, Script script, Duration when = 0s) {
    records.push_back(record);
    source.add(record, when);
    return executor.scripts[record] = std::move(script);
  }

  void signal(int number) {
    (signalled_at ? second_at : signalled_at) = now;
    engine_->on_signal(number);
  }

  Collator& collator() { return *collator_; }

  // False, with a failure of the test, if a promise was broken.
  bool run() {
    static const FieldScheme scheme;
    static const CommandTemplate command = [] {
      std::vector<std::string> warnings;
      CommandSpec spec;
      spec.words = {"work", "{}"};
      return std::move(*CommandTemplate::compile(
          spec, {.scheme = scheme, .several = false, .environment = nullptr}, warnings));
    }();
    static const GroupKey key = std::move(*GroupKey::compile("regex:^([a-z])", {.scheme = scheme}));
    static const Template tag = std::move(*Template::parse("{}", {.scheme = scheme}));
    const bool keyed = !groups.key.empty();
    JobBuilder builder({}, command, keyed ? &key : nullptr);
    Scheduler scheduler(pool);
    auto pacing = Pacing::compile(groups, options.failure);
    if (!pacing) return fail("pacing: " + pacing.error().message);
    output.spill = with_spill ? &spill : nullptr;
    if (output.tagged) options.tag = tag;
    collator_.emplace(output, sink);
    sink.bounds_reached = [this] { return collator_->full(); };
    options.keyed = keyed;
    options.limited = groups.limited();
    engine_ = std::make_unique<Engine>(options, Engine::Parts{source,
                                                              builder,
                                                              command,
                                                              scheduler,
                                                              *pacing,
                                                              executor,
                                                              &*collator_,
                                                              sink,
                                                              clock_,
                                                              {&loosened_}});
    executor.events = engine_.get();
    executor.on_start = [this](JobId id) { check_start(id); };
    try {
      result = engine_->run();
    } catch (const std::logic_error& error) {
      return fail(error.what());
    }
    counts.signalled += signalled_at.has_value();
    counts.spilled += spill.most_used > 0;
    counts.full += was_full;
    return check_output();
  }

  RunResult result;

 private:
  static constexpr int kMostTurns = 20'000;  // without any time, and no byte more

  bool fail(const std::string& what) {
    ADD_FAILURE() << what << "\nat "
                  << std::chrono::duration<double>(now.time_since_epoch()).count() << "s\n"
                  << trace();
    return false;
  }

  std::string trace() const {
    std::string text = output.mode == Collator::Mode::line ? "  line" : "  group";
    if (output.keep_order) text += " keep_order";
    if (output.tagged) text += " tagged";
    if (sink.one) text += " one file";
    text += " slots " + std::to_string(pool.slots) + " memory " +
            std::to_string(output.hold_memory) + " spill " +
            std::to_string(with_spill ? spill.limit : 0) + " pipes " +
            std::to_string(executor.options.capacity) + "\n";
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto at = executor.stories.find(JobId{i + 1});
      text += "  job " + std::to_string(i + 1) + " " + records[i];
      if (at == executor.stories.end()) {
        text += " not started\n";
        continue;
      }
      const auto& story = at->second;
      for (const std::size_t s : {0u, 1u}) {
        text += " " + std::to_string(story.taken[s]) + "/" + std::to_string(story.written[s]) +
                "/" + std::to_string(story.script->text[s].size());
      }
      text += std::string(story.closed ? " closed" : "") + (story.kept_open ? " kept open" : "") +
              (story.killed ? " killed" : "") + "\n";
    }
    if (collator_) {
      text += "  full " + std::to_string(collator_->full()) + " turn " +
              std::to_string(number(collator_->turn())) + " held " +
              std::to_string(collator_->held()) + " memory " + std::to_string(collator_->memory()) +
              " spill " + std::to_string(spill.used()) + " blocked " +
              std::to_string(sink.blocked(Stream::out)) +
              std::to_string(sink.blocked(Stream::err)) + " pending " +
              std::to_string(sink.pending()) + "\n";
    }
    return text;
  }

  // ---- while it runs

  void check_start(JobId id) {
    const bool turn = collator_->full() && collator_->turn() == id;
    if (collator_->full() && !turn) throw std::logic_error("started while there is no room");
    const int running = executor.running();
    if (running >= pool.slots) {
      if (!turn) throw std::logic_error("started beyond the slots");
      ++counts.beyond_slots;
      if (executor.paused() >= pool.slots) ++counts.all_paused;
    }
    started.push_back(id);
  }

  void check_bounds() {
    was_full = was_full || collator_->full();
    const std::size_t memory = collator_->memory();
    most_memory = std::max(most_memory, memory);
    const std::size_t finished =
        with_spill ? started.size() : static_cast<std::size_t>(pool.slots) + 2;
    const std::size_t bound = output.hold_memory + kExtent +
                              spill.times_full * (executor.most_read + kExtent) +
                              kFinished * finished + kPart * spill.parts;
    const auto& failure = options.failure;
    const bool ends = signalled_at || failure.on_error == OnError::kill || failure.halt;
    const bool ending = ends && executor.running() == 0;  // what is left in pipes is taken
    if (memory > bound && !ending) {
      throw std::logic_error("memory " + std::to_string(memory) + " over " + std::to_string(bound));
    }
    if (!collator_->full() && !sink.blocked(Stream::out) && !sink.blocked(Stream::err) &&
        executor.leaves_something_alone()) {
      throw std::logic_error("a pipe is left alone, and there is room");
    }
  }

  bool deliver() {
    bool some = sink.step();
    while (!scheduled.empty() && scheduled.begin()->first <= now) {
      const auto action = std::move(scheduled.begin()->second);
      scheduled.erase(scheduled.begin());
      action();
      some = true;
    }
    return executor.step(choose, all_at_once()) || some;
  }

  void wait(std::optional<TimePoint> until, bool input) {
    check_bounds();
    if (std::exchange(progress_, executor.taken + sink.text.size()) !=
        executor.taken + sink.text.size()) {
      turns_ = 0;
    }
    if (++turns_ > kMostTurns) throw std::logic_error("turns, and nothing comes of it");
    if (deliver()) return;
    std::optional<TimePoint> next = until;
    const auto consider = [&](std::optional<TimePoint> time) {
      if (time && (!next || *time < *next)) next = time;
    };
    consider(executor.next_time());
    consider(sink.next_time());
    if (input) consider(source.next_time());
    if (!scheduled.empty()) consider(scheduled.begin()->first);
    if (!next) throw std::logic_error("stuck: nothing will ever happen any more");
    if (*next <= now) return;
    now = *next;
    if (signalled_at && now > *signalled_at + 20s) {
      throw std::logic_error("a signal does not end the run");
    }
    turns_ = 0;
    deliver();
  }

  // ---- what came out

  struct Place {
    std::size_t job = 0;
    int stream = 0;
    bool operator==(const Place&) const = default;
  };
  struct File {
    bool begins = true;    // a line
    bool pressed = false;  // some of the line was written while the bounds were reached
    std::optional<Place> writer;
    std::array<std::vector<std::size_t>, 2> torn;  // jobs whose line was completed for their other
                                                   // stream
  };

  bool check_output() {
    if (output.mode == Collator::Mode::none) {
      return sink.text.empty() || fail("bytes that are thrown away");
    }
    if (spill.needed() > 0 && !may_be_cut()) return fail("spilled bytes are never released");
    lines_count_ = output.mode == Collator::Mode::line || output.tagged;
    by_lines_ = output.mode == Collator::Mode::line || (output.tagged && output.single);
    blocks_ = output.keep_order || output.mode == Collator::Mode::group;
    expect();
    done_.assign(records.size() + 1, {0, 0});
    current_ = 0;
    rank_.assign(records.size() + 1, 0);
    for (std::size_t i = 0; i < started.size(); ++i) rank_[number(started[i])] = i;
    for (std::size_t i = 0; i < sink.text.size();) {
      const std::string wrong = check_byte(i);
      if (!wrong.empty()) {
        return fail(wrong + " at byte " + std::to_string(i) + " of\n" +
                    sink.text.substr(i < 300 ? 0 : i - 300, std::min<std::size_t>(i, 300)) +
                    "<HERE>" + sink.text.substr(i, 100));
      }
    }
    for (std::size_t j = 1; j <= records.size(); ++j) {
      if (!complete(j) && !may_be_cut()) {
        return fail("job " + std::to_string(j) + ": output is missing");
      }
    }
    return true;
  }

  bool may_be_cut() {
    if (second_at && *second_at - *signalled_at >= 100ms) return true;
    return signalled_at && now - *signalled_at >= 5s;
  }

  // What must come out of it: all that was taken out of its pipes, of the last attempt; of all of
  // them by lines, and from the one on that could not be held.
  void expect() {
    expected_.assign(records.size() + 1, {});
    for (const auto& [id, story] : executor.stories) {
      auto attempts = story.before;
      attempts.push_back(story.taken);
      counts.retried += static_cast<int>(story.before.size());
      std::size_t first = output.mode == Collator::Mode::line ? 0 : attempts.size() - 1;
      if (const auto at = loosened_.from.find(id); at != loosened_.from.end()) first = at->second;
      for (std::size_t k = first; k < attempts.size(); ++k) {
        for (const std::size_t s : {0u, 1u}) {
          expected_[number(id)][s] += story.script->text[s].substr(0, attempts[k][s]);
        }
      }
    }
    counts.loose += static_cast<int>(loosened_.from.size());
  }
  const std::string& expected(std::size_t job, int stream) const {
    return expected_[job][static_cast<std::size_t>(stream)];
  }
  bool is_loose(std::size_t job) const { return loosened_.from.contains(JobId{job}); }
  bool complete(std::size_t job) const {
    return done_[job][0] == expected(job, 0).size() && done_[job][1] == expected(job, 1).size();
  }

  std::string check_byte(std::size_t& i) {
    const char kind = sink.kinds[i];
    const int stream = (kind & SlowSink::kErr) != 0 ? 1 : 0;
    File& file = files_[sink.one ? 0 : static_cast<std::size_t>(stream)];
    if ((kind & SlowSink::kAdded) != 0) {
      if (!lines_count_) return "a newline was added where lines do not count";
      if (file.begins) return "a newline was added behind a newline";
      const std::size_t next = i + 1;
      if (next == sink.text.size() || sink.kinds[next] & SlowSink::kAdded) {
        return "a newline was added, and nothing follows";
      }
      const auto [job, s] = *file.writer;
      if (done_[job][static_cast<std::size_t>(s)] < expected(job, s).size()) {
        // Where both streams are one file and one must flow while the other has a line open.
        const bool pressed = file.pressed || (kind & SlowSink::kFull) != 0;
        if (!pressed || !sink.one) return "a line is torn";
        ++counts.torn;
        file.torn[static_cast<std::size_t>(s)].push_back(job);
      }
      file.begins = true;
      file.pressed = false;
      ++i;
      return {};
    }
    Place at{0, stream};
    if (const std::string wrong = find_writer(i, file, at); !wrong.empty()) return wrong;
    if (lines_count_ && !file.begins && file.writer != at) return "two lines in one";
    if (blocks_ && at.job != current_) {
      if (const std::string wrong = next_block(at.job); !wrong.empty()) return wrong;
    }
    std::size_t& done = done_[at.job][static_cast<std::size_t>(stream)];
    const std::string& all = expected(at.job, stream);
    if (done == all.size()) return "more than was written";
    if (all[done] != sink.text[i]) {
      return "not the byte that comes next in job " + std::to_string(at.job) + " stream " +
             std::to_string(stream) + ", which is byte " + std::to_string(done) + " of\n" + all +
             "\n";
    }
    if (stream == 1 && blocks_ && !by_lines_ && !output.single && !is_loose(at.job) &&
        done_[at.job][0] < expected(at.job, 0).size()) {
      if ((kind & SlowSink::kFull) == 0) return "stderr before its stdout is complete";
      ++counts.mixed;
    }
    ++done;
    file.writer = at;
    file.begins = sink.text[i] == '\n';
    file.pressed = !file.begins && (file.pressed || (kind & SlowSink::kFull) != 0);
    ++i;
    return {};
  }

  std::string next_block(std::size_t job) {
    const bool may_part = !output.keep_order;  // between two attempts
    if (current_ != 0 && !complete(current_) && !(is_loose(current_) && may_part)) {
      return "a job's block is broken";
    }
    if (done_[job][0] + done_[job][1] > 0 && !(is_loose(job) && may_part)) {
      return "a job's block is in two";
    }
    if (current_ != 0 && output.keep_order && job < current_) return "out of order";
    if (current_ != 0 && !output.keep_order && output.single && rank_[job] < rank_[current_]) {
      return "not in the order of the starts";
    }
    current_ = job;
    return {};
  }

  // The block of a job whose attempts could not be held may be in parts, an attempt each.
  bool is_parted_at(std::size_t i, int stream) const {
    const std::size_t done = done_[current_][static_cast<std::size_t>(stream)];
    return is_loose(current_) && !output.keep_order &&
           expected(current_, stream)[done] != sink.text[i];
  }

  // Of those whose line was torn, the one whose text goes on like this the longest, and of several
  // the one that wrote last; 0 if none does.
  std::size_t torn_job(std::size_t i, const File& file, int stream) const {
    const auto s = static_cast<std::size_t>(stream);
    const std::string_view there = std::string_view(sink.text).substr(i);
    std::size_t best = 0, longest = 0;
    for (const std::size_t job : file.torn[s]) {
      const std::string_view rest = std::string_view(expected(job, stream)).substr(done_[job][s]);
      const auto end = std::mismatch(rest.begin(), rest.end(), there.begin(), there.end()).first;
      const auto same = static_cast<std::size_t>(end - rest.begin());
      const bool wrote_last = file.writer && file.writer->job == job;
      if (same > longest || (same == longest && same > 0 && wrote_last)) best = job;
      longest = std::max(longest, same);
    }
    return best;
  }

  // Whose the byte is; behind its tag.
  std::string find_writer(std::size_t& i, File& file, Place& at) {
    const auto sign = [&] { return kSigns.find(sink.text[i]) + 1; };
    if (lines_count_) {
      if (!file.begins) {
        at.job = file.writer->job;
        return at.stream == file.writer->stream ? "" : "two streams in one line";
      }
      std::string tag;
      if (output.tagged) {
        while (i < sink.text.size() && sink.text[i] != '\t') tag += sink.text[i++];
        if (++i >= sink.text.size()) return "a tag, and nothing behind it";
      }
      at.job = sign();
      if (at.job == 0) at.job = torn_job(i, file, at.stream);
      if (at.job == 0 || at.job > records.size()) return "a line that begins with no job's sign";
      if (output.tagged && tag != records[at.job - 1]) return "the tag is another's: " + tag;
      return {};
    }
    const auto s = static_cast<std::size_t>(at.stream);
    if (current_ != 0 && done_[current_][s] < expected(current_, at.stream).size() &&
        !is_parted_at(i, at.stream)) {
      at.job = current_;
      return {};
    }
    at.job = sign();
    return at.job == 0 || at.job > records.size() ? "a block that begins with no job's sign" : "";
  }

  struct Clock final : Waiter {
    explicit Clock(BoundedWorld& of) : world(of) {}
    TimePoint now() override { return world.now; }
    void wait(std::optional<TimePoint> until, bool input) override { world.wait(until, input); }
    BoundedWorld& world;
  };

  // Hears of jobs whose attempts cannot be held, and from which attempt on.
  struct Loosened final : Observer {
    explicit Loosened(PipeExecutor& of) : executor(of) {}
    void on_message(LogLevel, std::string_view text) override {
      if (text.find("there is no room to hold its output") == text.npos) return;
      const JobId id{std::stoull(std::string(text.substr(4)))};
      from.emplace(id, executor.stories.at(id).before.size());
    }
    PipeExecutor& executor;
    std::map<JobId, std::size_t> from;
  };

  Clock clock_{*this};
  Loosened loosened_{executor};
  std::optional<Collator> collator_;
  std::unique_ptr<Engine> engine_;
  int turns_ = 0;
  std::size_t progress_ = 0;
  bool lines_count_ = false, by_lines_ = false, blocks_ = false;
  std::vector<std::array<std::string, 2>> expected_;
  std::vector<std::array<std::size_t, 2>> done_;
  std::vector<std::size_t> rank_;
  std::size_t current_ = 0;
  std::array<File, 2> files_;
};

}  // namespace distaff::fake
