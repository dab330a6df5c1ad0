# Command lines that messages print: what is printed is typed, and does what was meant, for odd words
# and odd values.

load helpers

odd=$'-n a\'b"c; $(touch pwned) `touch pwned` \\ \n \303\251 {} %'

# Programs that give text to a shell, or start one.
fake_programs() {
  mkdir bin
  printf '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nshift\nexec sh -c "$*"\n' > bin/ssh
  printf '#!/bin/sh\nshift 2\nexec sh -c "$*"\n' > bin/watch
  printf '#!/bin/sh\nwhile [ "$1" != -c ]; do shift; done\nexec sh -c "$2"\n' > bin/su
  printf '#!/bin/sh\nexec sh -c "$1"\n' > bin/parallel
  printf '#!/bin/sh\nexec sh "$@"\n' > bin/fish
  printf '#!/bin/sh\nexec "$@"\n' > bin/wrap
  chmod +x bin/*
  PATH=$PWD/bin:$PATH
}

# line WANTED VALUE [OPTION...] -- WORD...: with the OPTIONs the command of these words is refused, and
# the command that is printed gives WANTED for VALUE.  (An x keeps newlines at the end.)
line() {
  local wanted=$1 value=$2 first second said got
  two_lists "${@:3}"
  try distaff "${first[@]}" "${second[@]}" ::: "$value"
  exits 2
  one_line
  said=$(sed -n 's/.*write distaff //p' "$kept/stderr")
  [ -n "$said" ] || fail "no command is printed for: ${second[*]}"
  case $said in *' (with --shell bash if it needs that)') said="--shell bash ${said% (with*}" ;; esac
  got=$(eval "distaff \"\${first[@]}\" $said ::: \"\$value\"" 2> "$kept/err"; echo x)
  [ "$got" = "${wanted}x" ] || fail "printed for '${second[*]}': $said
gave: $got $(< "$kept/err")"
  absent pwned
}

@test "a value in the text of a shell: all else of the command is kept" {
  fake_programs
  line "$odd|" "$odd" -- sh -c "printf '%s|' '{}'"
  line "$odd|" "$odd" -- bash -c "[[ x == x ]] && printf '%s|' {}"
  line "it's|$odd|" "$odd" -- sh -c "printf '%s|' it\\'s '{}'"
  line "1|$odd|" "$odd" -- env A=1 sh -c 'printf "%s|" "$A" {}'
  line "$odd|$odd|" "$odd" -- env A=1 sh -c "printf '%s|' '{}' \"{}\""
  line '' "$odd" -- sh -ec 'false; printf "%s|" {}'
  line "$odd|" "$odd" -- bash -o pipefail -c "printf '%s|' {}"
  line "$odd|" "$odd" -- timeout 5 sh -c 'cd /; printf "%s|" {}'
  line "x y|a|" 'a/x y.z' -- wrap sh -c "printf '%s|' {/.} {//}"
  line "$odd|z|" "$odd" -- wrap sh -c 'printf "%s|" {} "$1"' sh z
  line "$odd|" "$odd" -- wrap sh -c 'f() { printf "%s|" {}; }; f x'
  line "$odd|" "$odd" -- wrap sh -c 'x=1; printf "%s|" "${x:+{}}"'
  line "$odd|" "$odd" -- find . -maxdepth 0 -exec sh -c "printf '%s|' {}" ';'
  line "1 $odd|" "$odd" -- wrap sh -c 'printf "%s|" "{#} {}"'
  line "$odd|" "$odd" -I @ -- wrap sh -c "printf '%s|' @"
  line "x y|a|" 'a/x y.z' -I '+{}' -- wrap sh -c "printf '%s|' +{/.} +{//}"
  try distaff -n 2 wrap sh -c "printf '%s|' {}" ::: a "$odd"
  says "write \"\$@\" there and give the records of a batch behind it: sh -c 'echo \"\$@\"' sh {}"
  try distaff -n 2 wrap sh -c "printf '%s|' \"\$@\"" sh {} ::: a "$odd"
  same "$(< "$kept/stdout")" "a|$odd|"
  mkdir "it's"
  ln -s /bin/sh "it's/sh"
  line "$odd|" "$odd" -- "it's/sh" -c "printf '%s|' {}"
  try distaff wrap sh -c 'printf "%s|" $(({}+1))' ::: 1
  says 'give it as a variable, by --env v={}, and have the text read that'
  try distaff --env v={} wrap sh -c 'echo $((v+1))' ::: 1
  prints 2
}

@test "a value in the text of a shell that a program starts here" {
  fake_programs
  line "$odd|" "$odd" -- flock x -c "printf '%s|' {}"
  line "$odd|$odd|" "$odd" -- timeout 5 flock x -c "v=1; printf '%s|' {} {1}"
  line "x y|a|" 'a/x y.z' -- flock x -c "printf '%s|' {/.} {//}"
  line "$odd|" "$odd" -- su root -c "printf '%s|' {}"
  line "$odd|" "$odd" -- su -c "printf '%s|' \"{}\"" root
  line "$odd|" "$odd" -- watch -n 1 "printf '%s|'" {}
  line "$odd|" "$odd" -- fish -c "printf '%s|' {}"
  line "$odd|" "$odd" -I @ -- flock x -c "printf '%s|' @"
  try distaff run parallel "printf '%s|' {}" ::: "$odd"
  same "$(eval "distaff $(sed -n 's/.*write distaff //p' "$kept/stderr") ::: \"\$odd\"")" "$odd|"
}

@test "a value in the text of a far shell" {
  fake_programs
  line "$odd|" "$odd" -- ssh h "printf '%s|' {}"
  line "$odd|" "$odd" -- ssh h "printf '%s|' '{}'"
  line "$odd|" "$odd" -- ssh -q "my host" "cd /; printf '%s|' \"{}\""
  line "$odd|" "$odd" -- ssh h printf "'%s|'"
  line "$odd|it's \$x|" "$odd" -- ssh h "printf '%s|' {} \"it's \\\$x\""
  line "x y|a|" 'a/x y.z' -I '%{}' -- ssh h "printf '%s|' %{/.} %{//}"
  line "$odd|" "$odd" -- ssh h 'cd /; printf "%s|" {} | cat $(echo /dev/null) - `echo`'
  line "$odd|" "$odd" -- su - root -c "printf '%s|' {}"
  line "$odd|" "$odd" -I @ -- ssh h "printf '%s|' @"
  try distaff -n 2 ssh h "printf '%s|' {}" ::: 1 2
  says 'have it read the records of a batch, by --stdin record'
  printf '%s\n' "a'b" b | try distaff -n 2 --stdin record ssh h "sed s/b/c/"
  prints "a'c" c
}

@test "records that are commands" {
  fake_programs
  for words in 'sh -c {}' 'wrap sh -c' 'ssh h {}' 'ssh h' 'timeout 5 ssh h {}'; do
    try distaff $words ::: 'echo "it'"'"'s"; echo $0'
    exits 2
    case $words in
      'sh -c {}') says 'leave the command out' && try distaff ::: 'echo "it'"'"'s"' ;;
      *) eval "try distaff $(sed -n 's/.*write distaff //p' "$kept/stderr") ::: 'echo \"it'\"'\"'s\"'" ;;
    esac
    prints "it's"
  done
  try distaff bash -c ::: 'echo "${BASH:+x}"'
  says 'leave the command out and write --shell bash'
  try distaff --shell bash ::: 'echo "${BASH:+x}"'
  prints x
  try distaff env -S 'printf %s {}' ::: 'a b'
  says 'write its words apart'
  try distaff env A=1 printf %s {} ::: 'a b'
  prints_bytes 'a b'
}

# said PATTERN: what stands behind PATTERN in the message.
said() {
  sed -n "s/.*$1//p" "$kept/stderr"
}

@test "quotes and words: long, of several lines, with quotes" {
  long=$(printf 'x%.0s' {1..300})
  for script in "echo {} $long" $'echo {}\necho b\t' 'echo "it'"'"'s" {}'; do
    case $script in *\'*) quoted="\"${script//\"/}'\"" script=${script//\"/}\' ;; *) quoted="'$script'" ;; esac
    try distaff "$quoted" ::: a
    exits 2
    one_line
    eval "words=($(said 'write distaff '))"
    same "${words[0]}" "$script"
  done
  for value in "it's {}" $'n\n{}' "{}$long"; do
    try distaff "X=$value" printenv X ::: a
    exits 2
    one_line
    eval "try distaff $(said 'jobs write ') printenv X ::: a"
    prints "${value/\{\}/a}"
  done
  try distaff 'X=a b' printenv X ::: a
  exits 127
  eval "try distaff $(said 'jobs write ') printenv X ::: X"
  prints 'a b' 'a b'
  printf "it's me,n\n1,2\n" > t.csv
  try distaff --csv -a t.csv echo "{it's" 'me}'
  exits 2
  eval "try distaff --csv -a t.csv echo $(said 'shell: write ')"
  prints 1
}

@test "functions and files that are programs" {
  f() { printf '%s|' "$@"; }
  export -f f
  try distaff f -x "it's" ::: 'a b'
  exits 127
  same "$(eval "distaff $(said 'write distaff ') ::: 'a b'")" "-x|it's|a b|"
  try distaff f {} y{.} ::: 'a b.c'
  same "$(eval "distaff $(said 'write distaff ') ::: 'a b.c'")" 'a b.c|ya b|'
  try distaff -I % f y ::: 'a b'
  same "$(eval "distaff -I % $(said 'write distaff ') ::: 'a b'")" 'y|'
  try distaff 'f y' ::: 'a b'
  same "$(eval "distaff $(said 'write distaff ') ::: 'a b'")" 'y|a b|'
  printf 'a b,c\n1,2\n' > t.csv
  try distaff --csv -a t.csv f '{a b}' {c}
  same "$(eval "distaff --csv -a t.csv $(said 'write distaff ')")" '1|2|'
  mkdir bin 'my dir'
  printf '#!/bin/sh\necho "ran $1"\n' > 'my dir/pro g'
  chmod +x 'my dir/pro g'
  try distaff './my dir/pro g' ::: a
  exits 127
  eval "try distaff $(said 'name write distaff ') ::: a"
  prints 'ran a'
  printf '#!/bin/sh\r\necho ran\r\n' > $'my dir/it\'s\n'
  chmod +x my\ dir/it*
  try distaff $'./my dir/it\'s\n' x ::: a
  one_line
  eval "$(sed -n 's/.*CR, which \(.*\) takes away/\1/p' "$kept/stderr")"
  try distaff $'./my dir/it\'s\n' x ::: a
  prints ran
}

# reader: the command that the message prints for a file, or for a pipe.
reader() {
  sed -n 's/.*read it by: \(.*\) | distaff \.\.\..*/\1/p; s/.*put between: \.\.\. | \(.*\) | distaff \.\.\..*/\1/p' \
    "$kept/stderr" > "$kept/said"
}

