# A registry of the test's own for the real gcloud (tests/registry/server.py), with one repository, trader-repo, that is
# empty at first: `load registry` after `load lib`.

# Starts it and points gcloud to it; sets registry_pid.
registry_up() {
  command -v gcloud >/dev/null || fail "gcloud is not installed: these tests need the real one (scripts/lib/setup.sh)"
  local dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
  export REGISTRY_STATE=$dir/registry.json
  echo '{"project": "agenttrader-prod", "location": "us-east4", "faults": [], "repositories": {"trader-repo": {"images": {}}}}' >"$REGISTRY_STATE"
  "$CLUSTER_TESTS/../registry/server.py" "$REGISTRY_STATE" >"$REGISTRY_STATE.port" 3>&- &
  # shellcheck disable=SC2034 # for the test's teardown
  registry_pid=$!
  eventually test -s "$REGISTRY_STATE.port"
  CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY=http://127.0.0.1:$(cat "$REGISTRY_STATE.port")/
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true
  export CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CONFIG=$dir/gcloud
  unset PROJECT LOCATION REGION AR_REPOS
}

push() { # PACKAGE DIGEST [TAG]
  jq --arg package "$1" --arg digest "$2" --arg tag "${3:-}" \
    '.repositories["trader-repo"].images[$package][$digest] = {tags: (if $tag == "" then [] else [$tag] end)}' \
    "$REGISTRY_STATE" >"$REGISTRY_STATE.new"
  mv "$REGISTRY_STATE.new" "$REGISTRY_STATE"
}
clean_up() { # PACKAGE: the registry's cleanup policy takes it
  jq --arg package "$1" 'del(.repositories["trader-repo"].images[$package])' "$REGISTRY_STATE" >"$REGISTRY_STATE.new"
  mv "$REGISTRY_STATE.new" "$REGISTRY_STATE"
}

# PACKAGE DIGEST of what the pods run from the trader's repository.
running() {
  k get pods -o json | jq -r '.items[].status | (.containerStatuses // []) + (.initContainerStatuses // []) | .[].imageID
    | capture("trader-repo/(?<package>[^@]+)@(?<digest>sha256:[0-9a-f]+)$") | "\(.package) \(.digest)"' | sort -u
}
push_running() { local package digest; while read -r package digest; do push "$package" "$digest"; done < <(running); }
