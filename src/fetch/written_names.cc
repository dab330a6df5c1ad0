#include "fetch/written_names.h"

#include <fmt/format.h>

#include <utility>

#include "base/secrets.h"
#include "base/text.h"

namespace distaff {
namespace {

tl::unexpected<Error> is_taken(const std::string& path, std::string_view run) {
  return fail(
      fmt::format("'{}' was already written for another URL in {} run; put {{hash}} or "
                  "{{#}} into --name",
                  printable(path), run));
}

std::uint64_t hash_of_shown(std::string_view url) { return hash_of_url(mask_url(url)).low; }

}  // namespace

void WrittenNames::add_earlier(std::string_view path, std::string_view shown_url) {
  const std::uint64_t name = hash_of_text(path);
  const std::uint64_t url = hash_of_shown(shown_url);
  if (!earlier_.insert(name, url)) *earlier_.find(name) = url;
}

void WrittenNames::keep_free(std::string path, std::string what) {
  others_.emplace(std::move(path), std::move(what));
}

Expected<void> WrittenNames::check(const BodyName& name, std::string_view url) const {
  const auto use = find(name);
  if (!use) return tl::unexpected(use.error());
  if (name.of_hash || *use == Use::same_url) return {};
  if (earlier_.size() == 0 && others_.empty()) return {};
  const std::string path = name.path();
  if (const auto other = others_.find(path); other != others_.end()) {
    return fail(fmt::format("'{}' is the file of {}; put {{hash}} or {{#}} into --name",
                            printable(path), other->second));
  }
  const std::uint64_t* earlier = earlier_.find(hash_of_text(path));
  if (earlier == nullptr || *earlier == hash_of_shown(url)) return {};
  return is_taken(path, "an earlier");
}

Expected<WrittenNames::Use> WrittenNames::find(const BodyName& name) const {
  if (name.of_hash) return Use::none;
  const std::string path = name.path();
  const std::uint64_t hash = hash_of_text(path);
  const std::uint64_t* kept = kept_.find(hash);
  if (kept != nullptr && *kept != name.url.low) return is_taken(path, "an earlier");
  const std::uint64_t* url = urls_.find(hash);
  if (url == nullptr) return Use::none;
  if (*url == name.url.low) return Use::same_url;
  return is_taken(path, "this");
}

void WrittenNames::add(const BodyName& name) {
  if (!name.of_hash) urls_.insert(hash_of_text(name.path()), name.url.low);
}

void WrittenNames::keep(const BodyName& name) {
  if (!name.of_hash) kept_.insert(hash_of_text(name.path()), name.url.low);
}

}  // namespace distaff
