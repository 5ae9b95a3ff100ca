#!/usr/bin/env bats
# The ground under the other files: the control plane, the sample floor, and what lib.bash says about them.
load lib

setup() { sandbox; }

@test "controllers, scheduler, RBAC and simulated pods work" {
  run "$CLUSTER_TESTS/smoke.sh"
  assert_success
  assert_output "16 passed, 0 failed"
}

@test "the sample floor settles: pods by digest, disks bound, one heartbeat done" {
  floor_up
  run k get deployments,statefulsets,daemonsets --output=jsonpath='{range .items[*]}{.metadata.name}={.status.readyReplicas}{.status.numberReady}{"\n"}{end}'
  assert_output - <<'END'
agenttrader-ops-ui=2
execution-agent=
execution-engine=2
marketdata-mcp-server=2
mission-control=1
strategy-engine=2
gamma-strategy=2
whale-strategy=2
node-probe=3
END
  run k get pods --output=jsonpath='{range .items[*].status}{.initContainerStatuses[*].imageID} {.containerStatuses[*].imageID} {end}'
  assert_equal "$(tr ' ' '\n' <<<"$output" | grep -c .)" 21
  assert_equal "$(tr ' ' '\n' <<<"$output" | grep -cE '^us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/[a-z-]+@sha256:[0-9a-f]{64}$')" 21
  run k get pvc --output=jsonpath='{.items[*].status.phase}'
  assert_output "Bound Bound Bound"
  run k get jobs --output=jsonpath='{.items[*].metadata.ownerReferences[?(@.controller==true)].name} {.items[*].status.succeeded}'
  assert_output "agenttrader-heartbeat 1"
  assert_equal "$(switch_value)" 1
}

@test "a deleted namespace can be built again" {
  floor_up
  kubectl delete namespace "$NS"
  floor_up
  assert_equal "$(switch_value)" 1
}

@test "the audit log shows the writes of one test, in order, with the switch's values" {
  kubectl create namespace "$NS"
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=0
  mark=$(audit_mark)
  k get configmaps
  k patch configmap agenttrader-kill-switch --type=merge --patch='{"data":{"EXECUTION_HALTED":"1"}}'
  k patch configmap agenttrader-kill-switch --type=merge --patch='{"data":{"EXECUTION_HALTED":"0"}}' --dry-run=server
  k auth can-i delete pods
  run k create configmap agenttrader-kill-switch
  assert_failure
  kubectl --context=admin-token -n "$NS" create configmap of-somebody-else
  k delete configmap agenttrader-kill-switch

  run audit_mutations "$mark"
  assert_success
  assert_line --index 0 --regexp "^patch configmaps $NS/agenttrader-kill-switch 200 kubectl/"
  assert_line --index 1 --regexp "^create configmaps $NS/agenttrader-kill-switch 409 kubectl/"
  assert_line --index 2 --regexp "^delete configmaps $NS/agenttrader-kill-switch 200 kubectl/"
  assert_equal "${#lines[@]}" 3
  run audit_switch "$mark"
  assert_output - <<'END'
patch 200 1
create 409 -
delete 200 -
END
}
