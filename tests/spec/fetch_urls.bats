# URLs as people and servers write them: names in other scripts, blanks, spellings that mean the same, values
# that try to leave their place, and lists from Windows.

load helpers
load fetch_server

# values NAME [FILE]: of a column of a report, stdout of the last `try` if no file is named.
values() {
  python3 - "$1" "${2:-$kept/stdout}" << 'EOF'
import csv, sys
csv.field_size_limit(1 << 30)
for row in csv.DictReader(open(sys.argv[2], newline="", encoding="utf-8", errors="surrogateescape")):
    print(row[sys.argv[1]])
EOF
}

# here HOST...: options that lead these to the server.
here() {
  local host
  hosts=()
  for host; do hosts+=(--resolve "$host:$port:127.0.0.1"); done
}

@test "names in other scripts are asked for as DNS has them, in every locale" {
  serve
  # What is written, and the Host that comes of it.
  cat > table << 'EOF'
bücher.test xn--bcher-kva.test
BÜCHER.Test xn--bcher-kva.test
b%C3%BCcher.test xn--bcher-kva.test
b%c3%bccher%2Etest xn--bcher-kva.test
bücher.test xn--bcher-kva.test
xn--bcher-kva.test xn--bcher-kva.test
XN--BCHER-KVA.TEST xn--bcher-kva.test
straße.test xn--strae-oqa.test
STRAẞE.test strasse.test
faß.de xn--fa-hia.de
βόλος.com xn--nxasmm1c.com
ΒΌΛΟΣ.com xn--nxasmq6b.com
ශ්‍රී.com xn--10cl1a0b660p.com
نامه‌ای.com xn--mgba3gch31f060k.com
日本語。test xn--wgv71a119e.test
日本語．test xn--wgv71a119e.test
日本語｡テスト xn--wgv71a119e.xn--zckzah
ｅｘａｍｐｌｅ.ｔｅｓｔ example.test
ﬁ.test fi.test
𝒶.test a.test
Å.test xn--5ca.test
K.test k.test
İ.test xn--i-9bb.test
l·l.test xn--ll-0ea.test
אבג.test xn--4dbcd.test
א1.test xn--1-zhc.test
실례.테스트 xn--9n2bp8q.xn--9t4b11yi5a
उदाहरण.परीक्षा xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g
مثال.إختبار xn--mgbh0fb.xn--kgbechtv
пример.испытание xn--e1afmkfd.xn--80akhbyknj4f
食狮.公司.cn xn--85x722f.xn--55qx5d.cn
𐀀.test xn--2n7c.test
a­b.test ab.test
a_b.bücher.test a_b.xn--bcher-kva.test
r3---sn-x.bücher.test r3---sn-x.xn--bcher-kva.test
r3---sn-x.test r3---sn-x.test
a_b.test a_b.test
x-.test x-.test
xn--i-7iq.ws xn--i-7iq.ws
xn--ls8h.la xn--ls8h.la
💩.la xn--ls8h.la
i❤.ws xn--i-7iq.ws
☃.TEST xn--n3h.test
xn--zca.test xn--zca.test
bücher.test. xn--bcher-kva.test.
EOF
  printf '%s\n' "１２７.0.0.1 127.0.0.1" "①②⑦。0.0.1 127.0.0.1" "127.1 127.0.0.1" "0x7F.1 127.0.0.1" >> table
  sed "s|^\([^ ]*\) .*|http://\1:$port/size/1|" table > urls
  sed "s|.* \(.*\)|\1:$port|" table > wanted
  here $(awk '{print $2}' table | sort -u)
  for locale in C C.UTF-8; do
    LC_ALL=$locale try distaff fetch -k -j 8 "${hosts[@]}" -a urls
    exits 0
    silent
    same "$(values url)" "$(< urls)" # as it was given
    same "$(values final_url)" "$(sed 's|.*|http://&/size/1|' wanted)"
  done
  logged $((2 * $(wc -l < urls)))
  same "$(cut -f 5 log | sort -u)" "$(sort -u wanted)"
}

