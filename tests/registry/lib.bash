# What the tests with the real gcloud share: `load lib` in a file, `sandbox` in its setup.  Each test has a registry, a
# gcloud configuration and a repository of its own, and writes nowhere else, so tests run in parallel.
# shellcheck source=tests/lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib.bash"

REGISTRY_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$(cd "${DR_BIN:-$REGISTRY_TESTS/../../build/dev/bin}" && pwd):$PATH

# shellcheck disable=SC2034 # used by the tests
HOST=us-east4-docker.pkg.dev/agenttrader-prod INVENTORY=audit_artifacts/artifacts_snapshot.json

# No file, argument, log or error text may ever hold it: see no_token.
TOKEN=ya29.marked-fake-token

# Sets ROOT, a directory for --root; starts a registry with two small repositories; and points gcloud to it.
sandbox() { # [DIRECTORY]
  command -v gcloud >/dev/null || fail "gcloud is not installed: these tests need the real one (scripts/lib/setup.sh)"
  command -v kubectl-arsnap >/dev/null || fail "kubectl-arsnap is not in DR_BIN: build it first"
  local variable
  for variable in $(compgen -e CLOUDSDK_) GCLOUD PROJECT LOCATION REGION AR_REPOS NAMESPACE; do unset "$variable"; done
  places "${1:-$BATS_TEST_TMPDIR}"
  mkdir -p "$ROOT/ops/lkg" "${REGISTRY%/*}" "$HOME"
  export KUBECONFIG=/dev/null CLOUDSDK_AUTH_ACCESS_TOKEN=$TOKEN
  export CLOUDSDK_CORE_DISABLE_PROMPTS=1
  jq -n --arg token "$TOKEN" --arg d1 "$(digest 1)" --arg d2 "$(digest 2)" --arg d3 "$(digest 3)" --arg d4 "$(digest 4)" \
    '{project: "agenttrader-prod", location: "us-east4", token: $token, faults: [], repositories: {
      "trader-repo": {images: {app: {($d1): {tags: ["v1", "latest"]}, ($d2): {}}, "team/app": {($d3): {tags: ["v3"]}}}},
      "other-repo": {images: {tool: {($d4): {tags: ["v4"]}}}}}}' >"$REGISTRY"
  start_server "$REGISTRY.port" "$REGISTRY_TESTS/server.py" "$REGISTRY"
  eventually test -s "$REGISTRY.port"
  URL=http://127.0.0.1:$(cat "$REGISTRY.port")/
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY=$URL
}

# Names the places of a sandbox.
places() { # DIRECTORY
  ROOT=$1/root REGISTRY=$1/registry/state.json REQUESTS=$1/registry/requests.log
  export HOME=$1/home CLOUDSDK_CONFIG=$1/gcloud
}

# Ends the registry at once; it would end with the test anyway.
teardown() { stop_server; }

# A digest: that digit 64 times.
digest() { printf 'sha256:%s' "$(printf '%064d' 0 | tr 0 "$1")"; } # DIGIT

# Changes the registry's state by a jq filter; $d1 to $d9 are the digests.
registry() { # FILTER
  local n arguments=()
  for n in {1..9}; do arguments+=(--arg "d$n" "$(digest "$n")"); done
  jq "${arguments[@]}" "$1" "$REGISTRY" >"$REGISTRY.edited"
  mv "$REGISTRY.edited" "$REGISTRY"
}

# Adds a fault; FIELDS is a jq object of what server.py describes, by default all requests meet it.
fault() { # KIND [FIELDS]
  registry ".faults += [{kind: \"$1\"} + ${2:-{\}}]"
}

# The requests so far, METHOD PATH STATUS each, in the order in which they were answered.
requests() { cat "$REQUESTS"; }

# For each kind of fault a repository r-KIND with three images in pages of two, and the fault where FIELDS say: a jq
# object in which $repository is a pattern for the path of that repository.  Prints the names with commas.
faulty_repositories() { # FIELDS KIND...
  local fields=$1 kind added=(); shift
  for kind; do
    added+=("r-$kind")
    registry ".repositories[\"r-$kind\"] = {page_limit: 2, images: {app: {(\$d1): {}, (\$d2): {}, (\$d3): {}}}}"
    fault "$kind" "(\"/r-$kind/\" as \$repository | $fields)"
  done
  (IFS=,; echo "${added[*]}")
}

