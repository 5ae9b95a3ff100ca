#!/usr/bin/env bash
# install.sh: builds the plugins and installs them into PREFIX (default ~/.local).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

prefix=${PREFIX:-$HOME/.local}
install_packages "${build_packages[@]}"
build release
stage "install" cmake --install build/release --prefix "$prefix"
case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) echo "install.sh: add $prefix/bin to PATH, so that kubectl finds the plugins" >&2 ;;
esac
