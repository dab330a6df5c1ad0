# What is scarce: descriptors, processes, disks; and standard streams that are closed.  As promised,
# nothing is lost and nothing hangs.

load helpers

# Ways to use descriptors, one a line.
ways=(
  "-j 50"
  "-j 0"
  "-k -j 50"
  "-j 50 --output line"
  "-j 50 --output json"
  "-j 50 --results results/{}"
  "-j 50 --stdin record"
  "-j 50 --hold-memory 1k"
  "-j 50 --retries 1"
  "-j 50 --mutex {}"
  "-j 50 --lock limits-$BATS_RUN_TMPDIR --metrics m.prom --stamp stamp --quiet-unless-failed"
)

@test "a descriptor limit of 40: every job runs once, in all modes" {
  for way in "${ways[@]}"; do
    rm -rf results ran
    seq 60 | try timeout 600 bash -c 'ulimit -n 40; exec distaff --log-level error $1 "echo {} >> ran; sleep 0.02; echo out {}; : \"\$@\""' sh "$way"
    same "$way: $(< "$kept/status")" "$way: 0"
    silent
    same "$way: $(sort -n ran | md5sum)" "$way: $(seq 60 | md5sum)"
    case $way in
      *quiet*) prints ;;
      *) same "$way: $(grep -oE 'out [0-9]+' "$kept/stdout" | sort -u | wc -l)" "$way: 60" ;;
    esac
  done
  same "$(cat results/7/stdout 2> /dev/null || echo 'out 7')" 'out 7'
}

@test "so few descriptors that not one job fits: all jobs run, or the numbers are said and none does" {
  inherited=0
  for way in "-k -j 50" "-j 3 --output json --mutex {}" "-u" "-j 2 --stdin record --results results/{}" \
    "-j 0 --journal j --failed-to f --joblog l --log-file g"; do
    inherited=$((53 - inherited))
    for limit in 8 15 17 18 19 20 22 30; do
      rm -rf results ran j f l g
      ( for ((i = 10; i < 10 + inherited; i++)); do eval "exec $i< /dev/null"; done
        ulimit -n $((limit + inherited))
        seq 3 | try timeout 60 distaff $way 'echo {} >> ran; : "$@"' )
      if [ "$(< "$kept/status")" = 0 ]; then
        same "$way: $(sort ran | tr '\n' ' ')" "$way: 1 2 3 "
        [ "$limit" -gt 8 ] || fail "$way: with 8"
      else
        exits 3
        one_line
        says "$((limit + inherited)) may be open (ulimit -n)" "needs"
        absent ran
        [ "$limit" -lt 30 ] || fail "$way: not with 30"
      fi
    done
  done
}

@test "the limit that is advised where descriptors are too few is enough" {
  seq 3 > in
  for options in '' '--lock x' '--results r/{}' '--results r/{} --lock x --journal j --joblog l --failed-to f'; do
    # One of a higher number than the limit is open, too: a higher limit counts it.
    try bash -c "exec 15< in; ulimit -n 9; exec distaff -a in -j 1 $options echo"
    exits 3
    advised=$(grep -o 'raise the limit to [0-9]*' "$kept/stderr" | grep -o '[0-9]*')
    try bash -c "exec 15< in; ulimit -n $advised; exec distaff -a in -j 1 $options echo"
    exits 0
    prints 1 2 3
  done
}

@test "where the first job is said to fit it does, whatever else is open" {
  seq 3 > in
  for way in '' '--results r/{}' '--results a/b/{} --output none' '-k --results r/{} --journal j --joblog l --failed-to f' \
    '--lock x --results r/{} -a in' '--stdin record --results r/{}'; do
    case $way in *-a*) way+=' true' ;; *) way+=' true ::: 1 2 3' ;; esac
    for limit in {10..40}; do
      rm -rf r a j l f
      try bash -c "ulimit -n $limit; exec distaff $way"
      says_not 'Too many open files'
      if [ "$(< "$kept/status")" = 0 ]; then break; fi
      exits 3
      one_line
      says 'too few file descriptors'
    done
    exits 0
  done
}

