# What `distaff fetch` says of options, words and URLs is done, and taken.  Nothing is sent.

load helpers

# mend SAYS WRONG... -- RIGHT...: `distaff fetch WRONG` is refused and says SAYS, with RIGHT it would run.
mend() {
  local first second
  two_lists "${@:2}"
  try distaff fetch --dry-run "${first[@]}"
  exits 2
  says "$1"
  try distaff fetch --dry-run "${second[@]}"
  [ "$(< "$kept/status")" = 0 ] || fail "${first[*]}: said '$1', and refused: ${second[*]}"
}

u=http://h/

@test "fetch: values" {
  touch f
  mend 'such as 30s' --connect-timeout 0 $u -- --connect-timeout 30s $u
  mend '-X HEAD asks for none' --max-size 0 $u -- -X HEAD $u
  mend '200-299,404,5xx' --ok x $u -- --ok 200-299,404,5xx $u
  mend 'connect,timeout,429,5xx' --retry-on x $u -- --retry-on connect,timeout,429,5xx $u
  mend 'such as GET, HEAD or POST' -X 'A B' $u -- -X POST $u
  mend 'write POST' -X post $u -- -X POST $u
  mend 'give each by -H' -H @f $u -- -H 'A: b' $u
  echo '{"header": ["A: b"]}' > c.json
  mend 'all by "header" in a --config file' -H @f $u -- --config c.json $u
  mend "such as 'Accept: text/html'" -H x $u -- -H 'Accept: text/html' $u
  mend 'write @FILE' --data @ $u -- --data @f $u
  mend 'name a file' --data @- $u -- --data @f $u
  mend 'leave the option out or give a value' --cookie '' $u -- --cookie a=b $u
  mend 'me@example.org or https://example.org/bot' --contact me $u -- --contact me@example.org $u
  mend 'me@example.org or https://example.org/bot' --contact me $u -- --contact https://example.org/bot $u
  mend 'none of http, https, ftp, ftps' --protocols gopher $u -- --protocols http,https $u
  mend 'http://proxy:3128 or socks5h://127.0.0.1:1080' --proxy x:// $u -- --proxy socks5h://127.0.0.1:1080 $u
  mend 'as example.org:443:127.0.0.1' --resolve x $u -- --resolve example.org:443:127.0.0.1 $u
}

@test "fetch: options that do not go together, or need another" {
  touch f
  mend 'leave one of them out' -X GET --data x $u -- --data x $u
  mend 'leave one of them out' --public-only --proxy p:1 $u -- --public-only $u
  mend 'add --cert FILE' --cert-key f $u -- --cert-key f --cert f $u
  mend 'leave one of them out' --insecure --cacert f $u -- --insecure $u
  mend 'leave one of them out' --body --output-dir d $u -- --output-dir d $u
  mend 'add --output-dir DIR or --archive FILE' --name x $u -- --name x --output-dir d $u
  mend 'add --output-dir DIR or --archive FILE' --name x $u -- --name x --archive d $u
  mend 'leave one of them out' --body --output csv $u -- --body $u
  mend 'leave one of them out' -k --output none $u -- -k $u
  mend "wget's -P is --output-dir here" -P pages $u -- --output-dir pages $u
  mend 'see distaff fetch --help-all' --nope $u -- --help-all
  mend 'did you mean --polite' --polit $u -- --polite $u
  mend 'write it with two dashes, --output-dir' -output-dir d $u -- --output-dir d $u
}

@test "fetch: words, and columns of tables" {
  echo $u > list
  printf 'the link,n\nhttp://h/,1\n' > t.csv
  tr , '\t' < t.csv > t.tsv
  mend 'or -a -' - -- -a -
  mend 'distaff fetch -a list' list -- -a list
  cp list "it's é"
  cp list ./-x
  for name in "it's é" -x; do
    try distaff fetch "./$name"
    exits 2
    eval "try distaff fetch --dry-run $(sed -n 's/.*by: distaff fetch //p' "$kept/stderr")"
    prints "curl $u"
  done
  mend 'the file is named by -a FILE' --csv 'the link' t.csv -- --csv -a t.csv 'the link'
  mend 'in a template the column is {the link}' --csv -a t.csv --url-template 'http://h/{n}' 'the link' -- \
    --csv -a t.csv --url-template '{the link}'
  mend 'name the one that holds the URLs as the last word: distaff fetch --csv COLUMN' --csv -a t.csv -- --csv -a t.csv 'the link'
  mend 'distaff fetch --tsv COLUMN' --tsv -a t.tsv -- --tsv -a t.tsv 'the link'
  mend 'distaff fetch --csv --no-header 2' --csv --no-header -a t.csv -- --csv --no-header -a <(echo "1,$u") 2
  mend "leave ':::' out" $u ::: $u -- $u $u
  mend "as --url-template 'http://{1}/{2}'" ::: a ::: b -- --url-template 'http://{1}/{2}' ::: a ::: b
  prints 'curl http://a/b'
  mend "curl's -d is --data here" -d x $u -- --data x $u
}

