#include "cli/main_fetch.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "cli/advice.h"
#include "cli/fetch.h"
#include "cli/fetch_options.h"
#include "cli/fields.h"
#include "cli/file_roles.h"
#include "cli/help.h"
#include "cli/programs.h"
#include "os/startup.h"

namespace distaff {

int main_fetch(std::span<const std::string_view> words) {
  Startup startup = take_over();
  const auto ours = accept_start(words);
  if (!ours) return refuse(ours.error());
  auto request = parse_fetch(*ours);
  if (!request) return refuse(request.error());
  switch (request->kind) {
    case FetchRequest::Kind::help:
      return print(fetch_help());
    case FetchRequest::Kind::help_all:
      return print(help_all(Program::fetch));
    case FetchRequest::Kind::version:
      return print(version_text());
    case FetchRequest::Kind::fields: {
      const auto fields = list_fields(request->spec.input);
      return fields ? print(*fields) : refuse(located(*request, fields.error()));
    }
    case FetchRequest::Kind::run:
      break;
  }
  if (!request->input_given && isatty(0) == 1) {
    std::fputs(std::string(short_fetch_help()).c_str(), stderr);
    return 2;
  }
  if (const auto good = check_urls(request->spec); !good) return refuse(good.error());
  if (const auto apart = check_file_roles(*request, startup); !apart) {
    return refuse(located(*request, apart.error()));
  }
  if (const auto loaded = load_fetch_rules(*request); !loaded) {
    return refuse(located(*request, loaded.error()));
  }
  const auto status = fetch(request->spec, startup);
  return status ? *status : refuse(located(*request, status.error()));
}

}  // namespace distaff
