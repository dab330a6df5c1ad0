#include "cli/native.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/option_table.h"

namespace distaff::native_test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

using Words = std::vector<std::string_view>;

NativeRequest parsed(const Words& words) {
  auto request = parse_native(words);
  EXPECT_TRUE(request) << request.error().message;
  return request ? *request : NativeRequest{};
}

RunSpec spec_of(const Words& words) { return parsed(words).spec; }

std::string error_of(const Words& words) {
  const auto request = parse_native(words);
  if (request) return "(no error)";
  EXPECT_EQ(request.error().status, 2);
  EXPECT_EQ(request.error().message.find('\n'), std::string::npos);
  return request.error().message;
}

// ---- what means the same

TEST(Native, GivesEqualSpecsForCommandLinesThatMeanTheSame) {
  const std::pair<Words, Words> pairs[] = {
      {{"run", "gzip"}, {"gzip"}},
      {{"--", "gzip"}, {"gzip"}},
      {{"run", "run"}, {"--", "run"}},
      {{"-j4", "gzip"}, {"--jobs", "4", "gzip"}},
      {{"-j", "4", "gzip"}, {"--jobs=4", "gzip"}},
      {{"-P4", "gzip"}, {"-j4", "gzip"}},
      {{"-j", "010", "gzip"}, {"-j", "10", "gzip"}},
      {{"-n", "010", "gzip"}, {"-n10", "gzip"}},
      {{"-j", "2", "-P", "4", "gzip"}, {"-j4", "gzip"}},
      {{"-j100%", "gzip"}, {"gzip"}},
      {{"-0k", "gzip"}, {"--null", "--keep-order", "gzip"}},
      {{"-0kj", "4", "gzip"}, {"-0", "-k", "-j4", "gzip"}},
      {{"-0kj4", "gzip"}, {"-j4", "-k", "-0", "gzip"}},
      {{"-d", "\\0", "gzip"}, {"-0", "gzip"}},
      {{"-d", "\\x0a", "gzip"}, {"-d", "\n", "gzip"}},
      {{"-r", "gzip"}, {"gzip"}},
      {{"-k", "-k", "-r", "-r", "gzip"}, {"-k", "gzip"}},
      {{"-I", "{}", "gzip"}, {"-I{}", "gzip"}},
      {{"-u", "gzip"}, {"--output", "raw", "gzip"}},
      {{"-u", "--output=raw", "gzip"}, {"-u", "gzip"}},
      {{"--output", "line", "--output", "group", "gzip"}, {"gzip"}},
      {{"--tag", "gzip"}, {"--tag-template", "{}", "gzip"}},
      {{"--tag", "-I", "%", "gzip"}, {"--tag-template", "%", "-I%", "gzip"}},
      {{"--delay", "1.5s", "gzip"}, {"--delay", "1500ms", "gzip"}},
      {{"--delay", "90", "gzip"}, {"--delay=1.5m", "gzip"}},
      {{"--max-bytes", "128k", "gzip"}, {"gzip"}},
      {{"--max-bytes", "1M", "gzip"}, {"--max-bytes=1048576", "gzip"}},
      {{"--throttle", "2s", "gzip"}, {"--throttle=2s..2s", "gzip"}},
      {{"--rate", "10/s", "gzip"}, {"--rate", "10/1s:1", "gzip"}},
      {{"--ok", "3-5,0,1,2", "gzip"}, {"--ok=0-5", "gzip"}},
      {{"--term-seq", "TERM,5s,KILL", "gzip"}, {"gzip"}},
      {{"--term-seq", "sigint,5s,9", "gzip"}, {"--term-seq=INT,5000ms,KILL", "gzip"}},
      {{"--quiet", "gzip"}, {"--log-level", "error", "--progress", "none", "gzip"}},
      {{"--quiet", "--progress", "bar", "gzip"},
       {"--log-level", "error", "--progress=bar", "gzip"}},
      {{"--progress-interval", "30", "--progress=auto", "--log-format=text", "gzip"}, {"gzip"}},
      {{"--on-error", "continue", "--no-match=fail", "--match=x", "gzip"},
       {"--match", "x", "gzip"}},
      {{"gzip", "::::", "a", "b"}, {"gzip", "::::", "a", "::::", "b"}},
      {{"gzip", ":::", "a", "::::+", "b"}, {"--", "gzip", ":::", "a", "::::+", "b"}},
  };
  for (const auto& [one, other] : pairs) {
    std::string shown;
    for (const auto word : one) shown += std::string(word) + " ";
    SCOPED_TRACE(shown);
    EXPECT_EQ(parsed(one), parsed(other));
  }
}

