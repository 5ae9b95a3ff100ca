# What the tests with the real `gcloud storage` share: `load lib` in a file, `sandbox` in its setup.  Each test has an
# emulator of Cloud Storage, a gcloud configuration and a repository of its own, so tests run in parallel.
# shellcheck source=tests/lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib.bash"

GCS_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$(cd "${DR_BIN:-$GCS_TESTS/../../build/dev/bin}" && pwd):$PATH

# shellcheck disable=SC2034 # used by the tests
PLACE=gs://dr-copies/prod/floor

# Sets ROOT, a directory for --root; starts an emulator with bucket "dr-copies"; and points gcloud to it.  The
# file CALLS gets a line for each gcloud that our program starts.
sandbox() {
  command -v gcloud >/dev/null || fail "gcloud is not installed: these tests need the real one (https://cloud.google.com/sdk/docs/install)"
  local variable port
  for variable in $(compgen -e CLOUDSDK_) GCLOUD; do unset "$variable"; done
  ROOT=$BATS_TEST_TMPDIR/root CALLS=$BATS_TEST_TMPDIR/calls
  mkdir -p "$ROOT" "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/tmp"
  : >"$CALLS"
  export HOME=$BATS_TEST_TMPDIR/home TMPDIR=$BATS_TEST_TMPDIR/tmp KUBECONFIG=/dev/null CALLS
  export CLOUDSDK_CONFIG=$BATS_TEST_TMPDIR/gcloud CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true CLOUDSDK_CORE_PROJECT=test
  REAL_GCLOUD=$(command -v gcloud)
  export REAL_GCLOUD GCLOUD=$BATS_TEST_TMPDIR/gcloud-counted
  cat >"$GCLOUD" <<'END'
#!/bin/sh
echo "$*" >>"$CALLS"
exec "$REAL_GCLOUD" "$@"
END
  chmod +x "$GCLOUD"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  URL=http://127.0.0.1:$port
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=$URL/storage/v1/
  emulator_up
}

emulator_up() {
  start_server "$BATS_TEST_TMPDIR/emulator.log" "$GCS_EMULATOR" -scheme http -host 127.0.0.1 -port "${URL##*:}" \
    -backend memory -public-host "${URL#http://}" -external-url "$URL"
  eventually objects
  "$GCS_TESTS/object.py" "$URL" bucket dr-copies
}
teardown() { stop_server; }

# The objects of the store: BUCKET/NAME GENERATION, by its own API.
objects() { "$GCS_TESTS/object.py" "$URL" list; }
object_put() { "$GCS_TESTS/object.py" "$URL" put "$@"; } # BUCKET/NAME FILE
object_get() { "$GCS_TESTS/object.py" "$URL" get "$@"; } # BUCKET/NAME FILE

# Seals a directory as our programs do.
seal() { (cd "$1" && rm -f SHA256SUMS && sha256sum -- * >../sums && mv ../sums SHA256SUMS); } # DIRECTORY

# Writes a backup of one ConfigMap.  OUTCOME: of a second kind that holds nothing, "absent" or "forbidden".
backup() { # ID [OUTCOME]
  local directory=$ROOT/audit_artifacts/cluster_backup/$1 outcome=${2:-absent}
  mkdir -p "$directory"
  echo "A backup of a test." >"$directory/README.md"
  printf '%s\n' 'apiVersion: v1' 'data:' '  key: value' 'kind: ConfigMap' 'metadata:' '  name: settings' \
    '  namespace: trading-floor' >"$directory/cm__settings.yaml"
  jq -n --arg id "$1" --arg outcome "$outcome" '
    def coverage($resource; $version; $kind; $short; $outcome; $count): {resource: $resource, apiVersion: $version,
      kind: $kind, shortName: $short, aliases: [], outcome: $outcome, count: $count};
    {apiVersion: "dr.agenttrader.dev/v1", kind: "Backup", id: $id, namespace: "trading-floor", context: "c", gitSha: "UNKNOWN",
     cluster: {name: "c", uid: "u", serverVersion: "v1.36.3"}, complete: ($outcome == "absent"), partial: false,
     coverage: [coverage("configmaps"; "v1"; "ConfigMap"; "cm"; "ok"; 1),
                coverage("deployments.apps"; "apps/v1"; "Deployment"; "deploy"; $outcome; 0)],
     objects: [{file: "cm__settings.yaml", apiVersion: "v1", kind: "ConfigMap", name: "settings"}],
     tool: {name: "kubectl-drbackup", version: "v0.0.0"}}' >"$directory/backup.json"
  seal "$directory"
}

# Writes an LKG of the switch alone into the history, and sets LKG to its id.
lkg_entry() {
  local manifest sum directory
  manifest=$BATS_TEST_TMPDIR/manifest
  jq -n '{apiVersion: "v1", kind: "List", items: [
    {apiVersion: "v1", kind: "Namespace", metadata: {name: "trading-floor"}},
    {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "agenttrader-kill-switch", namespace: "trading-floor"},
     data: {EXECUTION_HALTED: "1"}}]}' >"$manifest"
  sum=$(sha256sum "$manifest")
  sum=${sum%% *}
  LKG=20260101T000000Z-${sum:0:8}
  directory=$ROOT/ops/lkg/history/$LKG
  mkdir -p "$directory"
  mv "$manifest" "$directory/lkg_manifest.yaml"
  jq -n --arg id "$LKG" --arg sum "$sum" '{schema: 1, id: $id, namespace: "trading-floor", cluster: {uid: "u"},
    timestamp_utc: "2026-01-01T00:00:00Z", manifest: {sha256: $sum}}' >"$directory/lkg_metadata.json"
  seal "$directory"
}

# kubectl drbackup VERB in the test's repository.
drbackup() { # VERB [ARGUMENTS...]
  local verb=$1; shift
  kubectl-drbackup "$verb" --root "$ROOT" "$@"
}

# Whatever happened, no copy of the namespace stays in the directory for temporary files.
no_leftovers() { assert_equal "$(find "$TMPDIR" -mindepth 1 -name 'kubectl-dr-*')" ""; }
