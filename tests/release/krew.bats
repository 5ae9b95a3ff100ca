#!/usr/bin/env bats
# The plugins' life under the real krew: from archives, and from an index of our own, served on loopback.
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a shell of its own; setup_suite.bash, lib.bash and run set these
load lib
load ../shells

setup_file() {
  local version plugin
  start_server http python3 -u -m http.server --bind 127.0.0.1 --directory "$RELEASES" 0
  for version in "$VERSION" "$NEXT_VERSION"; do
    mkdir -p "$BATS_FILE_TMPDIR/$version"
    for plugin in "${release_plugins[@]}"; do
      sed "s|https://.*/releases/download/|http://127.0.0.1:$REPLY/|" "$RELEASES/$version/krew/$plugin.yaml" \
        >"$BATS_FILE_TMPDIR/$version/$plugin.yaml"
    done
  done
}
teardown_file() { stop_servers; }

# An index is a git repository; an upgrade is a commit.
publish() { # VERSION: in the test's index, which the first one makes
  [ -d "$INDEX" ] || git init --quiet --initial-branch=main "$INDEX"
  mkdir -p "$INDEX/plugins"
  cp "$BATS_FILE_TMPDIR/$1"/*.yaml "$INDEX/plugins/"
  git -C "$INDEX" add plugins
  git -C "$INDEX" -c user.name=test -c user.email=test@example.com commit --quiet --message="$1"
}

# A user with nothing but kubectl and krew.
setup() {
  manifests=$BATS_FILE_TMPDIR/$VERSION INDEX=$BATS_TEST_TMPDIR/index
  export HOME=$BATS_TEST_TMPDIR/home KREW_ROOT=$BATS_TEST_TMPDIR/krew KREW_NO_UPGRADE_CHECK=1 TERM=xterm
  unset KUBECONFIG KUBECTL KUBECTL_PATH XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME
  mkdir -p "$HOME"
  PATH=$KREW_ROOT/bin:$TOOLS/bin:/usr/bin:/bin
  export GIT_CONFIG_NOSYSTEM=1
  cd "$HOME" || return
}

krew() { kubectl krew "$@" </dev/null; }

# Only what krew itself needs is left in its folder.
assert_nothing_left() {
  assert_equal "$(find "$KREW_ROOT/bin" "$KREW_ROOT/store" "$KREW_ROOT/receipts" -mindepth 1 2>/dev/null)" ""
}

@test "the manifests are what krew and its reviewers want, and the check finds what krew ignores" {
  run "$repository/tests/release/krew_lint.py" "$RELEASES/$VERSION"/krew/*.yaml
  assert_success
  mkdir wrong
  sed 's/^  shortDescription:/  shortDescripton:/' "$manifests/lkg.yaml" >wrong/lkg.yaml
  sed 's/^    sha256: ./    sha256: G/; s/^  shortDescription: .*/&, and more words than fit into a line/' "$manifests/arsnap.yaml" >wrong/arsnap.yaml
  run -1 "$repository/tests/release/krew_lint.py" wrong/lkg.yaml wrong/arsnap.yaml
  assert_line "wrong/lkg.yaml: spec: key shortDescripton is not known"
  assert_line "wrong/lkg.yaml: spec: no shortDescription"
  assert_line --partial "('linux', 'amd64'): sha256"
  assert_line --partial "at most 50 characters"
}

@test "krew-index's own check downloads and installs every platform of every plugin" {
  for plugin in "${release_plugins[@]}"; do
    run validate-krew-manifest -manifest "$manifests/$plugin.yaml" </dev/null
    assert_success
    assert_output --partial "all 4 spec.platforms installed fine"
  done
}

