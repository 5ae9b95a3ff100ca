#!/usr/bin/env bats
# The main job on a real control plane: what was broken comes back, and trading stays halted.
load lib

setup() { sandbox; }

# A floor that is restored once, so that it runs by digest and equals its LKG.
pinned_floor() {
  floor_up
  lkg capture
  lkg restore --soak 0
}

# Breaks one thing and notes what the diff must name: DRIFT-POINTER-OF OBJECT.
broken=()
breaks() { # OBJECT POINTER-PREFIX COMMAND...
  local object=$1 pointer=$2; shift 2
  "$@" >/dev/null
  broken+=("$object $pointer")
}
patch() { k patch "$1" "$2" --type="${4:-strategic}" -p "$3"; }

@test "every drift is named by diff with its pointer, and gone after a restore" {
  pinned_floor
  run lkg diff
  assert_success

  breaks ConfigMap/agenttrader-kill-switch /data/EXECUTION_HALTED patch configmap agenttrader-kill-switch '{"data":{"EXECUTION_HALTED":"0"}}' merge
  breaks Deployment/strategy-engine /spec/template/spec/containers/0/env k set env deployment/strategy-engine ROGUE=1
  breaks Deployment/strategy-engine /spec/template/spec/containers/ patch deployment strategy-engine '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"rogue:1"}]}}}}'
  breaks Deployment/mission-control /spec/template/spec/initContainers patch deployment mission-control '{"spec":{"template":{"spec":{"initContainers":[{"name":"rogue","image":"rogue:1"}]}}}}'
  breaks Deployment/mission-control /spec/template/spec/volumes patch deployment mission-control '{"spec":{"template":{"spec":{"volumes":[{"name":"rogue","emptyDir":{}}]}}}}'
  breaks Deployment/agenttrader-ops-ui /spec/template/spec/nodeSelector patch deployment agenttrader-ops-ui '{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/os":"linux"}}}}}'
  breaks Deployment/agenttrader-ops-ui /spec/paused k rollout pause deployment/agenttrader-ops-ui
  breaks Deployment/execution-engine /spec/template/spec/containers/0/image k set image deployment/execution-engine engine=bad:1
  breaks Deployment/execution-engine /spec/template/spec/containers/0/env patch deployment execution-engine '{"spec":{"template":{"spec":{"containers":[{"name":"engine","env":[{"name":"EXECUTION_HALTED","value":"0","valueFrom":null}]}]}}}}'
  breaks Deployment/execution-engine /spec/template/spec/containers/0/readinessProbe patch deployment execution-engine '[{"op":"replace","path":"/spec/template/spec/containers/0/readinessProbe","value":{"tcpSocket":{"port":50051}}}]' json
  breaks Deployment/execution-engine /spec/template/spec/containers/0/resources patch deployment execution-engine '{"spec":{"template":{"spec":{"containers":[{"name":"engine","resources":{"limits":{"ephemeral-storage":"1Gi"}}}]}}}}'
  breaks Service/mission-control /spec/ports patch service mission-control '{"spec":{"ports":[{"name":"rogue","port":9999}]}}'
  breaks Service/execution-engine /metadata/labels k label service execution-engine rogue=1
  breaks Service/execution-engine /metadata/annotations k annotate service execution-engine rogue=1
  breaks ConfigMap/agenttrader-safety /data/ROGUE patch configmap agenttrader-safety '{"data":{"ROGUE":"1"}}' merge
  breaks ConfigMap/strategy-config "" k delete configmap strategy-config
  breaks NetworkPolicy/default-deny-ingress /spec/ingress patch networkpolicy default-deny-ingress '{"spec":{"ingress":[{}]}}' merge
  breaks RoleBinding/kill-switch-reader /subjects patch rolebinding kill-switch-reader '{"subjects":[{"kind":"User","name":"mallory","apiGroup":"rbac.authorization.k8s.io"}]}' merge
  breaks StatefulSet/gamma-strategy /spec/template/metadata/annotations patch statefulset gamma-strategy '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"crashloop"}}}}}'
  breaks Deployment/marketdata-mcp-server "" k delete deployment marketdata-mcp-server
  breaks CronJob/agenttrader-heartbeat /spec/schedule patch cronjob agenttrader-heartbeat '{"spec":{"schedule":"* * * * *"}}' merge

  run -1 lkg diff -o json
  for row in "${broken[@]}"; do
    jq -e --arg object "${row%% *}" --arg pointer "${row#* }" \
      'any(.drifts[]; "\(.kind)/\(.name)" == $object and
          ($pointer == "" and .drift == "missing" or any(.differences[]; .pointer | startswith($pointer))))' \
      <<<"$output" >/dev/null || fail "diff does not name: $row"
    echo "seen: $row" >&3
  done

  mark=$(audit_mark)
  run lkg restore --soak 0
  assert_success
  run lkg diff
  assert_success
  assert_equal "$(switch_value)" 1
  assert_file_contains "$ROOT/deploy_logs/health_report.md" "Restored and verified"

  # The API server's own log: the switch was written first, and never to anything but "1".
  run audit_mutations "$mark"
  assert_line --index 0 --regexp "^patch configmaps $NS/agenttrader-kill-switch 200 "
  run audit_switch "$mark"
  refute_line --regexp ' 0$'
}

