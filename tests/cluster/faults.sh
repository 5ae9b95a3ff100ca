#!/usr/bin/env bash
# faults.sh --full [--calls A..B] | --sample N [--seed S]: faults.py on a control plane of its own, from a build of the dev preset.
# --full takes an hour and a half (each pair of a call and a fault is up to two restores): not for every change.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLUSTER_BIN=$("$here/ensure.sh")
export CLUSTER_BIN PATH=${DR_BIN:-$here/../../build/dev/bin}:$PATH
dir=$(mktemp -d)
trap '"$here/down.sh" "$dir"' EXIT
"$here/up.sh" "$dir"
# shellcheck disable=SC1091 # written by up.sh
. "$dir/env"
"$here/faults.py" "$@"
