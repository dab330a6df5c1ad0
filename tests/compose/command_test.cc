#include "compose/command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "base/text.h"
#include "compose/line.h"

namespace distaff::command_test {
namespace {

using Words = std::vector<std::string>;
using Context = CommandTemplate::Context;

Record tuple(std::vector<std::optional<std::string>> values) {
  Record record;
  for (const auto& value : values) record.text += (&value == &values[0] ? "" : " ") + *value;
  record.fields = std::move(values);
  return record;
}

Record row(FieldNames names, std::vector<std::optional<std::string>> fields) {
  Record record;
  record.text = "the,row";
  record.fields = std::move(fields);
  record.names = std::make_shared<const FieldNames>(std::move(names));
  return record;
}

Context tuples(std::size_t count) {
  Context context;
  context.scheme = {FieldScheme::Kind::numbered, {}, count};
  context.several = true;
  context.tuples = true;
  return context;
}

Context batches() {
  Context context;
  context.scheme.kind = FieldScheme::Kind::numbered;
  context.several = true;
  return context;
}

Context table(FieldNames names) {
  Context context;
  context.scheme = {FieldScheme::Kind::named, std::move(names), {}};
  return context;
}

CommandSpec command(Words words) {
  CommandSpec spec;
  spec.words = std::move(words);
  return spec;
}

std::string refusal(const CommandSpec& spec, const Context& context = {}) {
  Words warnings;
  const auto compiled = CommandTemplate::compile(spec, context, warnings);
  return compiled ? "(accepted)" : compiled.error().message;
}

Launch launch(const CommandSpec& spec, const Context& context, const std::vector<Record>& records) {
  Words warnings;
  const auto compiled = CommandTemplate::compile(spec, context, warnings);
  EXPECT_TRUE(compiled) << compiled.error().message;
  if (!compiled) return {};
  const auto built = compiled->build({records, JobId{7}, 2});
  if (built) return *built;
  Launch failed;
  failed.argv = {"not started: " + built.error().message};
  return failed;
}

Launch launch(const CommandSpec& spec, const std::string& record) {
  return launch(spec, {}, {line(record)});
}

Words argv(Words words, const std::string& record) {
  return launch(command(std::move(words)), record).argv;
}

// ---- where the record goes

TEST(Command, AppendsTheRecordToAnArgvThatDoesNotSayWhereItGoes) {
  EXPECT_EQ(argv({"rm", "-f"}, "a b"), (Words{"rm", "-f", "a b"}));
  EXPECT_EQ(argv({"echo", "{#}", "{%}"}, "x"), (Words{"echo", "7", "2", "x"}));
}

TEST(Command, PutsTheRecordWhereItStands) {
  EXPECT_EQ(argv({"cp", "{}", "/b/{/}"}, "d/x y"), (Words{"cp", "d/x y", "/b/x y"}));
  EXPECT_EQ(argv({"{}", "--version"}, "ls"), (Words{"ls", "--version"}));
  EXPECT_EQ(argv({"jq", "{name: $n}"}, "f"), (Words{"jq", "{name: $n}", "f"}));
}

TEST(Command, AppendsNothingIfTheRecordGoesSomewhereElse) {
  CommandSpec spec = command({"make", "-s"});
  spec.workdir = "w/{}";
  Launch started = launch(spec, "a");
  EXPECT_EQ(started.argv, (Words{"make", "-s"}));
  EXPECT_EQ(started.workdir, "w/a");

  spec = command({"make", "-s"});
  spec.env = {{"X", "<{}>"}, {"Y", "1"}};
  started = launch(spec, "a");
  EXPECT_EQ(started.argv, (Words{"make", "-s"}));
  EXPECT_EQ(started.env, (Words{"X=<a>", "Y=1"}));

  spec = command({"jq", "-c", ".u.n"});
  spec.stdin_mode = StdinMode::record;
  started = launch(spec, "{}");
  EXPECT_EQ(started.argv, (Words{"jq", "-c", ".u.n"}));
  EXPECT_EQ(started.stdin_text, "{}\n");

  spec = command({"echo", "hi"});
  spec.replacement_given = true;
  EXPECT_EQ(launch(spec, "a").argv, (Words{"echo", "hi"}));
}

TEST(Command, WithAStringOfOnesOwnLeavesBracesAlone) {
  CommandSpec spec = command({"find", "%", "-exec", "basename", "{}", ";"});
  spec.replacement = "%";
  spec.replacement_given = true;
  EXPECT_EQ(launch(spec, "data").argv, (Words{"find", "data", "-exec", "basename", "{}", ";"}));
}

// ---- scripts

TEST(Command, RunsAScriptOfPlainWordsWithoutAShell) {
  EXPECT_EQ(argv({"gzip"}, "a b"), (Words{"gzip", "a b"}));
  EXPECT_EQ(argv({"gzip -9 '{/}' \"x y\""}, "d/e"), (Words{"gzip", "-9", "e", "x y"}));
  EXPECT_TRUE(launch(command({"gzip -9"}), "x").fixed_program);
}

TEST(Command, UsesAShellForTheRest) {
  const Launch started = launch(command({"wc -c < {}"}), "a b");
  ASSERT_EQ(started.argv.size(), 5u);
  EXPECT_EQ(started.argv[0], "/bin/sh");
  EXPECT_EQ(started.argv[1], "-c");
  EXPECT_EQ(started.argv[2].find("a b"), std::string::npos);
  EXPECT_EQ(Words(started.argv.begin() + 3, started.argv.end()), (Words{"sh", "a b"}));
  EXPECT_EQ(started.shown, "wc -c < 'a b'");
  EXPECT_TRUE(started.fixed_program);
}

TEST(Command, AppendsTheRecordToAScriptOfOneCommand) {
  EXPECT_EQ(argv({"echo a$HOME"}, "x y"),
            (Words{"/bin/sh", "-c", "echo a$HOME \"$@\"", "sh", "x y"}));
  EXPECT_EQ(launch(command({"echo a$HOME"}), "x y").shown, "echo a$HOME 'x y'");
}

TEST(Command, AScriptThatSpeaksOfItsArgumentsGetsNothingAppended) {
  EXPECT_EQ(argv({"echo \"${1%.txt}\""}, "a.txt"),
            (Words{"/bin/sh", "-c", "echo \"${1%.txt}\"", "sh", "a.txt"}));
}

TEST(Command, ANamedShellIsAlwaysUsed) {
  CommandSpec spec = command({"shout {}"});
  spec.shell = {"bash", "-o", "pipefail"};
  const Launch started = launch(spec, "a");
  EXPECT_EQ(Words(started.argv.begin(), started.argv.begin() + 4),
            (Words{"bash", "-o", "pipefail", "-c"}));
  EXPECT_EQ(Words(started.argv.begin() + 5, started.argv.end()), (Words{"bash", "a"}));
}

TEST(Command, AForeignLanguageGetsTheRecordAsItsArgument) {
  CommandSpec spec = command({"import sys; print(sys.argv)"});
  spec.shell = {"/usr/bin/python3", "-I"};
  EXPECT_EQ(launch(spec, "a").argv,
            (Words{"/usr/bin/python3", "-I", "-c", "import sys; print(sys.argv)", "a"}));
  spec.words = {"print({})"};
  EXPECT_TRUE(refusal(spec).starts_with("--shell /usr/bin/python3: {} cannot stand in its script"));
  spec.replacement = "%";
  spec.replacement_given = true;
  EXPECT_EQ(launch(spec, "a").argv.back(), "a");
}

TEST(Command, WithoutWordsEachRecordIsAScript) {
  EXPECT_EQ(argv({}, "gzip -9 {} x"), (Words{"/bin/sh", "-c", "gzip -9 {} x"}));
  EXPECT_EQ(argv({}, "gzip -9 'a b'"), (Words{"gzip", "-9", "a b"}));
  EXPECT_EQ(argv({}, "echo one | tr a-z A-Z"), (Words{"/bin/sh", "-c", "echo one | tr a-z A-Z"}));
  EXPECT_FALSE(launch(command({}), "no-such-thing").fixed_program);
  CommandSpec spec;
  spec.shell = {"bash"};
  EXPECT_EQ(launch(spec, "gzip x").argv, (Words{"bash", "-c", "gzip x"}));
}

TEST(Command, ARecordForStdinNeedNotFitIntoAnArgument) {
  CommandSpec spec = command({"tr a b | wc -c"});
  spec.stdin_mode = StdinMode::record;
  const std::string record = std::string(200000, 'x') + '\0';
  const Launch started = launch(spec, record);
  EXPECT_EQ(started.argv.size(), 4u);
  EXPECT_EQ(started.stdin_text, record + "\n");
}

// ---- refused

TEST(Command, RefusesAScriptOfSeveralCommandsThatDoesNotSayWhereTheRecordGoes) {
  for (const char* script : {"ls | wc -l;", "sleep 1;", "FOO=1", ">log", "cmd &", "a\nb", "a # b",
                             "for x in a; do echo; done"}) {
    EXPECT_NE(refusal(command({script})).find("does not say where the record goes: write {} or"),
              std::string::npos)
        << script << ": " << refusal(command({script}));
  }
  CommandSpec spec = command({"ls | wc -l"});
  spec.workdir = "{}";
  EXPECT_EQ(refusal(spec), "(accepted)");
  spec = command({"ls | wc -l"});
  spec.replacement_given = true;
  EXPECT_EQ(refusal(spec), "(accepted)");
}

// What stands before the shell's name, and its options, are part of what is meant.
TEST(Command, RefusesAValueInTheTextOfAShellsCommand) {
  const std::string refused = " -c would run the record's text as shell code";
  for (const auto& [line, form] : std::vector<std::pair<std::string, std::string>>{
           {"/bin/dash -ec 'echo {}'", "/bin/dash -ec 'echo \"$1\"' dash '{}'"},
           {"sh -e -c 'echo {}'", "sh -e -c 'echo \"$1\"' sh '{}'"},
           {"sh -e -c 'echo {}' x", "--env 'v={}' sh -e -c 'echo \"$v\"' x"},
           {"env sh -c 'echo {}'", "env sh -c 'echo \"$1\"' sh '{}'"},
           {"nice -n5 sh -c 'echo {}'", "nice -n5 sh -c 'echo \"$1\"' sh '{}'"},
           {"timeout -k 1 --signal INT 5s sh -c 'echo {}'",
            "timeout -k 1 --signal INT 5s sh -c 'echo \"$1\"' sh '{}'"},
           {"nohup setsid -w stdbuf -oL exec sh -c 'echo {}'",
            "nohup setsid -w stdbuf -oL exec sh -c 'echo \"$1\"' sh '{}'"},
           {"env X=1 bash -o pipefail -c 'echo {}'",
            "env 'X=1' bash -o pipefail -c 'echo \"$1\"' bash '{}'"},
       }) {
    const std::string message = refusal(command(split_words(line)));
    EXPECT_EQ(message.substr(message.find(" -c would")),
              refused + " ('echo {}'); write distaff " + form);
  }
  EXPECT_EQ(refusal(command({"sh", "-c", "echo {}"})),
            "sh" + refused + "; write distaff 'echo {}'");
  EXPECT_EQ(refusal(command({"sh -c 'echo {}'"})), "sh" + refused + "; write distaff 'echo {}'");
  EXPECT_EQ(refusal(command({"/bin/bash", "-c", "echo {}"})),
            "bash" + refused + "; write distaff 'echo {}' (with --shell bash if it needs that)");
  for (const Words& words : {
           Words{"env", "-i", "-u", "A", "X=1", "Y={#}", "sh", "-c", "echo {}"},
           Words{"sudo", "-u", "bob", "--group=g", "--user", "x", "sh", "-c", "echo {}"},
           Words{"busybox", "sh", "-c", "echo {}"},
       }) {
    EXPECT_TRUE(refusal(command(words)).find(refused) != std::string::npos) << words[0];
  }
}

TEST(Command, AllowsShellsThatGetTheValueAsAnArgument) {
  for (const Words& words :
       {Words{"sh", "-c", "echo \"$1\"", "x", "{}"}, Words{"sh", "-c", "echo {#}", "{}"},
        Words{"bash", "{}"}, Words{"grep", "-c", "bash", "-c", "{}"},
        Words{"ssh", "{}", "sh", "-c", "fixed"}, Words{"sh", "-x", "{}"},
        Words{"timeout", "5", "echo", "sh", "-c", "{}"}}) {
    EXPECT_EQ(refusal(command(words)), "(accepted)");
  }
}

TEST(Command, RefusesVariablesThatAShellWouldReadAsCode) {
  CommandSpec spec = command({"ls"});
  spec.env = {{"BASH_FUNC_ls%%", "x"}};
  EXPECT_TRUE(refusal(spec).starts_with("--env BASH_FUNC_ls%%: not the name of a variable"));
  for (const char* name : {"BASH_ENV", "ENV", "PS4", "SHELLOPTS"}) {
    spec.env = {{name, "{}"}};
    EXPECT_TRUE(
        refusal(spec).starts_with("--env " + std::string(name) + ": a shell would evaluate"));
    spec.env = {{name, "fixed"}};
    EXPECT_EQ(refusal(spec), "(accepted)");
  }
}

TEST(Command, RefusesWhatCannotBeMeant) {
  EXPECT_TRUE(refusal(command({""})).starts_with("the command is empty"));
  EXPECT_TRUE(refusal(command({" \n"})).starts_with("the command is empty"));
  EXPECT_TRUE(refusal(command({"echo", "{mial}"}), table({"mail"}))
                  .starts_with("{mial}: no such field (did you mean {mail}?)"));
  EXPECT_TRUE(refusal(command({}), batches()).starts_with("-n needs a command"));
  CommandSpec spec = command({"ls"});
  spec.workdir = "{nope}";
  EXPECT_TRUE(refusal(spec, table({"mail"})).starts_with("--workdir: {nope}: no such field"));
}

TEST(Command, WarnsOnceOfShellOperatorsInAnArgv) {
  Words warnings;
  ASSERT_TRUE(CommandTemplate::compile(command({"cat", "{}", ">", "x", "|", "y"}), {}, warnings));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with("'>' is passed to cat as it is"));
}

TEST(Command, WarnsOfAVariableThatWasMeantAsAColumn) {
  const char* environment[] = {"HOME=/x", nullptr};
  Context context = table({"mail", "HOME"});
  context.environment = environment;
  Words warnings;
  ASSERT_TRUE(CommandTemplate::compile(command({"echo ${mail} ${HOME} {}"}), context, warnings));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with("${mail} is a variable of the shell"));
}

