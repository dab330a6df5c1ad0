#pragma once

// Bodies as files in a directory (--output-dir).
//
// A body is complete or absent, also after kill -9: it is a file without a name (O_TMPFILE) until
// all of it is there, then it is linked to its name, in one step.  Where the file system has no
// such files, it is a file in .distaff/RUN that is renamed (fetch/body_parts.h).  It is gathered in
// memory, a quarter of a MiB at most, so one that is small, as most are, costs four calls of the
// system.  Nothing waits for the disk, so a loss of power may take the last ones.  One that may be
// continued, and is large, grows in .distaff/parts, so that what came of it survives us.
//
// Nothing is ever written outside the directory, whatever a URL or a template says, and whatever
// links stand in it: the name is clean (fetch/body_name.h), its folders are opened one by one
// without following links, and a link that has the name of a body is itself replaced.  A file that
// was there before this run is replaced too; one that this run has written is not: of one URL it is
// the same body, and that of another URL is an error of the later job.

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "fetch/body_name.h"
#include "fetch/body_parts.h"
#include "fetch/body_store.h"
#include "fetch/written_names.h"
#include "os/folders.h"

namespace distaff {

class BodyFiles final : public BodyStore {
 public:
  struct Options {
    std::string directory;  // made if it is not there
    bool keep_parts = true;
    bool unnamed_files = true;  // if the file system has them
    WrittenNames written = {};  // by earlier runs
  };

  // Error: the directory cannot be made or written to.
  static Expected<std::unique_ptr<BodyFiles>> open(Options options);

  std::optional<Part> part(const Request& request) override;
  std::optional<std::uint64_t> find_earlier(const Request& request, const BodyHead& head,
                                            const KnownBody& known) override;
  std::optional<std::uint64_t> keep_earlier(const Request& request, const BodyHead& head,
                                            const KnownBody& known) override;
  Expected<std::unique_ptr<Body>> begin(const Request& request, const BodyHead& head,
                                        const Part* part) override;

 private:
  class FileBody;

  BodyFiles(Options options, UniqueFd root);
  Expected<void> probe();

  // Each gives 0 or an errno.
  int make(const BodyName& name, GrowingFile& file);
  int publish(GrowingFile& file, const BodyName& name);
  int publish_in(int folder, GrowingFile& file, const BodyName& name);
  template <class Action>
  int in_folder(const std::string& folder, Action action);

  std::string name_below(const std::string& path) const;
  bool is_ours(const struct stat& status) const;
  std::string shown(const BodyName& name) const;
  tl::unexpected<Error> cannot_write(const BodyName& name, int error) const;

  Options options_;
  std::string real_directory_;  // its path without links, with a slash behind it
  Folders folders_;
  BodyParts parts_;
  WrittenNames written_;
  timespec begin_{};   // of the run, by the clock of the file system
  std::string spare_;  // memory of a body that is finished, for the next
};

}  // namespace distaff