# Of these repositories the inventory says that they failed, and holds no row; those of the others are there.
assert_failed() { # REPOSITORIES-WITH-COMMAS OTHERS-WITH-COMMAS
  assert_equal "$(inventory '.errors[] | sub(":.*"; "")' | paste -sd,)" "$(tr , '\n' <<<"$1" | LC_ALL=C sort | paste -sd,)"
  assert_equal "$(inventory '[.images[]._repo] | unique | join(",")')" "$2"
  assert_equal "$(inventory '[.errors[] | select(test("^[a-z0-9-]+: .{10}") | not)] | length')" 0
}

# An LKG with one image in each of these repositories, i-REPOSITORY, that their listing does not hold.
lkg_of_unlisted() { # REPOSITORIES-WITH-COMMAS
  local name images=()
  for name in ${1//,/ }; do images+=("i-$name=$HOST/$name/app@$(digest 9)"); done
  lkg_of "${images[@]}"
}

# The last output in JSON says `unknown`, with a reason, for each image of lkg_of_unlisted.
assert_unknown() { # REPOSITORIES-WITH-COMMAS
  local filter='.images[] | [(.component | sub(".*/i-"; "")), .verdict, (.reason | length > 10)] | join(" ")'
  # shellcheck disable=SC2154 # set by run
  assert_equal "$(jq -r "$filter" <<<"$output")" "$(tr , '\n' <<<"$1" | sed 's/$/ unknown true/')"
}

# Writes an LKG of the incumbent's form: one Deployment for each image.
lkg_of() { # NAME=REFERENCE...
  local entry
  for entry; do
    jq -n --arg name "${entry%%=*}" --arg image "${entry#*=}" '
      {apiVersion: "apps/v1", kind: "Deployment", metadata: {name: $name, namespace: "trading-floor"}, spec: {
        selector: {matchLabels: {app: $name}},
        template: {metadata: {labels: {app: $name}}, spec: {containers: [{name: "main", image: $image}]}}}}'
  done | jq -s '{apiVersion: "v1", kind: "List", items: .}' >"$ROOT/ops/lkg/lkg_manifest.yaml"
  jq '{timestamp_utc: "2026-01-01T00:00:00Z", namespace: "trading-floor", components:
      [.items[] | {kind, name: .metadata.name, namespace: "trading-floor",
                   containers: [.spec.template.spec.containers[] | {container: .name, image}]}]}' \
    "$ROOT/ops/lkg/lkg_manifest.yaml" >"$ROOT/ops/lkg/lkg_metadata.json"
}

# kubectl arsnap VERB in the test's root.
arsnap() { # VERB [ARGUMENTS...]
  local verb=$1; shift
  kubectl-arsnap "$verb" --root "$ROOT" -n trading-floor "$@"
}

# What a jq filter makes of the inventory.
inventory() { jq -r "$1" "$ROOT/$INVENTORY"; } # FILTER

# Logs in as a service account whose key is the test's own, in place of the token in the environment.
service_account() {
  local key=$BATS_TEST_TMPDIR/key.json
  unset CLOUDSDK_AUTH_ACCESS_TOKEN
  jq -n --arg key "$(openssl genrsa 2048 2>/dev/null)" --arg url "$URL" \
    '{type: "service_account", project_id: "agenttrader-prod", private_key_id: "1", private_key: $key, client_id: "1",
      client_email: "robot@agenttrader-prod.iam.gserviceaccount.com", token_uri: "\($url)token"}' >"$key"
  gcloud auth activate-service-account --quiet --key-file "$key" 2>/dev/null
}

# Neither the files of the test, but gcloud's own and the registry's state, nor the output of the last `run` hold the token.
no_token() {
  # shellcheck disable=SC2154 # set by run
  refute_regex "$output${stderr:-}" marked-fake
  run grep -r -l -s marked-fake "$ROOT" "$HOME" "$CLOUDSDK_CONFIG/logs" "$REQUESTS"
  assert_output ""
}
