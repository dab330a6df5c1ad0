# Where records come from and what they are: section by section as the manual describes input.

load helpers

# ---- lines

@test "a line is a record, empty lines are none, the last needs no newline" {
  printf 'a\n\n b  c \n\nd' | try distaff -k echo
  exits 0
  prints a " b  c " d
}

@test "--keep-empty makes empty lines records" {
  printf 'a\n\nb\n' | try distaff -k --keep-empty printf '[%s]\n'
  exits 0
  prints '[a]' '[]' '[b]'
}

@test "no input: nothing runs, exit 0; -r is accepted" {
  try distaff touch ran
  exits 0
  try distaff -r touch ran
  exits 0
  absent ran
}

@test "records end in NUL with -0, and an empty one is a record" {
  printf 'a\nb\0\0c' | try distaff -0 -k printf '[%s]'
  exits 0
  prints_bytes '[a\nb][][c]'
}

@test "a delimiter of one's own" {
  printf 'a,b\n,,c' | try distaff -d , -k printf '[%s]'
  prints_bytes '[a][b\n][][c]'
  printf 'a--b-c--' | try distaff -d -- -k printf '[%s]'
  prints_bytes '[a][b-c]'
  printf 'a\tb' | try distaff -d '\t' -k printf '[%s]'
  prints_bytes '[a][b]'
  printf 'a\0b' | try distaff -d '\0' -k printf '[%s]'
  prints_bytes '[a][b]'
  printf 'a\r\nb\rc\r\n' | try distaff -d '\r\n' -k printf '[%s]'
  prints_bytes '[a][b\rc]'
  printf 'a,b' | try distaff --delimiter=, -k printf '[%s]'
  prints_bytes '[a][b]'
}

@test "lines that end in CR are passed as they are, with one warning that names -d" {
  printf 'a\r\nb\r\n' | try distaff -k printf '[%s]'
  exits 0
  prints_bytes '[a\r][b\r]'
  one_line
  says "-d '\\r\\n'"
}

@test "a NUL in a line fails that record and names -0" {
  printf 'a\nb\0c\nd\n' | try distaff -k echo
  exits 1
  prints a d
  says "-0" "job 2"
}

@test "a long line is one record" {
  head -c 100000 /dev/zero | tr '\0' x > long
  try distaff -a long 'printf %s {} | wc -c'
  exits 0
  prints 100000
}

@test "the longest record an argument can hold" {
  head -c 131071 /dev/zero | tr '\0' x > long
  try distaff -a long 'printf %s {} | wc -c'
  exits 0
  prints 131071
}

@test "a record that is too long for an argument is a failed job with its reason" {
  { echo a; head -c 200000 /dev/zero | tr '\0' x; echo; echo b; } | try distaff -k echo
  exits 1
  prints a b
  says "job 2"
}

# ---- files

@test "--input names files, one after the other, - is stdin" {
  echo a > f
  printf 'c' > g
  echo b | try distaff -k -a f -a - --input g echo
  exits 0
  prints a b c
}

@test "with --input stdin is left alone" {
  echo a > f
  seq 3 > in
  { try distaff -a f echo; cat > rest; } < in
  exits 0
  same "$(cat rest)" "$(seq 3)"
}

# ---- values on the command line

@test "::: makes records of words, and stdin is not read" {
  seq 3 > in
  { try distaff -k echo x ::: a 'b  c' ''; cat > rest; } < in
  exits 0
  prints 'x a' 'x b  c' 'x '
  same "$(cat rest)" "$(seq 3)"
}

@test "two lists are combined, the last runs fastest; the tuple is several words" {
  try distaff -k printf '%s|' ::: a b ::: 1 2
  exits 0
  prints_bytes 'a|1|a|2|b|1|b|2|'
}

@test "fields of a tuple by number" {
  try distaff -k echo {2}-{1} ::: a b ::: 1 2
  prints 1-a 2-a 1-b 2-b
}

