#!/usr/bin/env bats
# The runbook's scenario "Bad deploy (regression)": a release that breaks the floor while trading is on.
load lib

setup() { sandbox; }

@test "a bad deploy is halted first, and every workload runs the images of the LKG again" {
  pinned_floor
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  # The annotations tell the simulated nodes how it goes wrong: no such image; and a program that crashes at once, which a
  # StatefulSet cannot leave by itself.
  k patch deployment execution-engine -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"image-pull-backoff"}},
    "spec":{"containers":[{"name":"engine","image":"us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/execution-engine:hotfix",
    "env":[{"name":"EXECUTION_HALTED","value":"0","valueFrom":null}]}]}}}}'
  k patch statefulset gamma-strategy -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"crashloop"}}}}}'
  eventually eval 'k get pods | grep ImagePullBackOff && k get pods | grep CrashLoopBackOff'

  mark=$(audit_mark)
  run -0 lkg restore --soak 0
  assert_equal "$(switch_value)" 1
  run -0 lkg diff
  run k get pods -l app.kubernetes.io/name=execution-engine -o 'jsonpath={range .items[*]}{.spec.containers[0].image}{"\n"}{end}'
  assert_equal "$(grep -vc '@sha256:' <<<"$output")" 0
  # The API server's own log: the switch was written first, and never to anything but "1".
  run audit_mutations "$mark"
  assert_line --index 0 --regexp "^patch configmaps $NS/agenttrader-kill-switch 200 "
  run audit_switch "$mark"
  refute_line --regexp ' 0$'
}
