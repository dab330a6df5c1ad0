#include "compose/shell_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace distaff::shell_script_test {
namespace {

ShellScriptOptions with_fields() {
  ShellScriptOptions options;
  options.syntax.scheme = {.kind = FieldScheme::Kind::named, .names = {"name", "id"}, .count = {}};
  return options;
}

// The text behind the prelude; or the error.
std::string spelled(std::string_view script, const ShellScriptOptions& options = {}) {
  const auto compiled = compile_shell_script(script, options);
  if (!compiled) return "error: " + compiled.error().message;
  const std::size_t prelude = compiled->values.empty() ? 0 : compiled->text.find("shift ");
  const std::size_t end = compiled->values.empty() ? 0 : compiled->text.find(';', prelude) + 1;
  return compiled->text.substr(end);
}

ShellScript compiled(std::string_view script, const ShellScriptOptions& options = {}) {
  auto result = compile_shell_script(script, options);
  EXPECT_TRUE(result) << script << "\n" << result.error().message;
  return result.value_or(ShellScript{});
}

struct Spelling {
  const char* script;
  const char* text;
};

TEST(ShellScript, SpellsAReplacementForTheQuotingAroundIt) {
  const Spelling table[] = {
      {"wc {}", "wc \"${D1}\""},
      {"wc a{}b", "wc a\"${D1}\"b"},
      {"wc \"{}\"", "wc \"${D1}\""},
      {"wc \"a {} b\"", "wc \"a ${D1} b\""},
      {"wc '{}'", "wc \"${D1}\""},
      {"wc ''{}'' 'x{}'", "wc ''\"${D1}\"'' 'x'\"${D1}\""},
      {"wc 'a {} b'", "wc 'a '\"${D1}\"' b'"},
      {"{} x", "\"${D1}\" x"},
      {"wc $(cat {})", "wc $(cat \"${D1}\")"},
      {"wc \"$(cat {})\"", "wc \"$(cat \"${D1}\")\""},
      {"wc \"$(cat \"{}\")\"", "wc \"$(cat \"${D1}\")\""},
      {"wc `cat {}`", "wc `cat \"${D1}\"`"},
      {"wc \"`cat {}`\"", "wc \"`cat \"${D1}\"`\""},
      {"wc ${x:-{}}", "wc ${x:-\"${D1}\"}"},
      {"wc ${x:-\"{}\"}", "wc ${x:-\"${D1}\"}"},
      {"wc \"${x:-{}}\"", "wc \"${x:-${D1}}\""},
      {"wc \"${x#{}}\"", "wc \"${x#\"${D1}\"}\""},
      {"wc ${x%%{}}", "wc ${x%%\"${D1}\"}"},
      {"cat <<E\n{} '{}' \"{}\"\nE\n", "cat <<E\n${D1} '${D1}' \"${D1}\"\nE\n"},
      {"cat <<-E\n\t{}\n\tE", "cat <<-E\n\t${D1}\n\tE"},
      {"cat <<'E' {}\n$x\nE\n", "cat <<'E' \"${D1}\"\n$x\nE\n"},
      {"cat <<A <<B\n{}\nA\n{}\nB\n", "cat <<A <<B\n${D1}\nA\n${D1}\nB\n"},
      {"echo $(({}+1))", "echo $((${D1}+1))"},
      {"echo $((1-{}))", "echo $((1- ${D1}))"},
      {"echo $((10#{}))", "echo $((10#${D1}))"},
      {"echo \"$(( ({}) * (2) ))\"", "echo \"$(( (${D1}) * (2) ))\""},
      {"case {} in {}|a) echo {};; esac", "case \"${D1}\" in \"${D1}\"|a) echo \"${D1}\";; esac"},
      {"x=$(case {} in (a) b;; c) esac)", "x=$(case \"${D1}\" in (a) b;; c) esac)"},
      {"cat < {} > {}", "cat < \"${D1}\" > \"${D1}\""},
      {"f() { wc {}; }; f", "f() { wc \"${D1}\"; }; f"},
      {"for x in {} b; do :; done", "for x in \"${D1}\" b; do :; done"},
      {"echo a[1]{} [{}]", "echo a[1]\"${D1}\" [\"${D1}\"]"},
      {"if true; then wc {}; fi >x", "if true; then wc \"${D1}\"; fi >x"},
      {"wc {} 2>&1", "wc \"${D1}\" 2>&1"},
      {"$'a\\n' {}", "$'a\\n' \"${D1}\""},
  };
  for (const auto& [script, text] : table) EXPECT_EQ(spelled(script), text) << script;
}

TEST(ShellScript, KnowsABackslashFromAnEscape) {
  EXPECT_EQ(spelled("echo \\{} {}"), "echo \\{} \"${D1}\"");
  EXPECT_EQ(spelled("echo \\\\{}"), "echo \\\\\"${D1}\"");
  EXPECT_EQ(spelled("echo \"\\{}\""), "echo \"\\\\${D1}\"");
  EXPECT_EQ(spelled("echo \"\\\\{}\""), "echo \"\\\\${D1}\"");
  EXPECT_EQ(spelled("cat <<E\n\\{}\nE"), "cat <<E\n\\\\${D1}\nE");
  EXPECT_EQ(spelled("echo '\\{}'"), "echo '\\'\"${D1}\"");
  EXPECT_EQ(spelled("echo \\${} "), "echo \\$\"${D1}\" ");
  EXPECT_EQ(spelled("echo \"$x\\\"{}\""), "echo \"$x\\\"${D1}\"");
}

TEST(ShellScript, LeavesTheShellsOwnBracesAndThoseOfOthers) {
  for (const char* script : {"echo ${HOME} \"${x}\" '${name}'", "docker ps --format '{{.}}'",
                             "awk '{print $1}'", "echo {a,b} {1..3}", "{ echo a; }",
                             "echo $$ $? ${#} ${x:-y} ${x%.txt}", "echo a # {}", "\\{}"}) {
    const ShellScript script_of = compiled(script);
    EXPECT_EQ(script_of.text, script);
    EXPECT_TRUE(script_of.values.empty()) << script;
    EXPECT_FALSE(script_of.uses_records) << script;
  }
  EXPECT_EQ(spelled("echo $${}"), "echo $$\"${D1}\"");
  EXPECT_EQ(spelled("echo \"$x{}\""), "echo \"$x${D1}\"");
}

TEST(ShellScript, TakesACommentOnlyWhereAWordBegins) {
  EXPECT_EQ(spelled("echo {} # it's {} \"\necho {}"),
            "echo \"${D1}\" # it's {} \"\necho \"${D1}\"");
  EXPECT_EQ(spelled("echo {}#{}"), "echo \"${D1}\"#\"${D1}\"");
  EXPECT_EQ(spelled("echo ''#{}"), "echo ''#\"${D1}\"");
  EXPECT_EQ(spelled("echo a\\\n#{}"), "echo a\\\n#\"${D1}\"");
  EXPECT_EQ(spelled("echo;#{}\nwc {}"), "echo;#{}\nwc \"${D1}\"");
  EXPECT_EQ(spelled("(echo {})#{}"), "(echo \"${D1}\")#{}");
}

TEST(ShellScript, GivesEachDistinctReplacementAVariableThatTheScriptDoesNotHold) {
  const ShellScript script = compiled("echo {} {/.} {} {#} {%}");
  EXPECT_EQ(
      script.text,
      "D1=$1;D2=$2;D3=$3;D4=$4;shift 4;echo \"${D1}\" \"${D2}\" \"${D1}\" \"${D3}\" \"${D4}\"");
  EXPECT_TRUE(script.uses_records);
  ASSERT_EQ(script.values.size(), 4u);
  EXPECT_EQ(script.values[1].replacement.spelled, "{/.}");
  EXPECT_FALSE(compiled("echo {#}").uses_records);

  EXPECT_EQ(compiled("D1=x; echo {}").text, "D2=$1;shift 1;D1=x; echo \"${D2}\"");
  ShellScriptOptions options;
  options.taken_names = {"D1", "D2"};
  EXPECT_EQ(compiled("echo {}", options).text, "D3=$1;shift 1;echo \"${D3}\"");

  options.syntax.scheme.kind = FieldScheme::Kind::numbered;
  std::string many = "echo";
  for (int i = 1; i <= 10; ++i) many += fmt::format(" {{{}}}", i);
  EXPECT_NE(compiled(many, options).text.find("=${10};shift 10;"), std::string::npos);
}

TEST(ShellScript, TakesTheReplacementStringOfTheUser) {
  ShellScriptOptions options;
  options.syntax.replacement = "%";
  EXPECT_EQ(spelled("echo % ${x%y} '%' {}", options), "echo \"${D1}\" ${x%y} \"${D1}\" {}");
  EXPECT_EQ(spelled("echo % \"a%\" {} \\% \"$%\"", options),
            "echo \"${D1}\" \"a${D1}\" {} \\% \"\\$${D1}\"");
  options.syntax.replacement = "%{}";
  EXPECT_EQ(spelled("echo %{} '%{/}' {}", options), "echo \"${D1}\" \"${D2}\" {}");
}

struct Refusal {
  const char* script;
  const char* says;
};

TEST(ShellScript, RefusesWhereAShellWouldEvaluateTheValueOrGuess) {
  const Refusal table[] = {
      {"echo >&{}", "{} in the target of >&"},
      {"echo >& \"a{}\"", "target of >&"},
      {"cat <&{}", "target of >& or <&"},
      {"echo >&$(echo {})", "target of >&"},
      {"a |& b &&>&{}", "target of >&"},
      {"echo {} &>x", "has &>"},
      {"cat <<'E'\n{}\nE\n", "here-document with a quoted end word"},
      {"cat <<\\E\n'{}'\nE\n", "here-document with a quoted end word"},
      {"cat <<{}\nx\n{}\n", "end word that is not plain"},
      {"cat <<E {}\nx", "without its end"},
      {"cat <<E {}", "without a body"},
      {"x=$(cat <<E {})\nx\nE\n", "without a body"},
      {"cat <<E\nx\\\nE\n{}\nE\n", "backslash before its end word"},
      {"cat <<E \"\nx\nE\n\" {}\nE\n", "newline in quotes"},
      {"echo $'{}'", "in $'…'"},
      {"echo $'\\'' {}", "$'…' with \\'"},
      {"echo $'\\\\' {}", "$'…' with \\'"},
      {"echo $[1] {}", "has $["},
      {"echo \"$[1]\" {}", "has $["},
      {"echo ${x/{}/a}", "replacement in ${…}"},
      {"echo ${x:{}}", "replacement in ${…}"},
      {"echo \"${x[{}]}\"", "replacement in ${…}"},
      {"echo ${!x{}}", "replacement in ${…}"},
      {"echo ${x^{}}", "replacement in ${…}"},
      {"echo ${x@{}}", "replacement in ${…}"},
      {"echo ${#{}}", "replacement in ${…}"},
      {"echo \"${x:-'{}'}\"", "quotes"},
      {"echo \"${x:-{}\"a\"}\"", "quotes beside a replacement"},
      {"echo \"${x:-a'b}\" {}", "quotes"},
      {"cat <<E\n${x#{}}\nE\n", "pattern"},
      {"echo \"${x:-\\{}}\"", "backslash"},
      {"echo ${ echo {};}", "has ${ with a blank"},
      {"a[{}]=1", "in a subscript"},
      {"unset a[b[1]{}]", "in a subscript"},
      {"echo \"$x[{}]\"", "in a subscript, which zsh"},
      {"echo $~x[1][{}]", "in a subscript, which zsh"},
      {"echo $#x[{}]", "in a subscript, which zsh"},
      {"a[1 ]=2; echo {}", "without its ]"},
      {"a=({})", "parentheses in or after a word"},
      {"a=(b); echo {}", "parentheses in or after a word"},
      {"((x)); echo {}", "has (("},
      {"for ((i=0;i<3;i++)); do echo {}; done", "has for (("},
      {"echo $((echo {}) )", "$(("},
      {"echo $((1) + {})", "not closed by ))"},
      {"echo $(('{}'))", "in $((…))"},
      {"[[ {} -eq 1 ]]", "has -eq in [[ ]]"},
      {"[[ -v x ]] && echo {}", "has -v in [[ ]]"},
      {"[[ {} = (a) ]]", "parentheses"},
      {"[[ x || {} ]]", "after && or ||"},
      {"[[ {} = x", "without its ]]"},
      {"ls {}(e:x:)", "parentheses joined to a word"},
      {"echo @(a|{})", "parentheses"},
      {"echo `echo \\`x\\`` {}", "backquotes with a backslash"},
      {"echo \"{}", "that nothing closes"},
      {"echo '{}", "that nothing closes"},
      {"echo $({}", "that nothing closes"},
      {"echo ${x:-{}", "that nothing closes"},
      {"echo `{}", "that nothing closes"},
      {"(echo {}", "that nothing closes"},
      {"{ echo {};", "that nothing closes"},
      {"if true; then {}", "that nothing closes"},
      {"case {} in a) b", "that nothing closes"},
      {"echo {})", "without its ("},
      {"echo {}; }", "without its beginning"},
      {"echo {}\\", "ends in a backslash"},
      {"echo ${x:-''{}}", "empty quotes"},
      {"RANDOM={}", "variable that the shell evaluates"},
      {"PS4=\"{}\" set -x", "variable that the shell evaluates"},
      {"export OPTIND=a{}", "variable that the shell evaluates"},
      {": \"${RANDOM:={}}\"", "in ${X=…}"},
      {": ${x:={}}", "in ${x=…} without double quotes"},
      {"FOO=1 case {} in a) ;; esac", "where shells differ"},
      {"select x in {}; do :; done", "has select"},
      {"time { echo {}; }", "time before a compound"},
      {"coproc cat {}", "has coproc"},
      {"f() echo {}", "body is a simple command"},
      {"echo {} >\\\n& x", "split by a backslash"},
      {"echo \"$\\\n{}\"", "$ before a backslash"},
      {"echo {} &| cat", "only zsh knows"},
      {"echo ${}", "write {} for the record"},
  };
  for (const auto& [script, says] : table) {
    const auto result = compile_shell_script(script, {});
    ASSERT_FALSE(result) << script << "\nbecame " << result->text;
    EXPECT_NE(result.error().message.find(says), std::string::npos)
        << script << "\nsays " << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos) << script;
    EXPECT_EQ(result.error().status, 2);
  }
}

