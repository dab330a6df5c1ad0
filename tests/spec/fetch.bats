# `distaff fetch` against real servers on this machine: our own that misbehaves
# (tests/support/http_server) and nginx.

load helpers
load fetch_server

# nginx_of CONFIGURATION: what stands within http {}; PORT in it is a free port, ROOT where it runs.
# A port that was free a moment ago may be taken meanwhile, so it tries several.
nginx_of() {
  local attempt
  for attempt in 1 2 3 4 5; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
    nginx_at_port "$1" && return
    gone "$nginx" || break # it runs, and does not listen
  done
  fail "nginx does not start: $(cat "$kept/nginx")"
}

# nginx_at_port CONFIGURATION: as soon as nginx, $nginx, listens at $port it writes down its pid; false
# if it ended without.
nginx_at_port() {
  rm -f nginx/pid
  mkdir -p nginx/www
  chmod 755 "$BATS_TEST_TMPDIR" "$PWD" nginx nginx/www
  local root=$PWD/nginx text=$1
  text=${text//PORT/$port}
  cat > nginx/conf << EOF
daemon off; user root; worker_processes 1; pid $root/pid; error_log $root/errors;
events { worker_connections 2000; }
http {
  client_body_temp_path $root/t1; proxy_temp_path $root/t2; fastcgi_temp_path $root/t3;
  uwsgi_temp_path $root/t4; scgi_temp_path $root/t5;
  log_format times '\$msec \$request_time \$host \$request_uri \$server_protocol \$connection \$remote_addr';
  access_log $root/log times;
  root $root/www;
  ${text//ROOT/$root}
}
EOF
  nginx -p "$root" -c "$root/conf" > "$kept/nginx" 2>&1 3>&- &
  nginx=$!
  servers="$servers $nginx"
  wait_for eval "[ -s nginx/pid ] || gone $nginx"
  [ -s nginx/pid ]
}

# logged COUNT FILE: waits until the server's log has so many lines; the last one may come after the
# client has its answer.
logged() {
  wait_for eval "[ \$(wc -l < $2) -ge $1 ]"
  same "$(wc -l < "$2")" "$1"
}

# certificates: ca.pem, and cert.pem and key.pem for localhost and 127.0.0.1 that it has signed.
certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key \
    -out ca.pem -subj /CN=test -days 30 2> /dev/null
  certificate localhost 30
  mv localhost.pem cert.pem
  mv localhost.key key.pem
}

# certificate NAME DAYS: NAME.pem and NAME.key, signed by ca.pem; of DAYS below 0 it has expired.
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" \
    -out request.pem -subj "/CN=$1" 2> /dev/null
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > names
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days "$2" \
    -extfile names -out "$1.pem" 2> /dev/null
  chmod 644 "$1.key"
}

# values NAME [FILE]: of a column of a report, stdout of the last `try` if no file is named.
values() {
  python3 - "$1" "${2:-$kept/stdout}" << 'EOF'
import csv, sys
for row in csv.DictReader(open(sys.argv[2], newline="", encoding="utf-8", errors="surrogateescape")):
    print(row[sys.argv[1]])
EOF
}

@test "a list of URLs gives a report and files" {
  serve
  printf 'http://%s/size/%s\n' "$at" 10 "$at" 20000 > urls
  try distaff fetch -k --output-dir out < urls
  exits 0
  silent
  same "$(head -n 1 "$kept/stdout")" \
    url,final_url,status,error,attempts,mime,bytes,seconds,path,etag,last_modified,note
  same "$(values url)" "$(cat urls)"
  same "$(values status)" $'200\n200'
  same "$(values bytes)" $'10\n20000'
  for path in $(values path); do [ -f "$path" ] || fail "no $path"; done
  same "$(values path | xargs cat | wc -c)" 20010
  same "$(find out -type f | wc -l)" 2
}

@test "40: a polite fetch" {
  printf '1999-01-01\nx\n' > d.txt
  printf 'server,db\nA,d1\n' > dbs.csv
  printf 'id,mail\n1,ada@x.org\n' > people.csv
  python3 -u -m http.server 0 --bind 127.0.0.1 > "$kept/server" 2> access.log 3>&- &
  servers=$!
  wait_for grep -q ' port ' "$kept/server"
  port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$kept/server")
  begin=$(clock)
  printf "http://localhost:$port/%s\n" d.txt dbs.csv people.csv |
    try distaff fetch --polite --output-dir pages
  exits 0
  [ $(($(clock) - begin)) -ge 2000000 ] || fail "too fast to be polite"
  same "$(values status)" $'200\n200\n200'
  for file in d.txt dbs.csv people.csv; do
    grep -qxF "$(sha256sum < $file)" <(find pages -type f -exec sh -c 'sha256sum < "$1"' sh {} \;)
  done
  # robots.txt came first, and once.
  same "$(grep -c 'GET /robots.txt' access.log)" 1
  grep GET access.log | head -n 1 | grep -q 'GET /robots.txt'
}

@test "what servers do wrong is told, and nothing hangs" {
  serve
  while read -r path status error; do
    echo "http://$at$path" >> urls
    printf '%s %s\n' "$status" "$error" >> expected
  done << EOF
/cut?n=512&of=4096 200 body broke off: 512 of 4096 bytes came
/long 200 body broke off: 6 of 7 bytes came
/endless 200 too large: body larger than --max-size 1M
/bomb?mb=64 200 too large: body larger than --max-size 1M
/loop 302 bad redirect: more than 10 redirects
/to?u=file:///etc/passwd 302 bad redirect: redirect to
/header-flood 200 too large: head larger than 256k
/garbage - bad response:
/drop - no connection:
/status/404 404
/status/503?date=+1 503
EOF
  sed -i 's|^|http://'"$at"'|; s|^http://[^/]*http|http|' urls
  try distaff fetch -k --parallelism 20 --max-size 1M --stall-timeout 10m -a urls
  exits 1
  paste -d ' ' <(values status | sed 's/^$/-/') <(values error) > seen
  while IFS= read -r line <&3 && IFS= read -r wanted <&4; do
    [[ $line == "${wanted% }"* ]] || fail "expected '$wanted', got '$line'"
  done 3< seen 4< expected
  same "$(wc -l < seen)" "$(wc -l < expected)"
}

