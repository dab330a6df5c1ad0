# Signals: how a run is ended from outside, and what its jobs see.

load helpers

# A job that says when it is up and when it was told to end.
job='trap "echo told {} >> told; exit 1" TERM; touch up.{}; sleep 77 & echo $! > child.{}; wait'

ends_by() {
  start distaff -j 2 "$job" ::: 1 2 3 4
  wait_for [ -e child.1 -a -e child.2 ]
  kill -"$1" "$pid"
  finish
  exits "$2"
  same "$(sort told)" $'told 1\ntold 2'
  absent up.3 up.4
  # The whole process group of each job has gone.
  wait_for gone "$(cat child.1)"
  wait_for gone "$(cat child.2)"
}

@test "CL-13 INT: no new job, running ones are told to end, status 130" {
  ends_by INT 130
}

@test "TERM: status 143" {
  ends_by TERM 143
}

@test "HUP: status 129" {
  ends_by HUP 129
}

@test "the run dies of the signal itself" {
  for signal in INT TERM HUP; do
    rm -f pid up
    start "$STRESS/ends_how" pid distaff 'touch up; exec sleep 77; : {}' ::: a
    wait_for [ -e up ]
    kill -"$signal" "$(cat pid)"
    finish
    prints "signal $(kill -l $signal)"
  done
}

@test "what jobs had written until then is written, each block whole" {
  start distaff -j 2 'echo begin {}; touch up.{}; sleep 77; echo never' ::: 1 2
  wait_for [ -e up.1 -a -e up.2 ]
  kill -TERM "$pid"
  finish
  exits 143
  prints_sorted 'begin 1' 'begin 2'
}

@test "-k: what jobs had written is written in order" {
  start distaff -k -j 3 '[ {} = 2 ] || echo {}; touch up.{}; sleep 77' ::: 1 2 3
  wait_for [ -e up.1 -a -e up.2 -a -e up.3 ]
  kill -TERM "$pid"
  finish
  prints 1 3
}

@test "a job may tidy up after the signal, and its output counts" {
  start distaff 'trap "sleep 0.3; echo tidied; exit 0" TERM; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  kill -TERM "$pid"
  finish
  exits 143
  prints tidied
}

@test "--term-seq: another signal, then the next after its time" {
  start distaff --term-seq INT,300ms,KILL 'trap "echo told > told" INT; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  begin=$(clock)
  kill -TERM "$pid"
  finish
  took=$(($(clock) - begin))
  exits 143
  [ -e told ] || fail "the job was not told by INT"
  [ "$took" -ge 300000 ] || fail "killed after $took us"
}

@test "a second signal kills at once" {
  start distaff --term-seq TERM,60s,KILL 'trap "touch told" TERM; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  kill -TERM "$pid"
  wait_for [ -e told ]
  sleep 0.15 # one that comes within 100 ms is the same request
  begin=$(clock)
  kill -TERM "$pid"
  finish
  exits 143
  [ $(($(clock) - begin)) -lt 20000000 ] || fail "it waited"
}

@test "two signals at once are one request" {
  start distaff 'trap "sleep 0.3; echo tidied; exit 0" TERM; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  kill -TERM "$pid"
  kill -INT "$pid"
  finish
  prints tidied
}

@test "a signal while only input is waited for" {
  mkfifo in
  exec 5<> in
  start distaff -k echo <&5
  echo a >&5
  wait_for grep -qx a "$kept/stdout"
  kill -INT "$pid"
  finish
  exits 130
  prints a
  exec 5>&-
}

@test "a signal while every group rests" {
  start distaff --throttle 1h 'echo {}' ::: 1 2 3
  wait_for grep -qx 1 "$kept/stdout"
  kill -TERM "$pid"
  finish
  exits 143
  prints 1
}

@test "signals that were ignored at our start stay ignored, for jobs too" {
  start env --ignore-signal=HUP,INT distaff -k 'grep SigIgn /proc/self/status; touch up; while [ ! -e go ]; do sleep 0.02; done; echo end; : {}' ::: a
  wait_for [ -e up ]
  kill -HUP "$pid"
  kill -INT "$pid"
  touch go
  finish
  exits 0
  same "$(tail -n 1 "$kept/stdout")" end
  ignored=$((16#$(awk '/SigIgn/ {print $2}' "$kept/stdout")))
  same $((ignored & 3)) 3
}

@test "jobs start with the signals we were started with" {
  start distaff 'grep -E "Sig(Ign|Blk)" /proc/self/status; : {}' ::: a
  finish
  exits 0
  awk '{if ($2 !~ /^0*$/) exit 1}' "$kept/stdout" || fail "something is ignored or blocked"
  start env --ignore-signal=PIPE distaff 'grep SigIgn /proc/self/status; : {}' ::: a
  finish
  same "$(awk '{print $2}' "$kept/stdout" | sed 's/^0*//')" 1000
}

@test "CHLD ignored by our parent does not confuse us" {
  start env --ignore-signal=CHLD distaff -k 'echo {}; [ {} = 1 ]' ::: 1 2
  finish
  exits 1
  prints 1 2
  says "job 2"
}

@test "TSTP stops the jobs with us, CONT lets all go on" {
  start distaff 'echo $$ > job; touch up; while [ ! -e go ]; do sleep 0.02; done; echo end; : {}' ::: a
  wait_for [ -e up ]
  state() { awk '/^State/ {print $2}' "/proc/$1/status"; }
  kill -TSTP "$pid"
  wait_for eval '[ "$(state $pid)" = T ]'
  # D: dash uses vfork, and its child was stopped before exec.
  wait_for eval '[[ "$(state $(cat job))" = [TD] ]]'
  kill -CONT "$pid"
  touch go
  finish
  exits 0
  prints end
}