// ---- batches and tuples

TEST(Command, ABatchIsOneWordForEachRecord) {
  const std::vector<Record> three = {line("a"), line("b c"), line("d")};
  EXPECT_EQ(launch(command({"rm", "--"}), batches(), three).argv,
            (Words{"rm", "--", "a", "b c", "d"}));
  EXPECT_EQ(launch(command({"x", "{/}", "--in={}", "{1}-{3}"}), batches(), three).argv,
            (Words{"x", "a", "b c", "d", "--in=a", "--in=b c", "--in=d", "a-d"}));
  EXPECT_EQ(launch(command({"x", "{4}"}), batches(), three).argv[0],
            "not started: no field 4 in the 3 records of this job");
  const Launch script = launch(command({"IFS=,; echo \"$*\""}), batches(), three);
  EXPECT_EQ(Words(script.argv.begin() + 3, script.argv.end()), (Words{"sh", "a", "b c", "d"}));

  CommandSpec spec = command({"wc", "-l"});
  spec.stdin_mode = StdinMode::record;
  EXPECT_EQ(launch(spec, batches(), three).stdin_text, "a\nb c\nd\n");
}

TEST(Command, SaysWhetherItLooksIntoTheRecordsItFeeds) {
  const auto looks = [](CommandSpec spec) {
    spec.stdin_mode = StdinMode::record;
    Words warnings;
    return CommandTemplate::compile(spec, batches(), warnings)->looks_into_records();
  };
  EXPECT_FALSE(looks(command({"wc", "-l"})));
  EXPECT_FALSE(looks(command({"tee", "{#}"})));
  EXPECT_FALSE(looks(command({"cat > out.{#}; wc -l out.{%}"})));
  EXPECT_TRUE(looks(command({"grep", "{}"})));
  EXPECT_TRUE(looks(command({"grep {1} > out"})));
  EXPECT_TRUE(looks(command({"sort; echo {}"})));
  CommandSpec spec = command({"sort"});
  spec.workdir = "{}";
  EXPECT_TRUE(looks(spec));
  spec.workdir = "d{#}";
  EXPECT_FALSE(looks(spec));
  spec.env = {{"NAME", "{1}"}};
  EXPECT_TRUE(looks(spec));
}

