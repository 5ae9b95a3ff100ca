#!/usr/bin/env bats
# The runbook's scenario "Config drift": changes by hand, found with who made them, kept for the audit, and taken back.
load lib

setup() { sandbox; }

@test "config drift is named with its author, kept, and gone after a restore" {
  pinned_floor
  run -0 lkg diff
  k set env deployment/mission-control ROGUE=1
  k patch networkpolicy default-deny-ingress --field-manager=mallory --type=merge -p '{"spec":{"ingress":[{}]}}'
  k create configmap hotfix --from-literal=note=by-hand
  k delete configmap strategy-config
  mallory 0

  time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z'
  run -1 lkg diff --blame
  assert_line --regexp '^OBJECT +DRIFT +POINTER +LKG +LIVE +BY +OP +WHEN +SSA KEEPS$'
  assert_line --regexp "^Deployment/mission-control +changed +/spec/template/spec/containers/0/env/1 .* kubectl-set +Update +$time +yes\$"
  assert_line --regexp "^NetworkPolicy/default-deny-ingress +changed +/spec/ingress .* mallory +Update +$time +yes\$"
  assert_line --regexp "^ConfigMap/agenttrader-kill-switch +changed +/data/EXECUTION_HALTED +\"1\" +\"0\" +mallory +Update +$time +no\$"
  assert_line --regexp "^ConfigMap/hotfix +extra +- +- +- +kubectl-create +Update +$time +yes\$"
  assert_line --regexp "^ConfigMap/strategy-config +missing +- +- +- +unknown +- +- +no\$"

  run -0 kubectl drbackup create --root "$ROOT" -n "$NS"
  run -0 lkg restore --soak 0
  assert_output --partial "not in the LKG: ConfigMap/hotfix"
  assert_file_contains "$ROOT/deploy_logs/health_report.md" "Restored and verified"
  run -0 lkg diff --ignore-extras
  run -0 kubectl drbackup show latest cm/hotfix --root "$ROOT"
  assert_output --partial "note: by-hand"
}
