#pragma once

// Records from `:::` lists: all combinations, the last list varying fastest, made one by one.
//
// Linked lists (`:::+`) and the list before them form a column group that is taken in step; the
// combinations are those of the groups.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "input/file_sequence.h"
#include "input/line_fields.h"
#include "input/source.h"
#include "model/run_spec.h"

namespace distaff {

class ArgumentSource final : public Source {
 public:
  // Reads the files that `::::` names, waiting for them.  With `fields`, which need a single list,
  // records have what those find; otherwise a single list gives records without fields (there {1}
  // is the same as {}), several give one field a list.
  static Expected<std::unique_ptr<ArgumentSource>> open(std::vector<ArgumentList> lists,
                                                        bool skip_empty_lines,
                                                        FileSequence::Options reading,
                                                        std::unique_ptr<LineFields> fields);

  // How many combinations there are; nothing if that is more than a number can hold.
  std::optional<std::uint64_t> total() const;

  // Records end in NUL if lines could not hold them: a value holds a newline, or is all of a record
  // and empty.
  Framing framing() const override;

  Next next(Record& record) override;
  const Error& error() const override { return error_; }
  std::string take_warning() override { return std::exchange(warning_, {}); }

 private:
  // Lists that are taken in step.
  struct Group {
    std::vector<std::vector<std::string>> lists;
    std::size_t at = 0;  // which of their values is next

    std::size_t size() const { return lists.front().size(); }
  };

  ArgumentSource() = default;

  Expected<void> read_file(ArgumentList& list, bool skip_empty_lines,
                           FileSequence::Options reading);
  Expected<void> add(ArgumentList list);
  void fill(Record& record) const;
  void advance();

  std::vector<Group> groups_;
  std::unique_ptr<LineFields> fields_;
  std::size_t list_count_ = 0;
  bool nul_possible_ = false;  // values from files may hold one
  bool done_ = false;
  std::string warning_;
  Error error_;
};

}  // namespace distaff
