#include "sink/result_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "os/folders.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

constexpr mode_t kFile = 0666;
constexpr std::array<std::string_view, 2> kStreams{"stdout", "stderr"};
constexpr std::string_view kDescription = "job.json";

std::size_t index(Stream stream) { return stream == Stream::out ? 0 : 1; }

// An empty file that was not there before; this takes no descriptor.  0 or an errno.
int make_empty(int folder, const std::string& name) {
  return mknodat(folder, name.c_str(), S_IFREG | kFile, 0) == 0 ? 0 : errno;
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

// "a/b" of "a//./b/".
std::string plain(std::string_view path) {
  std::string folder;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    folder.append(folder.empty() ? "" : "/").append(part);
  }
  return folder;
}

std::size_t most_kept_open() {
  constexpr std::size_t kMost = 1024;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kMost;
  return std::min<std::size_t>(files.rlim_cur / 8, kMost);  // the rest is the jobs'
}

std::string why(int error) {
  if (error == ENOTDIR || error == ELOOP) return "a part of it is no directory, or a link to one";
  return strerror(error);
}

}  // namespace

// The end of each call from outside: before anybody else takes a descriptor.
class ResultFiles::Settled {
 public:
  explicit Settled(ResultFiles& files) : files_(files) {}
  ~Settled() {
    files_.walked_.reset();
    files_.take_spares();
  }
  Settled(const Settled&) = delete;
  Settled& operator=(const Settled&) = delete;

 private:
  ResultFiles& files_;
};

// The jobs may have taken every descriptor but those that were kept for this.
template <class Open>
UniqueFd ResultFiles::with_spares(Open open) {
  UniqueFd file = open();
  if (file || errno != EMFILE) return file;
  for (UniqueFd& spare : spares_) spare.reset();
  return open();
}

ResultFiles::ResultFiles(RowFormat& describe, Options options)
    : describe_(describe), options_(std::move(options)), most_open_(most_kept_open()) {
  options_.unnamed_files = options_.unnamed_files && can_link_unnamed();
  take_spares();
}

ResultFiles::~ResultFiles() {
  for (auto& [job, place] : places_) remove(place);
}

// ---- a job's way

Expected<void> ResultFiles::open(JobId job, const std::string& place) {
  const Settled settled(*this);
  if (const auto known = places_.find(job); known != places_.end()) {
    for (Part& part : known->second.streams) forget(known->second, part);
    return {};
  }
  Place opened;
  opened.shown = place + "/";
  opened.folder = plain(std::string_view(place).substr(options_.root.size()));
  for (const Stream stream : {Stream::out, Stream::err}) {
    opened.streams[index(stream)].name = kStreams[index(stream)];
  }
  if (const auto taken = take_place(opened); !taken) return taken;
  places_.emplace(job, std::move(opened));
  return {};
}

Expected<void> ResultFiles::take_place(Place& place) {
  const std::string shown = place.shown.substr(0, place.shown.size() - 1);
  const bool free = folders_.insert(place.folder).second;
  const int folder = free && open_root() ? folder_of(place) : -1;
  if (free && folder < 0) {
    const int error = errno;
    folders_.erase(place.folder);
    return fail(fmt::format("{}: cannot write results to '{}'", why(error), printable(shown)),
                is_about_the_name(error) ? 1 : 3);
  }
  if (!free || is_of_this_run(folder)) {
    if (free) folders_.erase(place.folder);
    return fail(fmt::format("another job of this run has its results in '{}'; let --results name "
                            "each job, as with {{#}}",
                            printable(shown)),
                1);
  }
  if (may_keep_open() && walked_) {
    place.opened = std::move(walked_);
    ++kept_open_;
  }
  return {};
}

void ResultFiles::drop(JobId job) {
  const Settled settled(*this);
  const auto found = places_.find(job);
  if (found == places_.end()) return;
  remove(found->second);
  places_.erase(found);
}

void ResultFiles::output(JobId job, Stream stream, std::string_view bytes) {
  const auto found = places_.find(job);
  if (found == places_.end() || bytes.empty() || !failure_.empty()) return;
  const Settled settled(*this);
  write(found->second, found->second.streams[index(stream)], bytes);
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
  const Settled settled(*this);
  Place& place = node.mapped();
  Part description{.name = kDescription};
  const bool whole = failure_.empty() && finish(place, place.streams[0]) &&
                     finish(place, place.streams[1]) &&
                     write(place, description, place.description) && finish(place, description);
  if (!whole) forget(place, description);
  remove(place);
}

// ---- places

bool ResultFiles::open_root() {
  const auto open = [this] { return open_directory(options_.root.empty() ? "." : options_.root); };
  if (!root_) root_ = with_spares(open);
  return static_cast<bool>(root_);
}

