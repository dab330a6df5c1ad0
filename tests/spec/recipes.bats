# Everyday command lines, each exactly as a user would write it, and what must happen.

load helpers

setup() {
  prepare
  mkdir -p logs data out repos/a repos/b 'repos/c d'
  for f in one 'two words' "it's" $'new\nline' '$(touch pwned)'; do echo x > "logs/$f.log"; done
  for s in s1 s2 s3; do for r in 1 2; do seq 10 | gzip > data/${s}_R$r.fq.gz; done; done
  printf 'id,Full Name,mail\n1,"Lovelace, Ada",ada@x.org\n2,"Grace ""Amazing"" Hopper",grace@x.org\n' > people.csv
  printf 'server,db\nA,d1\nA,d2\nB,d3\nA,d4\nB,d5\n' > dbs.csv
  printf '1999-01-01\nx\n' > d.txt
  cat > span << 'E'
#!/bin/sh
echo "$(date +%s%N) 1 $1" >> spans
# With a file `meet`, none ends before that script is content.
n=0
while [ -e meet ] && ! sh ./meet "$1"; do n=$((n + 1)); [ $n -lt 10000 ] || exit 9; sleep 0.02; done
sleep "$2"; echo "$(date +%s%N) -1 $1" >> spans
E
  cat > peak << 'E'
sort -k1,1n -k2,2n spans | awk '{n[$3]+=$2; if (n[$3]>m[$3]) m[$3]=n[$3]} END {for (k in m) print k, m[k]}' | sort
E
  cat > gap << 'E'
sort -n spans | awk '$2<0 {e[$3]=$1} $2>0 && e[$3] {g=($1-e[$3])/1e6; if (!($3 in s) || g<s[$3]) s[$3]=g} END {for (k in s) print k, int(s[k])}' | sort
E
  cat > flaky << 'E'
#!/bin/sh
n=$(cat "n.$1" 2>/dev/null || echo 0); echo $((n+1)) > "n.$1"; [ "$n" -ge 2 ]
E
  chmod +x span flaky
}

# ---- files

@test "recipe 1: compress every log, whatever its name" {
  find logs -name '*.log' -print0 | try distaff -0 gzip
  exits 0
  same "$(find logs -name '*.log.gz' -print0 | tr -dc '\0' | wc -c)" 5
  same "$(find logs -name '*.log' -print0 | tr -dc '\0' | wc -c)" 0
  absent pwned
}

@test "recipe 2: delete in batches, and nothing runs without input" {
  find logs -name '*.log' -exec gzip {} +
  printf '#!/bin/sh\necho run >> rm.log\nexec /bin/rm "$@"\n' > "$BATS_TEST_TMPDIR/bin/rm"
  chmod +x "$BATS_TEST_TMPDIR/bin/rm"

  find logs -name '*.gz' -print0 | try distaff -0 -n 1000 rm -f --
  exits 0
  same "$(wc -l < rm.log)" 1
  same "$(find logs -type f | wc -l)" 0

  find logs -name '*.gz' -print0 | try distaff -0 -n 1000 rm -f --
  exits 0
  same "$(wc -l < rm.log)" 1
}