TEST(ShellScript, MayHoldAnythingIfItHoldsNoReplacement) {
  for (const char* script :
       {"((x > 1))", "a=(b c); echo ${a[1]}", "[[ $1 -eq 3 ]]", "echo `echo \\`x\\``", "echo $[1]",
        "select x in a; do break; done", "cat <<'E'\n${x}\nE", "echo \"unclosed"}) {
    const ShellScript result = compiled(script);
    EXPECT_EQ(result.text, script);
    EXPECT_FALSE(result.appendable) << script;
  }
  EXPECT_TRUE(compiled("[[ $1 -eq 3 ]]").speaks_of_arguments);
  EXPECT_FALSE(compiled("((x > 1))").speaks_of_arguments);
  EXPECT_NE(compiled("((x > 1))").not_understood, "");
  EXPECT_FALSE(compile_shell_script("echo '${}' \"${}\"", {}));
  EXPECT_EQ(compiled("echo '${}'").text, "echo '${}'");
}

TEST(ShellScript, NamesAFieldThatIsNotThere) {
  const auto result = compile_shell_script("echo {nam}", with_fields());
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("name"), std::string::npos);
  EXPECT_EQ(spelled("echo {name} '{id}' ${name}", with_fields()),
            "echo \"${D1}\" \"${D2}\" ${name}");
  EXPECT_EQ(compiled("echo ${name} \"${x}${name}\" '${id}'", with_fields()).braced_names,
            (std::vector<std::string>{"name", "x"}));
}

