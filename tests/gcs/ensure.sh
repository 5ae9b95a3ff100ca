#!/usr/bin/env bash
# ensure.sh: prints the path of fake-gcs-server, an emulator of Cloud Storage: GCS_EMULATOR when set, else a file in the
# user's cache, which is built when it is missing (about a minute on 2 cores, once).  Progress goes to stderr.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
give_up() { printf 'gcs emulator: %s\n' "$@" >&2; exit 1; }

if [ -n "${GCS_EMULATOR:-}" ]; then
  [ -x "$GCS_EMULATOR" ] || give_up "GCS_EMULATOR=$GCS_EMULATOR is no program"
  echo "$GCS_EMULATOR"
  exit
fi

version=$(awk '$1 == "require" && $2 ~ /fake-gcs-server$/ { print $3 } $1 ~ /fsouza\/fake-gcs-server$/ { print $2 }' "$here/server/go.mod")
out=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/fake-gcs-server-${version#v}
program=$out/fake-gcs-server
mkdir -p "$out"
exec 9>"$out/.lock"
flock --nonblock 9 || { echo "gcs emulator: waiting for another run that builds it" >&2; flock 9; }
if [ ! -x "$program" ]; then
  # A fresh installation of Go is often not in PATH yet.
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || give_up "it is not built yet, and there is no Go to build it with." \
    "Install Go 1.26 or newer (https://go.dev/doc/install), or set GCS_EMULATOR to a fake-gcs-server $version"
  go=$(go env GOVERSION)
  minor=${go#go1.} minor=${minor%%[!0-9]*}
  [ "${minor:-0}" -ge 26 ] || give_up "needs Go 1.26 or newer to build it, found $go." \
    "Install it (https://go.dev/doc/install), or set GCS_EMULATOR to a fake-gcs-server $version"
  echo "building fake-gcs-server $version (up to 2 minutes) ..." >&2
  export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOFLAGS="-trimpath -buildvcs=false"
  # Built under another name first: an interrupted link leaves no half program behind.
  if ! (cd "$here/server" && go build -ldflags "-s -w" -o "$out/.part" github.com/fsouza/fake-gcs-server &&
    mv "$out/.part" "$program") 2>"$out/build.log"; then
    tail -n 15 "$out/build.log" >&2
    if grep -qE 'dial tcp|no such host|proxyconnect|i/o timeout' "$out/build.log"; then
      give_up "the Go modules could not be downloaded: is there a network (or a GOPROXY)?"
    fi
    give_up "the build failed; all of its output is in $out/build.log"
  fi
fi
echo "$program"
