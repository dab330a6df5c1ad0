#include "os/folders.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace distaff {
namespace {

constexpr std::size_t kMostOpen = 300;  // the 256 of the default names, and some
constexpr int kFolder = O_PATH | O_DIRECTORY | O_CLOEXEC;

std::size_t most_open() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kMostOpen;
  return std::clamp<std::size_t>(files.rlim_cur / 4, 1, kMostOpen);
}

// Takes "a" off "a/b/c".
std::string take_part(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  std::string part(path.substr(0, end));
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

}  // namespace

UniqueFd open_folder(int directory, const std::string& name) {
  UniqueFd folder(::openat(directory, name.c_str(), kFolder | O_NOFOLLOW));
  if (folder || errno != ENOENT) return folder;
  if (::mkdirat(directory, name.c_str(), 0777) != 0 && errno != EEXIST) return {};
  folder.reset(::openat(directory, name.c_str(), kFolder | O_NOFOLLOW));
  return folder;
}

UniqueFd walk_folders(int directory, std::string_view folder) {
  UniqueFd last;
  while (!folder.empty()) {
    UniqueFd next = open_folder(last ? last.get() : directory, take_part(folder));
    if (!next) return next;
    last = std::move(next);
  }
  return last;
}

UniqueFd open_directory(const std::string& path) {
  for (std::size_t at = 1; at < path.size(); ++at) {
    if (path[at] == '/') ::mkdir(path.substr(0, at).c_str(), 0777);
  }
  ::mkdir(path.c_str(), 0777);
  return UniqueFd(::open(path.c_str(), kFolder));
}

Folders::Folders(UniqueFd root) : root_(std::move(root)), most_(most_open()) {}

int Folders::open(const std::string& folder) {
  if (folder.empty()) return root_.get();
  if (const auto found = by_name_.find(folder); found != by_name_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->fd.get();
  }
  UniqueFd fd = walk_folders(root_.get(), folder);
  if (!fd) return -1;
  if (entries_.size() >= most_) forget(entries_.back().folder);
  entries_.push_front({folder, std::move(fd)});
  by_name_.emplace(entries_.front().folder, entries_.begin());
  return entries_.front().fd.get();
}

void Folders::forget(const std::string& folder) {
  const auto found = by_name_.find(folder);
  if (found == by_name_.end()) return;
  const auto entry = found->second;
  by_name_.erase(found);
  entries_.erase(entry);
}

void Folders::forget_all() {
  by_name_.clear();
  entries_.clear();
}

std::string Folders::obstacle(const std::string& folder) const {
  std::string_view rest = folder;
  UniqueFd last;
  while (!rest.empty()) {
    const std::string part = take_part(rest);
    UniqueFd next(::openat(last ? last.get() : root_.get(), part.c_str(), kFolder | O_NOFOLLOW));
    if (!next) {
      const std::size_t behind = rest.empty() ? 0 : rest.size() + 1;
      return errno == ENOTDIR || errno == ELOOP ? folder.substr(0, folder.size() - behind) : "";
    }
    last = std::move(next);
  }
  return {};
}

}  // namespace distaff