@test ":::: takes a list from a file, and both kinds mix" {
  printf 'a\nb\n' > f
  try distaff -k echo {1}{2} :::: f ::: 1 2
  exits 0
  prints a1 a2 b1 b2
  try distaff -k echo {1}{2} ::: 1 2 :::: f
  prints 1a 1b 2a 2b
}

@test ":::: of a FIFO: jobs start as its lines come, whichever list it is" {
  mkfifo f
  start distaff -k echo {1}{2} :::: f ::: 1 2
  exec 5> f
  echo a >&5
  wait_for grep -q a2 "$kept/stdout"
  echo b >&5
  exec 5>&-
  finish
  exits 0
  prints a1 a2 b1 b2
  start distaff -j 2 echo {1}{2} ::: x y :::: f
  exec 5> f
  echo 1 >&5
  wait_for grep -q x1 "$kept/stdout"
  exec 5>&-
  finish
  exits 0
  prints x1 y1
}

@test ":::: of a list without end is read as far as jobs are started" {
  yes | try distaff -k --halt soon,done=3 echo :::: -
  exits 0
  same "$(head -n 3 "$kept/stdout")" $'y\ny\ny'
  refuses :::: - -- touch ran :::: - :::: -
}

@test "::::+ takes a file's lines in step" {
  printf 'a\nb\n' > f
  try distaff -k echo {1}{2} ::: x y ::::+ f
  prints xa yb
  try distaff -k echo {1}{2}{3} ::: a b ::: c d :::+ 1 2
  prints ac1 ad2 bc1 bd2
}

@test "an empty list: nothing runs, exit 0, stdin is not read" {
  seq 3 > in
  { try distaff touch ran :::; cat > rest; } < in
  exits 0
  absent ran
  same "$(cat rest)" "$(seq 3)"
}

# ---- tables

@test "CSV: quotes, commas and newlines in fields, blanks kept" {
  printf 'a,b c\n"x ""y"", z", p \n"1\n2",q\n' | try distaff -k --csv printf '[%s][%s]' {a} '{b c}'
  exits 0
  prints_bytes '[x "y", z][ p ][1\n2][q]'
}

@test "CSV: the record's text is the row as it came" {
  printf 'a,b\n"x, y", z \n' | try distaff --csv echo
  exits 0
  prints '"x, y", z '
}

@test "CSV: fields by number too, empty rows are no records" {
  printf 'a,b\n1,2\n\n3,4\n\n' | try distaff -k --csv echo {2}{1}
  exits 0
  prints 21 43
}

@test "CSV: an empty value is a value, a short row is missing one" {
  printf 'a,b\n1,\n2\n' | try distaff -k --csv printf '[%s]\n' {b}
  exits 1
  prints '[]'
  says "job 2"
}

@test "CSV: several files each have the same header" {
  printf 'a,b\n1,2\n' > f
  printf 'a,b\n3,4\n' > g
  try distaff -k --csv -a f -a g echo {a}
  exits 0
  prints 1 3
}

@test "CSV without a header has numbers only" {
  printf '1,2\n3,4\n' | try distaff -k --csv --no-header echo {2}
  exits 0
  prints 2 4
}

@test "TSV: tabs between fields, and no quotes" {
  printf 'a\tb\nx,y\t5" pipe\n"\t"q\n' > t.tsv
  try distaff -j 1 --tsv -a t.tsv --failed-to again 'echo {b}-{a}; false' # the order of ends
  exits 1
  prints '5" pipe-x,y' '"q-"'
  cmp t.tsv again
  printf 'a\tb\n"p\tq"\tr\n' | try distaff --csv --separator '\t' echo {a}
  prints $'p\tq'
  printf 'a"\tb\n' | try distaff --tsv --fields
  prints 'a"' b
}

@test "CSV: quotes in odd places as Python takes them, with one warning" {
  printf 'a,b\n1,5" pipe\n="0012",x\n"p" ,"say \\"hi\\""\n' > t.csv
  try distaff -k --csv -a t.csv echo '{a}|{b}'
  exits 0
  prints '1|5" pipe' '="0012"|x' 'p |say \hi\""'
  one_line
  says "t.csv:2: a quote"
}

