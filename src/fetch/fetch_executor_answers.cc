// What comes back: where bodies go, redirects, and what an attempt came to.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "fetch/fetch_executor.h"
#include "fetch/header_line.h"
#include "fetch/media_types.h"
#include "fetch/transfer_failure.h"

namespace distaff {
namespace {

using Broken = Outcome::Broken;
using Where = TransferBody::Plan::Where;

bool is_redirect(int status) {
  return status == 300 || status == 301 || status == 302 || status == 303 || status == 307 ||
         status == 308;
}

bool is_good(int status) { return status >= 200 && status <= 299; }

// Where they lead in a circle, a cookie may be for another host of the domain.
constexpr std::string_view kOfCookies =
    "; cookies were set on the way, which go only to the host that sets them: with --cookie-jar "
    "FILE also to others of its domain";

// The body is not all that there is, whatever the status says.
bool is_part(const TransferHead& head) {
  if (head.status == 206) return true;
  const auto range = head.status == 200 ? ContentRange::read(head.range) : std::nullopt;
  return range && (range->first > 0 || (range->total && range->last + 1 < *range->total));
}

// As a server may that does not know ranges, or what is in front of it: it may well give the whole.
bool refuses_ranges(int status) {
  return status == 304 || status == 400 || status == 403 || status == 405 || status == 412 ||
         status == 416 || status == 417 || status == 500 || status == 501 || status == 505;
}

// A short range is asked on, up to so many that bring little.
constexpr std::uint64_t kLittle = 64 << 10;
constexpr int kMostLittle = 20;

}  // namespace

// ---- bodies

std::optional<TakenBytes> FetchExecutor::on_body(Transfer& transfer, std::string_view bytes) {
  Job& job = job_of(transfer);
  if (job.asks_robots) return take_robots(job, bytes);
  if (job.way.method == "HEAD") return TakenBytes{bytes.size()};  // by FTP, of libcurl's making
  if (!job.body.begun()) begin_body(job);
  return job.body.take(bytes);
}

void FetchExecutor::begin_body(Job& job) {
  const TransferHead& head = job.transfer->head();
  job.final_url = job.way.url.substr(0, job.way.url.find('#'));
  job.range.reset();
  if (head.status == 206 && job.part) job.range = continuation(*job.part, head, job.final_url);
  job.again = job.part && !job.range && (is_part(head) || refuses_ranges(head.status));
  // The head of a part need not say again what that of the whole said (RFC 9110 15.3.7).
  job.mime = job.range ? job.part->mime : media_type(head.type);
  BodyHead body;
  body.url = job.final_url;
  body.mime = job.mime;
  body.etag = job.range ? job.part->etag : head.etag;
  body.last_modified = job.range ? job.part->last_modified : head.last_modified;
  TransferBody::Plan plan = plan_of(job);
  if (job.range) {
    body.validator = job.part->validator;
    body.total = job.range->total;
  } else if (may_be_continued(job)) {
    body.validator = strong_validator(head);
    body.total = plan.said;
  }
  job.body.begin(std::move(plan), options_.store, job.request, body,
                 [this, id = job.id](std::string_view bytes) { return give_out(id, bytes); });
}

bool FetchExecutor::may_be_continued(const Job& job) const {
  const TransferHead& head = job.transfer->head();
  return job.way.method == "GET" && !job.request.data && head.status == 200 && !head.no_ranges &&
         head.encodings.empty();
}

// By a header of the user's.
bool FetchExecutor::asks_for_part(const Job& job) {
  return std::any_of(job.request.headers.begin(), job.request.headers.end(),
                     [](const std::string& line) { return is_field(line, "range"); });
}

// A part that nobody asked for.
bool FetchExecutor::is_unasked(const Job& job) {
  return job.url.is_http && is_part(job.transfer->head()) && !job.part && !asks_for_part(job);
}

// The part that the user asked for is not all there.
bool FetchExecutor::is_short_part(const Job& job) {
  const TransferHead& head = job.transfer->head();
  const bool is_alone = head.status == 206 && !job.part && head.encodings.empty() &&
                        !head.several_parts() && job.way.method != "HEAD";
  const auto range = is_alone ? ContentRange::read(head.range) : std::nullopt;
  return range && range->size() != job.body.received();
}

TransferBody::Plan FetchExecutor::plan_of(const Job& job) const {
  const TransferHead& head = job.transfer->head();
  TransferBody::Plan plan;
  plan.most = options_.spec.max_size;
  if (head.encodings.empty()) plan.said = job.transfer->said_length();
  if (job.url.is_http && (!is_good(head.status) || job.again || is_unasked(job))) return plan;
  if (job.range) {
    plan.part = &*job.part;
    plan.exactly = job.range->size();
  }
  // A 205 is to have none, and some have.
  const bool has_none =
      job.way.method == "HEAD" || head.status == 204 || (head.status == 205 && job.has_come);
  const Where kept = options_.store == nullptr ? Where::counted : Where::store;
  plan.where = has_none ? Where::counted : options_.to_events ? Where::output : kept;
  if (has_none || !options_.spec.decode || head.encodings.empty()) return plan;
  if (!BodyDecoder::knows(head.encodings)) {
    plan.note =
        fmt::format("its encoding '{}' is unknown, kept as it came", printable(head.encodings));
  } else if (head.status == 206) {
    plan.note = fmt::format("a part of its {}, kept as it came", printable(head.encodings));
  } else {
    // The last of them is undone first; the first may belong to the file.
    const std::string_view all = head.encodings;
    const std::size_t first = std::min(all.find(", "), all.size());
    const bool stays = is_file_of_encoding(all.substr(0, first), job.final_url, job.mime);
    plan.encodings = stays ? all.substr(std::min(first + 2, all.size())) : all;
  }
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
  take_cookies(job);
  // libcurl is content with a head that is cut short.
  const bool has_head = !job.url.is_http || job.transfer->head_is_whole();
  if (!job.body.failure() && (code != 0 || !has_head) && !job.body.was_cut()) {
    if (send_again(job)) return;
    const Outcome failure = failure_of(code, *job.transfer, options_.spec, job.body.received());
    job.body.break_off();
    return end(job, attempt_of(job, failure));
  }
  job.has_come = true;
  if (!job.body.begun()) begin_body(job);
  body_has_come(job);
}

void FetchExecutor::body_has_come(Job& job) {
  if (job.body.end()) answered(job);
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
  const auto attempt = [&] { return attempt_of(job, Outcome::responded(status_of(job))); };
  if (job.again || job.body.lost_part()) return ask_for_all(job, attempt());
  if (job.range && !job.body.failure()) {
    const bool came = job.body.received() == job.range->size();
    if (job.body.overran()) return ask_for_all(job, attempt());
    if (!came || job.range->last + 1 < *job.range->total) return ask_on(job, attempt());
  }
  if (is_redirect(status_of(job)) && options_.spec.max_redirects > 0) {
    const std::string& location = job.transfer->head().location;
    if (!location.empty()) return redirected(job, attempt(), location);
  }
  if (is_unasked(job)) {
    return end(job,
               attempt_of(job, Outcome::broken(
                                   Broken::protocol,
                                   fmt::format("a part ({}) that was not asked for",
                                               status_of(job) == 206 ? "206" : "Content-Range"))));
  }
  if (!job.body.failure() && is_short_part(job)) {
    job.body.drop();
    return end(job, attempt_of(job, Outcome::broken(
                                        Broken::cut,
                                        fmt::format("{} bytes came of '{}'", job.body.received(),
                                                    printable(job.transfer->head().range)))));
  }
  if (status_of(job) == 304 && options_.conditions != nullptr) return not_modified(job, attempt());
  job.path = job.body.failure() ? "" : job.body.finish();
  if (job.body.end_of_store()) options_.on_store_end(*job.body.end_of_store());
  if (options_.to_events && !job.body.failure() && !job.body.note().empty()) {
    options_.warn(fmt::format("job {}: {}: {}", number(job.id), shown_url(job.way.url),
                              job.body.note()));  // there is no row for it
  }
  if (!job.body.failure()) return end(job, attempt());
  job.body.break_off();
  end(job, attempt_of(job, *job.body.failure()));
}

// What is not HTTP has no such status; a part that made a body whole is as good as all of it.
int FetchExecutor::status_of(const Job& job) const {
  return !job.url.is_http || job.range ? 200 : job.transfer->head().status;
}

// What was kept is of no use.
void FetchExecutor::ask_for_all(Job& job, const Attempt& attempt) {
  job.body.drop();
  job.way.whole = true;
  hop(job, attempt);
}

// The range was shorter than what was asked for.
void FetchExecutor::ask_on(Job& job, const Attempt& attempt) {
  const std::uint64_t came = job.body.received();
  if (came < kLittle && ++job.way.little > kMostLittle) {
    job.body.break_off();
    return end(job,
               attempt_of(job, Outcome::broken(Broken::cut,
                                               fmt::format("{} of {} bytes came, in parts",
                                                           job.body.bytes(), *job.range->total))));
  }
  if (came == 0) return ask_for_all(job, attempt);
  job.body.break_off();
  hop(job, attempt);
}

void FetchExecutor::redirected(Job& job, Attempt attempt, const std::string& location) {
  const auto refuse = [&](std::string why) {
    attempt.outcome = Outcome::broken(Broken::redirect, std::move(why));
    end(job, attempt);
  };
  auto url = redirect_url(job.way.url, location);
  if (!url) return refuse(std::move(url.error().message));
  const auto target = TransferUrl::read(*url, options_.spec.protocols);
  if (!target) {
    return refuse(
        fmt::format("redirect to '{}', which {}", shown_url(*url), target.error().message));
  }
  if (job.way.redirects == options_.spec.max_redirects) {
    return refuse(fmt::format("more than {} redirects (--max-redirects), the last to {}{}",
                              options_.spec.max_redirects, shown_url(*url),
                              job.way.got_cookies && job.way.elsewhere ? kOfCookies : ""));
  }
  ++job.way.redirects;
  if (target->origin != job.url.origin) job.way.elsewhere = true;
  job.way.url = *std::move(url);
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
    // What is not HTTP has a status of its own, or none.
    response->status = job.range || (came && !job.url.is_http) ? 200 : head.status;
    response->mime = job.range ? job.part->mime : media_type(head.type);
    response->bytes = job.body.bytes();
    response->path = job.path;
    response->note = job.body.note();
    response->etag = job.range ? job.part->etag : head.etag;
    response->last_modified = job.range ? job.part->last_modified : head.last_modified;
    if (came && job.known && head.status == 304) take_over(job, *response);
    if (head.status == 429 || head.status == 503) attempt.retry_after = head.retry_after;
    if (attempt.retry_after) {
      *attempt.retry_after = std::min(*attempt.retry_after, options_.spec.longest_retry_after);
    }
  }
  attempt.response = std::move(response);
  return attempt;
}

}  // namespace distaff
