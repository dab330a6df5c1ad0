# Journal and resume: what is written of each job, what is not run again, what is given back.

load helpers

lines() {
  grep -c "\"type\":\"$1\"" "${2:-j}"
}

# all TYPE CONDITION: of the lines of that type.
all() {
  jq -s -e "map(select(.type == \"$1\")) | all($2)" j > /dev/null || fail "not of all: $2"
}

# ---- the journal

@test "--journal: a line for the run, one for each try, one at the end" {
  try distaff -j 1 --retries 1 --retry-delay 1ms --journal j 'echo out; echo e >&2; exit {}' ::: 0 3
  exits 1
  jq -e . j > "$kept/parsed"
  same "$(jq -r .type j | tr '\n' ' ')" "run job job job done "
  same "$(jq -c 'select(.type == "job") | [.seq, .attempt, .outcome, .exit, .slot, .record, .stdout_bytes, .stderr_bytes]' j | tr '\n' ' ')" \
    '[1,1,"success",0,1,"0",4,2] [2,1,"retried",3,1,"3",4,2] [2,2,"failed",3,1,"3",4,2] '
  all job '.run_s > 0 and .user_s >= 0 and .sys_s >= 0 and .wait_s >= 0 and .max_rss_kib > 0'
  all run '.journal == 1 and (.argv | index("--journal")) and .cwd and .host and .version'
  all done '.jobs == 2 and .failed == 1'
}

@test "--journal: what has no status, groups, batches, bytes that are no UTF-8" {
  try distaff -j 1 --journal j 'kill -9 $$; : {}' ::: a
  same "$(jq -c 'select(.type == "job") | [.signal, .exit, .script]' j)" '[9,null,"kill -9 $$; : a"]'
  rm j
  try distaff -j 1 --journal j {} x ::: ./not-there
  all job '.outcome == "failed" and (.error | startswith("could not start")) and .start == null'
  rm j
  try distaff -j 1 -g '{}' -n 2 --journal j echo go ::: a a b
  same "$(jq -c 'select(.type == "job") | [.group, .records // .record, .argv]' j | tr '\n' ' ')" \
    '["a",["a","a"],["echo","go","a","a"]] ["b","b",["echo","go","b"]] '
  rm j
  try distaff --journal j true x ::: $'\xff'
  same "$(jq -r 'select(.type == "job") | .record_b64, .argv_b64[2]' j | tr '\n' ' ')" '/w== /w== '
}

@test "--journal: the job's output comes first, and its line does not wait for others" {
  mkfifo hold
  start distaff -j 2 --journal j --results r/{} 'echo {}; if [ {} = slow ]; then read x < hold; fi' ::: slow quick
  wait_for grep -q '"record":"quick"' j
  grep -qx quick "$kept/stdout"
  grep -qx quick r/quick/stdout
  [ -e r/quick/job.json ]
  same "$(lines job)" 1
  echo > hold
  finish
  same "$(lines job)" 2
}

@test "--journal: a job whose output is not out yet has no line" {
  mkfifo hold
  start distaff -k -j 2 --journal j 'echo {}; if [ {} = slow ]; then read x < hold; else echo $$ > ended; fi' ::: slow quick
  wait_for test -s ended
  wait_for gone "$(< ended)"
  wait_for asked_says '1 running' # so its end has been seen
  # Its line would be there by now, or in a moment: nothing but the first job holds it back.
  wait_for test -s "$kept/stdout"
  same "$(lines job || true)" 0
  echo > hold
  finish
  same "$(lines job)" 2
}

@test "--journal: with -u, and with nothing printed" {
  try distaff -u --journal j echo ::: a
  same "$(jq -c 'select(.type == "job") | [.outcome, .stdout_bytes]' j)" '["success",null]'
  rm j
  try distaff --output none --journal j echo ::: a
  same "$(lines job)" 1
  rm j
  try distaff --output json --journal j echo ::: a b
  same "$(lines job)" 2
}

@test "--journal: a second run on the same file is refused, and the first goes on" {
  mkfifo hold
  start distaff --journal j --joblog l 'read x < hold; echo {}' ::: a
  wait_for test -s j
  first=$pid
  before=$(< j)
  status=0
  distaff --journal j --joblog l echo ::: b > out 2> err || status=$?
  same "$status" 75
  same "$(wc -l < err)" 1
  grep -q "'j' is in use by another run" err
  [ ! -s out ]
  same "$(< j)" "$before"
  echo > hold
  finish
  exits 0
  prints a
  [ "$first" = "$pid" ]
  try distaff --journal j echo ::: b
  exits 0
}

