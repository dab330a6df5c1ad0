#include "fetch/body_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/secrets.h"
#include "base/text.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

// A body is written in blocks that begin at multiples of this: what libcurl gives at once, 16 KiB,
// costs ext4 twice as much for a byte.
constexpr std::size_t kBlock = 256 << 10;
constexpr std::uint64_t kLeastKept = 64 << 10;  // less is not worth to be continued
constexpr int kHasIt = EALREADY;
constexpr std::uint64_t kLeastNamed = 4 << 20;  // what is lost of a body if we are killed

// 0 or an errno.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// Without links; empty, if there is no such file.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         std::free);
  return real ? real.get() : "";
}

// All bodies of this run would meet the same.
bool ends_the_run(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO || error == EROFS;
}

}  // namespace

// Gathered in memory, block by block, and in a file that grows; then published or dropped.
class BodyFiles::FileBody final : public Body {
 public:
  FileBody(BodyFiles& store, const Request& request, const BodyHead& head, BodyName name)
      : store_(store), name_(std::move(name)), bytes_(std::exchange(store.spare_, {})) {
    bytes_.clear();
    key_ = request_key(request);
    earlier_part_ = store_.parts_.name_of_kept(key_);
    if (!store_.options_.keep_parts || head.validator.empty()) return;
    known_ = {.validator = std::string(head.validator),
              .total = head.total,
              .url = std::string(head.url),
              .mime = std::string(head.mime),
              .etag = std::string(head.etag),
              .last_modified = std::string(head.last_modified)};
  }

  ~FileBody() override {
    if (!settled_) file_.remove_name();
    if (!kept_name_.empty()) store_.parts_.forget(kept_name_);
    store_.spare_ = std::move(bytes_);
  }

  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;

  bool go_on(const Part& part) {
    auto file = store_.parts_.go_on(key_, part);
    if (!file) return false;
    file_ = *std::move(file);
    kept_name_ = file_.name;
    size_ = part.bytes;
    return true;
  }

  Expected<void> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, kBlock - size_ % kBlock);
      bytes_ += part;
      size_ += part.size();
      bytes.remove_prefix(part.size());
      if (size_ % kBlock != 0) continue;
      if (const int error = flush(); error != 0) return store_.cannot_write(name_, error);
      if (size_ > kLeastNamed) keep_named();
    }
    return {};
  }

  Expected<std::string> finish() override {
    const auto use = store_.written_.find(name_);
    if (!use) return tl::unexpected(use.error());
    if (*use == WrittenNames::Use::same_url) return store_.shown(name_);
    int error = flush();
    if (error == 0) error = store_.publish(file_, name_);
    if (error != 0 && error != kHasIt) return store_.cannot_write(name_, error);
    settled_ = error == 0;
    if (!earlier_part_.empty()) store_.parts_.outdate(std::move(earlier_part_));
    store_.written_.add(name_);
    return store_.shown(name_);
  }

  void keep() override {
    if (size_ <= kLeastKept || (flush() != 0 && !file_.file)) return;
    keep_named();
    if (kept_name_.empty()) return;
    kept_name_.clear();
    settled_ = true;
    file_.file.reset();  // and so its lock
  }

 private:
  // From memory into the file.  0 or an errno.
  int flush() {
    int error = file_.file ? 0 : store_.make(name_, file_);
    if (error == 0) error = write_all(file_.file.get(), bytes_);
    bytes_.clear();
    return error;
  }

  // If it may be continued, and nobody else is at the same; tried once.
  void keep_named() {
    if (known_.validator.empty() || !kept_name_.empty()) return;
    if (store_.parts_.keep(file_, key_, known_)) kept_name_ = file_.name;
    known_ = {};
  }

  BodyFiles& store_;
  BodyName name_;
  std::string key_;         // of the request
  Part known_;              // without a validator: it cannot be continued
  std::string bytes_;       // less than a block, not yet in the file
  std::uint64_t size_ = 0;  // with those
  GrowingFile file_;
  std::string earlier_part_;  // what BodyParts had of this URL; empty: nothing
  std::string kept_name_;     // not empty: it has this name in BodyParts
  bool settled_ = false;      // the name it has now stays
};

Expected<std::unique_ptr<BodyFiles>> BodyFiles::open(Options options) {
  while (options.directory.size() > 1 && options.directory.ends_with('/')) {
    options.directory.pop_back();
  }
  UniqueFd root = open_directory(options.directory);
  if (!root) {
    return fail(fmt::format("{}: {}; name a directory you may write to",
                            shell_quote(options.directory), std::strerror(errno)));
  }
  std::unique_ptr<BodyFiles> files(new BodyFiles(std::move(options), std::move(root)));
  if (const auto good = files->probe(); !good) return tl::unexpected(good.error());
  return files;
}

BodyFiles::BodyFiles(Options options, UniqueFd root)
    : options_(std::move(options)),
      real_directory_(real_path(options_.directory)),
      folders_(std::move(root)),
      parts_(folders_.root()),
      written_(std::move(options_.written)) {
  if (!real_directory_.ends_with('/')) real_directory_ += '/';
}

// Can files be made there?  And what is the time there, which may be another computer.
Expected<void> BodyFiles::probe() {
  if (!can_link_unnamed()) options_.unnamed_files = false;
  GrowingFile file;
  struct stat status {};
  int error = make({}, file);
  if (error == 0 && ::fstat(file.file.get(), &status) != 0) error = errno;
  file.remove_name();
  begin_ = status.st_mtim;
  if (error == 0) return {};
  const char* why = error == ENOTDIR ? "its .distaff is no directory" : std::strerror(error);
  return fail(fmt::format("{}: {}; name a directory you may write to",
                          shell_quote(options_.directory), why),
              ends_the_run(error) ? 3 : 2);
}

