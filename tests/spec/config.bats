# --config FILE: options from a JSON object.  The unit tests say what each key means; here is what
# the program does with such a file.

load helpers

config() { printf '%s' "$1" > c.json; }

@test "options from a file, with comments" {
  config '// how we like it
{
  "jobs": 1, /* one at a time */
  "keep-order": true,
  "tag-template": "<{#}>",
  "env": {"GREETING": "hello, {}"},
  "dry-run": false
}'
  try distaff --config c.json 'echo "$GREETING"' ::: a b
  exits 0
  prints $'<1>\thello, a' $'<2>\thello, b'
  silent
}

@test "the command line wins, wherever --config stands" {
  config '{"tag-template": "file", "env": ["A=file", "B=file"]}'
  try distaff --tag-template line --env A=line --config c.json 'echo "$A $B"; : {}' ::: x
  exits 0
  prints $'line\tline file'
}

@test "a later file wins over an earlier one" {
  echo '{"tag": true, "env": ["A=1", "B=1"]}' > one.json
  echo '{"tag": false, "env": ["B=2"]}' > two.json
  try distaff --config one.json --config two.json 'echo "$A $B"; : {}' ::: x
  exits 0
  prints '1 2'
}

@test "the way records are read, and files of them" {
  printf 'id,n\n1,a\n' > one.csv
  printf 'id,n\n2,b\n' > two.csv
  config '{"csv": true, "keep-order": true, "input": ["one.csv"]}'
  try distaff --config c.json -a two.csv echo {n} {id}
  exits 0
  prints 'a 1' 'b 2'
}

@test "text arrives byte for byte" {
  config '{"env": {"A": "#1 \"\\ \n\u00fc\ud83d\ude00 // '"'"'$HOME", "B": ""}}'
  try distaff --config c.json 'printf "%s|%s|" "$A" "$B"; : {}' ::: x
  exits 0
  prints_bytes '#1 "\\ \n\303\274\360\237\230\200 // '"'"'$HOME||'
}

@test "a NUL byte where one can be" {
  config '{"delimiter": "\u0000", "keep-order": true}'
  printf 'a\nb\0c' | try distaff --config c.json printf '<%s>'
  exits 0
  prints_bytes '<a\nb><c>'
}

@test "rules from a file that the file names" {
  echo '{"rules": [{"match": "a", "parallelism": 0}]}' > r.json
  config '{"key": "{1}", "split": ",", "rules": "r.json"}'
  refuses r.json:1:42 parallelism -- --config c.json touch ran
  echo '{"rules": [{"match": "a", "parallelism": 2}]}' > r.json
  try distaff --config c.json echo {1} < <(echo a,b)
  exits 0
  prints a
}

@test "times are numbers of seconds in every file" {
  printf '{"timeout": 0.3, "deadline": 100, "throttle": 0, "key": "{1}"}' > conf
  try distaff --config conf 'sleep 60; : {}' ::: a
  exits 1
  says "timed out"
  printf '{"rules": [{"match": "", "timeout": 0.3, "throttle": 0.01}]}' > rules
  try distaff --rules rules -g {1} 'sleep 60; : {}' ::: a
  exits 1
  says "timed out"
  printf '{"deadline": 0.3}' > conf
  try distaff --config conf 'sleep 60; : {}' ::: a
  exits 124
}

@test "a file may be a pipe" {
  try distaff --config <(echo '{"tag": true}') echo ::: x
  exits 0
  prints $'x\tx'
}

@test "the example of the man page is right" {
  sed -n '/^\.SH CONFIGURATION FILE/,/^\.EE/p' "$BATS_TEST_DIRNAME/../../man/distaff.1" |
    sed '1,/^\.EX/d; /^\.EE/d; s/\\-/-/g' > c.json
  echo '{}' > limits.json
  printf 'server,db\ns,d\n' > dbs.csv
  try distaff --config c.json -a dbs.csv 'echo "$LANG $TARGET"'
  exits 0
  prints 'C d'
}

