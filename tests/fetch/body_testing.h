#pragma once

// Bodies for the tests of their stores.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "fetch/body_store.h"
#include "support/read_file.h"

namespace distaff {

// All that is below a directory: what each is, and what is in it.
inline std::map<std::string, std::string> tree_of(const std::string& directory) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> tree;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().lexically_relative(directory);
    if (entry.is_symlink()) {
      tree[name] = "-> " + fs::read_symlink(entry.path()).string();
    } else {
      tree[name] = entry.is_directory() ? "folder" : "file " + read_file(entry.path());
    }
  }
  return tree;
}

inline Request request_for(std::string url, std::string name = {}) {
  Request request;
  request.url = std::move(url);
  if (!name.empty()) request.name = {{FileNamePart::What::text, std::move(name)}};
  return request;
}

// Where the body went, or why it did not go anywhere.
inline std::string store(BodyStore& bodies, const Request& request, std::string_view text,
                         std::string_view mime = "text/plain") {
  auto body = bodies.begin(request, {.url = request.url, .mime = mime}, 0);
  if (!body) return body.error().message;
  const auto written = (*body)->write(text);
  if (!written) return written.error().message;
  const auto path = (*body)->finish();
  return path ? *path : path.error().message;
}

// `size` bytes that differ from place to place.
inline std::string bytes_of(std::size_t size) {
  std::string bytes;
  bytes.reserve(size + 16);
  while (bytes.size() < size) bytes += std::to_string(bytes.size()) + ' ';
  bytes.resize(size);
  return bytes;
}

}  // namespace distaff
