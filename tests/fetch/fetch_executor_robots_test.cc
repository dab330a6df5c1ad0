// robots.txt, asked for before the first request to an origin.

#include "fetch/fetch_executor_world.h"
#include "support/packing.h"

namespace distaff::fetch_executor_robots_test {
namespace {

using namespace std::chrono_literals;

class FetchRobots : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir = new TempDir;
    const std::string some =
        dir->file("some", "User-agent: distaff\nDisallow: /size/\nCrawl-delay: 2\n");
    const std::string slow = dir->file("slow", "User-agent: *\nCrawl-delay: 900\n");
    std::string large = "User-agent: *\n";
    while (large.size() < (600 << 10)) large += "Disallow: /never-mind\n";
    large.replace(14, 23, "Disallow: /hello\n#####\n");
    large += "Disallow: /\n";
    const std::string file = dir->file("large", large);
    const std::string gzip = dir->file("gzip", gzipped("User-agent: *\nDisallow: /size/\n"));
    const std::string packed = "/encoded?as=gzip&file=" + gzip;
    server = new HttpServer({"--hosts",  "22",
                             "--robots", "127.0.0.1=" + some,
                             "--robots", "127.0.0.2=503",
                             "--robots", "127.0.0.3=403",
                             "--robots", "127.0.0.4=drop",
                             "--robots", "127.0.0.5=to:/to?u=/status/404",
                             "--robots", "127.0.0.6=to:/loop",
                             "--robots", "127.0.0.8=" + slow,
                             "--robots", "127.0.0.9=" + file,
                             "--robots", "127.0.0.10=" + slow,
                             "--robots", "127.0.0.11=503,503,404",
                             "--robots", "127.0.0.12=429,429,404",
                             "--robots", "127.0.0.13=408,408,404",
                             "--robots", "127.0.0.14=500,500,404",
                             "--robots", "127.0.0.15=drop,drop,404",
                             "--robots", "127.0.0.16=cut,cut,404",
                             "--robots", "127.0.0.17=429",
                             "--robots", "127.0.0.18=503+1,404",
                             "--robots", "127.0.0.19=drip",
                             "--robots", "127.0.0.20=to:" + packed + "&cut=20",
                             "--robots", "127.0.0.21=to:" + packed,
                             "--robots", "127.0.0.22=to:/part"});
  }
  static void TearDownTestSuite() {
    delete server;
    delete dir;
  }
  void SetUp() override {
    options.slots = 8;
    options.spec.robots = true;
  }

  static TempDir* dir;
  static HttpServer* server;
  FetchExecutor::Options options;
};
TempDir* FetchRobots::dir;
HttpServer* FetchRobots::server;

// A server that reads what it is asked, and never answers.
class SilentServer {
 public:
  SilentServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_.get(), 8), 0);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  std::string url(const std::string& path) const { return origin_ + path; }

  // How many requests of `path` are here by now.
  std::ptrdiff_t asked(const std::string& path) {
    for (;;) {
      UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) break;
      connections_.push_back({std::move(fd), ""});
    }
    for (Connection& one : connections_) {
      char bytes[1000];
      ssize_t got;
      while ((got = read(one.fd.get(), bytes, sizeof bytes)) > 0) {
        one.text.append(bytes, static_cast<std::size_t>(got));
      }
    }
    return std::count_if(connections_.begin(), connections_.end(), [&](const Connection& one) {
      return one.text.starts_with("GET " + path + " HTTP/") && one.text.ends_with("\r\n\r\n");
    });
  }

 private:
  struct Connection {
    UniqueFd fd;
    std::string text;
  };

  UniqueFd fd_;
  std::string origin_;
  std::vector<Connection> connections_;
};

TEST_F(FetchRobots, ForbidsAllIfOnlyAPartOfItCame) {
  Fetches fetches(options);
  const auto asks = [&](const std::string& host, const std::string& path) {
    return fetches.run(server->url(path, host)).broken();
  };
  EXPECT_EQ(asks("127.0.0.20", "/hello"),
            "cut: robots.txt of 127.0.0.20 could not be read "
            "(only a part of it came), which forbids all");
  EXPECT_EQ(asks("127.0.0.22", "/hello"),
            "cut: robots.txt of 127.0.0.22 could not be read "
            "(only a part of it came), which forbids all");
  EXPECT_EQ(asks("127.0.0.21", "/hello"), "") << "whole, though packed";
  EXPECT_EQ(asks("127.0.0.21", "/size/1"), "refused: robots.txt of 127.0.0.21 forbids it");
}

TEST_F(FetchRobots, IsAskedOnceAndObeyed) {
  Fetches fetches(options);
  const std::string url = server->url("/hello?first");
  const Fetched& first = fetches.run(url);
  EXPECT_EQ(first.hop_urls, std::vector{url});
  EXPECT_EQ(first.hops.at(0).outcome, Outcome::responded(200));
  EXPECT_EQ(first.hops.at(0).rest_at_least, 2s);
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(first.end->rest_at_least, 2s);
  const Fetched& second = fetches.run(server->url("/hello?second"));
  EXPECT_TRUE(second.hops.empty());
  EXPECT_EQ(second.status(), 200);
  const Fetched& third = fetches.run(server->url("/size/10"));
  EXPECT_EQ(third.broken(), "refused: robots.txt of 127.0.0.1 forbids it");
  EXPECT_FALSE(third.end->response);
  EXPECT_TRUE(server->seen("/size/").empty());
}

