# What the property scripts share; each begins by `. property.bash`.
#
# A script runs in a fresh directory that goes away with it, with the program as $distaff.  It says
# with `case_of` what it looks at next; the first check that does not hold ends it with status 1,
# after the case, what was expected and what was seen.  Status 77 is a skip.
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the scripts

set -u
export LC_ALL=C
unset NO_COLOR
export stress # jobs call "$stress"/stalled
stress=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
distaff=$(readlink -f "${DISTAFF:-$stress/../../build/distaff}")
if [ ! -x "$distaff" ]; then
  echo "no program at $distaff: build it, or set DISTAFF="
  exit 1
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/distaff-stress.XXXXXX") || exit 1
started=() # processes that must not outlive us
clean_up() {
  local pid
  for pid in "${started[@]}"; do kill -9 "$pid" 2> /dev/null; done
  cd / && rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
cd "$dir" || exit 1
exec < /dev/null

case_of() {
  current=$1
}
current='before the first case'

# fail TEXT...: what was expected and what was seen; then the last run's stderr, if it was kept.
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$current"
  printf '  %s\n' "$@"
  if [ -s err ]; then
    echo '  its stderr:'
    head -c 2000 err | cat -v | head -n 15 | sed 's/^/    /'
  fi
  exit 1
}

skip() {
  printf '%s\n' "$*"
  exit 77
}

same() { # same WHAT SEEN EXPECTED
  [ "$2" = "$3" ] || fail "$1: expected '$3'" "saw '$(head -c 500 <<< "$2" | cat -v)'"
}

at_most() { # at_most WHAT SEEN LIMIT
  [ "$2" -le "$3" ] || fail "$1: expected at most $3" "saw $2"
}

# same_bytes SEEN EXPECTED: two files.
same_bytes() {
  cmp -s "$1" "$2" && return
  fail "$(cmp "$1" "$2" 2>&1)" "expected $(wc -c < "$2") bytes, near there: $(near "$2" "$@")" \
    "saw $(wc -c < "$1") bytes, near there: $(near "$1" "$@")"
}

near() { # near FILE A B: FILE where A and B begin to differ
  local at
  at=$(cmp "$2" "$3" 2> /dev/null | grep -o 'byte [0-9]*' | cut -c 6-)
  tail -c +$((${at:-$(wc -c < "$1")} > 20 ? ${at:-$(wc -c < "$1")} - 20 : 1)) "$1" | head -c 60 | cat -v | tr '\n' ' '
}

# within SECONDS COMMAND...: its stderr goes to the file err, how it ended is for `exits` to judge; may
# stand at the end of a pipeline.
within() {
  local limit=$1 ended=0
  shift
  echo 'not known' > "$dir/ended"
  timeout -k 2 "$limit" "$@" 2> err || ended=$?
  case $ended in
    124 | 137) echo "none: it was still running after $limit s" ;;
    *) echo "$ended" ;;
  esac > "$dir/ended"
}

exits() {
  same 'exit status' "$(cat "$dir/ended")" "$1"
}

silent() {
  [ ! -s err ] || fail 'expected nothing on stderr'
}

# wait_for COMMAND...: until it succeeds, for 200 s.
wait_for() {
  local i
  for ((i = 0; i < 10000; i++)); do
    "$@" > /dev/null 2>&1 && return
    sleep 0.02
  done
  fail "waited 200 s in vain for: $*"
}

gone() {
  ! kill -0 "$1" 2> /dev/null
}

empty_dir() {
  [ -z "$(ls -A "$1")" ] || fail "expected nothing in $1" "saw: $(find "$1" -mindepth 1 -ls | head -n 5)"
}

# The CRC and the number of bytes that come in on stdin.
sum() {
  cksum | cut -d ' ' -f 1,2
}

# rss FILE: KiB, as tests/stress/peak_rss wrote it.
rss() {
  cat "$1" 2> /dev/null || echo 999999999
}
