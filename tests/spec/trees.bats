# No survivors: what a job starts ends with it, however the run ends.

load helpers

setup() {
  prepare
  # Everything a job may leave behind, each process with its number in a file: in the job's process
  # group, in a session of its own, by double fork; holding our pipe or not; with our environment or
  # with none.
  cat > family << 'END'
    note() { echo "echo \$\$ > new.$1; mv new.$1 pid.$1; exec sleep 7777"; }
    sh -c "$(note child)" &
    sh -c "$(note quiet)" > /dev/null 2>&1 &
    setsid sh -c "$(note session)" &
    setsid sh -c "$(note quiet_session)" > /dev/null 2>&1 &
    (setsid sh -c "$(note twice)" &)
    env -i setsid sh -c "$(note bare)" &
    env -i setsid sh -c "$(note quiet_bare)" > /dev/null 2>&1 &
    sh -c "$(note job)"
END
  family='. ./family; : {}'
}

teardown() {
  local file
  for file in pid.* decoy.*; do
    [ ! -e "$file" ] || kill -9 "$(< "$file")" 2> /dev/null || true
  done
  end_started
}

grown() {
  [ "$(ls pid.* 2> /dev/null | wc -l)" -ge "${1:-8}" ]
}

# A zombie waits only for its parent.
alive() {
  [ -e "/proc/$1/stat" ] && ! grep -q '^State:.*Z' "/proc/$1/status"
}

left() {
  local file
  for file in "${@:-pid.*}"; do
    for file in $file; do
      if alive "$(< "$file")"; then echo "$file"; fi
    done
  done
}

# None of these lives, long before it would end by itself; on a quiet machine two seconds after what came
# before.
none_left() {
  local begin
  begin=$(clock)
  until_none() { [ -z "$(left "$@")" ]; }
  wait_for until_none "$@" || fail "still alive: $(left "$@" | tr '\n' ' ')"
  sooner "$begin" 2000000
}

# sleeping FILE...: each of these has come to its `exec sleep`, after it wrote its number.
sleeping() {
  local file
  for file; do
    grep -qx sleep "/proc/$(< "$file")/comm" || return 1
  done
}

grow() {
  rm -f pid.*
  start distaff "$@" "$family" ::: a
  wait_for grown
}

# ---- ended by us

# bats test_tags=timed
@test "--halt now: nobody below a running job is left" {
  start distaff -j 2 --halt now,fail=1 'if [ {} = 1 ]; then while [ ! -e go ]; do sleep 0.02; done; exit 1; fi; . ./family' ::: 1 2
  wait_for grown
  touch go
  none_left
  finish
  exits 1
}

# bats test_tags=timed
@test "--on-error kill: nobody is left" {
  start distaff -j 2 --on-error kill 'if [ {} = 1 ]; then while [ ! -e go ]; do sleep 0.02; done; exit 1; fi; . ./family' ::: 1 2
  wait_for grown
  touch go
  none_left
  finish
  exits 1
}

# bats test_tags=timed
@test "--timeout, --idle-timeout, --deadline: nobody is left" {
  for limit in --timeout --idle-timeout --deadline; do
    # Longer where not all of the family were up before the time was over.
    for time in 1s 10s 100s; do
      rm -f pid.* new.*
      try distaff "$limit" $time "$family" ::: a
      none_left
      says_not "left a process behind"
      if grown; then break; fi
    done
    grown
  done
}

@test "the next try does not run beside what is left of the one before" {
  # The first try leaves somebody who ignores TERM; the second looks whether he lives.
  # Longer where a try could not do in that time, which it must have had, what it is for.
  for seconds in 1 10 100; do
    rm -f pid.a
    begin=$(clock)
    try distaff --timeout ${seconds}s --retries 1 --retry-delay 0 'if [ $DISTAFF_ATTEMPT = 1 ]; then
        trap "" TERM; setsid sh -c "echo \$\$ > new.a; mv new.a pid.a; exec sleep 7777" & trap - TERM; wait
      fi; kill -0 $(cat pid.a) 2> /dev/null && echo alive || echo gone; : {}' ::: a
    took=$(($(clock) - begin))
    if grep -q 'timed out.* 2 tries' "$kept/stderr"; then
      [ "$took" -ge $((2 * seconds * 1000000)) ] || fail "two tries of $seconds s took only $took us"
    elif [ -e pid.a ]; then
      break
    fi
  done
  exits 0
  prints gone
}

