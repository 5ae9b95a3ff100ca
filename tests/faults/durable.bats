#!/usr/bin/env bats
# docs/durability.md: nothing that a verb writes can be lost or halved by a disk that fails or a run that dies, at any call.
load ../lib

setup() {
  faults=$BATS_TEST_DIRNAME
  bin=${DR_BIN:-$faults/../../build/dev/bin}
}

durable() { # VERB [FLAG...]
  local verb=$1; shift
  run python3 "$faults/durable.py" "$@" "$bin" "$(dirname "$bin")/tests/libfault.so" "$BATS_TEST_TMPDIR" "$verb"
  echo "$output"
  assert_success
  assert_line --regexp '[0-9]+ faults, 0 losses'
  echo "# ${lines[0]}" >&3
}

@test "capture: the old LKG or the new one" { durable capture; }
@test "capture --sign: the old LKG or the new one, each with its signature" { durable signed-capture; }
@test "history prune: each LKG whole or gone, and none of those that stay" { durable history-prune; }
@test "drbackup create: the backups that were there, and a whole one or none" { durable create; }
@test "drbackup create, killed at 230 random moments" { durable create --kills 230; }
@test "drbackup prune: each backup whole or gone, and the newest stays" { durable prune; }
@test "report: the old report or the new one" { durable report; }
@test "arsnap snapshot: the old inventory or the new one" { durable snapshot; }

# In a mount namespace, so that nobody else sees the tmpfs, and it goes with us.
@test "a disk that is full, with ever more room until it is enough" {
  unshare --user --map-root-user --mount true || skip "this machine allows no mount namespace of a user"
  for verb in capture signed-capture create report snapshot; do
    run unshare --user --map-root-user --mount python3 "$faults/durable.py" --full "$bin" "$(dirname "$bin")/tests/libfault.so" "$BATS_TEST_TMPDIR" "$verb"
    echo "$output"
    assert_success
    echo "# ${lines[0]}" >&3
  done
}

@test "an order that a power cut could break is noticed" {
  run -0 python3 - "$faults" <<'PYTHON'
import sys

sys.path.insert(0, sys.argv[1])
from durable import hold_order

good = [("open", "d/.x", ""), ("write", "d/.x", ""), ("fsync", "d/.x", ""), ("rename", "d/.x", "d/x"), ("fsync", "d", "")]
assert hold_order(good, 0) == 2
for left_out in (2, 4):
    try:
        hold_order(good[:left_out] + good[left_out + 1:], 0)
    except AssertionError:
        continue
    sys.exit(f"nothing missed {good[left_out]}")
two = good[:4] + [(name, path.replace("x", "y"), other.replace("x", "y")) for name, path, other in good]
try:
    hold_order(two, 0)
except AssertionError:
    sys.exit(0)
sys.exit("a second rename before the first one is on the disk was not noticed")
PYTHON
}

@test "a store that cannot be made is a failure that names it" {
  mkdir -p "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/answers"
  touch "$BATS_TEST_TMPDIR/root/audit_artifacts"
  PYTHONPATH=$faults python3 -c "import recorded_floor, pathlib, sys; recorded_floor.record(pathlib.Path(sys.argv[1]))" "$BATS_TEST_TMPDIR/answers"
  DR_ANSWERS=$BATS_TEST_TMPDIR/answers run -1 "$bin/kubectl-drbackup" create --root "$BATS_TEST_TMPDIR/root" --kubectl "$faults/stub/kubectl" -n floor
  assert_output --partial "error: failed to create $BATS_TEST_TMPDIR/root/audit_artifacts/cluster_backup"
}
