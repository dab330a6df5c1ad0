#include "cli/fetch_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/numbers.h"
#include "base/secrets.h"
#include "cli/fetch_values.h"
#include "cli/option_reader.h"
#include "cli/rules.h"
#include "cli/values.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr int kJobs = 32;
constexpr int kParallelism = 4;
constexpr Duration kPoliteRest = 1s;
constexpr std::string_view kKey = "host";

// What the run is if no option says anything.
RunSpec standard_spec() {
  RunSpec spec;
  spec.pool.jobs = {JobsSpec::Kind::count, kJobs};
  spec.output.mode = OutputMode::csv;
  spec.failure.ok = {{{200, 299}}};
  spec.failure.retry_on = {.statuses = {{{408, 408}, {425, 425}, {429, 429}, {500, 599}}},
                           .signal = false,
                           .timeout = true,
                           .connect = true};
  spec.fetch.emplace();
  return spec;
}

Expected<Duration> parse_limit(std::string_view text) {
  const auto limit = parse_duration(text);
  if (limit && *limit == Duration{0}) {
    return fail(fmt::format("'{}' would end every request at once; such as 30s", text));
  }
  return limit;
}

class FetchReader : OptionReader {
 public:
  FetchReader(const Flags& flags, Arguments& arguments)
      : OptionReader(Program::fetch, flags, arguments) {
    request_.spec = standard_spec();
  }

  Expected<FetchRequest> go() {
    read_words();
    read_input();
    read_requests();
    read_connections();
    read_pool();
    say_of_wget();
    read_groups();
    read_manners();
    read_bodies();
    read_surroundings();
    read_output();
    read_failure();
    read_classes();
    read_journal();
    read_cron();
    read_progress();
    check_words();
    check_input();
    check_requests();
    check_connections();
    check_groups();
    check_bodies();
    check_output();
    check_journal();
    check_cron();
    if (error_) return tl::unexpected(*error_);
    return std::move(request_);
  }

 private:
  FetchSpec& fetch() { return *request_.spec.fetch; }

  bool has_table() const {
    return flags_.has(Opt::csv) || flags_.has(Opt::tsv) || flags_.has(Opt::jsonl);
  }

  // ---- topic by topic

  // Of a table the word is the column of the URL; else the words are the records.
  void read_words() {
    std::vector<std::string>& words = arguments_.command;
    if (words.empty()) return;
    if (std::find(words.begin(), words.end(), "-") != words.end()) {
      fail_with("'-': without words URLs are read from stdin, so leave it out; or -a -");
    }
    if (has_table()) {
      fetch().column = words[0];
      if (words.size() > 1) {
        fail_with(
            "'{}': only one word goes with {}, the column of the URL, and that is '{}'; the file "
            "is named by -a FILE",
            printable(mask_record(words[1])), table_word(), printable(mask_record(words[0])));
      }
    } else if (!arguments_.list_word.empty()) {
      fail_with("'{}' and '{}': URLs come from one of them; leave '{}' out",
                printable(mask_record(words[0])), arguments_.list_word, arguments_.list_word);
    } else {
      arguments_.list_word = printable(mask_record(words[0]));
      arguments_.lists.push_back({std::move(words), {}, false});
    }
    words.clear();
  }

  std::string table_word() const {
    for (const Opt id : {Opt::csv, Opt::tsv, Opt::jsonl}) {
      if (flags_.has(id)) return mentioned(id);
    }
    return {};
  }

  void check_words() {
    const std::string& column = fetch().column;
    if (flags_.has(Opt::url_template) && !column.empty()) {
      fail_with("{} and '{}': the URL comes from one of them; in a template the column is {{{}}}",
                spelled(Opt::url_template), printable(mask_record(column)),
                printable(mask_record(column)));
    }
    if (column.find("://") != column.npos) {
      fail_with("'{}': with {} the word is the column of the URL, and URLs come from the table",
                printable(mask_record(column)), table_word());
    }
    if (flags_.has(Opt::no_header) && has_table() && !flags_.has(Opt::url_template) &&
        !flags_.has(Opt::fields)) {
      check_column_number();
    }
    if (request_.spec.input.lists.size() > 1 && !flags_.has(Opt::url_template)) {
      fail_with(
          "'{}': several lists make tuples; say what URL they make, as --url-template "
          "'http://{{1}}/{{2}}'",
          arguments_.list_word);
    }
    if (flags_.has(Opt::delimiter) && !arguments_.list_word.empty()) {
      fail_with("{} ends records that are read, and '{}' gives them; curl's -d is --data here",
                spelled(Opt::delimiter), arguments_.list_word);
    }
  }

