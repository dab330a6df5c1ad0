#include "exec/launcher.h"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "os/file_text.h"

namespace distaff {
namespace {

using Step = SpawnResult::Step;

Launcher::Result refuse(Outcome why) { return {{Executor::Start::failed, std::move(why)}, -1}; }

const char* text_of(int error) {
  const char* text = strerrordesc_np(error);
  return text != nullptr ? text : "unknown error";
}

std::string_view variable_name(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// What passes when other processes end.
bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

// The system would cut such a string at the NUL, and the job would do something else.
bool holds_nul(const std::string& text) { return strlen(text.c_str()) != text.size(); }

// Why the system does not take a string of the job; empty if it takes them all.
std::string bad_string(const Launch& launch) {
  if (std::any_of(launch.argv.begin(), launch.argv.end(), holds_nul)) {
    return "a NUL byte cannot be part of an argument";
  }
  const auto variable = std::find_if(launch.env.begin(), launch.env.end(), holds_nul);
  if (variable != launch.env.end()) {
    return fmt::format("a NUL byte cannot be part of a variable: {}", variable_name(*variable));
  }
  return holds_nul(launch.workdir) ? "a NUL byte cannot be part of a directory's name" : "";
}

// The string that execve() refuses, if it is not that all of them are too much.
std::string why_too_long(const Launch& launch) {
  // What the kernel takes for one, with its NUL, on machines with pages of 4 KiB.
  constexpr std::size_t kMost = 32 * 4096;
  for (const std::string& variable : launch.env) {
    if (variable.size() < kMost) continue;
    return fmt::format("the variable {} has {} bytes, more than the system takes",
                       variable_name(variable), variable.size());
  }
  for (const std::string& word : launch.argv) {
    if (word.size() < kMost) continue;
    return fmt::format("an argument of {} bytes: the system takes at most {}", word.size(),
                       kMost - 1);
  }
  return "its arguments and variables are longer than the system allows";
}

// What is wrong with the interpreter of a script that is there; empty: nothing that we can see.
std::string wrong_interpreter(const std::string& file) {
  const std::string interpreter = interpreter_of(file);
  if (interpreter.empty()) return {};
  const std::string what = fmt::format("its interpreter '{}'", printable(interpreter));
  if (is_directory(interpreter)) return what + " is a directory";
  if (access(interpreter.c_str(), X_OK) == 0) return {};
  if (access(interpreter.c_str(), F_OK) == 0) return what + " may not be executed";
  if (!interpreter.ends_with('\r')) return what + " is missing";
  return what + fmt::format(
                    " is missing; the file's lines end in CR, which sed -i 's/\\r$//' {} takes "
                    "away",
                    typed_word(file));
}

// Why a file that is there was not run.
std::string why_not(int error, const std::string& file) {
  if (is_directory(file)) return "it is a directory";
  const bool may_be_run = access(file.c_str(), X_OK) == 0;
  if (error == ENOENT || may_be_run) {
    if (std::string wrong = wrong_interpreter(file); !wrong.empty()) return wrong;
  }
  return error == ENOENT ? "the loader that it names is missing" : text_of(error);
}

}  // namespace

Launcher::Launcher(Options options)
    : options_(std::move(options)), environment_(options_.environment) {
  request_.own_group = options_.own_group;
  request_.nice = options_.nice;
}

Launcher::Result Launcher::launch(const Launch& launch, const std::array<int, 3>& stdio,
                                  const std::optional<GroupFuse>& fuse) {
  if (launch.argv.empty()) return refuse(Outcome::not_started(0, "there is no command"));
  if (std::string bad = bad_string(launch); !bad.empty()) {
    return refuse(Outcome::not_started(0, std::move(bad)));
  }
  argv_.clear();
  for (const std::string& word : launch.argv) argv_.push_back(const_cast<char*>(word.c_str()));
  argv_.push_back(nullptr);
  request_.stdio = stdio;
  request_.fuse = fuse ? &*fuse : nullptr;
  request_.workdir = launch.workdir.empty() ? nullptr : launch.workdir.c_str();
  request_.envp = environment_.with(launch.env);

  const auto find = [&]() -> const ProgramFinder::Found& {
    return finder_.find(launch.argv[0], environment_.get("PATH"), launch.workdir);
  };
  SpawnResult result = spawn_program(find());
  if (result.failed == Step::exec && result.error == ENOENT && finder_.was_remembered()) {
    finder_.forget_last();  // it may have moved to another directory since
    result = spawn_program(find());
  }
  if (result.started()) return {{}, result.pid};
  return explain(result, launch);
}

SpawnResult Launcher::spawn_program(const ProgramFinder::Found& program) {
  if (!program) return {-1, Step::exec, program.error};
  request_.path = program.path.c_str();
  request_.argv = argv_.data();
  const SpawnResult result = spawn(request_, options_.startup);
  if (result.failed != Step::exec || result.error != ENOEXEC) return result;

  // A script without a #! line.  POSIX has the shell run it.
  std::vector<char*> words = argv_;
  static constexpr const char* kShell = "/bin/sh";
  words.insert(words.begin(), const_cast<char*>(kShell));
  words[1] = const_cast<char*>(request_.path);
  request_.path = kShell;
  request_.argv = words.data();
  return spawn(request_, options_.startup);
}

Launcher::Result Launcher::explain(const SpawnResult& result, const Launch& launch) {
  if (is_shortage(result.error)) {
    return {{Executor::Start::shortage, Outcome::not_started(result.error, text_of(result.error))},
            -1};
  }
  const char* why = text_of(result.error);
  switch (result.failed) {
    case Step::workdir:
      return refuse(Outcome::not_started(
          0, fmt::format("cannot enter the directory {}: {}", printable(launch.workdir), why)));
    case Step::nice:
      return refuse(Outcome::not_started(
          0, fmt::format("cannot have niceness {}: {}", options_.nice.value_or(0), why)));
    case Step::exec:
      return refuse(cannot_execute(result.error, launch));
    default:
      return refuse(Outcome::not_started(0, fmt::format("cannot make a process: {}", why)));
  }
}

Outcome Launcher::cannot_execute(int error, const Launch& launch) {
  const std::string name = printable(launch.argv[0]);
  if (error == E2BIG) return Outcome::not_started(0, why_too_long(launch));
  const auto cannot_run = [&](const std::string& file) {
    return Outcome::not_started(error,
                                fmt::format("cannot run {}: {}", name, why_not(error, file)));
  };
  const auto in_its_directory = [&](const std::string& file) {
    return file.starts_with('/') || launch.workdir.empty() ? file : launch.workdir + "/" + file;
  };
  if (launch.argv[0].find('/') != std::string::npos) {
    const std::string file = in_its_directory(launch.argv[0]);
    if (error != ENOENT || access(file.c_str(), F_OK) == 0) return cannot_run(file);
    return Outcome::not_started(error, fmt::format("{}: no such file", name));
  }
  const auto path = environment_.get("PATH");
  if (const auto& found = finder_.find(launch.argv[0], path, launch.workdir)) {
    return cannot_run(in_its_directory(found.path));
  }
  if (error != ENOENT) {
    return Outcome::not_started(error, fmt::format("cannot run {}: {}", name, text_of(error)));
  }
  const std::string directory =
      ProgramFinder::directory_called(launch.argv[0], path, launch.workdir);
  if (directory.empty()) {
    return Outcome::not_started(error, fmt::format("{}: not found in PATH", name));
  }
  return Outcome::not_started(error, fmt::format("{}: not found in PATH, where {} is a directory",
                                                 name, printable(directory)));
}

}  // namespace distaff
