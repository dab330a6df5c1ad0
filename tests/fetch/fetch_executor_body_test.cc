// What becomes of bodies, and of servers that do not keep to what they should.

#include <iterator>
#include <random>

#include "fetch/fetch_executor_world.h"
#include "support/timing.h"

namespace distaff::fetch_executor_body_test {
namespace {

using namespace std::chrono_literals;
using Options = FetchExecutor::Options;

class FetchBodies : public testing::Test {
 protected:
  static void SetUpTestSuite() { server = new HttpServer; }
  static void TearDownTestSuite() { delete server; }
  void SetUp() override {
    options.slots = 8;
    options.store = &store;
  }

  static HttpServer* server;
  FakeStore store;
  Options options;
};
HttpServer* FetchBodies::server;

// ---- out, by events

TEST_F(FetchBodies, GoOutNoFasterThanThereIsRoom) {
  options.store = nullptr;
  options.to_events = true;
  for (const std::string target : {"/size/100000", "/gzip/100000", "/chunked/100000"}) {
    Fetches fetches(options);
    std::size_t room = 10'000;
    fetches.room_now = [&] {
      const std::size_t left = room - fetches.seen[1].out.size();
      return std::min<std::size_t>(left, 333);
    };
    fetches.start(server->url(target));
    fetches.wait_until([&] { return fetches.seen[1].out.size() == room; });
    // Nothing more comes, however often it is asked.
    for (int i = 0; i < 3; ++i) {
      fetches.executor->read_again(JobId{1});
      fetches.turn(EventLoop::now() + 20ms);
      EXPECT_EQ(fetches.seen[1].out.size(), room);
    }
    room = 60'000;
    fetches.executor->read_again();
    EXPECT_EQ(fetches.seen[1].out.size(), 10'000u) << "called back too early";
    fetches.wait_until([&] { return fetches.seen[1].out.size() == room; });
    room = 1'000'000;
    fetches.executor->read_again();
    fetches.wait_for_all();
    EXPECT_EQ(fetches.seen[1].status(), 200);
    EXPECT_TRUE(fetches.seen[1].out == pattern(target, 100'000)) << target;
    EXPECT_EQ(fetches.seen[1].response().bytes, 100'000u);
  }
}

TEST_F(FetchBodies, OfErrorsAndRedirectsDoNotGoOut) {
  options.store = nullptr;
  options.to_events = true;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/status/404")).out, "");
  EXPECT_EQ(fetches.run(server->url("/to?u=/hello&body=1000")).out, "<p>hello</p>\n");
}

TEST_F(FetchBodies, ThatWaitForRoomAreNotStalled) {
  options.store = nullptr;
  options.to_events = true;
  options.spec.stall_timeout = 300s;
  Fetches fetches(options);
  std::size_t room = 0;
  bool asked = false;
  fetches.room_now = [&] {
    asked = true;
    return room;
  };
  fetches.start(server->url("/size/10"));
  fetches.wait_until([&] { return asked; });
  for (int i = 0; i < 4; ++i) fetches.leap(300s);
  EXPECT_FALSE(fetches.seen[1].end);
  room = 100;
  fetches.executor->read_again();
  fetches.wait_for_all();
  EXPECT_EQ(fetches.seen[1].status(), 200);
}

// ---- how much

TEST_F(FetchBodies, LargerThanAllowedAreRefused) {
  options.spec.max_size = 64 << 10;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/size/65536")).status(), 200);
  EXPECT_EQ(fetches.run(server->url("/size/65537")).broken(),
            "too large: body larger than --max-size 64k: it has 65537 bytes");
  EXPECT_EQ(fetches.run(server->url("/chunked/65537")).broken(),
            "too large: body larger than --max-size 64k");
  EXPECT_EQ(fetches.run(server->url("/endless")).broken(),
            "too large: body larger than --max-size 64k");
  // Counted as they are unpacked.
  EXPECT_EQ(fetches.run(server->url("/gzip/65537")).broken(),
            "too large: body larger than --max-size 64k");
  EXPECT_EQ(fetches.run(server->url("/bomb?mb=100")).broken(),
            "too large: body larger than --max-size 64k");
  EXPECT_EQ(store.files.size(), 1u);
  EXPECT_TRUE(store.kept.empty());
}

TEST_F(FetchBodies, HeadsLargerThanAllowedAreRefused) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/header-flood")).broken(), "too large: head larger than 256k");
  EXPECT_EQ(fetches.run(server->url("/header-flood?one=1")).broken(),
            "too large: a line of the head is longer than 100k");
  options.spec.max_head = 1000;
  Fetches strict(options);
  EXPECT_EQ(strict.run(server->url("/header-flood")).broken(), "too large: head larger than 1000");
}

// ---- not whole

TEST_F(FetchBodies, ThatBreakOffSayWhere) {
  Fetches fetches(options);
  const Fetched& cut = fetches.run(server->url("/cut?n=512&of=4096"));
  EXPECT_EQ(cut.broken(), "cut: 512 of 4096 bytes came");
  EXPECT_EQ(cut.response().status, 200);
  EXPECT_EQ(cut.response().bytes, 512u);
  EXPECT_EQ(fetches.run(server->url("/long")).broken(), "cut: 6 of 7 bytes came");
  EXPECT_EQ(store.files.size(), 0u);
  EXPECT_EQ(store.dropped, 2);
  // What comes behind the end is not part of it.
  EXPECT_EQ(fetches.run(server->url("/short")).status(), 200);
  EXPECT_EQ(store.files.at(server->url("/short")).bytes, "12345");
}

TEST_F(FetchBodies, HeadsThatContradictThemselvesAreNoAnswers) {
  Fetches fetches(options);
  const auto ask = [&](const std::string& head) {
    return fetches.run(server->url("/raw?body=12345&head=" + head)).broken();
  };
  EXPECT_EQ(ask("Content-Length:+5%0D%0AContent-Length:+6"),
            "protocol: the head has two Content-Lengths that differ");
  EXPECT_EQ(ask("Content-Length:+5,+6"), "protocol: the head has two Content-Lengths that differ");
  EXPECT_EQ(ask("Content-Length:+5,+5%0D%0AContent-Length:+5"), "");
  for (const std::string length : {"0x5", "5+0", "1.5e3", "99999999999999999999", "five"}) {
    EXPECT_TRUE(ask("Content-Length:+" + length).starts_with("protocol: ")) << length;
  }
  EXPECT_EQ(ask("Transfer-Encoding:+gzip,+chunked"),
            "protocol: its Transfer-Encoding 'gzip' was not asked for");
  EXPECT_EQ(ask("Content-Range:+bytes+5-9/10"),
            "protocol: a part (Content-Range) that was not asked for");
  EXPECT_EQ(ask("Content-Range:+bytes+0-4/5"), "");
  // A line may go on in the next one.
  const Fetched& folded = fetches.run(
      server->url("/raw?body=12345&head=Content-Encoding:%0D%0A+utf-8%0D%0AETag:%0D%0A%09%22e%22"));
  EXPECT_EQ(folded.response().note, "its encoding 'utf-8' is unknown, kept as it came");
  EXPECT_EQ(folded.response().etag, "\"e\"");
}

TEST_F(FetchBodies, WhatIsNoAnswerIsNone) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/drop")).broken(),
            "connect: the server closed the connection and said nothing");
  EXPECT_EQ(fetches.run(server->url("/drop")).response().status, 0);
  EXPECT_EQ(fetches.run(server->url("/garbage")).broken(),
            "protocol: received HTTP/0.9 when not allowed");
}

TEST_F(FetchBodies, NobodyThere) {
  Fetches fetches(options);
  const Fetched& refused = fetches.run("http://127.0.0.1:1/");
  EXPECT_EQ(refused.broken(), "connect: connection refused by 127.0.0.1 port 1");
  EXPECT_FALSE(refused.end->response);
  EXPECT_EQ(fetches.run("http://no-such-name.invalid/").broken(),
            "resolve: no-such-name.invalid has no address");
}

TEST_F(FetchBodies, SilenceEnds) {
  options.spec.stall_timeout = 100ms;
  Fetches fetches(options);
  fetches.start(server->url("/never"));
  fetches.start(server->url("/never?head=1"));
  fetches.start(server->url("/drip?ms=1000"));
  // The executor looks every 25 ms, so that this many turns are 5 s on a quiet machine.
  const TimePoint start = EventLoop::now();
  int turns = 0;
  while (fetches.executor->running() > 0 && ++turns < 200) {
    fetches.turn(EventLoop::now() + 1s);
  }
  ASSERT_EQ(fetches.executor->running(), 0);
  EXPECT_WITHIN(EventLoop::now() - start, 5s);
  for (const int job : {1, 2, 3}) {
    EXPECT_EQ(fetches.seen[job].broken(), "timeout: nothing came for 0.1s (--stall-timeout)");
  }
  EXPECT_GE(fetches.seen[1].end->usage.wall, 100ms);
}

TEST_F(FetchBodies, SilenceThatIsNotYetTooLongDoesNot) {
  options.spec.stall_timeout = 300s;
  Fetches fetches(options);
  fetches.start(server->url("/never"));
  EXPECT_EQ(fetches.run(server->url("/slow?ms=10")).status(), 200);
  fetches.leap(100s);
  EXPECT_FALSE(fetches.seen[1].end);
  for (int i = 0; i < 2; ++i) fetches.leap(300s);
  EXPECT_EQ(fetches.seen[1].broken(), "timeout: nothing came for 5m 0s (--stall-timeout)");
}

TEST_F(FetchBodies, WhatDripsIsNotSilent) {
  options.store = nullptr;
  options.to_events = true;
  options.spec.stall_timeout = 300s;
  Fetches fetches(options);
  fetches.start(server->url("/drip?ms=100"));
  for (int i = 0; i < 5; ++i) {
    const std::size_t before = fetches.seen[1].out.size();
    fetches.wait_until([&] { return fetches.seen[1].out.size() > before; });
    fetches.leap(299s);
    ASSERT_FALSE(fetches.seen[1].end);
  }
}

TEST_F(FetchBodies, AConnectionThatDoesNotComeAbout) {
  // A queue of one that is full: further ones get no answer from the kernel.
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 0), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<UniqueFd> full;
  for (int i = 0; i < 3; ++i) {
    full.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connect(full.back().get(), reinterpret_cast<sockaddr*>(&address), size);
  }
  options.spec.connect_timeout = 200ms;
  Fetches fetches(options);
  EXPECT_EQ(fetches.run("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))).broken(),
            "timeout: no connection to 127.0.0.1 within 0.2s (--connect-timeout)");
  close(fd);
}

TEST_F(FetchBodies, RetryAfterIsReadAndCapped) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/status/429?retry-after=2")).end->retry_after, 2s);
  // The date and the waits are whole seconds.  libcurl asks time(), which is a tick behind the
  // clock of the server.
  const auto seconds_now = [] {
    return std::chrono::floor<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
  };
  const std::chrono::seconds earliest(time(nullptr));
  const auto before = seconds_now();
  const auto date = fetches.run(server->url("/status/503?date=+30")).end->retry_after;
  const auto after = seconds_now();
  ASSERT_TRUE(date);
  EXPECT_GE(*date, 30s - (after - before));
  EXPECT_LE(*date, 30s + (after - earliest));
  EXPECT_EQ(fetches.run(server->url("/status/429?retry-after=9999999")).end->retry_after, 10min);
  EXPECT_FALSE(fetches.run(server->url("/status/200?retry-after=2")).end->retry_after);
  EXPECT_FALSE(fetches.run(server->url("/status/429")).end->retry_after);
}

// ---- parts

// Of an answer that had this ETag.
BodyStore::Part part_of(const std::string& url, std::uint64_t bytes, const std::string& etag) {
  return {.bytes = bytes,
          .validator = etag,
          .total = std::nullopt,
          .url = url,
          .mime = "text/html",
          .etag = etag,
          .last_modified = "Mon, 02 Jan 2023 03:04:05 GMT"};
}

TEST_F(FetchBodies, GoOnWhereTheyBrokeOff) {
  Fetches fetches(options);
  const std::string target = "/range/5000?cut=2000";
  const std::string url = server->url(target);
  EXPECT_EQ(fetches.run(url).broken(), "cut: 2000 of 5000 bytes came");
  ASSERT_TRUE(store.kept.contains(url));
  EXPECT_EQ(store.kept.at(url).validator, store.kept.at(url).etag);
  store.parts[url] = part_of(url, 2000, store.kept.at(url).etag);
  const Fetched& rest = fetches.run(url);
  EXPECT_EQ(rest.status(), 200) << "the body is whole";
  EXPECT_EQ(rest.response().mime, "text/html") << "which the first part said";
  EXPECT_EQ(rest.response().bytes, 5000u);
  EXPECT_EQ(store.files.at(url).from, 2000u);
  EXPECT_TRUE(store.files.at(url).bytes == pattern(target, 5000));
}

TEST_F(FetchBodies, BeginAnewIfTheServerHasAnother) {
  Fetches fetches(options);
  const std::string url = server->url("/range/5000?new");
  store.parts[url] = part_of(url, 2000, "\"of-old\"");
  EXPECT_EQ(fetches.run(url).status(), 200);
  EXPECT_EQ(store.files.at(url).from, 0u);
  EXPECT_TRUE(store.files.at(url).bytes == pattern("/range/5000?new", 5000));
}

TEST_F(FetchBodies, AreAskedForAsAWholeIfThePartIsOfNoUse) {
  Fetches fetches(options);
  for (const std::string target : {"/range/5000?off=1", "/range/1000?beyond"}) {
    const std::string url = server->url(target);
    const std::size_t size = target == "/range/5000?off=1" ? 5000 : 1000;
    store.parts[url] = part_of(url, 2000, "\"r-" + std::to_string(size) + "\"");
    const Fetched& one = fetches.run(url);
    EXPECT_EQ(one.hop_urls, std::vector{url});
    EXPECT_EQ(one.status(), 200) << target;
    EXPECT_EQ(store.files.at(url).from, 0u);
    EXPECT_TRUE(store.files.at(url).bytes == pattern(target, size));
  }
}

TEST_F(FetchBodies, AreAskedForAsAWholeIfThePartIsOfAnotherUrlOrGone) {
  Fetches fetches(options);
  const std::string url = server->url("/range/5000?elsewhere");
  store.parts[url] = part_of("https://mirror.example/", 2000, "\"r-5000\"");
  EXPECT_EQ(fetches.run(url).hop_urls, std::vector{url});
  EXPECT_EQ(store.files.at(url).from, 0u);
  store.parts[url] = part_of(url, 2000, "\"r-5000\"");
  store.part_is_lost = true;  // another job of this URL has it now
  const Fetched& one = fetches.run(url);
  EXPECT_EQ(one.hop_urls, std::vector{url});
  EXPECT_EQ(one.status(), 200);
  EXPECT_EQ(store.files.at(url).from, 0u);
}

// Not all servers know ranges, and some answer with a part and call it the whole.
TEST_F(FetchBodies, AreAskedForAsAWholeIfTheServerRefusesAPart) {
  Fetches fetches(options);
  for (const std::string how : {"refuse=304", "refuse=400", "refuse=403", "refuse=412",
                                "refuse=500", "refuse=501", "part=200"}) {
    const std::string target = "/range/5000?" + how;
    const std::string url = server->url(target);
    store.parts[url] = part_of(url, 2000, "\"r-5000\"");
    const Fetched& one = fetches.run(url);
    EXPECT_EQ(one.hop_urls, std::vector{url}) << how;
    EXPECT_EQ(one.status(), 200) << how;
    EXPECT_TRUE(store.files.at(url).bytes == pattern(target, 5000)) << how;
  }
  const std::string gone = server->url("/range/5000?refuse=404");
  store.parts[gone] = part_of(gone, 2000, "\"r-5000\"");
  EXPECT_EQ(fetches.run(gone).status(), 404);
}

// What comes without an encoding may have other bytes.
TEST_F(FetchBodies, ThatAreEncodedAreNotContinued) {
  Fetches fetches(options);
  for (const std::string how : {"as=utf-8", "as=gzip&.tgz", "as=br"}) {
    EXPECT_FALSE(fetches.run(server->url("/range/5000?cut=2000&" + how)).broken().empty()) << how;
  }
  options.spec.decode = false;
  Fetches plain(options);
  EXPECT_FALSE(plain.run(server->url("/range/5000?cut=2001&as=gzip")).broken().empty());
  EXPECT_TRUE(store.kept.empty());
}

TEST_F(FetchBodies, ThatCannotGoOnAreNotKept) {
  Fetches fetches(options);
  fetches.run(server->url("/cut?n=512&of=4096"));  // has no validator
  EXPECT_TRUE(store.kept.empty());
  fetches.start(server->url("/range/100000000"));
  fetches.wait_until([&] { return store.begun == 2; });
  fetches.executor->signal_all(SIGTERM);
  fetches.wait_for_all();
  EXPECT_EQ(store.kept.size(), 1u) << "also if it is ended by us";
}

// ---- the store

TEST_F(FetchBodies, ThatCannotBeKeptAreFailuresOfOurs) {
  const Error full{"cannot write 'x': No space left on device", 3};
  const Error one{"'x' is a directory", 2};
  int ends = 0;
  options.on_store_end = [&](const Error& error) {
    EXPECT_EQ(error, full);
    ++ends;
  };
  Fetches fetches(options);
  store.begin_error = one;
  EXPECT_EQ(fetches.run(server->url("/hello")).broken(), "local: 'x' is a directory");
  store.begin_error.reset();
  store.write_error = full;
  EXPECT_EQ(fetches.run(server->url("/hello")).broken(),
            "local: cannot write 'x': No space left on device");
  EXPECT_EQ(ends, 1);
  store.write_error.reset();
  store.finish_error = full;
  EXPECT_EQ(fetches.run(server->url("/size/0")).broken(),
            "local: cannot write 'x': No space left on device");
  EXPECT_EQ(ends, 2);
}

// ---- all together

TEST_F(FetchBodies, EveryJobEndsOnceWhateverServersDo) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const char* const paths[] = {
      "/size/10",   "/size/300000", "/gzip/50000",      "/cut",   "/drop",
      "/never",     "/drip",        "/endless",         "/reset", "/garbage",
      "/loop",      "/status/503",  "/to?u=/size/1000", "/long",  "/header-flood",
      "/bomb?mb=2", "/short",       "/etag/x"};
  const std::size_t before = open_descriptors();
  {
    options.spec.stall_timeout = 300ms;
    options.spec.max_size = 1 << 20;
    options.spec.robots = true;
    Fetches fetches(options);
    for (int i = 0; i < 200; ++i) {
      fetches.start(server->url(paths[random() % std::size(paths)]));
      if (random() % 4 == 0) {
        fetches.executor->signal(JobId{random() % number(fetches.last()) + 1}, SIGTERM);
      }
      fetches.wait_until([&] { return fetches.executor->running() < options.slots; });
    }
    fetches.wait_for_all();
    ASSERT_EQ(fetches.seen.size(), 200u);
    for (const auto& [job, seen] : fetches.seen) {
      EXPECT_TRUE(seen.end) << job;
      EXPECT_EQ(seen.closes, 1) << job;
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

// ---- addresses

TEST_F(FetchBodies, OnlyPublicAddressesIfToldSo) {
  options.spec.public_only = true;
  options.spec.resolve = {"inside.example:80:10.1.2.3"};
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(server->url("/hello")).broken(),
            "refused: 127.0.0.1 has the address 127.0.0.1, which is not public (--public-only)");
  EXPECT_EQ(fetches.run("http://inside.example/").broken(),
            "refused: inside.example has the address 10.1.2.3, which is not public "
            "(--public-only)");
  EXPECT_EQ(fetches.run("http://[::1]/").broken(),
            "refused: ::1 has the address ::1, which is not public (--public-only)");
}

}  // namespace
}  // namespace distaff::fetch_executor_body_test
