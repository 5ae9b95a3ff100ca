#!/usr/bin/env bats
# What an LKG holds, and what a capture refuses, on a real control plane.
load lib

setup() { sandbox; }

@test "an LKG holds the floor by digest, no Secret value, and can be checked and applied by hand" {
  floor_up
  run lkg capture --note "release 2.4.1"
  assert_success
  assert_file_exists "$ROOT/ops/lkg/lkg_manifest.yaml"

  # Every image is by digest, and the digest is the one that a pod reports.
  run jq -r '[.. | objects | select(has("image")) | .image | strings] | unique[]' "$ROOT/ops/lkg/lkg_manifest.yaml"
  assert_success
  assert_equal "$(grep -vcE '@sha256:[0-9a-f]{64}$' <<<"$output")" 0
  k get pods -o json >"$BATS_TEST_TMPDIR/pods.json"
  pinned=$(grep -o 'trader-repo/.*@sha256:[0-9a-f]*$' <<<"$output")
  assert_equal "$(wc -l <<<"$pinned")" 11
  while read -r image; do
    grep -q "$image" "$BATS_TEST_TMPDIR/pods.json" || fail "no pod runs $image"
  done <<<"$pinned"

  run grep -r -l "$(kubectl -n "$NS" get secret trader-secrets -o jsonpath='{.data.BROKER_API_KEY}' | base64 -d)" "$ROOT/ops"
  assert_failure
  run jq -r '.items[].kind' "$ROOT/ops/lkg/lkg_manifest.yaml"
  refute_line Secret
  refute_line Pod
  refute_line Job

  # The keys that other tools of the repository read.
  run jq -r '[.timestamp_utc, .git_sha, .namespace, .safety_posture.execution_halted, .safety_posture.kill_switch.value, .note,
              (.components | length), (.references.secrets[0].name)] | map(tostring) | join(" ")' "$ROOT/ops/lkg/lkg_metadata.json"
  assert_output --regexp "^[0-9-]+T[0-9:]+Z [0-9a-f]{40} $NS true 1 release 2.4.1 10 "

  (cd "$ROOT/ops/lkg" && sha256sum --check --quiet SHA256SUMS)
  run lkg verify
  assert_success
  run kubectl apply --server-side --force-conflicts -f "$ROOT/ops/lkg/lkg_manifest.yaml"
  assert_success
}

@test "two captures of an unchanged floor give the same manifest, byte for byte" {
  floor_up
  lkg capture
  cp "$ROOT/ops/lkg/lkg_manifest.yaml" "$BATS_TEST_TMPDIR/first"
  lkg capture
  run cmp "$BATS_TEST_TMPDIR/first" "$ROOT/ops/lkg/lkg_manifest.yaml"
  assert_success
  run ls "$ROOT/ops/lkg/history"
  assert_equal "${#lines[@]}" 2
}

@test "the switch is captured halted, whatever it is" {
  floor_up
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  lkg capture
  run jq -r '.items[] | select(.metadata.name == "agenttrader-kill-switch") | .data.EXECUTION_HALTED' "$ROOT/ops/lkg/lkg_manifest.yaml"
  assert_output 1
  assert_equal "$(switch_value)" 0 # a capture writes nothing to the cluster
}

@test "what is not good is refused with 3, by name, and the old LKG stays" {
  floor_up
  lkg capture
  before=$(sha256sum "$ROOT"/ops/lkg/*.yaml "$ROOT"/ops/lkg/*.json)
  k rollout pause deployment/strategy-engine
  run -3 lkg capture --wait 0
  assert_output --partial "Deployment/strategy-engine"
  assert_output --partial "paused"
  k rollout resume deployment/strategy-engine
  k patch deployment execution-engine -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"never-ready"}}}}}'
  run -3 lkg capture --wait 3s
  assert_output --partial "Deployment/execution-engine"
  assert_equal "$(sha256sum "$ROOT"/ops/lkg/*.yaml "$ROOT"/ops/lkg/*.json)" "$before"
}

@test "pods of one revision on different digests are refused" {
  floor_up
  k patch deployment strategy-engine \
    -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"sim.kwok/digest-salt\":\"\$pod\"}}}}}"
  run -3 lkg capture --wait 30s
  assert_output --partial "Deployment/strategy-engine"
  assert_output --partial "sha256:"
}

@test "what has never run is left out and named with 4, and pinned as before once an LKG knows it" {
  floor_up
  k create deployment idle --image=us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/idle:1 --replicas=0
  run -4 lkg capture
  assert_output --partial "Deployment/idle"
  run lkg verify
  assert_success
  run lkg capture --skip-scaled-to-zero
  assert_success
  k scale deployment idle --replicas=1
  lkg capture
  k scale deployment idle --replicas=0
  run lkg capture
  assert_success
  run jq -r '.images[] | select(.name == "idle") | .source' "$ROOT/ops/lkg/lkg_metadata.json"
  assert_output earlier-lkg
}

@test "a kind that may not be read fails the capture, and the old LKG stays" {
  floor_up
  lkg capture
  before=$(sha256sum "$ROOT"/ops/lkg/*.yaml "$ROOT"/ops/lkg/*.json)
  run -1 lkg capture --context viewer # the view role reads neither Roles nor RoleBindings
  assert_output --regexp "failed to list roles.rbac.authorization.k8s.io, rolebindings.rbac.authorization.k8s.io.*forbidden"
  assert_output --partial '{apiGroups: ["rbac.authorization.k8s.io"], resources: [roles, rolebindings], verbs: [list]}'
  assert_equal "$(sha256sum "$ROOT"/ops/lkg/*.yaml "$ROOT"/ops/lkg/*.json)" "$before"
  run -1 lkg capture --server https://127.0.0.1:1
  run -1 lkg capture -n no-such-namespace
  assert_output --partial "does not exist"
}
