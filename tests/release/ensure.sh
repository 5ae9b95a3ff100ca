#!/usr/bin/env bash
# ensure.sh FOLDER: puts what these tests need into the new FOLDER: bin/ with kubectl, kubectl-krew, validate-krew-manifest and
# crane, spdx/ with SPDX's own tools for Python, control-plane/ with the binaries of tests/cluster/ensure.sh.  What is missing
# is built or fetched once, into the user's cache.
# shellcheck disable=SC1091,SC2154 # setup.sh sets repository
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/setup.sh"
. "$repository/scripts/lib/go_tools.sh"
exec >&2
folder=$1 spdx_version=0.8.5

install_packages git jq python3 python3-yaml bash-completion zsh fish
mkdir -p "$folder/bin"
ln -s "$(tests/cluster/ensure.sh)" "$folder/control-plane"
ln -s ../control-plane/kubectl "$folder/bin/kubectl"
go_tools krew tests/release/krew sigs.k8s.io/krew/cmd/krew sigs.k8s.io/krew/cmd/validate-krew-manifest
ln -s "$REPLY/krew" "$folder/bin/kubectl-krew"
ln -s "$REPLY/validate-krew-manifest" "$folder/bin/validate-krew-manifest"
go_tools crane scripts/lib/crane github.com/google/go-containerregistry/cmd/crane
ln -s "$REPLY/crane" "$folder/bin/crane"

spdx=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/spdx-tools-$spdx_version
if [ ! -d "$spdx" ]; then
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  rm -rf "$spdx.part"
  stage "spdx-tools $spdx_version" python3 -m pip install --quiet --target "$spdx.part" "spdx-tools==$spdx_version" ||
    give_up "could not install spdx-tools $spdx_version from PyPI" "Is there a network?"
  mv "$spdx.part" "$spdx"
fi
ln -s "$spdx" "$folder/spdx"
