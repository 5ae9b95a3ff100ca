#!/usr/bin/env bats
# What came, went and moved between two inventories: `kubectl arsnap diff`.
load lib

setup() {
  sandbox
  arsnap snapshot --repos trader-repo,other-repo
  cp "$ROOT/$INVENTORY" "$BATS_TEST_TMPDIR/old.json"
}

@test "no difference: 0, whatever the time of the inventories" {
  sleep 1
  arsnap snapshot --repos other-repo,trader-repo
  run kubectl-arsnap diff "$BATS_TEST_TMPDIR/old.json" "$ROOT/$INVENTORY"
  assert_success
}

@test "digests that came and went and a tag that moved: 1" {
  # shellcheck disable=SC2016 # $d1 is jq's
  registry '.repositories["trader-repo"].images.app |=
    (.[$d1].tags = ["v1"] | .[$d5] = {tags: ["latest"]} | del(.[$d2]))'
  arsnap snapshot --repos trader-repo,other-repo
  run -1 --separate-stderr kubectl-arsnap diff "$BATS_TEST_TMPDIR/old.json" "$ROOT/$INVENTORY"
  assert_line --regexp "came .*app@$(digest 5)"
  assert_line --regexp "went .*app@$(digest 2)"
  assert_line --regexp "moved .*app:latest"
  refute_output --partial tool
}

@test "a repository that failed is 4, not a list of digests that went" {
  fault 503 '{path: "trader-repo/dockerImages"}'
  run -4 arsnap snapshot --repos trader-repo,other-repo
  run -4 kubectl-arsnap diff "$BATS_TEST_TMPDIR/old.json" "$ROOT/$INVENTORY"
  assert_output --partial trader-repo
  refute_line --partial "went"
}

@test "an inventory that is damaged is 6, and one that is not there is no empty one" {
  head -c 500 "$BATS_TEST_TMPDIR/old.json" >"$BATS_TEST_TMPDIR/damaged.json"
  run -6 kubectl-arsnap diff "$BATS_TEST_TMPDIR/old.json" "$BATS_TEST_TMPDIR/damaged.json"
  run kubectl-arsnap diff "$BATS_TEST_TMPDIR/old.json" "$BATS_TEST_TMPDIR/absent.json"
  assert_failure
  run -2 kubectl-arsnap diff "$BATS_TEST_TMPDIR/old.json"
}
