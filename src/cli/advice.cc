#include "cli/advice.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

#include "base/secrets.h"
#include "base/text.h"
#include "cli/run_files.h"
#include "compose/field_name.h"
#include "compose/misread.h"
#include "input/table_hint.h"
#include "os/file_text.h"

namespace distaff {
namespace {

// A cell that is a number in the first place, a mail address or a URL is hardly a column's name.
bool looks_like_a_record(const FieldNames& names) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!names.empty() && !names[0].empty() &&
      std::all_of(names[0].begin(), names[0].end(), is_digit)) {
    return true;
  }
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find("://") != name.npos || name.find('@') != name.npos;
  });
}

// All texts of a run in which fields may stand in braces.
std::vector<std::string_view> templates_of(const RunSpec& spec) {
  std::vector<std::string_view> texts(spec.command.words.begin(), spec.command.words.end());
  for (const auto& [name, value] : spec.command.env) texts.emplace_back(value);
  for (const std::string* text : {&spec.command.workdir, &spec.output.results, &spec.journal.id,
                                  &spec.group.mutex, &spec.group.key}) {
    texts.emplace_back(*text);
  }
  if (spec.output.tag) texts.emplace_back(*spec.output.tag);
  if (!spec.fetch) return texts;
  texts.emplace_back(spec.fetch->url_template);
  texts.emplace_back(spec.fetch->name);
  if (spec.fetch->data) texts.emplace_back(*spec.fetch->data);
  texts.insert(texts.end(), spec.fetch->headers.begin(), spec.fetch->headers.end());
  return texts;
}

// The command as one text for a shell, with the record at its end if it says nowhere where that
// goes.
std::string as_a_script(const CommandSpec& command) {
  const std::string& own = command.replacement;
  std::string script = command.words[0];
  for (std::size_t i = 1; i < command.words.size(); ++i) {
    const std::string& word = command.words[i];
    const bool bare = word == own || (own == "{}" && word.starts_with('{') &&
                                      word.find_first_of(" '\"\\$`") == word.npos);
    script += " " + (bare ? word : shell_quote(word));
  }
  const bool stands = script.find(own == "{}" ? "{" : own) != script.npos;
  return stands || command.replacement_given ? script : script + " " + own;
}

}  // namespace

Expected<void> check_output_file(const TemplateSyntax& syntax) {
  const std::string name = file_name_of(STDOUT_FILENO);
  if (name.empty()) return {};
  const auto read = Template::parse(name, syntax);
  if (!read || !read->has_record()) return {};
  return fail(fmt::format(
      "the output goes to one file with the name '{}': for a file a job put the command "
      "and its > into one word in quotes, as in distaff 'sort {{}} > {{}}.sorted'",
      printable(name)));
}

Expected<void> check_urls(const RunSpec& spec) {
  if (spec.input.format != RecordFormat::arguments || !spec.fetch->url_template.empty()) return {};
  for (const ArgumentList& list : spec.input.lists) {
    for (const std::string& word : list.values) {
      if (word.find("://") != word.npos || access(word.c_str(), F_OK) != 0) continue;
      return fail(fmt::format(
          "'{0}' is a file here, and no URL; its lines are read by: distaff fetch -a {1}",
          printable(word), typed_word(word[0] == '-' ? "./" + word : word)));
    }
  }
  return {};
}

std::string advice_on_program(const CommandSpec& command) {
  if (command.words.empty()) return {};
  const std::string& first = command.words[0];
  const std::string name = first.substr(0, first.find(' '));
  if (std::getenv(("BASH_FUNC_" + name + "%%").c_str()) != nullptr) {
    return "; it is a function of bash: write distaff --shell bash " +
           typed_word(as_a_script(command));
  }
  const bool is_file =
      command.words.size() == 1 && name != first && access(first.c_str(), X_OK) == 0;
  if (!is_file) return advice_if_not_found(command);
  return fmt::format("; to run the file of that name write distaff {} {{}}", typed_word(first));
}

std::string expect_a_table(const CommandSpec& command, OpenedSource& opened) {
  std::string advice = advice_on_names(command, opened.scheme);
  using Kind = FieldScheme::Kind;
  const bool nameless = opened.scheme.kind == Kind::none || opened.scheme.kind == Kind::numbered;
  if (!nameless || opened.total || command.replacement != "{}") return advice;
  auto words = words_in_braces(command);
  if (words.empty()) return advice;
  opened.source = std::make_unique<TableHint>(std::move(opened.source), std::move(words),
                                              std::exchange(advice, {}));
  return advice;
}

void learn_names(const RunSpec& spec, OpenedSource& opened) {
  std::vector<std::string_view> texts = templates_of(spec);
  // A key may be just the name of a field.
  const std::string key = "{" + spec.group.key + "}";
  if (!spec.group.key.starts_with("regex:")) texts.emplace_back(key);
  const std::string column = spec.fetch ? "{" + spec.fetch->column + "}" : std::string();
  texts.emplace_back(column);
  if (std::any_of(texts.begin(), texts.end(), depends_on_names)) learn_names(opened);
}

std::string advice_on_braces(const RunSpec& spec, const TemplateSyntax& syntax) {
  // Programs such as awk have braces of their own.
  const std::size_t words = has_braces(spec.command) ? spec.command.words.size() : 0;
  const auto texts = templates_of(spec);
  for (const std::string_view text : std::span(texts).subspan(words)) {
    if (std::string advice = advice_on_braces(text, syntax); !advice.empty()) return advice;
  }
  return {};
}

