#include "fetch/fetch_executor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cctype>
#include <regex>

#include "fetch/fetch_executor_world.h"
#include "support/read_file.h"

namespace distaff::fetch_executor_test {
namespace {

using namespace std::chrono_literals;
using Options = FetchExecutor::Options;

class FetchExecutorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificate = new Certificate;
    server = new HttpServer({"--hosts", "3", "--tls", certificate->cert, certificate->key});
  }
  static void TearDownTestSuite() {
    delete server;
    delete certificate;
  }
  void SetUp() override { options.slots = 8; }

  static Certificate* certificate;
  static HttpServer* server;
  FakeStore store;
  Options options;
};
Certificate* FetchExecutorTest::certificate;
HttpServer* FetchExecutorTest::server;

Request request(std::string method, std::string url) {
  Request result;
  result.method = std::move(method);
  result.url = std::move(url);
  return result;
}

// A port of loopback where nobody listens.  While we hold it, the kernel gives it to no program
// that asks for any port; a server that sets SO_REUSEADDR, as we do, can still be told to listen
// there.
class ClosedPort {
 public:
  ClosedPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number_ = std::to_string(ntohs(address.sin_port));
  }
  const std::string& number() const { return number_; }

 private:
  UniqueFd fd_;
  std::string number_;
};

// ---- whole responses

TEST_F(FetchExecutorTest, TellsWhatCameAndStoresTheBody) {
  options.store = &store;
  Fetches fetches(options);
  const std::string url = server->url("/hello#part");
  const Fetched& one = fetches.run(url);
  EXPECT_EQ(one.status(), 200);
  EXPECT_EQ(one.response().url, url);
  EXPECT_EQ(one.response().status, 200);
  EXPECT_EQ(one.response().mime, "text/html");
  EXPECT_EQ(one.response().bytes, 13u);
  EXPECT_EQ(one.response().path, "bodies/1");
  EXPECT_GT(one.end->usage.wall, 0ns);
  EXPECT_FALSE(one.end->once_only);
  EXPECT_EQ(store.files.at(url).bytes, "<p>hello</p>\n");
  EXPECT_EQ(store.files.at(url).url, server->url("/hello"));
  EXPECT_EQ(store.files.at(url).mime, "text/html");
  EXPECT_EQ(fetches.executor->running(), 0);
}

TEST_F(FetchExecutorTest, DoesNotCallBackDuringStart) {
  Fetches fetches(options);
  ASSERT_EQ(fetches.start(server->url("/hello")).start, Executor::Start::started);
  EXPECT_EQ(fetches.executor->running(), 1);
  EXPECT_FALSE(fetches.seen[1].end);
  fetches.wait_for_all();
  EXPECT_EQ(fetches.seen[1].status(), 200);
}

TEST_F(FetchExecutorTest, CarriesManyOutOverFewConnections) {
  options.store = &store;
  Fetches fetches(options);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(fetches.start(server->url("/size/" + std::to_string(100 + i) + "?many")).start,
              Executor::Start::started);
    fetches.wait_until([&] { return fetches.executor->running() < options.slots; });
  }
  fetches.wait_for_all();
  for (int i = 0; i < 200; ++i) {
    const std::string target = "/size/" + std::to_string(100 + i) + "?many";
    EXPECT_EQ(store.files.at(server->url(target)).bytes, pattern(target, 100 + i));
  }
  std::set<int> connections;
  for (const auto& one : server->seen("?many", 200)) connections.insert(one.connection);
  EXPECT_LE(connections.size(), 8u);
}

TEST_F(FetchExecutorTest, LargeAndEncodedAndChunkedBodiesArriveWhole) {
  options.store = &store;
  Fetches fetches(options);
  for (const std::string target : {"/size/3000000", "/gzip/3000000", "/chunked/5000", "/size/0"}) {
    const std::size_t size = std::stoul(target.substr(target.rfind('/') + 1));
    const Fetched& one = fetches.run(server->url(target));
    EXPECT_EQ(one.status(), 200) << target;
    EXPECT_EQ(one.response().bytes, size);
    EXPECT_TRUE(store.files.at(server->url(target)).bytes == pattern(target, size)) << target;
  }
}

TEST_F(FetchExecutorTest, AnyStatusIsAResponseAndOnlyGoodOnesAreStored) {
  options.store = &store;
  Fetches fetches(options);
  for (const int status : {404, 500, 302, 203, 204}) {
    const Fetched& one = fetches.run(server->url("/status/" + std::to_string(status)));
    EXPECT_EQ(one.status(), status);
    EXPECT_EQ(one.response().path.empty(), status != 203);
  }
  EXPECT_EQ(store.files.size(), 1u);
}