TEST(Command, APackedBatchIsFedAsItIs) {
  CommandSpec spec = command({"wc -l | cat"});
  spec.stdin_mode = StdinMode::record;
  Words warnings;
  const auto compiled = *CommandTemplate::compile(spec, batches(), warnings);
  const std::vector<Record> records = {line("a"), line("b c")};
  auto packed = std::make_shared<PackedTexts>("\n");
  for (const Record& record : records) packed->add(record.text);
  const auto plain = compiled.build({records, JobId{1}, 1});
  const Job job{.id = JobId{1}, .records = {records[0]}, .packed = packed};
  const auto batch = compiled.build(view_of(job, 1));
  EXPECT_EQ(batch->stdin_batch, packed);
  EXPECT_FALSE(batch->stdin_text);
  EXPECT_EQ(paste(*batch), paste(*plain));
}

TEST(Command, ATupleIsOneWordForEachValue) {
  const std::vector<Record> one = {tuple({"p/a", "q r"})};
  EXPECT_EQ(launch(command({"echo"}), tuples(2), one).argv,
            (Words{"/bin/sh", "-c", "echo \"$@\"", "sh", "p/a", "q r"}));
  EXPECT_EQ(launch(command({"x", "{}"}), tuples(2), one).argv, (Words{"x", "p/a", "q r"}));
  EXPECT_EQ(launch(command({"x", "-{/}", "{2}={1}"}), tuples(2), one).argv,
            (Words{"x", "-a", "-q r", "q r=p/a"}));
  EXPECT_EQ(launch(command({"x", "y"}), tuples(2), one).argv, (Words{"x", "y", "p/a", "q r"}));
}

