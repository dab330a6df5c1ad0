#pragma once

// Results as files: PLACE/stdout, PLACE/stderr and PLACE/job.json.
//
// Each file is there as a whole or not at all, also after SIGKILL, job.json last.  Until it is
// whole it has no name; or where that cannot be (see os/whole_file.h), or too many are open, it is
// written beside its place as NAME.RUN.part, which stays after SIGKILL.  Files of an earlier run
// are replaced one by one as the new ones are complete.
//
// Names come from records, which anybody may have made, and jobs may change what is in their
// places: so below the root, which the user named, no link is followed.
//
// Two jobs of one run may ask for one place; only the first has it.  That is found out without
// remembering every place: those of running jobs are known, and afterwards job.json ends in the id
// of the run.
//
// Descriptors: an eighth of what we may have at the most, however many jobs write.  Three more are
// kept, to be given up if there are none left.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/unique_fd.h"
#include "collate/row_format.h"
#include "sink/result_store.h"

namespace distaff {

class ResultFiles final : public ResultStore {
 public:
  struct Options {
    std::string run;  // its id
    std::string
        root;  // the directory of all places: they begin with it, and its slash; empty: ours
    bool unnamed_files = true;  // where the file system has them
  };

  // `describe` makes job.json with begin() and tail() alone, and writes `run` as its last member.
  ResultFiles(RowFormat& describe, Options options);
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
  // A file on its way.
  struct Part {
    std::string_view name;  // that it will have
    bool begun = false;
    bool named = false;  // as NAME.RUN.part; then it is open only while it is current_
    int error = 0;       // of closing it
    UniqueFd file;
  };
  class Settled;
  struct Place {
    std::string shown;   // as it was asked for, with a slash behind it
    std::string folder;  // below the root
    UniqueFd opened;     // the folder, if there are descriptors enough
    std::array<Part, 2> streams;
    std::string description;  // job.json
  };

  Expected<void> take_place(Place& place);
  bool open_root();
  int folder_of(const Place& place);
  bool is_of_this_run(int folder);
  bool write(Place& place, Part& part, std::string_view bytes);
  bool begin(Place& place, Part& part);
  bool begin_unnamed(Part& part, int folder);
  bool finish(Place& place, Part& part);
  bool finish_in(int folder, Part& part);
  void forget(Place& place, Part& part);
  void remove(Place& place);
  bool fail_at(const Place& place, const Part& part);
  std::string part_name(const Part& part) const;

  template <class Open>
  UniqueFd with_spares(Open open);
  UniqueFd open_at(int folder, const std::string& name, int flags);
  bool may_keep_open() const { return kept_open_ < most_open_; }
  bool close_kept(UniqueFd& file);
  void close_current();
  void take_spares();

  RowFormat& describe_;
  Options options_;
  UniqueFd root_;
  std::unordered_map<JobId, Place> places_;
  std::unordered_set<std::string> folders_;  // of these places
  std::array<UniqueFd, 3> spares_;           // for a folder, the one above it, and a file
  UniqueFd walked_;                          // the folder that folder_of() found last
  Part* current_ = nullptr;                  // with a name, and open
  std::size_t kept_open_ = 0;
  std::size_t most_open_;
  std::string failure_;
};

}  // namespace distaff
