#include "input/open_source.h"

#include <utility>

#include "input/argument_source.h"
#include "input/csv_source.h"
#include "input/file_kind.h"
#include "input/json_source.h"
#include "input/line_fields.h"
#include "input/line_source.h"

namespace distaff {
namespace {

Expected<OpenedSource> open_arguments(const InputSpec& spec, FileSequence::Options reading,
                                      std::unique_ptr<LineFields> fields) {
  OpenedSource opened;
  opened.tuples = spec.lists.size() > 1;
  if (fields) {
    opened.scheme = fields->scheme();
  } else if (opened.tuples) {
    opened.scheme = {FieldScheme::Kind::numbered, {}, spec.lists.size()};
  }
  const bool some_left_out = !spec.match.empty() && spec.no_match == NoMatch::skip;
  auto source = ArgumentSource::open(spec.lists,
                                     {.skip_empty_lines = !spec.keep_empty,
                                      .trimmed = spec.trimmed,
                                      .reading = reading,
                                      .most = spec.max_record},
                                     std::move(fields));
  if (!source) return tl::unexpected(source.error());
  if (!some_left_out) opened.total = (*source)->total();
  opened.source = std::move(*source);
  return opened;
}

Expected<OpenedSource> open_csv(const InputSpec& spec, FileSequence files) {
  const bool tsv = spec.format == RecordFormat::tsv;
  auto source = std::make_unique<CsvSource>(
      std::move(files), CsvSource::Options{.separator = tsv ? '\t' : spec.separator,
                                           .quotes = !tsv,
                                           .header = spec.header,
                                           .most = spec.max_record});
  if (auto read = source->read_header(); !read) return tl::unexpected(read.error());
  OpenedSource opened;
  if (!spec.header) {
    opened.scheme.kind = FieldScheme::Kind::numbered;
  } else {
    opened.scheme.kind = FieldScheme::Kind::named;
    opened.empty = !source->names();
    if (!opened.empty) opened.scheme.names = *source->names();
  }
  opened.source = std::move(source);
  return opened;
}

std::string delimiter_of(const InputSpec& spec) {
  if (spec.format == RecordFormat::null_ended) return std::string(1, '\0');
  return spec.format == RecordFormat::delimited ? spec.delimiter : "\n";
}

Expected<OpenedSource> open_lines(const InputSpec& spec, FileSequence files,
                                  std::unique_ptr<LineFields> fields) {
  LineSource::Options options{.delimiter = delimiter_of(spec), .most = spec.max_record};
  options.trimmed = spec.trimmed;
  options.skip_empty = spec.format == RecordFormat::lines && !spec.keep_empty;
  OpenedSource opened;
  if (fields) opened.scheme = fields->scheme();
  opened.source = std::make_unique<LineSource>(std::move(files), options, std::move(fields));
  return opened;
}

}  // namespace

Expected<OpenedSource> open_source(const InputSpec& spec, std::size_t buffer_size) {
  if (spec.format == RecordFormat::delimited && spec.delimiter.empty()) {
    return fail("-d '' is no delimiter: -d '\\0' or -0 is for NUL");
  }
  auto fields = make_line_fields(spec);
  if (!fields) return tl::unexpected(fields.error());
  const FileSequence::Options reading{
      .buffer_size = buffer_size, .stdin_fd = 0, .text = is_text(delimiter_of(spec))};
  if (spec.format == RecordFormat::arguments) {
    return open_arguments(spec, reading, std::move(*fields));
  }
  auto files = FileSequence::open(spec.files, reading);
  if (!files) return tl::unexpected(files.error());
  switch (spec.format) {
    case RecordFormat::csv:
    case RecordFormat::tsv:
      return open_csv(spec, std::move(*files));
    case RecordFormat::jsonl: {
      OpenedSource opened;
      opened.scheme.kind = FieldScheme::Kind::open;
      opened.source = std::make_unique<JsonSource>(std::move(*files), spec.max_record);
      return opened;
    }
    default:
      return open_lines(spec, std::move(*files), std::move(*fields));
  }
}

void want_fields(Source& source, const std::vector<std::string>& names) {
  if (auto* json = dynamic_cast<JsonSource*>(&source)) json->want(names);
}

void learn_names(OpenedSource& opened) {
  auto* json = dynamic_cast<JsonSource*>(opened.source.get());
  if (json != nullptr && opened.scheme.names.empty()) opened.scheme.names = json->first_names();
}

std::size_t first_row_fields(Source& source) {
  auto* csv = dynamic_cast<CsvSource*>(&source);
  return csv != nullptr && !csv->has_header() ? csv->first_row_fields() : 0;
}

}  // namespace distaff