@test "--journal: what cannot be one is refused" {
  mkdir dir
  mkfifo fifo
  seq 5 > other
  for file in dir fifo /dev/null other no/such; do
    try distaff --journal "$file" 'touch ran; : {}' ::: a
    exits 2
    one_line
    says "--journal: " "'$file'"
    absent ran
  done
  same "$(cat other)" "$(seq 5)"
  echo '{"type":"run","journal":2,"id":"x"}' > later
  try distaff --journal later echo ::: a
  exits 2
  says "later version"
}

@test "--journal: on a full disk the run stops with status 3, and what ran is printed" {
  unshare -rm true 2> /dev/null || skip 'unshare -rm is not allowed here'
  mkdir small
  cat > full <<'EOF'
mount -t tmpfs -o size=64k none small || exit 77
timeout 600 distaff -j 2 --journal small/j 'echo {}' < input > out 2> err
echo $? > status
cp small/j j
EOF
  seq 100000 > input
  unshare -rm bash full
  same "$(< status)" 3
  grep -q "cannot write the journal 'small/j': No space left on device" err
  grep -q '^distaff: 0 of .* failed; the rest of the input was not read' err
  # Beside these two a line says how to go on.
  same "$(wc -l < err)" 3
  # All that the journal says is done was printed.
  head -c 65536 j | grep '"type":"job".*}$' | jq -r .record | sort > journaled
  [ "$(wc -l < journaled)" -gt 50 ]
  [ "$(wc -l < out)" -lt 5000 ]
  sort out | comm -13 - journaled > missing
  [ ! -s missing ]
  # The torn line is closed by the next run, which does the rest.
  head -n 300 input > some
  try distaff -a some --journal j --resume echo
  exits 0
  sort out "$kept/stdout" | uniq | comm -13 - <(sort some) > missing
  [ ! -s missing ]
  same "$(grep -c '^{"type":"run"' j)" 2
}

# ---- resume

