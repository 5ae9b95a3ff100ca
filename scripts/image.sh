#!/usr/bin/env bash
# image.sh [VERSION] [--push REPOSITORY] [--output DIR]: makes an OCI image for linux/amd64 and linux/arm64 from the archives of a
# release that release.sh has left in DIR (default build/dist), and prints its digest, the same each time.  The image is left
# in DIR/image, as an OCI layout; --push also pushes it, as REPOSITORY:VERSION.
#
#   KUBECTL_AMD64, KUBECTL_ARM64   kubectl for the image (default: built from the modules of tests/cluster/tools/k8s-1.36)
set -euo pipefail
umask 022
invoked_in=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
. "$repository/scripts/lib/go_tools.sh"
. "$repository/scripts/lib/release_facts.sh"

usage() {
  [ $# -eq 0 ] || printf 'image.sh: %s\n' "$1" >&2
  echo "usage: image.sh [VERSION] [--push REPOSITORY] [--output DIR]" >&2
  exit 2
}

version='' push='' dist=build/dist
while [ $# -gt 0 ]; do
  case $1 in
    --push | --output)
      [ $# -gt 1 ] || usage "$1 needs a value"
      if [ "$1" = --push ]; then push=$2; else dist=$(cd "$invoked_in" && realpath -m "$2"); fi
      shift
      ;;
    -*) usage "unknown flag $1" ;;
    *) [ -z "$version" ] || usage "more than one version"; version=$1 ;;
  esac
  shift
done
version=${version:-v$(project_version)}
is_version "$version" || usage "$version is no version of the form v1.2.3"
# stdout is for the digest.
exec 3>&1 >&2

time=$(release_time)
for arch in amd64 arm64; do
  for plugin in "${release_plugins[@]}"; do
    archive=$(archive_name "$plugin" "$version" "linux/$arch")
    grep -F -- "  $archive" "$dist/SHA256SUMS" 2>/dev/null | (cd "$dist" && sha256sum --check --strict --quiet) ||
      give_up "$dist has no $archive that is as its SHA256SUMS says" "Make the release first: scripts/release.sh $version"
  done
done
install_packages ca-certificates
go_tools crane scripts/lib/crane github.com/google/go-containerregistry/cmd/crane
crane=$REPLY/crane

work=$(mktemp -d)
registry=''
clean_up() {
  [ -z "$registry" ] || kill "$registry" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

find_kubectl() { # ARCH: sets REPLY
  local variable=KUBECTL_${1^^} folder=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/kubectl-1.36-$1
  REPLY=${!variable:-$folder/kubectl}
  if [ -z "${!variable:-}" ] && [ ! -x "$REPLY" ]; then
    need_go "kubectl for $1"
    GOOS=linux GOARCH=$1 go_stage "kubectl-$1 1.36" tests/cluster/tools/build.sh "$folder" k8s-1.36 kubectl
  fi
  [ -x "$REPLY" ] || give_up "$variable=$REPLY is no program"
}

# Two layers: the first changes seldom.
layers() { # ARCH
  local arch=$1 plugin system=$work/$1-system plugins=$work/$1-plugins
  find_kubectl "$arch"
  mkdir -p "$system"/{usr/local/bin,etc/ssl/certs,tmp} "$plugins"/{usr/local/bin,usr/share/doc/agenttrader-dr}
  chmod 1777 "$system/tmp"
  install -m 755 "$REPLY" "$system/usr/local/bin/kubectl"
  # Those of Debian's package, without what this machine's administrator has added.
  find /usr/share/ca-certificates/mozilla -name '*.crt' -print0 | LC_ALL=C sort -z | xargs -0 cat >"$system/etc/ssl/certs/ca-certificates.crt"
  [ -s "$system/etc/ssl/certs/ca-certificates.crt" ] || give_up "found no certificates in /usr/share/ca-certificates/mozilla"
  for plugin in "${release_plugins[@]}"; do
    tar -xzf "$dist/$(archive_name "$plugin" "$version" "linux/$arch")" -C "$plugins/usr/local/bin" "kubectl-$plugin"
  done
  tar -xzf "$dist/$(archive_name lkg "$version" "linux/$arch")" -C "$plugins/usr/share/doc/agenttrader-dr" LICENSE THIRD_PARTY_NOTICES
  reproducible_tar "$system" "$time" >"$system.tar.gz"
  reproducible_tar "$plugins" "$time" >"$plugins.tar.gz"
}

# crane makes an index of images in a registry only: one of its own, for as long as this takes.
start_registry() {
  mkdir "$work/registry"
  "$crane" registry serve --address=127.0.0.1:0 --disk="$work/registry" </dev/null >"$work/registry.log" 2>&1 &
  registry=$!
  local end=$((SECONDS + 20))
  until REPLY=$(sed -n 's/.* on port \([0-9]*\)$/127.0.0.1:\1/p' "$work/registry.log"); [ -n "$REPLY" ]; do
    if [ $SECONDS -ge $end ] || ! kill -0 "$registry" 2>/dev/null; then
      give_up "the registry did not start: $(cat "$work/registry.log")"
    fi
    sleep 0.05
  done
}

compose() { # IMAGE
  local arch image=$1 members=()
  for arch in amd64 arm64; do
    "$crane" append --oci-empty-base --new_layer "$work/$arch-system.tar.gz,$work/$arch-plugins.tar.gz" --new_tag "$image-$arch" &&
      "$crane" mutate "$image-$arch" --tag "$image-$arch" --set-platform "linux/$arch" --user 65532:65532 --entrypoint kubectl \
        --env PATH=/usr/local/bin --label "org.opencontainers.image.title=agenttrader-dr" \
        --label "org.opencontainers.image.version=${version#v}" --label "org.opencontainers.image.source=$project_url" \
        --label "org.opencontainers.image.licenses=Apache-2.0" &&
      "$crane" mutate "$image-$arch" --tag "$image-$arch" --env HOME=/tmp || return # of two, crane takes either first
    members+=(--manifest "$image-$arch")
  done
  "$crane" index append "${members[@]}" --tag "$image"
}

layers amd64
layers arm64
start_registry
image=$REPLY/agenttrader-dr:$version
stage "image $version" compose "$image"
rm -rf "$dist/image" "$dist/image.part"
stage "copy of the image" "$crane" pull --format=oci "$image" "$dist/image.part"
mv "$dist/image.part" "$dist/image"
digest=$("$crane" digest "$image")
[ -z "$push" ] || stage "push to $push" "$crane" copy "$image" "$push:$version" || give_up "could not push to $push:$version"
echo "$digest" >&3
