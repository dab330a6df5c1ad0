#pragma once

// A file that others see as a whole or not at all, also when we are killed at any moment.
//
// Until it is whole it has no name (O_TMPFILE), so nothing is left of it.  Where the file system
// has no such files, or /proc is not there to name one, it is written beside its place under a name
// of its own; that one stays after SIGKILL.  A name that is taken can be replaced in one step only
// by another name, so for the length of two system calls there is one beside the place.

#include <string>

#include "base/unique_fd.h"

namespace distaff {

class WholeFile {
 public:
  // To be `target`, a path behind all links.  `aside` is the name it may need beside that.
  WholeFile(std::string target, std::string aside);
  // Without publish() nothing is left.
  ~WholeFile();
  WholeFile(WholeFile&& other) noexcept;
  WholeFile& operator=(WholeFile&&) = delete;

  // 0 or an errno.
  int open();

  int fd() const { return file_.get(); }

  // All that was written has arrived, and has the name from now on.  0 or an errno.
  int publish();

  // It keeps the name that it may need.  0 or an errno.
  int publish_aside();

 private:
  int name_aside();

  std::string target_, aside_;
  UniqueFd file_;
  bool is_aside_ = false;
};

// Gives a file without a name one in the folder, which is free.  0 or an errno.
int link_unnamed(int file, int folder, const std::string& name);

// Can files without a name be named here?
bool can_link_unnamed();

// The file system has no files without a name, or the kernel does not know them.
bool knows_no_unnamed_files(int error);

// What some file systems, as those of a network, say only when a file is closed: 0 or an errno.
int error_of_closing(int fd);

}  // namespace distaff
