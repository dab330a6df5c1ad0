#include "cli/fields.h"

#include <optional>

#include "input/open_source.h"
#include "os/byte_reader.h"

namespace distaff {
namespace {

// Nothing: there is none.
Expected<std::optional<Record>> first_record(Source& source) {
  Record record;
  while (true) {
    switch (source.next(record)) {
      case Source::Next::record:
        if (!record.problem.empty()) return fail(record.problem);
        return record;
      case Source::Next::wait:
        wait_until_readable(source.wait_fd());
        break;
      case Source::Next::end:
        return std::nullopt;
      case Source::Next::failed:
        return tl::unexpected(source.error());
    }
  }
}

std::string lines(const FieldNames& names) {
  std::string text;
  for (const std::string& name : names) text += name + '\n';
  return text;
}

std::string numbers(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) text += std::to_string(i) + '\n';
  return text;
}

}  // namespace

Expected<std::string> list_fields(const InputSpec& input) {
  const auto opened = open_source(input);
  if (!opened) return tl::unexpected(opened.error());
  const FieldScheme& scheme = opened->scheme;
  if (opened->empty) return std::string();
  if (scheme.kind == FieldScheme::Kind::named) return lines(scheme.names);
  if (scheme.kind == FieldScheme::Kind::none) {
    return fail("--fields: lines have none; add --csv, --tsv, --jsonl, --split or --match");
  }
  const auto record = first_record(*opened->source);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return std::string();
  return (*record)->names ? lines(*(*record)->names) : numbers((*record)->fields.size());
}

}  // namespace distaff
