# shellcheck shell=bash disable=SC1003,SC2034,SC2088,SC2154
# Completion of distaff's command line in bash 4.4 or newer, with or without bash-completion.
#
# The words before the cursor are walked as the program walks them: options end at the first word
# that is none, a value is the rest of the word or the next one.  So what stands behind the options
# is the command's, and its own completion is asked.
#
# bash hands over words that are cut at `=` and `:` too, still quoted, and replaces only what
# stands behind the last cut, or behind an open quote.  Here they are put together and unquoted
# first; an offer is a whole word until _distaff_offer cuts off what bash will not replace.
#
# _distaff's local variables are those of its helpers:
#   words      the words up to the cursor, as typed; starts: where each begins in COMP_WORDS
#   cur        the last of them without quotes; fixed: how much of it stays as it is
#   open       the quote that is open at the cursor
#   before     the part of cur that is no value, as `--output=`
#   language   run, or of `distaff fetch` fetch: whose options these are
#   state      option, value (of $option), command (from words[command_at] on) or, of fetch, operand
#   typed      the options so far; form, header, files: those that say which table is read

# Unquotes $1 into plain.  open: the quote that is not closed; quote_end: how much of plain stands
# before the last quote; expands: whether the shell would put something else there.
_distaff_unquote() {
  local rest=$1 char
  plain=$1 open='' quote_end=0 expands=''
  [[ $rest == *[\\\'\"\$\`]* ]] || return 0
  plain=''
  while [[ -n $rest ]]; do
    char=${rest:0:1} rest=${rest:1}
    case $open,$char in
      "','" | '","') open='' quote_end=${#plain} ;;
      "',"*) plain+=$char ;;
      ",'" | ',"') open=$char quote_end=${#plain} ;;
      ',\') plain+=${rest:0:1} rest=${rest:1} ;;
      '",\')
        if [[ $rest == [\$\`\"\\]* ]]; then char=${rest:0:1} rest=${rest:1}; fi
        plain+=$char
        ;;
      *)
        if [[ $char == [\$\`] ]]; then expands=1; fi
        plain+=$char
        ;;
    esac
  done
}

# Quotes $1 for where the cursor is, into quoted.  Braces are left alone where they are no brace
# expansion: `{name}` is what people type.
_distaff_quote() {
  case $open in
    "'") quoted=${1//\'/\'\\\'\'} ;;
    '"')
      quoted=${1//\\/\\\\} quoted=${quoted//\"/\\\"}
      quoted=${quoted//\$/\\\$} quoted=${quoted//\`/\\\`}
      ;;
    *)
      printf -v quoted %q "$1"
      [[ -n $1 ]] || quoted=''
      if [[ $1 != *,* && $1 != *..* ]]; then
        quoted=${quoted//\\\{/\{} quoted=${quoted//\\\}/\}}
      elif [[ $1 != *\{* ]]; then
        quoted=${quoted//\\,/,}
      fi
      ;;
  esac
}

# Offers those of the values $@ that begin as the current word does.
_distaff_offer() {
  local offer quoted
  for offer; do
    offer=$before$offer
    if [[ $offer == "$cur"* ]]; then
      _distaff_quote "${offer:fixed}"
      COMPREPLY+=("$quoted")
    fi
  done
  compopt -o nosort 2> /dev/null
  # More is to be typed behind these.
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:=] ]]; then
    compopt -o nospace 2> /dev/null
  fi
}

# Offers files, or with -d directories.  A pattern of our own: `compgen -f` unquotes a second time,
# but only if there are quotes in the line.
_distaff_files() {
  local value=${cur#"$before"} only=${1-} pattern file home=''
  if [[ -z $before && $value == '~/'* ]]; then home=$HOME value=$HOME${value:1}; fi
  pattern=${value//\\/\\\\} pattern=${pattern//\*/\\*}
  pattern=${pattern//\?/\\?} pattern=${pattern//\[/\\[}
  compopt -o filenames 2> /dev/null
  while IFS= read -r file; do
    [[ $only != -d || -d $file ]] || continue
    # bash takes `-afile` for a file's name, so it does not see which are directories.
    if ((${#before} > fixed)) && [[ -d $file ]]; then
      file+=/
      compopt -o nospace 2> /dev/null
    fi
    if [[ -n $home ]]; then file="~${file#"$home"}"; fi
    file=$before$file
    COMPREPLY+=("${file:fixed}")
  done < <(compgen -G "$pattern*")
}

# Puts COMP_WORDS together again.
_distaff_split() {
  local rest=${COMP_LINE:0:COMP_POINT} i blanks piece=''
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blanks=${rest%%[![:space:]]*}
    rest=${rest#"$blanks"}
    piece=${COMP_WORDS[i]}
    # Of the last one only what is left of the cursor.
    if ((i == COMP_CWORD)); then piece=$rest; fi
    if [[ -z $blanks && ${#words[@]} -gt 0 ]]; then
      words[-1]+=$piece
    else
      words+=("$piece") starts+=("$i")
    fi
    rest=${rest#"$piece"}
  done
  # A piece of nothing but `=` and `:` is not replaced.
  if [[ -z ${piece//[=:]/} ]]; then piece=''; fi
  local whole=${words[-1]} plain quote_end expands
  _distaff_unquote "${whole:0:${#whole}-${#piece}}"
  fixed=${#plain}
  _distaff_unquote "$piece"
  ((fixed += quote_end))
  _distaff_unquote "$whole"
  cur=$plain
}

# Notes the option $1, with its value $2 as typed, if it says what is read.
_distaff_note() {
  local plain open quote_end expands
  typed+="$1 "
  case $1 in
    --csv | --tsv | --jsonl) form=$1 ;;
    --match) form=$1 ;;
    --no-header) header=$1 ;;
    -a | --input)
      _distaff_unquote "$2"
      # The shell expands a ~ at the start of a word only.
      if [[ $2 == '~/'* && $3 == apart ]]; then plain=$HOME${plain:1}; fi
      if [[ -z $expands && -f $plain && -r $plain ]]; then files+=("$plain"); fi
      ;;
  esac
}

_distaff_about() { "_distaff_about_$language" "$1"; }

# Where in the letters of $1 the one is that takes a value, into letter_at; fails if none does.
_distaff_letter_with_value() {
  local letters=_distaff_letters_with_value_$language
  for ((letter_at = 1; letter_at < ${#1}; letter_at++)); do
    if [[ ${!letters} == *"${1:letter_at:1}"* ]]; then return 0; fi
    typed+="-${1:letter_at:1} "
  done
  return 1
}

# Options are over: from word $1 on there is the command, or URLs.
_distaff_stand_at() {
  command_at=$1 state=command
  if [[ $language == fetch ]]; then state=operand; fi
}

_distaff_walk() {
  local i=1 last=$((${#words[@]} - 1)) word value plain quote_end expands letter_at
  local kind values not_after
  language=run
  if [[ $last -gt 1 && ${words[1]} == @(run|fetch) ]]; then i=2 language=${words[1]}; fi
  for (( ; i < last; i++)); do
    # The words before the cursor are closed, and `open` is the cursor's.
    local open
    _distaff_unquote "${words[i]}"
    word=$plain option='' value=''
    case $word in
      --)
        _distaff_stand_at $((i + 1))
        return
        ;;
      --*=*)
        _distaff_note "${word%%=*}" "${words[i]#*=}" joined
        continue
        ;;
      --*)
        _distaff_about "$word"
        if [[ $kind == none || -z $kind ]]; then
          _distaff_note "$word" '' ''
        else
          option=$word
        fi
        ;;
      -?*)
        if _distaff_letter_with_value "$word"; then
          option=-${word:letter_at:1} value=${word:letter_at+1}
        fi
        ;;
      *)
        if [[ $language == fetch && $word != ::* ]]; then continue; fi
        _distaff_stand_at "$i"
        return
        ;;
    esac
    if [[ -z $option ]]; then
      continue
    elif [[ -n $value ]]; then
      printf -v value %q "$value"
      _distaff_note "$option" "$value" joined
    elif ((i + 1 == last)); then
      state=value
      return
    else
      ((++i))
      _distaff_note "$option" "${words[i]}" apart
    fi
  done
  if [[ $cur == --*=* ]]; then
    state=value option=${cur%%=*} before=${cur%%=*}=
  elif [[ $cur == -[!-]* ]]; then
    local typed
    if _distaff_letter_with_value "$cur" && ((letter_at + 1 < ${#cur})); then
      state=value option=-${cur:letter_at:1} before=${cur:0:letter_at+1}
    fi
  elif [[ $cur != -* ]]; then
    _distaff_stand_at "$last"
  fi
}

# The names of the table's columns, by the program itself.
_distaff_names() {
  local plain=${words[0]} open quote_end expands
  names=()
  [[ -n $form && $form != --match && ${#files[@]} -gt 0 ]] || return 0
  _distaff_unquote "${words[0]}"
  if [[ $plain == '~/'* ]]; then plain=$HOME${plain:1}; fi
  [[ -z $expands ]] || return 0
  mapfile -t names < <("$plain" run "$form" ${header:+"$header"} "${files[@]/#/--input=}" \
    --fields 2> /dev/null < /dev/null)
}

# Offers replacements where the current word ends in an open brace; fails if it does not.
_distaff_replacements() {
  local value=${cur#"$before"} names name templates=()
  [[ -z $value || $value == *\{* && ${value##*\{} != *\}* ]] || return 1
  local before=$before
  if [[ $value == *\{* ]]; then before+=${value%\{*}; fi
  _distaff_names
  for name in "${names[@]}"; do templates+=("{$name}"); done
  if [[ -z $form ]]; then templates+=('{1}'); fi
  _distaff_offer "${templates[@]}" '{}' '{/}' '{//}' '{.}' '{/.}' '{#}' '{%}'
}

# Offers forms of --key; $@ are those that need no table.
_distaff_keys() {
  local names key
  if [[ ${cur#"$before"} == *\{* ]] && _distaff_replacements; then return; fi
  if [[ -z $form || -n $header ]]; then
    _distaff_offer "$@"
    return
  fi
  # A host of what?  There are columns, so the bare words are refused; of fetch it is the URL's.
  local keys=()
  _distaff_names
  for key; do
    case $language,$key in
      *,'{1}') ;;
      fetch,*) keys+=("$key") ;;
      *,*: | *,\{*) keys+=("$key") ;;
    esac
  done
  _distaff_offer "${names[@]}" "${names[@]/#/host:}" "${names[@]/#/domain:}" "${keys[@]}"
}

_distaff_value() {
  local kind values not_after
  _distaff_about "$option"
  case $option in
    -g | --key)
      _distaff_keys "${values[@]}"
      return
      ;;
    --env)
      if [[ ${cur#"$before"} == *=* ]]; then
        local name=${cur#"$before"}
        before+=${name%%=*}=
        _distaff_replacements
      else
        mapfile -t values < <(compgen -e)
        values=("${values[@]/%/=}")
      fi
      ;;
    --tag-template | --url-template | -H | --header | --data | --name) _distaff_replacements ;;
    --workdir | --results)
      if [[ $cur == *\{* ]] && _distaff_replacements; then return; fi
      ;;
  esac
  case $kind in
    file) _distaff_files ;;
    directory) _distaff_files -d ;;
    *) _distaff_offer "${values[@]}" ;;
  esac
}

_distaff_option() {
  local kind values not_after option other options=_distaff_options_$language
  for option in ${!options}; do
    [[ $option == "$cur"* ]] || continue
    _distaff_about "$option"
    for other in $not_after; do
      if [[ $typed == *" $other "* ]]; then continue 2; fi
    done
    _distaff_offer "$option"
  done
}

# Of `distaff fetch`: the column of a table, or lists.  URLs are known to nobody.
_distaff_operand() {
  local i names
  for ((i = command_at; i < ${#words[@]} - 1; i++)); do
    if [[ ${words[i]} == :::: || ${words[i]} == ::::+ ]]; then
      _distaff_files
      return
    fi
  done
  if [[ $cur == :* ]]; then
    _distaff_offer ::: ::::
  else
    _distaff_names
    _distaff_offer "${names[@]}"
  fi
}

# The command, and behind it `:::` lists.
_distaff_command() {
  local last=$((${#words[@]} - 1)) i
  for ((i = command_at; i < last; i++)); do
    case ${words[i]} in
      ::: | :::+ | :::: | ::::+)
        # Not both: bash would quote the colons as those of a file's name.
        if [[ $cur == :* ]]; then _distaff_offer ::: :::+ :::: ::::+; else _distaff_files; fi
        return
        ;;
    esac
  done
  if [[ $cur == \{* ]] && _distaff_replacements; then return; fi
  if [[ $cur == :* ]]; then
    _distaff_offer ::: ::::
  elif ((command_at < last)); then
    # The command's own completion, where somebody can find it.
    if declare -F _comp_command_offset > /dev/null; then
      _comp_command_offset "${starts[command_at]}"
    elif declare -F _command_offset > /dev/null; then
      _command_offset "${starts[command_at]}"
    else
      _distaff_files
    fi
  elif [[ ${words[last]} == [\'\"]* || $cur == */* ]]; then
    _distaff_files
  else
    local commands
    if ((last == 1)); then _distaff_offer run fetch; fi
    mapfile -t commands < <(compgen -c -- "$cur" | sort -u)
    _distaff_offer "${commands[@]}"
  fi
}

_distaff() {
  local IFS=$' \t\n'
  local words=() starts=() cur='' fixed=0 open='' before=''
  local language=run state=option option='' command_at=0 typed=' ' form='' header='' files=()
  COMPREPLY=()
  _distaff_split
  _distaff_walk
  "_distaff_$state"
}

# From here to the end mark: made from the option table; changes here are lost.
_distaff_options_run='-a --input -0 --null -d --delimiter --csv --tsv --separator --no-header --jsonl --split --match --no-match --keep-empty --total --max-record --fields -r --no-run-if-empty -n --max-records --max-bytes -I --shell --stdin --workdir --env --nice --dry-run -t --trace -j -P --jobs --delay -g --key --parallelism --throttle --rate --rules --mutex --buffer-size --output -k --keep-order -u --ungroup --tag --tag-template --results --hold-memory --spill-dir --spill-limit --ok --retries --retry-delay --retry-on --timeout --idle-timeout --deadline --on-error --halt --term-seq --leave-orphans --journal --resume --skip-failed --id --failed-to --joblog --lock --lock-wait --quiet-unless-failed --stamp --metrics --progress --progress-interval --log-level --log-format --log-file --quiet --config -h --help --help-all -V --version'
_distaff_letters_with_value_run=adnIjPg

# Sets kind (none, word, file, directory), values and not_after for the option $1.
_distaff_about_run() {
  kind='' values=() not_after=''
  case $1 in
    -a | --input)
      kind=file
      ;;
    -0 | --null)
      kind=none not_after=' -0 --null -d --delimiter --csv --tsv --jsonl --keep-empty '
      ;;
    -d | --delimiter)
      kind=word not_after=' -d --delimiter -0 --null --csv --tsv --jsonl --keep-empty '
      values=('\n' '\0' '\r\n' , ';')
      ;;
    --csv)
      kind=none not_after=' --csv -0 --null -d --delimiter --tsv --jsonl --split --match --keep-empty '
      ;;
    --tsv)
      kind=none not_after=' --tsv -0 --null -d --delimiter --csv --jsonl --split --match --keep-empty '
      ;;
    --separator)
      kind=word not_after=' --separator '
      values=(';' '\t' :)
      ;;
    --no-header)
      kind=none not_after=' --no-header '
      ;;
    --jsonl)
      kind=none not_after=' --jsonl -0 --null -d --delimiter --csv --tsv --split --match --keep-empty '
      ;;
    --split)
      kind=word not_after=' --split --csv --tsv --jsonl --match '
      values=(, ';' '\t' '\s+')
      ;;
    --match)
      kind=word not_after=' --match --csv --tsv --jsonl --split '
      ;;
    --no-match)
      kind=word not_after=' --no-match '
      values=(fail skip keep)
      ;;
    --keep-empty)
      kind=none not_after=' --keep-empty -0 --null -d --delimiter --csv --tsv --jsonl '
      ;;
    --total)
      kind=word not_after=' --total '
      values=(100 1000 10000)
      ;;
    --max-record)
      kind=word not_after=' --max-record '
      values=(64k 1M 64M 1G)
      ;;
    --fields)
      kind=none not_after=' --fields '
      ;;
    -r | --no-run-if-empty)
      kind=none not_after=' -r --no-run-if-empty '
      ;;
    -n | --max-records)
      kind=word not_after=' -n --max-records '
      values=(max even 2 10 100 1000)
      ;;
    --max-bytes)
      kind=word not_after=' --max-bytes '
      values=(4k 64k 128k 1M)
      ;;
    -I)
      kind=word not_after=' -I '
      values=(% @@ '%{}')
      ;;
    --shell)
      kind=word not_after=' --shell '
      values=(bash 'bash -o pipefail' sh zsh)
      ;;
    --stdin)
      kind=word not_after=' --stdin '
      values=(null record tty)
      ;;
    --workdir)
      kind=directory not_after=' --workdir '
      ;;
    --env)
      kind=word
      ;;
    --nice)
      kind=word not_after=' --nice '
      values=(5 10 19)
      ;;
    --dry-run)
      kind=none not_after=' --dry-run '
      ;;
    -t | --trace)
      kind=none not_after=' -t --trace '
      ;;
    -j | -P | --jobs)
      kind=word not_after=' -j -P --jobs '
      values=(1 2 4 8 16 50% 100% 200% +1 0)
      ;;
    --delay)
      kind=word not_after=' --delay '
      values=(100ms 500ms 1s 10s 1m)
      ;;
    -g | --key)
      kind=word not_after=' -g --key '
      values=(host domain host: domain: regex: '{//}' '{1}')
      ;;
    --parallelism)
      kind=word not_after=' --parallelism '
      values=(1 2 4 8)
      ;;
    --throttle)
      kind=word not_after=' --throttle '
      values=(500ms 1s 10s 1m 1h 2s..5s)
      ;;
    --rate)
      kind=word not_after=' --rate '
      values=(1/s 10/s 100/1m 10/s:5)
      ;;
    --rules)
      kind=file not_after=' --rules '
      ;;
    --mutex)
      kind=word not_after=' --mutex '
      values=('{}' '{1}' '{//}' '{/}')
      ;;
    --buffer-size)
      kind=word not_after=' --buffer-size '
      values=(1024 16384 131072)
      ;;
    --output)
      kind=word not_after=' --output -u --ungroup '
      values=(group line raw json csv none)
      ;;
    -k | --keep-order)
      kind=none not_after=' -k --keep-order -u --ungroup '
      ;;
    -u | --ungroup)
      kind=none not_after=' -u --ungroup --output -k --keep-order --tag --tag-template --results --idle-timeout --quiet-unless-failed '
      ;;
    --tag)
      kind=none not_after=' --tag -u --ungroup '
      ;;
    --tag-template)
      kind=word not_after=' --tag-template -u --ungroup '
      ;;
    --results)
      kind=directory not_after=' --results -u --ungroup '
      ;;
    --hold-memory)
      kind=word not_after=' --hold-memory '
      values=(1M 64M 1G)
      ;;
    --spill-dir)
      kind=directory not_after=' --spill-dir '
      ;;
    --spill-limit)
      kind=word not_after=' --spill-limit '
      values=(0 1G 10G 100G)
      ;;
    --ok)
      kind=word not_after=' --ok '
      values=(0,1 0-3)
      ;;
    --retries)
      kind=word not_after=' --retries '
      values=(1 2 3 5 10)
      ;;
    --retry-delay)
      kind=word not_after=' --retry-delay '
      values=(1s..1m 5s 10s..10m 100ms..5s)
      ;;
    --retry-on)
      kind=word not_after=' --retry-on '
      values=(0-255,signal,timeout 75 signal timeout start)
      ;;
    --timeout)
      kind=word not_after=' --timeout '
      values=(10s 1m 5m 1h 200% 500%)
      ;;
    --idle-timeout)
      kind=word not_after=' --idle-timeout -u --ungroup '
      values=(30s 1m 5m)
      ;;
    --deadline)
      kind=word not_after=' --deadline '
      values=(1h 8h 06:30 23:00)
      ;;
    --on-error)
      kind=word not_after=' --on-error '
      values=(continue stop kill ignore)
      ;;
    --halt)
      kind=word not_after=' --halt '
      values=('soon,fail=1' 'now,fail=1' 'soon,fail=10%' 'now,success=1' 'now,done=100')
      ;;
    --term-seq)
      kind=word not_after=' --term-seq '
      values=(TERM,5s,KILL INT,5s,TERM,5s,KILL TERM,30s,KILL)
      ;;
    --leave-orphans)
      kind=none not_after=' --leave-orphans '
      ;;
    --journal)
      kind=file not_after=' --journal '
      ;;
    --resume)
      kind=none not_after=' --resume '
      ;;
    --skip-failed)
      kind=none not_after=' --skip-failed '
      ;;
    --id)
      kind=word not_after=' --id '
      values=('{1}' '{}')
      ;;
    --failed-to)
      kind=file not_after=' --failed-to '
      ;;
    --joblog)
      kind=file not_after=' --joblog '
      ;;
    --lock)
      kind=word not_after=' --lock '
      ;;
    --lock-wait)
      kind=word not_after=' --lock-wait '
      values=(10s 1m 10m 1h)
      ;;
    --quiet-unless-failed)
      kind=none not_after=' --quiet-unless-failed -u --ungroup '
      ;;
    --stamp)
      kind=file not_after=' --stamp '
      ;;
    --metrics)
      kind=file not_after=' --metrics '
      ;;
    --progress)
      kind=word not_after=' --progress '
      values=(auto bar line none)
      ;;
    --progress-interval)
      kind=word not_after=' --progress-interval '
      values=(1s 10s 30s 1m 5m)
      ;;
    --log-level)
      kind=word not_after=' --log-level --quiet '
      values=(debug info warn error)
      ;;
    --log-format)
      kind=word not_after=' --log-format '
      values=(text json)
      ;;
    --log-file)
      kind=file not_after=' --log-file '
      ;;
    --quiet)
      kind=none not_after=' --quiet --log-level '
      ;;
    --config)
      kind=file
      ;;
    -h | --help)
      kind=none not_after=' -h --help '
      ;;
    --help-all)
      kind=none not_after=' --help-all '
      ;;
    -V | --version)
      kind=none not_after=' -V --version '
      ;;
  esac
}
# End mark.

# From here to the next end mark: the options of distaff fetch, made in the same way.
_distaff_options_fetch='-a --input -0 --null -d --delimiter --csv --tsv --separator --no-header --jsonl --split --match --no-match --keep-empty --total --max-record --fields --dry-run -t --trace --url-template -X --request -H --header --data --cookie --cookie-jar --http --protocols --netrc --netrc-file --proxy --cert --cert-key --cacert --insecure --resolve --interface --public-only --max-redirects -j -P --jobs --delay -g --key --parallelism --throttle --rate --rules --buffer-size --polite --robots --adaptive --max-retry-after --user-agent --contact --output-dir --name --archive --body --max-size --no-decode --cond --output -k --keep-order --hold-memory --spill-dir --spill-limit --stats --ok --retries --retry-delay --retry-on --retry-unsafe --timeout --connect-timeout --stall-timeout --deadline --on-error --halt --journal --resume --skip-failed --id --failed-to --joblog --lock --lock-wait --quiet-unless-failed --stamp --metrics --progress --progress-interval --log-level --log-format --log-file --quiet --config -h --help --help-all -V --version'
_distaff_letters_with_value_fetch=adXHjPg

# Sets kind (none, word, file, directory), values and not_after for the option $1.
_distaff_about_fetch() {
  kind='' values=() not_after=''
  case $1 in
    -a | --input)
      kind=file
      ;;
    -0 | --null)
      kind=none not_after=' -0 --null -d --delimiter --csv --tsv --jsonl --keep-empty '
      ;;
    -d | --delimiter)
      kind=word not_after=' -d --delimiter -0 --null --csv --tsv --jsonl --keep-empty '
      values=('\n' '\0' '\r\n' , ';')
      ;;
    --csv)
      kind=none not_after=' --csv -0 --null -d --delimiter --tsv --jsonl --split --match --keep-empty '
      ;;
    --tsv)
      kind=none not_after=' --tsv -0 --null -d --delimiter --csv --jsonl --split --match --keep-empty '
      ;;
    --separator)
      kind=word not_after=' --separator '
      values=(';' '\t' :)
      ;;
    --no-header)
      kind=none not_after=' --no-header '
      ;;
    --jsonl)
      kind=none not_after=' --jsonl -0 --null -d --delimiter --csv --tsv --split --match --keep-empty '
      ;;
    --split)
      kind=word not_after=' --split --csv --tsv --jsonl --match '
      values=(, ';' '\t' '\s+')
      ;;
    --match)
      kind=word not_after=' --match --csv --tsv --jsonl --split '
      ;;
    --no-match)
      kind=word not_after=' --no-match '
      values=(fail skip keep)
      ;;
    --keep-empty)
      kind=none not_after=' --keep-empty -0 --null -d --delimiter --csv --tsv --jsonl '
      ;;
    --total)
      kind=word not_after=' --total '
      values=(100 1000 10000)
      ;;
    --max-record)
      kind=word not_after=' --max-record '
      values=(64k 1M 64M 1G)
      ;;
    --fields)
      kind=none not_after=' --fields '
      ;;
    --dry-run)
      kind=none not_after=' --dry-run '
      ;;
    -t | --trace)
      kind=none not_after=' -t --trace '
      ;;
    --url-template)
      kind=word not_after=' --url-template '
      ;;
    -X | --request)
      kind=word not_after=' -X --request --data '
      values=(GET HEAD POST PUT DELETE)
      ;;
    -H | --header)
      kind=word
      ;;
    --data)
      kind=word not_after=' --data -X --request '
      ;;
    --cookie)
      kind=word not_after=' --cookie '
      ;;
    --cookie-jar)
      kind=file not_after=' --cookie-jar '
      ;;
    --http)
      kind=word not_after=' --http '
      values=(auto 1.1 2)
      ;;
    --protocols)
      kind=word not_after=' --protocols '
      values=(https http,https http,https,ftp)
      ;;
    --netrc)
      kind=none not_after=' --netrc '
      ;;
    --netrc-file)
      kind=file not_after=' --netrc-file '
      ;;
    --proxy)
      kind=word not_after=' --proxy --public-only '
      values=(http://127.0.0.1:3128 socks5h://127.0.0.1:1080)
      ;;
    --cert)
      kind=file not_after=' --cert '
      ;;
    --cert-key)
      kind=file not_after=' --cert-key '
      ;;
    --cacert)
      kind=file not_after=' --cacert --insecure '
      ;;
    --insecure)
      kind=none not_after=' --insecure --cacert '
      ;;
    --resolve)
      kind=word
      ;;
    --interface)
      kind=word not_after=' --interface '
      values=(eth0 lo)
      ;;
    --public-only)
      kind=none not_after=' --public-only --proxy '
      ;;
    --max-redirects)
      kind=word not_after=' --max-redirects '
      values=(0 1 5 10 30)
      ;;
    -j | -P | --jobs)
      kind=word not_after=' -j -P --jobs '
      values=(1 8 32 100 1000 0)
      ;;
    --delay)
      kind=word not_after=' --delay '
      values=(100ms 500ms 1s 10s 1m)
      ;;
    -g | --key)
      kind=word not_after=' -g --key '
      values=(host domain ip host: domain: regex: '{1}')
      ;;
    --parallelism)
      kind=word not_after=' --parallelism '
      values=(1 2 4 8)
      ;;
    --throttle)
      kind=word not_after=' --throttle '
      values=(500ms 1s 10s 1m 1h 2s..5s)
      ;;
    --rate)
      kind=word not_after=' --rate '
      values=(1/s 10/s 100/1m 10/s:5)
      ;;
    --rules)
      kind=file not_after=' --rules '
      ;;
    --buffer-size)
      kind=word not_after=' --buffer-size '
      values=(1024 16384 131072)
      ;;
    --polite)
      kind=none not_after=' --polite '
      ;;
    --robots)
      kind=none not_after=' --robots '
      ;;
    --adaptive)
      kind=none not_after=' --adaptive '
      ;;
    --max-retry-after)
      kind=word not_after=' --max-retry-after '
      values=(0 1m 10m 1h)
      ;;
    --user-agent)
      kind=word not_after=' --user-agent '
      ;;
    --contact)
      kind=word not_after=' --contact '
      values=(mailto:me@example.org https://example.org/bot)
      ;;
    --output-dir)
      kind=directory not_after=' --output-dir --archive --body '
      ;;
    --name)
      kind=word not_after=' --name '
      values=('{/}' '{hash}{ext}' '{host}/{path}' '{#}{ext}')
      ;;
    --archive)
      kind=file not_after=' --archive --output-dir --body '
      ;;
    --body)
      kind=none not_after=' --body --output-dir --archive --output '
      ;;
    --max-size)
      kind=word not_after=' --max-size '
      values=(1M 10M 100M 1G)
      ;;
    --no-decode)
      kind=none not_after=' --no-decode '
      ;;
    --cond)
      kind=file not_after=' --cond '
      ;;
    --output)
      kind=word not_after=' --output --body '
      values=(csv json none)
      ;;
    -k | --keep-order)
      kind=none not_after=' -k --keep-order '
      ;;
    --hold-memory)
      kind=word not_after=' --hold-memory '
      values=(1M 64M 1G)
      ;;
    --spill-dir)
      kind=directory not_after=' --spill-dir '
      ;;
    --spill-limit)
      kind=word not_after=' --spill-limit '
      values=(0 1G 10G 100G)
      ;;
    --stats)
      kind=none not_after=' --stats '
      ;;
    --ok)
      kind=word not_after=' --ok '
      values=(2xx 2xx,404 200-399)
      ;;
    --retries)
      kind=word not_after=' --retries '
      values=(1 2 3 5 10)
      ;;
    --retry-delay)
      kind=word not_after=' --retry-delay '
      values=(1s..1m 5s 10s..10m 100ms..5s)
      ;;
    --retry-on)
      kind=word not_after=' --retry-on '
      values=(connect,timeout,408,425,429,5xx connect timeout 429 5xx)
      ;;
    --retry-unsafe)
      kind=none not_after=' --retry-unsafe '
      ;;
    --timeout)
      kind=word not_after=' --timeout '
      values=(10s 1m 5m 1h 200% 500%)
      ;;
    --connect-timeout)
      kind=word not_after=' --connect-timeout '
      values=(5s 30s 1m)
      ;;
    --stall-timeout)
      kind=word not_after=' --stall-timeout '
      values=(0 10s 1m 5m)
      ;;
    --deadline)
      kind=word not_after=' --deadline '
      values=(1h 8h 06:30 23:00)
      ;;
    --on-error)
      kind=word not_after=' --on-error '
      values=(continue stop kill ignore)
      ;;
    --halt)
      kind=word not_after=' --halt '
      values=('soon,fail=1' 'now,fail=1' 'soon,fail=10%' 'now,success=1' 'now,done=100')
      ;;
    --journal)
      kind=file not_after=' --journal '
      ;;
    --resume)
      kind=none not_after=' --resume '
      ;;
    --skip-failed)
      kind=none not_after=' --skip-failed '
      ;;
    --id)
      kind=word not_after=' --id '
      values=('{1}' '{}')
      ;;
    --failed-to)
      kind=file not_after=' --failed-to '
      ;;
    --joblog)
      kind=file not_after=' --joblog '
      ;;
    --lock)
      kind=word not_after=' --lock '
      ;;
    --lock-wait)
      kind=word not_after=' --lock-wait '
      values=(10s 1m 10m 1h)
      ;;
    --quiet-unless-failed)
      kind=none not_after=' --quiet-unless-failed '
      ;;
    --stamp)
      kind=file not_after=' --stamp '
      ;;
    --metrics)
      kind=file not_after=' --metrics '
      ;;
    --progress)
      kind=word not_after=' --progress '
      values=(auto bar line none)
      ;;
    --progress-interval)
      kind=word not_after=' --progress-interval '
      values=(1s 10s 30s 1m 5m)
      ;;
    --log-level)
      kind=word not_after=' --log-level --quiet '
      values=(debug info warn error)
      ;;
    --log-format)
      kind=word not_after=' --log-format '
      values=(text json)
      ;;
    --log-file)
      kind=file not_after=' --log-file '
      ;;
    --quiet)
      kind=none not_after=' --quiet --log-level '
      ;;
    --config)
      kind=file
      ;;
    -h | --help)
      kind=none not_after=' -h --help '
      ;;
    --help-all)
      kind=none not_after=' --help-all '
      ;;
    -V | --version)
      kind=none not_after=' -V --version '
      ;;
  esac
}
# End mark of fetch.

complete -F _distaff distaff
