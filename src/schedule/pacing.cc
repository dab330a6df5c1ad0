#include "schedule/pacing.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "schedule/draw.h"

namespace distaff {
namespace {

using When = ThrottleEntry::When;

bool is_pause(const ThrottleEntry& entry) { return entry.pause || entry.retry_after; }

bool is_rest(const ThrottleEntry& entry) { return !is_pause(entry) && entry.throttle.any(); }

bool applies(const ThrottleEntry& entry, const Outcome& outcome, bool failed) {
  switch (entry.when) {
    case When::always:
      return true;
    case When::failed:
      return failed;
    case When::exit:
      return outcome.kind == Outcome::Kind::exited && entry.statuses.contains(outcome.value);
    case When::http:
      return outcome.kind == Outcome::Kind::responded && entry.statuses.contains(outcome.value);
  }
  return false;
}

// The rest of every job's end, unless an entry before it applies.
Throttle plain_throttle(const std::vector<ThrottleEntry>& entries) {
  for (const ThrottleEntry& entry : entries) {
    if (entry.when == When::always && !is_pause(entry)) return entry.throttle;
  }
  return {};
}

// As it could have been written, nothing rounded.
std::string text(Duration duration) {
  return fmt::format("{}s", std::chrono::duration<double>(duration).count());
}

std::string text(const Throttle& throttle) {
  if (throttle.least == throttle.most) return text(throttle.most);
  return text(throttle.least) + ".." + text(throttle.most);
}

// What one rule, or the command line, wrote.
struct Level {
  std::string where;  // "rules[2]"; empty for the command line
  std::unique_ptr<RE2> match;
  std::optional<int> parallelism;
  std::optional<std::vector<ThrottleEntry>> throttle;
  std::optional<Rate> rate;
  Policy policy;

  bool rests() const {
    return throttle && std::any_of(throttle->begin(), throttle->end(), is_rest);
  }
  bool depends_on_outcome() const {
    return throttle && std::any_of(throttle->begin(), throttle->end(), [](const auto& entry) {
             return entry.when != When::always || is_pause(entry);
           });
  }
};

Expected<void> check(const Level& level) {
  const std::string option = level.where.empty() ? "--parallelism" : level.where + ".parallelism";
  if (level.parallelism && *level.parallelism < 1) {
    return fail(fmt::format("{} {}: give 1 or more", option, *level.parallelism));
  }
  if (!level.rests() || level.parallelism.value_or(1) == 1) return {};
  const auto first = std::find_if(level.throttle->begin(), level.throttle->end(), is_rest);
  const std::string throttle = level.where.empty() ? "--throttle" : level.where + ": throttle";
  const std::string parallelism = level.where.empty() ? "--parallelism" : "parallelism";
  return fail(fmt::format(
      "{} {} and {} {}: a group with a throttle runs one job at a time; drop one of them", throttle,
      text(first->throttle), parallelism, *level.parallelism));
}

// The level whose throttle holds where `rule` matched.  A parallelism over 1 of a rule is nearer
// than a rest of the command line, which then gives way.
const Level* throttle_level(const Level& rule, const Level& command_line) {
  if (rule.throttle) return &rule;
  if (rule.parallelism.value_or(1) > 1 && command_line.rests()) return nullptr;
  return command_line.throttle ? &command_line : nullptr;
}

Policy policy_of(const GroupRule& rule, const Policy& wider) {
  Policy policy = wider;
  if (rule.ok) policy.ok = *rule.ok;
  if (rule.retries) policy.retries = *rule.retries;
  if (rule.timeout) policy.timeout = *rule.timeout;
  policy.breaker = rule.breaker;
  return policy;
}

Expected<Level> compile_rule(const GroupRule& rule, std::size_t index, const Policy& wider) {
  Level level;
  level.policy = policy_of(rule, wider);
  level.where = fmt::format("rules[{}]", index);
  level.parallelism = rule.parallelism;
  level.throttle = rule.throttle;
  level.rate = rule.rate;
  if (!rule.match.empty()) {
    level.match = std::make_unique<RE2>(rule.match, RE2::Quiet);
    if (!level.match->ok()) {
      return fail(fmt::format("{}.match \"{}\": {}; give a regular expression as RE2 reads them",
                              level.where, printable(rule.match), level.match->error()));
    }
  }
  if (auto good = check(level); !good) return tl::unexpected(good.error());
  return level;
}

}  // namespace

struct Pacing::Impl {
  Level command_line;
  std::vector<Level> rules;
  bool any_by_outcome = false;
  bool any_policy = false;
  bool any_retries = false;
  std::uint64_t random = 1;

