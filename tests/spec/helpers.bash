# What every file of whole-program tests uses.
#
# A test starts in an empty directory of its own, with the program under test as `distaff` on PATH
# and nothing on stdin.  `try` runs a command and keeps what it wrote and how it ended; the checks
# below it look at the last `try`.  Nothing here sleeps a fixed time and hopes: `wait_for` waits for
# a condition, generously.
#
# Time: lower bounds hold on any machine.  Upper bounds hold on one that is not busy otherwise; they are
# checked by `sooner`, in tests that are tagged `timed`, which tests/timed runs with nothing beside.
# A limit that only guards against a hang is ten times what is needed on a quiet machine.

bats_require_minimum_version 1.5.0

: "${DISTAFF:=$BATS_TEST_DIRNAME/../../build/distaff}"
STRESS=$BATS_TEST_DIRNAME/../stress
export DISTAFF STRESS

setup() {
  prepare
}

teardown() {
  end_started
}

prepare() {
  theirs=" $(jobs -p | tr '\n' ' ')" # of bats, which watches the time
  kept=$BATS_TEST_TMPDIR/kept # what `try` keeps: outside the directory the test sees
  mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/here" "$kept"
  ln -s "$(readlink -f "$DISTAFF")" "$BATS_TEST_TMPDIR/bin/distaff"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  cd "$BATS_TEST_TMPDIR/here" || return 1
  exec < /dev/null
  unset NO_COLOR
}

# ---- running

# try COMMAND...: runs it; its stdout, stderr and exit status are kept for the checks.  May stand
# at the end of a pipeline.
try() {
  local status=0
  "$@" > "$kept/stdout" 2> "$kept/stderr" || status=$?
  echo "$status" > "$kept/status"
}

# start COMMAND...: as try, but in the background, with signals as a terminal would have them (a
# shell starts background commands with INT ignored).  Its pid is in $pid; `finish` waits for it.
start() {
  env --default-signal=INT,QUIT,HUP,TERM,PIPE "$@" <&0 > "$kept/stdout" 2> "$kept/stderr" 3>&- &
  pid=$!
}

finish() {
  local status=0
  wait "$pid" || status=$?
  echo "$status" > "$kept/status"
}

