# Scripts that are refused: what the message says to write instead is taken, and does what was meant.
# Each reason of the shell reader (src/compose/shell_*.cc) is here, and in a batch; so are the rows of
# the man page's table of refused places.

load helpers

# takes WRONG SAYS RIGHT GIVES [OPTION...]: the script WRONG is refused, the message says SAYS, and
# RIGHT, which is WRONG with what was said (if that is an option, with OPTION), gives GIVES.
takes() {
  try distaff "$1" ::: 1
  exits 2
  says "$2"
  try distaff "${@:5}" "$3" ::: 1
  [ "$(< "$kept/stdout")" = "$4" ] || fail "$1: '$2' was followed by '$3', which should give '$4'"
}

# The same of jobs with two records, in a file each.
batch() {
  try distaff -n 2 "$1" ::: 1 2
  exits 2
  says "$2"
  try distaff -n 2 "${@:5}" "$3" ::: 1 2
  [ "$(< "$kept/stdout")" = "$4" ] || fail "$1: '$2' was followed by '$3', which should give '$4'"
}

@test "refused scripts: here-documents" {
  takes $'cat <<\'X\'\n{}\nX' '<<X without quotes' $'cat <<X\n{}\nX' 1
  takes $'cat <<{}\n{}' 'write <<END' $'cat <<END\n{}\nEND' 1
  takes $'cat <<$x\n{}\n$x' 'write <<END' $'cat <<END\n{}\nEND' 1
  takes $'cat <<"a$b"\nq\na$b\necho {}' "write <<'END'" $'cat <<\'END\'\nq\nEND\necho {}' $'q\n1'
  takes $'cat << ;echo {}' "write <<END" $'cat <<END ;echo {}\nq\nEND' $'q\n1'
  takes $'cat <<\\\n{}' 'write <<END' $'cat <<END\n{}\nEND' 1
  takes $'cat <<X {}\nq' 'put the end word on a line of its own' $'cat <<X; echo {}\nq\nX' $'q\n1'
  takes $'cat <<X {}' 'put its lines and the end word after the line of the <<' $'cat <<X; echo {}\nq\nX' $'q\n1'
  takes $'x=$(cat <<X {})\nq\nX' 'put its lines and a newline before the )' $'x=$(cat <<X\n{}\nX\n); echo $x' 1
  takes $'cat <<E\nx\\\nE\n{}\nE\n' 'remove it' $'cat <<E\nx\nE\necho {}' $'x\n1'
  takes $'cat <<E; echo "\nx" {}\ny\nE\n' 'end that line after the words' $'cat <<E\ny\nE\necho "\nx" {}' $'y\n\nx 1'
  takes $'cat <<E; echo "\nx" {}\ny\nE\n' 'put them before the <<' $'echo "\nx" {}; cat <<E\ny\nE\n' $'\nx 1\ny'
}

