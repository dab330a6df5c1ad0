# Signals: how a run is ended from outside, and what its jobs see.

load helpers

# A job that says when it is up and when it was told to end.
job='trap "echo told {} >> told; exit 1" TERM; touch up.{}; sleep 777 & echo $! > child.{}; wait'

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
    start "$STRESS/ends_how" pid distaff 'touch up; exec sleep 777; : {}' ::: a
    wait_for [ -e up -a -e pid ]
    kill -"$signal" "$(cat pid)"
    finish
    prints "signal $(kill -l $signal)"
  done
}

@test "what jobs had written until then is written, each block whole" {
  start distaff -j 2 'echo begin {}; touch up.{}; sleep 777; echo never' ::: 1 2
  wait_for [ -e up.1 -a -e up.2 ]
  kill -TERM "$pid"
  finish
  exits 143
  prints_sorted 'begin 1' 'begin 2'
}

@test "-k: what jobs had written is written in order" {
  start distaff -k -j 3 '[ {} = 2 ] || echo {}; touch up.{}; sleep 777; echo never' ::: 1 2 3
  wait_for [ -e up.1 -a -e up.2 -a -e up.3 ]
  kill -TERM "$pid"
  finish
  prints 1 3
}

@test "a job may tidy up after the signal, and its output counts" {
  start distaff --term-seq TERM,1h,KILL 'trap "sleep 0.3; echo tidied; exit 0" TERM; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  kill -TERM "$pid"
  finish
  exits 143
  prints tidied
}

@test "--term-seq: another signal, then the next after its time" {
  start distaff --term-seq INT,1h,KILL 'trap "echo told > told; exit 1" INT; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  kill -TERM "$pid"
  finish
  exits 143
  [ -e told ] || fail "the job was not told by INT"
  start distaff --term-seq INT,300ms,KILL 'trap "" INT; touch up.deaf; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up.deaf ]
  begin=$(clock)
  kill -TERM "$pid"
  finish
  took=$(($(clock) - begin))
  exits 143
  [ "$took" -ge 300000 ] || fail "killed after $took us"
}

# bats test_tags=timed
@test "a second signal kills at once" {
  start distaff --term-seq TERM,1h,KILL 'trap "touch told" TERM; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  kill -TERM "$pid"
  wait_for [ -e told ]
  sleep 0.15 # one that comes within 100 ms is the same request
  begin=$(clock)
  kill -TERM "$pid"
  wait_for gone "$pid" # and not after the hour
  sooner "$begin" 20000000
  finish
  exits 143
}