TEST(Command, ALineWithFieldsIsOneWord) {
  Context split;
  split.scheme.kind = FieldScheme::Kind::numbered;
  Record record = tuple({"a", "b"});
  record.text = "a,b";
  EXPECT_EQ(launch(command({"x", "{}", "{2}"}), split, {record}).argv, (Words{"x", "a,b", "b"}));
}

// ---- long records

TEST(Command, AScriptGetsTheRecordOnlyIfItSpeaksOfIt) {
  const auto arguments = [](const char* script) {
    CommandSpec spec = command({script});
    spec.shell = {"bash"};
    const Launch made = launch(spec, table({"id", "text"}), {row({"id", "text"}, {"7", "x"})});
    return static_cast<int>(made.argv.size()) - 4;  // bash -c TEXT bash
  };
  for (const char* without :
       {"echo {id}; date", "f() { echo {id}; }; f", "set -e; echo {id}", "echo '$1' {id}",
        "echo \\$1 {id}", "cat {id} # $1", "x={id}; echo \"${x%.txt}\" $$ $? $0"}) {
    EXPECT_EQ(arguments(without), 1) << without;
  }
  for (const char* with : {"echo {id} $1",
                           "echo {id} \"$@\"",
                           "echo {id} $#",
                           "echo {id} ${1%.x}",
                           "echo {id} ${#}",
                           "echo {id} ${@:1}",
                           "echo {id} ${!#}",
                           "for x; do echo {id}; done",
                           "shift; echo {id}",
                           "\\shift; echo {id}",
                           "command eval 'echo x'; echo {id}",
                           "eval 'echo $1' ; echo {id}",
                           ". ./f; echo {id}",
                           "source f; echo {id}",
                           "trap 'echo $1' EXIT; echo {id}",
                           "f() { echo $1; }; f {id}",
                           "echo {id} $(( $# + 1 ))",
                           "while getopts a x; do echo {id}; done",
                           "echo {id} \"$(echo \"$1\")\"",
                           "echo {id} ${BASH_ARGV[0]}"}) {
    EXPECT_EQ(arguments(with), 2) << with;
  }
}

