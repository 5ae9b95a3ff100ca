# shellcheck shell=bash
# go_tools.sh: programs of Go modules, which are built once and kept in the user's cache.  For what sources setup.sh first.
# shellcheck disable=SC2154 # logs is setup.sh's

# A fresh installation of Go is often not in PATH yet.
need_go() { # FOR-WHAT
  local version minor
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || give_up "$1 is not built yet, and there is no Go to build it with." \
    "Install Go 1.26 or newer (https://go.dev/doc/install)."
  version=$(go env GOVERSION)
  minor=${version#go1.} minor=${minor%%[!0-9]*}
  [ "${minor:-0}" -ge 26 ] || give_up "needs Go 1.26 or newer to build $1, found $version." \
    "Install it (https://go.dev/doc/install)."
}

# Runs a build in a stage; a failure says whether the network was at fault.
go_stage() { # NAME COMMAND...
  stage "$@" && return
  ! grep -qE 'dial tcp|no such host|proxyconnect|i/o timeout' "$logs/${1%% *}.log" ||
    give_up "the Go modules of $1 could not be downloaded." "Is there a network (or a GOPROXY)?"
  give_up "could not build $1"
}

# Sets REPLY to the folder of the programs of a module's packages.
go_tools() { # NAME MODULE-FOLDER PACKAGE...
  local name=$1 module=$2 key folder cache=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr; shift 2
  key=$(cat "$module/go.mod" "$module/go.sum" | sha256sum)
  folder=$cache/$name-${key:0:12}
  mkdir -p "$cache"
  (
    flock 9 # another run may build them
    [ ! -d "$folder" ] || exit 0
    need_go "$name"
    go_stage "$name" build_go_tools "$module" "$folder" "$@"
  ) 9>"$folder.lock"
  REPLY=$folder
}
build_go_tools() { # MODULE-FOLDER FOLDER PACKAGE...
  local module=$1 folder=$2; shift 2
  export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOFLAGS="-trimpath -buildvcs=false"
  rm -rf "$folder.part"
  # Renamed at the end: an interrupted build leaves no half program behind.
  go build -C "$module" -ldflags "-s -w" -o "$folder.part/" "$@" && mv "$folder.part" "$folder"
}