@test "two signals at once are one request" {
  start distaff --term-seq TERM,1h,KILL 'trap "sleep 0.3; echo tidied; exit 0" TERM; touch up; while :; do sleep 0.05; done; : {}' ::: a
  wait_for [ -e up ]
  # Both are there when it goes on, however long this shell is held up between them.
  kill -STOP "$(engine_of "$pid")"
  wait_for grep -q '^State:.*T' "/proc/$pid/status" # the guard stops with the engine
  kill -TERM "$pid"
  kill -INT "$pid"
  kill -CONT "$pid"
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

# In a process group with a parent outside: elsewhere the kernel does not stop anybody by TSTP.
lead_a_group='import os, sys; os.setpgid(0, 0); os.execvp(sys.argv[1], sys.argv[1:])'

@test "CONT lets all go on, however soon after TSTP it comes, to us or to our group" {
  mkfifo never
  exec 5<> never
  for round in {1..8}; do
    rm -f up go
    start python3 -c "$lead_a_group" distaff 'touch up; while [ ! -e go ]; do sleep 0.02; done; echo {}' ::: $round
    wait_for [ -e up ]
    [ $((round % 2)) = 0 ] && to=-$pid || to=$pid
    kill -TSTP -- "$to"
    read -r -t "0.000$((round * 100 + RANDOM % 100))" -u 5 || true
    kill -CONT -- "$to"
    touch go
    wait_for grep -qx "$round" "$kept/stdout"
    finish
    exits 0
  done
}

# ---- USR1: how it stands

@test "USR1: what runs, how long, and what waits; again and again" {
  start distaff -j 2 'touch up.{}; while [ ! -e go ]; do sleep 0.02; done; echo {}' ::: one two three
  wait_for [ -e up.one -a -e up.two ]
  kill -USR1 "$pid"
  wait_for grep -q 'distaff: 2 running' "$kept/stderr"
  says 'job 1  ' 'touch up.one' 'job 2  ' 'touch up.two'
  kill -USR1 "$pid"
  wait_for eval '[ "$(grep -c "distaff: 2 running" "$kept/stderr")" = 2 ]'
  touch go
  finish
  exits 0
  prints_sorted one two three
}

@test "USR1: groups that rest, and when they go on" {
  start distaff --throttle 1h 'echo {}' ::: 1 2 3
  wait_for grep -qx 1 "$kept/stdout"
  wait_for asked_says 'all jobs: next start in'
  says '(rest)' '0 running, ' ' waiting'
  kill -TERM "$pid"
  finish
  start distaff -g '{}' --rate 1/1h 'echo {}' ::: a b a b
  wait_for grep -qx b "$kept/stdout"
  wait_for asked_says 'group b: next start in'
  says 'group a: next start in' '(rate)'
  kill -TERM "$pid"
  finish
}

@test "USR1: its lines do not mix with those of jobs" {
  # `head` cuts no line, as whoever is ended in the middle of it would.
  start distaff --output line 'while [ ! -e go ]; do yes a line of the job | head -n 5000; done >&2; : {}' ::: a
  wait_for [ -s "$kept/stderr" ]
  kill -USR1 "$pid"
  wait_for grep -q '^distaff: 1 running' "$kept/stderr"
  touch go
  finish
  exits 0
  grep -vE '^(a line of the job|distaff: .*|  job 1 .*)$' "$kept/stderr" | head -n 3 > odd
  [ ! -s odd ] || fail "mixed: $(< odd)"
}

@test "USR1 goes to jobs by nobody, and is answered when all else is held back" {
  start distaff --quiet-unless-failed 'touch up; while [ ! -e go ]; do sleep 0.02; done; echo {}' ::: a
  wait_for [ -e up ]
  kill -USR1 "$pid"
  wait_for grep -q '1 running' "$kept/stderr"
  touch go
  finish
  exits 0
  prints
}

# ---- USR2: finish what runs

@test "USR2: what runs ends by itself, nothing more is started, status 1" {
  start distaff -j 2 'touch up.{}; while [ ! -e go ]; do sleep 0.02; done; echo {}' ::: 1 2 3 4
  wait_for [ -e up.1 -a -e up.2 ]
  kill -USR2 "$pid"
  wait_for asked_says 'finishing what runs'
  touch go
  finish
  exits 1
  prints_sorted 1 2
  absent up.3 up.4
  says '0 of 2 jobs failed; the run was finished early; the rest of the input was not read'
}

@test "USR2 when nothing was left: status 0" {
  start distaff -j 2 'touch up.{}; while [ ! -e go ]; do sleep 0.02; done; echo {}' ::: 1 2
  wait_for [ -e up.1 -a -e up.2 ]
  kill -USR2 "$pid"
  wait_for asked_says 'finishing what runs'
  touch go
  finish
  exits 0
  prints_sorted 1 2
}

@test "USR2: jobs that were read and rest are counted as not run" {
  start distaff --throttle 1h --stamp stamp 'echo {}' ::: 1 2 3
  wait_for grep -qx 1 "$kept/stdout"
  kill -USR2 "$pid"
  finish
  exits 1
  says ' not run'
  absent stamp
}

# ---- before the first job

@test "a signal before the first record: USR1 says so, USR2 and INT end the run" {
  mkfifo in
  exec 5<> in
  for options in "" "-k" "--csv" "--jsonl" "-n 3" "--split ,"; do
    start distaff $options echo '{}' <&5
    wait_for takes_signals "$pid"
    kill -USR1 "$pid"
    wait_for grep -qE 'waiting for (input|the first)' "$kept/stderr"
    kill -USR2 "$pid"
    finish
    same "$options: $(< "$kept/status")" "$options: 1"
    start distaff $options echo '{}' <&5
    wait_for takes_signals "$pid"
    kill -INT "$pid"
    finish
    same "$options: $(< "$kept/status")" "$options: 130"
  done
  exec 5>&-
}

@test "USR1 and USR2 that were ignored at our start stay ignored" {
  start env --ignore-signal=USR1,USR2 distaff 'touch up; while [ ! -e go ]; do sleep 0.02; done; echo {}' ::: a b
  wait_for [ -e up ]
  kill -USR1 "$pid"
  kill -USR2 "$pid"
  touch go
  finish
  exits 0
  prints_sorted a b
  silent
}

# ---- while something is being done

@test "a signal while output is being held in files, and while it is given back" {
  for signal in USR1 INT; do
    rm -f up.*
    start distaff -k -j 2 --hold-memory 64k 'touch up.{}; if [ {} != 2 ]; then while [ ! -e go ]; do sleep 0.02; done; fi; head -c 30M /dev/zero | tr "\\0" x; [ {} = 1 ] || touch end.{}' ::: 1 2 3
    wait_for [ -e up.2 ]
    kill -"$signal" "$pid"
    if [ "$signal" = USR1 ]; then
      wait_for grep -q '2 running' "$kept/stderr"
      touch go
      kill -USR1 "$pid"
    fi
    touch go
    finish
    if [ "$signal" = USR1 ]; then
      exits 0
      same "$(stat -c %s "$kept/stdout")" $((3 * 30 * 1024 * 1024))
      says '2 running'
    else
      exits 130
    fi
    rm -f go
  done
}

@test "signals at any moment of many starts: nothing hangs, nothing is lost or run twice" {
  for signal in USR1 USR2 TERM; do
    for delay in 0.01 0.03 0.06; do
      rm -f ran
      start distaff -j 4 'echo {} >> ran; echo {}' ::: {1..2000}
      wait_for takes_signals "$pid"
      sleep "$delay"
      kill -"$signal" "$pid" 2> /dev/null || true
      finish
      same "$(sort ran | uniq -d)" ''
      case $signal in
        USR1) exits 0; same "$(wc -l < "$kept/stdout")" 2000 ;;
        USR2) same "$(sort "$kept/stdout" | md5sum)" "$(sort ran | md5sum)" ;;
        TERM) [[ "$(< "$kept/status")" = @(143|0) ]] || fail "ended otherwise" ;;
      esac
    done
  done
}

