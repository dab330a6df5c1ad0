# The mistakes users make with options: status 2, one line that says what to write instead, nothing
# on stdout, nothing run, and stdin left for whoever reads it next.

load helpers

# ---- options

@test "an unknown option names the nearest of ours" {
  refuses --keep-oder --keep-order -- --keep-oder echo
  refuses --thottle --throttle -- --thottle 1 echo
  refuses --nul --null -- --nul echo
}

@test "CL-17 an unknown option, and values that cannot be" {
  refuses --nonsense -- --nonsense echo
  refuses -j "'-x'" -- -j -x echo
  refuses --throttle -4 -- --throttle -4 echo
  refuses --parallelism 0 -- --parallelism 0 echo
}

@test "an unknown letter, also in a bundle" {
  refuses -y -- -y echo
  refuses -y -- -ky echo
}

@test "options of xargs are translated" {
  refuses --max-procs --jobs -- --max-procs 4 echo
  refuses --max-args --max-records -- --max-args 4 echo
  refuses --arg-file --input -- --arg-file f echo
  refuses --max-lines -n -- --max-lines=2 echo
  refuses -L -n -- -L 2 echo
  refuses -N '-I %' -- -N 0 echo
  refuses --pipefail 'bash -o pipefail' -- --pipefail echo
}

@test "options of GNU parallel are translated" {
  refuses --colsep --split -- --colsep : echo
  refuses --header --csv -- --header : echo
  refuses --bar --progress -- --bar echo
  refuses --eta --progress -- --eta echo
  refuses --retry-failed --resume -- --retry-failed echo
  refuses --line-buffer '--output line' -- --line-buffer echo
  refuses --pipe -- --pipe cat
}

@test "options of distaff fetch say so" {
  for option in --polite --output-dir --body -H; do
    refuses "$option" "distaff fetch" -- "$option" 5 touch ran
  done
}

@test "an option without its value" {
  refuses -j -- -j
  refuses --throttle -- -j 2 --throttle
}

@test "a flag does not take a value" {
  refuses --keep-order -- --keep-order=yes echo
}

@test "subcommands that are not there yet name distaff run WORD" {
  for word in xargs parallel agent queue ctl report lock; do
    refuses "$word" "distaff run $word" -- "$word" echo
  done
}

@test "no command and a terminal on stdin: a short help, status 2" {
  try "$STRESS/on_terminal" distaff
  exits 2
  grep -q 'distaff' "$kept/stdout" || fail "expected help"
}

@test "a misspelt subcommand names the one that was meant" {
  seq 3 | try distaff rnu echo
  exits 127
  one_line
  says 'did you mean distaff run?'
  seq 3 | try distaff fecth http://localhost/
  exits 127
  says 'did you mean distaff fetch?'
  # Behind an option or `run` it can only be a program.
  seq 3 | try distaff -k rnu echo
  exits 127
  says_not 'did you mean'
}

@test "distaff help says how to get it" {
  refuses --help -- help
}

@test "what is asked of the program itself and cannot be written is said" {
  [ -e /dev/full ] || skip "there is no /dev/full"
  local asked program
  printf 'a,b\n' > t.csv
  for program in distaff 'distaff fetch'; do
    for asked in --version --help --help-all '--csv -a t.csv --fields'; do
      try sh -c "$program $asked > /dev/full"
      exits 3
      one_line
      says "distaff: cannot write to stdout: No space left on device"
      try sh -c "$program $asked >&-"
      exits 3
      one_line
      says "distaff: cannot write to stdout: "
    done
  done
}

@test "a reader that has seen enough of the help is no mistake" {
  {
    wait_for test -e gone
    distaff --help-all 2> err && status=0 || status=$?
    echo "$status" > status
  } | {
    exec <&-
    touch gone
  }
  same "$(cat status err)" 141
}

@test "-h and --help-all are on stdout" {
  try distaff -h
  exits 0
  silent
  grep -q -e '--help-all' "$kept/stdout" || fail "expected --help-all"
}

# ---- quotes and words of the shell

@test "too many quotes: a script in quotes of its own, a script before other words" {
  refuses "distaff 'touch ran {}'" -- '"touch ran {}"'
  refuses 'options stand before it' -- 'touch ran {}' -k
}

@test "too many quotes: those of a word are passed on, which is said once" {
  printf 'a\nb\n' | try distaff -k echo '"{}"'
  exits 0
  prints '"a"' '"b"'
  one_line
  says '{} needs none'
}

@test "too few quotes: an output file whose name has the braces" {
  for name in {}.out {.}.md; do
    status=0
    printf 'a\nb\n' | distaff touch ran > "$name" 2> err || status=$?
    same "$status" 2
    same "$(wc -l < err)" 1
    grep -qF "$name" err || fail "expected the file's name: $(< err)"
    absent ran
  done
  printf 'a\n' | distaff -I % echo % > '{}.out'
  same "$(cat '{}.out')" a
}

@test "a word of the shell where a program must stand" {
  try distaff cd {} ::: /
  exits 127
  one_line
  says 'a word of the shell'
  try distaff LANG=C echo ::: a
  exits 127
  says "--env 'LANG=C'"
  try distaff 'gzip -9' {} ::: a
  exits 127
  says 'write its words apart'
}

