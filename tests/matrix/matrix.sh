#!/usr/bin/env bash
# matrix.sh [--full]: runs core.bats with every kubectl on the newest API server, and with the oldest and the newest kubectl
# on the oldest one; with --full, every kubectl on both; then across.bats, from one server to the other.  Prints TAP lines, and compares the rows of the table in
# docs/compatibility.md with what it saw; DR_ACCEPT=1 with --full writes the table instead.
# shellcheck disable=SC2317 # trap and xargs call functions by name
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
document=$repository/docs/compatibility.md
full=
case "$*" in
  "") [ -z "${DR_ACCEPT:-}" ] || { echo "matrix.sh: DR_ACCEPT=1 needs --full" >&2; exit 2; } ;;
  --full) full=1 ;;
  *) echo "usage: matrix.sh [--full]" >&2; exit 2 ;;
esac
export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats} here scratch
scratch=$(mktemp -d)
clean_up() {
  local folder
  for folder in "$scratch"/server-*; do
    [ ! -d "$folder/pid" ] || "$here/../cluster/down.sh" "$folder"
  done
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$here/ensure.sh" >"$scratch/found"
found() { awk -v kind="$1" '$1 == kind { print $2 }' "$scratch/found"; }
mapfile -t servers < <(found server)
mapfile -t kubectls < <(found kubectl)
mapfile -t numbered < <(found kubectl | grep '^[0-9]')
ends=" ${numbered[0]} ${numbered[-1]} "

# Each kubectl under its usual name in a folder of its own.
while read -r kind version path; do
  case $kind in
    kubectl) mkdir "$scratch/kubectl-$version"; ln -s "$path" "$scratch/kubectl-$version/kubectl" ;;
    server) newest=$path ;; # etcd and kwok are the newest version's
  esac
done <"$scratch/found"
while read -r kind version path; do
  [ "$kind" = server ] || continue
  PATH=$newest:$PATH CLUSTER_BIN=$path "$here/../cluster/up.sh" "$scratch/server-$version" >&2
done <"$scratch/found"

combinations() { # KUBECTL SERVER, one a line
  local kubectl server
  for kubectl in "${kubectls[@]}"; do
    for server in "${servers[@]}"; do
      if [ -n "$full" ] || [ "$server" = "${servers[-1]}" ] || [[ $ends == *" $kubectl "* ]]; then echo "$kubectl $server"; fi
    done
  done
}

# One pair: TAP on stdout, with the pair in each line, all of it in one piece.
run_pair() { # KUBECTL SERVER
  local result=$scratch/result.$1.$2 completions=$here/../../completions
  # shellcheck disable=SC1090 # written by up.sh
  . "$scratch/server-$2/env"
  PATH=$scratch/kubectl-$1:${DR_BIN:-$here/../../build/dev/bin}:$completions:$PATH
  export MATRIX_NAMESPACE=kubectl-${1/./-} KUBECACHEDIR=$scratch/cache.$1.$2
  bats --formatter tap "$here/core.bats" >"$result" 2>&1 || true
  sed -E "s/^(ok|not ok) [0-9]+ /&kubectl $1, API server $2: /; /^1\.\./d" "$result"
}
export -f run_pair
combinations >"$scratch/combinations"
# shellcheck disable=SC2016 # expanded by the inner bash
xargs -P "$(nproc)" -L 1 bash -c 'run_pair "$@"' - <"$scratch/combinations" >"$scratch/tap"
# And from the oldest server to the newest one, with the newest kubectl.
(
  PATH=$scratch/kubectl-${numbered[-1]}:$PATH
  export MATRIX_OLD=$scratch/server-${servers[0]} MATRIX_NEW=$scratch/server-${servers[-1]}
  bats --formatter tap "$here/across.bats" 2>&1 | sed -E '/^1\.\./d'
) >>"$scratch/tap" || true
cat "$scratch/tap"

mapfile -t parts < <(sed -n 's/^@test "\(.*\)" {$/\1/p' "$here/core.bats")
row() { # KUBECTL SERVER
  local part line="| $1 | $2 |"
  for part in "${parts[@]}"; do
    if grep -qxE "ok [0-9]+ $part" "$scratch/result.$1.$2"; then line+=" yes |"; else line+=" no |"; fi
  done
  echo "$line"
}
while read -r kubectl server; do row "$kubectl" "$server"; done <"$scratch/combinations" >"$scratch/rows"
if [ -n "${DR_ACCEPT:-}" ]; then
  {
    printf '| kubectl | API server |'; printf ' %s |' "${parts[@]}"; echo
    printf -- '|---|---|'; printf -- '---|%.0s' "${parts[@]}"; echo
    cat "$scratch/rows"
  } >"$scratch/table"
  awk -v table="$scratch/table" '/^<!-- matrix -->$/ { print; while ((getline line < table) > 0) print line; skip = 1 }
    /^<!-- end of matrix -->$/ { skip = 0 } !skip' "$document" >"$scratch/document"
  cat "$scratch/document" >"$document"
fi
failed=0
! grep -q '^not ok ' "$scratch/tap" || failed=1
if grep -vxF -f "$document" "$scratch/rows"; then
  echo "not ok the rows above are not in docs/compatibility.md: run DR_ACCEPT=1 tests/matrix/matrix.sh --full"
  failed=1
else
  echo "ok docs/compatibility.md says what was seen ($(wc -l <"$scratch/rows") rows)"
fi
exit "$failed"
