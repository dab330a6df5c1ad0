#include "input/resolved_source.h"

#include <sys/epoll.h>

#include <utility>

namespace distaff {
namespace {

constexpr int kLookups = 16;  // at once

}  // namespace

ResolvedSource::ResolvedSource(std::unique_ptr<Source> inner, HostOf host_of)
    : inner_(std::move(inner)),
      host_of_(std::move(host_of)),
      resolver_(kLookups),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, resolver_.fd(), &event);
}

Source::Next ResolvedSource::next(Record& record) {
  for (auto& [host, address] : resolver_.take()) {
    asked_.erase(host);
    remember(host, std::move(address));
  }
  read_ahead();
  if (waiting_.empty()) return last_.value_or(Next::wait);
  Waiting& first = waiting_.front();
  if (!first.host.empty() && find(first.host) == nullptr) return Next::wait;
  record = std::move(first.record);
  waiting_.pop_front();
  return Next::record;
}

void ResolvedSource::read_ahead() {
  bool waits = false;
  Record record;
  while (!last_ && !waits && waiting_.size() < kAhead) {
    switch (const Next next = inner_->next(record)) {
      case Next::record: {
        std::string host = host_of_(record).value_or("");
        if (!host.empty() && find(host) == nullptr && asked_.insert(host).second) {
          resolver_.ask(host);
        }
        waiting_.push_back({std::move(record), std::move(host)});
        break;
      }
      case Next::wait:
        waits = true;
        break;
      case Next::end:
      case Next::failed:
        last_ = next;
        break;
    }
  }
  watch_inner(waits);
}

// Only while it is what we wait for: else whoever waits would never sleep.
void ResolvedSource::watch_inner(bool wanted) {
  const int fd = wanted ? inner_->wait_fd() : -1;
  if (fd == watched_) return;
  if (watched_ >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched_, nullptr);
  watched_ = fd;
  if (fd < 0) return;
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

const std::string* ResolvedSource::find(const std::string& host) const {
  for (const auto* known : {&known_, &known_before_}) {
    const auto at = known->find(host);
    if (at != known->end()) return &at->second;
  }
  return nullptr;
}

void ResolvedSource::remember(const std::string& host, std::string address) {
  if (known_.size() >= kKnown) known_before_ = std::exchange(known_, {});
  known_[host] = std::move(address);
}

std::string ResolvedSource::address_of(const std::string& host) const {
  const std::string* const address = find(host);
  return address == nullptr || address->empty() ? host : *address;
}

}  // namespace distaff
