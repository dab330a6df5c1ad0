#pragma once

// What is decided about a command before the first job: its shape, what runs it, where the record
// goes.  Inside of command.cc and command_size.cc only.
//
// A command takes one of three shapes:
//
//   argv     words, each a template; the record's words follow if it stands nowhere else;
//   script   `SHELL -c TEXT sh VALUE… RECORD…`, where TEXT is made by compile_shell_script()
//            and copies the values to variables, so that "$@" is left with the records;
//   records  each record is a script of its own, in which nothing is replaced.
//
// A script of plain words becomes an argv.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compose/command.h"
#include "compose/shell_script.h"

namespace distaff {

struct CommandPlan {
  enum class Shape { argv, script, records };

  Shape shape = Shape::argv;
  bool fixed_program = false;
  bool tuples = false;
  bool several = false;
  bool feeds_stdin = false;
  std::string record_end;

  std::vector<Template> words;  // of an argv
  bool appended = false;        // the record's words follow, in an argv or in a script's text

  std::vector<std::string> shell;  // what stands in front of the text of a script or of a record
  bool shell_given = false;
  bool known_shell = true;  // its family is: then $0 comes before the arguments
  ShellScript script;
  bool passes_records = false;  // as "$@"

  std::optional<Template> workdir;
  std::vector<std::pair<std::string, Template>> env;

  bool says_where_besides_command() const;
  bool looks_into_records() const;  // but to feed them
};

// What a script is told as its $0, which its shell puts before its messages: "sh".  With our own
// name there, a mistake in the script would look like one of ours.
std::string shell_name(const CommandPlan& plan);

// Everything a user can do wrong is found here, but for what depends on a value.
Expected<CommandPlan> plan_command(const CommandSpec& spec, const CommandTemplate::Context& context,
                                   std::vector<std::string>& warnings);

}  // namespace distaff
