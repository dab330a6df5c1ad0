# The command line of `distaff fetch`.  The unit tests say what each option means; here is that the
# program takes all of them, and what it answers to those it does not.  Nothing is sent.

load helpers

# takes ARG...: `distaff fetch --dry-run ARG...` has no complaint.
takes() {
  try distaff fetch --dry-run "$@"
  exits 0
  silent
}

@test "fetch is a program of its own, beside ours" {
  try distaff fetch --version
  exits 0
  prints "$(distaff --version)"
  # By its real path: through a link from anywhere.
  mkdir bin
  ln -s "$(readlink -f "$DISTAFF")" bin/spindle
  try bin/spindle fetch -V
  exits 0
  # As it is installed.
  mkdir -p usr/bin usr/libexec/distaff
  cp "$DISTAFF" usr/bin/distaff
  ln -s "$(dirname "$(readlink -f "$DISTAFF")")/libexec/distaff/distaff-fetch" usr/libexec/distaff/
  try usr/bin/distaff fetch -V
  exits 0
}

@test "fetch that is not there, or no program, or of another version" {
  mkdir -p usr/bin usr/libexec/distaff
  cp "$DISTAFF" usr/bin/distaff
  try usr/bin/distaff fetch http://127.0.0.1/
  exits 127
  prints
  one_line
  says "distaff: fetch: there is no $PWD/usr/libexec/distaff/distaff-fetch; the package distaff has it"
  touch usr/libexec/distaff/distaff-fetch
  try usr/bin/distaff fetch http://127.0.0.1/
  exits 126
  says "distaff: fetch: $PWD/usr/libexec/distaff/distaff-fetch: Permission denied"

  fetch=$(dirname "$(readlink -f "$DISTAFF")")/libexec/distaff/distaff-fetch
  try "$fetch" --started-by=9.9.9 http://127.0.0.1/
  exits 2
  prints
  one_line
  says 'distaff: fetch: this distaff-fetch is of version 0.1.0, and the distaff that started it of 9.9.9'
  try "$fetch" --version
  exits 0
}

@test "a program named fetch" {
  printf '#!/bin/sh\necho I am fetch "$@"\n' > fetch
  chmod +x fetch
  PATH=$PWD:$PATH try distaff run fetch ::: a
  exits 0
  prints 'I am fetch a'
}

@test "help" {
  try distaff fetch --help
  exits 0
  silent
  [ "$(wc -l < "$kept/stdout")" -le 24 ] || fail "more than one screen"
  cp "$kept/stdout" help
  try distaff fetch -h
  exits 0
  prints "$(< help)"
  try distaff fetch --help-all
  exits 0
  silent
  grep -q -e '--public-only' "$kept/stdout" || fail "expected all options"
  ! grep -q -e '--shell' "$kept/stdout" || fail "an option of distaff run"
}

@test "input: lines, ends, tables, fields" {
  printf 'http://h/1\nhttp://h/2\n' > urls
  takes -a urls
  takes --input urls --keep-empty --total 2
  printf 'http://h/1\0http://h/2\0' > nul
  takes -0 -a nul
  takes --null -a nul
  printf 'http://h/1;http://h/2' > semi
  takes -d ';' -a semi
  takes --delimiter ';' -a semi
  printf 'id,link\n1,http://h/1\n' > t.csv
  takes --csv -a t.csv link
  tr , '\t' < t.csv > t.tsv
  takes --tsv -a t.tsv link
  takes --csv --no-header -a t.csv --url-template 'http://h/{1}'
  printf '1,http://h/1\n2,http://h/2\n' > bare.csv
  takes --csv --no-header -a bare.csv 2
  prints 'curl http://h/1' 'curl http://h/2'
  echo '{"link": "http://h/1"}' > t.jsonl
  takes --jsonl -a t.jsonl link
  takes -a urls --split / --url-template 'http://h/{4}'
  takes -a urls --match '(?P<n>\d)$' --no-match skip --url-template 'http://h/{n}'
  try distaff fetch --csv -a t.csv --fields
  exits 0
  prints id link
}

@test "requests and connections" {
  touch body cookies jar c.pem k.pem ca.pem netrc
  takes -X PUT -H 'Accept: text/html' --data '{}' http://h/
  takes --request POST --header 'X-Id: {}' --header 'X-Empty;' --data @body http://h/
  takes --cookie 'a=b; c=d' --cookie-jar jar http://h/
  takes --http 1.1 --protocols https,http --netrc --proxy http://127.0.0.1:3128 http://h/
  takes --netrc-file netrc --cert c.pem --cert-key k.pem --cacert ca.pem https://h/
  takes --resolve h:80:127.0.0.1 --resolve '*:443:[::1]' --interface lo http://h/
  takes --public-only --max-redirects 0 --connect-timeout 5s --stall-timeout 10s http://h/
  try distaff fetch --dry-run --insecure https://h/
  exits 0
}

