#!/usr/bin/env bats
# The control plane itself fails in the middle of a restore.  It is this file's own, and its tests take turns.
# shellcheck disable=SC2154 # lib.bash sets child, errors and status
load lib

setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  "$CLUSTER_TESTS/up.sh" "$BATS_FILE_TMPDIR/cluster" 3>&-
}
teardown_file() { "$CLUSTER_TESTS/down.sh" "$BATS_FILE_TMPDIR/cluster"; }

setup() {
  # shellcheck disable=SC1091 # written by up.sh
  . "$BATS_FILE_TMPDIR/cluster/env"
  PATH=$DR_BIN:$PATH
  sandbox
  small_floor
  # Drifted, so that a restore soaks.
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
}
teardown() { signal CONT kube-apiserver; signal CONT etcd; }

signal() { kill "-$1" "$(cat "$CLUSTER_DIR/pid/$2")"; }
ready() { eventually kubectl get --raw /readyz --request-timeout=2s; }

soaking() { # [ARGUMENTS...]: a restore that soaks
  start_restore --soak "$@"
  eventually grep -q "soak:" "$errors"
}

# The restore ends soon after `start`, with a switch that nobody could read.
ends_unknown() { # SECONDS
  await_restore
  echo "ended after $((SECONDS - start)) s" >&3
  assert_equal "$status" 5
  [ $((SECONDS - start)) -lt "$1" ]
  run cat "$errors"
  assert_output --partial "failed to prove the trading halt: failed to read ConfigMap/agenttrader-kill-switch: "
  run cat "$result"
  assert_output --partial "at the end UNKNOWN"
}

# The next run puts everything right, and the log of the API server shows no other value of the switch than "1".
ends_well() { # MARK
  ready
  run -0 lkg restore --soak 0 --no-report
  run -0 lkg diff
  assert_equal "$(switch_value)" 1
  run audit_switch "$1"
  refute_line --regexp ' 0$'
}

@test "the API server freezes for good: unsafe and UNKNOWN within two minutes" {
  mark=$(audit_mark)
  soaking 5m
  start=$SECONDS
  signal STOP kube-apiserver
  ends_unknown 120
  signal CONT kube-apiserver
  ends_well "$mark"
}

@test "the API server is killed: unsafe and UNKNOWN at once, and well once it is back" {
  mark=$(audit_mark)
  pid=$(cat "$CLUSTER_DIR/pid/kube-apiserver")
  mapfile -d '' -t command <"/proc/$pid/cmdline"
  soaking 5m
  start=$SECONDS
  signal KILL kube-apiserver
  ends_unknown 60
  nohup "${command[@]}" </dev/null >>"$CLUSTER_DIR/log/kube-apiserver.log" 2>&1 3>&- &
  echo $! >"$CLUSTER_DIR/pid/kube-apiserver"
  ends_well "$mark"
}

@test "the API server freezes for 5 s, then etcd for 20 s: the restore waits, and ends well" {
  mark=$(audit_mark)
  soaking 30s
  signal STOP kube-apiserver
  sleep 5
  signal CONT kube-apiserver
  ready
  signal STOP etcd
  sleep 20
  signal CONT etcd
  await_restore
  assert_equal "$status" 0
  run cat "$errors"
  assert_line --index -1 --partial 'halted: EXECUTION_HALTED="1" read back'
  ends_well "$mark"
}
