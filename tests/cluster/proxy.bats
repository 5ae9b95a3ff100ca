#!/usr/bin/env bats
# Reads go through one `kubectl proxy` (docs/adr/0004-read-through-a-proxy.md): the same answers, nothing that writes, nobody else.
# shellcheck disable=SC2154 # stderr of run, and what lib.bash sets
load lib

setup() {
  sandbox
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir "$TMPDIR"
}

# A kubectl that runs COMMAND with its arguments in place of `kubectl proxy`; sets kubectl.
proxy_is() { # COMMAND
  kubectl=$BATS_TEST_TMPDIR/kubectl
  # shellcheck disable=SC2016 # expanded by the script
  printf '#!/bin/bash\n[[ " $* " != *" proxy "* ]] || exec %s\nexec %s "$@"\n' "$1" "$(command -v kubectl)" >"$kubectl"
  chmod +x "$kubectl"
}

timeless() { jq 'walk(if type == "object" then with_entries(select(.key | test("time|age|at$|since"; "i") | not)) else . end)'; }
processes() { grep '^+ ' <<<"$stderr" | grep -vc 'through the proxy$'; }

# A floor of which every verb has something to say.
drifted_floor() {
  small_floor
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
}

# Starts a restore that stays in the rollouts, with its proxy open; sets proxy, its process, and socket.
start_waiting_restore() {
  small_floor
  unpullable_lkg
  # shellcheck disable=SC2086 # words
  start_restore $unpullable
  eventually grep -q 'rollouts: deadline' "$errors"
  proxy=$(pgrep -f "proxy --unix-socket=$TMPDIR/")
  socket=$(find "$TMPDIR" -type s)
}

@test "each verb says the same through the proxy and without one" {
  drifted_floor
  proxy_is 'false'
  run -0 kubectl-drbackup create --root "$ROOT" -n "$NS"
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"trace"}}'
  for words in "lkg diff" "lkg plan" "lkg status" "drbackup diff latest live"; do
    read -ra verb <<<"kubectl-$words"
    run --separate-stderr "${verb[@]}" --root "$ROOT" -n "$NS" -o json -v
    through=$(timeless <<<"$output") code=$status few=$(processes)
    run --separate-stderr "${verb[@]}" --root "$ROOT" -n "$NS" -o json -v --kubectl "$kubectl"
    assert_equal "$(timeless <<<"$output")" "$through"
    assert_equal "$status" "$code"
    [ "$few" -lt 8 ]
    [ "$(processes)" -gt 16 ]
  done
  run -0 lkg capture --kubectl "$kubectl"
  first=$(sha256sum <"$ROOT/ops/lkg/lkg_manifest.yaml")
  run -0 lkg capture
  assert_equal "$(sha256sum <"$ROOT/ops/lkg/lkg_manifest.yaml")" "$first"
}

@test "while it runs nobody else can reach it, it writes nothing for anybody, and it ends with the verb" {
  start_waiting_restore
  assert_equal "$(stat --format=%a "$(dirname "$socket")")" 700
  run -0 python3 - "$socket" "$NS" <<'PYTHON'
import http.client, socket, sys

class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])

def status(method, path, body=None):
    connection = Connection("localhost")
    connection.request(method, path, body, {"Content-Type": "application/merge-patch+json"})
    return connection.getresponse().status

objects = f"/api/v1/namespaces/{sys.argv[2]}/configmaps"
assert status("GET", objects) == 200
for method, path in (("PATCH", f"{objects}/settings"), ("PUT", f"{objects}/settings"), ("POST", objects), ("DELETE", f"{objects}/settings")):
    assert status(method, path, "{}") == 403, method
assert status("GET", f"/api/v1/namespaces/{sys.argv[2]}/pods/any/exec?command=id") == 403
PYTHON
  kill -TERM "$child"
  await_restore
  refute [ -e "$socket" ]
  run -1 kill -0 "$proxy"
  assert_equal "$(find "$TMPDIR" -mindepth 1)" ""
}

@test "SIGKILL of the verb ends its proxy and its watch too" {
  start_waiting_restore
  watch=$(pgrep -f "namespaces/$NS/configmaps.watch=true")
  kill -KILL "$child"
  wait "$child" || true
  eventually bash -c "! kill -0 $proxy && ! kill -0 $watch" 2>/dev/null
}

@test "a proxy that does not start, does not serve, dies or says nothing costs time and nothing else" {
  drifted_floor
  run -1 --separate-stderr lkg diff
  expected=$output
  # shellcheck disable=SC2016 # expanded by the script
  for command in 'false' 'sleep 100' 'bash -c "echo Starting to serve on nothing; sleep 100"' 'bash -c "echo Starting to serve on nothing; exit 3"' \
    "'$BATS_TEST_DIRNAME/silent_proxy.py' \"\$@\" /dev/null"; do
    proxy_is "$command"
    start=$SECONDS
    run -1 --separate-stderr lkg diff --kubectl "$kubectl"
    assert_equal "$output" "$expected"
    [ $((SECONDS - start)) -lt 30 ]
  done
}

@test "a flip ends even a read that hangs in the proxy" {
  drifted_floor
  proxy_is "'$BATS_TEST_DIRNAME/silent_proxy.py' \"\$@\" '$BATS_TEST_TMPDIR/on'"
  start_restore --soak 0 --kubectl "$kubectl"
  eventually test -e "$BATS_TEST_TMPDIR/on"
  mallory 0
  start=$SECONDS
  await_restore
  [ $((SECONDS - start)) -lt 8 ] # without the watch: 10 s of silence, and the reads after it
  assert_equal "$status" 5
  assert_equal "$(switch_value)" 1
}