@test "refused scripts: expansions, and quotes in them" {
  takes $'echo $\'\\\'\' {}' "write \"'\"" "echo \"'\" {}" "' 1"
  takes $'echo $\'\\\\\' {}' "'\\' instead" "printf '%s\\n' '\\' {}" $'\\\n1'
  takes 'echo $[1+{}]' 'write $((…))' 'echo $((1+{}))' 2
  takes 'echo $[1+{}]' 'or \$[' 'echo \$[1+{}]' '$[1+1]'
  takes 'echo ${x/{}/a}' 'v={} for text' 'v={}; x=212; echo ${x/$v/a}' 2a2 --shell bash
  takes 'x=abc; echo ${x:{}}' 'n=$(({})) for a number' 'x=abc; n=$(({})); echo ${x:$n}' bc --shell bash
  takes 'echo ${x^{}}' 'v={} for text' 'v={}; x=1; echo ${x^$v}' 1 --shell bash
  takes 'echo ${#{}}' 'v={} for text' 'v={}; echo ${#v}' 1
  takes 'echo "${x:-'"'{}'"'}"' 'leave them out' 'echo "${x:-{}}"' 1
  takes 'echo "${x:-{}"a"}"' 'leave them out, or set a variable before' 'echo "${x:-{}a}"' 1a
  takes 'echo "${x:-{}"a"}"' 'or set a variable before' 'v={}; echo "${x:-$v"a"}"' 1a
  takes "echo \"\${x:-a'b}\" {}" 'leave them out, or set a variable before' "v=\"a'b\"; echo \"\${x:-\$v}\" {}" "a'b 1"
  takes $'cat <<E\n${x#{}}\nE\n' 'set a variable before' $'x=12; v={}; y=${x#"$v"}\ncat <<E\n$y\nE' 2
  takes $'cat <<E\n${x#{}}\nE\n' 'set a variable before' $'x=12; v={}\ncat <<E\n${x#$v}\nE' 2
  takes $'cat <<E\n${x:-"{}"}\nE\n' 'leave them out' $'cat <<E\n${x:-{}}\nE' 1
  takes 'echo "${x:-\{}}"' 'set a variable before' 'v=\\{}; printf "%s" "${x:-$v}"' '\1'
  takes 'echo "${x:-{a}" {}' 'set a variable before' "v='{a'; echo \"\${x:-\$v}\" {}" '{a 1'
  takes 'echo ${x:-""{}}' 'leave them out' 'echo ${x:-{}}' 1
  takes "echo \${x:-\$'a'} {}" 'copy the text to a variable first' "v=\$'a'; echo \${x:-\$v} {}" 'a 1' --shell bash
  takes 'echo $#{}' 'write ${#} before it' 'echo ${#}{}' 11
  takes 'echo $={}; :' 'write \$' 'echo \$={}; :' '$=1'
  takes 'echo ${x:-a;b} {}' 'quote it' 'echo ${x:-"a;b"} {}' 'a;b 1'
  takes 'echo ${x:-{a} {}' 'quote it' 'echo ${x:-"{a"} {}' '{a 1'
  takes 'x=abc; echo ${x/"b"/{}}' 'set a variable before' 'x=abc; v={}; echo ${x/b/$v}' a1c --shell bash
  takes 'x=abc; echo ${x/"b"/d} {}' 'set a variable before' 'x=abc; v=b; echo ${x/$v/d} {}' 'adc 1' --shell bash
  takes 'echo ${ echo {};}' 'write $(…)' 'echo $(echo {};)' 1
  takes 'echo ${}' 'write {} for the record' 'echo {}' 1
  takes 'echo ${}' 'or \${} for itself' 'echo \${}' '$1'
}

@test "refused scripts: subscripts, arrays, arithmetic and tests" {
  takes 'a[{}]=1' 'else write i=$(({})) first' 'i=$(({})); a[$i]=7; echo ${a[1]}' 7 --shell bash
  takes 'echo a[{}]' 'quote the [ if it is no subscript' 'echo a"["{}]' 'a[1]'
  takes 'a["1"]=7; echo {}' 'else write i=$((…)) first' 'i=$((1)); a[$i]=7; echo {}' 1 --shell bash
  takes 'a[1 ]=2; echo {}' 'quote the [' 'echo a"["1 ]=2 {}' 'a[1 ]=2 1'
  takes 'x=a; echo "$x[{}]"' 'write ${name} before the [' 'x=a; echo "${x}[{}]"' 'a[1]'
  takes 'x=a; echo "$x[{}]"' 'or a blank' 'x=a; echo "$x [{}]"' 'a [1]'
  takes 'a=({}); echo ${a[0]}' 'write set -- {} and then "$1"' 'set -- {}; echo "$1"' 1
  takes 'a=({}); echo ${a[0]}' 'with --shell bash v={} first and "$v" in the array' 'v={}; a=("$v"); echo ${a[0]}' 1 --shell bash
  takes 'a=(7); echo ${a[0]} {}' 'name the shell: --shell bash' 'a=(7); echo ${a[0]} {}' '7 1' --shell bash
  takes 'a=(7); echo ${a[0]} {}' 'or write set -- for words of your own' 'v={}; set -- 7; echo "$1" "$v"' '7 1'
  try distaff --shell bash 'a=({}); echo ${a[0]}' ::: 1
  exits 2
  says 'write v={} first and "$v" in the array' 'or quote them if it is none'
  takes 'echo a=({})' 'quote' 'echo "a=("{}")"' 'a=(1)'
  takes 'for ((i=0;i<{};i++)); do echo $i; done' 'write for i in $(seq {}); do …; done' 'for i in $(seq {}); do echo $i; done' 1
  takes 'for ((i=0;i<{};i++)); do echo $i; done' 'or while [ … ]; do …; done' 'i=0; while [ $i -lt {} ]; do echo $i; i=$((i+1)); done' 0
  takes '(({}>0)) && echo 7' '[ {} -gt 1 ] to compare' '[ {} -gt 0 ] && echo 7' 7
  takes '((echo {}); echo 7)' '( ( for subshells' '( (echo {}); echo 7)' $'1\n7'
  takes 'echo $(({}) + 1) )' 'write $( ( for' 'echo $( (echo {}) )' 1
  takes "echo \$(('{}'+1))" 'leave it out' 'echo $(({}+1))' 2
  takes '[[ {} -eq 1 ]] && echo 7' 'write [ … ]' '[ {} -eq 1 ] && echo 7' 7
  takes '[[ -v x ]] && echo {}' 'write [ … ]' '[ -v x ] || echo {}' 1 --shell bash
  takes '[[ -"f" {} ]] || echo 7' 'write [ … ]' '[ -"f" {} ] || echo 7' 7
  takes '[[ {} = (a) ]]' 'quote them' '[[ {} = "(a)" ]] || echo 7' 7 --shell bash
  takes '[[ x && {} ]] && echo 7' 'write [ … ] && [ … ]' '[ x ] && [ {} ] && echo 7' 7
  takes '[[ x && {} ]] && echo 7' 'name the shell: --shell bash' '[[ x && {} ]] && echo 7' 7 --shell bash
  takes '[[ {} = x' 'close it on its line' '[[ {} = x ]] || echo 7' 7 --shell bash
  takes '[[ {} = x; echo' 'write [ … ]' '[ {} = x ]; echo 7' 7
  takes '[[ {} = x; echo' 'or close the [[ first' '[[ {} = x ]]; echo 7' 7 --shell bash
  takes '[[ {} >> x ]]' 'write [ … ] instead' '[ {} ] >> x; echo 7' 7
  takes $'[[ {} = \n x ]]' 'close it on its line' $'[[ {} = x ]] || echo 7' 7 --shell bash
  takes 'echo {}(e:x:)' 'quote them' 'echo {}"(e:x:)"' '1(e:x:)'
  takes 'if(echo {}); then echo 7; fi' 'write a blank between' 'if (echo {}); then echo 7; fi' $'1\n7'
  takes '!(echo {}); :' 'write a blank between' '! (echo {}); :' 1
  takes 'echo(x) {}' 'quote them' 'echo "(x)" {}' '(x) 1'
  takes 'echo @(a|{})' 'quote them' 'echo "@(a|"{}")"' '@(a|1)'
}