@test "--resume knows jobs, not positions" {
  printf 'a\nb\n' | try distaff --journal j echo did
  printf 'x\na\nb\nc\n' | try distaff -k --journal j --resume echo did
  prints 'did x' 'did c'
  silent
  printf 'c\nb\na\n' | try distaff --journal j --resume echo did
  prints
  exits 0
  printf 'b\nb\nb\n' | try distaff -k --journal j --resume echo did {#}
  prints 'did 1 b' 'did 2 b' 'did 3 b'
  printf 'b\nb\nb\nb\n' | try distaff -k --journal j --resume echo did {#}
  prints 'did 4 b'
}

@test "--resume: failed jobs run again, with --skip-failed they do not" {
  try distaff --journal j 'test -e good || test {} = a' ::: a b
  exits 1
  try distaff --journal j --resume --skip-failed 'test -e good || test {} = a' ::: a b
  exits 0
  silent
  try distaff --journal j --resume 'test -e good || test {} = a' ::: a b
  exits 1
  says "1 of 1 job failed" "1 done before"
  touch good
  try distaff --journal j --resume 'test -e good || test {} = a' ::: a b
  exits 0
  try distaff --journal j --resume --log-level info 'test -e good || test {} = a' ::: a b
  says "2 of the jobs were done before"
}

@test "--resume: what was ended is run again, also with --skip-failed" {
  mkfifo hold
  start distaff -j 2 --journal j 'if [ {} = b ]; then : > up; read x < hold; fi; echo {}' ::: a b
  wait_for test -e up
  wait_for grep -q '"record":"a"' j
  kill -TERM "$pid"
  finish
  same "$(jq -r 'select(.record == "b") | .outcome' j)" cancelled
  try distaff --dry-run --journal j --resume 'if [ {} = b ]; then : > up; read x < hold; fi; echo {}' ::: a b
  same "$(wc -l < "$kept/stdout")" 1
  echo > hold &
  try distaff --journal j --resume --skip-failed 'if [ {} = b ]; then : > up; read x < hold; fi; echo {}' ::: a b
  prints b
}

@test "--resume with another command says so once, and runs all" {
  distaff --journal j --resume echo one ::: a b c > out
  try distaff --journal j --resume echo one ::: a b c
  exits 0
  prints
  silent
  try distaff -k --journal j --resume echo two ::: a b c
  exits 0
  prints 'two a' 'two b' 'two c'
  same "$(< "$kept/stderr")" 'distaff: warning: --resume: 3 jobs in the journal were of another command'
  # From here on the journal knows both.
  for word in one two; do
    try distaff --journal j --resume echo "$word" ::: a b c
    prints
    silent
  done
}

@test "--resume: what makes a command another one" {
  again() { # OPTION... : the same job by a command that differs in these, after one without
    rm -f j
    distaff --journal j 'echo {}; exit 0' ::: a > out
    try distaff --journal j --resume "$@"
    exits 0
  }
  for differs in "--workdir /" "--env A=b" "--shell bash" "--id {}"; do
    again $differs 'echo {}; exit 0' ::: a
    prints a
    says '1 job in the journal was of another command'
  done
  again --retries 1 -j 3 'echo {}; exit 0' ::: a
  prints
  silent
  # Under an id of one's own each job is looked at, and says so by itself.
  rm j
  distaff --journal j --id {} echo one ::: a > out
  try distaff --journal j --resume --id {} echo two ::: a
  says 'done before under the same --id, but with another command'
  says_not 'of another command'
  try distaff --dry-run --journal j --resume echo two ::: a
  says '1 job in the journal was of another command'
}

@test "--resume: torn, foreign and doubled lines do no harm" {
  try distaff --journal j echo ::: a b
  first=$(grep '"record":"a"' j)
  { echo; echo '# a note'; echo '{"type":"job"}'; echo "$first"; } >> j
  printf '{"type":"job","id":"0123' >> j
  try distaff -k --journal j --resume echo ::: a b c
  prints c
  silent
  same "$(lines job)" 6 # three of them added above
  jq -S -c . <(grep '"type"' j | grep '}$') > sorted
  try distaff -k --journal sorted --resume echo ::: a b c d
  prints d
}

@test "--resume: --results of the earlier run stay, and a job that runs again replaces its own" {
  try distaff --journal j --results r/{} 'echo {} 1; test {} = a' ::: a b
  exits 1
  try distaff --journal j --resume --results r/{} 'echo {} 1; test {} = a' ::: b a
  exits 1
  same "$(cat r/a/stdout r/b/stdout | tr '\n' ' ')" 'a 1 b 1 '
  same "$(jq .seq r/b/job.json)" 1
}

@test "--id: what a job is known by" {
  printf 'id,v\n1,x\n2,y\n' > t.csv
  try distaff --csv -a t.csv --id {id} --journal j echo {id}
  printf 'v,id\nx,1\nother,2\nz,3\n' > t.csv
  try distaff --csv -a t.csv --id {id} --journal j --resume echo {id}
  prints 3
  silent
  try distaff -k --csv -a t.csv --id {id} --journal j --resume echo {id} now
  prints '1 now' '2 now' '3 now'
  says "job 1, 'x,1': done before under the same --id, but with another command"
  try distaff --csv -a t.csv --journal j2 --id '{nope}' echo
  exits 2
  says '--id: {nope}: no such field'
}

@test "--resume and its kin say what they need" {
  refuses --resume '--journal FILE' -- --resume echo
  refuses --id '--journal FILE' -- --id {} echo
  refuses --skip-failed --resume -- --skip-failed --journal j echo
  refuses --journal --joblog "'f'" -- --journal f --joblog f echo
}

@test "--resume with a journal that is not there yet runs all" {
  try distaff --journal j --resume echo ::: a
  prints a
  try distaff --dry-run --journal none --resume echo now ::: a
  prints 'echo now a'
  absent none
}

# ---- what failed

@test "--failed-to: the records as they came in, header and all" {
  printf 'db,v\r\nd1,1\r\n"d2","x, ""y""\r\nz"\r\nd3,3' > t.csv
  try distaff -j 1 --csv -a t.csv --failed-to again.csv 'test {db} = d1'
  exits 1
  same "$(od -c again.csv)" "$(printf 'db,v\r\n"d2","x, ""y""\r\nz"\r\nd3,3\r\n' | od -c)"
  try distaff -k --csv -a again.csv echo {db}
  prints d2 d3
}

@test "--failed-to: each form of input can be fed back" {
  printf 'a b\0c\nd\0' | try distaff -0 -j 1 --failed-to f 'false {}'
  same "$(od -c f)" "$(printf 'a b\0c\nd\0' | od -c)"
  printf 'a;b;c' | try distaff -d ';' -j 1 --failed-to f 'test {} = b'
  same "$(cat f)" 'a;c;'
  printf '{"a": 1}\n\n{"a":"\\u00e9"}\n' | try distaff --jsonl -j 1 --failed-to f 'false {a}'
  same "$(cat f)" '{"a": 1}
{"a":"\u00e9"}'
  printf 'a\tb\n1\t2\n' | try distaff --tsv --failed-to f 'false {a}'
  same "$(cat f)" "$(printf 'a\tb\n1\t2')"
  seq 5 | try distaff -n 2 -j 1 --failed-to f 'test "$1" = 3'
  same "$(tr '\n' ' ' < f)" '1 2 5 '
  try distaff -j 1 --failed-to f 'false {1} {2}' ::: a 'b c' ::: x
  try distaff -k -a f --split '\t' echo {2} {1}
  prints 'x a' 'x b c'
}

@test "--failed-to: values of ::: that lines cannot hold end in NUL, with a word" {
  try distaff -j 1 --failed-to f 'false {}' ::: $'two\nlines' '' c
  exits 1
  says "the records in 'f' end in NUL: read it with -0"
  same "$(od -c f)" "$(printf 'two\nlines\0\0c\0' | od -c)"
  try distaff -k -0 -a f 'printf "<%s>\n" {}'
  prints $'<two\nlines>' '<>' '<c>'
  try distaff -j 1 --failed-to f 'false {1} {2}' ::: $'a\nb' ::: x ''
  try distaff -k -0 -a f --split '\t' 'printf "<%s,%s>\n" {1} {2}'
  prints $'<a\nb,x>' $'<a\nb,>'
  try distaff -j 1 --failed-to f 'false {1} {2}' ::: a ::: x ''
  says_nothing_of_nul=$(grep -c NUL "$kept/stderr") || true
  same "$says_nothing_of_nul" 0
}

@test "--failed-to: empty if all went well, and where there were no records" {
  echo old > f
  try distaff --failed-to f true ::: a
  exits 0
  [ -e f ] && [ ! -s f ]
  echo old > f
  : | try distaff --csv --failed-to f 'true {a}'
  exits 0
  [ -e f ] && [ ! -s f ]
}

@test "--failed-to: what was ended and what was never started" {
  seq 9 | try distaff -j 1 --on-error stop --failed-to f 'test {} != 3'
  exits 1
  same "$(head -n 1 f)" 3
  mkfifo hold
  start distaff -j 4 --parallelism 1 --failed-to f 'echo > up; exec sleep 77; : {}' ::: a b c
  wait_for test -e up
  kill -INT "$pid"
  finish
  same "$(sort f | tr '\n' ' ')" 'a b c '
}

@test "--failed-to: may be the input, and then nothing of it is lost" {
  seq 9 > f
  chmod 640 f
  try distaff -a f -j 1 --failed-to f 'test {} != 3 && test {} != 5'
  same "$(tr '\n' ' ' < f)" '3 5 '
  same "$(stat -c %a f)" 640
  seq 100000 > f
  try distaff -a f -j 1 --on-error stop --failed-to f 'test {} != 3'
  exits 1
  cmp f <(seq 3 100000)
  try distaff -a f -j 1 --on-error stop --failed-to f -n 1000 'test $# = 1000 -a $1 != 5003'
  exits 1
  cmp f <(seq 5003 100000)
  for list in f -; do
    seq 10000 > f
    try distaff -j 1 --on-error stop --failed-to f 'test {} != 3' :::: "$list" < f
    exits 1
    cmp f <(seq 3 10000)
  done
  seq 3 > f
  start distaff -a f -j 1 --failed-to f 'echo $$ > pid; exec sleep 77; : {}'
  wait_for test -s pid
  engine=$(pgrep -P "$pid")
  kill -9 "$pid" "$engine"
  finish
  wait_for gone "$engine"
  same "$(tr '\n' ' ' < f)" '1 2 3 '
}

@test "--failed-to: a file that cannot be made is said before the first job" {
  try distaff --failed-to no/such/f 'touch ran; : {}' ::: a
  exits 2
  one_line
  says "--failed-to: cannot write 'no/such/f'"
  absent ran
  try distaff --failed-to /dev/full false ::: a
  exits 3
  says "--failed-to: cannot write '/dev/full': No space left on device"
}

# ---- GNU parallel's table

@test "--joblog: the columns of GNU parallel" {
  try distaff -j 1 --joblog l 'printf abc; exit {}' ::: 0 3
  same "$(head -n 1 l)" "$(printf 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand')"
  same "$(cut -f 1,2,5-9 l | tail -n +2)" "$(printf '1\t:\t0\t3\t0\t0\tprintf abc; exit 0\n2\t:\t0\t3\t3\t0\tprintf abc; exit 3')"
  tail -n +2 l | cut -f 3,4 | grep -vqE $'^[0-9]{10}\\.[0-9]{3}\t *[0-9]+\\.[0-9]{3}$' && fail "expected times"
  try distaff -j 1 --joblog l echo ::: 'a b'
  same "$(tail -n +2 l | cut -f 9)" "echo 'a b'"
  try distaff --joblog /dev/full true ::: a
  exits 3
}
