#include "input/argument_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "input/file_kind.h"

namespace distaff {
namespace {

constexpr int kMostSkipped = 1000;  // values that --no-match leaves out, in one turn

std::string counted(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " value" : " values");
}

Error unequal(const std::string& later, const std::string& before) {
  return {"the list after :::+ has " + later + ", the one before it " + before +
              ": give as many, or write ::: for all combinations",
          2};
}

constexpr char kNulInLine[] = "a NUL byte in a line of a :::: file: no command can be given one";

}  // namespace

Expected<std::unique_ptr<ArgumentSource>> ArgumentSource::open(std::vector<ArgumentList> lists,
                                                               Options options,
                                                               std::unique_ptr<LineFields> fields) {
  std::unique_ptr<ArgumentSource> source(new ArgumentSource(std::move(options)));
  source->fields_ = std::move(fields);
  if (std::count_if(lists.begin(), lists.end(), [](const auto& l) { return l.file == "-"; }) > 1) {
    return fail(":::: - stands twice: stdin can be read once");
  }
  for (ArgumentList& list : lists) {
    if (auto added = source->add(std::move(list)); !added) return tl::unexpected(added.error());
  }
  bool several_before = false;
  for (Group& group : source->groups_) {
    group.comes_again = several_before;
    several_before = several_before || group.reads() || group.known > 1;
  }
  source->done_ = source->total() == std::uint64_t{0};
  return source;
}

Expected<void> ArgumentSource::add(ArgumentList list) {
  ++list_count_;
  if (list.linked && groups_.empty()) return fail(":::+ needs a list before it: begin with :::");
  List added{.name = list.file, .lines = {}, .values = std::move(list.values), .flaws = {}};
  if (!list.file.empty()) {
    auto files = FileSequence::open({list.file}, options_.reading);
    if (!files) return tl::unexpected(files.error());
    added.values.clear();
    added.lines =
        std::make_unique<LineSource>(std::move(*files),
                                     LineSource::Options{.delimiter = "\n",
                                                         .skip_empty = options_.skip_empty_lines,
                                                         .trimmed = options_.trimmed,
                                                         .most = options_.most},
                                     nullptr);
  }
  if (!list.linked) groups_.emplace_back();
  Group& group = groups_.back();
  group.lists.push_back(std::move(added));
  if (group.reads()) {
    group.known = 0;
    group.complete = false;
    return {};
  }
  const std::size_t count = group.lists.back().values.size();
  if (list.linked && count != group.known)
    return tl::unexpected(unequal(counted(count), counted(group.known)));
  group.known = count;
  group.complete = true;
  return {};
}

bool ArgumentSource::Group::reads() const {
  return std::any_of(lists.begin(), lists.end(),
                     [](const List& list) { return list.lines != nullptr; });
}

Framing ArgumentSource::framing() const {
  for (const Group& group : groups_) {
    for (const List& list : group.lists) {
      if (list.lines) continue;
      for (const std::string& value : list.values) {
        const bool is_no_line = value.empty() && list_count_ == 1;
        if (is_no_line || value.find('\n') != std::string::npos) return {{}, std::string(1, '\0')};
      }
    }
  }
  return {};
}

std::optional<std::uint64_t> ArgumentSource::total() const {
  std::uint64_t product = groups_.empty() ? 0 : 1;
  bool unknown = false;
  for (const Group& group : groups_) {
    if (group.complete && group.known == 0) return 0;
    unknown = unknown || !group.complete || __builtin_mul_overflow(product, group.known, &product);
  }
  if (unknown) return std::nullopt;
  return product;
}

std::string ArgumentSource::take_warning() {
  for (Group& group : groups_) {
    for (List& list : group.lists) {
      if (!list.lines) continue;
      std::string warning = list.lines->take_warning();
      if (!warning.empty()) return warning;
    }
  }
  return {};
}

// The wheels of a counter: the last turns, and when it is through the one before it goes on.
Source::Next ArgumentSource::next(Record& record) {
  if (failed_) return Next::failed;
  for (int skipped = 0; !done_;) {
    if (level_ == groups_.size()) {
      --level_;
      if (fill(record)) return Next::record;
      if (++skipped == kMostSkipped) return pause();
      continue;
    }
    Group& group = groups_[level_];
    const Next stepped = step(group);
    if (stepped == Next::record) {
      ++level_;
    } else if (stepped != Next::end) {
      return stepped;
    } else if (level_ == 0 || group.known == 0) {
      done_ = true;
    } else {
      group.at = 0;
      --level_;
    }
  }
  return Next::end;
}

