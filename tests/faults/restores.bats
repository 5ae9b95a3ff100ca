#!/usr/bin/env bats
# Whatever fails round a restore, trading stays halted and the exit code tells the truth: T1 to T9 in restores/oracle.hpp.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  bin=${DR_BIN:-$BATS_TEST_DIRNAME/../../build/dev/bin}
  tests=$(dirname "$bin")/tests
}

# A judge that never condemns proves nothing.
assert_caught() { # MUTANT INVARIANT
  run -1 "$bin/restore-faults-$1" --seeds 1..200
  assert_output --partial "BREACH of $2"
}

@test "restores on a model of the cluster hold T1-T9, whatever strikes them" {
  run "$bin/restore-faults" --seeds 1..2000 --jobs 2
  assert_success
  assert_line "2000 restores, 0 breaches of T1–T9"
}

@test "a halt that comes after the first wave is caught" { assert_caught halt-after-first-wave T2; }

@test "a read-back that is left out is caught" { assert_caught read-back-dropped T3; }

@test "a flip of the switch that is ignored is caught" { assert_caught flip-ignored T6; }

@test "the program holds them when it is killed, signalled, cut off from kubectl or out of disk" {
  run "$bin/restore-faults" --program "$bin/kubectl-lkg" --kubectl "$tests/kubectl-model" \
    --library "$tests/libfault.so" --dir "$BATS_TEST_TMPDIR/runs" --points 3 --jobs 2
  assert_success
  assert_line --partial " restores, 0 breaches of T1–T9"
}
