#include "collate/collator.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collate/held_bytes.h"
#include "collate/order.h"
#include "collate/tag.h"

namespace distaff {

namespace {

// A job that was opened and is not yet written out.
struct Pending {
  std::array<HeldBytes, 2> held;
  std::string tag;
};

struct Writer {
  JobId job;
  Stream stream;

  bool operator==(const Writer&) const = default;
};

std::size_t index(Stream stream) { return static_cast<std::size_t>(stream); }

}  // namespace

struct Collator::Impl {
  Impl(Options given, ByteSink& to)
      : options(given),
        sink(to),
        tags(to),
        order(given.keep_order ? Order::By::number : Order::By::start) {
    by_lines = options.mode == Mode::line || (options.tagged && options.single);
    ordered = options.keep_order || (options.single && options.mode == Mode::group);
    lines_count = options.mode == Mode::line || options.tagged;
    one_file = sink.one_file();
  }

  void open(JobId job, std::string tag);
  void output(JobId job, Stream stream, std::string_view bytes);
  void close(JobId job);
  void flush();

  bool is_live(JobId job, Stream stream) const;
  void hold(Pending& pending, Stream stream, std::string_view bytes);
  void pass_lines(JobId job, Pending& pending, Stream stream, std::string_view bytes);
  void begin_turn(JobId job);
  void write_block(JobId job);
  void write_held(JobId job, Pending& pending);
  void emit(JobId job, Pending& pending, Stream stream, std::string_view bytes);

  // Writes held bytes and counts them out.
  auto emitter(JobId job, Pending& pending, Stream stream) {
    return [this, job, &pending, stream](std::string_view bytes) {
      held -= bytes.size();
      emit(job, pending, stream, bytes);
    };
  }

  std::optional<Writer>& open_line(Stream stream) {
    return open_lines[one_file ? 0 : index(stream)];
  }

  Options options;
  ByteSink& sink;
  bool by_lines = false;     // a live job passes whole lines, both streams
  bool ordered = false;      // jobs have turns
  bool lines_count = false;  // an open last line is completed before others write
  bool one_file = false;

  ExtentPool pool;
  TagWriter tags;
  Order order;
  std::unordered_map<JobId, Pending> jobs;
  std::size_t held = 0;
  std::array<std::optional<Writer>, 2> open_lines;  // by file: who left its last line open
};

void Collator::Impl::open(JobId job, std::string tag) {
  const auto [at, added] = jobs.try_emplace(job);
  assert(added);
  static_cast<void>(added);
  if (options.tagged) at->second.tag = std::move(tag);
  if (ordered) order.open(job);
}

void Collator::Impl::output(JobId job, Stream stream, std::string_view bytes) {
  const auto at = jobs.find(job);
  assert(at != jobs.end());
  if (at == jobs.end() || bytes.empty()) return;
  if (!is_live(job, stream)) {
    hold(at->second, stream, bytes);
  } else if (by_lines) {
    pass_lines(job, at->second, stream, bytes);
  } else {
    emit(job, at->second, stream, bytes);
  }
}

bool Collator::Impl::is_live(JobId job, Stream stream) const {
  if (!ordered) return by_lines;
  return order.has_turn(job) && (stream == Stream::out || by_lines || options.single);
}

void Collator::Impl::hold(Pending& pending, Stream stream, std::string_view bytes) {
  pending.held[index(stream)].append(bytes, pool);
  held += bytes.size();
}

// What is held of a live job in line mode is the beginning of a line.
void Collator::Impl::pass_lines(JobId job, Pending& pending, Stream stream,
                                std::string_view bytes) {
  const std::size_t newline = bytes.rfind('\n');
  const std::size_t end = newline == std::string_view::npos ? 0 : newline + 1;
  if (end > 0) {
    pending.held[index(stream)].drain(pool, emitter(job, pending, stream));
    emit(job, pending, stream, bytes.substr(0, end));
  }
  if (end < bytes.size()) hold(pending, stream, bytes.substr(end));
}

void Collator::Impl::close(JobId job) {
  if (!ordered) return write_block(job);
  const JobId before = order.head();
  order.close(job, [this](JobId due) { write_block(due); });
  if (order.head() != before) begin_turn(order.head());
}

// What the job wrote before its turn flows now.
void Collator::Impl::begin_turn(JobId job) {
  const auto at = jobs.find(job);
  if (at == jobs.end()) return;
  for (const Stream stream : {Stream::out, Stream::err}) {
    if (!is_live(job, stream)) continue;
    HeldBytes& bytes = at->second.held[index(stream)];
    if (by_lines) {
      bytes.drain_lines(pool, emitter(job, at->second, stream));
    } else {
      bytes.drain(pool, emitter(job, at->second, stream));
    }
  }
}

void Collator::Impl::write_block(JobId job) {
  const auto at = jobs.find(job);
  if (at == jobs.end()) return;
  write_held(job, at->second);
  jobs.erase(at);
  sink.settle();
}

void Collator::Impl::write_held(JobId job, Pending& pending) {
  for (const Stream stream : {Stream::out, Stream::err}) {
    pending.held[index(stream)].drain(pool, emitter(job, pending, stream));
  }
}

void Collator::Impl::emit(JobId job, Pending& pending, Stream stream, std::string_view bytes) {
  if (!lines_count) return sink.write(stream, bytes);
  std::optional<Writer>& open = open_line(stream);
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

void Collator::Impl::flush() {
  std::vector<JobId> waiting;
  waiting.reserve(jobs.size());
  for (const auto& [job, pending] : jobs) waiting.push_back(job);
  // Who is live goes on first: what it wrote so far must not be torn from the rest.
  const auto rank = [live = order.head()](JobId job) { return std::pair(job != live, job); };
  std::sort(waiting.begin(), waiting.end(), [&](JobId a, JobId b) { return rank(a) < rank(b); });
  for (const JobId job : waiting) {
    write_held(job, jobs.at(job));
    sink.settle();
  }
}

Collator::Collator(Options options, ByteSink& sink)
    : impl_(std::make_unique<Impl>(options, sink)) {}
Collator::Collator(Collator&&) noexcept = default;
Collator::~Collator() = default;

void Collator::open(JobId job, std::string tag) {
  if (impl_->options.mode != Mode::none) impl_->open(job, std::move(tag));
}

void Collator::output(JobId job, Stream stream, std::string_view bytes) {
  if (impl_->options.mode != Mode::none) impl_->output(job, stream, bytes);
}

void Collator::close(JobId job) {
  if (impl_->options.mode != Mode::none) impl_->close(job);
}

std::size_t Collator::held() const { return impl_->held; }

void Collator::flush() { impl_->flush(); }

}  // namespace distaff
