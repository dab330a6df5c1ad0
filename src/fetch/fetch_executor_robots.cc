// robots.txt: who asks for it, who waits, and what then becomes of them.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/numbers.h"
#include "fetch/fetch_executor.h"
#include "fetch/transfer_failure.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;
using Broken = Outcome::Broken;

constexpr std::string_view kAgent = "distaff";
constexpr std::size_t kMostText = 512 << 10;  // beyond it, nothing is read
constexpr int kMostRedirects = 5;             // then it is as if there were none
constexpr Duration kHolds = 24h;
constexpr Duration kTroubleHolds = 5min;
constexpr Duration kLongestDelay = 60s;

Duration rest_of(const Robots& robots) {
  return std::min(robots.crawl_delay().value_or(Duration{0}), kLongestDelay);
}

std::string unreadable(const std::string& host, const std::string& why) {
  return fmt::format("robots.txt of {} could not be read ({}), which forbids all", host, why);
}

}  // namespace

// Whether the job's request may be made now.  If not, what becomes of it is under way.
bool FetchExecutor::may_ask(Job& job) {
  const RobotsCache::Entry* known = robots_.find(job.url.origin, job.started);
  if (known == nullptr) {
    ask_robots(job);
    return false;
  }
  if (!known->trouble.empty()) {
    end_soon(job, Outcome::broken(Broken::refused, unreadable(job.url.host, known->trouble)));
    return false;
  }
  if (!known->robots.allows(job.url.path_and_query)) {
    end_soon(job, Outcome::broken(Broken::refused,
                                  fmt::format("robots.txt of {} forbids it", job.url.host)));
    return false;
  }
  job.rest = rest_of(known->robots);
  return true;
}

void FetchExecutor::ask_robots(Job& job) {
  auto& waiting = asking_[job.url.origin];
  waiting.push_back(job.id);
  if (waiting.size() == 1) send_robots(job, job.url.origin + "/robots.txt");
}

void FetchExecutor::send_robots(Job& job, std::string url) {
  job.asks_robots = true;
  TransferRequest request;
  request.url = std::move(url);
  request.cookies = false;
  request.as_it_is = true;
  job.transfer = take_transfer();
  job.transfer->begin(std::move(request), *this, number(job.id));
}

std::optional<TakenBytes> FetchExecutor::take_robots(Job& job, std::string_view bytes) {
  std::string& text = job.robots_text;
  text += bytes.substr(0, kMostText - text.size());
  if (text.size() == kMostText) return {};
  return TakenBytes{bytes.size()};
}

void FetchExecutor::robots_done(Job& job, int code) {
  const int status = job.transfer->head().status;
  const bool was_cut = job.robots_text.size() == kMostText;
  RobotsCache::Entry entry;
  std::optional<Outcome> failure;
  Duration holds = kHolds;
  if (code != 0 && !was_cut) {
    failure = failure_of(code, *job.transfer, options_.spec, job.robots_text.size());
    failure->reason = unreadable(job.url.host, failure->reason);
  } else if (status >= 200 && status <= 299) {
    entry.robots = Robots::parse(plain_text(job), kAgent);
    warn_of_delay(job.url.host, entry.robots);
  } else if (status >= 500) {
    entry = {Robots::disallow_all(), fmt::format("HTTP {}", status)};
    failure = Outcome::broken(Broken::refused, unreadable(job.url.host, entry.trouble));
    holds = kTroubleHolds;
  } else if (follow_robots(job, status)) {
    return;
  }
  const std::string origin = job.url.origin;
  auto retry_after = status > 299 ? job.transfer->head().retry_after : std::nullopt;
  if (retry_after) *retry_after = std::min(*retry_after, options_.spec.longest_retry_after);
  if (code == 0 || was_cut) robots_.put(origin, entry, EventLoop::now() + holds);
  robots_known(origin, status, entry, failure, retry_after);
}

// Some send it packed though nobody offered that.  Of one that is cut, what there is.
std::string FetchExecutor::plain_text(const Job& job) {
  const std::string& encodings = job.transfer->head().encodings;
  if (encodings.empty() || !BodyDecoder::knows(encodings)) return job.robots_text;
  BodyDecoder decoder(encodings);
  std::string text;
  std::string_view rest = job.robots_text;
  const auto take = [&] {
    const std::size_t size = decoder.ready().size();
    text += decoder.ready().substr(0, kMostText - text.size());
    decoder.consume(size);
    return size > 0 && text.size() < kMostText;
  };
  while (!rest.empty() && decoder.state() != Decoding::broken) {
    const std::size_t fed = decoder.feed(rest);
    rest.remove_prefix(fed);
    if (!take() && fed == 0) break;
  }
  do {
    decoder.finish();
  } while (take());
  return text;
}

// Of one server: a list of thousands may have many that ask for it.
void FetchExecutor::warn_of_delay(const std::string& host, const Robots& robots) {
  const Duration asked = robots.crawl_delay().value_or(Duration{0});
  if (asked <= kLongestDelay || std::exchange(warned_of_delay_, true)) return;
  options_.warn(
      fmt::format("robots.txt of {} asks for a rest of {} (Crawl-delay): {} are kept, as with all "
                  "that ask for more; --throttle {} would keep it",
                  host, format_duration(asked), format_duration(kLongestDelay),
                  std::chrono::ceil<std::chrono::seconds>(asked).count()));
}

// True if another request is on its way.
bool FetchExecutor::follow_robots(Job& job, int status) {
  if (status < 300 || status > 399) return false;
  std::string url = job.transfer->redirect();
  if (url.empty() || job.robots_redirects == kMostRedirects) return false;
  if (!TransferUrl::read(url, options_.spec.protocols)) return false;
  ++job.robots_redirects;
  job.robots_text.clear();
  give_back(std::move(job.transfer));
  send_robots(job, std::move(url));
  return true;
}

void FetchExecutor::robots_known(const std::string& origin, int status,
                                 const RobotsCache::Entry& entry,
                                 const std::optional<Outcome>& failure,
                                 std::optional<Duration> retry_after) {
  auto waiting = asking_.extract(origin);
  for (const JobId id : waiting.mapped()) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || found->second.verdict) continue;
    Job& job = found->second;
    Attempt attempt;
    attempt.outcome = failure ? *failure : Outcome::responded(status);
    attempt.usage.wall = EventLoop::now() - job.started;
    attempt.rest_at_least = rest_of(entry.robots);
    attempt.retry_after = retry_after;
    if (failure) {
      end(job, attempt);
    } else {
      hop(job, attempt);
    }
  }
}

// It ends before the answer is known: if it is the one that asks, the next does so.
void FetchExecutor::leave_robots(Job& job) {
  const auto found = asking_.find(job.url.origin);
  if (found == asking_.end()) return;
  auto& waiting = found->second;
  const bool asks = waiting.front() == job.id;
  std::erase(waiting, job.id);
  if (waiting.empty()) {
    asking_.erase(found);
  } else if (asks) {
    send_robots(jobs_.at(waiting.front()), job.url.origin + "/robots.txt");
  }
}

}  // namespace distaff
