# --output json and csv: a row for each job; --results: its files in a directory of their own.

load helpers

# rows FILTER [FILE]: what jq makes of the rows in FILE, or in the last try's stdout.
rows() {
  jq -r "$1" "${2:-$kept/stdout}"
}

# table FILE CODE: python reads the CSV into `names` and `rows`, latin-1 for bytes, and runs CODE.
table() {
  python3 - "$@" << 'E'
import csv, sys
csv.field_size_limit(1 << 30)
with open(sys.argv[1], newline='', encoding='latin-1') as file:
    names, *rows = csv.reader(file)
rows = [dict(zip(names, row)) for row in rows]
exec(sys.argv[2])
E
}

ours=seq,attempts,exit,signal,run_s,user_s,sys_s,max_rss_kib,slot,group,error,stdout,stderr

@test "json: the record, what became of it, what it wrote" {
  printf 'a b\nc\n' | try distaff -k -j 2 --output json 'echo "<{}>"; echo e >&2; [ {} = c ]'
  exits 1
  same "$(wc -l < "$kept/stdout")" 2
  same "$(rows '[.record, .seq, .attempts, .exit, .stdout, .stderr] | @json')" \
    $'["a b",1,1,1,"<a b>\\n","e\\n"]\n["c",2,1,0,"<c>\\n","e\\n"]'
  same "$(rows 'keys_unsorted | join(",")' | uniq)" "record,$ours"
  same "$(rows '[.signal, .group, .error, (.slot | type), (.max_rss_kib > 0), (.run_s > 0)] | @json' | uniq)" \
    '[null,null,null,"number",true,true]'
}

@test "csv: a table that is read back" {
  printf 'server,db\nA,d1\nA,d2\nB,d3\nA,d4\nB,d5\n' > dbs.csv
  begin=$(clock)
  distaff -k --csv -a dbs.csv --output csv 'echo {db}; sleep 0.1' > report.csv
  export took=$(($(clock) - begin))
  same "$(head -n 1 report.csv)" "server,db,$ours"
  table report.csv '
import os
assert [row["db"] for row in rows] == ["d1", "d2", "d3", "d4", "d5"]
assert [row["server"] for row in rows] == list("AABAB")
for i, row in enumerate(rows):
    assert row["seq"] == str(i + 1) and row["exit"] == "0" and row["error"] == ""
    assert 0.1 <= float(row["run_s"]) < int(os.environ["took"]) / 1e6
    assert row["stdout"] == row["db"] + "\n" and row["stderr"] == ""
'
}

@test "rows without -k: each as it ends, whole" {
  job='for i in 1 2 3; do echo "{} $i"; echo "e{}" >&2; done'
  seq 200 | distaff -j 8 --output csv "$job" > out
  table out '
assert sorted(int(row["record"]) for row in rows) == list(range(1, 201))
for row in rows:
    n = row["record"]
    assert row["stdout"] == "".join(f"{n} {i}\n" for i in (1, 2, 3))
    assert row["stderr"] == f"e{n}\n" * 3
'
  seq 200 | distaff -j 8 --output json "$job" > out
  rows 'select(.stdout == "\(.record) 1\n\(.record) 2\n\(.record) 3\n") | .record' out | sort -n > records
  seq 200 | cmp - records
}

@test "-k: rows in the order of input, also of jobs that could not start" {
  printf 'a,1\nb\nc,3\n' | try distaff -k -j 3 --split , --output json echo {2}
  exits 1
  same "$(rows '[.seq, .attempts, .exit, .slot, .run_s, ."1"] | @json' | sed -n 2p)" '[2,0,null,null,null,"b"]'
  same "$(rows '.seq' | tr '\n' ' ')" "1 2 3 "
  rows .error | sed -n 2p | grep -q '^could not start: .*2' || fail "the row should say why: $(rows .error)"
}

