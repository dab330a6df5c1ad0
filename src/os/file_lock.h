#pragma once

// Locks between processes: one run of a name at a time, one job of a value at a time.
//
// A lock is one byte of one file, at the place that its name hashes to, and is held through an open
// file description (fcntl F_OFD_SETLK).  So there is one descriptor and one file however many names
// there are, and nothing to remove: removing a lock file while another process waits at it gives
// two processes a lock each.  The kernel frees what we hold when our descriptor goes, so also when
// we die by SIGKILL; jobs do not inherit it (close-on-exec).
//
// The file is in /tmp/distaff-UID.  Two runs exclude each other only if they agree on the place, so
// it depends on nothing but the user.  A run from cron has no HOME and no XDG_RUNTIME_DIR;
// /run/user/UID comes with the user's first login and goes with the last logout, in the middle of a
// run; TMPDIR is often another for each session.  /tmp is always there.  It is anybody's, so the
// directory must be ours and closed to others.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/expected.h"
#include "base/unique_fd.h"

namespace distaff {

class FileLocks {
 public:
  // Of this user.
  static Expected<FileLocks> open();

  // In this directory, which is made if it is not there.  Error: it is a symbolic link, another
  // user's, or open to others.
  static Expected<FileLocks> open_in(const std::string& directory);

  // Never waits.  False: another process has it, or another FileLocks of this one.  What we hold
  // already is taken once more, and must be given back as often: two names may have one place.
  // `kind` keeps apart what is locked for different reasons; both are any bytes.
  Expected<bool> take(std::string_view kind, std::string_view name);

  // Needs that it was taken.
  void give_back(std::string_view kind, std::string_view name);

  std::size_t held() const { return held_.size(); }

 private:
  using Place = std::uint64_t;

  explicit FileLocks(std::string directory) : directory_(std::move(directory)) {}
  static Place place_of(std::string_view kind, std::string_view name);
  Expected<void> open_file();
  bool was_removed() const;
  Expected<bool> lock(Place place);
  tl::unexpected<Error> cannot(const char* what) const;

  std::string directory_;
  UniqueFd guard_;  // the directory
  UniqueFd file_;
  std::unordered_map<Place, int> held_;  // how often
};

}  // namespace distaff
