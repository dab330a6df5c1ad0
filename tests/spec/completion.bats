# Completions in the real shells, interactive and on a terminal: keys are typed, and what is looked
# at is the line that comes of it.  `typist` does the typing.

load helpers

setup() {
  prepare
  completions=$(cd "$BATS_TEST_DIRNAME/../../completions" && pwd)
  export TYPIST_COMPLETIONS=$completions TYPIST_DUMP=$BATS_FILE_TMPDIR/zcompdump
  mkdir "$BATS_TEST_TMPDIR/start"
  printf 'url,Full Name,db\nhttp://a/,b,c\n' > hosts.csv
  printf 'url\tFull Name\n' > hosts.tsv
  printf '%s\n' "it's,x:y,\$HOME,\"p,q\",\`touch ran\`,b\\s,1..3" > 'odd names.csv'
  mkdir out
  touch one.txt "two words.txt"
  mkfifo pipe.csv
  export THREAD_OF_ARIADNE=1 HOME=$BATS_TEST_TMPDIR/home
  mkdir "$HOME"
  printf 'at_home,b\n' > "$HOME/home.csv"
  # A command whose own completion we know.
  printf '#!/bin/sh\n' > "$BATS_TEST_TMPDIR/bin/zwirn"
  chmod +x "$BATS_TEST_TMPDIR/bin/zwirn"
}

# ---- typing

# open_shell bash|zsh|fish [SETUP]: a shell that has the completion, after the commands of SETUP.
open_shell() {
  shell=$1
  command -v "$shell" > /dev/null || skip "no $shell"
  printf '%s\n' "${2-}" > "$BATS_TEST_TMPDIR/setup"
  case $shell in
    bash) echo "source '$completions/distaff.bash'" ;;
    zsh) ;;
    fish) echo "source '$completions/distaff.fish'" ;;
  esac >> "$BATS_TEST_TMPDIR/setup"
  coproc typist { "$BATS_TEST_DIRNAME/typist" "$shell" "$BATS_TEST_TMPDIR/start" "$BATS_TEST_TMPDIR/setup" 3>&-; }
}

ask() {
  printf '%s\n' "$1" >&"${typist[1]}"
  IFS= read -r answer <&"${typist[0]}" || fail "$shell gave no answer to: $1"
}

# becomes LINE FULLER: what the tab key makes of a line.
becomes() {
  ask "tab $1"
  [ "$answer" = "$2" ] || fail "$shell: '$1' should become '$2', is '$answer'"
}

# offers LINE WORD...: everything that is offered for its last word, quoted as this shell does it.
offers() {
  local line=$1
  shift
  ask "all $line"
  answer=${answer#"${line% *} "}
  [ "${answer% }" = "$*" ] || fail "$shell: for '$line' there should be '$*', is '$answer'"
}

# offers_among LINE WORD... [-- WORD...]: these are offered, and those behind the -- are not.
offers_among() {
  local line=$1 word wanted=1
  shift
  ask "all $line"
  answer=" ${answer#"${line% *} "} "
  for word; do
    case $wanted,$word in
      *,--) wanted=0 ;;
      1,*) [[ $answer == *" $word "* ]] || fail "$shell: for '$line' there should be '$word' among$answer" ;;
      0,*) [[ $answer != *" $word "* ]] || fail "$shell: for '$line' there should not be '$word' among$answer" ;;
    esac
  done
}

# ---- what is the same in all three

complete_options() {
  becomes 'distaff --keep-o' 'distaff --keep-order '
  becomes 'distaff run -k --on' 'distaff run -k --on-error '
  becomes 'distaff -0k --on' 'distaff -0k --on-error '
  becomes 'distaff -j4 --dry' 'distaff -j4 --dry-run '
  becomes 'distaff -j 4 -j 8 --dry' 'distaff -j 4 -j 8 --dry-run '
  becomes 'distaff --jobs=4 -I % --dry' 'distaff --jobs=4 -I % --dry-run '
  becomes '../bin/distaff --dry' '../bin/distaff --dry-run '
  offers_among 'distaff -' -j -P --jobs -a --input --keep-order --tag
  offers_among 'distaff --csv -uj4 -' --input --env -- --tsv
}

