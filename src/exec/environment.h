#pragma once

// The environment of jobs: ours, with a few variables of their own.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace distaff {

class Environment {
 public:
  // `base` is an environ-like array; its strings must outlive this.  Of a name that is there more
  // than once the first counts, as for getenv().  What is ours to say of each job is left out: a
  // job of no group must not have the DISTAFF_GROUP of the run that started us.
  explicit Environment(char* const* base);

  // The base with `additions` (NAME=VALUE) added or replacing; the last of a name counts.  Takes
  // time for the additions only.  Good until the next call and while the additions live.
  char* const* with(const std::vector<std::string>& additions);

  // What `name` is in the environment that with() gave last.
  std::optional<std::string_view> get(std::string_view name) const;

 private:
  void set(const std::string& addition);

  std::vector<char*> base_;
  std::unordered_map<std::string_view, std::size_t> places_;  // of names in base_
  std::vector<char*> merged_;                                 // base_, changed, and a null
  std::vector<std::size_t> changed_;                          // places in base_ that were replaced
};

}  // namespace distaff
