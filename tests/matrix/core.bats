#!/usr/bin/env bats
# The core of the product with one kubectl and one API server: matrix.sh runs this file for each pair, and each test is a
# column of its table.  The tests build on each other, on one floor.  Needs the pair's kubectl in PATH and MATRIX_NAMESPACE.
load ../cluster/lib

setup_file() {
  sandbox
  export NS=${MATRIX_NAMESPACE:?is set by matrix.sh}
  floor_up
}

drbackup() { # VERB [ARGUMENTS...]
  local verb=$1; shift
  kubectl drbackup "$verb" --root "$ROOT" -n "$NS" "$@"
}

@test "halt" {
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  # Its pods started before: the halt is there, and told to be unproven.
  run -5 lkg halt
  assert_output --partial 'EXECUTION_HALTED="1" read back'
  assert_equal "$(switch_value)" 1
  run -1 kubectl lkg halt -n no-such-namespace
}

@test "behind a path" {
  # Rancher has its clusters there.  kubectl before 1.34 leaves the path out of what the plugins read.
  kubectl proxy --port=0 --api-prefix=/k8s/clusters/c-1/ >"$BATS_TEST_TMPDIR/proxy" 3>&- &
  proxy=$!
  eventually grep -q "Starting to serve on" "$BATS_TEST_TMPDIR/proxy"
  address=$(sed 's/.* on //' "$BATS_TEST_TMPDIR/proxy")
  run kubectl lkg halt -n "$NS" --prove=none --server "http://$address/k8s/clusters/c-1"
  kill "$proxy"
  assert_success
}

@test "capture, verify" {
  lkg capture
  lkg verify
}

@test "backup" {
  drbackup create
  drbackup verify
  # It can be read without a cluster, and what it shows is what kubectl takes.
  drbackup show latest ConfigMap/strategy-config | k apply --dry-run=server -f -
  k delete configmap strategy-config
  k label service execution-engine rogue=1
  run -1 drbackup diff latest live
  assert_line --regexp '^ConfigMap/strategy-config '
  assert_line --regexp '^Service/execution-engine .*/metadata/labels/rogue '
}

@test "diff, plan" {
  k set env deployment/strategy-engine ROGUE=1
  run -1 lkg diff
  assert_line --regexp '^ConfigMap/strategy-config +missing'
  assert_line --regexp '^Service/execution-engine .*/metadata/labels/rogue '
  assert_line --regexp '^Deployment/strategy-engine .*/env/[0-9]+ .*ROGUE'
  run lkg plan
  assert_success
  assert_line --regexp 'ConfigMap/strategy-config'
}

@test "restore" {
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  lkg restore --soak 0
  assert_equal "$(switch_value)" 1
  lkg diff
  lkg halt
}

@test "completion, plugins" {
  run --separate-stderr kubectl __complete lkg re
  assert_success
  assert_line --regexp '^restore	'
  assert_line --index -1 :4
  run kubectl plugin list
  assert_success
  for plugin in lkg drbackup arsnap; do
    assert_line "$(command -v "kubectl-$plugin")"
    kubectl "$plugin" version
  done
}
