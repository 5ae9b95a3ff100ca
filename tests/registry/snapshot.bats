#!/usr/bin/env bats
# The inventory that `kubectl arsnap snapshot` writes, with the real gcloud against a registry of the test's own.
load lib

setup() { sandbox; }

@test "the inventory has the keys, the rows of gcloud with _repo, sorted and none twice" {
  # The registry lists backwards, in pages that repeat a row, as a listing does while somebody pushes.
  # shellcheck disable=SC2016 # $d1 is jq's
  registry '.repositories["trader-repo"] += {page_limit: 2, overlap: 1}
    | .repositories["trader-repo"].images.app[$d1].created = "2026-01-02T03:04:05.1Z"'
  run --separate-stderr arsnap snapshot --repos trader-repo,other-repo
  assert_success
  run jq -S . "$ROOT/$INVENTORY"
  assert_equal "$output" "$(cat "$ROOT/$INVENTORY")"
  assert_equal "$(tail -c 1 "$ROOT/$INVENTORY")" "" # a newline at the end
  run inventory 'keys | join(" ")'
  assert_output --regexp 'errors images location project repos .*timestamp_utc'
  run inventory '[.project, .location, .repos, .errors, (.timestamp_utc | fromdate < now)] | tojson'
  assert_output '["agenttrader-prod","us-east4",["trader-repo","other-repo"],[],true]'
  run inventory '.images[] | [._repo, .package, .version[-1:], (.tags | join(" ")), .createTime] | join("|")'
  assert_output "other-repo|$HOST/other-repo/tool|4|v4|2026-01-02T03:04:05.678901Z
trader-repo|$HOST/trader-repo/app|1|v1 latest|2026-01-02T03:04:05.1Z
trader-repo|$HOST/trader-repo/app|2||2026-01-02T03:04:05.678901Z
trader-repo|$HOST/trader-repo/team/app|3|v3|2026-01-02T03:04:05.678901Z"
  # All that gcloud says of an image is kept as it is.
  gcloud artifacts docker images list "$HOST/other-repo" --include-tags --format=json 2>/dev/null >"$BATS_TEST_TMPDIR/rows"
  assert_equal "$(inventory '.images[0] | del(._repo) | tojson')" "$(jq -r '.[0] | tojson' "$BATS_TEST_TMPDIR/rows")"
  assert_file_permission 644 "$ROOT/$INVENTORY"
  no_token
}

@test "one listing a repository, in pages of 1000, whatever gcloud's own configuration says" {
  export CLOUDSDK_CORE_USER_OUTPUT_ENABLED=false # gcloud would print nothing, and exit 0
  run arsnap snapshot --repos trader-repo,other-repo
  assert_success
  assert_equal "$(inventory '.images | length')" 4
  assert_equal "$(requests | grep -c 'pageSize=1000 200$')" 2
  assert_equal "$(requests | wc -l)" 4 # with one look at each repository
}

@test "an empty repository is empty; one that is not Docker, absent or of another project has failed" {
  registry '.repositories.empty = {} | .repositories.python = {resource: {format: "PYTHON"}}'
  run arsnap snapshot --repos empty
  assert_success
  assert_equal "$(inventory '[.images, .errors] | tojson')" "[[],[]]"
  run -4 arsnap snapshot --repos empty,python,absent
  assert_failed python,absent ""
  run inventory '.errors[]'
  assert_line --regexp '^python: .*PYTHON'
  assert_line --regexp '^absent: .*NOT_FOUND'
  run -4 arsnap snapshot --repos trader-repo --project another-project
  assert_failed trader-repo ""
}

@test "a repository that fails never looks empty: on the first page" {
  # shellcheck disable=SC2016 # $repository is jq's
  names=$(faulty_repositories '{path: ($repository + "dockerImages")}' 401 403 403-disabled 404 500 503 502-html bad-json)
  run -4 arsnap snapshot --repos "$names,trader-repo"
  assert_failed "$names" trader-repo
  assert_equal "$(inventory '.repos | join(",")')" "$names,trader-repo"
  no_token
}

@test "a repository that fails never looks empty, nor like a part of it: on a later page" {
  # shellcheck disable=SC2016 # $repository is jq's
  names=$(faulty_repositories '{path: $repository, page: 2}' 401 403 403-disabled 404 500 503 502-html bad-json)
  run -4 arsnap snapshot --repos "$names,trader-repo"
  assert_failed "$names" trader-repo
  assert_equal "$(requests | grep -c '/dockerImages[^ ]*pageSize=1000 200$')" 9 # each first page was there
  no_token
}

