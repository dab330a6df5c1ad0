#include "os/byte_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

template <class Call>
auto retry_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool ready(int fd) {
  pollfd one{fd, POLLIN, 0};
  return retry_interrupted([&] { return ::poll(&one, 1, 0); }) > 0;
}

Error cannot(const char* verb, const std::string& name, int error, int status) {
  return {std::string("cannot ") + verb + " '" + printable(name) + "': " + std::strerror(error),
          status};
}

Error directory_error(const std::string& name) {
  return {"cannot read '" + printable(name) + "': is a directory", 2};
}

}  // namespace

ByteReader::ByteReader(std::string name, std::size_t buffer_size)
    : name_(std::move(name)),
      buffer_(new char[buffer_size]),  // not set to zero: pages that are not used cost nothing
      buffer_size_(buffer_size) {}

Expected<ByteReader> ByteReader::inherit(int fd, std::string name) {
  return inherit(fd, std::move(name), Options{});
}

Expected<ByteReader> ByteReader::inherit(int fd, std::string name, Options options) {
  ByteReader reader(std::move(name), options.buffer_size);
  reader.fd_ = fd;
  if (!reader.choose_way()) return tl::unexpected(reader.error_);
  if (options.way && *options.way != reader.way_) {
    reader.own_.reset();
    reader.fd_ = fd;
    reader.way_ = *options.way;
  }
  return reader;
}

Expected<ByteReader> ByteReader::open(const std::string& path) { return open(path, Options{}); }

Expected<ByteReader> ByteReader::open(const std::string& path, Options options) {
  ByteReader reader(path, options.buffer_size);
  reader.own_.reset(retry_interrupted(
      [&] { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!reader.own_) return tl::unexpected(cannot("open", path, errno, 2));
  reader.fd_ = reader.own_.get();
  struct stat status {};
  if (::fstat(reader.fd_, &status) != 0) return tl::unexpected(cannot("open", path, errno, 2));
  if (S_ISDIR(status.st_mode)) return tl::unexpected(directory_error(path));
  const bool always_ready = S_ISREG(status.st_mode) || S_ISBLK(status.st_mode);
  reader.way_ = always_ready ? Way::plain : Way::own_open;
  reader.await_writer_ = S_ISFIFO(status.st_mode);
  return reader;
}

bool ByteReader::choose_way() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) {
    error_ = cannot("read", name_, errno, 2);
    return false;
  }
  if (S_ISDIR(status.st_mode)) {
    error_ = directory_error(name_);
    return false;
  }
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) {
    way_ = Way::plain;
  } else if (S_ISSOCK(status.st_mode)) {
    way_ = Way::recv;
  } else if (S_ISFIFO(status.st_mode)) {
    way_ = reopen() ? Way::own_open : Way::nowait;
  } else if (S_ISCHR(status.st_mode) && ::isatty(fd_) == 1 && reopen()) {
    way_ = Way::own_open;
  } else {
    way_ = Way::poll_first;
  }
  return true;
}

bool ByteReader::reopen() {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_);
  own_.reset(retry_interrupted(
      [&] { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!own_) return false;
  fd_ = own_.get();
  return true;
}

ByteReader::Fill ByteReader::fill() {
  assert(data_.empty());
  // Before its first writer a FIFO reads as if it had ended, but poll tells the two apart.
  if (await_writer_ && !ready(fd_)) return Fill::wait;
  await_writer_ = false;
  return read_once();
}

ByteReader::Fill ByteReader::read_once() {
  const long got = retry_interrupted([&] { return read_some(); });
  if (got > 0) {
    data_ = {buffer_.get(), static_cast<std::size_t>(got)};
    return Fill::data;
  }
  if (got == 0) return Fill::end;
  if (errno == EAGAIN) return Fill::wait;
  if (way_ == Way::nowait && (errno == EOPNOTSUPP || errno == ENOSYS)) {
    way_ = Way::splice;
    return read_once();
  }
  error_ = errno == EISDIR ? directory_error(name_) : cannot("read", name_, errno, 3);
  return Fill::failed;
}

long ByteReader::read_some() {
  switch (way_) {
    case Way::plain:
    case Way::own_open:
      break;
    case Way::nowait: {
      iovec part{buffer_.get(), buffer_size_};
      return ::preadv2(fd_, &part, 1, -1, RWF_NOWAIT);
    }
    case Way::splice:
      return read_spliced();
    case Way::recv:
      return ::recv(fd_, buffer_.get(), buffer_size_, MSG_DONTWAIT);
    case Way::poll_first:
      if (!ready(fd_)) {
        errno = EAGAIN;
        return -1;
      }
      break;
  }
  return ::read(fd_, buffer_.get(), buffer_size_);
}

// SPLICE_F_NONBLOCK is a flag of the call, not of the file.  Our own pipe is empty before and
// after, so EAGAIN can only mean that theirs is.
long ByteReader::read_spliced() {
  if (!splice_in_) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    splice_out_.reset(ends[0]);
    splice_in_.reset(ends[1]);
  }
  const long moved =
      ::splice(fd_, nullptr, splice_in_.get(), nullptr, buffer_size_, SPLICE_F_NONBLOCK);
  if (moved <= 0) return moved;
  long got = 0;
  while (got < moved) {
    const long more = retry_interrupted([&] {
      return ::read(splice_out_.get(), buffer_.get() + got, static_cast<std::size_t>(moved - got));
    });
    if (more <= 0) return -1;
    got += more;
  }
  return got;
}

int ByteReader::wait_fd() const { return way_ == Way::plain ? -1 : fd_; }

void wait_until_readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  retry_interrupted([&] { return ::poll(&one, 1, -1); });
}

Expected<void> check_readable(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return tl::unexpected(cannot("open", path, errno, 2));
  if (S_ISDIR(status.st_mode)) return tl::unexpected(directory_error(path));
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
    return tl::unexpected(cannot("open", path, errno, 2));
  }
  return {};
}

}  // namespace distaff
