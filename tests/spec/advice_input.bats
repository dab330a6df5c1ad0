# What is said of records, fields, keys and files, at the start and in the middle of a run, is done.

load helpers

# does SAYS WRONG... -- RIGHT...: `distaff WRONG` says SAYS; `distaff RIGHT` is quiet, and its output is
# kept.
does() {
  local first second
  two_lists "${@:2}"
  try distaff "${first[@]}"
  says "$1"
  try distaff -k "${second[@]}"
  exits 0
  silent
}

@test "names: of tables and objects that were taken for something else" {
  printf 'x;y\n1;2\n' > semi
  printf 'x|y\n1|2\n' > bar
  printf 'x\ty\n1\t2\n' > tab
  printf 'x,y\n1,2\n' > comma
  printf '{"x":1,"y":2}\n' > json
  for file in semi bar tab comma json; do
    try distaff -a $file echo {y} # lines, and what they look like
    exits 2
    one_line
    eval "try distaff $(sed -n 's/.*, so \(.*\) seems to be missing.*/\1/p' "$kept/stderr") -a $file echo {y}"
    prints 2
    silent
    try distaff -I % -a $file echo '{y} %'
    exits 0
    silent
  done
  for wrong in '--csv semi' '--csv bar' '--csv tab' '--tsv comma' '--tsv bar'; do
    try distaff ${wrong% *} -a ${wrong#* } echo {y}
    exits 2
    eval "try distaff $(sed -n 's/.*between the fields, write //p' "$kept/stderr") -a ${wrong#* } echo {y}"
    prints 2
  done
  does 'write --jsonl in place of --csv' --csv -a json echo {y} -- --jsonl -a json echo {y}
  prints 2
  does 'write --jsonl in place of --tsv' --tsv -a json echo {1} -- --jsonl -a json echo {y}
  printf 'a@b.c,2\n3,4\n' > bare
  does 'add --no-header and write {1} {2}' --csv -a bare echo {2} -- --csv --no-header -a bare echo {1} {2}
  prints 'a@b.c 2' '3 4'
}

@test "names: of fields" {
  printf 'a b,"c}d","e\nf",it'"'"'s\n1,2,3,4\n' > t.csv
  try distaff --csv -a t.csv echo {nope}
  exits 2
  one_line
  list=$(sed -n 's/.*the fields are \(.*\); if these.*/\1/p' "$kept/stderr")
  same "$list" 'a b, "c}d", "e\nf", it'"'s"
  try distaff --csv -a t.csv echo '{a b}' '{"c}d"}' '{"e\nf"}' "{it's}"
  prints '1 2 3 4'
  eval "try distaff $(sed -n 's/.*are to stay, add \(-I .*\) and write.*/\1/p' <(distaff --csv -a t.csv echo {nope} 2>&1)) --csv -a t.csv echo {nope} '%{a b}'"
  prints '{nope} 1'
  try distaff --csv -I '%{}' -a t.csv echo '%{A b}'
  exits 2
  says '(did you mean %{a b}?)' "choose another prefix, as -I '@{}' and write fields as @{a b}"
  try distaff --csv -I '@{}' -a t.csv echo '%{A b} @{a b}'
  prints '%{A b} 1'
  try distaff --csv -I '%{}' -a t.csv echo '%{a b}'
  prints 1
  does 'the column is {x}, without the $' --csv -a <(printf 'x\n1\n') 'echo ${x} {}' -- --csv -a <(printf 'x\n1\n') 'echo {x} {}'
  prints '1 1'
  does 'and number 2 is another' --csv -a <(printf 'a,a\n1,2\n') echo {a} -- --csv -a <(printf 'a,a\n1,2\n') echo {1} {2}
  prints '1 2'
  does 'names come from --csv' echo {2} ::: a -- echo {2} ::: a ::: b
  prints b
  does "a group's key is, in a script, \"\$DISTAFF_GROUP\"" -g '{}' echo {host} ::: a -- -g '{}' 'echo "$DISTAFF_GROUP"; : {}' ::: a
  prints a
}

@test "words of a shell that the command gets" {
  does 'write the whole command as one word in quotes' echo {} '>' f ::: a -- 'echo {} > f; cat f' ::: a
  prints a
  does 'write the whole command as one word in quotes' echo '$DISTAFF_SEQ' ::: a -- 'echo $DISTAFF_SEQ {}' ::: a
  prints '1 a'
  does 'needs none, whatever is in it' echo '"{}"' ::: a -- echo {} ::: "it's a"
  prints "it's a"
  does 'as 200ms, 1.5s, 2m' --delay 5 s true ::: a -- --delay 200ms true ::: a
  does 'write its words apart' 'echo -n' x ::: a -- echo -n x ::: a
  does 'or the whole command as one word' 'echo -n' x ::: a -- 'echo -n x {}' ::: a
  status=0
  distaff echo {} ::: a > '{}' 2> said || status=$?
  same "$status" 2
  grep -qF "distaff 'sort {} > {}.sorted'" said || fail "$(< said)"
  printf 'b\na\n' > f
  distaff 'sort {} > {}.sorted' ::: f
  same "$(< f.sorted)" $'a\nb'
}

@test "keys and locks" {
  printf 'the url,n\nhttp://h/1,2\n' > t.csv
  does 'write {1}, host, domain or regex:RE' -g x true ::: a -- -g '{1}' true ::: a
  does 'write {1}, host, domain or regex:RE' -g x true ::: a -- -g regex:. true ::: a
  does '--split REGEX -g {1}' -a <(echo a,b) -g host true -- -a <(echo a,b) --split , -g '{1}' true
  does '-g regex:RE takes a part' -g host true ::: a -- -g 'regex:^.' true ::: a
  try distaff --csv -a t.csv -g host true
  exits 2
  eval "try distaff --csv -a t.csv -g $(sed -n 's/.*such as //p' "$kept/stderr") 'echo \"\$DISTAFF_GROUP\"; : {}'"
  prints h
  does 'or {host} for the member of that name' --jsonl -a <(echo '{"host":1}') -g host true -- \
    --jsonl -a <(echo '{"host":1}') -g '{host}' 'echo "$DISTAFF_GROUP"; : {}'
  prints 1
  does 'leave it out' -g '{%}' true ::: a -- true ::: a
  does 'for the field write {n}' --csv -a t.csv --mutex n true -- --csv -a t.csv --mutex '{n}' true
  try flock held true
  mkdir locks
  chmod 700 locks
  start distaff --lock "$PWD/locks/x" 'echo > up; until [ -e go ]; do sleep 0.02; done; : {}' ::: a
  wait_for test -e up
  distaff --lock "$PWD/locks/x" true ::: a 2> said || true
  grep -qF -- '--lock-wait 10m would wait' said || fail "$(< said)"
  (sleep 0.1; touch go) &
  distaff --lock "$PWD/locks/x" --lock-wait 10m echo ::: a > waited
  same "$(< waited)" a
  finish
}

@test "lines, values and lists" {
  printf 'a\0b\0' > nul
  does 'use -0 if NUL ends the records' -a nul echo -- -0 -a nul echo
  prints a b
  printf 'a\r\nb\r\n' > cr
  does "use -d '\\r\\n' to drop it" -a cr echo -- -d '\r\n' -a cr echo
  prints a b
  printf 'aaaa\nb\n' > long
  does 'longer than --max-record 3: raise it' --max-record 3 -a long echo -- --max-record 4 -a long echo
  prints aaaa b
  does '--no-match skip leaves such records out' --match '^(?P<x>b)' -a long echo {x} -- --no-match skip --match '^(?P<x>b)' -a long echo {x}
  prints b
  does 'write (?P<name>...) around' --match b -a long echo -- --match '(?P<name>.).*' -a long echo {name}
  prints a b
  does 'a backslash makes a character stand for itself' --split '(' -a <(echo 'a(b') echo {2} -- --split '\(' -a <(echo 'a(b') echo {2}
  prints b
  does 'give as many, or write ::: for all combinations' echo ::: 1 2 :::+ a -- echo ::: 1 2 ::: a
  prints '1 a' '2 a'
  does 'give as many' echo ::: 1 2 :::+ a -- echo ::: 1 2 :::+ a b
  prints '1 a' '2 b'
  does '--stdin record takes any byte' --csv -a <(printf 'x\n"a\0b"\n') 'echo {x}' -- --csv -a <(printf 'x\n"a\0b"\n') --stdin record 'tr \\0 0'
  prints '"a0b"'
  try distaff --failed-to f false ::: $'a\nb'
  says 'read it with -0'
  try distaff -0 -a f printf '%s|'
  prints_bytes 'a\nb|'
  try distaff true
  says 'stand behind :::, and -a FILE reads a file'
}

@test "tables and objects" {
  does 'close the quote of line 2' --csv --max-record 9 -a <(printf 'x\n"aaaaaaaa\nb\nc\n') echo -- --csv -a <(printf 'x\n"aaaaaaaa"\nb\n') echo {x}
  does 'in a quoted field a quote is written twice' --csv -a <(printf 'x,y\na"b,c\n') echo {y} -- --csv -a <(printf 'x,y\n"a""b",c\n') echo {x} {y}
  prints 'a"b c'
  does 'files read together need the same one' --csv -a <(printf 'x\n1\n') -a <(printf 'y\n2\n') echo {x} -- --csv -a <(printf 'x\n1\n') -a <(printf 'x\n2\n') echo {x}
  prints 1 2
  does 'an object is one line, as jq -c writes it' --jsonl -a <(printf '{"x":\n1}\n') echo {x} -- --jsonl -a <(echo '{"x":1}') echo {x}
  does 'each line must be one, as {"name": "value"}' --jsonl -a <(echo '[1]') echo {name} -- --jsonl -a <(echo '{"name": "value"}') echo {name}
  prints value
  does 'strings are in double quotes' --jsonl -a <(echo "{'x':1}") echo {x} -- --jsonl -a <(echo '{"x":1}') echo {x}
  does '\t inside a string is written as an escape' --jsonl -a <(printf '{"x":"\t"}\n') echo {x} -- --jsonl -a <(echo '{"x":"\t"}') echo {x}
}

@test "files of results, journals and logs" {
  does 'as with {#}' --results 'd/{.}' true ::: a.1 a.2 -- --results 'd/{#}' true ::: a b
  does "write --results './{}'" --results '{}' true ::: /a -- --results './{}' true ::: /a
  does 'take a part of it, as {/}' --results 'e/{}' true ::: ../a -- --results 'e/{/}' true ::: ../a
  does 'leave' --results f/stdout true ::: a -- --results f true ::: a
  echo text > j
  does 'name another file, or remove this one' --journal j true ::: a -- --journal k true ::: a
  rm j
  try distaff --journal j true ::: a
  exits 0
  echo text > m
  does 'name another file' --metrics m true ::: a -- --metrics n true ::: a
  does 'name a file in a directory you may write to' --log-file no/x true ::: a -- --log-file x true ::: a
  does 'name another for one of them' --joblog y --log-file y true ::: a -- --joblog y --log-file z true ::: a
  does 'name a directory you may write to' --spill-dir no true ::: a -- --spill-dir . true ::: a
}