# Where options end, as arguments.cc has it: behind the first of these they go on, behind the others
# not.
end_options() {
  local words
  for words in '-j -1' '-kd,' '--env=A=b' '--env A=b' '-I{}' '-0ka x' '--csv -x'; do
    becomes "distaff $words --dry" "distaff $words --dry-run "
  done
  for words in '-k --' "-k ''" - 'run run' '-k run' ::: '--csv zwirn' '-j4 -- zwirn'; do
    becomes "distaff $words --dry" "distaff $words --dry"
  done
}

leave_out_what_is_excluded() {
  offers_among 'distaff --csv -' -a --input -g -- --csv --tsv --jsonl -0 --null --split
  offers_among 'distaff -ku -' --env -j -- --output -k --keep-order --tag --results -u
  offers_among 'distaff --env A=b -a x -' --env -a --input
}

complete_values() {
  offers 'distaff --output ' group line raw json csv none
  becomes 'distaff --output js' 'distaff --output json '
  becomes 'distaff --output=js' 'distaff --output=json '
  becomes 'distaff -k --output=js' 'distaff -k --output=json '
  becomes 'distaff --progress li' 'distaff --progress line '
  offers 'distaff --delay ' 100ms 500ms 1s 10s 1m
  becomes 'distaff --delay 50' 'distaff --delay 500ms '
  becomes 'distaff --delay=50' 'distaff --delay=500ms '
  becomes 'distaff -j +' 'distaff -j +1 '
  becomes 'distaff -kj+' 'distaff -kj+1 '
  becomes 'distaff -kj +' 'distaff -kj +1 '
  becomes 'distaff --hold-memory 6' 'distaff --hold-memory 64M '
  becomes 'distaff --rate 10/s:' 'distaff --rate 10/s:5 '
  becomes 'distaff --halt now,d' 'distaff --halt now,done=100 '
  becomes 'distaff --term-seq I' 'distaff --term-seq INT,5s,TERM,5s,KILL '
}

complete_files() {
  becomes 'distaff -a hosts.c' 'distaff -a hosts.csv '
  becomes 'distaff -ka hosts.c' 'distaff -ka hosts.csv '
  becomes 'distaff -kahosts.c' 'distaff -kahosts.csv '
  becomes 'distaff --input=hosts.c' 'distaff --input=hosts.csv '
  becomes 'distaff --spill-dir ou' 'distaff --spill-dir out/'
  becomes 'distaff --workdir=ou' 'distaff --workdir=out/'
  becomes 'distaff -a two\ words.' 'distaff -a two\ words.txt '
  becomes "distaff -a 'two words." "distaff -a 'two words.txt' "
  becomes 'distaff -a ~/ho' 'distaff -a ~/home.csv '
}

complete_columns() {
  becomes 'distaff --csv -a hosts.csv -g ur' 'distaff --csv -a hosts.csv -g url '
  becomes 'distaff run --csv -ka hosts.csv -gur' 'distaff run --csv -ka hosts.csv -gurl '
  becomes 'distaff --csv -a hosts.csv --key=ur' 'distaff --csv -a hosts.csv --key=url '
  becomes 'distaff --csv -a hosts.csv -g host:ur' 'distaff --csv -a hosts.csv -g host:url '
  becomes 'distaff --csv -a hosts.csv --key=domain:ur' 'distaff --csv -a hosts.csv --key=domain:url '
  becomes 'distaff --csv -a hosts.csv -g Fu' 'distaff --csv -a hosts.csv -g Full\ Name '
  becomes 'distaff --csv -a hosts.csv -g Full\ N' 'distaff --csv -a hosts.csv -g Full\ Name '
  becomes "distaff --csv -a hosts.csv -g 'Full N" "distaff --csv -a hosts.csv -g 'Full Name' "
  becomes 'distaff --csv -a hosts.csv -g "host:Full N' 'distaff --csv -a hosts.csv -g "host:Full Name" '
  becomes "distaff --csv -a 'hosts.csv' -g ur" "distaff --csv -a 'hosts.csv' -g url "
  becomes '../bin/distaff --tsv --input=hosts.tsv -g ur' '../bin/distaff --tsv --input=hosts.tsv -g url '
  becomes 'distaff --csv -a ~/home.csv -g at_' 'distaff --csv -a ~/home.csv -g at_home '
  offers_among 'distaff --csv -a hosts.csv -g ' url host:url domain:url db regex: -- host domain
}

