#!/bin/sh
# snapshot_artifacts.sh: writes the inventory of Artifact Registry, audit_artifacts/artifacts_snapshot.json of the
# repository that holds this folder.  `kubectl arsnap snapshot` does the work.
#   PROJECT    the project (default agenttrader-prod)
#   LOCATION   the location, else REGION (default us-east4)
#   AR_REPOS   the repositories, with commas (default trader-repo)
set -eu

usage() { echo "usage: snapshot_artifacts.sh"; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
esac
[ $# -eq 0 ] || { usage >&2; exit 2; }

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)

arsnap=kubectl-arsnap
for build in release dev; do
  if [ -x "$root/build/$build/bin/$arsnap" ]; then arsnap=$root/build/$build/bin/$arsnap; break; fi
done
command -v "$arsnap" >/dev/null || { echo "snapshot_artifacts.sh: no $arsnap in PATH: install the plugins first" >&2; exit 2; }

# It reads the variables itself.
"$arsnap" snapshot --root "$root"
echo "OK: wrote audit_artifacts/artifacts_snapshot.json"