TEST(ShellScript, IsAppendableOnlyInTheArgumentsOfOnePlainCommand) {
  for (const char* script : {"gzip", "gzip -9", "echo 'a b' \"c\"", "echo $(date)", "echo `date`",
                             "gzip -9\n", "gzip \\\n -9", "echo a#b", "echo ${x}", "gzip  \n \n"}) {
    EXPECT_TRUE(compiled(script).appendable) << script;
    EXPECT_FALSE(compiled(script).compound) << script;
  }
  for (const char* script : {"sleep 1;",
                             "FOO=1",
                             "FOO=1 env",
                             ">log",
                             "cmd >log",
                             "cmd &",
                             "a | b",
                             "a && b",
                             "a # b",
                             "",
                             "for x in a; do b; done",
                             "{ a; }",
                             "(a)",
                             "! a",
                             "a\nb",
                             "\na",
                             "if a; then b; fi",
                             "[[ a ]]",
                             "case a in b) c;; esac",
                             "f() { a; }",
                             "time a",
                             "cat <<E\nE\n",
                             "cat <(a)",
                             "# only"}) {
    EXPECT_FALSE(compiled(script).appendable) << script;
    EXPECT_EQ(compiled(script).compound, *script != '\0') << script;
  }
  EXPECT_EQ(compiled("gzip -9\n\n").text, "gzip -9");
}

