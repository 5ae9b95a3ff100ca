#!/usr/bin/env bats
# The runbook's scripts, copied alone into another repository: what they ask of a stub kubectl-lkg on PATH.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  root=$BATS_TEST_TMPDIR/their-repository
  mkdir -p "$root/scripts" "$BATS_TEST_TMPDIR/bin"
  cp "$BATS_TEST_DIRNAME"/../../scripts/{capture_lkg,restore_lkg,deploy_report}.sh "$root/scripts/"
  stub "$BATS_TEST_TMPDIR/bin/kubectl-lkg"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  unset NAMESPACE MANIFEST_PATH METADATA_PATH ROLLOUT_TIMEOUT EVENT_LIMIT BUILD_ID STUB_EXIT
  export STUB_CALL=$BATS_TEST_TMPDIR/call
}

stub() { # FILE: notes its arguments, one a line, and exits as STUB_EXIT says
  cat >"$1" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$STUB_CALL"
printf '%s' "${BUILD_ID-}" >"$STUB_CALL.build"
echo "result of $1"
exit "${STUB_EXIT:-0}"
END
  chmod +x "$1"
}

assert_called_with() { # ARGUMENTS...
  assert_equal "$(cat "$STUB_CALL")" "$(printf '%s\n' "$@")"
}

last_line() { printf '%s' "${lines[-1]}"; }

@test "capture: an argument wins over NAMESPACE, which wins over trading-floor" {
  run --separate-stderr "$root/scripts/capture_lkg.sh"
  assert_success
  assert_called_with capture --root "$root" -n trading-floor

  NAMESPACE=from-env run "$root/scripts/capture_lkg.sh"
  assert_called_with capture --root "$root" -n from-env

  NAMESPACE=from-env run "$root/scripts/capture_lkg.sh" from-argument
  assert_called_with capture --root "$root" -n from-argument

  NAMESPACE='' run "$root/scripts/capture_lkg.sh" ''
  assert_called_with capture --root "$root" -n trading-floor
}

@test "capture: the build id reaches the plugin" {
  BUILD_ID=build-17 run "$root/scripts/capture_lkg.sh"
  assert_success
  assert_equal "$(cat "$STUB_CALL.build")" build-17
}

@test "restore: defaults, and NAMESPACE as for capture" {
  run --separate-stderr "$root/scripts/restore_lkg.sh"
  assert_success
  assert_called_with restore --root "$root" -n trading-floor --timeout 300s

  NAMESPACE=from-env ROLLOUT_TIMEOUT=10m run "$root/scripts/restore_lkg.sh" from-argument
  assert_called_with restore --root "$root" -n from-argument --timeout 10m
}

@test "restore: another LKG, relative to the root, each file by itself" {
  cd /
  MANIFEST_PATH=old/m.yaml METADATA_PATH=/abs/m.json run "$root/scripts/restore_lkg.sh"
  assert_called_with restore --root "$root" -n trading-floor --timeout 300s \
    --manifest "$root/old/m.yaml" --metadata /abs/m.json

  MANIFEST_PATH=old/m.yaml run "$root/scripts/restore_lkg.sh"
  assert_called_with restore --root "$root" -n trading-floor --timeout 300s \
    --manifest "$root/old/m.yaml" --metadata "$root/ops/lkg/lkg_metadata.json"

  METADATA_PATH="with space/m.json" run "$root/scripts/restore_lkg.sh"
  assert_called_with restore --root "$root" -n trading-floor --timeout 300s \
    --manifest "$root/ops/lkg/lkg_manifest.yaml" --metadata "$root/with space/m.json"
}

@test "restore: a stopped script hands the signal on, waits, and exits as the plugin does" {
  cat >"$BATS_TEST_TMPDIR/bin/kubectl-lkg" <<'END'
#!/bin/sh
trap 'sleep 0.3; echo halted >"$STUB_CALL"; exit 143' TERM
touch "$STUB_CALL.started"
while :; do sleep 0.1; done
END
  "$root/scripts/restore_lkg.sh" >"$BATS_TEST_TMPDIR/out" 3>&- &
  shim=$!
  until [ -e "$STUB_CALL.started" ]; do sleep 0.05; done
  kill -TERM "$shim"
  wait "$shim" || code=$?
  assert_equal "$code" 143
  assert_equal "$(cat "$STUB_CALL")" halted
  assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" ""
}

@test "report: no namespace of its own, twenty events" {
  run --separate-stderr "$root/scripts/deploy_report.sh"
  assert_success
  assert_called_with report --root "$root" --event-limit 20

  NAMESPACE=from-env EVENT_LIMIT=5 ROLLOUT_TIMEOUT=10s run "$root/scripts/deploy_report.sh"
  assert_called_with report --root "$root" -n from-env --event-limit 5

  NAMESPACE=from-env run "$root/scripts/deploy_report.sh" from-argument
  assert_called_with report --root "$root" -n from-argument --event-limit 20
}

@test "all: the plugin's output, then an OK line, from any directory and without a terminal" {
  cd /
  for script in capture_lkg restore_lkg deploy_report; do
    run --separate-stderr "$root/scripts/$script.sh" </dev/null
    assert_success
    assert_line --index 0 --regexp '^result of '
    run last_line
    assert_output --regexp '^OK: '
  done
  cd "$root/scripts"
  run ./capture_lkg.sh
  assert_called_with capture --root "$root" -n trading-floor
  CDPATH=/ run sh capture_lkg.sh
  assert_called_with capture --root "$root" -n trading-floor
}

@test "all: the plugin's exit code passes through, without an OK line" {
  for script in capture_lkg restore_lkg deploy_report; do
    for code in 1 2 3 4 5 6 130 143; do
      STUB_EXIT=$code run --separate-stderr "$root/scripts/$script.sh" some-namespace
      assert_equal "$status" "$code"
      refute_line --partial 'OK: '
    done
  done
}

@test "all: the repository's own build comes before PATH, release before dev" {
  for build in dev release; do
    mkdir -p "$root/build/$build/bin"
    printf '#!/bin/sh\necho "%s build"\n' "$build" >"$root/build/$build/bin/kubectl-lkg"
    chmod +x "$root/build/$build/bin/kubectl-lkg"
    for script in capture_lkg restore_lkg deploy_report; do
      run "$root/scripts/$script.sh"
      assert_line --index 0 "$build build"
    done
  done
}

@test "all: wrong usage and a missing plugin are exit 2" {
  for script in capture_lkg restore_lkg deploy_report; do
    run --separate-stderr "$root/scripts/$script.sh" one two
    assert_equal "$status" 2
    assert_equal "$output" ""
    run --separate-stderr "$root/scripts/$script.sh" --namespace=x
    assert_equal "$status" 2
    run --separate-stderr "$root/scripts/$script.sh" --help
    assert_success
    assert_output "usage: $script.sh [NAMESPACE]"
    PATH=/usr/bin:/bin run --separate-stderr "$root/scripts/$script.sh"
    assert_equal "$status" 2
    assert_equal "$output" ""
  done
}