@test "files that cannot be read" {
  refuses '--config none: No such file' -- --config none touch ran
  mkdir dir
  refuses '--config dir: Is a directory' -- --config dir touch ran
  : > empty
  refuses '--config empty:' empty '{}' -- --config empty touch ran
  refuses '--config /dev/zero: longer than 1 MiB' -- --config /dev/zero touch ran
  refuses '--config -: stdin' -- --config - touch ran
  refuses --config -- --config= touch ran
  refuses '--config needs a value' -- --config
}

@test "a mistake names file, line and column, and the fix" {
  config $'{\n  "jobs": 4,\n}'
  refuses c.json:3:1: comma -- --config c.json touch ran
  config $'{\r\n  // \303\274\r\n  /* \303\274 */ "jbos": 4\r\n}'
  refuses c.json:3:11: '"jbos"' '"jobs"' -- --config c.json touch ran
  config '{"keep-order": "yes"}'
  refuses c.json:1:16: '"keep-order"' true false -- --config c.json touch ran
  config '{"jobs": "many"}'
  refuses c.json:1:10: '"jobs"' many 200% -- --config c.json touch ran
  config '{"jobs": 1, "jobs": 2}'
  refuses c.json:1:13: '"jobs"' twice -- --config c.json touch ran
  config '{"workdir": "a\u0000b"}'
  refuses c.json:1:13: '"workdir"' NUL -- --config c.json touch ran
  config '{"config": "other.json"}'
  refuses c.json:1:2: '"config"' 'command line' -- --config c.json touch ran
  config '[]'
  refuses c.json:1:1: object -- --config c.json touch ran
}

@test "a mistake that shows only later names its place too" {
  config '{"split": "("}'
  refuses 'c.json:1:11: "split"' -- --config c.json touch ran
  config '{"rules": "none.json"}'
  refuses 'c.json:1:11: "rules" none.json: No such file' -- --config c.json touch ran
  config '{"tag-template": "{nam}", "csv": true, "input": "t.csv"}'
  printf 'id,name\n1,x\n' > t.csv
  refuses 'c.json:1:18: "tag-template"' '{nam}' -- --config c.json touch ran
}

@test "options of a file and of the command line that exclude each other" {
  config '{"csv": true}'
  refuses -0 '"csv" of c.json:1:2' -- --config c.json -0 touch ran
  config '{"ungroup": true}'
  refuses -k '"ungroup" of c.json:1:2' -- --config c.json -k touch ran
}

@test "a file cut anywhere is refused in one line" {
  whole='{"jobs": 4, /* x */ "env": {"A": "\u00fc"}, "tag": true, "input": ["a"]}'
  for ((size = 0; size < ${#whole}; size += 3)); do
    config "${whole:0:size}"
    try distaff --config c.json touch ran ::: x
    exits 2
    prints
    one_line
    says 'distaff: ' c.json
    absent ran
  done
}

@test "no file is read unless it is named, and no variable names one" {
  mkdir -p home/.config/distaff
  for file in .distaff .distaff.json distaff.json config.json .distaffrc home/.distaff \
    home/.distaffrc home/.config/distaff/config home/.config/distaff/config.json; do
    echo '{"tag-template": "read"}' > "$file"
  done
  HOME=$PWD/home XDG_CONFIG_HOME=$PWD/home/.config DISTAFF_CONFIG=$PWD/distaff.json \
    DISTAFF=--tag try distaff echo ::: x
  exits 0
  prints x
  silent
  # LeakSanitizer does not work under strace.
  if [ "${DISTAFF_SANITIZED:-0}" != 1 ]; then
    HOME=$PWD/home strace -f -e trace=open,openat,stat,access -o trace distaff true ::: x
    ! grep -E 'config|distaffrc' trace || fail "looked for a file that was not named"
  fi
}