@test "what gcloud itself gets over is no failure" {
  fault 429 '{path: "dockerImages", times: 1}'
  fault reset '{path: "dockerImages", times: 1}'
  run arsnap snapshot --repos trader-repo
  assert_success
  assert_equal "$(inventory '[(.images | length), .errors] | tojson')" "[3,[]]"
}

@test "the errors hold no token, no account and no path of credentials" {
  # A server that echoes what it got is the worst case.
  fault 403 "{path: \"trader-repo\", message: \"Denied for Bearer $TOKEN of robot@agenttrader-prod.iam.gserviceaccount.com\"}"
  run -4 arsnap snapshot --repos trader-repo -v
  refute_output --partial robot@
  no_token
  run inventory '.errors[]'
  assert_output --regexp '^trader-repo: .*PERMISSION_DENIED'
  refute_output --partial robot@

  # gcloud itself names the token's file or the account.
  echo "$TOKEN" >"$BATS_TEST_TMPDIR/credential"
  unset CLOUDSDK_AUTH_ACCESS_TOKEN
  CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$BATS_TEST_TMPDIR/credential run -4 arsnap snapshot --repos absent
  refute_output --partial "$BATS_TEST_TMPDIR/credential"
  run inventory '.errors[]'
  assert_output --regexp '^absent: .*NOT_FOUND'
  refute_output --partial credential
  no_token
  registry '.faults = []'
  service_account
  run arsnap snapshot --repos trader-repo
  assert_success
  run -4 arsnap snapshot --repos absent
  refute_output --partial robot@
  registry 'del(.token)' # the key was revoked
  rm "$CLOUDSDK_CONFIG/access_tokens.db"
  run -4 arsnap snapshot --repos trader-repo
  refute_output --partial robot@
  assert_output --partial "gcloud auth"
  run inventory '.errors[]'
  assert_output --regexp '^trader-repo: .*invalid_grant'
  refute_output --partial robot@
  no_token
}

@test "10,000 digests in one repository take less than 100 MiB of our own memory" {
  registry '.repositories.big = {images: {app:
    ([range(10000) | {key: ("sha256:" + (("0" * 64) + tostring)[-64:]), value: {tags: ["v\(.)"]}}] | from_entries)}}'
  run "$REGISTRY_TESTS/peak_memory.py" kubectl-arsnap snapshot --root "$ROOT" --repos big
  assert_success
  kib=$(sed -n 's/^peak: \([0-9]*\) KiB$/\1/p' <<<"$output")
  echo "# peak: $kib KiB" >&3
  [ "$kib" -gt 1000 ] # something was measured
  [ "$kib" -lt $((100 * 1024)) ]
  assert_equal "$(inventory '[(.images | length), (.images | map(.version) | unique | length)] | tojson')" "[10000,10000]"
}

@test "two snapshots at once do not disturb each other" {
  arsnap snapshot --repos trader-repo,other-repo >"$BATS_TEST_TMPDIR/first" 2>&1 3>&- &
  first=$!
  run arsnap snapshot --repos trader-repo,other-repo
  assert_success
  wait "$first" || fail "$(cat "$BATS_TEST_TMPDIR/first")"
  assert_equal "$(inventory '[(.images | length), .errors] | tojson')" "[4,[]]"
  assert_equal "$(ls -A "$ROOT/audit_artifacts")" artifacts_snapshot.json
}

@test "SIGTERM stops gcloud, keeps the old inventory and leaves nothing behind; no argument holds the token" {
  arsnap snapshot --repos trader-repo
  before=$(cat "$ROOT/$INVENTORY")
  fault hang '{path: "dockerImages"}'
  kubectl-arsnap snapshot --root "$ROOT" --repos trader-repo >/dev/null 2>&1 3>&- &
  ours=$!
  eventually grep -q hang "$REQUESTS"
  gcloud=$(pgrep -P "$ours")
  arguments=$(tr '\0' ' ' <"/proc/$ours/cmdline"; tr '\0' ' ' <"/proc/$gcloud/cmdline")
  assert_regex "$arguments" "docker images list"
  refute_regex "$arguments" marked-fake
  kill -TERM "$ours"
  status=0; wait "$ours" || status=$?
  assert_equal "$status" 143
  eventually eval "! kill -0 $gcloud"
  assert_equal "$(cat "$ROOT/$INVENTORY")" "$before"
  assert_equal "$(ls -A "$ROOT/audit_artifacts")" artifacts_snapshot.json
}

