#!/usr/bin/env bats
# What is too big, too deep or without an end costs bounded memory and time, and is refused by name.
bats_require_minimum_version 1.5.0

@test "100,000 objects, a list of 200 MB, a ConfigMap of 1 MiB, JSON 10,000 deep, and an answer without an end" {
  run python3 "$BATS_TEST_DIRNAME/limits.py" "${DR_BIN:-$BATS_TEST_DIRNAME/../../build/dev/bin}" "$BATS_TEST_TMPDIR/scene"
  echo "$output"
  [ "$status" -eq 0 ]
  while IFS= read -r line; do echo "# $line" >&3; done <<<"$output"
}