TEST_F(FetchExecutorTest, TheRestOfAnUnwantedBodyIsNotWaitedFor) {
  Fetches fetches(options);
  const Fetched& one = fetches.run(server->url("/to?u=/hello&status=404&body=5000000"));
  EXPECT_EQ(one.status(), 404);
}

TEST_F(FetchExecutorTest, SpeaksTlsToWhomItTrusts) {
  options.spec.ca_file = certificate->cert;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->tls_url("/hello")).status(), 200);
  EXPECT_EQ(fetches.run(server->tls_url("/hello", "127.0.0.2")).broken(),
            "tls: no alternative certificate subject name matches target host name '127.0.0.2'");
}

TEST_F(FetchExecutorTest, TrustsNobodyUnlessTold) {
  EXPECT_EQ(Fetches(options).run(server->tls_url("/hello")).broken(),
            "tls: self-signed certificate");
  options.spec.insecure = true;
  EXPECT_EQ(Fetches(options).run(server->tls_url("/hello")).status(), 200);
}

// ---- requests

TEST_F(FetchExecutorTest, SendsMethodHeadersAndData) {
  options.store = &store;
  Fetches fetches(options);
  Request put = request("PUT", server->url("/echo"));
  put.headers = {"X-One: 1", "X-Empty;"};
  put.data = "some=data";
  fetches.run(put);
  const std::string put_echo = store.files.at(put.url).bytes;
  for (const char* part : {R"("method": "PUT")", R"(["X-One", "1"])", R"(["X-Empty", ""])",
                           R"("body": "some=data")", R"(["User-Agent", "distaff/test"])"}) {
    EXPECT_NE(put_echo.find(part), std::string::npos) << part << " in " << put_echo;
  }
  // The next request on that handle has nothing left of it.
  fetches.run(server->url("/echo?next"));
  const std::string get_echo = store.files.at(server->url("/echo?next")).bytes;
  EXPECT_NE(get_echo.find(R"("method": "GET")"), std::string::npos) << get_echo;
  EXPECT_NE(get_echo.find(R"("body": "")"), std::string::npos) << get_echo;
  EXPECT_EQ(get_echo.find("X-One"), std::string::npos) << get_echo;
  EXPECT_EQ(get_echo.find("Content-Length"), std::string::npos) << get_echo;
}

// Those of an /echo, with names in lower case.
std::vector<std::pair<std::string, std::string>> echoed_headers(const std::string& echo) {
  static const std::regex line(R"re(\["([^"]*)", "([^"]*)"\])re");
  std::vector<std::pair<std::string, std::string>> headers;
  for (std::sregex_iterator at(echo.begin(), echo.end(), line), end; at != end; ++at) {
    std::string name = (*at)[1];
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    headers.emplace_back(std::move(name), (*at)[2]);
  }
  return headers;
}

// One handle carries them out, one after the other.
TEST_F(FetchExecutorTest, EachRequestHasTheLinesOfAllOnceUnlessItSaysThemItself) {
  options.store = &store;
  Fetches fetches(options);
  int count = 0;
  const auto lines = [&](std::vector<std::string> headers, bool as_it_is = false) {
    Request request;
    request.url = server->url("/echo?" + std::to_string(++count));
    request.headers = std::move(headers);
    if (as_it_is) store.parts[request.url] = {.bytes = 5, .validator = "\"x\""};
    fetches.run(request);
    std::string found;
    for (const auto& [name, value] : echoed_headers(store.files.at(request.url).bytes)) {
      if (name == "user-agent" || name == "accept-encoding") found += name + "=" + value + "\n";
    }
    return found;
  };
  const std::string agent = "user-agent=distaff/test\n";
  const std::string first = lines({});
  ASSERT_TRUE(first.starts_with(agent + "accept-encoding=deflate, gzip")) << first;
  const std::string coding = first.substr(agent.size());
  EXPECT_EQ(lines({"X-One: 1"}), agent + coding);
  EXPECT_EQ(lines({"user-agent: mine"}), coding + "user-agent=mine\n");
  EXPECT_EQ(lines({"User-Agent;"}), coding + "user-agent=\n");
  EXPECT_EQ(lines({"User-Agents: two"}), agent + coding);
  EXPECT_EQ(lines({"Accept-Encoding: br"}), agent + "accept-encoding=br\n");
  EXPECT_EQ(lines({}, true), agent);
  EXPECT_EQ(lines({}), agent + coding);
  EXPECT_EQ(fetches.run(server->url("/gzip/1000")).response().bytes, 1000u);
}

