// What people are shown of a job that is a script.

#include <gtest/gtest.h>

#include "compose/command.h"
#include "compose/line.h"

namespace distaff::script_line_test {
namespace {

using Values = std::vector<std::string>;

// The line for a job with these records.
std::string shown(const CommandSpec& spec, const Values& values, bool batch = false) {
  CommandTemplate::Context context;
  context.several = batch;
  std::vector<std::string> warnings;
  const auto command = CommandTemplate::compile(spec, context, warnings);
  if (!command) return command.error().message;
  std::vector<Record> records;
  for (const std::string& value : values) records.push_back(line(value));
  const auto launch = command->build({records, JobId{7}, 1});
  return launch ? paste(*launch) : launch.error().message;
}

std::string shown(const std::string& script, const std::string& value) {
  CommandSpec spec;
  spec.words = {script};
  return shown(spec, {value});
}

TEST(ScriptLine, HasTheValuesAsOneWouldWriteThem) {
  EXPECT_EQ(shown("gzip -c {} > {}.gz", "b c"), "gzip -c 'b c' > 'b c'.gz");
  EXPECT_EQ(shown("gzip -c {} > {}.gz", "b"), "gzip -c b > b.gz");
  EXPECT_EQ(shown("sort '{}' | wc", "it's"), "sort 'it'\\''s' | wc");
  EXPECT_EQ(shown("awk '/{}/ {print $1}' f | wc", "a b"), "awk '/a b/ {print $1}' f | wc");
  EXPECT_EQ(shown("grep \"<{}>\" f | wc", "a b$c"), "grep \"<a b\\$c>\" f | wc");
  EXPECT_EQ(shown("cat ${x:-{}} | wc", "b"), "cat ${x:-'b'} | wc");
  EXPECT_EQ(shown("head -n $(({}+1)) f", "-3"), "(head -n $((-3+1)) f)");
  EXPECT_EQ(shown("wc -l $(ls {})", "a b"), "wc -l $(ls 'a b')");
  EXPECT_EQ(shown("wc -l `ls {}`", "a b"), "wc -l `ls 'a b'`");
}

TEST(ScriptLine, LetsNoValueBecomeMoreThanItIs) {
  EXPECT_EQ(shown("{}hen | wc", "t"), "('t'hen | wc)");
  EXPECT_EQ(shown("{}=x | wc", "a"), "('a'=x | wc)");
  EXPECT_EQ(shown("{} | wc", "a=b"), "'a=b' | wc");
  EXPECT_EQ(shown("ls ~{} | wc", "root"), "ls ~'root' | wc");
  EXPECT_EQ(shown("ls {}#x | wc", ""), "ls ''#x | wc");
  EXPECT_EQ(shown("ls {}>f", "2"), "ls '2'>f");
  EXPECT_EQ(shown("ls [a{}z] | wc", "-"), "ls [a'-'z] | wc");
  EXPECT_EQ(shown("ls $x{} | wc", "a"), "ls $x'a' | wc");
  EXPECT_EQ(shown("ls \"$x{}\" | wc", "a"), "ls \"$x\"\"a\" | wc");
  EXPECT_EQ(shown("ls \"{}\" | wc", "a!b"), "ls \"a\"'!'\"b\" | wc");
  EXPECT_EQ(shown("case {} in {}) ls;; esac", "esac"), "case 'esac' in 'esac') ls;; esac");
}

TEST(ScriptLine, IsOneLineWhereThatIsPossible) {
  EXPECT_EQ(shown("\n  # why\n  if [ -e {} ]\n  then\n    rm {}  # all\n  fi\n\n  ls\n", "a b"),
            "if [ -e 'a b' ]; then rm 'a b'; fi; ls");
  EXPECT_EQ(shown("case {} in\n  a)\n    ls\n    ;;\n  *) ls |\n    wc ;;\nesac", "a"),
            "case a in a) ls; ;; *) ls | wc ;; esac");
  EXPECT_EQ(shown("ls \\\n  -l {} |\nwc &&\nls", "a"), "ls   -l a | wc && ls");
  EXPECT_EQ(shown("cat <<E\nhi {}!\nE\n", "a b"), "cat <<E\nhi a b!\nE\n");
  EXPECT_EQ(shown("ls {} | wc", "a\nb"), "ls 'a\nb' | wc");
}

TEST(ScriptLine, LeavesTheShellAsItWas) {
  EXPECT_EQ(shown("cd {} && make", "a b"), "(cd 'a b' && make)");
  EXPECT_EQ(shown("x={}; ls \"$x\"", "a"), "(x=a; ls \"$x\")");
  EXPECT_EQ(shown("for x in 1 2; do ls {}; done", "a"), "(for x in 1 2; do ls a; done)");
  EXPECT_EQ(shown("ls {} || exit 3", "a"), "(ls a || exit 3)");
  EXPECT_EQ(shown("(cd {}; ls); cd x", "a"), "( (cd a; ls); cd x)");
  EXPECT_EQ(shown("cat <<E; cd {}\nx\nE\n", "a"), "(cat <<E; cd a\nx\nE\n\n)");
}

TEST(ScriptLine, HasDirectoryEnvironmentAndStdinWhereTheyAreNeeded) {
  CommandSpec spec;
  spec.words = {"make {} > log"};
  spec.workdir = "{}";
  EXPECT_EQ(shown(spec, {"a b"}), "(cd 'a b' && make 'a b' > log)");
  spec.env = {{"A", "{}"}};
  EXPECT_EQ(shown(spec, {"a b"}), "(cd 'a b' && A='a b' make 'a b' > log)");
  spec.workdir.clear();
  EXPECT_EQ(shown(spec, {"a b"}), "A='a b' make 'a b' > log");
  spec.words = {"echo $A; ls"};
  EXPECT_EQ(shown(spec, {"a b"}), "(export A='a b'; echo $A; ls)");
  spec.workdir = "d";
  EXPECT_EQ(shown(spec, {"a b"}), "(cd d || exit; export A='a b'; echo $A; ls)");
  spec = {};
  spec.stdin_mode = StdinMode::record;
  spec.words = {"sort | uniq"};
  EXPECT_EQ(shown(spec, {"a b"}), "printf '%s\\n' 'a b' | sort | uniq");
  spec.words = {"sort; ls"};
  EXPECT_EQ(shown(spec, {"a b"}), "printf '%s\\n' 'a b' | (sort; ls)");
}

TEST(ScriptLine, GivesANamedShellItsText) {
  CommandSpec spec;
  spec.words = {"diff <(sort {}) x"};
  spec.shell = {"bash"};
  EXPECT_EQ(shown(spec, {"a"}), "bash -c 'diff <(sort a) x'");
  EXPECT_EQ(shown(spec, {"a b"}), "bash -c \"diff <(sort 'a b') x\"");
  EXPECT_EQ(shown(spec, {"a $b"}), "bash -c 'diff <(sort '\\''a $b'\\'') x'");
  spec.words = {"echo \"$1\" {}"};
  EXPECT_EQ(shown(spec, {"a"}), "bash -c 'D1=$1;shift 1;echo \"$1\" \"${D1}\"' bash a a");
}

TEST(ScriptLine, HasTheWordsOfABatch) {
  CommandSpec spec;
  spec.words = {"cat {} > all; echo '{}'"};
  EXPECT_EQ(shown(spec, {"a b", "c"}, true), "cat 'a b' c > all; echo 'a b c'");
  spec.words = {"wc | cat {}"};
  EXPECT_EQ(shown(spec, {"a", "b c"}, true), "wc | cat a 'b c'");
  spec.words = {"cat a$HOME"};
  EXPECT_EQ(shown(spec, {"a", "b c"}, true), "cat a$HOME a 'b c'");
}

TEST(ScriptLine, OfARecordThatIsAScriptIsTheRecord) {
  EXPECT_EQ(shown(CommandSpec{}, {"gzip -9 a | wc  # all"}), "gzip -9 a | wc");
  EXPECT_EQ(shown(CommandSpec{}, {"cd a; ls"}), "(cd a; ls)");
  EXPECT_EQ(shown(CommandSpec{}, {"if"}), "/bin/sh -c if");
}

TEST(ScriptLine, IsGivenToItsOwnShellWhereAnotherWouldDoSomethingElse) {
  EXPECT_EQ(shown("ls {} > $$", "a"), "/bin/sh -c 'ls a > $$'");
  EXPECT_EQ(shown("grep \"!x\" {} | wc", "a b"), "/bin/sh -c 'grep \"!x\" '\\''a b'\\'' | wc'");
  EXPECT_EQ(shown("{} | wc", "then"), "/bin/sh -c \"'then' | wc\"");
  for (const char* script : {"ls {a,b}{} | wc", "echo -e {}", "ls x=~ {} | wc", "ls $RANDOM {}",
                             "printf {} | wc", "set; ls {}", "set -o | wc; ls {}", "trap >f; ls {}",
                             "alias x=ls; x {}", "echo {} 'a\\b'"}) {
    EXPECT_TRUE(shown(script, "a").starts_with("/bin/sh -c "));
    EXPECT_EQ(shown(script, "a").find("D1"), std::string::npos);
  }
  EXPECT_EQ(shown("echo {} | wc", "a\\b"), "/bin/sh -c 'echo '\\''a\\b'\\'' | wc'");
  EXPECT_EQ(shown("echo {} | wc", "-n"), "/bin/sh -c 'echo -n | wc'");
}

// The long form is what the shell is given.
TEST(ScriptLine, IsTheLongFormWhereNoOtherMeansTheSame) {
  const auto is_long = [](const std::string& script, const std::string& value) {
    return shown(script, value).starts_with("/bin/sh -c 'D1=$1;") ||
           shown(script, value).ends_with(" sh " + value);
  };
  for (const char* script :
       {"ls \"$1\" | wc", "ls \"$@\" | wc", "ls \"${1%.txt}\" | wc", "set -- {}; ls \"$1\"",
        "f() { ls \"$1\"; }; f {}", "shift; ls {}", "echo $0 {}", ". {}; ls"}) {
    EXPECT_TRUE(is_long(script, "a")) << script << ": " << shown(script, "a");
  }
  EXPECT_TRUE(is_long("cat <<E\n{}\nE\n", "a\nE\nb"));
  EXPECT_TRUE(is_long("cat <<E\n{}\nE\n", "E"));
  EXPECT_TRUE(is_long("cat <<E\n{}\nE\n", "E\xc3\xa9"));
  EXPECT_FALSE(is_long("cat <<E\n{}\nE\n", "x\xc3\xa9"));
  EXPECT_TRUE(is_long("ls \"${x:-{}}\" | wc", "}"));
  EXPECT_TRUE(is_long("ls `cat {}` | wc", "it's"));
}

}  // namespace
}  // namespace distaff::script_line_test
