#include "sink/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/hex.h"
#include "base/json_text.h"
#include "base/pieces.h"
#include "base/secrets.h"
#include "base/text.h"
#include "os/file_holder.h"
#include "os/file_text.h"
#include "os/wall_clock.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSync = 1s;
constexpr Duration kGather = 10ms;        // lines that come sooner after the last write wait,
constexpr std::size_t kGathered = 16384;  // but not more bytes of them
constexpr std::size_t kLongestLine = std::size_t{16} << 20;  // that earlier() reads
constexpr int kLockTries = 50;
constexpr int kLockPause = 10;  // milliseconds

// ---- members of a line.  Keys come as they stand there: ,"seq":

void add_number(std::string_view key, std::uint64_t value, std::string& line) {
  const fmt::format_int digits(value);
  line.append(key).append(digits.data(), digits.size());
}

// Seconds, to the microsecond.
void add_seconds(std::string_view key, Duration duration, std::string& line) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  add_number(key, static_cast<std::uint64_t>(us / 1'000'000), line);
  const fmt::format_int digits(1'000'000 + us % 1'000'000);
  line += '.';
  line.append(digits.data() + 1, digits.size() - 1);
}

// ,"NAME": becomes ,"NAME_b64":
void add_binary_key(std::string_view key, std::string& line) {
  line.append(key.substr(0, key.size() - 2)).append("_b64\":");
}

void add_text(std::string_view key, std::string_view value, std::string& line) {
  if (is_valid_utf8(value)) {
    append_json_string(value, line.append(key));
  } else {
    add_binary_key(key, line);
    line += '"' + base64(value) + '"';
  }
}

// In base64 all of them, if one has to be.  `each_value` calls what it is given with each.
template <class EachValue>
void add_values(std::string_view key, const EachValue& each_value, std::string& line) {
  bool text = true;
  each_value([&](std::string_view value) { text = text && is_valid_utf8(value); });
  text ? static_cast<void>(line.append(key)) : add_binary_key(key, line);
  line += '[';
  bool first = true;
  each_value([&](std::string_view value) {
    if (!std::exchange(first, false)) line += ',';
    if (text) {
      append_json_string(value, line);
    } else {
      line += '"' + base64(value) + '"';
    }
  });
  line += ']';
}

void add_words(std::string_view key, const std::vector<std::string>& words, std::string& line) {
  const auto each_word = [&](const auto& each) {
    for (const std::string& word : words) each(word);
  };
  add_values(key, each_word, line);
}

void add_record(const Job& job, bool masked, std::string& line) {
  if (job.size() == 1) {
    const std::string& text = job.records[0].text;
    return add_text(R"(,"record":)", masked ? mask_text(text) : text, line);
  }
  add_values(R"(,"records":)", [&](const auto& each) { job.each_text(each); }, line);
}

// What came back for a request.
void add_response(const Response& response, const std::string& asked, std::string& line) {
  if (response.url != asked) add_text(R"(,"final_url":)", mask_url(response.url), line);
  if (response.status == 0) return;
  add_number(R"(,"http":)", static_cast<std::uint64_t>(response.status), line);
  if (!response.mime.empty()) add_text(R"(,"mime":)", response.mime, line);
  add_number(R"(,"bytes":)", response.earlier_bytes.value_or(response.bytes), line);
  if (!response.path.empty()) add_text(R"(,"path":)", response.path, line);
  if (!response.etag.empty()) add_text(R"(,"etag":)", response.etag, line);
  if (!response.last_modified.empty()) {
    add_text(R"(,"last_modified":)", response.last_modified, line);
  }
  if (!response.note.empty()) add_text(R"(,"note":)", response.note, line);
}

void add_command_hash(std::uint32_t command, std::string& line) {
  if (command == 0) return;
  line += R"(,"command":")";
  append_hex(command, 8, line);
  line += '"';
}