@test "a program whose name has a blank" {
  printf '#!/bin/sh\necho "ran $1"\n' > 'my tool'
  chmod +x 'my tool'
  try distaff './my tool' ::: a
  exits 127
  says "distaff './my tool' {}"
  try distaff './my tool' {} ::: a
  prints 'ran a'
}

@test "a script with line ends from Windows" {
  printf '#!/bin/sh\r\necho ran\r\n' > tool
  chmod +x tool
  try distaff ./tool ::: a
  exits 127
  one_line
  says "'/bin/sh\\r'" 'sed -i'
}

@test "a function of bash where a program must stand" {
  shout() { echo "${1^^}"; }
  export -f shout
  try distaff shout ::: a
  exits 127
  one_line
  says "distaff --shell bash 'shout {}'"
  try distaff --shell bash 'shout {}' ::: a
  prints A
}

@test "what a shell says of a script is in the shell's name" {
  try distaff 'no-such-program {} | cat' ::: a
  says 'sh: 1: no-such-program'
  says_not distaff:
  try distaff --shell bash 'no-such-program {} | cat' ::: a
  says 'bash: line 1: no-such-program'
}

@test "a variable of a value, and a time with a blank" {
  refuses "--env 'GPU={%}'" -- GPU={%} touch ran
  try distaff --throttle 2 ms touch ran ::: a
  exits 127
  says 'without a blank'
}

@test "--dry-run behind ::: is no value" {
  refuses --dry-run ./--dry-run -- touch ran ::: a --dry-run
  try distaff -k echo ::: a --csv
  prints a --csv
}

@test "a table and no command" {
  printf 'id,n\n1,touch ran\n' > t.csv
  refuses --csv command -- --csv -a t.csv
  refuses --jsonl command -- --jsonl -a t.csv
  refuses --split command -- --split 'touch ran {1}'
  absent ran
}

@test "/dev/null as stdin and no values: said, as nothing can come" {
  touch f
  try distaff gzip f
  exits 0
  one_line
  says ::: /dev/null
  try distaff --csv gzip {1}
  one_line
  says /dev/null
  for options in --quiet '--quiet --csv'; do
    try distaff $options gzip
    exits 0
    silent
  done
  # Whoever has no input is right to be silent.
  : | try distaff gzip f
  exits 0
  silent
  : > empty
  try distaff -a empty gzip
  silent
}

@test "the first job has no key: said before all have run" {
  printf 'nas1:a\nnas1:b\n' | try distaff -k -g host echo
  exits 0
  says "job 1, 'nas1:a', has no key" '--split REGEX -g {1}' '2 jobs had no key'
  printf 'http://a/\nb\n' | try distaff -k -g host echo
  says_not 'job 2'
  says '1 job had no key'
}

@test "the first job has no key: what is advised is taken" {
  printf 'k\nfoo\n' > t.csv
  try distaff --csv -a t.csv -g host:k echo {k}
  says "has no key" "-g k takes" "-g '{k@REGEX}' a part"
  says_not --split
  try distaff --csv -a t.csv -g '{k@^.}' 'echo $DISTAFF_GROUP; : {k}'
  prints f
  try distaff -g host echo ::: foo
  says "-g regex:RE takes a part"
  says_not --split
}

@test "the block says that the run was stopped" {
  try distaff -j 1 --on-error stop 'echo {}; test {} != 1' ::: 1 2 3
  exits 1
  prints 1
  says '1 of 1 job failed: 1 exit 1; the run was stopped there'
  try distaff -j 1 'echo {}; test {} != 3' ::: 1 2 3
  says_not stopped
}

@test "the block can be pasted, whatever the values are" {
  try distaff 'cat "{}" > /dev/null' ::: '$(touch pwned)' no-such-file
  exits 1
  says 'cat "\$(touch pwned)" > /dev/null' 'cat "no-such-file" > /dev/null'
  sed -n 's/^  job [0-9]* *exit [0-9]* *[0-9a-z.]* *//p' "$kept/stderr" > pasted
  same "$(wc -l < pasted)" 2
  sh pasted 2> /dev/null || true
  absent pwned
  try distaff -n 2 'cat {} /no/such' ::: a 'b c'
  says "cat a 'b c' /no/such"
}

# ---- tables that are not said to be one, or have no header

@test "columns in braces and no --csv: refused before the first job" {
  printf 'id,mail\n1,x\n' > t.csv
  for words in 'touch ran {mail}' 'touch ran {mail} {}'; do
    try distaff -a t.csv $words
    exits 2
    one_line
    says '{mail}' --csv
    absent ran
  done
  try distaff -a t.csv -I % echo '{mail}' %
  exits 0
}

@test "names in braces and no names: said once, or refused where the first line has them" {
  seq 2 | try distaff -k echo {name}
  prints '{name} 1' '{name} 2'
  one_line
  says '{name}' --csv
  printf 'http://a/\n' | try distaff -g host echo {host}
  one_line
  says '$DISTAFF_GROUP'
  printf 'id,mail\n1,x\n' | try distaff --split , touch ran {mail}
  exits 2
  one_line
  says --csv
  absent ran
  printf 'id,mail\n' | try distaff awk '{print}'
  says_not 'as it is'
}

