#pragma once

// Text with replacements in it: {} {1} {name} {#} {%}, with path parts {/.} {1//} {@REGEX}.
//
// A template is parsed once and checked against what is known of the fields; then it is expanded
// for each job.  Text that is none of the forms is left as it is: `${HOME}`, `{{.Name}}`,
// `[0-9]{4}` where records have no fields, `{print $1}`, `{"a":1}`, `{1..9}`.
//
// A value that is missing is never an empty word: expand() fails with the reason, and the job is
// not started.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/expected.h"
#include "compose/path_part.h"
#include "model/ids.h"
#include "model/job.h"
#include "model/record.h"

namespace distaff {

struct Replacement {
  enum class What { record, field, name, seq, slot };
  What what = What::record;
  std::size_t field = 0;  // from 1
  std::string name;
  std::vector<PathPart> parts;
  std::string spelled;      // as it stands in the template, for messages
  bool each_value = false;  // TemplateSyntax::tuples: {} is one value for each field of a record

  bool of_record() const { return what != What::seq && what != What::slot; }
  // Has a value in each record of a job; the others have one in the whole job.
  bool repeats() const { return what == What::record || what == What::name; }
  // The same value in every job; how it was spelled does not matter.
  bool operator==(const Replacement& other) const {
    return what == other.what && field == other.field && name == other.name && parts == other.parts;
  }
};

using Piece = std::variant<std::string, Replacement>;  // literal text, or what to put there

// How templates are written in this run.
struct TemplateSyntax {
  FieldScheme scheme;
  std::string replacement = "{}";  // CommandSpec::replacement
  // Records are tuples of `:::` values: each value counts as a record of its own for {} and its
  // path parts.  (A line with --split or a table's row is one record, whatever its fields.)
  bool tuples = false;
  // A job has at most so many records, through which {1} {2} count; 0: there is no bound.
  std::uint64_t most_records = 1;
};

// What a job's templates may look at.
struct JobView {
  std::span<const Record> records;
  JobId id{};
  Slot slot = 0;
  bool shown = true;  // people will see it: Launch::shown is wanted
  std::shared_ptr<const PackedTexts> packed = nullptr;  // Job::packed
};

inline JobView view_of(const Job& job, Slot slot, bool shown = true) {
  return {job.records, job.id, slot, shown, job.packed};
}

// If a replacement begins at text[at], reads it and moves `at` behind it; else leaves `at` alone
// and gives nothing (the character is literal).  A replacement of an unknown field is an error that
// lists the known ones.  Does not look at what stands around it: callers that read shell text know
// about `${` themselves, and skip `{{…}}` by foreign_braces().
Expected<std::optional<Replacement>> read_replacement(std::string_view text, std::size_t& at,
                                                      const TemplateSyntax& syntax);

// The length of a `{{…}}` that begins at text[at], the form of other programs' templates, in which
// nothing is replaced; 0 if none does.  None if forms are not spelled with bare braces (-I).
std::size_t foreign_braces(std::string_view text, std::size_t at, const TemplateSyntax& syntax);

class Template {
 public:
  // Handles `${…}` and `{{…}}` as literal text.
  static Expected<Template> parse(std::string_view text, const TemplateSyntax& syntax);

  // One that was read by other rules, as a word of a script.
  static Template of(std::vector<Piece> pieces);

  const std::vector<Piece>& pieces() const { return pieces_; }
  bool is_literal() const;             // has no replacement
  bool has_record() const;             // one of the record or its fields
  bool repeats() const;                // one that has a value in each record of a job
  bool is_single_replacement() const;  // nothing else: a word that is just {}

  // One text; in a job of several records their values are joined by a space, except that {1} {2}
  // count the fields of all its records.
  Expected<std::string> expand(const JobView& job) const;

  // The same for a terminal: the values as printable() has them, the text between as it is.
  Expected<std::string> expand_for_terminal(const JobView& job) const;

  // One text for each record where it holds a replacement of the record; else one.
  Expected<std::vector<std::string>> expand_each(const JobView& job) const;

  // Which fields by name it needs; JSON sources look into objects for these.
  void collect_names(std::vector<std::string>& names) const;

 private:
  Expected<std::string> expand_with(const JobView& job, bool printably) const;

  std::vector<Piece> pieces_;
};

// The value of one replacement in a job: values of several records joined by a space.
Expected<std::string> value_of(const Replacement& replacement, const JobView& job);

// The value in each record (record and name forms); for {1} {2}, seq and slot just one.
Expected<std::vector<std::string>> values_of(const Replacement& replacement, const JobView& job);

// The value in one record; for {3} its third field.  Not for seq and slot.
Expected<std::string> value_in(const Replacement& replacement, const Record& record);

// The size of what value_in() gives, of all its values in a tuple; 0 if it is missing.
std::size_t value_bytes(const Replacement& replacement, const Record& record);

// How many of the numbers {1} {2} … that count through a job's records this one takes.
std::size_t field_count(const Record& record);

// value_bytes() of the record's field of that number.
std::size_t field_bytes(std::size_t field, const std::vector<PathPart>& parts,
                        const Record& record);

// The words of {} for one record where records are tuples: its fields; without fields its text.
std::vector<std::string> words_of(const Record& record);

}  // namespace distaff