@test "each plugin installs from its archive, without an index, and kubectl finds no fault with it" {
  for plugin in "${release_plugins[@]}"; do
    run krew install --manifest="$manifests/$plugin.yaml" --archive="$RELEASES/$VERSION/kubectl-${plugin}_${VERSION}_linux_amd64.tar.gz"
    assert_success
    assert_output --partial "kubectl $plugin completion install"
    run kubectl "$plugin" version
    assert_success
    assert_output --partial "$VERSION"
  done
  # Another archive than the manifest's is not installed.
  KREW_ROOT=$BATS_TEST_TMPDIR/other run -1 krew install --manifest="$manifests/lkg.yaml" --archive="$RELEASES/$VERSION/kubectl-arsnap_${VERSION}_linux_amd64.tar.gz"
  assert_output --partial "checksum does not match"
  run --separate-stderr kubectl plugin list
  assert_success
  assert_equal "$stderr" ""
  for plugin in "${release_plugins[@]}"; do assert_line "$KREW_ROOT/bin/kubectl-$plugin"; done
}

@test "the programs for macOS install under krew for macOS" {
  export KREW_OS=darwin
  for KREW_ARCH in amd64 arm64; do
    export KREW_ARCH KREW_ROOT=$BATS_TEST_TMPDIR/$KREW_ARCH
    for plugin in "${release_plugins[@]}"; do
      krew install --manifest="$manifests/$plugin.yaml"
      cmp "$KREW_ROOT/bin/kubectl-$plugin" "$repository/build/release-darwin-$KREW_ARCH/bin/kubectl-$plugin"
    done
  done
}

@test "from an index: install, upgrade, uninstall, and nothing is left" {
  publish "$VERSION"
  krew index add agenttrader "file://$INDEX"
  run krew search lkg
  assert_line --regexp "^agenttrader/lkg +Capture and restore"
  krew install agenttrader/lkg agenttrader/drbackup agenttrader/arsnap
  mkdir -p "$HOME/.local/bin"
  PATH=$PATH:$HOME/.local/bin kubectl lkg completion install
  publish "$NEXT_VERSION"
  run krew update
  assert_success
  run krew upgrade
  assert_success
  for plugin in "${release_plugins[@]}"; do
    run kubectl "$plugin" version
    assert_output --partial "$NEXT_VERSION"
    assert_equal "$(ls "$KREW_ROOT/store/$plugin")" "$NEXT_VERSION"
  done
  run krew list
  for plugin in "${release_plugins[@]}"; do assert_line --partial "agenttrader/$plugin"; done
  assert_equal "$(kubectl plugin list 2>&1 | grep -c "^$KREW_ROOT/bin/")" 3

  PATH=$PATH:$HOME/.local/bin kubectl lkg completion uninstall
  for plugin in "${release_plugins[@]}"; do krew uninstall "$plugin"; done
  assert_nothing_left
  assert_equal "$(ls "$HOME/.local/bin")" ""
  run krew list # krew still works
  assert_success
}

# The lines that docs/install.md tells a user to type.
install_lines() {
  # shellcheck disable=SC2016 # fences of Markdown
  awk '/^## / { inside = ($0 == "## With krew") } inside && /^```$/ { exit } inside && block { print } inside && /^```sh$/ { block = 1 }' \
    "$repository/docs/install.md"
}

@test "the lines of docs/install.md, in an empty home, end in a working plugin and in completion in three shells" {
  unset KREW_ROOT
  PATH=$TOOLS/bin:/usr/bin:/bin
  publish "$VERSION"
  documented=$(install_lines)
  assert_equal "$(wc -l <<<"$documented")" 6
  typed=$(sed -E "s|https://[^ ]*/krew-index.git|file://$INDEX|" <<<"$documented")
  [ "$typed" != "$documented" ]
  # The user's PATH stays as the lines leave it.
  bash --norc -e -c "$typed
    echo \"\$PATH\" >path" </dev/null >out 2>err || fail "$(cat out err)"
  assert_equal "$(tail -n 1 out)" "kubectl-lkg $VERSION"
  PATH=$(cat path)
  run --separate-stderr kubectl_in_bash 'kubectl lkg re'
  assert_output $'restore\nreport'
  # shellcheck disable=SC2016 # zsh expands
  run in_zsh 'source <(kubectl completion zsh)' 'kubectl lkg re'
  assert_output --partial '-- Bring the namespace back'
  run in_fish 'kubectl completion fish' 'kubectl lkg re'
  assert_line --partial $'restore\tBring the namespace back'
}