@test "a server that goes silent is told, with what came of its answer" {
  serve
  # On a busy machine even the head may take longer than the second that is allowed.  Then once more,
  # but only where that can be seen: the server did not send it half a second before the end, or who
  # does nothing but note the time was held up, too.
  for ((i = 0; i < 50; i++)); do
    : > log
    while :; do clock; sleep 0.01; done > beats 3>&- &
    beat=$!
    try distaff fetch -k --parallelism 20 --stall-timeout 1s "http://$at/never" "http://$at/never?head=1"
    kill "$beat"
    exits 1
    same "$(values error | uniq -c | tr -s ' ')" ' 2 timed out: nothing came for 1.0s (--stall-timeout)'
    [ "$(values status)" != $'\n200' ] || break
    logged 2 log
    awk -F '\t' '$7 == "/never?head=1" && $8 == 200 && $2 - $1 > 5e8 {sent = 1} END {exit sent}' log ||
      awk 'NR > 1 && $1 - last > 200000 {late = 1} {last = $1} END {exit !late}' beats || break
  done
  same "$(values status)" $'\n200'
}

@test "a run that ends before its input says so, and a report that is held back is whole before its jobs are done" {
  serve
  try distaff fetch --on-error stop -j 1 "http://$at/status/500" "http://$at/b" "http://$at/c"
  exits 1
  says '1 of 1 job failed' 'the rest of the input was not read (2 records)' '--journal FILE'
  [ -e /dev/full ] || skip "there is no /dev/full"
  distaff fetch --quiet-unless-failed --journal j "http://$at/a" "http://$at/status/500" > /dev/full 2> err && status=0 || status=$?
  same "$status" 3
  ! grep -q '"outcome":"success"' j || fail "$(< j)"
}

@test "what is no URL is a failed job, and the rest goes on" {
  serve
  printf '%s\n' example.org/x htp:/x "http://$at/size/3" 'http://a b/' "http://nobody.invalid/" > urls
  try distaff fetch -k -a urls
  exits 1
  same "$(values status | tr '\n' ,)" ,,200,,,
  values error > errors
  grep -q 'https://' <(sed -n 1p errors)
  grep -q 'no such host' <(sed -n 5p errors)
}

@test "a connection that is reset when it is used again is made anew" {
  serve
  seq 20 | sed "s|.*|http://$at/reset?&|" > urls
  try distaff fetch --parallelism 1 --retries 3 --retry-delay 10ms -a urls
  exits 0
  same "$(values status | sort | uniq -c | tr -s ' ')" ' 20 200'
}

@test "429 with Retry-After pauses its host; the retry comes after it" {
  serve --hosts 2
  printf '%s\n' "http://$at/flaky/a?times=1&status=429&retry-after=1" "http://$at/size/1" \
    "http://127.0.0.2:$port/size/2" > urls
  begin=$(clock)
  # One at a time: what goes on meanwhile, goes on because the pause is of one host.
  try distaff fetch -k -j 1 --parallelism 1 --retries 1 --retry-delay 1ms -a urls
  exits 0
  [ $(($(clock) - begin)) -ge 1000000 ] || fail "the server was not obeyed"
  same "$(values attempts)" $'2\n1\n1'
  awk -F '\t' '$7 == "/size/1" {late = $1} $7 == "/size/2" {other = $1}
    $8 == 429 {busy = $2} END {exit !(late >= busy + 990000000 && other < late)}' log
}

@test "503 with a date pauses until then" {
  serve
  begin=$(clock)
  try distaff fetch --retries 1 --retry-delay 1ms "http://$at/flaky/a?times=1&status=503&date=+2"
  exits 0
  [ $(($(clock) - begin)) -ge 950000 ] || fail "the server was not obeyed" # dates have no fractions
  same "$(values attempts)" 2
}

@test "a redirect to another host waits for that host's turn" {
  serve --hosts 2
  other=127.0.0.2:$port
  { for i in 1 2 3; do echo "http://$other/slow?ms=150&i=$i"; done
    for i in 1 2 3; do echo "http://$at/to?u=http://$other/slow%3Fms=150%26r=$i"; done; } > urls
  try distaff fetch --parallelism 1 -a urls
  exits 0
  same "$(values final_url | grep -c "^http://$other/slow")" 6
  # Never two at once there, as the server saw it.
  awk -F '\t' -v host="$other" '$5 == host {print $1, $2}' log | sort -n |
    awk '{if (NR > 1 && $1 < end) {print "overlap"; exit 1} end = $2}'
}

@test "--key ip: two names of one address are one group" {
  serve
  { for i in 1 2 3; do echo "http://a.example:$port/slow?ms=100&$i"; echo "http://b.example:$port/slow?ms=100&$i"; done
    echo "http://127.0.0.1:$port/slow?ms=100"; } > urls
  try distaff fetch --key ip --parallelism 1 --resolve "a.example:$port:127.0.0.1" \
    --resolve "b.example:$port:127.0.0.1" -a urls
  exits 0
  same "$(wc -l < log)" 7
  awk -F '\t' '{print $1, $2}' log | sort -n |
    awk '{if (NR > 1 && $1 < end) {print "overlap"; exit 1} end = $2}'
}