@test "as many jobs as there are descriptors for, and one word on it where more were asked for" {
  up='touch up.{}; while [ "$(ls | grep -c "^up")" -lt 20 ]; do sleep 0.02; done'
  ( for ((i = 10; i < 63; i++)); do eval "exec $i< /dev/null"; done
    ulimit -n 117
    seq 20 | try timeout 60 distaff -j 0 "$up" )
  exits 0
  silent
  rm -f up.*
  ( ulimit -n 64; seq 20 | try timeout 60 distaff -j 400 "$up" )
  exits 0
  one_line
  says 'not for the 400 that were asked for: 64 may be open (ulimit -n)' 'each job takes 2'
}

@test "the soft limit of descriptors is raised for us, and jobs have the old one" {
  for limit in 20 300; do
    ( ulimit -Sn "$limit"; seq 30 | try timeout 60 distaff -j 30 'ulimit -Sn >> soft; ulimit -Hn >> hard; touch up.{}
      while [ "$(ls | grep -c "^up")" -lt 30 ]; do sleep 0.02; done' )
    exits 0
    silent
    same "$(sort -u soft)" "$limit"
    same "$(sort -u hard)" "$(ulimit -Hn)"
    rm -f soft hard up.*
  done
}

# A user that no other test is at the same time, as the limit counts all of a user's processes.
other=$((40000 + $$ % 10000))

# as_other COMMAND...: as that user.  Root has no such limit.
as_other() {
  if [ "$(id -u)" != 0 ]; then
    skip "only root can become another user"
  fi
  setpriv --reuid="$other" --regid="$other" --clear-groups true || skip "cannot become another user here"
  setpriv --reuid="$other" --regid="$other" --clear-groups "$@"
}

open_place() {
  open=$(mktemp -d)
  cp -L "$(command -v distaff)" "$open/distaff"
  chmod 755 "$open/distaff"
  chmod 777 "$open"
  cd "$open" || return 1
}

@test "a process limit that is low, as another user: every job runs once, in all modes" {
  open_place
  for way in "${ways[@]}"; do
    rm -rf results ran
    case $way in *-j\ 0*) continue ;; esac
    seq 40 > in
    chmod 644 in
    try as_other timeout 600 bash -c 'ulimit -u "$1"; exec ./distaff --log-level error -a in $2 "echo {} >> ran; echo out {}; exec sleep 0.02; : \"\$@\""' sh 8 "$way"
    [ "$(< "$kept/status")" = 0 ] || fail "$way"
    silent
    same "$way: $(sort -n ran | md5sum)" "$way: $(seq 40 | md5sum)"
  done
  cd /
  rm -rf "$open" "/tmp/distaff-$other"
}

@test "no process at all: the run gives up after a while, says so, and nothing is lost without a word" {
  open_place
  # Another process of that user takes the only place there is.
  as_other true
  setpriv --reuid="$other" --regid="$other" --clear-groups sleep 777 3>&- &
  holder=$!
  wait_for grep -qx sleep "/proc/$holder/comm"
  # (A leak check would need a process too.)
  try as_other timeout 600 bash -c 'ulimit -u 1; ASAN_OPTIONS=detect_leaks=0 exec ./distaff -j 2 echo ::: a b'
  kill "$holder" 2> /dev/null || true
  cd /
  rm -rf "$open"
  [[ "$(< "$kept/status")" = @(3|126) ]] || fail "expected 3 or 126"
  prints
  [ -s "$kept/stderr" ]
}

@test "standard streams that are closed, in all modes: nothing that jobs write is lost without a word" {
  for way in "${ways[@]}"; do
    for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
      lost=0
      for one in $closed; do
        case "$way $one" in
          *quiet* | *'<&-' | *json*' 2>&-') ;; # nothing is written there
          *) lost=3 ;;
        esac
      done
      rm -rf results ran
      status=0
      eval "timeout 600 distaff --log-level error $way 'echo {} >> ran; echo out {}; echo err {} >&2; : \"\$@\"' ::: 1 2 3 $closed" > /dev/null 2>&1 || status=$?
      same "$way $closed: $status" "$way $closed: $lost"
      [ "$lost" = 3 ] || same "$way $closed: $(sort ran | tr '\n' ' ')" "$way $closed: 1 2 3 "
    done
  done
}

