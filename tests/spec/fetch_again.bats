# `distaff fetch` once more for the same URLs: --cond, and what a report keeps of its input and
# of secrets.

load helpers
load fetch_server

# values NAME... : of these columns of a report, a line for each row, joined by |; of stdout of the last
# `try`, or of $report.  Of JSON lines too.
values() {
  python3 -S - "${report:-$kept/stdout}" "$@" << 'END'
import csv, json, sys
file = open(sys.argv[1], newline="", encoding="utf-8", errors="surrogateescape")
first = file.read(1)
file.seek(0)
for row in map(json.loads, file) if first == "{" else csv.DictReader(file):
    print(*("" if row.get(name) is None else row[name] for name in sys.argv[2:]), sep="|")
END
}

# again DAY OPTION...: the fetch of that day, on the condition of the report of the day before.
again() {
  local day=$1
  shift
  try distaff fetch -k -a urls --cond "day$((day - 1))" "$@"
  cp "$kept/stdout" "day$day"
}

@test "--cond: day after day an unchanged URL is asked on a condition, and its row is whole" {
  serve
  echo one > one.txt
  echo two > two.txt
  printf "http://$at/page/%s\n" 'one.txt?type=text/plain' 'two.txt?by=date' > urls
  local form rows day
  for form in csv json; do
    rm -rf out
    try distaff fetch -k -a urls --output "$form" --output-dir out
    exits 0
    cp "$kept/stdout" day1
    rows=$(values mime bytes path etag last_modified)
    [[ $rows == 'text/plain|4|out/'*'.txt|"'*'"|'$'\n''application/octet-stream|4|out/'*'||'*GMT ]] ||
      fail "$rows"
    for day in 2 3 4; do
      again "$day" --output "$form" --output-dir out
      exits 0
      same "$(values status mime bytes path etag last_modified)" "$(sed 's/^/304|/' <<< "$rows")"
    done
    echo new > one.txt
    again 5 --output "$form" --output-dir out
    same "$(values status | tr '\n' ' ')" '200 304 '
    same "$(cat "$(values path | head -n 1)")" new
    echo one > one.txt
  done
}

@test "--cond: a body that is not where the report says comes again" {
  serve
  echo one > one.txt
  printf "http://$at/page/one.txt?by=date&%s\n" 1 2 3 > urls
  try distaff fetch -k -a urls --output-dir out
  cp "$kept/stdout" day1
  values path > paths
  rm "$(sed -n 1p paths)"
  echo longer > "$(sed -n 2p paths)"
  again 2 --output-dir out
  exits 0
  same "$(values status path)" "$(paste -d '|' <(printf '200\n200\n304\n') paths)"
  same "$(xargs cat < paths | sort -u)" one
  # What was seen without its body is not fetched as long as it is the same.
  try distaff fetch -k -a urls
  cp "$kept/stdout" day1
  again 2
  same "$(values status | tr '\n' ' ')" '304 304 304 '
  again 3 --output-dir new
  same "$(values status path | tr '\n' ' ')" '304| 304| 304| '
  echo another > one.txt
  touch -d 2001-02-03 one.txt
  again 4 --output-dir new
  same "$(find new -type f | wc -l)" 3
}

@test "--cond: bodies that have other names now come again, and none is overwritten by another" {
  serve
  echo one > one.txt
  echo two > two.txt
  printf "http://$at/page/%s.txt\n" one two > urls
  try distaff fetch -k -a urls --output-dir out --name '{#}'
  cp "$kept/stdout" day1
  tac urls > turned
  mv turned urls
  again 2 --output-dir out --name '{#}'
  exits 0
  same "$(values status path)" $'200|out/1\n200|out/2'
  same "$(cat out/1 out/2)" $'two\none'
  again 3 --output-dir out --name 'n/{path}'
  same "$(values status path)" $'200|out/n/page/two.txt\n200|out/n/page/one.txt'
  again 4 --output-dir out --name 'n/{path}'
  same "$(values status | tr '\n' ' ')" '304 304 '
}

