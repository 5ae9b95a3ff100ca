# What the folders of bats tests share: their lib.bash sources this.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

# Waits until the command succeeds.
eventually() { # COMMAND...
  local end=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "not within 30 s: $*"
    sleep 0.1
  done
}

# Starts the one server of a test.  It does not hold bats' descriptor 3, whose end bats waits for.
start_server() { # OUTPUT-FILE COMMAND...
  local output=$1; shift
  "$@" >"$output" 2>"$output.err" 3>&- &
  SERVER_PID=$!
}
# Ends it, if there is one, and waits until its port is free.
stop_server() {
  [ -n "${SERVER_PID:-}" ] || return 0
  kill "$SERVER_PID" 2>/dev/null || true
  wait "$SERVER_PID" 2>/dev/null || true
  SERVER_PID=
}

# Every line of the output matches the regular expression.  (refute_line takes no -v, and would look for it as text.)
assert_all_lines() { # REGEXP
  local line
  # shellcheck disable=SC2154 # run sets lines
  for line in "${lines[@]}"; do
    [[ $line =~ $1 ]] || fail "a line is not as expected: $line"
  done
}
