# Groups: keys, parallelism, throttle, rate, rules.

load helpers

setup() {
  prepare
  # ./span KEY SECONDS [COUNT [WHOSE]] writes down when it began and ended.  It does not end before
  # COUNT have begun, of WHOSE ('.*': of all), its own if not said: that so many are at once must not
  # depend on how long they take.  If they do not come it fails, and writes no end.
  cat > span << 'E'
#!/bin/sh
echo "$(date +%s%N) 1 $1" >> spans
sleep "$2"
n=0
until [ "$(grep -cx "[0-9]* 1 ${4-$1}" spans)" -ge "${3-0}" ]; do
  n=$((n + 1))
  [ $n -lt 10000 ] || exit 9
  sleep 0.02
done
echo "$(date +%s%N) -1 $1" >> spans
E
  chmod +x span
}

# The most at once of each key; of all.
peak() {
  sort -k1,1n -k2,2n spans |
    awk '{n[$3] += $2; if (n[$3] > m[$3]) m[$3] = n[$3]} END {for (k in m) print k, m[k]}' | sort
}
peak_of_all() {
  sort -k1,1n -k2,2n spans | awk '{n += $2; if (n > m) m = n} END {print m}'
}

# The shortest rest of each key from an end to the next start, in whole ms.
gap() {
  sort -n spans | awk '
    $2 < 0 {e[$3] = $1}
    $2 > 0 && e[$3] {g = ($1 - e[$3]) / 1e6; if (!($3 in s) || g < s[$3]) s[$3] = g}
    END {for (k in s) print k, int(s[k])}' | sort
}

gap_at_least() {
  gap | awk -v key="$1" -v least="$2" '$1 == key {seen = 1; if ($2 < least) bad = 1} END {exit bad || !seen}' ||
    fail "rest of $1 below $2 ms: $(gap)"
}

@test "CL-03 jobs of one host never overlap, hosts do" {
  { echo url,id; for i in 1 2 3; do for h in a b c; do echo "http://$h/$i,$i"; done; done; } |
    try distaff --csv -j 4 -g host:url ./span '{url@//(\w+)}' 0.1 2 '.*'
  exits 0
  same "$(peak)" $'a 1\nb 1\nc 1'
  [ "$(peak_of_all)" -ge 2 ] || fail "hosts should overlap"
}

@test "CL-04 rules: gaps by group, the first match wins" {
  cat > rules.json << 'E'
{
  // comments are allowed
  "rules": [
    {"match": "(^|\\.)lemonde\\.fr$", "throttle": "400ms"},
    {"match": "", "throttle": "100ms"}
  ]
}
E
  printf 'http://%s/\n' www.lemonde.fr b.org www.lemonde.fr b.org b.org |
    try distaff -j 4 -g host --rules rules.json ./span '{@//([\w.]+)}' 0.02
  exits 0
  gap_at_least www.lemonde.fr 400
  gap_at_least b.org 100
}

