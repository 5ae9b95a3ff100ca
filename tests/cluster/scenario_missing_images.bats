#!/usr/bin/env bats
# The runbook's scenario "Missing images / Artifact Registry cleanup", with the real gcloud against a registry of the test's
# own (tests/registry/server.py).
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load lib
load registry

setup() {
  sandbox
  registry_up
}
teardown() { [ -z "${registry_pid:-}" ] || kill "$registry_pid" 2>/dev/null || true; }

arsnap() { # VERB [ARGUMENTS...]
  local verb=$1; shift
  kubectl arsnap "$verb" --root "$ROOT" "$@"
}

# COMPONENT VERDICT of each image of Artifact Registry, from the output in JSON.
verdicts() { jq -r '.images[] | select(.reference | startswith("us-east4-docker.pkg.dev/")) | "\(.component) \(.verdict)"' <<<"$output"; }

@test "an image that vanished is missing, its restore is refused halted, and a new one is captured and present" {
  floor_up
  push_running
  lkg capture
  run -0 arsnap snapshot
  run --separate-stderr arsnap check -o json # 4: the image of another registry is unknown
  assert_equal "$(verdicts | cut -d' ' -f2 | sort -u)" present
  assert_equal "$status" 4
  run -0 --separate-stderr lkg restore --soak 0 --check-images always
  assert_output --partial "namespace restored"
  [[ $stderr == *"may be gone: ghcr.io"* ]]

  clean_up mission-control
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  run --separate-stderr arsnap check --live -o json
  assert_equal "$(verdicts | grep -v ' present$' | sort -u)" "Deployment/mission-control missing"
  assert_regex "$(jq -r '.images[] | select(.verdict == "missing") | .nextStep' <<<"$output")" 'rebuild.*capture'
  mark=$(audit_mark)
  run -3 lkg restore --soak 0 --check-images always
  assert_output --partial "no longer has images of the LKG"
  assert_output --partial "Deployment/mission-control"
  assert_only_halted "$mark"
  run -0 lkg restore --soak 0 # auto: the inventory still has it, so only the pull would tell

  # Rebuild, push, deploy, capture.
  k set image deployment/mission-control '*=us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/mission-control:rebuilt'
  k rollout status deployment/mission-control --timeout=60s
  push_running
  lkg capture --wait 60s
  run --separate-stderr arsnap check --live -o json
  assert_equal "$(verdicts | cut -d' ' -f2 | sort -u)" present
}