TEST(ShellScript, SeesWhenAScriptSpeaksOfItsArguments) {
  for (const char* script :
       {"echo $1", "echo \"$@\"", "echo \"ids=$*\"", "echo $#", "echo ${1%.txt}", "echo ${10}",
        "echo \"${@:2}\"", "echo $(cat \"$1\")", "cat <<E\n$1\nE\n", "for x; do echo $x; done",
        "while [ $# -gt 0 ]; do shift; done", "echo ${1@Q}", "shift", "echo ${#}",
        "echo $((  $1 ))"}) {
    EXPECT_TRUE(compiled(script).speaks_of_arguments) << script;
  }
  for (const char* script : {"echo '$1'", "awk '{print $1}'", "echo \\$1", "echo $0 $x ${x} $$ $?",
                             "cat <<'E'\n$1\nE\n", "echo a # $1", "for x in a; do :; done"}) {
    EXPECT_FALSE(compiled(script).speaks_of_arguments) << script;
  }
}

// ---- batches

ShellScriptOptions in_a_batch() {
  ShellScriptOptions options;
  options.batch = true;
  options.syntax.scheme = {.kind = FieldScheme::Kind::numbered, .names = {}, .count = {}};
  return options;
}

TEST(ShellScript, SpeaksOfTheRecordsInABatch) {
  const Spelling table[] = {
      {"wc {}", "wc \"$@\""},
      {"wc {}; ls", "wc \"$@\"; ls"},
      {"wc {}>x", "wc \"$@\">x"},
      {"for f in {}; do wc $f; done", "for f in \"$@\"; do wc $f; done"},
      {"echo \"all {}\"", "echo \"all $*\""},
      {"echo 'all {}'", "echo 'all '\"$*\""},
      {"cat <<E\n{}\nE\n", "cat <<E\n$*\nE\n"},
      {"$(wc {})", "$(wc \"$@\")"},
      {"set -e; wc {}", "set -e; wc \"$@\""},
      {"set -eo pipefail; wc {}", "set -eo pipefail; wc \"$@\""},
      {"echo {1} {2} a{1}", "echo \"${D1}\" \"${D2}\" a\"${D1}\""},
      {"echo {#} {}", "echo \"${D1}\" \"$@\""},
      {"echo \"{/}\"", "echo \"${D1}\""},
      {"f() { wc \"$@\"; }; f {}", "f() { wc \"$@\"; }; f \"$@\""},
  };
  for (const auto& [script, text] : table) EXPECT_EQ(spelled(script, in_a_batch()), text) << script;
  EXPECT_TRUE(compiled("wc {}", in_a_batch()).uses_records);
  EXPECT_TRUE(compiled("wc {}", in_a_batch()).values.empty());
}

