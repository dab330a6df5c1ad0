#pragma once

// Where the body of one response goes: to the store of bodies, to the job's output, or nowhere; and
// how much of it may come.
//
// Only what answers the request is kept (2xx).  What comes with a redirect or an error is read and
// dropped, so that the connection can be used again, up to a bound.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/body_decoder.h"
#include "fetch/body_store.h"
#include "fetch/transfer.h"
#include "model/outcome.h"
#include "model/request.h"

namespace distaff {

class TransferBody {
 public:
  // Gives how many bytes it took; fewer than all: there is no room for more now.
  using Output = std::function<std::size_t(std::string_view)>;

  // What is known when the head has come.
  struct Plan {
    enum class Where { nowhere, counted, store, output };
    Where where = Where::nowhere;           // counted: all of it is wanted, and none is kept
    const BodyStore::Part* part = nullptr;  // the response is what comes behind it
    std::uint64_t most = 0;                 // bytes of the whole body
    std::optional<std::uint64_t> said;  // bytes to come, if that is known and they are not encoded
    std::optional<std::uint64_t> exactly;  // bytes that are to come: more are a lie
    std::string encodings;                 // to be undone; empty: none
    std::string note;                      // to be said of it if it is kept
  };

  // `request`, what `head` points to and the part are needed until the end.
  void begin(Plan plan, BodyStore* store, const Request& request, const BodyHead& head,
             Output output);

  bool begun() const { return begun_; }

  // As Transfer::Client::on_body().  Nothing: failure() says why, or it is none: enough was
  // dropped.
  std::optional<TakenBytes> take(std::string_view bytes);
  // All of it came.  False: there is no room for the rest of it now, it is to be called again.
  bool end();

  // Behind end(): it gets its name.  Gives its path, empty if it has none; or failure() says why
  // not.
  std::string finish();
  // No more will come.  What there is may be kept for another try.
  void break_off();
  // Nothing of it is to be kept, nor of what it went on with.
  void drop() { body_.reset(); }

  // What is to be said of a body that was kept; empty: nothing.
  const std::string& note() const { return note_; }
  const std::optional<Outcome>& failure() const { return failure_; }
  // The store cannot keep any more.
  const std::optional<Error>& end_of_store() const { return end_of_store_; }
  bool was_cut() const { return was_cut_; }
  // More came than was to come.
  bool overran() const { return overran_; }
  // What it was to go on with is not there any more.
  bool lost_part() const { return lost_part_; }
  std::uint64_t bytes() const { return from() + received_; }
  std::uint64_t received() const { return received_; }

 private:
  std::uint64_t from() const { return plan_.part == nullptr ? 0 : plan_.part->bytes; }
  std::optional<TakenBytes> put(std::string_view bytes);
  bool put_decoded(bool& full);
  void judge_end();
  bool open();
  bool fits(std::uint64_t more);
  void fail_locally(const Error& error);

  Plan plan_;
  bool begun_ = false;
  BodyStore* store_ = nullptr;
  const Request* request_ = nullptr;
  BodyHead head_;
  Output output_;
  std::unique_ptr<BodyDecoder> decoder_;
  std::unique_ptr<Body> body_;
  bool was_cut_ = false;
  bool overran_ = false;
  bool lost_part_ = false;
  std::uint64_t received_ = 0;
  std::string note_;
  std::optional<Outcome> failure_;
  std::optional<Error> end_of_store_;
};

}  // namespace distaff
