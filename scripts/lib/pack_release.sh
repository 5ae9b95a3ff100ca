#!/usr/bin/env bash
# pack_release.sh VERSION FOLDER PLATFORM...: packs what release_build.sh has left in build/release-OS-ARCH/bin into the empty
# FOLDER: archives, manifests for krew, an SBOM, SHA256SUMS.  For release.sh.
set -euo pipefail
umask 022
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
. "$repository/scripts/lib/release_build.sh"

# --- what is linked into the programs

# PLATFORMS, the Debian package whose source it is from, and its licence.
linked_packages=(
  "*/*         libboost1.81-dev             BSL-1.0"
  "*/*         libcli11-dev                 BSD-3-Clause"
  "*/*         nlohmann-json3-dev           MIT"
  "*/*         libyaml-cpp-dev              MIT"
  "*/*         libfmt-dev                   MIT"
  "*/*         libsodium-dev                ISC"
  "*/*         libarchive-dev               BSD-2-Clause"
  "linux/amd64 libc6-dev                    LGPL-2.1-or-later"
  "linux/amd64 libstdc++-12-dev             GPL-3.0-or-later WITH GCC-exception-3.1"
  "linux/arm64 libc6-dev-arm64-cross        LGPL-2.1-or-later"
  "linux/arm64 libstdc++-12-dev-arm64-cross GPL-3.0-or-later WITH GCC-exception-3.1"
)
zig_licence="Apache-2.0 WITH LLVM-exception" # of libc++ and the rest of LLVM's runtime in it

# Sets packages and licences to what a platform's programs are linked with.
linked_with() { # PLATFORM
  local row pattern package licence
  packages=() licences=()
  for row in "${linked_packages[@]}"; do
    read -r pattern package licence <<<"$row"
    # shellcheck disable=SC2254 # a pattern
    case $1 in $pattern) packages+=("$package"); licences+=("$licence") ;; esac
  done
}

