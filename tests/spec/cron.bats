# Runs that nobody watches: --lock, --quiet-unless-failed, --stamp, --metrics, and what is around
# them in a crontab.

load helpers

# A name that no other test, and no other run of these tests, locks.
name() {
  echo "test $BATS_TEST_NAME $BATS_RUN_TMPDIR"
}

hold() {
  start distaff --lock "$1" 'touch up; while [ ! -e go ]; do sleep 0.02; done; echo first; : {}' ::: a
  wait_for [ -e up ]
}

# ---- locks

@test "--lock: a second run of that name says so in one line, status 75, and starts nothing" {
  hold "$(name)"
  echo record > in
  distaff --lock "$(name)" -a in 'touch ran; : {}' 2> err && status=0 || status=$?
  same "$status" 75
  same "$(wc -l < err)" 1
  grep -qF -e "--lock" err
  grep -qF "another run holds it" err
  grep -qF -e "--lock-wait" err
  absent ran
  distaff --lock "$(name) other" touch ran.other : ::: a
  [ -e ran.other ]
  touch go
  finish
  exits 0
  try distaff --lock "$(name)" 'echo {}' ::: b
  exits 0
  prints b
}

@test "--lock is taken before anything is read" {
  hold "$(name)"
  seq 3 > input
  { try distaff --lock "$(name)" echo; cat > rest; } < input
  exits 75
  cmp input rest
  { try distaff --csv --lock "$(name)" echo '{1}'; cat > rest; } < input
  cmp input rest
  touch go
  finish
}

@test "--lock: a mistake in the command line is said first" {
  hold "$(name)"
  try distaff --lock "$(name)" --csv --tsv echo ::: a
  exits 2
  touch go
  finish
}

@test "--lock-wait waits for the other run to end" {
  hold "$(name)"
  distaff --lock "$(name)" --lock-wait 10m 'echo second > second; : {}' ::: b 2> err &
  second=$!
  wait_for takes_signals "$second"
  sleep 0.2 # if it runs in spite of the lock, it does so by now
  absent second
  touch go
  wait "$second"
  same "$(cat second)" second
  [ ! -s err ]
  finish
}

@test "--lock-wait gives up after its time" {
  hold "$(name)"
  begin=$(clock)
  distaff --lock "$(name)" --lock-wait 300ms 'touch ran; : {}' ::: b 2> err && status=0 || status=$?
  took=$(($(clock) - begin))
  same "$status" 75
  grep -qF 'still after 0.3s' err
  [ "$took" -ge 300000 ] || fail "gave up after $took us"
  absent ran
  touch go
  finish
}

@test "--lock-wait: INT ends the wait, USR1 asks, USR2 gives up" {
  hold "$(name)"
  env --default-signal=INT distaff --lock "$(name)" --lock-wait 1h touch ran ::: a 2> err &
  second=$!
  wait_for takes_signals "$second"
  kill -INT "$second"
  wait "$second" && status=0 || status=$?
  same "$status" 130
  distaff --lock "$(name)" --lock-wait 1h touch ran ::: a 2> err &
  second=$!
  wait_for takes_signals "$second"
  kill -USR1 "$second"
  wait_for grep -q 'waiting for --lock' err
  kill -USR2 "$second"
  wait "$second" && status=0 || status=$?
  same "$status" 75
  absent ran
  touch go
  finish
}

# bats test_tags=timed
@test "--lock is free after SIGKILL, also while a job of that run lives on" {
  start distaff --lock "$(name)" 'trap "" TERM; echo $$ > job; touch up; while [ ! -e go ]; do sleep 0.02; done; : {}' ::: a
  wait_for [ -e up ]
  kill -KILL "$pid"
  finish
  begin=$(clock)
  try timeout 600 distaff --lock "$(name)" --lock-wait 5m 'echo {}' ::: b
  exits 0
  sooner "$begin" 5000000
  prints b
  touch go
}

@test "--lock: names are any text" {
  for name in '../../etc/passwd' 'a b' '%s' $'two\nlines' "$(printf 'x%.0s' {1..3000})"; do
    try distaff --lock "$name $BATS_RUN_TMPDIR" 'echo {}' ::: a
    exits 0
    prints a
  done
}