@test "a table with another separator keeps it in --failed-to" {
  printf 'a;b\n"1;2";3\n' > t.csv
  try distaff --csv --separator ';' -a t.csv --failed-to again 'false {a}'
  exits 1
  cmp t.csv again
  printf '{"csv": true, "separator": ";"}' > c.json
  try distaff --config c.json -a t.csv echo {a}
  prints '1;2'
}

@test "a name that looks like a path part is taken exactly first" {
  printf 'a.,a\nx.y,p.q\n' | try distaff --csv echo {a.} {a/.}
  exits 0
  prints 'x.y p'
}

@test "JSON lines: members are fields, as written" {
  printf '{"s":"a\\nb","n":1.50,"t":true,"z":null,"o":{"p":[1, 2]}}\n' |
    try distaff --jsonl printf '[%s]' {s} {n} {t} {z} {o.p}
  exits 0
  prints_bytes '[a\nb][1.50][true][][[1,2]]'
}

@test "JSON lines: an absent member is missing, not empty" {
  printf '{"a":1}\n{"b":1}\n' | try distaff -k --jsonl echo {a}
  exits 1
  prints 1
  says "job 2"
}

@test "JSON lines: a value with NUL is a job that could not start" {
  printf '{"a":"x\\u0000y"}\n{"a":"z"}\n' | try distaff -k --jsonl echo {a}
  exits 1
  prints z
  says "job 1" NUL
}

@test "a UTF-8 BOM before CSV, TSV and JSON lines is dropped" {
  printf '\xef\xbb\xbfa\n1\n' | try distaff --csv echo {a}
  prints 1
  printf '\xef\xbb\xbfa\n1\n' | try distaff --tsv echo {a}
  prints 1
  printf '\xef\xbb\xbf{"a":1}\n' | try distaff --jsonl echo {a}
  prints 1
}

# ---- input that is no text, or has no end

@test "a list from Windows: blank lines are none, its mark is dropped" {
  printf '\xef\xbb\xbfecho a\r\n\r\n  \r\nb\r\n' > list
  try distaff -k -a list printf '[%s]'
  exits 0
  prints_bytes '[echo a\r][b\r]'
  one_line
  says "-d '\\r\\n'"
  try distaff -k printf '[%s]' :::: list
  prints_bytes '[echo a\r][b\r]'
}

@test "a compressed list, or one of UTF-16, names the command that reads it" {
  printf 'a\nb\n' | gzip > list.gz
  try distaff -a list.gz touch ran
  exits 2
  one_line
  says "'list.gz' is compressed by gzip" "zcat list.gz | distaff"
  try distaff --csv echo < list.gz
  says "stdin is compressed by gzip" "zcat"
  try distaff touch ran :::: list.gz
  exits 2
  printf 'a\n' | iconv -f UTF-8 -t UTF-16 > list
  try distaff -a list touch ran
  exits 2
  says "iconv -f UTF-16 -t UTF-8 list | distaff"
  absent ran
}

@test "the same where records may hold anything: said, and they are read" {
  printf 'a\nb\n' | gzip > list.gz
  try distaff -0 -a list.gz --stdin record 'wc -c; echo ran'
  exits 0
  one_line
  says "warning: 'list.gz' is compressed by gzip" "zcat list.gz | distaff"
  try distaff -d , --stdin record 'cat > copy' < list.gz
  says "stdin is compressed by gzip"
  printf 'a\0' | try distaff -0 echo
  silent
}

