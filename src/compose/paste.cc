#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "compose/command.h"
#include "compose/script_line.h"
#include "compose/shell_script.h"

namespace distaff {
namespace {

// `printf` as the shell has it says the same bytes, NULs too.
std::string printing(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) {
    if (!text.ends_with('\n')) return "printf %s " + shell_quote(text);
    std::string command = "printf '%s\\n'";
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      command += " " + shell_quote(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    return command;
  }
  std::string format;
  for (const char c : text) {
    if (c == '\0') {
      format += "\\000";
    } else if (c == '\n') {
      format += "\\n";
    } else {
      if (c == '\\' || c == '%') format += c;
      format += c;
    }
  }
  return "printf " + shell_quote(format);
}

// A program that the shell would take for a builtin of its own, with other manners.
bool hides_behind_builtin(const std::vector<std::string>& argv) {
  const std::string& name = argv[0];
  if (name.empty() || name[0] == '-' || name.find_first_of("/=") != std::string::npos) return false;
  TemplateSyntax nothing_replaced;
  nothing_replaced.replacement.clear();
  if (plain_words(shell_quote(name), nothing_replaced)) return false;
  for (const char* harmless : {"[", "test", "true", "false", "pwd", "kill"}) {
    if (name == harmless) return false;
  }
  // dash's echo reads backslashes and knows no -e; its printf knows fewer escapes than others.
  if (name == "echo") {
    return std::any_of(argv.begin() + 1, argv.end(), [](const std::string& word) {
      return word.find('\\') != std::string::npos || (word.starts_with('-') && word != "-n");
    });
  }
  if (name != "printf" || argv.size() < 2) return name != "printf";
  const std::string& format = argv[1];
  for (const char* strange : {"\\x", "\\u", "\\U", "\\e", "%q"}) {
    if (format.find(strange) != std::string::npos) return true;
  }
  return false;
}

// "NAME=VALUE " of each.
std::string assignments(const std::vector<std::string>& env) {
  std::string line;
  for (const std::string& entry : env) {
    const std::size_t equals = entry.find('=');
    line += entry.substr(0, equals) + "=" + shell_quote(entry.substr(equals + 1)) + " ";
  }
  return line;
}

// As cd takes it: not as an option, and not by CDPATH.
std::string directory(const std::string& workdir) {
  return shell_quote((workdir.starts_with('-') ? "./" : "") + workdir);
}

std::string command_line(const Launch& launch) {
  std::string line = assignments(launch.env);
  if (!launch.argv.empty() && hides_behind_builtin(launch.argv)) line += "env ";
  for (std::size_t i = 0; i < launch.argv.size(); ++i) {
    line += (i > 0 ? " " : "") + shell_quote(launch.argv[i]);
  }
  return line;
}

}  // namespace

std::string surrounded(const ScriptLine& line, const Launch& launch) {
  std::string text = line.text;
  bool apart = line.leaves_traces || (launch.is_fed() && line.joints > ShellJoints::pipeline);
  bool listed = line.joints > ShellJoints::and_list;
  if (!launch.env.empty()) {
    // What the text itself expands, and all of its commands, must see them.
    const bool one = line.joints == ShellJoints::command && !line.expands && !line.leaves_traces;
    std::string names = assignments(launch.env);
    if (!one) {
      names.pop_back();
      names = "export " + names + "; ";
      apart = listed = true;
    }
    text.insert(0, names);
  }
  if (!launch.workdir.empty()) {
    text = fmt::format("cd {} {} {}", directory(launch.workdir), listed ? "|| exit;" : "&&", text);
    apart = true;
  }
  if (!apart) return text;
  return fmt::format("({}{}{})", text.starts_with('(') ? " " : "", text,
                     line.has_here_doc ? "\n" : "");
}

std::string paste(const Launch& launch) {
  std::string line = launch.pasted;
  if (line.empty()) {
    line = command_line(launch);
    if (!launch.workdir.empty()) {
      line = fmt::format("(cd {} && {})", directory(launch.workdir), line);
    }
  }
  if (launch.stdin_batch) line = printing(launch.stdin_batch->joined()) + " | " + line;
  if (launch.stdin_text) line = printing(*launch.stdin_text) + " | " + line;
  return line;
}

}  // namespace distaff
