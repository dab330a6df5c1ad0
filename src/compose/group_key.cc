#include "compose/group_key.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "compose/field_name.h"

namespace distaff {

struct GroupKey::Impl {
  // What is made of the text that `source` gives.
  enum class Kind { text, host, domain, regex };
  Kind kind = Kind::text;
  Template source;
  std::unique_ptr<re2::RE2> regex;
  UrlOf url;  // instead of `source`, if there is one
  NameOf name;
};

namespace {

using Kind = FieldScheme::Kind;

bool has_names(const FieldScheme& scheme) {
  return scheme.kind == Kind::named || scheme.kind == Kind::open;
}

bool is_column(std::string_view word, const FieldScheme& scheme) {
  return has_names(scheme) &&
         std::find(scheme.names.begin(), scheme.names.end(), word) != scheme.names.end();
}

std::string columns(const FieldScheme& scheme, std::string_view word) {
  if (scheme.kind == Kind::open) return "the columns are the members of each object";
  const std::vector<std::string_view> names(scheme.names.begin(), scheme.names.end());
  const std::string_view meant = nearest(word, names);
  std::string list = meant.empty() ? "" : fmt::format("did you mean {}? ", printable(meant, 60));
  list += "the columns are ";
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 20); ++i) {
    list += (i > 0 ? ", " : "") + printable(written_name(scheme, i), 60);
  }
  return list + (names.size() > 20 ? fmt::format(" and {} more", names.size() - 20) : "");
}

// `word` as a field by name or number: {word}, in the spelling that no -I changes.
Expected<Template> field_template(std::string_view word, const TemplateSyntax& syntax) {
  const FieldNames& names = syntax.scheme.names;
  if (is_column(word, syntax.scheme)) {
    const auto first = std::find(names.begin(), names.end(), word);
    return Template::of({column(syntax.scheme, static_cast<std::size_t>(first - names.begin()))});
  }
  if (auto field = field_in_braces(word, syntax.scheme)) {
    field->each_value = syntax.tuples;
    return Template::of({*std::move(field)});
  }
  if (has_names(syntax.scheme)) {
    return fail(
        fmt::format("no column '{}'; {}", printable(word, 60), columns(syntax.scheme, word)));
  }
  return fail(
      fmt::format("no field '{}': records have no names here, write {{1}}, or give them "
                  "fields by --csv, --jsonl, --match or --split",
                  printable(word, 60)));
}

// What follows `host:`: a field or a template.
Expected<Template> source_template(std::string_view text, const TemplateSyntax& syntax) {
  if (!is_column(text, syntax.scheme)) {
    auto parsed = Template::parse(text, syntax);
    if (!parsed || parsed->has_record()) return parsed;
  }
  return field_template(text, syntax);
}

Template whole_record() {
  TemplateSyntax braces;
  return *Template::parse("{}", braces);
}

bool uses_slot(const Template& text) {
  return std::any_of(text.pieces().begin(), text.pieces().end(), [](const Piece& piece) {
    const auto* found = std::get_if<Replacement>(&piece);
    return found && found->what == Replacement::What::slot;
  });
}

tl::unexpected<Error> wrong(std::string_view spec, const std::string& why) {
  return fail(fmt::format("--key '{}': {}", printable(spec, 100), why));
}

// A bare host or domain; in a table it could as well be meant as a column.
Expected<Template> bare_source(std::string_view word, const FieldScheme& scheme) {
  if (!has_names(scheme)) return whole_record();
  const char* example =
      scheme.kind == Kind::named && !scheme.names.empty() ? scheme.names[0].c_str() : "url";
  return fail(fmt::format("of which column? write {0}:FIELD, such as {1}{2}", word,
                          typed_word(fmt::format("{}:{}", word, example)),
                          scheme.kind == Kind::open
                              ? fmt::format(", or {{{}}} for the member of that name", word)
                              : ""));
}

Expected<std::unique_ptr<re2::RE2>> compiled_regex(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_unique<re2::RE2>(pattern, options);
  if (regex->ok()) return regex;
  return fail("no regex that RE2 takes: " + regex->error());
}

