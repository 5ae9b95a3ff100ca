#!/usr/bin/env bats
# What a capture takes from the registry, with the real gcloud against a registry of the test's own (tests/registry/server.py).
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
  kill "$registry_pid"
  run -0 lkg capture --wait 30s
  assert_equal "$(source)" "registry us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/never-ran@$digest"
  run -0 lkg verify
}
