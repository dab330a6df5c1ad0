# `distaff fetch` and what servers say of themselves: robots.txt that fails, Retry-After, cookies,
# redirects; and files of cookies and certificates that are none.

load helpers
load fetch_server

# values NAME: of a column of the report, with blanks between them.
values() {
  python3 - "$1" "$kept/stdout" << 'EOF'
import csv, sys
with open(sys.argv[2], newline="") as report:
    print(*(row[sys.argv[1]] for row in csv.DictReader(report)))
EOF
}

# asked TARGET: how often, as the server saw it.
asked() {
  awk -F '\t' -v target="$1" '$7 == target' log | wc -l
}

@test "a robots.txt that fails for a moment is asked for again, once for all URLs of its server" {
  printf 'User-agent: *\nDisallow: /size/1\n' > robots
  serve --hosts 4 --robots 127.0.0.1=503,503,robots --robots 127.0.0.2=429,429,robots \
    --robots 127.0.0.3=drop,drop,robots --robots 127.0.0.4=cut,cut,robots
  for i in 1 2 3 4; do echo "http://127.0.0.$i:$port/size/"{1,2,3,4}; done | tr ' ' '\n' > urls
  try distaff fetch -k --robots --retries 2 --retry-delay 1ms -a urls
  exits 1
  same "$(values status)" ' 200 200 200  200 200 200  200 200 200  200 200 200'
  same "$(values attempts)" '1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'
  same "$(asked /robots.txt)" 12
}

@test "a robots.txt that asks for a wait with Retry-After gets it, of each server for itself" {
  serve --hosts 2 --robots "127.0.0.1=503+1,404"
  begin=$(clock)
  try distaff fetch -k --robots -j 1 --retries 1 --retry-delay 1ms "http://$at/size/1" \
    "http://$at/size/2" "http://127.0.0.2:$port/size/3"
  exits 0
  [ $(($(clock) - begin)) -ge 1000000 ] || fail "the server was not obeyed"
  awk -F '\t' '$7 == "/size/3" {other = $2} $7 == "/robots.txt" && $4 == "127.0.0.1" {
      if (!busy) busy = $2; else again = $1
    } END {exit !(again >= busy + 990000000 && other < again)}' log
}

@test "a robots.txt that cannot be had forbids all, and is asked for no more" {
  serve --hosts 2 --robots "127.0.0.1=502"
  try distaff fetch -k --robots --retries 2 --retry-delay 1ms "http://$at/size/1" \
    "http://$at/size/2" "http://$at/size/3" "http://$at/size/4" "http://$at/size/5" \
    "http://$at/size/6" "http://127.0.0.2:$port/size/7"
  exits 1
  same "$(values status)" '      200'
  same "$(grep -c 'not allowed: robots.txt of 127.0.0.1 could not be read (HTTP 502, 3 tries)' "$kept/stdout")" 6
  same "$(awk '$4 == "127.0.0.1"' log | wc -l)" 3
  # What is not tried again as a request is not as a robots.txt.
  : > log
  try distaff fetch --robots --retries 2 --retry-on connect "http://$at/size/1"
  exits 1
  same "$(asked /robots.txt)" 1
}

@test "a robots.txt that hangs stalls its server's URLs once, not each of them" {
  serve --robots never
  for i in 1 2 3 4 5 6 7 8 9; do echo "http://$at/size/$i"; done > urls
  try distaff fetch -k --robots --parallelism 1 --stall-timeout 300ms -a urls
  exits 1
  same "$(grep -c 'robots.txt of 127.0.0.1 could not be read (nothing came for' "$kept/stdout")" 9
  logged 1
  same "$(asked /robots.txt)" 1
  # Nor where the time of the job that asks is over.
  : > log
  try distaff fetch -k --robots --parallelism 1 --timeout 300ms -a urls
  exits 1
  same "$(grep -c 'robots.txt of 127.0.0.1 could not be read (it took too long)' "$kept/stdout")" 8
  logged 1
  same "$(asked /robots.txt)" 1
}

@test "a Retry-After without bounds is the longest wait that is allowed" {
  serve
  for seconds in 99999999999999999999 9223372036854775808; do
    begin=$(clock)
    try distaff fetch --retries 1 --retry-delay 1ms --max-retry-after 400ms \
      "http://$at/flaky/$seconds?retry-after=$seconds"
    exits 0
    [ $(($(clock) - begin)) -ge 400000 ] || fail "the server was not obeyed"
  done
}

@test "what is no Retry-After asks for no wait" {
  serve
  for odd in 2026-11-30T10:00:00Z 120abc 1.5 1e3 -1 soon; do echo "http://$at/flaky/$odd?retry-after=$odd"; done > urls
  # A wait of one of them would end beyond this.
  try distaff fetch --parallelism 1 --retries 1 --retry-delay 1ms --max-retry-after 1h --deadline 60s -a urls
  exits 0
  same "$(values attempts)" '2 2 2 2 2 2'
}

@test "only 429 and 503 make a host wait by Retry-After" {
  serve
  # Waits that anything else would end beyond this.
  try distaff fetch -k --parallelism 1 --max-retry-after 1h --deadline 60s "http://$at/status/404?retry-after=600" \
    "http://$at/status/500?retry-after=600" "http://$at/status/301?retry-after=600" "http://$at/size/1"
  exits 1
  same "$(values status)" '404 500 301 200'
}

