#include "input/argument_source.h"

#include <utility>

#include "input/line_source.h"

namespace distaff {
namespace {

std::string counted(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " value" : " values");
}

}  // namespace

Expected<std::unique_ptr<ArgumentSource>> ArgumentSource::open(std::vector<ArgumentList> lists,
                                                               bool skip_empty_lines,
                                                               FileSequence::Options reading,
                                                               std::unique_ptr<LineFields> fields) {
  std::unique_ptr<ArgumentSource> source(new ArgumentSource);
  source->fields_ = std::move(fields);
  for (ArgumentList& list : lists) {
    if (!list.file.empty()) {
      auto read = source->read_file(list, skip_empty_lines, reading);
      if (!read) return tl::unexpected(read.error());
    }
    if (auto added = source->add(std::move(list)); !added) return tl::unexpected(added.error());
  }
  source->done_ = source->total() == std::uint64_t{0};
  return source;
}

Expected<void> ArgumentSource::read_file(ArgumentList& list, bool skip_empty_lines,
                                         FileSequence::Options reading) {
  auto files = FileSequence::open({list.file}, reading);
  if (!files) return tl::unexpected(files.error());
  LineSource lines(std::move(*files), {.delimiter = "\n", .skip_empty = skip_empty_lines}, nullptr);
  list.values.clear();
  while (true) {
    Record record;
    switch (lines.next(record)) {
      case Next::record:
        nul_possible_ = nul_possible_ || !record.problem.empty();
        list.values.push_back(std::move(record.text));
        break;
      case Next::wait:
        wait_until_readable(lines.wait_fd());
        break;
      case Next::end:
        if (warning_.empty()) warning_ = lines.take_warning();
        return {};
      case Next::failed:
        return tl::unexpected(lines.error());
    }
  }
}

Expected<void> ArgumentSource::add(ArgumentList list) {
  ++list_count_;
  if (!list.linked) {
    groups_.emplace_back();
    groups_.back().lists.push_back(std::move(list.values));
    return {};
  }
  if (groups_.empty()) return fail(":::+ needs a list before it: begin with :::");
  Group& group = groups_.back();
  if (list.values.size() != group.size()) {
    return fail("the list after :::+ has " + counted(list.values.size()) + ", the one before it " +
                counted(group.size()) + ": give as many, or write ::: for all combinations");
  }
  group.lists.push_back(std::move(list.values));
  return {};
}

Framing ArgumentSource::framing() const {
  for (const Group& group : groups_) {
    for (const std::vector<std::string>& list : group.lists) {
      for (const std::string& value : list) {
        const bool is_no_line = value.empty() && list_count_ == 1;
        if (is_no_line || value.find('\n') != std::string::npos) return {{}, std::string(1, '\0')};
      }
    }
  }
  return {};
}

std::optional<std::uint64_t> ArgumentSource::total() const {
  std::uint64_t product = groups_.empty() ? 0 : 1;
  bool too_many = false;
  for (const Group& group : groups_) {
    if (group.size() == 0) return 0;
    too_many = too_many || __builtin_mul_overflow(product, group.size(), &product);
  }
  if (too_many) return std::nullopt;
  return product;
}

Source::Next ArgumentSource::next(Record& record) {
  while (!done_) {
    fill(record);
    advance();
    if (!fields_ || !record.problem.empty() || fields_->find(record)) return Next::record;
  }
  return Next::end;
}

void ArgumentSource::fill(Record& record) const {
  record.text.clear();
  record.fields.clear();
  record.names.reset();
  record.problem.clear();
  bool first = true;
  for (const Group& group : groups_) {
    for (const std::vector<std::string>& list : group.lists) {
      const std::string& value = list[group.at];
      if (!std::exchange(first, false)) record.text += ' ';
      record.text += value;
      if (list_count_ > 1) record.fields.emplace_back(value);
    }
  }
  if (nul_possible_ && record.text.find('\0') != std::string::npos) {
    record.problem = "a NUL byte in a line of a :::: file: no command can be given one";
  }
}

void ArgumentSource::advance() {
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    if (++group->at < group->size()) return;
    group->at = 0;
  }
  done_ = true;
}

}  // namespace distaff
