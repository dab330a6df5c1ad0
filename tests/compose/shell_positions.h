#pragma once

// Where a replacement may stand in a script, for the tests that ask real shells.

#include <string>
#include <vector>

namespace distaff::testing {

// Scripts that print {} exactly, followed by a bar.
inline const std::vector<std::string>& positions() {
  static const std::vector<std::string> scripts = {
      // bare, and in each kind of quotes
      "printf '%s|' {}",
      "printf '%s|' \"{}\"",
      "printf '%s|' '{}'",
      "printf \"%s|\" a{}b | { IFS= read -r x; printf x; } >/dev/null; printf '%s|' {}",
      "x={}; printf '%s|' \"$x\"",
      "x=\"{}\"; printf '%s|' \"$x\"",
      "printf '%s|' \"\"{}''",
      "printf '%s|' \\\n{}",
      "no-{} 2>/dev/null || printf '%s|' {} # {} ' \"",
      // words of compound commands
      "for x in {}; do printf '%s|' \"$x\"; done",
      "case {} in {}) printf '%s|' {};; *) printf no;; esac",
      "case {} in (\"{}\") printf '%s|' {} ;; esac",
      "case x in x|{}) printf '%s|' '{}'; esac",
      "if [ {} = \"{}\" ]; then printf '%s|' {}; fi",
      "while :; do printf '%s|' {}; break; done",
      "until printf '%s|' {}; do :; done",
      "{ printf '%s|' {}; }",
      "(printf '%s|' \"{}\")",
      "( (printf '%s|' {}) )",
      "! printf '%s|' {}",
      "true && printf '%s|' {} || false",
      "printf '%s|' {} | cat",
      "printf '%s|' {} & wait",
      // where the arguments are others
      "f() { printf '%s|' {}; }; f x y",
      "f() { printf '%s|' \"$1\"; }; f {}",
      "f() ( set -- a b c; printf '%s|' \"{}\" ); f x",
      "set -- a b; printf '%s|' {}",
      "set -- a b; shift; printf '%s|' '{}'",
      "set -- {}; printf '%s|' \"$1\"",
      // parameters
      "printf '%s|' ${nothing:-{}}",
      "printf '%s|' \"${nothing:-{}}\"",
      "printf '%s|' ${nothing:-\"{}\"}",
      "printf '%s|' ${nothing-'{}'}",
      "x=1; printf '%s|' \"${x:+{}}\"",
      ": \"${new={}}\"; printf '%s|' \"$new\"",
      "x={}abc; printf '%s|' \"${x%abc}\"",
      "x=abc{}; printf '%s|' {}; y=\"${x%{}}\"; [ \"$y\" = abc ] || printf bad",
      "x={}abc; y=\"${x#{}}\"; [ \"$y\" = abc ] || printf bad; printf '%s|' {}",
      "x={}abc; y=${x##{}}; [ \"$y\" = abc ] || printf bad; printf '%s|' {}",
      // substitutions; the x keeps newlines at the end
      "x=$(printf '%s' {}; printf x); printf '%s|' \"${x%x}\"",
      "x=\"$(printf '%s' \"{}\"; printf x)\"; printf '%s|' \"${x%x}\"",
      "x=$(printf '%s' '{}'; printf x); printf '%s|' \"${x%x}\"",
      "x=`printf '%s' {}; printf x`; printf '%s|' \"${x%x}\"",
      "x=\"`printf '%s' '{}'; printf x`\"; printf '%s|' \"${x%x}\"",
      "x=$(case {} in {}) printf '%s' {};; esac; printf x); printf '%s|' \"${x%x}\"",
      "x=$(printf '%s' \"$(printf '%s' {}; printf x)\"); printf '%s|' \"${x%x}\"",
      "x=\"${nothing:-$(printf '%s' {}; printf x)}\"; printf '%s|' \"${x%x}\"",
      "x=$(# it's a comment )\nprintf '%s' {}; printf x); printf '%s|' \"${x%x}\"",
      // here-documents; the newline at the end is theirs
      "x=$(cat <<E\n{}x\nE\n); printf '%s|' \"${x%x}\"",
      "x=$(cat <<-E\n\t{}x\n\tE\n); printf '%s|' \"${x%x}\"",
      "x=$(cat <<E; cat <<F\nit's \"{}\" `printf %s a`\nE\nF\n); printf '%s|' {}",
      "cat <<E | { cat >/dev/null; printf '%s|' {}; }\n\\$x \\{} {}\nE\n",
      "x=$(cat <<E\n${nothing:-{}}x\nE\n); printf '%s|' \"${x%x}\"",
      "x=$(cat <<E\n$(printf '%s' {}; printf x)\nE\n); printf '%s|' \"${x%x}\"",
      // a backslash before it, comments, braces of others
      "x=\"\\{}\"; printf '%s|' \"${x#\\\\}\"",
      "x=\"\\\\{}\"; printf '%s|' \"${x#\\\\}\"",
      "# it's {}\nprintf '%s|' {}#{} >/dev/null; printf '%s|' {}",
      "printf '%s' '{{.Name}}' ${nothing} >/dev/null; printf '%s|' {}",
      "printf '%s' $(( {#} - 7 )) >/dev/null; printf '%s|' {}",
      "printf '%s|' {} > \"out$$\"; cat \"out$$\"",
  };
  return scripts;
}

// The same beside what only some shells have.  Those of the first list are known to bash, zsh and
// mksh; those of the second to bash.
inline const std::vector<std::string>& positions_in_better_shells() {
  static const std::vector<std::string> scripts = {
      "i=0; ((i++)); ((i == 1)) && printf '%s|' {}",
      "if ((1 < 2)); then printf '%s|' {}; fi",
      "((2 > 1 ? 1 : 0)) || printf no; printf '%s|' '{}'",
      "i=0; while ((i++ < 1)); do printf '%s|' {}; done",
      "a=(1 2 # it's a \"comment\"\n 3); [ \"${#a[@]}\" = 3 ] && printf '%s|' {}",
      "a=(\"it's\" 'b c' $((1+1))); printf '%s|' {}",
      "a=(b); a+=(c); printf '%s|' \"{}\"",
      "held={}; a=(\"$held\" b); for x in \"${a[@]}\"; do printf '%s|' \"$x\"; break; done",
      "x={}; [[ $x == {} && ( -n 1 || -z {} ) ]] && printf '%s|' {}",
      "i=3; [[ $i -gt 1 && -n x{} ]] && printf '%s|' {}",
      "[[ 1 -lt 2 &&\n 2 -gt 1 ]]; printf '%s|' {}",
      "n=$(( {#} )); ((n == 7)) && [[ $n -eq 7 ]] && printf '%s|' {}",
      "x=$'it\\'s \\\\'; [ \"$x\" = \"it's \\\\\" ] && printf '%s|' {}",
      "x=abc; [ \"${x/b/\"-\"}\" = a-c ] && printf '%s|' {}",
      "function f { printf '%s|' {}; }; f",
      "select x in {} b; do printf '%s|' \"$x\"; break; done <<<1",
      "printf '%s|' {} &>/dev/null; printf '%s|' {}",
      "time { printf '%s|' {}; }",
  };
  return scripts;
}

inline const std::vector<std::string>& positions_in_bash() {
  static const std::vector<std::string> scripts = {
      "IFS= read -r -d '' x < <(printf '%s\\0' {}); printf '%s|' {}",
      "for ((i=0; i<1; i++)); do printf '%s|' {}; done",
      "for (( i = 0; i < 1; i++ ))\ndo printf '%s|' \"{}\"; done",
      "declare -A m=([k]=v [\"b c\"]=\"d e\"); [ \"${m[\"b c\"]}\" = 'd e' ] && printf '%s|' {}",
      "declare -A m; m[\"b ]\"]=1; ((m[\"k\"]++)); printf '%s|' {}",
      "f() { local a=(1 2); printf '%s|' \"{}\"; }; f",
      "[[ {}b =~ ^(.|[[:space:]])*b$ ]]; printf '%s|' {}",
      "[[ abc =~ ^(a|b)(.*)$ ]] && [[ ${BASH_REMATCH[2]} = bc ]] && printf '%s|' {}",
      "x={}; [[ $x =~ ^{}$|^$ ]]; [[ $x == @({}|y) ]] && printf '%s|' {}",
      "shopt -s extglob\ncase {} in @({}|zz)) printf '%s|' {};; *) printf no;; esac",
      "shopt -s extglob\nx={}abc; printf '%s|' \"${x%abc}\"; : !(x|\"it's\")",
      "printf '%s|' {} |& cat",
      "coproc cat; printf '%s|' {} >&\"${COPROC[1]}\"; exec {COPROC[1]}>&-; cat <&\"${COPROC[0]}\"",
      "coproc N { cat; }; exec {N[1]}>&-; wait; printf '%s|' {}",
      "[ $[1+2] = 3 ] && printf '%s|' {}",
      "x='a;b'; [ \"${x//;/,}\" = a,b ] && printf '%s|' \"$x[{}]\" >/dev/null; printf '%s|' {}",
      "a=(1 2); [ \"${a[$((0+1))]}${#a[@]}\" = 22 ] && printf '%s|' {}",
  };
  return scripts;
}

}  // namespace distaff::testing
