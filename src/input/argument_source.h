#pragma once

// Records from `:::` lists: all combinations, the last list varying fastest, made one by one.
//
// Linked lists (`:::+`) and the list before them form a column group that is taken in step; the
// combinations are those of the groups.
//
// The lines of a `::::` file are read one by one too, each when a combination needs it first, so
// such a list may be a FIFO or have no end.  The values of the group that varies slowest are
// forgotten when they have had their combinations.  Those of the others come again with each value
// before them and have to be kept: there are bounds to that.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "input/file_sequence.h"
#include "input/line_fields.h"
#include "input/line_source.h"
#include "input/source.h"
#include "model/run_spec.h"
#include "os/wait_gate.h"

namespace distaff {

class ArgumentSource final : public Source {
 public:
  struct Options {
    bool skip_empty_lines = true;
    bool trimmed = false;  // of files: blanks around a line, and a CR, are no part of the value
    FileSequence::Options reading;
    std::uint64_t most = UINT64_MAX;      // bytes of a record; a longer one is no job
    std::uint64_t most_kept = 128 << 20;  // bytes of memory for lines that come again
  };

  // Opens the files that `::::` names, and reads nothing of them yet.  With `fields`, which need a
  // single list, records have what those find; otherwise a single list gives records without fields
  // (there {1} is the same as {}), several give one field a list.
  static Expected<std::unique_ptr<ArgumentSource>> open(std::vector<ArgumentList> lists,
                                                        Options options,
                                                        std::unique_ptr<LineFields> fields);

  // How many combinations there are; nothing if that is more than a number can hold, or only the
  // files tell.
  std::optional<std::uint64_t> total() const;

  // Records end in NUL if lines could not hold them: a value holds a newline, or is all of a record
  // and empty.
  Framing framing() const override;

  Next next(Record& record) override;
  int wait_fd() const override {
    return waits_for_ == nullptr ? gate_.fd() : waits_for_->wait_fd();
  }
  const Error& error() const override { return error_; }
  std::string take_warning() override;

 private:
  // Why a value can be part of no job.
  struct Flaw {
    std::string problem;
    bool bytes_lost = false;
  };

  struct List {
    std::string name;                   // of the file, for messages
    std::unique_ptr<LineSource> lines;  // null: the values are all there
    std::vector<std::string> values;    // all so far, or only the last if they do not come again
    std::map<std::size_t, Flaw> flaws;  // of values, by their place in `values`
    Record ahead;                       // of the file, for the next step
    bool has_next = false;              // for that step; the other lists may not have theirs yet
    bool ended = false;

    // Where its value is for the `at`-th step.
    std::size_t place(std::size_t at, bool comes_again) const {
      return lines && !comes_again ? 0 : at - 1;
    }
  };

  // Lists that are taken in step.
  struct Group {
    std::vector<List> lists;
    bool comes_again = false;  // some group before it may have several values
    bool complete = false;     // `known` is all there are
    std::size_t known = 0;     // values of each list so far
    std::size_t at = 0;        // of them, how many were taken since the last time round

    bool reads() const;  // some list is a file
  };

  explicit ArgumentSource(Options options) : options_(std::move(options)) {}

  Expected<void> add(ArgumentList list);
  Next pause();
  Next step(Group& group);
  Next read(List& list, std::size_t known);
  void take_ahead(Group& group, List& list);
  Next fail_unequal(const Group& group);
  Next fail_full(const List& list);
  Next fail_with(Error error);
  bool fill(Record& record) const;
  static void add_value(const List& list, std::size_t place, bool several, Record& record);

  Options options_;
  std::vector<Group> groups_;
  std::unique_ptr<LineFields> fields_;
  std::size_t list_count_ = 0;
  std::size_t level_ = 0;  // the group whose next value is wanted; those before it have theirs
  std::uint64_t kept_ = 0;
  const LineSource* waits_for_ = nullptr;
  WaitGate gate_;  // always readable: a long row of values without a record is a wait of no time
  bool done_ = false;
  bool failed_ = false;
  Error error_;
};

}  // namespace distaff