@test "fetch: URLs" {
  # fixed URL SAYS: a URL that is no word of ours, and the one that is said.
  fixed() {
    try distaff fetch --url-template "$1" ::: a
    exits 2
    says "$2"
    try distaff fetch --dry-run --url-template "$3" ::: a
    exits 0
  }
  fixed h/x 'write https://h/x' https://h/x
  fixed //h/x 'write https://h/x' https://h/x
  fixed /x 'write https://HOST/x' https://h/x
  fixed mailto:x 'write https://HOST/PATH' https://h/x
  fixed $'http://h/a\tb' 'write %09' http://h/a%09b
  try distaff fetch h/x
  says 'write https://h/x'
}

@test "fetch: options of curl, wget and distaff run" {
  touch f
  mend "here -H 'Referer: URL'" -e x $u -- -H "Referer: $u" $u
  mend "http://HOST/?q={}" -G $u -- --url-template 'http://h/?q={}' a
  mend "http://HOST/{}" -B $u -- --url-template 'http://h/{}' a
  mend "with -H 'Content-Type: application/json'" --json '{"a": 1}' $u -- --data '{"a": 1}' -H 'Content-Type: application/json' $u
  mend "here -H 'Authorization: Bearer TOKEN'" --oauth2-bearer x $u -- -H 'Authorization: Bearer TOKEN' $u
  mend '-X PUT --data @FILE' -T f $u -- -X PUT --data @f $u
  mend 'here --proxy socks5h://HOST:PORT' --socks5-hostname h:1 $u -- --proxy socks5h://h:1 $u
  mend "--interface with an IPv4 address" -4 $u -- --interface 127.0.0.1 $u
  mend "not needed" -L $u -- $u
  mend "--netrc-file FILE" --user a:b $u -- --netrc-file f $u
  mend "here --retries N, one less" --tries 3 $u -- --retries 2 $u
  mend '--body > FILE' -O $u -- --body $u
  mend "curl's -n is --netrc here" -n $u -- --netrc $u
  mend "here --cookie 'a=b'" -b a=b $u -- --cookie a=b $u
  mend 'here --config FILE, a JSON object' -K f $u -- --config <(echo '{}') $u
  mend 'here --url-template T' -I % $u -- --url-template 'http://h/{}' a
  mend "requests have headers, -H 'Name: VALUE'" --env A=b $u -- -H 'Name: VALUE' $u
  mend '-g KEY --parallelism 1' --mutex x $u -- -g host --parallelism 1 $u
}

SERVER=$BATS_TEST_DIRNAME/../support/http_server

teardown() {
  if [ -n "${server:-}" ]; then kill "$server" && wait "$server" || true; fi
  end_started
}

@test "fetch: names of bodies, and files of earlier runs" {
  "$SERVER" > at 3>&- &
  server=$!
  wait_for grep -q '^http ' at
  at=http://127.0.0.1:$(sed -n 's/^http //p' at)
  # named SAYS NAME...: with the first NAME a body cannot be written, with the others it is.
  named() {
    local says=$1 wrong=$2 name
    shift 2
    rm -rf d
    try distaff fetch --output-dir d --name "$wrong" "$at/size/1" "$at/size/2"
    exits 1
    grep -qF -e "$says" "$kept/stdout" "$kept/stderr" || fail "expected: $says"
    for name; do
      rm -rf d
      try distaff fetch --output-dir d --name "$name" "$at/size/1" "$at/size/2"
      exits 0
      same "$(find d -type f | wc -l)" 2
    done
  }
  named 'was already written for another URL in this run; put {hash} or {#} into --name' x 'x{hash}' 'x{#}'
  named "leads elsewhere by '..'; put {hash} or {#} into --name" '../x' '{hash}' '{#}'
  named 'choose another --name' '.distaff/{#}' 'distaff/{#}'
  echo text > text
  try distaff fetch --cond text "$at/size/1"
  says 'it is no report of distaff fetch, and no archive'
  distaff fetch "$at/size/1" > report
  try distaff fetch --cond report "$at/size/1"
  exits 0
  try distaff fetch --archive text "$at/size/1"
  says 'name another file'
  try distaff fetch --archive other "$at/size/1"
  exits 0
}