@test "a column that the user's shell cut in two, and one that is misspelt" {
  printf 'id,Full Name\n1,x\n' > t.csv
  refuses "write '{Full Name}'" -- --csv -a t.csv touch ran {Full Name}
  refuses 'did you mean {Full Name}?' -- --csv -a t.csv touch ran '{Full Nam}'
  refuses "-I '%{}'" -- --csv -a t.csv touch ran '{nam}'
}

@test "a table with semicolons" {
  printf 'a;b\n1;"2;3"\n' > t.csv
  refuses "--csv --separator ';'" -- --csv -a t.csv touch ran {a}
  refuses "--csv --separator ';'" -- --tsv -a t.csv touch ran {a}
  try distaff -a t.csv touch ran {a}
  exits 2
  says "--csv --separator ';'"
  absent ran
  try distaff --csv --separator ';' -a t.csv echo {b}
  prints '2;3'
}

@test "a separator that is none, or has nothing to separate" {
  refuses --separator "';;'" -- --csv --separator ';;' touch ran {a}
  refuses --separator '"' -- --csv --separator '"' touch ran {a}
  refuses --separator '\n' -- --csv --separator '\n' touch ran {a}
  refuses "--tsv" "--csv --separator ;" -- --tsv --separator ';' touch ran {a}
  refuses --separator --split -- --separator ';' touch ran
  refuses --separator --jsonl -- --jsonl --separator ';' touch ran
  refuses -d --separator -- --csv -d ';' touch ran {a}
  refuses --separator -- --sep ';' touch ran
}

@test "two columns of one name, and a header of numbers: said once, where they are used" {
  printf 'id,n,id\n1,2,3\n4,5,6\n' > t.csv
  try distaff -k --csv -a t.csv echo {id}
  exits 0
  prints 1 4
  one_line
  says "'id'" "number 3"
  try distaff -k --csv -a t.csv echo {n}
  silent
  printf '3,2,1\na,b,c\n' > t.csv
  try distaff --csv -a t.csv --tag-template {3} echo {1} {2}
  exits 0
  prints $'a\tc b'
  says "{1} is the column that the header calls '1', which is number 3" "{3}"
  says_not "{2} is"
}

@test "two captures of one name: said of --match, not of a header" {
  echo ab | try distaff --match '(?P<a>a)(?P<a>b)' echo {a}
  exits 0
  prints a
  one_line
  says "--match has more than one capture 'a'" "number 2"
  echo ab | try distaff --match '(?P<7>a)(?P<b>b)' echo {7} {b}
  prints "a b"
  says "{7} is the capture that --match calls '7', which is number 1"
  says_not "the first row"
}

@test "a name with blanks around it: refused where a name without them is meant" {
  printf 'name,mail\nx,y\n' > t.csv
  refuses 'did you mean {mail}?' -- --csv -a t.csv touch ran '{mail }'
  refuses 'did you mean {mail}?' -- --csv -a t.csv 'touch ran; echo "{ Mail}"'
  refuses 'did you mean {1}?' -- --csv -a t.csv touch ran '{1 }'
  refuses 'did you mean {name}?' -- --csv -a t.csv --env 'N={name }' touch ran
  echo 'a b' | try distaff --split ' ' echo '{ 2}'
  exits 2
  says 'did you mean {2}?'
  echo '{"mail":"m"}' | try distaff --jsonl echo '{mail }'
  prints '{mail } {"mail":"m"}'
  says '{mail } stays as it is'
}

@test "numbers in braces and no fields: said once" {
  printf 'a b\nc d\n' | try distaff -k echo {2}
  exits 0
  prints '{2} a b' '{2} c d'
  one_line
  says '{2}' --split
  printf 'a,b\n' | try distaff echo rm -r /srv/{3}
  one_line
  says '/srv/{3}'
  printf 'x\n' | try distaff grep -c '^[0-9]{4}' /dev/null
  says_not warning
}

@test "a column's name in other letters" {
  printf 'id,Full Name\n1,x\n' > t.csv
  refuses 'did you mean {Full Name}?' -- --csv -a t.csv touch ran '{full name}'
}

@test "CSV without header: said, with --no-header" {
  printf '1,ada,ada@x.org\n2,bob,bob@x.org\n' > t.csv
  refuses --no-header "'ada@x.org'" -- --csv -a t.csv touch ran {name}
  try distaff --csv -a t.csv echo {2}
  exits 0
  prints bob
  one_line
  says --no-header
  try distaff -k --csv --no-header -a t.csv echo {2}
  prints ada bob
  silent
}

# ---- pool

@test "job counts that are none" {
  for value in x 1.5 0x2 200%% + - % -3% ''; do
    refuses --jobs "$value" -- "--jobs=$value" echo
  done
}

@test "durations that are none" {
  for value in 5x 1..s -1 ms 1:30; do
    refuses --delay "$value" -- "--delay=$value" echo
  done
}

@test "sizes and counts that are none" {
  refuses -n "'x'" "max or even" -- -n x echo
  refuses -n 0 "max" -- -n 0 echo
  refuses --max-record 0 -- --max-record 0 echo
  refuses --max-records -1 -- --max-records -1 echo
  refuses --max-bytes 5x -- --max-bytes 5x echo
  refuses --buffer-size x -- --buffer-size x echo
  refuses --nice x -- --nice x echo
}

# ---- input

