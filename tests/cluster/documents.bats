#!/usr/bin/env bats
# Every document that a verb of lkg and drbackup prints, the metadata of an LKG and the index of a backup, as docs/schemas
# describes them: no key is missing, of another type, or not described.
load lib

# One floor, restored once and then broken, so that no list of the documents stays empty for want of a cause.
setup_file() {
  sandbox
  floor_up
  documents=$BATS_FILE_TMPDIR/documents
  mkdir "$documents"
  document DiffReport.tags 1 capture_and_diff
  document RestoreReport.first 0 lkg restore --soak 0
  document DiffReport.none 0 lkg diff
  document Status.good 0 lkg status

  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  k set env deployment/strategy-engine ROGUE=1
  k delete service whale-strategy
  k create configmap extra
  k create deployment never-ran --image=registry.example.com/never-ran:1 --replicas=0
  document CaptureReport.incomplete 4 lkg capture --exclude ConfigMap/extra --dry-run --wait 30s
  document DiffReport.drift 1 lkg diff
  document DiffReport.blame 1 lkg diff --blame
  document Status.drift 5 lkg status
  document Plan.drift 0 lkg plan
  document Plan.tried 0 lkg plan --prune --dry-run=server
  document RestoreReport.drift 0 lkg restore --soak 0
  document DrillReport.one 0 lkg drill --admission-only
  document RestoreReport.refused 3 lkg restore --expect-plan another

  document HaltReport.proven 0 lkg halt
  document HaltReport.none 0 lkg halt --prove none
  document HealthReport.all 0 lkg report
  # Somebody who may list no pods, and cannot tell rollouts without them.
  k create role no-pods --verb=get,list --resource=configmaps,deployments.apps,statefulsets.apps,daemonsets.apps
  k create rolebinding no-pods --role=no-pods --user="$NS-no-pods"
  document HealthReport.gaps 4 lkg report --as "$NS-no-pods" --as-group system:authenticated
  document Status.gaps 5 lkg status --as "$NS-no-pods" --as-group system:authenticated
  document VerifyReport.intact 0 lkg verify
  document Version.plugin 0 lkg version
  document Version.drbackup 0 backup version

  backup_documents
  history_documents
}

# A second LKG that differs from the first one.
history_documents() {
  local kept
  lkg capture --skip-scaled-to-zero
  kept=("$ROOT"/ops/lkg/history/*/)
  document LkgDiff.all 1 lkg diff --from "$(basename "${kept[0]}")" --to "$(basename "${kept[1]}")"
  document LkgDetails.one 0 lkg history show "$(basename "${kept[0]}")"
  document LkgPruneReport.none 0 lkg history prune --dry-run
  echo >>"${kept[0]}/lkg_manifest.yaml"
  document LkgList.damaged 0 lkg history list
}

# What the verbs of drbackup print of a complete, a partial, an incomplete and a damaged backup; indexes are kept too.
backup_documents() {
  local complete partial incomplete
  document BackupStatus.none 1 backup status
  k create configmap credential --from-literal=DB_PASSWORD=not-a-real-one
  document CreateReport.complete 0 backup create
  complete=$(keep_index complete)
  document PushReport.uploaded 0 backup push --to "$BATS_FILE_TMPDIR/copies"
  document PushReport.again 0 backup push --all --to "$BATS_FILE_TMPDIR/copies"
  document PullReport.again 0 backup pull "$complete" --from "$BATS_FILE_TMPDIR/copies"
  k set env deployment/strategy-engine ROGUE=2
  k delete configmap extra
  k create configmap another
  document CreateReport.partial 0 backup create --kinds=cm,deploy --exclude='cm/agenttrader-heartbeat-*'
  partial=$(keep_index partial)
  document BackupDiff.partial 1 backup diff "$complete" latest
  document BackupStatus.fresh 0 backup status
  document BackupVerifyReport.one 0 backup verify
  # A kind that may not be listed, and an API that does not answer.
  dead_api
  document CreateReport.incomplete 4 backup create --as "$NS-no-pods" --as-group system:authenticated
  no_dead_api
  incomplete=$(keep_index incomplete)
  document BackupDiff.unknown 4 backup diff "$complete" latest
  document BackupStatus.incomplete 4 backup status
  printf '#' >>"$ROOT/audit_artifacts/cluster_backup/$partial/README.md"
  document BackupList.all 0 backup list
  document BackupVerifyReport.all 6 backup verify --all
  document PruneReport.dry 6 backup prune --keep-last 1 --dry-run
  document BackupDiff.live 1 backup diff "$complete"
  # Last, as the newest one: it counts for each namespace.
  printf '#' >>"$ROOT/audit_artifacts/cluster_backup/$incomplete/README.md"
  document BackupStatus.damaged 6 backup status
  document PushReport.damaged 6 backup push --to "$BATS_FILE_TMPDIR/copies"
}

# Keeps backup.json of the newest backup, and prints its id.
keep_index() { # NAME
  local directories=("$ROOT"/audit_artifacts/cluster_backup/2*Z)
  cp "${directories[-1]}/backup.json" "$documents/Backup.$1"
  basename "${directories[-1]}"
}

# An aggregated API that has no server, and holds nothing that a backup would.
dead_api() {
  kubectl apply -f - <<END
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.external.metrics.k8s.io}
spec:
  group: external.metrics.k8s.io
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: nobody, namespace: $NS}
END
}

# No namespace can be deleted while it is there: other tests do that.
no_dead_api() { kubectl delete apiservice v1.external.metrics.k8s.io --ignore-not-found; }
teardown_file() { no_dead_api; }

backup() { # VERB [ARGUMENTS...]: kubectl drbackup in the test's namespace and repository
  local verb=$1; shift
  kubectl drbackup "$verb" --root "$ROOT" -n "$NS" "$@"
}

capture_and_diff() { # -o json; captures first
  document CaptureReport.written 0 lkg capture --note documents
  cp "$ROOT/ops/lkg/lkg_metadata.json" "$documents/lkg_metadata.written"
  lkg diff "$@"
}

# Keeps what the command prints with -o json.
document() { # SCHEMA.NAME EXIT-CODE COMMAND...
  local name=$1 expected=$2 code=0; shift 2
  "$@" -o json >"$documents/$name" 2>"$BATS_FILE_TMPDIR/err" || code=$?
  [ "$code" -eq "$expected" ] || fail "$* -o json: exit $code, not $expected: $(cat "$BATS_FILE_TMPDIR/err")"
}

# Those of kubectl arsnap are in tests/registry/documents.bats.
@test "every document fits its schema, and every schema has a document" {
  schemas=$BATS_TEST_DIRNAME/../../docs/schemas
  run "$BATS_TEST_DIRNAME/../documents.py" "$schemas" "$BATS_FILE_TMPDIR"/documents/*
  assert_output ""
  assert_success
  for schema in "$schemas"/*.json; do
    grep -qF '`kubectl arsnap ' "$schema" || compgen -G "$BATS_FILE_TMPDIR/documents/$(basename "$schema" .json).*" >/dev/null ||
      fail "${schema##*/}: no document"
  done
}