complete_templates() {
  becomes "distaff --csv -a hosts.csv --tag-template '{ur" "distaff --csv -a hosts.csv --tag-template '{url}' "
  becomes 'distaff --csv -a hosts.csv --tag-template "{Full N' 'distaff --csv -a hosts.csv --tag-template "{Full Name}" '
  becomes "distaff --csv -a hosts.csv --results 'out/{ur" "distaff --csv -a hosts.csv --results 'out/{url}' "
  becomes "distaff --csv -a hosts.csv --env 'U={ur" "distaff --csv -a hosts.csv --env 'U={url}' "
  becomes "distaff --csv -a hosts.csv --env 'U={url}-{Fu" "distaff --csv -a hosts.csv --env 'U={url}-{Full Name}' "
  becomes "distaff --csv -a hosts.csv -g '{ur" "distaff --csv -a hosts.csv -g '{url}' "
  becomes "distaff --csv -a hosts.csv zwirn --wool '{Fu" "distaff --csv -a hosts.csv zwirn --wool '{Full Name}' "
  becomes "distaff zwirn '{/." "distaff zwirn '{/.}' "
  becomes 'distaff --env THREAD_OF' 'distaff --env THREAD_OF_ARIADNE='
  becomes 'distaff --env=THREAD_OF' 'distaff --env=THREAD_OF_ARIADNE='
}

# Names that mean something to a shell, of a file with a space in its name.
complete_odd_names() {
  becomes "distaff --csv -a 'odd names.csv' -g it" "distaff --csv -a 'odd names.csv' -g it\\'s "
  becomes 'distaff --csv -a odd\ names.csv -g x:' 'distaff --csv -a odd\ names.csv -g x:y '
  becomes 'distaff --csv --input="odd names.csv" --key=host:x:' 'distaff --csv --input="odd names.csv" --key=host:x:y '
  becomes "distaff --csv -a'odd names.csv' -g '\$H" "distaff --csv -a'odd names.csv' -g '\$HOME' "
  becomes 'distaff --csv -a odd\ names.csv -g \$H' 'distaff --csv -a odd\ names.csv -g \$HOME '
  becomes 'distaff --csv -a odd\ names.csv -g b\' 'distaff --csv -a odd\ names.csv -g b\\s '
  becomes "distaff --csv -a odd\\ names.csv --tag-template '{p" "distaff --csv -a odd\\ names.csv --tag-template '{p,q}' "
  becomes "distaff --csv -a odd\\ names.csv --tag-template '{\`" "distaff --csv -a odd\\ names.csv --tag-template '{\`touch ran\`}' "
  absent ran
}

# distaff in the middle of a line.
complete_elsewhere() {
  becomes 'A=b distaff --output js' 'A=b distaff --output json '
  becomes 'true; distaff --output js' 'true; distaff --output json '
  becomes 'true | distaff -k --output=js' 'true | distaff -k --output=json '
}

# Without quotes.
complete_bare_templates() {
  becomes 'distaff --csv -a hosts.csv --tag-template {Fu' 'distaff --csv -a hosts.csv --tag-template {Full\ Name} '
  becomes 'distaff --csv -a hosts.csv --workdir={ur' 'distaff --csv -a hosts.csv --workdir={url} '
  becomes 'distaff --csv -a hosts.csv --env U={ur' 'distaff --csv -a hosts.csv --env U={url} '
  becomes 'distaff --csv -a hosts.csv --env=U={ur' 'distaff --csv -a hosts.csv --env=U={url} '
  becomes 'distaff --csv -a hosts.csv -g {ur' 'distaff --csv -a hosts.csv -g {url} '
  becomes 'distaff --csv -a hosts.csv zwirn {Fu' 'distaff --csv -a hosts.csv zwirn {Full\ Name} '
  becomes 'distaff zwirn {//' 'distaff zwirn {//} '
}

complete_commands() {
  becomes 'distaff zwi' 'distaff zwirn '
  becomes 'distaff run zwi' 'distaff run zwirn '
  becomes 'distaff --csv -j 4 zwi' 'distaff --csv -j 4 zwirn '
  becomes 'distaff -k -- zwi' 'distaff -k -- zwirn '
  becomes '../bin/distaff run -k ../bin/zwi' '../bin/distaff run -k ../bin/zwirn '
  offers_among 'distaff ru' run
  offers_among 'distaff fet' fetch
  offers_among 'distaff -k ru' -- run
  becomes 'distaff zwirn --keep-o' 'distaff zwirn --keep-o'
  becomes 'distaff zwirn ::: on' 'distaff zwirn ::: one.txt '
  becomes 'distaff zwirn ::: one.txt :::+ hosts.c' 'distaff zwirn ::: one.txt :::+ hosts.csv '
  becomes 'distaff -k zwirn x :::: hosts.c' 'distaff -k zwirn x :::: hosts.csv '
  becomes 'distaff ::: on' 'distaff ::: one.txt '
  becomes 'distaff zwirn ::::' 'distaff zwirn :::: '
}

