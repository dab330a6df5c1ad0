#include "cli/main_native.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "cli/fields.h"
#include "cli/file_roles.h"
#include "cli/help.h"
#include "cli/native.h"
#include "cli/programs.h"
#include "cli/rules.h"
#include "cli/run.h"
#include "os/startup.h"

namespace distaff {
int main_native(std::span<const std::string_view> words) {
  if (!words.empty() && words[0] == "fetch") return refuse(become_fetch(words.subspan(1)));
  Startup startup = take_over();
  auto request = parse_native(words);
  if (!request) return refuse(request.error());
  switch (request->kind) {
    case NativeRequest::Kind::help:
      return print(help());
    case NativeRequest::Kind::help_all:
      return print(help_all());
    case NativeRequest::Kind::version:
      return print(version_text());
    case NativeRequest::Kind::fields: {
      const auto fields = list_fields(request->spec.input);
      return fields ? print(*fields) : refuse(located(*request, fields.error()));
    }
    case NativeRequest::Kind::run:
      break;
  }
  if (!request->input_given && isatty(0) == 1) {
    if (request->spec.command.words.empty()) {
      std::fputs(std::string(short_help()).c_str(), stderr);
      return 2;
    }
    if (!request->spec.cron.quiet_unless_failed) {
      std::fputs(
          "distaff: reading records from the terminal, one a line, until Ctrl-D; values on the "
          "command line stand behind :::\n",
          stderr);
    }
  }
  if (const auto apart = check_file_roles(*request, startup); !apart) {
    return refuse(located(*request, apart.error()));
  }
  if (!request->rules_file.empty()) {
    const auto loaded = load_rules(request->rules_file, request->spec.group);
    if (!loaded) return refuse(located(*request, loaded.error()));
  }
  const auto status = run(request->spec, request->not_found_advice, startup);
  return status ? *status : refuse(located(*request, status.error()));
}

}  // namespace distaff
