#!/usr/bin/env bats
# The halt itself on a real control plane: how fast it is, what it proves of each pod that takes the switch, and who
# notices when somebody releases it.
# shellcheck disable=SC2154 # lib.bash sets child, errors and status; run --separate-stderr sets stderr
load lib

setup() { sandbox; }

# Pods of consumers.yaml, or all of them, in the namespace and past their start.
consumers_up() { # [NAME...]
  local name
  k create -f "$BATS_TEST_DIRNAME/consumers.yaml" 2>/dev/null || true
  for name in env env-from file sub-path file-not-mounted literal-halting literal-releasing; do
    k wait --for=condition=Ready "pod/$name" --timeout=30s
  done
  k wait --for=jsonpath='{.status.phase}'=Succeeded pod/ended --timeout=30s
  eventually k wait --for=jsonpath='{.status.containerStatuses[0].state.waiting.reason}'=ImagePullBackOff pod/no-image --timeout=5s
}
# POD WAY VERDICT REASON of each proof in $output, a HaltReport.
proofs() { jq -r '.proofs[] | "\(.pod) \(.way) \(.verdict): \(.reason)"' <<<"$output"; }

@test "halt reads \"1\" back after two calls of kubectl and one write, whatever else it does then" {
  kubectl create namespace "$NS"
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=0
  k create configmap agenttrader-safety --from-literal=KILL_SWITCH=false
  mark=$(audit_mark)
  run --separate-stderr lkg halt -v
  assert_success
  calls=$(grep '^+ ' <<<"$stderr" | grep -v ' config view ') # which asks no server
  [[ $(sed -n 1p <<<"$calls") == *" patch configmap agenttrader-kill-switch "*'{"data":{"EXECUTION_HALTED":"1"}}'* ]]
  [[ $(sed -n 2p <<<"$calls") == *" get --raw /api/v1/namespaces/$NS/configmaps/agenttrader-kill-switch" ]]
  run audit_mutations "$mark"
  assert_line --index 0 --regexp "^patch configmaps $NS/agenttrader-kill-switch 200 "
  assert_line --index 1 --regexp "^patch configmaps $NS/agenttrader-safety 200 "
  assert_equal "${#lines[@]}" 2
  assert_equal "$(switch_value)" 1
  assert_equal "$(k get configmap agenttrader-safety -o 'jsonpath={.data.KILL_SWITCH}')" true
}

@test "each way to take the switch: what a halt proves of a pod that is older than it, and of a newer one" {
  kubectl create namespace "$NS"
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=0
  consumers_up
  run -5 --separate-stderr lkg halt -o json
  run proofs
  assert_output - <<'END'
ended env not-running: ended
env env NOT-HALTED: running since before the last write of the switch
env-from envFrom NOT-HALTED: running since before the last write of the switch
file file waiting: running since before the last write of the switch
file-not-mounted file-not-mounted NOT-HALTED: running since before the last write of the switch; it mounts no volume for the file it names, so only a restart can make it see the switch
literal-halting literal proven: its fixed value halts
literal-releasing literal NOT-HALTED: its fixed value does not halt, whatever the switch says
no-image env not-running: not started: it reads the switch when it starts
sub-path subPath NOT-HALTED: running since before the last write of the switch
END
  k delete pods --all --wait
  consumers_up
  run -5 --separate-stderr lkg halt -o json
  run proofs
  assert_output - <<'END'
ended env not-running: ended
env env proven: created or scheduled after the last write of the switch
env-from envFrom proven: created or scheduled after the last write of the switch
file file proven: created or scheduled after the last write of the switch
file-not-mounted file-not-mounted proven: created or scheduled after the last write of the switch; it mounts no volume for the file it names, so only a restart can make it see the switch
literal-halting literal proven: its fixed value halts
literal-releasing literal NOT-HALTED: its fixed value does not halt, whatever the switch says
no-image env not-running: not started: it reads the switch when it starts
sub-path subPath proven: created or scheduled after the last write of the switch
END
}