// libcurl gets these in different ways, by the same handle.
TEST_F(FetchExecutorTest, OneHandleGoesFromHostToHostAndBetweenKindsOfUrls) {
  Fetches fetches(options);
  int count = 0;
  const auto asks = [&](const std::string& host, const std::string& path,
                        const std::string& fragment = "") {
    const std::string target = path + "?" + std::to_string(++count);
    EXPECT_EQ(fetches.run(server->url(target, host) + fragment).status(), 200) << target;
    const auto seen = server->seen(target, 1).front();
    EXPECT_EQ(seen.target, target);
    EXPECT_EQ(seen.host, host + ":" + server->port());
    return seen.address;
  };
  EXPECT_EQ(asks("127.0.0.1", "/hello"), "127.0.0.1");
  EXPECT_EQ(asks("127.0.0.1", "/size/10"), "127.0.0.1");
  EXPECT_EQ(asks("127.0.0.2", "/size/10"), "127.0.0.2");
  EXPECT_EQ(asks("127.0.0.2", "/hello", "#part"), "127.0.0.2");
  EXPECT_EQ(asks("127.0.0.2", "/size/20"), "127.0.0.2");
  EXPECT_EQ(asks("127.0.0.1", "/hello", "#part"), "127.0.0.1");
  EXPECT_EQ(asks("127.0.0.2", "/hello"), "127.0.0.2");
}

TEST_F(FetchExecutorTest, MethodsWithoutData) {
  Fetches fetches(options);
  for (const std::string method : {"HEAD", "DELETE", "POST", "OPTIONS", "GET"}) {
    EXPECT_EQ(fetches.run(request(method, server->url("/size/10?" + method))).status(), 200);
    EXPECT_EQ(server->seen("/size/10?" + method, 1).back().method, method);
  }
}

TEST_F(FetchExecutorTest, WhatMayDoSomethingTwiceIsSaidToBeSentOnce) {
  Fetches fetches(options);
  EXPECT_TRUE(fetches.run(request("POST", server->url("/drop"))).end->once_only);
  EXPECT_FALSE(fetches.run(request("HEAD", server->url("/drop"))).end->once_only);
  const ClosedPort port;
  EXPECT_FALSE(fetches.run(request("POST", "http://127.0.0.1:" + port.number())).end->once_only);
  options.spec.retry_unsafe = true;
  Fetches others(options);
  EXPECT_FALSE(others.run(request("POST", server->url("/drop"))).end->once_only);
}

TEST_F(FetchExecutorTest, APostIsNeverSentAgainOnAConnectionThatBroke) {
  options.slots = 1;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/reset?a")).status(), 200);
  EXPECT_EQ(fetches.run(server->url("/reset?b")).status(), 200) << "a GET is, by libcurl";
  EXPECT_EQ(server->seen("/reset?b", 2).front().status, "-");
  EXPECT_EQ(fetches.run(request("POST", server->url("/reset?c"))).status(), 200);
  EXPECT_EQ(fetches.run(server->url("/hello")).status(), 200);
  EXPECT_EQ(server->seen("/reset?c", 1).front().status, "200");
}

TEST_F(FetchExecutorTest, CookiesOfTheCommandLineAreSentAndSetOnesKept) {
  TempDir dir;
  options.store = &store;
  options.spec.cookies = "a=b; c=d";
  options.spec.cookie_jar = dir / "jar";
  {
    Fetches fetches(options);
    fetches.run(server->url("/cookie?set=new=cookie"));
    fetches.run(server->url("/echo"));
  }
  const std::string echo = store.files.at(server->url("/echo")).bytes;
  EXPECT_NE(echo.find("new=cookie; a=b; c=d"), std::string::npos) << echo;
  const std::string jar = read_file(dir / "jar");
  EXPECT_NE(jar.find("new\tcookie"), std::string::npos) << jar;

  options.spec.cookies = dir / "jar";
  options.spec.cookie_jar.clear();
  Fetches again(options);
  again.run(server->url("/echo?again"));
  const std::string second = store.files.at(server->url("/echo?again")).bytes;
  EXPECT_NE(second.find("new=cookie"), std::string::npos) << second;
}

