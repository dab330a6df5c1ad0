#pragma once

// The folders below one directory, made when they are needed and kept open.
//
// A path is walked part by part, and a symbolic link is never followed: whoever may write into the
// directory cannot lead us out of it.  The directory itself may be a link, its owner said so.
//
// Opening a folder for each body would cost as much as writing the body, so the ones that were used
// last stay open: as many as fit, at most a quarter of the descriptors that we may have.

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/unique_fd.h"

namespace distaff {

class Folders {
 public:
  // `root` is open on the directory (O_PATH will do).
  explicit Folders(UniqueFd root);

  // A descriptor (O_PATH) of the folder "a/b" of the directory, made if it is not there; of the
  // directory itself for "".  Valid until the next call.  -1, with errno: ENOTDIR if a part is
  // something else than a folder.
  int open(const std::string& folder);

  // One that was removed meanwhile is made again next time.
  void forget(const std::string& folder);
  void forget_all();

  // Which part of the way to a folder is none: "a/b"; empty if all are.
  std::string obstacle(const std::string& folder) const;

  int root() const { return root_.get(); }

 private:
  struct Entry {
    std::string folder;
    UniqueFd fd;
  };
  using Entries = std::list<Entry>;

  UniqueFd root_;
  std::size_t most_;
  Entries entries_;  // the one used last is the first
  std::unordered_map<std::string_view, Entries::iterator> by_name_;  // names are those in entries_
};

// Opens a folder in a directory, after making it if it is not there; follows no link.  Empty, with
// errno.
UniqueFd open_folder(int directory, const std::string& name);

// The same for all parts of the folder "a/b", one after the other.
UniqueFd walk_folders(int directory, std::string_view folder);

// The directory, made with those above it if it is not there; -1 with errno.
UniqueFd open_directory(const std::string& path);

}  // namespace distaff