@test "two formats of input" {
  refuses --csv --tsv -- --csv --tsv echo
  refuses --csv --jsonl -- --csv --jsonl echo
  refuses -0 -d -- -0 -d , echo
  refuses --null --csv -- --null --csv echo
}

@test "values on the command line exclude --input" {
  echo x > f
  refuses -a ::: -- -a f echo ::: a
  refuses --input :::: -- --input f echo :::: f
}

@test "linked lists of unequal length" {
  refuses ':::+' -- echo ::: a b :::+ 1
  refuses ':::+' -- echo ::: a :::+ 1 2
}

@test "a list that is linked to none" {
  refuses ':::+' -- echo :::+ 1 2
}

@test "an input file that is not there" {
  refuses no-such-file -- -a no-such-file echo
  refuses no-such-file -- echo :::: no-such-file
}

@test "a directory as input" {
  mkdir dir
  refuses dir directory -- -a dir echo
}

@test "regexes that are none" {
  refuses --split '(' -- --split '(' echo
  refuses --match '[' -- --match '[' echo
}

@test "choices that are none list what there is" {
  refuses --no-match maybe fail skip keep -- --match '(?P<a>x)' --no-match maybe echo
  refuses --stdin file record tty -- --stdin file echo
  refuses --output lines group line raw none -- --output lines echo
  refuses --on-error panic continue stop kill ignore -- --on-error panic echo
  refuses --log-level loud -- --log-level loud echo
  refuses --progress pie -- --progress pie echo
}

# ---- commands

@test "a script of several commands that does not say where the record goes" {
  for script in 'touch ran | wc' 'touch ran; date;' 'touch ran &' 'FOO=1' '> ran' '(touch ran)' \
    'touch ran # now' $'touch ran\ndate' 'touch ran && date' 'for i in 1; do touch ran; done'; do
    refuses '{}' -- "$script"
  done
}

@test "a value in the text of another shell's -c" {
  refuses "distaff 'touch ran {}'" -- sh -c 'touch ran {}'
  refuses "'touch ran {}'" -- /bin/bash -c 'touch ran {}'
  refuses "'touch ran {}'" -- bash -ec 'touch ran {}'
  refuses '{}' -- dash -c 'touch ran "{}"'
  refuses '{}' -- env sh -c 'touch ran {}'
  refuses '{}' -- env A=1 nice sh -c 'touch ran {}'
  refuses '{}' -- nice -n 5 sh -c 'touch ran {}'
  refuses '{}' -- timeout 5 sh -c 'touch ran {}'
  refuses '{}' -- sudo sh -c 'touch ran {}'
}

@test "a value in the text of a shell that a script starts, or find, or su" {
  for script in 'touch ran; sh -c "echo {}"' 'cd . && sh -c "touch ran {}"' 'sh -c "touch ran {}" | cat' \
    'if touch ran; then bash -ec "echo {}"; fi' 'X=1 sh -c "touch ran {}"' 'x=$(sh -c "touch ran {}")' \
    'find . -exec sh -c "touch ran {}" \; | cat' 'su root -c "touch ran {}"; date' \
    'env A=1 sh -c "touch ran {}"; date' 'seq 2 | xargs -n 1 sh -c "touch ran {}"' "sh -c 'touch ran {}'; date"; do
    refuses 'would run as code' -c -- "$script"
  done
  refuses "'touch ran {}'" -- find . -exec sh -c 'touch ran {}' ';'
  refuses "'touch ran {}'" -- su root -c 'touch ran {}'
  try distaff -k 'date > /dev/null; sh -c '\''echo "$1"'\'' sh {}' ::: '$(touch pwned)'
  exits 0
  prints '$(touch pwned)'
  try distaff 'grep -c sh {}; echo bash -c {}' ::: /dev/null
  prints 0 'bash -c /dev/null'
  absent pwned
}

# Programs that hand on what stands behind them: as words, or as text for a shell.
fake_programs() {
  printf '#!/bin/sh\nexec "$@"\n' > wrap
  printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' > ssh
  printf '#!/bin/sh\nexec sh -c "$3"\n' > su
  chmod +x wrap ssh su
  PATH=$PWD:$PATH
}

@test "a value in the text of a shell behind any program, or of a program that starts a shell" {
  fake_programs
  refuses '"$1"' -- wrap sh -c 'touch ran {}'
  refuses '"$1"' -- wrap --deep wrap bash -o pipefail -c 'touch ran {}'
  refuses '"$1"' -- wrap sh -c
  refuses '$q${1//' -- ssh host 'touch ran {}'
  refuses '$q${1//' -- ssh host touch ran
  refuses '$q${1//' -- timeout 5 ssh -p 22 u@host touch ran {}
  refuses '$q${1//' -- su root -- -c 'touch ran {}'
  refuses --env -- flock lock -c 'touch ran {}'
  refuses --env -- script -qec 'touch ran {}' /dev/null
  refuses env -- env -S 'sh -c' 'touch ran {}'
  refuses --env -- watch touch ran {}
  refuses '"$1"' -- wrap sh +c 'touch ran {}'
  refuses '$q${1//' -- --shell 'ssh host sh' 'touch ran {}'
  for script in '\sh -c {}' '"sh" -c {}' 'A=1 s"h" -c {}' 'cd . && ssh host "touch ran {}"' '> log sh -c {}' \
    'x=$(wrap sh -c {})' 'wrap flock f -c "touch ran {}"; date'; do
    refuses 'would run as code' -- "$script; :"
  done
}