# bats test_tags=timed
@test "INT, TERM, HUP: nobody is left, and the status says why" {
  for signal in INT TERM HUP; do
    grow
    kill -"$signal" "$pid"
    none_left
    finish
    exits $((128 + $(kill -l $signal)))
    says_not "left a process behind"
  done
}

# bats test_tags=timed
@test "INT twice: nobody is left of what ignores TERM, or was never told" {
  cat > stubborn << 'END'
    sh -c 'trap "touch told" TERM; echo $$ > new.told; mv new.told pid.told; while :; do sleep 0.05; done' &
    trap '' TERM INT
    . ./family
END
  start distaff --term-seq TERM,1h,KILL '. ./stubborn; : {}' ::: a
  wait_for grown 9
  kill -INT "$pid"
  wait_for [ -e told ]
  sleep 0.15 # one that comes within 100 ms is the same request
  [ -n "$(left)" ]
  kill -INT "$pid"
  none_left
  finish
  exits 130
}

# bats test_tags=timed
@test "who ignores TERM is killed when --term-seq says so" {
  start distaff --term-seq TERM,300ms,KILL "trap '' TERM; $family" ::: a
  wait_for grown
  begin=$(clock)
  kill -TERM "$pid"
  none_left
  finish
  exits 143
  [ $(($(clock) - begin)) -ge 300000 ] || fail "killed before its time"
}

# bats test_tags=timed
@test "who ignores TERM below a job that does not is killed after a second" {
  start distaff --term-seq TERM,1h,KILL 'trap "" TERM; setsid sh -c "echo \$\$ > new.deaf; mv new.deaf pid.deaf; exec sleep 777" & trap - TERM; touch up; wait; : {}' ::: a
  wait_for [ -e pid.deaf -a -e up ]
  begin=$(clock)
  kill -TERM "$pid"
  none_left
  finish
  exits 143
  [ $(($(clock) - begin)) -ge 900000 ] || fail "it got no time to follow"
}

# tidied_up FILE...: each of these says that the commands of who tidied up were let be.
tidied_up() {
  local file
  for file; do
    # They have a second, which a slow machine may need for other things.
    [ -e "$file" ] || [ "$took" -ge 900000 ] || fail "no time to tidy up: $took us"
    [ "${DISTAFF_TIMES:-0}" != 1 ] || [ -e "$file" ] || fail "$file: not told, or had no time"
    [ ! -e "$file" ] || same "$file: $(< "$file")" "$file: 0 0"
  done
}

# Tells how two commands ended that it runs when it is told by TERM.
tidier='tidy() { sleep 0.2; a=$?; sleep 0.1; echo $a $? > $1.new; mv $1.new $1; exit; }
  tidies() { trap "tidy tidied.$1" TERM; echo $$ > new.$1; mv new.$1 pid.$1; while :; do sleep 0.05; done; }'

# bats test_tags=timed
@test "what an ended job left may tidy up, and what it runs for that is let be" {
  echo "$tidier" > tidier
  start distaff 'setsid sh -c ". ./tidier; tidies session" & sh -c ". ./tidier; tidies group" & wait; : {}' ::: a
  wait_for grown 2
  begin=$(clock)
  kill -TERM "$pid"
  finish
  took=$(($(clock) - begin))
  exits 143
  tidied_up tidied.session tidied.group
}