TEST(Native, HasTheDefaultsOfTheRunSpecWithoutOptions) {
  RunSpec expected;
  expected.command.words = {"gzip", "-9"};
  EXPECT_EQ(spec_of({"gzip", "-9"}), expected);
  EXPECT_EQ(spec_of({}), RunSpec{});
}

// ---- where the command begins

TEST(Native, LeavesTheOptionsOfTheCommandAlone) {
  EXPECT_EQ(spec_of({"-j4", "gzip", "-k", "--jobs=2", "--", "-x"}).command.words,
            (std::vector<std::string>{"gzip", "-k", "--jobs=2", "--", "-x"}));
  EXPECT_EQ(spec_of({"gzip", "--help"}).command.words,
            (std::vector<std::string>{"gzip", "--help"}));
}

TEST(Native, EndsOptionsAtTwoDashesAndAtASingleOne) {
  EXPECT_EQ(spec_of({"--", "-k"}).command.words, std::vector<std::string>{"-k"});
  EXPECT_EQ(spec_of({"--", "--", "x"}).command.words, (std::vector<std::string>{"--", "x"}));
  EXPECT_EQ(spec_of({"-", "x"}).command.words, (std::vector<std::string>{"-", "x"}));
  EXPECT_EQ(spec_of({"", "x"}).command.words, (std::vector<std::string>{"", "x"}));
}

TEST(Native, NeverTakesAMisspeltOptionForTheCommand) {
  EXPECT_EQ(error_of({"--keep-oder", "gzip"}),
            "--keep-oder: there is no such option; did you mean --keep-order?");
  EXPECT_EQ(error_of({"-k", "--parallelisme=3", "gzip"}),
            "--parallelisme: there is no such option; did you mean --parallelism?");
}

TEST(Native, TakesAnEmptyValueAndNotTheNextWord) {
  EXPECT_EQ(error_of({"--delimiter=", "echo"}),
            "--delimiter: '' is empty; for a NUL byte write -0");
  EXPECT_EQ(error_of({"-d", "", "echo"}), "-d: '' is empty; for a NUL byte write -0");
  EXPECT_EQ(spec_of({"--env", "A=", "echo"}).command.env,
            (std::vector<std::pair<std::string, std::string>>{{"A", ""}}));
  EXPECT_EQ(spec_of({"--env", "A=", "echo"}).command.words, std::vector<std::string>{"echo"});
}

TEST(Native, KeepsValuesAsTheyAreWritten) {
  for (const auto value :
       {"{}", "[a,b]", "%%", "++", "a b", "true", "-", "--", "x=y", "'q'", "#x"}) {
    SCOPED_TRACE(value);
    EXPECT_EQ(spec_of({"--workdir", value, "pwd"}).command.workdir, value);
    EXPECT_EQ(spec_of({"-I", value, "pwd"}).command.replacement, value);
    EXPECT_EQ(spec_of({"-a", value, "-a", "f", "pwd"}).input.files,
              (std::vector<std::string>{value, "f"}));
    EXPECT_EQ(spec_of({"-a", "f", "--input", value, "pwd"}).input.files,
              (std::vector<std::string>{"f", value}));
  }
}

TEST(Native, ReadsListsBehindTheCommand) {
  const RunSpec spec =
      spec_of({"echo", "{1}", ":::", "a", "b c", ":::+", "1", "2", "::::", "f", "-", ":::"});
  EXPECT_EQ(spec.command.words, (std::vector<std::string>{"echo", "{1}"}));
  EXPECT_EQ(spec.input.format, RecordFormat::arguments);
  EXPECT_EQ(spec.input.lists, (std::vector<ArgumentList>{{{"a", "b c"}, "", false},
                                                         {{"1", "2"}, "", true},
                                                         {{}, "f", false},
                                                         {{}, "-", false},
                                                         {{}, "", false}}));
}

TEST(Native, ReadsListsWithoutACommand) {
  const RunSpec spec = spec_of({"-k", ":::", "echo a"});
  EXPECT_TRUE(spec.command.words.empty());
  EXPECT_EQ(spec.input.lists, (std::vector<ArgumentList>{{{"echo a"}, "", false}}));
}