@test "the vectors of UTS 46 that libidn2 passes are hosts as they say, and groups" {
  serve
  "$BATS_TEST_DIRNAME"/../support/uts46_vectors > table
  [ "$(wc -l < table)" -ge 300 ]
  sed "s|^\([^ ]*\) .*|http://\1:$port/size/1|" table > urls
  for locale in C C.UTF-8; do
    LC_ALL=$locale try distaff fetch -k -j 8 -g host --resolve "*:$port:127.0.0.1" -a urls
    exits 0
    silent
    same "$(values final_url)" "$(sed "s|.* \(.*\)|http://\1:$port/size/1|" table)"
    # However it is spelled.
    LC_ALL=$locale try distaff -k -g host -a urls ': {}; echo "$DISTAFF_GROUP"'
    exits 0
    same "$(cat "$kept/stdout")" "$(sed 's|.* ||; s|\.$||' table)"
  done
  logged $((2 * $(wc -l < urls)))
}

@test "a host that cannot be is a failed job of its own class, and says why" {
  serve
  long=$(printf 'ü%.0s' $(seq 70))
  cat > table << EOF
a‍b.test a joiner
a‌b.test a joiner
💩ß.la U+1F4A9, which IDNA does not allow there
⒈com.test U+2488
a‮b.test U+202E
�.test U+FFFD
אa.test to the left and to the right
1א.test to the left and to the right
́a.test begins with a combining mark
ab--cü.test hyphens as its third and fourth
-ü.test begins or ends with a hyphen
ü-.test begins or ends with a hyphen
$long.test longer than 63 bytes
xn--ü.test IDNA 2008 does not allow
xn--a.test 'xn--a' is the spelling of no name
XN--0.test 'xn--0' is the spelling of no name
xn--.test 'xn--' is the spelling of no name
­.test a part of it is empty
b%FCcher.test it is no UTF-8
b%C3cher.test it is no UTF-8
evil.test／x names no host
evil.test＠x names no host
＜.test names no host
a％41.test names no host
℀.test names no host
a%2Fb.test names no host
EOF
  sed 's|^\([^ ]*\) .*|http://\1/|' table > urls
  printf '%s\n' "http://a b.test/" "http://:80/" "http://$at/size/3" >> urls
  sed 's|^[^ ]* ||' table > wanted
  printf '%s\n' 'it holds a blank' 'names no host' >> wanted
  try distaff fetch -k --retries 3 --journal j -a urls
  exits 1
  says "$(wc -l < wanted) bad host"
  values error > errors
  while IFS= read -r line <&3 && IFS= read -r why <&4; do
    [[ $line == "bad host: "*"$why"* ]] || fail "expected '$why', got '$line'"
  done 3< errors 4< wanted
  same "$(values status | tail -n 1)" 200
  same "$(values attempts | sort -u)" $'0\n1'
  same "$(grep -c '"error":"bad host: ' j)" "$(wc -l < wanted)"
  logged 1
  try distaff fetch --dry-run -a urls
  exits 1
  says "$(wc -l < wanted) bad host"
  same "$(wc -l < "$kept/stdout")" 1
}

@test "one host in two spellings is one group, has one robots.txt and one rule" {
  serve
  here bücher.test
  { for i in 1 2 3; do
    for host in bücher.test BÜCHER.test xn--bcher-kva.test b%C3%BCcher.TEST bücher.test.; do
      echo "http://$host:$port/slow?ms=20&$i"
    done
  done; echo "http://$at/to?u=http://BÜCHER.test:$port/slow%3Fms=20"; } > urls
  here bücher.test xn--bcher-kva.test.
  try distaff fetch --robots --parallelism 1 "${hosts[@]}" -a urls
  exits 0
  awk -F '\t' '$5 ~ /^xn--/ {print $1, $2}' log | sort -n |
    awk '{if (NR > 1 && $1 < end) {print "overlap"; exit 1} end = $2}'
  # Curl's Host has no final dot, and so there are two origins.
  [ "$(grep -c 'xn--.*/robots.txt' log)" -le 2 ] || fail "$(grep robots log)"
  echo '{"rules":[{"match":"^xn--bcher-kva\\.test$","ok":[404]}]}' > rules
  try distaff fetch --rules rules --output none "${hosts[@]}" "http://bücher.test:$port/status/404"
  exits 0
  printf '%s\n' http://bücher.test/1 http://xn--bcher-kva.test/2 > urls
  LC_ALL=C try distaff --key host -a urls 'echo $DISTAFF_GROUP "$1"'
  exits 0
  same "$(cut -d ' ' -f 1 "$kept/stdout" | sort -u)" xn--bcher-kva.test
}

