#include "fetch/fetch_executor.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "fetch/transfer_failure.h"

namespace distaff {
namespace {

using Broken = Outcome::Broken;
using Where = TransferBody::Plan::Where;

// They do something when they are sent, and again when they are sent again.
bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_good(int status) { return status >= 200 && status <= 299; }

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

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// "text/html", of "Text/HTML; charset=utf-8"
std::string media_type(std::string_view type) {
  std::string result(type.substr(0, type.find(';')));
  while (!result.empty() && result.back() == ' ') result.pop_back();
  for (char& c : result) c = lower(c);
  return result;
}

bool is_field(std::string_view line, std::string_view name) {
  if (line.size() <= name.size()) return false;
  const char end = line[name.size()];
  return (end == ':' || end == ';') && std::equal(name.begin(), name.end(), line.begin(),
                                                  [](char a, char b) { return a == lower(b); });
}

// Who is asked by another host than the user meant must not see these.
bool is_for_one_host(std::string_view line) {
  return is_field(line, "authorization") || is_field(line, "cookie") || is_field(line, "host");
}

// What a Content-Range says the body begins with: "bytes 500-999/1000".
std::optional<std::uint64_t> first_byte(std::string_view range) {
  constexpr std::string_view kUnit = "bytes ";
  if (!range.starts_with(kUnit)) return {};
  range.remove_prefix(kUnit.size());
  std::uint64_t first = 0;
  const auto read = std::from_chars(range.data(), range.data() + range.size(), first);
  if (read.ec != std::errc() || read.ptr == range.data() + range.size() || *read.ptr != '-') {
    return {};
  }
  return first;
}

bool has_validator(const TransferHead& head) {
  return (!head.etag.empty() && !head.etag.starts_with("W/")) || !head.last_modified.empty();
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
  finish();
}

void FetchExecutor::finish() {
  if (std::exchange(finished_, true)) return;
  settings_.save_cookies();
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
                               0, fmt::format("'{}' {}", printable(way.url), url.error().message))};
  }
  Job& job = jobs_[id];
  job.id = id;
  job.started = job.moved_at = EventLoop::now();
  job.request = *launch.request;
  job.way = std::move(way);
  job.url = std::move(*url);
  const Duration stall = options_.spec.stall_timeout;
  if (stall.count() > 0 && !look_at_) look_at_ = job.started + stall;
  if (!options_.spec.robots || !job.url.is_http || may_ask(job)) send(job);
  return {};
}

void FetchExecutor::send(Job& job) {
  if (options_.store != nullptr && !job.way.whole && job.request.method == "GET" &&
      !job.request.data) {
    job.part = options_.store->part(job.request);
  }
  if (!is_safe(job.way.method)) job.way.sent_unsafe = true;
  job.transfer = take_transfer();
  job.transfer->begin(request_of(job), *this, number(job.id));
}

TransferRequest FetchExecutor::request_of(Job& job) const {
  TransferRequest request;
  request.url = job.way.url;
  request.method = job.way.method;
  if (!job.way.without_data) request.data = job.request.data;
  request.as_it_is = job.part.has_value();
  request.cookies = !job.way.elsewhere;
  // libcurl sends a request again if a connection from earlier broke before a byte came back.
  const bool only_once = !is_safe(job.way.method) && !options_.spec.retry_unsafe;
  request.fresh = only_once || job.fresh;
  add_headers(job, request);
  return request;
}

void FetchExecutor::add_headers(const Job& job, TransferRequest& request) const {
  for (const std::string& line : job.request.headers) {
    const bool stays = job.way.elsewhere && is_for_one_host(line);
    const bool is_of_data = job.way.without_data && is_field(line, "content-type");
    if (!stays && !is_of_data) request.headers.push_back(line);
  }
  if (job.part) {
    request.headers.push_back(fmt::format("Range: bytes={}-", job.part->bytes));
    request.headers.push_back("If-Range: " + job.part->validator);
    return;
  }
  if (options_.conditions == nullptr) return;
  const auto known = options_.conditions->find(job.request.url);
  if (!known) return;
  if (!known->etag.empty()) request.headers.push_back("If-None-Match: " + known->etag);
  if (!known->last_modified.empty()) {
    request.headers.push_back("If-Modified-Since: " + known->last_modified);
  }
}

