#include "fetch/transfer_failure.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/numbers.h"
#include "base/text.h"
#include "compose/authority.h"
#include "os/spare_memory.h"

namespace distaff {
namespace {

using Broken = Outcome::Broken;

// "Recv failure"; not a name ("OpenSSL SSL_connect") or what is all capitals.
bool begins_with_plain_word(std::string_view text) {
  const std::string_view word = text.substr(0, text.find_first_of(" /,:;"));
  return word.size() > 1 && word[0] >= 'A' && word[0] <= 'Z' &&
         std::all_of(word.begin() + 1, word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// What libcurl said, the way our sentences go.
std::string said(int code, const Transfer& transfer) {
  std::string_view text = transfer.error_text();
  for (const std::string_view start : {"SSL certificate problem: ", "SSL: "}) {
    if (text.starts_with(start)) text.remove_prefix(start.size());
  }
  if (text.empty()) text = curl_easy_strerror(static_cast<CURLcode>(code));
  while (text.ends_with('.') || text.ends_with('\n')) text.remove_suffix(1);
  std::string result = printable(text);
  if (begins_with_plain_word(result)) result[0] = static_cast<char>(result[0] | 0x20);
  return result;
}

std::string host(const Transfer& transfer) {
  return host_of(transfer.request().url).value_or("the host");
}

// "connection refused"
std::string system_text(int error) {
  std::string text = strerror(error);
  if (text[1] >= 'a' && text[1] <= 'z') text[0] = static_cast<char>(text[0] | 0x20);
  return text;
}

Outcome no_connection(int code, const Transfer& transfer, const FetchSpec& spec) {
  if (!transfer.refused_address().empty()) {
    return Outcome::broken(Broken::refused,
                           fmt::format("{} has the address {}, which is not public (--public-only)",
                                       host(transfer), transfer.refused_address()));
  }
  if (code == CURLE_INTERFACE_FAILED) {
    return Outcome::broken(Broken::connect, fmt::format("cannot connect from '{}' (--interface)",
                                                        printable(spec.interface)));
  }
  if (transfer.socket_error() != 0) {
    return Outcome::broken(Broken::connect, "no socket: " + system_text(transfer.socket_error()));
  }
  const std::string address = transfer.last_address();
  const int error = transfer.system_error();
  if (address.empty() || error == 0) return Outcome::broken(Broken::connect, said(code, transfer));
  if (error == ECONNREFUSED) {
    return Outcome::broken(Broken::connect, "connection refused by " + address);
  }
  return Outcome::broken(Broken::connect,
                         fmt::format("no connection to {}: {}", address, system_text(error)));
}

Outcome late(int code, const Transfer& transfer, const FetchSpec& spec) {
  if (transfer.is_connected()) return Outcome::broken(Broken::timeout, said(code, transfer));
  return Outcome::broken(Broken::timeout,
                         fmt::format("no connection to {} within {} (--connect-timeout)",
                                     host(transfer), format_duration(spec.connect_timeout)));
}

bool is_shorter(std::uint64_t received, const std::optional<std::uint64_t>& length) {
  return length && received < *length;
}

// What a server says as it ends TLS: "certificate required" of "error:0A00045C:SSL
// routines::tlsv13 alert certificate required, errno 0".  Empty: nothing.
std::string_view tls_alert(const Transfer& transfer) {
  constexpr std::string_view kAlert = " alert ";
  const std::string_view text = transfer.error_text();
  const std::size_t at = text.find(kAlert);
  if (at == text.npos || text.find("SSL routines") == text.npos) return {};
  const std::string_view alert = text.substr(at + kAlert.size());
  return alert.substr(0, alert.find(','));
}

Outcome ended_by_alert(std::string_view alert) {
  const bool ours = alert.find("certificate") != alert.npos || alert == "unknown ca";
  return Outcome::broken(Broken::tls, fmt::format("the server ends it with '{}'{}",
                                                  printable(alert), ours ? " (--cert)" : ""));
}

// The connection ended before the response did.
Outcome broke_off(int code, const Transfer& transfer, std::uint64_t received) {
  const bool was_reset = transfer.system_error() == ECONNRESET;
  const std::string_view text = transfer.error_text();
  if (!transfer.head_is_whole()) {
    if (const auto alert = tls_alert(transfer); !alert.empty()) return ended_by_alert(alert);
    if (text.starts_with("CONNECT tunnel failed, ")) {
      return Outcome::broken(Broken::connect, fmt::format("the proxy makes no tunnel: {} (--proxy)",
                                                          printable(text.substr(23))));
    }
    if (was_reset) return Outcome::broken(Broken::connect, "connection reset by the server");
    if (transfer.head().status > 0) return Outcome::broken(Broken::cut, "the head broke off");
    if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR) {
      return Outcome::broken(Broken::connect, "the server closed the connection and said nothing");
    }
    return Outcome::broken(Broken::connect, said(code, transfer));
  }
  if (text.ends_with(" in chunked-encoding")) {
    return Outcome::broken(Broken::protocol, said(code, transfer));
  }
  const auto length = transfer.said_length();
  std::string reason = std::to_string(received);
  if (transfer.head().encodings.empty() && is_shorter(received, length)) {
    reason += fmt::format(" of {}", *length);
  }
  reason += " bytes came";
  if (was_reset) reason += ": connection reset by the server";
  if (code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM) reason += ": " + said(code, transfer);
  return Outcome::broken(Broken::cut, std::move(reason));
}

// While the secure connection was made.
Outcome no_trust(int code, const Transfer& transfer) {
  if (const auto alert = tls_alert(transfer); !alert.empty()) return ended_by_alert(alert);
  const std::string text = said(code, transfer);
  if (text.find("wrong version number") != std::string::npos) {
    return Outcome::broken(Broken::tls, "what the server answers is no TLS");
  }
  const bool is_broken =
      code == CURLE_SSL_CONNECT_ERROR && (text.find("SSL_ERROR_SYSCALL") != std::string::npos ||
                                          text.find("onnection reset") != std::string::npos);
  if (is_broken) {
    return Outcome::broken(Broken::connect, "the connection broke while TLS was agreed on");
  }
  return Outcome::broken(Broken::tls, text);
}

Outcome too_large_head(const FetchSpec& spec) {
  return Outcome::broken(Broken::too_large,
                         fmt::format("head larger than {}", format_size(spec.max_head)));
}

}  // namespace

Outcome failure_of(int code, const Transfer& transfer, const FetchSpec& spec,
                   std::uint64_t received) {
  if (memory_ran_out()) return Outcome::cancelled("out of memory");
  if (transfer.flooded()) return too_large_head(spec);
  if (const std::string& fault = transfer.head().fault; !fault.empty()) {
    return Outcome::broken(Broken::protocol, fault);
  }
  switch (code) {
    case CURLE_OK:  // it came to nothing all the same
      return Outcome::broken(Broken::cut, "the head broke off");
    case CURLE_COULDNT_RESOLVE_HOST:
      return Outcome::broken(Broken::resolve, fmt::format("{} has no address", host(transfer)));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Outcome::broken(Broken::resolve, "the proxy has no address (--proxy)");
    case CURLE_PROXY:
      return Outcome::broken(Broken::connect, said(code, transfer) + " (--proxy)");
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
      return no_connection(code, transfer, spec);
    case CURLE_OPERATION_TIMEDOUT:
      return late(code, transfer, spec);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      // libcurl has a bound of its own for heads, which ours may lie beyond.
      if (std::string_view(transfer.error_text()).starts_with("Too large response headers")) {
        return too_large_head(spec);
      }
      return broke_off(code, transfer, received);
    case CURLE_OUT_OF_MEMORY:  // also if a line of the head is longer than libcurl takes
      if (!transfer.head_is_whole() && transfer.was_sent()) {
        return Outcome::broken(Broken::too_large, "a line of the head is longer than 100k");
      }
      note_that_memory_ran_out();  // that of a library which does not ask us for it
      return Outcome::cancelled("out of memory");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_USE_SSL_FAILED:
      return no_trust(code, transfer);
    case CURLE_BAD_FUNCTION_ARGUMENT:  // that is libcurl's way to say it
      if (transfer.was_sent() && !transfer.head_is_whole()) {
        return Outcome::broken(Broken::protocol,
                               "a line of the head goes on with one that is not there");
      }
      [[fallthrough]];
    default:
      return Outcome::broken(Broken::protocol, said(code, transfer));
  }
}

}  // namespace distaff
