#!/usr/bin/env bats
# What a release consists of, and that anybody can check it.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a shell of its own; lib.bash sets these
load lib

setup() {
  dist=$RELEASES/$VERSION
  cd "$BATS_TEST_TMPDIR" || return
}

@test "a release is three archives a platform, manifests, an SBOM, and sums that hold" {
  expected=$({
    for platform in linux_amd64 linux_arm64 darwin_amd64 darwin_arm64; do
      for plugin in "${release_plugins[@]}"; do echo "kubectl-${plugin}_${VERSION}_$platform.tar.gz"; done
    done
    printf 'krew/%s.yaml\n' "${release_plugins[@]}"
    echo "agenttrader-dr_$VERSION.spdx.json"
  } | sort)
  assert_equal "$(cd "$dist" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort)" "$expected"
  assert_equal "$(sed 's/^[0-9a-f]*  //' "$dist/SHA256SUMS" | sort)" "$expected"
  (cd "$dist" && sha256sum --check --strict --quiet SHA256SUMS)
  # They do hold something: one changed byte is found.
  cp -r "$dist" copy
  printf x >>"copy/kubectl-lkg_${VERSION}_linux_arm64.tar.gz"
  run sha256sum --check --strict --quiet <(sed 's|  |  copy/|' copy/SHA256SUMS)
  assert_failure
}

@test "an archive holds the program, its completion, licences and manual pages, and nothing that krew refuses" {
  for archive in "$dist"/*.tar.gz; do
    plugin=${archive##*/kubectl-} plugin=${plugin%%_*}
    rm -rf unpacked
    mkdir unpacked
    tar -xzf "$archive" -C unpacked
    listed=$(tar -tvzf "$archive" --numeric-owner)
    refute_regex "$listed" '(^|'$'\n'')[^-d]' # links, devices
    run awk '$2 != "0/0" || $1 !~ /^(-rwxr-xr-x|-rw-r--r--|drwxr-xr-x)$/' <<<"$listed"
    assert_output ""
    assert_equal "$(ls unpacked)" "$(printf '%s\n' LICENSE THIRD_PARTY_NOTICES "kubectl-$plugin" "kubectl_complete-$plugin" man)"
    cmp unpacked/LICENSE "$repository/LICENSE"
    cmp "unpacked/kubectl_complete-$plugin" "$repository/completions/kubectl_complete-$plugin"
    platform=${archive%.tar.gz} platform=${platform#*_v*_}
    cmp "unpacked/kubectl-$plugin" "$repository/build/release-${platform/_/-}/bin/kubectl-$plugin"
    [ -x "unpacked/kubectl-$plugin" ] && [ -x "unpacked/kubectl_complete-$plugin" ]
    diff <(cd "$repository/man" && ls "kubectl-$plugin.1" kubectl-"$plugin"-*.1) <(ls unpacked/man)
    for library in cli11 nlohmann-json3 yaml-cpp fmtlib libsodium libarchive; do
      grep -q "^$library=" unpacked/THIRD_PARTY_NOTICES || fail "$archive: no notice of $library"
    done
    [[ $archive != *_linux_* ]] || grep -q 'GNU LESSER GENERAL PUBLIC LICENSE' unpacked/THIRD_PARTY_NOTICES
  done
}

@test "the same programs are packed into the same bytes, whatever the umask and the clock" {
  SOURCE_DATE_EPOCH=$(git -C "$repository" log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
  mkdir again
  (umask 077; TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$repository/scripts/lib/pack_release.sh" "$VERSION" "$PWD/again" linux/amd64 darwin/arm64)
  for file in again/*.tar.gz; do cmp "$file" "$dist/${file#again/}"; done
  assert_equal "$(find again -name '*.tar.gz' | wc -l)" 6
}

@test "the SBOM is valid SPDX 2.3, and names the archives and what is in them" {
  sbom=$dist/agenttrader-dr_$VERSION.spdx.json
  PYTHONPATH=$TOOLS/spdx run python3 - "$sbom" <<'PYTHON'
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
found = [message.validation_message for message in validate_full_spdx_document(parse_file(sys.argv[1]))]
print("\n".join(found))
sys.exit(bool(found))
PYTHON
  assert_success
  assert_equal "$(jq -r '.packages[] | select(.primaryPackagePurpose == "ARCHIVE") | "\(.checksums[0].checksumValue)  \(.packageFileName)"' "$sbom" | sort)" \
    "$(grep 'tar.gz$' "$dist/SHA256SUMS" | sort)"
  # What the build links, by the packages of the machine: source, version, and a sum of Debian's signed description.
  for package in libboost1.81-dev libcli11-dev nlohmann-json3-dev libyaml-cpp-dev libfmt-dev libsodium-dev libarchive-dev libc6-dev; do
    jq -e --arg source "$(dpkg-query --show --showformat='${source:Package}=${source:Version}' "$package")" \
      '.packages[] | select("\(.name)=\(.versionInfo)" == $source) | .checksums[0].checksumValue | test("^[0-9a-f]{64}$")' "$sbom" ||
      fail "no $package"
  done
  # glibc is in what runs on Linux only.
  assert_equal "$(jq -r '[.relationships[] | select(.relationshipType == "STATIC_LINK" and (.relatedSpdxElement | test("-glibc-"))) | .spdxElementId] | sort | join(" ")' "$sbom")" \
    "$(printf 'SPDXRef-kubectl-%s_'"$VERSION"'_linux_amd64.tar.gz\n' arsnap drbackup lkg | sed 's/_/-/g' | xargs)"
  refute grep -qE 'mirror|/root|/tmp|/home' "$sbom"
}

@test "the address of a release is said in one place, and the documents say the same" {
  address=$(sed -nE 's/^project_url=.*:-(.*)\}$/\1/p' "$repository/scripts/lib/release_facts.sh")
  [ -n "$address" ] || fail "no address found"
  grep -qF "url=$address/releases/download/" "$repository/docs/install.md"
  for file in "$dist"/krew/*.yaml; do
    assert_equal "$(grep -c "^    uri: $address/releases/download/$VERSION/" "$file")" 4
  done
  assert_equal "$(grep -ho 'https://[^/]*/[a-z]*' "$RELEASES/$NEXT_VERSION"/krew/*.yaml | sort -u)" https://example.com/fork
}

@test "wrong usage is 2, and a folder that is no release is left alone" {
  for arguments in 1.2.3 v1.2 v1.2.3-rc1 v01.2.3 --fast "--platform windows/amd64" --platform "v1.2.3 v1.2.4"; do
    # shellcheck disable=SC2086 # words
    run -2 "$repository/scripts/release.sh" $arguments
    assert_output --partial "usage: release.sh"
  done
  mkdir precious
  touch precious/file
  run -1 "$repository/scripts/release.sh" --output precious
  assert_output --partial "is not a release"
  assert_file_exists precious/file
}