@test "a table of UTF-16 without a mark says so" {
  printf 'a,b\n1,2\n' | iconv -f UTF-8 -t UTF-16LE > t.csv
  for way in --csv --tsv; do
    try distaff "$way" -a t.csv echo {a}
    exits 2
    one_line
    says "t.csv:1: the line looks like UTF-16: iconv"
  done
  printf '{"a":"\320\277"}\n' | iconv -f UTF-8 -t UTF-16BE | try distaff --jsonl echo {a}
  says "the line looks like UTF-16: iconv"
  printf '\320\277\n' | iconv -f UTF-8 -t UTF-16LE | try distaff echo
  says "if it is UTF-16"
  printf 'Some text\nfor it\n' | iconv -f UTF-8 -t UTF-16LE > list
  try distaff echo :::: list
  says "the line looks like UTF-16: iconv"
}

@test "a record longer than --max-record is a failed job, and the others go on" {
  { echo a; head -c 5000 /dev/zero | tr '\0' x; echo; echo b; } > list
  try distaff -k -a list --max-record 1k --failed-to again --journal j echo
  exits 1
  prints a b
  says "1 of 3 jobs failed" "list:2: record longer than --max-record 1k: raise it" "--failed-to: a record that was longer"
  same "$(cat again)" ""
  try distaff -k -a list --max-record 5k --journal j --resume wc -c --stdin record
  says_not "max-record"
  try distaff -k -a list --max-record 1k --failed-to list echo
  says "'list' is left as it was"
  [ "$(wc -c < list)" -gt 5000 ] || fail "the record is lost"
  try distaff -k --max-record 1k echo {1}{2} ::: 1 :::: list
  exits 1
  prints 1a 1b
  printf 'n,m\n1,2\n"3,4\n5,%05000d\n' 0 > t.csv
  try distaff --csv -a t.csv --max-record 1k echo {n}
  exits 2
  prints 1
  says "t.csv:3: record longer than --max-record 1k: raise it, or close the quote of line 3" "t.csv:3: the quote that opens here"
  { echo '{"a":1}'; printf '{"a":"%05000d"}\n' 0; echo '{"a":3}'; } | try distaff -k --jsonl --max-record 1k echo {a}
  exits 1
  prints 1 3
  tr '\n' '\0' < list | try distaff -k -0 --max-record 1k echo
  prints a b
}

@test "a record without end takes no memory, and TERM ends the run" {
  not_sanitized
  start bash -c 'ulimit -v 400000; exec distaff --max-record 1M --log-level info echo < /dev/zero'
  wait_for grep -q "max-record" "$kept/stderr"
  kill -TERM "$pid"
  finish
  exits 143
  says "1 of 1 job failed"
}

# ---- fields of lines

@test "--split cuts lines into fields by a regex" {
  printf 'a:b\nc,,d\n' | try distaff -k --split '[:,]+' echo {2}{1}
  exits 0
  prints ba dc
}

@test "--match makes fields of named captures" {
  printf 'id=7 x\n' | try distaff --match 'id=(?P<id>\d+) (?P<rest>.*)' echo {rest}{id}
  exits 0
  prints x7
}

@test "a line that does not match fails, is skipped or is kept" {
  printf 'a1\nb\na2\n' > in
  try distaff -k -a in --match 'a(?P<n>\d)' echo {n}
  exits 1
  prints 1 2
  says "job 2"
  try distaff -k -a in --match 'a(?P<n>\d)' --no-match skip echo {n}
  exits 0
  prints 1 2
  silent
  try distaff -k -a in --match 'a(?P<n>\d)' --no-match keep echo
  exits 0
  prints a1 b a2
}

# ---- batches

@test "-n takes N records a job, the last what is left" {
  seq 7 | try distaff -k -n 3 echo x
  exits 0
  prints 'x 1 2 3' 'x 4 5 6' 'x 7'
}

@test "-n max takes as many as fit" {
  seq 1000 | try distaff -n max echo
  exits 0
  prints "$(seq 1000 | tr '\n' ' ' | sed 's/ $//')"
}

@test "-n max keeps to the system's limit, however small and whatever the environment" {
  BIG=$(head -c 100000 /dev/zero | tr '\0' x)
  export BIG
  seq 50000 | try bash -c 'ulimit -s 512; exec distaff -n max --max-bytes 10M sh -c "echo \$#" sh'
  exits 0
  same "$(awk '{n += $1} END {print n}' "$kept/stdout")" 50000
}