TEST_F(FetchExecutorTest, CookiesGoWhereTheirPathsSay) {
  TempDir dir;
  options.store = &store;
  options.spec.cookies = dir / "cookies";
  std::ofstream(dir / "cookies") << "127.0.0.1\tFALSE\t/echo/in\tFALSE\t0\tdeep\tyes\n";
  Fetches fetches(options);
  for (const std::string path : {"/echo/in?a", "/echo?b"}) {
    fetches.run(server->url(path));
    const std::string echo = store.files.at(server->url(path)).bytes;
    EXPECT_EQ(echo.find("deep=yes") != std::string::npos, path == "/echo/in?a") << echo;
  }
}

TEST_F(FetchExecutorTest, NoVariableChangesARun) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_EQ(Fetches(options).run(server->url("/hello")).status(), 200);
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST_F(FetchExecutorTest, AsksAProxyIfToldSo) {
  options.spec.proxy = server->url("");
  options.store = &store;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run("http://far.invalid/hello?proxy").status(), 200);
  EXPECT_EQ(server->seen("?proxy", 1).front().target, "http://far.invalid/hello?proxy");
  options.spec.proxy = "http://no-such-proxy.invalid";
  Fetches none(options);
  EXPECT_EQ(none.run("http://far.invalid/").broken(),
            "resolve: the proxy has no address (--proxy)");
}

TEST_F(FetchExecutorTest, FindsPasswordsInNetrc) {
  TempDir dir;
  options.store = &store;
  options.spec.netrc_file = dir.file("netrc", "machine 127.0.0.1 login me password secret\n");
  Fetches fetches(options);
  fetches.run(server->url("/echo?netrc"));
  fetches.run(server->url("/echo?netrc", "127.0.0.2"));
  const std::string known = store.files.at(server->url("/echo?netrc")).bytes;
  EXPECT_NE(known.find("Basic bWU6c2VjcmV0"), std::string::npos) << known;
  const std::string other = store.files.at(server->url("/echo?netrc", "127.0.0.2")).bytes;
  EXPECT_EQ(other.find("Basic"), std::string::npos) << other;
}

TEST_F(FetchExecutorTest, OtherProtocolsIfToldSo) {
  TempDir dir;
  const std::string url = "file://" + dir.file("a", "text");
  options.store = &store;
  options.spec.protocols = {"file"};
  Fetches fetches(options);
  const Fetched& one = fetches.run(url);
  EXPECT_EQ(one.status(), 200);
  EXPECT_EQ(one.response().status, 200);
  EXPECT_EQ(store.files.at(url).bytes, "text");
  const Fetched& none = fetches.run("file://" + (dir / "none"));
  EXPECT_EQ(none.broken().substr(0, 10), "protocol: ");
}

TEST_F(FetchExecutorTest, WithoutDescriptorsLeftAJobFailsAndOthersGoOn) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/hello")).status(), 200);
  std::vector<UniqueFd> taken;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{64, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.emplace_back(fd);
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.2")).broken(),
            "connect: no socket: too many open files");
  EXPECT_EQ(fetches.run(server->url("/hello")).status(), 200) << "on the connection that is there";
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(FetchExecutorTest, NamesResolveAsTold) {
  options.spec.resolve = {"one.example:" + server->port() + ":127.0.0.2",
                          "two.example:" + server->port() + ":127.0.0.3"};
  Fetches fetches(options);
  for (const std::string i : {"1", "2", "3"}) {
    EXPECT_EQ(fetches.run(server->url("/hello?one" + i, "one.example")).status(), 200);
    EXPECT_EQ(server->seen("?one" + i, 1).front().address, "127.0.0.2");
    EXPECT_EQ(fetches.run(server->url("/hello?two" + i, "two.example")).status(), 200);
    EXPECT_EQ(server->seen("?two" + i, 1).front().address, "127.0.0.3");
  }
  options.spec.resolve = {"*:" + server->port() + ":127.0.0.2"};
  Fetches any(options);
  for (const std::string host : {"one.example", "two.example", "three.example"}) {
    EXPECT_EQ(any.run(server->url("/hello", host)).status(), 200) << host;
  }
}

