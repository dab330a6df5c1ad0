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
  plan_ = std::move(plan);
  begun_ = true;
  store_ = store;
  request_ = &request;
  head_ = head;
  output_ = std::move(output);
  note_ = plan_.note;
  const bool decodes = !plan_.encodings.empty() && plan_.where != Plan::Where::nowhere;
  if (decodes) decoder_ = std::make_unique<BodyDecoder>(plan_.encodings);
}

std::optional<TakenBytes> TransferBody::take(std::string_view bytes) {
  if (plan_.where == Plan::Where::nowhere) {
    received_ += bytes.size();
    was_cut_ = received_ > kMostDropped || plan_.said.value_or(0) > kMostDropped;
    if (was_cut_) return {};
    return TakenBytes{bytes.size()};
  }
  if (!decoder_) return put(bytes);
  TakenBytes taken;
  while (true) {
    if (!put_decoded(taken.full)) return {};
    if (taken.full) return taken;
    const std::size_t fed = decoder_->feed(bytes.substr(taken.count));
    taken.count += fed;
    if (fed == 0 && decoder_->ready().empty()) break;
  }
  if (decoder_->state() != Decoding::broken) return taken;
  judge_end();
  return {};
}

// What is ready, while there is room; false if it cannot be kept.
bool TransferBody::put_decoded(bool& full) {
  while (!decoder_->ready().empty()) {
    const auto taken = put(decoder_->ready());
    if (!taken) return false;
    decoder_->consume(taken->count);
    full = taken->full;
    if (full) break;
  }
  return true;
}

std::optional<TakenBytes> TransferBody::put(std::string_view bytes) {
  if (!fits(bytes.size()) || !open()) return {};
  TakenBytes taken{bytes.size()};
  if (plan_.where == Plan::Where::output) {
    taken.count = output_(bytes);
    taken.full = taken.count < bytes.size();
  }
  if (body_ != nullptr) {
    const auto written = body_->write(bytes);
    if (!written) {
      fail_locally(written.error());
      return {};
    }
  }
  received_ += taken.count;
  return taken;
}

bool TransferBody::end() {
  if (!decoder_ || failure_) return true;
  bool full = false;
  do {
    decoder_->finish();
    if (decoder_->ready().empty()) break;
    if (!put_decoded(full)) return true;
  } while (!full);
  if (full) return false;
  judge_end();
  return true;
}

void TransferBody::judge_end() {
  const std::string& name = plan_.encodings;
  switch (decoder_->state()) {
    case Decoding::going:
    case Decoding::whole:
      if (decoder_->lacks_one()) note_ = fmt::format("is not all of {}", name);
      break;
    case Decoding::junk:
      note_ = fmt::format("bytes behind the end of the {} are left out", name);
      break;
    case Decoding::as_it_is:
      note_ = fmt::format("is no {}, kept as it came", name);
      break;
    case Decoding::cut:
      failure_ = Outcome::broken(
          Outcome::Broken::cut,
          fmt::format("the {} has no end, after {} bytes decoded", name, received_));
      break;
    case Decoding::broken:
      failure_ =
          Outcome::broken(Outcome::Broken::cut,
                          fmt::format("the {} is broken behind {} bytes decoded", name, received_));
      break;
  }
}

bool TransferBody::fits(std::uint64_t more) {
  if (plan_.exactly && received_ + more > *plan_.exactly) {
    was_cut_ = overran_ = true;
    return false;
  }
  const std::uint64_t said = received_ == 0 ? plan_.said.value_or(0) : 0;
  const std::uint64_t so_far = bytes() + more;
  if (so_far <= plan_.most && said <= plan_.most - from()) return true;
  std::string reason = fmt::format("body larger than --max-size {}", format_size(plan_.most));
  if (said > 0) reason += fmt::format(": it has {} bytes", from() + said);
  failure_ = Outcome::broken(Outcome::Broken::too_large, std::move(reason));
  return false;
}

bool TransferBody::open() {
  if (plan_.where != Plan::Where::store || body_ != nullptr) return true;
  auto body = store_->begin(*request_, head_, plan_.part);
  if (!body) {
    fail_locally(body.error());
    return false;
  }
  if (*body == nullptr) {
    was_cut_ = lost_part_ = true;
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
  if (body_ != nullptr && !head_.validator.empty() && !failure_) body_->keep();
  body_.reset();
}

void TransferBody::fail_locally(const Error& error) {
  failure_ = Outcome::broken(Outcome::Broken::local, error.message);
  if (error.status == 3) end_of_store_ = error;
}

}  // namespace distaff
