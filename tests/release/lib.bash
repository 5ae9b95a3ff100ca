# What the tests of a release share.
# shellcheck disable=SC2034 # for those who load this
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

release_plugins=(lkg drbackup arsnap)

# Starts a server on a free port of loopback that prints that port; sets REPLY to the port.  Its process id is added to
# the file that stop_servers reads.
start_server() { # NAME COMMAND...
  local out=$BATS_FILE_TMPDIR/$1.port end=$((SECONDS + 20)); shift
  "$@" >"$out" 2>&1 3>&- &
  echo $! >>"$BATS_FILE_TMPDIR/servers"
  until REPLY=$(grep -oE '(port |:)[0-9]{4,5}\b' "$out" | head -n 1 | grep -oE '[0-9]+$'); do
    [ $SECONDS -lt $end ] || fail "the server said no port: $(cat "$out")"
    sleep 0.05
  done
}
stop_servers() {
  local server
  [ -e "$BATS_FILE_TMPDIR/servers" ] || return 0
  while read -r server; do kill "$server" || true; done <"$BATS_FILE_TMPDIR/servers"
}