// ---- jobs that cannot start

TEST(Command, AJobWithoutAValueIsNotStarted) {
  EXPECT_EQ(launch(command({"rm", "-r", "/srv/{mail}"}), table({"id", "mail"}),
                   {row({"id", "mail"}, {"1"})})
                .argv[0],
            "not started: no field 'mail' in this record");
  CommandSpec spec = command({"ls"});
  spec.workdir = "{@x(.*)}";
  EXPECT_EQ(launch(spec, "y").argv[0], "not started: --workdir: no match of @x(.*) in 'y'");
  EXPECT_EQ(launch(spec, "x").argv[0], "not started: --workdir: the directory is empty");
}

TEST(Command, AJobWithANulOrTooLongAnArgumentIsNotStarted) {
  EXPECT_TRUE(argv({"x", "{}"}, std::string("a\0b", 3))[0].starts_with("not started: a NUL byte"));
  EXPECT_EQ(argv({"x", "{}"}, std::string(131071, 'a'))[1].size(), 131071u);
  EXPECT_EQ(argv({"x", "{}"}, std::string(131072, 'a'))[0],
            "not started: an argument of 131072 bytes: the system takes at most 131071; --stdin "
            "record has no limit, if the command does without {}");
  EXPECT_EQ(argv({"x"}, std::string(131072, 'a'))[0],
            "not started: an argument of 131072 bytes: the system takes at most 131071; --stdin "
            "record has no limit");
  EXPECT_TRUE(argv({"wc -c < {}; echo x{/}"}, std::string(131072, 'a'))[0].ends_with(
      "no limit, if the command does without {}"));
  EXPECT_TRUE(argv({"echo \"$1\" | wc"}, std::string(131072, 'a'))[0].ends_with(
      "no limit, if the script does not speak of $1 or $@"));
  CommandSpec spec = command({"x"});
  spec.env = {{"X", "{}"}};
  EXPECT_TRUE(launch(spec, std::string(131070, 'a')).argv[0].starts_with("not started: "));
}

