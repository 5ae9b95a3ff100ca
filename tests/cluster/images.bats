#!/usr/bin/env bats
# The runbook's third scenario, images that vanish from the registry, on a real control plane with the real gcloud
# against a registry of the test's own (tests/registry/server.py).
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load lib

setup() {
  command -v gcloud >/dev/null || fail "gcloud is not installed: these tests need the real one (scripts/lib/setup.sh)"
  sandbox
  registry_up
}
teardown() { stop_server; }

arsnap() { # VERB [ARGUMENTS...]
  local verb=$1; shift
  kubectl arsnap "$verb" --root "$ROOT" "$@"
}

registry_up() {
  state=$BATS_TEST_TMPDIR/registry.json
  echo '{"project": "agenttrader-prod", "location": "us-east4", "faults": [], "repositories": {"trader-repo": {"images": {}}}}' >"$state"
  start_server "$state.port" "$BATS_TEST_DIRNAME/../registry/server.py" "$state"
  eventually test -s "$state.port"
  CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY=http://127.0.0.1:$(cat "$state.port")/
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true
  export CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CONFIG=$BATS_TEST_TMPDIR/gcloud
  unset PROJECT LOCATION REGION AR_REPOS
}

push() { # PACKAGE DIGEST [TAG]
  jq --arg package "$1" --arg digest "$2" --arg tag "${3:-}" \
    '.repositories["trader-repo"].images[$package][$digest] = {tags: (if $tag == "" then [] else [$tag] end)}' "$state" >"$state.new"
  mv "$state.new" "$state"
}
clean_up() { # PACKAGE: the registry's cleanup policy takes it
  jq --arg package "$1" 'del(.repositories["trader-repo"].images[$package])' "$state" >"$state.new"
  mv "$state.new" "$state"
}

# PACKAGE DIGEST of what the pods run from the trader's repository.
running() {
  k get pods -o json | jq -r '.items[].status | (.containerStatuses // []) + (.initContainerStatuses // []) | .[].imageID
    | capture("trader-repo/(?<package>[^@]+)@(?<digest>sha256:[0-9a-f]+)$") | "\(.package) \(.digest)"' | sort -u
}
push_running() { local package digest; while read -r package digest; do push "$package" "$digest"; done < <(running); }

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
  run -3 lkg restore --soak 0 --check-images always
  assert_output --partial "no longer has images of the LKG"
  assert_output --partial "Deployment/mission-control"
  assert_equal "$(switch_value)" 1
  run -0 lkg restore --soak 0 # auto: the inventory still has it, so only the pull would tell

  # Rebuild, push, deploy, capture.
  k set image deployment/mission-control '*=us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/mission-control:rebuilt'
  k rollout status deployment/mission-control --timeout=60s
  push_running
  lkg capture --wait 60s
  run --separate-stderr arsnap check --live -o json
  assert_equal "$(verdicts | cut -d' ' -f2 | sort -u)" present
}

@test "what never ran is pinned as the registry has its tag, by the inventory or by one live call" {
  floor_up
  k create deployment never-ran --image=us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/never-ran:v7 --replicas=0
  digest=sha256:$(printf 'a%.0s' {1..64})
  run -4 lkg capture --wait 30s
  assert_output --partial "Deployment/never-ran"
  assert_file_exists "$ROOT/ops/lkg/lkg_manifest.yaml"

  push never-ran "$digest" v7
  source() { jq -r '.images[] | select(.name == "never-ran") | "\(.source) \(.pinned)"' "$ROOT/ops/lkg/lkg_metadata.json"; }
  run -0 lkg capture --wait 30s
  assert_equal "$(source)" "registry us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/never-ran@$digest"

  rm -r "$ROOT/ops"
  run -0 arsnap snapshot
  stop_server
  run -0 lkg capture --wait 30s
  assert_equal "$(source)" "registry us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/never-ran@$digest"
  run -0 lkg verify
}
