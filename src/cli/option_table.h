#pragma once

// The options of `distaff run` and `distaff fetch`, once.
//
// Help, man pages, completions and the reading of the command line and of --config files all come
// from this table, so they cannot disagree.  A new option is one entry here, one enumerator, and
// what option_reader.cc makes of it, or native.cc or fetch_options.cc if only one program has it.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace distaff {

// Each has options of its own; most are of both.
enum class Program : unsigned char { run, fetch };

enum class Opt : unsigned char {
  // input
  input,
  null,
  delimiter,
  csv,
  tsv,
  separator,
  no_header,
  jsonl,
  split,
  match,
  no_match,
  keep_empty,
  total,
  max_record,
  fields,
  no_run_if_empty,
  // batches
  max_records,
  max_bytes,
  // command
  replacement,
  shell,
  stdin_mode,
  workdir,
  env,
  nice,
  dry_run,
  trace,
  // requests
  url_template,
  method,
  header,
  data,
  cookie,
  cookie_jar,
  // connections
  http,
  protocols,
  netrc,
  netrc_file,
  proxy,
  cert,
  cert_key,
  ca_file,
  insecure,
  resolve,
  interface,
  public_only,
  max_redirects,
  // pool
  jobs,
  delay,
  // groups
  key,
  parallelism,
  throttle,
  rate,
  rules,
  mutex,
  buffer_size,
  // being polite
  polite,
  robots,
  adaptive,
  max_retry_after,
  user_agent,
  contact,
  // bodies
  output_dir,
  name,
  archive,
  body,
  max_size,
  no_decode,
  cond,
  // output
  output,
  keep_order,
  ungroup,
  tag,
  tag_template,
  results,
  hold_memory,
  spill_dir,
  spill_limit,
  stats,
  // failure
  ok,
  retries,
  retry_delay,
  retry_on,
  retry_unsafe,
  timeout,
  idle_timeout,
  connect_timeout,
  stall_timeout,
  deadline,
  on_error,
  halt,
  term_seq,
  leave_orphans,
  // journal and resume
  journal,
  resume,
  skip_failed,
  id,
  failed_to,
  job_log,
  // scheduled runs
  lock,
  lock_wait,
  quiet_unless_failed,
  stamp,
  metrics,
  // progress
  progress,
  progress_interval,
  log_level,
  log_format,
  log_file,
  quiet,
  // configuration and help
  config,
  help,
  help_all,
  version,
  count,  // how many there are
};

inline constexpr std::size_t kOptionCount = static_cast<std::size_t>(Opt::count);

enum class Topic {
  input,
  batches,
  command,
  requests,
  connections,
  pool,
  groups,
  manners,
  bodies,
  output,
  failure,
  journal,
  cron,
  progress,
  help
};
inline constexpr std::size_t kTopicCount = 15;

// What stands after the option: decides how it is completed, and which words may be a value.
enum class ValueKind {
  none,           // a flag
  text,           // templates, regexes, grammars of their own
  number,         // digits
  signed_number,  // may begin with '-'
  size,           // 64k
  duration,       // 1.5s
  choice,         // one of `choices`
  file,
  directory,
};

struct Option {
  Opt id;
  std::string_view name;  // without dashes; empty: has only a letter
  char letter;            // 0: none
  char second_letter;     // another one that means the same; 0: none
  Topic topic;
  ValueKind kind;
  std::string_view value;     // what help calls the value: "N"; a choice's are its choices
  std::string_view choices;   // "a|b|c"
  std::string_view standard;  // the default, as one would write it; empty: none
  bool repeatable;            // each occurrence counts; else the last one
  std::string_view brief;     // one line, no capital, no period
  std::string_view detail;    // more sentences for the man page
  std::string_view examples;  // "1s|1m": values that completions offer where any could stand
  std::string_view only_key;  // what a --config file calls one that has only a letter
  bool in_run = true;
  bool in_fetch = true;
};

// Those of one program, by topic.
std::span<const Option> options(Program program = Program::run);
std::string_view title(Topic topic);  // "Input"

// Null if the program does not have it.
const Option* find_option(Opt id, Program program);

// Needs an option that the program has.
const Option& option(Opt id, Program program = Program::run);

// By its name without dashes, or its letter; null if the program has none.
const Option* find_option(std::string_view name, Program program = Program::run);
const Option* find_letter(char letter, Program program = Program::run);

// "--jobs"; "-I" for one that has only a letter.
std::string spelling(const Option& option);

// What a --config file calls it: "jobs".
std::string_view config_key(const Option& option);

// Whether a --config file may say it: not what is asked of the program itself and not of a run.
bool is_configurable(const Option& option);

// "N", or for a choice "group|line|raw|none".
std::string_view value_name(const Option& option);

// The choices one by one.
std::size_t choice_count(const Option& option);
std::string_view choice_at(const Option& option, std::size_t index);

}  // namespace distaff
