#include "cli/programs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "cli/help.h"
#include "os/signals.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

constexpr std::string_view kStartedBy = "--started-by=";
constexpr std::string_view kProgram = "libexec/distaff/distaff-fetch";

// Our own file, behind all links; empty if /proc is not there.
std::string own_path() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::vector<std::string> places_of_fetch(std::string_view self) {
  const std::string_view folder = self.substr(0, self.rfind('/'));
  const std::string_view above = folder.substr(0, folder.rfind('/'));
  return {fmt::format("{}/{}", above, kProgram), fmt::format("{}/{}", folder, kProgram)};
}

int print(std::string_view text) {
  errno = 0;
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  const int error = written ? error_of_closing(STDOUT_FILENO) : errno;
  if (error == 0) return 0;
  if (error == EPIPE) die_of_signal(SIGPIPE);  // as the reader of --help | head wants it
  return refuse({fmt::format("cannot write to stdout: {}", std::strerror(error)), 3});
}

int refuse(const Error& error) {
  std::fprintf(stderr, "distaff: %s\n", error.message.c_str());
  return error.status;
}

Error become_fetch(std::span<const std::string_view> words) {
  const std::string self = own_path();
  if (self.empty())
    return {"fetch: /proc is not mounted, and the program beside us not found", 127};
  std::vector<std::string> texts = {"distaff-fetch", fmt::format("{}{}", kStartedBy, version())};
  texts.insert(texts.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const auto places = places_of_fetch(self);
  for (const std::string& place : places) {
    execv(place.c_str(), argv.data());
    if (errno == ENOENT || errno == ENOTDIR) continue;
    return {fmt::format("fetch: {}: {}", printable(place), std::strerror(errno)), 126};
  }
  return {fmt::format("fetch: there is no {}; the package distaff has it, so install that again",
                      printable(places[0])),
          127};
}

Expected<std::span<const std::string_view>> accept_start(std::span<const std::string_view> words) {
  if (words.empty() || !words[0].starts_with(kStartedBy)) return words;
  const std::string_view other = words[0].substr(kStartedBy.size());
  if (other != version()) {
    return fail(
        fmt::format("fetch: this distaff-fetch is of version {}, and the distaff that started it "
                    "of {}; install both from one package",
                    version(), printable(other)));
  }
  return words.subspan(1);
}

}  // namespace distaff