TEST(Native, SaysWhetherInputWasNamed) {
  EXPECT_FALSE(parsed({"gzip"}).input_given);
  EXPECT_TRUE(parsed({"-a", "-", "gzip"}).input_given);
  EXPECT_TRUE(parsed({"gzip", ":::"}).input_given);
  EXPECT_TRUE(parsed({"gzip", "::::", "f"}).input_given);
}

TEST(Native, AnswersHelpAndVersionBeforeItLooksAtTheRest) {
  using Kind = NativeRequest::Kind;
  EXPECT_EQ(parsed({"-h"}).kind, Kind::help);
  EXPECT_EQ(parsed({"run", "--help", "--bogus"}).kind, Kind::help);
  EXPECT_EQ(parsed({"-kh"}).kind, Kind::help);
  EXPECT_EQ(parsed({"-n", "foo", "--help-all"}).kind, Kind::help_all);
  EXPECT_EQ(parsed({"-V"}).kind, Kind::version);
  EXPECT_EQ(parsed({"--version", "gzip"}).kind, Kind::version);
  EXPECT_EQ(parsed({"gzip", "-V"}).kind, Kind::run);
  EXPECT_EQ(error_of({"--bogus-x", "--help"}),
            "--bogus-x: there is no such option; see distaff --help-all");
}

TEST(Native, KnowsSubcommandsAtTheFirstPlaceOnly) {
  for (const std::string_view word :
       {"xargs", "parallel", "agent", "queue", "ctl", "report", "lock"}) {
    const std::string name(word);
    EXPECT_EQ(error_of({word, "x"}), name +
                                         ": this subcommand is not in this version; a program of "
                                         "that name is run by: distaff run " +
                                         name);
    EXPECT_EQ(spec_of({"run", word, "x"}).command.words, (std::vector<std::string>{name, "x"}));
    EXPECT_EQ(spec_of({"-k", word}).command.words, std::vector<std::string>{name});
  }
}

// ---- values

TEST(Native, ReadsEveryFormOfJobs) {
  using Kind = JobsSpec::Kind;
  const auto jobs = [](std::string_view text) { return spec_of({"-j", text, "x"}).pool.jobs; };
  EXPECT_EQ(jobs("8"), (JobsSpec{Kind::count, 8}));
  EXPECT_EQ(jobs("200%"), (JobsSpec{Kind::percent, 200}));
  EXPECT_EQ(jobs("+1"), (JobsSpec{Kind::cpus_plus, 1}));
  EXPECT_EQ(jobs("-1"), (JobsSpec{Kind::cpus_plus, -1}));
  EXPECT_EQ(jobs("-0"), (JobsSpec{Kind::cpus_plus, 0}));
  EXPECT_EQ(jobs("0"), (JobsSpec{Kind::as_many_as_fit, 0}));
  EXPECT_EQ(spec_of({"-j-1", "x"}).pool.jobs, (JobsSpec{Kind::cpus_plus, -1}));
  EXPECT_EQ(spec_of({"--jobs=+2", "x"}).pool.jobs, (JobsSpec{Kind::cpus_plus, 2}));
}

TEST(Native, ReadsGroupsAndLimits) {
  const NativeRequest request = parsed({"-g", "host", "--parallelism", "2", "--rate", "100/1m:5",
                                        "--rules", "r.json", "--buffer-size", "99", "x"});
  const GroupSpec& group = request.spec.group;
  EXPECT_EQ(group.key, "host");
  EXPECT_EQ(group.parallelism, 2);
  EXPECT_EQ(group.throttle, std::nullopt);
  EXPECT_EQ(group.rate, (Rate{100, 60s, 5}));
  EXPECT_EQ(request.rules_file, "r.json");
  EXPECT_EQ(request.spec.pool.buffer, 99u);
  EXPECT_EQ(spec_of({"--throttle", "1s..4s", "x"}).group.throttle, (Throttle{1s, 4s}));
  EXPECT_EQ(spec_of({"--throttle", "0", "--parallelism", "3", "x"}).group.throttle, (Throttle{}));
}