# bats test_tags=timed
@test "so it is when only the job's time is over, and for the job's own process" {
  echo "$tidier" > tidier
  # Longer where they were not up by then.
  for seconds in 1 10 100; do
    rm -f pid.* tidied.*
    begin=$(clock)
    try distaff --timeout ${seconds}s 'setsid sh -c ". ./tidier; tidies session" & . ./tidier; tidies job; : {}' ::: a
    took=$(($(clock) - begin - seconds * 1000000))
    if grown 2; then break; fi
  done
  exits 1
  tidied_up tidied.job
  # It has a second more than the job.
  [ -e tidied.session ] || [ "$took" -ge 900000 ] || fail "no time: $took us"
}

# bats test_tags=timed
@test "CL-13: INT: no new job, 130, no child left" {
  start distaff -j 2 'echo $$ > new.{}; mv new.{} pid.{}; sleep 777' ::: 1 2 3 4 5 6
  wait_for [ -e pid.1 -a -e pid.2 ]
  kill -INT "$pid"
  none_left
  finish
  exits 130
  absent pid.3 pid.4
}

# ---- killed with nobody to say goodbye

# bats test_tags=timed
@test "SIGKILL of the process that the user started" {
  grow
  kill -9 "$pid"
  none_left
  finish
  exits 137
}

# bats test_tags=timed
@test "SIGKILL of its child, the engine: nobody is left, one line says so, 137" {
  grow
  kill -9 "$(engine_of "$pid")"
  none_left
  finish
  exits 137
  one_line
  says "was killed by signal 9 (KILL)"
}

# bats test_tags=timed
@test "SIGKILL of both at once: no job, and nobody who kept its process group" {
  grow
  kill -9 "$(engine_of "$pid")" "$pid"
  none_left pid.job pid.child pid.quiet
  finish
  exits 137
}

# bats test_tags=timed
@test "SIGKILL of both at once: also what an earlier job left in its process group" {
  start distaff -j 1 'if [ {} = 1 ]; then sh -c "echo \$\$ > new.a; mv new.a pid.a; exec sleep 777" & sleep 0.1
    else echo $$ > new.b; mv new.b pid.b; exec sleep 777; fi' ::: 1 2
  wait_for [ -e pid.a -a -e pid.b ]
  kill -9 "$(engine_of "$pid")" "$pid"
  none_left
}

# bats test_tags=timed
@test "SIGKILL of either: the other one asks by TERM first, and kills what does not end" {
  # With the worker their pipes are gone: a shell that says "Terminated" of its child dies of that.
  cat > polite << 'END'
    answers() { exec > /dev/null 2>&1; trap "echo told > told.$1; exit 0" TERM; echo $$ > new.$1; mv new.$1 pid.$1; while :; do sleep 0.02; done; }
END
  for which in guard worker; do
    rm -f pid.* told.*
    start distaff -j 3 '. ./polite; case {} in
      polite) setsid sh -c ". ./polite; answers session" & sh -c ". ./polite; answers group" & answers job ;;
      deaf) trap "" TERM; echo $$ > new.deaf; mv new.deaf pid.deaf; exec sleep 777 ;;
      left) setsid sh -c ". ./polite; answers left" > /dev/null 2>&1 & while [ ! -e pid.left ]; do sleep 0.02; done ;;
    esac' ::: polite deaf left
    wait_for grown 5
    begin=$(clock)
    if [ $which = guard ]; then kill -9 "$pid"; else kill -9 "$(engine_of "$pid")"; fi
    none_left pid.job pid.group pid.session pid.deaf pid.left
    took=$(($(clock) - begin))
    finish
    exits 137
    # They have 300 ms, which a slow machine may need for other things.
    for one in job group session left; do
      [ "${DISTAFF_TIMES:-0}" != 1 ] || [ -e told.$one ] || fail "KILL of the $which: $one was not asked"
    done
    [ "$took" -ge 250000 ] || fail "who did not end at once was given no time: $took us"
  done
}

