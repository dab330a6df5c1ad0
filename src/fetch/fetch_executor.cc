#include "fetch/fetch_executor.h"

#include <fmt/format.h>
#include <signal.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/numbers.h"
#include "base/secrets.h"
#include "fetch/header_line.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

// A robots.txt that drips would make all jobs of its origin wait for ever.
constexpr Duration kLongestRobots = 2min;

// libcurl has 1 MiB for the head of a request, and takes a longer one for a lack of memory.
constexpr std::size_t kMostOfRequest = 1'000'000;

std::size_t head_size(const TransferRequest& request) {
  std::size_t size = request.url.size() + request.cookies.size();
  for (const std::string& line : request.headers) size += line.size();
  return size;
}

bool ends_jobs(int signal) {
  switch (signal) {
    case SIGTSTP:
    case SIGSTOP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case 0:
      return false;
    default:
      return true;
  }
}

// Who is asked by a redirect from elsewhere must not see these.
bool is_for_one_host(std::string_view line) {
  return is_secret_header(line.substr(0, line.find_first_of(":;"))) || is_field(line, "host");
}

// Content-Type and the like, of a body that is not sent.
bool describes_data(std::string_view line) {
  constexpr std::string_view kStart = "content-";
  return line.size() > kStart.size() && strncasecmp(line.data(), kStart.data(), kStart.size()) == 0;
}

constexpr std::string_view kCookie = "Cookie:";

HostCookies::Place place_of(const TransferUrl& url) {
  const std::string_view origin = url.origin;
  const std::size_t host = origin.find("://") + 3;
  return {origin.substr(host, origin.rfind(':') - host), url.path_and_query,
          origin.starts_with("https:")};
}

FetchSpec settings_of(const FetchExecutor::Options& options) {
  FetchSpec spec = options.spec;
  spec.body = options.to_events;
  return spec;
}

}  // namespace

FetchExecutor::FetchExecutor(Options options, EventLoop& loop, ExecEvents& events)
    : options_(std::move(options)),
      events_(events),
      settings_(settings_of(options_), options_.user_agent),
      loop_(loop, options_.slots) {}

FetchExecutor::~FetchExecutor() {
  for (auto& [id, job] : jobs_) {
    if (job.transfer) job.transfer->end();
    job.body.break_off();
  }
  static_cast<void>(finish());
}

Expected<void> FetchExecutor::finish() {
  if (std::exchange(finished_, true)) return {};
  return settings_.save_cookies();
}

std::unique_ptr<Transfer> FetchExecutor::take_transfer() {
  if (idle_.empty()) return std::make_unique<Transfer>(settings_, loop_);
  auto transfer = std::move(idle_.back());
  idle_.pop_back();
  return transfer;
}

void FetchExecutor::give_back(std::unique_ptr<Transfer> transfer) {
  if (!transfer) return;
  transfer->end();
  idle_.push_back(std::move(transfer));
}

// ---- starting

Executor::StartResult FetchExecutor::start(JobId id, const Launch& launch) {
  assert(launch.request && !jobs_.contains(id));
  if (!launch.request->no_host.empty()) {
    return {Start::failed, Outcome::bad_host(launch.request->no_host)};
  }
  Way way;
  if (auto known = ways_.extract(id)) {
    way = std::move(known.mapped());
  } else {
    way.url = launch.request->url;
    way.method = launch.request->method;
  }
  auto url = TransferUrl::read(way.url, options_.spec.protocols);
  if (!url) {
    return {Start::failed, Outcome::not_started(
                               0, fmt::format("'{}' {}", shown_url(way.url), url.error().message))};
  }
  Job& job = jobs_[id];
  job.id = id;
  job.started = job.moved_at = EventLoop::now();
  job.request = *launch.request;
  job.way = std::move(way);
  job.url = std::move(*url);
  const Duration stall = options_.spec.stall_timeout;
  if (stall.count() > 0 && !look_at_) look_at_ = job.started + stall / 4;
  if (!options_.spec.robots || !job.url.is_http || may_ask(job)) send(job);
  return {};
}