# as_said FILE: FILE, as an input file and on stdin, is refused, and what is said reads it.
as_said() {
  try distaff -a "$1" echo
  exits 2
  one_line
  reader
  eval "$(< "$kept/said")" | try distaff -k echo
  prints a b
  try distaff echo < "$1"
  exits 2
  reader
  eval "$(< "$kept/said")" < "$1" | try distaff -k echo
  prints a b
}

# packed NAME BYTES TOOL...: the file x, packed by the TOOL; where that is not installed, a file that
# begins with the BYTES and a reader of that NAME that gives the text.
packed() {
  local name=$1 bytes=$2
  shift 2
  rm -f x
  if command -v "$1" > /dev/null && command -v "$name" > /dev/null; then
    printf 'a\nb\n' | "$@" > x
  else
    printf "$bytes" > x
    printf '#!/bin/sh\nfor f in "$@"; do :; done\n[ $# = 0 ] || [ -e "$f" ] || [ "$f" = -dc ] || exit 1\n' > "bin/$name"
    printf 'printf "a\\nb\\n"\n' >> "bin/$name"
    chmod +x "bin/$name"
  fi
  as_said x
}

@test "files that are no text: each kind is read as it is said" {
  mkdir bin
  PATH=$PWD/bin:$PATH
  packed zcat '' gzip
  packed xzcat '\3757zXZ\0\0' xz
  packed zstdcat '\050\265\057\375\0' zstd -q
  packed lz4cat '\004\042\115\030\0' lz4 -q
  packed lzip 'LZIP\001\0' lzip
  packed bzcat 'BZh91AY&SY' bzip2
  printf '\037\235\220\141\024\210\121\000' > x # by compress: 9 bits each for a, a newline, b and a newline
  as_said x
  printf 'a\nb\n' > member
  python3 -m zipfile -c x member
  if command -v unzip > /dev/null && command -v funzip > /dev/null; then as_said x; fi
  for encoding in UTF-16 UTF-32; do
    for order in LE BE; do
      { printf '\uFEFF'; printf 'a\nb\n'; } | LC_ALL=C.UTF-8 iconv -f UTF-8 -t "$encoding$order" > x
      as_said x
    done
  done
  printf 'abcdefgh\nb\n' | iconv -t UTF-16LE > x
  try distaff -a x echo
  says 'iconv -f UTF-16LE -t UTF-8'
  iconv -f UTF-16LE -t UTF-8 < x | try distaff -k echo
  prints abcdefgh b
}

@test "files that are no text: odd names, and files without one" {
  printf 'a\nb\n' | gzip > plain
  for name in -x.gz "it's é.gz" $'n\nl.gz' '$(touch pwned)' '[a]*'; do
    cp plain "./$name"
    as_said "./$name"
    try distaff "-a$name" echo
    reader
    eval "$(< "$kept/said")" | try distaff -k echo
    prints a b
  done
  absent pwned
  try distaff -a <(cat plain) echo
  says 'put between: ... | zcat | distaff ...'
  try distaff -k -a <(cat plain | zcat) echo
  prints a b
  try distaff -k echo :::: plain
  exits 2
  reader
  eval "$(< "$kept/said")" | try distaff -k echo :::: -
  prints a b
}
