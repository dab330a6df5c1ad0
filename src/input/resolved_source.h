#pragma once

// Records of another source, each once the address of its host is known (--key ip).
//
// So that names that take long do not hold up all that comes behind them one after the other, some
// hundred records are read ahead and their names looked up together.  Records keep their order.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/unique_fd.h"
#include "input/source.h"
#include "os/resolver.h"

namespace distaff {

class ResolvedSource final : public Source {
 public:
  using HostOf = std::function<std::optional<std::string>(const Record&)>;

  ResolvedSource(std::unique_ptr<Source> inner, HostOf host_of);

  Next next(Record& record) override;
  int wait_fd() const override { return epoll_.get(); }
  const Error& error() const override { return inner_->error(); }
  Framing framing() const override { return inner_->framing(); }
  std::string take_warning() override { return inner_->take_warning(); }

  // Of the host of a record that was given, or of one that was looked up for another; the host
  // itself if it has none or was not looked up.
  std::string address_of(const std::string& host) const;

  Source& inner() { return *inner_; }

 private:
  static constexpr std::size_t kAhead = 512;    // records
  static constexpr std::size_t kKnown = 32768;  // hosts that are remembered, twice

  struct Waiting {
    Record record;
    std::string host;  // empty: nothing to look up
  };

  const std::string* find(const std::string& host) const;
  void remember(const std::string& host, std::string address);
  void read_ahead();
  void watch_inner(bool wanted);

  std::unique_ptr<Source> inner_;
  HostOf host_of_;
  Resolver resolver_;
  UniqueFd epoll_;
  int watched_ = -1;
  std::deque<Waiting> waiting_;
  std::optional<Next> last_;  // the inner source has no more
  std::unordered_set<std::string> asked_;
  std::unordered_map<std::string, std::string> known_, known_before_;
};

}  // namespace distaff