@test "--prove exec: a container that reads 1 is proven, one that reads 0 or cannot be asked is not" {
  kubectl create namespace "$NS"
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=0
  mkdir "$BATS_TEST_TMPDIR/mount" # what the simulated containers see there: the host's
  echo 0 >"$BATS_TEST_TMPDIR/mount/EXECUTION_HALTED"
  # POD CONTAINER VARIABLE; exec reaches the containers called "asked" (stages.yaml)
  while read -r pod container variable; do
    jq -n --arg pod "$pod" --arg container "$container" --arg variable "$variable" '{apiVersion: "v1", kind: "Pod",
      metadata: {name: $pod}, spec: {containers: [{name: $container, image: "trader:1", env: [{name: $variable,
      valueFrom: {configMapKeyRef: {name: "agenttrader-kill-switch", key: "EXECUTION_HALTED"}}}]}]}}'
  done <<<'one asked READS_ONE
zero asked READS_ZERO
mute main READS_ONE
unset asked READS_NOTHING' | k create -f -
  jq -n --arg path "$BATS_TEST_TMPDIR/mount" '{apiVersion: "v1", kind: "Pod", metadata: {name: "file"}, spec: {
    containers: [{name: "asked", image: "trader:1", volumeMounts: [{name: "switch", mountPath: $path}]}],
    volumes: [{name: "switch", configMap: {name: "agenttrader-kill-switch"}}]}}' | k create -f -
  k wait --for=condition=Ready --all pods --timeout=30s

  run -5 --separate-stderr lkg halt --prove exec -o json
  run proofs
  assert_line 'one env proven: exec read "1" in it'
  assert_line 'zero env NOT-HALTED: running since before the last write of the switch; exec read "0"'
  assert_line --partial 'mute env NOT-HALTED: running since before the last write of the switch; exec failed: '
  assert_line --partial 'unset env NOT-HALTED: running since before the last write of the switch; exec failed: '
  assert_line 'file file waiting: running since before the last write of the switch; exec read "0"'

  # The kubelet syncs the mount while halt waits.
  k delete pod zero mute unset --wait
  (sleep 1; echo 1 >"$BATS_TEST_TMPDIR/mount/EXECUTION_HALTED") 3>&- &
  run -0 --separate-stderr lkg halt --prove exec --timeout 60s -o json
  run proofs
  assert_line 'file file proven: exec read "1" in it'
}

@test "a pod outside the LKG that trades makes a restore unsafe, and is named" {
  small_floor
  k create -f "$BATS_TEST_DIRNAME/consumers.yaml"
  k delete pod literal-releasing --wait
  k wait --for=condition=Ready pod/env --timeout=30s
  mallory 0
  run -5 lkg restore --soak 0 --no-report
  assert_output --partial "Pod/env container main (env): running since before the last write of the switch"
  assert_output --partial "Pod/file container main (file)"
  refute_output --partial "Pod/trader-"
  assert_equal "$(switch_value)" 1
}

@test "a restore sets the second switch back, and brings what can trade last" {
  small_floor
  k patch configmap agenttrader-safety --type=merge -p '{"data":{"KILL_SWITCH":"false"}}'
  k set env deployment/web ROGUE=1
  k delete deployment trader
  mark=$(audit_mark)
  run -0 lkg restore --soak 0 --no-report
  assert_equal "$(k get configmap agenttrader-safety -o 'jsonpath={.data.KILL_SWITCH}')" true
  assert_output --regexp 'wave workloads.*Deployment/web restored.*wave execution.*Deployment/trader created'
  run audit_mutations "$mark"
  assert_line --index 0 --regexp "^patch configmaps $NS/agenttrader-kill-switch 200 "
  assert_line --index 1 --regexp "^patch configmaps $NS/agenttrader-safety 200 "
  assert_line --index 2 --regexp "^create leases $NS/agenttrader-dr 201 "
  refute_line --partial "configmaps $NS/agenttrader-safety 4"
  # Of the workloads, the one that takes the switch comes last.
  assert_equal "$(grep -o " deployments $NS/[a-z]*" <<<"$output" | uniq)" " deployments $NS/web
 deployments $NS/trader"
}