@test "rows of jobs that were killed, or not found" {
  try distaff --output json 'kill -9 $$; : {}' ::: a
  exits 1
  same "$(rows '[.exit, .signal, .error] | @json')" '[null,9,null]'
  try distaff --output json /no/such/program ::: a
  exits 127
  same "$(rows '[.attempts, .exit, .signal] | @json')" '[0,null,null]'
  rows .error | grep -q '^could not start: .*/no/such/program' || fail "$(rows .error)"
  try distaff --output csv /no/such/program ::: a
  exits 127
  table "$kept/stdout" 'assert rows[0]["error"].startswith("could not start: ") and rows[0]["exit"] == ""'
}

@test "--key: the group is in the row" {
  printf 'http://A.b/x\nnone\n' | try distaff -k -g host --output json true
  same "$(rows '.group')" $'a.b\nnull'
}

@test "a column of the input keeps its name, ours is job_" {
  printf 'exit,stdout,job_exit\n7,x,y\n' > t.csv
  try distaff --csv -a t.csv --output json echo {stdout}
  same "$(rows '[.exit, .job_exit, .job_job_exit, .stdout, .job_stdout] | @json')" '["7","y",0,"x","x\n"]'
  try distaff --csv -a t.csv --output csv echo {stdout}
  table "$kept/stdout" '
row = rows[0]
assert names[:3] == ["exit", "stdout", "job_exit"] and len(set(names)) == len(names)
assert [row[n] for n in ("exit", "job_exit", "job_job_exit", "stdout", "job_stdout")] == ["7", "y", "0", "x", "x\n"]
'
  printf '{"seq":"s","stderr":1}\n{"a":2}\n' | try distaff -k --jsonl --output json 'echo e >&2; : {}'
  same "$(rows '[.seq, .job_seq, .stderr, .job_stderr] | @json')" $'["s",1,"1","e\\n"]\n[2,null,"e\\n",null]'
}

@test "which columns the input has" {
  try distaff -k --output json echo ::: a b ::: 1 2
  same "$(rows '[."1", ."2"] | @json' | head -n 2)" $'["a","1"]\n["a","2"]'
  try distaff -k --output csv echo ::: a b ::: 1 2
  same "$(head -n 1 "$kept/stdout")" "1,2,$ours"
  seq 3 | try distaff -k -n 2 --output json echo
  same "$(rows '.record')" $'1 2\n3'
  printf '{"a":1}\n' | try distaff --jsonl --output csv echo {a}
  same "$(head -n 1 "$kept/stdout")" "record,$ours"
  table "$kept/stdout" 'assert rows[0]["record"] == "{\"a\":1}"'
  printf 'x=1\n' | try distaff --match '(?P<name>.)=(?P<value>.)' --output json echo {value}
  same "$(rows '[.name, .value] | @json')" '["x","1"]'
  printf 'a,b\n1\n' | try distaff --csv --output json echo {a}
  same "$(rows '[.a, .b] | @json')" '["1",null]'
}

@test "csv prints its names even if no job runs" {
  try distaff --output csv echo
  exits 0
  prints "record,$ours"
  printf 'a,b\n' | try distaff --csv --output csv echo {a}
  prints "a,b,$ours"
  try distaff --output json echo
  prints
}

@test "json: bytes that are no UTF-8 are base64 under another name" {
  printf 'caf\351\n\303\251\n' | try distaff -k --output json 'printf "%s" {}; printf "\377\0" >&2'
  same "$(rows 'select(.seq == 1) | [.record_b64, .stdout_b64, .stderr_b64, has("record"), has("stdout")] | @json')" \
    '["Y2Fm6Q==","Y2Fm6Q==","/wA=",false,false]'
  same "$(rows 'select(.seq == 2) | [.record, .stdout, .stderr_b64] | @json')" '["é","é","/wA="]'
}