@test "recipe 3: a result beside each input" {
  try distaff 'zcat {} | sort -n > out/{/^.fq.gz}.txt' ::: data/*.gz
  exits 0
  same "$(cd out && echo *)" "s1_R1.txt s1_R2.txt s2_R1.txt s2_R2.txt s3_R1.txt s3_R2.txt"
  for f in out/*; do same "$(wc -l < "$f")" 10; done
}

@test "recipe 4: labelled, in input order" {
  try distaff -k --tag 'zcat {} | wc -l' ::: data/*.gz
  exits 0
  prints data/s{1,2,3}_R{1,2}.fq.gz$'\t10'
}

@test "recipe 5: the record is \$1 in a script, and such a script gets nothing appended" {
  printf 'a b.txt\nc.txt\n' | try distaff -k 'printf "%s -> %s\n" "$1" "${1%.txt}.md"'
  exits 0
  prints "a b.txt -> a b.md" "c.txt -> c.md"
}

@test "recipe 6: pairs of neighbours" {
  ls data/*.gz | try distaff -k -n 2 echo {1} {2}
  exits 0
  prints "data/s1_R1.fq.gz data/s1_R2.fq.gz" "data/s2_R1.fq.gz data/s2_R2.fq.gz" \
    "data/s3_R1.fq.gz data/s3_R2.fq.gz"
}

@test "recipe 7: linked lists, crossed lists, and lists of unequal length refused" {
  try distaff -k echo {1}={2} ::: a b :::+ 1 2
  exits 0
  prints a=1 b=2

  try distaff -k echo {1}={2} ::: a b ::: 1 2
  exits 0
  prints a=1 a=2 b=1 b=2

  try distaff -k echo {1}={2} ::: a b :::+ 1
  exits 2
  prints
  one_line
}

@test "recipe 8: in each directory" {
  try distaff -k --workdir {} pwd ::: repos/*
  exits 0
  here=$(pwd -P)
  prints "$here/repos/a" "$here/repos/b" "$here/repos/c d"
}

@test "recipe 9: with -I the braces are find's" {
  try distaff -I % find % -name '*_R1*' -exec basename {} \; ::: data
  exits 0
  prints_sorted s1_R1.fq.gz s2_R1.fq.gz s3_R1.fq.gz
}

@test "recipe 10: braces of regexes and awk need nothing" {
  for f in data/*; do
    name=${f#data/}
    zcat "$f" | sort -n > "out/${name%.fq.gz}.txt"
  done
  try distaff grep -Ec '^[0-9]{4}(-[0-9]{2}){2}' ::: d.txt
  exits 0
  prints 1
  try distaff awk '{n+=$1} END {print n}' ::: out/*.txt
  exits 0
  prints 55 55 55 55 55 55
}

@test "recipe 11: checksums in batches on four slots, no line torn" {
  find data -type f -print0 | distaff -0 -n 2 -j 4 sha256sum > SUMS
  same "$(wc -l < SUMS)" 6
  sha256sum -c --quiet SUMS
}

# ---- commands

@test "recipe 12: a shell function, by a named shell although the words are plain" {
  shout() { echo "${1^^}"; }
  export -f shout
  try distaff -k --shell bash 'shout {}' ::: a 'b  c'
  exits 0
  prints A "B  C"
}

@test "recipe 13: a failure inside a pipe counts" {
  try distaff --shell 'bash -o pipefail' 'cat {} | wc -c' ::: d.txt missing
  exits 1
  says "job 2"
  says_not "job 1"
}

@test "recipe 14: a file of commands" {
  printf 'echo one | tr a-z A-Z\nexit 3\necho two\n' | try distaff -k
  exits 1
  prints ONE two
  grep -q 'job 2 .*exit 3' "$kept/stderr" || fail "the block should say job 2, exit 3"
}

@test "recipe 15: nothing in a record is executed, in any quotes" {
  printf '%s\n' '$(touch pwned)' '`touch pwned`' "'; touch pwned; '" '"; touch pwned; "' |
    try distaff -k 'printf "%s|" {} "{}" "$(printf %s {})"; echo'
  exits 0
  for v in '$(touch pwned)' '`touch pwned`' "'; touch pwned; '" '"; touch pwned; "'; do
    printf '%s|%s|%s|\n' "$v" "$v" "$v"
  done > expected
  cmp expected "$kept/stdout" || fail "each record should come back three times"
  absent pwned
}

@test "recipe 16: a value in the text of a shell's -c" {
  try distaff sh -c 'echo {}' ::: a
  exits 2
  prints
  one_line
  says "distaff 'echo {}'"
  try distaff env X=1 bash -c 'echo {}' ::: a
  exits 2
  prints
  one_line
  says "'echo {}'"
}

@test "recipe 17: a script of several commands without {}" {
  try distaff 'ls | wc -l;' ::: date
  exits 2
  prints
  one_line
  says '{}'
}

@test "recipe 18: the same command five times" {
  seq 5 | try distaff -I {} echo hi
  exits 0
  prints hi hi hi hi hi
}

@test "recipe 19: many ids in one call" {
  seq 7 | try distaff -k -n 3 'IFS=,; echo "ids=$*"'
  exits 0
  prints ids=1,2,3 ids=4,5,6 ids=7
}

@test "recipe 20: one GPU per slot" {
  try distaff -j 2 'export CUDA_VISIBLE_DEVICES=$(( {%} - 1 )); printenv CUDA_VISIBLE_DEVICES; : {}' ::: a b c d
  exits 0
  same "$(wc -l < "$kept/stdout")" 4
  same "$(sort -u "$kept/stdout" | tr '\n' ' ')" "0 1 "
}

@test "recipe 21: jobs do not eat the list" {
  seq 3 | try distaff -j 1 'cat; echo {}'
  exits 0
  prints 1 2 3
}

@test "recipe 22: what would run, ready for a shell" {
  find data -type f -print0 | try distaff -0 'wc -c < {}'
  exits 0
  sort "$kept/stdout" > wanted
  same "$(wc -l < wanted)" 6

  find data -type f -print0 | distaff -0 --dry-run 'wc -c < {}' | sh > got
  sort got | cmp - wanted || fail "the pasted commands should print the same six numbers"

  find data -type f -print0 | try distaff -0 --dry-run 'echo ran > ran; : {}'
  exits 0
  absent ran
}

@test "recipe 23: a name that is not there, once and not a thousand times" {
  seq 1000 | try distaff no-such-program {}
  exits 127
  prints
  one_line
  says no-such-program
}

# ---- tables

@test "recipe 24: columns by name, and a misspelt one" {
  try distaff -k --csv -a people.csv printf '%s <%s>\n' '{Full Name}' {mail}
  exits 0
  prints "Lovelace, Ada <ada@x.org>" 'Grace "Amazing" Hopper <grace@x.org>'
  try distaff -k --csv -a people.csv printf '%s <%s>\n' '{Full Name}' {mial}
  exits 2
  prints
  one_line
  says mial id "Full Name" mail
}

@test "recipe 25: JSON from a table" {
  try distaff -k --csv -a people.csv jq -nc --arg n '{Full Name}' '{name: $n}'
  exits 0
  prints '{"name":"Lovelace, Ada"}' '{"name":"Grace \"Amazing\" Hopper"}'
}

@test "recipe 26: JSON lines to stdin, not appended as well" {
  printf '{"u":{"n":"a b"}}\n{"u":{"n":2}}\n' | try distaff -k --jsonl --stdin record jq -c .u.n
  exits 0
  prints '"a b"' 2
}

@test "recipe 27: a table from Windows" {
  printf '\xef\xbb\xbfid,n\r\n7,x\r\n' | try distaff --csv echo {id}-{n}
  exits 0
  prints 7-x
}

@test "recipe 28: a missing field is never an empty word" {
  printf 'a,b\n' | try distaff --split , echo rm -r '/srv/{3}'
  exits 1
  prints
  says "no field 3"
}

@test "recipe 29: what took how long, for a spreadsheet" {
  distaff -k --csv -a dbs.csv --output csv ./span {db} 0.1 > report.csv
  same "$(wc -l < report.csv)" 6
  same "$(head -n 1 report.csv | cut -d, -f1-6)" server,db,seq,attempts,exit,signal
  same "$(cut -d, -f1-6 report.csv | tail -n 5)" $'A,d1,1,1,0,\nA,d2,2,1,0,\nB,d3,3,1,0,\nA,d4,4,1,0,\nB,d5,5,1,0,'
}

# ---- limits

@test "recipe 30: one dump per server, all servers busy" {
  echo 'grep -q " 1 A" spans && grep -q " 1 B" spans' > meet
  begin=$(clock)
  try distaff --csv -a dbs.csv -j 4 -g server ./span {server} 0.3
  took=$(($(clock) - begin))
  exits 0
  same "$(sh peak)" $'A 1\nB 1'
  [ "$took" -ge 900000 ] || fail "three dumps of A cannot be over after $took us"
  # B does not wait for A.
  sort -n spans | awk '$2 > 0 && $3 == "B" {exit bad} $2 < 0 {bad = 1}' || fail "B waited: $(sort -n spans)"
}

@test "recipe 31: two copies per destination, a slot for all" {
  echo '[ "$(grep -c " 1 $1" spans)" -ge 2 ]' > meet
  begin=$(clock)
  printf '%s\n' nas1:a nas1:b nas1:c nas1:d nas2:a nas2:b nas2:c |
    try distaff -j 7 --split : -g {1} --parallelism 2 ./span {1} 0.2
  took=$(($(clock) - begin))
  exits 0
  same "$(sh peak)" $'nas1 2\nnas2 2'
  [ "$took" -ge 400000 ] || fail "over after $took us"
}

@test "recipe 32: a rest after each job of a host" {
  printf 'http://%s/\n' a a b a b | try distaff -j 4 -g host --throttle 200ms ./span '{@//(\w+)}' 0.05
  exits 0
  same "$(sh gap | cut -d' ' -f1 | tr '\n' ' ')" "a b "
  sh gap | awk '$2 < 200 {exit 1}' || fail "a rest was too short: $(sh gap)"
}

@test "recipe 33: a rate without a key holds for the whole run" {
  begin=$(clock)
  seq 20 | try distaff --rate 10/s -j 8 ./span {} 0.01
  took=$(($(clock) - begin))
  exits 0
  same "$(sh peak | wc -l)" 20
  [ "$took" -ge 1900000 ] || fail "20 starts at 10/s took only $took us"
}

@test "recipe 34: a stream: output appears while the input is still open" {
  mkfifo go
  { echo a; read -r _ < go; echo b; } | distaff echo got > got 3>&- &
  wait_for grep -qx "got a" got
  echo > go
  wait $!
  same "$(cat got)" $'got a\ngot b'
}

@test "recipe 35: stop at the first failure" {
  seq 9 | try distaff -j 1 --on-error stop 'echo {}; test {} != 3'
  exits 1
  prints 1 2 3
}

@test "recipe 37: the failed ones as a file, header and all" {
  try distaff --csv -a dbs.csv --failed-to again.csv 'test {db} != d3'
  exits 1
  same "$(head -n 1 again.csv)" "$(head -n 1 dbs.csv)"
  try distaff --csv -a again.csv echo {db}
  exits 0
  prints d3
}

@test "recipe 38: resume knows jobs, not positions" {
  printf 'a\nb\n' | try distaff --journal j echo did
  printf 'x\na\nb\nc\n' | try distaff -k --journal j --resume echo did
  exits 0
  prints 'did x' 'did c'
}