# In a mount namespace of its own, as the places are fixed: among others COMMAND..., which finds distaff
# at $at.
among_others() {
  local place
  [ "$(id -u)" = 0 ] || skip "only root can give a directory away"
  unshare -m true 2> /dev/null || skip "no mount namespaces here"
  for place in tmp vartmp shm; do
    mkdir -p $place
    chmod 1777 $place
  done
  at=/proc/self/fd/9 unshare -m sh -c 'mount --bind vartmp /var/tmp && mount --bind shm /dev/shm &&
    mount --bind tmp /tmp && exec "$@"' sh "$@" 9< "$(readlink -f "$DISTAFF")"
}

@test "--lock: another user who has the name of our place first keeps no run from starting" {
  mkdir tmp vartmp
  mkdir tmp/distaff-0
  chown 54321 tmp/distaff-0
  among_others sh -c 'exec $at --lock x "echo ran; $at --lock x echo never ::: a; echo \$?; : {}" ::: a' > out 2> err
  same "$(cat out)" $'ran\n75'
  among_others sh -c 'exec $at --mutex "{}" echo ::: a' > out
  same "$(cat out)" a
  # What runs goes on to hold its lock when the other's directory is gone.
  among_others sh -c 'exec $at --lock x "rmdir /tmp/distaff-0; $at --lock x echo never ::: a; echo \$?; : {}" ::: a' > out 2> err
  same "$(cat out)" 75
}

@test "--lock: where no place can be ours the reason of each is said" {
  mkdir tmp vartmp shm
  mkdir tmp/distaff-0 shm/distaff-0
  chown 54321 tmp/distaff-0 shm/distaff-0
  ln -s /tmp vartmp/distaff-0
  try among_others sh -c 'exec $at --lock x echo ::: a'
  exits 2
  one_line
  says "--lock: cannot keep locks in /tmp/distaff-0: it belongs to another user" \
    "/var/tmp/distaff-0: it is no directory" "/dev/shm/distaff-0: it belongs"
}

@test "--lock-wait without --lock" {
  refuses --lock-wait --lock -- --lock-wait 1m touch ran
  refuses --lock-wait 1x -- --lock a --lock-wait 1x touch ran
}

@test "--dry-run takes no lock and leaves stamp and metrics alone" {
  hold "$(name)"
  distaff --dry-run --lock "$(name)" --stamp stamp --metrics m.prom --quiet-unless-failed touch ::: a > out
  same "$(cat out)" 'touch a'
  absent a
  absent stamp m.prom
  touch go
  finish
}

# ---- quiet unless failed

@test "--quiet-unless-failed: all went well, and nothing is printed" {
  try distaff --quiet-unless-failed -t --log-level debug 'echo out {}; echo err {} >&2' ::: 1 2 3
  exits 0
  prints
  silent
}

@test "--quiet-unless-failed: one failed, and everything is printed" {
  try distaff --quiet-unless-failed -k 'echo out {}; echo err {} >&2; [ {} != 2 ]' ::: 1 2 3
  exits 1
  prints 'out 1' 'out 2' 'out 3'
  says 'err 1' 'err 2' 'err 3' 'distaff: 1 of 3 jobs failed'
}

@test "--quiet-unless-failed: the same bytes in the same order as without" {
  job='seq {} 20000; seq {} 500 >&2; [ {} != 7 ]'
  distaff -k "$job" ::: {1..20} > plain.out 2> plain.err && status=0 || status=$?
  same "$status" 1
  distaff -k --quiet-unless-failed "$job" ::: {1..20} > out 2> err && status=0 || status=$?
  same "$status" 1
  cmp plain.out out
  sed 's/ [0-9.]*m*s / TIME /' plain.err > plain.err.timeless
  sed 's/ [0-9.]*m*s / TIME /' err > err.timeless
  cmp plain.err.timeless err.timeless
  distaff -k --quiet-unless-failed "$job" ::: {1..20} > both 2>&1 || true
  [ "$(wc -l < both)" = "$(cat out err | wc -l)" ]
}

@test "--quiet-unless-failed: more than memory takes is held in files without a name" {
  mkdir spill
  yes 'a line that is long enough to make this quite a lot of text in the end' | head -c 20M > text
  try distaff -j 1 --quiet-unless-failed --hold-memory 1M --spill-dir spill 'cat text; ls -A spill > names; [ {} != 3 ]' ::: 1 2 3
  exits 1
  [ ! -s names ] || fail "files with names: $(cat names)"
  same "$(stat -c %s "$kept/stdout")" $((3 * 20 * 1024 * 1024))
  cat text text text | cmp - "$kept/stdout"
}

