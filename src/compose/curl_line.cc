#include "compose/curl_line.h"

#include "base/text.h"

namespace distaff {
namespace {

void add(std::string_view option, const std::string& value, std::string& line) {
  if (value.empty()) return;
  line += ' ';
  line += option;
  line += ' ';
  line += shell_quote(value);
}

std::string_view option_of(HttpVersion version) {
  switch (version) {
    case HttpVersion::http1:
      return " --http1.1";
    case HttpVersion::http2:
      return " --http2";
    case HttpVersion::automatic:
      break;
  }
  return "";
}

}  // namespace

std::string curl_options(const FetchSpec& spec) {
  std::string line(option_of(spec.version));
  add("-A", spec.user_agent, line);
  add("-b", spec.cookies, line);
  if (spec.netrc) line += " --netrc-optional";
  add("--netrc-file", spec.netrc_file, line);
  add("-x", spec.proxy, line);
  add("-E", spec.cert, line);
  add("--key", spec.cert_key, line);
  add("--cacert", spec.ca_file, line);
  if (spec.insecure) line += " -k";
  for (const std::string& entry : spec.resolve) add("--resolve", entry, line);
  add("--interface", spec.interface, line);
  return line;
}

std::string curl_line(const Request& request, std::string_view options) {
  std::string line = "curl";
  line += options;
  if (request.url.find_first_of("{}[]") != std::string::npos)
    line += " -g";  // they are no patterns
  if (request.method == "HEAD") {
    line += " -I";
  } else if (request.method != (request.data ? "POST" : "GET")) {
    line += " -X " + shell_quote(request.method);
  }
  for (const std::string& header : request.headers) line += " -H " + shell_quote(header);
  // --data would take what begins with @ for a file.
  if (request.data) line += " --data-raw " + shell_quote(*request.data);
  return line += " " + shell_quote(request.url);
}

}  // namespace distaff
