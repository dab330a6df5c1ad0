#pragma once

// Real requests by a FetchExecutor to tests/support/http_server, and what comes of them.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "fetch/fetch_executor.h"
#include "support/temp_dir.h"

namespace distaff {

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// A server of its own, which ends with it.
class HttpServer {
 public:
  explicit HttpServer(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {DISTAFF_SOURCE_DIR "/tests/support/http_server",
                                     "--until-stdin-ends", "--log", log()});
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) exec(options, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    stdin_ = to[1];
    read_ports(from[0], options);
  }
  ~HttpServer() {
    close(stdin_);
    waitpid(pid_, nullptr, 0);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + port_ + path;
  }
  std::string tls_url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + tls_port_ + path;
  }
  const std::string& port() const { return port_; }

  struct Seen {
    std::int64_t start = 0, end = 0;
    int connection = 0;
    std::string address, host, method, target, status;
  };
  // What it was asked with `part` in the target, in the order in which it was done with it; waits
  // until these are `count`.
  std::vector<Seen> seen(const std::string& part, std::size_t count) const {
    const TimePoint limit = EventLoop::now() + std::chrono::seconds(200);
    auto result = seen(part);
    while (result.size() < count && EventLoop::now() < limit) {
      usleep(1000);
      result = seen(part);
    }
    EXPECT_EQ(result.size(), count) << part;
    result.resize(count);
    return result;
  }
  std::vector<Seen> seen(const std::string& part) const {
    std::vector<Seen> result;
    std::ifstream file(log());
    for (Seen one; file >> one.start >> one.end >> one.connection >> one.address >> one.host >>
                   one.method >> one.target >> one.status;) {
      if (one.target.find(part) != std::string::npos) result.push_back(one);
    }
    return result;
  }
  // How often such were asked of one of its addresses.
  int count(const std::string& part, const std::string& address) const {
    const auto all = seen(part);
    return static_cast<int>(std::count_if(all.begin(), all.end(),
                                          [&](const Seen& one) { return one.address == address; }));
  }

 private:
  std::string log() const { return dir_ / "log"; }

  [[noreturn]] static void exec(const std::vector<std::string>& words, int in, int out) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }

  void read_ports(int fd, const std::vector<std::string>& options) {
    const bool tls = std::find(options.begin(), options.end(), "--tls") != options.end();
    FILE* file = fdopen(fd, "r");
    char port[16] = "";
    if (fscanf(file, "http %15s", port) == 1) port_ = port;
    if (tls && fscanf(file, " https %15s", port) == 1) tls_port_ = port;
    fclose(file);
  }

  TempDir dir_;
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::string port_, tls_port_;
};

// A certificate for localhost and 127.0.0.1, signed by itself: made once, by openssl.
struct Certificate {
  explicit Certificate(const std::string& days = "2") {
    const std::string command =
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout " + key + " -out " + cert + " -days " +
        days + " -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null";
    if (std::system(command.c_str()) != 0) std::abort();
  }
  TempDir dir;
  std::string cert = dir / "cert.pem", key = dir / "key.pem";
};

// Bodies in memory, as a store would have them in files.
class FakeStore final : public BodyStore {
 public:
  struct Stored {
    std::string url, mime, etag;
    std::string bytes;
    std::string validator;
    std::uint64_t from = 0;
  };

  std::map<std::string, Stored> files;  // finished, by the URL of the request
  std::map<std::string, Stored> kept;   // broken off
  std::map<std::string, Part> parts;    // what part() says
  std::optional<Error> begin_error, write_error, finish_error;
  bool part_is_lost = false;  // meanwhile
  int begun = 0, dropped = 0;
  std::set<std::string> earlier;  // paths of bodies that are there, of five bytes each
  bool keeps_earlier = true;

  std::optional<std::uint64_t> find_earlier(const Request&, const BodyHead&,
                                            const KnownBody& known) override {
    return earlier.contains(known.path) ? std::optional<std::uint64_t>(5) : std::nullopt;
  }
  std::optional<std::uint64_t> keep_earlier(const Request& request, const BodyHead& head,
                                            const KnownBody& known) override {
    return keeps_earlier ? find_earlier(request, head, known) : std::nullopt;
  }

  std::optional<Part> part(const Request& request) override {
    const auto found = parts.find(request.url);
    if (found == parts.end()) return {};
    return found->second;
  }

  Expected<std::unique_ptr<Body>> begin(const Request& request, const BodyHead& head,
                                        const Part* part) override {
    if (begin_error) return tl::unexpected(*begin_error);
    if (part != nullptr && part_is_lost) return nullptr;
    ++begun;
    const std::uint64_t from = part == nullptr ? 0 : part->bytes;
    Stored stored{std::string(head.url),       std::string(head.mime),
                  std::string(head.etag),      {},
                  std::string(head.validator), from};
    if (from > 0) stored.bytes = kept[request.url].bytes.substr(0, from);
    return std::make_unique<One>(*this, request.url, std::move(stored));
  }

 private:
  class One final : public Body {
   public:
    One(FakeStore& store, std::string url, Stored stored)
        : store_(store), url_(std::move(url)), stored_(std::move(stored)) {}
    ~One() override { store_.dropped += done_ ? 0 : 1; }

    Expected<void> write(std::string_view bytes) override {
      if (store_.write_error) return tl::unexpected(*store_.write_error);
      stored_.bytes += bytes;
      return {};
    }
    Expected<std::string> finish() override {
      if (store_.finish_error) return tl::unexpected(*store_.finish_error);
      done_ = true;
      store_.files[url_] = stored_;
      return "bodies/" + std::to_string(store_.files.size());
    }
    void keep() override {
      done_ = true;
      store_.kept[url_] = stored_;
    }