TEST_F(FetchExecutorTest, SendsTheConditionsItKnows) {
  class Known final : public Conditions {
   public:
    std::optional<KnownBody> find(std::string_view url, std::string_view) override {
      KnownBody body;
      body.path = "there";
      if (url.ends_with("/etag/x")) body.etag = "\"x\"";
      if (url.ends_with("/etag/y")) body.last_modified = "Mon, 02 Jan 2023 03:04:05 GMT";
      if (url.ends_with("/etag/z")) body.etag = "\"old\"";
      return body;
    }
  } known;
  store.earlier = {"there"};
  options.conditions = &known;
  options.store = &store;
  Fetches fetches(options);
  const Fetched& x = fetches.run(server->url("/etag/x"));
  EXPECT_EQ(x.status(), 304);
  EXPECT_EQ(x.response().etag, "\"x\"");
  EXPECT_EQ(fetches.run(server->url("/etag/y")).status(), 304);
  const Fetched& z = fetches.run(server->url("/etag/z"));
  EXPECT_EQ(z.status(), 200);
  EXPECT_EQ(z.response().etag, "\"z\"");
  EXPECT_EQ(z.response().last_modified, "Mon, 02 Jan 2023 03:04:05 GMT");
  EXPECT_EQ(store.files.size(), 1u);
}

// What one row of an earlier report knows.
class OneKnown final : public Conditions {
 public:
  explicit OneKnown(std::string url) : url_(std::move(url)) {
    body.etag = "\"x\"";
    body.mime = "text/x";
    body.bytes = 7;
    body.path = "there";
    body.note = "odd";
  }
  std::optional<KnownBody> find(std::string_view url, std::string_view to) override {
    asked.emplace_back(to);
    return url == url_ ? std::optional(body) : std::nullopt;
  }
  KnownBody body;
  std::vector<std::string> asked;

 private:
  std::string url_;
};

TEST_F(FetchExecutorTest, AnUnchangedBodyIsTheOneThatIsKnown) {
  OneKnown known(server->url("/etag/x"));
  options.conditions = &known;
  Fetches fetches(options);
  const Response row = fetches.run(server->url("/etag/x")).response();
  EXPECT_EQ(row.status, 304);
  EXPECT_EQ(row.etag, "\"x\"");
  EXPECT_EQ(row.last_modified, "Mon, 02 Jan 2023 03:04:05 GMT") << "by the answer";
  EXPECT_EQ(row.mime, "text/x");
  EXPECT_EQ(row.path, "there");
  EXPECT_EQ(row.note, "odd");
  EXPECT_EQ(row.earlier_bytes, 7u);
  EXPECT_EQ(row.bytes, 0u);
}

TEST_F(FetchExecutorTest, ABodyThatIsNotThereComesAgain) {
  OneKnown known(server->url("/etag/x"));
  options.conditions = &known;
  options.store = &store;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/etag/x")).status(), 200);
  store.earlier = {"there"};
  EXPECT_EQ(fetches.run(server->url("/etag/x")).status(), 304);
  EXPECT_EQ(fetches.seen[2].response().earlier_bytes, 5u);
  store.keeps_earlier = false;  // its name was taken meanwhile
  const Fetched& again = fetches.run(server->url("/etag/x"));
  EXPECT_EQ(again.status(), 200);
  EXPECT_EQ(again.hops.size(), 1u);
  EXPECT_EQ(store.files[server->url("/etag/x")].bytes, "tagged\n");
}

TEST_F(FetchExecutorTest, IsToldNothingOfWhatItDidNotAsk) {
  OneKnown known(server->url("/not-modified"));
  options.conditions = &known;
  known.body = {};
  known.body.path = "there";
  options.store = &store;  // where it is not
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/not-modified")).broken(),
            "protocol: not modified (304), which was not asked");
  // Who asks on a condition by himself gets his answer.
  Request request;
  request.url = server->url("/not-modified");
  request.headers = {"if-none-match: *"};
  EXPECT_EQ(fetches.run(request).status(), 304);
  EXPECT_EQ(fetches.seen[2].response().path, "");
}

TEST_F(FetchExecutorTest, OnlyWhatReadsIsAskedOnACondition) {
  OneKnown known(server->url("/echo"));
  options.conditions = &known;
  options.to_events = true;
  Fetches fetches(options);
  Request request;
  request.url = server->url("/echo");
  EXPECT_NE(fetches.run(request).out.find("If-None-Match"), std::string::npos);
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH"}) {
    request.method = method;
    request.data = "x";
    EXPECT_EQ(fetches.run(request).out.find("If-None-Match"), std::string::npos) << method;
  }
}

TEST_F(FetchExecutorTest, ConditionsAreOfTheUrlThatRedirectsLeadTo) {
  const std::string from = server->url("/to?u=/etag/x");
  OneKnown known(from);
  options.conditions = &known;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(from).status(), 304);
  EXPECT_EQ(known.asked, (std::vector<std::string>{from, server->url("/etag/x")}));
}

