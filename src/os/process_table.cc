#include "os/process_table.h"

#include <dirent.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include "base/unique_fd.h"
#include "os/file_text.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

// The numbers that a directory of /proc has as names.
std::vector<pid_t> numbers_in(const std::string& path) {
  std::vector<pid_t> numbers;
  DIR* const directory = opendir(path.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size()) numbers.push_back(number);
  }
  closedir(directory);
  return numbers;
}

void append_numbers(std::string_view text, std::vector<pid_t>& numbers) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    pid_t number = 0;
    const auto read = std::from_chars(at, end, number);
    if (read.ec == std::errc()) numbers.push_back(number);
    at = std::max(read.ptr, at + 1);
  }
}

// Nothing if this kernel does not tell (CONFIG_PROC_CHILDREN).
std::optional<std::vector<pid_t>> listed_children(pid_t pid) {
  const std::string tasks = fmt::format("/proc/{}/task/", pid);
  std::vector<pid_t> children;
  bool any = false;
  for (const pid_t task : numbers_in(tasks)) {
    if (const auto text = text_of_file(fmt::format("{}{}/children", tasks, task))) {
      append_numbers(*text, children);
      any = true;
    }
  }
  if (!any) return std::nullopt;
  return children;
}

using Families = std::unordered_map<pid_t, std::vector<pid_t>>;

Families all_families() {
  Families families;
  for (const pid_t pid : numbers_in("/proc")) {
    if (const auto process = look_at_process(pid)) families[process->parent].push_back(pid);
  }
  return families;
}

Sent result_of(long call) {
  if (call == 0) return Sent::sent;
  return errno == EPERM ? Sent::refused : Sent::gone;
}

// For kernels without pidfds (before 5.3) the second look is all there is.
Sent send_to_stranger(const ProcessEntry& process, int signal) {
  const UniqueFd held(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  if (!held && errno != ENOSYS) return Sent::gone;
  const auto now = look_at_process(process.pid);
  if (!now || now->started != process.started) return Sent::gone;
  if (!held) return result_of(kill(process.pid, signal));
  return result_of(syscall(SYS_pidfd_send_signal, held.get(), signal, nullptr, 0));
}

// False: we have no child at all.
bool reap_all() {
  for (;;) {
    const pid_t pid = waitpid(-1, nullptr, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0 && errno != EINTR) return false;
  }
}

void pause_for(Duration time) {
  const timespec span{0, static_cast<long>(time.count())};
  nanosleep(&span, nullptr);
}

}  // namespace

std::uint64_t ticks_since_boot() {
  static const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * per_second +
         static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000;
}

std::optional<ProcessEntry> look_at_process(pid_t pid) {
  const auto text = text_of_file(fmt::format("/proc/{}/stat", pid));
  // The name is in parentheses and may hold any byte, so what comes behind the last one counts.
  const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  char state = 0;
  unsigned long long started = 0;
  ProcessEntry process;
  process.pid = pid;
  const int read =
      sscanf(text->c_str() + name_end + 1,
             " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
             &state, &process.parent, &process.group, &process.session, &started);
  if (read != 5) return std::nullopt;
  process.started = started;
  process.zombie = state == 'Z' || state == 'X';
  return process;
}

bool is_before_exec(pid_t pid) {
  constexpr unsigned kForkedNoExec = 0x40;  // PF_FORKNOEXEC, the 1 in the column F of ps
  const auto text = text_of_file(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
  unsigned flags = 0;
  return name_end != std::string::npos &&
         sscanf(text->c_str() + name_end + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
         (flags & kForkedNoExec) != 0;
}

std::vector<pid_t> own_children() {
  if (auto children = listed_children(getpid())) return std::move(*children);
  return all_families()[getpid()];
}

std::vector<Descendant> descendants(const std::function<bool(pid_t)>& wanted) {
  std::optional<Families> families;
  const auto children_of = [&](pid_t pid) {
    if (!families) {
      if (auto children = listed_children(pid)) return std::move(*children);
      if (pid != getpid()) return std::vector<pid_t>{};  // it has just ended
      families = all_families();
    }
    return (*families)[pid];
  };
  std::vector<Descendant> found;
  const auto add = [&](pid_t pid, pid_t top) {
    if (const auto process = look_at_process(pid)) found.push_back({*process, top});
  };
  for (const pid_t child : children_of(getpid())) {
    if (wanted(child)) add(child, child);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Descendant parent = found[i];
    if (parent.process.zombie) continue;
    for (const pid_t child : children_of(parent.process.pid)) add(child, parent.top);
  }
  return found;
}

std::string command_line(pid_t pid) {
  std::string text = text_of_file(fmt::format("/proc/{}/cmdline", pid)).value_or("");
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  if (!text.empty()) return text;
  text = text_of_file(fmt::format("/proc/{}/comm", pid)).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::optional<std::string> environment_variable(pid_t pid, std::string_view name) {
  const auto text = text_of_file(fmt::format("/proc/{}/environ", pid));
  if (!text) return std::nullopt;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\0', begin), text->size());
    const std::string_view entry(text->data() + begin, end - begin);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
    begin = end + 1;
  }
  return std::nullopt;
}

Sent send_signal(const ProcessEntry& process, int signal) {
  if (process.parent == getpid()) return result_of(kill(process.pid, signal));
  return send_to_stranger(process, signal);
}

void ask_all_to_end(const std::function<bool(pid_t)>& spare, Duration time) {
  if (!reap_all()) return;
  const TimePoint until = std::chrono::steady_clock::now() + time;
  for (const Descendant& one : descendants([&](pid_t child) { return !spare(child); })) {
    send_signal(one.process, SIGTERM);
    send_signal(one.process, SIGCONT);  // it may be stopped
  }
  const auto somebody = [&] {
    if (!reap_all()) return false;
    const auto children = own_children();
    return !std::all_of(children.begin(), children.end(), spare);
  };
  for (Duration pause = 500us; somebody() && std::chrono::steady_clock::now() < until;
       pause = std::min<Duration>(pause * 2, 10ms)) {
    pause_for(pause);
  }
}

std::vector<pid_t> kill_all_children(const std::function<bool(pid_t)>& spare, Duration limit) {
  const TimePoint until = std::chrono::steady_clock::now() + limit;
  std::vector<pid_t> left;
  for (Duration pause = 100us;; pause = std::min<Duration>(pause * 2, 10ms)) {
    left.clear();
    if (!reap_all()) return left;
    bool any_sent = false;
    for (const pid_t child : own_children()) {
      if (spare(child)) continue;
      left.push_back(child);
      any_sent = kill(child, SIGKILL) == 0 || any_sent;
    }
    if (left.empty()) return left;
    if (!any_sent || std::chrono::steady_clock::now() >= until) break;
    pause_for(pause);
  }
  return left;
}

}  // namespace distaff