@test "--max-bytes bounds a job's arguments" {
  seq 100 199 | try distaff -k -n max --max-bytes 64 echo
  exits 0
  same "$(tr ' ' '\n' < "$kept/stdout")" "$(seq 100 199)"
  [ "$(wc -l < "$kept/stdout")" -gt 5 ] || fail "expected several jobs"
  [ "$(wc -L < "$kept/stdout")" -le 64 ] || fail "a job got too much"
}

@test "-n even spreads what fits over the slots" {
  seq 10 | try distaff -k -j 4 -n even echo
  exits 0
  prints '1 2 3' '4 5 6' '7 8' '9 10'
  seq 3 | try distaff -k -j 2 -n even --dry-run true {}
  prints 'true 1 2' 'true 3'
}

@test "--max-bytes bounds what a batch has on stdin" {
  seq 100 199 | try distaff -k -n max --max-bytes 40 --stdin record 'wc -c'
  exits 0
  prints 40 40 40 40 40 40 40 40 40 40
  printf 'a\nlonger\nb\n' | try distaff -k -n 5 --max-bytes 4 --stdin record 'tr "\n" ,; echo'
  prints a, longer, b,
}

@test "a word that is {} becomes one for each record, one that contains it is repeated" {
  seq 3 | try distaff -n 3 printf '[%s]' a {} --in={} z
  exits 0
  prints_bytes '[a][1][2][3][--in=1][--in=2][--in=3][z]'
}

@test "in a script a bare {} is all records of the batch" {
  printf 'a b\nc\n' | try distaff -n 2 'printf "[%s]" {} end; echo'
  exits 0
  prints '[a b][c][end]'
}

@test "a batch ends where the next record has another key" {
  printf '%s\n' a1 a2 b1 a3 a4 | try distaff -k -n 10 -g 'regex:^.' echo
  exits 0
  prints 'a1 a2' b1 'a3 a4'
}

@test "a batch's text is joined by a space" {
  seq 3 | try distaff -n 3 --tag echo
  prints $'1 2 3\t1 2 3'
}

# ---- lazily

@test "a stream: each line is a job at once, CSV and JSON lines too" {
  stream() {
    mkfifo "$1.in"
    distaff "${@:3}" < "$1.in" > "$1.out" 2>&1 3>&- &
    exec 7> "$1.in"
    printf "$2" >&7
    wait_for grep -qx "got 1" "$1.out"
    exec 7>&-
    wait $!
  }
  stream lines '1\n' echo got
  stream csv 'a,b\n1,x\n' --csv echo got {a}
  stream json '{"a":1}\n' --jsonl echo got {a}
  stream null '1\0' -0 echo got
}

@test "CL-19 slow stdin: the first job starts and its output appears before the second line comes" {
  mkfifo go
  { echo 1; read -r _ < go; echo 2; } | distaff -j 4 echo got > out 3>&- &
  wait_for grep -qx 'got 1' out
  same "$(cat out)" 'got 1'
  echo > go
  wait $!
  same "$(cat out)" $'got 1\ngot 2'
}

@test "a slow stdin never holds back the output of a job that ends later" {
  mkfifo in go
  distaff 'read x < go; echo "ended {}"' < in > out 3>&- &
  exec 7> in
  echo 1 >&7
  exec 8> go
  echo >&8
  wait_for grep -qx 'ended 1' out
  exec 7>&- 8>&-
  wait $!
}

@test "records are cut right wherever reads end: long delimiters, random pieces" {
  seed=${DISTAFF_SEED:-$RANDOM}
  echo "DISTAFF_SEED=$seed"
  awk -v seed="$seed" 'BEGIN {srand(seed); for (i = 0; i < 60000; i++) printf "%s", substr("ababaabbc", 1 + int(rand() * 6), 1 + int(rand() * 4))}' > in
  try distaff -a in -d aba -n max printf '%s\n'
  exits 0
  awk 'BEGIN {RS = "\001"} {n = split($0, part, "aba"); if (part[n] == "") n--; for (i = 1; i <= n; i++) print part[i]}' in > wanted
  cmp wanted "$kept/stdout"
}

