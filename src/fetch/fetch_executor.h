#pragma once

// Carries requests out, by libcurl in our event loop.
//
// What is started is sent at once; nothing waits in queues of libcurl's, where its time would run.
// A redirect is not followed here: the job ends as on_hop(), so that it waits for the turn of the
// host it leads to, and when it is started again, goes on from there.  So it is where robots.txt
// has to be read before the first request to an origin (scheme, host, port): that is a request of
// its own, made by the first job that comes; others of that origin which start meanwhile wait for
// its result, and all go on by on_hop().
//
// What a robots.txt says holds for a day, and a 4xx allows all.  If there is no such answer (5xx,
// 429, no connection, it hangs or breaks off), it is asked for again as often as any request would
// be: all jobs of the origin wait for that by on_hop().  Then it forbids all for five minutes, and
// no job asks in vain once more.  Crawl-delay is obeyed up to a minute.
//
// Cookies that a host sets are given back to it, and to no other, while the run lasts.
//
// Bodies of 2xx answers go to a BodyStore, or out by ExecEvents::room() and on_output(); others are
// dropped.  A response that came whole is `responded`, whatever its status.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/expected.h"
#include "exec/executor.h"
#include "fetch/body_store.h"
#include "fetch/conditions.h"
#include "fetch/content_range.h"
#include "fetch/host_cookies.h"
#include "fetch/robots_cache.h"
#include "fetch/transfer.h"
#include "fetch/transfer_body.h"
#include "fetch/transfer_loop.h"
#include "fetch/transfer_settings.h"
#include "fetch/transfer_url.h"
#include "os/event_loop.h"

namespace distaff {

class FetchExecutor final : public Executor, private Transfer::Client {
 public:
  struct Options {
    FetchSpec spec;
    std::string user_agent;
    BodyStore* store = nullptr;        // null: bodies are not kept
    bool to_events = false;            // bodies go to room() and on_output() instead
    Conditions* conditions = nullptr;  // null: nothing is known of any URL
    int slots = 1;                     // requests at once
    // The store can keep no more bodies.  Called during the wait, before the job's on_end().
    std::function<void(const Error&)> on_store_end = [](const Error&) {};
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };

  // What is wrong with the options of a run, if anything: files that are not there.
  static Expected<void> check(const FetchSpec& spec) { return TransferSettings::check(spec); }

  FetchExecutor(Options options, EventLoop& loop, ExecEvents& events);
  // Ends what runs, without a word, and does as finish().
  ~FetchExecutor() override;
  FetchExecutor(const FetchExecutor&) = delete;
  FetchExecutor& operator=(const FetchExecutor&) = delete;

  StartResult start(JobId job, const Launch& launch) override;
  // Those that end a process end the request, in the next wait; others do nothing.
  void signal(JobId job, int signal) override;
  void signal_all(int signal) override;
  void read_again(JobId job) override;
  void read_again() override;
  int running() const override { return static_cast<int>(jobs_.size()); }

  // The owner of the event loop waits no longer than this, and calls tick() after each wait.
  std::optional<TimePoint> wake_at() const override;
  void tick(TimePoint now) override;

  // The run is over: writes the cookies into their jar.
  Expected<void> finish();

 private:
  // Where a job is between its requests.
  struct Way {
    std::string url;
    std::string method;
    bool without_data = false;  // after a redirect that made a GET of a POST
    bool elsewhere = false;     // at another origin than the request: secret headers stay behind
    bool whole = false;         // the part that is there is not asked to be completed
    bool changed = false;       // what an earlier run has is of no use
    bool sent_unsafe = false;   // something was asked for that may be done twice
    bool got_cookies = false;   // that the host alone gets back
    int redirects = 0;
    int little = 0;  // parts that brought little
  };
  struct Job {
    JobId id{};
    TimePoint started;
    Request request;
    Way way;
    TransferUrl url;
    std::unique_ptr<Transfer> transfer;  // null: waits for robots.txt, or is over
    bool asks_robots = false;            // that is what it transfers
    std::string robots_text;
    int robots_redirects = 0;
    bool fresh = false;              // a connection from earlier broke: not on such a one again
    std::optional<KnownBody> known;  // by whose validators it is asked for, if at all
    std::optional<BodyStore::Part> part;
    std::optional<ContentRange> range;  // that came of it
    bool again = false;     // the answer is of no use: the request is to be made without `part`
    bool has_come = false;  // all of the answer, of which some has to wait for room
    std::string mime;
    std::string final_url;  // without its fragment
    TransferBody body;
    std::string path;  // of the body
    Duration rest{0};
    std::optional<Outcome> verdict;  // it ends with this, in the next wait
    bool robots_failed = false;      // … because of its origin's robots.txt
    std::optional<Duration> rests;   // it hops, in the next wait, until the next try at that
    // For the stall time-out: how much had moved, and when that was seen last.
    std::uint64_t moved = 0;
    TimePoint moved_at;
  };