// -1, with errno.
int ResultFiles::folder_of(const Place& place) {
  if (place.opened) return place.opened.get();
  walked_.reset();
  walked_ = with_spares([&] { return walk_folders(root_.get(), place.folder); });
  return walked_.get();
}

// A job.json is there, complete, and was not left by an earlier run.
bool ResultFiles::is_of_this_run(int folder) {
  const UniqueFd file =
      open_at(folder, std::string(kDescription), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return file && ends_in_run(file.get(), options_.run);
}

// Of what is not whole nothing is left.
void ResultFiles::remove(Place& place) {
  for (Part& part : place.streams) forget(place, part);
  if (place.opened) close_kept(place.opened);
  folders_.erase(place.folder);
}

// ---- parts

std::string ResultFiles::part_name(const Part& part) const {
  return fmt::format("{}.{}.part", part.name, options_.run);
}

bool ResultFiles::write(Place& place, Part& part, std::string_view bytes) {
  if (!part.begun && !begin(place, part)) return fail_at(place, part);
  if (part.named && current_ != &part) {
    close_current();
    const int folder = folder_of(place);
    if (folder < 0) return fail_at(place, part);
    part.file = open_at(folder, part_name(part), O_WRONLY | O_NOFOLLOW | O_APPEND);
    current_ = &part;
  }
  while (part.file && !bytes.empty()) {
    const ssize_t written = ::write(part.file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) break;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return bytes.empty() || fail_at(place, part);
}

bool ResultFiles::begin(Place& place, Part& part) {
  const int folder = folder_of(place);
  if (folder < 0) return false;
  part.begun = true;
  if (options_.unnamed_files && may_keep_open() && begin_unnamed(part, folder)) return true;
  close_current();
  part.file = open_at(folder, part_name(part), O_WRONLY | O_NOFOLLOW | O_CREAT | O_EXCL);
  part.named = static_cast<bool>(part.file);
  if (part.named) current_ = &part;
  return part.named;
}

bool ResultFiles::begin_unnamed(Part& part, int folder) {
  part.file.reset(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kFile));
  if (part.file) {
    ++kept_open_;
  } else if (knows_no_unnamed_files(errno)) {
    options_.unnamed_files = false;
  }
  return static_cast<bool>(part.file);
}

// It is whole, and gets its name.
bool ResultFiles::finish(Place& place, Part& part) {
  if (part.named && current_ == &part) close_current();
  const int folder = folder_of(place);
  return (folder >= 0 && finish_in(folder, part)) || fail_at(place, part);
}

bool ResultFiles::finish_in(int folder, Part& part) {
  const std::string name(part.name), aside = part_name(part);
  if (part.error != 0) return errno = part.error, false;
  if (!part.named) {
    errno = part.begun ? link_unnamed(part.file.get(), folder, name) : make_empty(folder, name);
    if (errno == 0) return close_kept(part.file);
    if (errno != EEXIST) return false;
    // Only what has a name itself can replace what has one.
    errno = part.begun ? link_unnamed(part.file.get(), folder, aside) : make_empty(folder, aside);
    if (errno != 0) return false;
  }
  if (::renameat(folder, aside.c_str(), folder, name.c_str()) != 0) {
    const int error = errno;
    ::unlinkat(folder, aside.c_str(), 0);
    return errno = error, false;
  }
  const bool named = std::exchange(part.named, false);
  return named || close_kept(part.file);
}

void ResultFiles::forget(Place& place, Part& part) {
  if (current_ == &part) close_current();
  if (part.named) {
    const int folder = folder_of(place);
    if (folder >= 0) ::unlinkat(folder, part_name(part).c_str(), 0);
  }
  close_kept(part.file);
  part = {.name = part.name};
}

bool ResultFiles::fail_at(const Place& place, const Part& part) {
  if (failure_.empty()) {
    failure_ = fmt::format("cannot write results to '{}': {}",
                           printable(fmt::format("{}{}", place.shown, part.name)), why(errno));
  }
  return false;
}

// ---- descriptors

UniqueFd ResultFiles::open_at(int folder, const std::string& name, int flags) {
  return with_spares(
      [&] { return UniqueFd(::openat(folder, name.c_str(), flags | O_CLOEXEC, kFile)); });
}

// False, with errno: not all of it has arrived.
bool ResultFiles::close_kept(UniqueFd& file) {
  if (!file) return true;
  --kept_open_;
  return ::close(file.release()) == 0;
}

void ResultFiles::close_current() {
  if (current_ == nullptr) return;
  if (current_->file && ::close(current_->file.release()) != 0) current_->error = errno;
  current_ = nullptr;
}

void ResultFiles::take_spares() {
  for (UniqueFd& spare : spares_) {
    if (!spare) spare.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
}

}  // namespace distaff
