#include "compose/shells.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace distaff {
namespace {

// Reserved words and builtins of dash, bash or busybox.  A builtin may differ from the program of
// its name (dash's echo reads backslashes, /bin/echo does not), or there is no such program.
constexpr std::array<std::string_view, 85> kShellWords = {
    "!",        ".",        ":",       "[",         "[[",       "]]",      "alias",   "bg",
    "bind",     "break",    "builtin", "caller",    "case",     "cd",      "chdir",   "command",
    "compgen",  "complete", "compopt", "continue",  "coproc",   "declare", "dirs",    "disown",
    "do",       "done",     "echo",    "elif",      "else",     "enable",  "esac",    "eval",
    "exec",     "exit",     "export",  "false",     "fc",       "fg",      "fi",      "for",
    "function", "getopts",  "hash",    "help",      "history",  "if",      "in",      "jobs",
    "kill",     "let",      "local",   "login",     "logout",   "mapfile", "popd",    "printf",
    "pushd",    "pwd",      "read",    "readarray", "readonly", "return",  "select",  "set",
    "shift",    "shopt",    "source",  "suspend",   "test",     "then",    "time",    "times",
    "trap",     "true",     "type",    "typeset",   "ulimit",   "umask",   "unalias", "unset",
    "until",    "wait",     "while",   "{",         "}"};

// A program that runs the command in its arguments.
struct Wrapper {
  std::string_view name;
  std::string_view valued;       // its letters that take the next word as a value
  std::string_view long_valued;  // its long options that do, each after a blank
  int operands = 0;              // words before the command
};

constexpr Wrapper kWrappers[] = {
    {"env", "uC", " unset chdir", 0},
    {"nice", "n", " adjustment", 0},
    {"ionice", "cn", " class classdata", 0},
    {"chrt", "TPD", "", 1},
    {"taskset", "", "", 1},
    {"nohup", "", "", 0},
    {"setsid", "", "", 0},
    {"setarch", "", "", 0},
    {"stdbuf", "ioe", " input output error", 0},
    {"unbuffer", "", "", 0},
    {"time", "fo", " format output", 0},
    {"timeout", "sk", " signal kill-after", 1},
    {"chronic", "", "", 0},
    {"exec", "a", "", 0},
    {"command", "", "", 0},
    {"builtin", "", "", 0},
    {"sudo", "ughpCrtTUDR", " user group host prompt close-from role type chdir chroot", 0},
    {"doas", "uC", "", 0},
    {"flock", "wE", " timeout conflict-exit-code", 1},
    {"chroot", "", "", 1},
    {"unshare", "", "", 0},
    {"strace", "oepP", "", 0},
    {"xvfb-run", "nesfpw", "", 0},
    {"busybox", "", "", 0},
    {"xargs", "adEILnPs", " arg-file delimiter max-lines max-args max-procs max-chars", 0},
};

struct KnownShell {
  std::string_view name;
  ShellFamily family;
};

constexpr KnownShell kKnownShells[] = {
    {"sh", ShellFamily::posix},   {"dash", ShellFamily::posix}, {"ash", ShellFamily::posix},
    {"yash", ShellFamily::posix}, {"posh", ShellFamily::posix}, {"hush", ShellFamily::posix},
    {"bash", ShellFamily::bash},  {"rbash", ShellFamily::bash}, {"ksh", ShellFamily::ksh},
    {"ksh93", ShellFamily::ksh},  {"rksh", ShellFamily::ksh},   {"oksh", ShellFamily::ksh},
    {"pdksh", ShellFamily::ksh},  {"mksh", ShellFamily::mksh},  {"lksh", ShellFamily::mksh},
    {"zsh", ShellFamily::zsh},
};
constexpr std::string_view kOtherShells[] = {
    "loksh", "rzsh", "sash",  "csh",  "tcsh",       "elvish",     "nu",
    "osh",   "ysh",  "xonsh", "pwsh", "powershell", "busybox-sh", "ksh2020"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// bash of bash5, bash-5.2, bash-static and bash.exe.
std::string_view without_version(std::string_view name) {
  for (const std::string_view end : {"-static", ".distrib", ".exe"}) {
    if (name.ends_with(end)) return name.substr(0, name.size() - end.size());
  }
  const std::size_t last = name.find_last_not_of("0123456789.");
  if (last == name.npos) return name;
  return name.substr(0, last + (name[last] == '-' && last + 1 < name.size() ? 0 : 1));
}

ShellFamily family_of(std::string_view program) {
  const std::string_view name = program_name(program);
  const std::string_view base = without_version(name);
  for (const KnownShell& shell : kKnownShells) {
    if (shell.name == name || shell.name == base) return shell.family;
  }
  return ShellFamily::unknown;
}

const Wrapper* wrapper_of(std::string_view program) {
  const std::string_view name = program_name(program);
  const auto* found = std::find_if(std::begin(kWrappers), std::end(kWrappers),
                                   [&](const Wrapper& w) { return w.name == name; });
  return found == std::end(kWrappers) ? nullptr : found;
}

bool is_option(std::string_view word) { return word.starts_with('-'); }

// Whether the option takes the word after it: its last letter does, or its long name.
bool takes_next(const Wrapper& wrapper, std::string_view option) {
  if (option.starts_with("--")) {
    const std::string name = " " + std::string(option.substr(2));
    const std::size_t at = wrapper.long_valued.find(name);
    const std::size_t end = at + name.size();
    return at != std::string_view::npos &&
           (end == wrapper.long_valued.size() || wrapper.long_valued[end] == ' ');
  }
  return option.find_first_of(wrapper.valued, 1) == option.size() - 1;
}

// The first word of the command behind the wrapper at words[at].
std::size_t behind(const Wrapper& wrapper, std::span<const std::string_view> words,
                   std::size_t at) {
  ++at;
  while (at < words.size() && is_option(words[at])) {
    const std::string_view option = words[at++];
    if (option == "--") break;
    if (takes_next(wrapper, option)) ++at;
  }
  at += static_cast<std::size_t>(wrapper.operands);
  // env NAME=VALUE, and sudo takes them too.
  while (at < words.size() && words[at].find('=') != std::string_view::npos) ++at;
  return at;
}

}  // namespace

std::string_view program_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::size_t find_program(std::span<const std::string_view> words, std::size_t at) {
  while (at < words.size()) {
    const Wrapper* wrapper = wrapper_of(words[at]);
    if (!wrapper) return at;
    at = behind(*wrapper, words, at);
  }
  return at;
}

// Behind a program that we do not know, as `docker exec C sh`, a shell is the last word but for its
// options.
ShellFamily shell_family(std::span<const std::string> words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  const std::size_t at = find_program(views);
  if (at >= views.size()) return ShellFamily::unknown;
  const ShellFamily family = family_of(views[at]);
  if (family != ShellFamily::unknown) return family;
  std::size_t last = views.size() - 1;
  while (last > at && is_option(views[last])) --last;
  return family_of(views[last]);
}

bool is_shell_name(std::string_view name) {
  return family_of(name) != ShellFamily::unknown ||
         is_one_of(kOtherShells, without_version(name)) || is_one_of(kOtherShells, name);
}

bool is_shell_word(std::string_view word) {
  return std::find(kShellWords.begin(), kShellWords.end(), word) != kShellWords.end();
}

}  // namespace distaff
