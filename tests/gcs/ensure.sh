#!/usr/bin/env bash
# ensure.sh: prints the path of fake-gcs-server, an emulator of Cloud Storage: GCS_EMULATOR when set, else a file in the
# user's cache, which is built when it is missing (about a minute on 2 cores, once).  Progress goes to stderr.
# shellcheck disable=SC1091,SC2154 # setup.sh sets repository
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/setup.sh"
. "$repository/scripts/lib/go_tools.sh"

if [ -n "${GCS_EMULATOR:-}" ]; then
  [ -x "$GCS_EMULATOR" ] || give_up "GCS_EMULATOR=$GCS_EMULATOR is no program"
  echo "$GCS_EMULATOR"
  exit
fi
go_tools fake-gcs-server tests/gcs/server github.com/fsouza/fake-gcs-server >&2
echo "$REPLY/fake-gcs-server"
