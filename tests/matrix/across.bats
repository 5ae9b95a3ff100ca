#!/usr/bin/env bats
# An LKG that was taken on the oldest API server is restored on the newest one, where its namespace is not there.  Needs
# MATRIX_OLD and MATRIX_NEW, the folders of the two control planes (matrix.sh).
load ../cluster/lib

on() ( # FOLDER COMMAND...
  # shellcheck disable=SC1091 # written by up.sh
  . "$1/env"
  PATH=${DR_BIN:-$CLUSTER_TESTS/../../build/dev/bin}:$PATH
  "${@:2}"
)

@test "an LKG of the oldest API server is restored on the newest one, and nothing has drifted then" {
  export NS=across ROOT=$BATS_TEST_TMPDIR/root
  mkdir "$ROOT"
  on "$MATRIX_OLD" floor_up
  on "$MATRIX_OLD" lkg capture
  run -0 on "$MATRIX_NEW" lkg restore --soak 0 --no-report --timeout 2m
  run -0 on "$MATRIX_NEW" lkg diff
  # What the newer server filled in, if anything.
  printf '%s\n' "${lines[@]}" | grep '^no drift: ' >&3 || true
  version=$(on "$MATRIX_OLD" kubectl get --raw /version | jq -r .gitVersion)
  assert_equal "$(jq -r .cluster.server_version "$ROOT/ops/lkg/lkg_metadata.json")" "$version"
  refute [ "$(on "$MATRIX_NEW" kubectl get --raw /version | jq -r .gitVersion)" = "$version" ]
}
