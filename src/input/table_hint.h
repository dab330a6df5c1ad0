#pragma once

// Whoever writes {mail} and forgets --csv would get a literal {mail} in every job.  So where words
// in braces are left as they are, and the first line of the input holds such a word as a cell, the
// input is refused before the first job.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "input/source.h"

namespace distaff {

class TableHint final : public Source {
 public:
  // `words` stand in braces in the command.  `otherwise` is a warning if they mean nothing here.
  TableHint(std::unique_ptr<Source> source, std::vector<std::string> words, std::string otherwise)
      : source_(std::move(source)), words_(std::move(words)), warning_(std::move(otherwise)) {}

  Next next(Record& record) override;
  int wait_fd() const override { return source_->wait_fd(); }
  const Error& error() const override { return error_ ? *error_ : source_->error(); }
  std::string take_warning() override;

 private:
  std::unique_ptr<Source> source_;
  std::vector<std::string> words_;  // none: nothing to look for any more
  std::string warning_;
  std::optional<Error> error_;
};

}  // namespace distaff