TEST(Native, RetriesAndTimes) {
  const auto failure = [](std::vector<std::string_view> words) {
    words.push_back("x");
    return spec_of(words).failure;
  };
  using namespace std::chrono_literals;
  EXPECT_EQ(failure({"--retries", "3"}).retries, 3);
  EXPECT_EQ(failure({"--retry-delay", "5s"}).retry_delay, (RetryDelay{5s, 5s}));
  EXPECT_EQ(failure({"--retry-delay", "100ms..1s"}).retry_delay, (RetryDelay{100ms, 1s}));
  EXPECT_EQ(failure({"--retry-on", "75,100-110,timeout"}).retry_on,
            (RetryOn{{{{75, 75}, {100, 110}}}, false, true, false}));
  EXPECT_EQ(failure({"--retry-on=signal,start"}).retry_on, (RetryOn{{}, true, false, true}));
  EXPECT_EQ(failure({"--timeout", "1.5"}).timeout, (TimeLimit{.most = 1500ms}));
  EXPECT_EQ(failure({"--timeout", "250%"}).timeout, (TimeLimit{.percent = 250}));
  EXPECT_EQ(failure({"--idle-timeout", "1m"}).idle_timeout, Duration(1min));
  EXPECT_EQ(failure({"--deadline", "2h"}).deadline, (DeadlineSpec{2h, {}}));
  const CivilTime morning{.hour = 6, .minute = 30};
  EXPECT_EQ(failure({"--deadline", "06:30"}).deadline, (DeadlineSpec{0s, morning}));
}

TEST(Native, ReadsHalt) {
  using What = HaltSpec::What;
  const auto halt = [](std::string_view text) {
    return spec_of({"--halt", text, "x"}).failure.halt;
  };
  EXPECT_EQ(halt("soon,fail=1"), (HaltSpec{false, What::fail, 1, false}));
  EXPECT_EQ(halt("now,success=3"), (HaltSpec{true, What::success, 3, false}));
  EXPECT_EQ(halt("now,done=50%"), (HaltSpec{true, What::done, 50, true}));
}

TEST(Native, ReadsTheRest) {
  const RunSpec spec = spec_of({"--shell",      "bash -o 'pipe fail'",
                                "--stdin",      "record",
                                "--nice",       "-5",
                                "--env",        "A=1",
                                "--env",        "B={}",
                                "--dry-run",    "-t",
                                "--on-error",   "kill",
                                "--progress",   "line",
                                "--log-level",  "debug",
                                "--log-file",   "log",
                                "--log-format", "json",
                                "--total",      "7",
                                "-nmax",        "x"});
  EXPECT_EQ(spec.command.shell, (std::vector<std::string>{"bash", "-o", "pipe fail"}));
  EXPECT_EQ(spec.command.stdin_mode, StdinMode::record);
  EXPECT_EQ(spec.command.nice, -5);
  EXPECT_EQ(spec.command.env,
            (std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"B", "{}"}}));
  EXPECT_TRUE(spec.output.dry_run);
  EXPECT_TRUE(spec.output.trace);
  EXPECT_EQ(spec.failure.on_error, OnError::kill);
  EXPECT_EQ(spec.progress.mode, ProgressMode::line);
  EXPECT_EQ(spec.log.level, LogLevel::debug);
  EXPECT_EQ(spec.log.file, "log");
  EXPECT_EQ(spec.log.format, LogFormat::json);
  EXPECT_EQ(spec.input.total, 7u);
  EXPECT_EQ(spec.batch.max_records, 0u);
  EXPECT_EQ(spec_of({"--csv", "--no-header", "x"}).input.header, false);
  EXPECT_EQ(spec_of({"--tsv", "x"}).input.format, RecordFormat::tsv);
  EXPECT_EQ(spec_of({"--jsonl", "x"}).input.format, RecordFormat::jsonl);
  EXPECT_EQ(spec_of({"--match", "(?P<a>.)", "--no-match", "keep", "x"}).input.no_match,
            NoMatch::keep);
  EXPECT_EQ(spec_of({"--output", "none", "x"}).output.mode, OutputMode::none);
  EXPECT_EQ(spec_of({"-k", "--output", "line", "x"}).output.keep_order, true);
  EXPECT_EQ(spec_of({"-k", "--output", "json", "x"}).output.mode, OutputMode::json);
  EXPECT_EQ(spec_of({"-k", "--output", "csv", "x"}).output.mode, OutputMode::csv);
  EXPECT_EQ(spec_of({"--output", "none", "--results", "out/{}", "x"}).output.results, "out/{}");
  EXPECT_EQ(spec_of({"-j1", "--stdin", "tty", "x"}).command.stdin_mode, StdinMode::tty);
  EXPECT_EQ(spec_of({"-d", "\\r\\n", "x"}).input.delimiter, "\r\n");
  EXPECT_EQ(spec_of({"-d", "a\\0\\\\\\t", "x"}).input.delimiter, "a\0\\\t"sv);
  EXPECT_EQ(spec_of({"-I", "%{}", "x"}).command.replacement_given, true);
}