void add_command(const Launch& launch, std::string& line) {
  if (launch.request) {
    add_text(R"(,"url":)", mask_url(launch.request->url), line);
  } else if (launch.shown.empty()) {
    add_words(R"(,"argv":)", launch.argv, line);
  } else {
    add_text(R"(,"script":)", launch.shown, line);
  }
}

// How it ended: a status, a signal, or in words why it has neither.
void add_end(const Outcome& outcome, std::string& line) {
  if (outcome.kind == Outcome::Kind::exited) {
    add_number(R"(,"exit":)", static_cast<std::uint64_t>(outcome.value), line);
  } else if (outcome.kind == Outcome::Kind::signalled) {
    add_number(R"(,"signal":)", static_cast<std::uint64_t>(outcome.value), line);
  } else if (outcome.kind != Outcome::Kind::responded) {
    const std::string what = describe(outcome);
    add_text(R"(,"error":)", outcome.reason.empty() ? what : what + ": " + outcome.reason, line);
  }
}

std::string_view outcome_of(const AttemptReport& report) {
  if (report.result.outcome.kind == Outcome::Kind::cancelled) return "cancelled";
  if (report.again_in) return "retried";
  return report.failed ? "failed" : "success";
}

// ---- what a run says of itself

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

std::vector<std::string> our_words() {
  const std::string line = text_of_file("/proc/self/cmdline").value_or("");
  const auto words = pieces_of(line, '\0');
  return {words.begin(), words.end()};
}

// A word of a command line that may hold a URL, or a header line; -H may stand behind other
// letters.
std::string masked_word(const std::string& word) {
  const bool is_short = word.size() > 1 && word[0] == '-' && word[1] != '-';
  const std::size_t letter = is_short ? word.find('H') : word.npos;
  const std::size_t header = word.starts_with("--header=") ? 9
                             : letter == word.npos         ? 0
                                                           : letter + 1;
  const std::string line = word.substr(header);
  if (is_secret_header(line.substr(0, line.find_first_of(":;")))) {
    return word.substr(0, header) + mask_header(line);
  }
  return word.starts_with("--cookie=") ? "--cookie=***" : mask_url(word);
}

// What is sent: a name of a file is no secret.
std::string masked_data(const std::string& data) {
  return data.starts_with('@') ? data : mask_text(data);
}

std::vector<std::string> masked_words(const std::vector<std::string>& words) {
  constexpr std::string_view kData = "--data=";
  std::vector<std::string> masked(words.begin(), words.begin() + (words.empty() ? 0 : 1));
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (words[i - 1] == "--cookie") {
      masked.emplace_back("***");
    } else if (words[i - 1] == "--data") {
      masked.push_back(masked_data(word));
    } else if (word.starts_with(kData)) {
      masked.push_back(std::string(kData) + masked_data(word.substr(kData.size())));
    } else {
      masked.push_back(masked_word(word));
    }
  }
  return masked;
}

std::string our_directory() {
  char* const path = getcwd(nullptr, 0);
  const std::string directory = path == nullptr ? "" : path;
  free(path);
  return directory;
}

// ---- opening

std::string named(const std::string& file) { return "the journal '" + printable(file) + "'"; }

Expected<void> check_kind(int fd, const std::string& file) {
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return {};
  return fail(
      fmt::format("{} is no regular file, so it cannot be read again; name one", named(file)));
}

// A run that was killed while it started a job is there a moment longer, in the child that has not
// become the job's program yet.
Expected<void> lock(int fd, const std::string& file) {
  for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      return fail(fmt::format("cannot lock {}: {}", named(file), strerror(errno)), 3);
    }
    if (tries < kLockTries) {
      poll(nullptr, 0, kLockPause);
      continue;
    }
    const int holder = flock_holder(fd);
    const std::string who = holder == 0 ? "" : fmt::format(", process {}", holder);
    return fail(fmt::format("{} is in use by another run{}; wait for it, or name another file",
                            named(file), who),
                75);
  }
  return {};
}

}  // namespace