@test "URLs that mean the same have one hash, one row of --cond, and are asked for in one form" {
  serve
  cat > urls << EOF
http://$at/etag/x/~joe?b=2&a=%2F
HTTP://$at/etag/x/~joe?b=2&a=%2f
http://$at/etag/y/../x/%7Ejoe?b=%32&a=%2F#here
http://joe:pw@$at/./etag/%78/%7ejoe?b=2&%61=%2F
EOF
  try distaff fetch -k --output-dir out --name '{hash}.{#}' -a urls
  exits 0
  same "$(cut -f 7 log | sort -u)" '/etag/x/~joe?b=2&a=%2F'
  same "$(values final_url | sed -n 1,3p | sed 's/#here//' | sort -u)" "http://$at/etag/x/~joe?b=2&a=%2F"
  same "$(ls out | sed 's/\..*//' | sort | uniq -c | awk '{print $1}' | sort)" $'1\n3' # the user is another
  sed 3q "$kept/stdout" > old
  sed -n 2,3p urls | try distaff fetch -k --cond old
  exits 0
  same "$(values status)" $'304\n304'
  # What only looks alike is not.
  printf "http://$at/%s\n" size/1 size%2F1 'size/1?' 'size/1?a=1&b=2' 'size/1?b=2&a=1' Size/1 size/1// > urls
  try distaff fetch --ok 100-599 --output none -a urls
  logged 13
  same "$(cut -f 7 log | grep -i '^/size' | sort -u | wc -l)" 7
}

@test "blanks in a path or query are encoded, also where a redirect leads" {
  serve
  cat > urls << EOF
http://$at/size/7?a b&c  d
http://$at/echo/a b.html#x y
  http://$at/to?u=http://$at/echo/a b
http://$at/to?u=/echo/c d
http://$at/to?u=//$at/echo/e f?g h
EOF
  try distaff fetch -k -a urls
  exits 0
  silent
  same "$(cut -f 7 log | grep -v '^/to' | sort)" $'/echo/a%20b\n/echo/a%20b.html\n/echo/c%20d\n/echo/e%20f?g%20h\n/size/7?a%20b&c%20%20d'
  same "$(values final_url | sed -n 1p)" "http://$at/size/7?a%20b&c%20%20d"
  try distaff fetch -k --url-template "http://$at/echo/my files/{}" ::: 'x y' z
  exits 0
  same "$(values final_url)" "http://$at/echo/my%20files/x%20y"$'\n'"http://$at/echo/my%20files/z"
}

@test "a redirect to a name in another script is followed, and to one that cannot be is a bad redirect" {
  serve
  here bücher.test
  cat > urls << EOF
http://$at/to?u=http://bücher.test:$port/size/1
http://$at/to?u=//B%C3%9CCHER.test:$port/size/é
http://$at/to?u=http://💩ß.la/
http://$at/to?u=http://a b/
EOF
  LC_ALL=C try distaff fetch -k "${hosts[@]}" -a urls
  exits 1
  same "$(values final_url | sed -n 1,2p)" \
    "http://xn--bcher-kva.test:$port/size/1"$'\n'"http://xn--bcher-kva.test:$port/size/%C3%A9"
  values error > errors
  same "$(grep -c '^bad redirect: redirect to ' errors)" 2
  grep -q 'names no host that could be asked: it holds U+1F4A9' errors
  grep -q 'names no host that could be asked: it holds a blank' errors
}

@test "a value of --url-template never leaves its place in the path" {
  serve
  printf '%s\n' ../admin .. . %2e%2e .%2E x/../../admin '..\admin' ok .hidden v1..2 'a/b' '?x#y%' > ids
  try distaff fetch -k --url-template "http://$at/echo/items/{}" -a ids
  exits 1
  says '7 could not start'
  same "$(values status | tr '\n' ,)" ,,,,,,,200,200,200,200,200,
  same "$(values error | grep -c 'of a part of the path, which leads elsewhere')" 7
  same "$(cut -f 7 log | sort)" $'/echo/items/%3Fx%23y%25\n/echo/items/.hidden\n/echo/items/a/b\n/echo/items/ok\n/echo/items/v1..2'
  try distaff fetch --output none --url-template "http://$at/{1}{2}/x" ::: . ::: . ''
  exits 1
  says '2 could not start'
  try distaff fetch --output none --url-template "http://$at/echo/.{}" ::: '' . h
  exits 1
  says '2 of 3 jobs failed: 2 could not start'
}

