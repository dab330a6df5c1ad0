#include "cli/fields.h"

#include <unistd.h>

#include <optional>

#include "base/text.h"
#include "compose/field_name.h"
#include "input/open_source.h"
#include "os/byte_reader.h"

namespace distaff {
namespace {

// The first that is good; nothing: there is none.
Expected<std::optional<Record>> first_record(Source& source) {
  Record record;
  std::string problem;
  while (true) {
    switch (source.next(record)) {
      case Source::Next::record:
        if (record.problem.empty()) return record;
        if (problem.empty()) problem = record.problem;
        break;
      case Source::Next::wait:
        wait_until_readable(source.wait_fd());
        break;
      case Source::Next::end:
        if (!problem.empty()) return fail(problem);
        return std::nullopt;
      case Source::Next::failed:
        return tl::unexpected(source.error());
    }
  }
}

// Each as it can be written in braces.  (Members of JSON have no numbers: bytes in their names that
// are no UTF-8 stay what they are, but not for a terminal.)
std::string lines(const FieldScheme& scheme, std::size_t count) {
  const FieldSpelling names(scheme);
  const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = names.at(i);
    text += (on_terminal ? printable(name, name.npos) : name) + '\n';
  }
  return text;
}

std::string numbers(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) text += std::to_string(i) + '\n';
  return text;
}

}  // namespace

Expected<std::string> list_fields(const InputSpec& input) {
  auto opened = open_source(input);
  if (!opened) return tl::unexpected(opened.error());
  const FieldScheme& scheme = opened->scheme;
  if (opened->empty) return std::string();
  if (scheme.kind == FieldScheme::Kind::named) return lines(scheme, scheme.names.size());
  if (scheme.kind == FieldScheme::Kind::none) {
    return fail("--fields: lines have none; add --csv, --tsv, --jsonl, --split or --match");
  }
  learn_names(*opened);
  const auto record = first_record(*opened->source);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return std::string();
  const std::size_t fields = (*record)->fields.size();
  return scheme.kind == FieldScheme::Kind::open ? lines(scheme, fields) : numbers(fields);
}

}  // namespace distaff