// ---- errors, word for word

struct Mistake {
  Words words;
  std::string_view message;
};

void expect_mistakes(std::initializer_list<Mistake> mistakes) {
  for (const auto& [words, message] : mistakes) EXPECT_EQ(error_of(words), message);
}

TEST(NativeErrors, OfOptionsThatAreNot) {
  expect_mistakes({
      {{"--colour", "x"}, "--colour: there is no such option; see distaff --help-all"},
      {{"--job=3", "x"}, "--job: there is no such option; did you mean --jobs?"},
      {{"--prog", "x"}, "--prog: there is no such option; see distaff --help-all"},
      {{"--thr", "x"}, "--thr: there is no such option; did you mean --throttle?"},
      {{"-y", "x"}, "-y: there is no such option; see distaff --help-all"},
      {{"-ky4", "x"}, "-y in -ky4: there is no such option; see distaff --help-all"},
      {{"-\xc3\xbc"}, "-\xc3\xbc: there is no such option; see distaff --help-all"},
      {{"-\n"}, "-\\n: there is no such option; see distaff --help-all"},
      {{"--a\nb"}, "--a\\nb: there is no such option; see distaff --help-all"},
      {{"-null", "x"}, "-null: write it with two dashes, --null"},
      {{"-max-records=3", "x"}, "-max-records=3: write it with two dashes, --max-records"},
      {{"---", "x"}, "---: there is no such option; see distaff --help-all"},
      {{"--=3", "x"}, "--: there is no such option; see distaff --help-all"},
      {{"--polite", "x"},
       "--polite: this is of distaff fetch, whose jobs are URLs; -g host --throttle 1s is polite"},
      {{"--output-dir=x", "x"},
       "--output-dir: this is of distaff fetch, whose jobs are URLs; for files of jobs --results "
       "DIR"},
      {{"-H", "a: b", "x"}, "-H: this is of distaff fetch, whose jobs are URLs"},
      {{"--colsep", ":", "x"}, "--colsep: here --split REGEX"},
      {{"--colsep=:", "x"}, "--colsep: here --split REGEX"},
      {{"-C:", "x"}, "-C: here --split REGEX"},
      {{"-kL1", "x"}, "-L: here -n N (an input line is a record)"},
      {{"--bar", "x"}, "--bar: here --progress bar"},
      {{"--lb", "x"}, "--lb: here --output line"},
      {{"--retry-failed", "x"},
       "--retry-failed: here --journal FILE --resume, which runs failed jobs again"},
  });
}

TEST(NativeErrors, OfValuesThatAreMissingOrTooMany) {
  expect_mistakes({
      {{"-n"}, "-n needs a value: -n N"},
      {{"-kn"}, "-n needs a value: -n N"},
      {{"--output"}, "--output needs a value: --output group|line|raw|json|csv|none"},
      {{"-I"}, "-I needs a value: -I STR"},
      {{"--null=yes", "x"}, "--null takes no value, so leave out '=yes'"},
      {{"--null=", "x"}, "--null takes no value, so leave out '='"},
      {{"-g", "--parallelism", "2", "x"},
       "-g needs a value before '--parallelism'; if that is the value, write -g--parallelism"},
      {{"--key", "-k", "x"},
       "--key needs a value before '-k'; if that is the value, write --key=-k"},
      {{"-j", ":::", "x"}, "-j needs a value before ':::'; if that is the value, write -j:::"},
      {{"x", ":::+", "a"},
       "':::+' takes its values in step with the list before it, and there is none; write ':::' "
       "here"},
      {{"x", "::::"}, "'::::' needs a file: :::: FILE"},
      {{"x", ":::", "a", "::::+", ":::", "b"}, "'::::+' needs a file: ::::+ FILE"},
  });
}