Journal::Journal(Options options, UniqueFd file, TimePoint now)
    : options_(std::move(options)),
      file_(std::move(file)),
      clock_(now),
      written_(now - kGather),
      synced_(now) {
  add_text(R"(,"host":)", host_name(), host_);
}

Expected<std::unique_ptr<Journal>> Journal::open(
    Options options, const std::function<void(const JournalLine&)>& each, TimePoint now) {
  const std::string name = options.file;
  // Without O_NONBLOCK a FIFO would be waited for before it is refused.
  UniqueFd file(
      ::open(name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
  if (!file) return fail(fmt::format("cannot open {}: {}", named(name), strerror(errno)));
  if (const auto good = check_kind(file.get(), name); !good) return tl::unexpected(good.error());
  if (const auto ours = lock(file.get(), name); !ours) return tl::unexpected(ours.error());
  std::vector<Place> places;
  const bool keep = options.keep_places;
  const auto content = read_journal(file.get(), name, [&](const JournalLine& line) {
    if (keep) places.push_back({line.identity.low, line.place});
    each(line);
  });
  if (!content) return tl::unexpected(content.error());
  std::unique_ptr<Journal> journal(new Journal(std::move(options), std::move(file), now));
  journal->places_ = std::move(places);
  if (content->torn) journal->unwritten_ = "\n";
  journal->unwritten_ += journal->run_line();
  journal->push();
  if (!journal->failure_.empty()) return fail(journal->failure_, 3);
  return journal;
}

Expected<void> Journal::look(const std::string& name,
                             const std::function<void(const JournalLine&)>& each) {
  const UniqueFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file && errno == ENOENT) return {};
  if (!file) return fail(fmt::format("cannot open {}: {}", named(name), strerror(errno)));
  if (const auto good = check_kind(file.get(), name); !good) return good;
  const auto content = read_journal(file.get(), name, each);
  if (!content) return tl::unexpected(content.error());
  return {};
}

// ---- lines

std::string Journal::run_line() const {
  std::string line = R"({"type":"run")";
  add_number(R"(,"journal":)", kJournalForm, line);
  add_text(R"(,"id":)", options_.run, line);
  add_command_hash(options_.command, line);
  add_text(R"(,"time":)", utc_now(), line);
  add_number(R"(,"pid":)", static_cast<std::uint64_t>(getpid()), line);
  line += host_;
  add_text(R"(,"version":)", options_.version, line);
  add_text(R"(,"cwd":)", our_directory(), line);
  std::vector<std::string> words = our_words();
  if (options_.of_requests) words = masked_words(words);
  add_words(R"(,"argv":)", words, line);
  return line += "}\n";
}

std::string Journal::line(const AttemptReport& report) {
  const Job& job = report.job;
  const Usage& usage = report.result.usage;
  std::string line;
  line.reserve(384);
  line = R"({"type":"job","id":")";
  append_hex(job.identity.high, 16, line);
  append_hex(job.identity.low, 16, line);
  line += '"';
  add_command_hash(options_.command_of ? options_.command_of(job) : 0, line);
  line += R"(,"outcome":")";
  line += outcome_of(report);
  line += '"';
  add_number(R"(,"seq":)", number(job.id), line);
  add_number(R"(,"attempt":)", static_cast<std::uint64_t>(report.attempt), line);
  if (job.key) {
    add_text(R"(,"group":)", options_.of_requests ? mask_url(*job.key) : *job.key, line);
  }
  add_number(R"(,"slot":)", static_cast<std::uint64_t>(report.slot), line);
  line += host_;
  if (report.launch != nullptr) add_command(*report.launch, line);
  const bool request = report.launch != nullptr && report.launch->request;
  // Of a request it may hold the URL's secrets, and is of no use; else it is all that there is.
  if (!request) add_record(job, options_.of_requests, line);
  if (report.result.outcome.kind != Outcome::Kind::not_started) {
    line += R"(,"start":")";
    clock_.append(report.started, line);
    line += '"';
    add_seconds(R"(,"wait_s":)", report.started - report.read, line);
    add_seconds(R"(,"run_s":)", usage.wall, line);
    if (!request) {
      add_seconds(R"(,"user_s":)", usage.user, line);
      add_seconds(R"(,"sys_s":)", usage.system, line);
      add_number(R"(,"max_rss_kib":)", static_cast<std::uint64_t>(usage.max_rss_kib), line);
    }
    if (request && report.result.response) {
      add_response(*report.result.response, report.launch->request->url, line);
    } else if (report.bytes_known) {
      add_number(R"(,"stdout_bytes":)", report.bytes[0], line);
      add_number(R"(,"stderr_bytes":)", report.bytes[1], line);
    }
  }
  add_end(report.result.outcome, line);
  return line += "}\n";
}

