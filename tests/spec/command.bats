# What runs: where the record goes, replacements, quoting, the shell and the job's surroundings.

load helpers

# ---- where the record goes

@test "the record goes to the end of the command, or where {} stands" {
  try distaff -k echo a b ::: x
  prints 'a b x'
  try distaff -k echo a {} b{} ::: x
  prints 'a x bx'
}

@test "several words are an argv: no shell looks at them" {
  try distaff echo '$HOME' '*' ';' '|' x ::: '`id`'
  exits 0
  prints '$HOME * ; | x `id`'
}

@test "a word that is a shell's operator is passed on, with one warning" {
  seq 3 | try distaff -k echo '>' out
  exits 0
  prints '> out 1' '> out 2' '> out 3'
  one_line
  says "'>'"
  absent out
}

@test "one word is a script; plain words of it need no shell" {
  try distaff 'echo "a  b" c' ::: x
  prints 'a  b c x'
  # dash drops variables with such names; so this one has seen no shell.
  try env a.b=here distaff 'printenv' ::: a.b
  prints here
}

@test "a record is appended to a script of one plain command" {
  try distaff 'cat < /dev/null -' ::: x
  exits 2
  try distaff 'A=1 echo' ::: x
  exits 2
  try distaff 'echo "$HOME"' ::: x
  prints "$HOME x"
}

@test "a script that speaks of its arguments gets nothing appended, one that only quotes them does" {
  try distaff 'echo "$#"' ::: x
  prints 1
  try distaff "echo '\$1'" ::: x
  prints '$1 x'
}

@test "without a command each record is a script and nothing in it is replaced" {
  printf 'echo {} | cat\necho $((1+1)) {1}\n' | try distaff -k
  exits 0
  prints '{}' '2 {1}'
}

@test "with -I nothing is appended and braces mean nothing" {
  try distaff -k -I X echo {} aX 'X X' ::: v
  prints '{} av v v'
  try distaff -I X echo none ::: v
  prints none
}

@test "-I with a prefix spells all forms" {
  try distaff -I '%{}' echo {} %{} %{/.} ::: /a/b.c
  prints '{} /a/b.c b'
}

@test "--stdin record feeds the record and a newline, and nothing is appended" {
  try distaff -k --stdin record 'wc -c' ::: abc ''
  exits 0
  prints 4 1
}

@test "a long record is no hindrance to a script that names a small field of it" {
  { echo id,text; printf '7,'; head -c 200000 /dev/zero | tr '\0' x; echo; } > long.csv
  for words in 'echo {id}' 'echo {id}; :' 'set -e; echo {id}' 'f() { echo {id}; }; f'; do
    try distaff --csv -a long.csv "$words"
    prints 7
  done
  try distaff --csv -a long.csv printf '%s\n' {id}
  prints 7
  try distaff --csv -a long.csv --shell bash 'echo "${1:-none}" {id}'
  exits 1
  says 200002 '--stdin record has no limit, if the script does not speak of $1'
}

@test "what is advised for a record that is too long works" {
  { echo id,text; printf '7,'; head -c 200000 /dev/zero | tr '\0' x; echo; } > long.csv
  wants_stdin() { # advice, then the command that follows it, then the one that fails
    local advice=$1 good=$2
    shift 2
    try distaff --csv -a long.csv "$@"
    exits 1
    says "--stdin record has no limit$advice"
    eval "try distaff --csv -a long.csv --stdin record $good"
    prints 200003
  }
  wants_stdin ', if the command does without {text}' 'wc -c' wc -c {text}
  wants_stdin ', if the command does without {text}' "': {id}; wc -c'" 'echo {text} {id} | wc -c'
  wants_stdin '' 'wc -c' wc -c
  wants_stdin ', if the script does not speak of $1' "'wc -c; :'" 'echo "$1" | wc -c'
  wants_stdin ', if it is not in --env X' 'wc -c' --env 'X={text}' 'wc -c; :'
}

