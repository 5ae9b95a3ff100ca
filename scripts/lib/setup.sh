# shellcheck shell=bash
# setup.sh: what test.sh, demo.sh and install.sh share; they source it.  It installs what is missing, builds quietly, and
# has the control plane's binaries built beside that.  Expects `set -euo pipefail`; sets `repository` and goes there.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$repository" || exit
logs=$repository/build/test-logs
mkdir -p "$logs"

# shellcheck disable=SC2034 # for those who source this
{
  build_packages=(cmake ninja-build g++ ccache pkg-config git libboost1.81-dev libcli11-dev nlohmann-json3-dev
    libyaml-cpp-dev libfmt-dev libsodium-dev libarchive-dev)
  cluster_packages=(openssl)
  clang_packages=(clang-19 libclang-rt-19-dev llvm-19) # for the preset asan-ubsan: only clang has libFuzzer
  test_packages=(libgtest-dev libgmock-dev bats bats-support bats-assert bats-file parallel shellcheck python3
    python3-jsonschema python3-yaml cmark-gfm chromium-headless-shell jq mandoc patch bash-completion zsh fish tmux
    openssh-client)
}

give_up() { printf '%s: %s\n' "${0##*/}" "$1" >&2; shift; printf '  %s\n' "$@" >&2; exit 1; }

# Says how far a stage is: on a terminal by the last line of its log, else by a dot every half minute.
ticker() { # NAME LOG
  local seconds=0
  while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    seconds=$((seconds + 1))
    if [ -t 1 ]; then
      printf '\r%-34s%4d s  %s\e[K' "$1" "$seconds" "$(tail -n 1 "$2" | cut -c 1-40)"
    elif ((seconds % 30 == 0)); then
      printf '.'
    fi
  done
}

# Runs a command with its output in a log, and prints one line: NAME and the seconds it took.  When it fails, the log
# follows (its last 200 lines, less those that the regular expression in `uninteresting` matches).
stage() { # NAME COMMAND...
  local name=$1 log=$logs/${1%% *}.log start=$SECONDS code=0 ticker line=''; shift
  printf '%-34s' "$name"
  : >"$log"
  ticker "$name" "$log" &
  ticker=$!
  "$@" >"$log" 2>&1 || code=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  [ ! -t 1 ] || printf -v line '\r%-34s\e[K' "$name"
  printf '%s%4d s' "$line" $((SECONDS - start))
  if [ "$code" -eq 0 ]; then
    echo
  else
    echo "  FAILED (all output: ${log#"$repository"/})"
    grep -vE "${uninteresting:-^$}" "$log" | tail -n 200
  fi
  return "$code"
}

# Installs the packages that are missing.  On a system without Debian's packages it leaves that to the user.
install_packages() { # PACKAGE...
  local package missing=()
  command -v dpkg-query >/dev/null || return 0
  for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || give_up "these packages are missing, and only root may install them:" \
    "sudo apt-get install --no-install-recommends ${missing[*]}"
  stage "packages (${#missing[@]} missing)" apt_install "${missing[@]}" ||
    give_up "apt-get could not install: ${missing[*]}" "Is there a network, and does the distribution have them? (Debian 12 has.)"
}
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update && apt-get install --yes --no-install-recommends "$@"
}

build() { # PRESET [TARGET]
  stage "build ($1${2:+, $2})" build_preset "$@"
}
build_preset() {
  cmake --preset "$1" && cmake --build --preset "$1" --target "${2:-all}"
}

# Puts gcloud into PATH: the one that is there, else Google's archive, unpacked into the cache.
find_gcloud() {
  local version=528.0.0 folder=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr
  local archive=google-cloud-cli-$version-linux-x86_64.tar.gz
  command -v gcloud >/dev/null && return
  if [ ! -x "$folder/google-cloud-sdk/bin/gcloud" ]; then
    install_packages curl ca-certificates
    mkdir -p "$folder"
    # shellcheck disable=SC2016 # expanded by the inner bash
    stage "gcloud $version" bash -c 'curl --fail --silent --show-error --location "$1" | tar -xz -C "$2"' - \
      "https://dl.google.com/dl/cloudsdk/channels/rapid/downloads/$archive" "$folder" ||
      give_up "could not install gcloud $version" "Is there a network? Or put gcloud into PATH."
  fi
  PATH=$folder/google-cloud-sdk/bin:$PATH
}

# The control plane's binaries take minutes the first time, so they are built beside everything else.
start_control_plane_build() {
  "$repository/tests/cluster/ensure.sh" >"$logs/control-plane.folder" 2>"$logs/control-plane.log" &
  control_plane_build=$!
}
finish_control_plane_build() { # sets CLUSTER_BIN; shows the progress while it has to wait
  if kill -0 "$control_plane_build" 2>/dev/null; then
    tail --pid="$control_plane_build" --lines=+1 --follow "$logs/control-plane.log" >&2
  fi
  if ! wait "$control_plane_build"; then
    grep -v '^building ' "$logs/control-plane.log" >&2 || true
    return 1
  fi
  CLUSTER_BIN=$(cat "$logs/control-plane.folder")
  export CLUSTER_BIN
}
