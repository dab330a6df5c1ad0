// --cond: what an earlier run knows of a URL, and what it means that this has not changed (304).

#include <algorithm>
#include <string>
#include <utility>

#include "fetch/fetch_executor.h"
#include "fetch/header_line.h"

namespace distaff {
namespace {

// What is asked on a condition of the user's own is none of ours.
bool has_condition(const Request& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const std::string& line) {
    return is_field(line, "if-none-match") || is_field(line, "if-modified-since") ||
           is_field(line, "if-match") || is_field(line, "if-unmodified-since");
  });
}

BodyHead head_of(const KnownBody& known, std::string_view url) {
  BodyHead head;
  head.url = url.substr(0, url.find('#'));
  head.mime = known.mime;
  return head;
}

// What there is not is taken from elsewhere.
void fill(std::string& value, const std::string& other) {
  if (value.empty()) value = other;
}

}  // namespace

// Where the body would go that comes if it has changed; null: it is not kept.
BodyStore* FetchExecutor::keeper_of(const Job& job) const {
  return job.way.method == "HEAD" ? nullptr : options_.store;
}

// Of other methods a condition means something else, and what is sent by them may be another thing
// each time.
std::optional<KnownBody> FetchExecutor::known_of(const Job& job) const {
  const bool reads = job.way.method == "GET" || job.way.method == "HEAD";
  const bool sends = job.request.data || job.request.method != job.way.method;
  if (options_.conditions == nullptr || job.part || job.way.changed || !reads || sends ||
      has_condition(job.request)) {
    return {};
  }
  auto known = options_.conditions->find(job.request.url, job.way.url);
  if (!known) return {};
  BodyStore* const keeper = keeper_of(job);
  // An earlier run that kept no body has only seen it.
  if (keeper == nullptr || known->path.empty()) return known;
  const auto size = keeper->find_earlier(job.request, head_of(*known, job.way.url), *known);
  return size ? std::move(known) : std::nullopt;
}

void FetchExecutor::add_conditions(const Job& job, TransferRequest& request) const {
  if (!job.known) return;
  if (!job.known->etag.empty()) request.headers.push_back("If-None-Match: " + job.known->etag);
  if (!job.known->last_modified.empty()) {
    request.headers.push_back("If-Modified-Since: " + job.known->last_modified);
  }
}

void FetchExecutor::not_modified(Job& job, const Attempt& attempt) {
  if (has_condition(job.request)) return end(job, attempt);
  if (!job.known) {
    return end(job, attempt_of(job, Outcome::broken(Outcome::Broken::protocol,
                                                    "not modified (304), which was not asked")));
  }
  BodyStore* const keeper = keeper_of(job);
  if (keeper != nullptr && !job.known->path.empty()) {
    job.known->bytes =
        keeper->keep_earlier(job.request, head_of(*job.known, job.way.url), *job.known);
    if (!job.known->bytes) {
      job.way.changed = true;
      return hop(job, attempt);
    }
  }
  end(job, attempt_of(job, attempt.outcome));
}

// The row says what that of the earlier run said: of the body that there is.
void FetchExecutor::take_over(const Job& job, Response& response) const {
  const KnownBody& known = *job.known;
  const std::string etag = std::exchange(response.etag, known.etag);
  const std::string last_modified = std::exchange(response.last_modified, known.last_modified);
  const std::string mime = std::exchange(response.mime, known.mime);
  fill(response.etag, etag);
  fill(response.last_modified, last_modified);
  fill(response.mime, mime);
  response.path = known.path;
  response.note = known.note;
  response.earlier_bytes = known.bytes;
}

}  // namespace distaff
