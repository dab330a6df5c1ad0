# Output: what comes out, whole and in which order.

load helpers

@test "group: a job's stdout appears unbroken when it ends, then its stderr" {
  job="echo e{} >&2; echo o{}; $note_pid; [ {} = 2 ] || until_gone 2; echo p{}"
  both() { distaff "$@" 2>&1; }
  try both -j 2 "$job" ::: 1 2
  exits 0
  prints o2 p2 e2 o1 p1 e1
}

@test "group with one slot: output comes as it comes" {
  mkfifo go
  distaff -j 1 'echo one; read x < go; echo two; : {}' ::: a > out 3>&- &
  wait_for grep -qx one out
  same "$(cat out)" one
  echo > go
  wait $!
  same "$(cat out)" $'one\ntwo'
}

@test "a finished job's output appears while others run" {
  mkfifo go
  distaff -j 2 '[ {} = 2 ] || read x < go; echo {}' ::: 1 2 > out 3>&- &
  wait_for grep -qx 2 out
  echo > go
  wait $!
  same "$(cat out)" $'2\n1'
}

@test "-k: input order; the job whose turn it is streams live" {
  mkfifo go
  distaff -k -j 3 'echo {}; touch {}.up; [ {} != 1 ] || read x < go; echo {}' ::: 1 2 3 > out 3>&- &
  wait_for [ -e 3.up ]
  wait_for grep -qx 1 out
  same "$(cat out)" 1
  echo > go
  wait $!
  same "$(cat out)" $'1\n1\n2\n2\n3\n3'
}

@test "-k: a job that could not start leaves no hole" {
  printf 'a,1\nb\nc,3\n' | try distaff -k -j 3 --split , echo {2}
  exits 1
  prints 1 3
}

@test "line: whole lines as they come, never mixed within" {
  mkfifo go
  distaff --output line -j 2 'if [ {} = 1 ]; then printf aa; touch half; read x < go; echo a
else while [ ! -e half ]; do sleep 0.02; done; echo bb; fi' ::: 1 2 > out 3>&- &
  wait_for grep -qx bb out
  same "$(cat out)" bb
  echo > go
  wait $!
  same "$(cat out)" $'bb\naaa'
}

@test "line: a last line without newline is not joined to another job's" {
  try distaff --output line -j 1 'printf {}' ::: a b
  same "$(tr -d '\n' < "$kept/stdout")" ab
  [ "$(head -n 1 "$kept/stdout")" = a ] || fail "lines of two jobs were mixed"
}

@test "CL-15 lines of 1 MiB from eight jobs are never interleaved" {
  for mode in group line; do
    distaff --output $mode -j 8 'for i in 1 2 3; do head -c 1048575 /dev/zero | tr "\0" {}; echo; done' ::: a b c d e f g h > out
    same "$(wc -c < out)" $((8 * 3 * 1048576))
    same "$(tr -s a-h < out | sort | uniq -c | awk '{print $1 $2}' | tr '\n' ' ')" "3a 3b 3c 3d 3e 3f 3g 3h "
    [ $mode = line ] || same "$(tr -s 'a-h\n' < out | wc -l)" 24
  done
}

@test "raw: the job writes to our stdout itself" {
  distaff -u 'readlink /proc/self/fd/1; : {}' ::: a > out
  same "$(cat out)" "$(pwd -P)/out"
  distaff --ungroup 'readlink /proc/self/fd/1; : {}' ::: a > out
  same "$(cat out)" "$(pwd -P)/out"
  distaff --output raw 'readlink /proc/self/fd/1; : {}' ::: a > out
  same "$(cat out)" "$(pwd -P)/out"
}

@test "none: output is thrown away, jobs run" {
  try distaff --output none 'echo {}; echo {} >&2; touch {}' ::: a b
  exits 0
  prints
  silent
  same "$(ls)" $'a\nb'
}

@test "--tag: each line begins with the record and a tab, also an empty one and the last" {
  try distaff -k --tag 'printf "1\n\n2"; : {}' ::: a b
  same "$(cat "$kept/stdout")" $'a\t1\na\t\na\t2\nb\t1\nb\t\nb\t2'
}

@test "--tag-template takes the escapes of -d" {
  try distaff --tag-template '{1}\t{2}\x3a' echo {1} ::: a ::: b
  prints $'a\tb:\ta'
  try distaff --tag-template '{}\0\\t' echo ::: a
  prints_bytes 'a\0\\t\ta\n'
  # In braces the backslashes are a regex's.
  try distaff --tag-template '{@(\d+)}\n' echo ::: a12
  prints 12 $'\ta12'
  refuses --tag-template '\d' '\t' -- --tag-template '\d{}' touch ran
}