// The first capture, else the match; empty where there is none.
std::string found_by(const re2::RE2& regex, std::string_view text) {
  re2::StringPiece groups[2];
  const int wanted = regex.NumberOfCapturingGroups() > 0 ? 2 : 1;
  const re2::StringPiece subject(text.data(), text.size());
  if (!regex.Match(subject, 0, subject.size(), re2::RE2::UNANCHORED, groups, wanted)) return {};
  return groups[wanted - 1].as_string();
}

}  // namespace

Expected<GroupKey> GroupKey::compile(std::string_view spec, const TemplateSyntax& syntax) {
  auto impl = std::make_unique<Impl>();
  Expected<Template> source;
  const auto after = [&](std::string_view prefix) { return spec.substr(prefix.size()); };
  if (is_column(spec, syntax.scheme)) {
    source = field_template(spec, syntax);
  } else if (spec.starts_with("regex:")) {
    impl->kind = Impl::Kind::regex;
    auto regex = compiled_regex(after("regex:"));
    if (!regex) return wrong(spec, regex.error().message);
    impl->regex = *std::move(regex);
    source = whole_record();
  } else if (spec == "host" || spec.starts_with("host:")) {
    impl->kind = Impl::Kind::host;
    source =
        spec == "host" ? bare_source(spec, syntax.scheme) : source_template(after("host:"), syntax);
  } else if (spec == "domain" || spec.starts_with("domain:")) {
    impl->kind = Impl::Kind::domain;
    source = spec == "domain" ? bare_source(spec, syntax.scheme)
                              : source_template(after("domain:"), syntax);
  } else {
    source = Template::parse(spec, syntax);
    if (source && source->is_literal()) {
      source = has_names(syntax.scheme)
                   ? field_template(spec, syntax)
                   : fail(fmt::format(
                         "the key would be the same for every record; write {}, host, domain or "
                         "regex:RE, or give the records columns by --csv, --jsonl or --match",
                         syntax.replacement == "{}" ? "{1}" : syntax.replacement));
    }
  }
  if (!source) return wrong(spec, source.error().message);
  if (uses_slot(*source)) return wrong(spec, "{%} is not known before a job starts; leave it out");
  impl->source = *std::move(source);
  return GroupKey(std::move(impl));
}

GroupKey GroupKey::of_urls(UrlOf url, NameOf name) {
  auto impl = std::make_unique<Impl>();
  impl->url = std::move(url);
  impl->name = std::move(name);
  return GroupKey(std::move(impl));
}

std::optional<std::string> GroupKey::key_of_hop(std::string_view url) const {
  if (!impl_->url) return std::nullopt;
  const auto host = host_of(url);
  return host ? std::optional(impl_->name(*host)) : std::nullopt;
}

std::optional<std::string> GroupKey::key_of(const Record& record, JobId id) const {
  if (impl_->url) {
    const auto url = impl_->url(record, id);
    return url ? key_of_hop(*url) : std::nullopt;
  }
  Expected<std::string> text = impl_->source.expand({{&record, 1}, id, 0});
  if (!text || text->empty()) return {};
  switch (impl_->kind) {
    case Impl::Kind::text:
      break;
    case Impl::Kind::host:
      return host_of(*text);
    case Impl::Kind::domain: {
      const auto host = host_of(*text);
      if (!host) return {};
      return domain_of(*host);
    }
    case Impl::Kind::regex:
      *text = found_by(*impl_->regex, *text);
      if (text->empty()) return {};
  }
  return *std::move(text);
}

std::vector<std::string> GroupKey::field_names() const {
  std::vector<std::string> names;
  impl_->source.collect_names(names);
  return names;
}

GroupKey::GroupKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GroupKey::GroupKey(GroupKey&&) noexcept = default;
GroupKey& GroupKey::operator=(GroupKey&&) noexcept = default;
GroupKey::~GroupKey() = default;

}  // namespace distaff