// ---- bodies

std::optional<std::size_t> FetchExecutor::on_body(Transfer& transfer, std::string_view bytes) {
  Job& job = job_of(transfer);
  if (job.asks_robots) return take_robots(job, bytes);
  if (!job.body.begun()) begin_body(job);
  return job.body.take(bytes);
}

void FetchExecutor::begin_body(Job& job) {
  const TransferHead& head = job.transfer->head();
  job.mime = media_type(head.type);
  job.final_url = job.way.url.substr(0, job.way.url.find('#'));
  BodyHead body;
  body.url = job.final_url;
  body.mime = job.mime;
  body.etag = head.etag;
  body.last_modified = head.last_modified;
  body.resumable = job.way.method == "GET" && !job.request.data && !head.encoded &&
                   !head.no_ranges && (head.status == 200 || job.part) && has_validator(head);
  const TransferBody::Plan where = plan(job);
  job.again = job.part && (head.status == 416 || (head.status == 206 && where.from == 0));
  job.body.begin(where, options_.store, job.request, body,
                 [this, id = job.id](std::string_view bytes) { return give_out(id, bytes); });
}

TransferBody::Plan FetchExecutor::plan(Job& job) const {
  const TransferHead& head = job.transfer->head();
  TransferBody::Plan plan;
  plan.most = options_.spec.max_size;
  if (!head.encoded) plan.said = job.transfer->said_length();
  if (job.url.is_http && !is_good(head.status)) return plan;
  if (job.part && head.status == 206) {
    if (first_byte(head.range) != job.part->bytes) return plan;
    plan.from = job.part->bytes;
  }
  const bool has_none = job.way.method == "HEAD" || head.status == 204 || head.status == 205;
  plan.where = options_.to_events                      ? Where::output
               : options_.store == nullptr || has_none ? Where::counted
                                                       : Where::store;
  return plan;
}

std::size_t FetchExecutor::give_out(JobId job, std::string_view bytes) {
  std::size_t given = 0;
  while (given < bytes.size()) {
    const std::size_t room = events_.room(job, Stream::out).most;
    if (room == 0) break;
    const std::string_view part = bytes.substr(given, room);
    events_.on_output(job, Stream::out, part);
    given += part.size();
  }
  return given;
}

void FetchExecutor::read_again(JobId job) {
  if (jobs_.contains(job)) resumed_.push_back(job);
}

void FetchExecutor::read_again() {
  for (const auto& [id, job] : jobs_) {
    if (job.transfer && job.transfer->paused()) resumed_.push_back(id);
  }
}

void FetchExecutor::resume_paused() {
  for (const JobId id : std::exchange(resumed_, {})) {
    const auto found = jobs_.find(id);
    if (found != jobs_.end() && found->second.transfer) found->second.transfer->resume();
  }
}

// ---- answers

void FetchExecutor::done(Job& job, int code) {
  if (job.asks_robots) return robots_done(job, code);
  if (!job.body.failure() && code != 0 && !job.body.was_cut()) {
    if (send_again(job)) return;
    const Outcome failure = failure_of(code, *job.transfer, options_.spec, job.body.received());
    job.body.break_off();
    return end(job, attempt_of(job, failure));
  }
  if (!job.body.begun()) begin_body(job);
  answered(job);
}

// A server that is about to close a connection of many requests (HTTP/2 GOAWAY) refuses new ones on
// it; libcurl tries that connection a few times more, and gives up.
bool FetchExecutor::send_again(Job& job) {
  const bool came_to_nothing = job.transfer->on_old_connection() && job.transfer->was_sent() &&
                               job.transfer->head_bytes() == 0 && !job.transfer->flooded();
  if (!came_to_nothing || job.fresh || !is_safe(job.way.method)) return false;
  job.fresh = true;
  give_back(std::move(job.transfer));
  send(job);
  return true;
}

