#!/bin/sh
# restore_lkg.sh [NAMESPACE]: halts trading in a namespace and brings it back to the last known good state (LKG) in
# ops/lkg/ of the repository that holds this folder.  `kubectl lkg restore` does the work, and writes
# deploy_logs/health_report.md.
#   NAMESPACE                     the namespace, when there is no argument (default trading-floor)
#   MANIFEST_PATH, METADATA_PATH  another LKG; relative to the repository's root
#   ROLLOUT_TIMEOUT               how long all rollouts together may take (default 300s)
set -eu

# What follows, up to finding the program, stands in each of the five scripts: copied alone into another repository, each
# works there.
usage() { echo "usage: restore_lkg.sh [NAMESPACE]"; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
namespace=${1:-${NAMESPACE:-trading-floor}}

lkg=kubectl-lkg
for build in release dev; do
  if [ -x "$root/build/$build/bin/$lkg" ]; then lkg=$root/build/$build/bin/$lkg; break; fi
done
command -v "$lkg" >/dev/null || { echo "restore_lkg.sh: no $lkg in PATH: install the plugins first" >&2; exit 2; }

in_root() { case $1 in /*) echo "$1" ;; *) echo "$root/$1" ;; esac }
set -- restore --root "$root" -n "$namespace" --timeout "${ROLLOUT_TIMEOUT:-300s}"
if [ -n "${MANIFEST_PATH:-}${METADATA_PATH:-}" ]; then
  set -- "$@" --manifest "$(in_root "${MANIFEST_PATH:-ops/lkg/lkg_manifest.yaml}")" \
    --metadata "$(in_root "${METADATA_PATH:-ops/lkg/lkg_metadata.json}")"
fi

# A stopped restore halts trading, and reads that back, before it ends.  So this script must hand the signal on and
# wait, where a plain call would leave the restore running on its own.  (Ctrl-C reaches both of them.)
"$lkg" "$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null || true' TERM HUP
trap : INT
while :; do
  code=0
  wait "$child" || code=$?
  kill -0 "$child" 2>/dev/null || break
done
[ "$code" -eq 0 ] || exit "$code"
echo "OK: namespace $namespace is back at its last known good state, and halted; report: deploy_logs/health_report.md"
