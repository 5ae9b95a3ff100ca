#!/usr/bin/env bats
# Text of a cluster, a registry, a file or the environment stays text, wherever a verb puts it.
bats_require_minimum_version 1.5.0

@test "hostile text is no flag, no path, no command, no terminal escape, and no element of a report" {
  run python3 "$BATS_TEST_DIRNAME/injection.py" "${DR_BIN:-$BATS_TEST_DIRNAME/../../build/dev/bin}" "$BATS_TEST_TMPDIR/scene"
  echo "$output"
  [ "$status" -eq 0 ]
  echo "# $output" >&3
}
