# One control plane for the whole suite; bats calls these two before the first and after the last test.
# DR_CLUSTER_DIR: where it keeps its files (scripts/test.sh stops what runs there even when bats is killed).

setup_suite() {
  local here repository
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  repository=$(cd "$here/../.." && pwd)
  export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
  export DR_BIN=${DR_BIN:-$repository/build/dev/bin}
  CLUSTER_BIN=$("$here/ensure.sh")
  export CLUSTER_BIN
  export DR_CLUSTER_DIR=${DR_CLUSTER_DIR:-$BATS_SUITE_TMPDIR/cluster}
  # 3>&-: bats waits for whoever holds its descriptor 3, and the control plane outlives this function
  "$here/up.sh" "$DR_CLUSTER_DIR" 3>&-
  # shellcheck disable=SC1091 # written by up.sh
  . "$DR_CLUSTER_DIR/env"
  export PATH=$DR_BIN:$PATH
}

teardown_suite() {
  if [ -d "$DR_CLUSTER_DIR/pid" ]; then
    "$(dirname "${BASH_SOURCE[0]}")/down.sh" "$DR_CLUSTER_DIR"
  fi
}
