#!/usr/bin/env bats
# Restores on a real control plane beside the scenarios (scenario_*.bats): nothing to do, nothing that helps, interrupted.
load lib

setup() { sandbox; }

@test "a restore onto an unchanged floor writes the halt and its lock and nothing else, and restarts nothing" {
  pinned_floor
  pods=$(k get pods -o 'jsonpath={range .items[*]}{.metadata.uid}{"\n"}{end}' | sort)
  mark=$(audit_mark)
  run lkg restore
  assert_success
  run audit_mutations "$mark"
  assert_equal "$(cut -d' ' -f1-4 <<<"$output")" "patch configmaps $NS/agenttrader-kill-switch 200
create leases $NS/agenttrader-dr 201
delete leases $NS/agenttrader-dr 200
patch configmaps $NS/agenttrader-kill-switch 200"
  assert_equal "$(k get pods -o 'jsonpath={range .items[*]}{.metadata.uid}{"\n"}{end}' | sort)" "$pods"
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
  eventually grep -q "wave execution" "$BATS_TEST_TMPDIR/err"
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
