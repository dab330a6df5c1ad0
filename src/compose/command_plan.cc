#include "compose/command_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "compose/misread.h"
#include "compose/second_shell.h"
#include "compose/shells.h"
#include "model/job_variables.h"

namespace distaff {
namespace {

using Warnings = std::vector<std::string>;

std::vector<std::string> variable_names(const char* const* environment) {
  std::vector<std::string> names;
  for (; environment && *environment; ++environment) {
    names.emplace_back(*environment, std::strcspn(*environment, "="));
  }
  return names;
}

Expected<Template> option_template(std::string_view option, std::string_view text,
                                   const TemplateSyntax& syntax) {
  auto parsed = Template::parse(text, syntax);
  if (!parsed) return fail(fmt::format("{}: {}", option, parsed.error().message));
  return parsed;
}

// A shell evaluates these when it starts.
bool is_evaluated(std::string_view name) {
  return name == "BASH_ENV" || name == "ENV" || name == "PS4" || name == "SHELLOPTS";
}

Expected<void> compile_surroundings(const CommandSpec& spec, const TemplateSyntax& syntax,
                                    CommandPlan& plan) {
  plan.feeds_stdin = spec.stdin_mode == StdinMode::record;
  if (!spec.workdir.empty()) {
    auto workdir = option_template("--workdir", spec.workdir, syntax);
    if (!workdir) return tl::unexpected(workdir.error());
    plan.workdir = *std::move(workdir);
  }
  for (const auto& [name, text] : spec.env) {
    const std::string option = fmt::format("--env {}", printable(name, 60));
    if (!is_identifier(name)) {
      return fail(
          fmt::format("{}: not the name of a variable; write --env NAME=VALUE with NAME of "
                      "letters, digits and _",
                      option));
    }
    if (is_job_variable(name)) {
      return fail(
          fmt::format("{}: distaff sets this variable in each job itself; choose another name for "
                      "yours",
                      option));
    }
    auto value = option_template(option, text, syntax);
    if (!value) return tl::unexpected(value.error());
    if (is_evaluated(name) && value->has_record()) {
      return fail(
          fmt::format("{}: a shell would evaluate the value of {} in it; set another "
                      "variable and use that in the command",
                      option, printable(text, 60)));
    }
    plan.env.emplace_back(name, *std::move(value));
  }
  return {};
}

std::string one_line(const CommandSpec& spec) { return printable(spec.words[0], 80); }

// ./tool in a directory that differs from job to job is not one program.
bool is_fixed_program(const CommandPlan& plan) {
  const Template& word = plan.words[0];
  if (!word.is_literal()) return false;
  const auto varies = [](const Template& text) { return !text.is_literal(); };
  for (const auto& [name, value] : plan.env) {
    if (name == "PATH" && varies(value)) return false;
  }
  if (!plan.workdir || !varies(*plan.workdir) || word.pieces().empty()) return true;
  const auto& path = std::get<std::string>(word.pieces()[0]);
  return path.starts_with('/') || path.find('/') == std::string::npos;
}

Expected<void> finish_argv(const CommandSpec& spec, const TemplateSyntax& syntax,
                           CommandPlan& plan) {
  plan.shape = CommandPlan::Shape::argv;
  const bool stands = std::any_of(plan.words.begin(), plan.words.end(),
                                  [](const Template& word) { return word.has_record(); });
  plan.appended = !stands && !plan.says_where_besides_command() && !spec.replacement_given;
  if (const auto found = find_second_shell(marked_words(plan.words, plan.appended))) {
    return refusal_of_second_shell(*found, plan.words, plan.appended, syntax, plan.several);
  }
  plan.fixed_program = is_fixed_program(plan);
  return {};
}

Expected<void> compile_argv(const CommandSpec& spec, const TemplateSyntax& syntax,
                            CommandPlan& plan, Warnings& warnings) {
  for (const std::string& word : spec.words) {
    auto parsed = Template::parse(word, syntax);
    if (!parsed) return tl::unexpected(parsed.error());
    plan.words.push_back(*std::move(parsed));
  }
  if (const auto whole = check_columns(spec, syntax.scheme); !whole) return whole;
  warn_of_words(spec, warnings);
  return finish_argv(spec, syntax, plan);
}

void set_shell(const CommandSpec& spec, CommandPlan& plan) {
  plan.shell_given = !spec.shell.empty();
  plan.shell = plan.shell_given ? spec.shell : std::vector<std::string>{"/bin/sh"};
  plan.known_shell = shell_family(plan.shell) != ShellFamily::unknown;
  // perl -e, ruby -e and php -r have said how the text is given.
  const std::string& last = plan.shell.back();
  const bool said = last == "-c" || (!plan.known_shell && (last == "-e" || last == "-r"));
  if (!said) plan.shell.emplace_back("-c");
  plan.fixed_program = true;
}

// `--shell 'ssh HOST sh'` would hand the values on as text.
Expected<void> check_shell(const CommandPlan& plan) {
  std::vector<std::string> words = plan.shell;
  for (const char* word : {"true", "sh"}) words.emplace_back(word);
  words.emplace_back(1, kValueMark);
  const auto found = find_second_shell(words);
  if (!found) return {};
  return fail(
      fmt::format("--shell {0}: {0} makes one text of its words, in which the record would run "
                  "as code; write --shell bash '{1}; {0} ... \"rm -- {2}\"'",
                  found->program, kQuoteSign, quoted_for_shell("1")));
}

// A script in a language whose quoting we do not know: the records are its arguments.
Expected<void> compile_foreign_script(const CommandSpec& spec, const TemplateSyntax& syntax,
                                      CommandPlan& plan) {
  auto text = Template::parse(spec.words[0], syntax);
  if (!text) return tl::unexpected(text.error());
  for (const Piece& piece : text->pieces()) {
    const auto* found = std::get_if<Replacement>(&piece);
    if (!found) continue;
    return fail(
        fmt::format("--shell {}: {} cannot stand in its script, whose quoting is not known; "
                    "the record is its first argument (with -I % braces mean nothing)",
                    printable(spec.shell[0], 60), printable(found->spelled, 60)));
  }
  plan.script.text = spec.words[0];
  plan.passes_records = !plan.feeds_stdin;
  return {};
}

void warn_of_columns(const ShellScript& script, const CommandTemplate::Context& context,
                     Warnings& warnings) {
  const auto variables = variable_names(context.environment);
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : script.braced_names) {
    if (!has(context.scheme.names, name) || has(variables, name)) continue;
    warnings.push_back(
        fmt::format("${{{0}}} is a variable of the shell, and not set; the column is "
                    "{{{0}}}, without the $",
                    name));
  }
}

// A record may be longer than any argument, or hold a NUL: a script that does not look at it is not
// given it.
bool needs_records(const CommandPlan& plan) {
  const ShellScript& script = plan.script;
  if (plan.appended || script.speaks_of_arguments || script.uses_record_list) return true;
  return script.needs_arguments && !plan.feeds_stdin;
}

// Puts the record at the end of a script that does not say where it goes, or says why not.
Expected<void> append_record(const CommandSpec& spec, const TemplateSyntax& syntax,
                             CommandPlan& plan) {
  const ShellScript& script = plan.script;
  if (script.uses_records || script.speaks_of_arguments || plan.says_where_besides_command() ||
      spec.replacement_given) {
    return {};
  }
  if (!script.not_understood.empty()) {
    return fail(
        fmt::format("'{}' does not say where the record goes: write \"$1\" there, or mend it for "
                    "{}: {}",
                    one_line(spec), spec.replacement, script.not_understood));
  }
  if (script.compound || !script.appendable) {
    return fail(fmt::format(
        "'{}' is more than one plain command and does not say where the record "
        "goes: write {} or \"$1\" there, use --stdin record, or -I % if it is not wanted",
        one_line(spec), spec.replacement));
  }
  std::vector<std::string> words = script.last_words;
  words.emplace_back(1, kValueMark);
  if (const auto found = find_second_shell(words)) {
    const std::string form =
        found->is_shell ? fmt::format("{} -c 'echo \"{}\"' sh {}", found->program,
                                      plan.several ? "$@" : "$1", syntax.replacement)
                        : "as a variable or quoted, as is said of the same command in words";
    return fail(
        fmt::format("'{}' gives the record to {} as text, which would run as code; say where it "
                    "goes: {}, or \"$1\" if each record is a command",
                    one_line(spec), found->program, form));
  }
  ShellPlace place{.kind = ShellPlace::Kind::words};
  place.at = plan.script.text.size() + 1 - plan.script.shown.begins;
  place.length = 4;
  place.value = ShellPlace::kRecords;
  plan.script.shown.places.push_back(place);
  plan.script.text += " \"$@\"";
  plan.appended = true;
  return {};
}

Expected<void> compile_script(const CommandSpec& spec, const TemplateSyntax& syntax,
                              const CommandTemplate::Context& context, CommandPlan& plan,
                              Warnings& warnings) {
  plan.shape = CommandPlan::Shape::script;
  set_shell(spec, plan);
  if (auto direct = check_shell(plan); !direct) return direct;
  if (!plan.known_shell) return compile_foreign_script(spec, syntax, plan);

  ShellScriptOptions options;
  options.syntax = syntax;
  options.batch = context.several;
  options.family = shell_family(plan.shell);
  options.taken_names = variable_names(context.environment);
  for (const auto& [name, value] : spec.env) options.taken_names.push_back(name);
  auto script = compile_shell_script(spec.words[0], options);
  if (!script) return tl::unexpected(script.error());
  plan.script = *std::move(script);
  warnings.insert(warnings.end(), plan.script.warnings.begin(), plan.script.warnings.end());
  warn_of_columns(plan.script, context, warnings);
  auto appended = append_record(spec, syntax, plan);
  plan.passes_records = needs_records(plan);
  return appended;
}

Expected<void> compile_one_word(const CommandSpec& spec, const TemplateSyntax& syntax,
                                const CommandTemplate::Context& context, CommandPlan& plan,
                                Warnings& warnings) {
  const std::string& text = spec.words[0];
  if (text.find_first_not_of(" \t\n") == std::string::npos) {
    return fail(
        "the command is empty; write a program, or leave it out if the records are "
        "commands");
  }
  if (spec.shell.empty()) {
    if (auto words = plain_words(text, syntax, context.several)) {
      for (auto& pieces : *words) plan.words.push_back(Template::of(std::move(pieces)));
      return finish_argv(spec, syntax, plan);
    }
  }
  return compile_script(spec, syntax, context, plan, warnings);
}

Expected<void> compile_records(const CommandSpec& spec, const CommandTemplate::Context& context,
                               CommandPlan& plan) {
  if (context.several && !context.tuples) {
    return fail("-n needs a command: without one each record is a command of its own");
  }
  plan.shape = CommandPlan::Shape::records;
  set_shell(spec, plan);
  return {};
}

}  // namespace

