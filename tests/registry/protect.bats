#!/usr/bin/env bats
# The lkg- tag on each digest of the LKG: `kubectl arsnap protect` with the real gcloud.
load lib

setup() {
  sandbox
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" team="$HOST/trader-repo/team/app@$(digest 3)"
}

# The tags of that digest in the registry, sorted.
tags_of() { # IMAGE DIGIT
  jq -r --arg image "$1" --arg digest "$(digest "$2")" \
    '.repositories["trader-repo"].images[$image][$digest].tags | sort | join(" ")' "$REGISTRY"
}

# The requests so far that change something.
writes() { requests | grep -v '^GET ' || true; }

@test "each digest gets its tag by one create, a nested image too, and the second run writes nothing" {
  run arsnap protect
  assert_success
  assert_equal "$(tags_of app 1)" "latest lkg-111111111111 v1"
  assert_equal "$(tags_of team/app 3)" "lkg-333333333333 v3"
  run writes
  assert_equal "${#lines[@]}" 2
  assert_line --regexp '^POST [^ ]*/packages/app/tags\?.*tagId=lkg-111111111111.* 200$'
  assert_line --regexp '^POST [^ ]*/packages/team%252Fapp/tags\?.*tagId=lkg-333333333333.* 200$'
  run arsnap protect
  assert_success
  run writes
  assert_equal "${#lines[@]}" 2
  no_token
}

@test "--dry-run says what it would write and what a tag does not protect from, and writes nothing" {
  run arsnap protect --dry-run
  assert_success
  assert_output --partial lkg-111111111111
  assert_output --partial lkg-333333333333
  assert_output --partial "A tag does not keep an image from"
  assert_equal "$(writes)" ""
  assert_equal "$(tags_of app 1)" "latest v1"
}

@test "a tag that points elsewhere is moved by one update, never deleted" {
  # shellcheck disable=SC2016 # $d2 is jq's
  registry '.repositories["trader-repo"].images.app[$d2].tags = ["lkg-111111111111"]'
  run arsnap protect
  assert_success
  assert_equal "$(tags_of app 1)" "latest lkg-111111111111 v1"
  assert_equal "$(tags_of app 2)" ""
  assert_regex "$(writes)" 'PATCH [^ ]*/packages/app/tags/lkg-111111111111\?[^ ]* 200'
  refute_regex "$(writes)" DELETE
}

@test "a digest that is gone is 1, a refused one is not protected, and the others still get their tag" {
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" gone="$HOST/trader-repo/app@$(digest 9)"
  run -1 arsnap protect
  assert_output --partial "$(digest 9)"
  assert_equal "$(tags_of app 1)" "latest lkg-111111111111 v1"

  lkg_of team="$HOST/trader-repo/team/app@$(digest 3)" tool="$HOST/other-repo/tool@$(digest 4)"
  fault 403 '{method: "POST", path: "other-repo"}'
  run -4 arsnap protect
  assert_output --partial PERMISSION_DENIED
  assert_equal "$(tags_of team/app 3)" "lkg-333333333333 v3"
}

@test "where tags are immutable a new one is made, and one that would have to move is 4 and stays" {
  # shellcheck disable=SC2016 # $d2 is jq's
  registry '.repositories["trader-repo"] |= (.resource.dockerConfig.immutableTags = true
    | .images.app[$d2].tags = ["lkg-111111111111"])'
  run -4 arsnap protect
  assert_output --partial FAILED_PRECONDITION
  assert_equal "$(tags_of team/app 3)" "lkg-333333333333 v3"
  assert_equal "$(tags_of app 2)" "lkg-111111111111"
}

@test "of an image for several platforms the index is tagged; a part of one is tagged with a note" {
  # shellcheck disable=SC2016 # $d5 to $d7 are jq's
  registry '.repositories["trader-repo"].images.multi = {($d5): {tags: ["v5"], manifests: [$d6, $d7]}, ($d6): {}, ($d7): {}}'
  lkg_of index="$HOST/trader-repo/multi@$(digest 5)"
  run arsnap protect
  assert_success
  refute_output --partial "note:"
  assert_equal "$(writes | wc -l)" 1
  assert_equal "$(tags_of multi 5)" "lkg-555555555555 v5"
  lkg_of part="$HOST/trader-repo/multi@$(digest 6)"
  run arsnap protect
  assert_success
  assert_output --partial "note: $HOST/trader-repo/multi@$(digest 6)"
  assert_equal "$(tags_of multi 6)" "lkg-666666666666"
}

@test "an image of another registry cannot be tagged: 4, and the others are" {
  lkg_of app="$HOST/trader-repo/app@$(digest 1)" github="ghcr.io/team/app@$(digest 1)"
  run -4 arsnap protect
  assert_output --partial "ghcr.io"
  assert_equal "$(tags_of app 1)" "latest lkg-111111111111 v1"
}