@test "--cond: an archive is asked, and keeps, what it has" {
  serve
  echo one > one.txt
  printf "http://$at/page/one.txt?type=text/plain\n" > urls
  try distaff fetch -a urls --archive a.sqlar
  cp "$kept/stdout" day1
  local row
  row=$(values path mime bytes etag)
  again 2 --archive a.sqlar
  same "$(values status path mime bytes etag)" "304|$row"
  # The archive is as good as its report; an older one does not know media types.
  for sql in '' 'ALTER TABLE distaff DROP COLUMN mime'; do
    sqlite3 a.sqlar "$sql"
    try distaff fetch -a urls --cond a.sqlar --archive a.sqlar
    exits 0
    same "$(values status path bytes)" "304|${row%%|*}|4"
    same "$(echo a.sqlar*)" a.sqlar # at rest it is one file
  done
  sqlite3 a.sqlar 'DELETE FROM sqlar'
  again 3 --archive a.sqlar
  same "$(values status)" 200
  same "$(sqlite3 a.sqlar 'SELECT mime FROM distaff')" text/plain
  again 4 --archive other.sqlar
  same "$(values status)" 200
}

@test "--joblog: how each request ended, in the columns of GNU parallel" {
  serve
  urls=("http://joe:pw@$at/size/10" "http://$at/status/404?token=x" "http://$at/status/410" 'http://[x/')
  try distaff fetch -j 1 --joblog l --ok 2xx,410 "${urls[@]}"
  exits 1
  same "$(cut -f 1,2,5-9 l | tail -n +2)" "1	:	0	10	0	0	GET http://joe:***@$at/size/10
2	:	0	7	1	0	GET http://$at/status/404?token=***
3	:	0	7	0	0	GET http://$at/status/410
4	:	0	0	1	0	GET http://[x/"
  # Only the last try has a line.
  try distaff fetch --joblog l --retries 1 --retry-delay 1ms "http://$at/flaky/x"
  exits 0
  same "$(tail -n +2 l | cut -f 6-)" "8	0	0	GET http://$at/flaky/x"
  try distaff fetch --joblog l --connect-timeout 1 "http://127.0.0.1:1/"
  exits 1
  same "$(tail -n +2 l | cut -f 6-)" "0	1	0	GET http://127.0.0.1:1/"
}

@test "--cond: a 304 that nobody asked for is a failure" {
  serve
  echo url > day1
  echo "http://$at/not-modified" > urls
  again 2
  exits 1
  values error | grep -q 'not modified (304), which was not asked' || fail "it is not said"
  try distaff fetch "http://$at/not-modified"
  exits 1
}

@test "--cond: a redirect that leads elsewhere, or a failed body, is no condition" {
  serve
  printf "http://$at/etag/x\n" > urls
  printf 'url,final_url,status,error,etag\n%s,%s,200,,"""x"""\n' "$(cat urls)" "http://$at/etag/y" > day1
  again 2
  same "$(values status)" 200
  printf 'url,final_url,status,error,etag\n%s,,200,too large,"""x"""\n' "$(cat urls)" > day1
  again 2
  same "$(values status)" 200
}

