#!/usr/bin/env bats
# What kubectl arsnap prints with -o json, as docs/schemas describes it: no key is missing, of another type, or not described.
load lib

setup() { sandbox; }

# Keeps what the verb prints.
document() { # SCHEMA.NAME EXIT-CODE VERB [ARGUMENTS...]
  local name=$1 expected=$2 code=0; shift 2
  arsnap "$@" -o json >"$documents/$name" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  [ "$code" -eq "$expected" ] || fail "arsnap $*: exit $code, not $expected: $(cat "$BATS_TEST_TMPDIR/err")"
}

@test "every document fits its schema, and every schema has a document" {
  documents=$BATS_TEST_TMPDIR/documents schemas=$REGISTRY_TESTS/../../docs/schemas
  mkdir "$documents"
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" gone="$HOST/trader-repo/app@$(digest 9)" alien="ghcr.io/team/app@$(digest 5)"
  document SnapshotReport.all 0 snapshot --repos trader-repo,other-repo
  cp "$ROOT/$INVENTORY" "$BATS_TEST_TMPDIR/old.json"
  document CheckReport.inventory 4 check
  document CheckReport.live 4 check --live
  # shellcheck disable=SC2016 # jq's own variables
  registry '.repositories["trader-repo"].resource.cleanupPolicies = {"old": {action: "DELETE", condition: {tagState: "ANY", olderThan: "86400s"}}}
    | .repositories["trader-repo"].images.app[$d1].tags = ["v2"]'
  document ForecastReport.delete 4 forecast
  document ProtectReport.dry 4 protect --dry-run
  document ProtectReport.done 4 protect
  document SnapshotReport.failed 4 snapshot --repos trader-repo,no-repo
  document InventoryDiff.moved 4 diff "$BATS_TEST_TMPDIR/old.json" "$ROOT/$INVENTORY"

  run "$REGISTRY_TESTS/../documents.py" "$schemas" "$documents"/*
  assert_output ""
  assert_success
  for schema in "$schemas"/*.json; do
    ! grep -qF '`kubectl arsnap ' "$schema" || compgen -G "$documents/$(basename "$schema" .json).*" >/dev/null ||
      fail "${schema##*/}: no document"
  done
}
