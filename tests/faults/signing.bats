#!/usr/bin/env bats
# docs/signing.md, with the real ssh-keygen and its agent: once ops/lkg/allowed_signers is there, only an LKG that one of these
# keys has signed is believed, by any verb, before any cluster is asked.  The API server is a recording (stub/kubectl).
load ../lib

setup() {
  faults=$BATS_TEST_DIRNAME
  bin=${DR_BIN:-$faults/../../build/dev/bin}
  root=$BATS_TEST_TMPDIR/root keys=$BATS_TEST_TMPDIR/keys ops=$BATS_TEST_TMPDIR/root/ops/lkg
  export DR_ANSWERS=$BATS_TEST_TMPDIR/answers
  mkdir -p "$root" "$keys" "$DR_ANSWERS"
  git init --quiet "$root"
  record one
  make_key alice
}

teardown() {
  [ -z "${SSH_AGENT_PID:-}" ] || kill "$SSH_AGENT_PID"
}

record() { # TEXT: what a capture then reads
  PYTHONPATH=$faults python3 -c "import recorded_floor, pathlib, sys; recorded_floor.record(pathlib.Path(sys.argv[1]), text=sys.argv[2])" \
    "$DR_ANSWERS" "$1"
}

make_key() { ssh-keygen -q -t ed25519 -N "${2:-}" -C "$1" -f "$keys/$1"; } # NAME [PASSPHRASE]

allow() { # NAME [OPTION]: in ops/lkg
  mkdir -p "$ops"
  echo "$1@floor ${2:-} $(cut -d' ' -f1,2 "$keys/$1.pub")" >"$ops/allowed_signers"
}

lkg() { "$bin/kubectl-lkg" "$@" --root "$root" --kubectl "${KUBECTL_STUB:-$faults/stub/kubectl}" -n floor; }

kept() { basename -a "$ops"/history/2* | sort | tail -n 1; } # the id of the newest

# Each verb that reads an LKG ends with 6 and these words, and kubectl is not called.
assert_refused() { # WORDS [FLAG...]
  local words=$1 verb; shift
  export KUBECTL_STUB=$BATS_TEST_TMPDIR/forbidden
  printf '#!/bin/sh\necho "$@" >>%q\nexit 1\n' "$BATS_TEST_TMPDIR/called" >"$KUBECTL_STUB"
  chmod +x "$KUBECTL_STUB"
  for verb in verify plan diff restore drill; do
    run -6 lkg "$verb" "$@"
    assert_output --partial "$words"
    assert_output --partial "docs/signing.md"
  done
  [ ! -e "$BATS_TEST_TMPDIR/called" ] || fail "kubectl was called: $(cat "$BATS_TEST_TMPDIR/called")"
  unset KUBECTL_STUB
}

@test "signed by an allowed key: verify says by whom, in words and as JSON, also of the kept one" {
  allow alice
  lkg capture --sign "$keys/alice"
  fingerprint=$(ssh-keygen -lf "$keys/alice.pub" | cut -d' ' -f2)
  run -0 lkg verify
  assert_output --partial "signed by alice@floor with key ED25519 $fingerprint"
  run -0 --separate-stderr lkg verify --from "$(kept)" -o json
  assert_equal "$(jq -r '.signature | [.state, .principal, .key] | join(" ")' <<<"$output")" "good alice@floor ED25519 $fingerprint"
  run -0 --separate-stderr lkg history list -o json
  assert_equal "$(jq -r '.lkgs[].state' <<<"$output")" intact
  (cd "$ops" && sha256sum --check --quiet SHA256SUMS)
  # What docs/signing.md says to do without a plugin.
  run -0 ssh-keygen -Y verify -f "$ops/allowed_signers" -I alice@floor -n agenttrader-dr-lkg -s "$ops/SHA256SUMS.sig" <"$ops/SHA256SUMS"
}

@test "without allowed_signers a signature is not checked, and verify says so" {
  lkg capture --sign "$keys/alice"
  run -0 lkg verify
  assert_line "signed, not checked: no allowed_signers"
  run -0 --separate-stderr lkg verify -o json
  assert_equal "$(jq -r .signature.state <<<"$output")" unchecked
  lkg capture
  run -0 lkg verify
  refute_output --partial signed
}

@test "not signed: refused by every verb, and captured no more; signed by hand: believed" {
  lkg capture
  allow alice
  assert_refused "is not signed"
  assert_refused "is not signed" --from "$(kept)"
  run -3 lkg capture
  assert_output --partial "capture it with --sign"
  for place in "$ops" "$ops/history/$(kept)"; do
    ssh-keygen -q -Y sign -f "$keys/alice" -n agenttrader-dr-lkg "$place/SHA256SUMS"
  done
  run -0 lkg verify
  run -0 lkg verify --from "$(kept)"
}

@test "signed by another key, for another purpose, as another LKG, or changed: refused" {
  lkg capture --sign "$keys/alice"
  first=$(cat "$ops/SHA256SUMS.sig")
  record two
  lkg capture --sign "$keys/alice"
  allow alice
  run -0 lkg verify
  good=$(cat "$ops/SHA256SUMS.sig")

  echo "$first" >"$ops/SHA256SUMS.sig"
  assert_refused "incorrect signature"
  make_key mallory
  for key_and_purpose in "mallory agenttrader-dr-lkg" "alice file"; do
    read -r key purpose <<<"$key_and_purpose"
    ssh-keygen -Y sign -f "$keys/$key" -n "$purpose" <"$ops/SHA256SUMS" >"$ops/SHA256SUMS.sig" 2>/dev/null
    assert_refused "is not a good signature by"
  done
  echo "${good/A/B}" >"$ops/SHA256SUMS.sig"
  assert_refused "is not a good signature by"
  echo "$good" >"$ops/SHA256SUMS.sig"
  run -0 lkg verify
}