void FetchExecutor::send(Job& job) {
  if (options_.store != nullptr && !job.way.whole && job.request.method == "GET" &&
      !job.request.data) {
    job.part = options_.store->part(job.request);
  }
  job.known = known_of(job);
  TransferRequest request = request_of(job);
  if (const std::size_t size = head_size(request); size > kMostOfRequest) {
    return end_soon(job, Outcome::not_started(
                             0, fmt::format("its URL and header lines have {} bytes, and no more "
                                            "than {} can be sent",
                                            size, kMostOfRequest)));
  }
  if (!is_safe(job.way.method)) job.way.sent_unsafe = true;
  job.transfer = take_transfer();
  job.transfer->begin(std::move(request), *this, number(job.id));
}

TransferRequest FetchExecutor::request_of(Job& job) {
  TransferRequest request;
  request.url = job.way.url;
  request.path_at = job.url.path_at;
  request.method = job.way.method;
  if (!job.way.without_data) request.data = job.request.data;
  request.as_it_is = job.part.has_value() || !options_.spec.decode;
  // libcurl sends a request again if a connection from earlier broke before a byte came back.
  const bool only_once = !is_safe(job.way.method) && !options_.spec.retry_unsafe;
  request.fresh = only_once || job.fresh;
  add_headers(job, request);
  add_cookies(job, request);
  return request;
}

// Those of the command line, and those that the host has set.  A header of one's own that has
// cookies gets them too, but for an empty one, which says that there are to be none.
void FetchExecutor::add_cookies(const Job& job, TransferRequest& request) {
  if (!job.url.is_http) return;
  if (!job.way.elsewhere) request.cookies = settings_.cookies();
  if (cookies_.empty()) return;
  const std::string set = cookies_.line_for(place_of(job.url), std::time(nullptr));
  if (set.empty()) return;
  for (std::string& line : request.headers) {
    if (!is_field(line, "cookie")) continue;
    const std::string said = line.substr(kCookie.size());
    const bool says_none = said.find_first_not_of(" \t") == said.npos;
    if (!says_none) line = fmt::format("{} {}", kCookie, joined_cookies(said, set));
    return;
  }
  request.cookies = joined_cookies(request.cookies, set);
}

void FetchExecutor::take_cookies(Job& job) {
  const auto& lines = job.transfer->head().cookies;
  if (lines.empty() || !job.transfer->head_is_whole()) return;
  if (!job.url.is_http || settings_.keeps_cookies()) return;
  job.way.got_cookies = true;
  for (const std::string& line : lines) {
    cookies_.take(place_of(job.url), line, std::time(nullptr));
  }
}

void FetchExecutor::add_headers(const Job& job, TransferRequest& request) {
  for (const std::string& line : job.request.headers) {
    const bool stays = job.way.elsewhere && is_for_one_host(line);
    const bool is_of_data = job.way.without_data && describes_data(line);
    if (!stays && !is_of_data) request.headers.push_back(line);
  }
  if (job.part) {
    request.headers.push_back(fmt::format("Range: bytes={}-", job.part->bytes));
    request.headers.push_back("If-Range: " + job.part->validator);
    return;
  }
  add_conditions(job, request);
}

// ---- bodies that wait

void FetchExecutor::read_again(JobId job) {
  if (jobs_.contains(job)) resumed_.push_back(job);
}

void FetchExecutor::read_again() {
  for (const auto& [id, job] : jobs_) {
    if (job.transfer && (job.transfer->paused() || job.has_come)) resumed_.push_back(id);
  }
}

void FetchExecutor::resume_paused() {
  for (const JobId id : std::exchange(resumed_, {})) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || !found->second.transfer) continue;
    Job& job = found->second;
    if (job.has_come) {
      body_has_come(job);
    } else {
      job.transfer->resume();
    }
  }
}

