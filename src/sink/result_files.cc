#include "sink/result_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

constexpr mode_t kFile = 0666;
constexpr mode_t kDirectory = 0777;
constexpr std::array<std::string_view, 2> kStreams{"stdout", "stderr"};
constexpr std::string_view kDescription = "job.json";

std::size_t index(Stream stream) { return stream == Stream::out ? 0 : 1; }

// 0 or an errno.
int make_directories(const std::string& path) {
  if (mkdir(path.c_str(), kDirectory) == 0 || errno == EEXIST) return 0;
  if (errno != ENOENT) return errno;
  for (std::size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1)) {
    const std::string parent = path.substr(0, end);
    if (mkdir(parent.c_str(), kDirectory) != 0 && errno != EEXIST) return errno;
  }
  return 0;
}

// An empty file that was not there before; this takes no descriptor.  0 or an errno.
int make_file(const std::string& path) {
  return mknod(path.c_str(), S_IFREG | kFile, 0) == 0 ? 0 : errno;
}

// Errors that lie in this job's name; the others would hit the next job as well.
bool is_about_the_name(int error) {
  return error == ENAMETOOLONG || error == ENOTDIR || error == EISDIR || error == ELOOP ||
         error == EINVAL || error == EILSEQ;
}

// What JsonRows writes last.
bool ends_in_run(int file, const std::string& run) {
  const std::string end = fmt::format("run\":\"{}\"}}\n", run);
  struct stat status {};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::string found(end.size(), '\0');
  const off_t offset = status.st_size - static_cast<off_t>(end.size());
  return offset >= 0 &&
         pread(file, found.data(), found.size(), offset) == static_cast<ssize_t>(found.size()) &&
         found == end;
}

}  // namespace

ResultFiles::ResultFiles(RowFormat& describe, std::string run)
    : describe_(describe),
      run_(std::move(run)),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

ResultFiles::~ResultFiles() {
  for (auto& [job, place] : places_) remove(place);
}

std::string ResultFiles::part(const Place& place, std::string_view name) const {
  return fmt::format("{}{}.{}.part", place.directory, name, run_);
}

Expected<void> ResultFiles::open(JobId job, const std::string& place) {
  if (const auto known = places_.find(job); known != places_.end()) {
    forget_streams(known->second);
    return {};
  }
  Place opened;
  opened.directory = place + "/";
  const std::string claim = part(opened, kDescription);
  int error = make_directories(opened.directory);
  if (error == 0) error = make_file(claim);
  const bool claimed = error == 0;
  if (error == EEXIST || (claimed && is_of_this_run(opened.directory + kDescription.data()))) {
    if (claimed) unlink(claim.c_str());
    return fail(fmt::format("another job of this run has its results in '{}'; let --results name "
                            "each job, as with {{#}}",
                            printable(place)),
                1);
  }
  if (!claimed) {
    return fail(fmt::format("cannot write results to '{}': {}", printable(place), strerror(error)),
                is_about_the_name(error) ? 1 : 3);
  }
  places_.emplace(job, std::move(opened));
  return {};
}

void ResultFiles::drop(JobId job) {
  const auto found = places_.find(job);
  if (found == places_.end()) return;
  remove(found->second);
  places_.erase(found);
}

void ResultFiles::output(JobId job, Stream stream, std::string_view bytes) {
  const auto found = places_.find(job);
  if (found == places_.end() || bytes.empty() || !failure_.empty()) return;
  bool& begun = found->second.begun[index(stream)];
  const int flags = begun ? O_APPEND : O_CREAT | O_EXCL;
  begun = true;
  write_part(part(found->second, kStreams[index(stream)]), flags, bytes);
}

void ResultFiles::ended(const Job& job, const Attempt& attempt, int attempts, Slot slot) {
  const auto found = places_.find(job.id);
  if (found == places_.end()) return;
  std::string& description = found->second.description;
  describe_.begin(describe_.head(job, attempt, attempts, slot), description);
  describe_.tail(description);
}

void ResultFiles::close(JobId job) {
  const auto node = places_.extract(job);
  if (node.empty()) return;
  Place& place = node.mapped();
  const bool whole =
      failure_.empty() && finish_stream(place, Stream::out) && finish_stream(place, Stream::err) &&
      write_part(part(place, kDescription), 0, place.description) && finish(place, kDescription);
  if (!whole) remove(place);
}

bool ResultFiles::finish_stream(Place& place, Stream stream) {
  const std::string_view name = kStreams[index(stream)];
  if (!std::exchange(place.begun[index(stream)], true)) {
    errno = make_file(part(place, name));
    if (errno != 0) return fail_at(part(place, name));
  }
  return finish(place, name);
}

// The part gets its name.
bool ResultFiles::finish(const Place& place, std::string_view name) {
  const std::string from = part(place, name);
  const std::string to = place.directory + std::string(name);
  if (from == current_path_) close_file(current_);
  return rename(from.c_str(), to.c_str()) == 0 || fail_at(to);
}

bool ResultFiles::write_part(const std::string& path, int flags, std::string_view bytes) {
  if (path != current_path_ || !current_) {
    close_file(current_);
    current_path_ = path;
    current_ = open_file(path, O_WRONLY | O_NOFOLLOW | flags);
  }
  return (current_ && write_bytes(bytes)) || fail_at(path);
}

bool ResultFiles::write_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(current_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The jobs may have taken every descriptor but the one that was kept for this.
UniqueFd ResultFiles::open_file(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, kFile));
  if (!file && errno == EMFILE) {
    spare_.reset();
    file.reset(::open(path.c_str(), flags | O_CLOEXEC, kFile));
  }
  return file;
}

// Before anybody else takes a descriptor.
void ResultFiles::close_file(UniqueFd& file) {
  const int error = errno;
  file.reset();
  if (!spare_) spare_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  errno = error;
}

// It is there, complete, and was not left by an earlier run.
bool ResultFiles::is_of_this_run(const std::string& path) {
  UniqueFd file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const bool is = file && ends_in_run(file.get(), run_);
  close_file(file);
  return is;
}

void ResultFiles::forget_streams(Place& place) {
  for (std::size_t i = 0; i < kStreams.size(); ++i) {
    const std::string path = part(place, kStreams[i]);
    if (path == current_path_) close_file(current_);
    if (std::exchange(place.begun[i], false)) unlink(path.c_str());
  }
}

void ResultFiles::remove(Place& place) {
  forget_streams(place);
  if (part(place, kDescription) == current_path_) close_file(current_);
  unlink(part(place, kDescription).c_str());
}

bool ResultFiles::fail_at(const std::string& file) {
  if (failure_.empty()) {
    failure_ = fmt::format("cannot write results to '{}': {}", printable(file), strerror(errno));
  }
  return false;
}

}  // namespace distaff
