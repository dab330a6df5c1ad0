#include "fetch/transfer_body.h"

#include <fmt/format.h>

#include <utility>

#include "base/numbers.h"

namespace distaff {
namespace {

// What is not wanted is read up to here; beyond it a new connection is cheaper.
constexpr std::uint64_t kMostDropped = 256 << 10;

}  // namespace

void TransferBody::begin(Plan plan, BodyStore* store, const Request& request, const BodyHead& head,
                         Output output) {
  plan_ = plan;
  begun_ = true;
  store_ = store;
  request_ = &request;
  head_ = head;
  output_ = std::move(output);
}

std::optional<std::size_t> TransferBody::take(std::string_view bytes) {
  if (plan_.where == Plan::Where::nowhere) {
    received_ += bytes.size();
    was_cut_ = received_ > kMostDropped || plan_.said.value_or(0) > kMostDropped;
    if (was_cut_) return {};
    return bytes.size();
  }
  if (!fits(bytes.size()) || !open()) return {};
  std::size_t taken = bytes.size();
  if (plan_.where == Plan::Where::output) taken = output_(bytes);
  if (body_ != nullptr) {
    const auto written = body_->write(bytes);
    if (!written) {
      fail_locally(written.error());
      return {};
    }
  }
  received_ += taken;
  return taken;
}

bool TransferBody::fits(std::uint64_t more) {
  const std::uint64_t said = received_ == 0 ? plan_.said.value_or(0) : 0;
  const std::uint64_t so_far = bytes() + more;
  if (so_far <= plan_.most && said <= plan_.most - plan_.from) return true;
  std::string reason = fmt::format("body larger than --max-size {}", format_size(plan_.most));
  if (said > 0) reason += fmt::format(": it has {} bytes", plan_.from + said);
  failure_ = Outcome::broken(Outcome::Broken::too_large, std::move(reason));
  return false;
}

bool TransferBody::open() {
  if (plan_.where != Plan::Where::store || body_ != nullptr) return true;
  auto body = store_->begin(*request_, head_, plan_.from);
  if (!body) {
    fail_locally(body.error());
    return false;
  }
  body_ = std::move(*body);
  return true;
}

std::string TransferBody::finish() {
  if (!open() || body_ == nullptr) return {};
  auto path = body_->finish();
  body_.reset();
  if (path) return std::move(*path);
  fail_locally(path.error());
  return {};
}

void TransferBody::break_off() {
  if (body_ != nullptr && head_.resumable && !failure_) body_->keep();
  body_.reset();
}

void TransferBody::fail_locally(const Error& error) {
  failure_ = Outcome::broken(Outcome::Broken::local, error.message);
  if (error.status == 3) end_of_store_ = error;
}

}  // namespace distaff
