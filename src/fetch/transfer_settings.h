#pragma once

// What all requests of a run have in common: options of libcurl that a handle gets once, when it is
// made; and what handles share, TLS sessions and cookies.
//
// No environment variable changes a run: libcurl would read those of proxies, and SSLKEYLOGFILE.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

class TransferSettings {
 public:
  TransferSettings(const FetchSpec& spec, std::string user_agent);
  ~TransferSettings();
  TransferSettings(const TransferSettings&) = delete;
  TransferSettings& operator=(const TransferSettings&) = delete;

  // Whether libcurl can make of it what is meant: files that are not there, protocols it does not
  // know.  The message names the option.
  static Expected<void> check(const FetchSpec& spec);

  // To a new handle (CURL*).
  void apply(void* easy) const;
  // What --resolve says is known to all handles by now: a request has ended.
  void on_done() { resolved_ = true; }

  // How much is read at once: of large bodies more.
  static bool is_large(std::uint64_t body);
  void set_buffer(void* easy, bool large) const;

  // User-Agent and Accept-Encoding, for all requests (curl_slist): libcurl would make these lines
  // anew for each, letter by letter.
  void* headers() const { return headers_; }
  // Those that a request has besides its own; not Accept-Encoding if its body is to come as it is.
  std::vector<std::string> headers_of(const std::vector<std::string>& own, bool as_it_is) const;

  // libcurl needs no more of a URL than its origin, and what to send of the rest.
  bool sends_targets() const;

  // The cookies that are known by now into the jar, if there is to be one.
  Expected<void> save_cookies() const;

  const FetchSpec& spec() const { return spec_; }
  // "a=b; c=d", as the command line says them; empty: it says none, or a file.
  std::string cookies() const;
  // Whether libcurl keeps those that servers set: all of them for the jar, of which there may be
  // any number, and it looks through them for each request.
  bool keeps_cookies() const;

 private:
  void load_cookies() const;

  const FetchSpec spec_;
  const std::string user_agent_;
  std::string protocols_;           // "http,https"
  std::vector<std::string> lines_;  // of headers_
  void* headers_ = nullptr;
  void* share_ = nullptr;
  void* resolve_ = nullptr;  // curl_slist
  bool resolved_ = false;
  bool resolves_any_ = false;  // a `*` is known only to the handles that were told of it
};

}  // namespace distaff