@test "random bytes in names, records and output come back from both" {
  cat > make << 'E'
import csv, random, sys
random.seed(int(sys.argv[1]))
pieces = [b'a', b'b', b',', b'"', b'\n', b'\r', b'\\', b'\xff', b'\xc3\xa9', b' ', b'\t', b'{', b"'",
          b'\x01', b'\xf0\x9f\x98\x80']
make = lambda most: b''.join(random.choice(pieces) for _ in range(random.randrange(1, most)))
with open('in.csv', 'w', newline='', encoding='latin-1') as file:
    out = csv.writer(file, lineterminator='\n', quoting=csv.QUOTE_ALL)
    out.writerow(['n%d' % i + make(5).decode('latin-1') for i in range(3)])
    for seq in range(1, 41):
        out.writerow([make(9).decode('latin-1') for _ in range(3)])
        open('out.%d' % seq, 'wb').write(make(2000) + random.choice([b'', b'\0']))
        open('err.%d' % seq, 'wb').write(make(9))
E
  cat > check << 'E'
import base64, csv, json
csv.field_size_limit(1 << 30)
read = lambda path: list(csv.reader(open(path, newline='', encoding='latin-1')))
given, table = read('in.csv'), read('report.csv')
assert table[0][:3] == given[0] and table[0][3:5] == ['seq', 'attempts']
assert len(table) == 41
wrote = lambda name, seq: open('%s.%s' % (name, seq), 'rb').read()
for row in table[1:]:
    seq = row[3]
    assert row[:3] == given[int(seq)], (row, given[int(seq)])
    assert row[-2].encode('latin-1') == wrote('out', seq)
    assert row[-1].encode('latin-1') == wrote('err', seq)
lines = open('report.json', 'rb').read().split(b'\n')[:-1]
assert len(lines) == 40
for line in lines:
    pairs = json.loads(line.decode('utf-8'), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs)
    def value(i):
        name, text = pairs[i]
        return base64.b64decode(text) if name.endswith('_b64') else text.encode('utf-8')
    seq = dict(pairs)['seq']
    for i in range(3):
        assert value(i) == given[seq][i].encode('latin-1')
        name = given[0][i].encode('latin-1')
        try:
            assert pairs[i][0] in (name.decode('utf-8'), name.decode('utf-8') + '_b64')
        except UnicodeDecodeError:
            assert '\\x' in pairs[i][0]
    assert value(-2) == wrote('out', seq) and value(-1) == wrote('err', seq)
E
  for seed in $RANDOM $RANDOM $RANDOM; do
    echo "seed $seed" >&2
    python3 make $seed
    distaff -j 4 --csv -a in.csv --output csv 'cat out.{#}; cat err.{#} >&2; : "$1"' > report.csv
    distaff -k -j 4 --csv -a in.csv --output json 'cat out.{#}; cat err.{#} >&2; : "$1"' > report.json
    python3 check
  done
}

@test "large outputs are whole values" {
  head -c 3000000 /dev/urandom > random
  distaff -j 2 --output json cat ::: random random > out
  rows .stdout_b64 out > values
  same "$(wc -l < values)" 2
  while read -r value; do
    base64 -d <<< "$value" | cmp - random
  done < values
  distaff -j 2 --output csv cat ::: random random > out
  table out '
assert len(rows) == 2
assert all(row["stdout"].encode("latin-1") == open("random", "rb").read() for row in rows)'
}

@test "json and csv do not go with tags" {
  refuses --tag '--output json' -- --tag --output json touch ran
  refuses --tag-template '--output csv' -- --tag-template x --output csv touch ran
}

@test "rows show a terminal no control characters of the input, and what jobs write as it is" {
  printf 'i\033\n\033[31m\342\200\256\n' > t.csv
  for mode in csv json; do
    "$STRESS/on_terminal" "$DISTAFF" --csv -a t.csv --output $mode printf '\033[1m' > shown
    [ "$(tr -cd '\033' < shown | wc -c)" -le 1 ] || fail "drawn: $(cat -v shown)"
    grep -q '[\\]u202e' shown || fail "not escaped: $(cat -v shown)"
    distaff --csv -a t.csv --output $mode printf '\033[1m' > exact
    grep -qF "$(printf '\342\200\256')" exact || fail "escaped in a file"
  done
}

