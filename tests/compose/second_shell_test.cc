#include "compose/second_shell.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "compose/command.h"

// Which commands give a value to a second shell as text, and which only look like it.

namespace distaff {
namespace {

using Words = std::vector<std::string>;

// Empty: the command is accepted.
std::string refusal(const Words& words, const Words& shell = {}, FieldScheme scheme = {}) {
  CommandSpec spec;
  spec.words = words;
  spec.shell = shell;
  Words warnings;
  auto compiled = CommandTemplate::compile(spec, {.scheme = std::move(scheme)}, warnings);
  return compiled ? "" : compiled.error().message;
}

// As they are typed behind `distaff`; the record is appended where no {} stands.
constexpr const char* kRefused[] = {
    // Whatever stands before the shell's name.
    "setarch x86_64 sh -c 'echo {}'",
    "docker exec C sh -c 'echo {}'",
    "docker exec -it C /bin/bash -lc 'echo {}'",
    "docker run --rm --entrypoint sh IMAGE -c 'echo {}'",
    "docker run --rm --entrypoint=/bin/sh IMAGE -c 'echo {}'",
    "kubectl exec P -- sh -c 'echo {}'",
    "podman exec C dash -c 'echo {}'",
    "srun -n 1 bash -c 'echo {}'",
    "env A=1 sh -c 'echo {}'",
    "env -u A -C / sh -c 'echo {}'",
    "my-own-wrapper --fast sh -c 'echo {}'",
    "nsenter -t 1 -m sh -c 'echo {}'",
    "xargs -a list sh -c 'echo {}'",
    "find . -exec sh -c 'echo {}' ;",
    "systemd-run --user zsh -c 'echo {}'",
    "sh -c 'exec \"$@\"' x bash -c {}",
    "sh -c 'exec \"$0\" \"$@\"' bash -c {}",
    // However its options are written.
    "bash -o pipefail -c 'echo {}'",
    "bash -eo pipefail -c 'echo {}'",
    "bash +x -c 'echo {}'",
    "bash --norc -c 'echo {}'",
    "bash --rcfile f -ic 'echo {}'",
    "bash -c -e 'echo {}'",
    "bash -c -- 'echo {}'",
    "bash -ce 'echo {}'",
    "bash -O extglob -c 'echo {}'",
    // Whatever the shell is called.
    "/usr/local/bin/bash5 -c 'echo {}'",
    "bash-5.2 -c 'echo {}'",
    "busybox ash -c 'echo {}'",
    "mksh -c 'echo {}'",
    "ksh93 -c 'echo {}'",
    "yash -c 'echo {}'",
    "fish -c 'echo {}'",
    "fish --command='echo {}'",
    "tcsh -c 'echo {}'",
    "nice pwsh -Command 'echo {}'",
    "pwsh -c Write-Output {}",
    "{}/bin/sh -c 'echo {}'",
    // Part of a text, fields' numbers, the record itself, the appended record.
    "setarch x86_64 sh -c 'echo x{}y'",
    "setarch x86_64 sh -c 'echo {1}'",
    "setarch x86_64 sh -c {}",
    "setarch x86_64 sh -c",
    "sh -c",
    "bash -ec",
    "ssh h",
    "ssh h uptime",
    // Programs whose own words are text.
    "ssh h 'rm {}'",
    "ssh h rm {}",
    "ssh -p 22 u@h -- rm -- {}",
    "ssh h -p 22 rm {}",
    "ssh -o ProxyCommand='nc {} 22' h uptime",
    "ssh -oLocalCommand='touch {}' h uptime",
    "ssh h printf '%s\\n' {}",
    "timeout 5 ssh h rm {}",
    "sudo -u bob ssh h rm {}",
    "sshpass -p secret ssh h rm {}",
    "rsh h rm {}",
    "rsh -l u h rm {}",
    "pdsh -w h[1-9] rm {}",
    "su -c 'rm {}'",
    "su root -c 'rm {}'",
    "su - root --command='rm {}'",
    "su root --comm 'rm {}'",
    "su -c'rm {}' root",
    "runuser -u bob -c 'rm {}'",
    "sg wheel 'rm {}'",
    "flock f -c 'rm {}'",
    "flock -w 5 f -c 'rm {}'",
    "flock f --command 'rm {}'",
    "flock f sh -c 'rm {}'",
    "script -c 'rm {}'",
    "script -qec 'rm {}' /dev/null",
    "script -q log -c 'rm {}'",
    "script --command 'rm {}' /dev/null",
    "env -S 'rm {}'",
    "env -S 'sh -c' {}",
    "env -vS 'sh -c' 'rm {}'",
    "env --split-string='bash -c' {}",
    "watch ls {}",
    "watch -n 5 'ls {}'",
    "watch --interval 5 'ls {}'",
    "parallel echo {}",
    "parallel -j 2 'echo {}' ::: a b",
    "hyperfine 'ls {}'",
    "bsub -q long 'ls {}'",
    "sbatch --wrap='ls {}'",
    "sbatch --wrap 'ls {}' -n 1",
    "vagrant ssh box -c 'ls {}'",
    "tar -xf f --to-command='cat {}'",
    "tar -xf f -I 'zstd {}'",
    "tar -cf f --use-compress-program='zstd {}' d",
    "tar -cf f --checkpoint-action exec='echo {}' d",
    "split --filter='gzip > {}' f",
    "npx -c 'echo {}'",
    "npm exec -c 'echo {}'",
    "adb shell rm {}",
    "adb -s X shell 'rm {}'",
    "plink -P 22 h 'rm {}'",
    "entr -s 'make {}'",
    // Words that su hands on to its shell, and signs of options that take it off.
    "su root -- -c 'rm {}'",
    "su - root -- -c 'rm {}'",
    "runuser root -- -ec 'rm {}'",
    "su -- root -c 'rm {}'",
    "su root -- -c",
    "sh +c 'echo {}'",
    "setarch x86_64 bash +c 'echo {}'",
};

constexpr const char* kAccepted[] = {
    "sh -c 'printf %s \"$1\"' x {}",
    "sh -c 'printf %s \"$1\"' sh {}",
    "sh -c 'printf %s \"$1\"' sh",
    "sh -c 'grep \"$@\"' sh -c {}",
    "sh -c 'echo {#} {%}' x {}",
    "docker exec C sh -c 'printf %s \"$1\"' x {}",
    "kubectl exec P -- ls {}",
    "docker exec C sh script.sh {}",
    "sh {}",
    "sh -x {}",
    "bash script.sh -c {}",
    "bash -x script.sh -c {}",
    "bash -o pipefail script.sh -c {}",
    "bash -- script.sh -c {}",
    "env A=1 bash script.sh -c {}",
    "bash {} -c x",
    "grep -c sh {}",
    "grep sh -c {}",
    "grep -c bash -c {}",
    "echo sh -c {}",
    "printf '%s\\n' bash -c {}",
    "timeout 5 echo sh -c {}",
    "useradd -m -s /bin/bash -c {} bob",
    "tar -c -f sh {}",
    "rsync -e ssh -a {} host:dir",
    "make SHELL=/bin/sh -c {}",
    "./sh.py -c {}",
    "gsh.txt -c {}",
    "crash -c {}",
    "ssh {}",
    "ssh",
    "ssh {} uptime",
    "ssh -p {} host uptime",
    "ssh user@{} 'fixed text'",
    "ssh -i {} host",
    "ssh -o User={} host uptime",
    "ssh -o ConnectTimeout=5 -o BatchMode=yes {} uptime",
    "ssh -NL {}:localhost:80 host",
    "scp {} host:",
    "sshpass -p {} ssh host uptime",
    "systemctl restart ssh {}",
    "su {} -c id",
    "su -s /bin/sh {}",
    "runuser -u {} id",
    "flock {} true -c x",
    "flock f grep -c {}",
    "flock -w {} f true",
    "script -q {}",
    "script -c 'fixed text' {}",
    "env A={} date",
    "env -u {} date",
    "env -S 'date -d' {}",
    "watch -n {} date",
    "watch -x ls {}",
    "watch --exec ls {}",
    "parallel echo ::: {}",
    "parallel -j {} true ::: a b",
    "sbatch --wrap='fixed text' --array {}",
    "sbatch job.sh {}",
    "tar -xf {} --to-command='fixed text'",
    "sudo -u {} id",
    "nice -n 5 gzip {}",
    "npm run watch {}",
    "git checkout eval {}",
    "nix eval {}",
    "./script -c {}",
    "python3 manage.py parallel {}",
    "su root -- script.sh {}",
    "su root -- -x script.sh -c {}",
    "tar -cf {} -C {//} {/}",
    "tar -I zstd -cf {} d",
    "split -b 1M {}",
    "split --filter='gzip > $FILE' {}",
    "npm run build -- -c {}",
    "npm install {}",
    "npx -p {} tool",
    "adb push {} /sdcard",
    "adb -s {} shell uptime",
    "bash +x script.sh {}",
};

TEST(SecondShell, IsRefusedWhereverItStandsInAnArgv) {
  for (const char* line : kRefused) {
    EXPECT_NE(refusal(split_words(line)), "") << line;
  }
}

TEST(SecondShell, IsNotSeenWhereThereIsNone) {
  for (const char* line : kAccepted) {
    EXPECT_EQ(refusal(split_words(line)), "") << line;
  }
}

// In a script the words are the same, after the shell took their quotes.
constexpr const char* kScripts[] = {
    R"(sh -c {})",
    R"(\sh -c {})",
    R"("sh" -c {})",
    R"(s'h' -c {})",
    R"(s"h" "-c" {})",
    R"(sh '-c' {})",
    R"(sh \-c {})",
    R"(/bin/s\h -ec "echo {}")",
    R"($SHELL -c {})",
    R"("${SHELL:-/bin/sh}" -c "echo {}")",
    R"(sh $options -c {})",
    R"(A=1 sh -c {})",
    R"(A=1 B={} sh -c {})",
    R"(>log sh -c {})",
    R"(sh >log -c {})",
    R"(exec sh -c {})",
    R"(command sh -c {})",
    R"(time sh -c {})",
    R"(setarch x86_64 sh -c "echo {}")",
    R"(docker exec C "sh" -c "echo {}")",
    R"(flock f -c "echo {}")",
    R"(ssh host "rm {}")",
    R"(\ssh host rm {})",
    R"('ssh' host rm "{}")",
    R"(env -S "sh -c" {})",
    R"(nice watch ls {})",
    R"(watch ls {})",
};
constexpr const char* kAround[] = {
    "%",
    "echo a; %",
    "echo a; echo b && %",
    "echo sh | %",
    "if true; then %; fi",
    "while false; do %; done",
    "! %",
    "x=$(%)",
    "x=\"$(%)\"",
    "(%)",
    "( ( % ) )",
    "{ %; }",
    "f() { %; }; f",
    "case x in x) %;; esac",
    "for x in a; do %; done",
    "cat <(%)",
    "grep x f; \n%\n",
    "echo {}; %",
};

TEST(SecondShell, IsRefusedInAScriptWhereverACommandStands) {
  for (const char* line : kScripts) {
    for (const std::string around : kAround) {
      std::string script = around;
      script.replace(script.find('%'), 1, line);
      EXPECT_NE(refusal({script}, {"bash"}), "") << script;
    }
    EXPECT_NE(refusal({"x=`" + std::string(line) + "`"}), "") << line;
  }
}

TEST(SecondShell, IsNotSeenInAScriptWithoutOne) {
  for (const char* script : {
           "echo a; echo sh -c {}",
           "echo a; printf '%s\\n' \"sh\" -c {}",
           "for x in sh -c {}; do echo \"$x\"; done",
           "case {} in sh) echo sh -c {};; esac",
           "[ sh = {} ] || echo {}",
           "sh; echo -c {}",
           "sh | tee -c {}",
           "x=sh; y=-c; echo {}",
           "sh -c 'echo \"$1\"' sh {}; date",
           "sh -c \"echo \\\"\\$1\\\"\" sh {}; date",
           "sh -c 'echo {#}'; echo {}",
           "bash \"$script\" -c {}; date",
           "bash -x script.sh -c {}; date",
           "ssh {} uptime; date",
           "ssh -p {} host 'uptime; date'; date",
           "ssh host \"rm -- ${1@Q}\"",
           "ssh host \"$1\"; date",
           // What a shell reads twice is its user's.
           "eval 'echo \"$1\"'; date",
           "eval \"echo {}\"; date",
           "trap \"rm {}\" EXIT; date",
           "alias x='echo {}'; date",
           "trap 'rm -- \"$1\"' EXIT; date",
           "trap 'rm -f tmp' EXIT; echo {}",
           "v={}; trap 'rm \"$v\"' EXIT; date",
           "find . -name {} -exec sh -c 'echo \"$1\"' sh {} \\;",
           "grep -c sh {}; date",
       }) {
    EXPECT_EQ(refusal({script}, {"bash"}), "") << script;
  }
}

TEST(SecondShell, IsRefusedAtTheEndOfAScriptToo) {
  for (const char* script :
       {"exec sh -c", "exec \"sh\" -c", "command ssh host rm", "exec docker exec C sh -c"}) {
    EXPECT_NE(refusal({script}), "") << script;
  }
  EXPECT_EQ(refusal({"exec sh -c 'echo \"$1\"' sh"}), "");
}

TEST(SecondShell, IsRefusedAsTheShellOfScriptsIfItMakesOneTextOfItsWords) {
  EXPECT_NE(refusal({"echo {}"}, {"ssh", "host", "sh"}), "");
  EXPECT_NE(refusal({"echo"}, {"ssh", "host"}), "");
  EXPECT_NE(refusal({"echo {}"}, {"timeout", "5", "rsh", "host", "bash"}), "");
  EXPECT_EQ(refusal({"echo {}"}, {"docker", "exec", "C", "sh"}), "");
  EXPECT_EQ(refusal({"echo {}"}, {"setarch", "x86_64", "bash", "-e"}), "");
}

std::string advised(const std::string& message) {
  const std::size_t at = message.find("write distaff ");
  return at == message.npos ? message : message.substr(at + 14);
}

TEST(SecondShell, IsAnsweredWithTheSameCommandInASafeForm) {
  const auto advice = [](const char* line) { return advised(refusal(split_words(line))); };
  EXPECT_EQ(advice("setarch x86_64 sh -c 'echo {}'"),
            R"(setarch x86_64 sh -c 'echo "$1"' sh '{}')");
  EXPECT_EQ(advice("docker exec C bash -c 'gzip {}; echo {/}'"),
            R"(docker exec C bash -c 'gzip "$1"; echo "$2"' bash '{}' '{/}')");
  // Quoted for a shell far away, wherever the value stands in the text.
  const auto far = [](const std::string& text, const std::string& before = "") {
    return "--shell bash 'printf -v q \"\\47\"; r=$q\\\\$q$q; " + before + text + "'";
  };
  const std::string value = R"($q${1//$q/$r}$q)";
  const std::string field = R"($q${v//$q/$r}$q)";
  EXPECT_EQ(advice("ssh host 'rm {}'"), far("ssh host \"rm " + value + "\""));
  EXPECT_EQ(advice("ssh host rm -- {}"), far("ssh host \"rm -- " + value + "\""));
  EXPECT_EQ(advice("ssh host 'rm \"a {} b\"'"),
            far(R"(ssh host "rm \"a \")" + value + R"(\" b\"")"));
  EXPECT_EQ(advice("ssh host 'cat {/}'"), far("ssh host \"cat " + field + "\"", "v={/}; "));
  EXPECT_EQ(advice("ssh host uptime"), far("ssh host \"uptime " + value + "\""));
  EXPECT_EQ(advice("su root -c 'rm {}'"), far("su root -c \"rm " + value + "\""));
  EXPECT_EQ(advice("su -c 'rm {}' root"), far("su -c \"rm " + value + "\" root"));
  EXPECT_EQ(advice("ssh host 'echo \"${x:-{}}\"'"),
            far("ssh host \"v=" + value + R"(; echo \"\${x:-\${v}}\"")"));
  // A variable, where the program starts its shell here.
  EXPECT_EQ(advice("script -qec 'ls {}' /dev/null"),
            R"(--env 'v={}' script -qec 'ls "$v"' /dev/null)");
  EXPECT_EQ(advice("flock f -c 'mv {} {/}'"),
            R"(--env 'v1={}' --env 'v2={/}' flock f -c 'mv "$v1" "$v2"')");
  EXPECT_EQ(advice("find . -exec sh -c 'ls {}' ;"),
            R"(--env 'v={}' find . -exec sh -c 'ls "$v"' ';')");
  EXPECT_EQ(advice("sh -c 'ls {} $1' sh a"), R"(--env 'v={}' sh -c 'ls "$v" $1' sh a)");
  // Not where the environment is another one.
  EXPECT_EQ(advice("sudo flock f -c 'ls {}'"), far("sudo flock f -c \"ls " + value + "\""));
  // What stands before the shell, its options and its functions are kept.
  EXPECT_EQ(advice("sudo -u bob sh -c 'id; : {}'"), R"(sudo -u bob sh -c 'id; : "$1"' sh '{}')");
  EXPECT_EQ(advice("bash -o pipefail -c 'false | cat {}'"),
            R"(bash -o pipefail -c 'false | cat "$1"' bash '{}')");
  EXPECT_EQ(advice("wrap sh -c 'f() { ls {}; }; f z'"),
            R"(wrap sh -c 'v=$1; f() { ls "$v"; }; f z' sh '{}')");
  EXPECT_EQ(advice("wrap sh -c 'set -- a; ls {} {/}'"),
            R"(wrap sh -c 'v1=$1; v2=$2; set -- a; ls "$v1" "$v2"' sh '{}' '{/}')");
  EXPECT_EQ(advice("su -s /bin/sh -c {} daemon"), R"('su -s /bin/sh -c "$1" daemon')");
  EXPECT_EQ(advice("docker run --entrypoint sh img -c {} more"),
            R"('docker run --entrypoint sh img -c "$1" more')");
  EXPECT_EQ(advice("ssh host {}"), R"('ssh host "$1"')");
  EXPECT_EQ(advice("docker exec C sh -c {}"), R"('docker exec C sh -c "$1"')");
  EXPECT_EQ(advice("setarch x86_64 sh -c"), R"('setarch x86_64 sh -c "$1"')");
}

// Whatever is written there is accepted.
TEST(SecondShell, IsAnsweredWithAFormThatIsAccepted) {
  for (const char* line : kRefused) {
    const std::string message = refusal(split_words(line));
    if (message.find("write distaff ") == message.npos) continue;
    Words words = split_words(advised(message).substr(0, advised(message).find(" (with ")));
    Words shell;
    if (words.size() > 2 && words[0] == "--shell") {
      shell = {words[1]};
      words.erase(words.begin(), words.begin() + 2);
    }
    EXPECT_EQ(refusal(words, shell), "") << line << "\n" << message;
  }
}

}  // namespace
}  // namespace distaff
