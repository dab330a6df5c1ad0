# The progress bar, on a real terminal; progress lines; logs as JSON.
#
# A terminal here is a tmux server of the test's own.  Jobs wait for FIFOs, so that the test decides
# what there is to be seen.  `raw` is every byte that was written to the terminal.

load helpers

setup() {
  prepare
  export TERM=xterm
}

teardown() {
  if [ -S "$BATS_TEST_TMPDIR/tmux" ]; then tmux_ kill-server; fi
  end_started
}

tmux_() {
  tmux -u -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null "$@" < /dev/null 3>&-
}

# open_terminal COLUMNS: with a shell on it.
open_terminal() {
  command -v tmux > /dev/null || skip "no tmux"
  tmux_ start-server \; set-option -g history-limit 50000 \; \
    new-session -d -x "$1" -y 12 "PS1='> ' exec sh -i" > /dev/null
  tmux_ set-option -g window-size manual
  tmux_ pipe-pane 'exec cat > raw'
  wait_for on_screen '^>'
}

# run_there COMMAND: types it into the shell; ended_there waits for its end, and for the next prompt.
run_there() {
  printf '%s\n' "$1" > command
  tmux_ send-keys 'clear; sh ./command; echo "ended: $?"' Enter
}
ended_there() {
  wait_for eval 'screen | grep -A 1 "^ended: " | grep -q "^>"'
}

screen() {
  tmux_ capture-pane -p
}
# With what has scrolled away.
all_lines() {
  tmux_ capture-pane -p -S -
}
on_screen() {
  screen | grep -q -e "$1"
}
not_on_screen() {
  ! on_screen "$1"
}
lines_with() {
  screen | grep -c -e "$1"
}
shows() {
  wait_for on_screen "$1" || { screen >&2; return 1; }
}

# No control character but the newline (and the carriage return that a terminal adds to it).
plain() {
  ! tr -d '\n' < "$1" | sed 's/\r$//' | LC_ALL=C grep -q '[[:cntrl:]]' || fail "control characters: $(cat -v "$1")"
}
plain_on_terminal() {
  sed 's/\r$//' "$kept/stdout" > "$kept/shown"
  plain "$kept/shown"
}

@test "a bar shows how the run stands, and leaves nothing behind" {
  mkfifo f1 f2 f3
  open_terminal 80
  run_there "distaff -j 2 'read x < f{}; echo job {}; exit \$x' ::: 1 2 3"
  shows '^0/3 \[ *\] 0%  0.0/s  2 running  0 failed  oldest [1-9].*s: 1$'
  echo 0 > f1
  shows '^1/3 \[####* *\] 33%  .*2 running  0 failed  ETA .*: 2$'
  on_screen '^job 1$' || fail "the job's line is not there"
  echo 1 > f2
  shows '^2/3 .* 1 running  1 failed  .*: 3$'
  echo 0 > f3
  ended_there
  same "$(screen | head -n 6)" "job 1
job 2
job 3
distaff: 1 of 3 jobs failed: 1 exit 1
  job 2  exit 1  $(screen | sed -n 's/^  job 2  exit 1  //p')
ended: 1"
}

@test "without a total the bar counts" {
  mkfifo f1 f2
  open_terminal 80
  run_there "seq 2 | distaff -j 2 'read x < f{}'"
  shows '^0 done  0.0/s  2 running  0 failed  oldest .*: 1$'
  echo > f1
  shows '^1 done  .*1 running'
  echo > f2
  ended_there
}

@test "output on the same terminal and the bar do not tear each other" {
  open_terminal 80
  run_there "distaff --progress bar -j 4 --output line 'until [ -e seen ]; do echo out {}; echo err {} >&2; sleep 0.01; done' ::: 1 2 3 4"
  shows '^0/4 '
  shows '^out 3$'
  shows '^err 4$'
  shows '^0/4 '
  touch seen
  ended_there
  all_lines > "$kept/all"
  same "$(grep -v -e '^out [1-4]$' -e '^err [1-4]$' -e '^$' "$kept/all")" $'ended: 0\n>'
}

