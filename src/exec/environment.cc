#include "exec/environment.h"

#include "model/job_variables.h"

namespace distaff {
namespace {

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

}  // namespace

Environment::Environment(char* const* base) {
  for (; *base != nullptr; ++base) {
    if (is_job_variable(name_of(*base))) continue;
    if (places_.emplace(name_of(*base), base_.size()).second) base_.push_back(*base);
  }
  merged_ = base_;
  merged_.push_back(nullptr);
}

char* const* Environment::with(const std::vector<std::string>& additions) {
  for (const std::size_t place : changed_) merged_[place] = base_[place];
  changed_.clear();
  merged_.resize(base_.size());
  for (const std::string& addition : additions) set(addition);
  merged_.push_back(nullptr);
  return merged_.data();
}

void Environment::set(const std::string& addition) {
  const std::string_view name = name_of(addition);
  char* const value = const_cast<char*>(addition.c_str());  // execve() does not change it
  if (const auto place = places_.find(name); place != places_.end()) {
    merged_[place->second] = value;
    changed_.push_back(place->second);
    return;
  }
  for (std::size_t i = base_.size(); i < merged_.size(); ++i) {
    if (name_of(merged_[i]) == name) {
      merged_[i] = value;
      return;
    }
  }
  merged_.push_back(value);
}

std::optional<std::string_view> Environment::get(std::string_view name) const {
  const auto value_of = [](const char* variable) {
    const std::string_view text = variable;
    const std::size_t equals = text.find('=');
    return equals == text.npos ? std::string_view() : text.substr(equals + 1);
  };
  if (const auto place = places_.find(name); place != places_.end()) {
    return value_of(merged_[place->second]);
  }
  for (std::size_t i = base_.size(); i + 1 < merged_.size(); ++i) {
    if (name_of(merged_[i]) == name) return value_of(merged_[i]);
  }
  return {};
}

}  // namespace distaff
