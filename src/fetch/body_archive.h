#pragma once

// Bodies in an SQLite archive (--archive), as `sqlite3 FILE -A` reads and writes it.
//
//   sqlar(name, mode, mtime, sz, data)         data is compressed unless that is no smaller
//   distaff(url, name, etag, last_modified, mime)    which URL was asked for, its secrets hidden;
//                                                    whose body that is; and what --cond needs of
//                                                    it
//
// A body is in the archive when finish() has returned, also if we are killed then: each is a
// transaction.  That is cheap, as SQLite writes ahead (WAL) and does not wait for the disk, which a
// loss of power may therefore take the last bodies of.  Others may read meanwhile.  Bodies over a
// megabyte wait compressed in a file without a name, beside the archive.
//
// It can be unpacked: as in a directory, no body has the name of a folder that another's is in.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/unique_fd.h"
#include "fetch/body_name.h"
#include "fetch/body_store.h"
#include "fetch/deflater.h"
#include "fetch/sqlite.h"
#include "fetch/written_names.h"
#include "os/file_lock.h"

namespace distaff {

class BodyArchive final : public BodyStore {
 public:
  // Makes it if it is not there.  Error: it is something else, or cannot be written; with status 75
  // if another run is writing into it.
  static Expected<std::unique_ptr<BodyArchive>> open(const std::string& file,
                                                     WrittenNames by_earlier_runs = {});

  ~BodyArchive() override;

  std::optional<Part> part(const Request&) override { return std::nullopt; }
  std::optional<std::uint64_t> find_earlier(const Request& request, const BodyHead& head,
                                            const KnownBody& known) override;
  std::optional<std::uint64_t> keep_earlier(const Request& request, const BodyHead& head,
                                            const KnownBody& known) override;
  Expected<std::unique_ptr<Body>> begin(const Request& request, const BodyHead& head,
                                        const Part* part) override;

 private:
  class ArchiveBody;

  // What is known of a body besides its bytes.
  struct Entry {
    BodyName name;
    std::string url;  // that was asked for, masked
    std::string etag;
    std::string last_modified;
    std::string mime;
    std::uint64_t size = 0;
  };

  BodyArchive(std::string file, FileLocks locks, WrittenNames by_earlier_runs);
  Expected<void> open_tables();
  Expected<void> lock();

  Expected<void> begin_adding(const BodyName& name);
  Expected<void> check_way(const BodyName& name);
  Expected<void> add(const Entry& entry, std::string_view data);
  Expected<void> add_file(const Entry& entry, int data, std::uint64_t size);
  Expected<void> in_transaction(bool done);
  Expected<void> add_url(const Entry& entry);
  int add_row(const Entry& entry);
  int add_url_row(const Entry& entry);
  bool copy_into_row(int data, std::uint64_t size);
  tl::unexpected<Error> cannot_write() const;
  tl::unexpected<Error> cannot_open(int code) const;

  std::string file_;
  FileLocks locks_;
  std::string lock_name_;
  SqliteDatabase database_;
  SqliteStatement begin_, commit_, roll_back_, add_body_, add_url_, find_body_;
  SqliteStatement find_file_, find_folder_;
  Deflater deflater_;
  WrittenNames written_;
};

}  // namespace distaff