@test "an LKG that another key has captured does not replace the one that is believed" {
  allow alice
  lkg capture --sign "$keys/alice"
  make_key mallory
  run -3 lkg capture --sign "$keys/mallory"
  assert_output --partial "No principal matched"
  assert_equal "$(find "$ops/history" -name '2*' | wc -l)" 1
  run -0 lkg verify
}

@test "a key in an agent: its public half is enough, and a locked one fails before anything is written" {
  make_key dora secret
  allow dora
  # shellcheck disable=SC2046 # two variables
  eval $(ssh-agent -s) >/dev/null
  printf '#!/bin/sh\necho secret\n' >"$BATS_TEST_TMPDIR/askpass"
  chmod +x "$BATS_TEST_TMPDIR/askpass"
  SSH_ASKPASS=$BATS_TEST_TMPDIR/askpass SSH_ASKPASS_REQUIRE=force ssh-add -q "$keys/dora"
  mv "$keys/dora" "$keys/elsewhere"
  lkg capture --sign "$keys/dora.pub"
  run -0 lkg verify
  assert_output --partial "signed by dora@floor"

  before=$(find "$ops" -type f -exec sha256sum {} + | sort)
  SSH_AUTH_SOCK='' SSH_ASKPASS_REQUIRE=never run -1 setsid "$bin/kubectl-lkg" capture --sign "$keys/elsewhere" \
    --root "$root" --kubectl "$faults/stub/kubectl" -n floor </dev/null
  assert_output --partial "error: failed to sign with $keys/elsewhere: "
  assert_equal "$(find "$ops" -type f -exec sha256sum {} + | sort)" "$before"
}

@test "a passphrase is asked for on the terminal" {
  make_key dora secret
  allow dora
  printf '#!/bin/sh\nexec %q capture --sign %q --root %q --kubectl %q -n floor\n' "$bin/kubectl-lkg" "$keys/dora" "$root" \
    "$faults/stub/kubectl" >"$BATS_TEST_TMPDIR/capture"
  run -0 env -u SSH_AUTH_SOCK -u DISPLAY python3 - "$BATS_TEST_TMPDIR/capture" <<'PYTHON'
import os, pty, sys

child, terminal = pty.fork()
if child == 0:
    os.execv("/bin/sh", ["sh", sys.argv[1]])
seen = b""
while b"Enter passphrase" not in seen:
    seen += os.read(terminal, 1024)
os.write(terminal, b"secret\n")
try:
    while bytes_read := os.read(terminal, 1024):
        seen += bytes_read
except OSError:  # the end of a terminal
    pass
print(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
  run -0 lkg verify
  assert_output --partial "signed by dora@floor"
}

@test "a key that has expired since is good for what it signed before, and signs nothing new" {
  allow alice 'valid-before="20200101"'
  run -3 lkg capture --sign "$keys/alice"
  assert_output --partial "key has expired"
  rm "$ops/allowed_signers"
  lkg capture --sign "$keys/alice"
  captured=$(kept)
  second_after=$(date --utc --date="$(sed -E 's/(.{8})T(..)(..)(..)Z.*/\1 \2:\3:\4 UTC 1 second/' <<<"$captured")" +%Y%m%d%H%M%S)
  allow alice "valid-before=\"$second_after\""
  sleep 2
  run -0 lkg verify
  record two
  run -3 lkg capture --sign "$keys/alice"
  # A revoked key is one that is not in the file any more.
  make_key bob
  allow bob
  assert_refused "No principal matched"
}

@test "no ssh-keygen: no capture with --sign, and no LKG that must be signed is believed" {
  lkg capture --sign "$keys/alice"
  path=$PATH
  mkdir "$BATS_TEST_TMPDIR/bin"
  PATH=$BATS_TEST_TMPDIR/bin run -2 lkg capture --sign "$keys/alice"
  assert_output --partial "there is no ssh-keygen in PATH"
  allow alice
  for verb in verify plan diff restore drill; do
    PATH=$BATS_TEST_TMPDIR/bin run -2 lkg "$verb"
    assert_output --partial "openssh-client"
  done
  PATH=$path
}

@test "--allowed-signers: another file than the repository's; one that is missing or anybody's is no consent" {
  make_key bob
  lkg capture --sign "$keys/bob"
  allow alice
  echo "bob $(cat "$keys/bob.pub")" >"$keys/signers"
  run -0 lkg verify --allowed-signers "$keys/signers"
  assert_output --partial "signed by bob "
  run -6 lkg verify
  (cd "$keys" && run -0 lkg verify --allowed-signers signers)
  run -2 lkg verify --allowed-signers "$keys/nobody"
  assert_output --partial "there is no file \"$keys/nobody\""
  chmod o+w "$keys/signers"
  run -6 lkg verify --allowed-signers "$keys/signers"
  assert_output --partial "every user"
  chmod o-w "$keys/signers"
  run -6 lkg verify --allowed-signers "$keys/signers" --manifest "$ops/lkg_manifest.yaml" --metadata "$ops/lkg_metadata.json"
  assert_output --partial "no SHA256SUMS"
  run -2 lkg verify --allowed-signers ""
  run -2 lkg capture --sign ""
  run -2 lkg capture --sign "$keys/nobody"
  assert_output --partial "there is no file \"$keys/nobody\""
}

@test "status, history and completion read no LKG that is not signed as it must be" {
  lkg capture
  allow alice
  run lkg status -o json
  assert_output --partial "is not signed"
  run -0 lkg history list
  assert_output --partial "is not signed"
  run -6 lkg history show "$(kept)"
  run "$bin/kubectl-lkg" __complete capture --root "$root" --exclude ""
  refute_output --partial ConfigMap/
}
