# Made from distaff's option table; changes here are lost.

# The value of option $1, as far as $cur is typed.
_distaff_value() {
  COMPREPLY=()
  case $1 in
    --no-match)
      COMPREPLY=($(compgen -W 'fail skip keep' -- "$cur"))
      ;;
    --stdin)
      COMPREPLY=($(compgen -W 'null record tty' -- "$cur"))
      ;;
    --output)
      COMPREPLY=($(compgen -W 'group line raw json csv none' -- "$cur"))
      ;;
    --on-error)
      COMPREPLY=($(compgen -W 'continue stop kill ignore' -- "$cur"))
      ;;
    --progress)
      COMPREPLY=($(compgen -W 'auto bar line none' -- "$cur"))
      ;;
    --log-level)
      COMPREPLY=($(compgen -W 'debug info warn error' -- "$cur"))
      ;;
    --log-format)
      COMPREPLY=($(compgen -W 'text json' -- "$cur"))
      ;;
    -a|--input|--rules|--log-file|--config)
      local IFS=$'\n'
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      ;;
    --workdir|--results|--spill-dir)
      local IFS=$'\n'
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -d -- "$cur"))
      ;;
  esac
}

_distaff() {
  local cur=${COMP_WORDS[COMP_CWORD]} i=1 word option IFS=$' \t\n'
  COMPREPLY=()
  [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == run ]] && i=2
  # Options end at the first word that is none; bash makes words of `=` and `:::`.
  while ((i < COMP_CWORD)); do
    word=${COMP_WORDS[i]} option=
    case $word in
      --) ((++i)) && break ;;
      --input|--delimiter|--split|--match|--no-match|--total|--max-records|--max-bytes|--shell|--stdin|--workdir|--env|--nice|--jobs|--delay|--key|--parallelism|--throttle|--rate|--rules|--buffer-size|--output|--tag-template|--results|--hold-memory|--spill-dir|--spill-limit|--ok|--on-error|--halt|--term-seq|--progress|--progress-interval|--log-level|--log-format|--log-file|--config)
        option=$word
        ((++i))
        [[ $i -lt $COMP_CWORD && ${COMP_WORDS[i]} == = ]] && ((++i))
        ;;
      --*) ((++i)) && continue ;;
      -*[adnIjPg])
        option=-${word: -1}
        ((++i))
        ;;
      -?*) ((++i)) && continue ;;
      *) break ;;
    esac
    if ((i >= COMP_CWORD)); then
      [[ $cur == = ]] && cur=
      _distaff_value "$option"
      return
    fi
    ((++i))
  done
  if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[i - 1]} == -- && $cur != -* ]]; then
    if declare -F _command_offset > /dev/null; then
      _command_offset "$i"
    elif ((i == COMP_CWORD)); then
      COMPREPLY=($(compgen -c -- "$cur"))
    else
      COMPREPLY=($(compgen -f -- "$cur"))
    fi
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W '-a --input -0 --null -d --delimiter --csv --tsv --no-header --jsonl --split --match --no-match --keep-empty --total --fields -r --no-run-if-empty -n --max-records --max-bytes -I --shell --stdin --workdir --env --nice --dry-run -t --trace -j -P --jobs --delay -g --key --parallelism --throttle --rate --rules --buffer-size --output -k --keep-order -u --ungroup --tag --tag-template --results --hold-memory --spill-dir --spill-limit --ok --on-error --halt --term-seq --progress --progress-interval --log-level --log-format --log-file --quiet --config -h --help --help-all -V --version' -- "$cur"))
  else
    COMPREPLY=($(compgen -c -- "$cur"))
    ((COMP_CWORD == 1)) && [[ run == "$cur"* ]] && COMPREPLY+=(run)
  fi
}

complete -F _distaff distaff
