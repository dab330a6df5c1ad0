#pragma once

// A script with the values of a job in it, as a person would write it: quoted for where they stand,
// in one line, to be read and to be pasted.

#include <optional>
#include <span>
#include <string>

#include "compose/shell_script.h"
#include "model/launch.h"

namespace distaff {

struct ScriptLine {
  std::string text;
  ShellJoints joints = ShellJoints::command;
  bool leaves_traces = false;  // in the shell that it is pasted into, unless in parentheses
  bool expands = false;        // has a $ or a backquote
  bool has_here_doc = false;   // then it is more than one line, and its last one must end
  // It does the same only as the text of its own shell's -c.
  bool only_in_its_shell = false;
};

// Nothing if there is no such text: the script speaks of its arguments, or a value cannot be
// written where it stands.  `values` are those of the script, `records` the words of {} in a batch.
std::optional<ScriptLine> script_line(const ShellScript& script,
                                      std::span<const std::string> values,
                                      std::span<const std::string> records);

// The line with the job's directory and environment around it, in parentheses if it would leave
// traces in the shell it is pasted into.
std::string surrounded(const ScriptLine& line, const Launch& launch);

}  // namespace distaff