  // The first rule that matches; if there is none, the command line.
  const Level& rule_for(std::string_view key) const {
    for (const Level& rule : rules) {
      if (!rule.match || RE2::PartialMatch({key.data(), key.size()}, *rule.match)) return rule;
    }
    return command_line;
  }
  const Level* throttle_for(std::string_view key) const {
    return throttle_level(rule_for(key), command_line);
  }
};

Expected<Pacing> Pacing::compile(const GroupSpec& spec, const FailureSpec& failure,
                                 std::uint64_t seed) {
  auto impl = std::make_unique<Impl>();
  impl->random = seed;
  impl->command_line.policy = {failure.ok, failure.retries, failure.timeout, {}};
  impl->any_retries = failure.retries > 0;
  impl->command_line.parallelism = spec.parallelism;
  impl->command_line.rate = spec.rate;
  if (spec.throttle) {
    ThrottleEntry entry;
    entry.throttle = *spec.throttle;
    impl->command_line.throttle = {entry};
  }
  if (auto good = check(impl->command_line); !good) return tl::unexpected(good.error());
  for (const GroupRule& rule : spec.rules) {
    auto level = compile_rule(rule, impl->rules.size(), impl->command_line.policy);
    if (!level) return tl::unexpected(level.error());
    if (rule.ok || rule.retries || rule.timeout || rule.breaker) impl->any_policy = true;
    if (rule.retries.value_or(0) > 0) impl->any_retries = true;
    impl->any_by_outcome = impl->any_by_outcome || level->depends_on_outcome();
    impl->rules.push_back(std::move(*level));
  }
  return Pacing(std::move(impl));
}

Pacing::Pacing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pacing::Pacing(Pacing&&) noexcept = default;
Pacing& Pacing::operator=(Pacing&&) noexcept = default;
Pacing::~Pacing() = default;

GroupLimits Pacing::limits_for(std::string_view key) const {
  const Level& rule = impl_->rule_for(key);
  const Level& wider = impl_->command_line;
  const Level* const throttle = throttle_level(rule, wider);
  GroupLimits limits;
  limits.rate = rule.rate ? rule.rate : wider.rate;
  limits.parallelism = rule.parallelism ? rule.parallelism : wider.parallelism;
  if (!limits.parallelism && !limits.rate) limits.parallelism = 1;
  if (throttle && throttle->rests()) {
    limits.parallelism = 1;
    limits.throttle = plain_throttle(*throttle->throttle);
  }
  return limits;
}

Pace Pacing::after(std::string_view key, const Attempt& attempt, bool failed) {
  Pace pace;
  if (!impl_->any_by_outcome) return pace;
  const Level* const level = impl_->throttle_for(key);
  if (!level || !level->depends_on_outcome()) return pace;
  bool rest_known = false;
  for (const ThrottleEntry& entry : *level->throttle) {
    if (!applies(entry, attempt.outcome, failed)) continue;
    if (!is_pause(entry)) {
      // The plain throttle is in the limits: the scheduler draws it itself.
      if (!rest_known && entry.when != When::always) {
        pace.rest = draw(entry.throttle, impl_->random);
      }
      rest_known = true;
    } else if (const auto asked = entry.retry_after ? attempt.retry_after : entry.pause) {
      pace.as_asked = pace.as_asked || entry.retry_after;
      const Duration pause = entry.at_most ? std::min(*asked, *entry.at_most) : *asked;
      pace.pause = std::max(pace.pause.value_or(pause), pause);
    }
  }
  return pace;
}

const Policy& Pacing::policy_for(std::string_view key) const {
  return impl_->any_policy ? impl_->rule_for(key).policy : policy();
}

const Policy& Pacing::policy() const { return impl_->command_line.policy; }
bool Pacing::has_policies() const { return impl_->any_policy; }
bool Pacing::retries() const { return impl_->any_retries; }

bool Pacing::by_outcome(std::string_view key) const {
  if (!impl_->any_by_outcome) return false;
  const Level* const level = impl_->throttle_for(key);
  return level && level->depends_on_outcome();
}

}  // namespace distaff