TEST(NativeErrors, OfNumbersTimesAndSizes) {
  expect_mistakes({
      {{"-n", "foo", "x"}, "-n: 'foo' is no whole number, such as 10, max or even"},
      {{"--max-records=-1", "x"},
       "--max-records: '-1' is no whole number, such as 10, max or even"},
      {{"-n=2", "x"}, "-n: '=2' is no whole number, such as 10, max or even"},
      {{"-n", "0x10", "x"}, "-n: '0x10' is no whole number, such as 10, max or even"},
      {{"-n", "99999999999999999999", "x"},
       "-n: '99999999999999999999' is too large: at most 9223372036854775807, max or even"},
      {{"-j", "-x", "y"},
       "-j: '-x' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as fit"},
      {{"-j", "--keep-order", "y"},
       "-j: '--keep-order' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as fit"},
      {{"-j0%", "y"},
       "-j: '0%' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as fit"},
      {{"-j+50%", "y"},
       "-j: '+50%' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as fit"},
      {{"-j\n", "y"},
       "-j: '\\n' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as fit"},
      {{"--delay", "3x", "y"}, "--delay: '3x' is no duration, such as 250ms, 1.5s, 2m, 1h or 1d"},
      {{"--max-bytes", "12q", "y"}, "--max-bytes: '12q' is no size, such as 4096, 64k, 10M or 1G"},
      {{"--max-bytes", "0", "y"}, "--max-bytes: '0' bytes hold nothing; the default is 128k"},
      {{"--total", "many", "y"}, "--total: 'many' is no whole number, such as 10"},
      {{"--nice", "20", "y"}, "--nice: '20' is no whole number from -20 to 19"},
      {{"--nice", "-21", "y"}, "--nice: '-21' is no whole number from -20 to 19"},
      {{"--parallelism", "0", "y"}, "--parallelism: '0' is no whole number of at least 1"},
      {{"--buffer-size", "0", "y"}, "--buffer-size: '0' is no whole number of at least 1"},
      {{"--progress-interval", "0", "y"},
       "--progress-interval: '0' is no interval; the default is 30s"},
      {{"--throttle", "", "y"}, "--throttle: '' is no duration, such as 250ms, 1.5s, 2m, 1h or 1d"},
      {{"--throttle", "4s..1s", "y"}, "--throttle: '4s..1s' ends before it begins; write 1s..4s"},
      {{"--throttle", "4s..", "y"},
       "--throttle: '' is no duration, such as 250ms, 1.5s, 2m, 1h or 1d"},
  });
  for (const std::string_view rate :
       {"10", "/s", "10/", "0/s", "10/0s", "1.5/s", "10/s:", "10/s:0", "10/week", "10/-1s"}) {
    EXPECT_EQ(error_of({"--rate", rate, "y"}),
              "--rate: '" + std::string(rate) +
                  "' is no rate, such as 10/s, 100/1m, 1/2s, or 10/s:5 with bursts of 5");
  }
}