@test "--quiet-unless-failed: where nothing more can be held it is shown, and nothing is lost" {
  yes 'a line of text' | head -c 5M > text
  try distaff --quiet-unless-failed --hold-memory 1M --spill-limit 0 'cat text; : {}' ::: 1
  exits 0
  cmp text "$kept/stdout"
  silent
}

@test "--quiet-unless-failed: ended by a signal, all that was written until then is printed" {
  start distaff --quiet-unless-failed 'echo begin; touch up; sleep 77; : {}' ::: 1
  wait_for [ -e up ]
  [ ! -s "$kept/stdout" ]
  kill -TERM "$pid"
  finish
  exits 143
  prints begin
}

@test "--quiet-unless-failed: what is wrong with the call or the input is always printed" {
  try distaff --quiet-unless-failed --csv --tsv echo ::: a
  exits 2
  one_line
  try distaff --quiet-unless-failed -a nowhere echo
  exits 2
  says nowhere
  try distaff --quiet-unless-failed no-such-program-here ::: a
  exits 127
  says no-such-program-here
}

@test "--quiet-unless-failed: a reader that went away, a full disk" {
  yes 'a line of text' | head -c 5M > text
  distaff --quiet-unless-failed 'cat text; exit 1; : {}' ::: 1 2> err | head -n 1 > first
  same "${PIPESTATUS[0]}" 141
  try distaff --quiet-unless-failed 'cat text; exit 1; : {}' ::: 1 > /dev/null
  [ -e /dev/full ] || skip "there is no /dev/full"
  distaff --quiet-unless-failed 'cat text; exit 1; : {}' ::: 1 > /dev/full 2> err && status=0 || status=$?
  same "$status" 3
  grep -q 'cannot write to stdout' err
}

done_jobs() {
  jq -r 'select(.outcome == "success") | .record' "$1" | sort | tr -d '\n'
}

@test "--quiet-unless-failed: a job whose output was to be shown and could not be is not done" {
  [ -e /dev/full ] || skip "there is no /dev/full"
  job='[ {} = 3 ] || echo out{}; [ {} != 2 ]'
  distaff --quiet-unless-failed --journal j --failed-to again --metrics m.prom "$job" ::: 1 2 3 > /dev/full 2> err && status=0 || status=$?
  same "$status" 3
  grep -q 'cannot write to stdout' err
  same "$(done_jobs j)" 3
  same "$(sort again | tr -d '\n')" 12
  grep -q '^distaff_last_run_exit_status{.*} 3$' m.prom
  try distaff -k --quiet-unless-failed --journal j --resume "$job" ::: 1 2 3
  exits 1
  prints out1 out2
  same "$(done_jobs j)" 13
  # A reader that goes away; more than its pipe holds.
  yes 'a line of text' | head -c 4M > text
  distaff -j 1 --quiet-unless-failed --journal k --failed-to again 'cat text; [ {} != 2 ]' ::: 1 2 2> err | head -n 1 > first
  same "${PIPESTATUS[0]}" 141
  same "$(done_jobs k)" ""
  same "$(sort again | tr -d '\n')" 12
  # All rows of a report.
  distaff --quiet-unless-failed --journal r --output json 'exit {}' ::: 0 1 > /dev/full 2> err && status=0 || status=$?
  same "$status" 3
  same "$(done_jobs r)" ""
}

@test "--quiet-unless-failed: all went well, nothing is shown, and all jobs are done" {
  distaff --quiet-unless-failed --journal j --failed-to again -j 4 'echo {}' ::: {1..50} > /dev/full
  same "$(jq -r 'select(.outcome == "success") | .record' j | sort -n)" "$(seq 50)"
  [ ! -s again ]
  # Also where the lines of jobs are more than is kept in memory.
  distaff --quiet-unless-failed --hold-memory 4k --spill-dir . --journal k --failed-to again -j 4 'echo {}' ::: {1..50} > /dev/full
  same "$(jq -r 'select(.outcome == "success") | .record' k | sort -n)" "$(seq 50)"
  [ ! -s again ]
}

