#pragma once

// What can be asked for: every command language fills a RunSpec, and nothing else decides what a
// run does.  Plain data with the defaults of the native language; two equal specs mean the same
// run.

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/civil_time.h"
#include "base/time.h"
#include "distaff/limits.h"

namespace distaff {

// ---- input

enum class RecordFormat { lines, null_ended, delimited, csv, tsv, jsonl, arguments };
enum class NoMatch { fail, skip, keep };  // a record that --match does not match

// One `::: A B` list.  `linked` (`:::+`): taken in step with the list before it.
struct ArgumentList {
  std::vector<std::string> values;
  std::string file;  // not empty: the values are the lines of this file (`::::`)
  bool linked = false;

  bool operator==(const ArgumentList&) const = default;
};

struct InputSpec {
  RecordFormat format = RecordFormat::lines;
  std::vector<std::string> files;  // "-" is stdin; none: stdin
  std::string delimiter = "\n";    // for delimited
  char separator = ',';            // csv: between the fields
  bool header = true;              // csv, tsv: the first row gives the names
  bool keep_empty = false;         // lines: an empty one is a record too
  bool trimmed = false;            // lines: blanks around a record, and a CR, are no part of it
  std::string split;               // regex between the fields of a line; empty: no fields
  std::string match;               // regex whose named captures are fields; empty: none
  NoMatch no_match = NoMatch::fail;
  std::vector<ArgumentList> lists;      // for arguments
  std::optional<std::uint64_t> total;   // how many records to expect, for the ETA only
  std::uint64_t max_record = 64 << 20;  // bytes; a longer record is a failed job

  bool operator==(const InputSpec&) const = default;
};

struct BatchSpec {
  std::uint64_t max_records = 1;        // a job; 0: as many as fit
  bool even = false;                    // the last of those that fit are spread over the slots
  std::uint64_t max_bytes = 128 << 10;  // of a job's arguments, or of what a batch has on stdin

  bool operator==(const BatchSpec&) const = default;
};

// ---- commands

enum class StdinMode { null, record, tty };

struct CommandSpec {
  // Several: an argv, run directly.  One: a script for the shell.  None: each record is a script.
  std::vector<std::string> words;

  // -I: what stands for the record; "{}" also gives the other forms.  One that ends in "{}"
  // ("%{}") is the prefix of all forms.
  std::string replacement = "{}";
  bool replacement_given = false;  // -I was written: nothing is appended

  std::vector<std::string> shell;  // --shell, as words; empty: /bin/sh, skipped for plain words
  std::string workdir;             // template; empty: ours
  std::vector<std::pair<std::string, std::string>> env;  // name, template
  StdinMode stdin_mode = StdinMode::null;
  std::optional<int> nice;

  bool operator==(const CommandSpec&) const = default;
};

// ---- groups

// A set of exit statuses, as sorted ranges.
struct StatusSet {
  std::vector<std::pair<int, int>> ranges;  // first, last

  bool contains(int status) const {
    for (const auto& [first, last] : ranges) {
      if (first <= status && status <= last) return true;
    }
    return false;
  }
  bool operator==(const StatusSet&) const = default;
};

// One entry of a rule's throttle list: what an outcome does to its group.
struct ThrottleEntry {
  enum class When { always, failed, exit, http };
  When when = When::always;
  StatusSet statuses;             // for exit and http
  Throttle throttle;              // the rest, if `pause` is not set
  std::optional<Duration> pause;  // nothing of the group starts for so long
  bool retry_after = false;       // pause as the response said, at most `at_most`
  std::optional<Duration> at_most;

  bool operator==(const ThrottleEntry&) const = default;
};

// A bound on how long an attempt may run.
struct TimeLimit {
  Duration most{0};  // 0: none, or `percent`
  int percent = 0;   // of the median run time of the jobs that went well so far

  bool any() const { return most.count() > 0 || percent > 0; }
  bool operator==(const TimeLimit&) const = default;
};

// After so many failures in a row nothing of the group starts for a while; then one job tries.
struct BreakSpec {
  int failures = 10;
  Duration pause{0};

