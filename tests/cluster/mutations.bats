#!/usr/bin/env bats
# What may happen to a floor between a capture and a restore: every row of mutations/table.py, all of them at once, on objects
# of every kind that an LKG holds.  The output names each row.
load lib

mutations() { "$CLUSTER_TESTS/mutations/mutations.py" "$@"; }

# `diff --blame` as JSON into a file; there must be differences.
blame_into() { # FILE
  local code=0
  lkg diff --blame -o json >"$1" || code=$?
  assert_equal "$code" 1
}

setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  sandbox
  mutations floor "$NS" >"$BATS_FILE_TMPDIR/floor"
  k create -f "$BATS_FILE_TMPDIR/floor" >/dev/null
  lkg capture --wait 60s
}

@test "every mutation is seen by diff, with its place and its manager, and gone after a restore" {
  mutations mutate "$NS"
  blame_into "$BATS_TEST_TMPDIR/before"
  run -0 lkg restore --soak 0 --allow-gitops # one of the managers is Argo CD's
  run lkg diff -o json
  echo "$output" >"$BATS_TEST_TMPDIR/after"
  mutations judge "$NS" "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" >&3
  assert_success
}

@test "diff --blame says beforehand what a forced server-side apply of the LKG leaves" {
  mutations mutate "$NS"
  blame_into "$BATS_TEST_TMPDIR/before"
  # It ends with 1: an apply is refused where a member of a union changed.
  kubectl apply --server-side --force-conflicts --field-manager=agenttrader-dr -o name \
    -f "$ROOT/ops/lkg/lkg_manifest.yaml" >"$BATS_TEST_TMPDIR/applied" 2>/dev/null || true
  blame_into "$BATS_TEST_TMPDIR/after"
  mutations foretold "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" "$BATS_TEST_TMPDIR/applied" >&3
}
