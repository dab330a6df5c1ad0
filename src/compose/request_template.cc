#include "compose/request_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/secrets.h"
#include "base/text.h"
#include "compose/curl_line.h"
#include "compose/url.h"

namespace distaff {
namespace {

// The characters of methods and of headers' names.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string method_of(const FetchSpec& spec) {
  if (!spec.method.empty()) return spec.method;
  return spec.data ? "POST" : "GET";
}

// The text in front of the first value.
std::string_view literal_begin(const Template& parsed) {
  if (parsed.pieces().empty()) return {};
  const auto* literal = std::get_if<std::string>(&parsed.pieces()[0]);
  return literal ? std::string_view(*literal) : std::string_view();
}

// What libcurl would take for "leave this header out" is meant as one without a value.
void spell_empty_value(std::string_view name, std::string& line) {
  if (line.find_first_not_of(" \t", name.size() + 1) == line.npos) {
    line = std::string(name) + ";";
  }
}

}  // namespace

Expected<RequestTemplate::Header> RequestTemplate::compile_header(const std::string& text,
                                                                  const TemplateSyntax& syntax) {
  auto parsed = Template::parse(text, syntax);
  if (!parsed) return fail("--header: " + parsed.error().message);
  const std::string_view begin = literal_begin(*parsed);
  std::string name(begin.substr(0, begin.find_first_of(":;")));
  const bool bare = begin.substr(name.size()).starts_with(';');
  if (name.size() == begin.size() || !is_token(name) || (bare && text.size() > name.size() + 1)) {
    return fail(fmt::format("--header '{}': write 'NAME: VALUE', or 'NAME;' for one without value",
                            printable(mask_header(text))));
  }
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos) {
    return fail(fmt::format("--header '{}': a header is one line; write one --header for each",
                            printable(mask_header(text))));
  }
  return Header{*std::move(parsed), std::move(name)};
}

Expected<Template> RequestTemplate::compile_data(const std::string& text, const Context& context) {
  if (!text.starts_with('@')) {
    auto parsed = Template::parse(text, context.syntax);
    if (!parsed) return fail("--data: " + parsed.error().message);
    return parsed;
  }
  const std::string file = text.substr(1);
  if (file.empty() || file == "-" || !context.read_file) {
    return fail(fmt::format("--data '{}': name a file behind the @", printable(text)));
  }
  auto content = context.read_file(file);
  if (!content) return fail("--data: " + content.error().message, content.error().status);
  return Template::of({*std::move(content)});
}

Expected<RequestTemplate> RequestTemplate::compile(const FetchSpec& spec, const Context& context) {
  RequestTemplate request;
  auto url = UrlTemplate::compile(spec.url_template, spec.column, context.syntax);
  if (!url) return tl::unexpected(url.error());
  request.url_ = *std::move(url);

  request.method_ = method_of(spec);
  if (!is_token(request.method_)) {
    return fail(fmt::format("--request '{}': a method is one word, as GET, HEAD, POST, PUT",
                            printable(request.method_)));
  }
  for (const std::string& text : spec.headers) {
    auto header = compile_header(text, context.syntax);
    if (!header) return tl::unexpected(header.error());
    request.headers_.push_back(*std::move(header));
  }
  if (spec.data) {
    auto data = compile_data(*spec.data, context);
    if (!data) return tl::unexpected(data.error());
    request.data_ = *std::move(data);
  }
  auto name = NameTemplate::compile(spec.name, context.syntax, spec.url_template.empty());
  if (!name) return tl::unexpected(name.error());
  request.name_ = *std::move(name);
  request.curl_options_ = curl_options(spec);
  return request;
}

Expected<void> RequestTemplate::add_headers(const JobView& job, Request& request) const {
  for (const auto& [line, name] : headers_) {
    auto text = line.expand(job);
    if (!text) return fail(fmt::format("--header {}: {}", name, text.error().message));
    const std::size_t bad = text->find_first_of(std::string_view("\r\n\0", 3));
    if (bad != text->npos) {
      return fail(fmt::format("--header {}: its value holds {}, which no header can", name,
                              (*text)[bad] == '\0' ? "a NUL byte" : "a line end"));
    }
    if (!line.is_literal()) spell_empty_value(name, *text);
    request.headers.push_back(*std::move(text));
  }
  return {};
}

Expected<Launch> RequestTemplate::build(const JobView& job) const {
  Launch launch;
  Request& request = launch.request.emplace();
  auto url = url_.of(job);
  if (!url) return tl::unexpected(url.error());
  request.url = std::move(url->url);
  request.no_host = std::move(url->no_host);
  request.method = method_;
  if (const auto added = add_headers(job, request); !added) return tl::unexpected(added.error());
  if (data_) {
    auto data = data_->expand(job);
    if (!data) return fail("--data: " + data.error().message);
    request.data = *std::move(data);
  }
  auto name = name_.of(job, request.url);
  if (!name) return tl::unexpected(name.error());
  request.name = *std::move(name);
  return launch;
}

std::string RequestTemplate::pasted(const Launch& launch) const {
  return curl_line(*launch.request, curl_options_);
}

std::string RequestTemplate::url_as_given(const JobView& job) const {
  const auto text = url_.text_of(job);
  return text ? std::string(without_blanks_around(*text)) : std::string();
}

std::vector<std::string> RequestTemplate::field_names() const {
  std::vector<std::string> names;
  url_.collect_names(names);
  for (const Header& header : headers_) header.line.collect_names(names);
  if (data_) data_->collect_names(names);
  name_.collect_names(names);
  return names;
}

}  // namespace distaff