TEST(ShellScript, RefusesInABatchWhatNeedsOneWord) {
  const Refusal table[] = {
      {"wc --in={}", "joined to other text"},
      {"wc {}{}", "joined to other text"},
      {"x={}", "joined to other text"},
      {"cat < {}", "where one word is needed"},
      {"case {} in a) ;; esac", "where one word is needed"},
      {"[[ {} = a ]]", "where one word is needed"},
      {"echo $(({}))", "where one word is needed"},
      {"wc {/}", "without quotes"},
      {"f() { wc {}; }; f", "in a function"},
      {"f() ( wc \"{}\" ); f", "in a function"},
      {"function f { wc {}; }; f", "in a function"},
      {"set -- a; wc {}", "changes the arguments"},
      {"wc {}; shift", "changes the arguments"},
      {"set -e a; wc {}", "changes the arguments"},
  };
  for (const auto& [script, says] : table) {
    const auto result = compile_shell_script(script, in_a_batch());
    ASSERT_FALSE(result) << script << "\nbecame " << result->text;
    EXPECT_NE(result.error().message.find(says), std::string::npos)
        << script << "\nsays " << result.error().message;
  }
}

TEST(ShellScript, WarnsOfABatchInQuotes) {
  EXPECT_EQ(compiled("wc \"{}\"", in_a_batch()).warnings.size(), 1u);
  EXPECT_EQ(compiled("wc \"all {}\" {}", in_a_batch()).warnings.size(), 0u);
  EXPECT_EQ(compiled("wc \"{}\"").warnings.size(), 0u);
}

