// The command language of `distaff fetch`.

#include "cli/fetch_options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/advice.h"
#include "cli/programs.h"

namespace distaff::fetch_options_test {
namespace {

using namespace std::chrono_literals;

using Words = std::vector<std::string_view>;
using Kind = FetchRequest::Kind;

FetchRequest parsed(const Words& words) {
  auto request = parse_fetch(words);
  EXPECT_TRUE(request) << request.error().message;
  return request ? *request : FetchRequest{.spec = {.fetch = FetchSpec{}}};
}

RunSpec spec_of(const Words& words) { return parsed(words).spec; }
FetchSpec fetch_of(const Words& words) { return *parsed(words).spec.fetch; }

std::string error_of(const Words& words) {
  const auto request = parse_fetch(words);
  if (request) return "(no error)";
  EXPECT_EQ(request.error().status, 2);
  EXPECT_EQ(request.error().message.find('\n'), std::string::npos);
  return request.error().message;
}

struct Mistake {
  Words words;
  std::string_view message;
};

void expect_mistakes(std::initializer_list<Mistake> mistakes) {
  for (const auto& [words, message] : mistakes) EXPECT_EQ(error_of(words), message);
}

// ---- defaults

TEST(Fetch, HasDefaultsThatHurtNoServer) {
  const RunSpec spec = spec_of({});
  EXPECT_EQ(spec.fetch, FetchSpec{});
  EXPECT_EQ(spec.pool.jobs, (JobsSpec{JobsSpec::Kind::count, 32}));
  EXPECT_EQ(spec.group.key, "host");
  EXPECT_EQ(spec.group.parallelism, 4);
  EXPECT_EQ(spec.group.throttle, std::nullopt);
  EXPECT_EQ(spec.output.mode, OutputMode::csv);
  EXPECT_EQ(spec.failure.ok, (StatusSet{{{200, 299}}}));
  EXPECT_EQ(spec.failure.retries, 0);
  const RetryOn& on = spec.failure.retry_on;
  EXPECT_TRUE(on.connect && on.timeout);
  EXPECT_FALSE(on.signal || on.start);
  EXPECT_EQ(on.statuses, (StatusSet{{{408, 408}, {425, 425}, {429, 429}, {500, 599}}}));
}

TEST(Fetch, TheParallelismOfFourGivesWayToWhatIsWritten) {
  const auto group = [](const Words& words) { return spec_of(words).group; };
  EXPECT_EQ(group({"--parallelism", "2"}).parallelism, 2);
  EXPECT_EQ(group({"--throttle", "2s"}).parallelism, std::nullopt);
  EXPECT_EQ(group({"--throttle", "0s"}).parallelism, 4);
  EXPECT_EQ(group({"--rate", "10/s"}).parallelism, std::nullopt);
  EXPECT_EQ(group({"-g", "domain"}).key, "domain");
}

TEST(Fetch, PoliteStandsForFourThingsAndGivesWay) {
  const RunSpec polite = spec_of({"--polite"});
  EXPECT_EQ(polite.group.parallelism, 1);
  EXPECT_EQ(polite.group.throttle, (Throttle{1s, 1s}));
  EXPECT_TRUE(polite.fetch->robots);
  EXPECT_TRUE(polite.fetch->adaptive);

  const auto group = [](const Words& words) { return spec_of(words).group; };
  EXPECT_EQ(group({"--polite", "--throttle", "5s"}).throttle, (Throttle{5s, 5s}));
  EXPECT_EQ(group({"--polite", "--throttle", "5s"}).parallelism, 1);
  EXPECT_EQ(group({"--polite", "--parallelism", "2"}).parallelism, 2);
  EXPECT_EQ(group({"--polite", "--parallelism", "2"}).throttle, std::nullopt);
  EXPECT_EQ(group({"--polite", "--rate", "2/s"}).throttle, std::nullopt);
  EXPECT_EQ(group({"--polite", "--rate", "2/s"}).parallelism, 1);
  EXPECT_EQ(group({"--parallelism=1", "--polite"}).throttle, (Throttle{1s, 1s}));

  EXPECT_TRUE(fetch_of({"--robots"}).robots);
  EXPECT_FALSE(fetch_of({"--robots"}).adaptive);
  EXPECT_TRUE(fetch_of({"--adaptive"}).adaptive);
}

// ---- words

TEST(Fetch, TakesWordsForUrls) {
  const FetchRequest request = parsed({"http://a/", "http://b/"});
  EXPECT_EQ(request.spec.input.format, RecordFormat::arguments);
  EXPECT_EQ(request.spec.input.lists,
            (std::vector<ArgumentList>{{{"http://a/", "http://b/"}, {}, false}}));
  EXPECT_TRUE(request.input_given);
  EXPECT_EQ(request.spec.command.words, std::vector<std::string>{});
  EXPECT_EQ(parsed({":::", "http://a/", "http://b/"}), request);
  EXPECT_EQ(parsed({"--", "http://a/", "http://b/"}), request);
}

TEST(Fetch, HasOptionsBehindUrlsToo) {
  EXPECT_EQ(parsed({"http://a/", "--polite", "http://b/", "-j", "3"}),
            parsed({"--polite", "-j3", "http://a/", "http://b/"}));
  EXPECT_EQ(spec_of({"--", "http://a/", "--polite"}).input.lists[0].values,
            (std::vector<std::string>{"http://a/", "--polite"}));
}

TEST(Fetch, ReadsLinesWithoutWords) {
  EXPECT_EQ(spec_of({}).input.format, RecordFormat::lines);
  EXPECT_FALSE(parsed({}).input_given);
  EXPECT_TRUE(parsed({"-a", "urls"}).input_given);
  EXPECT_EQ(spec_of({"-a", "urls", "-a", "more"}).input.files,
            (std::vector<std::string>{"urls", "more"}));
}

TEST(Fetch, TakesTheOneWordOfATableForItsColumn) {
  EXPECT_EQ(fetch_of({"--csv", "home page"}).column, "home page");
  EXPECT_EQ(fetch_of({"link", "--tsv", "-a", "f"}).column, "link");
  EXPECT_EQ(fetch_of({"--jsonl", "a.b"}).column, "a.b");
  EXPECT_EQ(fetch_of({"--csv"}).column, "");
  EXPECT_EQ(fetch_of({"--csv", "--no-header", "2"}).column, "");
  EXPECT_EQ(fetch_of({"--csv", "--no-header", "2"}).url_template, "{2}");
  EXPECT_EQ(parsed({"--csv", "--fields"}).kind, Kind::fields);
}

TEST(Fetch, MakesUrlsByATemplate) {
  const FetchRequest request =
      parsed({"--url-template", "http://h/{1}/{2}", ":::", "a", ":::", "b"});
  EXPECT_EQ(request.spec.fetch->url_template, "http://h/{1}/{2}");
  EXPECT_EQ(request.spec.input.lists.size(), 2u);
  EXPECT_EQ(spec_of({"--url-template", "http://h/{}", "a", "b"}).input.lists[0].values.size(), 2u);
}

TEST(FetchErrors, OfWords) {
  expect_mistakes({
      {{"--csv", "people.csv", "url"},
       "'url': only one word goes with --csv, the column of the URL, and that is 'people.csv'; the "
       "file is named by -a FILE"},
      {{"--csv", "http://a/"},
       "'http://a/': with --csv the word is the column of the URL, and URLs come from the table"},
      {{"--csv", "--no-header", "url"},
       "--no-header: columns then have numbers; say which has the URL, as in: distaff fetch --csv "
       "--no-header 2"},
      {{"--csv", "--no-header"},
       "--no-header: columns then have numbers; say which has the URL, as in: distaff fetch --csv "
       "--no-header 2"},
      {{"--csv", "--url-template", "http://h/{id}", "id"},
       "--url-template and 'id': the URL comes from one of them; in a template the column is {id}"},
      {{"http://a/", ":::", "http://b/"},
       "'http://a/' and ':::': URLs come from one of them; leave ':::' out"},
      {{":::", "a", ":::", "b"},
       "':::': several lists make tuples; say what URL they make, as --url-template "
       "'http://{1}/{2}'"},
      {{"-a", "f", "http://a/"},
       "-a and 'http://a/': records come from one of them; the lines of a file are a list by :::: "
       "FILE"},
      {{"-d", "a=b", "http://a/"},
       "-d ends records that are read, and 'http://a/' gives them; curl's -d is --data here"},
      {{"http://a/", "-"}, "'-': without words URLs are read from stdin, so leave it out; or -a -"},
      {{"--split", ",", "http://a/"},
       "--split is for input that is read, and 'http://a/' gives the values as they are; leave one "
       "of them out"},
  });
}

// ---- values

TEST(Fetch, ReadsRequests) {
  const FetchSpec fetch =
      fetch_of({"-X", "PUT", "-H", "Accept: text/html", "--header", "X-Empty;", "-HA:", "--data",
                "id={id}", "--cookie", "a=b; c=d", "--cookie-jar", "jar"});
  EXPECT_EQ(fetch.method, "PUT");
  EXPECT_EQ(fetch.headers, (std::vector<std::string>{"Accept: text/html", "X-Empty;", "A:"}));
  EXPECT_EQ(fetch.data, "id={id}");
  EXPECT_EQ(fetch.cookies, "a=b; c=d");
  EXPECT_EQ(fetch.cookie_jar, "jar");
  EXPECT_EQ(fetch_of({"--request=DELETE"}).method, "DELETE");
  EXPECT_EQ(fetch_of({"--data", "@body.json"}).data, "@body.json");
  EXPECT_EQ(fetch_of({"--data="}).data, "");
}

TEST(Fetch, ReadsConnections) {
  const FetchSpec fetch = fetch_of({"--http",
                                    "1.1",
                                    "--protocols",
                                    "https,ftp",
                                    "--netrc",
                                    "--proxy",
                                    "socks5h://127.0.0.1:1080",
                                    "--cert",
                                    "c.pem",
                                    "--cert-key",
                                    "k.pem",
                                    "--cacert",
                                    "ca.pem",
                                    "--resolve",
                                    "h:443:127.0.0.1",
                                    "--resolve=*:80:[::1],127.0.0.2",
                                    "--interface",
                                    "lo",
                                    "--connect-timeout",
                                    "5s",
                                    "--stall-timeout",
                                    "0",
                                    "--max-redirects",
                                    "0"});
  EXPECT_EQ(fetch.version, HttpVersion::http1);
  EXPECT_EQ(fetch.protocols, (std::vector<std::string>{"https", "ftp"}));
  EXPECT_TRUE(fetch.netrc);
  EXPECT_EQ(fetch.netrc_file, "");
  EXPECT_EQ(fetch.proxy, "socks5h://127.0.0.1:1080");
  EXPECT_EQ(fetch.cert, "c.pem");
  EXPECT_EQ(fetch.cert_key, "k.pem");
  EXPECT_EQ(fetch.ca_file, "ca.pem");
  EXPECT_EQ(fetch.resolve, (std::vector<std::string>{"h:443:127.0.0.1", "*:80:[::1],127.0.0.2"}));
  EXPECT_EQ(fetch.interface, "lo");
  EXPECT_EQ(fetch.connect_timeout, Duration(5s));
  EXPECT_EQ(fetch.stall_timeout, Duration(0s));
  EXPECT_EQ(fetch.max_redirects, 0);
  EXPECT_EQ(fetch_of({"--http=2"}).version, HttpVersion::http2);
  EXPECT_EQ(fetch_of({"--http=auto"}).version, HttpVersion::automatic);
  EXPECT_TRUE(fetch_of({"--netrc-file", "n"}).netrc);
  EXPECT_TRUE(fetch_of({"--insecure"}).insecure);
  EXPECT_TRUE(fetch_of({"--public-only"}).public_only);
}

TEST(Fetch, ReadsWhereBodiesGo) {
  EXPECT_EQ(fetch_of({"--output-dir", "d", "--name", "{host}/{path}"}).name, "{host}/{path}");
  EXPECT_EQ(fetch_of({"--output-dir", "d"}).output_dir, "d");
  EXPECT_EQ(fetch_of({"--archive", "a.sqlar", "--name={#}"}).archive, "a.sqlar");
  EXPECT_EQ(fetch_of({"--max-size", "10M"}).max_size, 10u << 20);
  EXPECT_TRUE(fetch_of({"--body"}).body);
  EXPECT_TRUE(fetch_of({"--stats"}).stats);
  EXPECT_EQ(spec_of({"--body", "-k"}).output.mode, OutputMode::group);
  EXPECT_TRUE(spec_of({"--body", "-k"}).output.keep_order);
  EXPECT_EQ(spec_of({"--output", "json"}).output.mode, OutputMode::json);
  EXPECT_EQ(spec_of({"--output", "none"}).output.mode, OutputMode::none);
  EXPECT_EQ(spec_of({"--output=csv", "-k"}).output.mode, OutputMode::csv);
}

TEST(Fetch, ReadsWhatIsAFailureAndWhatIsTriedAgain) {
  const auto ok = [](const Words& words) { return spec_of(words).failure.ok; };
  EXPECT_EQ(ok({"--ok", "2xx,404"}), (StatusSet{{{200, 299}, {404, 404}}}));
  EXPECT_EQ(ok({"--ok", "300-399,200-299"}), (StatusSet{{{200, 399}}}));
  EXPECT_EQ(ok({"--ok", "999"}), (StatusSet{{{999, 999}}}));
  EXPECT_EQ(ok({"--ok", "100-999"}), (StatusSet{{{100, 999}}}));
  EXPECT_EQ(ok({"--ok", "9xx,600"}), (StatusSet{{{600, 600}, {900, 999}}}));
  EXPECT_EQ(ok({"--cond", "report.csv"}), (StatusSet{{{200, 299}, {304, 304}}}));
  EXPECT_EQ(ok({"--cond", "report.csv", "--ok", "200"}), (StatusSet{{{200, 200}}}));
  EXPECT_EQ(fetch_of({"--cond", "report.csv"}).conditions, "report.csv");

  const RetryOn on = spec_of({"--retries", "3", "--retry-on", "connect,5xx,429"}).failure.retry_on;
  EXPECT_TRUE(on.connect);
  EXPECT_FALSE(on.timeout || on.signal || on.start);
  EXPECT_EQ(on.statuses, (StatusSet{{{429, 429}, {500, 599}}}));
  EXPECT_EQ(spec_of({"--retries", "3"}).failure.retries, 3);
  EXPECT_TRUE(fetch_of({"--retry-unsafe"}).retry_unsafe);
  EXPECT_EQ(fetch_of({"--max-retry-after", "1h"}).longest_retry_after, Duration(1h));
}

TEST(Fetch, SaysWhoAsks) {
  EXPECT_EQ(fetch_of({"--user-agent", "me/1"}).user_agent, "me/1");
  EXPECT_EQ(fetch_of({"--contact", "me@example.org"}).contact, "me@example.org");
  EXPECT_EQ(fetch_of({"--contact", "https://example.org/bot"}).contact, "https://example.org/bot");
}

TEST(Fetch, HasWhatRunsHave) {
  const FetchRequest request = parsed(
      {"-a",        "f",  "-j8",         "--delay",    "1s",         "--timeout",  "10s",
       "--journal", "j",  "--resume",    "--on-error", "stop",       "--deadline", "1h",
       "--lock",    "x",  "--metrics",   "m",          "--progress", "line",       "--dry-run",
       "--quiet",   "-t", "--failed-to", "again",      "--rules",    "r.json"});
  EXPECT_EQ(request.spec.pool.jobs, (JobsSpec{JobsSpec::Kind::count, 8}));
  EXPECT_EQ(request.spec.failure.timeout, (TimeLimit{.most = 10s}));
  EXPECT_TRUE(request.spec.journal.resume);
  EXPECT_EQ(request.spec.failure.on_error, OnError::stop);
  EXPECT_EQ(request.spec.cron.lock, "x");
  EXPECT_EQ(request.spec.progress.mode, ProgressMode::line);
  EXPECT_TRUE(request.spec.output.dry_run && request.spec.output.trace);
  EXPECT_EQ(request.rules_file, "r.json");
}

TEST(Fetch, Answers) {
  EXPECT_EQ(parsed({"--help"}).kind, Kind::help);
  EXPECT_EQ(parsed({"http://a/", "-h"}).kind, Kind::help);
  EXPECT_EQ(parsed({"--help-all", "--bogus"}).kind, Kind::help_all);
  EXPECT_EQ(parsed({"-V"}).kind, Kind::version);
}

TEST(Fetch, ReadsConfigFiles) {
  const auto read = [](const std::string&) -> Expected<std::string> {
    return R"({"polite": true, "header": ["A: b", "C: d"], "ok": "2xx", "connect-timeout": 5})";
  };
  const auto request = parse_fetch(Words{"--config", "f", "-H", "E: f"}, read);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->spec.fetch->headers, (std::vector<std::string>{"A: b", "C: d", "E: f"}));
  EXPECT_TRUE(request->spec.fetch->robots);
  EXPECT_EQ(request->spec.fetch->connect_timeout, Duration(5s));
}

TEST(FetchErrors, OfConfigFiles) {
  const auto shell = [](const std::string&) -> Expected<std::string> {
    return R"({"shell": "bash"})";
  };
  EXPECT_EQ(parse_fetch(Words{"--config", "f"}, shell).error().message,
            "f:1:2: \"shell\": this is of distaff run; URLs need no shell");
  const auto letter = [](const std::string&) -> Expected<std::string> { return R"({"X": "GET"})"; };
  EXPECT_EQ(parse_fetch(Words{"--config", "f"}, letter).error().message,
            "f:1:2: \"X\": there is no such key; did you mean \"request\"?");
}

// ---- errors, word for word

TEST(FetchErrors, OfOptionsThatAreNot) {
  expect_mistakes({
      {{"--shell", "bash"}, "--shell: this is of distaff run; URLs need no shell"},
      {{"--idle-timeout", "3s"}, "--idle-timeout: this is of distaff run; here --stall-timeout D"},
      {{"--bogus-x"}, "--bogus-x: there is no such option; see distaff fetch --help-all"},
      {{"--polit"}, "--polit: there is no such option; did you mean --polite?"},
      {{"-?"}, "-?: there is no such option; see distaff fetch --help-all"},
      {{"-polite"}, "-polite: write it with two dashes, --polite"},
      {{"-o", "x"}, "-o: here --output-dir DIR, with --name T for the names; or --body > FILE"},
      {{"-sS", "http://a/"},
       "-s: not needed: there is no chatter here; --quiet leaves only errors"},
      {{"-L"}, "-L: not needed: redirects are followed; --max-redirects N bounds it"},
      {{"--max-time", "3"}, "--max-time: here --timeout D for a request, --deadline D for the run"},
      {{"--limit-rate", "1M"},
       "--limit-rate: not in this version; --rate N/D and --throttle D limit requests"},
      {{"--colsep", ","}, "--colsep: here --split REGEX"},
      {{"--body=x"}, "--body takes no value, so leave out '=x'"},
      {{"-X"}, "-X needs a value: -X METHOD"},
      {{"--name", "--body"},
       "--name needs a value before '--body'; if that is the value, write --name=--body"},
  });
}

TEST(FetchErrors, OfValues) {
  expect_mistakes({
      {{"-X", "get"}, "-X: 'get': methods are in capitals, write GET"},
      {{"-X", "G T"}, "-X: 'G T' is no method, such as GET, HEAD or POST"},
      {{"-H", "Accept"}, "-H: 'Accept' is no header, such as 'Accept: text/html'"},
      {{"-H", "a b: c"}, "-H: 'a b: c' is no header, such as 'Accept: text/html'"},
      {{"-H", "a: b\r\nc: d"}, "-H: 'a: b\\r\\nc: d' is more than one line"},
      {{"-H", "@f"},
       "-H: '@f': headers of a file are not read; give each by -H, or all by \"header\" in a "
       "--config file"},
      {{"--data", "@-"},
       "--data: '@-': stdin is for records; name a file, or write a template such as {data}"},
      {{"--data", "@"}, "--data: '@' names no file; write @FILE"},
      {{"--contact", "me"},
       "--contact: 'me' is no address that a server's owner could write to, such as "
       "me@example.org or https://example.org/bot"},
      {{"--user-agent", "a\nb"}, "--user-agent: 'a\\nb' is more than one line"},
      {{"--http", "3"}, "--http '3': it is auto, 1.1 or 2"},
      {{"--protocols", "https,file"},
       "--protocols: 'file' in 'https,file' is none of http, https, ftp, ftps"},
      {{"--proxy", "ftp://p"},
       "--proxy: 'ftp://p' is no proxy, such as http://proxy:3128 or socks5h://127.0.0.1:1080"},
      {{"--resolve", "h:80"},
       "--resolve: 'h:80': there is no host, port and address; it is HOST:PORT:ADDR, as "
       "example.org:443:127.0.0.1"},
      {{"--resolve", "h:0:127.0.0.1"},
       "--resolve: 'h:0:127.0.0.1': '0' is no port; it is HOST:PORT:ADDR, as "
       "example.org:443:127.0.0.1"},
      {{"--resolve", "h:80:b"},
       "--resolve: 'h:80:b': 'b' is no IP address; it is HOST:PORT:ADDR, as "
       "example.org:443:127.0.0.1"},
      {{"--connect-timeout", "0"},
       "--connect-timeout: '0' would end every request at once; such as 30s"},
      {{"--max-redirects", "-1"}, "--max-redirects: '-1' is no whole number from 0 to 1000"},
      {{"--max-size", "0"}, "--max-size: '0' lets no body in; -X HEAD asks for none"},
      {{"--ok", "1000"},
       "--ok: '1000' in '1000' is no HTTP status from 100 to 999, no range of them and no class; a "
       "list is such as 200-299,404,5xx"},
      {{"--ok", "0"},
       "--ok: '0' in '0' is no HTTP status from 100 to 999, no range of them and no class; a list "
       "is such as 200-299,404,5xx"},
      {{"--retry-on", "signal"},
       "--retry-on: 'signal' in 'signal' is none of connect, timeout, an HTTP status from 100 to "
       "999, a range or a class of them; a list is such as connect,timeout,429,5xx"},
      {{"--output", "line"}, "--output 'line': it is csv, json or none"},
      {{"-P", "pages"},
       "-P: 'pages' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as fit; "
       "wget's -P is --output-dir here"},
  });
}

TEST(FetchErrors, OfOptionsThatDoNotGoTogether) {
  expect_mistakes({
      {{"--name", "x"}, "--name names files of bodies; add --output-dir DIR or --archive FILE"},
      {{"--output-dir", "d", "--archive", "a"},
       "--output-dir and --archive: bodies go to one place; leave one of them out"},
      {{"--body", "--output-dir", "d"},
       "--output-dir and --body: bodies go to one place; leave one of them out"},
      {{"--body", "--output", "json"},
       "--body and --output: stdout has bodies or the report; leave one of them out"},
      {{"-k", "--output", "none"},
       "-k does not go with --output none: there is nothing to be in order; leave one of them out"},
      {{"--public-only", "--proxy", "p:1"},
       "--public-only and --proxy: a proxy looks names up itself, so addresses cannot be checked "
       "here; leave one of them out"},
      {{"--cert-key", "k"}, "--cert-key is the key of a certificate; add --cert FILE"},
      {{"--insecure", "--cacert", "c"},
       "--insecure and --cacert: nothing is checked by the one, so leave one of them out"},
      {{"--data", "x", "-X", "GET"},
       "--data and -X GET: that method sends no body; leave one of them out"},
      {{"--polite", "--throttle", "1s", "--parallelism", "2"},
       "--throttle 1s and --parallelism 2: a group that rests after each job runs one at a time; "
       "leave one of them out"},
      {{"--resume"}, "--resume: what was done is known from a journal; add --journal FILE"},
  });
}

TEST(FetchErrors, OfFilesInThePlaceOfUrls) {
  const std::string file = testing::TempDir() + "urls of mine.txt";
  std::ofstream(file) << "http://h/\n";
  EXPECT_EQ(check_urls(spec_of({"http://h/", file})).error().message,
            "'" + file + "' is a file here, and no URL; its lines are read by: distaff fetch -a '" +
                file + "'");
  EXPECT_TRUE(check_urls(spec_of({"http://h/", "example.org"})));
  EXPECT_TRUE(check_urls(spec_of({"--url-template", "http://h/{}", file})));
  EXPECT_TRUE(check_urls(spec_of({"-a", file})));
}

// ---- rules

TEST(FetchRules, GiveTheKeyIfTheCommandLineHasNone) {
  const std::string file = testing::TempDir() + "fetch-rules.json";
  const auto key_with = [&](std::string_view rules, Words words) {
    std::ofstream(file) << rules;
    words.insert(words.end(), {"--rules", file});
    FetchRequest request = parsed(words);
    EXPECT_TRUE(load_fetch_rules(request));
    return request.spec.group.key;
  };
  EXPECT_EQ(key_with(R"({"key": "domain"})", {}), "domain");
  EXPECT_EQ(key_with(R"({"key": "domain"})", {"-g", "{1}"}), "{1}");
  EXPECT_EQ(key_with(R"({"rules": []})", {}), "host");
  EXPECT_EQ(key_with(R"({"rules": [{"match": "", "ok": [200, 404]}]})", {}), "host");
}

TEST(FetchRules, SpeakOfStatusesOfHttp) {
  const std::string file = testing::TempDir() + "fetch-rules.json";
  const auto error_with = [&](std::string_view rules) {
    std::ofstream(file) << rules;
    FetchRequest request = parsed({"--rules", file});
    const auto loaded = load_fetch_rules(request);
    return loaded ? "(no error)" : loaded.error().message.substr(file.size());
  };
  EXPECT_EQ(error_with(R"({"rules": [{"match": "", "ok": [0]}]})"),
            ":1:33: rules[0].ok[0]: '0' is no whole number from 100 to 999");
  EXPECT_EQ(error_with(R"({"rules": [{"match": "", "throttle": [
      {"when": {"exit": [1]}, "pause": "1s"}]}]})"),
            ":2:17: rules[0].throttle[0].when.exit: URLs have no exit status; write {\"http\": "
            "[429, 503]}");
}

// ---- a program of its own

TEST(FetchProgram, IsBesideOursAsInstalledOrAsBuilt) {
  EXPECT_EQ(places_of_fetch("/usr/bin/distaff"),
            (std::vector<std::string>{"/usr/libexec/distaff/distaff-fetch",
                                      "/usr/bin/libexec/distaff/distaff-fetch"}));
  EXPECT_EQ(places_of_fetch("/distaff")[0], "/libexec/distaff/distaff-fetch");
}

TEST(FetchProgram, RefusesToBeStartedByAnotherVersion) {
  const Words other = {"--started-by=9.9.9", "x"};
  EXPECT_EQ(accept_start(other).error().message,
            "fetch: this distaff-fetch is of version 0.1.0, and the distaff that started it of "
            "9.9.9; install both from one package");
  const Words same = {"--started-by=0.1.0", "x"};
  ASSERT_TRUE(accept_start(same));
  EXPECT_EQ(accept_start(same)->size(), 1u);
  const Words direct = {"x"};
  EXPECT_EQ(accept_start(direct)->size(), 1u);
}

}  // namespace
}  // namespace distaff::fetch_options_test
