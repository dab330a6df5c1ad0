// The writing half of Collator::Impl: what goes out, and in which pieces.

#include <algorithm>
#include <utility>

#include "collate/collator_state.h"

namespace distaff {

using namespace collating;

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;  // of a spill file, when it must be seen
constexpr std::size_t kMoved = std::size_t{1} << 20;   // when the kernel moves it

}  // namespace

bool Collator::Impl::pump(std::size_t most) {
  allowance = most;
  if (options.rows != nullptr && !header_written) {
    header_written = true;
    sink.write(Stream::out, options.rows->header());
  }
  while (allowance > 0) {
    if (pump_some()) continue;
    // Blocked, or there is nothing to do.
    if (budget.full() && loosen_live()) continue;
    if (!budget.full() || ordered || turn != JobId{0} || !due.empty()) return false;
    if (sink.blocked(Stream::out) || sink.blocked(Stream::err)) return false;
    budget.review(memory());
    if (!budget.full()) return false;
    choose_turn();
    if (turn == JobId{0}) {
      budget.relax();  // nobody is left who could use it, and nothing is held
      return false;
    }
  }
  return true;
}

// False if there is nothing to write, or no room.
bool Collator::Impl::pump_some() {
  if (free_lines && turn != JobId{0} && turn_served && !has_open_line(turn)) end_line_turn();
  if (turn != JobId{0}) {
    const auto at = jobs.find(turn);
    if (flow(at)) return true;
    if (!at->second.between || !at->second.empty()) return false;
    turn_over();  // it would have nothing to say until its next attempt
    return true;
  }
  if (free_lines) return pump_lines();
  if (!due.empty()) {
    const auto at = jobs.find(due.front());
    return options.rows != nullptr ? write_row(at) : write_out(at);
  }
  if (!ordered) return false;
  const auto at = jobs.find(order.head());
  return at != jobs.end() && flow(at);
}

// By lines the turn is for one line.
void Collator::Impl::end_line_turn() {
  const auto at = jobs.find(turn);
  for (const Stream stream : kStreams) {
    if (at->second.whole[index(stream)] > 0) queue_lines(turn, at->second, stream, true);
  }
  turn = JobId{0};
}

// The stream inside whose line we stopped for want of room goes on with it first.
std::array<Stream, 2> Collator::Impl::order_of(JobId job) const {
  if (by_lines && one_file && open_lines[0] == Writer{job, Stream::err}) {
    return {Stream::err, Stream::out};
  }
  return kStreams;
}

// A job that still runs: what may be written of it by now.
bool Collator::Impl::flow(Jobs::iterator at) {
  auto& [job, pending] = *at;
  for (const Stream stream : order_of(job)) {
    if (!flows(job, stream) || !some_wait(pending, job, stream)) continue;
    const std::size_t i = index(stream);
    const bool lines_only = by_lines && !pressed(job);
    const std::uint64_t most = lines_only ? pending.whole[i] : pending.held[i].size();
    if (write_held(job, pending, stream, most)) return true;
  }
  return false;
}

// A job's block, closed: stdout, then stderr.
bool Collator::Impl::write_out(Jobs::iterator at) {
  auto& [job, pending] = *at;
  for (const Stream stream : order_of(job)) {
    const std::uint64_t all = pending.held[index(stream)].size();
    if (all > 0) return write_held(job, pending, stream, all);
  }
  due.pop_front();
  finish(at);
  return true;
}

// ---- lines

bool Collator::Impl::pump_lines() {
  bool some = false;
  for (auto& waiting : lines) some = pump_lines_of(waiting) || some;
  return some;
}

bool Collator::Impl::pump_lines_of(std::deque<Writer>& waiting) {
  bool some = false;
  for (; !waiting.empty() && allowance > 0; some = true) {
    const auto [job, stream] = waiting.front();
    const auto at = jobs.find(job);
    const std::uint64_t most = at == jobs.end() ? 0 : lines_of(at->second, stream);
    if (most > 0) {
      if (!write_held(job, at->second, stream, most)) return some;
      continue;
    }
    waiting.pop_front();
    if (at != jobs.end()) at->second.queued[index(stream)] = false;
    // It may be gone already: closed when it had nothing more.
    if (at != jobs.end() && at->second.closed && at->second.empty()) finish(at);
  }
  return some;
}

// Bytes that may be written: whole lines, and of a job that is closed all.
std::uint64_t Collator::Impl::lines_of(const Pending& pending, Stream stream) const {
  return pending.closed ? pending.held[index(stream)].size() : pending.whole[index(stream)];
}

void Collator::Impl::queue_lines(JobId job, Pending& pending, Stream stream, bool first) {
  if (std::exchange(pending.queued[index(stream)], true)) return;
  auto& waiting = lines[file(stream)];
  const Writer writer{job, stream};
  first ? waiting.push_front(writer) : waiting.push_back(writer);
}

