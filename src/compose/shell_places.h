#pragma once

// What the reader of a shell script notes for people who want to see the script with its values in
// it: where each value stands, and what can go wrong if the text is run by another shell than the
// job's own.

#include <cstddef>
#include <string>
#include <vector>

namespace distaff {

// A piece of the script's text that reads differently when it is shown.
struct ShellPlace {
  enum class Kind {
    bare,     // "${D1}", a word or a part of one
    quoted,   // ${D1} in "…"
    inner,    // ${D1} in the word of "${x:-…}"
    body,     // ${D1} in a here-document
    pattern,  // "${D1}" in the pattern of "${x#…}"
    number,   // ${D1} in $((…))
    words,    // "$@", the records of a batch
    blank,    // a newline that is no more than a blank, or a comment
    end,      // a newline that ends a command
    nothing,  // a newline behind a backslash
  };
  // Not one value, but the records of a batch joined by blanks.
  static constexpr std::size_t kRecords = static_cast<std::size_t>(-1);

  Kind kind = Kind::bare;
  std::size_t at = 0;      // in the text without its prelude
  std::size_t length = 0;  // there
  std::size_t value = 0;   // which one

  bool command = false;        // a command may stand here
  bool reserved = false;       // a reserved word may
  bool test = false;           // between [[ and ]]: quotes decide what is an operator
  bool braced = false;         // in ${…} without quotes: never without quotes, never empty
  bool one_line = false;       // the body of a here-document begins after the next newline
  bool backquoted = false;     // within `…`, where backslashes are read twice
  bool after_name = false;     // behind $x, whose name would go on
  bool leaves_quotes = false;  // the ' before it ends a text that goes on behind it …
  bool enters_quotes = false;  // … and the one behind it begins that again
  std::string end_word;        // of the here-document it is in
  bool tabs = false;           // … of <<-
};

// How the commands of a script are joined: what may be written in front of it.
enum class ShellJoints {
  command,   // one simple command
  pipeline,  // simple commands with | between them
  and_list,  // pipelines with && between them
  list,      // anything
};

struct ShellText {
  std::vector<ShellPlace> places;  // in the order of the text
  std::size_t begins = 0;          // the prelude's length

  ShellJoints joints = ShellJoints::command;
  bool leaves_traces = false;  // in the shell that runs it: variables, another directory, traps …
  bool expands = false;        // has a $ or a backquote
  bool has_here_doc = false;   // cannot be written in one line
  bool has_no_text = false;    // nothing may be written in place of what the shell is given
  // Run by another shell than one of its own it would do something else: sh and bash differ on it,
  // or it asks for the process it is in, as by $$.
  bool only_in_its_shell = false;
  bool echoes = false;              // by echo, which reads backslashes in dash
  bool changes_separators = false;  // speaks of IFS
};

}  // namespace distaff