@test "refused scripts: what nothing closes" {
  takes 'echo `echo \`echo {}\``' 'write $(…)' 'echo $(echo $(echo {}))' 1
  takes 'echo "{}' 'close it' 'echo "{}"' 1
  takes "echo '{}" 'close it' "echo '{}'" 1
  takes "echo \$'a; echo {}" 'end the quotes before it' "echo \$'a'; echo {}" $'$a\n1'
  takes 'echo $({}' 'close it' 'echo $(echo {})' 1
  takes 'echo ${x:-{}' 'close it' 'echo ${x:-{}}' 1
  takes 'echo `echo {}' 'close it' 'echo `echo {}`' 1
  takes 'echo $(({}' 'close it' 'echo $(({}))' 1
  takes '(echo {}' 'close it' '(echo {})' 1
  takes '{ echo {};' 'close it' '{ echo {}; }' 1
  takes 'if true; then echo {}' 'close it' 'if true; then echo {}; fi' 1
  takes 'while :; do echo {}; break' 'close it' 'while :; do echo {}; break; done' 1
  takes 'case {} in 1) echo 7' 'close it' 'case {} in 1) echo 7; esac' 7
  takes 'case {} in 1) echo 7;;' 'close it' 'case {} in 1) echo 7;; esac' 7
  takes 'echo {})' 'remove it' 'echo {}' 1
  takes 'echo {})' 'or quote it' 'echo {}")"' '1)'
  takes 'echo {}; }' 'quote it' 'echo {}; echo "}"' $'1\n}'
  takes 'echo {}; }' 'or write what it closes' '{ echo {}; }' 1
  takes 'echo {}\' 'remove it' 'echo {}' 1
  takes 'echo {}\' 'or write \\' "printf '%s\n' {}\\\\" '1\'
}