@test "limits of a hundred hosts are kept, by nginx's own log" {
  nginx_of 'server { listen PORT; limit_rate 20000; }'
  head -c 24000 /dev/zero > nginx/www/page # so that it takes a while
  for host in $(seq 1 100); do
    for page in $(seq 1 6); do echo "http://127.0.0.$host:$port/page?$page"; done
  done > urls
  try distaff fetch -j 400 --parallelism 2 --output none -a urls
  exits 0
  logged 600 nginx/log
  python3 - nginx/log 2 << 'EOF'
import sys
hosts = {}
for line in open(sys.argv[1]):
    end, took, host = line.split()[:3]
    hosts.setdefault(host, []).append((float(end) - float(took), float(end)))
assert len(hosts) == 100
reached = 0
for host, spans in hosts.items():
    # The log is in milliseconds, and written just after the client has all.
    events = sorted([(a + 0.001, 1) for a, b in spans] + [(b - 0.002, -1) for a, b in spans])
    now = most = 0
    for _, step in events:
        now += step
        most = max(most, now)
    assert most <= int(sys.argv[2]), (host, most)
    reached = max(reached, most)
assert reached == int(sys.argv[2]), reached
EOF
}

@test "rests of many hosts are never short, by nginx's own log" {
  nginx_of 'server { listen PORT; }'
  head -c 100 /dev/zero > nginx/www/page
  for host in $(seq 1 40); do
    for page in 1 2 3; do echo "http://127.0.0.$host:$port/page?$page"; done
  done > urls
  try distaff fetch -j 100 --throttle 200ms --output none -a urls
  exits 0
  logged 120 nginx/log
  python3 - nginx/log << 'EOF'
import sys
hosts = {}
for line in open(sys.argv[1]):
    end, took, host = line.split()[:3]
    hosts.setdefault(host, []).append((float(end) - float(took), float(end)))
assert len(hosts) == 40
for host, spans in hosts.items():
    spans.sort()
    for (_, end), (begin, _) in zip(spans, spans[1:]):
        assert begin - end >= 0.198, (host, begin - end)
EOF
}

@test "a slow host does not slow the others" {
  serve --hosts 10
  # The slow ones are answered when all the others are done.
  for i in 1 2 3; do echo "http://127.0.0.1:$port/slow?after=go&$i"; done > urls
  for i in $(seq 1 20); do
    for host in 2 3 4 5 6 7 8 9 10; do echo "http://127.0.0.$host:$port/size/$i"; done
  done >> urls
  start distaff fetch -j 8 --parallelism 1 --stall-timeout 10m --output none -a urls
  wait_for eval '[ "$(grep -c /size/ log)" = 180 ]'
  touch go
  finish
  exits 0
  awk -F '\t' '$7 ~ /slow/ {if (!first || $2 < first) first = $2; next} $2 > last {last = $2}
    END {exit !(last < first)}' log
}

@test "CSV in, CSV out: what was there is there byte for byte" {
  serve
  printf 'id,"the ""url""",url\n1,"x, y",http://%s/size/1\n2,  spaced ,http://%s/size/2\n3,"a\nb",http://%s/status/404\n' \
    "$at" "$at" "$at" > in.csv
  try distaff fetch --csv -k -a in.csv url
  exits 1
  python3 - in.csv "$kept/stdout" << 'EOF'
import csv, sys
before = open(sys.argv[1], "rb").read()
after = list(csv.reader(open(sys.argv[2], newline="")))
there = list(csv.reader(open(sys.argv[1], newline="")))
assert [row[:3] for row in after] == there, after
assert after[0][3] == "fetch_url" and after[0][5] == "status", after[0]
assert [row[5] for row in after[1:]] == ["200", "200", "404"]
raw = open(sys.argv[2], "rb").read()
assert b'2,  spaced ,http' in raw and b'3,"a\nb",http' in raw and b'id,"the ""url""",url,' in raw
EOF
}

@test "CSV without a header: its columns are in the report by number, and its rows as they were" {
  serve
  printf '1,"x, y",http://%s/size/1\n2,  spaced ,http://%s/size/2\n3\n4,5,6,7\n' "$at" "$at" > in.csv
  try distaff fetch --csv --no-header -k -a in.csv 3
  exits 1
  same "$(head -n 1 "$kept/stdout" | cut -d , -f 1-6)" 1,2,3,url,final_url,status
  same "$(values status | tr '\n' ,)" 200,200,,,
  for start in '1,"x, y",http://' '2,  spaced ,http://' '3,,,,' 4,5,6,,,; do
    grep -q "^$start" "$kept/stdout" || fail "no row that begins with $start"
  done
  try distaff fetch --csv --no-header -k --output json -a in.csv 3
  same "$(jq -r '[."1", ."2", .status] | join(";")' "$kept/stdout")" $'1;x, y;200\n2;  spaced ;200\n3;;\n4;5;'
  printf 'a\thttp://%s/size/1\n' "$at" | try distaff fetch --tsv --no-header 2
  exits 0
  same "$(values 1)" a
  : > none
  try distaff fetch --csv --no-header -a none 1
  exits 0
}

@test "JSON lines in and out, a template for the URL" {
  serve
  printf '{"id": 1.50, "n":3}\n{"id":"x","n":4}\n' > in.jsonl
  try distaff fetch --jsonl -k --output json --url-template "http://$at/size/{n}" -a in.jsonl
  exits 0
  same "$(jq -r '[.id, .n, .status, .bytes, .url] | join(" ")' "$kept/stdout")" \
    "$(printf '1.5 3 200 3 http://%s/size/3\nx 4 200 4 http://%s/size/4' "$at" "$at")"
  grep -q '"id": 1.50' "$kept/stdout"
}

@test "a table with semicolons, rows that are none, and what is too long: the others are fetched" {
  serve
  printf 'id;url\n"1;x";http://%s/size/1\n2" pipe;http://%s/size/2\n%0300d;u\n' "$at" "$at" 0 > in.csv
  try distaff fetch --csv -a in.csv
  exits 2
  says "--csv --separator ';'"
  try distaff fetch --csv --separator ';' --max-record 200 -k -a in.csv --failed-to again
  exits 1
  says "in.csv:3: a quote" "in.csv:4: record longer than --max-record 200" "1 of 3 jobs failed"
  same "$(values status | tr '\n' ,)" 200,200,,
  same "$(values id)" $'1;x\n2" pipe'
  same "$(cat again)" ""
  printf '{"url":"http://%s/size/1"}\n{"url":\n{"url":"http://%s/size/3","t":"\xe4"}\n' "$at" "$at" > in.jsonl
  try distaff fetch --jsonl -k --output json -a in.jsonl --failed-to again
  exits 1
  says "in.jsonl:2: malformed JSON: column 8"
  same "$(jq -r '[.status, .record, .t_b64] | join(" ")' "$kept/stdout")" $'200  \n {"url": \n200  5A=='
  same "$(cat again)" '{"url":'
}