  Job& job_of(const Transfer& transfer) { return jobs_.at(JobId{transfer.tag()}); }
  std::unique_ptr<Transfer> take_transfer();
  void give_back(std::unique_ptr<Transfer> transfer);

  // Of requests.
  void send(Job& job);
  TransferRequest request_of(Job& job);
  void add_headers(const Job& job, TransferRequest& request);
  void add_cookies(const Job& job, TransferRequest& request);
  void take_cookies(Job& job);
  std::optional<TakenBytes> on_body(Transfer& transfer, std::string_view bytes) override;
  void begin_body(Job& job);
  bool may_be_continued(const Job& job) const;
  static bool asks_for_part(const Job& job);
  static bool is_unasked(const Job& job);
  static bool is_short_part(const Job& job);
  TransferBody::Plan plan_of(const Job& job) const;
  std::size_t give_out(JobId job, std::string_view bytes);
  void done(Job& job, int code);
  void body_has_come(Job& job);
  bool send_again(Job& job);
  void answered(Job& job);
  int status_of(const Job& job) const;
  void ask_for_all(Job& job, const Attempt& attempt);
  void ask_on(Job& job, const Attempt& attempt);
  void redirected(Job& job, Attempt attempt, const std::string& location);
  void follow(Way& way, int status) const;
  Attempt attempt_of(const Job& job, Outcome outcome) const;

  // Of what an earlier run knows.
  BodyStore* keeper_of(const Job& job) const;
  std::optional<KnownBody> known_of(const Job& job) const;
  void add_conditions(const Job& job, TransferRequest& request) const;
  void not_modified(Job& job, const Attempt& attempt);
  void take_over(const Job& job, Response& response) const;

  // Of robots.txt.
  bool may_ask(Job& job);
  void ask_robots(Job& job);
  void send_robots(Job& job, std::string url);
  std::optional<TakenBytes> take_robots(Job& job, std::string_view bytes);
  void robots_done(Job& job, int code);
  static std::optional<std::string> plain_text(const Job& job);
  void warn_of_delay(const std::string& host, const Robots& robots);
  bool follow_robots(Job& job, int status);
  void robots_known(const std::string& origin, const RobotsCache::Entry& entry,
                    const Attempt& attempt);
  void robots_failed(Job& job, Attempt attempt, bool is_ours = false);
  void try_robots_again(const std::string& origin, JobId asked, Attempt attempt, Duration wait);
  std::vector<Job*> take_waiting(const std::string& origin);
  void leave_robots(Job& job);
  bool robots_stalled(Job& job);

  // Of ends.
  void end_soon(Job& job, Outcome outcome);
  void end_the_doomed();
  void end(Job& job, const Attempt& attempt);
  void hop(Job& job, const Attempt& attempt);
  void rest(Job& job);
  void resume_paused();
  void look_for_stalled(TimePoint now);

  const Options options_;
  ExecEvents& events_;
  TransferSettings settings_;
  TransferLoop loop_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  std::unordered_map<JobId, Job> jobs_;
  std::unordered_map<JobId, Way> ways_;  // of those that wait to be started again
  std::vector<JobId> doomed_;            // those with a verdict
  std::vector<JobId> resumed_;           // for whom there may be room again
  std::optional<TimePoint> look_at_;     // for stalled ones
  HostCookies cookies_;                  // unless libcurl keeps them
  RobotsCache robots_;
  bool warned_of_delay_ = false;
  // Who waits for the robots.txt of an origin; the first asks for it.
  std::unordered_map<std::string, std::vector<JobId>> asking_;
  // Origins whose robots.txt was asked for in vain, and is to be asked for again.
  struct Tried {
    int tries = 0;
    TimePoint again_at;
  };
  std::unordered_map<std::string, Tried> tried_;
  bool finished_ = false;
};

}  // namespace distaff
