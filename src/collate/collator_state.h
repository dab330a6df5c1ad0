#pragma once

// The inside of Collator.
//
// How it is kept.  A job is pending from its start until it is written out.  Where output comes in
// blocks, closed jobs whose turn has come stand in `due`, in the order in which they are written;
// before them goes the job in whose block we are, if it still runs: live().  In line mode without
// order there are no blocks: whoever has something that may be written stands in `lines`, a queue
// for each file, and the first goes on until it has no whole line left, so no line is torn.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/utf8_check.h"
#include "collate/budget.h"
#include "collate/collator.h"
#include "collate/held_bytes.h"
#include "collate/order.h"
#include "collate/tag.h"

namespace distaff {
namespace collating {

inline constexpr std::array kStreams = {Stream::out, Stream::err};

inline std::size_t index(Stream stream) { return static_cast<std::size_t>(stream); }

// A job that was opened, or has a row, and is not yet written out.
struct Pending {
  std::array<HeldBytes, 2> held;
  std::array<std::uint64_t, 2> whole{};  // by lines: of the held, up to the last newline
  std::array<bool, 2> refused{};         // room() was none
  std::array<bool, 2> queued{};          // it stands in `lines`
  bool listed = false;                   // it stands in `due`
  std::array<Utf8Check, 2> text;         // of rows
  std::string tag;
  std::string head;        // of its row
  std::string note;        // to be given back when it is written out
  std::size_t memory = 0;  // that its held bytes take
  bool closed = false;
  bool provisional = false;  // another attempt may follow: it is not live
  bool loose = false;        // what it writes is written, whatever follows
  bool begun = false;        // some of it was given to the sink
  bool between = false;      // one attempt is over, and the next has not begun
  int row_step = 0;          // how far its row is written

  bool empty() const { return held[0].empty() && held[1].empty(); }
  std::uint64_t bytes() const { return held[0].size() + held[1].size(); }
};

struct Writer {
  JobId job;
  Stream stream;

  bool operator==(const Writer&) const = default;
};

}  // namespace collating

struct Collator::Impl {
  using Pending = collating::Pending;
  using Writer = collating::Writer;
  using Jobs = std::map<JobId, Pending>;

  Impl(const Options& given, ByteSink& to);

  // ---- reports
  void open(JobId job, std::string tag, bool another);
  void open_again(Pending& pending, bool another);
  void try_again(JobId job);
  void drop(JobId job);
  void write_no_more(JobId because_of);
  void complete_line(JobId job, Pending& pending, Stream stream);
  bool loosen_live();
  bool may_be_live() const { return !by_lines && options.rows == nullptr; }
  // Nothing of an attempt may be written before its end.
  bool waits_for_its_end(bool another) const {
    return (another || options.whole_only) && may_be_live();
  }
  void give_note(std::string note);
  Intake room(JobId job, Stream stream);
  void output(JobId job, Stream stream, std::string_view bytes);
  void moved(JobId job, Stream stream, std::size_t bytes);
  void close(JobId job, std::string head, std::string note);
  Again take_again();
  void lift_bounds();
  void end();

  // ---- whose turn it is
  JobId live() const;
  bool flows(JobId job, Stream stream) const;
  bool pressed(JobId job) const { return budget.full() && job == live(); }
  bool some_wait(const Pending& pending, JobId job, Stream stream) const;
  bool must_wait(const Pending& pending, JobId job, Stream stream) const;
  void choose_turn();
  void turn_over();

  // ---- holding
  std::size_t memory() const { return pool.memory() + bookkeeping; }
  Intake room_to_hold(JobId job, Pending& pending, Stream stream);
  void hold(Pending& pending, Stream stream, std::string_view bytes);
  bool pass_lines(JobId job, Pending& pending, Stream stream, std::string_view bytes);
  void close_pending(Pending& pending, std::string head, std::string note);
  void close_lines(Jobs::iterator at);
  void list(JobId job, Pending& pending, bool first = false);

  // While it lives something is done to the held bytes of a job; then what that changed is counted,
  // also where there was no memory to do all of it.
  class Charge {
   public:
    Charge(Impl& impl, Pending& pending)
        : impl_(impl), pending_(pending), memory_(impl.pool.memory()), held_(pending.bytes()) {}
    ~Charge() {
      const std::size_t before = pending_.memory;
      pending_.memory += impl_.pool.memory() - memory_;
      impl_.budget.charge(before, pending_.memory);
      impl_.held += pending_.bytes() - held_;
    }
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;

   private:
    Impl& impl_;
    Pending& pending_;
    std::size_t memory_;
    std::uint64_t held_;
  };

  // ---- writing
  bool pump(std::size_t most);
  bool pump_some();
  bool pump_lines();
  bool pump_lines_of(std::deque<Writer>& waiting);
  std::uint64_t lines_of(const Pending& pending, Stream stream) const;
  std::array<Stream, 2> order_of(JobId job) const;
  bool flow(Jobs::iterator at);
  void end_line_turn();
  bool write_out(Jobs::iterator at);
  bool write_held(JobId job, Pending& pending, Stream stream, std::uint64_t most);
  std::uint64_t write_piece(JobId job, Pending& pending, Stream stream, std::uint64_t most);
  std::string_view piece(HeldBytes& held, std::uint64_t most);
  void let_go(Pending& pending, Stream stream, std::uint64_t bytes);
  void finish(Jobs::iterator at);
  void emit(JobId job, Pending& pending, Stream stream, std::string_view bytes);
  void queue_lines(JobId job, Pending& pending, Stream stream, bool first);
  bool has_open_line(JobId job) const;
  bool write_row(Jobs::iterator at);
  bool write_row_value(Pending& pending, Stream stream);
  void drop_output(Pending& pending);

  std::size_t file(Stream stream) const { return one_file ? 0 : collating::index(stream); }

  Options options;
  ByteSink& sink;
  bool by_lines = false;     // a live job passes whole lines, both streams
  bool ordered = false;      // jobs have turns
  bool free_lines = false;   // all jobs are live, by lines
  bool lines_count = false;  // an open last line is completed before others write
  bool may_move = false;     // the kernel may move bytes past us
  bool one_file = false;
  bool stalled = false;
  bool unbounded = false;
  bool stopped = false;  // nothing more is written

  ExtentPool pool;
  TagWriter tags;
  Order order;
  Budget budget;
  Jobs jobs;
  std::deque<JobId> due;
  std::array<std::deque<Writer>, 2> lines;
  JobId turn{0};             // without order: the job that flows for want of room
  bool turn_served = false;  // it wrote something since it has the turn
  bool refused = false;      // somebody was, for want of room
  std::uint64_t held = 0;
  std::size_t bookkeeping = 0;          // of closed jobs
  const PipeTarget* offered = nullptr;  // by the last room()
  std::size_t allowance = 0;            // what pump() may still write
  bool header_written = false;
  std::array<std::optional<Writer>, 2> open_lines;  // by file: who left its last line open
  std::string row;
  std::vector<char> buffer;  // for what comes back from the spill
  std::string failure;
  std::vector<std::string> notes;  // of jobs that are written out
  std::deque<std::string> warnings;
};

}  // namespace distaff
