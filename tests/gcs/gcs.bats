#!/usr/bin/env bats
# Durable copies: `kubectl drbackup push` and `pull` with the real `gcloud storage`, against an emulator of the store.
load lib

setup() { sandbox; }

first=20260101T000000Z second=20260102T000000Z third=20260103T000000Z

@test "a backup goes to the store and comes back the same, on a machine that has none" {
  backup "$first"
  run --separate-stderr drbackup push --to "$PLACE" -o json
  assert_success
  assert_equal "$(jq -r '.kind + " " + .copies[0].outcome + " " + .copies[0].object' <<<"$output")" \
    "PushReport uploaded $PLACE/cluster_backup/$first.tar"
  # What the store holds is what any tar unpacks and sha256sum proves.
  object_get "dr-copies/prod/floor/cluster_backup/$first.tar" "$BATS_TEST_TMPDIR/copy.tar"
  tar -C "$BATS_TEST_TMPDIR" -xf "$BATS_TEST_TMPDIR/copy.tar"
  (cd "$BATS_TEST_TMPDIR/$first" && sha256sum --strict --check --quiet SHA256SUMS)

  mv "$ROOT" "$ROOT.lost"
  mkdir "$ROOT"
  run --separate-stderr drbackup pull "$first" --from "$PLACE" -o json
  assert_success
  assert_equal "$(jq -r '[.kind, .outcome, .state, .files] | join(" ")' <<<"$output")" "PullReport pulled complete 3"
  run diff -r "$ROOT.lost/audit_artifacts/cluster_backup/$first" "$ROOT/audit_artifacts/cluster_backup/$first"
  assert_success
  run drbackup verify "$first"
  assert_success
  run drbackup pull "$first" --from "$PLACE"
  assert_success
  assert_output --partial "already there"
  no_leftovers
}

@test "pushed again: already there, and the object is not written again" {
  backup "$first"
  drbackup push --to "$PLACE"
  before=$(objects)
  run --separate-stderr drbackup push "$first" --to "$PLACE" -o json
  assert_success
  assert_equal "$(jq -r '.copies[0].outcome' <<<"$output")" "already there"
  assert_equal "$(objects)" "$before"
}

@test "--all sends what is missing, with two gcloud processes for any number" {
  backup "$first"
  drbackup push --to "$PLACE"
  backup "$second"
  backup "$third"
  : >"$CALLS"
  run --separate-stderr drbackup push --all --to "$PLACE" -o json
  assert_success
  assert_equal "$(jq -r '[.copies[].outcome] | join(",")' <<<"$output")" "already there,uploaded,uploaded"
  assert_equal "$(wc -l <"$CALLS")" 2
  assert_equal "$(objects | wc -l)" 3
  # The newest one is what a push without an id means.
  run drbackup push --to "$PLACE"
  assert_success
  assert_output --partial "$third"
}

@test "another object under the name: 6, nothing is replaced, and the other backups are sent" {
  backup "$first"
  backup "$second"
  echo other >"$BATS_TEST_TMPDIR/other"
  object_put "dr-copies/prod/floor/cluster_backup/$first.tar" "$BATS_TEST_TMPDIR/other"
  before=$(objects)
  run --separate-stderr drbackup push --all --to "$PLACE" -o json
  assert_failure 6
  assert_equal "$(jq -r '[.copies[].outcome] | join(",")' <<<"$output")" "different,uploaded"
  # shellcheck disable=SC2154 # set by run
  assert_regex "$stderr" "failed to push backup $first to $PLACE/cluster_backup/$first.tar: another object"
  assert_equal "$(objects | head -n 1)" "$before"
}

@test "a damaged backup is not sent: 6, and gcloud is not even started" {
  backup "$first"
  echo '# changed' >>"$ROOT/audit_artifacts/cluster_backup/$first/cm__settings.yaml"
  run --separate-stderr drbackup push "$first" --to "$PLACE"
  assert_failure 6
  assert_regex "$stderr" "cm__settings.yaml does not match its SHA-256 checksum"
  assert_equal "$(cat "$CALLS")" ""
  assert_equal "$(objects)" ""
}

