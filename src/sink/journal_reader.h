#pragma once

// Reads a journal of earlier runs (see journal.h), a million lines in well under a second.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "model/ids.h"
#include "sink/job_journal.h"

namespace distaff {

// The form of what is written: a journal with a higher number is not read, and not appended to.
inline constexpr std::uint64_t kJournalForm = 1;

// What a line of ours says.
struct JournalLine {
  enum class Kind { run, job, done };
  enum class Outcome {
    success,
    failed,
    other,  // it was tried again, or ended because the run stopped
  };
  Kind kind = Kind::done;
  std::uint64_t form = 0;  // of run: kJournalForm then
  Identity identity;       // of job, and what follows
  Outcome outcome = Outcome::other;
  std::uint32_t command = 0;  // a hash of it; 0 if the line has none.  Of run: of all its jobs
  std::uint32_t of_run = 0;   // of job, from read_journal(): what its run's line says there
  std::uint64_t place = 0;    // in the file, where it begins
  std::string_view text;      // of it, from read_journal(): valid until the next one

  bool operator==(const JournalLine&) const = default;
};

// Without its newline.  Nothing: it is not one of ours, or not whole.
std::optional<JournalLine> read_journal_line(std::string_view line);

// What a request's line says of its end.  Nothing: it is no whole line of a job.
std::optional<EarlierEnd> read_earlier_end(std::string_view line);

struct JournalContent {
  bool empty = true;
  bool torn = false;           // the last line has no newline
  std::uint64_t jobs = 0;      // lines of jobs
  std::uint64_t not_ours = 0;  // lines that were passed over
};

// Calls `each` for the lines of jobs.  A torn last line, lines that are not ours and lines that are
// there twice do no harm.
// Errors: it cannot be read, is of a later form, or holds something but no line of ours.
Expected<JournalContent> read_journal(int fd, const std::string& name,
                                      const std::function<void(const JournalLine&)>& each);

}  // namespace distaff
