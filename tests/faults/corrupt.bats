#!/usr/bin/env bats
# A damaged, mixed, swapped or foreign LKG or backup is refused (6) by every verb that reads one, before any cluster is asked.
bats_require_minimum_version 1.5.0

@test "no flipped bit, cut, strange file or mixture of two LKGs is believed by verify, plan, diff, restore or drill" {
  run python3 "$BATS_TEST_DIRNAME/corrupt.py" "${DR_BIN:-$BATS_TEST_DIRNAME/../../build/dev/bin}" "$BATS_TEST_TMPDIR/scene"
  echo "$output"
  [ "$status" -eq 0 ]
  while IFS= read -r line; do echo "# $line" >&3; done <<<"$output"
}