TEST_F(FetchExecutorTest, HeadersThatAreNoValidatorsAreNone) {
  Fetches fetches(options);
  const Response& row = fetches.run(server->url("/odd?etag=%22a%0db%22&modified=soon")).response();
  EXPECT_EQ(row.etag + row.last_modified, "");
  const Response& good = fetches.run(server->url("/odd?etag=W/%22ab%22")).response();
  EXPECT_EQ(good.etag, "W/\"ab\"");
}

TEST_F(FetchExecutorTest, BadUrlsCannotStart) {
  Fetches fetches(options);
  const std::pair<const char*, const char*> cases[] = {
      {"example.org/x", "'example.org/x' is no URL: it has no scheme, such as https://"},
      {"htp://x/",
       "'htp://x/' has the scheme htp, and only http, https may be asked (--protocols)"},
      {"file:///etc/passwd",
       "'file:///etc/passwd' has the scheme file, and only http, https may be asked (--protocols)"},
  };
  for (const auto& [url, reason] : cases) {
    const auto result = fetches.start(url);
    EXPECT_EQ(result.start, Executor::Start::failed);
    EXPECT_EQ(result.failure.kind, Outcome::Kind::not_started);
    EXPECT_EQ(result.failure.reason, reason);
  }
  const Launch launch{.request = Request{.url = "http://a b/", .no_host = "it holds a blank"}};
  const auto result = fetches.executor->start(JobId{9}, launch);
  EXPECT_EQ(result.start, Executor::Start::failed);
  EXPECT_EQ(result.failure, Outcome::bad_host("it holds a blank"));
  EXPECT_EQ(describe(result.failure), "bad host");
  EXPECT_EQ(fetches.executor->running(), 0);
}

TEST_F(FetchExecutorTest, ChecksTheFilesOfTheOptions) {
  FetchSpec spec;
  EXPECT_TRUE(FetchExecutor::check(spec));
  spec.ca_file = "/does/not/exist";
  EXPECT_EQ(FetchExecutor::check(spec).error().message,
            "--cacert '/does/not/exist': No such file or directory");
  spec = {};
  spec.protocols = {"http", "gopherx"};
  EXPECT_EQ(FetchExecutor::check(spec).error().message,
            "--protocols: 'gopherx' is none that libcurl here speaks; http and https are");
  spec = {};
  spec.resolve = {"a:1"};
  EXPECT_EQ(FetchExecutor::check(spec).error().message, "--resolve 'a:1': it is HOST:PORT:ADDRESS");
}

// ---- redirects

TEST_F(FetchExecutorTest, ARedirectIsAHopAndTheJobGoesOnFromThere) {
  options.store = &store;
  Fetches fetches(options);
  const std::string url = server->url("/to?u=/hello");
  const Fetched& one = fetches.run(url);
  EXPECT_EQ(one.status(), 200);
  EXPECT_EQ(one.hop_urls, std::vector{server->url("/hello")});
  EXPECT_EQ(one.hops.at(0).outcome, Outcome::responded(302));
  EXPECT_EQ(one.hops.at(0).response->url, url);
  EXPECT_EQ(one.response().url, server->url("/hello"));
  EXPECT_EQ(store.files.at(url).url, server->url("/hello"));
  EXPECT_EQ(store.begun, 1);
  // Started anew, it begins at the beginning.
  EXPECT_EQ(fetches.run(url).hops.size(), 1u);
}

TEST_F(FetchExecutorTest, RedirectsEnd) {
  options.spec.max_redirects = 3;
  Fetches three(options);
  EXPECT_EQ(
      three.run(server->url("/loop")).broken(),
      "redirect: more than 3 redirects (--max-redirects), the last to " + server->url("/loop"));
  options.spec.max_redirects = 0;
  Fetches none(options);
  EXPECT_EQ(none.run(server->url("/loop")).status(), 302);
}

TEST_F(FetchExecutorTest, RedirectsLeadOnlyWhereTheyMay) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/to?u=file:///etc/passwd")).broken(),
            "redirect: redirect to 'file:///etc/passwd', which has the scheme file, and only http, "
            "https may be asked (--protocols)");
  EXPECT_EQ(fetches.run(server->url("/to?u=http://")).broken(),
            "redirect: redirect to 'http://', which names no host that could be asked");
}

