#include "compose/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace distaff {
namespace {

// Null: it is missing.
const std::string* field_at(const Record& record, std::size_t field) {
  if (record.fields.empty()) return field == 1 ? &record.text : nullptr;
  if (field > record.fields.size() || !record.fields[field - 1]) return nullptr;
  return &*record.fields[field - 1];
}

const std::string* field_named(const Record& record, const Replacement& wanted) {
  if (!record.names || record.fields.empty()) return nullptr;
  const FieldNames& names = *record.names;
  // In a table every record has the place that the name had when the template was read.
  if (wanted.field > 0 && wanted.field <= names.size() && names[wanted.field - 1] == wanted.name) {
    return field_at(record, wanted.field);
  }
  const auto found = std::find(names.begin(), names.end(), wanted.name);
  if (found == names.end()) return nullptr;
  return field_at(record, static_cast<std::size_t>(found - names.begin()) + 1);
}

// As it was written, where no integer holds it.
std::string number_of(const Replacement& wanted) {
  return wanted.name.empty() ? std::to_string(wanted.field) : printable(wanted.name, 60);
}

tl::unexpected<Error> missing(const Replacement& wanted) {
  if (wanted.what == Replacement::What::field) {
    return fail(fmt::format("no field {} in this record", number_of(wanted)));
  }
  const char* kind = wanted.field > 0 ? "field" : "member";
  return fail(fmt::format("no {} '{}' in this record", kind, printable(wanted.name, 60)));
}

// {3} in a job: the fields of its records are counted through.
Expected<std::string> field_of(const Replacement& wanted, const JobView& job) {
  std::size_t field = wanted.field;
  for (const Record& record : job.records) {
    if (field > field_count(record)) {
      field -= field_count(record);
      continue;
    }
    const std::string* value = field_at(record, field);
    return value ? taken_apart(wanted.parts, *value) : missing(wanted);
  }
  if (job.records.size() == 1) return missing(wanted);
  return fail(fmt::format("no field {} in the {} records of this job", number_of(wanted),
                          job.records.size()));
}

// Adds the values of one record; there are several only in a tuple.
Expected<void> add_values(const Replacement& wanted, const Record& record,
                          std::vector<std::string>& values) {
  const bool tuple = wanted.each_value && wanted.what == Replacement::What::record;
  if (!tuple || record.fields.empty()) {
    Expected<std::string> value = value_in(wanted, record);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*std::move(value));
    return {};
  }
  for (const auto& field : record.fields) {
    if (!field) continue;
    Expected<std::string> value = taken_apart(wanted.parts, *field);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*std::move(value));
  }
  return {};
}

// 0 if there is none: then the job is not started, and has no arguments.
std::size_t piece_bytes(const std::vector<PathPart>& parts, std::string_view value) {
  const auto piece = piece_of(parts, value);
  return piece ? piece->size() : 0;
}

std::string job_value(const Replacement& wanted, const JobView& job) {
  return wanted.what == Replacement::What::seq ? std::to_string(number(job.id))
                                               : std::to_string(job.slot);
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ' ';
    text += values[i];
  }
  return text;
}

}  // namespace

Expected<Template> Template::parse(std::string_view text, const TemplateSyntax& syntax) {
  Template result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.pieces_.emplace_back(std::exchange(literal, {}));
  };
  for (std::size_t at = 0; at < text.size();) {
    const bool dollar = at > 0 && text[at - 1] == '$' && syntax.replacement == "{}";
    const std::size_t foreign = foreign_braces(text, at, syntax);
    if (foreign > 0) {
      literal += text.substr(at, foreign);
      at += foreign;
      continue;
    }
    if (!dollar) {
      auto found = read_replacement(text, at, syntax);
      if (!found) return tl::unexpected(found.error());
      if (*found) {
        flush();
        result.pieces_.emplace_back(**std::move(found));
        continue;
      }
    }
    literal += text[at++];
  }
  flush();
  return result;
}

Template Template::of(std::vector<Piece> pieces) {
  Template result;
  result.pieces_ = std::move(pieces);
  return result;
}

bool Template::is_literal() const {
  return std::none_of(pieces_.begin(), pieces_.end(),
                      [](const Piece& p) { return std::holds_alternative<Replacement>(p); });
}

bool Template::has_record() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    const auto* found = std::get_if<Replacement>(&piece);
    return found && found->of_record();
  });
}

bool Template::repeats() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    const auto* found = std::get_if<Replacement>(&piece);
    return found && found->repeats();
  });
}