@test "who may write no Leases restores with a warning" {
  small_floor
  kubectl create clusterrole "$NS" --verb=get,list --resource=namespaces,priorityclasses.scheduling.k8s.io
  kubectl create clusterrolebinding "$NS" --clusterrole="$NS" --user="$NS-no-leases"
  jq -n '{apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: {name: "no-leases"}, rules: [{verbs: ["*"], resources: ["*"],
    apiGroups: ["", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io"]}]}' | k create -f -
  k create rolebinding no-leases --role=no-leases --user="$NS-no-leases"
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  run -0 lkg restore --soak 0 --no-report --as "$NS-no-leases" --as-group system:authenticated
  assert_output --partial "warning: Lease/agenttrader-dr may not be written, so a second restore would not be refused"
}

@test "one restore at a time: a second is refused by name, and goes on once the first is gone" {
  small_floor
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  start_restore --soak 5m
  eventually grep -q "soak:" "$errors"
  holder=$(k get lease agenttrader-dr -o 'jsonpath={.spec.holderIdentity}')
  assert_regex "$holder" "^admin@.+/$child\$"
  run -3 lkg restore --soak 0 --no-report
  assert_output --partial "another restore of namespace $NS is at work: $holder holds Lease/agenttrader-dr since 20"
  assert_equal "$(switch_value)" 1
  kill -KILL "$child"
  await_restore
  assert_equal "$status" 137
  # Its Lease has most of its 90 seconds left, but its process is gone from this host.
  run -0 lkg restore --soak 0 --no-report
  run -1 k get lease agenttrader-dr
  assert_output --partial NotFound
}

@test "the lock of another host holds until nobody renews it any more" {
  small_floor
  lease() { # RENEWED
    jq -n --arg renewed "$(date --utc --date="$1" +%FT%T.000000Z)" '{apiVersion: "coordination.k8s.io/v1", kind: "Lease",
      metadata: {name: "agenttrader-dr"}, spec: {holderIdentity: "jane@elsewhere/1", leaseDurationSeconds: 90,
      acquireTime: $renewed, renewTime: $renewed}}' | k apply -f -
  }
  lease "10 seconds ago"
  mark=$(audit_mark)
  run -3 lkg restore --soak 0 --no-report
  assert_output --partial "jane@elsewhere/1 holds Lease/agenttrader-dr"
  assert_only_halted "$mark"
  lease "100 seconds ago"
  run -0 lkg restore --soak 0 --no-report
  run -1 k get lease agenttrader-dr
}

@test "a flip ends even a call that hangs, names who did it and when, and is unsafe although it reads 1 again" {
  small_floor
  # A kubectl that is no proxy, and whose lists of pods hang while the file is there.
  hang=$BATS_TEST_TMPDIR/hang kubectl=$BATS_TEST_TMPDIR/kubectl
  # shellcheck disable=SC2016 # expanded by the script
  printf '#!/bin/bash\n[[ "$*" != *" proxy "* ]] || exit 1\n[[ "$*" != *"/pods?"* || ! -e %s ]] || { echo >%s.on; sleep 120; }\nexec %s "$@"\n' "$hang" "$hang" "$(command -v kubectl)" >"$kubectl"
  chmod +x "$kubectl"
  touch "$hang"
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  mark=$(audit_mark)
  start_restore --soak 0 --kubectl "$kubectl"
  eventually test -e "$hang.on"
  mallory 0
  mallory 1
  start=$SECONDS
  await_restore
  [ $((SECONDS - start)) -lt 15 ] # without the watch: a read's limit, 60 s
  assert_equal "$status" 5
  assert_equal "$(switch_value)" 1
  run cat "$errors"
  assert_output --regexp 'the switch moved while this run worked: EXECUTION_HALTED="0" by mallory at 20[0-9TZ:-]+'
  assert_line --partial 'halted: EXECUTION_HALTED="1" read back' # once more, at the end
  # Nothing else is written after mallory's two: the halt, and the Lease is given back.
  run audit_mutations "$mark"
  assert_equal "$(tail -n 4 <<<"$output" | cut -d' ' -f1-3)" "patch configmaps $NS/agenttrader-kill-switch
patch configmaps $NS/agenttrader-kill-switch
patch configmaps $NS/agenttrader-kill-switch
delete leases $NS/agenttrader-dr"
  run audit_switch "$mark"
  assert_line --index 0 "patch 200 1"
  assert_line --index 1 "patch 200 0"
  assert_line --index 2 "patch 200 1"
  assert_line --index 3 "patch 200 1"
}