# Nobody runs a sleep of so long.
no_sleepers() {
  ! pgrep -f "^sleep $1\$"
}

# bats test_tags=timed
@test "SIGKILL of both within the first moments of jobs: none of their children is left" {
  long=7$$$RANDOM
  for ((i = 0; i < ${DISTAFF_TRIALS:-6}; i++)); do
    # In a group of its own: both are hit at once, and a child that has not come to its program.
    setsid distaff -j 8 "sleep $long & (sleep $long &) & sh -c 'sleep $long; :' & wait; : {}" ::: {1..99} 3>&- &
    pid=$!
    wait_for takes_signals "$pid"
    sleep "$(printf '0.%04d' $((RANDOM % 100)))"
    kill -9 -- "-$pid"
    wait "$pid" || true
    begin=$(clock)
    wait_for no_sleepers $long || fail "still alive: $(pgrep -af "^sleep $long")"
    sooner "$begin" 2000000
  done
}

@test "SIGKILL by the name of the program misses the guard" {
  grow
  same "$(cat /proc/"$(engine_of "$pid")"/comm)" distaff
  case $(cat /proc/"$pid"/comm) in
    *distaff*) fail "the guard has the engine's name" ;;
  esac
  kill -TERM "$pid"
  finish
}

# ---- left behind by jobs that ended well

# bats test_tags=timed
@test "what jobs left behind lives while the run goes on, is ended with it, and named" {
  start distaff -j 1 'if [ {} = 2 ]; then touch second; while [ ! -e go ]; do sleep 0.02; done; exit 0; fi
    setsid sh -c "echo \$\$ > new.a; mv new.a pid.a; exec sleep 777" > /dev/null 2>&1 &
    sh -c "echo \$\$ > new.b; mv new.b pid.b; exec sleep 777" > /dev/null 2>&1 &
    while [ ! -e pid.a -o ! -e pid.b ]; do sleep 0.02; done' ::: 1 2
  wait_for [ -e second ]
  wait_for sleeping pid.a pid.b
  sleep 0.3
  same "$(left | tr '\n' ' ')" 'pid.a pid.b '
  touch go
  none_left
  finish
  exits 0
  one_line
  says "job 1 left a process behind: sleep 777 (pid $(< pid.a)), ended" \
    "job 1 left a process behind: sleep 777 (pid $(< pid.b)), ended"
}

# bats test_tags=timed
@test "who hid all its traces is named too, of an unknown job" {
  try distaff 'env -i setsid sh -c "echo \$\$ > new.a; mv new.a pid.a; exec sleep 777" > /dev/null 2>&1 &
    until [ -e pid.a ] && grep -qx sleep /proc/$(cat pid.a)/comm; do sleep 0.02; done; : {}' ::: 1
  exits 0
  none_left
  says "an unknown job left a process behind: sleep 777 (pid $(< pid.a)), ended"
}

# bats test_tags=timed
@test "what was left behind and ignores TERM is killed" {
  try distaff 'trap "" TERM; setsid sh -c "echo \$\$ > new.a; mv new.a pid.a; exec sleep 7777" > /dev/null 2>&1 &
    while [ ! -e pid.a ]; do sleep 0.02; done; : {}' ::: 1
  exits 0
  none_left
}

@test "--leave-orphans lets them be, without a word" {
  start distaff --leave-orphans 'sh -c "echo \$\$ > new.a; mv new.a pid.a; exec sleep 777" > /dev/null 2>&1 &
    setsid sh -c "echo \$\$ > new.b; mv new.b pid.b; exec sleep 777" > /dev/null 2>&1 &
    while [ ! -e pid.a -o ! -e pid.b ]; do sleep 0.02; done; : {}' ::: 1
  finish
  exits 0
  silent
  same "$(left | tr '\n' ' ')" 'pid.a pid.b '
}

# bats test_tags=timed
@test "--leave-orphans: what we end has no orphans" {
  grow --leave-orphans
  kill -TERM "$pid"
  none_left
  finish
  exits 143
  grow --leave-orphans
  kill -9 "$(engine_of "$pid")"
  none_left
  finish
  exits 137
}