  // Without a header the word is a number, and so a field as templates have it.
  void check_column_number() {
    std::string& column = fetch().column;
    if (!parse_int(column, 1)) {
      fail_with(
          "{}: columns then have numbers; say which has the URL, as in: distaff fetch --csv "
          "--no-header 2",
          spelled(Opt::no_header));
    }
    fetch().url_template = fmt::format("{{{}}}", std::exchange(column, {}));
  }

  void read_requests() {
    read(Opt::url_template, fetch().url_template, parse_text);
    read(Opt::method, fetch().method, parse_method);
    read_each(Opt::header, fetch().headers, parse_header);
    read(Opt::data, fetch().data, parse_data);
    read(Opt::cookie, fetch().cookies, parse_header_text);
    read(Opt::cookie_jar, fetch().cookie_jar, parse_text);
  }

  void check_requests() {
    const std::string& method = fetch().method;
    if (flags_.has(Opt::data) && (method == "HEAD" || method == "GET")) {
      fail_with("{} and {}: that method sends no body; leave one of them out", spelled(Opt::data),
                flags_.mentioned_with_value(Opt::method));
    }
  }

  void read_connections() {
    read_choice(Opt::http, fetch().version);
    read(Opt::protocols, fetch().protocols, parse_protocols);
    read(Opt::netrc_file, fetch().netrc_file, parse_text);
    fetch().netrc = flags_.has(Opt::netrc) || flags_.has(Opt::netrc_file);
    read(Opt::proxy, fetch().proxy, parse_proxy);
    read(Opt::cert, fetch().cert, parse_text);
    read(Opt::cert_key, fetch().cert_key, parse_text);
    read(Opt::ca_file, fetch().ca_file, parse_text);
    fetch().insecure = flags_.has(Opt::insecure);
    read_each(Opt::resolve, fetch().resolve, parse_resolve);
    read(Opt::interface, fetch().interface, parse_text);
    fetch().public_only = flags_.has(Opt::public_only);
    read(Opt::max_redirects, fetch().max_redirects,
         [](std::string_view text) { return parse_int(text, 0, 1000); });
  }

  void check_connections() {
    if (flags_.has(Opt::public_only) && flags_.has(Opt::proxy)) {
      fail_with(
          "{} and {}: a proxy looks names up itself, so addresses cannot be checked here; leave "
          "one of them out",
          spelled(Opt::public_only), mentioned(Opt::proxy));
    }
    if (flags_.has(Opt::cert_key) && !flags_.has(Opt::cert)) {
      fail_with("{} is the key of a certificate; add --cert FILE", spelled(Opt::cert_key));
    }
    if (flags_.has(Opt::insecure) && flags_.has(Opt::ca_file)) {
      fail_with("{} and {}: nothing is checked by the one, so leave one of them out",
                spelled(Opt::insecure), mentioned(Opt::ca_file));
    }
  }

  void say_of_wget() {
    if (error_ && flags_.has(Opt::jobs) && flags_.spelled(Opt::jobs) == "-P" &&
        error_->message.starts_with("-P: ")) {
      error_->message += "; wget's -P is --output-dir here";
    }
  }

  // What --polite stands for gives way to what is written: a throttle needs a parallelism of one,
  // and a rate is another way to say how often.
  void read_manners() {
    const bool polite = flags_.has(Opt::polite);
    fetch().robots = polite || flags_.has(Opt::robots);
    fetch().adaptive = polite || flags_.has(Opt::adaptive);
    read(Opt::max_retry_after, fetch().longest_retry_after,
         [](std::string_view text) { return parse_duration(text); });
    read(Opt::user_agent, fetch().user_agent, parse_header_text);
    read(Opt::contact, fetch().contact, parse_contact);

    GroupSpec& group = request_.spec.group;
    if (group.key.empty() && request_.rules_file.empty()) group.key = kKey;
    if (polite && !group.throttle && !group.rate && group.parallelism.value_or(1) == 1) {
      group.throttle = Throttle{kPoliteRest, kPoliteRest};
    }
    if (polite && !group.parallelism) group.parallelism = 1;
    const bool rests = group.throttle && group.throttle->any();
    if (!group.parallelism && !rests && !group.rate) group.parallelism = kParallelism;
  }

