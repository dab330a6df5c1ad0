#pragma once

// How long a command line gets, before it is built.
//
// There is one way of counting, whatever the command looks like: the bytes of the strings that the
// job is given.  A record of which only a part is used counts with that part.

#include <cstddef>
#include <vector>

#include "compose/command_plan.h"

namespace distaff {

// What execve takes for one string, without its NUL.
inline constexpr std::size_t kLongestString = 131071;

class CommandSize {
 public:
  // `values`: how many values a record has, in tuples; else 1.
  CommandSize(const CommandPlan& plan, std::size_t values);

  // As CommandTemplate has them.
  std::size_t fixed_bytes() const { return fixed_bytes_; }
  std::size_t fixed_words() const { return fixed_words_; }
  std::size_t record_bytes(const Record& record, JobFill& fill) const;
  std::size_t record_words() const { return record_words_; }
  std::size_t most_argument_bytes() const;

 private:
  // {3}, which stands once in a job, or again in the words of each of its records.
  struct Numbered {
    Replacement value;
    bool repeated = false;
  };

  void add_word(const Template& word);
  void add_env(const CommandPlan& plan);
  void add_script(const CommandPlan& plan);
  void add_value(const Replacement& value, std::size_t separators, bool repeated = false);
  std::size_t numbered_bytes(const Record& record, JobFill& fill) const;

  std::size_t values_;
  std::size_t fixed_bytes_ = 0;
  std::size_t fixed_words_ = 0;
  std::size_t literal_bytes_ = 0;  // that one record adds: text around its values, NULs
  std::size_t record_words_ = 0;
  std::size_t record_copies_ = 0;    // of the record's text
  std::vector<Replacement> pieces_;  // of a record, whose size is only seen by looking at it
  std::vector<Numbered> numbered_;   // which are of one record of the job
  bool joins_ = false;               // the values of several records in one string
};

}  // namespace distaff
