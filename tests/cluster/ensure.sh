#!/usr/bin/env bash
# ensure.sh [KUBE NAME...]: prints the folder of the control plane's binaries: CLUSTER_BIN when set, else a folder of the
# user's cache, where tools/build.sh builds what is missing (about 7 minutes on 2 cores, once).  Progress goes to stderr.
# With KUBE, the named binaries of that version of Kubernetes (a folder of tools), whatever CLUSTER_BIN is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kube=k8s-1.36
binaries=(etcd kwok kube-apiserver kube-controller-manager kube-scheduler kubectl)
if [ $# -gt 0 ]; then
  kube=$1; shift
  binaries=("$@")
  CLUSTER_BIN=
fi

complete() { # FOLDER: it holds every binary
  local name
  for name in "${binaries[@]}"; do [ -x "$1/$name" ] || { missing=$name; return 1; }; done
}
give_up() { printf 'control plane: %s\n' "$@" >&2; exit 1; }

if [ -n "${CLUSTER_BIN:-}" ]; then
  complete "$CLUSTER_BIN" || give_up "CLUSTER_BIN=$CLUSTER_BIN holds no $missing"
  echo "$CLUSTER_BIN"
  exit
fi

out=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/$kube
mkdir -p "$out"
exec 9>"$out/.lock"
flock --nonblock 9 || { echo "control plane: waiting for another run that builds it" >&2; flock 9; }
if ! complete "$out"; then
  # A fresh installation of Go is often not in PATH yet.
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || give_up "$missing is not built yet, and there is no Go to build it with." \
    "Install Go 1.26 or newer (https://go.dev/doc/install), or set CLUSTER_BIN to a folder with: ${binaries[*]}"
  version=$(go env GOVERSION)
  minor=${version#go1.} minor=${minor%%[!0-9]*}
  [ "${minor:-0}" -ge 26 ] || give_up "needs Go 1.26 or newer to build $missing, found $version." \
    "Install it (https://go.dev/doc/install), or set CLUSTER_BIN to a folder with: ${binaries[*]}"
  log=$out/build.log
  : >"$log"
  if ! "$here/tools/build.sh" "$out" "$kube" "${binaries[@]}" 2> >(tee -a "$log" | grep --line-buffered '^building ' >&2); then
    grep -v "^building " "$log" | tail -n 15 >&2
    if grep -qE 'dial tcp|no such host|proxyconnect|i/o timeout' "$log"; then
      give_up "the Go modules could not be downloaded: is there a network (or a GOPROXY)?"
    fi
    give_up "the build failed; all of its output is in $log"
  fi
fi
echo "$out"
