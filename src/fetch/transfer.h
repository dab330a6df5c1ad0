#pragma once

// One request on its way, and what carries out one after the other.
//
// Each request gets a new handle of libcurl's.  One that is used again keeps, at least in 7.88, a
// pointer to the last line of the head before: an answer whose first line goes on with it
// (" folded: x") made libcurl write into memory that was free.

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "fetch/transfer_loop.h"
#include "fetch/transfer_settings.h"

namespace distaff {

// Whether requests of a method ask only, so that to send one again does no harm.
bool is_safe(std::string_view method);

// What is sent.
struct TransferRequest {
  std::string url;
  std::size_t path_at = 0;  // as TransferUrl says it
  std::string method = "GET";
  std::vector<std::string> headers;  // "Name: value"; "Name;" for an empty one
  std::optional<std::string> data;
  bool as_it_is = false;  // no encoding of the body is offered
  std::string cookies;    // "a=b; c=d", besides those that libcurl knows
  bool fresh = false;     // on a connection of its own making
};

// What the lines before the body say.
struct TransferHead {
  int status = 0;
  std::string type;           // Content-Type as it came
  std::string etag;           // only what is one
  std::string last_modified;  // so is this
  std::string date;
  std::string range;                    // Content-Range
  std::string location;                 // where a 3xx leads
  std::string encodings;                // of the body, as BodyDecoder::list(); empty: none
  bool no_ranges = false;               // the server says that it gives no parts
  std::optional<std::uint64_t> length;  // Content-Length
  bool ambiguous = false;               // two validators, or ranges, that differ
  std::string fault;                    // why the response is of no use; empty: nothing is wrong
  std::optional<Duration> retry_after;  // the longest that it asks for
  std::vector<std::string> cookies;     // values of Set-Cookie

  // The body is a document of its own that has parts in it.
  bool several_parts() const;
};

// What was taken of some bytes of a body.
struct TakenBytes {
  std::size_t count = 0;
  bool full = false;  // there is no room for more now
};

class Transfer {
 public:
  class Client {
   public:
    // Takes bytes of the body as they come, all unless it is full.  Then it is called again after
    // resume(), with what it did not take, if anything.  Nothing: the transfer is to be ended.
    virtual std::optional<TakenBytes> on_body(Transfer& transfer, std::string_view bytes) = 0;

   protected:
    ~Client() = default;
  };

  Transfer(const TransferSettings& settings, TransferLoop& loop);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sends a request.  `tag` is the client's.  What comes back comes while the loop waits or ticks;
  // that it is over comes out of TransferLoop::next_done().
  void begin(TransferRequest request, Client& client, std::uint64_t tag);
  // It is over, or shall be.
  void end();
  // May call on_body().
  void resume();

  // Whose handle it is (CURL*).
  static Transfer& of(void* easy);

  std::uint64_t tag() const { return tag_; }
  const TransferRequest& request() const { return request_; }
  const TransferHead& head() const { return head_; }
  bool paused() const { return paused_; }

  // Why there was no address to connect to, if that is what happened; errno otherwise, or 0.
  const std::string& refused_address() const { return refused_; }
  int socket_error() const { return socket_error_; }
  std::string last_address() const;  // "127.0.0.1 port 80"; empty: none was tried
  // The head grew larger than allowed.
  bool flooded() const { return flooded_; }
  std::size_t head_bytes() const { return head_bytes_; }
  bool head_is_whole() const { return head_is_whole_; }

  // By libcurl, which must not have been used for another request since.
  const char* error_text() const { return error_.data(); }
  bool was_sent() const;                             // at least some of it
  bool is_connected() const;                         // or was
  bool on_old_connection() const;                    // that carried others before
  std::uint64_t moved() const;                       // bytes of bodies, both ways, as they are
  std::optional<std::uint64_t> said_length() const;  // by the head, not decoded
  int system_error() const;                          // errno of the connection, or 0

 private:
  struct Callbacks;

  void make_handle();
  void set_request();
  void set_url();
  bool read_origin(std::string_view origin);
  void set_headers();
  void set_method();
  bool take_line(std::string_view line);
  void take_field();
  void take_field(std::string_view line);
  void take_single(std::string& field, std::string_view value);
  void take_length(std::string_view value);
  void take_transfer_encoding(std::string_view value);
  void add_encodings(std::string_view value);
  std::size_t take_body(std::string_view bytes);
  int open_socket(int type, int protocol, const sockaddr& address);

  const TransferSettings& settings_;
  TransferLoop& loop_;
  void* easy_ = nullptr;
  bool running_ = false;
  void* headers_ = nullptr;  // curl_slist; null: those of the settings
  // What libcurl has read of URLs (CURLU), and what it is: "http://example.org:8080/"; empty:
  // nothing.
  void* origin_url_ = nullptr;
  std::string field_;  // of the head, not taken yet: it may go on in the next line
  std::string origin_;
  Client* client_ = nullptr;
  std::uint64_t tag_ = 0;

  TransferRequest request_;
  TransferHead head_;
  std::size_t head_bytes_ = 0;
  bool head_is_whole_ = false;
  bool flooded_ = false;
  bool paused_ = false;
  std::uint64_t body_bytes_ = 0;
  std::size_t taken_already_ = 0;  // of the bytes that libcurl gives again after a pause
  sockaddr_storage address_{};     // that was tried last
  std::string refused_;
  int socket_error_ = 0;
  std::array<char, 256> error_{};
};

}  // namespace distaff
