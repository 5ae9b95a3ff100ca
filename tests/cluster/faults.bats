#!/usr/bin/env bats
# One call of kubectl fails, lies, hangs, kills, vanishes, or comes after somebody's hand on the switch: a restore stays halted and honest, and the next one ends well.
load lib

@test "a restore is safe whichever call of kubectl breaks, and however (a sample; all of them: faults.sh --full)" {
  run "$CLUSTER_TESTS/faults.py" --sample 17 --seed "${DR_SEED:-1}"
  echo "$output"
  assert_success
  assert_line --index -1 --regexp "^17 restores of [0-9]+ calls, each with one call broken: .*; 0 breaches$"
}

@test "the judge of it finds a breach: a switch that is left released, a write before it, an end that claims too much" {
  # The tool is a stand-in that writes first, then releases, and claims success.
  mkdir "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/kubectl-lkg" <<'TOOL'
#!/bin/bash
[ "$1" != capture ] || exec "$REAL_LKG" "$@"
[ "$(cat "$FAULT_DIR/plan")" != "0 none" ] || exec "$REAL_LKG" "$@"
exec >/dev/null
"$FAULT_REAL" -n "$(basename "$FAULT_DIR")" label configmap settings rogue=1
"$FAULT_REAL" -n "$(basename "$FAULT_DIR")" patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"false"}}'
TOOL
  chmod +x "$BATS_TEST_TMPDIR/bin/kubectl-lkg"
  REAL_LKG=$(command -v kubectl-lkg) PATH=$BATS_TEST_TMPDIR/bin:$PATH run -1 "$CLUSTER_TESTS/faults.py" --sample 1 --floors 1
  assert_output --partial "BREACH the first write is ('patch', 'configmaps', 'settings'"
  assert_output --partial "BREACH the switch was written as {'false'}"
  assert_output --partial 'BREACH the switch reads "false"'
  assert_output --partial "BREACH exit code 0, but the namespace is not equal to the LKG"
  assert_output --partial "BREACH exit code 0 without a report"
}
