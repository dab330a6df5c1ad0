#pragma once

// Finds programs as a shell does, in the PATH of the job that runs them.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace distaff {

class ProgramFinder {
 public:
  struct Found {
    std::string path;  // for execve() in the job's directory; empty: not found
    int error = 0;     // then: ENOENT, or EACCES if there was one that may not be executed

    explicit operator bool() const { return error == 0; }
  };

  // `path` is the job's PATH (nothing: unset, then the usual six directories), `workdir` the job's
  // directory (empty: ours).  A name with a slash is taken as it is.  What was found is remembered
  // if it does not depend on the directory; the reference is good until the next call.
  const Found& find(std::string_view name, std::optional<std::string_view> path,
                    std::string_view workdir);

  // A directory of that name, which find() passes over; empty: there is none.  For messages.
  static std::string directory_called(std::string_view name, std::optional<std::string_view> path,
                                      std::string_view workdir);

  // The last find() gave something that is not there any more; the next one looks again.
  void forget_last();

  // The last find() answered from memory.
  bool was_remembered() const { return was_remembered_; }

 private:
  const Found& search(std::string_view name, std::string_view path, std::string_view workdir);

  std::map<std::string, Found, std::less<>> known_;  // by PATH, a NUL and the name
  std::string key_;                                  // of the last find()
  const Found* last_ = nullptr;                      // what it gave, if that is remembered
  Found passing_;                                    // what it gave, if not
  bool was_remembered_ = false;
};

}  // namespace distaff