@test "a restore onto an unchanged floor writes the halt and nothing else, and rolls nothing" {
  pinned_floor
  pods=$(k get pods -o name | sort)
  mark=$(audit_mark)
  run lkg restore
  assert_success
  run audit_mutations "$mark"
  assert_success
  assert_equal "$(grep -vc "^patch configmaps $NS/agenttrader-kill-switch 200 " <<<"$output")" 0
  assert_equal "$(k get pods -o name | sort)" "$pods"
}

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

@test "a workload that can never become healthy: halted, exit 4, reported, long before the deadline" {
  floor_up
  lkg capture
  # An LKG of the incumbent's form, in which one template carries the simulator's word for a pull that never succeeds.
  jq '(.items[] | select(.kind == "Deployment" and .metadata.name == "execution-engine") | .spec.template.metadata.annotations)
      |= (. // {}) + {"sim.kwok/mode": "image-pull-backoff"}' "$ROOT/ops/lkg/lkg_manifest.yaml" >"$BATS_TEST_TMPDIR/manifest"
  jq 'del(.schema)' "$ROOT/ops/lkg/lkg_metadata.json" >"$BATS_TEST_TMPDIR/metadata"
  start=$SECONDS
  run -4 lkg restore --timeout 10m --soak 0 --manifest "$BATS_TEST_TMPDIR/manifest" --metadata "$BATS_TEST_TMPDIR/metadata"
  assert_output --partial "ImagePullBackOff"
  [ $((SECONDS - start)) -lt 120 ]
  assert_equal "$(switch_value)" 1
  assert_file_contains "$ROOT/deploy_logs/health_report.md" "ImagePullBackOff"
  run k get cronjob agenttrader-heartbeat -o 'jsonpath={.spec.suspend}'
  assert_output true
}

# Breaks the floor, sends a signal to the restore while pods start, and looks at what it left.
interrupt() { # SIGNAL EXIT-CODE
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  k set env deployment/strategy-engine "ROGUE=$1"
  kubectl-lkg restore --root "$ROOT" -n "$NS" 2>"$BATS_TEST_TMPDIR/err" >/dev/null 3>&- &
  local child=$! code=0
  eventually grep -q "wave workloads" "$BATS_TEST_TMPDIR/err"
  kill "-$1" "$child"
  wait "$child" || code=$?
  assert_equal "$code" "$2"
  assert_equal "$(switch_value)" 1
  run cat "$BATS_TEST_TMPDIR/err"
  assert_output --partial "interrupted by"
  assert_output --partial 'EXECUTION_HALTED="1" read back'
}

@test "a signal in the middle of a restore: halted, read back, its own exit code, and another run completes" {
  pinned_floor
  k patch deployment execution-engine -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"slow-ready","sim.kwok/ready-after":"60s"}}}}}'
  interrupt TERM 143
  interrupt INT 130
  interrupt HUP 129
  run lkg restore --soak 0
  assert_success
}

@test "the runbook's commands work unchanged" {
  floor_up
  mkdir "$ROOT/scripts"
  cp "$BATS_TEST_DIRNAME"/../../scripts/{capture_lkg,restore_lkg,deploy_report}.sh "$ROOT/scripts/"
  cd /
  run --separate-stderr "$ROOT/scripts/capture_lkg.sh" "$NS"
  assert_success
  assert_line --index -1 --regexp '^OK: '
  k delete deployment mission-control
  run --separate-stderr "$ROOT/scripts/restore_lkg.sh" "$NS"
  assert_success
  assert_line --index -1 --regexp '^OK: '
  run --separate-stderr "$ROOT/scripts/deploy_report.sh" "$NS"
  assert_success
  assert_line --index -1 --regexp '^OK: '
  assert_file_exists "$ROOT/deploy_logs/health_report.md"
}