   private:
    FakeStore& store_;
    std::string url_;
    Stored stored_;
    bool done_ = false;
  };
};

struct Fetched {
  std::optional<Attempt> end;
  std::vector<Attempt> hops;
  std::vector<std::string> hop_urls;
  std::string out;
  int closes = 0;

  int status() const {
    return end && end->outcome.kind == Outcome::Kind::responded ? end->outcome.value : -1;
  }
  // Why it broke: "connect: reason".
  std::string broken() const {
    if (!end || end->outcome.kind != Outcome::Kind::broken) return "";
    static const char* const names[] = {"resolve",  "connect", "tls",      "timeout", "too large",
                                        "redirect", "refused", "protocol", "local",   "cut"};
    return std::string(names[end->outcome.value]) + ": " + end->outcome.reason;
  }
  const Response& response() const { return *end->response; }
};

// Starts jobs, and those that hop again.
class Fetches final : public ExecEvents {
 public:
  explicit Fetches(FetchExecutor::Options options = {}) {
    if (options.user_agent.empty()) options.user_agent = "distaff/test";
    executor = std::make_unique<FetchExecutor>(std::move(options), loop, *this);
  }

  Executor::StartResult start(Request request) {
    const JobId id{++last_};
    launches_[id].request = std::move(request);
    return executor->start(id, launches_[id]);
  }
  Executor::StartResult start(const std::string& url) {
    Request request;
    request.url = url;
    return start(std::move(request));
  }
  JobId last() const { return JobId{last_}; }

  // One that must start, and is waited for.
  Fetched& run(Request request) {
    EXPECT_EQ(start(std::move(request)).start, Executor::Start::started);
    const JobId id = last();
    wait_until([&] { return seen[number(id)].closes == 1; });
    return seen[number(id)];
  }
  Fetched& run(const std::string& url) {
    Request request;
    request.url = url;
    return run(std::move(request));
  }

  void wait_until(const std::function<bool()>& condition) {
    const TimePoint limit = EventLoop::now() + std::chrono::seconds(200);
    while (!condition()) {
      ASSERT_LT(EventLoop::now(), limit) << "nothing more happens";
      // What the condition looks at may be the server's.
      turn(EventLoop::now() + std::chrono::milliseconds(50));
    }
  }
  void wait_for_all() {
    wait_until([&] { return executor->running() == 0 && hopped_.empty(); });
  }

  // One wait, at most until `limit`.
  void turn(TimePoint limit) {
    for (const auto& [id, at] : std::exchange(hopped_, {})) {
      if (at > EventLoop::now()) {
        hopped_.emplace_back(id, at);
        limit = std::min(limit, at);
      } else {
        EXPECT_EQ(executor->start(id, launches_[id]).start, Executor::Start::started);
      }
    }
    loop.wait(std::min(limit, executor->wake_at().value_or(limit)));
    tick(EventLoop::now());
  }

  // So much time passes, for the executor alone.  Leaps add up.
  void leap(Duration time) {
    leapt_ += time;
    tick(EventLoop::now() + leapt_);
  }

  EventLoop loop;
  std::map<std::uint64_t, Fetched> seen;
  std::vector<std::uint64_t> order;  // in which jobs ended
  std::function<std::size_t()> room_now = [] { return std::size_t{1} << 20; };
  // When a robots.txt is asked for again that has failed so often.
  std::function<std::optional<Duration>(const Attempt&, int)> retry_after =
      [](const Attempt&, int) { return std::nullopt; };
  std::unique_ptr<FetchExecutor> executor;

 private:
  void tick(TimePoint now) {
    waiting_ = true;
    executor->tick(now);
    waiting_ = false;
  }

  Intake room(JobId, Stream stream) override {
    EXPECT_EQ(stream, Stream::out);
    return {.most = room_now()};
  }
  void on_output(JobId job, Stream, std::string_view bytes) override {
    EXPECT_LE(bytes.size(), room_now());
    EXPECT_FALSE(seen[number(job)].end);
    seen[number(job)].out += bytes;
  }
  void on_moved(JobId, Stream, std::size_t) override { ADD_FAILURE(); }
  void on_end(JobId job, const Attempt& attempt) override {
    EXPECT_TRUE(waiting_);
    EXPECT_FALSE(seen[number(job)].end);
    seen[number(job)].end = attempt;
    order.push_back(number(job));
  }
  void on_closed(JobId job, bool kept_open) override {
    EXPECT_TRUE(seen[number(job)].end);
    EXPECT_FALSE(kept_open);
    ++seen[number(job)].closes;
  }
  void on_hop(JobId job, const Attempt& attempt, std::string_view url) override {
    seen[number(job)].hops.push_back(attempt);
    seen[number(job)].hop_urls.emplace_back(url);
    hopped_.emplace_back(job, EventLoop::now() + attempt.again_in.value_or(Duration{0}));
  }
  std::optional<Duration> again_in(JobId, const Attempt& attempt, int tries) override {
    return retry_after(attempt, tries);
  }

  std::map<JobId, Launch> launches_;
  std::vector<std::pair<JobId, TimePoint>> hopped_;  // and when they may go on
  std::uint64_t last_ = 0;
  bool waiting_ = false;
  Duration leapt_{0};
};

// What the server's /size/N gives.
inline std::string pattern(const std::string& target, std::size_t size) {
  std::string result;
  while (result.size() < size) result += target + "\n";
  result.resize(size);
  return result;
}

}  // namespace distaff