@test "rules may name the key, limit parallelism and rate" {
  cat > rules.json << 'E'
{"key": "host:url", "rules": [{"match": "^a$", "parallelism": 3}, {"match": "^b$", "rate": "10/s"}]}
E
  { echo url; for i in 1 2 3 4; do echo http://a/; echo http://b/; done; } > in
  begin=$(clock)
  try distaff --csv -a in -j 8 --rules rules.json ./span '{url@//(\w+)}' 0.3 3
  took=$(($(clock) - begin))
  exits 0
  same "$(peak | sed -n 1p)" 'a 3'
  [ "$took" -ge 600000 ] || fail "four starts at 10/s and 0.3 s took only $took us"
}

@test "rules: a pause after a failure, by exit status" {
  cat > rules.json << 'E'
{"rules": [{"match": "", "parallelism": 2, "throttle": [{"when": "failed", "pause": "400ms"}]}]}
E
  printf 'a 1\na 0\n' | try distaff -j 1 --split ' ' -g {1} --rules rules.json './span {1} 0.01; exit {2}'
  exits 1
  gap_at_least a 400
}

@test "CL-05 records without a key have no limit and no throttle" {
  mkfifo go
  printf 'id,g\n1,\n2,\n3,\n4,x\n' > in.csv
  # All three without a key run at once: each waits until the others are there.
  try distaff --csv -a in.csv -j 4 -g g --throttle 10s 'touch up.{id}
n=0; while ! { [ -e up.1 ] && [ -e up.2 ] && [ -e up.3 ]; }; do n=$((n + 1)); [ $n -lt 10000 ] || exit 9; sleep 0.02; done'
  exits 0
  says 3 key
}

@test "the key of a record by column, template, host, domain, regex" {
  keys() {
    distaff -j 1 "$@" 'echo $DISTAFF_GROUP; : {}' | tr '\n' ' '
  }
  printf 'server,u\nA,http://X.Example.co.uk:80/p\n' > t.csv
  same "$(keys --csv -a t.csv -g server)" 'A '
  same "$(keys --csv -a t.csv -g '{server}-{1}')" 'A-A '
  same "$(keys --csv -a t.csv -g host:u)" 'x.example.co.uk '
  same "$(keys --csv -a t.csv -g domain:u)" 'example.co.uk '
  printf 'http://user@[::1]:8/\nhttp://EXAMPLE.org./\nnone\n' > urls
  same "$(keys -a urls -g host)" '::1 example.org  '
  printf 'http://10.0.0.1/\nhttp://a.b.example.org/\n' > urls
  same "$(keys -a urls -g domain)" '10.0.0.1 example.org '
  printf 'x/a1\ny/b2\n-\n' > lines
  same "$(keys -a lines -g {//})" 'x y . '
  same "$(keys -a lines -g 'regex:/([a-z])')" 'a b  '
  same "$(keys -a lines -g 'regex:\d')" '1 2  '
}

@test "--parallelism bounds a group, and without a key the run" {
  seq 6 | try distaff -j 6 --parallelism 2 ./span x 0.1 2 x
  exits 0
  same "$(peak)" 'x 2'
  rm spans
  printf '%s\n' a a a b b b | try distaff -j 6 -g {} --parallelism 2 ./span {} 0.1 2
  same "$(peak)" $'a 2\nb 2'
}

@test "with a key alone a group runs one job at a time" {
  printf '%s\n' a a b b | try distaff -j 4 -g {} ./span {} 0.05
  same "$(peak)" $'a 1\nb 1'
}

# bats test_tags=timed
@test "a throttle is from the end to the next start, and does not hold the end of the run" {
  printf '%s\n' a a | try distaff -j 4 -g {} --throttle 300ms ./span {} 0.1
  exits 0
  gap_at_least a 300
  begin=$(clock)
  printf '%s\n' a | try timeout 600 distaff -g {} --throttle 1h ./span {} 0.01
  exits 0
  sooner "$begin" 20000000
}

@test "a throttle of a range is never below its least" {
  seq 8 | try distaff -j 4 --throttle 50ms..100ms ./span x 0.001
  exits 0
  gap_at_least x 50
  same "$(peak)" 'x 1'
}

@test "a failed job rests its group, too" {
  printf '%s\n' a a | try distaff -j 4 -g {} --throttle 300ms './span {} 0.01; false'
  exits 1
  gap_at_least a 300
}

@test "a rate: starts by token bucket, a burst at once" {
  begin=$(clock)
  seq 7 | try distaff -j 8 --rate 10/s:3 true
  took=$(($(clock) - begin))
  exits 0
  [ "$took" -ge 400000 ] || fail "3 at once and 4 more at 10/s took only $took us"
}

@test "a rate alone sets no parallelism" {
  seq 3 | try distaff -j 3 --rate 1000/s 'touch up.{}
n=0; while ! { [ -e up.1 ] && [ -e up.2 ] && [ -e up.3 ]; }; do n=$((n + 1)); [ $n -lt 10000 ] || exit 9; sleep 0.02; done'
  exits 0
}

@test "jobs of one group start in input order; between groups the oldest job goes first" {
  printf '%s\n' a1 a2 b1 a3 b2 | try distaff -j 1 -g 'regex:^.' echo
  prints a1 a2 b1 a3 b2
}

@test "resting groups never block others" {
  { seq 200 | sed 's/^/a /'; echo b 1; } > in
  mkfifo go
  # 200 jobs of the group a wait behind its first one, which ends only when b has run.
  try distaff -a in -j 2 --split ' ' -g {1} '[ {1} = b ] && touch b.ran
n=0; while [ ! -e b.ran ]; do n=$((n + 1)); [ $n -lt 10000 ] || exit 9; sleep 0.02; done'
  exits 0
}

@test "many distinct keys" {
  seq 3000 | try distaff -j 8 -g {} true
  exits 0
  silent
}

@test "the end of the run says how many jobs had no key" {
  printf 'http://a/\nx\ny\n' | try distaff -g host true
  exits 0
  one_line
  says 2 key
}