# shows_safe_form WANTED COMMAND...: it is refused, and what is said instead prints each value as the
# format WANTED does.
shows_safe_form() {
  local wanted=$1 form
  shift
  try distaff -0 -a in "$@"
  exits 2
  form=$(sed -n '/; write distaff /{ s/.*; write distaff //; s/ (with --shell bash if.*//; p; }' "$kept/stderr")
  [ -n "$form" ] || fail "no form is shown for: $*"
  eval "try distaff -0 -k -a in $form"
  exits 0
  printf "$wanted" "${values[@]}" > wanted
  cmp "$kept/stdout" wanted || fail "for $* was shown: $form"
  absent pwned
}

hostile_values() {
  values=('a b' ';touch pwned' '$(touch pwned)' "it's" '"x"' '`touch pwned`' '\n' '$HOME' '-n' 'x{}y' '&' '*'
    $'a\t\'; touch pwned #' $'\'\n;touch pwned;\'' $'\xe9\'\x01' $'a\\\'b\\' '~' 'a"b' "'" "''")
  printf '%s\0' "${values[@]}" > in
}

@test "the safe form that is shown does what was meant, whatever the value is" {
  fake_programs
  hostile_values
  shows_safe_form '<%s>\n' sh -c 'printf "<%s>\n" {}'
  shows_safe_form '<%s>\n' bash -c 'printf "<%s>\n" {}'
  shows_safe_form '<%s>\n' wrap sh -c 'printf "<%s>\n" {}'
  shows_safe_form '<a %s b>\n' wrap bash -ec "printf '<%s>\\n' 'a {} b'"
  shows_safe_form '<%s>\n' ssh host 'printf "<%s>\n" "{}"'
  shows_safe_form '<%s>\n' ssh host printf "'<%s>\\n'"
  shows_safe_form '<a %s b>\n' su root -c 'printf "<%s>\n" "a {} b"'
  shows_safe_form '<%s>\n' flock lock -c 'printf "<%s>\n" {1}'
}

@test "the safe form keeps the words around the text, and its own shell" {
  fake_programs
  hostile_values
  # Options of the shell, and what has to be run before it.
  shows_safe_form '<%s>\n' sh -ec 'printf "<%s>\n" {}; false || exit 0; exit 1'
  shows_safe_form '<%s>\n' bash -O nullglob -c 'printf "<%s>\n" none/* {}'
  shows_safe_form '1 <%s>\n' env -i A=1 "PATH=$PATH" sh -c 'printf "$A <%s>\n" {}'
  shows_safe_form '<%s>\n' timeout 50 sh -c 'printf "<%s>\n" {}'
  # Arguments of the text: it has some of its own, or changes them.
  shows_safe_form '<%s> x\n' sh -c 'printf "<%s> $1\n" {}' sh x
  shows_safe_form '<%s> x\n' wrap sh -c 'printf "<%s> $1\n" {}' sh x
  shows_safe_form '<%s>\n' wrap sh -c 'f() { printf "<%s>\n" {}; }; f z'
  shows_safe_form '<%s>\n' wrap sh -c 'set -- a b; printf "<%s>\n" {}'
  # Programs that start the shell here.
  shows_safe_form '<%s>\n' find . -maxdepth 0 -exec sh -c 'printf "<%s>\n" {}' ';'
  echo > x
  tar cf a.tar x
  shows_safe_form '<%s>\n' tar -xf a.tar --to-command 'cat > /dev/null; printf "<%s>\n" {}'
  shows_safe_form '<%s>\n' split --filter 'cat > /dev/null; printf "<%s>\n" {}' x
  shows_safe_form '<%s>\n' tar -I 'cat > /dev/null; printf "<%s>\n" {}; #' -cf - x
  # Every place of a text.
  shows_safe_form '<%s>\n' ssh host 'printf "<%s>\n" "${none:-{}}"'
  shows_safe_form '<%s>\n' ssh host 'x={}; printf "<%s>\n" "$x"'
  shows_safe_form '<%s>\n' ssh host "printf '<%s>\\n' '{}'"
  shows_safe_form 'yes%.0s\n' ssh host 'case {} in "{}") echo yes ;; esac'
  shows_safe_form '<%s>\n' ssh host 'printf "<%s>\n" "$(printf %s "{}"; printf x)" | sed "s/x>\$/>/"'
  # A field in a script has a name of its own.
  printf 'name,host\nn 1,h1\n' > table
  try distaff --csv -a table 'ssh {host} "printf %s {name}"; :'
  exits 2
  says 'v={name}; ' '${v//'
  shows_safe_form '<-%s>\n' ssh host 'printf "<-%s>\n" {} # it'"'"'s'
}

@test "what only looks like a second shell runs" {
  fake_programs
  try distaff -k ssh {} 'echo up' ::: a '-x'
  prints up up
  try distaff -k ssh user@{} 'echo up' ::: ';touch pwned'
  prints up
  try distaff -k wrap sh -c 'printf "%s\n" "$1"' x {} ::: '$(touch pwned)'
  prints '$(touch pwned)'
  try distaff -k echo sh -c {} ::: a
  prints 'sh -c a'
  printf 'echo "$2"\n' > script.sh
  try distaff -k bash script.sh -c {} ::: '$(touch pwned)'
  prints '$(touch pwned)'
  try distaff -k --shell 'wrap sh' 'printf "%s\n" {}' ::: '$(touch pwned)'
  prints '$(touch pwned)'
  absent pwned
}

