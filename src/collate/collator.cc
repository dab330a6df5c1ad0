#include "collate/collator.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "collate/collator_state.h"

namespace distaff {

using namespace collating;

namespace {

constexpr std::size_t kRead = std::size_t{64} << 10;  // at once, from a pipe
constexpr std::size_t kMoved = std::size_t{1} << 20;  // at once, by the kernel

// Of a closed job that waits.
std::size_t bookkeeping_of(const Pending& pending) {
  return sizeof(Pending) + 64 + pending.tag.size() + pending.head.size() + pending.note.size();
}

}  // namespace

Collator::Impl::Impl(const Options& given, ByteSink& to)
    : options(given),
      sink(to),
      tags(to),
      order(given.keep_order ? Order::By::number : Order::By::start),
      budget(given.hold_memory, given.spill) {
  const bool rows = options.rows != nullptr;
  by_lines = options.mode == Mode::line || (options.tagged && options.single);
  ordered = options.keep_order || (options.single && options.mode == Mode::group && !rows);
  free_lines = by_lines && !ordered;
  lines_count = options.mode == Mode::line || options.tagged;
  may_move = !lines_count && !rows && !options.seen;
  one_file = sink.one_file();
}

// ---- starts

void Collator::Impl::open(JobId job, std::string tag, bool another) {
  const auto [at, added] = jobs.try_emplace(job);
  Pending& pending = at->second;
  assert(added || pending.between);
  if (options.tagged) pending.tag = std::move(tag);
  if (!added) {
    open_again(pending, another);
  } else {
    pending.provisional = waits_for_its_end(another);
    if (ordered) order.open(job);
  }
}

void Collator::Impl::open_again(Pending& pending, bool another) {
  pending.between = false;
  pending.refused = {};
  if (by_lines || pending.loose) return;
  pending.provisional = waits_for_its_end(another);
  pending.text = {};
  drop_output(pending);
}

void Collator::Impl::try_again(JobId job) {
  const auto at = jobs.find(job);
  if (at == jobs.end()) return;
  at->second.between = true;
  if (by_lines) {
    for (const Stream stream : kStreams) complete_line(job, at->second, stream);
  }
}

void Collator::Impl::drop(JobId job) {
  if (!options.whole_only) return;
  const auto at = jobs.find(job);
  if (at == jobs.end()) return;
  if (at->second.begun) return write_no_more(job);
  drop_output(at->second);
}

// What is out cannot be taken back, and must not look like the beginning of what comes next.
void Collator::Impl::write_no_more(JobId because_of) {
  stopped = true;
  lift_bounds();
  failure = "job " + std::to_string(number(because_of)) +
            " broke off, and what came of it is printed, since there was no room to hold it "
            "(--hold-memory, --spill-limit): nothing is printed behind it";
  for (auto& [job, pending] : jobs) drop_output(pending);
}

// What follows is another attempt's.
void Collator::Impl::complete_line(JobId job, Pending& pending, Stream stream) {
  const std::size_t i = index(stream);
  const bool begun = pending.held[i].empty() ? open_lines[file(stream)] == Writer{job, stream}
                                             : pending.whole[i] < pending.held[i].size();
  if (begun) output(job, stream, "\n");
}

// Nothing more can be held, and the job that has the turn is held back for its next attempt.
bool Collator::Impl::loosen_live() {
  budget.review(memory());
  if (!budget.full() || !due.empty()) return false;
  const auto at = jobs.find(live());
  if (at == jobs.end() || !at->second.provisional) return false;
  at->second.provisional = false;
  at->second.loose = true;
  warnings.push_back(
      "job " + std::to_string(number(at->first)) +
      ": there is no room to hold its output until it is known whether it went well, "
      "so it is written as it comes, " +
      (options.whole_only ? "and if it breaks off the run ends" : "also of attempts that fail"));
  return true;
}

// ---- bytes

Intake Collator::Impl::room(JobId job, Stream stream) {
  offered = nullptr;
  const auto at = jobs.find(job);
  assert(at != jobs.end());
  if (at == jobs.end() || unbounded) return {kRead};
  Pending& pending = at->second;
  if (flows(job, stream)) {
    if (!sink.blocked(stream) && !must_wait(pending, job, stream)) {
      // By lines the end may be an open line, to be held.
      if (by_lines && !pressed(job)) return room_to_hold(job, pending, stream);
      PipeTarget* const target = may_move ? sink.straight(stream) : nullptr;
      offered = target;
      return {target != nullptr ? kMoved : kRead, target};
    }
    if (!stalled && !free_lines) {
      pending.refused[index(stream)] = true;
      return {};
    }
  }
  return room_to_hold(job, pending, stream);
}

Intake Collator::Impl::room_to_hold(JobId job, Pending& pending, Stream stream) {
  const bool can_spill = budget.spill_has_room(memory());
  const std::size_t left = budget.memory_left(memory()) + pending.held[index(stream)].spare();
  if (left > 0 && !(can_spill && budget.too_loud(pending.memory))) return {std::min(left, kRead)};
  if (can_spill) {
    const std::size_t spill_room = budget.spill()->room();
    PipeTarget* const target = may_move ? budget.spill()->target() : nullptr;
    offered = target;
    return {std::min(target != nullptr ? kMoved : kRead, spill_room), target};
  }
  if (options.rows != nullptr && pressed(job)) return {kRead};
  if (!budget.full()) budget.exhaust(memory());
  refused = true;
  pending.refused[index(stream)] = true;
  return {};
}

void Collator::Impl::output(JobId job, Stream stream, std::string_view bytes) {
  const auto at = jobs.find(job);
  assert(at != jobs.end());
  if (at == jobs.end() || bytes.empty() || stopped) return;
  Pending& pending = at->second;
  if (flows(job, stream) && !sink.blocked(stream) && !must_wait(pending, job, stream)) {
    if (!by_lines || pressed(job)) return emit(job, pending, stream, bytes);
    if (pass_lines(job, pending, stream, bytes)) return;
  }
  if (options.rows != nullptr) pending.text[index(stream)].feed(bytes);
  hold(pending, stream, bytes);
  const std::size_t newline = by_lines ? bytes.rfind('\n') : bytes.npos;
  if (newline != bytes.npos) {
    pending.whole[index(stream)] =
        pending.held[index(stream)].size() - (bytes.size() - newline - 1);
  }
  if (free_lines && pending.whole[index(stream)] > 0 && job != turn) {
    queue_lines(job, pending, stream, false);
  }
}

// What is held of a live job by lines is the beginning of a line.  False if all is to be held.
bool Collator::Impl::pass_lines(JobId job, Pending& pending, Stream stream,
                                std::string_view bytes) {
  const std::size_t newline = bytes.rfind('\n');
  if (newline == bytes.npos) return false;
  HeldBytes& begun = pending.held[index(stream)];
  if (!begun.all_in_memory()) return false;  // or it would go out in two pieces
  while (!begun.empty()) {
    const std::string_view first = begun.front();
    emit(job, pending, stream, first);
    let_go(pending, stream, first.size());
  }
  emit(job, pending, stream, bytes.substr(0, newline + 1));
  bytes.remove_prefix(newline + 1);
  if (!bytes.empty()) hold(pending, stream, bytes);
  return true;
}

void Collator::Impl::hold(Pending& pending, Stream stream, std::string_view bytes) {
  HeldBytes& to = pending.held[index(stream)];
  const std::size_t left = budget.memory_left(memory()) + to.spare();
  const bool loud = budget.too_loud(pending.memory);
  const Charge charge(*this, pending);
  while ((loud || left < bytes.size()) && !bytes.empty() && budget.spill_has_room(memory())) {
    const FilePart part = budget.spill()->append(bytes);
    to.append(part, pool);
    bytes.remove_prefix(part.length);
  }
  to.append(bytes, pool, left > bytes.size() ? left - bytes.size() : 0);
}

void Collator::Impl::moved(JobId job, Stream stream, std::size_t bytes) {
  const auto at = jobs.find(job);
  assert(at != jobs.end());
  if (at == jobs.end() || bytes == 0) return;
  SpillStore* const spill = budget.spill();
  if (spill == nullptr || offered != spill->target()) {  // straight into the sink
    at->second.begun = true;
    return;
  }
  const FilePart part = spill->moved(bytes);
  const Charge charge(*this, at->second);
  at->second.held[index(stream)].append(part, pool);
}

// ---- ends

void Collator::Impl::close(JobId job, std::string head, std::string note) {
  auto at = jobs.find(job);
  const bool has_row = options.rows != nullptr && !head.empty();
  if (at == jobs.end() && has_row) at = jobs.try_emplace(job).first;
  if (at != jobs.end()) {
    if (at->second.empty() && !has_row && !free_lines && job != live()) {
      jobs.erase(at);  // nothing to remember but its number
      at = jobs.end();
    } else {
      close_pending(at->second, std::move(head), std::move(note));
    }
  }
  if (at == jobs.end()) give_note(std::move(note));
  if (ordered) {
    order.close(job, [this](JobId over) {
      if (const auto closed = jobs.find(over); closed != jobs.end()) list(over, closed->second);
      turn_over();
    });
  } else if (at == jobs.end()) {
    return;
  } else if (free_lines) {
    close_lines(at);
  } else {
    list(job, at->second, job == turn);
    if (job == turn) turn_over();
  }
}

void Collator::Impl::give_note(std::string note) {
  if (!note.empty() && !stopped) notes.push_back(std::move(note));
}

// What is kept of jobs that are over counts too: many that could not start, or wrote nothing, may
// wait behind a slow one.
void Collator::Impl::close_pending(Pending& pending, std::string head, std::string note) {
  pending.closed = true;
  pending.head = std::move(head);
  pending.note = std::move(note);
  bookkeeping += bookkeeping_of(pending);
  const bool room = budget.memory_left(memory()) > 0 || budget.spill_has_room(memory());
  if (!room && !budget.full() && !unbounded) budget.exhaust(memory());
}

void Collator::Impl::list(JobId job, Pending& pending, bool first) {
  pending.listed = true;
  first ? due.push_front(job) : due.push_back(job);
}

void Collator::Impl::close_lines(Jobs::iterator at) {
  const JobId job = at->first;
  if (job == turn) turn_over();
  if (at->second.empty()) return finish(at);
  for (const Stream stream : kStreams) {
    if (at->second.held[index(stream)].empty()) continue;
    queue_lines(job, at->second, stream, open_lines[file(stream)] == Writer{job, stream});
  }
}

void Collator::Impl::finish(Jobs::iterator at) {
  bookkeeping -= bookkeeping_of(at->second);
  give_note(std::move(at->second.note));
  jobs.erase(at);
  const bool inside_a_line = turn != JobId{0} && has_open_line(turn);
  if (!inside_a_line) sink.settle();
}

// All pipes are worth reading now, whether the sink has room or not.
void Collator::Impl::lift_bounds() {
  if (unbounded) return;
  unbounded = true;
  refused = true;
  budget.relax();
}

void Collator::Impl::end() {
  unbounded = true;
  const JobId first = ordered ? order.head() : turn;
  turn = JobId{0};
  std::vector<JobId> rest;
  for (auto& [job, pending] : jobs) {
    if (!pending.listed) rest.push_back(job);
  }
  // Who is live goes on first: what it wrote so far must not be torn from the rest.
  std::stable_partition(rest.begin(), rest.end(), [&](JobId job) { return job == first; });
  for (const JobId job : rest) {
    const auto at = jobs.find(job);
    if (!at->second.closed) drop(job);
    if (!at->second.closed) close_pending(at->second, {}, {});
    if (free_lines) {
      close_lines(at);
    } else {
      list(job, at->second, job == first && !ordered);
    }
  }
}

// ---- whose turn it is

// The job that runs and is being written, or would be; 0 if there is none.
JobId Collator::Impl::live() const {
  if (!ordered) return turn;
  return due.empty() ? order.head() : JobId{0};
}

// Whether what the job writes now goes out at once, as far as it concerns other jobs.
bool Collator::Impl::flows(JobId job, Stream stream) const {
  if (options.rows != nullptr) return false;
  if (free_lines && turn == JobId{0}) return lines[file(stream)].empty();
  if (job != live()) return false;
  const auto at = jobs.find(job);
  if (at != jobs.end() && at->second.provisional) return false;
  return stream == Stream::out || by_lines || options.single || budget.full();
}

// Some of what is held of a job that flows may go out, and has to before what comes next.
bool Collator::Impl::some_wait(const Pending& pending, JobId job, Stream stream) const {
  const std::size_t i = index(stream);
  return by_lines && !pressed(job) ? pending.whole[i] > 0 : !pending.held[i].empty();
}

// Also where the other stream, in the same file, may stand inside a line.
bool Collator::Impl::must_wait(const Pending& pending, JobId job, Stream stream) const {
  if (some_wait(pending, job, stream)) return true;
  const Stream other = stream == Stream::out ? Stream::err : Stream::out;
  return by_lines && one_file && some_wait(pending, job, other);
}

// Nothing can be written, and nothing can be held: the oldest that runs is written as it comes, or
// if none runs, what the oldest wrote that waits for its next attempt.
void Collator::Impl::choose_turn() {
  turn_served = false;
  for (const auto& [job, pending] : jobs) {
    if (pending.closed || pending.between) continue;
    turn = job;
    return;
  }
  for (const auto& [job, pending] : jobs) {
    if (pending.closed || pending.empty()) continue;
    turn = job;
    return;
  }
}

void Collator::Impl::turn_over() {
  turn = JobId{0};
  budget.relax();
}

Collator::Again Collator::Impl::take_again() {
  budget.review(memory());
  if (refused && !budget.full()) {
    refused = false;
    return {.all = true, .job = {}};
  }
  const auto at = jobs.find(live());
  if (at == jobs.end()) return {};
  for (const Stream stream : kStreams) {
    if (!at->second.refused[index(stream)]) continue;
    at->second.refused[index(stream)] = false;
    const bool before = refused;
    if (room(at->first, stream).most > 0) return {.all = false, .job = at->first};
    refused = before;
  }
  return {};
}

// ---- the outside

Collator::Collator(Options options, ByteSink& sink)
    : impl_(std::make_unique<Impl>(options, sink)) {}
Collator::Collator(Collator&&) noexcept = default;
Collator::~Collator() = default;

void Collator::open(JobId job, std::string tag, bool another) {
  if (impl_->options.mode != Mode::none) impl_->open(job, std::move(tag), another);
}

void Collator::try_again(JobId job) { impl_->try_again(job); }
void Collator::drop(JobId job) { impl_->drop(job); }

Intake Collator::room(JobId job, Stream stream) {
  if (impl_->options.mode == Mode::none) return {kRead};
  return impl_->room(job, stream);
}

void Collator::output(JobId job, Stream stream, std::string_view bytes) {
  if (impl_->options.mode != Mode::none) impl_->output(job, stream, bytes);
}

void Collator::moved(JobId job, Stream stream, std::size_t bytes) {
  impl_->moved(job, stream, bytes);
}

void Collator::close(JobId job, std::string head, std::string note) {
  if (impl_->options.mode != Mode::none) {
    impl_->close(job, std::move(head), std::move(note));
  } else if (!note.empty()) {
    impl_->notes.push_back(std::move(note));
  }
}

std::vector<std::string> Collator::take_notes() { return std::exchange(impl_->notes, {}); }

bool Collator::pump(std::size_t most) { return impl_->pump(most); }
void Collator::set_stalled(bool stalled) { impl_->stalled = stalled; }
Collator::Again Collator::take_again() { return impl_->take_again(); }
bool Collator::full() const { return impl_->budget.full(); }
JobId Collator::turn() const { return impl_->ordered ? impl_->order.head() : impl_->turn; }
std::uint64_t Collator::held() const { return impl_->held; }
std::size_t Collator::memory() const { return impl_->memory(); }
void Collator::hold_no_more() { impl_->budget.take_memory_away(); }
void Collator::lift_bounds() { impl_->lift_bounds(); }
void Collator::end() { impl_->end(); }
bool Collator::idle() const { return impl_->jobs.empty(); }
const std::string& Collator::failure() const { return impl_->failure; }
std::string Collator::take_warning() {
  if (!impl_->warnings.empty()) {
    std::string warning = std::move(impl_->warnings.front());
    impl_->warnings.pop_front();
    return warning;
  }
  return impl_->budget.spill() == nullptr ? std::string() : impl_->budget.spill()->take_failure();
}

}  // namespace distaff
