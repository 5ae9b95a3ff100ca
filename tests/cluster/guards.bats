#!/usr/bin/env bats
# What must not happen: no write where a guard refuses, no exit code that looks like safety where there is none.
load lib

setup() { sandbox; }

# Rewrites the metadata of the current LKG with a jq program, and seals it again.
edit_metadata() { # PROGRAM
  (cd "$ROOT/ops/lkg" && jq --sort-keys "$1" lkg_metadata.json >edited && mv edited lkg_metadata.json &&
    sha256sum lkg_manifest.yaml lkg_metadata.json >SHA256SUMS)
}

@test "another cluster's LKG, another namespace, a damaged LKG: refused with no write at all" {
  floor_up
  lkg capture
  mark=$(audit_mark)
  edit_metadata '.cluster.uid = "00000000-0000-0000-0000-000000000000"'
  run -3 lkg restore
  assert_output --partial "another cluster"
  run -2 kubectl lkg restore --root "$ROOT" -n default
  assert_output --partial "add -n $NS"
  # A version of a kind that Kubernetes has given up, as an LKG of the former scripts may have it.
  mkdir -p "$BATS_TEST_TMPDIR/old/ops/lkg"
  jq '(.items[] | select(.kind == "PodDisruptionBudget") | .apiVersion) = "policy/v1beta1"' "$ROOT/ops/lkg/lkg_manifest.yaml" \
    >"$BATS_TEST_TMPDIR/old/ops/lkg/lkg_manifest.yaml"
  jq '{namespace}' "$ROOT/ops/lkg/lkg_metadata.json" >"$BATS_TEST_TMPDIR/old/ops/lkg/lkg_metadata.json"
  run -6 kubectl lkg restore --root "$BATS_TEST_TMPDIR/old" -n "$NS"
  assert_output --regexp "PodDisruptionBudget/.*: /apiVersion: expected policy/v1"
  printf ' ' >>"$ROOT/ops/lkg/lkg_manifest.yaml"
  run -6 lkg restore
  run -6 lkg diff
  run -6 lkg verify
  run audit_mutations "$mark"
  assert_output ""
}

@test "a namespace that is being deleted: halted, then refused" {
  floor_up
  lkg capture
  k patch configmap strategy-config --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'
  kubectl delete namespace "$NS" --wait=false
  eventually kubectl get namespace "$NS" -o 'jsonpath={.metadata.deletionTimestamp}'
  run lkg restore
  # The switch may be gone with the namespace already; then the halt cannot be proven, and that is the worse news.
  [ "$status" -eq 3 ] || [ "$status" -eq 5 ] || fail "exit $status: $output"
  k patch configmap strategy-config --type=merge -p '{"metadata":{"finalizers":null}}'
}

@test "an immutable difference is refused after the halt and before any other write" {
  floor_up
  lkg capture
  lkg restore --soak 0
  k get deployment mission-control -o json | jq 'del(.metadata.resourceVersion, .metadata.uid, .status)
      | .spec.selector.matchLabels.other = "1" | .spec.template.metadata.labels.other = "1"' >"$BATS_TEST_TMPDIR/other"
  k delete deployment mission-control
  k create -f "$BATS_TEST_TMPDIR/other"
  mark=$(audit_mark)
  run -3 lkg restore
  assert_output --partial "Deployment/mission-control: /spec/selector"
  run -3 lkg restore --recreate --expect-plan another
  assert_output --partial "the plan is no longer the expected one"
  assert_only_halted "$mark"
}

@test "halt: one write, read back, and proven per pod" {
  floor_up
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  mark=$(audit_mark)
  run -5 lkg halt
  assert_output --partial 'EXECUTION_HALTED="1" read back'
  assert_line --regexp '^execution-engine-.* env +NOT-HALTED'
  assert_equal "$(switch_value)" 1
  run audit_switch "$mark"
  assert_output "patch 200 1"
  k rollout restart deployments,statefulsets,daemonsets
  run lkg halt --timeout 60s
  assert_success
  refute_output --partial NOT-HALTED
}

@test "halt creates a missing switch, halted; keeps other keys; mends an immutable one" {
  kubectl create namespace "$NS"
  run lkg halt
  assert_success
  assert_equal "$(switch_value)" 1
  k delete configmap agenttrader-kill-switch
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=0 --from-literal=OTHER=kept
  lkg halt
  run k get configmap agenttrader-kill-switch -o 'jsonpath={.data}'
  assert_output '{"EXECUTION_HALTED":"1","OTHER":"kept"}'
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"},"immutable":true}'
  run lkg halt
  assert_success
  run k get configmap agenttrader-kill-switch -o 'jsonpath={.data}'
  assert_output '{"EXECUTION_HALTED":"1","OTHER":"kept"}'
}

@test "no server, no right to write, no such namespace: halt and restore never look like safety" {
  floor_up
  lkg capture
  run -5 lkg halt --server https://127.0.0.1:1
  run -5 lkg restore --server https://127.0.0.1:1
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  run -5 lkg halt --context viewer
  run -5 lkg restore --context viewer
  assert_equal "$(switch_value)" 0
  run -1 kubectl lkg halt --root "$ROOT" -n no-such-namespace
}

@test "a switch that moves during a restore is unsafe, even if it reads 1 again" {
  floor_up
  lkg capture
  k patch deployment execution-engine -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"slow-ready","sim.kwok/ready-after":"3s"}}}}}'
  lkg restore --soak 20s 2>"$BATS_TEST_TMPDIR/err" >/dev/null 3>&- &
  child=$!
  eventually grep -q "soak:" "$BATS_TEST_TMPDIR/err"
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"1"}}'
  code=0; wait "$child" || code=$?
  assert_equal "$code" 5
  assert_equal "$(switch_value)" 1
}