TEST_F(FetchExecutorTest, RedirectsAreReadAsBrowsersReadThem) {
  options.store = &store;
  Fetches fetches(options);
  // With a blank, relative, without a scheme.
  EXPECT_EQ(fetches.run(server->url("/to?u=/size/20?a%20b")).response().url,
            server->url("/size/20?a%20b"));
  EXPECT_EQ(fetches.run(server->url("/to?u=hello")).response().url, server->url("/hello"));
  EXPECT_EQ(fetches.run(server->url("/to/a/b?u=../c?u=/hello")).hop_urls,
            (std::vector{server->url("/to/c?u=/hello"), server->url("/hello")}));
  EXPECT_EQ(fetches.run(server->url("/to/a?u=?u=/hello")).hop_urls,
            (std::vector{server->url("/to/a?u=/hello"), server->url("/hello")}));
  EXPECT_EQ(
      fetches.run(server->url("/to?u=//127.0.0.2:" + server->port() + "/hello")).response().url,
      server->url("/hello", "127.0.0.2"));
  // A user and password stay with the host.
  const std::string with_user = "http://me:secret@127.0.0.1:" + server->port();
  fetches.run(with_user + "/to?u=/echo");
  const std::string echo = store.files.at(with_user + "/to?u=/echo").bytes;
  EXPECT_NE(echo.find("Basic bWU6c2VjcmV0"), std::string::npos) << echo;
  EXPECT_EQ(fetches.run(with_user + "/to?u=file://me:secret@x/").broken(),
            "redirect: redirect to 'file://me:***@x/', which has the scheme file, and only http, "
            "https may be asked (--protocols)");
}

TEST_F(FetchExecutorTest, RedirectsOfAnyKindAreFollowed) {
  options.spec.max_redirects = 3;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/to?u=/hello&status=300")).response().url,
            server->url("/hello"));
  EXPECT_EQ(fetches.run(server->url("/status/300")).status(), 300) << "it leads nowhere";
  for (const char* status : {"304", "305", "306", "201"}) {
    const Fetched& one = fetches.run(server->url("/to?u=/hello&status=" + std::string(status)));
    EXPECT_EQ(std::to_string(one.status()), status) << "no redirect";
  }
  // Only a fragment: to itself.
  const std::string same = server->url("/to/a/b?u=%23x");
  EXPECT_EQ(fetches.run(same).broken(),
            "redirect: more than 3 redirects (--max-redirects), the last to " + same + "#x");
  // Of several the first, as curl has it.
  EXPECT_EQ(fetches.run(server->url("/to?u=/hello&v=/status/404")).status(), 200);
}

TEST_F(FetchExecutorTest, APostBecomesAGetWhereBrowsersDoThat) {
  options.store = &store;
  Fetches fetches(options);
  const auto echo_behind = [&](int status) {
    Request post = request("POST", server->url("/to?u=/echo&status=" + std::to_string(status)));
    post.data = "abc";
    post.headers = {"Content-Type: text/x", "content-language: text/x"};
    fetches.run(post);
    return store.files.at(post.url).bytes;
  };
  for (const int status : {301, 302, 303}) {
    const std::string echo = echo_behind(status);
    EXPECT_NE(echo.find(R"("method": "GET")"), std::string::npos) << status << echo;
    EXPECT_EQ(echo.find("text/x"), std::string::npos) << status << echo;
    EXPECT_EQ(echo.find("abc"), std::string::npos) << status << echo;
  }
  for (const int status : {307, 308}) {
    const std::string echo = echo_behind(status);
    EXPECT_NE(echo.find(R"("method": "POST")"), std::string::npos) << status << echo;
    EXPECT_NE(echo.find("abc"), std::string::npos) << status << echo;
  }
}

TEST_F(FetchExecutorTest, SecretsStayWithTheHostTheyAreFor) {
  options.store = &store;
  options.spec.cookies = "from=commandline";
  Fetches fetches(options);
  const auto echo_at = [&](const std::string& target) {
    Request get = request("GET", server->url("/to?u=" + target));
    get.headers = {"Authorization: Bearer x", "cookie: secret=1", "X-Api-Key: key", "X-Other: y"};
    fetches.run(get);
    return store.files.at(get.url).bytes;
  };
  const std::string same = echo_at("/echo");
  EXPECT_NE(same.find("Bearer"), std::string::npos) << same;
  EXPECT_NE(same.find("secret=1"), std::string::npos) << same;
  const std::string other = echo_at(server->url("/echo", "127.0.0.2"));
  EXPECT_EQ(other.find("Bearer"), std::string::npos) << other;
  EXPECT_EQ(other.find("secret=1"), std::string::npos) << other;
  EXPECT_EQ(other.find("commandline"), std::string::npos) << other;
  EXPECT_EQ(other.find("X-Api-Key"), std::string::npos) << other;
  EXPECT_NE(other.find("X-Other"), std::string::npos) << other;
}

