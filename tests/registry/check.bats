#!/usr/bin/env bats
# Whether every image of the LKG still exists: `kubectl arsnap check` with the real gcloud.
load lib

setup() { sandbox; }

# The three images of the small registry.
lkg_of_registry() { # [MORE...]
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" team="$HOST/trader-repo/team/app@$(digest 3)" \
    tool="$HOST/other-repo/tool@$(digest 4)" "$@"
}

# Of the last output in JSON: COMPONENT VERDICT of each image.
verdicts() { jq -r '.images[] | "\(.component | sub(".*/"; "")) \(.verdict)"' <<<"$output"; }

# Why it is not present.
reason_of() { # COMPONENT
  jq -r --arg name "$1" '.images[] | select(.component | endswith("/" + $name)) | .reason' <<<"$output"
}

@test "present: from the inventory alone, without gcloud and without a network" {
  lkg_of_registry
  arsnap snapshot --repos trader-repo,other-repo
  stop_server
  PATH=$(dirname "$(command -v kubectl-arsnap)"):/usr/bin:/bin
  export GCLOUD=/no/such/gcloud
  run --separate-stderr arsnap check -o json
  assert_success
  assert_equal "$(verdicts)" "app present
team present
tool present"
  run jq -c '.images[0] | [.reference, .container, .tags]' <<<"$output"
  assert_output "[\"$HOST/trader-repo/app@$(digest 1)\",\"main\",[\"latest\",\"v1\"]]"
  run arsnap check
  assert_success
  assert_output --partial "$INVENTORY"
}

@test "present: --live asks the registry, not the file" {
  lkg_of_registry
  run --separate-stderr arsnap check --live -o json
  assert_success
  assert_equal "$(verdicts | grep -c present)" 3
  no_token
  assert_file_not_exist "$ROOT/$INVENTORY"
}

@test "unknown: what the inventory does not hold, until the registry itself is asked" {
  lkg_of new="$HOST/trader-repo/app@$(digest 5)"
  arsnap snapshot --repos trader-repo
  # shellcheck disable=SC2016 # $d5 is jq's
  registry '.repositories["trader-repo"].images.app[$d5] = {}' # pushed after the snapshot
  run -4 arsnap check
  assert_output --partial "--live"
  run arsnap check --live
  assert_success
}

@test "missing: only after NOT_FOUND for that digest, with what to do next" {
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" gone="$HOST/trader-repo/team/app@$(digest 9)"
  run --separate-stderr arsnap check --live -o json
  assert_failure 1
  assert_equal "$(verdicts)" "app present
gone missing"
  assert_regex "$(requests)" "GET [^ ]*/packages/team%252Fapp/versions/$(digest 9)[^ ]* 404"
  run arsnap check --live
  assert_failure 1
  assert_output --partial "rebuild"
  assert_output --partial "capture"
}

# The answers that gcloud asks for again are in slow.bats.
@test "unknown: every answer but NOT_FOUND to the question for one digest" {
  # shellcheck disable=SC2016 # $repository is jq's
  names=$(faulty_repositories '{path: ($repository + "packages/")}' 401 403 403-disabled bad-json)
  lkg_of_unlisted "$names"
  run --separate-stderr arsnap check --live -o json
  assert_failure 4
  assert_unknown "$names"
  assert_equal "$(requests | grep -c "/versions/$(digest 9)")" 5 # gcloud asks twice after 401
  no_token
}

@test "a listing that fails is unknown, a repository that is gone is missing, as the registry says for each digest" {
  # shellcheck disable=SC2016 # $repository is jq's
  names=$(faulty_repositories '{path: ($repository + "dockerImages")}' 403 503)
  lkg_of_unlisted "$names"
  run --separate-stderr arsnap check --live -o json
  assert_failure 4
  assert_unknown "$names"
  lkg_of app="$HOST/absent/app@$(digest 1)"
  run arsnap check --live
  assert_failure 1
}

@test "unknown: an image elsewhere, a repository outside the inventory, and one that failed there" {
  lkg_of_registry github="ghcr.io/team/app@$(digest 1)" outside="$HOST/third-repo/app@$(digest 1)" \
    elsewhere="europe-west1-docker.pkg.dev/another-project/trader-repo/app@$(digest 1)"
  fault 503 '{path: "other-repo"}'
  run -4 arsnap snapshot --repos trader-repo,other-repo
  run --separate-stderr arsnap check -o json
  assert_failure 4
  assert_equal "$(verdicts | LC_ALL=C sort)" "app present
elsewhere unknown
github unknown
outside unknown
team present
tool unknown"
  assert_regex "$(reason_of github)" ghcr.io
  assert_regex "$(reason_of outside)" third-repo
  assert_regex "$(reason_of elsewhere)" another-project
  assert_regex "$(reason_of tool)" UNAVAILABLE
}

@test "the worst wins: unknown over missing over present" {
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" gone="$HOST/trader-repo/app@$(digest 9)" \
    github="ghcr.io/team/app@$(digest 1)"
  run --separate-stderr arsnap check --live -o json
  assert_failure 4
  assert_equal "$(verdicts | LC_ALL=C sort)" "app present
github unknown
gone missing"
}

@test "the same digest under another name is a hint, not a find" {
  lkg_of renamed="$HOST/trader-repo/renamed@$(digest 1)"
  run arsnap check --live
  assert_failure 1
  assert_line --regexp 'missing'
  assert_output --partial "$HOST/trader-repo/app"
}

@test "missing, rebuilt and pushed again: present" {
  lkg_of app="$HOST/trader-repo/app@$(digest 9)"
  run -1 arsnap check --live
  # shellcheck disable=SC2016 # $d9 is jq's
  registry '.repositories["trader-repo"].images.app[$d9] = {tags: ["v9"]}'
  run arsnap check --live
  assert_success
  arsnap snapshot --repos trader-repo
  run arsnap check
  assert_success
}

@test "a damaged inventory is 6, and none is never a good one" {
  lkg_of_registry
  arsnap snapshot --repos trader-repo,other-repo
  cp "$ROOT/$INVENTORY" "$BATS_TEST_TMPDIR/whole"
  head -c 700 "$BATS_TEST_TMPDIR/whole" >"$ROOT/$INVENTORY"
  run -6 arsnap check
  assert_output --partial "$INVENTORY"
  for change in 'del(.images)' 'del(.errors)' '.images[0].version = "sha256:1"' '.images = {}' 'del(.images[0].package)'; do
    jq "del(.sha256) | $change" "$BATS_TEST_TMPDIR/whole" >"$ROOT/$INVENTORY"
    run -6 arsnap check
    refute_output --partial /sha256
  done
  jq '.images[0].tags = ""' "$BATS_TEST_TMPDIR/whole" >"$ROOT/$INVENTORY"
  run -6 arsnap check
  assert_output --partial "its content is not what /sha256 was made of"
  jq 'del(.sha256) | .images[0].tags = ""' "$BATS_TEST_TMPDIR/whole" >"$ROOT/$INVENTORY" # what the incumbent script may have written
  run arsnap check
  assert_success
  rm "$ROOT/$INVENTORY"
  run arsnap check
  assert_failure
  assert_output --partial "snapshot"
}

@test "a damaged LKG is 6, and so is one that pins nothing" {
  lkg_of app="$HOST/trader-repo/app:v1"
  run -6 arsnap check --live
  echo '{' >"$ROOT/ops/lkg/lkg_manifest.yaml"
  run -6 arsnap check --live
  assert_file_not_exist "$REQUESTS"
}
