# The command lines by which README, man page and help show `distaff fetch`: each is taken out of the
# text as it stands there, and run against a real server; then what it says must be so.
#
# They run in a network of their own, where the hosts that they name lead to our server, on the ports
# of their URLs, and its certificate is trusted; the programs see nothing of that.  A line for which
# no test here is meant fails the last one.

load helpers

ROOT=$BATS_TEST_DIRNAME/../..
SERVER=$BATS_TEST_DIRNAME/../support/http_server

# ---- the network

setup_file() {
  unshare -rnm true 2> /dev/null || skip "unshare -rnm is not allowed here"
  cd "$BATS_FILE_TMPDIR" || return 1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem \
    -subj /CN=test -addext 'subjectAltName=DNS:example.org,DNS:*.example.org' -days 30 2> /dev/null
  printf '127.0.0.1 localhost h\n9.9.9.9 example.org api.example.org www.example.org\n' > hosts
  cat > network << 'END'
mount --bind hosts /etc/hosts
mount -t tmpfs tmpfs /etc/ssl/certs
cp cert.pem /etc/ssl/certs/ca-certificates.crt
ip link set lo up
ip addr add 9.9.9.9/32 dev lo
exec "$@"
END
  unshare -rnm bash -e network "$SERVER" --address 9.9.9.9 --port 80 --port 8123 --tls-port 443 \
    --tls cert.pem key.pem --log "$PWD/log" --robots robots --as /gone /status/404 \
    --as /item/20 '/flaky/20?times=1' --as '/item/*' /echo --as '/?page=7' '/cut?n=512&of=4096' \
    --as /big '/range/20000000' --as '/inner' '/to?u=http://localhost:8123/secret' \
    --as /held "/slow?after=$PWD/go" --as '/same*' /etag/1 --as '/changes*' /size/200 --as '/*' /size/300 > ports 2> errors 3>&- &
  echo $! > pid
  printf 'User-agent: *\nDisallow: /forbidden\n' > robots
  all_lines > lines
  plain < lines > plain
  for ((i = 0; i < 10000; i++)); do
    ! grep -q '^https' ports || return 0
    kill -0 "$(< pid)" || break
    sleep 0.02
  done
  cat errors >&2
  return 1
}

teardown_file() {
  kill "$(< "$BATS_FILE_TMPDIR/pid")"
}

setup() {
  prepare
  logged=$(wc -l < "$BATS_FILE_TMPDIR/log")
  within=(nsenter --target "$(< "$BATS_FILE_TMPDIR/pid")" --user --net --mount --preserve-credentials
    sh -c 'cd "$1" && shift && exec "$@"' - "$PWD")
}

# log: what the server has had to do in this test.
log() {
  tail -n +$((logged + 1)) "$BATS_FILE_TMPDIR/log"
}

# within COMMAND...: in that network, here.  ${within[@]} is what does it, as one process.
within() {
  "${within[@]}" "$@"
}

# ---- the lines

