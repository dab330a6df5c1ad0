#include "fetch/body_archive.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/numbers.h"
#include "base/secrets.h"
#include "base/text.h"
#include "fetch/media_types.h"
#include "os/replace_file.h"
#include "os/unnamed_file.h"
#include "os/wall_clock.h"

namespace distaff {
namespace {

constexpr std::uint64_t kMostGathered = 1 << 20;   // bytes of a body in memory
constexpr std::uint64_t kLargest = 1'000'000'000;  // of a value, by SQLite's default
constexpr std::size_t kPiece = 256 << 10;          // bytes copied at once
constexpr std::int64_t kMode = S_IFREG | 0644;
constexpr const char* kKind = "archive";  // of lock

// What an archive has in the way of a body: files, or links, where it needs a folder; and folders
// that have its name, which are rows only if another program has added them.
constexpr std::string_view kFindFile =
    "SELECT 1 FROM sqlar WHERE name=? AND (mode&61440) IS NOT 16384";
constexpr std::string_view kFindFolder =
    "SELECT 1 FROM sqlar WHERE name=?1 AND (mode&61440)=16384 "
    "UNION ALL SELECT 1 FROM sqlar WHERE name>=?1||'/' AND name<?1||'0' LIMIT 1";

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS sqlar("
    "name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB);"
    "CREATE TABLE IF NOT EXISTS distaff("
    "url TEXT PRIMARY KEY, name TEXT, etag TEXT, last_modified TEXT, mime TEXT) WITHOUT ROWID";
// Of an archive that an earlier version has made; an error in others, which have it.
constexpr const char* kAddMime = "ALTER TABLE distaff ADD COLUMN mime TEXT";

// There is nothing to gain, and much time to lose.
bool is_compressed(std::string_view mime) {
  constexpr std::array<std::string_view, 22> kCompressed{
      ".7z",  ".apk", ".br",  ".bz2",  ".cbz", ".docx", ".epub", ".gz",   ".jar", ".kmz", ".lz",
      ".odp", ".ods", ".odt", ".pptx", ".rar", ".tbz2", ".tgz",  ".xlsx", ".xz",  ".zip", ".zst"};
  constexpr std::array<std::string_view, 10> kPlainImages{".bmp", ".emf", ".ico", ".pbm", ".pgm",
                                                          ".ppm", ".psd", ".svg", ".tif", ".wmf"};
  if (mime.starts_with("audio/") || mime.starts_with("video/")) return true;
  const auto is = [extension = extension_of_type(mime)](std::string_view known) {
    return known == extension;
  };
  if (mime.starts_with("image/")) return std::none_of(kPlainImages.begin(), kPlainImages.end(), is);
  return std::any_of(kCompressed.begin(), kCompressed.end(), is);
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

// Gathered in memory and compressed at the end; if it is large, compressed as it comes, into a file
// without a name.
class BodyArchive::ArchiveBody final : public Body {
 public:
  ArchiveBody(BodyArchive& archive, Entry entry, bool compresses)
      : archive_(archive), entry_(std::move(entry)), compresses_(compresses) {}

  Expected<void> write(std::string_view bytes) override {
    entry_.size += bytes.size();
    if (entry_.size > kLargest) {
      return fail("an archive cannot hold a body larger than 1 GB; use --output-dir");
    }
    if (!file_ && entry_.size <= kMostGathered) {
      bytes_ += bytes;
      return {};
    }
    if (!file_ && !begin_file()) return cannot_spool();
    return spool(bytes) ? Expected<void>{} : cannot_spool();
  }

  Expected<std::string> finish() override {
    const auto use = archive_.written_.find(entry_.name);
    if (!use) return tl::unexpected(use.error());
    const bool there = *use == WrittenNames::Use::same_url;
    const auto added = there ? archive_.add_url(entry_) : file_ ? finish_file() : finish_small();
    if (!added) return tl::unexpected(added.error());
    if (!there) archive_.written_.add(entry_.name);
    return entry_.name.path();
  }

  void keep() override {}

 private:
  Expected<void> finish_small() {
    if (!compresses_) return archive_.add(entry_, bytes_);
    std::string compressed;
    archive_.deflater_.reset();
    archive_.deflater_.add(bytes_, compressed);
    archive_.deflater_.finish(compressed);
    return archive_.add(entry_, compressed.size() < bytes_.size() ? compressed : bytes_);
  }

  bool begin_file() {
    file_ = open_unnamed_file(directory_of(archive_.file_));
    if (!file_) return false;
    if (compresses_) deflater_.emplace();
    return spool(std::exchange(bytes_, {}));
  }

  bool spool(std::string_view bytes) {
    if (!deflater_) return keep_bytes(bytes);
    bytes_.clear();
    deflater_->add(bytes, bytes_);
    return keep_bytes(bytes_);
  }

  bool keep_bytes(std::string_view bytes) {
    spooled_ += bytes.size();
    return write_all(file_.get(), bytes);
  }

  Expected<void> finish_file() {
    if (deflater_) {
      bytes_.clear();
      deflater_->finish(bytes_);
      // As long as the body itself means "not compressed"; one more byte does no harm.
      if (spooled_ + bytes_.size() == entry_.size) bytes_ += '\0';
      if (!keep_bytes(bytes_)) return cannot_spool();
    }
    return archive_.add_file(entry_, file_.get(), spooled_);
  }

  tl::unexpected<Error> cannot_spool() const {
    return fail(fmt::format("cannot write a file beside {}: {}", printable(archive_.file_),
                            std::strerror(errno)),
                3);
  }

  BodyArchive& archive_;
  Entry entry_;
  bool compresses_;
  std::string bytes_;  // of the body while it is small, then the last ones compressed
  UniqueFd file_;
  std::uint64_t spooled_ = 0;
  std::optional<Deflater> deflater_;
};

Expected<std::unique_ptr<BodyArchive>> BodyArchive::open(const std::string& file,
                                                         WrittenNames by_earlier_runs) {
  auto locks = FileLocks::open();
  if (!locks) return tl::unexpected(locks.error());
  std::unique_ptr<BodyArchive> archive(
      new BodyArchive(file, *std::move(locks), std::move(by_earlier_runs)));
  const int code = archive->database_.open_for_writing(file);
  if (code != SQLITE_OK) return archive->cannot_open(code);
  if (const auto locked = archive->lock(); !locked) return tl::unexpected(locked.error());
  if (const auto good = archive->open_tables(); !good) return tl::unexpected(good.error());
  return archive;
}

BodyArchive::BodyArchive(std::string file, FileLocks locks, WrittenNames by_earlier_runs)
    : file_(std::move(file)), locks_(std::move(locks)), written_(std::move(by_earlier_runs)) {}

BodyArchive::~BodyArchive() {
  // At rest it is one file, that also those can read who may not write beside it.
  if (add_url_.valid()) database_.run("PRAGMA journal_mode=DELETE");
  if (!lock_name_.empty()) locks_.give_back(kKind, lock_name_);
}

// By the file itself, as it may have several names.
Expected<void> BodyArchive::lock() {
  struct stat status {};
  if (::stat(file_.c_str(), &status) != 0) return cannot_open(SQLITE_CANTOPEN);
  const std::string name = fmt::format("{}:{}", status.st_dev, status.st_ino);
  const auto taken = locks_.take(kKind, name);
  if (!taken) return tl::unexpected(taken.error());
  if (!*taken) {
    return fail(fmt::format("{}: another run is writing into it; wait for its end, or "
                            "name another file",
                            shell_quote(file_)),
                75);
  }
  lock_name_ = name;
  return {};
}

Expected<void> BodyArchive::open_tables() {
  const int code = database_.run(kTables);
  if (code != SQLITE_OK) return cannot_open(code);
  if (!database_.prepare("SELECT mime FROM distaff").valid()) database_.run(kAddMime);
  begin_ = database_.prepare("BEGIN IMMEDIATE");
  commit_ = database_.prepare("COMMIT");
  roll_back_ = database_.prepare("ROLLBACK");
  add_body_ = database_.prepare("REPLACE INTO sqlar(name,mode,mtime,sz,data) VALUES(?,?,?,?,?)");
  add_url_ =
      database_.prepare("REPLACE INTO distaff(url,name,etag,last_modified,mime) VALUES(?,?,?,?,?)");
  find_body_ = database_.prepare("SELECT sz FROM sqlar WHERE name=?");
  find_file_ = database_.prepare(kFindFile);
  find_folder_ = database_.prepare(kFindFolder);
  if (!add_body_.valid() || !add_url_.valid() || !find_body_.valid() || !find_file_.valid() ||
      !find_folder_.valid()) {
    return cannot_open(SQLITE_ERROR);
  }
  return {};
}

std::optional<std::uint64_t> BodyArchive::find_earlier(const Request& request, const BodyHead& head,
                                                       const KnownBody& known) {
  const auto now = body_name(request.name, head);
  const bool hides = mask_url(request.url) != request.url;
  if (known.path.empty() || !now || !now->could_be(known.path, hides) || !written_.find(*now)) {
    return {};
  }
  std::optional<std::uint64_t> size;
  find_body_.text(1, known.path);
  if (find_body_.row()) {
    if (const auto count = parse_count(find_body_.column(0), UINT64_MAX)) size = *count;
  }
  find_body_.reset();
  return size == known.bytes.value_or(size.value_or(0)) ? size : std::nullopt;
}

std::optional<std::uint64_t> BodyArchive::keep_earlier(const Request& request, const BodyHead& head,
                                                       const KnownBody& known) {
  const auto size = find_earlier(request, head, known);
  if (!size) return {};
  if (const auto name = body_name(request.name, head)) written_.keep(*name);
  return size;
}

Expected<std::unique_ptr<Body>> BodyArchive::begin(const Request& request, const BodyHead& head,
                                                   const Part*) {
  auto name = body_name(request.name, head);
  if (!name) return tl::unexpected(name.error());
  if (const auto good = written_.check(*name, head.url); !good) return tl::unexpected(good.error());
  Entry entry{*std::move(name), mask_url(request.url), std::string(head.etag),
              std::string(head.last_modified), std::string(head.mime)};
  return std::make_unique<ArchiveBody>(*this, std::move(entry), !is_compressed(head.mime));
}

int BodyArchive::add_row(const Entry& entry) {
  const std::string name = entry.name.path();
  add_body_.text(1, name).number(2, kMode).number(3, unix_now().count() / 1000);
  add_body_.number(4, static_cast<std::int64_t>(entry.size));
  const int code = add_body_.run();
  return code == SQLITE_OK ? add_url_row(entry) : code;
}

int BodyArchive::add_url_row(const Entry& entry) {
  const std::string name = entry.name.path();
  add_url_.text(1, entry.url).text(2, name).text(3, entry.etag);
  add_url_.text(4, entry.last_modified).text(5, entry.mime);
  return add_url_.run();
}

// Two URLs that were asked for may lead to one body.
Expected<void> BodyArchive::add_url(const Entry& entry) {
  if (add_url_row(entry) != SQLITE_OK) return cannot_write();
  return {};
}

// Into the row that was added last.  (Rows of the other table have no numbers.)
bool BodyArchive::copy_into_row(int data, std::uint64_t size) {
  sqlite3_blob* opened = nullptr;
  if (sqlite3_blob_open(database_.get(), "main", "sqlar", "data", database_.last_row(), 1,
                        &opened) != SQLITE_OK) {
    return false;
  }
  const std::unique_ptr<sqlite3_blob, int (*)(sqlite3_blob*)> blob(opened, sqlite3_blob_close);
  std::string piece(kPiece, '\0');
  for (std::uint64_t done = 0; done < size;) {
    const std::size_t most = std::min<std::uint64_t>(size - done, piece.size());
    const ssize_t got = ::pread(data, piece.data(), most, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    const int count = static_cast<int>(got);
    if (sqlite3_blob_write(opened, piece.data(), count, static_cast<int>(done)) != SQLITE_OK) {
      return false;
    }
    done += static_cast<std::uint64_t>(got);
  }
  return true;
}

Expected<void> BodyArchive::begin_adding(const BodyName& name) {
  if (begin_.run() != SQLITE_OK) return cannot_write();
  auto good = check_way(name);
  if (!good) roll_back_.run();
  return good;
}

// What has a file where it also has a folder cannot be unpacked.
Expected<void> BodyArchive::check_way(const BodyName& name) {
  const auto finds = [](SqliteStatement& statement, std::string_view path) {
    const bool found = statement.text(1, path).row();
    statement.reset();
    return found;
  };
  const std::string path = name.path();
  for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (!finds(find_file_, folder)) continue;
    return fail(
        fmt::format("cannot write {}: '{}' in it is no directory; put {{hash}} into --name, or "
                    "remove it",
                    printable(path), printable(folder)));
  }
  if (!finds(find_folder_, path)) return {};
  return fail(
      fmt::format("cannot write {}: a directory has this name; put {{ext}} or {{hash}} "
                  "into --name",
                  printable(path)));
}

Expected<void> BodyArchive::add(const Entry& entry, std::string_view data) {
  if (const auto begun = begin_adding(entry.name); !begun) return begun;
  add_body_.blob(5, data);
  return in_transaction(add_row(entry) == SQLITE_OK);
}

Expected<void> BodyArchive::add_file(const Entry& entry, int data, std::uint64_t size) {
  if (const auto begun = begin_adding(entry.name); !begun) return begun;
  add_body_.zeros(5, size);
  return in_transaction(add_row(entry) == SQLITE_OK && copy_into_row(data, size));
}

// Ends it, well if all was done.
Expected<void> BodyArchive::in_transaction(bool done) {
  if (done && commit_.run() == SQLITE_OK) return {};
  const auto error = cannot_write();
  roll_back_.run();
  return error;
}

tl::unexpected<Error> BodyArchive::cannot_write() const {
  return fail(fmt::format("cannot write {}: {}", printable(file_), database_.message()),
              database_.code() == SQLITE_TOOBIG ? 2 : 3);
}

tl::unexpected<Error> BodyArchive::cannot_open(int code) const {
  const auto refuse = [&](std::string_view why, int status) {
    return fail(fmt::format("{}: {}", shell_quote(file_), why), status);
  };
  if (code == SQLITE_NOTADB) return refuse("it is no SQLite archive; name another file", 2);
  if (code == SQLITE_BUSY) return refuse("another program is writing into it", 75);
  if (code == SQLITE_CANTOPEN) {
    const auto good = check_writable_directory(directory_of(file_));
    return refuse(good ? "it cannot be opened; name a file you may write to" : good.error().message,
                  2);
  }
  if (code == SQLITE_FULL || code == SQLITE_IOERR) return refuse(database_.message(), 3);
  return refuse(database_.message() + "; name another file", 2);
}

}  // namespace distaff
