// robots.txt: who asks for it, who waits, and what then becomes of them.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/numbers.h"
#include "fetch/fetch_executor.h"
#include "fetch/transfer_failure.h"
#include "os/spare_memory.h"

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

// No statement that there is none, but that there is no answer for now.
bool is_trouble(int status) {
  return status >= 500 || status == 429 || status == 408 || status == 425;
}

std::string unreadable(const std::string& host, const std::string& why, int tries) {
  return fmt::format("robots.txt of {} could not be read ({}{}), which forbids all", host, why,
                     tries > 1 ? fmt::format(", {} tries", tries) : "");
}

}  // namespace

// Whether the job's request may be made now.  If not, what becomes of it is under way.
bool FetchExecutor::may_ask(Job& job) {
  const RobotsCache::Entry* known = robots_.find(job.url.origin, job.started);
  if (known == nullptr) {
    const auto tried = tried_.find(job.url.origin);
    if (tried == tried_.end() || tried->second.again_at <= job.started) {
      ask_robots(job);
    } else {
      job.rests = tried->second.again_at - job.started;
      doomed_.push_back(job.id);
    }
    return false;
  }
  if (known->failure) {
    job.robots_failed = true;
    end_soon(job, *known->failure);
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
  Attempt attempt;
  attempt.outcome = Outcome::responded(status);
  if (status > 299) attempt.retry_after = job.transfer->head().retry_after;
  if (attempt.retry_after) {
    *attempt.retry_after = std::min(*attempt.retry_after, options_.spec.longest_retry_after);
  }
  const bool has_head = status == 0 || job.transfer->head_is_whole();
  if ((code != 0 || !has_head) && !was_cut) {
    attempt.outcome = failure_of(code, *job.transfer, options_.spec, job.robots_text.size());
    return robots_failed(job, std::move(attempt), job.transfer->socket_error() != 0);
  }
  if (is_trouble(status)) return robots_failed(job, std::move(attempt));
  RobotsCache::Entry entry;
  if (status >= 200 && status <= 299) {
    const auto text = status == 206 ? std::nullopt : plain_text(job);
    if (!text) {
      attempt.outcome = Outcome::broken(Broken::cut, "only a part of it came");
      return robots_failed(job, std::move(attempt));
    }
    entry.robots = Robots::parse(*text, kAgent);
    warn_of_delay(job.url.host, entry.robots);
  } else if (follow_robots(job, status)) {
    return;
  }
  const std::string origin = job.url.origin;
  attempt.rest_at_least = rest_of(entry.robots);
  robots_.put(origin, entry, EventLoop::now() + kHolds);
  robots_known(origin, entry, attempt);
}

// Some send it packed though nobody offered that.  Nothing: it is cut, and not by us.
std::optional<std::string> FetchExecutor::plain_text(const Job& job) {
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
  const bool is_ours = text.size() == kMostText || job.robots_text.size() == kMostText;
  const bool is_cut = decoder.state() == Decoding::cut || decoder.state() == Decoding::broken;
  return is_cut && !is_ours ? std::nullopt : std::optional(std::move(text));
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
  const TransferHead& head = job.transfer->head();
  if (head.location.empty() || job.robots_redirects == kMostRedirects) return false;
  auto url = redirect_url(job.transfer->request().url, head.location);
  if (!url || !TransferUrl::read(*url, options_.spec.protocols)) return false;
  ++job.robots_redirects;
  job.robots_text.clear();
  give_back(std::move(job.transfer));
  send_robots(job, *std::move(url));
  return true;
}

// Those that wait for an answer, and go on; they have begun to end otherwise if they have a
// verdict.
std::vector<FetchExecutor::Job*> FetchExecutor::take_waiting(const std::string& origin) {
  std::vector<Job*> jobs;
  const auto waiting = asking_.extract(origin);
  for (const JobId id : waiting.mapped()) {
    const auto found = jobs_.find(id);
    if (found != jobs_.end() && !found->second.verdict) jobs.push_back(&found->second);
  }
  return jobs;
}

void FetchExecutor::robots_known(const std::string& origin, const RobotsCache::Entry& entry,
                                 const Attempt& attempt) {
  tried_.erase(origin);
  for (Job* const job : take_waiting(origin)) {
    Attempt own = attempt;
    own.usage.wall = EventLoop::now() - job->started;
    if (entry.failure) {
      own.outcome = *entry.failure;
      own.once_only = true;
      end(*job, own);
    } else {
      hop(*job, own);
    }
  }
}

// There is no answer, as far as the job knows that asked for it.  A failure of ours (there was no
// descriptor) says nothing of the server, so the next job asks.
void FetchExecutor::robots_failed(Job& job, Attempt attempt, bool is_ours) {
  const std::string origin = job.url.origin;
  Tried& tried = tried_[origin];
  ++tried.tries;
  const auto again_in = events_.again_in(job.id, attempt, tried.tries);
  if (again_in) return try_robots_again(origin, job.id, std::move(attempt), *again_in);
  RobotsCache::Entry entry{Robots::disallow_all(), attempt.outcome};
  Outcome& failure = *entry.failure;
  if (failure.kind == Outcome::Kind::responded) {
    failure = Outcome::broken(Broken::refused, fmt::format("HTTP {}", failure.value));
  }
  if (failure.kind == Outcome::Kind::timed_out) {
    failure = Outcome::broken(Broken::timeout, std::move(failure.reason));
  }
  failure.reason = unreadable(job.url.host, failure.reason, tried.tries);
  if (!is_ours && !memory_ran_out()) {
    const Duration holds = std::max(kTroubleHolds, attempt.retry_after.value_or(Duration{0}));
    robots_.put(origin, entry, EventLoop::now() + holds);
  }
  robots_known(origin, entry, attempt);
}

// The group of a job learns once what the server said.
void FetchExecutor::try_robots_again(const std::string& origin, JobId asked, Attempt attempt,
                                     Duration wait) {
  const TimePoint now = EventLoop::now();
  tried_[origin].again_at = now + wait;
  attempt.again_in = wait;
  Attempt others;
  others.outcome = Outcome::broken(Broken::refused, "");
  others.again_in = wait;
  for (Job* const job : take_waiting(origin)) {
    Attempt& own = job->id == asked ? attempt : others;
    own.usage.wall = now - job->started;
    hop(*job, own);
  }
}

// It ends before the answer is known.  If it is the one that asks, its time is up, which all that
// wait are told: each of them would wait as long in vain.
void FetchExecutor::leave_robots(Job& job) {
  const auto found = asking_.find(job.url.origin);
  if (found == asking_.end()) return;
  if (!job.asks_robots) {
    std::erase(found->second, job.id);
    return;
  }
  Attempt attempt;
  attempt.outcome = {Outcome::Kind::timed_out, 0, "it took too long"};
  robots_failed(job, std::move(attempt));
}

// True if that is what the job has its verdict for.
bool FetchExecutor::robots_stalled(Job& job) {
  if (!job.asks_robots || job.verdict->kind != Outcome::Kind::broken) return false;
  Attempt attempt;
  attempt.outcome = *std::exchange(job.verdict, std::nullopt);
  robots_failed(job, std::move(attempt));
  return true;
}

}  // namespace distaff