ask_the_command() {
  becomes 'distaff zwirn --w' 'distaff zwirn --wool '
  becomes 'distaff run -j4 --csv -- zwirn --flax --w' 'distaff run -j4 --csv -- zwirn --flax --wool '
  becomes 'distaff --output=json -g host:url zwirn --w' 'distaff --output=json -g host:url zwirn --wool '
  becomes 'distaff -k ../bin/zwirn --w' 'distaff -k ../bin/zwirn --wool '
}

# `distaff fetch` has options of its own, before and behind URLs.
complete_fetch() {
  becomes 'distaff fe' 'distaff fetch '
  becomes 'distaff fetch --poli' 'distaff fetch --polite '
  becomes 'distaff fetch http://h/ --poli' 'distaff fetch http://h/ --polite '
  becomes 'distaff fetch http://h/ -j 4 --output-d' 'distaff fetch http://h/ -j 4 --output-dir '
  becomes 'distaff fetch -- --poli' 'distaff fetch -- --poli'
  becomes 'distaff run --poli' 'distaff run --poli'
  becomes 'distaff fetch --shel' 'distaff fetch --shel'
  offers 'distaff fetch --output ' csv json none
  becomes 'distaff fetch -X PO' 'distaff fetch -X POST '
  becomes 'distaff fetch -kX PO' 'distaff fetch -kX POST '
  becomes 'distaff fetch --retry-on=con' 'distaff fetch --retry-on=connect'
  becomes 'distaff fetch --output-dir=ou' 'distaff fetch --output-dir=out/'
  becomes 'distaff fetch --cond hosts.c' 'distaff fetch --cond hosts.csv '
  becomes 'distaff fetch --csv -a hosts.csv ur' 'distaff fetch --csv -a hosts.csv url '
  becomes 'distaff fetch --csv -a hosts.csv -g ur' 'distaff fetch --csv -a hosts.csv -g url '
  becomes "distaff fetch --csv -a hosts.csv --url-template '{ur" "distaff fetch --csv -a hosts.csv --url-template '{url}' "
  becomes 'distaff fetch :::: hosts.c' 'distaff fetch :::: hosts.csv '
  offers_among 'distaff fetch --csv -a hosts.csv -g ' url host domain -- '{1}'
  offers_among 'distaff fetch -' -X --header --polite -j -- --shell -u --term-seq
  offers_among 'distaff fetch --body -' --polite -- --output-dir --archive --output --body
}

# Where columns cannot be known nothing is run, read or waited for.
ask_no_more_than_is_safe() {
  offers_among 'distaff --csv -g ' host: domain: regex: -- host domain url
  offers_among 'distaff --csv -a - -g ' host: -- url
  offers_among 'distaff --csv -a pipe.csv -g ' host: -- url
  offers_among 'distaff --csv -a absent.csv -g ' host: -- url
  offers_among 'distaff --csv -a $(touch${IFS}ran) -g ' host: -- url
  offers_among 'distaff --csv -a "`touch ran`" -g ' host: -- url
  offers_among 'distaff -a hosts.csv -g ' host domain -- url
  offers_among 'distaff --csv --no-header -a hosts.csv -g ' host domain -- url
  absent ran
}

