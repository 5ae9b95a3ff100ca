#!/usr/bin/env bash
# release.sh [VERSION] [--platform OS/ARCH]... [--output DIR]: builds the plugins and packs a release into DIR (default
# build/dist): an archive for each plugin and platform, SHA256SUMS, an SBOM, and manifests for krew.  The same commit gives
# the same bytes.  VERSION: vMAJOR.MINOR.PATCH (default: that of CMakeLists.txt); platforms: all four.
set -euo pipefail
umask 022
# Kept before setup.sh goes to the repository.
invoked_in=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
. "$repository/scripts/lib/release_build.sh"

usage() {
  [ $# -eq 0 ] || printf 'release.sh: %s\n' "$1" >&2
  echo "usage: release.sh [VERSION] [--platform OS/ARCH]... [--output DIR]" >&2
  exit 2
}

version='' output=build/dist platforms=()
while [ $# -gt 0 ]; do
  case $1 in
    --platform | --output)
      [ $# -gt 1 ] || usage "$1 needs a value"
      if [ "$1" = --output ]; then output=$(cd "$invoked_in" && realpath -m "$2"); else platforms+=("$2"); fi
      shift
      ;;
    -*) usage "unknown flag $1" ;;
    *) [ -z "$version" ] || usage "more than one version"; version=$1 ;;
  esac
  shift
done
version=${version:-v$(project_version)}
is_version "$version" || usage "$version is no version of the form v1.2.3"
[ ${#platforms[@]} -gt 0 ] || platforms=("${all_platforms[@]}")
for platform in "${platforms[@]}"; do
  [[ " ${all_platforms[*]} " == *" $platform "* ]] || usage "no such platform: $platform (there are: ${all_platforms[*]})"
done
# What is replaced is a release, or nothing.
[ ! -e "$output" ] || [ -e "$output/SHA256SUMS" ] || [ -z "$(ls -A "$output")" ] ||
  give_up "$output is there, and is not a release" "Name another folder with --output."

install_packages jq
for platform in "${platforms[@]}"; do
  build_platform "$platform" "${version#v}"
done
SOURCE_DATE_EPOCH=$(release_time)
export SOURCE_DATE_EPOCH
part=$output.part
rm -rf "$part"
mkdir -p "$part"
stage "packages of the release" scripts/lib/pack_release.sh "$version" "$part" "${platforms[@]}"
rm -rf "$output"
mv "$part" "$output"
echo "release $version: $output"
(cd "$output" && find . -type f -printf '  %P\t%s bytes\n' | sort) | expand -t 60
