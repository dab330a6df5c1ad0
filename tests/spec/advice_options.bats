# What is said of options, of their values and of files of them is done, and taken.

load helpers

# mend SAYS WRONG... -- RIGHT...: `distaff WRONG` is refused and says SAYS, `distaff RIGHT` goes well.
mend() {
  local first second
  two_lists "${@:2}"
  try distaff "${first[@]}"
  exits 2
  says "$1"
  try distaff "${second[@]}"
  [ "$(< "$kept/status")" = 0 ] || fail "${first[*]}: said '$1', and refused: ${second[*]}"
}

# such COUNT OPTION VALUE [OPTION...]: the VALUE is refused, and each of the COUNT examples that the
# message gives is taken.
such() {
  local count=$1 option=$2 example examples=()
  try distaff "${@:2}" true
  exits 2
  mapfile -t examples < <(sed -n 's/ (in .*//; s/.*\(such as\|as in\) //; s/; .*//
    s/ by the clock\| with bursts of 5\| from now\| for as many as fit\| of the median run time//g
    s/\(, \| \)or /\n/g; s/, /\n/g; p' "$kept/stderr")
  same "${#examples[@]}" "$count"
  for example in "${examples[@]}"; do
    [[ $example != 20??-* ]] || continue # it may have been
    eval "try distaff \"\$option\" $example \"\${@:4}\" true"
    [ "$(< "$kept/status")" = 0 ] || fail "$option $example is an example, and refused"
  done
}

@test "options: the examples in messages are taken" {
  such 5 --jobs x
  such 5 --delay x
  such 1 --ok x
  such 1 --timeout 300x%
  such 4 --max-bytes x
  such 4 --rate x
  such 3 --deadline x
  such 2 --halt x
  such 1 --term-seq x
  such 1 --term-seq TERM,5s
  such 1 --retry-on x --retries 1
  such 2 --separator xx --csv
}

@test "options: values" {
  mend 'write 1s..5s' --throttle 5s..1s true -- --throttle 1s..5s true
  mend 'write 100ms..5s' --retries 1 --retry-delay 0..5s true -- --retries 1 --retry-delay 100ms..5s true
  mend 'as in TERM,5s,KILL' --term-seq TERM,5,KILL true -- --term-seq TERM,5s,KILL true
  mend 'for no limit leave it out' --timeout 0 true -- true
  mend 'leave it out' --deadline 0 true -- true
  mend 'write -0' -d '' true -- -0 true
  mend 'known are' -d '\q' true -- -d '\n\t\r\0\\\x41' true
  mend 'longer ones are for --split' --csv --separator ab true -- --split ab true
  mend 'as in NAME=VALUE' --env 1X=2 true -- --env X1=2 true
  mend 'no NAME=VALUE' --env HOME true -- --env HOME=x true
  mend 'the default is 64M' --max-record 0 true -- --max-record 64M true
  mend 'the default is 128k' --max-bytes 0 true -- --max-bytes 128k true
  mend "write it as 'bash -o pipefail'" --shell ' ' true -- --shell 'bash -o pipefail' 'true {}'
  mend 'write max for as many as fit' -n 0 echo -- -n max echo
  mend "leave out '=1'" --keep-order=1 true -- --keep-order true
  mend 'needs a value: --jobs N' --jobs -- --jobs 2
  touch -- -k --tag
  mend 'write -a-k' -a -k true -- -a-k true
  mend 'write --input=--tag' --input --tag true -- --input=--tag true
  try distaff --tag-template "--tag=it's a" echo ::: x
  eval "try distaff $(sed -n 's/.*the value, write //p' "$kept/stderr") echo ::: x"
  prints "--tag=it's a"$'\tx'
}

@test "options: their names and places" {
  mend 'did you mean --jobs' --jbs 2 true -- --jobs 2 true
  mend 'write it with two dashes, --jobs' -jobs 2 true -- --jobs 2 true
  mend 'see distaff --help-all' --nope -- --help-all
  mend 'distaff --help shows it' help -- --help
  mend 'distaff run xargs' xargs true -- run xargs true
  mend 'this is of distaff fetch' --polite true -- --throttle 1s -g '{}' true
  mend "write ':::' here" true :::+ 1 -- true ::: 1
  echo 1 > list
  mend "write '::::' here" echo ::::+ list -- echo :::: list
  mend ':::: FILE' echo :::: -- echo :::: list
  touch -- --dry-run
  mend './--dry-run' cat ::: --dry-run -- cat ::: ./--dry-run
  mend 'options stand before the command' cat ::: list --dry-run -- --dry-run cat ::: list
  mend 'options stand before it' 'cat {} | cat' -k ::: list -- -k 'cat {} | cat' ::: list
}

@test "options: that do not go together, or need another" {
  echo 1 > list
  mend 'leave one of them out' --csv --jsonl true -- --csv true
  mend 'leave one out' --split , --match '(?P<x>.)' true -- --split , true
  mend 'add --csv or --tsv' --no-header true -- --no-header --csv true
  mend 'add --csv or --tsv' --no-header true -- --no-header --tsv true
  mend 'add --match REGEX' --no-match skip true -- --no-match skip --match '(?P<x>.)' true
  mend 'leave one of them out' --csv --split , true -- --csv true
  mend 'leave it out' --keep-empty -0 true -- -0 true
  mend 'leave it out' --keep-empty --csv true -- --csv true
  mend '--csv --separator' --tsv --separator ';' true -- --csv --separator ';' true
  mend 'leave one of them out' --jsonl --separator ';' true -- --jsonl true
  mend 'between the fields of --csv; add that' --separator ';' true -- --separator ';' --csv true
  mend 'by --split REGEX' --separator ';' true -- --split ';' true
  mend 'of --csv is --separator C' --csv -d ';' true -- --csv --separator ';' true
  mend ':::: FILE' -a list echo ::: 1 -- echo ::: 1 :::: list
  mend 'leave one of them out' --csv echo ::: 1 -- echo ::: 1
  mend 'leave one of them out' --throttle 1s --parallelism 2 -g host true -- --throttle 1s -g host true
  mend 'add --journal FILE' --resume true -- --resume --journal j true
  mend 'add --lock NAME' --lock-wait 1s true -- --lock-wait 1s --lock "$PWD/n" true
  mend 'leave one of them out' --csv --match '(?P<x>.)' true -- --match '(?P<x>.)' true
  echo '{}' > c.json
  mend 'name a file, or /dev/stdin' --config - true -- --config c.json true
  try distaff --config /dev/stdin true < c.json
  exits 0
  mend 'is a directory' -a . true -- -a list true
  mend 'or give them fields by --csv' -g host:x true ::: a -- -a list --split ' ' -g host:1 true
  mend 'leave one of them out' --quiet --log-level debug true -- --quiet true
  mend 'leave one of them out' -u --output line true -- --output line true
  mend 'order needs --output group, line, json or csv' -k -u true -- -k --output line true
  mend 'with tags use --output line' -u --tag true -- --output line --tag true
  mend 'leave it out' --output json --tag true -- --output json true
  mend 'use --output line or group' --output none --idle-timeout 1s true -- --output line --idle-timeout 1s true
  mend 'use --output group or line' -u --quiet-unless-failed true -- --output line --quiet-unless-failed true
  mend 'use --output group or none' -u --results d true -- --output group --results d true
  mend 'add -j 1' --stdin tty true -- --stdin tty -j 1 true
  mend 'without one each record is a command' --stdin record -- -a /dev/null
  mend 'without one each record is a command' -n 2 -- -a /dev/null
  mend 'add --csv, --tsv, --jsonl, --split or --match' --fields -a list -- --fields --split , -a list
}

# conf WRONG SAYS RIGHT: the same of a file for --config; rule: of one for --rules.
conf() {
  printf '%s' "$1" > c.json
  try distaff "${option:---config}" c.json -g '{1}' true
  exits 2
  says "$2"
  printf '%s' "$3" > c.json
  try distaff "${option:---config}" c.json -g '{1}' true
  [ "$(< "$kept/status")" = 0 ] || fail "$1: said '$2', and refused: $3"
}

rule() {
  local option=--rules
  conf "$@"
}

@test "files of options" {
  conf '4' 'as {"jobs": 4}' '{"jobs": 4}'
  conf '' 'at least it is {}' '{}'
  conf '{"jbos": 4}' 'did you mean "jobs"' '{"jobs": 4}'
  conf '{"max-procs": 4}' 'here -j N or --jobs N' '{"jobs": 4}'
  conf '{"config": "x"}' 'leave it out' '{}'
  conf '{"jobs": true}' 'write a number, or text in quotes' '{"jobs": 4}'
  conf '{"jobs": true}' 'write a number, or text in quotes' '{"jobs": "50%"}'
  conf '{"tag": 1}' 'write true or false' '{"tag": true}'
  conf '{"delimiter": 2}' 'write "2"' '{"delimiter": "2"}'
  conf '{"delimiter": true}' 'write text in quotes' '{"delimiter": "2s"}'
  conf '{"env": true}' 'write' '{"env": ["A=1"]}'
  conf '{"env": {"1": "2"}}' 'letters, digits and _ only' '{"env": {"A": "2"}}'
  conf '{"env": {"A": 2}}' 'write text in quotes' '{"env": {"A": "2"}}'
  conf '{"workdir": "a\u0000"}' 'which it cannot hold' '{"workdir": "."}'
  conf '{"jobs": 4, "jobs": 5}' 'leave one of them out' '{"jobs": 5}'
  conf '{"jobs": 4' 'ends before a comma or' '{"jobs": 4}'
  conf '{"jobs": 4,}' 'a comma too many' '{"jobs": 4}'
  conf '{jobs: 4}' 'text goes in double quotes' '{"jobs": 4}'
  conf "{'jobs': 4}" 'text goes in double quotes' '{"jobs": 4}'
  conf '{"delay": 2s}' 'text goes in double quotes' '{"delay": "2s"}'
  conf '{"delay": abc}' 'text goes in double quotes' '{"delay": "2s"}'
  conf '{"delay": "2s}' 'no closing quote' '{"delay": "2s"}'
  conf '{"delay": "2s"} 4' 'the end of the file' '{"delay": "2s"}'
  conf '{"delay" "2s"}' 'here goes' '{"delay": "2s"}'
  conf '# x
{"delay": "2s"}' 'comments begin with //' '// x
{"delay": "2s"}'
  conf '/* x
{"delay": "2s"}' 'not closed by */' '/* x */
{"delay": "2s"}'
  conf '{"jobs": 1e999}' 'too large' '{"jobs": 4}'
}

@test "files of rules" {
  rule '{"rules": {}}' 'as [{"match": "..."}]' '{"rules": [{"match": "..."}]}'
  rule '{"key": ""}' 'leave it out or name a key' '{"key": "{1}"}'
  rule '{"rules": [{"parallelism": 2}]}' 'a rule for every key has "match": ""' '{"rules": [{"match": "", "parallelism": 2}]}'
  rule '{"rules": [{"match": "", "parallelism": "x"}]}' 'a whole number, as 4' '{"rules": [{"match": "", "parallelism": 4}]}'
  rule '{"rules": [{"match": "", "parallelism": 0}]}' 'at least 1' '{"rules": [{"match": "", "parallelism": 1}]}'
  rule '{"rules": [{"match": "", "retries": "x"}]}' 'a whole number, as 3' '{"rules": [{"match": "", "retries": 3}]}'
  rule '{"rules": [{"match": "", "ok": true}]}' '[0, 1] or "0-3"' '{"rules": [{"match": "", "ok": [0, 1]}, {"match": "", "ok": "0-3"}]}'
  rule '{"rules": [{"match": "", "ok": []}]}' 'write [0, 1]' '{"rules": [{"match": "", "ok": [0, 1]}]}'
  rule '{"rules": [{"match": "", "break": 1}]}' 'write {"failures": 10, "pause": "5m"}' '{"rules": [{"match": "", "break": {"failures": 10, "pause": "5m"}}]}'
  rule '{"rules": [{"match": "", "break": {}}]}' 'needs "failures" and "pause", as {"failures": 10, "pause": "5m"}' '{"rules": [{"match": "", "break": {"failures": 10, "pause": "5m"}}]}'
  rule '{"rules": [{"match": "", "throttle": "2s", "parallelism": 2}]}' 'leave one of them out' '{"rules": [{"match": "", "throttle": "2s"}]}'
  rule '{"rules": [{"match": 1}]}' 'as "^api\\."' '{"rules": [{"match": "^api\\."}]}'
  rule '{"rules": [{"match": "("}]}' 'is no regex' '{"rules": [{"match": "\\("}]}'
  rule '{"rules": [{"match": "", "throttle": true}]}' 'a rest, as "2s" or "2s..4s"' '{"rules": [{"match": "", "throttle": "2s"}, {"match": "", "throttle": "2s..4s"}]}'
  rule '{"rules": [{"match": "", "throttle": []}]}' 'leave it out or write "0s"' '{"rules": [{"match": "", "throttle": "0s"}]}'
  rule '{"rules": [{"match": "", "throttle": [true]}]}' '"2s" or {"when": "failed", "pause": "30s"}' '{"rules": [{"match": "", "throttle": ["2s", {"when": "failed", "pause": "30s"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"pause": "1s"}]}]}' 'write "failed", {"exit"' '{"rules": [{"match": "", "throttle": [{"when": "failed", "pause": "1s"},{"when": {"exit": [1]}, "pause": "1s"}, {"when": {"http": [429]}, "pause": "1s"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": "failed"}]}]}' 'write a time, as "30s", or "retry-after"' '{"rules": [{"match": "", "throttle": [{"when": "failed", "pause": "30s"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": "failed", "pause": "retry-after"}]}]}' 'it goes with "when": {"http": [' '{"rules": [{"match": "", "throttle": [{"when": {"http": [429]}, "pause": "retry-after"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": "failed", "pause": "1s", "at_most": "10m"}]}]}' 'it goes with "pause": "retry-after"' '{"rules": [{"match": "", "throttle": [{"when": {"http": [429]}, "pause": "retry-after", "at_most": "10m"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": 1, "pause": "1s"}]}]}' '"failed", {"exit": [1, 2]} or {"http": [429]}' '{"rules": [{"match": "", "throttle": [{"when": {"exit": [1, 2]}, "pause": "1s"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": {}, "pause": "1s"}]}]}' 'needs one of "exit" and "http"' '{"rules": [{"match": "", "throttle": [{"when": {"exit": [1, 2]}, "pause": "1s"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": {"exit": 1}, "pause": "1s"}]}]}' 'a list, as [1, 2]' '{"rules": [{"match": "", "throttle": [{"when": {"exit": [1, 2]}, "pause": "1s"}]}]}'
  rule '{"rules": [{"match": "", "throttle": [{"when": {"exit": ["x"]}, "pause": "1s"}]}]}' 'write 1' '{"rules": [{"match": "", "throttle": [{"when": {"exit": [1]}, "pause": "1s"}]}]}'
  rule '{"rules": [{"match": "", "rate": 1}]}' 'write' '{"rules": [{"match": "", "rate": "10/s"}]}'
  rule '{"rules": [{"match": "", "rtae": 1}]}' 'did you mean "rate"' '{"rules": [{"match": "", "rate": "10/s"}]}'
  rule '{"rulez": []}' 'did you mean "rules"' '{"rules": []}'
  rule '{"x": []}' 'here go' '{"rules": []}'
  rule '[]' 'an object in braces' '{"rules": []}'
  rule '{"rules": [1]}' 'in braces' '{"rules": [{"match": ""}]}'
}
