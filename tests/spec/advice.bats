# Advice is followed: what a message says to write instead is written, and does what was wanted.

load helpers

# instead OPTION... -- ARG...: `distaff` with OPTION (of another tool) is refused and names the first
# ARG; `distaff ARG...` is what it says.  Its output is kept.
instead() {
  local first second
  two_lists "$@"
  try distaff "${first[@]}" true ::: a
  exits 2
  says "${second[0]}"
  try distaff "${second[@]}"
}

@test "options of xargs and GNU parallel: input" {
  printf 'a,b\nc,d\n' > list
  instead --colsep , -- --split , -k -a list echo {2}
  prints b d
  instead --arg-file list -- -a list echo
  prints_sorted a,b c,d
  instead --trim lr -- --split '\s+' true ::: a
  try distaff echo '[{@^\s*(.*\S)}]' ::: '  a b  '
  prints '[a b]'
  try distaff --xapply echo
  says ':::+'
  try distaff -k echo ::: 1 2 :::+ a b
  prints '1 a' '2 b'
  try distaff --eof END true
  says "sed '/^END\$/Q'"
  printf 'a\nEND\nb\n' | sed '/^END$/Q' | try distaff echo
  prints a
  instead --sep , -- -d , -a list true
  exits 0
  instead --header : -- --csv -k -a list echo {b}
  prints d
}

@test "options of xargs and GNU parallel: batches and blocks" {
  for option in --pipe --block=1M --cat --round-robin; do
    try distaff "$option" wc
    exits 2
    says '-n N --stdin record'
  done
  seq 5 | try distaff -k -n 2 --stdin record 'wc -l'
  prints 2 2 1
  instead -L 2 -- -n 2 -k echo ::: a b c
  prints 'a b' c
  try distaff -N 0 true
  says '-I %'
  try distaff -I % echo x ::: a b
  prints x x
  instead --max-chars 20 -- --max-bytes 20 -k echo ::: a b
  exits 0
  try distaff --compress true
  says --hold-memory --spill-limit
  try distaff --hold-memory 1k --spill-limit 1k -k 'head -c {} /dev/zero' ::: 3000 3000
  exits 0
  same "$(wc -c < "$kept/stdout")" 6000
}

@test "options of xargs and GNU parallel: the command" {
  try distaff --extensionreplace ,, true
  says "-I '%{}'"
  try distaff -I '%{}' echo '%{.}' ::: a.b
  prints a
  try distaff --rpl '{x} s/a/b/' true
  says '{@REGEX}'
  try distaff echo '{@^(.)}' ::: xy
  prints x
  instead --wd d -- --workdir / pwd ::: a
  prints /
  try distaff --process-slot-var S true
  says DISTAFF_SLOT '{%}'
  try distaff 'echo $DISTAFF_SLOT {%}; : {}' ::: a
  prints '1 1'
  instead --verbose -- -t true ::: a
  says 'true a'
  instead --pipefail -- --shell 'bash -o pipefail' 'false | cat; : {}' ::: a
  exits 0
  instead --interactive -- --dry-run echo ::: a
  prints 'echo a'
  try distaff --tty true
  says '--stdin tty with -j 1'
  try "$STRESS/on_terminal" "$DISTAFF" --stdin tty -j 1 'test -t 0; : {}' ::: a
  exits 0
}

@test "options of xargs and GNU parallel: output, failure and the pool" {
  instead --lb -- --output line echo ::: a
  prints a
  instead --tagstring x -- --tag-template x echo ::: a
  prints $'x\ta'
  instead --files -- --results out echo ::: a
  same "$(cat out/1/stdout)" a
  instead --fail-early -- --on-error stop -j 1 false ::: a b
  says 'the run was stopped there'
  instead --retry 2 -- --retries 2 --retry-delay 1ms 'echo x; exit {}' ::: 0
  prints x
  instead --max-procs 2 -- -j 2 true ::: a
  exits 0
  instead --load 80% -- -j 50% --nice 1 true ::: a
  exits 0
  instead --bar -- --progress bar true ::: a
  exits 0
  instead --semaphorename x -- --lock x --mutex y true ::: a
  exits 0
}

# What is said to be written for the shell, in the last pair of '…' or behind "write".
written() {
  sed -n "s/.*$1//p" "$kept/stderr"
}

@test "quotes and words of the shell: the line that is said can be typed" {
  try distaff sh -c 'echo {}' ::: 'a;b'
  exits 2
  same "$(eval "$(written '; write ') ::: 'a;b'")" 'a;b'
  try distaff '"echo {} x"' ::: a
  exits 2
  same "$(eval "$(written 'name; write ') ::: a")" 'a x'
  try distaff 'X={}' printenv X ::: a
  exits 2
  same "$(eval "distaff $(written 'jobs write ') printenv X ::: a")" a
  try distaff cd / ::: a
  exits 127
  says "distaff 'cd {} && make'"
  same "$(distaff 'cd {} && pwd' ::: /)" /
  export PATH="$PWD:$PATH"
  printf '#!/bin/sh\necho "ran $1"\n' > 'my prog'
  chmod +x 'my prog'
  try distaff './my prog' ::: a
  same "$(eval "$(written 'name write ') ::: a")" 'ran a'
  f() { echo "f $1"; }
  export -f f
  try distaff f ::: a
  same "$(eval "$(written 'bash: write ') ::: a")" 'f a'
}
