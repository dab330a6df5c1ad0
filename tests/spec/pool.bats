# The pool: how many run at once, slots, delays, shortage.

load helpers

# slots_of N ARG...: with ARG, N jobs run at once and no slot beyond N is ever used.
slots_of() {
  local want=$1
  shift
  rm -f up.* go
  start "$@" -u 'touch up.{#}; echo {%}; while [ ! -e go ]; do sleep 0.02; done; : {}' ::: $(seq $((want * 2 + 2)))
  wait_for eval "[ \$(ls | grep -c '^up') -ge $want ]"
  touch go
  finish
  exits 0
  same "$(sort -n "$kept/stdout" | tail -n 1)" "$want"
}

@test "-j N, -P N" {
  slots_of 3 distaff -j 3
  slots_of 2 distaff -P 2
  slots_of 1 distaff -j 1
}

@test "-j relative to the CPUs this process may use" {
  slots_of 1 taskset -c 0 distaff
  slots_of 1 taskset -c 0 distaff -j 100%
  slots_of 2 taskset -c 0 distaff -j 200%
  slots_of 3 taskset -c 0 distaff -j +2
  slots_of 1 taskset -c 0 distaff -j -1
}

@test "-j 0: as many as fit" {
  seq 40 | try distaff -j 0 'touch up.{}; while [ "$(ls | grep -c "^up")" -lt 40 ]; do sleep 0.05; done'
  exits 0
}

@test "-j 0 under a limit of descriptors runs all, fewer at once" {
  seq 60 | try bash -c 'ulimit -n 32; exec distaff -j 0 echo'
  exits 0
  prints_sorted $(seq 60)
}

@test "CL-16 one slot: one by one in input order" {
  seq 20 | try distaff -j 1 'mkdir lock && echo {} && rmdir lock'
  exits 0
  prints $(seq 20)
}

@test "CL-01 order of input" {
  seq 5 | try distaff -j2 -k echo {}
  exits 0
  prints 1 2 3 4 5
}

@test "CL-02 order of end" {
  # Each waits until the one that is to end before it has gone.
  printf '%s\n' 4 2 3 1 | try distaff -j4 "$note_pid; [ {} = 1 ] || until_gone \$(( {} - 1 )); echo {}"
  exits 0
  prints 1 2 3 4
}

@test "slots are used again" {
  seq 50 | try distaff -j 3 'echo {%}; : {}'
  exits 0
  [ "$(sort -n "$kept/stdout" | tail -n 1)" -le 3 ] || fail "a slot beyond 3"
}

@test "--delay between any two starts" {
  begin=$(clock)
  seq 5 | try distaff -j 5 --delay 100ms true
  took=$(($(clock) - begin))
  exits 0
  [ "$took" -ge 400000 ] || fail "five starts took only $took us"
}

@test "no descriptor left: the job is put back until another ends" {
  seq 100 | try bash -c 'ulimit -n 24; exec distaff -j 50 "sleep 0.02; echo {}"'
  exits 0
  prints_sorted $(seq 100)
}

@test "no process left: the job is put back until another ends" {
  # The limit counts all of a user's processes, and root has none: so as a user that no other test is
  # at the same time, or a few more than we have now.
  open=$(mktemp -d)
  chmod 755 "$open"
  cp -L "$(command -v distaff)" "$open/distaff"
  cd /
  as=()
  limit=6
  other=$((50000 + $$ % 10000))
  if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid="$other" --regid="$other" --clear-groups)
    "${as[@]}" true || skip "cannot become another user here"
  else
    limit=$((limit + $(ps -L -o pid= -u "$(id -u)" | wc -l)))
  fi
  seq 40 | try "${as[@]}" bash -c 'ulimit -u "$1"; exec "$0" -j 30 "echo {}; exec sleep 0.05"' "$open/distaff" "$limit"
  rm -r "$open"
  exits 0
  prints_sorted $(seq 40)
}

@test "descriptors of ours do not reach the jobs" {
  fds() { sh -c 'exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; "$@"' sh "$@"; }
  fds ls /proc/self/fd > plain
  seq 5 > in
  for options in "" "-k" "-u" "--output line" "--csv --no-header"; do
    fds distaff -a in -j 3 $options 'ls /proc/self/fd; : {}' > jobs
    same "$(sort -u jobs)" "$(sort -u plain)"
  done
}

@test "descriptors of the user's reach the jobs" {
  echo text > file
  try distaff 'cat <&9; : {}' ::: a 9< file
  exits 0
  prints text
}

@test "0, 1 or 2 closed at start" {
  try distaff 'echo {}' ::: a <&-
  exits 0
  prints a
  for closed in '>&-' '2>&-' '<&- >&- 2>&-' '<&- 2>&-'; do
    rm -f out.*
    # None of them is what a file of ours or of the job's gets the number of.
    eval "distaff --journal j 'echo {} > out.{}' ::: a b $closed" > /dev/null 2>&1
    same "$(cat out.a out.b)" $'a\nb'
    same "$(grep -vc '^{"type":"[a-z]*".*}$' j)" 0
  done
}

@test "flags of inherited descriptors are never changed" {
  # A pipe on each of 0, 1 and 2, whose flags we share and look at while a job runs and after.
  mkfifo in out err
  cat out > out.text 3>&- &
  cat err > err.text 3>&- &
  exec 5<> in 6> out 7> err
  flags() { grep -h flags /proc/$BASHPID/fdinfo/5 /proc/$BASHPID/fdinfo/6 /proc/$BASHPID/fdinfo/7; }
  flags > before
  distaff "grep -h flags /proc/self/fdinfo/[567]; : {}" <&5 >&6 2>&7 3>&- &
  pid=$!
  echo a >&5
  wait_for eval '[ $(wc -l < out.text) = 3 ]'
  flags > during
  kill -TERM $pid
  wait $pid || true
  flags > after
  exec 5>&- 6>&- 7>&-
  cmp before out.text
  cmp before during
  cmp before after
}

@test "a thousand jobs leave no zombie and no descriptor behind" {
  # The last job looks until the others have ended: until then they have descriptors of their own.
  seq 1000 | try distaff -j 4 '[ {} = 1000 ] || exit 0
    for i in $(seq 500); do
      open=$(ls /proc/$PPID/fd | wc -l)
      [ "$open" -ge 30 ] || break
      sleep 0.02
    done
    echo "$open"; ps --ppid $PPID -o stat= | grep -c Z || :'
  exits 0
  [ "$(sed -n 1p "$kept/stdout")" -lt 30 ] || fail "descriptors are left open"
  [ "$(sed -n 2p "$kept/stdout")" -lt 5 ] || fail "zombies are left"
}
