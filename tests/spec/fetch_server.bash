# The server of the tests for `distaff fetch` (tests/support/http_server), and its end.

SERVER=$BATS_TEST_DIRNAME/../support/http_server

teardown() {
  local one
  for one in $servers; do kill "$one" 2> /dev/null || true; done
  for one in $servers; do wait "$one" 2> /dev/null || true; done
  end_started
}

# serve OPTION...: our server, its log in the file `log`; it is at $at (127.0.0.1:PORT) and $port.
serve() {
  : > log
  "$SERVER" --log "$PWD/log" "$@" > "$kept/server" 2> "$kept/server.err" 3>&- &
  servers="$servers $!"
  wait_for grep -q '^http ' "$kept/server"
  port=$(awk '$1 == "http" {print $2}' "$kept/server")
  tls_port=$(awk '$1 == "https" {print $2}' "$kept/server")
  at=127.0.0.1:$port
}

# logged COUNT: waits until the server's log has so many lines.
logged() {
  wait_for eval "[ \$(wc -l < log) -ge $1 ]"
  same "$(wc -l < log)" "$1"
}