@test "while a job has a line open there is no bar" {
  mkfifo f
  open_terminal 80
  # The dots take longer than a bar does, and the line stays shorter than the screen.
  run_there "distaff --progress bar -j 1 'printf begin; for i in \$(seq 25); do printf .; sleep 0.05; done
    until [ -e seen ]; do sleep 0.02; done; echo end; read x < f; : {}' ::: a"
  shows '^begin\.\{25\}$'
  not_on_screen '0/1'
  touch seen
  shows '^begin\.*end$'
  shows '^0/1 .*running'
  echo > f
  ended_there
}

@test "20 columns: the bar is cut, and does not wrap" {
  mkfifo f1 f2
  open_terminal 20
  run_there "distaff -j 2 ': {}; read x < f{#}' ::: 日本語日本語日本語日本語 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  shows '^0/2 0%'
  same "$(screen | grep -c .)" 1
  echo > f1
  shows '^1/2 50%  *ETA'
  same "$(screen | grep -c .)" 1
  echo > f2
  ended_there
}

@test "wide characters: the bar does not wrap" {
  mkfifo f
  open_terminal 80
  run_there "distaff 'read x < f; : {}' ::: 日本語日本語日本語日本語日本語日本語日本語日本語日本語"
  shows 'oldest .*s: 日本語日.*\.\.\.$'
  same "$(screen | grep -c .)" 1
  echo > f
  ended_there
}

@test "the bar follows the terminal's size" {
  mkfifo f
  open_terminal 100
  run_there "distaff 'echo line {}; echo line {} >&2; read x < f; : {}' ::: a-record-of-some-length"
  shows 'oldest .*: a-record-of-some-length$'
  tmux_ resize-window -x 40
  shows '^0/1 .*running.*\.\.\.$'
  same "$(lines_with running)" 1
  tmux_ resize-window -x 20
  shows '^0/1 0%  1 running$'
  same "$(lines_with 0/1)" 1
  tmux_ resize-window -x 120
  shows 'oldest .*: a-record-of-some-length$'
  same "$(lines_with running)" 1
  echo > f
  ended_there
}

@test "Ctrl-Z erases the bar, fg brings it back" {
  mkfifo f
  open_terminal 80
  run_there "exec distaff 'read x < f; : {}' ::: a"
  shows '^0/1 .*running'
  tmux_ send-keys C-z
  shows 'ended: 1[0-9]*$'
  not_on_screen running
  tmux_ send-keys clear Enter
  wait_for not_on_screen ended
  tmux_ send-keys 'fg; echo "ended: $?"' Enter
  shows '^0/1 .*running'
  echo > f
  shows '^ended: 0$'
  not_on_screen running
}

@test "ended by a signal, the bar goes" {
  mkfifo f
  open_terminal 80
  run_there "exec distaff 'read x < f; : {}' ::: a"
  shows '^0/1 .*running'
  tmux_ send-keys C-c
  shows '  job 1  cancelled '
  not_on_screen '0/1'
  tmux_ send-keys 'echo "ended: $?"' Enter
  shows 'ended: 130$' # the prompt may stand before it
}

@test "a terminal that is stopped by Ctrl-S holds up no job" {
  mkfifo f1 f2 f3
  open_terminal 80
  run_there "distaff --progress bar -j 1 'read x < f{}; touch ran{}' ::: 1 2 3"
  shows '^0/3 .*running'
  tmux_ send-keys C-s
  screen > /dev/null # the server answers when it has passed on the key
  echo > f1
  echo > f2
  wait_for [ -e ran2 ]
  not_on_screen '^2/3'
  tmux_ send-keys C-q
  shows '^2/3 .*running'
  echo > f3
  ended_there
}

@test "in the background there is no bar" {
  mkfifo f
  open_terminal 80
  tmux_ send-keys "distaff --progress bar 'read x < f; echo job {}' ::: a &" Enter
  echo > f
  shows 'job a$'
  ! grep -q '0/1' raw || fail "$(cat -v raw)"
}

