#include "input/file_sequence.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "input/file_kind.h"

namespace distaff {

Expected<FileSequence> FileSequence::open(std::vector<std::string> names, Options options) {
  FileSequence sequence(std::move(names), options);
  for (const std::string& file : sequence.files_) {
    if (file == "-") continue;
    if (auto readable = check_readable(file); !readable) return tl::unexpected(readable.error());
  }
  if (auto opened = sequence.open_next(); !opened) return tl::unexpected(opened.error());
  return sequence;
}

FileSequence::FileSequence(std::vector<std::string> names, Options options)
    : files_(std::move(names)), options_(options) {
  if (files_.empty()) files_.push_back("-");
}

Expected<void> FileSequence::open_next() {
  const std::string& file = files_[next_++];
  const ByteReader::Options reading{.buffer_size = options_.buffer_size, .way = {}};
  const bool is_stdin = file == "-";
  name_ = is_stdin ? "stdin" : file;
  auto reader = is_stdin ? ByteReader::inherit(options_.stdin_fd, name_, reading)
                         : ByteReader::open(file, reading);
  if (!reader) return tl::unexpected(reader.error());
  reader_.emplace(std::move(*reader));
  first_bytes_.clear();
  return {};
}

void FileSequence::close() {
  gate_.forget();
  reader_.reset();
}

FileSequence::Fill FileSequence::fill() {
  if (failed_) return Fill::failed;
  if (!reader_) {
    if (next_ == files_.size()) return Fill::end;
    if (auto opened = open_next(); !opened) {
      // It was there when the run began.
      return fail({opened.error().message, 3});
    }
  }
  if (filled_) return wait();
  switch (reader_->fill()) {
    case ByteReader::Fill::data:
      filled_ = true;
      return is_as_meant() ? Fill::data : Fill::failed;
    case ByteReader::Fill::wait:
      return wait();
    case ByteReader::Fill::end:
      close();
      return Fill::file_end;
    case ByteReader::Fill::failed:
      break;
  }
  return fail(reader_->error());
}

// False, and error_, if the file is plainly something else.  A pipe may give its bytes one by one.
bool FileSequence::is_as_meant() {
  if (first_bytes_.size() >= kFileKindBytes) return true;
  first_bytes_ += reader_->data().substr(0, kFileKindBytes - first_bytes_.size());
  const std::string what = no_text(first_bytes_, name_);
  if (what.empty()) return true;
  if (!options_.text) {  // records that end in NUL may hold anything
    first_bytes_.resize(kFileKindBytes);
    warning_ = what;
    return true;
  }
  reader_->consume(reader_->data().size());
  fail({what, 2});
  return false;
}

FileSequence::Fill FileSequence::wait() {
  if (gate_.watch(reader_->wait_fd())) return Fill::wait;
  return fail({"cannot wait for '" + name_ + "': " + std::strerror(errno), 3});
}

FileSequence::Fill FileSequence::fail(Error error) {
  failed_ = true;
  error_ = std::move(error);
  return Fill::failed;
}

}  // namespace distaff