@test "a field that is missing names the option it is missing in" {
  local option
  printf 'a,b\n1\n' > t.csv
  for option in --workdir --results --mutex '--env X'; do
    # shellcheck disable=SC2086 # --env NAME=VALUE
    case $option in
      *X) try distaff --csv -a t.csv --env 'X={b}' echo {a} ;;
      --results) try distaff --csv -a t.csv --results 'r/{b}' echo {a} ;;
      *) try distaff --csv -a t.csv "$option" '{b}' echo {a} ;;
    esac
    exits 1
    says "$option: no field 'b' in this record"
  done
}

@test "a key that is literally the name of a column is that column" {
  printf '{x},b\n1,2\n' > t.csv
  try distaff --csv -a t.csv -g '{x}' 'echo "$DISTAFF_GROUP"; : {b}'
  exits 0
  prints 1
}

@test "an unknown column lists the columns" {
  printf 'id,name\n1,x\n' > t.csv
  refuses '{nam}' id name -- --csv -a t.csv touch ran {nam}
  refuses '{nam}' id name -- --csv -a t.csv 'touch ran "{nam}"'
  refuses '{nam.}' id name -- --csv -a t.csv touch ran {nam.}
  refuses '{3}' id name -- --csv -a t.csv touch ran {3}
  refuses '{nam}' id name -- --csv -a t.csv --workdir {nam} touch ran
  refuses '{nam}' id name -- --csv -a t.csv --env X={nam} touch ran
  refuses '{nam}' id name -- --csv -a t.csv --tag-template {nam} touch ran
  refuses '{nam}' id name -- --csv -a t.csv -g {nam} touch ran
}

@test "places in a script where no value can stand safely" {
  refuses '>&' -- 'touch ran >&{}'
  refuses '<&' -- 'touch ran <&{}'
  refuses "\$'" -- "touch ran \$'{}'"
  refuses '((' -- 'touch ran; (( {} ))'
  refuses '$[' -- 'touch ran $[{}]'
  refuses '${' -- 'touch ran ${x:{}}'
  refuses '${' -- 'touch ran ${x/{}/y}'
  refuses '${' -- 'touch ran ${x[{}]}'
  refuses '${}' -- 'touch ran ${}'
  refuses subscript -- 'a[{}]=1; touch ran'
  refuses parentheses -- 'a=({}); touch ran'
  refuses array '"$v"' -- --shell bash 'a=(x {}); touch ran'
  refuses parentheses -- 'touch ran a({})'
  refuses '[[' -eq -- '[[ {} -eq 1 ]] && touch ran'
  refuses backquotes '$(' -- 'touch ran `echo \"{}\"`'
}

@test "here-documents that are not expanded" {
  refuses '{}' -- $'cat << \'E\'\n{}\nE'
  refuses '{}' -- $'cat << \\E\n{}\nE'
  refuses 'end word' -- $'cat << {}\nx\n{}\n'
}

@test "scripts that are not closed" {
  for script in 'echo "{}' "echo '{}" 'echo $({}' 'echo `{}' 'echo ${x:-{}' '(echo {}' $'cat << E\n{}'; do
    refuses 'distaff:' -- "$script"
  done
}

@test "a shell of an unknown family takes no replacement in the script" {
  refuses python3 -- --shell python3 'print({})'
  refuses fish -- --shell fish 'echo {}'
}

@test "names for --env" {
  refuses --env A-B -- --env A-B=x echo
  refuses --env 1A -- --env 1A=x echo
  refuses --env NAME -- --env NAME echo
  refuses --env 'BASH_FUNC_ls%%' -- --env 'BASH_FUNC_ls%%={}' echo
  for name in BASH_ENV ENV PS4 SHELLOPTS; do
    refuses --env "$name" -- --env "$name={}" echo
  done
}

@test "the terminal for more than one job at once" {
  refuses '--stdin tty' '-j 1' -- --stdin tty -j 2 cat
}

@test "a batch in a script where {} cannot be many words" {
  refuses '{}' -- -n 2 'touch ran x{}'
  refuses '{}' -- -n 2 'f() { touch ran {}; }; f'
  refuses '{}' -- -n 2 'set -- a; touch ran {}'
}

# ---- groups

@test "CL-18 a throttle and a parallelism over one name both options" {
  refuses --throttle --parallelism -- --throttle 1 --parallelism 4 echo
  refuses --throttle --parallelism -- -g host --throttle 1 --parallelism 4 echo
}

@test "limits that are none" {
  refuses --parallelism x -- --parallelism x echo
  refuses --parallelism -1 -- --parallelism -1 echo
  refuses --throttle 4..2 -- --throttle 4..2 echo
  refuses --throttle "'x'" -- --throttle 1..x echo
  for value in 10 0/s x/s 10/x 10/s:0 10/s:x /s 10/; do
    refuses --rate "$value" -- "--rate=$value" echo
  done
}

