load helpers

# A job that writes 10 kB of its own, the first one only when the others are done.
job='test {} != 1 || until [ -e go ]; do sleep 0.01; done; yes {} | head -c 10000; echo'

expected() {
  for i in $(seq "$1"); do
    yes "$i" | head -c 10000
    echo
  done
}

# ordered JOBS OPTION...: in input order, behind a first job that waits for the last.
ordered() {
  local jobs=$1
  shift
  seq "$jobs" | try distaff -k "$@" "$job; test {} != $jobs || > go"
  exits 0
  silent
  expected "$jobs" | cmp - "$kept/stdout"
}

@test "in memory: what is behind the first job" {
  ordered 100
}

@test "in files: what finds no room in memory" {
  mkdir spill
  ordered 100 --hold-memory 64k --spill-dir spill
  same "$(ls -A spill)" ""
}

# Of the first four only the first is read; the third need not be to end.
@test "nowhere: all others wait for the first" {
  local limits
  for limits in "--hold-memory 0 --spill-limit 0" "--hold-memory 64k --spill-limit 64k"; do
    seq 50 | try distaff -k -j 4 $limits \
      'test {} != 1 || until [ -e 3.done ]; do sleep 0.01; done; yes {} | head -c 10000; echo; : > {}.done'
    exits 0
    expected 50 | cmp - "$kept/stdout"
    rm -- *.done
  done
}

@test "a job that floods stderr while nothing can be held ends all the same" {
  try distaff -k -j 2 --hold-memory 0 --spill-limit 0 \
    'yes out{} | head -c 300000; yes err{} | head -c 300000 >&2' ::: 1 2 3
  exits 0
  for i in 1 2 3; do yes "out$i" | head -c 300000; done | cmp - "$kept/stdout"
  for i in 1 2 3; do yes "err$i" | head -c 300000; done | cmp - "$kept/stderr"
}

@test "grouped, with no room the oldest flows and blocks stay whole" {
  try distaff -j 3 --hold-memory 0 --spill-limit 0 'yes {} | head -c 500000' ::: a b c d e
  exits 0
  same "$(uniq < "$kept/stdout" | sort | tr -d '\n')" abcde
  same "$(wc -c < "$kept/stdout")" 2500000
}

@test "lines longer than all limits are whole" {
  try distaff --output line -j 3 --hold-memory 16k --spill-limit 0 \
    'head -c 300000 /dev/zero | tr "\0" {}; echo' ::: a b c d e
  exits 0
  same "$(tr -s a-e < "$kept/stdout" | sort | tr -d '\n')" abcde
  same "$(wc -lc < "$kept/stdout" | tr -s ' ' | sed 's/^ //')" "5 1500005"
}

@test "while nobody reads our stdout jobs end as long as their output fits" {
  mkfifo out
  seq 20 | distaff -j 2 'yes {} | head -c 200000; > {}.done' > out &
  local ours=$!
  exec 4< out
  wait_for test -e 20.done
  same "$(wc -c <&4)" 4000000
  wait "$ours"
}

@test "one at a time as well, once it is clear that the reader does not read" {
  mkfifo out
  seq 5 | distaff -j 1 'yes {} | head -c 200000; > {}.done' > out &
  local ours=$!
  exec 4< out
  wait_for test -e 5.done
  same "$(wc -c <&4)" 1000000
  wait "$ours"
}

@test "while nobody reads our stdout a signal still ends the run" {
  mkfifo out
  env --default-signal=TERM distaff -j 2 --hold-memory 64k --spill-limit 0 'echo $$ > {}.pid; exec yes' ::: a b > out &
  local ours=$! status=0
  exec 4< out
  wait_for test -s a.pid -a -s b.pid
  kill -TERM "$ours"
  wait_for gone "$(< a.pid)"
  wait_for gone "$(< b.pid)"
  exec 4<&-
  wait "$ours" || status=$?
  [ "$status" = 143 ] || [ "$status" = 141 ] || fail "status $status"
}

@test "big outputs of ordered jobs into a file, a file that is appended to, and a pipe" {
  local all
  all=$(for i in 1 2 3 4; do yes "$i" | head -c 3000000; done | cksum)
  for options in "" "--hold-memory 64k" "--hold-memory 64k --spill-limit 1M"; do
    distaff -k -j 3 $options 'yes {} | head -c 3000000' ::: 1 2 3 4 > file
    same "$(cksum < file)" "$all"
    : > appended
    distaff -k -j 3 $options 'yes {} | head -c 3000000' ::: 1 2 3 4 >> appended
    same "$(cksum < appended)" "$all"
    same "$(distaff -k -j 3 $options 'yes {} | head -c 3000000' ::: 1 2 3 4 | cksum)" "$all"
    same "$(distaff -k -j 3 $options 'yes {} | head -c 3000000' ::: 1 2 3 4 2>&1 | cksum)" "$all"
  done
}

@test "a spill directory that cannot be used is refused at start" {
  refuses "--spill-dir nowhere: No such file or directory" -- --spill-dir nowhere echo
  touch file
  refuses "--spill-dir file: not a directory" -- --spill-dir file echo
}

@test "TMPDIR names the spill directory; one that cannot be used is said once, and nothing is lost" {
  # The first job waits until it has been said: on a busy machine the others might else come too
  # late to be held.
  said='n=0; until grep -q "cannot hold" "$SAID" || [ $n = 10000 ]; do n=$((n + 1)); sleep 0.02; done'
  SAID=$kept/stderr TMPDIR=$PWD/nowhere try distaff -k --hold-memory 64k -j 3 \
    "case {} in 1) $said ;; esac; yes {} | head -c 300000" ::: 1 2 3 4
  exits 0
  one_line
  says "distaff: warning: cannot hold output back in $PWD/nowhere: No such file or directory; --spill-dir"
  for i in 1 2 3 4; do yes "$i" | head -c 300000; done | cmp - "$kept/stdout"
}

@test "sizes that are none are refused" {
  refuses "--hold-memory" "-1" -- --hold-memory=-1 echo
  refuses "--spill-limit" "much" -- --spill-limit much echo
}