@test "bodies to stdout, in order and whole" {
  serve
  try distaff fetch -k --body "http://$at/slow?ms=300" "http://$at/size/5" "http://$at/gzip/300000"
  exits 0
  [ "$(wc -c < "$kept/stdout")" -gt 300005 ] || fail "not all of it"
  try distaff fetch -k --body "http://$at/size/100000" "http://$at/size/7"
  { yes /size/100000 | head -c 100000; yes /size/7 | head -c 7; } | cmp - "$kept/stdout"
}

@test "kill -9 and --resume: every body complete or absent, each URL once in the report" {
  nginx_of 'server { listen PORT; location / { try_files /page =404; } }'
  head -c 5000 /dev/urandom > nginx/www/page
  sum=$(sha256sum < nginx/www/page)
  seq 5000 | sed "s|.*|http://127.0.0.1:$port/&|" > urls
  for round in 1 2 3; do
    start distaff fetch -j 20 --parallelism 20 --journal j --resume --output-dir out -a urls
    wait_for eval "[ \$(grep -c '\"http\":200' j) -ge $((round * 700)) ]"
    engine=$(pgrep -P $pid) || true # none if it has ended by now
    kill -9 $pid
    finish
    wait_for gone "$engine"
    find out -type f ! -path '*/.distaff/*' -size -5000c | grep . && fail "a body is not whole"
  done
  cp j before
  try distaff fetch -j 20 --parallelism 20 --journal j --resume --output-dir out -a urls
  exits 0
  same "$(values url | sort -u | wc -l)" 5000
  same "$(values url | wc -l)" 5000
  same "$(values status | sort -u)" 200
  same "$(find out -type f ! -path '*/.distaff/*' | wc -l)" 5000
  same "$(find out -type f ! -path '*/.distaff/*' -exec sha256sum {} + | cut -d ' ' -f 1 | sort -u)" "${sum%% *}"
  # What was journaled as done was not asked for again.
  grep -o '"outcome":"success".*"url":"[^"]*"' j | sed 's/.*"url"://' | sort | uniq -d > twice
  [ ! -s twice ] || fail "done twice: $(head -n 3 twice)"
}

@test "--resume: a name of an earlier run is not for another URL" {
  serve
  printf "http://$at/size/%s?token=s3cret\n" 10 20 > urls
  for where in "--output-dir out" "--output-dir ./out//" "--archive a.sqlar"; do
    rm -f j
    head -n 1 urls | try distaff fetch $where --name x/page --journal j
    exits 0
    try distaff fetch $where --name x/page --journal j --resume -k -a urls
    exits 1
    same "$(values status | tr '\n' ,)" 200,200,
    same "$(values bytes | head -n 1)" 10
    values error | grep -q "'x/page' was already written for another URL in an earlier run" ||
      fail "it is not said"
    # What failed may be fetched again under its own name.
    sed -i s/success/failed/ j
    try distaff fetch $where --name x/page --journal j --resume -k -a urls
    exits 1
    same "$(values error | grep -c 'another URL in this run')" 1
  done
  same "$(wc -c < out/x/page)" 10
}

@test "a body that broke off is completed by its rest" {
  serve
  try distaff fetch --retries 2 --retry-delay 10ms --output-dir out "http://$at/range/300000?cut=200000"
  exits 0
  same "$(values bytes)" 300000
  yes "/range/300000?cut=200000" | head -c 300000 | cmp - "$(values path)"
  # The second time only what was missing came.
  same "$(awk -F '\t' '$8 == 206' log | wc -l)" 1
}

@test "--cond: only what changed is sent again" {
  serve
  printf "http://$at/etag/%s\n" a b > urls
  try distaff fetch -k -a urls
  exits 0
  cp "$kept/stdout" report.csv
  printf "http://$at/%s\n" etag/c size/3 >> urls
  try distaff fetch -k --cond report.csv -a urls
  exits 0
  same "$(values status | tr '\n' ' ')" '304 304 200 200 '
}

@test "an archive that sqlite3 reads" {
  serve
  printf "http://$at/size/%s\n" 10 2000 100000 > urls
  try distaff fetch -k --archive a.sqlar --name '{path}' -a urls
  exits 0
  sqlite3 a.sqlar -At | sort > names
  same "$(cat names)" "$(values path | sort)"
  mkdir x
  (cd x && sqlite3 ../a.sqlar -Ax)
  yes /size/100000 | head -c 100000 | cmp - x/size/100000
  try distaff fetch -k --cond a.sqlar "http://$at/size/10"
  exits 0
}

@test "an archive has no file where it has a folder" {
  serve
  printf "http://$at/status/%s\n" 200 200/intro > urls
  try distaff fetch -j 1 -k --archive a.sqlar --name '{host}/{path}' -a urls
  exits 1
  says "cannot write 127.0.0.1/status/200/intro: '127.0.0.1/status/200' in it is no directory; put {hash} into --name, or remove it"
  same "$(values status | tr '\n' ' ')" '200 200 '
  same "$(values path)" 127.0.0.1/status/200
  # Another run meets the same; and the other way round.
  try distaff fetch --archive a.sqlar --name '{host}/{path}' "http://$at/status/200/intro"
  exits 1
  try distaff fetch --archive b.sqlar --name '{host}/{path}' "http://$at/status/200/intro"
  exits 0
  try distaff fetch --archive b.sqlar --name '{host}/{path}' "http://$at/status/200"
  exits 1
  says 'cannot write 127.0.0.1/status/200: a directory has this name; put {ext} or {hash} into --name'
  try distaff fetch --archive c.sqlar --name '{host}/{path}.{hash}' -a urls
  exits 0
  for one in a b c; do
    mkdir "$one"
    (cd "$one" && sqlite3 "../$one.sqlar" -Ax)
    same "$(cd "$one" && find . -type f | LC_ALL=C sort)" \
      "$(sqlite3 "$one.sqlar" -At | sed 's|^|./|' | LC_ALL=C sort)"
  done
  same "$(find c -type f | wc -l)" 2
}