@test "--results: a name that is too long is the job's failure, and the block says why" {
  long=$(printf 'x%.0s' {1..300})
  try distaff --results 'res/{}' echo ::: "$long" a
  exits 1
  says 'File name too long'
  same "$(cat res/a/stdout)" a
  # As for whatever is long and stands before its reason.
  try distaff --workdir '{}' true ::: "$long"
  says 'File name too long'
  try distaff '{}' ::: "./$long"
  says 'File name too long'
}

@test "--dry-run prints commands, not rows, and there are no results" {
  printf 'a\n' | try distaff --dry-run --output json --results res echo {}
  prints 'echo a'
  absent res
}

# ---- results

@test "results: each job's files, besides the normal output" {
  try distaff -k --results res 'echo "<{}>"; echo e >&2; exit {}' ::: 0 3
  exits 1
  prints '<0>' '<3>'
  same "$(find res -type f | sort | tr '\n' ' ')" \
    "res/1/job.json res/1/stderr res/1/stdout res/2/job.json res/2/stderr res/2/stdout "
  same "$(cat res/2/stdout res/2/stderr)" $'<3>\ne'
  same "$(rows '[.record, .seq, .attempts, .exit, .signal, has("stdout"), has("stderr")] | @json' res/2/job.json)" \
    '["3",2,1,3,null,false,false]'
}

@test "results: a template names the directories" {
  printf 'a,b\nx,y z\n' | try distaff --csv --results 'r/{a}/{b}.d' --output none 'echo hi; : {a}'
  exits 0
  prints
  same "$(cat 'r/x/y z.d/stdout')" hi
  same "$(wc -c < 'r/x/y z.d/stderr')" 0
  same "$(rows '[.a, .b] | @json' 'r/x/y z.d/job.json')" '["x","y z"]'
}

@test "results go with line, json and csv" {
  for mode in line json csv; do
    distaff --output $mode --results $mode/{} 'echo hi; : {}' ::: a > out
    grep -q hi out
    same "$(cat $mode/a/stdout)" hi
  done
}