@test "half a line is no record before it is whole" {
  mkfifo in
  distaff -k echo got < in > out 3>&- &
  exec 7> in
  printf 'a\nb' >&7
  wait_for grep -qx 'got a' out
  printf 'c\n' >&7
  wait_for grep -qx 'got bc' out
  exec 7>&-
  wait $!
  same "$(cat out)" $'got a\ngot bc'
}

@test "endless input and busy jobs: at most 128 KiB are taken, memory stays small" {
  try "$STRESS/endless_input" distaff -j 2 'sleep 1000; : {}'
  exits 0
  says_not Traceback
  grep -qx ended "$kept/stdout" || fail "should end"
  awk '/^taken/ {exit !($2 <= 131072)}' "$kept/stdout" || fail "took too much"
  not_sanitized
  awk '/^rss/ {exit !($2 <= 20480)}' "$kept/stdout" || fail "grew too big"
}

@test "a large file and busy jobs: our place in it is at most 128 KiB in" {
  seq 100000 > in
  start distaff -j 2 'touch up.{}; exec sleep 7777' < in
  wait_for [ -e up.1 -a -e up.2 ]
  place=$(awk '/^pos/ {print $2}' "/proc/$(engine_of "$pid")/fdinfo/0")
  kill -TERM "$pid"
  finish
  [ "$place" -le 131072 ] || fail "read up to $place"
}

@test "endless input into one resting group: reading stops when the buffer is full" {
  try "$STRESS/endless_input" distaff -j 2 --parallelism 1 --buffer-size 1000 'sleep 1000; : {}'
  exits 0
  grep -qx ended "$kept/stdout" || fail "should end"
  awk '/^taken/ {exit !($2 <= 49 * 1001 + 131072)}' "$kept/stdout" || fail "took too much"
}

@test "two million lines in batches of ten thousand stay in 8 MB" {
  # Ten million: tests/stress/inputsize.
  not_sanitized
  seq 2000000 | try "$STRESS/peak_rss" rss distaff -n 10000 true
  exits 0
  [ "$(< rss)" -gt 0 ] && [ "$(< rss)" -le 8192 ] || fail "$(< rss) KiB"
}

@test "-r is accepted, and without input nothing runs" {
  for option in -r --no-run-if-empty; do
    start distaff "$option" echo < /dev/null
    finish
    exits 0
    [ ! -s "$kept/stdout" ] || fail "something ran"
  done
}

# ---- which fields there are

@test "--fields prints the names of the fields and runs nothing" {
  printf 'id,Full Name\n1,x\n' > t.csv
  try distaff --csv -a t.csv --fields touch ran
  exits 0
  prints id 'Full Name'
  printf '{"a":1,"b":{"c":2}}\n{"z":1}\n' | try distaff --jsonl --fields
  prints a b
  try distaff --match '(?P<host>[^:]*):(?P<port>.*)' --fields
  prints host port
  absent ran
}

@test "a member whose name holds two dots is a field like any other" {
  printf '{"a..b":"V","1..9":"W","x..y":{"z":1}}\n' > t.json
  try distaff --jsonl -a t.json --fields
  prints a..b 1..9 x..y
  try distaff --jsonl -a t.json echo '{a..b}' '{1..9}' '{x..y.z}'
  prints "V W 1"
  try distaff --jsonl -a t.json -g a..b 'echo "$DISTAFF_GROUP"; : {1..9}'
  prints V
  printf '{"a":1}\n' | try distaff --jsonl --shell bash 'echo {1..3} {a}'
  prints "1 2 3 1"
}