@test "an archive is one whole file also after INT" {
  serve
  printf '%s\n' "http://$at/size/1" "http://$at/never" > urls
  start distaff fetch --archive a.sqlar -a urls
  wait_for eval "grep -q ',200,' '$kept/stdout'"
  kill -INT $pid
  finish
  exits 130
  absent a.sqlar-wal a.sqlar-shm
  same "$(sqlite3 a.sqlar -At | wc -l)" 1
}

@test "a reader that goes away, and streams that are closed" {
  serve
  seq 2000 | sed "s|.*|http://$at/size/&|" > urls
  status=0
  (distaff fetch -a urls || echo $? > ended) | head -n 2 > /dev/null
  same "$(< ended)" 141
  try sh -c "distaff fetch -a urls --output-dir out --output none >&-"
  exits 0
  same "$(find out -type f | wc -l)" 2000
  try sh -c "distaff fetch -a urls >&-"
  exits 3
  says 'cannot write to stdout: Bad file descriptor'
  try sh -c "distaff fetch -a urls > /dev/full"
  exits 3
  try sh -c "distaff fetch --output none --output-dir out http://$at/size/1 <&-"
  exits 0
}

@test "a limit on the size of files is a full disk" {
  serve
  for where in '--output-dir out' '--archive a.sqlar' '--body'; do
    status=0
    (ulimit -f 8 && exec distaff fetch $where "http://$at/size/500000" > body) 2> err || status=$?
    same "$where $status" "$where 3"
  done
  same "$(find out -type f)" ""
  status=0
  (ulimit -f 0 && exec distaff fetch --output none --cookie-jar jar "http://$at/hello") 2> /dev/null || status=$?
  same "$status" 3
  absent jar
  try distaff fetch --output none --cookie-jar /dev/null "http://$at/hello"
  exits 0
  silent
}

@test "a body does not replace a file of the run, whatever its URL" {
  serve
  mkdir -p out/sub
  printf 'n,url\n' > urls
  for name in j sub/log report fine; do echo "$name,http://$at/size/1"; done >> urls
  status=0
  distaff fetch --csv --output-dir out --name '{n}' --journal out/j --log-level debug --log-file out/sub/log \
    -a urls > out/report 2> err || status=$?
  same "$status" 1
  grep -q "'j' is the file of --journal 'out/j'; put {hash}" err
  grep -q "'sub/log' is the file of --log-file" err
  grep -q "'report' is the file of stdout" err
  grep -q '^{"type":"run"' out/j
  head -n 1 out/report | grep -q '^n,url,'
  [ -s out/fine ]
}

@test "nothing is written outside the directory, whatever the URL and the template say" {
  serve
  mkdir -p deep/out elsewhere
  ln -s ../../elsewhere deep/out/link
  ln -s ../../elsewhere/file deep/out/f
  printf "http://$at/size/%s\n" 1/../../../x 2/%2e%2e/%2e%2e/y 3/link/z '4?f' 5 > urls
  for name in '../{hash}' '/tmp/../../{path}' '{path}' 'link/{path}' 'f' '{path}/..' '~/{hash}' 'a//b/./{hash}'; do
    try distaff fetch --output-dir deep/out --name "$name" -a urls
    find . -path ./deep/out -prune -o -type f -print | grep -v -e '^./log$' -e '^./urls$' |
      grep . && fail "--name $name wrote outside"
    same "$(find elsewhere | wc -l)" 1
  done
}

@test "TLS: a CA of one's own, one that is not known, and --insecure, which is said" {
  certificates
  serve --tls cert.pem key.pem
  url=https://localhost:$tls_port/size/5
  try distaff fetch --cacert ca.pem --resolve "localhost:$tls_port:127.0.0.1" $url
  exits 0
  silent
  try distaff fetch --resolve "localhost:$tls_port:127.0.0.1" $url
  exits 1
  values error | grep -q 'no trusted connection: '
  # And as --dry-run says it for curl.
  try distaff fetch --dry-run --cacert ca.pem --resolve "localhost:$tls_port:127.0.0.1" $url
  exits 0
  same "$(sh -c "$(cat "$kept/stdout") -s")" "$(head -c 5 <<< /size/5)"
  try distaff fetch --insecure --resolve "localhost:$tls_port:127.0.0.1" $url
  exits 0
  says '--insecure: certificates are not checked'
}

@test "TLS: a certificate that has expired is no good, and the row says so" {
  certificates
  certificate old -1
  serve --tls old.pem old.key
  url=https://127.0.0.1:$tls_port/size/5
  try distaff fetch --cacert ca.pem $url
  exits 1
  same "$(values error)" 'no trusted connection: certificate has expired'
  [ ! -s log ] || fail "it was asked"
  try distaff fetch --insecure --log-file messages $url
  exits 0
  same "$(values status)" 200
  grep -q -e '--insecure: certificates are not checked' messages || fail "$(cat messages)"
}