@test "tags show a terminal no control characters, and a file the bytes" {
  "$STRESS/on_terminal" "$DISTAFF" --tag printf '\033[1m%s\n' ::: $'\033[31m' > shown
  same "$(tr -d '\r' < shown)" $'\\x1b[31m\t\033[1m\033[31m'
  try distaff --tag printf '\033[1m%s\n' ::: $'\033[31m'
  prints $'\033[31m\t\033[1m\033[31m'
}

@test "on a terminal the escapes of a tag are real, and those of its values are shown" {
  "$STRESS/on_terminal" "$DISTAFF" --tag-template '{1}\t{2}\n=' 'echo hi; : {1}' ::: $'a\tb' ::: $'c\nd' > shown
  same "$(tr -d '\r' < shown)" $'a\\tb\tc\\nd\n=\thi'
  "$STRESS/on_terminal" "$DISTAFF" --tag-template '\x1b[1m{}\x1b[0m' 'echo hi; : {}' ::: $'\033[31m\u202e' > shown
  same "$(tr -d '\r' < shown)" $'\033[1m\\x1b[31m\\u202e\033[0m\thi'
}

@test "--tag-template" {
  printf 'id,n\n7,x\n' | try distaff --csv --tag-template '{n}#{#}' echo {id}
  exits 0
  prints $'x#1\t7'
}

@test "--tag with --output line" {
  try distaff -j 2 --tag --output line 'echo 1; echo 2; : {}' ::: a b
  prints_sorted $'a\t1' $'a\t2' $'b\t1' $'b\t2'
}

@test "stdout and stderr are never merged" {
  try distaff -k 'echo out{}; echo err{} >&2' ::: 1 2
  exits 0
  prints out1 out2
  same "$(cat "$kept/stderr")" $'err1\nerr2'
}

@test "bytes are sacred: NUL, no last newline, any byte" {
  try distaff -k 'printf "a\0\377\r"; : {}' ::: 1 2
  exits 0
  prints_bytes 'a\0\377\ra\0\377\r'
}

@test "large outputs come whole, in order, to a file, an appended file and a pipe" {
  for i in 1 2 3 4; do head -c 3000000 /dev/urandom > in.$i; done
  cat in.? > all
  distaff -k -j 4 cat ::: in.? > out
  cmp all out
  echo begin > out
  distaff -k -j 4 cat ::: in.? >> out
  { echo begin; cat all; } | cmp - out
  distaff -k -j 4 cat ::: in.? | cmp all -
  distaff -j 4 cat ::: in.? | sha256sum > /dev/null
}

@test "a slow reader loses nothing" {
  distaff -k -j 4 'head -c 300000 /dev/zero | tr "\0" {}' ::: 1 2 3 4 | { sleep 0.3; cat; } > out
  same "$(wc -c < out)" 1200000
  same "$(tr -s 1-4 < out)" 1234
}

@test "many jobs that write a little" {
  seq 2000 | try distaff -k -j 8 echo
  exits 0
  prints $(seq 2000)
}

@test "a grandchild that keeps the pipe open does not keep the run" {
  try distaff 'sleep 777 & echo $! > pid; echo hi; : {}' ::: a 3>&-
  wait_for gone "$(cat pid)"
  exits 0
  prints hi
  says "job 1 left a process behind that keeps its output open"
}

@test "what a job's last child wrote just before is not lost" {
  seq 50 | try distaff -k -j 4 'head -c 60000 /dev/zero | tr "\0" x; : {}'
  exits 0
  same "$(wc -c < "$kept/stdout")" 3000000
}

@test "our reader goes away: the run stops quietly" {
  set +e
  yes | distaff -j 2 echo 2> err | head -n 1 > out
  ended=("${PIPESTATUS[@]}")
  set -e
  same "${ended[1]}" 141
  same "$(cat out)" y
  same "$(cat err)" ""
}

@test "our reader goes away while a job runs on: it is ended, too" {
  set +e
  { echo 2; yes 1; } | distaff -j 2 'if [ {} = 2 ]; then echo $$ > new.2; mv new.2 pid.2; sleep 77; touch outlived; fi
    until [ -e pid.2 ]; do sleep 0.02; done; echo {}' 2> err | head -n 1 > out
  ended=("${PIPESTATUS[@]}")
  set -e
  same "${ended[1]}" 141
  same "$(cat out)" 1
  wait_for gone "$(cat pid.2)"
  absent outlived
}

@test "our stdout cannot be written: status 3, and said" {
  for options in -j1 '-j 2' '-j 2 -k' '--output line'; do
    status=0
    distaff $options echo ::: a b > /dev/full 2> err || status=$?
    same "$status" 3
    same "$(grep -c 'stdout: No space left' err)" 1
  done
}