@test "refused scripts: compound commands" {
  takes 'echo {}; case' 'write case x in' 'case {} in 1) echo 7;; esac' 7
  takes 'case {} of 1) echo 7;; esac' 'write case x in' 'case {} in 1) echo 7;; esac' 7
  takes 'case {} inn 1) echo 7;; esac' 'write case x in' 'case {} in 1) echo 7;; esac' 7
  takes 'case {} in esac) echo 7;; esac' 'quote it' 'case {} in "esac") ;; *) echo 7;; esac' 7
  takes 'case {} in esacx) echo 7;; *) echo 8; esac' 'quote it' 'case {} in "esacx") echo 7;; *) echo 8; esac' 8
  takes 'case {} in ;) echo 7;; esac' 'quote it' 'case {} in ";") ;; *) echo 7;; esac' 7
  takes 'case {} in a b) echo 7;; esac' 'quote what is in it' 'case {} in "a b") ;; *) echo 7;; esac' 7
  takes 'FOO=1 case {} in a) ;; esac' 'write a ; before it' 'FOO=1; case {} in 1) echo $FOO;; esac' 1
  takes 'FOO=1 case {} in a) ;; esac' 'or quote it' 'FOO=1 "echo" {}' 1
  takes 'FOO=1 if {}' 'or quote it' 'FOO=1 "if" {} || echo 7' '7'
  takes 'select x in {}; do :; done' 'write for, while or &' 'for x in {}; do echo $x; done' 1
  takes 'coproc cat {}' 'write for, while or & instead' 'echo {} & wait' 1
  takes 'repeat {} echo 7; :' 'while or &' 'i=0; while [ $i -lt {} ]; do echo 7; i=$((i+1)); done' 7
  takes 'time { echo {}; }' 'name one that does: --shell bash' 'time { echo {}; }' 1 --shell bash
  takes 'time ! echo {}' 'name one that does: --shell bash' 'time ! echo {}; :' 1 --shell bash
  takes 'f() echo {}; f' 'write name() { …; }' 'f() { echo {}; }; f' 1
  takes 'echo {}; ()' 'write name() { …; }' 'f() { echo {}; }; f' 1
  takes 'f() [[ {} ]]; f' 'write { …; }' 'f() { [[ {} ]]; }; f; echo 7' 7 --shell bash
  takes 'f() function g { echo {}; }' 'write { …; }' 'f() { echo {}; }; f' 1
  takes 'f(x) { echo {}; }; f' 'write name() { …; } for a function' 'f() { echo {}; }; f' 1
  takes 'function f; echo {}' 'name() { …; }' 'f() { echo {}; }; f' 1
  takes 'f() > x { echo {}; }' 'move it' 'f() { echo {}; } > x; f; cat x' 1
  takes 'for > x in {}; do :; done' 'move it' 'for x in {}; do :; done > x; echo 7' 7
  takes 'for x; echo {}' 'close it' 'for x in {}; do echo $x; done' 1
  takes 'for x & echo {}' 'for x in …; do … done' 'for x in {}; do echo $x; done' 1
  takes 'for x of {}; do :; done' 'write for x in …; do … done' 'for x in {}; do echo $x; done' 1
  takes 'for {} in a; do :; done' 'a name of letters and digits' 'for x in a; do echo {}; done' 1
  takes 'for x-y in {}; do :; done' 'a name of letters and digits' 'for xy in {}; do echo $xy; done' 1
  takes 'function {} { echo; }' 'a name of letters and digits' 'function f { echo {}; }; f' 1 --shell bash
  takes $'for\nx in {}; do :; done' 'write the name on the same line' 'for x in {}; do echo $x; done' 1
  takes 'for x in {}' 'close it' 'for x in {}; do echo $x; done' 1
  takes 'echo {}; for x' 'close it' 'for x in {}; do echo $x; done' 1
  takes 'echo {} 2>' 'name one' 'echo {} 2> x' 1
  takes 'echo {} >;' 'name one' 'echo {} > x; cat x' 1
  takes 'if true; then echo {}; fi echo' 'write ; or a newline before it' 'if true; then echo {}; fi; echo 7' $'1\n7'
  takes '{ echo {}; } while true; do break; done' 'write ; or a newline before it' '{ echo {}; }; while true; do break; done' 1
  takes '{ echo {}; } { echo 7; }' 'write ; before it' '{ echo {}; }; { echo 7; }' $'1\n7'
  takes '{ echo {}; } > x y' 'write ; before it' '{ echo {}; } > x; cat x' 1
}