@test "--stdin record: records end as they came" {
  printf 'a\nb\0c' | try distaff -k -0 -n 2 --stdin record od -An -c
  prints '   a  \n   b  \0   c  \0'
  printf 'a;b;c' | try distaff -k -d ';' -n 3 --stdin record cat
  prints_bytes 'a;b;c;'
  printf 'a\r\nb\r\n' | try distaff -d '\r\n' -n 2 --stdin record cat
  prints_bytes 'a\r\nb\r\n'
  printf 'i\n1\n2\n' | try distaff --csv -n 2 --stdin record cat
  prints 1 2
  # What is printed for a shell has them too.
  printf 'a\0b\0' | distaff -0 -n 2 --dry-run --stdin record cat > line
  same "$(sh line | od -An -c)" '   a  \0   b  \0'
}

@test "--stdin record: large records, jobs that do not read, many at once" {
  head -c 1000000 /dev/zero | tr '\0' x > long
  try distaff -a long --stdin record wc -c
  exits 0
  prints 1000001
  try distaff -a long --stdin record true
  exits 0
  silent
  seq 101 140 | try distaff -k -j 8 --stdin record cat
  exits 0
  prints $(seq 101 140)
}

@test "options end at the first word that is none" {
  try distaff -k echo -n -k --tag ::: x
  prints_bytes '-k --tag x'
  try distaff -k -- echo -n ::: x
  prints_bytes 'x'
}

@test "options: joined, bundled, by equals sign; the last scalar counts" {
  seq 3 | try distaff -kj1 echo
  prints 1 2 3
  seq 3 | try distaff -k --jobs=4 -j3 -P 2 --max-records 2 -n3 echo
  prints '1 2 3'
}

@test "distaff run is the same" {
  seq 2 | try distaff run -k echo
  prints 1 2
  try distaff run fetch ::: x
  exits 127
}

# ---- replacements