# ---- others

# bats test_tags=timed
@test "other processes of the user are never touched" {
  # The same command; one with the marks of another run, one with those of ours; and children that
  # the shell had before it became distaff.
  sleep 777 3>&- &
  echo $! > decoy.a
  disown
  DISTAFF_RUN=other DISTAFF_SEQ=1 setsid sleep 777 3>&- &
  echo $! > decoy.b
  disown
  start bash -c 'sleep 777 > /dev/null 2>&1 3>&- & echo $! > decoy.c
    (sleep 777 > /dev/null 2>&1 3>&- & echo $! > decoy.d)
    exec distaff "echo \$DISTAFF_RUN > run; . ./family; : {}" ::: a'
  wait_for grown
  DISTAFF_RUN=$(cat run) DISTAFF_SEQ=1 setsid sleep 777 3>&- &
  echo $! > decoy.e
  disown
  kill -TERM "$pid"
  none_left
  finish
  exits 143
  same "$(left 'decoy.*' | tr '\n' ' ')" 'decoy.a decoy.b decoy.c decoy.d decoy.e '

  rm -f pid.*
  start bash -c 'exec distaff "$0" ::: a' "$family"
  wait_for grown
  kill -9 "$(engine_of "$pid")"
  none_left
  finish
  same "$(left 'decoy.*' | tr '\n' ' ')" 'decoy.a decoy.b decoy.c decoy.d decoy.e '
}

# bats test_tags=timed
@test "children from before the start are spared when the engine is killed" {
  start bash -c 'sleep 777 > /dev/null 2>&1 3>&- & echo $! > decoy.c
    exec distaff "$0" ::: a' "$family"
  wait_for grown
  kill -9 "$(pgrep -P "$pid" -x distaff)"
  none_left
  finish
  exits 137
  same "$(left 'decoy.*' | tr '\n' ' ')" 'decoy.c '
}

# bats test_tags=timed
@test "a job that became another user and cannot be ended does not keep the run" {
  [ "$(id -u)" = 0 ] || skip "needs to be root"
  not_sanitized
  local open
  open=$(mktemp -d)
  chmod 777 "$open"
  cp "$(command -v setpriv)" "$open/become"
  chmod u+s "$open/become"
  cp -L "$(command -v distaff)" "$open/distaff"
  start setpriv --reuid=60001 --regid=60001 --clear-groups "$open/distaff" --term-seq TERM,100ms,KILL \
    "$open/become --reuid=0 sh -c 'echo \$\$ > $open/pid; exec sleep 777'; : {}" ::: a
  wait_for [ -s "$open/pid" ]
  wait_for sleeping "$open/pid"
  cp "$open/pid" decoy.sudo
  begin=$(clock)
  kill -TERM "$pid"
  finish
  sooner "$begin" 20000000
  rm -r "$open"
  exits 143
  same "$(left 'decoy.*')" decoy.sudo # so nobody waited for its end
  says "sleep 777 (pid $(< decoy.sudo))"
}

# ---- what the guard passes on

# bats test_tags=timed
@test "signals to the guard alone reach the engine, and its end is the guard's" {
  grow
  kill -TERM "$pid"
  none_left
  finish
}

@test "a stop and a continuation of the guard are those of all" {
  start distaff 'touch up; while [ ! -e go ]; do sleep 0.02; done; echo end; : {}' ::: a
  wait_for [ -e up ]
  engine=$(engine_of "$pid")
  state() { awk '/^State/ {print $2}' "/proc/$1/status"; }
  kill -TSTP "$pid"
  wait_for eval '[ "$(state $pid)$(state $engine)" = TT ]'
  kill -CONT "$pid"
  touch go
  finish
  exits 0
  prints end
}

state() {
  awk '/^State/ {print $2}' "/proc/$1/status"
}

