#include "sink/failed_records.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <new>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

constexpr std::size_t kGathered = std::size_t{64} << 10;

// Where the file is that the name leads to.
std::string followed(const std::string& file) {
  char* const path = realpath(file.c_str(), nullptr);
  const std::string found = path == nullptr ? file : path;
  free(path);
  return found;
}

std::string cannot(const std::string& file, int error) {
  return fmt::format("--failed-to: cannot write '{}': {}", printable(file), strerror(error));
}

}  // namespace

FailedRecords::FailedRecords(Options options, WholeFile whole, UniqueFd as_it_is, std::string part)
    : options_(std::move(options)),
      whole_(std::move(whole)),
      as_it_is_(std::move(as_it_is)),
      part_(std::move(part)) {}

Expected<std::unique_ptr<FailedRecords>> FailedRecords::open(Options options) {
  struct stat status {};
  const bool there = stat(options.file.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode)) return open_as_it_is(std::move(options));
  const std::string target = there ? followed(options.file) : options.file;
  const std::string part = target + "." + options.run + ".part";
  WholeFile whole(target, part);
  if (const int error = whole.open()) return fail(cannot(options.file, error));
  // It is still the same file to its owner.
  if (there && fchmod(whole.fd(), status.st_mode & 07777) != 0) {
    return fail(cannot(options.file, errno));
  }
  return std::unique_ptr<FailedRecords>(
      new FailedRecords(std::move(options), std::move(whole), {}, part));
}

Expected<std::unique_ptr<FailedRecords>> FailedRecords::open_as_it_is(Options options) {
  UniqueFd file(::open(options.file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return fail(cannot(options.file, errno));
  return std::unique_ptr<FailedRecords>(
      new FailedRecords(std::move(options), WholeFile({}, {}), std::move(file), {}));
}

void FailedRecords::on_end(const Job& job, const Attempt&, bool failed, std::string_view,
                           TimePoint) {
  failed ? add(job) : keep(job);
}

std::string FailedRecords::on_output_held(JobId job) {
  auto node = unwritten_jobs_.extract(job);
  if (node.empty()) return {};
  Kept& kept = node.mapped();
  if (kept.packed) {
    kept.packed->each(
        [&](std::string_view text) { kept.text.append(text).append(framing_.ending); });
  }
  return std::move(kept.text);
}

void FailedRecords::on_output_lost(std::string_view kept) {
  if (kept.empty()) return;
  begin();
  write(kept);
}

void FailedRecords::on_not_run(const Job& job) { add(job); }

// What is left of the input may be in the file itself and nowhere else.
void FailedRecords::on_input_left() { incomplete_ = incomplete_ || options_.is_input; }

void FailedRecords::tick(const RunCounts&, TimePoint, bool last) {
  if (last) finish();
}

void FailedRecords::add(const Job& job) {
  if (job.packed) return add(*job.packed);
  for (const Record& record : job.records) add(record);
}

// As a rule they end here as they did where they were fed.
void FailedRecords::add(const PackedTexts& texts) {
  begin();
  if (texts.ending() == framing_.ending) {
    for (std::size_t i = 0; i < texts.pieces(); ++i) write(texts.piece(i));
    return;
  }
  texts.each([this](std::string_view text) {
    write(text);
    write(framing_.ending);
  });
}

// A beginning of a record would be taken for one.
void FailedRecords::add(const Record& record) {
  if (record.bytes_lost) {
    ++lost_;
    incomplete_ = incomplete_ || options_.is_input;
    return;
  }
  begin();
  put(record, [this](std::string_view bytes) { write(bytes); });
}

// Until its output is out.  Where there is no memory for that it is taken for one that has to be
// run again.
void FailedRecords::keep(const Job& job) {
  ask();
  try {
    Kept& kept = unwritten_jobs_[job.id];
    kept.packed = job.packed;
    if (kept.packed) return;
    std::string text;
    for (const Record& record : job.records) {
      put(record, [&text](std::string_view bytes) { text += bytes; });
    }
    kept.text = std::move(text);
  } catch (const std::bad_alloc&) {
    unwritten_jobs_.erase(job.id);
    add(job);
  }
}

void FailedRecords::ask() {
  if (!std::exchange(asked_, true)) framing_ = options_.framing();
}

void FailedRecords::begin() {
  ask();
  if (std::exchange(begun_, true) || framing_.header.empty()) return;
  write(framing_.header + framing_.ending);
}

template <class Put>
void FailedRecords::put(const Record& record, const Put& put) const {
  if (options_.tuples) {
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      if (i > 0) put("\t");
      put(record.fields[i].value_or(""));
    }
  } else {
    put(record.text);
  }
  put(framing_.ending);
}

// A long record is not copied: it may be there for want of memory.
void FailedRecords::write(std::string_view bytes) {
  if (unwritten_.size() + bytes.size() < kGathered) {
    unwritten_ += bytes;
    return;
  }
  push();
  write_out(bytes);
}

void FailedRecords::push() {
  write_out(unwritten_);
  unwritten_.clear();
}

void FailedRecords::write_out(std::string_view bytes) {
  const int file = as_it_is_ ? as_it_is_.get() : whole_.fd();
  while (!bytes.empty() && failure_.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with(errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void FailedRecords::finish() {
  for (const auto& [job, kept] : unwritten_jobs_) {
    begin();
    kept.packed ? add(*kept.packed) : write(kept.text);
  }
  push();
  if (lost_ > 0 && options_.warn) {
    options_.warn(fmt::format("--failed-to: {} that {} longer than --max-record {} not in '{}'",
                              lost_ == 1 ? "a record" : fmt::format("{} records", lost_),
                              lost_ == 1 ? "was" : "were", lost_ == 1 ? "is" : "are",
                              printable(options_.file)));
  }
  if (as_it_is_ || !failure_.empty()) return;
  if (fdatasync(whole_.fd()) != 0) return fail_with(errno);
  const int error = incomplete_ ? whole_.publish_aside() : whole_.publish();
  if (error != 0) return fail_with(error);
  if (!incomplete_) return;
  failure_ = fmt::format(
      "--failed-to: '{}' is left as it was, since not all of the input could be read; the "
      "records that were not done so far are in '{}'",
      printable(options_.file), printable(part_));
}

void FailedRecords::fail_with(int error) {
  if (failure_.empty()) failure_ = cannot(options_.file, error);
}

bool is_among(const std::string& file, const std::vector<std::string>& files) {
  struct stat wanted {
  }, status{};
  if (stat(file.c_str(), &wanted) != 0) return false;
  for (const std::string& other : files) {
    const int found = other == "-" ? fstat(0, &status) : stat(other.c_str(), &status);
    if (found == 0 && status.st_dev == wanted.st_dev && status.st_ino == wanted.st_ino) return true;
  }
  return files.empty() && fstat(0, &status) == 0 && status.st_dev == wanted.st_dev &&
         status.st_ino == wanted.st_ino;
}

}  // namespace distaff