@test "a tampered or cut object is refused: 6, nothing appears" {
  backup "$first"
  backup "$second"
  drbackup push --all --to "$PLACE"
  object=dr-copies/prod/floor/cluster_backup/$first.tar
  object_get "$object" "$BATS_TEST_TMPDIR/copy"
  rm -r "$ROOT/audit_artifacts"
  sed 's/key: value/key: valuf/' "$BATS_TEST_TMPDIR/copy" >"$BATS_TEST_TMPDIR/tampered"
  object_put "$object" "$BATS_TEST_TMPDIR/tampered"
  run drbackup pull "$first" --from "$PLACE"
  assert_failure 6
  assert_output --partial "$first.tar: cm__settings.yaml does not match its SHA-256 checksum"
  head -c 3000 "$BATS_TEST_TMPDIR/copy" >"$BATS_TEST_TMPDIR/cut"
  object_put "$object" "$BATS_TEST_TMPDIR/cut"
  run drbackup pull "$first" --from "$PLACE"
  assert_failure 6
  assert_output --partial "cut off"
  # The archive of another backup, under this one's name.
  object_get "dr-copies/prod/floor/cluster_backup/$second.tar" "$BATS_TEST_TMPDIR/copy"
  object_put "$object" "$BATS_TEST_TMPDIR/copy"
  run drbackup pull "$first" --from "$PLACE"
  assert_failure 6
  assert_not_exist "$ROOT/audit_artifacts/cluster_backup/$first"
  no_leftovers
}

@test "a backup that is here with another content is kept: 6" {
  backup "$first"
  drbackup push --to "$PLACE"
  directory=$ROOT/audit_artifacts/cluster_backup/$first
  echo "Another text." >"$directory/README.md"
  rm "$directory/SHA256SUMS"
  seal "$directory"
  run drbackup pull "$first" --from "$PLACE"
  assert_failure 6
  assert_output --partial "with another content"
  assert_equal "$(cat "$directory/README.md")" "Another text."
}

@test "an id that the store does not hold: 1, and it says what there is" {
  run drbackup pull "$first" --from "$PLACE"
  assert_failure 1
  assert_output --partial "$PLACE/cluster_backup holds none"
  backup "$second"
  drbackup push --to "$PLACE"
  run drbackup pull "$first" --from "$PLACE"
  assert_failure 1
  assert_output --partial "there is no $PLACE/cluster_backup/$first.tar"
  assert_output --partial "$PLACE/cluster_backup holds $second"
}

@test "a bucket that does not exist: 1, in gcloud's words" {
  backup "$first"
  run drbackup push --to gs://no-such-bucket/p
  assert_failure 1
  assert_output --partial "gs://no-such-bucket not found: 404"
  run drbackup pull "$first" --from gs://no-such-bucket/p
  assert_failure 1
  assert_output --partial "gs://no-such-bucket not found: 404"
}

@test "an incomplete backup is sent with a warning, and stays incomplete where it is pulled" {
  backup "$first" forbidden
  run drbackup push --to "$PLACE"
  assert_success
  assert_output --partial "warning: backup $first is incomplete"
  rm -r "$ROOT/audit_artifacts"
  run drbackup pull "$first" --from "$PLACE"
  assert_success
  assert_output --partial "warning: backup $first is incomplete"
  run drbackup verify "$first"
  assert_failure 4
}

@test "--lkg: an LKG goes into the store and comes back into the history" {
  lkg_entry
  run drbackup push --lkg --to "$PLACE"
  assert_success
  assert_output --partial "$PLACE/lkg/$LKG.tar"
  run drbackup push --lkg "$LKG" --to "$PLACE"
  assert_success
  assert_output --partial "already there"
  mv "$ROOT" "$ROOT.lost"
  mkdir "$ROOT"
  run drbackup pull --lkg "$LKG" --from "$PLACE"
  assert_success
  run diff -r "$ROOT.lost/ops/lkg/history/$LKG" "$ROOT/ops/lkg/history/$LKG"
  assert_success
  run kubectl-lkg verify --root "$ROOT" --from "$LKG"
  assert_success
  # A backup of that name is another thing.
  run drbackup pull "$LKG" --from "$PLACE"
  assert_failure 2
}