# The licences that ask for it want their texts beside a program.  Boost's, and those of GCC and LLVM by their exceptions,
# ask for nothing.
third_party_notices() { # PLATFORM
  local i packages licences
  linked_with "$1"
  echo "These programs contain the following libraries. Their sources are Debian's, of the versions named here;"
  echo "$project_url has all that is needed to build the programs with others."
  echo
  for i in "${!packages[@]}"; do
    printf '%-32s %s\n' "$(source_of "${packages[i]}")" "${licences[i]}"
  done
  [[ $1 != darwin/* ]] || printf '%-32s %s\n' "ziglang=$zig_version" "$zig_licence"
  for i in "${!packages[@]}"; do
    case ${licences[i]} in BSL-1.0 | *GCC-exception*) continue ;; esac
    printf '\n%s\n%s\n\n' "$(printf '=%.0s' {1..79})" "$(source_of "${packages[i]}")"
    cat "/usr/share/doc/${packages[i]}/copyright"
    [[ ${licences[i]} != LGPL-2.1* ]] || cat /usr/share/common-licenses/LGPL-2.1
  done
}

# Sets REPLY to Debian's signed description of a source, which has the sums of its files.  It is fetched once; apt checks it.
description_of() { # SOURCE=VERSION
  local part apt_options
  REPLY=$release_cache/descriptions/$1.dsc
  [ ! -e "$REPLY" ] || return 0
  mkdir -p "${REPLY%/*}"
  part=$(mktemp -d -p "${REPLY%/*}")
  source_apt
  # The lists may be older than the package.
  download_description "$part" "$1" || { apt-get "${apt_options[@]}" update && download_description "$part" "$1"; }
  mv "$part"/*.dsc "$REPLY"
  rmdir "$part"
}
download_description() { # FOLDER SOURCE=VERSION
  (cd "$1" && apt-get "${apt_options[@]}" --only-source --dsc-only --download-only source "$2")
}

# The SBOM in SPDX 2.3: each archive, and the libraries that are linked into its program.
write_sbom() { # VERSION FOLDER PLATFORM...
  local version=$1 folder=$2 platform plugin file source i packages licences; shift 2
  for platform in "$@"; do
    linked_with "$platform"
    for i in "${!packages[@]}"; do
      source=$(source_of "${packages[i]}")
      description_of "$source" >&2
      printf 'library\t%s\t%s\t%s\t%s\t%s\n' "$platform" "$source" "${licences[i]}" \
        "$(sed -n 's/^Homepage: //p' "$REPLY")" "$(sha256sum <"$REPLY" | cut -d' ' -f1)"
    done
    [[ $platform != darwin/* ]] || printf 'zig\t%s\t%s\t%s\n' "$platform" "$zig_version" "$zig_licence"
    for plugin in "${release_plugins[@]}"; do
      file=$(archive_name "$plugin" "$version" "$platform")
      printf 'archive\t%s\tkubectl-%s\t%s\t%s\n' "$platform" "$plugin" "$file" "$(sha256sum <"$folder/$file" | cut -d' ' -f1)"
    done
  done | jq --raw-input --null-input --arg version "$version" --arg project "$project_url" --arg url "$(release_url "$version")" \
    --arg created "$(date --utc --date="@$(release_time)" +%Y-%m-%dT%H:%M:%SZ)" --from-file scripts/lib/sbom.jq \
    >"$folder/agenttrader-dr_$version.spdx.json"
}

# --- packages

pack_platform() { # VERSION FOLDER PLATFORM
  local version=$1 folder=$2 platform=$3 stage_folder plugin page
  stage_folder=$(mktemp -d)
  third_party_notices "$platform" >"$stage_folder/NOTICES"
  for plugin in "${release_plugins[@]}"; do
    mkdir "$stage_folder/$plugin"
    install -m 755 "build/release-${platform/\//-}/bin/kubectl-$plugin" "completions/kubectl_complete-$plugin" "$stage_folder/$plugin"
    install -m 644 LICENSE "$stage_folder/$plugin/LICENSE"
    install -m 644 "$stage_folder/NOTICES" "$stage_folder/$plugin/THIRD_PARTY_NOTICES"
    for page in man/kubectl-"$plugin".1 man/kubectl-"$plugin"-*.1; do install -D -m 644 "$page" "$stage_folder/$plugin/$page"; done
    reproducible_tar "$stage_folder/$plugin" "$(release_time)" >"$folder/$(archive_name "$plugin" "$version" "$platform")"
  done
  rm -rf "$stage_folder"
}

# A manifest for krew: the template, with the platforms that the release has.
krew_manifest() { # PLUGIN VERSION FOLDER PLATFORM...
  local plugin=$1 version=$2 folder=$3 line platform archive url; shift 3
  url=$(release_url "$version")
  while IFS= read -r line; do
    if [ "$line" != "@PLATFORMS@" ]; then
      line=${line//@VERSION@/$version}
      printf '%s\n' "${line//@PROJECT@/$project_url}"
      continue
    fi
    for platform in "$@"; do
      archive=$(archive_name "$plugin" "$version" "$platform")
      printf '  - selector:\n      matchLabels:\n        os: %s\n        arch: %s\n' "${platform%/*}" "${platform#*/}"
      printf '    uri: %s/%s\n    sha256: %s\n    bin: kubectl-%s\n' "$url" "$archive" \
        "$(sha256sum <"$folder/$archive" | cut -d' ' -f1)" "$plugin"
    done
  done <"krew/$plugin.yaml.in"
}

version=$1 folder=$2; shift 2
for platform in "$@"; do pack_platform "$version" "$folder" "$platform"; done
mkdir "$folder/krew"
for plugin in "${release_plugins[@]}"; do
  krew_manifest "$plugin" "$version" "$folder" "$@" >"$folder/krew/$plugin.yaml"
done
write_sbom "$version" "$folder" "$@"
cd "$folder"
sha256sum -- *.tar.gz *.json krew/*.yaml >SHA256SUMS