// ---- ends

void FetchExecutor::signal(JobId id, int signal) {
  const auto found = jobs_.find(id);
  if (found != jobs_.end() && ends_jobs(signal)) {
    end_soon(found->second, Outcome::signalled(signal));
  }
}

void FetchExecutor::signal_all(int signal) {
  if (!ends_jobs(signal)) return;
  for (auto& [id, job] : jobs_) end_soon(job, Outcome::signalled(signal));
}

void FetchExecutor::end_soon(Job& job, Outcome outcome) {
  if (job.verdict) return;
  job.verdict = std::move(outcome);
  doomed_.push_back(job.id);
}

void FetchExecutor::end_the_doomed() {
  for (const JobId id : std::exchange(doomed_, {})) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) continue;
    Job& job = found->second;
    if (!job.verdict) {
      if (job.rests) rest(job);
      continue;
    }
    if (robots_stalled(job)) continue;
    job.body.break_off();
    Attempt attempt = attempt_of(job, *job.verdict);
    attempt.told = job.verdict->kind == Outcome::Kind::signalled;
    if (job.robots_failed) attempt.once_only = true;
    leave_robots(job);
    end(job, attempt);
  }
}

// It came while its origin's robots.txt is not to be asked for yet.
void FetchExecutor::rest(Job& job) {
  Attempt attempt;
  attempt.outcome = Outcome::broken(Outcome::Broken::refused, "");
  attempt.again_in = job.rests;
  hop(job, attempt);
}

void FetchExecutor::end(Job& job, const Attempt& attempt) {
  const JobId id = job.id;
  give_back(std::move(job.transfer));
  jobs_.erase(id);
  events_.on_end(id, attempt);
  events_.on_closed(id, false);
}

void FetchExecutor::hop(Job& job, const Attempt& attempt) {
  const JobId id = job.id;
  give_back(std::move(job.transfer));
  const std::string url = job.way.url;
  ways_.emplace(id, std::move(job.way));
  jobs_.erase(id);
  events_.on_hop(id, attempt, url);
}

// ---- time

std::optional<TimePoint> FetchExecutor::wake_at() const {
  if (!doomed_.empty() || !resumed_.empty()) return TimePoint{};
  auto at = loop_.wake_at();
  if (look_at_ && (!at || *look_at_ < *at)) at = look_at_;
  return at;
}

void FetchExecutor::tick(TimePoint now) {
  loop_.tick(now);
  while (const auto over = loop_.next_done()) {
    settings_.on_done();
    Job& job = job_of(Transfer::of(over->easy));
    done(job, over->code);
  }
  resume_paused();
  if (look_at_ && *look_at_ <= now) look_for_stalled(now);
  end_the_doomed();
}

// Looked at four times in the time that is allowed, so it takes up to a quarter more.
void FetchExecutor::look_for_stalled(TimePoint now) {
  const Duration stall = options_.spec.stall_timeout;
  look_at_.reset();
  if (jobs_.empty()) return;
  look_at_ = now + stall / 4;
  const Duration whole = std::max(stall, kLongestRobots);
  for (auto& [id, job] : jobs_) {
    if (!job.transfer) continue;
    if (job.asks_robots && now - job.started >= whole) {
      end_soon(job, Outcome::broken(Outcome::Broken::timeout,
                                    fmt::format("not whole within {}", format_duration(whole))));
    }
    const std::uint64_t moved = job.transfer->head_bytes() + job.transfer->moved();
    const bool is_ours = job.transfer->paused() || job.has_come || !job.transfer->is_connected();
    if (is_ours || moved != job.moved) {
      job.moved = moved;
      job.moved_at = now;
    } else if (now - job.moved_at >= stall) {
      end_soon(job, Outcome::broken(Outcome::Broken::timeout,
                                    fmt::format("nothing came for {} (--stall-timeout)",
                                                format_duration(stall))));
    }
  }
}

}  // namespace distaff