@test "--fields shows what is not seen in a name, as a template takes it" {
  local turned=$'a\u202eb' control=$'c\302\2332J' hidden=$'z\u200bz' field
  printf '%s\t%s\t%s\tok\n1\t2\t3\t4\n' "$turned" "$control" "$hidden" > t.tsv
  tr '\t' , < t.tsv > t.csv
  printf '{"%s":1,"%s":2,"%s":3,"ok":4}\n' "$turned" "$control" "$hidden" > t.jsonl
  for format in csv tsv jsonl; do
    try distaff --$format -a t.$format --fields
    prints '"a\u202eb"' '"c\u009b2J"' '"z\u200bz"' ok
    while read -r field; do try distaff --$format -a t.$format echo "{$field}" && cat "$kept/stdout"; done \
      < <(distaff --$format -a t.$format --fields) > values
    same "$(< values)" $'1\n2\n3\n4'
  done
  # Bytes that are no UTF-8 have no such form, but every column has a number.
  printf 'a,i\351,\233x\n1,2,3\n' > latin.csv
  try distaff --csv -a latin.csv --fields
  prints a 2 3
  try distaff --csv -a latin.csv echo '{2}' '{3}'
  prints '2 3'
  printf '{"i\351":1}\n' > latin.jsonl
  try distaff --jsonl -a latin.jsonl --fields
  prints_bytes 'i\351\n'
  "$STRESS/on_terminal" "$DISTAFF" --jsonl -a latin.jsonl --fields > shown
  same "$(tr -d '\r' < shown)" 'i\xe9'
}

@test "--fields prints numbers where fields have no names" {
  printf 'a:b:c\nd\n' | try distaff --split : --fields
  prints 1 2 3
  printf 'a,b\n' | try distaff --csv --no-header --fields
  prints 1 2
  try distaff --fields ::: a b ::: c
  prints 1 2
}

@test "--fields without records prints nothing, and lines have no fields" {
  try distaff --csv --fields
  exits 0
  prints
  silent
  try distaff --jsonl --fields
  exits 0
  prints
  refuses --fields --csv --split -- --fields echo
  printf '{"a":\n' > bad.jsonl
  try distaff --jsonl -a bad.jsonl --fields
  exits 2
  says bad.jsonl:1
}