# lost STATUS ARG...: `distaff ARG... ::: a b`, with stdout and stderr as the caller has them, ends
# with the status, the journal has no job as done and --failed-to has those that ran; the next run, which
# can write, runs them all.
lost() {
  local status=0 wanted=$1
  shift
  rm -f j
  distaff --journal j --failed-to left "$@" ::: a b || status=$?
  same "$* $status" "$* $wanted"
  grep -qx a left || fail "not in --failed-to: $*"
  ! grep -q '"outcome":"success"' j || fail "journaled as done: $*"
  distaff --journal j --resume "$@" ::: a b > again 2>&1
  same "$* $(cat again)" "$* $(printf 'x\nx')"
}

@test "the stderr of jobs cannot be written: status 3, and they are not done" {
  for options in -j1 '-j 2' '-j 2 -k' '--output line' '--retries 1'; do
    lost 3 $options 'echo x >&2; : {}' 2> /dev/full
  done
  # In a row it is on stdout; of results it is printed too.
  try distaff --output json 'echo x >&2; : {}' ::: a 2> /dev/full
  exits 0
  lost 3 --results r 'echo x >&2; : {}' 2> /dev/full
  status=0
  distaff --quiet-unless-failed 'echo x >&2; exit 1; : {}' ::: a 2> /dev/full || status=$?
  same "$status" 3
}

@test "a stdout or stderr that is closed loses what jobs write as a full one does" {
  for options in -j1 '-j 2' '-k -j 2' '--output line'; do
    lost 3 $options 'echo x; : {}' >&- 2> err
    grep -qx "distaff: cannot write to stdout: Bad file descriptor" err
    lost 3 $options 'echo x >&2; : {}' 2>&-
  done
  for row in json csv; do
    status=0
    distaff --output $row 'echo x >&2; : {}' ::: a >&- 2> /dev/null || status=$?
    same "$row $status" "$row 3"
  done
  status=0
  distaff --dry-run echo ::: a >&- 2> /dev/null || status=$?
  same "$status" 3
  # Whose jobs write there themselves hears it from them.
  status=0
  distaff -u echo ::: a >&- 2> /dev/null || status=$?
  same "$status" 1
}

@test "nothing is lost where jobs write nothing, or only a line of our own" {
  for closed in '>&-' '2>&-' '>&- 2>&-' '2> /dev/full' '> /dev/full 2>&1'; do
    eval "distaff --journal j 'echo {} > ran.{}' ::: a $closed"
    same "$(cat ran.a)" a
    rm ran.a
    status=0
    eval "distaff -t 'exit 5; : {}' ::: a $closed" > /dev/null 2>&1 || status=$?
    same "$closed $status" "$closed 1"
  done
  same "$(grep -c '"outcome":"success"' j)" 5
}

@test "a stdin that is closed is not one without records" {
  try distaff 'touch ran; : {}' <&-
  exits 3
  says "cannot read 'stdin': Bad file descriptor"
  absent ran
  try distaff --input /dev/stdin 'touch ran; : {}' <&-
  exits 2
  says 'stdin is closed'
  try distaff cat ::: /dev/null <&-
  exits 0
}

@test "streams that are closed have no other name either" {
  for option in --journal --joblog --failed-to --log-file --metrics; do
    for name in /dev/stdout /proc/self/fd/1 /dev/fd/1; do
      status=0
      distaff $option $name 'touch ran; : {}' ::: a >&- 2> err || status=$?
      same "$option $name $status" "$option $name 2"
      grep -q 'stdout is closed; name a file' err
    done
  done
  absent ran
  try distaff --joblog /dev/fd/2 'touch ran; : {}' ::: a 2>&-
  exits 2
  absent ran
}

@test "the reader of the jobs' stderr goes away: the run stops quietly" {
  for options in -j1 '-j 2 -k' '--output line'; do
    (yes | timeout 600 distaff --journal j $options 'echo x >&2; : {}' 2>&1 > /dev/null || echo $? > ended) | head -n 1 > seen
    same "$(cat ended seen)" $'141\nx'
  done
}

@test "no control characters and no colour where stderr is no terminal" {
  try distaff 'exit 1; : {}' ::: a
  ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f]' "$kept/stderr" || fail "control characters"
}

@test "CL-12 a progress line every interval, and one for the last" {
  begin=$(clock)
  seq 8 | try distaff -j 2 --progress line --progress-interval 0.5 'sleep 0.3; : {}'
  took=$(($(clock) - begin))
  exits 0
  prints
  lines=$(wc -l < "$kept/stderr")
  [ "$lines" -ge 2 ] && [ "$lines" -le $((took / 500000 + 1)) ] || fail "expected one in each 0.5 s of $took us, and the last"
  tail -n 1 "$kept/stderr" | grep -q '8' || fail "the last line should count all eight"
}

@test "progress: nothing is printed off a terminal unless asked for" {
  seq 3 | try distaff true
  silent
}

@test "--total tells the progress how many there will be" {
  seq 4 > four
  start distaff -j 2 --total 4 --progress line --progress-interval 100ms true < four
  finish
  exits 0
  says "4 of 4 in all"
}