@test "keys that are none" {
  printf 'url,server\nhttp://a/,A\n' > t.csv
  refuses --key host:FIELD -- --csv -a t.csv -g host echo
  refuses --key domain:FIELD -- --csv -a t.csv -g domain echo
  refuses --key serve url server -- --csv -a t.csv -g serve echo
  refuses --key ur url server -- --csv -a t.csv -g host:ur echo
  refuses --key nosuch -- -g nosuch echo
  refuses --key '(' -- -g 'regex:(' echo
  refuses --key 'write {1}' -- -g nosuch echo
  refuses --key 'write %' -- -I % -g '{}' echo
  refuses --key 'write %{}' -- -I '%{}' -g '{}' echo
}

@test "rules: a file that is not there, or is no JSON" {
  refuses no-rules -- --rules no-rules echo
  printf '{\n  "rules": [\n    {"match": "a" "parallelism": 1}\n  ]\n}\n' > r.json
  refuses r.json 3 -- -g host --rules r.json echo
}

@test "rules: a mistake names file, path, value and fix" {
  rules() { printf '%s' "$1" > r.json; }
  rules '{"rules": [{"match": "a", "paralelism": 2}]}'
  refuses r.json paralelism 'parallelism' -- -g host --rules r.json echo
  rules '{"rules": [{"match": "a"}, {"match": "b", "parallelism": 0}]}'
  refuses r.json parallelism 0 -- -g host --rules r.json echo
  rules '{"rules": [{"match": "a", "parallelism": "two"}]}'
  refuses r.json parallelism -- -g host --rules r.json echo
  rules '{"rules": [{"match": "(", "parallelism": 2}]}'
  refuses r.json match '(' -- -g host --rules r.json echo
  rules '{"rules": [{"match": "a", "throttle": "fast"}]}'
  refuses r.json throttle fast -- -g host --rules r.json echo
  rules '{"rules": [{"match": "a", "throttle": [{"when": "sometimes", "pause": "1s"}]}]}'
  refuses r.json when sometimes -- -g host --rules r.json echo
  rules '{"rules": [{"match": "a", "throttle": "1s", "parallelism": 2}]}'
  refuses r.json throttle parallelism -- -g host --rules r.json echo
  rules '{"rulez": []}'
  refuses r.json rulez -- -g host --rules r.json echo
}

# ---- output and failure

@test "two output modes, and modes that do not go together" {
  refuses -u --output -- -u --output line echo
  refuses -u -k -- -u -k echo
  refuses -u --tag -- -u --tag echo
  refuses -k none -- -k --output none echo
}

@test "exit statuses that are none" {
  refuses --ok x -- --ok x echo
  refuses --ok 256 -- --ok 0,256 echo
  refuses --ok -- --ok= echo
}

@test "when to halt" {
  for value in soon now,fail now,fail=0 now,fail=x later,fail=1 now,maybe=1 now,fail=101%; do
    refuses --halt "$value" -- --halt "$value" echo
  done
}

@test "sequences of signals" {
  refuses --term-seq FOO -- --term-seq FOO echo
  refuses --term-seq 5 -- --term-seq TERM,5,KILL echo
  refuses --term-seq -- --term-seq= echo
}

# ---- not usage, but said in one line too

@test "a program that is not there: 127, said once" {
  seq 1000 | try distaff no-such-program
  exits 127
  prints
  one_line
  says no-such-program
}

@test "a program that cannot be run: 126, said once" {
  echo x > data
  seq 1000 | try distaff ./data
  exits 126
  prints
  one_line
  says ./data
}

@test "malformed CSV names file and line, after what was started has been written" {
  printf 'id,n\n1,a\n2,"b\n' > bad.csv
  try distaff -k --csv -a bad.csv echo {id}
  exits 2
  prints 1
  says bad.csv 3
}

@test "a quote that is never closed: what was not read is said everywhere" {
  printf 'id,n\n1,a\n2,b\n3,"c\n4,d\n' > bad.csv
  try distaff -j 1 --csv -a bad.csv --journal j --metrics m.prom 'exit {id}'
  exits 2
  says "2 of 2 jobs failed" "the rest of the input was not read" "bad.csv:4: the quote that opens here"
  grep -q '"type":"done".*"input_left":true}' j || fail "not in the journal"
  grep -q '^distaff_last_run_input_left{.*} 1$' m.prom || fail "not in the metrics"
  try distaff --csv -a bad.csv --failed-to bad.csv 'exit {id}'
  exits 2
  says "'bad.csv' is left as it was"
  printf 'id\n1\n' > good.csv
  try distaff --csv -a good.csv --journal g --metrics g.prom 'true {id}'
  exits 0
  ! grep input_left g || fail "all was read"
  grep -q '^distaff_last_run_input_left{.*} 0$' g.prom
}

@test "a run that ends before its input says so, and what to do about it" {
  try distaff --on-error stop -j 2 'false {}' ::: {1..1000}
  exits 1
  says '2 of 2 jobs failed: 2 exit 1; the run was stopped there; the rest of the input was not read (998 records)' \
    'with --journal FILE' --resume
  seq 1000 | try distaff --on-error kill -j 1 'false {}'
  exits 1
  says 'the rest of the input was not read' '--journal FILE'
  says_not ' records)'
  seq 1000 > list
  try distaff --halt soon,fail=1 -j 1 --journal j -a list 'false {}'
  exits 1
  says 'the rest of the input was not read' 'the same command with --resume goes on'
  try distaff --halt soon,fail=1 -j 1 --journal j --resume --failed-to again -a list 'false {}'
  exits 1
  says 'the same command again goes on' "it is not in 'again'"
  try distaff --deadline 1ms -j 1 'sleep 77; : {}' ::: a b c d
  exits 124
  says 'of the input was not read (3 records)'
  # All of it comes into the file that is the input.
  try distaff --on-error stop -j 1 --failed-to list -a list 'false {}'
  exits 1
  says_not 'was not read'
  same "$(wc -l < list)" 1000
}