bool Collator::Impl::has_open_line(JobId job) const {
  return (open_lines[0] && open_lines[0]->job == job) ||
         (open_lines[1] && open_lines[1]->job == job);
}

// ---- pieces

// One piece, of `most` bytes at the most; false if there is no room.
bool Collator::Impl::write_held(JobId job, Pending& pending, Stream stream, std::uint64_t most) {
  if (sink.blocked(stream)) return false;
  const std::uint64_t written = write_piece(job, pending, stream, most);
  if (written == 0) return false;
  pending.begun = true;
  std::uint64_t& whole = pending.whole[index(stream)];
  whole -= std::min(whole, written);
  allowance -= std::min<std::uint64_t>(allowance, written);
  let_go(pending, stream, written);
  return true;
}

std::uint64_t Collator::Impl::write_piece(JobId job, Pending& pending, Stream stream,
                                          std::uint64_t most) {
  HeldBytes& bytes = pending.held[index(stream)];
  if (!bytes.front_in_memory() && !lines_count) {
    FilePart part = bytes.front_part();
    part.length = std::min({part.length, most, std::uint64_t{kMoved}});
    const std::size_t written = sink.write_part(stream, part);
    if (written > 0 || sink.blocked(stream)) return written;
  }
  const std::string_view next = piece(bytes, most);
  emit(job, pending, stream, next);
  return next.size();
}

// The first bytes, where they can be seen.
std::string_view Collator::Impl::piece(HeldBytes& bytes, std::uint64_t most) {
  if (bytes.front_in_memory()) return bytes.front().substr(0, most);
  buffer.resize(kPiece);
  FilePart part = bytes.front_part();
  part.length = std::min({part.length, most, std::uint64_t{kPiece}});
  const std::size_t got = options.spill->read(part, buffer.data(), part.length);
  if (got < part.length) {
    // They are lost, and that is said; what stands in for them keeps the count right.
    failure = "cannot read back output that was held in a spill file";
    std::fill(buffer.begin() + static_cast<std::ptrdiff_t>(got), buffer.end(), '\0');
  }
  return {buffer.data(), part.length};
}

void Collator::Impl::let_go(Pending& pending, Stream stream, std::uint64_t bytes) {
  HeldBytes& from = pending.held[index(stream)];
  if (!from.front_in_memory()) {
    FilePart part = from.front_part();
    part.length = bytes;
    options.spill->release(part);
  }
  const Charge charge(*this, pending);
  from.consume(bytes, pool);
}

void Collator::Impl::emit(JobId job, Pending& pending, Stream stream, std::string_view bytes) {
  if (job == turn) turn_served = true;
  pending.begun = true;
  if (!lines_count) return sink.write(stream, bytes);
  std::optional<Writer>& open = open_lines[file(stream)];
  const bool goes_on = open == Writer{job, stream};
  if (open && !goes_on) sink.end_line(open->stream);
  if (options.tagged) {
    tags.write(stream, pending.tag, goes_on, bytes);
  } else {
    sink.write(stream, bytes);
  }
  open.reset();
  if (bytes.back() != '\n') open = Writer{job, stream};
}

// ---- rows

// A piece of the row; false if there is no room.
bool Collator::Impl::write_row(Jobs::iterator at) {
  if (sink.blocked(Stream::out)) return false;
  Pending& pending = at->second;
  RowFormat& format = *options.rows;
  bool done = pending.head.empty();  // it never came to its end
  row.clear();
  if (done) {
    drop_output(pending);
  } else if (pending.row_step == 0) {
    format.begin(pending.head, row);
    format.before(Stream::out, pending.text[0].valid(), row);
    ++pending.row_step;
  } else if (pending.row_step == 1 && !write_row_value(pending, Stream::out)) {
    format.after(Stream::out, row);
    format.before(Stream::err, pending.text[1].valid(), row);
    ++pending.row_step;
  } else if (pending.row_step == 2 && !write_row_value(pending, Stream::err)) {
    format.after(Stream::err, row);
    format.tail(row);
    done = true;
  }
  allowance -= std::min(allowance, row.size());
  sink.write(Stream::out, row);
  if (done) {
    due.pop_front();
    finish(at);
  }
  return true;
}

// Encodes the next piece of the stream; false if there is none.
bool Collator::Impl::write_row_value(Pending& pending, Stream stream) {
  HeldBytes& bytes = pending.held[index(stream)];
  if (bytes.empty()) return false;
  const std::string_view next = piece(bytes, kPiece);
  options.rows->encode(next, row);
  let_go(pending, stream, next.size());
  return true;
}

void Collator::Impl::drop_output(Pending& pending) {
  for (const Stream stream : kStreams) {
    HeldBytes& bytes = pending.held[index(stream)];
    while (!bytes.empty()) {
      const bool seen = bytes.front_in_memory();
      let_go(pending, stream, seen ? bytes.front().size() : bytes.front_part().length);
    }
  }
}

}  // namespace distaff
