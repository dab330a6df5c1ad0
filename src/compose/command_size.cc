#include "compose/command_size.h"

#include <cstdint>

namespace distaff {
namespace {

constexpr std::size_t kLongestNumber = 20;  // {#}

}  // namespace

CommandSize::CommandSize(const CommandPlan& plan, std::size_t values) : values_(values) {
  for (const Template& word : plan.words) add_word(word);
  add_env(plan);
  const bool is_argv = plan.shape == CommandPlan::Shape::argv;
  if (!is_argv) add_script(plan);
  const bool is_text = plan.shape == CommandPlan::Shape::records;
  if (is_text || (is_argv ? plan.appended : plan.passes_records)) {
    ++record_copies_;
    literal_bytes_ += values_;
    record_words_ += values_;
  }
  joins_ = joins_ && plan.several;
}

// What the value adds, with `separators` bytes around it, for each record or once.
void CommandSize::add_value(const Replacement& value, std::size_t separators, bool repeated) {
  if (!value.of_record()) {
    fixed_bytes_ += kLongestNumber + separators;
  } else if (value.what == Replacement::What::field) {
    fixed_bytes_ += separators;
    numbered_.push_back({value, repeated});
  } else if (value.what == Replacement::What::record && value.parts.empty()) {
    literal_bytes_ += separators;  // between the values of a tuple there are some in its text
    ++record_copies_;
  } else {
    literal_bytes_ += separators * (value.each_value ? values_ : 1);
    pieces_.push_back(value);
  }
}

// A word that repeats stands once for each value of a record.
void CommandSize::add_word(const Template& word) {
  const bool repeats = word.repeats();
  std::size_t literal = 1;
  for (const Piece& piece : word.pieces()) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      literal += text->size();
    } else if (repeats && !std::get<Replacement>(piece).of_record()) {
      literal += kLongestNumber;
    } else {
      add_value(std::get<Replacement>(piece), 0, repeats);
    }
  }
  (repeats ? literal_bytes_ : fixed_bytes_) += repeats ? literal * values_ : literal;
  (repeats ? record_words_ : fixed_words_) += repeats ? values_ : 1;
}

void CommandSize::add_env(const CommandPlan& plan) {
  for (const auto& [name, value] : plan.env) {
    fixed_bytes_ += name.size() + 2;
    ++fixed_words_;
    for (const Piece& piece : value.pieces()) {
      if (const auto* text = std::get_if<std::string>(&piece)) fixed_bytes_ += text->size();
      const auto* found = std::get_if<Replacement>(&piece);
      if (found) add_value(*found, plan.several ? 1 : 0);
      joins_ = joins_ || (found && found->repeats());
    }
  }
}

void CommandSize::add_script(const CommandPlan& plan) {
  for (const std::string& word : plan.shell) fixed_bytes_ += word.size() + 1;
  fixed_bytes_ += plan.script.text.size() + 1 + shell_name(plan).size() + 1;
  fixed_words_ += plan.shell.size() + 2 + plan.script.values.size();
  for (const ShellScript::Value& value : plan.script.values) {
    add_value(value.replacement, 1);
    joins_ = joins_ || value.replacement.repeats();
  }
}

std::size_t CommandSize::record_bytes(const Record& record, JobFill& fill) const {
  std::size_t bytes = literal_bytes_ + record_copies_ * record.text.size();
  for (const Replacement& piece : pieces_) bytes += value_bytes(piece, record);
  if (!numbered_.empty()) bytes += numbered_bytes(record, fill);
  return bytes;
}

// A field that repeats stands in the words of the records before this one too, and of those behind.
std::size_t CommandSize::numbered_bytes(const Record& record, JobFill& fill) const {
  const std::size_t count = field_count(record);
  std::size_t bytes = fill.repeated;
  for (const auto& [value, repeated] : numbered_) {
    if (value.field <= fill.fields || value.field - fill.fields > count) continue;
    const std::size_t once = field_bytes(value.field - fill.fields, value.parts, record);
    bytes += repeated ? once * values_ * (fill.records + 1) : once;
    if (repeated) fill.repeated += once * values_;
  }
  ++fill.records;
  fill.fields += count;
  return bytes;
}

std::size_t CommandSize::most_argument_bytes() const {
  return joins_ ? kLongestString + 1 : SIZE_MAX;
}

}  // namespace distaff