std::optional<BodyStore::Part> BodyFiles::part(const Request& request) {
  if (!options_.keep_parts) return std::nullopt;
  return parts_.find(request_key(request));
}

// Of a file in our directory, however the path to it is written; empty, if it is elsewhere.
std::string BodyFiles::name_below(const std::string& path) const {
  const std::string real = real_path(path);
  return real.starts_with(real_directory_) ? real.substr(real_directory_.size()) : "";
}

// A file elsewhere is as good, if the URL hides no secret: then others may have the same row.
std::optional<std::uint64_t> BodyFiles::find_earlier(const Request& request, const BodyHead& head,
                                                     const KnownBody& known) {
  struct stat status {};
  if (known.path.empty() || ::stat(known.path.c_str(), &status) != 0) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || known.bytes.value_or(size) != size) return {};
  const auto now = body_name(request.name, head);
  if (!now || !written_.find(*now)) return {};
  if (known.path == shown(*now)) return size;
  const bool hides = mask_url(request.url) != request.url;
  const std::string name = name_below(known.path);
  const bool good = name.empty() ? !hides : now->could_be(name, hides);
  return good ? std::optional(size) : std::nullopt;
}

std::optional<std::uint64_t> BodyFiles::keep_earlier(const Request& request, const BodyHead& head,
                                                     const KnownBody& known) {
  const auto size = find_earlier(request, head, known);
  if (!size) return {};
  if (const auto name = body_name(request.name, head)) written_.keep(*name);
  return size;
}

Expected<std::unique_ptr<Body>> BodyFiles::begin(const Request& request, const BodyHead& head,
                                                 const Part* part) {
  auto name = body_name(request.name, head);
  if (!name) return tl::unexpected(name.error());
  if (const auto good = written_.check(*name, head.url); !good) return tl::unexpected(good.error());
  auto body = std::make_unique<FileBody>(*this, request, head, *std::move(name));
  if (part != nullptr && !body->go_on(*part)) return nullptr;
  return body;
}

// A folder may have been removed since it was opened (ENOENT; EPERM is what ext4 says of a file
// without a name there), and those that we keep open may be too many: then once more.
template <class Action>
int BodyFiles::in_folder(const std::string& folder, Action action) {
  for (bool again = false;; again = true) {
    const int fd = folders_.open(folder);
    const int error = fd < 0 ? errno : action(fd);
    if (again) return error;
    if (error == EMFILE || error == ENFILE) {
      folders_.forget_all();
    } else if (error == ENOENT || error == EPERM) {
      folders_.forget(folder);
    } else {
      return error;
    }
  }
}

int BodyFiles::make(const BodyName& name, GrowingFile& file) {
  if (options_.unnamed_files) {
    const int error = in_folder(name.folder, [&](int folder) {
      file.file.reset(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
      return file.file ? 0 : errno;
    });
    if (!knows_no_unnamed_files(error)) return error;
    options_.unnamed_files = false;
  }
  const int folder = parts_.run_folder();
  if (folder < 0) return errno;
  file.name = parts_.next_name();
  file.file.reset(
      ::openat(folder, file.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.file) return errno;
  file.folder = folder;
  return 0;
}

// kHasIt: the same body has the name already.
int BodyFiles::publish(GrowingFile& file, const BodyName& name) {
  return in_folder(name.folder, [&](int folder) { return publish_in(folder, file, name); });
}

int BodyFiles::publish_in(int folder, GrowingFile& file, const BodyName& name) {
  const int error = file.move(folder, name.file);
  if (error != EEXIST) return error;
  struct stat status {};
  if (::fstatat(folder, name.file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (name.of_hash && is_ours(status)) return kHasIt;
  const int run = file.folder < 0 ? parts_.run_folder() : file.folder;
  if (run < 0) return errno;
  const int named = file.folder < 0 ? file.move(run, parts_.next_name()) : 0;
  return named == 0 ? file.move_over(folder, name.file) : named;
}

// A body has the time of its last byte.  Clocks of file systems stand still for milliseconds: one
// of the moment at which we began may be older, and is replaced, which does no harm.
bool BodyFiles::is_ours(const struct stat& status) const {
  const timespec& time = status.st_mtim;
  return S_ISREG(status.st_mode) &&
         std::pair(time.tv_sec, time.tv_nsec) > std::pair(begin_.tv_sec, begin_.tv_nsec);
}

std::string BodyFiles::shown(const BodyName& name) const {
  const std::string& directory = options_.directory;
  return directory + (directory.ends_with('/') ? "" : "/") + name.path();
}

tl::unexpected<Error> BodyFiles::cannot_write(const BodyName& name, int error) const {
  const std::string path = printable(shown(name));
  if (ends_the_run(error))
    return fail(fmt::format("cannot write {}: {}", path, std::strerror(error)), 3);
  if (error == EISDIR) {
    return fail(
        fmt::format("cannot write {}: a directory has this name; put {{ext}} or {{hash}} "
                    "into --name",
                    path));
  }
  const std::string obstacle = folders_.obstacle(name.folder);
  if (!obstacle.empty()) {
    return fail(
        fmt::format("cannot write {}: '{}' in it is no directory, or a link to one; put "
                    "{{hash}} into --name, or remove it",
                    path, printable(obstacle)));
  }
  return fail(fmt::format("cannot write {}: {}", path, std::strerror(error)));
}

}  // namespace distaff