void FetchExecutor::answered(Job& job) {
  const int status = job.url.is_http ? job.transfer->head().status : 200;
  Attempt attempt = attempt_of(job, Outcome::responded(status));
  if (job.again) {
    job.way.whole = true;
    return hop(job, attempt);
  }
  if (is_redirect(status) && options_.spec.max_redirects > 0) {
    std::string url = job.transfer->redirect();
    if (!url.empty()) return redirected(job, std::move(attempt), std::move(url));
  }
  const std::string path = job.body.failure() ? "" : job.body.finish();
  if (job.body.end_of_store()) options_.on_store_end(*job.body.end_of_store());
  if (job.body.failure()) {
    job.body.break_off();
    return end(job, attempt_of(job, *job.body.failure()));
  }
  if (!path.empty()) {
    auto response = std::make_shared<Response>(*attempt.response);
    response->path = path;
    attempt.response = std::move(response);
  }
  end(job, attempt);
}

void FetchExecutor::redirected(Job& job, Attempt attempt, std::string url) {
  auto target = TransferUrl::read(url, options_.spec.protocols);
  const auto refuse = [&](std::string why) {
    attempt.outcome = Outcome::broken(Broken::redirect, std::move(why));
    end(job, attempt);
  };
  if (!target) {
    return refuse(
        fmt::format("redirect to '{}', which {}", printable(url), target.error().message));
  }
  if (job.way.redirects == options_.spec.max_redirects) {
    return refuse(fmt::format("more than {} redirects (--max-redirects), the last to {}",
                              options_.spec.max_redirects, printable(url)));
  }
  ++job.way.redirects;
  if (target->origin != job.url.origin) job.way.elsewhere = true;
  job.way.url = std::move(url);
  follow(job.way, attempt.outcome.value);
  hop(job, attempt);
}

// As browsers do, and curl.
void FetchExecutor::follow(Way& way, int status) const {
  const bool becomes_get = (status == 303 && way.method != "HEAD" && way.method != "GET") ||
                           ((status == 301 || status == 302) && way.method == "POST");
  if (!becomes_get) return;
  way.method = "GET";
  way.without_data = true;
}

Attempt FetchExecutor::attempt_of(const Job& job, Outcome outcome) const {
  Attempt attempt;
  attempt.outcome = std::move(outcome);
  attempt.usage.wall = EventLoop::now() - job.started;
  attempt.rest_at_least = job.rest;
  const bool was_sent = job.transfer && !job.asks_robots && job.transfer->was_sent();
  attempt.once_only =
      job.way.sent_unsafe && (was_sent || job.way.redirects > 0) && !options_.spec.retry_unsafe;
  if (!was_sent && job.way.redirects == 0) return attempt;
  auto response = std::make_shared<Response>();
  response->url = job.way.url;
  if (was_sent) {
    const TransferHead& head = job.transfer->head();
    response->status = head.status;
    response->mime = media_type(head.type);
    response->bytes = job.body.bytes();
    response->etag = head.etag;
    response->last_modified = head.last_modified;
    if (!is_good(head.status)) attempt.retry_after = job.transfer->retry_after();
    if (attempt.retry_after) {
      *attempt.retry_after = std::min(*attempt.retry_after, options_.spec.longest_retry_after);
    }
  }
  attempt.response = std::move(response);
  return attempt;
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
    if (found == jobs_.end() || !found->second.verdict) continue;
    Job& job = found->second;
    job.body.break_off();
    const Attempt attempt = attempt_of(job, *job.verdict);
    leave_robots(job);
    end(job, attempt);
  }
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
  for (auto& [id, job] : jobs_) {
    if (!job.transfer) continue;
    const std::uint64_t moved = job.transfer->head_bytes() + job.transfer->moved();
    const bool is_ours = job.transfer->paused() || !job.transfer->is_connected();
    if (is_ours || moved != job.moved) {
      job.moved = moved;
      job.moved_at = now;
    } else if (now - job.moved_at >= stall) {
      end_soon(job,
               Outcome::broken(Broken::timeout, fmt::format("nothing came for {} (--stall-timeout)",
                                                            format_duration(stall))));
    }
  }
}

}  // namespace distaff
