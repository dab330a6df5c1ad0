#pragma once

// Results as files: PLACE/stdout, PLACE/stderr and PLACE/job.json.
//
// Each file is there as a whole or not at all, also after SIGKILL: it is written beside its place,
// as NAME.RUN.part, and then renamed, job.json last.  (After SIGKILL such parts stay.)  Files of an
// earlier run are replaced one by one as the new ones are complete.
//
// Two jobs of one run may ask for one place; only the first has it.  That is found out without
// remembering every place: while the first runs, its part of job.json is there, made exclusively;
// and afterwards job.json ends in the id of the run.
//
// Descriptors: one file is open at a time, however many jobs write.  One more is kept, to be given
// up if there is none left for that.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/unique_fd.h"
#include "collate/row_format.h"
#include "sink/result_store.h"

namespace distaff {

class ResultFiles final : public ResultStore {
 public:
  // `describe` makes job.json with begin() and tail() alone, and writes `run` as its last member.
  ResultFiles(RowFormat& describe, std::string run);
  // Removes the parts of what was not closed.
  ~ResultFiles() override;
  ResultFiles(const ResultFiles&) = delete;
  ResultFiles& operator=(const ResultFiles&) = delete;

  Expected<void> open(JobId job, const std::string& place) override;
  void drop(JobId job) override;
  void output(JobId job, Stream stream, std::string_view bytes) override;
  void ended(const Job& job, const Attempt& attempt, int attempts, Slot slot) override;
  void close(JobId job) override;
  const std::string& failure() const override { return failure_; }

 private:
  struct Place {
    std::string directory;        // with a slash behind it
    std::array<bool, 2> begun{};  // the part of the stream is there
    std::string description;      // job.json
  };

  std::string part(const Place& place, std::string_view name) const;
  bool is_of_this_run(const std::string& file);
  UniqueFd open_file(const std::string& path, int flags);
  void close_file(UniqueFd& file);
  bool write_part(const std::string& path, int flags, std::string_view bytes);
  bool write_bytes(std::string_view bytes);
  bool finish_stream(Place& place, Stream stream);
  bool finish(const Place& place, std::string_view name);
  void forget_streams(Place& place);
  void remove(Place& place);
  bool fail_at(const std::string& file);

  RowFormat& describe_;
  std::string run_;
  std::unordered_map<JobId, Place> places_;
  UniqueFd spare_;
  UniqueFd current_;  // the part that was written last, `current_path_`
  std::string current_path_;
  std::string failure_;
};

}  // namespace distaff
