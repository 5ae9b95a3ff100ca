#!/usr/bin/env bash
# test.sh [lint|unit|fuzz|cli|cloud|cluster|matrix|mutation|coverage|release|sanitize]...: installs what is missing, builds, and
# runs the named stages (default: all but release and sanitize, which compile everything for four platforms and two sanitizers).
# One line a stage; all output is kept in build/test-logs/.  The last line counts the checks and tests: N passed, N failed.
# shellcheck disable=SC2317 # trap and stage call functions by name
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source=scripts/lib/release_build.sh
. "$repository/scripts/lib/release_build.sh"

clang_format_version=23.1.3 clang_tidy_version=23.1.4
[ $# -gt 0 ] || set -- lint unit fuzz cli cloud cluster matrix mutation coverage
stages=("$@")
for name in "${stages[@]}"; do
  case $name in
    lint | unit | fuzz | cli | cloud | cluster | matrix | mutation | coverage | release | sanitize) ;;
    *) echo "usage: test.sh [lint|unit|fuzz|cli|cloud|cluster|matrix|mutation|coverage|release|sanitize]..." >&2; exit 2 ;;
  esac
done
wanted() { [[ " ${stages[*]} " == *" $1 "* ]]; }

jobs=$(nproc)
export DR_BIN=$repository/build/dev/bin BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
scratch=$(mktemp -d)
export DR_CLUSTER_DIR=$scratch/cluster
clean_up() {
  [ ! -d "$DR_CLUSTER_DIR/pid" ] || tests/cluster/down.sh "$DR_CLUSTER_DIR"
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

all_passed=0 all_failed=0
counts=() # "unit: N passed, N failed"
count() { # STAGE PASSED FAILED
  counts+=("$1: $2 passed, $3 failed")
  all_passed=$((all_passed + $2)) all_failed=$((all_failed + $3))
}
finish() {
  [ ${#counts[@]} -eq 0 ] || printf '%s\n' "${counts[@]}"
  echo "$all_passed passed, $all_failed failed"
  [ "$all_failed" -eq 0 ] && [ "$all_passed" -gt 0 ]
  exit
}

# --- lint

# A clang tool of exactly this version: the one in PATH, else one of our own from PyPI.
clang_tool() { # NAME VERSION: sets REPLY to its path
  local name=$1 version=$2 folder
  REPLY=$(command -v "$name" || true)
  if [ -n "$REPLY" ] && "$REPLY" --version | grep -qF "version $version"; then return; fi
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/$name-$version
  REPLY=$folder/${name//-/_}/data/bin/$name
  [ ! -x "$REPLY" ] || return 0
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  stage "$name $version" python3 -m pip install --quiet --target "$folder" "$name==$version" ||
    give_up "could not install $name $version from PyPI" "Is there a network? Or put $name $version into PATH."
}

sources() { # PATTERN...: the repository's files, also those not committed yet
  local file
  git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while IFS= read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
  done
}
check_format() { sources '*.cpp' '*.hpp' | xargs -d '\n' "$CLANG_FORMAT" --dry-run -Werror; }
check_shell() { { sources '*.sh' '*.bash' '*.bats' 'completions/kubectl_complete-*'; echo .ci/run; } | xargs -d '\n' shellcheck; }

# A file is checked again when it, or a file of ours that it includes, or the rules changed since it passed: the stamp in
# build/tidy carries the hash of them all.  Prints, for each file to check, its stamp and its name.
tidy_list() {
  local files hash stamp
  mkdir -p build/tidy
  ninja -C build/dev -t deps | awk -v root="$repository/" '
    /: #deps / { if (line) print line; line = ""; is_source = 1; next }
    { sub(/^ +/, ""); sub(/^\.\.\/\.\.\//, root) } # ccache makes paths relative to build/dev
    index($0, root) == 1 && index($0, root "build/") != 1 && (line || is_source) { line = line (line ? "\t" : "") $0 }
    { is_source = 0 } # the first; where it is generated, as the mutants are, nothing of it is checked
    END { if (line) print line }' |
    while IFS=$'\t' read -r -a files; do
      hash=$({ echo "$clang_tidy_version"; cat .clang-tidy tests/.clang-tidy "${files[@]}"; } | sha256sum)
      stamp=${files[0]#"$repository"/}
      stamp=build/tidy/${stamp//\//.}.${hash%% *}
      [ -e "$stamp" ] || printf '%s\n' "$stamp" "${files[0]}"
    done
}
check_tidy() {
  [ -s "$scratch/tidy" ] || compgen -G 'build/tidy/*' >/dev/null || { echo "found no file to check"; return 1; }
  # shellcheck disable=SC2016 # expanded by the inner bash: $0 is the stamp, $1 the file
  xargs --no-run-if-empty -d '\n' -n 2 -P "$jobs" bash -c '"$CLANG_TIDY" --quiet -p build/dev "$1" && touch "$0"' <"$scratch/tidy"
}

lint() {
  local passed=0 failed=0
  check() { if stage "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; }
  uninteresting='^ ' check "format" check_format
  check "shellcheck" check_shell
  check "floors" tests/floors_test.sh
  tidy_list >"$scratch/tidy"
  check "tidy ($(($(wc -l <"$scratch/tidy") / 2)) files changed)" check_tidy
  count lint "$passed" "$failed"
}

# --- tests

ctest_stage() { # NAME PRESET
  local log=$logs/$1.log total failed=0 uninteresting='^ *Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test .* Passed '
  stage "$1 tests" ctest --test-dir "build/$2" --output-on-failure --parallel "$jobs" || failed=1
  total=$(sed -n 's/.* tests failed out of \([0-9]*\)$/\1/p' "$log")
  [ "$failed" -eq 0 ] || failed=$(sed -n 's/.* \([0-9]*\) tests failed out of .*/\1/p' "$log")
  [ "${total:-0}" -gt 0 ] || { echo "no $1 test ran"; total=1 failed=1; }
  count "$1" $((total - failed)) "$failed"
}
unit() { ctest_stage unit dev; }

# The unit tests under sanitizers.
sanitize() {
  local preset
  install_packages "${clang_packages[@]}"
  for preset in asan-ubsan tsan; do
    if build "$preset"; then ctest_stage "$preset" "$preset"; else count "$preset" 0 1; fi
  done
}

tap_stage() { # NAME COMMAND...
  local passed failed code=0 uninteresting='^ok |^1\.\.'
  stage "$1 tests" "${@:2}" || code=1
  passed=$(grep -c '^ok ' "$logs/$1.log" || true)
  failed=$(grep -c '^not ok ' "$logs/$1.log" || true)
  [ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || { echo "no $1 test ran"; failed=1; }
  [ "$code" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1 # fewer ran than were planned
  count "$1" "$passed" "$failed"
}
# Each reader of what comes from outside, with the same inputs each time; tests/fuzz/fuzz.sh SECONDS makes new ones.
fuzz() { tap_stage fuzz tests/fuzz/fuzz.sh; }

bats_stage() { tap_stage "$1" bats --formatter tap --timing --jobs "$jobs" "tests/$1"; }

cli() { bats_stage cli; bats_stage yaml; bats_stage faults; }

# The real gcloud against a registry and a Cloud Storage on loopback.
cloud() { find_gcloud; bats_stage registry; bats_stage gcs; }

cluster() {
  if ! finish_control_plane_build; then count cluster 0 1; return; fi
  bats_stage cluster
}

# What the matrix needs is built and fetched beside everything else, after the control plane.
start_matrix_build() {
  tests/matrix/ensure.sh >/dev/null 2>"$logs/matrix-build.log" &
  matrix_build=$!
}
finish_matrix_build() {
  tail --pid="$matrix_build" --lines=+1 --follow "$logs/matrix-build.log"
  wait "$matrix_build"
}
matrix() {
  if ! stage "matrix programs" finish_matrix_build; then count matrix 0 1; return; fi
  tap_stage matrix tests/matrix/matrix.sh
}

# The programs of a release, for every platform.
release() {
  local platform
  install_packages qemu-user-static rsync
  for platform in "${all_platforms[@]}"; do
    build_platform "$platform" "$(project_version)" || { count release 0 1; return; }
  done
  DR_RELEASE=$repository/build bats_stage release
}

# How much the unit tests hold: the mistakes that they notice, and the lines that they run.
figures() { sed -nE 's/^(ok [0-9]+|#) /  /p' "$logs/$1.log"; }
mutation() { tap_stage mutation tests/mutation/mutate.py; figures mutation; }
coverage() {
  install_packages gcovr
  if ! build coverage; then count coverage 0 1; return; fi
  tap_stage coverage tests/coverage.sh
  figures coverage
}

install_packages "${build_packages[@]}" "${cluster_packages[@]}" "${test_packages[@]}"
if wanted lint; then
  clang_tool clang-format "$clang_format_version"; CLANG_FORMAT=$REPLY
  clang_tool clang-tidy "$clang_tidy_version"; export CLANG_TIDY=$REPLY
fi
if wanted matrix && ! python3 -m pip --version >/dev/null 2>&1; then install_packages python3-pip; fi
! wanted cluster || start_control_plane_build
! wanted matrix || start_matrix_build
if ! build dev; then count build 0 1; finish; fi
! wanted lint || lint
! wanted unit || unit
! wanted fuzz || fuzz
! wanted cli || cli
! wanted cloud || cloud
! wanted cluster || cluster
! wanted matrix || matrix
! wanted mutation || mutation
! wanted coverage || coverage
! wanted release || release
! wanted sanitize || sanitize
finish