TEST_F(FetchRobots, OthersOfTheOriginWaitForIt) {
  Fetches fetches(options);
  for (const char* path : {"/hello?a", "/hello?b", "/size/10", "/hello?c"}) {
    fetches.start(server->url(path));
  }
  const std::size_t before = server->seen("/robots.txt").size();
  fetches.wait_for_all();
  EXPECT_EQ(server->seen("/robots.txt", before + 1).size(), before + 1);
  for (const int job : {1, 2, 4}) {
    EXPECT_EQ(fetches.seen[job].hops.size(), 1u);
    EXPECT_EQ(fetches.seen[job].status(), 200);
  }
  EXPECT_EQ(fetches.seen[3].broken(), "refused: robots.txt of 127.0.0.1 forbids it");
}

TEST_F(FetchRobots, AServerInTroubleForbidsAll) {
  Fetches fetches(options);
  for (int i = 0; i < 2; ++i) {
    const Fetched& one = fetches.run(server->url("/hello", "127.0.0.2"));
    EXPECT_EQ(one.broken(),
              "refused: robots.txt of 127.0.0.2 could not be read (HTTP 503), which forbids all");
  }
  fetches.wait_until([&] { return server->count("/robots.txt", "127.0.0.2") > 0; });
  EXPECT_EQ(server->count("/robots.txt", "127.0.0.2"), 1);
}

TEST_F(FetchRobots, AServerThatHasNoneAllowsAll) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.3")).status(), 200);
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.5")).status(), 200) << "behind redirects";
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.6")).status(), 200) << "behind too many";
}

TEST_F(FetchRobots, AServerThatCannotBeReachedIsNotAskedAgainByEachJob) {
  Fetches fetches(options);
  for (int i = 0; i < 2; ++i) {
    const Fetched& one = fetches.run(server->url("/hello", "127.0.0.4"));
    EXPECT_EQ(one.broken(),
              "connect: robots.txt of 127.0.0.4 could not be read (the server closed the "
              "connection and said nothing), which forbids all");
    EXPECT_FALSE(one.end->response);
    EXPECT_TRUE(one.end->once_only) << "to try again would only be told the same";
  }
  fetches.wait_until([&] { return server->count("/robots.txt", "127.0.0.4") > 0; });
  EXPECT_EQ(server->count("/robots.txt", "127.0.0.4"), 1);
}

// What jobs that are started together for one origin come to, and how often it was asked.
struct Together {
  std::set<std::string> ends;  // "200", or why they broke
  std::vector<int> tries;      // that again_in() was asked about
  std::vector<std::string> causes;
};
Together run_together(Fetches& fetches, const std::string& url, int retries) {
  Together result;
  fetches.retry_after = [&](const Attempt& attempt, int tries) -> std::optional<Duration> {
    result.tries.push_back(tries);
    result.causes.push_back(describe(attempt.outcome));
    if (tries > retries) return std::nullopt;
    return std::max<Duration>(20ms, attempt.retry_after.value_or(Duration{0}));
  };
  for (int i = 0; i < 3; ++i) fetches.start(url + "?" + std::to_string(i));
  fetches.wait_for_all();
  for (const auto& [id, one] : fetches.seen) {
    result.ends.insert(one.broken().empty() ? std::to_string(one.status()) : one.broken());
  }
  return result;
}

TEST_F(FetchRobots, IsAskedAgainAsARequestIsOnceForAllThatWait) {
  struct Case {
    const char* host;
    const char* cause;
  } const cases[] = {{"127.0.0.11", "HTTP 503"},      {"127.0.0.12", "HTTP 429"},
                     {"127.0.0.13", "HTTP 408"},      {"127.0.0.14", "HTTP 500"},
                     {"127.0.0.15", "no connection"}, {"127.0.0.16", "body broke off"}};
  for (const auto& [host, cause] : cases) {
    Fetches fetches(options);
    const Together came = run_together(fetches, server->url("/hello", host), 2);
    EXPECT_EQ(came.ends, std::set<std::string>{"200"}) << cause;
    EXPECT_EQ(came.tries, (std::vector{1, 2})) << cause;
    EXPECT_EQ(came.causes, (std::vector<std::string>{cause, cause}));
    fetches.wait_until([&, name = host] { return server->count("/robots.txt", name) == 3; });
  }
}

TEST_F(FetchRobots, WhatFailsForGoodIsToldToAllAndKept) {
  Fetches fetches(options);
  const std::string why =
      "refused: robots.txt of 127.0.0.17 could not be read (HTTP 429, 3 tries), which forbids all";
  EXPECT_EQ(run_together(fetches, server->url("/hello", "127.0.0.17"), 2).ends, std::set{why});
  EXPECT_EQ(fetches.run(server->url("/size/1", "127.0.0.17")).broken(), why);
  EXPECT_EQ(server->count("", "127.0.0.17"), 3);
}