@test "--cond: what is no ETag and no date is no condition, in a report or from a server" {
  serve
  printf "http://$at/echo?%s\n" 1 2 3 4 5 > urls
  python3 - "$at" > day1 << 'END'
import csv, sys
rows = csv.writer(sys.stdout)
rows.writerow(["url", "status", "etag", "last_modified"])
good = "Mon, 02 Jan 2023 03:04:05 GMT"
for number, (etag, date) in enumerate([
        ('"a"\r\nX-Evil: 1', good + "\r\nX-Evil: 1"), ('"a\rX-Evil: 1"', "\n" + good),
        ('"a\0"', "soon"), ("a", good), ('W/"a"', "")]):
    rows.writerow([f"http://{sys.argv[1]}/echo?{number + 1}", 200, etag, date])
END
  try distaff fetch -k -a urls --cond day1 --body
  exits 0
  same "$(grep -ci evil "$kept/stdout")" 0
  same "$(grep -o '"If-[^]]*' "$kept/stdout")" \
    $'"If-Modified-Since", "Mon, 02 Jan 2023 03:04:05 GMT"\n"If-None-Match", "W/\\"a\\""'
  # Nor is it in a report that is to be asked by.
  printf "http://$at/odd?%s\n" 'etag=%22a%0dX-Evil:1%22' 'etag=a%01' 'modified=%0dnow' > urls
  try distaff fetch -k -a urls
  same "$(values etag last_modified | sort -u)" '|'
}

@test "rows longer than the header keep what they have more, and shorter ones are filled" {
  serve
  printf 'id,link\n1,http://%s/size/1,x,"y, ""z"\n2,http://%s/size/2\n3\n' "$at" "$at" > urls
  try distaff fetch -k --csv -a urls link
  same "$(values id status)" $'1|200\n2|200\n3|'
  same "$(sed -n 2p "$kept/stdout" | sed 's/.*,x,/x,/')" 'x,"y, ""z"'
  try distaff fetch -k --csv -a urls link --output json
  same "$(values 3 4 status)" $'x|y, "z|200\n||200\n||'
  tr , '\t' < urls > tabs
  try distaff fetch -k --tsv -a tabs link
  same "$(sed -n 2p "$kept/stdout" | sed 's/.*,x,/x,/')" 'x,"""y"," """"z"""'
  # What failed has all of its row in the file that is read again.
  printf 'link,id\nhttp://%s/status/500,1,more\n' "$at" > urls
  try distaff fetch --csv -a urls link --failed-to failed
  same "$(cat failed)" "$(cat urls)"
}

@test "media types are what servers mean, and name files" {
  serve
  printf "http://$at/size/%s?type=%s\n" 1 'text/html,%20charset=utf-8' 2 'Text/HTML%20charset=utf-8' \
    3 image/jpg 4 application/problem%2Bjson 5 application/x-zip-compressed 6 html > urls
  try distaff fetch -k -a urls --output-dir out --name '{#}{ext}'
  exits 0
  same "$(values mime path)" "$(printf '%s|out/%s\n' text/html 1.html text/html 2.html image/jpg 3.jpg \
    application/problem+json 4.json application/x-zip-compressed 5.zip html 6)"
}

# without_secrets FILE...: none of them holds one; there is something in each.
without_secrets() {
  local file
  for file; do
    [ -s "$file" ] || fail "nothing is in $file"
    ! grep -n s3cret "$file" >&2 || fail "$file holds a secret"
  done
}

@test "whatever a server says, the report is UTF-8" {
  serve
  head='Content-Type:%20text/html%FF%FE%0D%0AETag:%20%22%80%22%0D%0AContent-Encoding:%20%FF'
  for format in csv json; do
    try distaff fetch --output $format --output-dir out "http://$at/raw?head=$head&body=x"
    exits 0
    iconv -f UTF-8 -t UTF-8 "$kept/stdout" > /dev/null || fail "$format"
    grep -q text/html "$kept/stdout"
  done
}