@test "--quiet-unless-failed: KILL costs a repetition and no output" {
  start distaff --quiet-unless-failed --journal j -j 1 '[ {} != quiet ] || exit 0; echo {}; [ {} != b ] || { touch up; sleep 77; }' ::: quiet a b
  wait_for [ -e up ]
  wait_for grep -q '"record":"quiet"' j
  kill -KILL "$(engine_of "$pid")"
  finish
  same "$(done_jobs j)" quiet
  try distaff --dry-run --journal j --resume '[ {} != quiet ] || exit 0; echo {}; [ {} != b ] || { touch up; sleep 77; }' ::: quiet a b
  same "$(wc -l < "$kept/stdout")" 2
}

# More than a pipe holds is shown to a reader that has read the first byte of it and stays at fd 5.
being_shown() {
  mkfifo out
  distaff --quiet-unless-failed --journal j 'head -c 3000000 /dev/zero; exit 1; : {}' ::: a > out 2> "$kept/stderr" 3>&- &
  pid=$!
  exec 5< out
  head -c 1 <&5 > first
}

@test "--quiet-unless-failed: TERM while it is shown lets it be written" {
  being_shown
  kill -TERM "$pid"
  wait_for asked_says 'jobs are being ended'
  same "$(wc -c <&5)" 2999999
  finish
  exits 143
  says '1 of 1 job failed: 1 exit 1'
  same "$(jq -r 'select(.type == "job") | .outcome' j)" failed
}

@test "--quiet-unless-failed: a second TERM while it is shown ends it, and its job is not done" {
  being_shown
  kill -TERM "$pid"
  wait_for asked_says 'jobs are being ended'
  while kill -TERM "$pid"; do sleep 0.15; done 2> /dev/null
  finish
  exits 143
  [ "$(wc -c <&5)" -lt 2999999 ]
  same "$(jq -c 'select(.type == "job")' j)" ''
}

@test "--quiet-unless-failed: a slow reader gets everything" {
  yes 'a line of text' | head -c 2M > text
  distaff --quiet-unless-failed 'cat text; exit 1; : {}' ::: 1 2 3 2> err | (sleep 0.3; cat > out)
  cat text text text | cmp - out
}

@test "--quiet-unless-failed does not go with -u" {
  refuses --quiet-unless-failed -u '--output' -- -u --quiet-unless-failed touch ran
  refuses --quiet-unless-failed '--output raw' -- --output raw --quiet-unless-failed touch ran
}

@test "--quiet-unless-failed: --progress line and no records are as quiet" {
  try distaff --quiet-unless-failed --progress line --progress-interval 1ms 'sleep 0.05; : {}' ::: a
  exits 0
  silent
  try distaff --quiet-unless-failed echo
  exits 0
  silent
}

# ---- stamp and metrics

@test "--stamp: made and touched if all went well, and only then" {
  try distaff --stamp stamp true ::: a
  exits 0
  [ -e stamp ]
  echo text > stamp
  touch -d '2001-01-01' stamp
  try distaff --stamp stamp 'exit 3; : {}' ::: a
  exits 1
  same "$(stat -c %Y stamp)" "$(date -d 2001-01-01 +%s)"
  try distaff --stamp stamp no-such-program-here ::: a
  exits 127
  same "$(stat -c %Y stamp)" "$(date -d 2001-01-01 +%s)"
  try distaff --stamp stamp echo
  exits 0
  [ "$(stat -c %Y stamp)" -gt 1700000000 ] || fail "a run without records is a good one"
  same "$(cat stamp)" text
}

@test "--stamp, --metrics: a place that cannot be written to is said before anything runs" {
  refuses --stamp nowhere -- --stamp nowhere/stamp touch ran
  refuses --metrics nowhere -- --metrics nowhere/m.prom touch ran
  refuses --stamp /dev/null -- --stamp /dev/null touch ran
  refuses --metrics /dev/null -- --metrics /dev/null touch ran
  refuses --stamp --metrics -- --stamp x --metrics x touch ran
  seq 3 > table.csv
  refuses --metrics table.csv "another file" -- --metrics table.csv touch ran
  same "$(cat table.csv)" $'1\n2\n3'
}

@test "--stamp, --metrics: what cannot be written at the end is status 3, says so and is not quiet" {
  mkdir there
  try distaff --quiet-unless-failed --stamp there/stamp --metrics there/m.prom 'rmdir there; echo out; : {}' ::: a
  exits 3
  says "--stamp: cannot write there/stamp" "--metrics: cannot write there/m.prom" "name a file"
  prints out
}

