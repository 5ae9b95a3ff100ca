#!/usr/bin/env bats
# docs/runbook.md is what an operator pastes at night: its blocks are run here in order, against the real API server and the
# real gcloud, and must end with the code and print the text that it says (runbook.py: how it is marked up).
#
# Another than in the document is: the bucket, which is a folder; an id of an LKG, which is the last one's; and the soak
# of a restore, which is 2 s.
load lib
load registry

RUNBOOK=$BATS_TEST_DIRNAME/../../docs/runbook.md

# A floor that was restored once, so that it runs by digest, and is what the registry holds.
setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  sandbox
  export NS=trading-floor copies=$BATS_FILE_TMPDIR/copies PATH=$BATS_FILE_TMPDIR/bin:$PATH
  kubectl config rename-context admin production
  kubectl config use-context production
  mkdir "$ROOT/scripts" "$BATS_FILE_TMPDIR/bin"
  cp "$BATS_TEST_DIRNAME"/../../scripts/{capture_lkg,restore_lkg,deploy_report,backup_cluster_state,snapshot_artifacts}.sh "$ROOT/scripts/"
  # shellcheck disable=SC2016 # the script's own
  printf '#!/bin/sh\n[ "$1" != restore ] || set -- "$@" --soak 2s\nexec %q "$@"\n' "$DR_BIN/kubectl-lkg" >"$BATS_FILE_TMPDIR/bin/kubectl-lkg"
  chmod +x "$BATS_FILE_TMPDIR/bin/kubectl-lkg"
  git -C "$ROOT" config user.name test
  git -C "$ROOT" config user.email test@example.com
  registry_up
  # shellcheck disable=SC2154 # set by registry_up
  echo "$registry_pid" >"$BATS_FILE_TMPDIR/registry.pid"
  floor_up
  push_running
  lkg capture
  lkg restore
}
teardown_file() {
  [ ! -e "$BATS_FILE_TMPDIR/registry.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/registry.pid")"
  [ ! -d "$BATS_FILE_TMPDIR/rebuilt" ] || "$CLUSTER_TESTS/down.sh" "$BATS_FILE_TMPDIR/rebuilt"
}

# Runs the steps below a heading.
play() { # HEADING
  local steps step code lkg_id
  steps=$(mktemp -d -p "$BATS_TEST_TMPDIR")
  "$CLUSTER_TESTS/runbook.py" steps "$RUNBOOK" "$1" "$steps"
  cd "$ROOT" || return
  for step in "$steps"/*; do
    if [ -e "$step/breakage" ]; then "$(cat "$step/breakage")" >/dev/null; continue; fi
    lkg_id=$(basename -s .tar ops/lkg/history/* "$copies"/lkg/* | sort | tail -n 1)
    sed -E "s/\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\b/$lkg_id/g; s#gs://agenttrader-dr/prod#$copies#g" "$step/sh" >"$step/run"
    code=0
    bash -e "$step/run" >"$step/raw" 2>&1 || code=$?
    sed "s#$copies#gs://agenttrader-dr/prod#g; s#$ROOT#/srv/floor#g" "$step/raw" >"$step/actual"
    [ "$code" -eq "$(cat "$step/code")" ] || fail "exit $code: $(cat "$step/sh" "$step/actual")"
    "$CLUSTER_TESTS/runbook.py" compare "$step/expected" "$step/actual" || fail "printed by: $(cat "$step/sh")"
  done
}

# --- what happens to the floor

trading_on() { k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'; }

# Another API server, with what the infrastructure's own scripts make, and a repository that is cloned anew.
cluster_lost() {
  "$CLUSTER_TESTS/up.sh" "$BATS_FILE_TMPDIR/rebuilt" 3>&-
  kubectl get priorityclass/high-priority storageclass/standard-rwo -o json >"$BATS_TEST_TMPDIR/classes"
  kubectl get persistentvolumes -o json | jq '.items |= map(select(.metadata.name | startswith("trading-floor-")))' >"$BATS_TEST_TMPDIR/disks"
  sed 's/^current-context: admin/current-context: production/; s/{name: admin, /{name: production, /' "$BATS_FILE_TMPDIR/rebuilt/kubeconfig" >"$KUBECONFIG"
  jq -s 'map(.items) | add | map(del(.metadata.uid, .metadata.resourceVersion, .metadata.managedFields, .spec.claimRef, .status))
    | {apiVersion: "v1", kind: "List", items: .}' "$BATS_TEST_TMPDIR/classes" "$BATS_TEST_TMPDIR/disks" | kubectl create -f -
  rm -r "$ROOT"/{ops,audit_artifacts}
  printf '%s\n' BROKER_API_KEY=not-a-real-one DATABASE_URL=postgres://db.internal/trading >"$ROOT/trader-secrets.env"
}

# Somebody trades on, and rolls out a hotfix that cannot be pulled; the annotation tells the simulated nodes so.
bad_deploy() {
  trading_on
  k set env deployment/strategy-engine ROGUE=1
  k patch deployment execution-engine -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"image-pull-backoff"}},
    "spec":{"containers":[{"name":"engine","image":"us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/execution-engine:hotfix"}]}}}}'
  eventually eval 'k get pods | grep -q ImagePullBackOff'
}

image_cleaned_up() { clean_up mission-control; }
image_pushed() { push mission-control "$(sed -nE 's/^kubectl .* set image .*@(sha256:[0-9a-f]+)$/\1/p' "$RUNBOOK")"; }

drift() {
  k set env deployment/mission-control ROGUE=1
  k create configmap hotfix --from-literal=note=by-hand
  k delete configmap strategy-config
  k rollout status deployment/mission-control
}

manifest_damaged() { echo >>"$ROOT/ops/lkg/lkg_manifest.yaml"; }

deletions() {
  k delete deployment/mission-control service/whale-strategy
}

@test "routine operations" {
  play "Capture a new LKG (after validating a good release)"
  play "Create a cluster state backup"
  play "Snapshot Artifact Registry inventory"
  play "Keep copies outside of the cluster"
  play "Is it all fresh?"
}

@test "first look" { play "First look"; }

@test "trading must stop now" { play "Trading must stop now"; }

@test "cluster corrupted or deleted" { play "Cluster corrupted / cluster deleted"; }

@test "bad deploy" { play "Bad deploy (regression)"; }

@test "missing images" { play "Missing images / Artifact Registry cleanup"; }

@test "config drift" { play "Config drift"; }

@test "damaged LKG" { play "The LKG on disk is damaged"; }

@test "restore, step by step" {
  play "0) Preconditions"
  play "1) Restore to LKG"
  play "2) Verify health"
  play "3) Post-restore: keep execution disabled"
}

@test "every block of the runbook is run here, or says why not" {
  diff <("$CLUSTER_TESTS/runbook.py" sections "$RUNBOOK" | sort) <(sed -nE 's/^(@test .*\{ | +)play "([^"]+)".*/\2/p' "$BATS_TEST_FILENAME" | sort)
}