std::optional<EarlierEnd> Journal::earlier(const Identity& identity) {
  const auto by_job = [](const Place& a, const Place& b) { return a.job < b.job; };
  if (!std::exchange(sorted_, true)) std::stable_sort(places_.begin(), places_.end(), by_job);
  // Of several the last: its last word counts.
  const auto behind =
      std::upper_bound(places_.begin(), places_.end(), Place{identity.low, 0}, by_job);
  if (behind == places_.begin() || std::prev(behind)->job != identity.low) return std::nullopt;
  const std::uint64_t at = std::prev(behind)->at;
  std::string line;
  for (std::size_t most = 4096; most <= kLongestLine; most *= 8) {
    line.resize(most);
    const ssize_t got = pread(file_.get(), line.data(), most, static_cast<off_t>(at));
    if (got <= 0) return std::nullopt;
    line.resize(static_cast<std::size_t>(got));
    if (line.find('\n') != line.npos) break;
  }
  auto end = read_earlier_end(line);
  if (!end || end->identity != identity) return std::nullopt;
  return end;
}

// ---- writing

void Journal::write(std::string_view lines, TimePoint now) {
  unwritten_ += lines;
  if (now < written_ + kGather && unwritten_.size() < kGathered) return;
  written_ = now;
  push();
}

void Journal::push() {
  while (!unwritten_.empty()) {
    const ssize_t written = ::write(file_.get(), unwritten_.data(), unwritten_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with(errno);
    unwritten_.erase(0, static_cast<std::size_t>(written));
    dirty_ = true;
  }
}

void Journal::sync() {
  if (!std::exchange(dirty_, false)) return;
  if (fdatasync(file_.get()) != 0 && errno != EINVAL && errno != EROFS) fail_with(errno);
}

void Journal::tick(const RunCounts& counts, TimePoint now, bool last) {
  if (last) {
    std::string line = R"({"type":"done")";
    add_text(R"(,"id":)", options_.run, line);
    add_text(R"(,"time":)", utc_now(), line);
    add_number(R"(,"jobs":)", counts.done, line);
    add_number(R"(,"failed":)", counts.failed, line);
    add_number(R"(,"skipped":)", counts.skipped, line);
    add_number(R"(,"not_run":)", counts.not_run, line);
    if (input_left_) line += R"(,"input_left":true)";
    unwritten_ += line += "}\n";
  }
  if (!unwritten_.empty() && (last || now >= written_ + kGather)) {
    written_ = now;
    push();
  }
  if (!last && now < synced_ + kSync) return;
  synced_ = now;
  sync();
}

std::optional<TimePoint> Journal::next_tick() const {
  std::optional<TimePoint> next;
  if (dirty_) next = synced_ + kSync;
  // What found no room is tried again with the next line.
  if (!unwritten_.empty() && failure_.empty()) {
    next = std::min(next.value_or(TimePoint::max()), written_ + kGather);
  }
  return next;
}

// The run stops by this; what still runs then is written if there is room again.
void Journal::fail_with(int error) {
  if (!failure_.empty()) return;
  failure_ = fmt::format("cannot write {}: {}", named(options_.file), strerror(error));
}

}  // namespace distaff