@test "a full disk under what is held back is no error" {
  unshare -m true 2> /dev/null || skip "no mount namespaces here"
  mkdir small
  try timeout 600 unshare -m sh -c 'mount -t tmpfs -o size=1M tmpfs small && exec distaff -k -j 3 --hold-memory 64k --spill-dir small "seq {}000 50000; : {}" ::: 1 2 3 4'
  exits 0
  for n in 1 2 3 4; do seq "${n}000" 50000; done | cmp - "$kept/stdout"
  yes 'a line of text' | head -c 5M > text
  try timeout 600 unshare -m sh -c 'mount -t tmpfs -o size=1M tmpfs small && exec distaff --quiet-unless-failed --hold-memory 64k --spill-dir small "cat text; : {}" ::: 1'
  exits 0
  cmp text "$kept/stdout"
}

# small ARG...: `distaff ARG...` where no file may grow beyond 8 KiB.
small() {
  (ulimit -f 8 && exec timeout 600 distaff "$@")
}

@test "a limit on the size of files is a full disk to us, and none of ours to the jobs" {
  head -c 20000 /dev/zero | tr '\0' x > text
  for options in -j1 '-j 2 -k' '--output line'; do
    status=0
    small $options 'cat {}' ::: text > out 2> err || status=$?
    same "$options $status" "$options 3"
    grep -q 'cannot write to stdout: File too large' err
    [ "$(wc -c < out)" -le 8192 ]
    status=0
    small $options 'cat {} >&2' ::: text 2> err || status=$?
    same "$options $status" "$options 3"
  done
  status=0
  (ulimit -f 8 && exec distaff 'cat {}' ::: text >> out) 2> err || status=$?
  same "$status" 3
  # The job's own file ends the job, as it would without us.
  try small 'cat text > {}' ::: copy
  exits 1
  says 'exit 153' # as a shell says of 25, XFSZ
}

@test "a limit on the size of files, and the files that a run keeps" {
  head -c 20000 /dev/zero | tr '\0' x > text
  seq -f 'a line that is somewhat longer: %05g' 400 > list
  for option in --journal --joblog --failed-to; do
    (ulimit -f 8 && exec timeout 600 distaff $option file -a list false) 2> err > out && status=0 || status=$?
    same "$option $status" "$option 3"
    grep -q "cannot write.*file.*File too large" err
    rm file* || true
  done
  status=0
  small --results r 'cat {}' ::: text > /dev/null 2> err || status=$?
  same "$status" 3
  grep -q "r/1/stdout.*File too large" err
  same "$(find r -type f)" ""
  # What is held back waits in the jobs' pipes instead.
  small -k -j 3 --hold-memory 1k --spill-dir . 'cat text; : {}' ::: 1 2 3 | cmp - <(cat text text text)
  small --quiet-unless-failed --hold-memory 1k --spill-dir . 'cat text; : {}' ::: 1 | cmp - text
  # A log is no loss.
  try small --log-level debug --log-file log -a list true
  exits 0
}

# ---- memory

# out_of_memory AT FOR FROM WORD...: a run in which the AT-th allocation of FROM bytes or more fails, and
# the next FOR - 1, with a journal.
out_of_memory() {
  local library
  library=$(dirname "$(readlink -f "$DISTAFF")")/helpers/failing_malloc.so
  [ -e "$library" ] || skip "no failing_malloc beside $DISTAFF"
  rm -rf results ran j f out
  try env LD_PRELOAD="$library" FAIL_IN=distaff FAIL_AT="$1" FAIL_FOR="$2" FAIL_FROM="$3" \
    timeout 60 distaff --log-level error -a in -j 3 --journal j --failed-to f "${@:4}" \
    "${first-}"'for r; do echo "$r" >> ran; done; echo out; [ "$1" != 7 ]'
}

# What was not done is run by --resume, and nothing is lost; 3 and a word, or all was well.
nothing_is_lost() {
  [[ "$(< "$kept/status")" = [13] ]] || fail "$*"
  if [ "$(< "$kept/status")" = 3 ]; then says 'out of memory'; fi
  try timeout 60 distaff -a in --journal j --resume 'for r; do echo "$r" >> ran; done; echo out'
  exits 0
  same "$*: $(sort -un ran | md5sum)" "$*: $(seq 12 | md5sum)"
}

