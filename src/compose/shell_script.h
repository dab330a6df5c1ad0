#pragma once

// Makes the text for `sh -c` of a script with replacements, so that no value ever reaches the
// shell's parser.  How and why: the essay in shell_reader.cc.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/shell_places.h"
#include "compose/shells.h"
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
  bool uses_record_list = false;     // in a batch: has a {}, which is "$@" there
  // Any of these, or it may use them out of sight: by eval, trap, a file that it reads, or by
  // shift.
  bool needs_arguments = false;
  // The reader ended at top level, in no comment, in the argument part of one simple command: the
  // record can be appended by ` "$@"`.
  bool appendable = false;
  std::vector<std::string> last_words;  // of that command, as find_second_shell() takes them
  // More than one plain command: | & ; < > ( ) a newline, an assignment, a comment, or a form that
  // the reader does not know.
  bool compound = false;
  // Not empty: the reader met this.  The script holds no replacement, so that does no harm and it
  // runs as it is, but the record cannot be appended to it.
  std::string not_understood;
  // The names x of ${x}, each once: a field of that name may have been meant.
  std::vector<std::string> braced_names;
  std::vector<std::string> warnings;

  ShellText shown;  // for script_line(); nothing is known of a script that was not understood
};

struct ShellScriptOptions {
  TemplateSyntax syntax;
  bool batch = false;  // jobs of several records or tuples: {} must stand alone or in quotes
  ShellFamily family = ShellFamily::posix;  // what is known of the shell that reads it
  bool allow_values = true;  // false: --shell of an unknown family; a replacement is an error
  // Names of variables not to be used for values: those of the job's environment, as setting
  // them would change what the script's programs see.
  std::vector<std::string> taken_names;
};

// Reads the script once.  Errors name the position in words ("in the target of >&"), show the
// replacement, and say what to write instead.  A script without a replacement may hold anything.
//
// In a batch, {} is not one of the values: the script needs the job's records, which are to follow
// the values as arguments.
Expected<ShellScript> compile_shell_script(std::string_view script,
                                           const ShellScriptOptions& options);

// The script as words if it needs no shell: plain words and quotes only, the first no shell word or
// builtin of dash, bash or busybox.  Each word as a template's pieces.  Nothing: it needs a shell,
// or compile_shell_script() has an error to report.  Trailing newlines are allowed.
//
// In a batch, a replacement that has a value in each record must be a word of its own without
// quotes: only then a shell and an argv agree on what it means.
std::optional<std::vector<std::vector<Piece>>> plain_words(std::string_view script,
                                                           const TemplateSyntax& syntax,
                                                           bool batch = false);

// The value as it may stand in $((…)); nothing if it is not [+-]?[0-9]+.
std::optional<std::string> arithmetic_value(std::string_view value);

}  // namespace distaff