@test "--dry-run prints all that changes what is sent" {
  touch jar c.pem k.pem ca.pem netrc
  echo '# Netscape HTTP Cookie File' > jar
  try distaff fetch --dry-run --cookie 'a=b; c=d' --user-agent "it's me" --http 1.1 --netrc \
    --netrc-file netrc --proxy http://127.0.0.1:3128 --resolve h:80:127.0.0.1 --interface lo --insecure \
    -X PUT -H 'X: y' --data d http://h/
  local line="curl --http1.1 -A 'it'\\''s me' -b 'a=b; c=d' --netrc-optional --netrc-file netrc"
  line+=" -x http://127.0.0.1:3128 -k --resolve h:80:127.0.0.1 --interface lo"
  prints "$line -X PUT -H 'X: y' --data-raw d http://h/"
  try distaff fetch --dry-run --cookie-jar new --max-redirects 3 --stall-timeout 3s -j 3 http://h/
  prints 'curl http://h/'
}

@test "limits and manners" {
  echo '{"rules": [{"match": "^h$", "ok": [200, 404], "parallelism": 2}]}' > rules.json
  takes -j 4 --delay 1ms -g domain --parallelism 2 --rules rules.json http://h/
  takes --jobs 4 --key host --rate 10/s --buffer-size 10 http://h/
  takes -P 4 --throttle 1s..2s http://h/
  takes --polite --contact me@example.org --max-retry-after 1m http://h/
  takes --robots --adaptive --user-agent 'me/1.0' http://h/
}

@test "bodies and the report" {
  echo 'url,etag' > old.csv
  takes --output-dir d --name '{hash}{ext}' --max-size 1M --cond old.csv http://h/
  takes --archive a.sqlar --stats -k http://h/
  takes --body --keep-order http://h/
  takes --output json --hold-memory 1M --spill-dir . --spill-limit 1M http://h/
  absent d a.sqlar
}

@test "failures, journal, cron, progress" {
  takes --ok 2xx,404 --retries 2 --retry-delay 1s..2s --retry-on connect,5xx --retry-unsafe http://h/
  takes --timeout 10s --deadline 1h --on-error stop --halt now,fail=3 http://h/
  takes --journal j --resume --skip-failed --id '{}' --failed-to f --joblog l http://h/
  takes --lock "fetch-options-$$" --lock-wait 1s --stamp s --metrics m http://h/
  takes --progress none --progress-interval 5s --log-level warn --log-format json --log-file log http://h/
  takes --quiet -t http://h/
  takes --trace --quiet-unless-failed http://h/
  echo '{"polite": true, "header": ["A: b"], "timeout": "5s"}' > c.json
  takes --config c.json http://h/
}

@test "options of distaff run, of curl and of wget, are answered with what to write" {
  refuses '--shell: this is of distaff run; URLs need no shell' -- fetch --shell bash http://h/
  refuses '-o: here --output-dir DIR' -- fetch -o x http://h/
  refuses '-L: not needed' -- fetch -L http://h/
  refuses '--max-time: here --timeout D' -- fetch --max-time 3 http://h/
  refuses "-P: 'pages' is no number of jobs" "wget's -P is --output-dir here" -- fetch -P pages
  refuses '--polite: this is of distaff fetch, whose jobs are URLs; -g host --throttle 1s' -- --polite touch ran
}

@test "options that do not go together" {
  refuses '--name names files of bodies; add --output-dir DIR' -- fetch --name x http://h/
  refuses '--output-dir and --body: bodies go to one place' -- fetch --body --output-dir d http://h/
  refuses '--public-only and --proxy' -- fetch --public-only --proxy p:1 http://h/
  refuses "'-': without words URLs are read from stdin" -- fetch -
  refuses "only one word goes with --csv" -- fetch --csv t.csv url
  echo '{"shell": "bash"}' > c.json
  refuses 'c.json:1:2: "shell": this is of distaff run' -- fetch --config c.json http://h/
}

@test "a rules file with a mistake" {
  echo '{"rules": [{"match": "", "ok": [0]}]}' > r.json
  refuses "r.json:1:33: rules[0].ok[0]: '0' is no whole number from 100 to 999" -- fetch --rules r.json http://h/
}

@test "fetch: a column and fields may have any name" {
  printf '{"the url":"http://h/1","a\\nb":"http://h/2","host":"x","@id":"7"}\n' > j
  try distaff fetch --dry-run --jsonl -a j 'the url'
  prints 'curl http://h/1'
  silent
  try distaff fetch --dry-run --jsonl -a j '"a\nb"'
  prints 'curl http://h/2'
  try distaff fetch --dry-run --jsonl -a j --url-template 'http://{"host"}/{@id}' --header 'X: {the url}' \
    --name '{"host"}/{@id}{ext}' --output-dir out --key 'the url' --id '{@id}' --journal log
  prints "curl -H 'X: http://h/1' http://x/7"
  try distaff fetch --dry-run 'http://h/?f[]=1&r={a,b}'
  prints "curl -g 'http://h/?f[]=1&r={a,b}'"
  silent
  try distaff fetch --dry-run --jsonl -a j --header 'X: {the uri}' 'the url'
  one_line
  says '{the uri}' 'the url'
}