TEST(NativeErrors, OfSmallGrammars) {
  expect_mistakes({
      {{"--ok", "", "x"},
       "--ok: '' in '' is no exit status from 0 to 255 and no range of them; a list is such as "
       "0,1,3-5"},
      {{"--ok", "0,256", "x"},
       "--ok: '256' in '0,256' is no exit status from 0 to 255 and no range of them; a list is "
       "such as 0,1,3-5"},
      {{"--ok=5-3", "x"},
       "--ok: '5-3' in '5-3' is no exit status from 0 to 255 and no range of them; a list is such "
       "as 0,1,3-5"},
      {{"--term-seq", "TERM,5,KILL", "x"},
       "--term-seq: '5' needs a unit, such as 5s or 5m (in 'TERM,5,KILL', where signals and times "
       "take turns, as in TERM,5s,KILL)"},
      {{"--term-seq", "TERM,KILL", "x"},
       "--term-seq: 'KILL' is no duration, such as 250ms, 1.5s, 2m, 1h or 1d (in 'TERM,KILL', "
       "where signals and times take turns, as in TERM,5s,KILL)"},
      {{"--term-seq", "HURZ", "x"},
       "--term-seq: 'HURZ' in 'HURZ' is no signal; signals and times take turns, as in "
       "TERM,5s,KILL"},
      {{"--term-seq", "0", "x"},
       "--term-seq: '0' in '0' is no signal; signals and times take turns, as in TERM,5s,KILL"},
      {{"--term-seq", "TERM,5s", "x"},
       "--term-seq: 'TERM,5s' ends with a time; a signal comes last, as in TERM,5s,KILL"},
      {{"-d", "\\q", "x"}, "-d: '\\q' has an unknown escape; known are \\n \\t \\r \\0 \\\\ \\xHH"},
      {{"-d", "a\\", "x"}, "-d: 'a\\' has an unknown escape; known are \\n \\t \\r \\0 \\\\ \\xHH"},
      {{"-d", "\\012", "x"},
       "-d: '\\012' has an unknown escape; known are \\n \\t \\r \\0 \\\\ \\xHH"},
      {{"-d", "\\x1", "x"},
       "-d: '\\x1' has an unknown escape; known are \\n \\t \\r \\0 \\\\ \\xHH"},
      {{"--env", "PATH", "x"},
       "--env: 'PATH' is no NAME=VALUE; variables that are set here reach jobs anyway"},
      {{"--env", "BASH_FUNC_ls%%=x", "x"},
       "--env: 'BASH_FUNC_ls%%' is no name of a variable: letters, digits and _ only, as in "
       "NAME=VALUE"},
      {{"--shell", " ", "x"}, "--shell: ' ' names no shell; write it as 'bash -o pipefail'"},
      {{"-I", "", "x"}, "-I: '' is empty; leave the option out or give a value"},
      {{"-a", "", "x"}, "-a: '' is empty; leave the option out or give a value"},
      {{"--output", "xml", "x"}, "--output 'xml': it is group, line, raw, json, csv or none"},
      {{"--results", "out/all.csv", "x"},
       "--results: out/all.csv: results are files in directories; all jobs in one file are made by "
       "--output csv > FILE"},
      {{"--results=a.tsv", "x"},
       "--results: a.tsv: results are files in directories; all jobs in one file are made by "
       "--output csv > FILE"},
      {{"--results", "{}.json", "x"},
       "--results: {}.json: results are files in directories; all jobs in one file are made by "
       "--output json > FILE"},
      {{"--output", "grup", "x"}, "--output 'grup': it is group, line, raw, json, csv or none"},
      {{"--progress", "gzip", "x"}, "--progress 'gzip': it is auto, bar, line or none"},
      {{"--log-format", "xml", "x"}, "--log-format 'xml': it is text or json"},
      {{"--on-error", "halt", "x"}, "--on-error 'halt': it is continue, stop, kill or ignore"},
  });
  for (const std::string_view halt : {"", "soon", "soon,fail", "later,fail=1", "soon,hope=1",
                                      "soon,fail=0", "now,fail=101%", "fail=1,soon", "2"}) {
    EXPECT_EQ(error_of({"--halt", halt, "x"}), "--halt: '" + std::string(halt) +
                                                   "' is none of soon|now,fail|success|done=N|N%, "
                                                   "such as soon,fail=3 or now,done=50%");
  }
}