@test "results hold every byte, of large outputs too" {
  head -c 3000000 /dev/urandom > random
  distaff -j 4 --results r/{#} 'cat {}; cat {} >&2' ::: random random random random > out 2> err
  for i in 1 2 3 4; do
    cmp random r/$i/stdout
    cmp random r/$i/stderr
  done
  cat random random random random | cmp - out
}

@test "results: DISTAFF_RUN of the job is in job.json" {
  try distaff --results r 'echo $DISTAFF_RUN; : {}' ::: a
  same "$(rows .run r/1/job.json)" "$(cat r/1/stdout)"
}

@test "results: two jobs with one name, the second fails" {
  try distaff -j 1 --results r/{1} 'echo {2}' ::: a b ::: 1 2
  exits 1
  prints 1 1
  says "'r/a'" "{#}"
  same "$(cat r/a/stdout r/b/stdout)" $'1\n1'
}

@test "results: two jobs with one name that run at once, the second fails" {
  mkfifo go
  start distaff -j 2 --results r/{1} 'if [ {2} = 1 ]; then touch up; read x < go; else touch ran; fi; echo {2}' ::: a ::: 1 2
  wait_for [ -e up ]
  echo > go
  finish
  exits 1
  prints 1
  absent ran
  same "$(cat r/a/stdout)" 1
  same "$(ls r/a | tr '\n' ' ')" "job.json stderr stdout "
}

@test "results of an earlier run are replaced" {
  try distaff --results r 'echo long long {}' ::: a
  try distaff --results r echo ::: b
  exits 0
  same "$(cat r/1/stdout)" b
  same "$(rows .record r/1/job.json)" b
  same "$(ls r/1 | tr '\n' ' ')" "job.json stderr stdout "
}

@test "results: no value leads out of the directory" {
  mkdir inside
  cd inside
  try distaff --results r/{} 'touch ran; : {}' ::: .. ../x a/../../x
  exits 1
  says "'..'"
  try distaff --results {} 'touch ran; : {}' ::: "$BATS_TEST_TMPDIR/abs" ../y
  exits 1
  says "absolute"
  absent ran ../x ../y "$BATS_TEST_TMPDIR/abs" r/stdout
  try distaff --results r/{} 'touch ran; : {}' ::: a/b/stdout ''
  exits 1
  absent ran r/stdout
  try distaff -k --results r/{} 'echo {}' ::: a/b /c
  exits 0
  same "$(cat r/a/b/stdout r/c/stdout)" $'a/b\n/c'
}

@test "results of a job that could not start say why" {
  printf 'a,1\nb\n' | try distaff -k --split , --results r/{1} echo {2}
  exits 1
  same "$(rows '[.attempts, .exit] | @json' r/b/job.json)" '[0,null]'
  rows .error r/b/job.json | grep -q '^could not start: '
  same "$(wc -c < r/b/stdout)" 0
}

@test "results: names that mean a table are refused" {
  refuses --results '--output csv' -- --results all.csv touch ran
  refuses --results '--output csv' -- --results all.tsv touch ran
  refuses --results '--output json' -- --results all.json touch ran
  refuses --results stdout -- --results r/{}/stdout touch ran
  refuses --results -u -- -u --results r touch ran
  printf 'id\n' > t.csv
  refuses --results '{nam}' id -- --csv -a t.csv --results 'r/{nam}' touch ran
}

@test "results that cannot be written end the run with status 3" {
  try distaff --results /proc/nowhere/{} 'touch ran; : {}' ::: a b
  exits 3
  says /proc/nowhere
  absent ran
  trap '' XFSZ
  small() {
    ulimit -f 8
    distaff "$@"
  }
  (try small -j 1 --output none --results r 'head -c 100000 /dev/zero; : {}' ::: a b c)
  trap - XFSZ
  exits 3
  says r/1/stdout
  same "$(find r -type f)" ""
}

@test "results are complete or absent, also after SIGKILL" {
  distaff -j 2 --results r 'echo half; [ {} = a ] || { echo $$ > pid.b; exec sleep 777; }; echo whole' ::: a b > out 3>&- &
  pid=$!
  wait_for [ -e r/1/job.json ]
  wait_for [ -s pid.b ]
  kill -9 "$(engine_of "$pid")" "$pid"
  wait "$pid" || true
  wait_for gone "$(cat pid.b)"
  same "$(cat r/1/stdout)" $'half\nwhole'
  absent r/2/stdout r/2/stderr r/2/job.json
  try distaff --results r 'echo {}' ::: a b
  exits 0
  same "$(cat r/2/stdout)" b
}

@test "nothing is left of the files of a run that was killed before they were whole" {
  mkdir d
  echo old > d/failed
  start distaff -j 2 --results d/r --failed-to d/failed 'echo half; echo half >&2; echo $$ > pid.{}; exec sleep 777' ::: a b
  wait_for [ -s pid.a ]
  wait_for [ -s pid.b ]
  [ -z "$(find d -name '*.part')" ] || skip "this file system has no files without a name"
  kill -9 "$(engine_of "$pid")" "$pid"
  finish
  exits 137
  same "$(find d -type f)" d/failed
  same "$(cat d/failed)" old
}

@test "--results: links below the directory are not followed; itself may be one" {
  mkdir real elsewhere
  ln -s real out
  ln -s ../elsewhere real/link
  ln -s "$PWD/elsewhere" real/far
  echo kept > victim
  mkdir real/a
  ln -s ../../victim real/a/stdout
  try distaff --results 'out/{}' 'echo {}' ::: link far/b a
  exits 1
  says "a part of it is no directory, or a link to one: cannot write results to 'out/link'" "to 'out/far/b'"
  same "$(cat real/a/stdout)" a
  same "$(cat victim)" kept
  same "$(ls elsewhere)" ""
}

@test "results of a run that is interrupted are complete" {
  start distaff -j 1 --results r 'echo begun; touch up; exec sleep 77; : {}' ::: a
  wait_for [ -e up ]
  kill -INT $pid
  finish
  exits 130
  same "$(cat r/1/stdout)" begun
  same "$(rows .error r/1/job.json)" "cancelled: ended because the run stopped"
  same "$(ls r/1 | wc -l)" 3
}