# commands: the commands of a text that shows them, with their comments, a NUL behind each; a line
# that cannot end there goes on in the next.
commands() {
  awk '
    { text = text (text == "" ? "" : "\n") $0; line = $0; sub(/[ \t]+# .*/, "", line) }
    line !~ /(\\|\||&&)$/ { printf "%s%c", text, 0; text = "" }'
}

# all_lines: those of README and help, and all of the man page, a NUL behind each.
all_lines() {
  sed -n '/^```sh/,/^```$/p' "$ROOT/README.md" | grep -v '^```' | commands | grep -zF 'distaff fetch'
  grep '^|.*`distaff fetch' "$ROOT/README.md" | sed 's/.*`\(distaff fetch.*\)` |$/\1/; s/\\|/|/g' | commands
  examples "$ROOT/man/distaff-fetch.1" | plain_man | commands
  examples "$ROOT/man/distaff.1" | plain_man | commands | grep -zF 'distaff fetch' || true
  helps | sed -n 's/^  \(distaff fetch\)/\1/p' | commands
  recipes | commands
}

# examples PAGE: the lines that it sets off, but those of files in JSON.
examples() {
  awk '/^\.EX/ {shown = first = 1; next} /^\.EE/ {shown = 0}
    first {shown = !/^[{[]/; first = 0} shown' "$1"
}

plain_man() {
  grep -v '^\.' | sed -e "s/\\\\(aq/'/g; s/\\\\-/-/g; s/\\\\(ha/^/g; s/\\\\(ti/~/g; s/\\\\e/\\\\/g"
}

# On a terminal `distaff fetch` alone shows another help.
helps() {
  "$DISTAFF" fetch --help
  script -qec '"$DISTAFF" fetch' /dev/null | tr -d '\r'
}

# What the project asks of everyday lines.
recipes() {
  cat << 'END'
printf 'http://localhost:8123/%s\n' d.txt dbs.csv people.csv | distaff fetch --polite --output-dir pages > report.csv
END
}

# plain: without comments and what only breaks lines, one line each.
plain() {
  sed -z 's/[ \t]*# .*//; s/\\\n/ /g; s/[ \t\n][ \t\n]*/ /g' | tr '\n\0' ' \n'
}

# take PATTERN: $line is the one of all lines that is like this (a glob), as it stands in the text; it
# may stand in several.
take() {
  local i found='' there plainly
  mapfile -d '' -t there < "$BATS_FILE_TMPDIR/lines"
  mapfile -t plainly < "$BATS_FILE_TMPDIR/plain"
  for ((i = ${#plainly[@]} - 1; i >= 0; i--)); do
    # shellcheck disable=SC2053 # it is a pattern
    [[ ${plainly[i]} == $1 ]] || continue
    [ -z "$found" ] || same "${plainly[i]}" "$found"
    found=${plainly[i]}
    line=${there[i]}
  done
  [ -n "$found" ] || fail "no line is like this: $1"
}

# run_it [LINE]: $line, or another, by a shell as a user has it.
run_it() {
  try within bash -c "${1:-$line}"
}

# values NAME FILE: of a column of a report.
values() {
  sqlite3 :memory: -cmd '.mode csv' -cmd ".import $2 report" -cmd '.mode list' "select \"$1\" from report"
}

# asked [PATTERN]: the targets of the requests, in the order in which they began.
asked() {
  log | sort -n | cut -f 7 | grep -e "${1:-}" || true
}

# is_pattern FILE TARGET SIZE: what the server gives for TARGET.
is_pattern() {
  yes "$2" | head -c "$3" | cmp - "$1" || fail "$1 is not what the server has for $2"
}

# polite: never two requests to a server at once, a second between them, robots.txt first.
polite() {
  log | sort -n | awk -F '\t' '
    !($5 in end) && $7 != "/robots.txt" {print "no robots.txt of", $5; exit 1}
    ($5 in end) && $1 < end[$5] {print "two at once"; exit 1}
    ($5 in end) && n[$5]++ && $1 - end[$5] < 990000000 {print "no rest of a second"; exit 1}
    {end[$5] = $2}'
}

# ---- what they say

@test "README and man page: a polite fetch of a list that is printed" {
  take 'printf * | distaff fetch --polite --output-dir pages > report.csv'
  run_it
  exits 0
  silent
  same "$(values url report.csv)" $'http://localhost:8123/d.txt\nhttp://localhost:8123/dbs.csv\nhttp://localhost:8123/people.csv'
  same "$(values status report.csv)" $'200\n200\n200'
  for name in d.txt dbs.csv people.csv; do
    is_pattern "$(grep "/$name," report.csv | grep -o 'pages/[^,]*')" "/$name" 300
  done
  same "$(find pages -type f | wc -l)" 3
  same "$(asked | sort)" $'/d.txt\n/dbs.csv\n/people.csv\n/robots.txt'
  polite
}

@test "README and man page: the URLs are a column of a table, and its columns come first" {
  take 'distaff fetch --csv -a people.csv homepage --output-dir pages > report.csv'
  printf 'name,homepage\n"Lovelace, Ada",http://example.org/ada\nGrace,https://www.example.org/grace\n' > people.csv
  run_it
  exits 0
  same "$(head -n 1 report.csv | cut -d , -f 1-5)" name,homepage,url,final_url,status
  same "$(values name report.csv | sort)" $'Grace\nLovelace, Ada'
  is_pattern "$(values path report.csv | head -n 1)" "$(values url report.csv | head -n 1 | grep -o '/[a-z]*$')" 300
  same "$(find pages -type f | wc -l)" 2
  take 'distaff fetch --csv -a people.csv homepage > report.csv'
  run_it
  exits 0
  same "$(values status report.csv)$(values path report.csv)" $'200\n200'
}

@test "man page: a table, politely" {
  take 'distaff fetch --polite --csv -a people.csv homepage > report.csv'
  printf 'homepage,n\nhttp://example.org/ada,1\nhttp://example.org/forbidden,2\nhttp://example.org/grace,3\n' > people.csv
  run_it
  exits 1
  same "$(values n report.csv | sort | tr '\n' ,)" 1,2,3,
  values error report.csv | grep -q 'robots.txt of .* forbids it'
  same "$(asked | sort)" $'/ada\n/grace\n/robots.txt'
  polite
}

@test "README: only what changed since an earlier report is fetched, into an archive" {
  take 'distaff fetch -a urls.txt --cond old.csv --archive web.sqlar > new.csv'
  printf 'http://example.org/%s\n' same changes > urls.txt
  run_it 'distaff fetch -a urls.txt > old.csv'
  exits 0
  run_it
  exits 0
  same "$(grep -c '/same,.*,304,' new.csv),$(grep -c '/changes,.*,200,' new.csv)" 1,1
  same "$(sqlite3 web.sqlar 'select count(*) from sqlar')" 1
}

@test "README: names as curl's --remote-name-all gives them" {
  take "distaff fetch -j 50 * …"
  urls='http://example.org/a%20b.txt?v=1/2 http://example.org/x/c.tar.gz http://example.org/x/page#d https://example.org/'
  run_it "${line/…/$urls}"
  exits 0
  same "$(find . -type f | sort)" $'./a b.txt\n./c.tar.gz\n./index\n./page'
  is_pattern 'a b.txt' '/a%20b.txt?v=1/2' 300
  is_pattern page /x/page 300
  # Another that would have the same name replaces nothing.
  run_it "${line/…/http://example.org/1/same.html http://example.org/2/same.html}"
  exits 1
  same "$(cut -d , -f 3 "$kept/stdout" | sort | tail -n 3)" $'200\n200\nstatus'
  grep -q "'same.html' was already written for another URL in this run" "$kept/stdout"
  is_pattern same.html "$(asked same | head -n 1)" 300 || is_pattern same.html "$(asked same | tail -n 1)" 300
}

@test "README: a list into a directory, with a rest, as wget has it" {
  take "distaff fetch -a urls * --throttle 1"
  printf 'http://example.org/%s\n' a/one.html 'b/two.html?q' > urls
  run_it
  exits 0
  same "$(find pages -type f | sort)" $'pages/one.html\npages/two.html'
  log | sort -n | awk -F '\t' 'NR > 1 && $1 - end < 990000000 {print "no rest"; exit 1} {end = $2}'
}

@test "man page and help: bodies into a directory, a report" {
  take 'distaff fetch --output-dir pages -a urls.txt > report.csv'
  printf 'http://example.org/%s\n' a gone > urls.txt
  run_it
  exits 1
  says '1 of 2 jobs failed' '/gone'
  same "$(values status report.csv | sort)" $'200\n404'
  is_pattern "$(find pages -type f)" /a 300
  rm -r pages
  take 'distaff fetch --output-dir pages https://example.org/ > report.csv'
  run_it
  exits 0
  is_pattern "$(values path report.csv)" / 300
}

@test "help: politely, a list" {
  take 'distaff fetch --polite --output-dir pages -a urls.txt > report.csv'
  printf 'http://example.org/%s\n' a b > urls.txt
  run_it
  exits 0
  same "$(values path report.csv | wc -l)" 2
  polite
}

@test "man page and help: bodies on stdout" {
  take 'distaff fetch --body https://example.org/ | wc -c'
  run_it
  prints 300
  take "distaff fetch --url-template 'http://h/item/{}' --body ::: *"
  run_it
  exits 0
  silent
  same "$(jq -r .target "$kept/stdout" | sort)" $'/item/1\n/item/2\n/item/3'
}

@test "man page: what is in an archive, and unpacking it" {
  run_it 'distaff fetch --archive pages.sqlar http://example.org/a > report.csv'
  take 'sqlite3 pages.sqlar -Atv'
  run_it
  exits 0
  grep -qF "$(values path report.csv)" "$kept/stdout" || fail "it is not listed"
  take 'sqlite3 pages.sqlar -Ax'
  run_it
  exits 0
  is_pattern "$(values path report.csv)" /a 300
}

@test "man page: an API, so many a second, tried again, an object a line and files by id" {
  take 'distaff fetch --csv -a ids.csv *'
  printf 'id\n1\n20\n3\na b\n../gone\n' > ids.csv
  begin=$(python3 -c 'import time; print(time.monotonic_ns())')
  run_it
  exits 1 # .. is none of the ids that a site has
  same "$(jq -r 'select(.status == 200) | [.id, .attempts, .path] | join(" ")' report.jsonl | sort)" \
    $'1 1 items/1.json\n20 2 items/20.json\n3 1 items/3.json\na b 1 items/a b.json'
  same "$(jq -r '.target, (.headers[] | select(.[0] == "Accept") | .[1])' 'items/a b.json')" \
    $'/item/a%20b\napplication/json'
  same "$(find . -name '*.json' | wc -l)" 4
  # Ten a second: none comes before its time.
  log | sort -n | awk -F '\t' -v begin="$begin" '$1 - begin < (NR - 1) * 1e8 - 1e7 {print "too soon"; exit 1}'
}

@test "man page: dead links, and why" {
  take 'distaff fetch -X HEAD *'
  printf 'http://example.org/%s\n' a 'b,"c"' gone > links.txt
  echo 'http://no-such.example.org/' >> links.txt
  run_it
  same "$(cut -f 2 "$kept/stdout" | sort)" $'http://example.org/gone\nhttp://no-such.example.org/'
  grep -q $'^404\thttp://example.org/gone$' "$kept/stdout" || fail "it does not say why"
  grep -q $'^no such host.*\thttp://no-such' "$kept/stdout" || fail "it does not say why"
  same "$(log | cut -f 6 | sort -u)" HEAD
}

@test "man page: a run of days goes on after a stop by the same line" {
  take 'distaff fetch --polite --contact *'
  printf 'http://example.org/%s\n' a held c > urls.txt
  start "${within[@]}" bash -c "exec $line"
  wait_for grep -q '"status":200' report.jsonl
  kill -INT "$pid"
  finish
  exits 130
  touch "$BATS_FILE_TMPDIR/go"
  run_it
  exits 0
  same "$(jq -r '[.url, .status] | join(" ")' report.jsonl | sort)" \
    $'http://example.org/a 200\nhttp://example.org/c 200\nhttp://example.org/held 200'
  same "$(sqlite3 web.sqlar 'select count(*) from sqlar')" 3
  same "$(asked '^/a$' | wc -l)" 1
  log | grep -q /held
}

@test "man page: only what changed since yesterday, from cron" {
  take 'distaff fetch --cond web.sqlar *'
  printf 'http://example.org/%s\n' same changes > urls.txt
  run_it "${line/--cond web.sqlar/}" # the first day
  for day in 2 3; do
    run_it
    exits 0
    prints
    silent
  done
  same "$(log | awk -F '\t' '{print $7, $8}' | sort | uniq -c | tr -s ' ')" \
    $' 3 /changes 200\n 1 /same 200\n 2 /same 304'
  same "$(sqlite3 web.sqlar 'select count(*) from sqlar')" 2
}

@test "man page: all pages of a catalogue in order in one file, and of a page that breaks off nothing" {
  take 'seq 1 200 | distaff fetch -k --body *'
  run_it
  exits 1
  says '1 of 200 jobs failed' 'page=7' 'broke off'
  awk 'BEGIN {
    for (page = 1; page <= 200; page++) {
      for (text = ""; page != 7 && length(text) < 300;) text = text "/?page=" page "\n"
      printf "%s", substr(text, 1, 300)
    }
  }' | cmp - all.html
}

@test "man page: URLs that strangers gave" {
  take 'distaff fetch --public-only *'
  printf '%s\n' http://example.org/a http://localhost:8123/b http://example.org/big http://example.org/inner \
    http://example.org/../../c http://example.org/%2e%2e/%2fetc file:///etc/passwd > given.txt
  run_it
  exits 1
  same "$(values status report.csv | grep -c '^200$')" 4 # and one of them is too large
  same "$(values error report.csv | grep -c -- --public-only)" 2
  same "$(values error report.csv | grep -c -- '--max-size 10M')" 1
  same "$(values error report.csv | grep -c 'scheme file')" 1
  same "$(find . -type f | grep -vc '^./in/')" 2 # the list and the report
  same "$(find in -type f | wc -l)" 3
  same "$(asked /secret)" ''
  [[ $line == *' --timeout 1m '* ]] || fail "no time limit"
}

@test "man page: what would be asked for" {
  take 'distaff fetch --dry-run *'
  run_it
  exits 0
  prints "curl https://example.org/"{a,b}/{1,2}
  same "$(asked)" ''
}

@test "no line of README, man page or help is left out here" {
  sort -u "$BATS_FILE_TMPDIR/plain" > lines
  [ "$(wc -l < lines)" -ge 20 ] || fail "where are the lines? $(< lines)"
  sed -n "s/^  take \(['\"].*['\"]\)$/\1/p" "$BATS_TEST_FILENAME" > patterns
  while IFS= read -r one; do
    found=0
    while IFS= read -r pattern; do
      eval "pattern=$pattern"
      # shellcheck disable=SC2053 # it is a pattern
      if [[ $one == $pattern ]]; then found=$((found + 1)); fi
    done < patterns
    [ "$found" = 1 ] || fail "$found tests are for the line: $one"
  done < lines
  # Nor does one stand where it is not looked for, as within a sentence.
  { cat "$ROOT/README.md"; plain_man < "$ROOT/man/distaff-fetch.1"; plain_man < "$ROOT/man/distaff.1"; helps; } |
    grep -oE 'distaff fetch (-[^-]|--[^h]|[a-z]+:)' | wc -l > shown
  grep -zoE 'distaff fetch (-[^-]|--[^h]|[a-z]+:)' "$BATS_FILE_TMPDIR/lines" | tr '\0' '\n' | wc -l > taken
  same "command lines: $(< shown)" "command lines: $(($(< taken) - 1))" # the recipe's stands in no text
}

# ---- what the lines rest upon: names of URLs, and bodies that are whole

@test "--name '{/}': whatever a URL says, its file is one in the directory, and no other is replaced" {
  mkdir -p deep/out
  long=$(printf 'x%.0s' {1..300})
  printf 'http://example.org/%s\n' 'a%2F..%2F..%2Fb' '..%2F..%2F' 'n%00l%0Al' 'e%1B[2J' "$long.tar.gz" \
    '%C3%BC' '%FF' 'q?x=../../y' 'dir/' 'dir/dir' '100%25' 'h%20%20i' 'end.' 'x/.%2E/up' '%2Edistaff' > urls
  run_it "distaff fetch -k --output-dir deep/out --name '{/}' -a urls > report.csv"
  exits 1
  same "$(find . -type f ! -path './deep/out/*' | sort)" $'./report.csv\n./urls'
  find deep/out -type f -printf '%P\n' | LC_ALL=C sort > names
  grep -q "^x\{100,\}.*~[0-9a-f]\{16\}\.gz$" names || fail "the long name is not there: $(< names)"
  same "$(grep -v '^xxx' names)" "$(printf '%s\n' '%FF' '100%' ..%2F..%2F 'a%2F..%2F..%2Fb' dir e%1B[2J end. \
    'h  i' n%00l%0Al q up ü | LC_ALL=C sort)"
  values error report.csv | grep . > errors
  same "$(grep -c "'dir' was already written for another URL" errors)" 1
  same "$(grep -c "begins with .distaff" errors)" 1
  # What leads up is no name, whether it is seen in the URL or by its server.
  run_it "distaff fetch --output-dir deep/out/in --name 'x/{/}' http://example.org/{..,%2E%2E,%2e./,a/%2E.} > report.csv"
  find deep/out/in -type f ! -path '*/.distaff/*' | grep -vx deep/out/in/x/index && fail "they are names"
  # Into an archive just so.
  run_it "distaff fetch -k --archive a.sqlar --name '{/}' -a urls > report.csv"
  exits 1
  same "$(sqlite3 a.sqlar 'select name from sqlar' | LC_ALL=C sort)" "$(< names)"
}

@test "--body: of what breaks off nothing is printed, however it breaks and whatever comes then" {
  site=http://example.org
  seq 200 | gzip > packed
  printf '%s\n' "$site/one" "$site/cut?n=900&of=4096" "$site/range/3000?cut=1000&$BATS_TEST_NUMBER" \
    "$site/encoded?file=$PWD/packed&as=gzip&how=chunked&cut=90" "$site/encoded?file=$PWD/packed&as=gzip" \
    "$site/long" "$site/endless" "$site/two" > urls
  { yes /one | head -c 300; seq 200; yes /two | head -c 300; } > whole
  run_it "distaff fetch -k --body --max-size 10k -a urls"
  exits 1
  cmp whole "$kept/stdout"
  # With another try the one that is whole by then is printed once; nobody else gets in between.
  sed -i "s|cut=1000|cut=1001|" urls
  run_it "distaff fetch -k --body --max-size 10k --retries 1 --retry-delay 1ms -a urls"
  exits 1
  yes "/range/3000?cut=1001&$BATS_TEST_NUMBER" | head -c 3000 > again
  { head -c 300 whole; cat again; tail -c +301 whole; } | cmp - "$kept/stdout"
  # In any order.
  run_it "distaff fetch --body --max-size 10k -a urls | sort | uniq -c | tr -s ' '"
  exits 0
  cat whole again | sort | uniq -c | tr -s ' ' | cmp - "$kept/stdout"
}

@test "--body: what is not as its server says is printed as it came, with a warning" {
  printf 'plain text\n' > plain
  run_it "distaff fetch --body 'http://example.org/encoded?file=$PWD/plain&as=gzip'"
  exits 0
  prints 'plain text'
  says 'distaff: warning: job 1: http://example.org/encoded' 'is no gzip, kept as it came'
}

@test "--body: where there is no room for one, it is printed as it comes, and nothing behind it if it breaks off" {
  bounds='--hold-memory 20k --spill-limit 0 -j 1'
  run_it "distaff fetch -k --body $bounds http://example.org/size/200000 http://example.org/a"
  exits 0
  says 'there is no room to hold its output'
  { yes /size/200000 | head -c 200000; yes /a | head -c 300; } | cmp - "$kept/stdout"
  for more in '' '--retries 2 --retry-delay 1ms'; do
    rm -f j
    cut="/range/200000?cut=150000&${#more}"
    run_it "distaff fetch -k --body $bounds $more --journal j http://example.org{/b,'$cut',/a}"
    exits 3
    says 'job 2 broke off, and what came of it is printed' 'nothing is printed behind it'
    yes /b | head -c 300 | cmp -n 300 - "$kept/stdout"
    yes "$cut" | cmp -n 100000 - <(tail -c +301 "$kept/stdout")
    [ "$(wc -c < "$kept/stdout")" -le 150300 ] || fail "something stands behind it"
    same "$(grep -c '"outcome":"success"' j)" 1
  done
}

@test "--body: of what a signal ends nothing is printed" {
  start "${within[@]}" distaff fetch --body http://example.org/a 'http://example.org/drip?ms=20'
  wait_for eval '[ "$(wc -c < "$kept/stdout")" = 300 ]'
  wait_for within sh -c 'ss -tn state established | grep -q :80'
  kill -INT "$pid"
  finish
  exits 130
  is_pattern "$kept/stdout" /a 300
}