TEST(Command, AValueThatIsNoNumberIsNotStartedInArithmetic) {
  EXPECT_EQ(argv({"echo $(({} + 1))"}, "a[$(x)]")[0],
            "not started: 'a[$(x)]' for {} is no whole number, and stands in $((...))");
}

TEST(Command, KnowsWhetherTheProgramIsTheSameForEveryJob) {
  EXPECT_TRUE(launch(command({"ls", "{}"}), "x").fixed_program);
  EXPECT_FALSE(launch(command({"{}", "x"}), "x").fixed_program);
  CommandSpec spec = command({"./tool", "x"});
  EXPECT_TRUE(launch(spec, "x").fixed_program);
  spec.workdir = "{}";
  EXPECT_FALSE(launch(spec, "x").fixed_program);
  spec = command({"tool", "x"});
  spec.env = {{"PATH", "{}/bin"}};
  EXPECT_FALSE(launch(spec, "x").fixed_program);
}

TEST(Command, TellsWhichMembersItNeeds) {
  Context context;
  context.scheme.kind = FieldScheme::Kind::open;
  Words warnings;
  CommandSpec spec = command({"echo {a.b} | cat {c}"});
  spec.env = {{"X", "{d}"}};
  spec.workdir = "{c}";
  auto names = CommandTemplate::compile(spec, context, warnings)->field_names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (Words{"a.b", "c", "d"}));
}

// ---- sizes

TEST(Command, NeverPromisesLessThanALaunchTakes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const Words pieces = {"{}", "{/}", "--x={}", "{1}", "{#}", "lit", "{//}{.}", "a{}b{%}c{}", ""};
  for (int i = 0; i < 2000; ++i) {
    CommandSpec spec = command({"prog", "lit"});
    for (auto n = random() % 4; n > 0; --n) spec.words.push_back(pieces[random() % pieces.size()]);
    if (random() % 3 == 0) spec.words = {"wc -c < {1}; echo {#}; cat {}"};
    if (random() % 3 == 0) spec.env = {{"NAME", pieces[random() % pieces.size()]}};
    const bool tupled = random() % 2 == 0;
    std::vector<Record> records;
    for (auto n = random() % 4 + 1; n > 0; --n) {
      const std::string text(random() % 20, 'x');
      records.push_back(tupled ? tuple({text, "abc"}) : line(text));
    }
    Words warnings;
    const Context context = tupled ? tuples(2) : batches();
    const auto compiled = CommandTemplate::compile(spec, context, warnings);
    ASSERT_TRUE(compiled) << compiled.error().message;
    const auto built = compiled->build({records, JobId{12345}, 17});
    ASSERT_TRUE(built) << built.error().message;
    std::size_t bytes = 0, promised = compiled->fixed_bytes();
    for (const std::string& word : built->argv) bytes += word.size() + 1;
    for (const std::string& entry : built->env) bytes += entry.size() + 1;
    std::size_t words = compiled->fixed_words();
    JobFill fill;
    for (const Record& record : records) {
      promised += compiled->record_bytes(record, fill);
      words += compiled->record_words();
    }
    EXPECT_LE(bytes, promised) << paste(*built);
    EXPECT_LE(built->argv.size() + built->env.size(), words) << paste(*built);
    if (HasFailure()) return;
  }
}