  void read_bodies() {
    read(Opt::output_dir, fetch().output_dir, parse_text);
    read(Opt::name, fetch().name, parse_text);
    read(Opt::archive, fetch().archive, parse_text);
    fetch().body = flags_.has(Opt::body);
    fetch().decode = !flags_.has(Opt::no_decode);
    read(Opt::max_size, fetch().max_size, [](std::string_view text) -> Expected<std::uint64_t> {
      const auto size = parse_size(text);
      if (size && *size == 0) return fail("'0' lets no body in; -X HEAD asks for none");
      return size;
    });
    read(Opt::cond, fetch().conditions, parse_text);
    fetch().stats = flags_.has(Opt::stats);
  }

  void check_bodies() {
    exclusive({Opt::output_dir, Opt::archive, Opt::body},
              "bodies go to one place; leave one of them out");
    if (flags_.has(Opt::name) && !flags_.has(Opt::output_dir) && !flags_.has(Opt::archive)) {
      fail_with("{} names files of bodies; add --output-dir DIR or --archive FILE",
                spelled(Opt::name));
    }
  }

  void read_output() {
    OutputMode& mode = request_.spec.output.mode;
    enum class Choice { csv, json, none } choice = Choice::csv;
    read_choice(Opt::output, choice);
    mode = choice == Choice::csv    ? OutputMode::csv
           : choice == Choice::json ? OutputMode::json
                                    : OutputMode::none;
    if (flags_.has(Opt::body)) mode = OutputMode::group;
  }

  void check_output() {
    exclusive({Opt::body, Opt::output}, "stdout has bodies or the report; leave one of them out");
    if (flags_.has(Opt::keep_order) && request_.spec.output.mode == OutputMode::none) {
      fail_with("{} does not go with {}: there is nothing to be in order; leave one of them out",
                spelled(Opt::keep_order), flags_.mentioned_with_value(Opt::output));
    }
  }

  void read_classes() {
    FailureSpec& failure = request_.spec.failure;
    // 304 says that what --cond knows has not changed.
    if (flags_.has(Opt::cond)) failure.ok.ranges.emplace_back(304, 304);
    read(Opt::ok, failure.ok, parse_http_statuses);
    read(Opt::retry_on, failure.retry_on, parse_http_retry_on);
    fetch().retry_unsafe = flags_.has(Opt::retry_unsafe);
    read(Opt::connect_timeout, fetch().connect_timeout, parse_limit);
    read(Opt::stall_timeout, fetch().stall_timeout,
         [](std::string_view text) { return parse_duration(text); });
  }
};

// read_choice() counts on this.
static_assert(static_cast<int>(HttpVersion::http2) == 2);

}  // namespace

Expected<FetchRequest> parse_fetch(std::span<const std::string_view> words, ReadConfig read) {
  auto typed = collect_options(words, read, Program::fetch);
  if (!typed) return tl::unexpected(typed.error());
  if (typed->answer) return FetchRequest{.kind = *typed->answer};
  auto request = FetchReader(typed->flags, typed->arguments).go();
  if (!request) return request;
  if (typed->flags.has(Opt::fields)) request->kind = FetchRequest::Kind::fields;
  request->configured = configured_places(typed->flags, Program::fetch);
  request->config_files = typed->flags.values(Opt::config);
  return request;
}

Expected<void> load_fetch_rules(FetchRequest& request) {
  if (request.rules_file.empty()) return {};
  GroupSpec& group = request.spec.group;
  const auto loaded = load_rules(request.rules_file, group, Program::fetch);
  if (!loaded) return loaded;
  if (group.key.empty()) group.key = kKey;
  return {};
}

}  // namespace distaff