@test "refused scripts: redirections, operators and names" {
  takes 'echo 7 >&{}' '> FILE 2>&1' 'echo 7 > {} 2>&1; cat 1' 7
  takes 'echo 7 >&{}' 'n=$(({})) first and >&$n' 'n=$(({})); echo 7 >&$n' 7
  takes '((x={})); echo 7' 'x=$(({}+1))' 'x=$(({}+1)); echo $x' 2
  takes 'echo ${y:{}}' 'v={} for text' 'v={}; echo "$v"' 1
  takes 'echo ${y:{}}' 'n=$(({})) for a number' 'n=$(({})); echo "$n"' 1
  takes 'printf %s "`echo "\\"{}`"' 'write $(' 'printf %s "$(printf %s "\\"{})"' '\1'
  takes 'sh -c "echo {}"; :' "sh -c 'echo \"\$1\"' sh {}" "sh -c 'echo \"\$1\"' sh {}; :" 1
  takes 'echo 7; echo' '{} or "$1"' 'echo 7; echo {}' $'7\n1'
  takes "echo \$'{}'; :" "\$'…'{}\$'…'" "echo \$'a'{}\$'b'; :" '$a1$b'
  takes 'echo $((echo {}) | cat); :' 'write $( (' 'echo $( (echo {}) | cat); :' 1
  takes 'RANDOM={}; echo 7' 'choose another name' 'random={}; echo 7' 7
  takes 'PS4="{}" sh -c "echo 7"' 'choose another name' 'P="{}" sh -c "echo 7"' 7
  takes ': "${NEW:={}}"; echo $NEW' 'choose a name in small letters' ': "${new:={}}"; echo $new' 1
  takes ': ${x:={}}; echo $x' 'write "${x=…}"' ': "${x={}}"; echo $x' 1
  takes $'echo {} >\\\n& x' 'write it on one line' 'echo {} > x 2>&1; cat x' 1
  takes $'echo "$\\\n{}"' 'write it on one line' 'echo "\${}"' '$1'
  takes 'echo {} &| cat' 'write & or ;;' 'echo {} & wait' 1
  takes 'case {} in 1) echo 7;| *) :; esac' 'or ;;' 'case {} in 1) echo 7;; *) :; esac' 7
  takes 'echo {} &! wait' 'write & or' 'echo {} & wait' 1
  takes 'echo {};; echo 7' 'write ;' 'echo {}; echo 7' $'1\n7'
  takes 'echo {} &>x; cat x' 'write > FILE 2>&1' 'echo {} > x 2>&1; cat x' 1
  takes 'echo {} &>x; cat x' '--shell bash' 'echo {} &>x; cat x' 1 --shell bash
  takes 'exec 3>x; echo {} >&$(echo {})' 'n=$(({})) first and >&$n' 'n=$(({})); echo 7 >&$n' 7
  takes $'echo $(\\\n(echo {}))' 'write $( (' 'echo $( (echo {}))' 1
  try distaff 'ssh h "rm {}"; :' ::: 1
  quoted=$(sed -n 's/.*with --shell bash: //p' "$kept/stderr")
  quoted=${quoted/rm --/echo} # ssh is a function here
  try distaff --shell bash "ssh() { shift; sh -c \"\$*\"; }; $quoted; :" ::: $'a\tb\'"c'
  prints $'a\tb\'"c'
  takes 'env -S "echo {}"; :' 'write its words apart' 'env echo {}; :' 1
}

@test "refused scripts: the rows of the man page" {
  takes 'echo >&{}' '> FILE' 'echo 7 > {}; cat 1' 7
  takes "echo \$'{}'; :" 'end the quotes' 'echo "{}"; :' 1
  takes 'x=abc; echo ${x:{}}' 'n=$(({}))' 'x=abc; n=$(({})); echo ${x:$n}' bc --shell bash
  takes 'x=212; echo ${x/{}/y}' 'a variable' 'x=212; echo ${x/"$1"/y}' 2y2 --shell bash
  takes 'a[{}]=1' 'i=$(({}))' 'n=$(({})); a[$n]=7; echo ${a[1]}' 7 --shell bash
  takes 'a=({}); echo $a' 'set -- {}' 'set -- {}; echo $1' 1
  sed -n '/Refused:/,/End of refused/p' "$BATS_TEST_DIRNAME/../../man/distaff.1" > rows
  same "$(grep -c '@.*@' rows)" 12 # a new row is followed here, too
}