@test "a value of --url-template behind a part of the host makes no other host of it" {
  serve
  try distaff fetch --output none --url-template 'http://good.example{}' ::: .evil.example x.evil.example 。evil.example
  exits 1
  says '3 could not start' "the value '.evil.example' behind 'http://good.example' would name another host"
  logged 0
  # Where it is the host, or the first part of it, dots are meant.
  for template in 'http://{}/' "http://{}.example:$port/" "http://www.{}:$port/" "http://a{}.example:$port/x"; do
    try distaff fetch --dry-run --url-template "$template" ::: a.b
    exits 0
  done
  try distaff fetch --dry-run --url-template 'http://{1}{2}/' ::: www ::: .example.test
  prints 'curl http://www.example.test/'
  try distaff fetch --dry-run --url-template 'http://a{1}{2}.test/' ::: b.c ::: d
  prints 'curl http://ab.cd.test/'
  try distaff fetch --output none --url-template 'http://good.example{1}{2}' ::: '' ::: .evil
  exits 1
  says '1 could not start'
  try distaff fetch --dry-run --url-template 'http://node{}:81/' ::: 7
  prints 'curl http://node7:81/'
}

@test "a URL that is too long for any request fails alone" {
  serve
  {
    echo "http://$at/size/1"
    python3 -c "print('http://$at/' + 'a' * 1100000)"
    python3 -c "print('http://' + 'a' * 70000 + '/')"
    echo "http://$at/size/2"
  } > urls
  try distaff fetch -k -a urls
  exits 1
  same "$(values status | tr '\n' ,)" 200,,,200,
  values error | grep -q 'its URL and header lines have [0-9]* bytes, and no more than 1000000 can be sent'
  says '1 bad host' '1 could not start'
  # So does a header that a record makes.
  python3 -c "print('x' * 1100000); print('y')" > values
  try distaff fetch -k --url-template "http://$at/size/3?{#}" -H 'X: {}' -a values
  exits 1
  same "$(values status | tr '\n' ,)" ,200,
}

@test "a list from Windows is read as it is meant" {
  serve
  printf '\xef\xbb\xbfhttp://%s/size/1\r\n\r\n \t\r\nhttp://%s/size/2 \r\nhttp://%s\r\n' "$at" "$at" "$at" > urls
  printf '\n  \n\thttp://%s/size/3\n' "$at" > more
  try distaff fetch -k --ok 200,404 --failed-to again -a urls -a more
  exits 0
  silent
  same "$(values url)" "http://$at/size/1"$'\n'"http://$at/size/2"$'\n'"http://$at"$'\n'"http://$at/size/3"
  try distaff fetch -k --ok 200,404 :::: urls
  exits 0
  silent
  same "$(values url | wc -l)" 3
  # The group of all of them is their host.
  for i in 1 2 3 4 5; do printf ' http://%s?%s\r\n' "$at" "$i"; done > urls
  try distaff fetch --parallelism 1 --ok 404 --stats -a urls
  exits 0
  says '127.0.0.1'
  printf 'http://%s/size/1\r\n' "$at" | iconv -t UTF-16 > wide
  try distaff fetch -a wide
  exits 2
  says 'UTF-16' 'iconv'
  printf 'http://%s/size/1\r\n' "$at" | iconv -t UTF-16LE | try distaff fetch
  exits 1
  says 'looks like UTF-16: iconv'
  # Where the line is only a part of the URL, a CR is one, as in commands.
  printf '1\r\n' | try distaff fetch --url-template "http://$at/size/{}"
  says "use -d '\\r\\n'"
}

@test "a comment in a list is a failed job that says so" {
  serve
  printf '%s\n' '# mirrors' "http://$at/size/1" '#' '  #http://x/' > urls
  try distaff fetch -k -a urls
  exits 1
  same "$(values status | tr '\n' ,)" ,200,,,
  same "$(values error | grep -c "is a comment and no URL; leave it out, as grep -v '^#' does")" 3
}

@test "hosts of --resolve and --proxy may be in other scripts, and what is none is refused" {
  serve
  here BÜCHER.test
  LC_ALL=C try distaff fetch "${hosts[@]}" --key ip http://bücher.test:$port/size/1
  exits 0
  LC_ALL=C try distaff fetch --proxy "http://bücher.test:$port" "${hosts[@]}" http://nobody.test/size/1
  exits 0
  same "$(cut -f 7 log)" $'/size/1\nhttp://nobody.test/size/1'
  refuses "--resolve '💩ß.la:80:127.0.0.1': '💩ß.la' is no name of a host: it holds U+1F4A9" -- \
    fetch --resolve 💩ß.la:80:127.0.0.1 http://h/
  refuses "--proxy: 'a<b' is no name of a host" -- fetch --proxy 'http://a<b:1' http://h/
}
