# What the man page promises of single command lines, taken from its own text.

load helpers

ROOT=$BATS_TEST_DIRNAME/../..
PAGE=$ROOT/man/distaff.1

# The lines between two marks of the page, as a reader sees them: the first column or the second.
column() {
  sed -n "/^\.\\\\\" $1/,/^\.\\\\\" End of/p" "$PAGE" | grep -v '^\.' | cut -d@ -f"$2" |
    sed -e "s/\\\\(aq/'/g" -e 's/\\-/-/g' -e 's/\\e/\\/g'
}

@test "QUOTING: in each of these places a value is printed as it is" {
  value='a b$(touch pwned)`touch pwned`"'\''*\'
  column 'Positions:' 2 > places
  [ "$(wc -l < places)" -ge 13 ] || fail "expected the page's table: $(< places)"
  while IFS= read -r script; do
    printf '%s\0' "$value" | try distaff -0 "$script"
    same "$script: $(< "$kept/status")" "$script: 0"
    same "$script: $(< "$kept/stdout")" "$script: $value"
  done < places
  absent pwned
}

@test "QUOTING: a here-document and arithmetic" {
  printf '%s\0' '$(touch pwned) "x"' | try distaff -0 $'cat << END\n{}\nEND'
  prints '$(touch pwned) "x"'
  absent pwned
  try distaff 'echo $(({} + 1))' ::: 41
  prints 42
  try distaff 'echo $(({} + 1))' ::: 'x[$(touch pwned)]'
  exits 1
  absent pwned
}

@test "QUOTING: in each of these places it is refused" {
  column 'Refused:' 1 > places
  [ "$(wc -l < places)" -ge 10 ] || fail "expected the page's table: $(< places)"
  while IFS= read -r script; do
    case $script in *'<<'*) script+=$'\n{}\nEND' ;; esac
    try distaff --shell bash "$script" ::: 1
    same "$script: $(< "$kept/status")" "$script: 2"
    one_line
  done < places
}

@test "REPLACEMENT: an empty field can be refused" {
  grep -qF 'x={1}; rm \-r' "$PAGE"
  printf ',b\nc,d\n' | try distaff -k --split , 'x={1}; echo rm -r "/srv/${x:?}"'
  exits 1
  prints 'rm -r /srv/c'
}

@test "QUOTING: a value for awk goes through the environment" {
  printf 'a b\nc\n' > users.txt
  printf 'c\n' | try distaff --env name={} awk '$1 == ENVIRON["name"]' users.txt
  exits 0
  prints c
  printf 'it'\''s "x"\n' | try distaff --shell bash "printf '%s\n' \"\${1@Q}\""
  exits 0
}

@test "EXAMPLES: there are ten, and each is read without a complaint" {
  sed -n '/^\.SH EXAMPLES/,/^\.SH COMPARED/p' "$PAGE" > examples
  same "$(grep -c '^\.IP [0-9]' examples)" 10
  printf 'Full Name,mail,host,server,db\nA,a,h,s,d\n' | tee people.csv hosts.csv > dbs.csv
  printf 'http://a/\n' > urls.txt
  printf 'echo x\n' > commands.txt
  mkdir logs data cache
  sed -n '/^\.EX/,/^\.EE/p' examples | grep -v '^\.' |
    sed -e "s/\\\\(aq/'/g" -e 's/\\-/-/g' -e 's/\\(ha/^/g' -e 's/distaff/distaff --dry-run/' > lines
  [ "$(wc -l < lines)" -ge 15 ] || fail "expected the page's examples: $(< lines)"
  while IFS= read -r line; do
    try bash -c "$line" < /dev/null
    same "$line: $(< "$kept/status")$(< "$kept/stderr")" "$line: 0"
  done < lines
}

@test "README: its first command lines are read without a complaint" {
  printf 'Full Name,mail,host,server,db\nA,a,h,s,d\n' | tee users.csv hosts.csv > dbs.csv
  printf 'http://a/\n' > urls.txt
  sed -n '/^```sh/,/^```/p;/^## /q' "$ROOT/README.md" | grep -v '^```' |
    sed 's/distaff/distaff --dry-run/' > lines
  same "$(wc -l < lines)" 7
  while IFS= read -r line; do
    try bash -c "$line" < /dev/null
    same "$line: $(< "$kept/status")$(< "$kept/stderr")" "$line: 0"
  done < lines
}

@test "COMPARED: options said to be the same are taken" {
  for options in '-a f' '-d ,' -r -t '-j 50%' -k --tag '--halt soon,fail=1' '--delay 0' '-0'; do
    printf 'a\n' > f
    try distaff $options echo < f
    exits 0
  done
  printf 'a:b\n' | try distaff --split : echo {2}
  prints b
}
