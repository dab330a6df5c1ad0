#pragma once

// The URL of a job: its record, a field of it, or a template with values in it.
//
// A value at the very start of a template is (the beginning of) a URL and is put in as it is.
// Behind that, values are only ever a part of what the template says: they are encoded by percent
// signs, so that no value can name another host, end the path or add a parameter.  In a path a
// slash stays one, and a value that would make `.` or `..` of a part of it is an error, also if it
// does so only together with what stands beside it, or when it is decoded.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"
#include "model/run_spec.h"

namespace distaff {

struct ComposedUrl {
  std::string url;      // in the form of compose/url.h
  std::string no_host;  // not empty: why no host could be asked; then `url` is as it was given
};

class UrlTemplate {
 public:
  // `text` is --url-template; empty: `column`; empty too: the record.
  static Expected<UrlTemplate> compile(std::string_view text, const std::string& column,
                                       const TemplateSyntax& syntax);

  // An error says why this is no URL.
  Expected<ComposedUrl> of(const JobView& job) const;

  // What the template makes of the job, before anything else is made of it.
  Expected<std::string> text_of(const JobView& job) const;

  void collect_names(std::vector<std::string>& names) const;

 private:
  // How a value is put in.
  enum class Place { as_it_is, host, path, query };

  bool ends_host(std::size_t piece) const;
  static Place place_behind(std::string_view before);
  static Expected<UrlTemplate> of_column(const std::string& column, const TemplateSyntax& syntax);

  Expected<void> check_values(const JobView& job) const;
  bool begins_as_last(std::string_view url) const;
  void remember_begin(std::string_view url) const;

  Template template_;
  std::vector<Place> places_;  // of each piece
  bool has_path_values_ = false;
  // "https://example.org/", of the last URL that was good: another that begins so is good, too, if
  // its characters are.  Lists have many of one host in a row.
  mutable std::string begin_;
};

// `text` as a URL, or what is wrong with it and how to write it.  Which schemes may be asked is not
// looked at.
Expected<ComposedUrl> checked_url(std::string_view text);

}  // namespace distaff