bool CommandPlan::says_where_besides_command() const {
  return feeds_stdin || (workdir && workdir->has_record()) ||
         std::any_of(env.begin(), env.end(),
                     [](const auto& entry) { return entry.second.has_record(); });
}

bool CommandPlan::looks_into_records() const {
  const auto has_record = [](const Template& text) { return text.has_record(); };
  const auto of_record = [](const ShellScript::Value& value) {
    return value.replacement.of_record();
  };
  return shape == Shape::records || appended || (shape == Shape::script && passes_records) ||
         std::any_of(words.begin(), words.end(), has_record) || script.uses_records ||
         std::any_of(script.values.begin(), script.values.end(), of_record) ||
         (workdir && workdir->has_record()) ||
         std::any_of(env.begin(), env.end(),
                     [&](const auto& entry) { return has_record(entry.second); });
}

std::string shell_name(const CommandPlan& plan) {
  const std::string& shell = plan.shell[0];
  return shell.substr(shell.rfind('/') + 1);
}

Expected<CommandPlan> plan_command(const CommandSpec& spec, const CommandTemplate::Context& context,
                                   std::vector<std::string>& warnings) {
  CommandPlan plan;
  plan.tuples = context.tuples;
  plan.several = context.several;
  plan.record_end = context.record_end;
  const TemplateSyntax syntax{context.scheme, spec.replacement, context.tuples,
                              context.most_records};
  auto done = check_quotes(spec);
  if (auto advice = advice_on_numbers(spec, context.scheme); !advice.empty()) {
    warnings.push_back(std::move(advice));
  }
  if (done) done = compile_surroundings(spec, syntax, plan);
  if (done && spec.words.empty()) done = compile_records(spec, context, plan);
  if (done && spec.words.size() == 1) {
    done = compile_one_word(spec, syntax, context, plan, warnings);
  }
  if (done && spec.words.size() > 1) done = compile_argv(spec, syntax, plan, warnings);
  if (!done) return tl::unexpected(done.error());
  return plan;
}

}  // namespace distaff
