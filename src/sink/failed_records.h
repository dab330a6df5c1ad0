#pragma once

// --failed-to: the records that were not done, as they came in, to be the input of another run.
//
// Not done is also a job that went well and whose output could not be written.  So until a job's
// output is out its records are kept here, or with the output if that is held back.
//
// They take the file's name at the end of the run (see os/whole_file.h): so the file may be the
// run's own input, and after SIGKILL it is what it was.  A name that is no regular file (a pipe,
// /dev/stderr) is written to as it is.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/unique_fd.h"
#include "model/record.h"
#include "os/whole_file.h"
#include "sink/observer.h"

namespace distaff {

class FailedRecords final : public Observer {
 public:
  struct Options {
    std::string file;
    std::string run;                   // its id
    std::function<Framing()> framing;  // asked at the first record
    bool tuples = false;    // values with a tab between them, which is what --split takes
    bool is_input = false;  // the file is read too: it is replaced only by all the rest
    std::function<void(const std::string&)> warn = {};
  };

  // Errors: the file cannot be made.
  static Expected<std::unique_ptr<FailedRecords>> open(Options options);
  FailedRecords(const FailedRecords&) = delete;
  FailedRecords& operator=(const FailedRecords&) = delete;

  // Observer
  void on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view command,
              TimePoint now) override;
  bool wants_output() const override { return true; }
  void on_output_written(JobId job) override { unwritten_jobs_.erase(job); }
  std::string on_output_held(JobId job) override;
  void on_output_lost(std::string_view kept) override;
  void on_not_run(const Job& job) override;
  void on_input_left() override;
  void tick(const RunCounts& counts, TimePoint now, bool last) override;
  std::string_view failure() const override { return failure_; }

 private:
  // The records of a job: as they are written, or packed.
  struct Kept {
    std::string text;
    std::shared_ptr<const PackedTexts> packed;
  };

  FailedRecords(Options options, WholeFile whole, UniqueFd as_it_is, std::string part);
  static Expected<std::unique_ptr<FailedRecords>> open_as_it_is(Options options);

  void ask();
  void begin();
  void add(const Job& job);
  void add(const Record& record);
  void add(const PackedTexts& texts);
  void keep(const Job& job);
  template <class Put>
  void put(const Record& record, const Put& put) const;
  void write(std::string_view bytes);
  void push();
  void write_out(std::string_view bytes);
  void finish();
  void fail_with(int error);

  Options options_;
  WholeFile whole_;
  UniqueFd as_it_is_;  // instead of it
  std::string part_;   // its name, if it cannot take that of the file
  Framing framing_;
  bool asked_ = false;  // for the framing
  bool begun_ = false;  // the header is written
  bool incomplete_ = false;
  std::uint64_t lost_ = 0;                // records that are not there any more
  std::map<JobId, Kept> unwritten_jobs_;  // that went well
  std::string unwritten_;
  std::string failure_;
};

// True if `file` is one of the files that are read.
bool is_among(const std::string& file, const std::vector<std::string>& files);

}  // namespace distaff
