# Builds the emulator once, before the first test.

setup_suite() {
  local here
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
  GCS_EMULATOR=$("$here/ensure.sh")
  export GCS_EMULATOR
}
