#include "compose/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "compose/command_plan.h"
#include "compose/command_size.h"
#include "compose/script_line.h"
#include "compose/shells.h"

namespace distaff {

struct CommandTemplate::Impl {
  CommandPlan plan;
  CommandSize size;
};

Expected<CommandTemplate> CommandTemplate::compile(const CommandSpec& spec, const Context& context,
                                                   std::vector<std::string>& warnings) {
  auto plan = plan_command(spec, context, warnings);
  if (!plan) return tl::unexpected(plan.error());
  const CommandSize size(*plan, context.tuples ? context.scheme.count.value_or(1) : 1);
  return CommandTemplate(std::make_unique<Impl>(Impl{*std::move(plan), size}));
}

std::size_t CommandTemplate::fixed_bytes() const { return impl_->size.fixed_bytes(); }
std::size_t CommandTemplate::fixed_words() const { return impl_->size.fixed_words(); }
std::size_t CommandTemplate::record_words() const { return impl_->size.record_words(); }

std::size_t CommandTemplate::record_bytes(const Record& record, JobFill& fill) const {
  return impl_->size.record_bytes(record, fill);
}

std::size_t CommandTemplate::most_argument_bytes() const {
  return impl_->size.most_argument_bytes();
}

std::string CommandTemplate::problem_of_key(std::string_view key) const {
  constexpr std::size_t kMost = kLongestString - std::string_view("DISTAFF_GROUP=").size();
  if (key.find('\0') != key.npos) {
    return "the key holds a NUL byte, which DISTAFF_GROUP cannot pass to the job";
  }
  if (key.size() <= kMost) return {};
  return fmt::format(
      "the key has {} bytes; the job gets it as DISTAFF_GROUP, which takes at most {}", key.size(),
      kMost);
}

bool CommandTemplate::looks_into_records() const { return impl_->plan.looks_into_records(); }

std::string CommandTemplate::pasted(const Launch& launch) const { return paste(launch); }

std::vector<std::string> CommandTemplate::field_names() const {
  const CommandPlan& plan = impl_->plan;
  std::vector<std::string> names;
  for (const Template& word : plan.words) word.collect_names(names);
  if (plan.workdir) plan.workdir->collect_names(names);
  for (const auto& [name, value] : plan.env) value.collect_names(names);
  for (const ShellScript::Value& value : plan.script.values) {
    Template::of({value.replacement}).collect_names(names);
  }
  return names;
}

// ---- build

namespace {

const TemplateSyntax& nothing_replaced() {
  static const TemplateSyntax syntax{{}, "", false};
  return syntax;
}

// Whether the system takes the text as one string of a command line or the environment.
bool is_good_string(const std::string& text) {
  return text.size() <= kLongestString && std::memchr(text.data(), 0, text.size()) == nullptr;
}

// If it does not, why.  `without`: what the record must be left out of, so that it may come from
// stdin instead; empty if it is there only for want of another place.
Expected<void> check_string(const std::string& text, std::string_view without) {
  if (is_good_string(text)) return {};
  const auto condition = [&] {
    return without.empty() ? "" : fmt::format(", if {}", printable(without, 80));
  };
  if (text.size() > kLongestString) {
    return fail(
        fmt::format("an argument of {} bytes: the system takes at most {}; --stdin record has no "
                    "limit{}",
                    text.size(), kLongestString, condition()));
  }
  return fail(
      fmt::format("a NUL byte in an argument, where none can be; --stdin record takes any byte{}",
                  condition()));
}

// A word that goes into the command.
Expected<void> check_word(const std::string& text, std::string_view spelled) {
  if (auto good = check_string(text, {}); good) return good;
  return check_string(text, fmt::format("the command does without {}", spelled));
}

std::string spelling(const Template& word) {
  std::string text;
  for (const Piece& piece : word.pieces()) {
    const auto* literal = std::get_if<std::string>(&piece);
    text += literal ? *literal : std::get<Replacement>(piece).spelled;
  }
  return text;
}

Expected<void> append_records(const CommandPlan& plan, const JobView& job,
                              std::vector<std::string>& argv) {
  const std::size_t first = argv.size();
  for (const Record& record : job.records) {
    if (plan.tuples) {
      for (std::string& word : words_of(record)) argv.push_back(std::move(word));
    } else {
      argv.push_back(record.text);
    }
  }
  const char* without = plan.appended ? "" : "the script does not speak of $1 or $@";
  for (std::size_t i = first; i < argv.size(); ++i) {
    if (!is_good_string(argv[i])) return check_string(argv[i], without);
  }
  return {};
}

Expected<void> build_argv(const CommandPlan& plan, const JobView& job, Launch& launch) {
  launch.argv.reserve(plan.words.size() + job.records.size());
  for (const Template& word : plan.words) {
    auto texts = word.expand_each(job);
    if (!texts) return tl::unexpected(texts.error());
    for (std::string& text : *texts) {
      if (!is_good_string(text)) return check_word(text, spelling(word));
      launch.argv.push_back(std::move(text));
    }
  }
  return plan.appended ? append_records(plan, job, launch.argv) : Expected<void>();
}

Expected<std::string> script_value(const ShellScript::Value& value, const JobView& job) {
  Expected<std::string> text = value_of(value.replacement, job);
  if (!text || !value.arithmetic) return text;
  const auto number = arithmetic_value(*text);
  if (number) return *number;
  return fail(fmt::format("'{}' for {} is no whole number, and stands in $((...))",
                          printable(*text, 60), value.replacement.spelled));
}

Expected<void> build_script(const CommandPlan& plan, const JobView& job, Launch& launch) {
  launch.argv = plan.shell;
  launch.argv.push_back(plan.script.text);
  if (plan.known_shell) launch.argv.push_back(shell_name(plan));
  for (const ShellScript::Value& value : plan.script.values) {
    Expected<std::string> text = script_value(value, job);
    if (!text) return tl::unexpected(text.error());
    if (!is_good_string(*text)) return check_word(*text, value.replacement.spelled);
    launch.argv.push_back(*std::move(text));
  }
  return plan.passes_records ? append_records(plan, job, launch.argv) : Expected<void>();
}

Expected<void> build_record(const CommandPlan& plan, const JobView& job, Launch& launch) {
  const std::string& text = job.records[0].text;
  if (!plan.shell_given) {
    if (const auto words = plain_words(text, nothing_replaced())) {
      launch.fixed_program = false;
      for (const auto& pieces : *words) {
        launch.argv.push_back(pieces.empty() ? "" : std::get<std::string>(pieces[0]));
      }
    }
  }
  if (launch.argv.empty()) {
    launch.argv = plan.shell;
    launch.argv.push_back(text);
  }
  return check_string(text, "the command is a shell, as in distaff --stdin record sh");
}

Expected<void> build_surroundings(const CommandPlan& plan, const JobView& job, Launch& launch) {
  for (const auto& [name, value] : plan.env) {
    Expected<std::string> text = value.expand(job);
    if (!text) return fail(fmt::format("--env {}: {}", name, text.error().message));
    launch.env.push_back(name + "=" + *text);
    if (!is_good_string(launch.env.back())) {
      return check_string(launch.env.back(), "it is not in --env " + name);
    }
  }
  if (plan.workdir) {
    Expected<std::string> text = plan.workdir->expand(job);
    if (!text) return fail("--workdir: " + text.error().message);
    if (text->empty()) return fail("--workdir: the directory is empty");
    auto checked = check_string(*text, "it is not in --workdir");
    if (!checked) return checked;
    launch.workdir = *std::move(text);
  }
  if (plan.feeds_stdin && job.packed) {
    launch.stdin_batch = job.packed;
  } else if (plan.feeds_stdin) {
    launch.stdin_text.emplace();
    for (const Record& record : job.records) {
      launch.stdin_text->append(record.text).append(plan.record_end);
    }
  }
  return {};
}

// ---- what people are shown of a script

bool uses_records(const ShellScript& script) {
  const auto& places = script.shown.places;
  return std::any_of(places.begin(), places.end(),
                     [](const ShellPlace& place) { return place.value == ShellPlace::kRecords; });
}

// The script of the job, with its values in it.
std::optional<ScriptLine> shown_script(const CommandPlan& plan, const JobView& job,
                                       const Launch& launch) {
  if (plan.shape == CommandPlan::Shape::records) {
    ShellScriptOptions reading;
    reading.syntax = nothing_replaced();
    reading.family = shell_family(plan.shell);
    const auto script = compile_shell_script(job.records[0].text, reading);
    if (!script) return {};
    return script_line(*script, {}, {});
  }
  std::vector<std::string> records;
  if (uses_records(plan.script) && !append_records(plan, job, records)) return {};
  const std::size_t first = plan.shell.size() + 2;  // behind the text and the shell's name
  const std::span<const std::string> words(launch.argv);
  return script_line(plan.script, words.subspan(first, plan.script.values.size()), records);
}

// A text for `SHELL -c`, in those quotes that leave it readable.
std::string quoted_script(const std::string& text) {
  const bool doubly =
      text.find('\'') != std::string::npos && text.find_first_of("\"$`\\!") == std::string::npos;
  return doubly ? '"' + text + '"' : shell_quote(text);
}

std::string words_line(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quote(word);
  return line;
}

void show(const CommandPlan& plan, const JobView& job, Launch& launch) {
  const bool script = launch.argv.size() > plan.shell.size() &&
                      plan.shape != CommandPlan::Shape::argv && plan.known_shell &&
                      std::equal(plan.shell.begin(), plan.shell.end(), launch.argv.begin());
  if (!script) return;
  if (plan.shape == CommandPlan::Shape::records) launch.shown = job.records[0].text;
  auto line = shown_script(plan, job, launch);
  if (!line) return;
  launch.shown = line->text;
  if (plan.shell_given || line->only_in_its_shell) {  // one command, whatever is in its text
    const std::string text = words_line(plan.shell) + " " + quoted_script(line->text);
    if (text.size() > kLongestString) return;
    line = ScriptLine{.text = text};
  }
  launch.pasted = surrounded(*line, launch);
}

}  // namespace

Expected<Launch> CommandTemplate::build(const JobView& job) const {
  const CommandPlan& plan = impl_->plan;
  Launch launch;
  launch.fixed_program = plan.fixed_program;
  Expected<void> built;
  switch (plan.shape) {
    case CommandPlan::Shape::argv:
      built = build_argv(plan, job, launch);
      break;
    case CommandPlan::Shape::script:
      built = build_script(plan, job, launch);
      break;
    case CommandPlan::Shape::records:
      built = build_record(plan, job, launch);
  }
  if (built) built = build_surroundings(plan, job, launch);
  if (!built) return tl::unexpected(built.error());
  if (job.shown) show(plan, job, launch);
  return launch;
}

CommandTemplate::CommandTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommandTemplate::CommandTemplate(CommandTemplate&&) noexcept = default;
CommandTemplate& CommandTemplate::operator=(CommandTemplate&&) noexcept = default;
CommandTemplate::~CommandTemplate() = default;

}  // namespace distaff