@test "TLS: a server that wants a certificate gets ours, from one file or two" {
  certificates
  certificate client 30
  nginx_of 'server { listen PORT ssl; ssl_certificate ROOT/../cert.pem; ssl_certificate_key ROOT/../key.pem;
    ssl_client_certificate ROOT/../ca.pem; ssl_verify_client on; }'
  head -c 100 /dev/zero > nginx/www/page
  url=https://127.0.0.1:$port/page
  try distaff fetch --cacert ca.pem --cert client.pem --cert-key client.key $url
  exits 0
  same "$(values bytes)" 100
  cat client.pem client.key > both.pem
  try distaff fetch --cacert ca.pem --cert both.pem $url
  exits 0
  silent
  try distaff fetch --cacert ca.pem $url
  exits 1
  same "$(values status)" 400
  # A key that is not of this certificate.
  refuses "--cert-key 'ca.key': its private key is not that of the certificate" \
    -- fetch --cacert ca.pem --cert client.pem --cert-key ca.key $url
  refuses "--cert 'none.pem'" -- fetch --cert none.pem $url
}

@test "TLS: a server that ends it for want of a certificate says so, and the row too" {
  certificates
  openssl s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem -CAfile ca.pem -Verify 1 \
    -verify_return_error -www > "$kept/server" 2> "$kept/server.err" 3>&- &
  servers=$!
  wait_for grep -q '^ACCEPT' "$kept/server"
  port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$kept/server")
  try distaff fetch --cacert ca.pem --retries 3 "https://127.0.0.1:$port/"
  exits 1
  same "$(values error)" "no trusted connection: the server ends it with 'certificate required' (--cert)"
  same "$(values attempts)" 1
}

@test "--interface: connections come from there, by nginx's own log" {
  nginx_of 'server { listen PORT; }'
  head -c 100 /dev/zero > nginx/www/page
  try distaff fetch --interface 127.0.0.5 "http://127.0.0.1:$port/page?1" "http://127.0.0.1:$port/page?2"
  exits 0
  try distaff fetch --interface lo "http://127.0.0.1:$port/page?3"
  exits 0
  logged 3 nginx/log
  same "$(cut -d ' ' -f 4,7 nginx/log | sort)" $'/page?1 127.0.0.5\n/page?2 127.0.0.5\n/page?3 127.0.0.1'
  for name in nonesuch0 192.0.2.7; do
    try distaff fetch --interface $name "http://127.0.0.1:$port/page"
    exits 1
    same "$(values error)" "no connection: cannot connect from '$name' (--interface)"
  done
}

@test "FTP only where it is asked for" {
  mkdir files
  seq 1000 > files/numbers.txt
  "$BATS_TEST_DIRNAME/../support/ftp_server" files > "$kept/server" 2> commands 3>&- &
  servers=$!
  wait_for grep -q '^ftp ' "$kept/server"
  ftp=ftp://127.0.0.1:$(awk '{print $2}' "$kept/server")
  serve
  printf '%s\n' "$ftp/numbers.txt" "http://$at/to?u=$ftp/numbers.txt" > urls
  try distaff fetch -k -a urls
  exits 1
  same "$(values error | grep -c 'has the scheme ftp, and only http, https may be asked (--protocols)')" 2
  [ ! -s commands ] || fail "it was asked"
  printf '%s\n' "$ftp/none.txt" >> urls
  try distaff fetch -k --protocols http,ftp --output-dir out -a urls
  exits 1
  same "$(values error)" $'\n\nbad response: the file does not exist'
  same "$(values status | tr '\n' ,)" 200,200,,
  for path in $(values path); do cmp files/numbers.txt "$path"; done
  same "$(find out -type f | wc -l)" 1
  # A HEAD has no body.
  try distaff fetch --protocols ftp -X HEAD "$ftp/numbers.txt"
  exits 0
  same "$(values bytes)" 0
  try distaff fetch --protocols ftp -X HEAD --body "$ftp/numbers.txt"
  exits 0
  prints
}

@test "HTTP/2: many requests on one connection, and a server that says GOAWAY" {
  certificates
  nginx_of 'keepalive_requests 7;
    server { listen PORT ssl http2; ssl_certificate ROOT/../cert.pem; ssl_certificate_key ROOT/../key.pem; }'
  head -c 3000 /dev/zero > nginx/www/page
  seq 60 | sed "s|.*|https://localhost:$port/page?&|" > urls
  try distaff fetch --cacert ca.pem --resolve "localhost:$port:127.0.0.1" --parallelism 5 \
    --retries 2 --retry-delay 10ms -a urls
  exits 0
  same "$(values status | sort | uniq -c | tr -s ' ')" ' 60 200'
  logged 60 nginx/log
  same "$(cut -d ' ' -f 5 nginx/log | sort -u)" HTTP/2.0
}

@test "secrets stand in no log, journal or report" {
  serve
  try distaff fetch --journal j --log-level info -H 'Authorization: Bearer s3cret' \
    "http://u:s3cret@$at/echo?api_key=s3cret" "http://u:s3cret@$at/status/500"
  exits 1
  ! grep -q s3cret j "$kept/stdout" "$kept/stderr" || fail "it stands there"
  same "$(values url | head -n 1)" "http://u:***@$at/echo?api_key=***"
}

@test "--public-only refuses what is not, by address and by name" {
  serve
  try distaff fetch --public-only "http://$at/size/1" "http://localhost:$port/size/1"
  exits 1
  same "$(values error | grep -c 'not allowed: .*--public-only')" 2
  [ ! -s log ] || fail "it was asked"
}

# A network of its own, where this machine has an address that looks public.
@test "--public-only looks behind redirects: a public server leads to a private one" {
  unshare -rn true 2> /dev/null || skip "unshare -rn is not allowed here"
  cat > within << 'EOF'
ip link set lo up
ip addr add 9.9.9.9/32 dev lo
"$1" --address 9.9.9.9 --log log > server &
trap 'kill %1' EXIT
until grep -q '^http ' server; do sleep 0.02; done
port=$(awk '{print $2}' server)
printf '%s\n' "http://9.9.9.9:$port/size/1" "http://9.9.9.9:$port/to?u=http://127.0.0.1:$port/secret" \
  "http://9.9.9.9:$port/to?u=http://inner.example:$port/secret" \
  "http://9.9.9.9:$port/to?u=http://[::ffff:127.0.0.1]:$port/secret" > urls
distaff fetch -k --public-only --resolve "inner.example:$port:127.0.0.1" -a urls
EOF
  try timeout 600 unshare -rn bash within "$SERVER"
  exits 1
  same "$(values status | tr '\n' ,)" 200,,,,
  same "$(values error | sed 4d)" '
not allowed: 127.0.0.1 has the address 127.0.0.1, which is not public (--public-only)
not allowed: inner.example has the address 127.0.0.1, which is not public (--public-only)'
  values error | sed -n 4p | grep -q '^not allowed: .*--public-only'
  ! cut -f 7 log | grep -q '^/secret' || fail "it was asked"
}

