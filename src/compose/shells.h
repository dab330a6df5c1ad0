#pragma once

// What we know of shells: which programs are one, and behind which programs one stands.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace distaff {

// The shell that reads the script in `SHELL -c SCRIPT`.
enum class ShellFamily {
  posix,  // sh, dash, yash …: any that does what all of them do
  bash,   // the others know more, each in its own way
  ksh,    // ksh93, or what else a machine calls ksh
  mksh,
  zsh,
  unknown,  // fish, python …: our quoting does not hold in it
};

// By the name of the program, also behind env, nice and the like.
ShellFamily shell_family(std::span<const std::string> words);

// A reserved word or builtin of dash, bash or busybox.
bool is_shell_word(std::string_view word);

// The name of any shell, also with a version behind it, of those too whose quoting we do not know.
bool is_shell_name(std::string_view name);

// What is behind the last slash.
std::string_view program_name(std::string_view path);

// Where the program stands that words[at] leads to by env, nice, sudo and the like; past the end if
// there is none.
std::size_t find_program(std::span<const std::string_view> words, std::size_t at = 0);

}  // namespace distaff
