#!/usr/bin/env bats
# Help as a user gets it: from a real program, by every way that kubectl starts one, and on the pages made from it.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  bats_load_library bats-file
  cd "$BATS_TEST_DIRNAME/../.." || exit
  bin=$(realpath "${DR_BIN:-build/dev/bin}")
}

# The verbs that a plugin's help lists, and `options`, which it only mentions.
verbs_of() { # PLUGIN
  "$bin/kubectl-$1" --help | awk '/^[A-Z][A-Za-z ]* Commands:$/ { inside = 1; next } /^$/ { inside = 0 } inside && /^  [a-z]/ { print $1 }'
  echo options
}

@test "every flag of --help is on the page in docs/commands and on the man page, with the same default" {
  flags=0
  for plugin in lkg drbackup arsnap; do
    verbs=$(verbs_of "$plugin")
    [ "$(wc -l <<<"$verbs")" -ge 7 ] || fail "few verbs found: $verbs"
    for verb in $verbs; do
      shown=$("$bin/kubectl-$plugin" "$verb" --help | sed -nE "s/^    (-.*=.*):$/\1/p")
      # shellcheck disable=SC2016 # backquotes of Markdown
      markdown=$(sed -nE 's/^- `(-.*=.*)`: .+/\1/p' "docs/commands/${plugin}_$verb.md")
      man=$(mandoc -T utf8 -O width=200 "man/kubectl-$plugin-$verb.1" | col -bx | sed -nE 's/^ +(-.*=[^ ]+)( .*)?$/\1/p')
      [ "$shown" = "$markdown" ] || fail "$plugin $verb: $(diff <(echo "$shown") <(echo "$markdown"))"
      [ "$shown" = "$man" ] || fail "$plugin $verb: $(diff <(echo "$shown") <(echo "$man"))"
      flags=$((flags + $(grep -c . <<<"$shown" || true)))
    done
  done
  [ "$flags" -gt 100 ] || fail "only $flags flags were compared"
}

@test "the man pages are clean for mandoc and for groff" {
  [ "$(find man -name '*.1' | wc -l)" -gt 20 ] || fail "few man pages found"
  mandoc -T lint -W warning man/*.1 >"$BATS_TEST_TMPDIR/lint" || true
  # A page has no date of its own: it would be wrong after the next change.
  run grep -v 'WARNING: missing date' "$BATS_TEST_TMPDIR/lint"
  assert_output ""
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/lint")" "$(find man -name '*.1' | wc -l)" # it has looked at each
  if command -v groff >/dev/null; then
    run groff -man -Tutf8 -ww -z man/*.1
    assert_output ""
  fi
}

@test "help names the plugin as kubectl does, from PATH, by its path and through krew's link" {
  mkdir -p "$BATS_TEST_TMPDIR/store" "$BATS_TEST_TMPDIR/bin"
  cp "$bin/kubectl-lkg" "$BATS_TEST_TMPDIR/store/kubectl-lkg"
  ln -s ../store/kubectl-lkg "$BATS_TEST_TMPDIR/bin/kubectl-lkg"
  run --separate-stderr "$bin/kubectl-lkg" halt --help
  assert_success
  expected=$output
  assert_line "  kubectl lkg halt [options]"
  refute_output --partial "kubectl-lkg"
  run --separate-stderr "$BATS_TEST_TMPDIR/bin/kubectl-lkg" halt -h
  assert_output "$expected"
  run --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin:$PATH" kubectl lkg help halt
  assert_success
  assert_output "$expected"
}

@test "help goes to stdout, with nothing on stderr, and needs no kubectl" {
  for arguments in "" --help help options "halt --help" "options --help"; do
    # shellcheck disable=SC2086 # several words
    run --separate-stderr env -u KUBECTL PATH= "$bin/kubectl-lkg" $arguments
    assert_success
    assert_output --partial "option"
    [ -z "$stderr" ] || fail "$arguments: $stderr"
  done
}

@test "a mistyped verb or flag is answered with the nearest one" {
  run --separate-stderr "$bin/kubectl-lkg" restroe
  assert_failure 2
  [[ $stderr == *'did you mean "restore"?'* ]] || fail "$stderr"
  run --separate-stderr "$bin/kubectl-lkg" restore --timeuot 5m
  assert_failure 2
  [[ $stderr == *'did you mean "--timeout"?'* ]] || fail "$stderr"
  run --separate-stderr "$bin/kubectl-drbackup" create --namespcae x
  assert_failure 2
  [[ $stderr == *'did you mean "--namespace"?'* ]] || fail "$stderr"
  run --separate-stderr "$bin/kubectl-arsnap" snapsot
  assert_failure 2
  [[ $stderr == *'did you mean "snapshot"?'* ]] || fail "$stderr"
}

@test "an installation has the man pages" {
  run cmake --install "$(dirname "$bin")" --prefix "$BATS_TEST_TMPDIR/prefix" --component man
  assert_success
  assert_same_names "$BATS_TEST_TMPDIR/prefix/share/man/man1" man
}

assert_same_names() { # FOLDER FOLDER
  run diff <(find "$1" -type f -printf '%f\n' | sort) <(find "$2" -type f -printf '%f\n' | sort)
  assert_output ""
  assert_success
}
