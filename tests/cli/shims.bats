#!/usr/bin/env bats
# The runbook's scripts, copied alone into another repository: what they ask of stub plugins on PATH.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  bats_load_library bats-file
  root=$BATS_TEST_TMPDIR/their-repository
  mkdir -p "$root/scripts" "$BATS_TEST_TMPDIR/bin"
  scripts=(capture_lkg restore_lkg deploy_report backup_cluster_state snapshot_artifacts)
  for script in "${scripts[@]}"; do cp "$BATS_TEST_DIRNAME/../../scripts/$script.sh" "$root/scripts/"; done
  for plugin in lkg drbackup arsnap; do stub "$BATS_TEST_TMPDIR/bin/kubectl-$plugin"; done
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  unset NAMESPACE MANIFEST_PATH METADATA_PATH ROLLOUT_TIMEOUT EVENT_LIMIT BUILD_ID PROJECT LOCATION REGION AR_REPOS STUB_EXIT
  export STUB_CALL=$BATS_TEST_TMPDIR/call
}

stub() { # FILE: notes its arguments, one a line, and exits as STUB_EXIT says
  cat >"$1" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$STUB_CALL"
printf '%s' "${BUILD_ID-}" >"$STUB_CALL.build"
printf '%s\n' "${PROJECT-}" "${LOCATION-}" "${REGION-}" "${AR_REPOS-}" >"$STUB_CALL.registry"
echo "result of ${0##*/} $1"
exit "${STUB_EXIT:-0}"
END
  chmod +x "$1"
}

assert_called_with() { # ARGUMENTS...
  assert_equal "$(cat "$STUB_CALL")" "$(printf '%s\n' "$@")"
}

# The plugin behind a script.
plugin_of() { # SCRIPT
  case $1 in
    backup_cluster_state) echo kubectl-drbackup ;;
    snapshot_artifacts) echo kubectl-arsnap ;;
    *) echo kubectl-lkg ;;
  esac
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

@test "backup: an argument wins over NAMESPACE, which wins over trading-floor" {
  run --separate-stderr "$root/scripts/backup_cluster_state.sh"
  assert_success
  assert_called_with create --root "$root" -n trading-floor

  NAMESPACE=from-env run "$root/scripts/backup_cluster_state.sh"
  assert_called_with create --root "$root" -n from-env

  NAMESPACE=from-env run "$root/scripts/backup_cluster_state.sh" from-argument
  assert_called_with create --root "$root" -n from-argument

  NAMESPACE='' run "$root/scripts/backup_cluster_state.sh" ''
  assert_called_with create --root "$root" -n trading-floor
}

# Their defaults are the plugin's own.
@test "snapshot: no argument; the variables reach the plugin" {
  run --separate-stderr "$root/scripts/snapshot_artifacts.sh"
  assert_success
  assert_called_with snapshot --root "$root"
  assert_equal "$(tr '\n' '|' <"$STUB_CALL.registry")" '||||'

  PROJECT=p LOCATION=l REGION=r AR_REPOS=a,b run "$root/scripts/snapshot_artifacts.sh"
  assert_success
  assert_called_with snapshot --root "$root"
  assert_equal "$(tr '\n' '|' <"$STUB_CALL.registry")" 'p|l|r|a,b|'

  run --separate-stderr "$root/scripts/snapshot_artifacts.sh" trading-floor
  assert_equal "$status" 2
  assert_equal "$output" ""
}

@test "all: the plugin's output, then an OK line, from any directory and without a terminal" {
  cd /
  for script in "${scripts[@]}"; do
    run --separate-stderr "$root/scripts/$script.sh" </dev/null
    assert_success
    assert_line --index 0 --regexp "^result of $(plugin_of "$script") "
    run last_line
    assert_output --regexp '^OK: '
  done
  cd "$root/scripts"
  for script in "${scripts[@]}"; do
    run "./$script.sh"
    assert_success
    grep -qxF -- "$root" "$STUB_CALL" || fail "$script: another root: $(cat "$STUB_CALL")"
    rm "$STUB_CALL"
    CDPATH=/ run sh "$script.sh"
    grep -qxF -- "$root" "$STUB_CALL" || fail "$script: another root: $(cat "$STUB_CALL")"
  done
}

@test "all: the plugin's exit code passes through, without an OK line" {
  for script in "${scripts[@]}"; do
    for code in 1 2 3 4 5 6 130 143; do
      STUB_EXIT=$code run --separate-stderr "$root/scripts/$script.sh"
      assert_equal "$status" "$code"
      assert_line --index 0 --regexp '^result of '
      refute_line --partial 'OK: '
    done
  done
}

@test "all: the repository's own build comes before PATH, release before dev" {
  for build in dev release; do
    mkdir -p "$root/build/$build/bin"
    for script in "${scripts[@]}"; do
      own=$root/build/$build/bin/$(plugin_of "$script")
      printf '#!/bin/sh\necho "%s build"\n' "$build" >"$own"
      chmod +x "$own"
      run "$root/scripts/$script.sh"
      assert_line --index 0 "$build build"
    done
  done
}

@test "all: wrong usage and a missing plugin are exit 2" {
  for script in "${scripts[@]}"; do
    usage="usage: $script.sh [NAMESPACE]"
    [ "$script" != snapshot_artifacts ] || usage="usage: $script.sh"
    for arguments in "one two" --namespace=x; do
      # shellcheck disable=SC2086 # several arguments
      run --separate-stderr "$root/scripts/$script.sh" $arguments
      assert_equal "$status" 2
      assert_equal "$output" ""
      assert_equal "$stderr" "$usage"
    done
    run --separate-stderr "$root/scripts/$script.sh" --help
    assert_success
    assert_output "$usage"
    assert_file_not_exists "$STUB_CALL"
    PATH=/usr/bin:/bin run --separate-stderr "$root/scripts/$script.sh"
    assert_equal "$status" 2
    assert_equal "$output" ""
    assert_regex "$stderr" "no $(plugin_of "$script") in PATH"
  done
}
