#!/usr/bin/env bats
# The runbook's scenario "Cluster corrupted / cluster deleted": everything in the namespace is gone.  (runbook.bats plays it on a
# second control plane.)
load lib

setup() { sandbox; }

@test "a deleted namespace comes back with every workload" {
  pinned_floor
  kubectl delete namespace "$NS" --wait
  mark=$(audit_mark)
  run lkg restore --soak 0
  assert_output --partial "Secret/trader-secrets is missing"
  # The simulated nodes start pods without their Secret.
  assert_success
  run audit_mutations "$mark"
  assert_line --index 0 --regexp "^create namespaces $NS 201 "
  assert_line --index 1 --regexp "^create configmaps $NS/agenttrader-kill-switch 201 "
  run lkg diff
  assert_success
  run k get deployments,statefulsets,daemonsets --no-headers
  assert_equal "${#lines[@]}" 9
}
