#include "os/program_finder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "os/file_text.h"

namespace distaff {
namespace {

constexpr std::string_view kUsualPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Input that names a different program in each record must not fill the memory.
constexpr std::size_t kMostRemembered = 1024;

// 0, ENOENT, or EACCES.  Directories and devices are passed over, as a shell does.
int check_program(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) < 0) return errno == EACCES ? EACCES : ENOENT;
  if (!S_ISREG(status.st_mode)) return ENOENT;
  return faccessat(AT_FDCWD, file.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : EACCES;
}

bool is_absolute(std::string_view directory) { return directory.starts_with('/'); }

// Takes the text up to the next colon off `path`.  Nothing is left when `path` has no data().
std::string_view take_element(std::string_view& path) {
  const std::size_t colon = path.find(':');
  const std::string_view element = path.substr(0, colon);
  path = colon == path.npos ? std::string_view() : path.substr(colon + 1);
  return element;
}

// NAME in an element of PATH, of which an empty one is the job's directory.
std::string file_in(std::string_view directory, std::string_view name) {
  std::string file(directory.empty() ? "." : directory);
  file.append(1, '/').append(name);
  if (file.starts_with('-')) file.insert(0, "./");
  return file;
}

bool all_absolute(std::string_view path) {
  return is_absolute(path) && path.find("::") == path.npos && !path.ends_with(':') && [&] {
    for (std::size_t at = path.find(':'); at != path.npos; at = path.find(':', at + 1)) {
      if (path[at + 1] != '/') return false;
    }
    return true;
  }();
}

}  // namespace

const ProgramFinder::Found& ProgramFinder::find(std::string_view name,
                                                std::optional<std::string_view> path,
                                                std::string_view workdir) {
  last_ = nullptr;
  was_remembered_ = false;
  if (name.find('/') != name.npos) {
    // A leading dash would be an option should /bin/sh have to run it.
    passing_ = {name.starts_with('-') ? "./" + std::string(name) : std::string(name), 0};
    return passing_;
  }
  const std::string_view directories = path.value_or(kUsualPath);
  if (!all_absolute(directories)) return search(name, directories, workdir);

  key_.assign(directories).append(1, '\0').append(name);
  if (const auto known = known_.find(key_); known != known_.end()) {
    was_remembered_ = true;
    return *(last_ = &known->second);
  }
  if (!search(name, directories, workdir)) return passing_;
  if (known_.size() >= kMostRemembered) known_.clear();
  return *(last_ = &known_.emplace(key_, passing_).first->second);
}

const ProgramFinder::Found& ProgramFinder::search(std::string_view name, std::string_view path,
                                                  std::string_view workdir) {
  passing_ = {{}, ENOENT};
  if (name.empty()) return passing_;
  bool more = true;
  while (more) {
    more = path.find(':') != path.npos;
    const std::string_view directory = take_element(path);
    std::string file = file_in(directory, name);
    const bool here = is_absolute(file) || workdir.empty();
    const int error = check_program(here ? file : std::string(workdir) + "/" + file);
    if (error == 0) {
      passing_ = {std::move(file), 0};
      return passing_;
    }
    if (error == EACCES) passing_.error = EACCES;
  }
  return passing_;
}

std::string ProgramFinder::directory_called(std::string_view name,
                                            std::optional<std::string_view> path,
                                            std::string_view workdir) {
  std::string_view directories = path.value_or(kUsualPath);
  for (bool more = !name.empty(); more;) {
    more = directories.find(':') != directories.npos;
    const std::string file = file_in(take_element(directories), name);
    const bool here = is_absolute(file) || workdir.empty();
    if (is_directory(here ? file : std::string(workdir) + "/" + file)) return file;
  }
  return {};
}

void ProgramFinder::forget_last() {
  if (last_ != nullptr) known_.erase(key_);
  last_ = nullptr;
}

}  // namespace distaff