  bool operator==(const BreakSpec&) const = default;
};

struct GroupRule {
  std::string match;  // regex, searched in the key; empty matches all
  std::optional<int> parallelism;
  std::optional<std::vector<ThrottleEntry>> throttle;
  std::optional<Rate> rate;
  // Instead of --ok, --retries and --timeout.
  std::optional<StatusSet> ok;
  std::optional<int> retries;
  std::optional<TimeLimit> timeout;
  std::optional<BreakSpec> breaker;

  bool operator==(const GroupRule&) const = default;
};

struct GroupSpec {
  std::string key;  // as written after --key; empty: no groups but the whole run
  // What --parallelism, --throttle and --rate said; nothing: not written.
  std::optional<int> parallelism;
  std::optional<Throttle> throttle;
  std::optional<Rate> rate;
  std::vector<GroupRule> rules;  // the first that matches gives what it says, these the rest
  std::string mutex;  // template; jobs of equal value never overlap, across runs; empty: none

  bool limited() const { return parallelism || throttle || rate || !rules.empty(); }
  bool operator==(const GroupSpec&) const = default;
};

// ---- pool

struct JobsSpec {
  enum class Kind { count, percent, cpus_plus, as_many_as_fit };
  Kind kind = Kind::percent;
  int value = 100;  // percent of the CPUs this process may use, or what is added to them

  bool operator==(const JobsSpec&) const = default;
};

struct PoolSpec {
  JobsSpec jobs;
  Duration delay{0};             // between any two starts
  std::uint64_t buffer = 16384;  // records read but not started, when there are limits

  bool operator==(const PoolSpec&) const = default;
};

// ---- output

enum class OutputMode { group, line, raw, json, csv, none };

struct OutputSpec {
  OutputMode mode = OutputMode::group;
  bool keep_order = false;
  std::optional<std::string> tag;          // template; "{}" for --tag
  std::string results;                     // template of each job's directory; empty: none
  std::uint64_t hold_memory = 64 << 20;    // bytes of output held back in memory
  std::uint64_t spill_limit = UINT64_MAX;  // and then on disk
  std::string spill_dir;                   // where; empty: $TMPDIR, or /tmp
  bool dry_run = false;
  bool trace = false;

  bool operator==(const OutputSpec&) const = default;
};

enum class ProgressMode {
  automatic,  // a bar where one can be drawn, else nothing
  bar,        // a bar where one can be drawn, else lines
  line,
  none,
};

struct ProgressSpec {
  ProgressMode mode = ProgressMode::automatic;
  Duration interval = std::chrono::seconds(30);

  bool operator==(const ProgressSpec&) const = default;
};

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

struct LogSpec {
  LogLevel level = LogLevel::warn;
  LogFormat format = LogFormat::text;  // of progress lines too
  std::string file;                    // empty: stderr

  bool operator==(const LogSpec&) const = default;
};

// ---- failure

enum class OnError { keep_going, stop, kill, ignore };

// --halt soon|now,fail|success|done=N|N%
struct HaltSpec {
  enum class What { fail, success, done };
  bool now = false;  // end running jobs too
  What what = What::fail;
  std::uint64_t count = 1;
  bool percent = false;  // of the jobs that ended so far, after the first three

  bool operator==(const HaltSpec&) const = default;
};

// TERM,5s,KILL: a signal, how long to wait for its effect, the next.
struct TermStep {
  int signal = SIGTERM;
  Duration wait{0};  // before the next step

  bool operator==(const TermStep&) const = default;
};

// Which failures are worth another try.
struct RetryOn {
  StatusSet statuses{{{0, 255}}};  // of those that are failures
  bool signal = true;
  bool timeout = true;
  bool start = false;    // the program could not be run
  bool connect = false;  // no connection, or it broke (URLs)

  bool operator==(const RetryOn&) const = default;
};

// How long a job waits for its next try: `least`, or if `most` is longer, a time drawn from zero to
// a bound that begins with `least` and doubles with each try until it is `most`.
struct RetryDelay {
  Duration least = std::chrono::seconds(1);
  Duration most = std::chrono::minutes(1);

  bool operator==(const RetryDelay&) const = default;
};

// When the run is to be over: so long after its start, or at a time of day, or at a date.
struct DeadlineSpec {
  Duration after{0};  // 0: none, or `at`
  std::optional<CivilTime> at;

