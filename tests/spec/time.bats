# Time: --timeout, --idle-timeout, --deadline.

load helpers

@test "--timeout ends a job that runs too long, and names it" {
  # The one that is to end well has all the time it may need on a slow machine.
  echo '{"rules": [{"match": "^0$", "timeout": "1h"}]}' > rules
  begin=$(clock)
  try distaff -g {} --rules rules --timeout 300ms 'sleep {}' ::: 77 0
  took=$(($(clock) - begin))
  exits 1
  says "1 of 2 jobs failed: 1 timed out" "job 1  timed out"
  [ "$took" -ge 300000 ] || fail "over after $took us"
}

@test "a job that ignores TERM is killed after the grace" {
  # Longer where the job was ended before it could ignore anything.
  for limit in 100ms 1s 10s 100s; do
    try distaff --timeout $limit --term-seq TERM,200ms,KILL 'trap "" TERM; echo on; touch up; while :; do sleep 0.05; done; : {}' ::: a
    exits 1
    says "timed out"
    [ ! -e up ] || break
  done
  prints on
}

@test "--timeout as a percentage of the median" {
  try distaff -j 1 --timeout 1000% 'sleep {}' ::: 0.02 0.02 0.02 0.02 0.02 0.02 0.02 0.02 0.02 0.02 77
  exits 1
  says "1 of 11 jobs failed: 1 timed out" "job 11"
}

@test "--idle-timeout ends a job that writes nothing, not one that writes" {
  # The one that writes keeps its times, and that of its end; the first is from before its start.
  date +%s%N > times
  try distaff -j 2 --idle-timeout 400ms \
    'if [ {} = a ]; then
      trap "date +%s%N >> times; exit 9" TERM
      for i in 1 2 3 4 5 6; do date +%s%N >> times; echo $i; sleep 0.1; done
    else echo b; sleep 77; fi' ::: a b
  exits 1
  says "no output for 0.4s"
  # Where the machine held it up for so long, it may have been ended, too.
  if ! awk 'NR > 1 && $1 - (NR > 2 ? before : last) >= 4e8 {slow = 1} {before = last; last = $1} END {exit !slow}' times; then
    says "1 of 2 jobs failed: 1 timed out"
    grep -qx 6 "$kept/stdout" || fail "the one that writes was ended"
  fi
}

@test "CL-20 --deadline ends an endless run with status 124" {
  begin=$(clock)
  yes | try distaff --deadline 1 'sleep 0.3; : {}'
  took=$(($(clock) - begin))
  exits 124
  says "the deadline was reached"
  [ "$took" -ge 1000000 ] || fail "over after $took us"
}

@test "a run that is done before its deadline is none" {
  try distaff --deadline 1h echo ::: a
  exits 0
  prints a
  silent
  try distaff --deadline "$(date -d '1 hour' +%H:%M)" echo ::: a
  exits 0
  try distaff --deadline "$(date -d '1 hour' +%Y-%m-%dT%H:%M)" echo ::: a
  exits 0
}

@test "a deadline that has passed starts nothing" {
  try distaff --deadline 2020-01-01T00:00Z 'touch ran; : {}' ::: a
  exits 124
  [ ! -e ran ] || fail "a job was started"
}

@test "a deadline at a time is that of the start, however long a lock is waited for" {
  local lock="$BATS_TEST_NAME $BATS_RUN_TMPDIR" at
  start distaff --lock "$lock" 'touch up; while [ ! -e go ]; do sleep 0.02; done; : {}' ::: a
  wait_for [ -e up ]
  at=$((EPOCHSECONDS + 2))
  timeout 600 distaff --lock "$lock" --lock-wait 1h --deadline "$(date -d "@$at" +%T)" 'touch ran; : {}' ::: a 2> err 3>&- &
  waiting=$!
  wait_for eval '[ $EPOCHSECONDS -gt $at ]'
  touch go
  finish
  status=0
  wait "$waiting" || status=$?
  same "$status" 124
  absent ran
}

@test "a deadline while stdin says nothing" {
  mkfifo never
  exec 7<> never
  try distaff --deadline 300ms echo < never
  exec 7>&-
  exits 124
}

@test "retries of what timed out" {
  # Longer where the second try could not end in that time either, which it must have had.
  for ms in 100 1000 10000 100000; do
    begin=$(clock)
    try distaff --timeout ${ms}ms --retries 1 --retry-delay 1ms \
      'echo $DISTAFF_ATTEMPT; [ $DISTAFF_ATTEMPT = 2 ] || sleep 777; : {}' ::: a
    took=$(($(clock) - begin))
    grep -q 'timed out.* 2 tries' "$kept/stderr" || break
    [ "$took" -ge $((2 * ms * 1000)) ] || fail "two tries of $ms ms took only $took us"
  done
  exits 0
  prints 2
  silent
}

@test "mistakes are named" {
  try distaff --timeout 0 echo ::: a
  exits 2
  says "--timeout" "leave it out"
  try distaff --timeout 5x echo ::: a
  exits 2
  says "--timeout" "5x"
  try distaff --idle-timeout 200% echo ::: a
  exits 2
  says "--idle-timeout" "30s"
  try distaff -u --idle-timeout 5 echo ::: a
  exits 2
  says "--idle-timeout does not go with -u" "--output line"
  try distaff --deadline 25:00 echo ::: a
  exits 2
  says "--deadline" "06:30"
}
