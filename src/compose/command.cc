#include "compose/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "compose/command_plan.h"
#include "compose/command_size.h"

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

std::size_t CommandTemplate::record_bytes(const Record& record) const {
  return impl_->size.record_bytes(record);
}

std::size_t CommandTemplate::argument_bytes(const Record& record) const {
  return impl_->size.record_bytes(record);
}

std::size_t CommandTemplate::most_argument_bytes() const {
  return impl_->size.most_argument_bytes();
}

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

constexpr std::size_t kLongestShown = 1000;  // of a script, for people

const TemplateSyntax& nothing_replaced() {
  static const TemplateSyntax syntax{{}, "", false};
  return syntax;
}

// Whether the system takes the text as one string of a command line or the environment.  `without`:
// what the record must be left out of, so that it may come from stdin instead; empty if it is there
// only for want of another place.
Expected<void> check_string(std::string_view text, std::string_view without) {
  const auto condition = [&] {
    return without.empty() ? "" : fmt::format(", if {}", printable(without, 80));
  };
  if (text.size() > kLongestString) {
    return fail(
        fmt::format("an argument of {} bytes: the system takes at most {}; --stdin record has no "
                    "limit{}",
                    text.size(), kLongestString, condition()));
  }
  if (!text.empty() && std::memchr(text.data(), 0, text.size())) {
    return fail(
        fmt::format("a NUL byte in an argument, where none can be; --stdin record takes any byte{}",
                    condition()));
  }
  return {};
}

// A word that goes into the command.
Expected<void> check_word(std::string_view text, std::string_view spelled) {
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
    auto checked = check_string(argv[i], without);
    if (!checked) return checked;
  }
  return {};
}

Expected<void> build_argv(const CommandPlan& plan, const JobView& job, Launch& launch) {
  launch.argv.reserve(plan.words.size() + job.records.size());
  for (const Template& word : plan.words) {
    auto texts = word.expand_each(job);
    if (!texts) return tl::unexpected(texts.error());
    for (std::string& text : *texts) {
      if (!check_string(text, {})) return check_word(text, spelling(word));
      launch.argv.push_back(std::move(text));
    }
  }
  return plan.appended ? append_records(plan, job, launch.argv) : Expected<void>();
}

// Whether what stands there is a word of its own, so that quotes of ours are the only ones.
bool is_own_word(std::string_view before, std::string_view after) {
  return (before.empty() || std::strchr(" \t\n<>=(;|&", before.back())) &&
         (after.empty() || std::strchr(" \t\n<>);|&", after[0]));
}

// Each value in quotes, as a word of its own: in a batch {} is as many words as records.
std::string quoted_values(const Replacement& replacement, const JobView& job) {
  std::string text;
  for (const std::string& value :
       values_of(replacement, job).value_or(std::vector<std::string>{})) {
    text += (text.empty() ? "" : " ") + shell_quote(value);
  }
  return text;
}

// The script as it was written, and behind it what its replacements are in this job: where a value
// stands in quotes of the script, a value put there could close them, and the line be pasted.
std::string shown_apart(const CommandPlan& plan, const JobView& job) {
  std::string text;
  std::vector<std::string> values;
  for (const Piece& piece : plan.source.pieces()) {
    const auto* replacement = std::get_if<Replacement>(&piece);
    text += replacement ? replacement->spelled : std::get<std::string>(piece);
    if (!replacement) continue;
    values.push_back(replacement->spelled + "=" + quoted_values(*replacement, job));
    if (std::find(values.begin(), values.end() - 1, values.back()) != values.end() - 1) {
      values.pop_back();
    }
  }
  text += "  #";
  for (const std::string& value : values) text += " " + value;
  return text;
}

// The script with its values in it, for people.  Not for one that speaks of $1: it would not show
// what a reader wants to know of the job.
std::string shown(const CommandPlan& plan, const JobView& job) {
  if (plan.source.is_literal() && !plan.appended) return {};
  const std::vector<Piece>& pieces = plan.source.pieces();
  std::string text;
  for (std::size_t i = 0; i < pieces.size() && text.size() < kLongestShown; ++i) {
    if (const auto* literal = std::get_if<std::string>(&pieces[i])) {
      text += *literal;
      continue;
    }
    const auto* next = i + 1 < pieces.size() ? std::get_if<std::string>(&pieces[i + 1]) : nullptr;
    const std::string value = value_of(std::get<Replacement>(pieces[i]), job).value_or("");
    const std::string quoted = quoted_values(std::get<Replacement>(pieces[i]), job);
    if (quoted != value && !is_own_word(text, next ? *next : "")) {
      text = shown_apart(plan, job);
      break;
    }
    text += quoted;
  }
  for (const Record& record : job.records) {
    if (plan.appended && text.size() < kLongestShown) text += " " + shell_quote(record.text);
  }
  if (text.size() > kLongestShown) text = text.substr(0, kLongestShown) + "...";
  return text;
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
    auto checked = check_word(*text, value.replacement.spelled);
    if (!checked) return checked;
    launch.argv.push_back(*std::move(text));
  }
  Expected<void> passed;
  if (plan.passes_records) passed = append_records(plan, job, launch.argv);
  if (passed) launch.shown = shown(plan, job);
  return passed;
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
    launch.shown = text;
  }
  return check_string(text, "the command is a shell, as in distaff --stdin record sh");
}

Expected<void> build_surroundings(const CommandPlan& plan, const JobView& job, Launch& launch) {
  for (const auto& [name, value] : plan.env) {
    Expected<std::string> text = value.expand(job);
    if (!text) return fail(fmt::format("--env {}: {}", name, text.error().message));
    launch.env.push_back(name + "=" + *text);
    if (!check_string(launch.env.back(), {})) {
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
  if (plan.feeds_stdin) {
    launch.stdin_text.emplace();
    for (const Record& record : job.records) *launch.stdin_text += record.text + plan.record_end;
  }
  return {};
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
  return launch;
}

CommandTemplate::CommandTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommandTemplate::CommandTemplate(CommandTemplate&&) noexcept = default;
CommandTemplate& CommandTemplate::operator=(CommandTemplate&&) noexcept = default;
CommandTemplate::~CommandTemplate() = default;

}  // namespace distaff