@test "path parts" {
  try distaff echo {/} {//} {.} {/.} {//.} {/^.gz} ::: a/b.tar.gz
  prints 'b.tar.gz a a/b.tar b.tar a b.tar'
}

@test "a capture" {
  try distaff echo '{@id=(\d+)}' '{@[a-z]{2}}' ::: 'xy id=42'
  exits 0
  prints '42 xy'
  try distaff echo '{@id=(\d+)}' ::: 'none'
  exits 1
  prints
}

@test "job number and slot" {
  try distaff -k -j 1 echo {#} {%} {} ::: a b
  prints '1 1 a' '2 1 b'
}

@test "what is no replacement is left as it is" {
  try distaff echo '{print $1}' '{"a":1}' '{1..9}' '{{.Names}}' '${x}' '{ }' '[0-9]{4}' 'a{,b}' {} ::: v
  exits 0
  prints '{print $1} {"a":1} {1..9} {{.Names}} ${x} { } [0-9]{4} a{,b} v'
}

@test "a missing value is a failed job that says what is missing" {
  printf 'a b\nc\n' | try distaff -k --split ' ' echo x{2}
  exits 1
  prints xb
  says "job 2" "no field 2"
}

# ---- no value reaches a parser

@test "random values in every quoting position, dash: byte for byte, nothing executed" {
  try "$STRESS/quoting" distaff
  exits 0
}

@test "random values with newlines in every quoting position, dash" {
  try "$STRESS/quoting" distaff --newlines
  exits 0
}

@test "random values in every quoting position, bash: byte for byte, nothing executed" {
  try "$STRESS/quoting" distaff --shell bash
  exits 0
}

@test "random values with newlines in every quoting position, bash" {
  try "$STRESS/quoting" distaff --shell bash --newlines
  exits 0
}

@test "arithmetic takes integers; anything else is a job that could not start" {
  try distaff -k 'echo $(( {} * 2 )) $((5-{}))' ::: 3 -3 +1 'a[$(touch pwned)]' '1+1' ''
  exits 1
  prints '6 2' '-6 8' '2 4'
  says "job 4" "job 5" "job 6"
  absent pwned
  try distaff -k --shell bash 'echo $((10#{}))' ::: 010 'a[$(touch pwned)]'
  exits 1
  prints 10
  absent pwned
}

@test "functions and set -- of the script mean what they say" {
  try distaff 'f() { echo "$1 {}"; }; set -- p q; f arg; echo "$# $1"' ::: v
  exits 0
  prints 'arg v' '2 p'
}

@test "the script's own variables are not touched, and ours are not exported" {
  D1=mine try distaff 'echo "$D1"; env | grep -c "^D[0-9]*=v"; echo {}' ::: v
  exits 0
  prints mine 0 v
}

@test "quoted text with a record as option: no word is split or globbed" {
  touch a1 a2
  try distaff 'printf "[%s]" {}; echo' ::: 'a*' '-x  y'
  prints_sorted '[a*]' '[-x  y]'
}

# ---- shells

@test "--shell is always used, with its words" {
  try distaff --shell 'bash -o pipefail' 'shopt -qo pipefail && echo {}' ::: x
  exits 0
  prints x
  try distaff --shell bash 'echo "${BASH_VERSION:+bash}"' ::: x
  prints 'bash x'
}

@test "a shell of an unknown family gets the record as an argument" {
  try distaff --shell python3 'import sys; print(sys.argv[-1])' ::: 'a b'
  exits 0
  prints 'a b'
}

@test "a script is not run through a shell it does not need: BASH_ENV and shell start-up play no part" {
  echo 'echo startup' > rc
  ENV=$PWD/rc BASH_ENV=$PWD/rc try distaff 'echo {}' ::: x
  prints x
}

# ---- surroundings

@test "stdin of a job is empty" {
  seq 3 | try distaff -k 'cat; echo {}'
  prints 1 2 3
}

@test "--workdir and --env take templates" {
  mkdir 'a b'
  try distaff -k --workdir {} --env 'X=<{}>' 'pwd; echo "$X"' ::: 'a b'
  exits 0
  prints "$(pwd -P)/a b" '<a b>'
}

@test "a directory that is not there is a job that could not start" {
  mkdir b
  try distaff -k --workdir {} pwd ::: a b
  exits 1
  prints "$(pwd -P)/b"
  says "job 1" "could not start"
}

@test "jobs see their number, slot, attempt, group and run" {
  try distaff -j 1 -g {} 'echo $DISTAFF_SEQ $DISTAFF_SLOT $DISTAFF_ATTEMPT $DISTAFF_GROUP; echo $DISTAFF_RUN > run.{#}; : {}' ::: a b
  exits 0
  prints '1 1 1 a' '2 1 1 b'
  [ -s run.1 ] || fail "no DISTAFF_RUN"
  same "$(cat run.1)" "$(cat run.2)"
  mkdir old
  mv run.* old
  try distaff 'echo $DISTAFF_RUN > run.{#}; : {}' ::: a
  ! cmp -s run.1 old/run.1 || fail "two runs have one name"
}

@test "a job has nothing of an outer run: DISTAFF_GROUP is its own or not there" {
  DISTAFF_GROUP=outer try distaff -k -g '{2}' 'echo "[${DISTAFF_GROUP-none}] {1}"' ::: a ::: '' k
  prints '[none] a' '[k] a'
  DISTAFF_GROUP=outer DISTAFF_SLOT=9 DISTAFF_SEQ=9 try distaff sh -c 'env | grep -cE "^DISTAFF_(SEQ|SLOT|ATTEMPT|RUN|GROUP)="; env | grep "^DISTAFF_.*=9$"' ::: a
  prints 4
  # A run in a job of a run.
  try distaff -g {} 'printf "x\ny\n" | "$DISTAFF" -k -I % "echo \"[\$DISTAFF_GROUP] \$DISTAFF_SEQ %\""; : {}' ::: a
  prints '[] 1 x' '[] 2 y'
}

@test "a shell that is named has its own forms beside a replacement" {
  local value='a[$(touch ran)]'
  try distaff --shell bash 'i=0; ((i++)); for ((j=0;j<2;j++)); do a+=($j); done; declare -A m=([k]=v)
    [[ $i -eq 1 && ${#a[@]} -gt 1 ]] && echo $i "${a[1]}" "${m[k]}" {}' ::: "$value"
  prints "1 1 v $value"
  refuses '((' '[ {} -gt 1 ]' -- --shell bash '(( {} > 1 )) && touch ran' ::: "$value"
  refuses '$x' 'n=$(({}))' -- --shell bash 'x={}; ((x > 1)) && touch ran' ::: "$value"
  try distaff --shell bash 'x=$(({})); ((x > 1)) && echo {}' ::: 7
  prints 7
  # A plain sh may read them in another way, and the message says where they are known.
  refuses '((' '--shell bash' -- 'i=0; ((i++)); echo $i {}' ::: x
  refuses 'array' '--shell bash' -- 'a=(1 2); echo "${a[0]}" {}' ::: x
  absent ran
}

@test "--env refuses the variables that distaff sets itself" {
  local name
  for name in SEQ SLOT ATTEMPT RUN GROUP; do
    refuses "--env DISTAFF_$name" 'another name' -- --env DISTAFF_$name=77 'touch ran; : {}'
  done
  echo '{"env": ["DISTAFF_GROUP={}"]}' > c.json
  refuses 'DISTAFF_GROUP' -- --config c.json 'touch ran; : {}'
  try distaff --env DISTAFF_GROUPS=77 'echo $DISTAFF_GROUPS; : {}' ::: a
  prints 77
}

@test "--nice" {
  try distaff --nice 7 'nice; : {}' ::: x
  prints 7
}

@test "each job is its own process group" {
  try distaff -j 1 'ps -o pgid= -p $$ | tr -d " " ; echo $$; : {}' ::: a
  exits 0
  same "$(sed -n 1p "$kept/stdout")" "$(sed -n 2p "$kept/stdout")"
}

@test "--dry-run prints pasteable commands in input order and runs nothing" {
  try distaff --dry-run -j 4 touch ::: 'a b' "it's" c
  exits 0
  prints "touch 'a b'" "touch 'it'\\''s'" "touch c"
  same "$(ls)" ""
  sh -e "$kept/stdout"
  same "$(ls)" $'a b\nc\nit\'s'
}

@test "--dry-run shows directory, environment and the shell; pasting does what the run does" {
  mkdir 'd 1'
  try distaff --dry-run --workdir {} --env 'X={} y' 'echo "$X" > {/}.out; pwd' ::: 'd 1'
  exits 0
  same "$(ls)" 'd 1'
  sh -e "$kept/stdout" > pasted
  same "$(cat 'd 1/d 1.out')" 'd 1 y'
  same "$(cat pasted)" "$(pwd -P)/d 1"
}

@test "--dry-run prints a script with its values, and running what it prints does what the run does" {
  script='if [ -n {} ]
  then
    cd "$HOME" && printf "%s" {} > {#}.bare   # apart from the next line
  fi
  cd "$HOME"
  printf "%s\n" "<{}>" '"'[{}]'"' > {#}.quoted; x={}
  printf "%s" "${x%c}" "`printf %s {}`" "${y:-{}}" > {#}.more'
  values=(plain 'b c' "it's" '$(touch ran)' '`touch ran`' 'a"b\c' $'two\nlines' '' '*' '~' -n $'\033[31m' $'\xff' '!x' ';touch ran;')
  mkdir run dash bash
  HOME=$PWD/run try distaff "$script" ::: "${values[@]}"
  exits 0
  distaff --dry-run "$script" ::: "${values[@]}" > lines
  grep -qF "if [ -n 'b c' ]; then cd \"\$HOME\" && printf \"%s\" 'b c' > 2.bare; fi; cd " lines || fail "no text"
  for shell in dash bash; do
    HOME=$PWD/$shell $shell lines
    diff -r run $shell
  done
  [ "$(find . -name ran)" = "" ] || fail "a value was run"
}

@test "a script that speaks of its arguments is printed as its shell is given it" {
  try distaff --dry-run 'mv "$1" "${1%.txt}"; : {}' ::: 'a b.txt'
  exits 0
  prints "/bin/sh -c 'D1=\$1;shift 1;mv \"\$1\" \"\${1%.txt}\"; : \"\${D1}\"' sh 'a b.txt' 'a b.txt'"
}

@test "the block and --trace show what --dry-run prints, and the journal the script of it" {
  line="(cd 'd 1' && wc -c < 'a b' && false)"
  mkdir 'd 1'
  touch 'd 1/a b'
  distaff --dry-run --workdir 'd 1' 'wc -c < {} && false' ::: 'a b' > lines
  same "$(< lines)" "$line"
  try distaff -t --journal j --log-level info --workdir 'd 1' 'wc -c < {} && false' ::: 'a b'
  exits 1
  [ "$(grep -cF "$line" "$kept/stderr")" = 3 ] || fail "expected it in the trace, the message and the block"
  same "$(jq -r 'select(.type == "job").script' j)" "wc -c < 'a b' && false" # the directory is the run's
}

@test "--trace shows control characters as the block does" {
  esc=$'\033[31m' turned=$'a\xe2\x80\xaeb'
  try distaff -t --log-level info 'cat < {}' ::: "$esc" "$turned"
  exits 1
  says "cat < '\\x1b[31m'" "cat < 'a\\u202eb'"
  ! grep -q "$esc\|$turned" "$kept/stderr" || fail "drawn"
}

@test "--dry-run shows a terminal no control characters, and a file the bytes" {
  esc=$'\033[31m' turned=$'a\xe2\x80\xaeb'
  "$BATS_TEST_DIRNAME/../stress/on_terminal" "$DISTAFF" --dry-run 'wc < {}' ::: "$esc" "$turned" $'a\nb' > shown
  same "$(tr -d '\r' < shown)" "wc < '\\x1b[31m'"$'\n'"wc < 'a\\u202eb'"$'\n'"wc < 'a\\nb'"
  distaff --dry-run 'wc < {}' ::: "$esc" "$turned" > lines
  same "$(< lines)" "wc < '$esc'"$'\n'"wc < '$turned'"
}

# bats test_tags=timed
@test "--dry-run does not wait for rests" {
  begin=$(clock)
  seq 5 | try timeout 600 distaff --dry-run --throttle 1h touch
  exits 0
  sooner "$begin" 9000000
  prints 'touch 1' 'touch 2' 'touch 3' 'touch 4' 'touch 5'
}

@test "--trace prints what runs on stderr" {
  try distaff -k -t echo x ::: a 'b c'
  exits 0
  prints 'x a' 'x b c'
  says "echo x a" "echo x 'b c'"
}

@test "a program of the record's own: one that is not there is one failed job" {
  try distaff -k {} ::: no-such-program pwd
  exits 1
  prints "$(pwd -P)"
  says "job 1" no-such-program
}

@test "a program is found by the job's PATH" {
  mkdir p
  printf '#!/bin/sh\necho found "$@"\n' > p/prog
  chmod +x p/prog
  try distaff --env "PATH=$PWD/p:$PATH" prog ::: x
  exits 0
  prints 'found x'
}

@test "a file without #! is a shell script" {
  echo 'echo script "$@"' > prog
  chmod +x prog
  try distaff ./prog ::: x
  exits 0
  prints 'script x'
}

@test "version and help" {
  try distaff --version
  exits 0
  grep -q '^distaff [0-9]' "$kept/stdout" || fail "expected a version"
  same "$(distaff -V)" "$(< "$kept/stdout")"
  try distaff --help
  exits 0
  [ "$(wc -l < "$kept/stdout")" -le 60 ] || fail "more than one screen"
  try distaff --help-all
  exits 0
  for option in --keep-order --throttle --csv --term-seq --workdir; do
    grep -qF -e "$option" "$kept/stdout" || fail "expected $option"
  done
}
