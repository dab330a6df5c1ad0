#include "compose/result_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

// What stands in each job's directory.
bool is_result_file(std::string_view name) {
  return name == "stdout" || name == "stderr" || name == "job.json";
}

// What is wrong with the path below the root; empty if nothing is.
std::string mistake(std::string_view path) {
  if (path.find('\0') != path.npos) return "a file name cannot hold a NUL byte";
  bool named = false;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part == "..") return "'..' in a value leads elsewhere; take a part of it, as {/}";
    if (is_result_file(part)) {
      return fmt::format("'{}' is a file of results and cannot be a directory of them", part);
    }
    named = named || (!part.empty() && part != ".");
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return named ? "" : "it needs a name; the value is empty";
}

}  // namespace

Expected<ResultPath> ResultPath::compile(std::string_view text, const TemplateSyntax& syntax) {
  const std::string_view last = text.substr(text.rfind('/') + 1);
  if (is_result_file(last)) {
    return fail(
        fmt::format("--results {}: it names a directory, in which there will be stdout, "
                    "stderr and job.json; leave '{}' out",
                    printable(text), last));
  }
  auto parsed = Template::parse(text, syntax);
  if (!parsed) return fail("--results: " + parsed.error().message);
  if (!parsed->is_literal()) return ResultPath(std::move(*parsed));
  std::vector<Piece> pieces = parsed->pieces();
  pieces.emplace_back("/");
  pieces.emplace_back(Replacement{.what = Replacement::What::seq});
  return ResultPath(Template::of(std::move(pieces)));
}

ResultPath::ResultPath(Template text) : template_(std::move(text)) {
  for (const Piece& piece : template_.pieces()) {
    if (!std::holds_alternative<std::string>(piece)) break;
    root_ += std::get<std::string>(piece);
  }
  root_.resize(root_.rfind('/') + 1);
}

Expected<std::string> ResultPath::of(const JobView& job) const {
  auto path = template_.expand(job);
  if (!path) return fail("--results: " + path.error().message);
  std::string wrong = mistake(std::string_view(*path).substr(root_.size()));
  if (root_.empty() && path->starts_with('/')) {
    wrong = "the value is an absolute path; write --results './{}', or take a part of it, as {/}";
  }
  if (!wrong.empty()) return fail(fmt::format("--results '{}': {}", printable(*path), wrong));
  return path;
}

}  // namespace distaff
