#pragma once

// What we know of shells: which programs are one, and where an argv hides one.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "compose/template.h"

namespace distaff {

// The shell that reads the script in `SHELL -c SCRIPT`.
enum class ShellFamily {
  posix,    // sh, dash, ksh, zsh …: our quoting holds in it
  bash,     // a posix one with traps of its own
  unknown,  // fish, python …
};

// By the name of the program, also behind env, nice and the like.
ShellFamily shell_family(std::span<const std::string> words);

// A reserved word or builtin of dash, bash or busybox.
bool is_shell_word(std::string_view word);

// The text that such an argv gives to a shell's -c, if a value of a record would be pasted into it:
// `sh -c 'echo {}'`, also behind env, nice, sudo, timeout ….
struct PastedScript {
  std::size_t word;   // which one is the text
  std::string shell;  // "bash"
};
std::optional<PastedScript> find_pasted_script(std::span<const Template> words);

// The same of words of which only the beginnings are known; whether a value is in the text is for
// the caller to look at.
std::optional<PastedScript> find_pasted_script(std::span<const std::string_view> words);

}  // namespace distaff
