#include "compose/name_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "compose/url_path.h"

namespace distaff {
namespace {

using What = FileNamePart::What;

constexpr std::array<std::pair<std::string_view, What>, 4> kWords{{
    {"{hash", What::hash},
    {"{ext", What::ext},
    {"{host", What::host},
    {"{path", What::path},
}};

struct Found {
  What what;
  std::size_t size;
};

// One of the four words at the start of `text`.
Expected<std::optional<Found>> read_word(std::string_view text) {
  for (const auto& [word, what] : kWords) {
    if (!text.starts_with(word) || text.size() == word.size()) continue;
    const char next = text[word.size()];
    if (next == '}') return Found{what, word.size() + 1};
    if (std::string_view("/.^@").find(next) == std::string_view::npos) continue;
    return fail(
        fmt::format("{}: {}}} takes no path parts; write it alone, or a column by its number",
                    printable(text.substr(0, text.find('}') + 1), 60), word));
  }
  return std::nullopt;
}

// Takes a path apart.  (A regex sees all of the value.)
bool takes_path(const Piece& piece) {
  const auto* replacement = std::get_if<Replacement>(&piece);
  return replacement != nullptr && replacement->of_record() && !replacement->parts.empty() &&
         replacement->parts.front().kind != PathPart::Kind::capture;
}

}  // namespace

Expected<NameTemplate> NameTemplate::compile(std::string_view text, const TemplateSyntax& syntax,
                                             bool record_is_url) {
  NameTemplate name;
  name.record_is_url_ = record_is_url;
  std::size_t done = 0;
  const auto add_until = [&](std::size_t end) -> Expected<void> {
    if (end == done) return {};
    auto parsed = Template::parse(text.substr(done, end - done), syntax);
    if (!parsed) return fail("--name: " + parsed.error().message);
    name.parts_.emplace_back(*std::move(parsed));
    return {};
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t foreign = foreign_braces(text, at, syntax);
    const bool dollar = at > 0 && text[at - 1] == '$';
    const auto word = foreign == 0 && !dollar ? read_word(text.substr(at)) : std::nullopt;
    if (!word) return fail("--name: " + word.error().message);
    if (!*word) {
      at += std::max<std::size_t>(foreign, 1);
      continue;
    }
    if (const auto good = add_until(at); !good) return tl::unexpected(good.error());
    name.parts_.emplace_back((*word)->what);
    done = at += (*word)->size;
  }
  if (const auto good = add_until(text.size()); !good) return tl::unexpected(good.error());
  return name;
}

Expected<std::vector<FileNamePart>> NameTemplate::of(const JobView& job,
                                                     const std::string& url) const {
  std::vector<FileNamePart> name;
  name.reserve(parts_.size());
  for (const Part& part : parts_) {
    if (const auto* what = std::get_if<What>(&part)) {
      name.push_back({*what, {}});
      continue;
    }
    auto text = expand(std::get<Template>(part), job, url);
    if (!text) return fail("--name: " + text.error().message);
    name.push_back({What::text, *std::move(text)});
  }
  return name;
}

Expected<std::string> NameTemplate::expand(const Template& text, const JobView& job,
                                           const std::string& url) const {
  if (std::none_of(text.pieces().begin(), text.pieces().end(), takes_path)) return text.expand(job);
  std::string name;
  for (const Piece& piece : text.pieces()) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      name += *literal;
      continue;
    }
    const auto& replacement = std::get<Replacement>(piece);
    auto value =
        takes_path(piece) ? piece_of_path(replacement, job, url) : value_of(replacement, job);
    if (!value) return value;
    name += *value;
  }
  return name;
}

Expected<std::string> NameTemplate::piece_of_path(const Replacement& replacement,
                                                  const JobView& job,
                                                  const std::string& url) const {
  if (replacement.what == Replacement::What::record && record_is_url_) {
    const auto path = file_path_of_url(url);
    return path ? taken_apart(replacement.parts, *path) : value_of(replacement, job);
  }
  Replacement whole = replacement;
  whole.parts.clear();
  auto value = value_of(whole, job);
  const auto path = value ? file_path_of_url(*value) : std::nullopt;
  return path ? taken_apart(replacement.parts, *path) : value_of(replacement, job);
}

void NameTemplate::collect_names(std::vector<std::string>& names) const {
  for (const Part& part : parts_) {
    if (const auto* text = std::get_if<Template>(&part)) text->collect_names(names);
  }
}

}  // namespace distaff
