# --mutex: jobs of equal value never overlap, in one run and across runs.

load helpers

# A job that notices if another of its value runs, and counts how many run in all.
job='mkdir "held.$1" || { echo "OVERLAP $1"; exit 9; }; echo "begin $1"; sleep 0.05; rmdir "held.$1"'

@test "CL-14 --mutex '{}' with input x x y: x jobs never overlap" {
  printf 'x\nx\ny\n' | try distaff -j 3 --mutex '{}' "$job"
  exits 0
  prints_sorted 'begin x' 'begin x' 'begin y'
}

@test "many jobs of few values, and every one runs" {
  for i in {1..60}; do echo "$((i % 4))"; done > in
  for order in "" -k "-j 1" "--retries 2" "--output json"; do
    try distaff -a in -j 8 --mutex '{}' $order "$job"
    exits 0
    same "$(grep -c 'begin' "$kept/stdout")" 60
    absent held.*
  done
}

@test "jobs of another value pass those that wait, and hold the slots" {
  printf '%s\n' 'x 1' 'x 2' 'x 3' 'y 4' > in
  try timeout 600 distaff -a in --split ' ' -j 2 --mutex '{1}' '[ {2} != 1 ] || while [ ! -e go ]; do sleep 0.02; done; [ {1} != y ] || touch go; echo {1}{2}'
  exits 0
  # x1 ends only when y4 has run; which of the two is seen to end first is the kernel's choice.
  prints_sorted x1 x2 x3 y4
  same "$(grep x "$kept/stdout" | tr '\n' ' ')" 'x1 x2 x3 '
}

@test "across runs: four runs of the same jobs at once" {
  for i in {1..20}; do echo "$((i % 3)) $BATS_RUN_TMPDIR"; done > in
  runs=()
  for run in 1 2 3 4; do
    distaff -a in --split ' ' -j 4 --mutex '{}' 'mkdir held.{1} || { echo OVERLAP; exit 9; }; echo ran {1}; sleep 0.02; rmdir held.{1}' > "out.$run" 2> "err.$run" &
    runs+=($!)
  done
  wait "${runs[@]}"
  same "$(cat err.*)" ''
  same "$(cat out.* | grep -c '^ran')" 80
}

@test "another run's job is waited for, by name of the value only, and not for longer than it lives" {
  me="x $BATS_RUN_TMPDIR"
  start distaff --mutex '{}' 'touch up; while [ ! -e go ]; do sleep 0.02; done; : {}' ::: "$me"
  wait_for [ -e up ]
  distaff -k -j 1 --mutex '{}' 'touch "ran.${1%% *}"' ::: "$me" "y $BATS_RUN_TMPDIR" &
  second=$!
  wait_for [ -e ran.y ]
  absent ran.x
  kill -KILL "$pid"
  finish
  touch go
  wait_for [ -e ran.x ]
  wait "$second"
}

@test "what waits when the run is ended is counted as not run" {
  start distaff -j 2 --mutex '{}' --on-error stop 'touch up; while [ ! -e go ]; do sleep 0.02; done; exit 3; : {}' ::: x x x
  wait_for [ -e up ]
  touch go
  finish
  exits 1
  says '1 of 1 job failed' '2 not run'
}

@test "an empty value is no mutex, a missing one a job that cannot start" {
  printf ',1\n,2\n' | try timeout 600 distaff --split , -j 2 --mutex '{1}' 'touch up.{2}; while ! [ -e up.1 -a -e up.2 ]; do sleep 0.02; done'
  exits 0
  printf 'a,1\nb\n' | try distaff -k --split , --mutex '{2}' 'echo {1}'
  exits 1
  prints a
  says '--mutex: ' 'job 2'
}

@test "--mutex: the slot, a bare field name, a field that is not there" {
  refuses '{%}' -- --mutex '{%}' touch ran
  printf 'server,db\na,b\n' > t.csv
  try distaff --csv -a t.csv --mutex server touch ran
  exits 2
  one_line
  says 'write {server}'
  try distaff --csv -a t.csv --mutex '{sever}' touch ran
  exits 2
  says 'sever'
  refuses --mutex -- --mutex '' touch ran
}

@test "a million values take one file" {
  seq 3000 | try distaff -j 4 --mutex "{} $BATS_RUN_TMPDIR" true
  exits 0
  [ "$(ls "/tmp/distaff-$(id -u)" | wc -l)" -le 1 ]
}

@test "input without end and one value that never comes free take bounded memory" {
  mkfifo in
  yes x > in 3>&- &
  start distaff -a in --buffer-size 100 --mutex "{} $BATS_RUN_TMPDIR" "touch up; sleep 77; : {}"
  wait_for [ -e up ]
  sleep 0.3
  rss=$(awk '/VmHWM/ {print $2}' "/proc/$(engine_of "$pid")/status")
  kill -TERM "$pid"
  finish
  not_sanitized
  [ "$rss" -lt 20000 ] || fail "took $rss kB"
}
