#pragma once

// Makes the text for `sh -c` of a script with replacements, so that no value ever reaches the
// shell's parser.  docs: see the essay in shell_script.cc.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"

namespace distaff {

struct ShellScript {
  // One distinct replacement of the script: it travels as an argument and is copied to `variable`.
  struct Value {
    Replacement replacement;
    std::string variable;     // "D1"
    bool arithmetic = false;  // stands inside $((…)): must be an integer
  };

  // The prelude ("D1=$1;D2=$2;shift 2;") and the user's script with the variables spelled for
  // the quoting around them.  Without values just the script.
  std::string text;
  std::vector<Value> values;

  bool uses_records = false;         // holds a replacement of the record
  bool speaks_of_arguments = false;  // says $1 $2… $@ $* $# outside single quotes
  // The reader ended at top level, in no comment, in the argument part of one simple command: the
  // record can be appended by ` "$@"`.
  bool appendable = false;
  // More than one plain command: | & ; < > ( ) a newline, an assignment, a comment.
  bool compound = false;
  std::vector<std::string> warnings;
};

struct ShellScriptOptions {
  TemplateSyntax syntax;
  bool batch = false;        // jobs of several records or tuples: {} must stand alone or in quotes
  bool bash_like = false;    // --shell of the bash family
  bool allow_values = true;  // false: --shell of an unknown family; a replacement is an error
};

// Reads the script once.  Errors name the position in words ("in the target of >&"), show the
// replacement, and say what to write instead.
Expected<ShellScript> compile_shell_script(std::string_view script,
                                           const ShellScriptOptions& options);

// The script as words if it needs no shell: plain words and quotes only, the first no shell word or
// builtin (kernel.md's list).  Each word as a template's pieces.  Nothing: it needs a shell.
// Trailing newlines are allowed.
std::optional<std::vector<std::vector<Piece>>> plain_words(std::string_view script,
                                                           const TemplateSyntax& syntax);

// What $((…)) takes: [+-]?[0-9]+, as it is safe to be put there (a blank after a sign).
std::optional<std::string> arithmetic_value(std::string_view value);

}  // namespace distaff
