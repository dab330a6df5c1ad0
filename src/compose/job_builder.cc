#include "compose/job_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace distaff {
namespace {

// For the `#!` line of a script, whose words the kernel adds to argv.
constexpr std::uint64_t kReserve = 4096;

constexpr std::size_t kMostReserved = 1 << 14;  // records for which a batch makes room at once

// A batch that is fed and cannot be packed takes no more memory than this, or twice --max-bytes.
constexpr std::uint64_t kMemoryOfBatch = std::uint64_t{16} << 20;

std::uint64_t doubled(std::uint64_t bytes) { return bytes > UINT64_MAX / 2 ? bytes : 2 * bytes; }

std::uint64_t without(std::uint64_t whole, std::uint64_t part) {
  return whole > part ? whole - part : 0;
}

// What is left of the system's limit for records: strings, and a pointer for each word and for the
// two nulls that end argv and the environment.
std::uint64_t room_for_records(const JobBuilder::Limits& limits, const LaunchTemplate& command) {
  const std::uint64_t fixed = command.fixed_bytes() + sizeof(char*) * (command.fixed_words() + 2);
  return without(limits.system_bytes, fixed + limits.environment_bytes + kReserve);
}

}  // namespace

JobBuilder::JobBuilder(Limits limits, const LaunchTemplate& command, const GroupKey* key)
    : command_(command),
      key_(key),
      max_records_(limits.max_records == 0 ? UINT64_MAX : limits.max_records),
      max_arguments_(limits.max_bytes),
      max_batch_(std::min<std::uint64_t>(limits.max_bytes, command.most_argument_bytes())),
      max_system_(room_for_records(limits, command)),
      pointer_bytes_(sizeof(char*) * command.record_words()),
      max_fed_(limits.feeds_stdin ? limits.max_bytes : UINT64_MAX),
      max_memory_(!limits.feeds_stdin ? UINT64_MAX
                                      : std::max(kMemoryOfBatch, doubled(limits.max_bytes))),
      spread_(limits.spread),
      packs_(limits.packs),
      packs_fields_(limits.packs_fields),
      record_end_(std::move(limits.record_end)) {}

inline bool JobBuilder::may_pack(const Record& record) const {
  return packs_ && record.problem.empty() &&
         (packs_fields_ || (record.fields.empty() && record.names == nullptr));
}

inline JobBuilder::Size JobBuilder::size_of(const Record& record, JobFill& fill) const {
  const std::size_t bytes = command_.record_bytes(record, fill);
  Size size{bytes, bytes + pointer_bytes_, record.text.size() + 1, 0};
  if (max_memory_ != UINT64_MAX && !may_pack(record)) size.memory = record.memory();
  return size;
}

bool JobBuilder::is_too_long(const Size& size) const {
  return size.arguments > max_arguments_ || size.system > max_system_;
}

std::string JobBuilder::problem_of(const Record& record, const Size& size) const {
  if (!record.problem.empty()) return record.problem;
  // What no --max-bytes helps against is the better reason: one argument that is too long.
  const auto built = command_.build({{&record, 1}, JobId{next_id_}, 1});
  if (!built) return built.error().message;
  if (size.arguments > max_arguments_) {
    return fmt::format(
        "the record makes {} bytes of arguments, more than the {} that --max-bytes allows",
        size.arguments, max_arguments_);
  }
  if (size.system > max_system_) {
    return fmt::format(
        "the record adds {} bytes to the command line, where the system has room for {}; "
        "--stdin record has no limit",
        size.system, max_system_);
  }
  return {};
}

bool JobBuilder::fits(const Size& size) const {
  return batch_size_.arguments + size.arguments <= max_batch_ &&
         batch_size_.system + size.system <= max_system_ &&
         batch_size_.fed + size.fed <= max_fed_ && batch_size_.memory + size.memory <= max_memory_;
}