# An input that never ends, and of which no job can be started.
endless() {
  mkfifo endless
  yes "$1" > endless 3>&- &
  yes=$!
}

@test "TERM is obeyed while jobs that cannot start flow in, in every output mode" {
  for way in "" "-k" "-k --output json" "--output csv" "--output line" "--output raw" "--output none" \
    "--retries 3 --retry-on start" "--results r/{#}" "--journal j --failed-to f"; do
    rm -rf endless r j f
    endless 'a b'
    start distaff -a endless --split ' ' --log-level info $way /bin/echo {3}
    wait_for grep -q 'job 2000 failed' "$kept/stderr"
    wait_for eval 'engine=$(engine_of "$pid")'
    most=$(awk '/VmHWM/ {print $2}' "/proc/$engine/status")
    kill -TERM "$pid"
    wait_for gone "$pid"
    finish
    exits 143
    [ "$most" -lt 100000 ] || not_sanitized || fail "$way: $most KiB"
    kill "$yes" 2> /dev/null || true
    wait "$yes" || true
  done
}

@test "TERM is obeyed while records come of which no job is complete, or none can be found" {
  for way in "-n 1000000000 --stdin record cat" "--match ^(x) --no-match skip echo" "--match ^(x) echo" \
    "--results same/{} true" "/nowhere/{} x"; do
    rm -rf endless same
    endless y
    start distaff -a endless --log-level error $way
    wait_for takes_signals "$pid"
    kill -TERM "$pid"
    wait_for gone "$pid"
    finish
    exits 143
    kill "$yes" 2> /dev/null || true
    wait "$yes" || true
  done
}

@test "a second TERM is obeyed with a reader that does not read" {
  endless 'a b'
  mkfifo reader
  exec 9<> reader
  start bash -c 'exec distaff -a endless --split " " --output json /bin/echo {3} > reader 9>&-'
  wait_for takes_signals "$pid"
  wait_for asked_says 'failed'
  kill -TERM "$pid"
  sleep 0.15 # one that comes within 100 ms is the same request
  kill -TERM "$pid" 2> /dev/null || true
  wait_for gone "$pid"
  exec 9>&-
  finish
  exits 143
}
