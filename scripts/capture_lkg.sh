#!/bin/sh
# capture_lkg.sh [NAMESPACE]: captures the last known good state (LKG) of a namespace into ops/lkg/ of the repository
# that holds this folder.  `kubectl lkg capture` does the work.
#   NAMESPACE   the namespace, when there is no argument (default trading-floor)
#   BUILD_ID    noted in the LKG; also CLOUD_BUILD_ID, CLOUDBUILD_BUILD_ID, GCB_BUILD_ID
set -eu

usage() { echo "usage: capture_lkg.sh [NAMESPACE]"; }
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
command -v "$lkg" >/dev/null || { echo "capture_lkg.sh: no $lkg in PATH: install the plugins first" >&2; exit 2; }

"$lkg" capture --root "$root" -n "$namespace"
echo "OK: captured the last known good state of namespace $namespace into ops/lkg"