# Each looks whether it sees the command's words and nothing else.
spin_in_bash='_zwirn() {
  [[ ${COMP_WORDS[0]} == *zwirn && $COMP_CWORD == $((${#COMP_WORDS[@]} - 1)) ]] || return
  COMPREPLY=($(compgen -W "--wool --flax" -- "$2"))
}
complete -F _zwirn zwirn'
bash_completion='source /usr/share/bash-completion/bash_completion'
spin_in_zsh='_zwirn() { [[ $words[1] == *zwirn && CURRENT -eq $#words ]] && compadd -- --wool --flax }
compdef _zwirn zwirn'
spin_in_fish='complete -c zwirn -f -l wool
complete -c zwirn -f -l flax
complete -c zwirn -f -n "contains -- --flax (commandline -opc)" -l tow'

# ---- bash

@test "bash completes options" {
  open_shell bash
  complete_options
  complete_elsewhere
  end_options
  becomes 'distaff -d -- --dry' 'distaff -d -- --dry-run '
  leave_out_what_is_excluded
}

@test "bash completes distaff fetch" {
  open_shell bash
  complete_fetch
}

@test "bash completes values" {
  open_shell bash
  complete_values
  complete_files
}

@test "bash completes columns and templates" {
  open_shell bash
  complete_columns
  complete_templates
  complete_bare_templates
  complete_odd_names
  becomes "distaff --csv -a hosts.csv --workdir='{ur" "distaff --csv -a hosts.csv --workdir='{url}' "
  becomes "distaff --csv -a hosts.csv -g Full' N" "distaff --csv -a hosts.csv -g Full' Name' "
  becomes "distaff --csv -a hosts.csv --env U='{Fu" "distaff --csv -a hosts.csv --env U='{Full Name}' "
  ask_no_more_than_is_safe
}

@test "bash completes commands" {
  open_shell bash
  complete_commands
  becomes 'distaff zwirn hosts.c' 'distaff zwirn hosts.csv '
}

@test "bash completes with bash-completion too, and then knows the command's own" {
  [ -e /usr/share/bash-completion/bash_completion ] || skip "no bash-completion"
  open_shell bash "$bash_completion; $spin_in_bash"
  complete_options
  complete_values
  complete_files
  complete_columns
  complete_templates
  complete_commands
  ask_the_command
}

@test "bash completes where words are not cut at = and :" {
  open_shell bash 'COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]/}; set -u'
  complete_values
  complete_columns
  complete_bare_templates
}

# ---- zsh

@test "zsh completes options" {
  open_shell zsh
  complete_options
  complete_elsewhere
  end_options
  becomes 'distaff -d -- --dry' 'distaff -d -- --dry-run '
  leave_out_what_is_excluded
}

@test "zsh completes distaff fetch" {
  open_shell zsh
  complete_fetch
}

@test "zsh completes values" {
  open_shell zsh
  complete_values
  complete_files
}

@test "zsh completes columns and templates" {
  open_shell zsh
  complete_columns
  complete_templates
  complete_bare_templates
  complete_odd_names
  becomes 'distaff --csv -a odd\ names.csv --tag-template {p' 'distaff --csv -a odd\ names.csv --tag-template {p\,q} '
  # No way to write this one behind a bare brace.
  becomes 'distaff --csv -a odd\ names.csv --tag-template {1' 'distaff --csv -a odd\ names.csv --tag-template {1'
  # zsh itself writes a quote that begins inside a word in another way.
  becomes "distaff --csv -a hosts.csv --workdir='{ur" 'distaff --csv -a hosts.csv --workdir=\{url\} '
  becomes "distaff --csv -a hosts.csv --env U='{Fu" 'distaff --csv -a hosts.csv --env U=\{Full\ Name\} '
  ask_no_more_than_is_safe
}

@test "zsh completes commands" {
  open_shell zsh "$spin_in_zsh"
  complete_commands
  ask_the_command
}

# ---- fish

@test "fish completes options" {
  open_shell fish
  complete_options
  complete_elsewhere
  end_options
  leave_out_what_is_excluded
}

@test "fish completes distaff fetch" {
  open_shell fish
  complete_fetch
}

@test "fish completes values" {
  open_shell fish
  complete_values
  complete_files
}

@test "fish completes columns and templates" {
  open_shell fish
  complete_columns
  complete_templates
  complete_odd_names
  becomes 'distaff --csv -a hosts.csv zwirn \{Fu' 'distaff --csv -a hosts.csv zwirn \{Full\ Name\} '
  becomes 'distaff --csv -a hosts.csv --env U=\{url\}-\{Fu' 'distaff --csv -a hosts.csv --env U=\{url\}-\{Full\ Name\} '
  becomes "distaff --csv -a hosts.csv --workdir='{ur" "distaff --csv -a hosts.csv --workdir='{url}' "
  becomes "distaff --csv -a hosts.csv --env U='{Fu" "distaff --csv -a hosts.csv --env U='{Full Name}' "
  # Behind a bare brace fish would write an error.
  becomes 'distaff --csv -a hosts.csv zwirn {Fu' 'distaff --csv -a hosts.csv zwirn {Fu'
  ask_no_more_than_is_safe
}

@test "fish completes commands" {
  open_shell fish "$spin_in_fish"
  complete_commands
  ask_the_command
  becomes 'distaff -j4 zwirn --flax --to' 'distaff -j4 zwirn --flax --tow '
}
