#include "os/byte_writer.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace distaff {

namespace {

// When poll() says that a pipe has room, it has room for a page; a terminal, for 256 bytes.
constexpr std::size_t kPipeFits = 4096;
constexpr std::size_t kTerminalFits = 256;

constexpr int kLargePipe = 1 << 20;  // what everybody may have
constexpr std::size_t kMuch = 32 << 10;

std::array<iovec, 2> vectors(std::string_view first, std::string_view second) {
  return {iovec{const_cast<char*>(first.data()), first.size()},
          iovec{const_cast<char*>(second.data()), second.size()}};
}

bool has_room(int fd) {
  pollfd asked{fd, POLLOUT, 0};
  return poll(&asked, 1, 0) > 0;
}

// A terminal has several names (/dev/tty is another inode than /dev/pts/1), and one device.
bool same_terminal(int a, int b) {
  unsigned device_of_a = 0, device_of_b = 0;
  return ioctl(a, TIOCGDEV, &device_of_a) == 0 && ioctl(b, TIOCGDEV, &device_of_b) == 0 &&
         device_of_a == device_of_b;
}

bool is_full(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

ByteWriter::ByteWriter(int fd, std::optional<Way> way)
    : fd_(fd), fits_(isatty(fd) == 1 ? kTerminalFits : kPipeFits), way_(Way::plain) {
  way_ = way && *way != Way::own_open ? *way : choose_way();
  move_ = choose_move();
}

ByteWriter::Way ByteWriter::choose_way() {
  struct stat status {};
  if (fstat(fd_, &status) < 0) return Way::plain;  // the first write will say why
  if (S_ISSOCK(status.st_mode)) return Way::send;
  if (isatty(fd_) == 1) {
    return reopen(O_WRONLY | O_NOCTTY) ? Way::own_open : Way::poll_first;
  }
  if (!S_ISFIFO(status.st_mode)) return Way::plain;
  return reopen(O_WRONLY) ? Way::own_open : Way::nowait;
}

// To a terminal nothing is gained, and a socket would block.  A file that is appended to says
// EINVAL.
ByteWriter::Move ByteWriter::choose_move() const {
  struct stat status {};
  if (fstat(fd_, &status) < 0) return Move::none;
  if (S_ISFIFO(status.st_mode)) return Move::pipe;
  const bool appends = (fcntl(fd_, F_GETFL) & O_APPEND) != 0;
  return S_ISREG(status.st_mode) && !appends ? Move::file : Move::none;
}

// Fails for another user's file (as after su), without /proc, and for a FIFO nobody reads.
bool ByteWriter::reopen(int flags) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd_);
  own_.reset(open(path, flags | O_NONBLOCK | O_CLOEXEC));
  return static_cast<bool>(own_);
}

ByteWriter::Result ByteWriter::write(std::string_view first, std::string_view second) {
  Result result;
  while (!first.empty() || !second.empty()) {
    const long count = write_some(first, second);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (!is_full(errno)) {
        result.error = errno;
      } else if (first.size() + second.size() >= kMuch && enlarge()) {
        continue;
      }
      return result;
    }
    const auto written = static_cast<std::size_t>(count);
    result.written += written;
    const std::size_t of_first = std::min(written, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(written - of_first);
  }
  return result;
}

long ByteWriter::write_some(std::string_view first, std::string_view second) {
  if (way_ == Way::poll_first) {
    if (!has_room(fd_)) {
      errno = EAGAIN;
      return -1;
    }
    first = first.substr(0, fits_);
    second = second.substr(0, fits_ - first.size());
  }
  std::array<iovec, 2> pieces = vectors(first, second);
  if (way_ == Way::send) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (way_ == Way::nowait) {
    const long count = pwritev2(fd_, pieces.data(), pieces.size(), -1, RWF_NOWAIT);
    if (count >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) return count;
    way_ = Way::poll_first;
    return write_some(first, second);
  }
  return writev(wait_fd(), pieces.data(), pieces.size());
}

// Who moves much into a pipe of 64 KiB spends half the time in switching to its reader and back.
// True if there is more room by that.
bool ByteWriter::enlarge() {
  if (enlarged_ || move_ != Move::pipe) return false;
  enlarged_ = true;
  return fcntl(wait_fd(), F_SETPIPE_SZ, kLargePipe) > 0;  // if it may not be, it stays as it is
}

// EAGAIN means that the source is empty or the target full; who knows asks the target.
PipeTarget::Moved ByteWriter::move_from_pipe(int pipe, std::size_t most) {
  using Why = PipeTarget::Moved::Why;
  std::size_t done = 0;
  while (done < most) {
    const long count =
        splice(pipe, nullptr, wait_fd(), nullptr, most - done, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0) {
      return {done, Why::ended};
    } else if (is_full(errno)) {
      if (move_ != Move::pipe || has_room(wait_fd())) return {done, Why::empty};
      if (!enlarge()) return {done, Why::full};
    } else if (errno != EINTR) {
      // What is wrong with the file a plain write will say.
      move_ = Move::none;
      return {done, Why::refused};
    }
  }
  return {done, Why::most};
}

ByteWriter::Result ByteWriter::write_part(const FilePart& part) {
  Result result;
  if (move_ == Move::none) return result;
  auto offset = static_cast<off64_t>(part.offset);
  while (result.written < part.length) {
    const std::size_t left = static_cast<std::size_t>(part.length) - result.written;
    const long count = move_ == Move::pipe ? splice(part.fd, &offset, wait_fd(), nullptr, left,
                                                    SPLICE_F_NONBLOCK | SPLICE_F_MOVE)
                                           : sendfile(wait_fd(), part.fd, &offset, left);
    if (count > 0) {
      result.written += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && is_full(errno)) {
      if (!enlarge()) return result;
    } else {
      move_ = Move::none;
      return result;
    }
  }
  return result;
}

void ByteWriter::wait_for_room() const {
  pollfd asked{wait_fd(), POLLOUT, 0};
  while (poll(&asked, 1, -1) < 0 && errno == EINTR) {
  }
}

bool same_destination(int a, int b) {
  const auto access = [](int fd) { return fcntl(fd, F_GETFL) & O_ACCMODE; };
  if ((access(a) == O_RDONLY) != (access(b) == O_RDONLY)) return false;  // one cannot be written
  struct stat of_a {
  }, of_b{};
  if (fstat(a, &of_a) < 0 || fstat(b, &of_b) < 0) return false;
  if (of_a.st_dev != of_b.st_dev || of_a.st_ino != of_b.st_ino) {
    return S_ISCHR(of_a.st_mode) && S_ISCHR(of_b.st_mode) && same_terminal(a, b);
  }
  if (!S_ISREG(of_a.st_mode)) return true;
  const auto appends = [](int fd) { return (fcntl(fd, F_GETFL) & O_APPEND) != 0; };
  if (appends(a) && appends(b)) return true;
  // A file that was opened twice (`>f 2>f`) has two offsets: each stream goes by its own.
  const auto self = static_cast<long>(getpid());
  const long order = syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);
  return order == 0 || (order < 0 && lseek(a, 0, SEEK_CUR) == lseek(b, 0, SEEK_CUR));
}

}  // namespace distaff
