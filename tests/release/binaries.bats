#!/usr/bin/env bats
# The programs of a release in DR_RELEASE (default: build), as build_platform leaves them: linux/amd64 is run, linux/arm64 is
# run under qemu, the two for macOS are read only: nothing here runs them.
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
bats_require_minimum_version 1.5.0
load ../gcs/lib # `backup` and `lkg_entry`: what the programs work on

setup_file() {
  repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  release=${DR_RELEASE:-$repository/build}
  version=$(sed -n 's/^DR_VERSION:STRING=//p' "$release/release-linux-amd64/CMakeCache.txt")
  export repository release version
}

setup() {
  ROOT=$BATS_TEST_TMPDIR/root
  native=$release/release-linux-amd64/bin arm64=$release/release-linux-arm64/bin
}

programs() { echo "$release/release-${1/\//-}/bin"/kubectl-{lkg,drbackup,arsnap}; } # PLATFORM

inspect() { # PLATFORM
  # shellcheck disable=SC2046 # three words
  run python3 "$BATS_TEST_DIRNAME/inspect.py" "$1" "$repository" $(programs "$1")
  assert_success
  printf '# %s\n' "${lines[@]}" >&3
}

@test "linux/amd64: static, PIE, at most 4 MB, no path of the machine that built it" { inspect linux/amd64; }
@test "linux/arm64: static, PIE, at most 4 MB, no path of the machine that built it" { inspect linux/arm64; }
@test "darwin/amd64: libSystem alone, from macOS 11, at most 4 MB, no path of the machine that built it" { inspect darwin/amd64; }
@test "darwin/arm64: libSystem alone, from macOS 11, at most 4 MB, signed, no path of the machine that built it" { inspect darwin/arm64; }

@test "each program says its version, natively and under qemu" {
  for name in kubectl-lkg kubectl-drbackup kubectl-arsnap; do
    assert_equal "$("$native/$name" version)" "$name v$version"
    assert_equal "$(qemu-aarch64-static "$arm64/$name" version)" "$name v$version"
  done
}

# The completion asks a program at every <TAB>, and a runbook runs it in loops.
@test "the programs start within 10 ms" {
  run python3 - "$native" <<'END'
import os, subprocess, sys, time

def milliseconds(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - begin)

commands = [("/bin/true",)] + [(f"{sys.argv[1]}/kubectl-{name}", word) for name in ("lkg", "drbackup", "arsnap") for word in ("--help", "version")]
rounds = [[milliseconds(command) for command in commands] for _ in range(20)]
least = [min(times) for times in zip(*rounds)]
for command, time_of in zip(commands, least):
    print(os.path.basename(command[0]), *command[1:], f"{time_of:.1f} ms")
sys.exit(max(least) > 10)
END
  printf '# %s\n' "${lines[@]}" >&3
  assert_success
}

# The same words, byte for byte, from both processors: numbers, order, checksums.
same_on_arm64() { # EXIT-CODE PROGRAM ARGUMENTS...
  local code=$1 name=$2 expected; shift 2
  for form in table json yaml; do
    run "-$code" "$native/$name" "$@" --root "$ROOT" -o "$form"
    expected=$output
    run "-$code" qemu-aarch64-static "$arm64/$name" "$@" --root "$ROOT" -o "$form"
    assert_equal "$output" "$expected"
    assert_output
  done
}

@test "linux/arm64 reads an LKG and backups as linux/amd64 does" {
  lkg_entry
  backup 20260101T000000Z
  backup 20260102T000000Z forbidden
  sed -i 's/value/another value/' "$ROOT/audit_artifacts/cluster_backup/20260102T000000Z/cm__settings.yaml"
  seal "$ROOT/audit_artifacts/cluster_backup/20260102T000000Z"
  same_on_arm64 0 kubectl-lkg verify --from "$LKG"
  same_on_arm64 0 kubectl-drbackup verify 20260101T000000Z
  same_on_arm64 4 kubectl-drbackup diff 20260101T000000Z 20260102T000000Z
  echo "a changed byte" >>"$ROOT/audit_artifacts/cluster_backup/20260101T000000Z/README.md"
  same_on_arm64 6 kubectl-drbackup verify 20260101T000000Z
}

# Child processes, their pipes and the sealing of what they answer.
@test "linux/arm64 makes a backup through kubectl, and linux/amd64 finds it whole" {
  export DR_ANSWERS=$BATS_TEST_TMPDIR/answers
  mkdir -p "$DR_ANSWERS" "$ROOT"
  PYTHONPATH=$BATS_TEST_DIRNAME/../faults python3 -c "import recorded_floor, pathlib, sys; recorded_floor.record(pathlib.Path(sys.argv[1]))" "$DR_ANSWERS"
  run -0 qemu-aarch64-static "$arm64/kubectl-drbackup" create --root "$ROOT" --kubectl "$BATS_TEST_DIRNAME/../faults/stub/kubectl" -n floor
  run -0 "$native/kubectl-drbackup" verify --root "$ROOT" -o json
  assert_equal "$(jq -c '[.kind, .backups[].state]' <<<"$output")" '["BackupVerifyReport","complete"]'
}

# A second tree, at another path of another depth and without ccache, gives the same bytes.  It stays in the cache: the next
# run compiles only what changed.
same_bytes_elsewhere() { # PLATFORM
  local tree=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/release/another/tree name
  mkdir -p "$tree"
  exec 9>"$tree.lock"
  flock 9
  rsync --recursive --links --perms --checksum --delete --exclude=/build --exclude=/.git "$repository/" "$tree"
  # shellcheck disable=SC2016 # expanded by the inner bash
  CCACHE_DISABLE=1 run bash -euo pipefail -c '. "$1/scripts/lib/setup.sh"; . "$1/scripts/lib/release_build.sh"; build_platform "$2" "$3"' \
    - "$tree" "$1" "$version"
  assert_success
  for name in $(programs "$1"); do cmp "$name" "$tree/build/${name#"$release"/}"; done
}

@test "linux/amd64: the same sources elsewhere give the same bytes" { same_bytes_elsewhere linux/amd64; }
@test "darwin/arm64: the same sources elsewhere give the same bytes" { same_bytes_elsewhere darwin/arm64; }