@test "without gcloud: exit 2 and one line that says so; the inventory stays" {
  arsnap snapshot --repos trader-repo
  before=$(cat "$ROOT/$INVENTORY")
  run -2 --separate-stderr arsnap snapshot --gcloud /no/such/gcloud
  assert_equal "$output" ""
  # shellcheck disable=SC2154 # set by run
  assert_regex "$stderr" '^kubectl arsnap: error: .*gcloud'
  run -2 --separate-stderr env PATH=/no/such/folder "$(command -v kubectl-arsnap)" snapshot --root "$ROOT"
  assert_regex "$stderr" '^kubectl arsnap: error: .*gcloud'
  GCLOUD=/no/such/gcloud run -2 arsnap snapshot
  assert_equal "$(cat "$ROOT/$INVENTORY")" "$before"
}

@test "--gcloud wins over GCLOUD, which wins over PATH" {
  for name in flag variable; do
    printf '#!/bin/sh\necho %s >>"%s/used"\nexec gcloud "$@"\n' $name "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/$name"
    chmod +x "$BATS_TEST_TMPDIR/$name"
  done
  export GCLOUD=$BATS_TEST_TMPDIR/variable
  arsnap snapshot --repos trader-repo
  arsnap snapshot --repos trader-repo --gcloud "$BATS_TEST_TMPDIR/flag"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/used")" "variable
flag"
}

@test "a configuration that another gcloud holds is tried again" {
  gcloud config list 2>/dev/null # makes it
  python3 -c '
import sqlite3, sys, time
sqlite3.connect(sys.argv[1], isolation_level=None).execute("BEGIN EXCLUSIVE")
print(flush=True)
time.sleep(4)' "$CLOUDSDK_CONFIG/default_configs.db" >"$BATS_TEST_TMPDIR/locked" 3>&- &
  eventually test -s "$BATS_TEST_TMPDIR/locked"
  run --separate-stderr arsnap snapshot --repos trader-repo -v
  assert_success
  [ "$(grep -c 'images list' <<<"$stderr")" -ge 2 ] # the first one failed
  assert_equal "$(inventory '.images | length')" 3
}

@test "logged out: the command to run, without a look at the registry" {
  unset CLOUDSDK_AUTH_ACCESS_TOKEN
  run -4 arsnap snapshot --repos trader-repo
  assert_output --partial "gcloud auth login"
  assert_failed trader-repo ""
  assert_file_not_exist "$REQUESTS"
  CLOUDSDK_CORE_ACCOUNT=somebody@example.com run -4 arsnap snapshot --repos trader-repo
  assert_output --partial "gcloud auth login"
  refute_output --partial somebody@
  run cat "$ROOT/$INVENTORY"
  refute_output --partial somebody@
}

@test "names that are none are refused with 2, before gcloud runs" {
  for arguments in "--repos Trader" "--repos ../x" "--repos a,,b" "--repos --help" "--project X" "--location us/east"; do
    # shellcheck disable=SC2086 # two words
    run -2 arsnap snapshot $arguments
  done
  assert_file_not_exist "$REQUESTS"
  assert_file_not_exist "$ROOT/$INVENTORY"
}

@test "snapshot_artifacts.sh: PROJECT, LOCATION else REGION, AR_REPOS; from any directory; OK in the last line" {
  mkdir "$ROOT/scripts"
  cp "$REGISTRY_TESTS/../../scripts/snapshot_artifacts.sh" "$ROOT/scripts/"
  cd /
  run --separate-stderr "$ROOT/scripts/snapshot_artifacts.sh" </dev/null
  assert_success
  assert_regex "${lines[-1]}" '^OK: '
  assert_equal "$(inventory '[.project, .location, .repos, (.images | length)] | tojson')" \
    '["agenttrader-prod","us-east4",["trader-repo"],3]'
  registry '.project = "other-project" | .location = "europe-west1"'
  PROJECT=other-project REGION=europe-west1 AR_REPOS=trader-repo,other-repo \
    run --separate-stderr "$ROOT/scripts/snapshot_artifacts.sh"
  assert_success
  assert_equal "$(inventory '[.project, .location, .repos, (.images | length)] | tojson')" \
    '["other-project","europe-west1",["trader-repo","other-repo"],4]'
  PROJECT=other-project LOCATION=europe-west1 REGION=us-east1 run "$ROOT/scripts/snapshot_artifacts.sh"
  assert_success
  PROJECT=other-project LOCATION=europe-west1 AR_REPOS=trader-repo,absent run --separate-stderr "$ROOT/scripts/snapshot_artifacts.sh"
  assert_failure 4
  refute_output --partial "OK: "
  assert_failed absent trader-repo
}