@test "robots.txt is obeyed, and its delay" {
  printf 'User-agent: *\nDisallow: /size/1\nCrawl-delay: 1\n' > robots
  serve --robots robots
  # The delay is between what the client sends.  Where the server took as long to see a request, its
  # log says nothing of that: then once more.
  for ((i = 0; i < 20; i++)); do
    : > log
    try distaff fetch -k --robots --parallelism 4 "http://$at/size/1" "http://$at/size/2" "http://$at/size/3"
    exits 1
    same "$(values status | tr '\n' ,)" ,200,200,
    values error | grep -q 'not allowed: robots.txt of .* forbids it'
    values seconds | awk '$1 > 0.9 {late = 1} END {exit late}' && break
  done
  same "$(wc -l < log)" 3
  awk -F '\t' '{print $1}' log | sort -n | awk 'NR > 1 && $1 - last < 990000000 {exit 1} {last = $1}'
}

@test "INT ends it; what was fetched is reported" {
  serve
  printf '%s\n' "http://$at/size/1" "http://$at/never" > urls
  start distaff fetch -k --output-dir out -a urls
  wait_for eval "grep -q /size/1 log"
  wait_for eval "grep -q ',200,' '$kept/stdout'"
  kill -INT $pid
  finish
  exits 130
  same "$(values status | head -n 1)" 200
}

@test "progress tells bytes; --stats tells of each host" {
  serve --hosts 2
  try distaff fetch --progress line --progress-interval 100ms --stats "http://$at/slow?ms=300" \
    "http://127.0.0.2:$port/size/5000"
  exits 0
  grep -q 'distaff: progress: .* kB (' "$kept/stderr"
  grep -qE '^127.0.0.2 +1 +0 +5.0 kB' "$kept/stderr"
}

@test "a timeout of an attempt, a deadline, and retries of what is worth it" {
  serve
  try distaff fetch --timeout 300ms "http://$at/never"
  exits 1
  values error | grep -q '^timed out'
  try distaff fetch --retries 2 --retry-delay 1ms "http://$at/flaky/x?times=2" "http://$at/status/404"
  exits 1
  same "$(values attempts | sort)" $'1\n3'
  # What may do something twice is not sent again.
  try distaff fetch --retries 2 --retry-delay 1ms --data x "http://$at/flaky/y?times=1"
  exits 1
  same "$(values attempts)" 1
  try distaff fetch --retries 2 --retry-delay 1ms --data x --retry-unsafe "http://$at/flaky/z?times=1"
  exits 0
}

@test "sixty descriptors are enough for three hundred URLs: none is left behind" {
  serve
  seq 300 | sed "s|.*|http://$at/size/&|" > urls
  ( ulimit -n 60; try distaff fetch -j 16 --parallelism 16 --output-dir out -a urls )
  exits 0
  same "$(values status | sort | uniq -c | tr -s ' ')" ' 300 200'
}

@test "so few descriptors that not one request fits: the numbers are said; else all is fetched" {
  serve
  seq 5 | sed "s|.*|http://$at/size/&|" > urls
  for limit in 8 14 20 40; do
    rm -rf out
    ( ulimit -n "$limit"; try timeout 60 distaff fetch -j 16 --output-dir out -a urls )
    if [ "$(< "$kept/status")" = 0 ]; then
      same "$limit: $(values status | sort | uniq -c | tr -s ' ')" "$limit:  5 200"
    else
      exits 3
      one_line
      says "$limit may be open (ulimit -n)"
      prints
    fi
  done
  exits 0
}

@test "TERM is obeyed while URLs flow in that cannot be fetched" {
  for way in "-k --output json" "--body"; do
    rm -f endless
    mkfifo endless
    yes ftp://host/x > endless 3>&- &
    yes=$!
    start distaff fetch -a endless --log-level info $way
    wait_for grep -q 'job 1200 failed' "$kept/stderr"
    kill -TERM "$pid"
    wait_for gone "$pid"
    finish
    exits 143
    kill "$yes" 2> /dev/null || true
    wait "$yes" || true
  done
}

@test "an allocation fails, libcurl's too: the run ends in order, and --resume fetches what is left" {
  not_sanitized
  library=$(dirname "$(readlink -f "$DISTAFF")")/helpers/failing_malloc.so
  [ -e "$library" ] || skip "no failing_malloc beside $DISTAFF"
  serve
  seq 12 | sed "s|.*|http://$at/size/&|" > urls
  # How many there are; most of them while libraries make themselves ready, before we do anything.
  try env LD_PRELOAD="$library" FAIL_IN=distaff-fetch FAIL_TOTAL="$PWD/total" \
    timeout 60 distaff fetch -j 3 --journal j --output-dir out -a urls
  exits 0
  said=0
  for i in {1..8}; do
    allocation=$(($(< total) - 100 - RANDOM % 600))
    rm -rf out j
    try env LD_PRELOAD="$library" FAIL_IN=distaff-fetch FAIL_AT="$allocation" \
      timeout 60 distaff fetch -j 3 --journal j --output-dir out -a urls
    [[ "$(< "$kept/status")" = [03] ]] || fail "allocation $allocation"
    if [ "$(< "$kept/status")" = 3 ]; then
      says 'memory'
      said=$((said + 1))
    fi
    try timeout 60 distaff fetch -j 3 --journal j --resume --output-dir out -a urls
    exits 0
    same "$allocation: $(values status | sort | uniq -c | tr -s ' ')" "$allocation:  12 200"
  done
  [ "$said" -ge 2 ] || fail "only $said of 8 runs were out of memory"
}

