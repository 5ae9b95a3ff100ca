#!/bin/sh
# backup_cluster_state.sh [NAMESPACE]: backs up the state of a namespace into audit_artifacts/cluster_backup/ of the
# repository that holds this folder.  `kubectl drbackup create` does the work.
#   NAMESPACE   the namespace, when there is no argument (default trading-floor)
set -eu

usage() { echo "usage: backup_cluster_state.sh [NAMESPACE]"; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
namespace=${1:-${NAMESPACE:-trading-floor}}

drbackup=kubectl-drbackup
for build in release dev; do
  if [ -x "$root/build/$build/bin/$drbackup" ]; then drbackup=$root/build/$build/bin/$drbackup; break; fi
done
command -v "$drbackup" >/dev/null || {
  echo "backup_cluster_state.sh: no $drbackup in PATH: install the plugins first" >&2
  exit 2
}

"$drbackup" create --root "$root" -n "$namespace"
echo "OK: backed up namespace $namespace into audit_artifacts/cluster_backup"
