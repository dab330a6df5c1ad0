#pragma once

// From a job to what it asks of a server.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "compose/launch_template.h"
#include "compose/name_template.h"
#include "compose/template.h"
#include "compose/url_template.h"
#include "model/launch.h"
#include "model/run_spec.h"

namespace distaff {

// The request that a FetchSpec makes of each job.  Immutable after compile(); build() has no side
// effects.
class RequestTemplate final : public LaunchTemplate {
 public:
  struct Context {
    TemplateSyntax syntax;
    // Gives the bytes of the file of `--data @FILE`; they are sent as they are, nothing in them is
    // replaced.
    std::function<Expected<std::string>(const std::string& file)> read_file;
  };

  // An error is the user's mistake, with the option and the fix.
  static Expected<RequestTemplate> compile(const FetchSpec& spec, const Context& context);

  // Launch::request, for one job.  An error is the reason why it could not start: no URL, a missing
  // field, a header that would be two.
  Expected<Launch> build(const JobView& job) const override;

  std::string pasted(const Launch& launch) const override;

  // The URL as the record has it, or as --url-template makes it, before it is brought into form;
  // empty if there is none.
  std::string url_as_given(const JobView& job) const;

  // Names of fields it uses.
  std::vector<std::string> field_names() const override;

 private:
  struct Header {
    Template line;
    std::string name;
  };

  static Expected<Header> compile_header(const std::string& text, const TemplateSyntax& syntax);
  static Expected<Template> compile_data(const std::string& text, const Context& context);
  Expected<void> add_headers(const JobView& job, Request& request) const;

  UrlTemplate url_;
  std::string method_;
  std::vector<Header> headers_;
  std::optional<Template> data_;
  NameTemplate name_;
  std::string curl_options_;
};

}  // namespace distaff