Source::Next ArgumentSource::pause() {
  waits_for_ = nullptr;
  if (gate_.watch(-1)) return Next::wait;
  return fail_with({std::string("cannot wait for more values: ") + std::strerror(errno), 3});
}

// To the group's next value, which is read if it was not yet.
Source::Next ArgumentSource::step(Group& group) {
  if (group.at < group.known) {
    ++group.at;
    return Next::record;
  }
  if (group.complete) return Next::end;
  std::size_t ended = 0;
  for (List& list : group.lists) {
    const Next got = read(list, group.known);
    if (got == Next::wait || got == Next::failed) return got;
    if (got == Next::end) ++ended;
  }
  if (ended == group.lists.size()) {
    group.complete = true;
    return Next::end;
  }
  if (ended > 0) return fail_unequal(group);
  ++group.known;
  ++group.at;
  for (List& list : group.lists) {
    list.has_next = false;
    if (list.lines) take_ahead(group, list);
    if (kept_ > options_.most_kept) return fail_full(list);
  }
  return Next::record;
}

// Makes sure of the list's value behind those that are known, unless it has ended.
Source::Next ArgumentSource::read(List& list, std::size_t known) {
  if (list.has_next) return Next::record;
  if (list.ended) return Next::end;
  Next got = known < list.values.size() ? Next::record : Next::end;
  if (list.lines) got = list.lines->next(list.ahead);
  list.has_next = got == Next::record;
  list.ended = got == Next::end;
  if (got == Next::wait) waits_for_ = list.lines.get();
  return got == Next::failed ? fail_with(list.lines->error()) : got;
}

void ArgumentSource::take_ahead(Group& group, List& list) {
  if (!group.comes_again) {
    list.values.clear();
    list.flaws.clear();
  }
  Record& line = list.ahead;
  if (!line.problem.empty()) {
    // A NUL is one in a list, too: there is no -0 for it.
    const bool nul =
        !line.bytes_lost && line.problem != kUtf16 && line.text.find('\0') != std::string::npos;
    list.flaws[list.values.size()] = {nul ? std::string(kNulInLine) : std::move(line.problem),
                                      line.bytes_lost};
  }
  list.values.push_back(std::move(line.text));
  const std::string& value = list.values.back();
  if (group.comes_again) kept_ += sizeof value + (value.size() < sizeof value ? 0 : value.size());
}

Source::Next ArgumentSource::fail_unequal(const Group& group) {
  const List& first = group.lists.front();
  const auto other = std::find_if(group.lists.begin(), group.lists.end(),
                                  [&](const List& list) { return list.ended != first.ended; });
  return fail_with(
      unequal(other->ended ? counted(group.known) : "more than " + counted(group.known),
              first.ended ? counted(group.known) : "more"));
}

Source::Next ArgumentSource::fail_full(const List& list) {
  return fail_with({fmt::format("{}: its values come again with each one of the lists before it, "
                                "and more than {} of them cannot be kept; write this list first",
                                list.name == "-" ? "stdin" : printable(list.name),
                                format_size(options_.most_kept)),
                    2});
}

Source::Next ArgumentSource::fail_with(Error error) {
  failed_ = true;
  error_ = std::move(error);
  return Next::failed;
}

// ---- records

// False if it is to be skipped.
bool ArgumentSource::fill(Record& record) const {
  record.begin({});
  for (const Group& group : groups_) {
    for (const List& list : group.lists) {
      add_value(list, list.place(group.at, group.comes_again), list_count_ > 1, record);
    }
  }
  if (record.problem.empty() && record.text.size() > options_.most) {
    record.problem =
        fmt::format("record longer than --max-record {}: raise it", format_size(options_.most));
  }
  return !fields_ || !record.problem.empty() || fields_->find(record);
}

void ArgumentSource::add_value(const List& list, std::size_t place, bool several, Record& record) {
  const std::string& value = list.values[place];
  if (!record.fields.empty()) record.text += ' ';
  record.text += value;
  if (several) record.fields.emplace_back(value);
  if (list.flaws.empty()) return;
  const auto flaw = list.flaws.find(place);
  if (flaw == list.flaws.end()) return;
  if (record.problem.empty()) record.problem = flaw->second.problem;
  record.bytes_lost = record.bytes_lost || flaw->second.bytes_lost;
}

}  // namespace distaff
