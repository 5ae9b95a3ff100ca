#!/usr/bin/env bats
# Once ops/lkg/allowed_signers is there, only what a key of it signed is captured and restored (docs/signing.md).
load lib

setup() { sandbox; }

@test "an unsigned capture is 3, a signed one is restored, and a changed signature is 6 before the halt" {
  small_floor
  ssh-keygen -q -t ed25519 -N '' -C me@example.com -f "$BATS_TEST_TMPDIR/key"
  mkdir -p "$ROOT/ops/lkg"
  echo "me@example.com namespaces=\"agenttrader-dr-lkg\" $(cut -d' ' -f1,2 "$BATS_TEST_TMPDIR/key.pub")" >"$ROOT/ops/lkg/allowed_signers"
  here=(--root "$ROOT" -n "$NS")
  run -3 kubectl-lkg capture "${here[@]}"
  assert_equal "$(find "$ROOT/ops/lkg/history" -mindepth 1 -maxdepth 1 -name '2*' | wc -l)" 1 # that of the floor
  kubectl-lkg capture "${here[@]}" --sign "$BATS_TEST_TMPDIR/key"
  k set env deployment/web ROGUE=1
  run -0 kubectl-lkg restore --soak 0 "${here[@]}"
  run -0 kubectl-lkg diff "${here[@]}"
  run -0 kubectl-lkg verify --root "$ROOT"
  assert_line --partial "signed by me@example.com with key ED25519 SHA256:"
  sed -i '3y/ABCDabcd/BCDAbcda/' "$ROOT/ops/lkg/SHA256SUMS.sig"
  run -6 kubectl-lkg restore --soak 0 "${here[@]}" --kubectl /bin/false
  assert_output --partial "SHA256SUMS.sig"
}
