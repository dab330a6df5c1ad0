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

}  // namespace distaff::testing
