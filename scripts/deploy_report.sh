#!/bin/sh
# deploy_report.sh [NAMESPACE]: writes deploy_logs/health_report.md of the repository that holds this folder.
# `kubectl lkg report` does the work.
#   NAMESPACE        the namespace, when there is no argument (default: the context's, else "default")
#   EVENT_LIMIT      how many warning events to list (default 20)
#   ROLLOUT_TIMEOUT  accepted; a report does not wait
set -eu

usage() { echo "usage: deploy_report.sh [NAMESPACE]"; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
namespace=${1:-${NAMESPACE:-}}

lkg=kubectl-lkg
for build in release dev; do
  if [ -x "$root/build/$build/bin/$lkg" ]; then lkg=$root/build/$build/bin/$lkg; break; fi
done
command -v "$lkg" >/dev/null || { echo "deploy_report.sh: no $lkg in PATH: install the plugins first" >&2; exit 2; }

"$lkg" report --root "$root" ${namespace:+-n "$namespace"} --event-limit "${EVENT_LIMIT:-20}"
echo "OK: wrote deploy_logs/health_report.md"
