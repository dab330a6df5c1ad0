# Failure: what counts as one, what follows, and what the end says.

load helpers

# For jobs: waits until job $1 has failed in the file `log`; fails itself if that lasts too long.
seen_to_fail='seen_to_fail() {
  n=0; until grep -q "job $1 failed" log; do n=$((n + 1)); [ $n -lt 10000 ] || exit 9; sleep 0.02; done
}'

@test "CL-07 the default goes on; the block names the first twenty and counts all" {
  seq 100 | try distaff -j 2 'echo {}; exit 1'
  exits 1
  same "$(wc -l < "$kept/stdout")" 100
  says "distaff: 100 of 100 jobs failed: 100 exit 1"
  same "$(grep -c '^  job ' "$kept/stderr")" 20
  grep -q "^  job 1  *exit 1  *[0-9.]*m\?s  *" "$kept/stderr" || fail "expected a line for job 1"
}

@test "the block counts by outcome and shows the command" {
  seq 4 | try distaff -j 1 'case {} in 1) exit 3;; 2) kill -9 $$;; 3) exit 3;; esac'
  exits 1
  says "3 of 4 jobs failed" "2 exit 3" "signal 9"
  says "job 1" "job 2" "job 3"
  says_not "job 4"
  try distaff gzip ::: 'no such'
  exits 1
  says "gzip 'no such'"
}

@test "CL-06 --on-error stop starts nothing more" {
  # What runs beside the third job ends when that has been seen to fail.
  seq 100 | try distaff -j2 --on-error stop --log-file log --log-level info "$seen_to_fail"'
    echo {}; [ {} != 3 ] && { [ {} -lt 3 ] || seen_to_fail 3; }'
  exits 1
  [ "$(wc -l < "$kept/stdout")" -le 4 ] || fail "too many were started"
}

@test "--on-error stop lets running jobs end" {
  try distaff -k -j 2 --on-error stop --log-file log --log-level info "$seen_to_fail"'
    if [ {} = 1 ]; then while [ ! -e up ]; do sleep 0.02; done; exit 1; fi
touch up; seen_to_fail 1; sleep 0.1; echo ended {}' ::: 1 2 3 4
  exits 1
  prints 'ended 2'
}

@test "--on-error kill ends running jobs" {
  try distaff -k -j 2 --on-error kill 'if [ {} = 1 ]; then while [ ! -e up ]; do sleep 0.02; done; exit 1; fi
touch up; sleep 77; touch outlived' ::: 1 2 3 4
  exits 1
  absent outlived
  says "job 1"
}

@test "CL-08 --on-error ignore: exit 0, no failure named" {
  seq 5 | try distaff -k --on-error ignore 'echo {}; exit 1'
  exits 0
  prints 1 2 3 4 5
  silent
}

@test "--ok: exit statuses that are success" {
  printf 'x\n' > f
  try distaff --ok 0,1 grep -c y ::: f
  exits 0
  prints 0
  silent
  try distaff --ok 1 'exit {}' ::: 0
  exits 1
}

@test "--ok: a range" {
  try distaff --ok 0,3-5 'exit {}' ::: 0 3 4 5
  exits 0
  try distaff --ok 0,3-5 'exit {}' ::: 6 2
  exits 1
  says "2 of 2"
}

@test "--log-level info tells failures as they come" {
  try distaff -j 1 --log-level info 'exit {}' ::: 3 0
  exits 1
  head -n 1 "$kept/stderr" | grep -q 'job 1 .*exit 3' || fail "expected job 1 first"
}

@test "a job that is killed by a signal failed" {
  try distaff 'kill -TERM $$; : {}' ::: a
  exits 1
  says "signal 15"
}

@test "--halt soon,fail=N" {
  seq 9 | try distaff -j 1 --halt soon,fail=2 'echo {}; false'
  exits 1
  prints 1 2
}

@test "--halt now,fail=1 ends running jobs" {
  try distaff -j 2 --halt now,fail=1 'if [ {} = 1 ]; then while [ ! -e up ]; do sleep 0.02; done; exit 1; fi
touch up; sleep 77; touch outlived' ::: 1 2 3
  exits 1
  absent outlived
}

@test "--halt success and done stop as asked: exit 0" {
  seq 9 | try distaff -j 1 --halt soon,success=2 'echo {}; [ {} != 1 ]'
  exits 0
  prints 1 2 3
  seq 9 | try distaff -j 1 --halt soon,done=2 'echo {}'
  exits 0
  prints 1 2
  try distaff -j 2 --halt now,success=1 'if [ {} = 1 ]; then while [ ! -e up ]; do sleep 0.02; done; exit 0; fi
touch up; sleep 77; touch outlived' ::: 1 2
  exits 0
  absent outlived
}

@test "--halt by percent" {
  seq 100 | try distaff -j 1 --halt soon,fail=50% 'echo {}; false'
  exits 1
  [ "$(wc -l < "$kept/stdout")" -lt 100 ] || fail "should stop early"
}

@test "input ends with a mistake: status 2 goes before 1" {
  printf 'a\n1\n"' | try distaff --csv 'exit {a}'
  exits 2
}

@test "a fixed program that is not there goes before failed jobs: 127; not to be run: 126" {
  try distaff ./nothing ::: a b
  exits 127
  mkdir dir
  try distaff ./dir ::: a b
  exits 126
}

@test "a shell's 127 is the job's: exit 1" {
  try distaff 'no-such-program {}; exit $?' ::: a
  exits 1
  says "exit 127"
}

@test "a job the kernel stops because it asks the terminal is ended and says so" {
  try "$STRESS/on_terminal" distaff 'read x < /dev/tty; : {}' ::: a
  exits 1
  grep -q 'stdin tty' "$kept/stdout" || fail "expected the hint --stdin tty"
}

@test "--stdin tty gives the job the terminal" {
  try "$STRESS/on_terminal" --when "ready a" --type 'hello\n' --when "ready b" --type 'world\n' \
    distaff -j 1 --stdin tty 'echo "ready {}"; read x; echo "got $x"' ::: a b
  exits 0
  grep -q 'got hello' "$kept/stdout" && grep -q 'got world' "$kept/stdout" || fail "the jobs should read it"
}

@test "a command that reads records from a terminal says so once" {
  try "$STRESS/on_terminal" --when terminal --type 'a\nb\n\004' distaff -k echo got
  exits 0
  grep -q 'got a' "$kept/stdout" && grep -q 'got b' "$kept/stdout" || fail "expected the jobs' output"
}

@test "the first of the first: a run without failure says nothing" {
  seq 3 | try distaff -k echo
  exits 0
  silent
}

@test "--log-file takes the log, the end block stays on stderr" {
  start distaff -j 1 --log-file log --log-level info 'exit {}' ::: 0 3
  finish
  exits 1
  grep -q 'info: job 2 failed: exit 3' log || fail "$(cat log)"
  says "1 of 2 jobs failed"
}