# both STATE: of the guard and of the worker.
both() {
  [ "$(state "$pid")$(state "$engine")" = "$1$1" ]
}

@test "the guard goes on when its worker does, however the two were stopped" {
  start distaff 'touch up; while [ ! -e go ]; do sleep 0.02; done; echo end; : {}' ::: a
  wait_for [ -e up ]
  engine=$(engine_of "$pid")
  kill -STOP "$engine" # what killall -STOP distaff does
  wait_for both T
  kill -CONT "$engine"
  wait_for eval '[ "$(state $pid)" = S ]'
  kill -TSTP "$pid" # Ctrl-Z
  wait_for both T
  kill -CONT "$engine"
  wait_for eval '[ "$(state $pid)" = S ]'
  # Continued before the guard has seen it stop, or while it stops.
  for i in {1..40}; do
    kill -STOP "$engine"
    if [ $((i % 2)) = 0 ]; then kill -0 "$engine"; else sleep 0.00$((i % 10)); fi
    kill -CONT "$engine"
  done
  wait_for eval '[ "$(state $pid)" = S ]'
  touch go
  finish
  exits 0
  prints end
}

# bats test_tags=timed
@test "SIGKILL of one of the two while the run is stopped: the other wakes and ends everything" {
  for how in 'TSTP guard' 'TSTP worker' 'STOP guard' 'STOP worker'; do
    grow
    engine=$(engine_of "$pid")
    if [[ $how = TSTP* ]]; then kill -TSTP "$pid"; else kill -STOP "$engine"; fi
    wait_for both T
    if [[ $how = *guard ]]; then kill -9 "$pid"; else kill -9 "$engine"; fi
    none_left
    finish
    exits 137
  done
}

@test "no second process for what runs nothing" {
  for options in --help --version '--dry-run echo' '--fields --csv'; do
    # LeakSanitizer starts a thread of its own, which strace breaks and would count.
    echo a,b | ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 strace -f -o trace \
      -e trace=fork,vfork,clone,clone3 distaff $options > /dev/null 2>&1 || skip "no strace here"
    ! grep -q clone trace || fail "$options starts a process"
  done
}

# The directory of our own control group, where we may make others; nothing elsewhere.
own_cgroup() {
  local mount path
  mount=$(awk '/ - cgroup2 / && $4 == "/" {print $5; exit}' /proc/self/mountinfo)
  path=$mount$(sed -n 's/^0:://p' /proc/self/cgroup)
  [ -n "$mount" ] && mkdir "$path/try-$$" 2> /dev/null || return 0
  [ ! -e "$path/try-$$/cgroup.kill" ] || echo "${path%/}"
  rmdir "$path/try-$$"
}

@test "a run that lasts has a control group where it may make one, and leaves none" {
  group=$(own_cgroup)
  if [ -z "$group" ]; then
    echo "no control group can be made here" >&2
    return
  fi
  # The first job lasts until the run has its group.
  in_group='if [ {} = 1 ]; then
      n=0; until grep -q "distaff-$PPID\$" /proc/$PPID/cgroup || [ $n = 10000 ]; do n=$((n + 1)); sleep 0.02; done
    else echo $$ > new.{}; mv new.{} pid.{}; exec sleep 7777; fi'
  start distaff -j 1 "$in_group" ::: 1 2
  wait_for [ -e pid.2 ]
  engine=$(engine_of "$pid")
  grep -q "distaff-$engine\$" "/proc/$(< pid.2)/cgroup" || fail "the job is not in it"
  kill -TERM "$pid"
  finish
  [ ! -e "$group/distaff-$engine" ] || fail "it is still there"
  rm pid.*
  start distaff -j 1 "$in_group" ::: 1 2
  wait_for [ -e pid.2 ]
  engine=$(engine_of "$pid")
  kill -9 "$engine"
  finish
  [ ! -e "$group/distaff-$engine" ] || fail "it is still there after SIGKILL"
}
