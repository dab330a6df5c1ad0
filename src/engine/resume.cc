#include "engine/resume.h"

#include <fmt/format.h>

#include <utility>

#include "base/secrets.h"
#include "base/text.h"

namespace distaff {
namespace {

constexpr std::uint64_t kNamed = 3;  // of the jobs whose command changed

}  // namespace

void Resume::learn(const Identity& identity, IdentityTable::State state, std::uint32_t work) {
  table_.at(identity).set(state, work);
}

bool Resume::skips(Job& job) {
  const Identity first = maker_.of(job);
  const std::uint32_t n = ++table_.at(first).seen;
  job.identity = numbered(first, n);
  if (!options_.skip_done) return false;
  const IdentityTable::Entry* const known = table_.find(job.identity);
  if (known == nullptr) return false;
  const bool done = known->state() == IdentityTable::State::good ||
                    (options_.skip_failed && known->state() == IdentityTable::State::failed);
  if (!done) return false;
  const std::uint32_t work = maker_.work_of(job);
  if (work == 0 || known->is_work(work)) return true;
  warn_of_change(job);
  return false;
}

void Resume::warn_of_change(const Job& job) {
  if (++changed_ > kNamed) return;
  if (!warning_.empty()) warning_ += '\n';
  warning_ +=
      fmt::format("job {}, '{}': done before under the same --id, but with another {}; it is run",
                  number(job.id), printable(mask_record(job.records[0].text), 60), options_.work);
}

std::string Resume::take_warning() { return std::exchange(warning_, {}); }

std::string Resume::last_warning() const {
  if (changed_ <= kNamed) return {};
  return fmt::format(
      "{} more of the jobs were done before under the same --id, but with another {}",
      changed_ - kNamed, options_.work);
}

}  // namespace distaff