metric() {
  awk -v name="$1" 'index($0, name "{") == 1 {print $NF; found = 1; exit} END {exit !found}' "${2:-m.prom}"
}

@test "--metrics: jobs by outcome, durations, the moment of the last success" {
  try distaff --metrics m.prom true ::: a b
  exits 0
  good=$(metric distaff_last_success_timestamp_seconds)
  same "$(metric distaff_last_run_timestamp_seconds)" "$good"
  same "$(metric distaff_last_run_exit_status)" 0
  grep -qxF 'distaff_last_run_jobs{run="m",outcome="succeeded"} 2' m.prom
  grep -qxF 'distaff_last_run_job_duration_seconds_count{run="m"} 2' m.prom
  try distaff --metrics m.prom 'exit {}' ::: 0 1 2
  exits 1
  same "$(metric distaff_last_success_timestamp_seconds)" "$good"
  same "$(metric distaff_last_run_exit_status)" 1
  grep -qxF 'distaff_last_run_jobs{run="m",outcome="failed"} 2' m.prom
  same "$(ls)" m.prom
}

@test "--metrics: also when the run is ended by a signal, or cannot begin" {
  start distaff --metrics m.prom 'touch up; sleep 77; : {}' ::: a b c
  wait_for [ -e up ]
  kill -TERM "$pid"
  finish
  same "$(metric distaff_last_run_exit_status)" 143
  try distaff --metrics m.prom -a nowhere echo
  same "$(metric distaff_last_run_exit_status)" 2
  try distaff --metrics m.prom --on-error stop -j 1 false ::: a b c
  same "$(metric distaff_last_run_exit_status)" 1
}

@test "--metrics: a run that another one's lock keeps out changes nothing" {
  distaff --metrics m.prom true ::: a
  cp m.prom before
  hold "$(name)"
  distaff --lock "$(name)" --metrics m.prom true ::: a 2> err || same $? 75
  cmp m.prom before
  touch go
  finish
}

@test "--metrics: the page is one that Prometheus reads" {
  try distaff --metrics 'od"d \name.prom' 'exit {}' ::: 0 1
  python3 "$BATS_TEST_DIRNAME/prometheus_text" < 'od"d \name.prom'
  if command -v promtool > /dev/null; then promtool check metrics < 'od"d \name.prom'; fi
  # And of several files in one directory no two samples are the same.
  distaff --metrics a.prom true ::: a
  distaff --metrics b.prom true ::: a
  same "$(grep -vh '^#' a.prom b.prom | cut -d' ' -f1 | sort | uniq -d)" ''
}

@test "--metrics: a link is followed, a mode kept, readers never see half a page" {
  mkdir real
  distaff --metrics real/m.prom true ::: a
  chmod 640 real/m.prom
  ln -s real/m.prom link.prom
  distaff --metrics link.prom true ::: a b
  [ -L link.prom ]
  grep -q 'outcome="succeeded"} 2' real/m.prom
  same "$(stat -c %a real/m.prom)" 640
}

# ---- the crontab

# As cron runs it: no HOME, no terminal, a short PATH; and what it would mail.
as_cron() {
  env -i PATH="$(dirname "$(command -v distaff)"):/usr/bin:/bin" setsid -w sh -c "$1" < /dev/null > "$kept/stdout" 2> "$kept/stderr" && status=0 || status=$?
  echo "$status" > "$kept/status"
}

plain_text() {
  ! LC_ALL=C grep -q '[^[:print:][:space:]]' "$kept/stdout" "$kept/stderr" || fail "control characters"
}

@test "the crontab recipe works without HOME, variables and a terminal" {
  seq 5 > list
  line="distaff --lock '$(name)' --quiet-unless-failed --stamp done --metrics m.prom -a list -j 2 'echo {}; [ {} != \"\$BAD\" ]'"
  as_cron "$line"
  exits 0
  prints
  silent
  [ -e done ]
  as_cron "BAD=3; export BAD; $line"
  exits 1
  prints_sorted 1 2 3 4 5
  says "distaff: 1 of 5 jobs failed" "job 3"
  plain_text
  same "$(metric distaff_last_run_exit_status)" 1
}