# Two hundred names of fields, with whatever signs, and the values v1 v2 …, as t.csv, t.tsv and t.jsonl.
# TSV has no tab or newline in a name, and no quotes around one.
random_table() {
  perl -e '
    use strict;
    srand($ARGV[0]);
    my @parts = (qw<a Z 7 @ / . ^ % { } [ ] ( ) & ; | * ~ ! = - s/ {} {{ }} $( $HOME>, "#", ",", " ", "\xc3\x9f",
      "\x27", "\"", "`", "\\", "\n", "\t");
    my (%seen, @names);
    while (@names < 200) {
      my $name = join "", map { $parts[rand @parts] } 1 .. 1 + rand 7;
      push @names, $name unless $seen{$name}++;
    }
    sub write_file { open my $out, ">", $_[0] or die; print $out $_[1]; }
    sub quoted { my $text = shift; $text =~ s/"/""/g; "\"$text\"" }
    sub json { my $text = shift; $text =~ s/([\\"])/\\$1/g; $text =~ s/\n/\\n/g; $text =~ s/\t/\\t/g; "\"$text\"" }
    my @values = map { "v$_" } 1 .. @names;
    my $row = join ",", @values;
    write_file("t.csv", join(",", map { quoted($_) } @names) . "\n$row\n");
    write_file("t.jsonl", "{" . join(",", map { json($names[$_]) . ":\"$values[$_]\"" } 0 .. $#names) . "}\n");
    my %plain;
    my @plain = grep { !$plain{$_}++ } map { s/[\t\n"]/_/gr } @names;
    write_file("t.tsv", join("\t", @plain) . "\n" . join("\t", @values[0 .. $#plain]) . "\n");' "$1"
}

@test "what --fields prints is, in braces, the field, whatever its name is" {
  local seed=$RANDOM format
  echo "seed: $seed"
  random_table "$seed"
  for format in csv tsv jsonl; do
    distaff --"$format" -a t.$format --fields > names
    mapfile -t names < names
    [ "${#names[@]}" -ge 150 ] || fail "$format: ${#names[@]} names"
    seq -f 'v%.0f' "${#names[@]}" > wanted
    try distaff --"$format" -a t.$format printf '%s\n' "${names[@]/*/{&\}}"
    exits 0
    ! grep -F 'stays as it is' "$kept/stderr" || fail "every name should be known"
    cmp -s "$kept/stdout" wanted || fail "$format, several words: $(diff "$kept/stdout" wanted)"
    script="printf '%s\\n'"
    for name in "${names[@]}"; do script+=" {$name}"; done
    try distaff --"$format" -a t.$format "$script; :"
    exits 0
    ! grep -F 'stays as it is' "$kept/stderr" || fail "every name should be known"
    cmp -s "$kept/stdout" wanted || fail "$format, a script: $(diff "$kept/stdout" wanted)"
  done
}

@test "a field may have any name, in every template" {
  printf '{"Full Name":"x y","a/b":1,"@id":"i","a.b":"own","a":{"b":"inner","c d":2}}\n' > j
  try distaff --jsonl -a j echo '{Full Name}' {a/b} {@id} {a.b} '{a.c d}' '{Full Name/}' '{@id@.}'
  prints 'x y 1 i own 2 x y i'
  silent
  try distaff --jsonl -a j --tag-template '{@id}' --env 'V={Full Name}' --workdir / --key 'Full Name' --mutex '{a/b}' \
    --parallelism 1 --journal "$PWD/log" --id '{a/b}{@id}' --results 'out/{Full Name}' 'echo "$V" "$DISTAFF_GROUP"; : {}'
  prints $'i\tx y x y'
  silent
  [ -f 'out/x y/stdout' ] || fail "results should be below out/x y"
  try distaff --jsonl -a j --key '"@id"' --parallelism 1 'echo $DISTAFF_GROUP; : {}'
  prints i
  try distaff --jsonl -a j --key 'Full Nam' --parallelism 1 echo
  exits 2
  printf 'Full Name,@id,#\nx y,i,9\n' | try distaff --csv echo '{Full Name}' {@id} {#} '{"Full Name"}'
  prints 'x y i 9 x y'
}

@test "a member called a.b goes before member b of a" {
  printf '{"a.b":"own","a":{"b":"inner"}}\n{"a":{"b":"inner"}}\n{"a.b":"again"}\n' > j
  try distaff -k --jsonl -a j echo {a.b}
  prints own inner again
}

@test "the names of the first object are waited for, and its record comes" {
  { echo; printf '{"Full Name":"a b"}\n{"Full Name":"c","n":1}\n'; } | try distaff -k --jsonl echo '{Full Name}'
  prints 'a b' c
  try distaff --jsonl echo '{Full Name}' < /dev/null
  exits 0
  prints
}

@test "braces that stay text where fields have names are said once" {
  printf '{"Full Name":"a"}\n{"Full Name":"b"}\n' > j
  try distaff -k --jsonl -a j echo '{Full Nam}' '{Fool Name}'
  exits 0
  one_line
  says '{Full Nam} stays as it is' 'Full Name'
  printf 'id,b c\n1,2\n3,4\n' > t.csv
  try distaff -k --csv -a t.csv --tag-template '{x y z}' echo {id}
  exits 0
  one_line
  says '{x y z} stays as it is' 'b c'
  try distaff -k --csv -a t.csv -I '%{}' echo {id} '%{x y z}'
  prints '{id} %{x y z}' '{id} %{x y z}'
  says '%{x y z} stays as it is'
  try distaff -k --csv -a t.csv 'awk "{print \$1}" /dev/null; { echo {id}; }; echo [0-9]{2} {{.x y}} ${HOME} {1..2} >&2 > /dev/null'
  prints 1 3
  silent
}