@test "a run that ends before its input by a signal says so; one that is stopped at its last record does not" {
  mkfifo in
  exec 5<> in
  seq 3 >&5
  start distaff -j 1 'touch up; sleep 77; : {}' < in
  wait_for [ -e up ]
  kill -INT "$pid"
  finish
  exits 130
  says '1 of 1 job failed' 'the rest of the input was not read'
  seq 2 > list
  for input in '::: 1 2' ':::: list'; do
    try distaff --on-error stop -j 1 '[ {} != 2 ]' $input
    exits 1
    says '1 of 2 jobs failed' 'the run was stopped there'
    says_not 'not read' --resume
  done
}

@test "a run that ends as it was asked to says nothing of its input" {
  try distaff --halt now,success=1 -j 1 true ::: 1 2 3
  exits 0
  silent
}

@test "a line that is no JSON is a failed job, and the others go on" {
  printf '{"a":1}\n{"a":\n{"a":3}{"a":4}\n{"a":NaN}\n{"a":"\\ud800"}\n{"a":"\xe4"}\n{"a":7' > bad.jsonl
  try distaff -k --jsonl -a bad.jsonl --failed-to again --journal j --metrics m.prom echo {a}
  exits 1
  prints 1 $'\xe4'
  says "5 of 7 jobs failed" "bad.jsonl:2: malformed JSON: column 6" "job 3" "bad.jsonl:4: malformed JSON: column 6: NaN" \
    "bad.jsonl:5:" "surrogate" "bad.jsonl:7: malformed JSON: column 7"
  says_not "not read"
  same "$(cat again)" "$(sed '1d; 6d' bad.jsonl)"
  same "$(grep -c '"outcome":"failed"' j)" 5
  grep -q 'outcome="not_started"} 5$' m.prom
  try distaff -k --jsonl -a bad.jsonl --journal j --resume echo {a}
  exits 1
  prints
  says "5 of 5 jobs failed"
  try distaff -k --jsonl -a bad.jsonl --output json echo {a}
  same "$(jq -c '[.seq, .record // .a // .a_b64, .exit]' "$kept/stdout" | sed -n '2p;6,7p')" \
    $'[2,"{\\"a\\":",null]\n[6,"5A==",0]\n[7,"{\\"a\\":7",null]'
}

# ---- one file, one role

@test "one file in two roles is refused before anything is written" {
  seq 3 > l
  cp l kept
  ln l hard
  ln -s l soft
  for pair in '--journal l --metrics ./l' '--joblog l -a hard' '--log-file soft -a l' '--failed-to l --rules hard' \
    '--metrics hard --stamp soft' '--joblog l --log-file l' '--journal new --joblog ./new' '--config hard --journal l'; do
    case $pair in *config*) echo '{"jobs": 2}' > l; cp l kept ;; esac
    refuses 'is the same file as' 'name another' -- $pair touch ran
    cmp l kept
    absent new
  done
  try distaff --failed-to soft touch ran :::: l ::: x
  exits 2
  says '::::' "--failed-to 'soft'"
  cmp l kept
  try distaff --dry-run --journal l -a l touch
  exits 2
}

@test "a stream that is a file of another role is refused, too" {
  seq 3 > l
  cp l kept
  for role in '-a l' '--joblog l' '--journal l' '--failed-to l' '--metrics l' '--log-file l'; do
    for stream in '>> l' '2>> l' '1<> l' '2<> l'; do
      case "$role $stream" in '--log-file l '*'>> l') continue ;; esac
      status=0
      eval "seq 3 | distaff $role 'touch ran; : {}' $stream" 2> err || status=$?
      same "$role $stream $status" "$role $stream 2"
      case $stream in 1*) grep -q 'is the same file as stdout' err ;; esac
      [ "$stream" = '2>> l' ] || [ "$stream" = '2<> l' ] || cmp l kept
      cp kept l
    done
  done
  status=0
  distaff 'touch ran; : {}' < l >> l 2> err || status=$?
  same "$status" 2
  status=0
  distaff --failed-to /dev/stdout 'touch ran; : {}' < l > out 2> err || status=$?
  same "$status" 2
  absent ran
}

@test "files that may be several things are" {
  seq 3 > l
  distaff -j 1 --failed-to l false < l 2> /dev/null || true
  cmp l <(seq 3)
  distaff --log-level debug --log-file log 'echo err >&2; : {}' < l >> log 2>> log
  same "$(grep -cx err log)" 3
  distaff 'echo out; echo err >&2; : {}' ::: a > both 2>&1
  same "$(cat both)" $'out\nerr'
  try distaff --log-file /dev/null --joblog /dev/null -a /dev/null true
  exits 0
  seq 3 | distaff -j 1 --failed-to /dev/stdout false 2> err | cmp - <(seq 3)
}