TEST_F(FetchRobots, WhoComesMeanwhileWaitsForTheNextTry) {
  Fetches fetches(options);
  std::vector<Duration> asked;
  fetches.retry_after = [&](const Attempt& attempt, int) {
    asked.push_back(attempt.retry_after.value_or(Duration{0}));
    return 1s;
  };
  const std::string url = server->url("/hello", "127.0.0.18");
  fetches.start(url);
  fetches.wait_until([&] { return !fetches.seen[1].hops.empty(); });
  EXPECT_EQ(fetches.seen[1].hops.at(0).outcome, Outcome::responded(503));
  const TimePoint begin = EventLoop::now();
  EXPECT_EQ(fetches.run(url).status(), 200);
  EXPECT_GE(EventLoop::now() - begin, 500ms);
  fetches.wait_for_all();
  EXPECT_EQ(asked, std::vector<Duration>{1s});
  EXPECT_EQ(server->count("/robots.txt", "127.0.0.18"), 2);
}

TEST_F(FetchRobots, OneThatHangsStallsOnce) {
  SilentServer silent;
  options.spec.stall_timeout = 400ms;
  Fetches fetches(options);
  const std::string why =
      "timeout: robots.txt of 127.0.0.1 could not be read (nothing came for 0.4s "
      "(--stall-timeout), 2 tries), which forbids all";
  EXPECT_EQ(run_together(fetches, silent.url("/hello"), 1).ends, std::set{why});
  EXPECT_EQ(fetches.run(silent.url("/other")).broken(), why);
  EXPECT_EQ(silent.asked("/robots.txt"), 2);
}

TEST_F(FetchRobots, OneThatDripsIsNotWaitedForLong) {
  options.spec.stall_timeout = 100s;
  Fetches fetches(options);
  fetches.start(server->url("/hello", "127.0.0.19"));
  fetches.start(server->url("/hello", "127.0.0.19"));
  for (int i = 0; i < 3; ++i) {
    fetches.turn(EventLoop::now() + 200ms);
    EXPECT_EQ(fetches.executor->running(), 2);
    fetches.leap(41s);
  }
  fetches.wait_for_all();
  EXPECT_EQ(fetches.seen[2].broken(),
            "timeout: robots.txt of 127.0.0.19 could not be read (not whole within 2m 0s), which "
            "forbids all");
}

TEST_F(FetchRobots, WhenTheTimeOfWhoAsksIsUpAllThatWaitAreTold) {
  SilentServer silent;
  const auto asked = [&] { return silent.asked("/robots.txt"); };
  Fetches fetches(options);
  for (int i = 0; i < 3; ++i) fetches.start(silent.url("/hello"));
  fetches.wait_until([&] { return asked() > 0; });
  fetches.executor->signal(JobId{2}, SIGTERM);  // it only waits
  fetches.wait_until([&] { return fetches.seen[2].closes == 1; });
  EXPECT_EQ(fetches.seen[2].end->outcome, Outcome::signalled(SIGTERM));
  EXPECT_EQ(fetches.executor->running(), 2);
  fetches.executor->signal(JobId{1}, SIGTERM);
  fetches.wait_for_all();
  EXPECT_EQ(fetches.seen[1].end->outcome, Outcome::signalled(SIGTERM));
  EXPECT_EQ(fetches.seen[3].broken(),
            "timeout: robots.txt of 127.0.0.1 could not be read (it took too long), which forbids "
            "all");
  EXPECT_EQ(asked(), 1);
}

TEST_F(FetchRobots, ARedirectElsewhereAsksThere) {
  Fetches fetches(options);
  const std::string target = server->url("/size/10");
  const Fetched& one = fetches.run(server->url("/to?u=" + target, "127.0.0.3"));
  EXPECT_EQ(one.hops.size(), 3u);  // robots.txt, the redirect, robots.txt
  EXPECT_EQ(one.broken(), "refused: robots.txt of 127.0.0.1 forbids it");
}

TEST_F(FetchRobots, ADelayIsObeyedUpToAMinuteAndThatIsSaidOnce) {
  std::vector<std::string> said;
  options.warn = [&](const std::string& text) { said.push_back(text); };
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/size/1", "127.0.0.1")).broken(),
            "refused: robots.txt of 127.0.0.1 forbids it");
  EXPECT_EQ(said.size(), 0u);  // two seconds are kept
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.8")).end->rest_at_least, 60s);
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.10")).end->rest_at_least, 60s);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(
      said[0],
      "robots.txt of 127.0.0.8 asks for a rest of 15m 0s (Crawl-delay): 60s are kept, as with all "
      "that ask for more; --throttle 900 would keep it");
}

TEST_F(FetchRobots, HalfAMegabyteIsRead) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/hello", "127.0.0.9")).broken(),
            "refused: robots.txt of 127.0.0.9 forbids it");
  EXPECT_EQ(fetches.run(server->url("/size/10", "127.0.0.9")).status(), 200);
}

}  // namespace
}  // namespace distaff::fetch_executor_robots_test
