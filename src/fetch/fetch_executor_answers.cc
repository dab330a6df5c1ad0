// What comes back: where bodies go, redirects, and what an attempt came to.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "fetch/fetch_executor.h"
#include "fetch/transfer_failure.h"

namespace distaff {
namespace {

using Broken = Outcome::Broken;
using Where = TransferBody::Plan::Where;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_good(int status) { return status >= 200 && status <= 299; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// "text/html", of "Text/HTML; charset=utf-8"
std::string media_type(std::string_view type) {
  std::string result(type.substr(0, type.find(';')));
  while (!result.empty() && result.back() == ' ') result.pop_back();
  for (char& c : result) c = lower(c);
  return result;
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

}  // namespace

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
  const auto attempt = [&] { return attempt_of(job, Outcome::responded(status)); };
  if (job.again) {
    job.way.whole = true;
    return hop(job, attempt());
  }
  if (is_redirect(status) && options_.spec.max_redirects > 0) {
    std::string url = job.transfer->redirect();
    if (!url.empty()) return redirected(job, attempt(), std::move(url));
  }
  job.path = job.body.failure() ? "" : job.body.finish();
  if (job.body.end_of_store()) options_.on_store_end(*job.body.end_of_store());
  if (!job.body.failure()) return end(job, attempt());
  job.body.break_off();
  end(job, attempt_of(job, *job.body.failure()));
}

void FetchExecutor::redirected(Job& job, Attempt attempt, std::string url) {
  auto target = TransferUrl::read(url, options_.spec.protocols);
  const auto refuse = [&](std::string why) {
    attempt.outcome = Outcome::broken(Broken::redirect, std::move(why));
    end(job, attempt);
  };
  if (!target) {
    return refuse(
        fmt::format("redirect to '{}', which {}", shown_url(url), target.error().message));
  }
  if (job.way.redirects == options_.spec.max_redirects) {
    return refuse(fmt::format("more than {} redirects (--max-redirects), the last to {}",
                              options_.spec.max_redirects, shown_url(url)));
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
  const bool came = attempt.outcome.kind == Outcome::Kind::responded;
  const bool was_sent = job.transfer && !job.asks_robots && (came || job.transfer->was_sent());
  attempt.once_only =
      job.way.sent_unsafe && (was_sent || job.way.redirects > 0) && !options_.spec.retry_unsafe;
  if (!was_sent && job.way.redirects == 0) return attempt;
  auto response = std::make_shared<Response>();
  response->url = job.way.url;
  if (was_sent) {
    const TransferHead& head = job.transfer->head();
    // What is not HTTP has no such status, or one of its own.
    response->status = !job.url.is_http && came ? attempt.outcome.value : head.status;
    response->mime = media_type(head.type);
    response->bytes = job.body.bytes();
    response->path = job.path;
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

}  // namespace distaff
