#include "engine/job_output.h"

#include <cstdint>
#include <cstring>
#include <utility>

namespace distaff {
namespace {

using namespace std::chrono_literals;

// A reader that does not read for so long is not just a little slower than the jobs.
constexpr Duration kStalled = 100ms;

// What goes through the collator with a job's output: this, and the journal's line.  Where the
// output is held back, what the watch wants kept is behind the line.
struct NoteHead {
  JobId job{};
  std::uint32_t line = 0;  // bytes of it
};

std::string packed(JobId job, std::string_view line) {
  const NoteHead head{job, static_cast<std::uint32_t>(line.size())};
  std::string note(sizeof head, '\0');
  std::memcpy(note.data(), &head, sizeof head);
  return note.append(line);
}

struct NoteParts {
  JobId job{};
  std::string_view line, kept;
};

NoteParts parts_of(std::string_view note) {
  NoteHead head;
  std::memcpy(&head, note.data(), sizeof head);
  note.remove_prefix(sizeof head);
  return {head.job, note.substr(0, head.line), note.substr(head.line)};
}

}  // namespace

Expected<void> JobOutput::prepare(const Job& job, Slot slot) {
  if (parts_.results == nullptr) return {};
  const auto place = result_path_->of({job.records, job.id, slot});
  if (!place) return tl::unexpected(place.error());
  return parts_.results->open(job.id, *place);
}

void JobOutput::drop(JobId job) {
  if (parts_.results != nullptr) parts_.results->drop(job);
}

void JobOutput::started(JobId job, std::string tag, bool another) {
  if (parts_.collator != nullptr) parts_.collator->open(job, std::move(tag), another);
}

// What came of a response that is not whole is not printed, where only whole ones are.
void JobOutput::drop_broken(JobId job, const Attempt& attempt) {
  const bool whole = attempt.outcome.kind == Outcome::Kind::responded;
  if (parts_.collator != nullptr && !whole) parts_.collator->drop(job);
}

void JobOutput::try_again(JobId job, const Attempt& attempt, std::string note) {
  drop_broken(job, attempt);
  note_now(std::move(note));
  if (parts_.collator != nullptr) parts_.collator->try_again(job);
}

Intake JobOutput::room(JobId job, Stream stream) { return parts_.collator->room(job, stream); }

void JobOutput::moved(JobId job, Stream stream, std::size_t bytes) {
  parts_.collator->moved(job, stream, bytes);
}

void JobOutput::written(JobId job, Stream stream, std::string_view bytes) {
  if (parts_.collator != nullptr) parts_.collator->output(job, stream, bytes);
  if (parts_.results != nullptr) parts_.results->output(job, stream, bytes);
}

void JobOutput::ended(const Job& job, Slot slot, const Attempt& attempt, int attempts) {
  drop_broken(job.id, attempt);
  if (parts_.rows != nullptr) heads_[job.id] = parts_.rows->head(job, attempt, attempts, slot);
  if (parts_.results != nullptr) parts_.results->ended(job, attempt, attempts, slot);
}

// Its results come first: who finds the note finds them too.
void JobOutput::closed(JobId job, std::string note, bool wrote) {
  if (parts_.results != nullptr) parts_.results->close(job);
  auto head = heads_.extract(job);
  const bool nothing = parts_.collator == nullptr || (!wrote && head.empty());
  if (nothing && takes_notes()) {
    note_now(std::move(note));
    written_.push_back(job);
  }
  if (parts_.collator == nullptr) return;
  parts_.collator->close(job, head.empty() ? std::string() : std::move(head.mapped()),
                         nothing || !takes_notes() ? std::string() : packed(job, note));
}

// ---- notes

void JobOutput::note_now(std::string note) { due_notes_ += note; }

// What was gathered is written now and not before the next wait: then it may be known to be out.
void JobOutput::write_notes(TimePoint now) {
  if (!takes_notes()) return;
  if (parts_.collator != nullptr) {
    for (std::string& note : parts_.collator->take_notes()) keep(std::move(note));
  }
  if (kept_notes_ > 0) take_kept_notes(now);
  if (!notes_.empty()) parts_.sink.flush();
  for (; !notes_.empty() && parts_.sink.has_written(notes_.front().mark); notes_.pop_front()) {
    due_notes_ += notes_.front().text;
    written_.push_back(notes_.front().job);
  }
  pass_notes(now);
}

void JobOutput::keep(std::string note) {
  const NoteParts parts = parts_of(note);
  if (!parts_.sink.holds_back()) {
    notes_.push_back({parts_.sink.mark(), parts.job, std::string(parts.line)});
    return;
  }
  if (parts_.watch != nullptr) note += parts_.watch->on_held(parts.job);
  parts_.sink.keep_note(note);
  ++kept_notes_;
}

// They are many when all the run's output is shown, or not, at its end.
void JobOutput::take_kept_notes(TimePoint now) {
  parts_.sink.flush();
  for (std::vector<ByteSink::KeptNote> taken; !(taken = parts_.sink.take_notes()).empty();
       parts_.sink.flush()) {
    kept_notes_ -= taken.size();
    for (const ByteSink::KeptNote& note : taken) {
      const NoteParts parts = parts_of(note.text);
      if (!note.lost) {
        due_notes_ += parts.line;
      } else if (parts_.watch != nullptr) {
        parts_.watch->on_lost(parts.kept);
      }
    }
    pass_notes(now);
  }
}

void JobOutput::pass_notes(TimePoint now) {
  if (!failure().empty()) return;
  if (!due_notes_.empty()) parts_.journal->write(due_notes_, now);
  due_notes_.clear();
  for (const JobId job : std::exchange(written_, {})) {
    if (parts_.watch != nullptr) parts_.watch->on_written(job);
  }
}

void JobOutput::flow(TimePoint now) {
  if (parts_.collator == nullptr) return write_notes(now);
  has_more_ = parts_.collator->pump();
  write_notes(now);
  if (!parts_.sink.blocked(Stream::out)) {
    blocked_since_.reset();
  } else if (!blocked_since_) {
    blocked_since_ = now;
  }
  parts_.collator->set_stalled(blocked_since_ && now - *blocked_since_ >= kStalled);
  const bool was_full = is_full();
  const Collator::Again again = parts_.collator->take_again();
  // Asking for room may have shown that there is none: then the job that has the turn may write
  // more, and no event would tell.
  if (is_full() != was_full) has_more_ = true;
  if (again.all) {
    parts_.executor.read_again();
  } else if (again.job) {
    parts_.executor.read_again(*again.job);
  }
}

std::optional<TimePoint> JobOutput::wake_at(TimePoint now) const {
  if (has_more_) return now;
  if (!blocked_since_ || now - *blocked_since_ >= kStalled) return std::nullopt;
  return *blocked_since_ + kStalled;
}

bool JobOutput::is_full() const { return parts_.collator != nullptr && parts_.collator->full(); }

JobId JobOutput::turn() const { return parts_.collator->turn(); }

std::string JobOutput::failure() const {
  if (parts_.collator != nullptr && !parts_.collator->failure().empty()) {
    return parts_.collator->failure();
  }
  return parts_.results == nullptr ? std::string() : parts_.results->failure();
}

std::string JobOutput::take_warning() {
  return parts_.collator == nullptr ? std::string() : parts_.collator->take_warning();
}

void JobOutput::hold_no_more() {
  if (parts_.collator != nullptr) parts_.collator->hold_no_more();
}

void JobOutput::take_the_last() {
  if (parts_.collator != nullptr) parts_.collator->lift_bounds();
}

void JobOutput::end() {
  if (parts_.collator != nullptr) parts_.collator->end();
}

bool JobOutput::is_idle() const {
  return notes_.empty() && (parts_.collator == nullptr || parts_.collator->idle());
}

}  // namespace distaff
