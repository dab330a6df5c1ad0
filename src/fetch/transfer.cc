#include "fetch/transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "fetch/address.h"
#include "fetch/body_decoder.h"
#include "fetch/header_line.h"
#include "fetch/media_types.h"
#include "fetch/retry_after.h"
#include "fetch/validators.h"
#include "os/spare_memory.h"

namespace distaff {
namespace {

// A validator or media type beyond this is no good to anybody.
constexpr std::size_t kMostOfField = 1024;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The value, if this is the line of the field `name` (in lower case).
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (ascii_lower(line[i]) != name[i]) return {};
  }
  return trimmed(line.substr(name.size() + 1));
}

void keep(std::string& field, std::string_view value) {
  if (value.size() <= kMostOfField) field = value;
}

// The items of a list, without blanks around them.
template <class Action>
void each_item(std::string_view list, Action action) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    action(trimmed(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

int status_of(std::string_view line) {
  const auto blank = line.find(' ');
  int status = 0;
  for (std::size_t i = blank + 1; blank != std::string_view::npos && i < line.size(); ++i) {
    if (line[i] < '0' || line[i] > '9' || i > blank + 3) break;
    status = status * 10 + (line[i] - '0');
  }
  return status;
}

template <class T>
T info(void* easy, CURLINFO what) {
  T value{};
  curl_easy_getinfo(easy, what, &value);
  return value;
}

}  // namespace

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

struct Transfer::Callbacks {
  static std::size_t on_line(char* data, std::size_t, std::size_t size, void* self) {
    return within_memory([&] {
      return static_cast<Transfer*>(self)->take_line({data, size}) ? size : std::size_t{0};
    });
  }
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    return within_memory([&] { return static_cast<Transfer*>(self)->take_body({data, size}); });
  }
  // Nothing is thrown through libcurl: taking less than there is ends the request.
  template <class Take>
  static std::size_t within_memory(Take take) {
    try {
      return take();
    } catch (const std::bad_alloc&) {
      note_that_memory_ran_out();
      return 0;
    }
  }
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) {
    return static_cast<Transfer*>(self)->open_socket(address->socktype, address->protocol,
                                                     address->addr);
  }
  static int on_close(void* loop, curl_socket_t fd) {
    static_cast<TransferLoop*>(loop)->close_socket(fd);
    return 0;
  }
};

Transfer::Transfer(const TransferSettings& settings, TransferLoop& loop)
    : settings_(settings), loop_(loop) {}

Transfer::~Transfer() {
  end();
  curl_easy_cleanup(easy_);
  curl_url_cleanup(static_cast<CURLU*>(origin_url_));
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
}

Transfer& Transfer::of(void* easy) { return *info<Transfer*>(easy, CURLINFO_PRIVATE); }

void Transfer::begin(TransferRequest request, Client& client, std::uint64_t tag) {
  assert(!running_);
  client_ = &client;
  tag_ = tag;
  request_ = std::move(request);
  head_ = {};
  head_bytes_ = 0;
  head_is_whole_ = flooded_ = paused_ = false;
  taken_already_ = 0;
  address_.ss_family = AF_UNSPEC;
  refused_.clear();
  socket_error_ = 0;
  error_[0] = '\0';
  make_handle();
  set_request();
  running_ = true;
  loop_.add(easy_);
}

void Transfer::end() {
  if (!running_) return;
  running_ = false;
  loop_.remove(easy_);
}

void Transfer::resume() {
  if (!paused_) return;
  paused_ = false;
  curl_easy_pause(easy_, CURLPAUSE_CONT);
}

void Transfer::make_handle() {
  curl_easy_cleanup(easy_);
  easy_ = curl_easy_init();
  if (easy_ == nullptr) throw std::bad_alloc();
  settings_.apply(easy_);
  // The bodies of a run are alike, more often than not.
  settings_.set_buffer(easy_, TransferSettings::is_large(std::exchange(body_bytes_, 0)));
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Callbacks::on_line);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Callbacks::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Callbacks::on_open);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  // A connection outlives the handle that made it.
  curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::on_close);
  curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETDATA, &loop_);
}