@test "a retry comes no earlier than any other request of the group" {
  serve
  echo '{"rules": [{"match": "", "retries": 2, "throttle": "300ms"}]}' > rules.json
  for how in '--throttle 300ms --retries 2' '--rules rules.json'; do
    : > log
    try distaff fetch $how --retry-delay 1ms "http://$at/status/500"
    exits 1
    logged 3
    awk -v FS='\t' 'NR > 1 && $1 - last < 300000000 { exit 1 } { last = $2 }' log || fail "too early: $(cat log)"
  done
}

@test "name and password of a URL go on to the same server, and to no other" {
  serve --hosts 2
  there="http://joe:pw@$at/to?u=http:/"
  try distaff fetch --body "$there/$at/echo"
  exits 0
  grep -qi '"authorization", "basic am9lOnB3"' "$kept/stdout"
  try distaff fetch --body "$there/127.0.0.2:$port/echo"
  exits 0
  ! grep -i authorization "$kept/stdout" || fail "the other host got it"
}

@test "a site that sets a cookie and redirects to itself is fetched" {
  serve --hosts 2
  try distaff fetch -k --body "http://$at/wall"
  exits 0
  prints 'behind the wall'
  # It goes to nobody else.
  try distaff fetch -k --body "http://$at/wall?to=http://127.0.0.2:$port/echo"
  exits 0
  ! grep -i cookie "$kept/stdout" || fail "the other host got it"
}

@test "a circle of redirects with cookies for others names the jar, which helps" {
  serve
  there="http://b.site.example:$port/wall%3Fas=;Path=/x"
  url="http://a.site.example:$port/wall?as=;Path=/;Domain=site.example&to=$there"
  try distaff fetch --resolve "*:$port:127.0.0.1" "$url"
  exits 1
  grep -q 'more than 10 redirects (--max-redirects).*--cookie-jar FILE' "$kept/stdout"
  try distaff fetch --resolve "*:$port:127.0.0.1" --cookie-jar jar "$url"
  exits 0
}

@test "redirects: 300 too, and statuses that nobody knows" {
  serve
  try distaff fetch -k "http://$at/to?status=300&u=/hello" "http://$at/status/999"
  exits 1
  same "$(values status)" '200 999'
  try distaff fetch -k --ok 2xx,600-999 "http://$at/status/999" "http://$at/status/600"
  exits 0
}

@test "files that are no cookies and no certificates are errors of the command line" {
  printf '<html>no such page</html>\n' > page.html
  for option in --cookie --cacert --cert; do
    try distaff fetch $option page.html http://127.0.0.1:1/
    exits 2
    prints
    one_line
    says "$option 'page.html': "
  done
  for proxy in 'http://u:x@' http://h:99999 http://u:pa/x@h http://:3128 h:port 'http://[::1]:0'; do
    try distaff fetch --proxy "$proxy" http://127.0.0.1:1/
    exits 2
    one_line
    says "is no proxy"
    ! grep x@ "$kept/stderr" || fail "the password is shown"
  done
  try distaff fetch --cookie-jar no/such/jar http://127.0.0.1:1/
  exits 2
  says "--cookie-jar: "
}

@test "a 205 that has a body after all keeps it" {
  serve
  try distaff fetch --output-dir out "http://$at/status/205"
  exits 0
  same "$(find out -type f -exec cat {} +)" status
  try distaff fetch --body "http://$at/status/205"
  prints status
  try distaff fetch -X HEAD --output-dir none "http://$at/status/205"
  exits 0
  same "$(find none -type f)" ''
}

@test "--stall-timeout: what comes and then stops has little more time than what never comes" {
  serve
  try distaff fetch -k --stall-timeout 4s "http://$at/never" "http://$at/never?head=1"
  exits 1
  values seconds > took
  python3 -c "never, stopped = map(float, open('took').read().split()); exit(stopped > 1.75 * never)" || fail "$(cat took)"
}

@test "-j 0: connections that rest make room for new ones, and so do lookups of names" {
  serve
  for i in $(seq 300); do echo "http://h$i.test:$port/slow?ms=20&$i"; done > urls
  try bash -c "ulimit -n 80; exec distaff fetch -j 0 --resolve '*:$port:127.0.0.1' -a urls"
  exits 0
  same "$(values status | tr ' ' '\n' | sort | uniq -c | tr -d ' ')" 300200
  sed 's|http://\(.*\):.*|127.0.0.1 \1|' urls > hosts
  for limit in 80 200; do
    try unshare -rm bash -c "mount --bind hosts /etc/hosts && ulimit -n $limit && exec distaff fetch -j 0 -a urls"
    exits 0
    same "$(values status | tr ' ' '\n' | sort | uniq -c | tr -d ' ')" 300200
  done
}

@test "answers that are none are told apart" {
  serve
  try distaff fetch -k "http://$at/cut-head" "http://$at/cut-head?only=100" "http://$at/bad-chunk"
  exits 1
  cut='body broke off: the head broke off'
  same "$(values error)" \
    "$cut $cut bad response: illegal or missing hexadecimal sequence in chunked-encoding"
  # The proxy says no.
  try distaff fetch --proxy "http://$at" https://example.org/
  exits 1
  same "$(values error)" "no connection: the proxy makes no tunnel: response 404 (--proxy)"
}