# Ends what a failed test left in the background, stopped or not, and what that has started.  A file with
# a teardown of its own calls it there.
end_started() {
  local one
  [ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
  for one in $(jobs -pr); do
    [[ $theirs != *" $one "* ]] || continue
    pkill -CONT -P "$one" || true
    kill -CONT "$one" 2> /dev/null || true
    pkill -KILL -P "$one" || true
    kill -KILL "$one" 2> /dev/null || true
  done
}

# wait_for COMMAND...: until it succeeds; the test fails after 200 s.
wait_for() {
  local i
  for ((i = 0; i < 10000; i++)); do
    "$@" > /dev/null 2>&1 && return 0
    sleep 0.02
  done
  fail "waited in vain for: $*"
}

# Microseconds, for bounds.
clock() {
  echo "${EPOCHREALTIME/[.,]/}"
}

# sooner BEGIN MICROSECONDS: an upper bound of the time since clock() said BEGIN.  Checked only with
# DISTAFF_TIMES=1, as tests/timed has it; the test needs the tag `timed`.
sooner() {
  local took=$(($(clock) - $1))
  [ "${DISTAFF_TIMES:-0}" != 1 ] || [ "$took" -lt "$2" ] || fail "took $took us, not less than $2"
}

# ---- checking

fail() {
  printf '%s\n' "$*" >&2
  if [ -e "$kept/status" ]; then echo "status: $(< "$kept/status")" >&2; fi
  if [ -e "$kept/stdout" ]; then
    sed 's/^/stdout: /' "$kept/stdout" | head -n 30 >&2
    sed 's/^/stderr: /' "$kept/stderr" | head -n 30 >&2
  fi
  return 1
}

exits() {
  [ "$(< "$kept/status")" = "$1" ] || fail "expected exit status $1"
}

# prints LINE...: stdout is exactly these lines; without arguments: nothing.
prints() {
  { [ $# = 0 ] || printf '%s\n' "$@"; } > "$kept/expected"
  cmp -s "$kept/expected" "$kept/stdout" || fail "expected on stdout: $(cat -v "$kept/expected")"
}

# The same in any order.
prints_sorted() {
  printf '%s\n' "$@" | LC_ALL=C sort > "$kept/expected"
  LC_ALL=C sort "$kept/stdout" > "$kept/sorted"
  cmp -s "$kept/expected" "$kept/sorted" || fail "expected on stdout, in any order: $(cat -v "$kept/expected")"
}

# prints_bytes FORMAT: stdout is exactly what printf makes of it.
prints_bytes() {
  printf -- "$1" > "$kept/expected"
  cmp -s "$kept/expected" "$kept/stdout" || fail "expected on stdout: $(cat -v "$kept/expected")"
}

# says TEXT...: each text stands somewhere on stderr.
says() {
  local text
  for text; do
    grep -qF -e "$text" "$kept/stderr" || fail "expected on stderr: $text"
  done
}

says_not() {
  local text
  for text; do
    ! grep -qF -e "$text" "$kept/stderr" || fail "not expected on stderr: $text"
  done
}

silent() {
  [ ! -s "$kept/stderr" ] || fail "expected nothing on stderr"
}

one_line() {
  [ "$(wc -l < "$kept/stderr")" = 1 ] || fail "expected one line on stderr"
}

absent() {
  local file
  for file; do
    [ ! -e "$file" ] || fail "should not exist: $file"
  done
}

same() {
  [ "$1" = "$2" ] || fail "expected '$2', got '$1'"
}

# two_lists WORD... -- WORD...: the words before the -- as the array `first`, those behind as `second`.
two_lists() {
  first=()
  while [ "${1---}" != -- ]; do
    first+=("$1")
    shift
  done
  second=("${@:2}")
}

# refuses WORD... -- ARG...: `distaff ARG...` exits 2 with one line on stderr that holds each WORD,
# prints nothing, starts nothing (no file `ran`) and leaves its stdin, file or pipe, to the next.
refuses() {
  local first second
  two_lists "$@"
  seq 3 > "$kept/input"
  { try distaff "${second[@]}"; cat > "$kept/rest"; } < "$kept/input"
  exits 2
  prints
  one_line
  says "distaff: " "${first[@]}"
  cmp -s "$kept/input" "$kept/rest" || fail "took from a file on stdin: $(cat "$kept/rest") is left"
  seq 3 | { try distaff "${second[@]}"; cat > "$kept/rest"; }
  exits 2
  cmp -s "$kept/input" "$kept/rest" || fail "took from a pipe on stdin: $(cat "$kept/rest") is left"
  absent ran
}

# Scripts for jobs that must end one after the other: the process writes down who it is; another
# waits until it has been seen to end.
note_pid='echo $$ > {}.new; mv {}.new {}.pid
until_gone() { while ! [ -e $1.pid ] || kill -0 $(cat $1.pid) 2> /dev/null; do sleep 0.02; done; }'

gone() {
  ! kill -0 "$1" 2> /dev/null
}

# asked_says TEXT: USR1 to the distaff that was started is answered by a text with it.
asked_says() {
  kill -USR1 "$pid" && sleep 0.02 && grep -qF "$1" "$kept/stderr"
}

# not_sanitized: sanitizers change sizes and start-up; such a test says nothing there.
not_sanitized() {
  if [ "${DISTAFF_SANITIZED:-0}" = 1 ]; then skip "not for sanitizer builds"; fi
}

# engine_of PID: the process that does the work of the distaff that was started as PID.
engine_of() {
  pgrep -P "$1" -x distaff
}

# takes_signals PID: it is distaff, and USR1 (bit 9) blocked or caught: its default cannot end it.
takes_signals() {
  grep -qxE 'distaff|spindle' "/proc/$1/comm" &&
    awk '/^Sig(Blk|Cgt)/ {print $2}' "/proc/$1/status" | grep -qE '[2367abef]..$'
}