// What records say is what their jobs get, whatever forms they take: batches of rows, of which some
// parts are used, once, again for each record, or not at all.
TEST(Command, CountsTheBytesThatJobsGetOfTheirRecords) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const Words pieces = {"{}", "{/}", "--x={}", "{1}", "{3}", "lit", "{//}{.}", "a{}b{4}{2/}", ""};
  int built_ones = 0;
  for (int i = 0; i < 800; ++i) {
    CommandSpec spec = command({"prog"});
    for (auto n = random() % 3 + 1; n > 0; --n) {
      spec.words.push_back(pieces[random() % pieces.size()]);
    }
    if (random() % 3 == 0) spec.words = {"wc -c < {1}; echo {3//} \"{/}\"; cat {}"};
    if (random() % 3 == 0) spec.stdin_mode = StdinMode::record;
    std::vector<Record> records;
    for (auto n = random() % 4 + 1; n > 0; --n) {
      const std::string text(random() % 20, "x/."[random() % 3]);
      records.push_back(tuple({text, "a/bc"}));
    }
    Words warnings;
    const auto compiled = CommandTemplate::compile(spec, batches(), warnings);
    ASSERT_TRUE(compiled) << compiled.error().message;
    const auto built = compiled->build({records, JobId{12345}, 17});
    if (!built) continue;  // no field 4
    ++built_ones;
    std::size_t bytes = 0, promised = compiled->fixed_bytes();
    for (const std::string& word : built->argv) bytes += word.size() + 1;
    JobFill fill;
    for (const Record& record : records) promised += compiled->record_bytes(record, fill);
    EXPECT_EQ(bytes, promised) << paste(*built);
    if (HasFailure()) return;
  }
  EXPECT_GT(built_ones, 200);
}