// ---- shells

TEST(ShellScript, OfAnUnknownShellHoldsNoReplacement) {
  ShellScriptOptions options;
  options.allow_values = false;
  EXPECT_FALSE(compile_shell_script("print '{}'", options));
  const ShellScript script = compiled("print(sys.argv[1:]) if (a", options);
  EXPECT_EQ(script.text, "print(sys.argv[1:]) if (a");
  EXPECT_TRUE(script.speaks_of_arguments);
}

TEST(ShellScript, OfBashMayUseItsOwnForms) {
  ShellScriptOptions options;
  options.family = ShellFamily::bash;
  for (const char* script : {"wc {} &>log",
                             "[[ -n {} || {} ]]",
                             "time { wc {}; }",
                             "i=0; ((i++)); echo $i {}",
                             "for ((i=0;i<2;i++)); do echo $i {}; done",
                             "a=(1 2); echo \"${a[0]}\" {}",
                             "declare -A m=([k]=v); echo \"${m[k]}\" {}",
                             "shopt -s extglob; echo !(x) {}",
                             "[[ $i -gt 1 ]] && echo {}",
                             "[[ {} =~ ^(a|b)$ ]]",
                             "select x in {}; do :; done",
                             "coproc cat {}",
                             "echo $'\\'' {}",
                             "echo $[1] {}",
                             "echo \"$x[{}]\"",
                             "m[\"k\"]=1; echo {}",
                             "(( $(wc -l <f) > 2 )) && echo {}",
                             "n=$(wc -l <{}); ((n > 2)) && echo {}",
                             "x={}; declare -A m=([$x]=1); echo ${m[$x]}",
                             "echo \"${x//\\\"/}\" {}",
                             "[[ a\n&& b ]]; ((1)); echo {}",
                             "x=$(({})); ((x > 1))",
                             "x={}; ((${#x} > 1))",
                             "[ \"${x/a/\"b\"}\" = {} ]"}) {
    const auto result = compile_shell_script(script, options);
    EXPECT_TRUE(result) << script << "\n" << result.error().message;
    EXPECT_FALSE(compile_shell_script(script, {})) << script;
  }
}

TEST(ShellScript, OfBashHoldsNoValueWhereItWouldBeEvaluated) {
  const Refusal table[] = {
      {"(( {} > 1 ))", "{} in ((…))"},
      {"((i = $(echo {})))", "{} in ((…))"},
      {"for ((i={};i<2;i++)); do :; done", "{} in ((…))"},
      {"echo $[{}]", "{} in $[…]"},
      {"a=({})", "{} in an array"},
      {"declare -A m=([{}]=v)", "{} in an array"},
      {"a=(b \"$(cat {})\")", "{} in an array"},
      {"a[{}]=1", "in a subscript"},
      {"a[\"{}\"]=1", "in a subscript"},
      {"echo ${x/\"{}\"/}", "in \"${x…}\""},
      {"echo ${x:$(({}))}", "{} in ${…}"},
      {"[[ {} -eq 1 ]]", "beside -eq in [[ ]]"},
      {"[[ 1 -lt {} ]]", "beside -lt in [[ ]]"},
      {"[[ ( 1 -ge $(echo {}) ) ]]", "beside -ge in [[ ]]"},
      {"[[ -v {} ]]", "beside -v in [[ ]]"},
      {"x={}; ((x > 1))", "commands that it finds in $x"},
      {"x=a{}; y=$x; ((y++))", "commands that it finds in $y"},
      {"x={}; [[ $x -gt 1 ]]", "commands that it finds in $x"},
      {"for x in 1 {}; do ((x)); done", "commands that it finds in $x"},
      {"f() { local n=$1; ((n)); }; f {}", "commands that it finds in $n"},
      {"(($1 > 1)) && echo {}", "commands that it finds in $1"},
      {"read x <<< {}; ((x))", "commands that it finds in $x"},
      {"read x <<E; ((x))\n{}\nE\n", "commands that it finds in $x"},
      {"local x={}; for ((;x;)); do :; done", "commands that it finds in $x"},
      {"x={}; m=([k]=x); ((m[k]++))", "commands that it finds in $m"},
      {"printf -v x %s {}; ((x))", "commands that it finds in $x"},
      {": \"${x:={}}\"; ((x))", "commands that it finds in $x"},
      {"x={}; a[x]=1", "commands that it finds in $x"},
      {"x={}; a=([x]=1)", "commands that it finds in $x"},
      {"x={}; echo ${a[x]} ${y:x}", "commands that it finds in $x"},
      {"x={}; echo $[x]", "commands that it finds in $x"},
      {"((echo a); echo {})", "not closed by ))"},
      {"!(echo {})", "parentheses"},
      {"[[ {} = (a) ]]", "parentheses within [[ ]]"},
      {"[[ !({} = a) ]]", "parentheses"},
      {"f() ((1)); f {}", "function whose body"},
  };
  ShellScriptOptions options;
  options.family = ShellFamily::bash;
  for (const auto& [script, says] : table) {
    const auto result = compile_shell_script(script, options);
    ASSERT_FALSE(result) << script << "\nbecame " << result->text;
    EXPECT_NE(result.error().message.find(says), std::string::npos)
        << script << "\nsays " << result.error().message;
  }
}