@test "a head that begins with the rest of another line harms nobody" {
  serve
  { printf "http://$at/etag/%d\n" {1..20} && printf "http://$at/folded?%d\n" {1..20}; } > urls
  for jobs in 1 32; do
    try timeout 60 distaff fetch -j "$jobs" -a urls
    exits 1
    same "$(values error | grep . | sort | uniq -c | tr -s ' ')" \
      ' 20 bad response: a line of the head goes on with one that is not there'
  done
}

# packed: files with `plain` in every encoding, and their names in $encodings.
packed() {
  local one
  encodings='gzip deflate bare br zstd'
  for one in $encodings; do "$(dirname "$(readlink -f "$DISTAFF")")/helpers/pack" "$one" < plain > "$one"; done
}

# encoded NAME MORE: the URL of that file, said to be encoded so.
encoded() {
  echo "http://$at/encoded?file=$PWD/$1&as=${1/bare/deflate}&$2"
}

@test "an encoded body is there as a whole or not at all, whatever says how long it is" {
  serve
  seq 300 > plain
  packed
  for one in $encodings; do
    for how in length chunked closed; do encoded "$one" "how=$how"; done
  done > urls
  try distaff fetch -k --output-dir whole -a urls
  exits 0
  for file in $(values path); do cmp plain "$file"; done
  same "$(values path | grep -c .)" 15
  for one in $encodings; do
    size=$(stat -c %s "$one")
    for how in length chunked closed whole; do
      for ((cut = 0; cut < size; cut += cut < 20 ? 1 : size / 10)); do encoded "$one" "how=$how&cut=$cut"; done
    done
  done > urls
  try distaff fetch --output-dir out -a urls
  exits 1
  same "$(values error | grep -vc '^body broke off: ')" 0
  same "$(find out -type f)" ''
}

@test "bodies that are not encoded as their server says are kept as they came, with a note" {
  serve
  printf 'this is plain text\n' > plain
  packed
  cp plain utf-8
  cat gzip gzip > two
  cat gzip plain > junk
  {
    for one in gzip deflate br zstd utf-8; do echo "http://$at/encoded?file=$PWD/plain&as=$one"; done
    echo "http://$at/encoded?file=$PWD/two&as=gzip"
    echo "http://$at/encoded?file=$PWD/junk&as=gzip"
  } > urls
  try distaff fetch -k --output-dir out -a urls
  exits 0
  values path > paths
  for file in $(head -n 5 paths) $(sed -n 7p paths); do cmp plain "$file"; done
  cmp <(cat plain plain) "$(sed -n 6p paths)"
  same "$(values note)" "is no gzip, kept as it came
is no deflate, kept as it came
is no br, kept as it came
is no zstd, kept as it came
its encoding 'utf-8' is unknown, kept as it came

bytes behind the end of the gzip are left out"
}

@test "--no-decode keeps bodies as they come, and offers nothing" {
  serve
  seq 300 > plain
  packed
  try distaff fetch --no-decode --output-dir out "$(encoded gzip)"
  exits 0
  cmp gzip "$(values path)"
  try distaff fetch --no-decode --body "http://$at/echo"
  ! grep -qi accept-encoding "$kept/stdout" || fail "it is offered"
}

@test "a file that is compressed itself is not unpacked on the way" {
  serve
  seq 300 > plain
  packed
  try distaff fetch -k --output-dir out "$(encoded gzip type=application/gzip)" \
    "http://$at/encoded/x.tar.gz?file=$PWD/gzip&as=gzip" "http://$at/encoded/x.tgz?file=$PWD/br&as=br"
  exits 0
  values path > paths
  cmp gzip "$(sed -n 1p paths)"
  cmp gzip "$(sed -n 2p paths)"
  cmp plain "$(sed -n 3p paths)"
}

@test "a part that nobody asked for and a head with two lengths are failures" {
  serve
  try distaff fetch -k --output-dir out "http://$at/part" "http://$at/two-lengths" "http://$at/two-lengths?same=1"
  exits 1
  same "$(values error)" 'bad response: a part (206) that was not asked for
bad response: the head has two Content-Lengths that differ'
  try distaff fetch -k --header 'range: bytes=0-6' --output-dir out "http://$at/part" "http://$at/part?as=gzip"
  exits 0
  same "$(values status)" $'206\n206'
  same "$(values note)" $'\na part of its gzip, kept as it came'
}

# one_version FILE...: each is whole, of one version of /changing.
one_version() {
  python3 - "$@" << 'END'
import sys
for name in sys.argv[1:]:
    data = open(name, "rb").read()
    version = int(data[:7])
    lines = (8000 if len(data) < 20000 * 16 else 40000) + version * 37 % 1000
    whole = b"".join(b"%07d %07d\n" % (version, line) for line in range(lines))
    if data != whole:
        sys.exit(f"{name}: {len(data)} bytes, not one version")
END
}

@test "a file that changes while it is fetched is kept as one version or not at all" {
  serve
  # The larger ones are written in several blocks.
  for by in etag date; do
    for i in {1..20}; do echo "http://$at/changing/$by$i?seed=$RANDOM&by=$by"; done
    for i in {1..10}; do echo "http://$at/changing/large-$by$i?seed=$RANDOM&by=$by&lines=40000"; done
  done > urls
  for round in 1 2 3 4 5; do
    try distaff fetch -j 8 --journal j --resume --retries 3 --retry-delay 1ms --output-dir out -a urls
    find out -path out/.distaff -prune -o -type f -print > files
    [ ! -s files ] || one_version $(< files)
  done
  [ "$(wc -l < files)" -gt 20 ] || fail "only $(wc -l < files) files"
}