@test "what is sent, headers, proxies and URLs: nobody finds their secrets in what a run writes" {
  serve
  cat > urls << END
http://joe:s3cret@$at/status/500?token=s3cret
http://$at/to?u=/status/404%3Fapi_key=s3cret
htp://joe:s3cret@$at/?password=s3cret
http://$at/ok?clientSecret=s3cret#access_token=s3cret
http://nowhere.invalid/?sig=s3cret
END
  local data
  for data in 'user=joe&password=s3cret' '{"user":"joe","apiKey":"s3cret"}' '<a><password>s3cret</password></a>' \
    $'user: joe\npassword: s3cret'; do
    rm -f journal log failed metrics
    try distaff fetch -k -a urls --data "$data" -H 'Authorization: Bearer s3cret' -H'X-Api-Key: s3cret' \
      -kH 'Cookie: a=s3cret' -kHX-Gitlab-Token:s3cret --header='Private-Token: s3cret' --cookie 'sid=s3cret' \
      --journal journal --log-file log --log-level debug --log-format json --metrics metrics \
      --stats --trace --retries 1 --retry-delay 1ms --retry-unsafe --failed-to failed
    exits 1
    without_secrets journal log metrics "$kept/stdout" "$kept/stderr"
    grep -qF joe journal || fail "too much is hidden"
    # Who feeds them in again needs them as they came.
    same "$(sort failed)" "$(sort urls)"
  done
  for data in '--data=pw=1&pwd=s3cret' '--cookie=sid=s3cret' --proxy=http://joe:s3cret@127.0.0.1:1 -HToken:s3cret \
    -HX-Auth:s3cret -HX-Session:s3cret; do
    rm -f journal
    try distaff fetch --journal journal "$data" "http://$at/size/1"
    without_secrets journal
  done
  # What cannot be asked at all has its record there.
  printf 'link\thost\n\thttp://joe:s3cret@h/?token=s3cret\n' > table
  rm -f journal
  try distaff fetch --tsv -a table --url-template 'http://{nobody}/{link}' --journal journal
  ! grep s3cret journal "$kept/stdout" "$kept/stderr" || fail "it is in clear"
  printf '%s\n' joe:s3cret@h/x //joe:s3cret@h/x http:/joe:s3cret@h/x https//joe:s3cret@h/ 'http;//joe:s3cret@h/' \
    '"http://joe:s3cret@h/"' '<http://joe:s3cret@h/>' '# http://joe:s3cret@h/' > odd
  rm -f journal
  try distaff fetch -a odd --journal journal
  ! grep s3cret journal "$kept/stdout" "$kept/stderr" || fail "it is in clear"
}

@test "a mistake in an option does not print its secret" {
  try distaff fetch -H 'Authorization Bearer s3cret' http://h/
  exits 2
  without_secrets "$kept/stderr"
  try distaff fetch -H $'Authorization: Bearer s3cret\n' http://h/
  exits 2
  without_secrets "$kept/stderr"
  try distaff fetch --proxy 'htp://joe:s3cret@h' http://h/
  exits 2
  without_secrets "$kept/stderr"
  try distaff fetch --cookie $'a=s3cret\n' http://h/
  exits 2
  without_secrets "$kept/stderr"
  try distaff fetch --csv 'http://h/?token=s3cret'
  exits 2
  without_secrets "$kept/stderr"
  try distaff fetch http://h/?token=s3cret :::: urls
  exits 2
  without_secrets "$kept/stderr"
  printf 'http://joe:s3cret@h/,x\n' > table
  try distaff fetch --csv -a table
  exits 2
  without_secrets "$kept/stderr"
  try distaff fetch --cond table http://h/
  exits 2
  without_secrets "$kept/stderr"
}

@test "--id: a job of which method, URL or data have changed is run again, with a warning" {
  serve
  printf 'id,url\n1,http://%s/size/1\n2,http://%s/size/2\n' "$at" "$at" > ids
  again_by_id() {
    : > log
    try distaff fetch --csv -a ids --journal j --resume --id '{id}' --output none "$@"
    exits 0
  }
  again_by_id
  logged 2
  again_by_id -H 'Authorization: of another day'
  logged 0
  sed -i 's|size/2|size/22|' ids
  again_by_id
  logged 1
  says 'done before under the same --id, but with another request; it is run'
  again_by_id -X POST --data x
  logged 2
  again_by_id -X POST --data y
  logged 2
  again_by_id -X POST --data y
  logged 0
}