std::string advice_on_key(const RunSpec& spec) {
  const std::string_view key = spec.group.key;
  if (!key.starts_with("host") && !key.starts_with("domain")) return {};
  const std::size_t colon = key.find(':');
  if (colon == key.npos) {
    const bool lists = spec.input.format == RecordFormat::arguments;
    const char* field = lists                      ? ""
                        : spec.input.split.empty() ? "--split REGEX -g {1} or "
                                                   : "-g {1} or ";
    return fmt::format("; only URLs have a host, and of other records {}-g regex:RE takes a part",
                       field);
  }
  const std::string_view field = key.substr(colon + 1);
  if (field.find_first_of("{}") != field.npos) {
    return fmt::format("; only URLs have a host, and of other values -g {} takes the whole",
                       typed_word(field));
  }
  return fmt::format(
      "; only URLs have a host, and of other values -g {} takes the whole and -g {} a part",
      typed_word(field), typed_word(fmt::format("{{{}@REGEX}}", field)));
}

std::string advice_on_stdin(const InputSpec& input) {
  const bool from_stdin = input.format != RecordFormat::arguments && input.files.empty();
  if (!from_stdin || !is_null_device(STDIN_FILENO)) return {};
  return "stdin is /dev/null, so there are no records; values on the command line stand behind "
         ":::, and -a FILE reads a file";
}

std::string advice_on_header(const InputSpec& input, const FieldScheme& scheme) {
  // The names of --match are its own.
  if (scheme.kind != FieldScheme::Kind::named || !input.match.empty()) return {};
  const FieldNames& names = scheme.names;
  const bool csv = input.format == RecordFormat::csv;
  if (!names.empty() && names[0].starts_with("{\"")) {
    return "the first row is a JSON object: write --jsonl in place of " +
           std::string(csv ? "--csv" : "--tsv");
  }
  const std::string_view others = csv ? ";|\t" : ";|,";
  const std::size_t other = names.size() == 1 ? names[0].find_first_of(others) : std::string::npos;
  if (other != std::string::npos) {
    const char sign = names[0][other];
    const std::string fix = sign == '\t'  ? "--tsv"
                            : sign == ',' ? "--csv"
                                          : fmt::format("--csv --separator '{}'", sign);
    return fmt::format("the header is one field, '{}': where {} is between the fields, write {}",
                       printable(mask_record(names[0]), 80),
                       sign == '\t' ? "a tab" : fmt::format("'{}'", sign), fix);
  }
  if (!looks_like_a_record(names)) return {};
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < 4; ++i) {
    list += fmt::format("{}'{}'", i > 0 ? ", " : "", printable(mask_record(names[i]), 40));
  }
  return fmt::format(
      "the first row names the fields: {}{}; if it is a record, add "
      "--no-header and write {{1}} {{2}}",
      list, names.size() > 4 ? " ..." : "");
}

std::vector<std::string> advice_on_columns(const InputSpec& input, const FieldNames& names,
                                           const std::vector<std::string>& used) {
  const bool captures = !input.match.empty();
  const char* has =
      captures ? "--match has more than one capture" : "the header has more than one column";
  const char* is = captures ? "capture that --match calls" : "column that the header calls";
  std::vector<std::string> all;
  for (const std::string& name : used) {
    const auto first = std::find(names.begin(), names.end(), name);
    if (first == names.end()) continue;
    const auto number = std::to_string(first - names.begin() + 1);
    const auto next = std::find(first + 1, names.end(), name);
    if (next != names.end()) {
      all.push_back(fmt::format(
          "{3} '{0}': {{{0}}} is the first of them, number {1}, and number {2} is another",
          printable(mask_record(name), 60), number, next - names.begin() + 1, has));
    }
    const bool is_number = name.find_first_not_of("0123456789") == name.npos && !name.empty();
    if (is_number && name != number) {
      all.push_back(
          fmt::format("{{{0}}} is the {2} '{0}', which is number {1}: names go before numbers",
                      printable(mask_record(name), 60), number, is));
    }
  }
  return all;
}

std::string advice_on_failed_to(const RunSpec& spec, const Source& source) {
  const std::string& file = spec.journal.failed_to;
  if (file.empty() || spec.output.dry_run || spec.input.format != RecordFormat::arguments ||
      source.framing().ending == "\n") {
    return {};
  }
  return fmt::format(
      "--failed-to: a value of ::: holds a newline or is empty, so the records in '{}' end in NUL: "
      "read it with -0",
      printable(file));
}

std::string advice_on_rest(const RunSpec& spec) {
  const JournalSpec& journal = spec.journal;
  std::string text;
  if (journal.file.empty()) {
    text = "with --journal FILE the same command can go on where it ended, by --resume";
  } else if (journal.resume) {
    text = "the same command again goes on with the rest";
  } else {
    text = "the same command with --resume goes on with the rest";
  }
  if (journal.failed_to.empty() || RunFiles::replaces_input(spec)) return text;
  return fmt::format("{}; it is not in '{}', which takes only records that were read", text,
                     printable(journal.failed_to));
}

}  // namespace distaff