TEST(Command, CountsOfALongRecordWhatIsUsed) {
  const std::string huge(200'000, 'z');
  const auto bytes = [&](const Words& words, StdinMode stdin_mode = StdinMode::null) {
    CommandSpec spec = command(words);
    spec.stdin_mode = stdin_mode;
    Context context;
    context.scheme.kind = FieldScheme::Kind::numbered;
    Words warnings;
    const auto compiled = CommandTemplate::compile(spec, context, warnings);
    JobFill fill;
    return compiled->record_bytes(tuple({"ab", "/" + huge + "/s.gz"}), fill);
  };
  EXPECT_EQ(bytes({"echo", "{1}"}), 2u);
  EXPECT_EQ(bytes({"echo {1}"}), 2u);
  EXPECT_EQ(bytes({"echo {#}; : {1}"}), 2u);
  EXPECT_EQ(bytes({"echo", "{2/.}"}), 1u);
  EXPECT_EQ(bytes({"echo", "{/}"}), 5u) << "with its NUL, as it is a word for each record";
  EXPECT_EQ(bytes({"echo", "{@^.}"}), 2u);
  EXPECT_EQ(bytes({"wc -c; : {1}"}, StdinMode::record), 2u);
  EXPECT_GT(bytes({"echo", "{2}"}), huge.size());
  EXPECT_GT(bytes({"echo"}), huge.size());
}

TEST(Command, CountsNumbersOnThroughABatchOfRows) {
  const FieldNames names{"a", "b"};
  Context context = table(names);
  context.several = true;
  context.most_records = 2;
  const std::vector<Record> rows{row(names, {"1", "2"}), row(names, {"3", "4"})};
  const auto words = [&](const std::vector<Record>& records) {
    return launch(command({"echo", "{1}", "{3}", "{b}"}), context, records).argv;
  };
  EXPECT_EQ(words(rows), (Words{"echo", "1", "3", "2", "4"}));
  EXPECT_EQ(words({row(names, {"1"}), row(names, {"3", "4"})})[0].substr(0, 11), "not started");
  const std::vector<Record> first_is_short{row(names, {"1"}), row(names, {"3", "4"})};
  EXPECT_EQ(launch(command({"echo", "{3}"}), context, first_is_short).argv, (Words{"echo", "3"}))
      << "a short row has as many numbers as the others";
  EXPECT_EQ(launch(command({"echo", "{3}"}), context, {rows[0]}).argv,
            Words{"not started: no field 3 in this record"});
  EXPECT_TRUE(refusal(command({"echo", "{5}"}), context).starts_with("{5}: no such field"));
  context.most_records = 0;
  EXPECT_EQ(refusal(command({"echo", "{5}"}), context), "(accepted)");
}

TEST(Command, CountsWhatARecordAddsToAnArgvExactly) {
  Words warnings;
  const auto compiled = CommandTemplate::compile(command({"rm", "-f"}), batches(), warnings);
  EXPECT_EQ(compiled->fixed_bytes(), 6u);
  EXPECT_EQ(compiled->fixed_words(), 2u);
  JobFill fill;
  EXPECT_EQ(compiled->record_bytes(line("abc"), fill), 4u);
  EXPECT_EQ(compiled->record_words(), 1u);
}

TEST(Command, CountsOneWordAsItCountsSeveral) {
  const auto bytes = [](const Words& words) {
    Words warnings;
    const auto compiled = CommandTemplate::compile(command(words), table({"id", "text"}), warnings);
    const Record record = row({"id", "text"}, {{"1234"}, {std::string(1000, 'x')}});
    JobFill fill;
    return compiled->record_bytes(record, fill);
  };
  EXPECT_EQ(bytes({"wc", "-c", "{}"}), 8u);
  EXPECT_EQ(bytes({"wc -c {}"}), 8u);
  EXPECT_EQ(bytes({"wc -c < {}"}), 8u);
  EXPECT_EQ(bytes({"wc -c < \"$1\""}), 8u);
  EXPECT_EQ(bytes({"cmp {} {/} && date"}), bytes({"cmp", "{}", "{/}"}));
  EXPECT_LT(bytes({"echo {id} && date"}), 10u);
  EXPECT_LT(bytes({"echo", "{id}"}), 10u);
}

// ---- paste

Launch made(Words words) {
  Launch launch;
  launch.argv = std::move(words);
  return launch;
}

TEST(Paste, IsALineForAShell) {
  EXPECT_EQ(paste(made({"gzip", "-9", "a b", "it's"})), "gzip -9 'a b' 'it'\\''s'");
  EXPECT_EQ(paste(made({"sh", "-c", "wc -c < \"$1\"", "sh", "a b"})),
            "sh -c 'wc -c < \"$1\"' sh 'a b'");
  Launch whole = made({"make", "x"});
  whole.workdir = "a b";
  whole.env = {"A=1 2", "B="};
  whole.stdin_text = "x y\nz\n";
  EXPECT_EQ(paste(whole), "printf '%s\\n' 'x y' z | (cd 'a b' && A='1 2' B='' make x)");
  EXPECT_EQ(paste(made({"echo", "a"})), "echo a");
}

TEST(Paste, GetsPastTheShellsBuiltins) {
  EXPECT_EQ(paste(made({"echo", "a\\tb"})), "env echo 'a\\tb'");
  EXPECT_EQ(paste(made({"exec", "x"})), "env exec x");
  EXPECT_EQ(paste(made({"printf", "%s <%s>\\n", "a\\x"})), "printf '%s <%s>\\n' 'a\\x'");
  EXPECT_EQ(paste(made({"A=b", "x"})), "'A=b' x");
}

std::string output_of(const std::string& line) {
  FILE* pipe = popen(line.c_str(), "r");
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  pclose(pipe);
  return output;
}

TEST(Paste, DoesInAShellWhatTheLaunchDoes) {
  const std::string strange = "a'b\"$(x) `y` \\n\n ~*?[!#&|;<>(){}\x01\x7f\xff end";
  EXPECT_EQ(output_of(paste(made({"printf", "%s", strange}))), strange);
  EXPECT_EQ(output_of(paste(made({"echo", strange}))), strange + "\n");
  Launch launch = made({"/bin/sh", "-c", "printf '%s|' \"$PWD\" \"$X\"; cat"});
  launch.workdir = "/usr";
  launch.env = {"X=" + strange};
  launch.stdin_text = std::string("\0%\\-\0", 5) + "\n\n" + strange + "\n";
  EXPECT_EQ(output_of(paste(launch)), "/usr|" + strange + "|" + *launch.stdin_text);
  launch.stdin_text = "-n\n\n" + strange + "\n";
  EXPECT_EQ(output_of(paste(launch)), "/usr|" + strange + "|" + *launch.stdin_text);
}

}  // namespace
}  // namespace distaff::command_test
