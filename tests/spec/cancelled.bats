# A job that the run ended is not done, whatever it made of the signal: it is cancelled everywhere,
# and run again.

load helpers

# A job that answers TERM and INT by status $1 (0), once it is up.
deaf_to_us() {
  echo "trap 'exit ${1:-0}' TERM INT; touch up; while :; do sleep 0.02; done; : {}"
}

# The files that tell of jobs.
told_to='--journal j --failed-to again --joblog log --results r --metrics m.prom'

outcomes() {
  jq -r 'select(.type == "job") | .record + " " + .outcome' j | sort | tr '\n' ' '
}

# cancelled WORD [OUTCOMES]: the job `a` of the last run has not been done, and all say so.
cancelled() {
  same "$1: $(outcomes)" "$1: ${2-a cancelled }"
  same "$(cat again)" a
  same "$(tail -n 1 log | cut -f 7,8)" $'-1\t0'
  same "$(jq -c '[.exit, .signal]' r/1/job.json)" '[null,null]'
  jq -e '.error | startswith("cancelled: ")' r/1/job.json > /dev/null || fail "$1: $(< r/1/job.json)"
  grep -qxF 'distaff_last_run_jobs{run="m",outcome="succeeded"} 0' m.prom
  grep -qxF 'distaff_last_run_jobs{run="m",outcome="cancelled"} 1' m.prom
  rm -rf j again log r m.prom up
}

# The run is $pid, the guard; its job is up.
begin() {
  start distaff $told_to "$@" ::: a
  wait_for [ -e up ]
}

@test "a job that answers our signal with status 0 is cancelled: signals, deadline, a second signal" {
  for signal in TERM INT HUP; do
    begin "$(deaf_to_us)"
    kill -"$signal" "$pid"
    finish
    exits $((128 + $(kill -l $signal)))
    says '1 of 1 job failed: 1 cancelled'
    cancelled "$signal"
  done
  # Longer where the job was not up by then.
  for seconds in 0.3 3 30; do
    rm -rf j again log r m.prom up
    try distaff $told_to --deadline ${seconds}s "$(deaf_to_us)" ::: a
    [ ! -e up ] || break
  done
  exits 124
  cancelled deadline
  begin "trap 'touch told' TERM; touch up; while [ ! -e told ]; do sleep 0.02; done; while :; do sleep 0.02; done; : {}"
  kill -TERM "$pid"
  wait_for [ -e told ]
  sleep 0.15
  kill -TERM "$pid"
  finish
  exits 143
  cancelled twice
}

@test "... and its handler, --term-seq, --ok and --timeout change nothing in that" {
  begin --term-seq INT,1h,KILL "$(deaf_to_us)"
  kill -TERM "$pid"
  finish
  cancelled --term-seq
  begin --ok 0-7 "$(deaf_to_us 5)"
  kill -TERM "$pid"
  finish
  cancelled --ok
  begin --ok 0,143 'touch up; exec sleep 77; : {}'
  kill -TERM "$pid"
  finish
  cancelled "--ok 143"
  # Its time is over while it is being ended for another reason.
  begin --timeout 1s --term-seq TERM,1h,KILL 'trap "touch told; sleep 1.5; exit 0" TERM; touch up; while :; do sleep 0.02; done; : {}'
  kill -TERM "$pid"
  wait_for [ -e told -o -e again ]
  finish
  # On a busy machine it may have had its time before.
  [ "$(outcomes)" = 'a failed ' ] || cancelled --timeout
}

@test "... nor does who ends the run: another job, --halt, a reader that went away" {
  other='if [ {} = b ]; then while [ ! -e up ]; do sleep 0.02; done'
  for how in '--on-error kill' '--halt now,fail=1' '--halt now,done=1' '--halt now,success=1'; do
    case $how in
      *fail* | *kill*) status=1 ;;
      *) status=0 ;;
    esac
    try distaff $told_to $how -j 2 "$other; exit $status; fi; $(deaf_to_us)" ::: a b
    exits $status
    same "$how: $(jq -r 'select(.record == "a") | .outcome' j)" "$how: cancelled"
    grep -qx a again
    [ "$status" = 1 ] || same "$(cat again)" a
    grep -qxF 'distaff_last_run_jobs{run="m",outcome="cancelled"} 1' m.prom
    rm -rf j again log r m.prom up
  done
  mkfifo out
  distaff $told_to --output line -j 1 "trap 'exit 0' TERM; echo one; touch up; while :; do echo two; sleep 0.02; done; : {}" ::: a > out &
  pid=$!
  head -n 1 out > first
  finish
  exits 141
  cancelled reader '' # the journal waits for its output to be written
}

@test "a job that ended by itself before the run told it is what it is" {
  # The worker is stopped: both the end of the job and the request to end are there when it goes on.
  for status in 0 3; do
    start distaff --journal j --failed-to again -j 2 "echo \$\$ > pid.{}.new; mv pid.{}.new pid.{}; while [ ! -e go.{} ]; do sleep 0.02; done; exit $status" ::: a b
    wait_for [ -e pid.a -a -e pid.b ]
    worker=$(engine_of "$pid")
    kill -STOP "$worker"
    wait_for grep -q '^State:.*T' "/proc/$pid/status"
    touch go.a
    wait_for grep -q '^State:.*Z' "/proc/$(< pid.a)/status"
    kill -TERM "$pid"
    kill -CONT "$pid"
    finish
    exits 143
    if [ $status = 0 ]; then word=success; else word=failed; fi
    same "$(outcomes)" "a $word b cancelled "
    same "$(sort again | tr '\n' ' ')" "$([ $status = 0 ] || echo 'a ')b "
    rm -f j again pid.* go.*
  done
}

@test "rows of a cancelled job say so, and --resume runs it, with --skip-failed too" {
  for options in '' --skip-failed; do
    job="$(deaf_to_us | sed 's/while :;/while [ ! -e go ];/'); echo did {}"
    start distaff --journal j --output json "$job" ::: a
    wait_for [ -e up ]
    kill -TERM "$pid"
    finish
    same "$(jq -c '[.record, .exit, .error]' "$kept/stdout")" '["a",null,"cancelled: ended because the run stopped"]'
    touch go
    try distaff --journal j --resume $options "$job" ::: a
    exits 0
    prints 'did a'
    same "$(outcomes)" 'a cancelled a success '
    rm -f j go up
  done
}

@test "USR2 ends no job: what ends by itself then is what it is" {
  start distaff --journal j --failed-to again -j 2 'trap "exit 0" TERM; touch up.{}; while [ ! -e go ]; do sleep 0.02; done; [ {} = a ]' ::: a b c
  wait_for [ -e up.a -a -e up.b ]
  kill -USR2 "$pid"
  wait_for asked_says 'finishing what runs'
  touch go
  finish
  exits 1
  same "$(outcomes)" 'a success b failed '
  grep -qx b again
}