@test "refused scripts: batches" {
  echo a > 1
  echo b > 2
  batch 'echo a{}; :' 'let it stand alone' 'echo a {}; :' 'a 1 2'
  batch 'echo a{}; :' 'quote it to have them in one word' 'echo "a{}"; :' 'a1 2'
  batch 'echo a{}; :' 'for f in "$@"; do …; done' 'for f in "$@"; do echo a$f; done' $'a1\na2'
  batch 'cat < {}' 'for f in "$@"; do …; done' 'for f in "$@"; do cat < "$f"; done' $'a\nb'
  batch 'echo $(({}))' 'for f in "$@"; do …; done' 'for f in "$@"; do echo $((f)); done' $'1\n2'
  batch 'echo {/}; :' 'for f in "$@"; do …; done' 'for f in "$@"; do echo "${f##*/}"; done' $'1\n2'
  batch 'echo {/}; :' 'quote it to have them in one word' 'echo "{/}"; :' '1 2'
  batch 'f() { echo {}; }; f' 'call the function with "$@" and say "$@" in it' 'f() { echo "$@"; }; f "$@"' '1 2'
  batch 'set -- a; echo {}' 'write "$@" instead of {}' 'echo "$@"; set -- a' '1 2'
  batch 'sh -c "echo {}"; :' "sh -c 'echo \"\$@\"' sh {}" "sh -c 'echo \"\$@\"' sh {}; :" '1 2'
  batch 'ssh h "rm {}"; :' '--stdin record' 'sed s/1/3/; :' $'3\n2' --stdin record
  batch 'exec sh -c' "sh -c 'echo \"\$@\"' sh {}" "exec sh -c 'echo \"\$@\"' sh {}" '1 2'
  try distaff -n 2 'printf "%s|" "{}"; :' ::: 1 2
  prints_bytes '1 2|'
  says 'without quotes it is one word for each'
  try distaff -n 2 'printf "%s|" {}; :' ::: 1 2
  prints_bytes '1|2|'
  silent
}

@test "refused scripts: what is too deep, empty, or of another language" {
  open=$(printf '( %.0s' {1..210})
  close=$(printf ')%.0s' {1..210})
  try distaff "$open echo {} $close" ::: 1
  says 'write it to a file and run that'
  echo "$open echo \$1 $close" > deep
  try distaff 'sh ./deep {}; :' ::: 1
  prints 1
  try distaff ' ' ::: 'echo 7'
  says 'or leave it out if the records are commands'
  try distaff ::: 'echo 7'
  prints 7
  try distaff --env BASH_ENV={} true ::: a
  says 'set another variable and use that in the command'
  try distaff --env V={} 'echo "$V"' ::: a
  prints a
  try distaff --shell python3 'print("{}")' ::: "it's"
  says 'the record is its first argument'
  try distaff --shell python3 'import sys; print(sys.argv[1])' ::: "it's"
  prints "it's"
  try distaff --shell 'python3 -c' -I % 'print("{}")' ::: a
  prints '{}'
  printf '#!/bin/sh\n[ "$1" = -e ] || exit 9\necho "$2: $3"\n' > perl
  chmod +x perl
  PATH=$PWD:$PATH try distaff --shell 'perl -e' 'print "@ARGV"' ::: "it's"
  prints "print \"@ARGV\": it's"
  try distaff --shell 'ssh host sh' 'echo {}' ::: a
  says "write --shell bash '"
}

@test "a script that does not say where the record goes" {
  takes 'true; echo' 'write {} or "$1" there' 'true; echo {}' 1
  takes 'true; echo' 'or "$1" there' 'true; echo "$1"' 1
  takes 'true; cat' 'use --stdin record' 'true; cat' 1 --stdin record
  takes 'true; echo' 'or -I % if it is not wanted' 'true; echo' '' -I %
  takes "echo it's" 'write "$1" there' "echo \"it's\" \"\$1\"" "it's 1"
  takes "echo it's" "mend it for {}: the script has a ' that nothing closes" 'echo "it'"'"'s" {}' "it's 1"
  takes 'echo `echo \`echo 1\``' 'or mend it for {}' 'echo $(echo $(echo 1))' '1 1'
  takes 'echo `echo \`echo 1\``' 'write "$1" there' 'echo `echo \`echo 1\`` "$1"' '1 1'
  takes 'exec sh -c' "sh -c 'echo \"\$1\"' sh {}" "exec sh -c 'echo \"\$1\"' sh {}" 1
  try distaff 'exec sh -c' ::: 'echo 7'
  says '"$1" if each record is a command'
  try distaff 'exec sh -c "$1"' ::: 'echo 7'
  prints 7
}
