#!/usr/bin/env bats
# The stand-in that the restores of tests/faults run on must not drift from the truth.
load lib

setup() { sandbox; }

@test "the model of the cluster answers each call as the API server does" {
  run python3 "$CLUSTER_TESTS/../faults/restores/differential.py" kubectl "$NS" \
    "$(dirname "$DR_BIN")/tests/kubectl-model" "$BATS_TEST_TMPDIR/model"
  assert_success
  assert_output --partial ", 0 differences"
}