@test "the documents were not empty where it counts" {
  cd "$BATS_FILE_TMPDIR/documents"
  while read -r name filter; do
    run jq -e "$filter" "$name"
    [ "$status" -eq 0 ] || fail "$name: not true: $filter"
  done <<'END'
lkg_metadata.written (.images | any(.source == "pods") and any(.source == "job")) and (.autoscaled != []) and (.references.secrets != [])
CaptureReport.incomplete (.leftOut | any(.object == "Deployment/never-ran")) and (.excluded | any(.object == "ConfigMap/extra"))
DiffReport.tags any(.drifts[].differences[]; .pointer | endswith("/image"))
DiffReport.none .drifts == []
DiffReport.drift [.drifts[].drift] | unique == ["changed", "extra", "missing"]
Plan.drift ["change", "create", "extra", "restart", "same"] - [.objects[].action] == []
Plan.tried ([.dryRun[].answer] | unique == ["accepted"]) and any(.objects[]; .action == "prune" and .runsPods and .owner != "") and any(.objects[]; .addresses[]?.outcome == "kept") and (.waves != [])
Plan.drift .checks | any(.verdict == "ok" and .name == "nodes")
RestoreReport.refused .checks != []
RestoreReport.drift .haltedAtEnd and (.changed != []) and (.proofs != []) and (.workloads != []) and (.extras != [])
RestoreReport.refused .exitCode == 3 and .haltedAtEnd and .phase == "plan"
HaltReport.proven .proofs != []
HealthReport.all (.pods != []) and (.scaleUp != []) and (.podImages != []) and (.rollouts != [])
Status.good .verdict.exitCode == 0 and .switch.proven and (.switch.proofs != []) and (.workloads | all(.settled)) and .drift.objects == []
Status.drift .verdict.halt == "released" and (.drift.objects != []) and (.problems != [])
Status.gaps .drift == null and .workloads == null and (.gaps | any(.part == "drift"))
LkgDiff.all .changes | any(.change == "changed" and .differences != [])
LkgDetails.one .objects | any(.kind == "Deployment")
LkgPruneReport.none .dryRun and .kept == 2
LkgList.damaged [.lkgs[].state] == ["intact", "damaged"] and .lkgs[0].current
HealthReport.gaps .pods == null and (.gaps != [])
Backup.complete .complete and (.partial | not) and (.objects | any(.kind == "Deployment")) and ([.coverage[].count] | add) == (.objects | length)
Backup.partial .partial and .selection == {"kinds": ["cm", "deploy"], "exclude": ["cm/agenttrader-heartbeat-*"]}
Backup.incomplete (.complete | not) and (.coverage | any(.outcome == "forbidden" and .message != "")) and (.deadGroups | any(.derivedOnly))
CreateReport.complete .complete and (.partial | not) and (.warnings != [])
CreateReport.incomplete (.complete | not) and (.coverage | any(.outcome == "forbidden")) and (.deadGroups != [])
BackupList.all [.backups[].state] == ["complete", "damaged", "incomplete"]
BackupVerifyReport.all .backups | any(.damage != null) and any(.gaps != null and .gaps != [])
BackupDiff.partial .notCompared != [] and all(.notCompared[]; .unknown | not)
BackupDiff.unknown .notCompared | any(.unknown)
BackupDiff.live .right == "live" and ([.changes[].change] | unique) == ["added", "changed", "removed"] and any(.changes[].differences[]; .right == {"name": "ROGUE", "value": "2"})
BackupStatus.none (has("newest") or has("newestComplete")) | not
BackupStatus.damaged .newest.state == "damaged" and .newestComplete.state == "complete"
PushReport.uploaded [.copies[].outcome] == ["uploaded"]
PushReport.again [.copies[].outcome] == ["already there"]
PushReport.damaged [.copies[].outcome] == ["damaged"]
PullReport.again .outcome == "already there" and .state == "complete"
PruneReport.dry .dryRun and (.backups | any(.state == "damaged" and .action == "keep"))
END
}
