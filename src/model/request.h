#pragma once

// What a job asks of a server: what compose makes of a record in `distaff fetch`, and fetch carries
// out.

#include <optional>
#include <string>
#include <vector>

namespace distaff {

// A part of the name of the file for a body; `text`, or what is known only when the response has
// come.
struct FileNamePart {
  enum class What {
    text,  // of the template, or of the record
    hash,  // of the final URL, hexadecimal
    ext,   // ".html", by the media type, or by the final URL where that says nothing; or nothing
    host,  // of the final URL
    path,  // of the final URL, without its first slash; "index" behind a last slash
  };
  What what = What::text;
  std::string text;

  bool operator==(const FileNamePart&) const = default;
};

struct Request {
  std::string method = "GET";
  std::string url;                   // in one form (compose/url.h)
  std::string no_host;               // not empty: it cannot be sent, as no such host could be asked
  std::vector<std::string> headers;  // "Name: value"; "Name;" for an empty one
  std::optional<std::string> data;
  std::vector<FileNamePart> name;  // where its body goes, below the directory of bodies

  bool operator==(const Request&) const = default;
};

// "GET https://example.org/"; for people, without its secrets.
std::string request_line(const Request& request);

}  // namespace distaff
