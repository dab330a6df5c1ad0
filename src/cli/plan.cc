#include "cli/plan.h"

#include <unistd.h>

#include <utility>

#include "cli/advice.h"
#include "cli/values.h"

namespace distaff {
namespace {

// In a batch {1} {2} count the fields of all its records, of which a plain line has one.
FieldScheme scheme_of_jobs(const RunSpec& spec, const FieldScheme& records) {
  FieldScheme scheme = records;
  if (batched(spec) && scheme.kind == FieldScheme::Kind::none) {
    scheme.kind = FieldScheme::Kind::numbered;
    scheme.count = 1;
  }
  return scheme;
}

std::string record_end(const InputSpec& input) {
  if (input.format == RecordFormat::null_ended) return std::string(1, '\0');
  return input.format == RecordFormat::delimited ? input.delimiter : "\n";
}

// The backslashes of a tag are those of --delimiter; what is in braces has its own.
Expected<Template> tag_template(std::string_view text, const TemplateSyntax& syntax) {
  auto tag = Template::parse(text, syntax);
  if (!tag) return tag;
  std::vector<Piece> pieces = tag->pieces();
  for (Piece& piece : pieces) {
    auto* literal = std::get_if<std::string>(&piece);
    if (literal == nullptr || literal->empty()) continue;
    auto bytes = parse_delimiter(*literal);
    if (!bytes) return tl::unexpected(bytes.error());
    *literal = *std::move(bytes);
  }
  return Template::of(std::move(pieces));
}

// The usual case of --stdin record with -n: all there is to do with the records is to feed them.
bool packs_batches(const RunSpec& spec, const OpenedSource& opened, const Plan& plan) {
  return batched(spec) && spec.command.stdin_mode == StdinMode::record && !opened.tuples &&
         !plan.command->looks_into_records() && !(plan.tag && plan.tag->has_record()) &&
         !(plan.id && plan.id->has_record()) && !(plan.mutex && plan.mutex->has_record()) &&
         !(plan.result_path && plan.result_path->has_record());
}

}  // namespace

Expected<Plan> make_plan(const RunSpec& spec, const OpenedSource& opened) {
  Plan plan;
  plan.record_end = record_end(spec.input);
  const FieldScheme scheme = scheme_of_jobs(spec, opened.scheme);
  auto command = CommandTemplate::compile(spec.command,
                                          {.scheme = scheme,
                                           .several = batched(spec) || opened.tuples,
                                           .tuples = opened.tuples,
                                           .most_records = spec.batch.max_records,
                                           .record_end = plan.record_end,
                                           .environment = environ},
                                          plan.warnings);
  if (!command) return tl::unexpected(command.error());
  const TemplateSyntax syntax{scheme, spec.command.replacement, opened.tuples,
                              spec.batch.max_records};
  if (const auto sane = check_output_file(syntax); !sane) return tl::unexpected(sane.error());
  plan.not_found_advice = advice_on_program(spec.command);
  plan.command.emplace(std::move(*command));
  if (!spec.group.key.empty()) {
    auto key =
        GroupKey::compile(spec.group.key, {opened.scheme, spec.command.replacement, opened.tuples});
    if (!key) return tl::unexpected(key.error());
    plan.key.emplace(std::move(*key));
  }
  if (spec.output.tag) {
    auto tag = tag_template(*spec.output.tag, syntax);
    if (!tag) return fail("--tag-template: " + tag.error().message);
    plan.tag.emplace(std::move(*tag));
  }
  if (!spec.output.results.empty()) {
    auto path = ResultPath::compile(spec.output.results, syntax);
    if (!path) return tl::unexpected(path.error());
    plan.result_path.emplace(std::move(*path));
  }
  if (!spec.journal.id.empty()) {
    auto id = Template::parse(spec.journal.id, syntax);
    if (!id) return fail("--id: " + id.error().message);
    plan.id.emplace(std::move(*id));
  }
  if (!spec.group.mutex.empty()) {
    auto mutex = MutexTemplate::compile(spec.group.mutex, syntax);
    if (!mutex) return tl::unexpected(mutex.error());
    plan.mutex.emplace(std::move(*mutex));
  }
  if (auto advice = advice_on_braces(spec, syntax); !advice.empty()) {
    plan.warnings.push_back(std::move(advice));
  }
  plan.packs_batches = packs_batches(spec, opened, plan);
  std::vector<std::string> names = plan.command->field_names();
  if (plan.key) {
    for (auto& name : plan.key->field_names()) names.push_back(std::move(name));
  }
  if (plan.tag) plan.tag->collect_names(names);
  if (plan.id) plan.id->collect_names(names);
  if (plan.result_path) plan.result_path->collect_names(names);
  if (plan.mutex) plan.mutex->collect_names(names);
  want_fields(*opened.source, names);
  for (std::string& warning : advice_on_columns(spec.input, opened.scheme.names, names)) {
    plan.warnings.push_back(std::move(warning));
  }
  return plan;
}

}  // namespace distaff
