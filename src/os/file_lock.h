#pragma once

// Locks between processes: one run of a name at a time, one job of a value at a time.
//
// A lock is one byte of one file, at the place that its name hashes to, and is held through an open
// file description (fcntl F_OFD_SETLK).  So there is one descriptor and one file however many names
// there are, and nothing to remove: removing a lock file while another process waits at it gives
// two processes a lock each.  The kernel frees what we hold when our descriptor goes, so also when
// we die by SIGKILL; jobs do not inherit it (close-on-exec).
//
// Two runs exclude each other only if they agree on the place, so it depends on nothing but the
// user.  A run from cron has no HOME and no XDG_RUNTIME_DIR; /run/user/UID comes with the user's
// first login and goes with the last logout, in the middle of a run; TMPDIR is often another for
// each session.  /tmp is always there, but it is anybody's: the directory must be ours and closed
// to others, and somebody else may have made one of its name.  So there is a fixed list of places:
// /tmp/distaff-UID, then the same in /var/tmp and in /dev/shm.
//
// A run uses every place of the list that is ours already, one as a rule.  If none is, it makes the
// first that it can, and looks once more for all: of two runs that do so at the same time the one
// that looks last sees the place of the other.  A name is locked in all places that a run uses.  So
// two runs share a place whatever others make or remove there between one start and the other.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/expected.h"
#include "base/unique_fd.h"

namespace distaff {

class FileLocks {
 public:
  // Of this user.
  static Expected<FileLocks> open();

  // In those of these directories that are ours; in the first that can be made, if none is.  Error:
  // none can be.  One that is a symbolic link, another user's, or open to others is not ours.
  static Expected<FileLocks> open_in(std::vector<std::string> directories);

  // How many descriptors it would have, at most.
  static int descriptors();
  static int descriptors_in(const std::vector<std::string>& directories);

  // Never waits.  False: another process has it, or another FileLocks of this one.  What we hold
  // already is taken once more, and must be given back as often: two names may have one place.
  // `kind` keeps apart what is locked for different reasons; both are any bytes.
  Expected<bool> take(std::string_view kind, std::string_view name);

  // Needs that it was taken.
  void give_back(std::string_view kind, std::string_view name);

  std::size_t held() const { return held_.size(); }

 private:
  using Offset = std::uint64_t;
  struct Place {
    std::string directory;
    UniqueFd guard;  // the directory
    UniqueFd file;
    std::string refusal;  // why it cannot be used; empty: it can, or is not there
    dev_t device = 0;
    ino_t inode = 0;

    void look();
    bool make();
    Expected<void> open_file();
    bool was_removed() const;
    Expected<bool> lock(Offset offset) const;
    void unlock(Offset offset) const;
    Expected<bool> take(Offset offset, bool first);
    std::string cannot(const char* what) const;
  };

  FileLocks() = default;
  static Offset offset_of(std::string_view kind, std::string_view name);
  Expected<bool> lock_all(Offset offset);

  std::vector<Place> places_;
  std::unordered_map<Offset, int> held_;  // how often
};

}  // namespace distaff