// ---- HTTP/2

// A server that closes each connection after five requests, by GOAWAY.
class FetchHttp2 : public testing::Test {
 protected:
  void SetUp() override {
    if (access("/usr/sbin/nginx", X_OK) != 0) GTEST_SKIP() << "there is no nginx";
    dir_.file("www/a", "some bytes\n");
    const std::string config =
        "daemon off; master_process off; pid " + (dir_ / "pid") + "; error_log " + (dir_ / "err") +
        "; events {} http { access_log " + (dir_ / "log") + "; " + temporaries() +
        "server { listen 127.0.0.1:" + port_.number() + " ssl http2; keepalive_requests 5; root " +
        (dir_ / "www") + "; ssl_certificate " + certificate_.cert + "; ssl_certificate_key " +
        certificate_.key + "; } }";
    const std::string file = dir_.file("nginx.conf", config);
    pid_ = fork();
    if (pid_ == 0) {
      execl("/usr/sbin/nginx", "nginx", "-c", file.c_str(), "-p", dir_.path().c_str(), nullptr);
      _exit(127);
    }
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  std::string temporaries() const {
    std::string result;
    for (const std::string of : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      result += of + "_temp_path " + (dir_ / of) + "; ";
    }
    return result;
  }
  std::string url() const { return "https://127.0.0.1:" + port_.number() + "/a"; }

  TempDir dir_;
  Certificate certificate_;
  ClosedPort port_;
  pid_t pid_ = -1;
};

TEST_F(FetchHttp2, NoRequestIsLostWhenAConnectionIsGivenUp) {
  Options options;
  options.slots = 20;
  options.spec.ca_file = certificate_.cert;
  Fetches fetches(options);
  fetches.wait_until([&] { return fetches.run(url()).status() == 200; });
  const int first = static_cast<int>(number(fetches.last()));
  for (int i = 0; i < 300; ++i) {
    fetches.start(url());
    fetches.wait_until([&] { return fetches.executor->running() < options.slots; });
  }
  fetches.wait_for_all();
  for (int i = 1; i <= 300; ++i) {
    EXPECT_EQ(fetches.seen[first + i].status(), 200) << fetches.seen[first + i].broken();
  }
  EXPECT_NE(read_file(dir_ / "log").find("HTTP/2.0\" 200"), std::string::npos);
}

// ---- ends

TEST_F(FetchExecutorTest, ASignalEndsARequestInTheNextWait) {
  Fetches fetches(options);
  fetches.start(server->url("/never"));
  fetches.start(server->url("/drip"));
  fetches.start(server->url("/slow?ms=300"));
  fetches.executor->signal(JobId{1}, SIGTSTP);
  fetches.executor->signal(JobId{1}, SIGTERM);
  fetches.executor->signal(JobId{1}, SIGKILL);
  EXPECT_FALSE(fetches.seen[1].end);
  fetches.wait_until([&] { return fetches.seen[1].closes == 1; });
  EXPECT_EQ(fetches.seen[1].end->outcome, Outcome::signalled(SIGTERM));
  EXPECT_EQ(fetches.executor->running(), 2);
  fetches.wait_until([&] { return fetches.seen[3].closes == 1; });
  EXPECT_EQ(fetches.seen[3].status(), 200);
  fetches.executor->signal_all(SIGINT);
  fetches.wait_for_all();
  EXPECT_EQ(fetches.seen[2].end->outcome, Outcome::signalled(SIGINT));
}

TEST_F(FetchExecutorTest, EndsInTheMiddleWithoutLeavingAnythingOpen) {
  const std::size_t before = open_descriptors();
  {
    options.store = &store;
    Fetches fetches(options);
    for (const char* path : {"/never", "/drip", "/never?head=1", "/slow?ms=777000", "/size/10"}) {
      fetches.start(server->url(path));
    }
    fetches.wait_until([&] { return fetches.seen[5].closes == 1; });
    EXPECT_EQ(fetches.executor->running(), 4);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(store.files.size(), 1u);
}

TEST_F(FetchExecutorTest, ADescriptorThatClosedIsWatchedAsTheNewOne) {
  Fetches fetches(options);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(fetches.run(server->url("/size/20?close=1")).status(), 200);
    EXPECT_EQ(fetches.run(server->url("/size/20")).status(), 200);
  }
}

}  // namespace
}  // namespace distaff::fetch_executor_test
