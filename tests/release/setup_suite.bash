# Makes two releases before the first test: one of the next version, for upgrades, as a fork would publish it, and then the
# real one, so that build/release-OS-ARCH holds that.

setup_suite() {
  local here repository current
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  repository=$(cd "$here/../.." && pwd)
  export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
  export TOOLS=$BATS_SUITE_TMPDIR/tools
  "$here/ensure.sh" "$TOOLS"
  current=$(sed -nE 's/^project\(agenttrader-dr VERSION ([0-9.]+).*/\1/p' "$repository/CMakeLists.txt")
  export VERSION=v$current NEXT_VERSION=v${current%.*}.$((${current##*.} + 1))
  export RELEASES=$BATS_SUITE_TMPDIR/releases
  DR_PROJECT_URL=https://example.com/fork \
    "$repository/scripts/release.sh" "$NEXT_VERSION" --platform linux/amd64 --output "$RELEASES/$NEXT_VERSION" >&2
  "$repository/scripts/release.sh" --output "$RELEASES/$VERSION" >&2
}
