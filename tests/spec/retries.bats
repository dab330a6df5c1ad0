# Failed jobs that are tried again: --retries, --retry-delay, --retry-on.

load helpers

# Fails so many times for each record, and then succeeds.
make_flaky() {
  printf '#!/bin/sh\nn=$(cat "n.$1" 2>/dev/null || echo 0); echo $((n+1)) > "n.$1"; [ "$n" -ge %s ]\n' \
    "$1" > flaky
  chmod +x flaky
}

@test "a job is tried until it succeeds, and that is no failure" {
  make_flaky 2
  try distaff -j 2 --retries 4 --retry-delay 10ms ./flaky {} ::: a b c
  exits 0
  silent
  same "$(cat n.*)" $'3\n3\n3'
}

@test "after the last try it has failed, and the block counts the tries" {
  try distaff --retries 2 --retry-delay 10ms 'echo x >> tries; exit 7; : {}' ::: a
  exits 1
  same "$(wc -l < tries)" 3
  says "1 of 1 job failed: 1 exit 7" ", 3 tries"
}

@test "only the last attempt's output is shown" {
  for mode in '' -k '-j 1' '--output json'; do
    try distaff $mode --retries 2 --retry-delay 10ms \
      'echo try $DISTAFF_ATTEMPT; echo err $DISTAFF_ATTEMPT >&2; [ $DISTAFF_ATTEMPT = 3 ]; : {}; [ $DISTAFF_ATTEMPT = 3 ]' ::: a
    exits 0
    grep -q 'try 3' "$kept/stdout" || fail "the last attempt's output is missing ($mode)"
    ! grep -q 'try [12]' "$kept/stdout" || fail "an attempt that failed is shown ($mode)"
    ! grep -q 'err [12]' "$kept/stderr" || fail "its stderr is shown ($mode)"
  done
  grep -q '"attempts":3' "$kept/stdout" || fail "attempts are not counted"
}

@test "with --output line and -u every attempt's output is shown, line by line" {
  for mode in '--output line' -u; do
    try distaff $mode --retries 1 --retry-delay 10ms \
      'echo try $DISTAFF_ATTEMPT; [ $DISTAFF_ATTEMPT = 2 ]; : {}; [ $DISTAFF_ATTEMPT = 2 ]' ::: a
    exits 0
    prints 'try 1' 'try 2'
  done
  try distaff --output line --retries 1 --retry-delay 10ms \
    'printf %s $DISTAFF_ATTEMPT; : {}; [ $DISTAFF_ATTEMPT = 2 ]' ::: a
  same "$(cat "$kept/stdout")" $'1\n2'
}

@test "in input order a job that is tried again holds its place" {
  make_flaky 1
  try distaff -k -j 3 --retries 1 --retry-delay 10ms \
    'if [ {} = b ]; then ./flaky b || exit; fi; echo {}' ::: a b c
  exits 0
  prints a b c
}

@test "a job that waits for its next try holds no slot" {
  make_flaky 1
  job='echo {} >> order; [ {} != a ] || ./flaky a'
  start distaff -j 1 --retries 1 --retry-delay 1h "$job" ::: a b c
  wait_for grep -qx c order
  kill -INT "$pid"
  finish
  exits 130
  same "$(tr '\n' ' ' < order)" "a b c "
  rm order n.a
  try distaff -j 1 --retries 1 --retry-delay 100ms "$job" ::: a b c
  exits 0
  same "$(sort order | tr '\n' ' ')" "a a b c "
}

@test "but it keeps its place in its group" {
  make_flaky 1
  job='echo {1}{2} >> order; [ {1}{2} != x1 ] || ./flaky x1'
  printf '%s\n' x:1 x:2 y:1 > in
  start distaff -a in -j 1 --split : -g {1} --retries 1 --retry-delay 1h "$job"
  wait_for grep -qx y1 order
  kill -INT "$pid"
  finish
  exits 130
  # x2 is older than y1, and would have gone first.
  same "$(tr '\n' ' ' < order)" "x1 y1 "
  rm order n.x1
  try distaff -a in -j 1 --split : -g {1} --retries 1 --retry-delay 100ms "$job"
  exits 0
  same "$(grep x order | tr '\n' ' ')" "x1 x1 x2 "
  same "$(grep -c y1 order)" 1
}