  bool operator==(const DeadlineSpec&) const = default;
};

struct FailureSpec {
  StatusSet ok{{{0, 0}}};
  int retries = 0;  // more tries after the first
  RetryDelay retry_delay;
  RetryOn retry_on;
  TimeLimit timeout;
  Duration idle_timeout{0};  // without output; 0: none
  DeadlineSpec deadline;
  OnError on_error = OnError::keep_going;
  std::optional<HaltSpec> halt;
  std::vector<TermStep> term_seq{{SIGTERM, std::chrono::seconds(5)}, {SIGKILL, Duration{0}}};
  bool leave_orphans = false;  // processes that jobs left behind outlive the run

  bool operator==(const FailureSpec&) const = default;
};

// ---- journal and resume

struct JournalSpec {
  std::string file;          // empty: none
  bool resume = false;       // what the journal says was done is not run
  bool skip_failed = false;  // nor what failed
  std::string id;            // template: what a job is known by; empty: its command and records
  std::string failed_to;     // where records go that were not done; empty: nowhere
  std::string job_log;       // GNU parallel's table; empty: none

  bool operator==(const JournalSpec&) const = default;
};

// ---- scheduled runs

struct CronSpec {
  std::string lock;       // one run of that name at a time; empty: no lock
  Duration lock_wait{0};  // how long to wait for it
  bool quiet_unless_failed = false;
  std::string stamp;    // file whose time is set on success; empty: none
  std::string metrics;  // file for Prometheus; empty: none

  bool operator==(const CronSpec&) const = default;
};

// ---- URLs

enum class HttpVersion { automatic, http1, http2 };

// What `distaff fetch` is asked beyond the rest.  Templates are as in commands.
struct FetchSpec {
  std::string url_template;          // empty: the record, or the field `column`
  std::string column;                // of tables
  std::string method;                // empty: GET, or POST with data
  std::vector<std::string> headers;  // templates: "Name: value"
  std::optional<std::string> data;   // template, or "@FILE": its bytes as they are
  std::string user_agent;            // empty: distaff/VERSION, with the contact
  std::string contact;               // URL or mail address, for the User-Agent
  HttpVersion version = HttpVersion::automatic;
  std::vector<std::string> protocols{"http", "https"};

  bool netrc = false;
  std::string netrc_file;  // empty: ~/.netrc
  std::string proxy;
  std::string cookies;               // "a=b; c=d", or a file of them
  std::string cookie_jar;            // file they are written to at the end
  std::string cert;                  // client certificate, PEM
  std::string cert_key;              // its private key
  std::string ca_file;               // instead of the system's
  bool insecure = false;             // certificates are not checked
  std::vector<std::string> resolve;  // HOST:PORT:ADDRESS, as curl has it
  std::string interface;             // name or address

  Duration connect_timeout = std::chrono::seconds(30);
  Duration stall_timeout = std::chrono::seconds(60);  // nothing came for so long; 0: none
  bool retry_unsafe = false;                          // also methods that may do something twice
  int max_redirects = 10;
  std::uint64_t max_size = std::uint64_t{4} << 30;  // of a body, decoded
  bool decode = true;                  // bodies that come compressed; else none is offered
  std::uint64_t max_head = 256 << 10;  // of a response's header lines
  bool public_only = false;            // no private or loopback address

  bool robots = false;    // robots.txt is asked and obeyed
  bool adaptive = false;  // a group whose server says 429 or 503 slows down, and recovers
  Duration longest_retry_after = std::chrono::minutes(10);

  std::string output_dir;  // where bodies go; empty: nowhere
  std::string name;        // template of a body's file in it; empty: {hash}{ext} in 256 folders
  std::string archive;     // SQLite archive where bodies go instead; empty: none
  bool body = false;       // bodies go to stdout, and no rows
  std::string conditions;  // earlier report or archive: only what changed is fetched; empty: all
  bool stats = false;      // at the end, a table of hosts on stderr

  bool operator==(const FetchSpec&) const = default;
};

struct RunSpec {
  InputSpec input;
  BatchSpec batch;
  CommandSpec command;
  GroupSpec group;
  PoolSpec pool;
  OutputSpec output;
  ProgressSpec progress;
  LogSpec log;
  FailureSpec failure;
  JournalSpec journal;
  CronSpec cron;
  std::optional<FetchSpec> fetch;  // jobs are URLs

  bool operator==(const RunSpec&) const = default;
};

}  // namespace distaff
