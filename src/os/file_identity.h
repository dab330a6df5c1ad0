#pragma once

// Which file a name or a descriptor leads to: two that are equal lead to one file, by whatever
// names, links and directories.

#include <sys/types.h>

#include <optional>
#include <string>

namespace distaff {

struct FileIdentity {
  enum class Kind {
    file,   // also one that is not there yet, and a disk
    fifo,   // a pipe, with a name or without
    other,  // terminals, /dev/null, sockets, directories
  };

  dev_t device = 0;
  ino_t inode = 0;   // of the file; of its directory if it is not there yet
  std::string name;  // in the directory, if it is not there yet
  Kind kind = Kind::file;

  bool operator==(const FileIdentity&) const = default;
};

// Of the file that open() with O_CREAT would open or make; nothing if it could do neither.
std::optional<FileIdentity> identity_of(const std::string& path);

std::optional<FileIdentity> identity_of(int fd);

// The descriptor of ours that the name stands for, as /dev/stdout and /proc/self/fd/1 do for 1.
std::optional<int> descriptor_named(const std::string& path);

}  // namespace distaff
