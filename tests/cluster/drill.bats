#!/usr/bin/env bats
# A drill restores the LKG beside the floor, which it leaves alone, and takes its namespace away again.
load lib

setup() { sandbox; }

# The namespaces that drills of this test have made and left.
left_over() { kubectl get namespaces -o name | grep "drill-$NS" || true; }
drill() { lkg drill --namespace-prefix "drill-$NS-" "$@"; }

# All writes of this test since the mark: the namespace, the switch in it, and only then the rest; none in the floor.
assert_only_beside_the_floor() { # SINCE
  run audit_mutations "$1"
  refute_line --partial " $NS/"
  assert_line --index 0 --regexp '^create namespaces [^ ]*drill-'
  assert_line --index 1 --regexp ' configmaps [^ ]*/agenttrader-kill-switch '
  assert_line --regexp '^delete namespaces [^ ]*drill-.* 200 '
  # The fence comes before any workload.
  local fence workload
  fence=$(grep -n networkpolicies <<<"$output" | head -1 | cut -d: -f1)
  workload=$(grep -nE ' (deployments|statefulsets|daemonsets) ' <<<"$output" | head -1 | cut -d: -f1)
  [ "$fence" -lt "$workload" ] || fail "the traffic was denied after the first workload"
}

@test "a drill of the sample floor comes up, is measured, and leaves nothing behind" {
  floor_up
  run lkg capture # 4: what never ran is left out
  mark=$(audit_mark)
  run -0 --separate-stderr drill -o json
  assert_equal "$(jq -r '.removed, .exitCode, .error' <<<"$output" | xargs)" "true 0"
  assert_equal "$(jq '[.workloads[] | select(.settled and .readyAfterMs > 0)] == .workloads' <<<"$output")" true
  [ "$(jq '.workloads | length' <<<"$output")" -gt 5 ]
  [ "$(jq .verifiedAfterMs <<<"$output")" -gt 0 ]
  assert_only_beside_the_floor "$mark"
  assert_equal "$(left_over)" ""
  assert_equal "$(jq -r '.kind, .exitCode' "$ROOT/ops/lkg/ledger.jsonl" | xargs)" "drill 0"

  # Admission alone: no pod was started.
  run -0 --separate-stderr drill --admission-only -o json
  assert_equal "$(jq '[.workloads[].wanted] | add' <<<"$output")" 0
}

@test "what would not come up is named, and its namespace goes all the same" {
  small_floor
  jq '(.items[] | select(.metadata.name == "web").spec.template.metadata.annotations) = {"sim.kwok/mode": "image-pull-backoff"}' \
    "$ROOT/ops/lkg/lkg_manifest.yaml" >"$BATS_TEST_TMPDIR/manifest"
  jq 'del(.schema)' "$ROOT/ops/lkg/lkg_metadata.json" >"$BATS_TEST_TMPDIR/metadata"
  mark=$(audit_mark)
  run -4 --separate-stderr drill --manifest "$BATS_TEST_TMPDIR/manifest" --metadata "$BATS_TEST_TMPDIR/metadata" -o json
  assert_equal "$(jq -r '.workloads[] | select(.reason != "") | .workload' <<<"$output")" Deployment/web
  assert_regex "$(jq -r '.workloads[] | select(.workload == "Deployment/web").reason' <<<"$output")" ImagePullBackOff
  assert_equal "$(jq -c '[.removed, .verifiedAfterMs]' <<<"$output")" '[true,null]'
  assert_only_beside_the_floor "$mark"
  assert_equal "$(left_over)" ""
}

@test "a drill that is interrupted takes its namespace away, and ends with 130" {
  small_floor
  errors=$BATS_TEST_TMPDIR/errors
  kubectl-lkg drill --root "$ROOT" --namespace-prefix "drill-$NS-" 2>"$errors" >"$BATS_TEST_TMPDIR/result" 3>&- &
  child=$!
  eventually grep -q '^.*halted:' "$errors"
  kill -INT "$child"
  await_restore
  assert_equal "$status" 130
  assert_equal "$(left_over)" ""
}