@test "--retry-on says which failures are worth it" {
  try distaff --retries 3 --retry-delay 1ms --retry-on 75,100-110 'echo {} >> tries; exit {}' ::: 1 75 105
  exits 1
  same "$(sort tries | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' ')" "1x1 105x4 75x4 "
  rm tries
  try distaff --retries 1 --retry-delay 1ms --retry-on signal 'echo {} >> tries; kill -{} $$; exit 1' ::: KILL 0
  same "$(sort tries | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' ')" "0x1 KILLx2 "
  try distaff --retries 1 --retry-delay 1ms --retry-on start {} x ::: ./not-there
  exits 1
  says "1 could not start" "2 tries"
}

@test "the run that is stopped keeps what the last attempt wrote" {
  start distaff --retries 5 --retry-delay 1h 'echo said; touch was; exit 3; : {}' ::: a
  wait_for test -e was
  between_tries() { [ -z "$(pgrep -P "$(engine_of "$pid")")" ]; }
  wait_for between_tries
  kill -INT "$pid"
  finish
  prints said
  says "1 of 1 job failed: 1 exit 3"
}

@test "an attempt too long to be held is written as it comes, with a warning" {
  try distaff -j 2 --retries 1 --retry-delay 1ms --hold-memory 64k --spill-limit 0 \
    'head -c 3000000 /dev/zero | tr "\0" {}; [ $DISTAFF_ATTEMPT = 2 ]' ::: a
  exits 0
  same "$(wc -c < "$kept/stdout")" 6000000
  says "job 1" "as it comes"
}

@test "--results keeps the last attempt's" {
  try distaff --results out --retries 1 --retry-delay 1ms \
    'echo $DISTAFF_ATTEMPT; : {}; [ $DISTAFF_ATTEMPT = 2 ]' ::: a
  exits 0
  same "$(cat out/1/stdout)" 2
  grep -q '"attempts":2' out/1/job.json || fail "$(cat out/1/job.json)"
}

@test "recipe 36: flaky uploads" {
  make_flaky 2
  try distaff -j 2 --retries 4 --retry-delay 100ms..1s ./flaky {} ::: a b c
  exits 0
  same "$(cat n.*)" $'3\n3\n3'
}

@test "rules say for whom: retries, ok, timeout" {
  echo '{"rules": [{"match": "^a", "retries": 2}, {"match": "^b", "ok": [0, 3]},
    {"match": "^c", "timeout": "100ms"}]}' > rules
  try distaff -g {} --rules rules --retry-delay 1ms --output json \
    'echo {} >> tries; case {} in c) sleep 77;; *) exit 3;; esac' ::: a b c d
  exits 1
  # On a slow machine the time of c is over before it can say that it runs.
  same "$(jq -r '.record + (.attempts | tostring)' "$kept/stdout" | sort | tr '\n' ' ')" "a3 b1 c1 d1 "
  same "$(grep -v c tries | sort | uniq -c | awk '{print $2 $1}' | tr '\n' ' ')" "a3 b1 d1 "
  [ "$(grep -c c tries)" -le 1 ] || fail "c was tried again"
  says "3 of 4 jobs failed" "2 exit 3" "1 timed out"
}

@test "a group whose jobs fail in a row is paused, then one job tries, and the log says so" {
  echo '{"key": "regex:^(.)", "rules": [{"match": "", "break": {"failures": 3, "pause": "300ms"}}]}' > rules
  begin=$(clock)
  try distaff --rules rules 'echo {} >> order; [ {} != x1 ] && [ {} != x2 ] && [ {} != x3 ] && [ {} != x4 ]' \
    ::: x1 x2 x3 x4 x5 x6
  took=$(($(clock) - begin))
  exits 1
  same "$(wc -l < order)" 6
  says "group x: 3 failures in a row; nothing of it starts for 0.3s" "job 4 failed too" "job 5 went well"
  [ "$took" -ge 600000 ] || fail "two pauses cannot be over after $took us"
}

@test "mistakes are named" {
  try distaff --retries x echo ::: a
  exits 2
  says "--retries"
  try distaff --retry-delay 0s..1s echo ::: a
  exits 2
  says "--retry-delay" "100ms..1s"
  try distaff --retry-on 7,hup echo ::: a
  exits 2
  says "'hup'" "signal, timeout, start"
}
