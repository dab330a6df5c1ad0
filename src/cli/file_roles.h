#pragma once

// One file, one role.
//
// A file that is two things to a run is lost: a journal that is replaced by the metrics, a list
// that is emptied before it is read, a log whose lines come back as records.  So before anything is
// opened for writing all files that a run is told of are compared, by what they are and not by
// their names; also those that are not there yet, and stdin, stdout and stderr.
//
// A few pairs are meant and good: --failed-to replaces the input at the end, --cond reads the
// archive that --archive writes, --cookie the file of --cookie-jar, and stdout and stderr often are
// one file.  Terminals, /dev/null, pipes and sockets keep nothing that could be lost.

#include <string>
#include <vector>

#include "base/expected.h"
#include "cli/native.h"
#include "os/startup.h"

namespace distaff {

struct FileRole {
  enum class Use {
    read,
    appended,
    replaced,  // at the end of the run
    written,   // from now on
  };
  std::string option;  // as it is written; of a stream its name
  Use use = Use::read;
  std::string path;     // empty: a stream
  int descriptor = -1;  // of a stream

  bool is_stream() const { return path.empty(); }
};

// All that the request names, then the streams that it uses.
std::vector<FileRole> file_roles(const NativeRequest& request);

// Those that lie in a directory or below it: where in it, and what they are ("--journal 'out/j'").
struct RoleBelow {
  std::string path;
  std::string what;
};
std::vector<RoleBelow> file_roles_below(const std::string& directory, const RunSpec& spec);

// Errors: two roles are one file; one is a stream that was closed at start (/dev/stdout); one lies
// where --results puts a file.
Expected<void> check_file_roles(const NativeRequest& request, const Startup& startup);

}  // namespace distaff