bool Template::is_single_replacement() const {
  return pieces_.size() == 1 && std::holds_alternative<Replacement>(pieces_[0]);
}

Expected<std::string> Template::expand(const JobView& job) const { return expand_with(job, false); }

Expected<std::string> Template::expand_for_terminal(const JobView& job) const {
  return expand_with(job, true);
}

Expected<std::string> Template::expand_with(const JobView& job, bool printably) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
      continue;
    }
    Expected<std::string> value = value_of(std::get<Replacement>(piece), job);
    if (!value) return value;
    text += printably ? printable(*value, std::string::npos) : *value;
  }
  return text;
}

Expected<std::vector<std::string>> Template::expand_each(const JobView& job) const {
  if (is_single_replacement()) return values_of(std::get<Replacement>(pieces_[0]), job);
  std::vector<std::string> texts(1);
  bool repeated = false;
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      for (std::string& text : texts) text += *literal;
      continue;
    }
    const Replacement& replacement = std::get<Replacement>(piece);
    auto values = values_of(replacement, job);
    if (!values) return values;
    // All replacements that repeat do so equally often: a {name} has no place in a tuple.
    if (replacement.repeats() && !repeated) {
      repeated = true;
      texts.resize(values->size(), texts[0]);
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i] += (*values)[std::min(i, values->size() - 1)];
    }
  }
  return texts;
}

void Template::collect_names(std::vector<std::string>& names) const {
  for (const Piece& piece : pieces_) {
    const auto* found = std::get_if<Replacement>(&piece);
    if (!found || found->what != Replacement::What::name) continue;
    if (std::find(names.begin(), names.end(), found->name) == names.end()) {
      names.push_back(found->name);
    }
  }
}

Expected<std::string> value_of(const Replacement& replacement, const JobView& job) {
  if (!replacement.of_record()) return job_value(replacement, job);
  if (replacement.what == Replacement::What::field) return field_of(replacement, job);
  if (job.records.size() == 1 && !replacement.each_value) {
    return value_in(replacement, job.records[0]);
  }
  auto values = values_of(replacement, job);
  if (!values) return tl::unexpected(values.error());
  return joined(*values);
}

Expected<std::vector<std::string>> values_of(const Replacement& replacement, const JobView& job) {
  std::vector<std::string> values;
  if (!replacement.repeats()) {
    Expected<std::string> value = value_of(replacement, job);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*std::move(value));
    return values;
  }
  values.reserve(job.records.size());
  for (const Record& record : job.records) {
    Expected<void> added = add_values(replacement, record, values);
    if (!added) return tl::unexpected(added.error());
  }
  return values;
}

Expected<std::string> value_in(const Replacement& replacement, const Record& record) {
  const std::string* value = &record.text;
  if (replacement.what == Replacement::What::field) value = field_at(record, replacement.field);
  if (replacement.what == Replacement::What::name) value = field_named(record, replacement);
  if (!value) return missing(replacement);
  return taken_apart(replacement.parts, *value);
}

// A row of a table that is short has all the same as many numbers as there are columns.
std::size_t field_count(const Record& record) {
  const std::size_t named = record.names && !record.fields.empty() ? record.names->size() : 1;
  return std::max(record.fields.size(), named);
}

std::size_t field_bytes(std::size_t field, const std::vector<PathPart>& parts,
                        const Record& record) {
  const std::string* value = field_at(record, field);
  return value ? piece_bytes(parts, *value) : 0;
}

std::size_t value_bytes(const Replacement& replacement, const Record& record) {
  if (replacement.what == Replacement::What::field) {
    return field_bytes(replacement.field, replacement.parts, record);
  }
  if (replacement.what == Replacement::What::name) {
    const std::string* value = field_named(record, replacement);
    return value ? piece_bytes(replacement.parts, *value) : 0;
  }
  if (!replacement.each_value || record.fields.empty()) {
    return piece_bytes(replacement.parts, record.text);
  }
  std::size_t bytes = 0;
  for (const auto& field : record.fields) {
    if (field) bytes += piece_bytes(replacement.parts, *field);
  }
  return bytes;
}

std::vector<std::string> words_of(const Record& record) {
  if (record.fields.empty()) return {record.text};
  std::vector<std::string> words;
  words.reserve(record.fields.size());
  for (const auto& field : record.fields) {
    if (field) words.push_back(*field);
  }
  return words;
}

}  // namespace distaff