// Called for each record of the input, and a batch may have many thousands: the common case is one
// comparison of sizes and one move.
void JobBuilder::add(Record&& record) {
  const bool broken = !record.problem.empty();
  Size size;
  if (!batch_.empty()) {
    size = size_of(record, fill_);
    const bool goes_on = !broken && fits(size) && (key_ == nullptr || key_of(record) == batch_key_);
    if (!goes_on || (packed_ && !may_pack(record))) finish_batch();
  }
  bool alone = broken;
  if (batch_.empty()) {
    size = first_size_of(record);
    alone = broken || is_too_long(size) || size.fed > max_fed_;
    begin_batch(alone || may_pack(record) ? 1 : last_size_);
  }
  batch_size_.arguments += size.arguments;
  batch_size_.system += size.system;
  batch_size_.fed += size.fed;
  batch_size_.memory += size.memory;
  if (packs_) {
    put(std::move(record));
  } else {
    batch_.push_back(std::move(record));
  }
  if (alone) {
    finish_batch(problem_of(batch_.back(), size));
  } else if (pending() >= max_records_) {
    finish_batch();
  }
}

// Of the record that begins a batch: its key, in which {#} is the number of that job, goes with it.
JobBuilder::Size JobBuilder::first_size_of(const Record& record) {
  fill_ = {};
  Size size = size_of(record, fill_);
  if (key_ == nullptr) return size;
  batch_key_ = key_of(record);
  size.system += batch_key_ ? batch_key_->size() : 0;
  return size;
}

void JobBuilder::put(Record&& record) {
  const bool packs =
      packed_ || (batch_.size() == 1 && may_pack(record) && may_pack(batch_.front()));
  packs ? put(record.text) : batch_.push_back(std::move(record));
}

// Behind the first one.
void JobBuilder::put(std::string_view text) {
  if (!packed_) {
    auto packed = std::make_shared<PackedTexts>(record_end_);
    packed->add(batch_.front().text);
    packed_ = std::move(packed);
  }
  packed_->add(text);
}

void JobBuilder::begin_batch(std::size_t records) {
  batch_.reserve(std::clamp<std::size_t>(records, 1, kMostReserved));
}

// The first parts get one record more where they cannot be equal.
void JobBuilder::finish() {
  if (packed_) return finish_packed();
  std::vector<Record> rest = std::exchange(batch_, {});
  const std::optional<std::string> key = batch_key_;
  auto next = std::make_move_iterator(rest.begin());
  for (std::size_t parts = std::min(spread_, rest.size()); parts > 0; --parts) {
    const auto left = std::make_move_iterator(rest.end()) - next;
    const auto end =
        next + (left + static_cast<std::ptrdiff_t>(parts) - 1) / static_cast<std::ptrdiff_t>(parts);
    batch_.assign(next, end);
    batch_key_ = key;
    finish_batch();
    next = end;
  }
}

// The same, of texts.
void JobBuilder::finish_packed() {
  std::size_t left = pending();
  std::size_t parts = std::min(spread_, left);
  if (parts == 1) return finish_batch();
  const auto all = std::exchange(packed_, nullptr);
  const std::optional<std::string> key = batch_key_;
  batch_.clear();
  all->each([&](std::string_view text) {
    if (batch_.empty()) {
      batch_.emplace_back().begin(text);
      batch_key_ = key;
    } else {
      put(text);
    }
    if (pending() < (left + parts - 1) / parts) return;
    left -= pending();
    --parts;
    finish_batch();
  });
}

void JobBuilder::finish_batch(std::string problem) {
  if (batch_.empty()) return;
  last_size_ = pending();
  batch_size_ = {};
  Job& job = ready_.emplace_back();
  job.id = JobId{next_id_++};
  job.records = std::exchange(batch_, {});
  job.packed = std::exchange(packed_, nullptr);
  job.key = std::exchange(batch_key_, std::nullopt);
  job.problem = std::move(problem);
  if (job.problem.empty() && job.key) job.problem = command_.problem_of_key(*job.key);
}

std::optional<std::string> JobBuilder::key_of(const Record& record) const {
  if (!key_) return std::nullopt;
  return key_->key_of(record, JobId{next_id_});
}

std::optional<Job> JobBuilder::pop() {
  if (ready_.empty()) return std::nullopt;
  std::optional<Job> job = std::move(ready_.front());
  ready_.pop_front();
  return job;
}

}  // namespace distaff