void Transfer::set_request() {
  set_url();
  if (!request_.headers.empty() || request_.as_it_is) set_headers();
  const bool wants_no_cookies =
      std::any_of(request_.headers.begin(), request_.headers.end(), [](const std::string& line) {
        return is_field(line, "cookie") && trimmed(std::string_view(line).substr(7)).empty();
      });
  // Those of a jar are what is shared.
  if (wants_no_cookies) curl_easy_setopt(easy_, CURLOPT_SHARE, nullptr);
  if (request_.fresh) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  if (!request_.cookies.empty()) {
    curl_easy_setopt(easy_, CURLOPT_COOKIE, request_.cookies.c_str());
  }
  set_method();
}

// libcurl takes a URL apart, puts it together again and takes parts of it three times over for each
// request: a tenth of all that is done for a small one.  Most requests are for the origin of the
// one before, which it has read already, and it sends what we say is behind that.
void Transfer::set_url() {
  const std::size_t path_at = settings_.sends_targets() ? request_.path_at : 0;
  if (path_at > 0 && read_origin(std::string_view(request_.url).substr(0, path_at))) {
    curl_easy_setopt(easy_, CURLOPT_URL, origin_.c_str());
    curl_easy_setopt(easy_, CURLOPT_CURLU, origin_url_);
    curl_easy_setopt(easy_, CURLOPT_REQUEST_TARGET, request_.url.c_str() + path_at);
    return;
  }
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
}

bool Transfer::read_origin(std::string_view origin) {
  const bool known = origin_.size() == origin.size() + 1 && origin_.starts_with(origin);
  if (known) return true;
  origin_ = std::string(origin) + "/";
  if (origin_url_ == nullptr) origin_url_ = curl_url();
  auto* handle = static_cast<CURLU*>(origin_url_);
  if (curl_url_set(handle, CURLUPART_URL, origin_.c_str(), 0) == CURLUE_OK) return true;
  origin_.clear();
  return false;
}

void Transfer::set_headers() {
  curl_slist* list = nullptr;
  for (const std::string& line : settings_.headers_of(request_.headers, request_.as_it_is)) {
    list = curl_slist_append(list, line.c_str());
  }
  for (const std::string& line : request_.headers) list = curl_slist_append(list, line.c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, list);
  curl_slist_free_all(static_cast<curl_slist*>(std::exchange(headers_, list)));
}

void Transfer::set_method() {
  const std::string& method = request_.method;
  if (method == "GET" && !request_.data) return;
  if (method == "HEAD" && !request_.data) {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.data || method == "POST") {
    const std::string_view data = request_.data ? *request_.data : std::string_view("");
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(data.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, data.data());
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  }
  if (method != "POST") curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
}

// ---- what comes

// Answers before the last one (1xx) have heads too, and all of them count.
bool Transfer::take_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > settings_.spec().max_head) {
    flooded_ = true;
    return false;
  }
  if (line.starts_with("HTTP/")) {
    head_ = {};
    head_.status = status_of(line);
    head_is_whole_ = false;
    field_.clear();
  } else if (line == "\r\n" || line == "\n") {
    take_field();
    head_is_whole_ = head_.status >= 200;  // else another one follows
    return head_.fault.empty();
  } else if (!head_is_whole_) {  // else it comes behind the body
    const bool goes_on = is_blank(line[0]);
    if (!goes_on) take_field();
    if (!goes_on) field_ = line;
    if (goes_on && field_.size() < kMostOfField) {
      field_ = fmt::format("{} {}", trimmed(field_), trimmed(line));
    }
  }
  return true;
}

// One that may have had several lines.
void Transfer::take_field() {
  if (!field_.empty()) take_field(field_);
  field_.clear();
}

// A validator, or range, of which there is to be only one.
void Transfer::take_single(std::string& field, std::string_view value) {
  if (!field.empty() && field != value) head_.ambiguous = true;
  keep(field, value);
}

void Transfer::take_field(std::string_view line) {
  switch (ascii_lower(line[0])) {
    case 'a':
      if (const auto value = value_of(line, "accept-ranges")) head_.no_ranges = *value == "none";
      break;
    case 'c':
      if (const auto type = value_of(line, "content-type")) keep(head_.type, *type);
      if (const auto range = value_of(line, "content-range")) take_single(head_.range, *range);
      if (const auto length = value_of(line, "content-length")) take_length(*length);
      if (const auto coding = value_of(line, "content-encoding")) {
        add_encodings(*coding);
      }
      break;
    case 'd':
      if (const auto value = value_of(line, "date")) keep(head_.date, *value);
      break;
    case 'e':
      if (const auto value = value_of(line, "etag"); value && is_etag(*value)) {
        take_single(head_.etag, *value);
      }
      break;
    case 'l':
      if (const auto value = value_of(line, "last-modified"); value && is_http_date(*value)) {
        take_single(head_.last_modified, *value);
      }
      if (const auto value = value_of(line, "location"); value && head_.location.empty()) {
        head_.location = *value;
      }
      break;
    case 'r':
      if (const auto value = value_of(line, "retry-after")) {
        const auto wait = read_retry_after(*value, std::time(nullptr));
        if (wait && wait > head_.retry_after) head_.retry_after = wait;
      }
      break;
    case 't':
      if (const auto value = value_of(line, "transfer-encoding")) take_transfer_encoding(*value);
      break;
    case 's':
      if (const auto value = value_of(line, "set-cookie")) head_.cookies.emplace_back(*value);
      break;
    default:
      break;
  }
}