@test "a store that does not answer: our own deadline ends the wait, and nothing is called done" {
  backup "$first"
  stop_server
  # It takes gcloud half a minute to give up by itself.
  start=$SECONDS
  run drbackup push --to "$PLACE" --timeout 3s
  assert_failure 4
  assert_output --partial "gcloud gave no answer within"
  run drbackup pull "$first" --from "$PLACE" --timeout 3s
  assert_failure 1
  [ $((SECONDS - start)) -lt 25 ] || fail "it took $((SECONDS - start)) s"
  no_leftovers
  emulator_up
  run drbackup push --to "$PLACE"
  assert_success
}

@test "interrupted while gcloud works: 143, and no copy stays behind" {
  backup "$first"
  sed -i 's/^exec .*/exec sleep 60/' "$GCLOUD"
  kubectl-drbackup push --root "$ROOT" --to "$PLACE" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  pid=$! code=0
  eventually grep -q storage "$CALLS"
  assert_exist "$(awk '{ print $(NF - 1) }' "$CALLS")" # the staged archive
  kill -TERM "$pid"
  wait "$pid" || code=$?
  assert_equal "$code" 143
  no_leftovers
}

@test "a directory: copies are added there, never replaced, and read back" {
  backup "$first"
  run drbackup push --to "$BATS_TEST_TMPDIR/disk"
  assert_success
  assert_output --partial uploaded
  copy=$BATS_TEST_TMPDIR/disk/cluster_backup/$first.tar
  assert_equal "$(tar -tf "$copy" | head -n 1)" "$first/README.md"
  run drbackup push --to "$BATS_TEST_TMPDIR/disk"
  assert_success
  assert_output --partial "already there"
  rm -r "$ROOT/audit_artifacts"
  run drbackup pull "$first" --from "$BATS_TEST_TMPDIR/disk"
  assert_success
  echo other >"$copy"
  run drbackup push --to "$BATS_TEST_TMPDIR/disk"
  assert_failure 6
  assert_equal "$(cat "$copy")" other
  assert_equal "$(ls -A "$BATS_TEST_TMPDIR/disk/cluster_backup")" "$first.tar"
  assert_equal "$(cat "$CALLS")" "" # no gcloud for a directory
}

@test "a directory that cannot be written: 1, and it is named" {
  backup "$first"
  # A file in its place stops root too.
  echo file >"$BATS_TEST_TMPDIR/disk"
  run drbackup push --to "$BATS_TEST_TMPDIR/disk"
  assert_failure 1
  assert_output --partial "$BATS_TEST_TMPDIR/disk"
  if [ "$(id -u)" -ne 0 ]; then
    mkdir "$BATS_TEST_TMPDIR/readonly"
    chmod 500 "$BATS_TEST_TMPDIR/readonly"
    run drbackup push --to "$BATS_TEST_TMPDIR/readonly"
    assert_failure 1
    assert_output --partial "Permission denied"
  fi
}

@test "wrong usage: 2, before anything is read or started" {
  backup "$first"
  for wrong in 'gs://dr-copies/*' gs://Dr-copies/p s3://dr-copies/p ''; do
    run drbackup push --to "$wrong"
    assert_failure 2
  done
  run drbackup push --to "$PLACE" --timeout 0
  assert_failure 2
  run drbackup push "$first" --all --to "$PLACE"
  assert_failure 2
  run drbackup push
  assert_failure 2
  run drbackup pull --from "$PLACE"
  assert_failure 2
  run drbackup pull ../x --from "$PLACE"
  assert_failure 2
  GCLOUD='' PATH=$(dirname "$(command -v kubectl-drbackup)") run drbackup push --to "$PLACE"
  assert_failure 2
  assert_output --partial "gcloud not found"
  assert_equal "$(cat "$CALLS")" ""
}

@test "what -o json prints fits the schemas" {
  backup "$first"
  for verb in "push --to" "pull $first --from"; do
    # shellcheck disable=SC2086 # two words
    drbackup $verb "$PLACE" -o json >"$BATS_TEST_TMPDIR/document"
    mv "$BATS_TEST_TMPDIR/document" "$BATS_TEST_TMPDIR/$(jq -r .kind "$BATS_TEST_TMPDIR/document").json"
  done
  run "$GCS_TESTS/../documents.py" "$GCS_TESTS/../../docs/schemas" "$BATS_TEST_TMPDIR/PushReport.json" "$BATS_TEST_TMPDIR/PullReport.json"
  assert_output ""
  assert_success
}