@test "an allocation fails: the run ends in order, and --resume does what is left" {
  not_sanitized
  seq 12 > in
  ways=("" "--output json" "-k --tag" "--output line" "--stdin record" "--results results/{#}" "-n 2")
  said=0
  for i in {1..20}; do
    at=$((RANDOM % 1000 + 1))
    way=${ways[i % 7]}
    out_of_memory "$at" 1 0 $way
    [ "$(< "$kept/status")" != 3 ] || said=$((said + 1))
    nothing_is_lost "allocation $at, $way"
  done
  [ "$said" -ge 3 ] || fail "only $said of 20 runs were out of memory"
}

@test "all allocations fail from one on: the run ends in order all the same" {
  not_sanitized
  seq 12 > in
  for at in 100 300 600; do
    out_of_memory "$at" 1000000000 0 --output json
    exits 3
    nothing_is_lost "from allocation $at on"
  done
}

@test "there is no memory for one long record: it is not lost" {
  not_sanitized
  { seq 5; head -c 300000 /dev/zero | tr '\0' x; echo; seq 6 9; } > in
  for at in 1 2 3 5; do
    out_of_memory "$at" 1000000000 262144 --stdin record --output json
    exits 3
    says 'out of memory'
    absent f.part
  done
  try distaff -a in --journal j --resume --stdin record 'wc -c'
  exits 0
}

@test "output that is held finds no memory: the run ends in order" {
  not_sanitized
  for options in "" "--tag" "--retries 1"; do
    rm -rf as
    status=0
    (ulimit -v 50000 && exec timeout 60 distaff -j 2 --hold-memory 1G --failed-to as $options \
      'head -c 60000000 /dev/zero; : {}' ::: 1 2 > /dev/null) 2> err || status=$?
    same "$options: $status" "$options: 3"
    grep -q 'out of memory' err
    grep -q 'of 2 jobs failed' err
    [ -s as ] || fail "$options: nothing is in as"
  done
}

@test "an allocation for output that is held fails: the run ends in order" {
  not_sanitized
  seq 12 > in
  first='head -c 150000 /dev/zero; '
  said=0
  for way in "" "-k" "-k --tag" "--output line -k" "--output json" "-k --retries 1 --retry-delay 1ms"; do
    for at in 6 11; do
      out_of_memory "$at" 1000000000 16384 $way
      [ "$(< "$kept/status")" != 3 ] || said=$((said + 1))
      nothing_is_lost "$way"
    done
  done
  [ "$said" -ge 3 ] || fail "only $said of 12 runs were out of memory"
}

@test "there is no memory for the beginning of the input: --failed-to is made all the same" {
  not_sanitized
  { printf '{"a":"'; head -c 30000000 /dev/zero | tr '\0' x; echo '"}'; } > one.jsonl
  { head -c 30000000 /dev/zero | tr '\0' x; printf ',b\n1,2\n'; } > one.csv
  for input in "--jsonl -a one.jsonl" "--csv -a one.csv"; do
    rm -f as
    status=0
    (ulimit -v 50000 && exec timeout 60 distaff $input --failed-to as echo {a}) 2> err || status=$?
    same "$input $status" "$input 3"
    grep -q 'out of memory' err
    same "$(< as)" ""
    absent as.*.part
  done
  # Where it is the input itself, that stays.
  cp one.jsonl kept
  (ulimit -v 50000 && exec timeout 60 distaff --jsonl -a kept --failed-to kept echo {a}) 2> err || true
  cmp kept one.jsonl
}

@test "a stack that is too small is said" {
  not_sanitized
  status=0
  # With less the kernel may leave no room to begin at all: arguments, environment and a random gap
  # are on the stack too.
  (ulimit -s 32 && exec distaff echo ::: 1) 2> err || status=$?
  same "$status" 3
  grep -q 'the stack is limited to 32 KiB, and this needs [0-9]* KiB; ulimit -s sets it' err
  (ulimit -s 256 && exec distaff echo ::: 1)
}

@test "a batch for stdin takes little more memory than its bytes" {
  not_sanitized
  yes | head -c 8000000 > in
  (ulimit -v 60000 && exec distaff -a in -n max --max-bytes 4M -j 1 --stdin record --failed-to as \
    'cat; exit 1' > out 2> err) && status=0 || status=$?
  same "$status" 1
  cmp in out
  cmp in as
}