// Several numbers that are the same are one (RFC 9110 8.6).
void Transfer::take_length(std::string_view value) {
  each_item(value, [&](std::string_view item) {
    const auto length = parse_count(std::string(item), INT64_MAX);
    if (!length) {
      head_.fault = fmt::format("its Content-Length '{}' is no number", printable(item));
    } else if (head_.length && *length != *head_.length) {
      head_.fault = "the head has two Content-Lengths that differ";
    } else {
      head_.length = *length;
    }
  });
}

// Nobody asks for any (TE), and libcurl takes what is cut for whole.
void Transfer::take_transfer_encoding(std::string_view value) {
  each_item(value, [&](std::string_view item) {
    const bool is_known = item.empty() || same_word(item, "chunked") || same_word(item, "identity");
    if (is_known) return;
    head_.fault = fmt::format("its Transfer-Encoding '{}' was not asked for", printable(item));
  });
}

bool TransferHead::several_parts() const { return media_type(type) == "multipart/byteranges"; }

// Of several lines it is as if it were one.
void Transfer::add_encodings(std::string_view value) {
  const std::string list = BodyDecoder::list(value);
  if (list.empty() || head_.encodings.size() > kMostOfField) return;
  head_.encodings += (head_.encodings.empty() ? "" : ", ") + list;
}

std::size_t Transfer::take_body(std::string_view bytes) {
  const std::size_t known = std::min(taken_already_, bytes.size());
  taken_already_ -= known;
  body_bytes_ += bytes.size() - known;
  const auto taken = client_->on_body(*this, bytes.substr(known));
  if (!taken) return 0;  // libcurl gives up
  if (!taken->full) return bytes.size();
  paused_ = true;
  taken_already_ = known + taken->count;
  return CURL_WRITEFUNC_PAUSE;
}

int Transfer::open_socket(int type, int protocol, const sockaddr& address) {
  const std::size_t size =
      address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (address.sa_family == AF_INET || address.sa_family == AF_INET6) {
    std::memcpy(&address_, &address, size);
  }
  if (settings_.spec().public_only && !is_public(address)) {
    refused_ = to_text(address);
    return CURL_SOCKET_BAD;
  }
  const int fd = loop_.open_socket(address.sa_family, type, protocol);
  if (fd < 0) socket_error_ = errno;
  return fd;
}

// ---- what is known of it

std::string Transfer::last_address() const {
  const auto& address = reinterpret_cast<const sockaddr&>(address_);
  if (address.sa_family == AF_UNSPEC) return {};
  return fmt::format("{} port {}", to_text(address), port_of(address));
}

bool Transfer::was_sent() const { return info<long>(easy_, CURLINFO_REQUEST_SIZE) > 0; }

bool Transfer::is_connected() const {
  return info<curl_off_t>(easy_, CURLINFO_PRETRANSFER_TIME_T) > 0;
}

bool Transfer::on_old_connection() const { return info<long>(easy_, CURLINFO_NUM_CONNECTS) == 0; }

std::uint64_t Transfer::moved() const {
  return static_cast<std::uint64_t>(info<curl_off_t>(easy_, CURLINFO_SIZE_DOWNLOAD_T) +
                                    info<curl_off_t>(easy_, CURLINFO_SIZE_UPLOAD_T));
}

std::optional<std::uint64_t> Transfer::said_length() const {
  const auto length = info<curl_off_t>(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
  if (length < 0) return {};
  return static_cast<std::uint64_t>(length);
}

int Transfer::system_error() const {
  return static_cast<int>(info<long>(easy_, CURLINFO_OS_ERRNO));
}

}  // namespace distaff
