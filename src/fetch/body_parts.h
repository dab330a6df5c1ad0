#pragma once

// Bodies on their way, beside those that are complete: the directory .distaff of a directory of
// bodies.
//
//   .distaff/RUN/N.part   what is about to be renamed, by one run.  Each run has a folder of its
//                         own and holds a lock on it (flock), so that the next run can tell what a
//                         killed one left behind, and removes that.
//   .distaff/parts/HASH   what came of a body that may be continued, by the hash of the request,
//                         and HASH.of, what is known of it, a line each: its validator, the length
//                         of the whole, the URL behind redirects, media type, ETag, Last-Modified.
//                         It stays until it is continued, or until a run ends, as the only one that
//                         uses this folder, that has the whole body by another way, or that finds
//                         it a week old.
//
// Most bodies have no need of all this: they are files without a name until they are complete, and
// those the kernel removes by itself.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/unique_fd.h"
#include "fetch/body_store.h"
#include "model/request.h"

namespace distaff {

// A file that a body is written into.
struct GrowingFile {
  UniqueFd file;
  int folder = -1;  // of its name; -1: it has none
  std::string name;

  // Gives it a name that is free, instead of the one it has.  0, or an errno: EEXIST.
  int move(int to, const std::string& free_name);
  // … or a name that may be in use: whatever has it is replaced.  Needs that it has one.
  int move_over(int to, const std::string& new_name);
  // Without a name it is gone when it is closed.
  void remove_name();
};

// What a server sees of a request that has no data.
std::string request_key(const Request& request);

class BodyParts {
 public:
  // `directory` outlives it.  Removes what killed runs left.
  explicit BodyParts(int directory);
  ~BodyParts();  // removes what is of no more use, and its folders as far as they are empty
  BodyParts(const BodyParts&) = delete;
  BodyParts& operator=(const BodyParts&) = delete;

  // ---- this run

  // The folder of this run, made at the first call; -1, with errno.
  int run_folder();
  std::string next_name() { return std::to_string(++count_) + ".part"; }

  // ---- what may be continued

  // `request` is what tells requests apart; see request_key().

  // What is kept of the body of this request, unless another is at it.
  std::optional<BodyStore::Part> find(std::string_view request);

  // Gives a file that is on its way a name here, so that it is kept if we are killed; in place of
  // what was kept of this request.  It stays locked: two jobs never write into one file.  False,
  // with errno, if it cannot be: EWOULDBLOCK if another is at it.  What `part` says of bytes is not
  // looked at.
  bool keep(GrowingFile& file, std::string_view request, const BodyStore::Part& part);

  // That one, to go on behind it; nothing if it is not there any more, or another one.
  std::optional<GrowingFile> go_on(std::string_view request, const BodyStore::Part& part);

  // It has become a body, or is removed: what we know of it goes too.
  void forget(const std::string& name);

  // The name of what is kept of this request; empty: nothing is.
  std::string name_of_kept(std::string_view request) const;
  // There is a whole body, which was not made of what has this name: that goes at the end.
  void outdate(std::string name);

 private:
  bool open_folder_of_parts();
  bool make_room(const std::string& name);
  std::optional<BodyStore::Part> read_part(const std::string& name, int file);
  void share_parts();
  void remove_useless_parts();
  void read_parts();
  void remove_leftovers();
  void remove_leftovers_in(const std::string& run);
  std::optional<GrowingFile> open_part(const std::string& name);

  int directory_;
  UniqueFd own_;    // .distaff; empty: it is not there yet
  UniqueFd run_;    // RUN in it, locked
  UniqueFd parts_;  // parts in it
  UniqueFd used_;   // the same; a shared lock on it says that somebody may want what is in it
  std::string run_name_;
  std::uint64_t count_ = 0;
  std::unordered_set<std::string> kept_;      // names in parts: bodies are many, and these are few
  std::unordered_set<std::string> outdated_;  // … of no more use
};

}  // namespace distaff
