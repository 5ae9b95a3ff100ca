#!/usr/bin/env bats
# A backup is whole or it is not there, whatever ends the run or fails on the disk.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  faults=$BATS_TEST_DIRNAME
  bin=${DR_BIN:-$faults/../../build/dev/bin}
}

@test "no kill at any of 200 random moments leaves a bad backup" {
  run python3 "$faults/drbackup.py" "$bin/kubectl-drbackup" "$BATS_TEST_TMPDIR" 200
  echo "$output"
  assert_success
}

@test "a store that cannot be made is a failure that names it" {
  mkdir -p "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/answers"
  touch "$BATS_TEST_TMPDIR/root/audit_artifacts"
  PYTHONPATH=$faults python3 -c "import drbackup, pathlib, sys; drbackup.record(pathlib.Path(sys.argv[1]))" "$BATS_TEST_TMPDIR/answers"
  DR_ANSWERS=$BATS_TEST_TMPDIR/answers run -1 "$bin/kubectl-drbackup" create --root "$BATS_TEST_TMPDIR/root" --kubectl "$faults/stub/kubectl" -n floor
  assert_output --partial "error: failed to create $BATS_TEST_TMPDIR/root/audit_artifacts/cluster_backup"
}