@test "where only stderr is the terminal, stdout gets the output alone" {
  mkfifo f
  open_terminal 80
  run_there "distaff 'read x < f; echo job {}' ::: a > out"
  shows '^0/1 .*running'
  echo > f
  ended_there
  same "$(< out)" "job a"
  not_on_screen job
}

@test "both names of one terminal are one terminal" {
  mkfifo f1 f2
  open_terminal 80
  run_there "distaff -j 2 'read x < f{}; echo job {}' ::: 1 2 > /dev/tty"
  shows '^0/2 .*running'
  echo > f1
  shows '^1/2 .*running'
  echo > f2
  ended_there
  same "$(screen | head -n 3)" $'job 1\njob 2\nended: 0'
}

@test "a run of less than a second shows no bar" {
  begin=$(clock)
  try "$STRESS/on_terminal" distaff echo ::: a b
  took=$(($(clock) - begin))
  exits 0
  [ "$took" -ge 1000000 ] || plain_on_terminal
}

@test "no control character reaches a pipe or a file" {
  for progress in auto bar line; do
    try distaff -k --progress $progress echo ::: a b
    prints a b
    plain "$kept/stderr"
    distaff -k --progress $progress echo ::: a b 2>&1 > /dev/null | cat > "$kept/piped"
    plain "$kept/piped"
  done
  try distaff --progress auto echo ::: a b
  silent
  try distaff --progress bar echo ::: a b
  says 'distaff: progress: 2 done in '
}

@test "a terminal without control sequences, or NO_COLOR: no bar; asked for, lines" {
  try "$STRESS/on_terminal" distaff -k --progress bar echo ::: a b
  grep -q $'\033' "$kept/stdout" || fail "on a terminal that can there should be a bar"
  for setting in TERM=dumb TERM= NO_COLOR=1 --unset=TERM; do
    try "$STRESS/on_terminal" env $setting distaff -k --progress bar echo ::: a b
    exits 0
    plain_on_terminal
    grep -q '^distaff: progress: 2 done' "$kept/shown" || fail "$setting: expected a line"
    try "$STRESS/on_terminal" env $setting distaff -k 'sleep 1.1; echo {}' ::: a
    plain_on_terminal
    same "$(< "$kept/shown")" a
  done
}

@test "where jobs have the terminal there is no bar" {
  for options in -u '--output raw' '--stdin tty -j 1' '--progress none' --quiet; do
    try "$STRESS/on_terminal" distaff -j 1 $options 'sleep 1.1; echo {}' ::: a
    exits 0
    plain_on_terminal
    same "$(< "$kept/shown")" a
  done
  try "$STRESS/on_terminal" distaff -u --progress bar 'echo {}' ::: a
  plain_on_terminal
  grep -q '^distaff: progress: 1 done' "$kept/shown" || fail "expected a line"
}

# ---- logs as JSON

@test "--log-format json: an object a line, and the block as text" {
  try distaff -j 1 --log-format json --log-level info 'exit {}' ::: 0 3
  exits 1
  head -n 1 "$kept/stderr" | jq -e '.level == "info" and .job == 2 and (.message | startswith("job 2 failed: exit 3")) and
    (.time | test("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z$"))' || fail "not the object expected"
  same "$(sed -n 2p "$kept/stderr")" 'distaff: 1 of 2 jobs failed: 1 exit 3'
}

@test "--log-format json is valid whatever a record holds" {
  printf 'a"b\\c\td\377\033[1m\n' > odd
  try distaff --log-format json --log-level info --log-file log -a odd false
  exits 1
  same "$(jq -r .job log)" 1
  jq -e '.message | contains("a\"b\\c")' log || fail "$(cat -v log)"
}

@test "--log-format json: progress lines are objects too" {
  try distaff --log-format json --progress line true ::: 1 2 3
  exits 0
  one_line
  jq -e '.message == "progress" and .done == 3 and .total == 3 and .failed == 0 and .rate > 0' "$kept/stderr" ||
    fail "not the object expected"
}
