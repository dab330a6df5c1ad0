#include "fetch/data_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"

namespace distaff {
namespace {

constexpr std::size_t kMost = 1'000'000'000;
constexpr std::size_t kPiece = 64 << 10;

}  // namespace

Expected<std::string> read_data_file(const std::string& file) {
  const auto refuse = [&](const char* why) {
    return fail(
        fmt::format("cannot read '{}': {}; name a file behind the @", printable(file), why));
  };
  const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return refuse(std::strerror(errno));
  std::string content;
  while (true) {
    const std::size_t size = content.size();
    content.resize(size + kPiece);
    const ssize_t got = ::read(opened.get(), content.data() + size, kPiece);
    content.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got < 0 && errno != EINTR) return refuse(std::strerror(errno));
    if (content.size() > kMost) return refuse("it is larger than 1 GB");
    if (got == 0) return content;
  }
}

}  // namespace distaff
