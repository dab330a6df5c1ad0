#include "fetch/tls_files.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/unique_fd.h"
#include "fetch/transfer_loop.h"
#include "os/replace_file.h"

namespace distaff {
namespace {

constexpr std::size_t kMostOfKey = 1 << 20;

struct EndOne {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct EndAll {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// A server without a name, which ends each connection at once.
class NobodysServer {
 public:
  NobodysServer() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The kernel finds a name that no file has.
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address.sun_family) != 0) {
      return;
    }
    socklen_t size = sizeof address;
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    if (listen(fd_.get(), 1) != 0) return;
    name_.assign(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
  }

  const std::string& name() const { return name_; }  // empty: there is none

  void serve() {
    if (client_) return;
    client_.reset(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client_) shutdown(client_.get(), SHUT_WR);
  }

 private:
  UniqueFd fd_, client_;
  std::string name_;
};

// libcurl reads the files when it begins to speak TLS, so it does, with nobody.  Gives its error,
// which is of the files or is that nobody answers, and what it says.
std::pair<CURLcode, std::string> speak_tls(const FetchSpec& spec) {
  NobodysServer server;
  prepare_libcurl();
  const std::unique_ptr<CURLM, EndAll> multi(curl_multi_init());
  const std::unique_ptr<CURL, EndOne> owned(curl_easy_init());
  CURL* const easy = owned.get();
  if (server.name().empty() || !multi || easy == nullptr) return {};
  std::array<char, CURL_ERROR_SIZE> text{};
  curl_easy_setopt(easy, CURLOPT_URL, "https://localhost/");
  curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, server.name().c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text.data());
  set_tls(easy, spec);
  if (spec.ca_file.empty()) {  // the system's take their time
    curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_multi_add_handle(multi.get(), easy);
  for (int running = 1; running > 0;) {
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) break;
    server.serve();
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, 10, nullptr);
  }
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(multi.get(), &left);
  const CURLcode code = message != nullptr ? message->data.result : CURLE_OK;
  curl_multi_remove_handle(multi.get(), easy);
  return {code, text.data()};
}

Error wrong_key(const FetchSpec& spec) {
  const std::string& file = spec.cert_key.empty() ? spec.cert : spec.cert_key;
  const char* const option = spec.cert_key.empty() ? "--cert" : "--cert-key";
  const std::string text = read_file(file, kMostOfKey);
  if (text.find("ENCRYPTED") != text.npos) {
    return {
        fmt::format("{} '{}': the key has a passphrase, and there is nobody to ask for it; a "
                    "copy without: openssl pkey -in KEY -out COPY",
                    option, printable(file))};
  }
  if (text.find("PRIVATE KEY") != text.npos) {
    return {fmt::format("{} '{}': its private key is not that of the certificate, or damaged",
                        option, printable(file))};
  }
  if (spec.cert_key.empty()) {
    return {fmt::format("--cert '{}': there is no private key in it; name its file by --cert-key",
                        printable(file))};
  }
  return {fmt::format("--cert-key '{}': there is no private key in it (PEM)", printable(file))};
}

}  // namespace

void set_tls(void* easy, const FetchSpec& spec) {
  const auto set = [&](CURLoption option, const std::string& value) {
    if (!value.empty()) curl_easy_setopt(easy, option, value.c_str());
  };
  set(CURLOPT_CAINFO, spec.ca_file);
  if (!spec.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  set(CURLOPT_SSLCERT, spec.cert);
  set(CURLOPT_SSLKEY, spec.cert_key);
  // Else OpenSSL would ask the terminal for a passphrase, at each connection.
  if (!spec.cert.empty()) curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
  if (spec.insecure) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

Expected<void> check_tls_files(const FetchSpec& spec) {
  if (spec.ca_file.empty() && spec.cert.empty()) return {};
  const auto [code, said] = speak_tls(spec);
  if (code == CURLE_SSL_CACERT_BADFILE) {
    return fail(fmt::format("--cacert '{}': there are no certificates in it that can be read (PEM)",
                            printable(spec.ca_file)));
  }
  if (code != CURLE_SSL_CERTPROBLEM) return {};
  if (said.find("client certificate") != said.npos) {
    return fail(fmt::format("--cert '{}': there is no certificate in it that can be read (PEM)",
                            printable(spec.cert)));
  }
  return tl::unexpected(wrong_key(spec));
}

}  // namespace distaff