TEST(ShellScript, IsReadAsTheShellThatIsNamedReadsIt) {
  const auto reads = [](ShellFamily family, const char* script) {
    ShellScriptOptions options;
    options.family = family;
    return compile_shell_script(script, options).has_value();
  };
  for (const ShellFamily family : {ShellFamily::ksh, ShellFamily::mksh, ShellFamily::zsh}) {
    EXPECT_TRUE(reads(family, "i=1; ((i++)); a=(b c); echo ${a[1]} {}"));
    EXPECT_TRUE(reads(family, "[[ 1 -lt 2 && ( a = a ) ]]; echo $'\\'' {}"));
    EXPECT_FALSE(reads(family, "(( {} > 1 ))"));
    EXPECT_FALSE(reads(family, "a[\"]\"{}]=1"));
  }
  EXPECT_TRUE(reads(ShellFamily::zsh, "echo {} &!"));
  EXPECT_TRUE(reads(ShellFamily::zsh, "echo *(.) {}"));
  EXPECT_FALSE(reads(ShellFamily::zsh, "echo {}(e:x:)"));
  EXPECT_FALSE(reads(ShellFamily::zsh, "echo \"$x[{}]\""));
  EXPECT_FALSE(reads(ShellFamily::bash, "echo {} &!"));
  EXPECT_FALSE(reads(ShellFamily::ksh, "echo {} &>x"));
  EXPECT_TRUE(reads(ShellFamily::mksh, "echo {} &>x; echo !(y)"));
}

TEST(ShellScript, OfAPlainShSaysWhereItsFormIsKnown) {
  for (const char* script : {"((i++)); echo {}", "a=(1); echo {}", "for ((;;)); do echo {}; done",
                             "echo a@(b) {}", "[[ ( a ) ]] && echo {}", "coproc cat {}",
                             "select x in {}; do :; done", "echo $'\\'' {}"}) {
    const auto result = compile_shell_script(script, {});
    ASSERT_FALSE(result) << script;
    EXPECT_NE(result.error().message.find("--shell bash"), std::string::npos)
        << script << "\nsays " << result.error().message;
  }
  const auto result = compile_shell_script("(( {} > 1 ))", {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message.find("--shell"), std::string::npos);
}

TEST(ShellScript, IsNotReadBeyondAReasonableDepth) {
  EXPECT_FALSE(compile_shell_script(std::string(100000, '(') + "{}", {}));
  std::string nested;
  for (int i = 0; i < 100000; ++i) nested += "\"${x:-";
  EXPECT_FALSE(compile_shell_script(nested + "{}", {}));
  nested.clear();
  for (int i = 0; i < 100000; ++i) nested += "\"$(";
  EXPECT_FALSE(compile_shell_script(nested + "{}", {}));
  EXPECT_FALSE(compile_shell_script(std::string("echo \0 {}", 9), {}));
}

TEST(ArithmeticValue, IsAnIntegerAndNothingElse) {
  for (const char* value : {"0", "42", "-1", "+7", "010", "99999999999999999999"}) {
    EXPECT_EQ(arithmetic_value(value), value);
  }
  for (const char* value :
       {"", "-", "+", "a", "1+1", "a[$(x)]", " 1", "1 ", "1\n", "--1", "0x10"}) {
    EXPECT_EQ(arithmetic_value(value), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace distaff::shell_script_test