TEST(NativeErrors, OfOptionsThatDoNotGoTogether) {
  expect_mistakes({
      {{"--csv", "--jsonl", "x"},
       "--csv and --jsonl: records have one form; leave one of them out"},
      {{"-0", "-d", ",", "x"}, "-0 and -d: records have one form; leave one of them out"},
      {{"--split", ",", "--match", "x", "y"},
       "--split and --match: fields come from one of them; leave one out"},
      {{"--no-header", "x"}, "--no-header is for tables; add --csv or --tsv"},
      {{"--no-match", "skip", "x"},
       "--no-match is for records that --match does not match; add --match REGEX"},
      {{"--csv", "--split", ",", "x"},
       "--split is for lines, and --csv has fields of its own; leave one of them out"},
      {{"-0", "--keep-empty", "x"},
       "--keep-empty: with -0 empty records are kept anyway; leave it out"},
      {{"--jsonl", "--keep-empty", "x"},
       "--keep-empty is for lines and does not go with --jsonl; leave it out"},
      {{"-a", "f", "x", ":::", "y"},
       "-a and ':::': records come from one of them; the lines of a file are a list by :::: FILE"},
      {{"-0", "x", "::::", "y"},
       "-0 is for input that is read, and '::::' gives the values as they are; leave one of them "
       "out"},
      {{"--split=,", "x", ":::", "y"},
       "--split is for input that is read, and ':::' gives the values as they are; leave one of "
       "them out"},
      {{"--stdin", "tty", "x"},
       "--stdin tty: only one job at a time can have the terminal; add -j 1"},
      {{"--stdin=record"},
       "--stdin record: there is no command to feed records to; without one each record is a "
       "command itself"},
      {{"-n2"},
       "-n: there is no command to pass several records to; without one each record is a command "
       "itself"},
      {{"--throttle", "2s", "--parallelism", "3", "x"},
       "--throttle 2s and --parallelism 3: a group that rests after each job runs one at a time; "
       "leave one of them out"},
      {{"-u", "--output", "line", "x"},
       "-u and --output line: output has one mode; leave one of them out"},
      {{"-uk", "x"}, "-k does not go with -u: order needs --output group, line, json or csv"},
      {{"--keep-order", "--output=none", "x"},
       "--keep-order does not go with --output none: order needs --output group, line, json or "
       "csv"},
      {{"--tag", "--ungroup", "x"},
       "--tag does not go with -u: jobs then write by themselves; with tags use --output line"},
      {{"--tag-template", "{#}", "--output", "raw", "x"},
       "--tag-template does not go with --output raw: jobs then write by themselves; with tags use "
       "--output line"},
      {{"--tag", "--output", "json", "x"},
       "--tag does not go with --output json: the record has columns of its own there; leave it "
       "out"},
      {{"--tag-template=x", "--output=csv", "x"},
       "--tag-template does not go with --output csv: the record has columns of its own there; "
       "leave it out"},
      {{"-u", "--results", "out", "x"},
       "--results does not go with -u: jobs then write by themselves; with results use --output "
       "group or none"},
      {{"--quiet", "--log-level", "info", "x"},
       "--log-level and --quiet: both say what is logged; leave one of them out"},
  });
}

// ---- whatever is typed

TEST(Native, GivesARequestOrOneLineForAnyWords) {
  const char* const rounds = std::getenv("DISTAFF_RANDOM_ROUNDS");
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::string> pool = {
      "--",  "-",       ":::", ":::+", "::::",    "",    "x",   "4",  "-1", "2s",    "{}", "a=b",
      "run", "--bogus", "-zz", "\n",   "-0k\xff", "50%", "--=", "-j", "-I", "[a,b]", "=",  "--no"};
  for (const Option& option : options()) {
    pool.push_back("--" + std::string(option.name));
    pool.push_back("--" + std::string(option.name) + "=1");
    if (option.letter != 0) pool.push_back(std::string{'-', option.letter, '1'});
  }
  for (int round = rounds != nullptr ? std::atoi(rounds) : 3000; round > 0; --round) {
    std::vector<std::string> texts;
    for (std::size_t i = random() % 8; i > 0; --i) texts.push_back(pool[random() % pool.size()]);
    const Words words(texts.begin(), texts.end());
    const auto request = parse_native(words);
    EXPECT_EQ(request, parse_native(words));
    if (request) continue;
    EXPECT_FALSE(request.error().message.empty());
    EXPECT_TRUE(is_valid_utf8(request.error().message));
    for (const char c : request.error().message) EXPECT_FALSE(static_cast<unsigned char>(c) < ' ');
  }
}

TEST(Native, FindsTheCommandBehindAnyOptionThatIsWellGiven) {
  for (const Option& meant : options()) {
    if (meant.topic == Topic::help || meant.id == Opt::no_header || meant.id == Opt::no_match ||
        meant.id == Opt::keep_empty || meant.id == Opt::skip_failed || meant.id == Opt::lock_wait ||
        meant.id == Opt::separator) {
      continue;
    }
    std::string value = "1";
    if (meant.kind == ValueKind::choice) value = choice_at(meant, 0);
    if (meant.id == Opt::env) value = "A=1";
    if (meant.id == Opt::rate) value = "1/s";
    if (meant.id == Opt::halt) value = "soon,fail=1";
    const std::string name = spelling(meant);
    SCOPED_TRACE(name);
    Words words{name};
    if (meant.id == Opt::resume || meant.id == Opt::id) words = {"--journal", "j", name};
    if (meant.kind != ValueKind::none) words.emplace_back(value);
    words.insert(words.end(), {"echo", "-k", name});
    EXPECT_EQ(spec_of(words).command.words, (std::vector<std::string>{"echo", "-k", name}));
  }
}

}  // namespace
}  // namespace distaff::native_test
