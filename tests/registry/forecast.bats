#!/usr/bin/env bats
# Until when the images of the LKG stay: `kubectl arsnap forecast` with the real gcloud.
load lib

setup() {
  sandbox
  lkg_of tagged="$HOST/trader-repo/app@$(digest 1)" untagged="$HOST/trader-repo/app@$(digest 2)"
}

# Sets the cleanup policies of trader-repo, a jq object, and the age of its images in days.
policies() { # POLICIES [DAYS]
  registry ".repositories[\"trader-repo\"] |= (.resource.cleanupPolicies = $1
    | .images[][].created = (now - ${2:-10} * 86400 | todate))"
}

# The day that is so many days from now.
day_in() { date --utc --date="$1 days" +%Y-%m-%d; } # DAYS

# Forecasts, into $json, and checks the exit code and COMPONENT OUTLOOK POLICY DAY of each image.
assert_forecast() { # EXIT-CODE LINE...
  run --separate-stderr arsnap forecast -o json
  assert_equal "$status" "$1"; shift
  json=$output
  run jq -r '.images[] | [(.component | sub(".*/"; "")), .outlook, .policy, (.from // empty)[:10]]
    | map(select(. != null)) | join(" ")' <<<"$output"
  assert_output "$(printf '%s\n' "$@")"
}

delete_any_after() { echo "{action: \"DELETE\", condition: {tagState: \"ANY\", olderThan: \"$(($1 * 86400))s\"}}"; } # DAYS
delete_untagged_after() { echo "{action: \"DELETE\", condition: {tagState: \"UNTAGGED\", olderThan: \"$(($1 * 86400))s\"}}"; } # DAYS

@test "without a policy, and with one that only keeps, nothing is deleted; one look at each repository" {
  assert_forecast 0 "tagged kept" "untagged kept"
  assert_equal "$(requests | grep -c '/repositories/trader-repo?[^ ]* 200$')" 2 # with the one of the listing
  policies '{tagged: {action: "KEEP", condition: {tagState: "TAGGED"}}}'
  assert_forecast 0 "tagged kept" "untagged kept"
}

@test "a delete policy: from its date, now, and only what it matches" {
  policies "{old: $(delete_untagged_after 5)}"
  assert_forecast 1 "tagged kept" "untagged deletable old"
  policies "{all: $(delete_any_after 30), some: $(delete_untagged_after 15)}"
  assert_forecast 0 "tagged deletable-later all $(day_in 20)" "untagged deletable-later some $(day_in 5)"
  assert_equal "$(jq -r '.earliest[:10]' <<<"$json")" "$(day_in 5)" # of the whole LKG
}

@test "keep wins over delete: by tag, by number, and while it is new" {
  all=$(delete_any_after 5)
  policies "{all: $all, v: {action: \"KEEP\", condition: {tagState: \"TAGGED\", tagPrefixes: [\"v\"]}}}"
  assert_forecast 1 "tagged kept v" "untagged deletable all"
  policies "{all: $all, new: {action: \"KEEP\", condition: {newerThan: \"$((30 * 86400))s\"}}}"
  assert_forecast 0 "tagged deletable-later all $(day_in 20)" "untagged deletable-later all $(day_in 20)"
  policies "{all: $all, n: {action: \"KEEP\", mostRecentVersions: {keepCount: 1}}}"
  # shellcheck disable=SC2016 # $d1 is jq's
  registry '.repositories["trader-repo"].images.app[$d1].created = "2020-01-01T00:00:00Z"'
  assert_forecast 1 "tagged deletable all" "untagged kept n"
}

@test "a dry run deletes nothing, and immutable tags keep what is tagged" {
  policies "{all: $(delete_any_after 5)}"
  registry '.repositories["trader-repo"].resource.cleanupPolicyDryRun = true'
  assert_forecast 0 "tagged kept" "untagged kept"
  registry '.repositories["trader-repo"].resource |= {cleanupPolicies, dockerConfig: {immutableTags: true}}'
  assert_forecast 1 "tagged kept" "untagged deletable all"
}

@test "a form of policy that we do not know is unknown, never safe" {
  for policy in \
    '{action: "KEEP", condition: {tagState: "ANY", newCondition: "1"}}' \
    '{action: "ARCHIVE", condition: {tagState: "ANY"}}' \
    '{action: "DELETE", condition: {tagState: "SOMETIMES"}}' \
    '{action: "DELETE", condition: {moreStaleThan: "86400s"}}'; do
    policies "{odd: $policy}"
    run --separate-stderr arsnap forecast -o json
    assert_failure 4
    assert_equal "$policy: $(jq -r '[.images[].outlook] | join(" ")' <<<"$output")" "$policy: unknown unknown"
    assert_regex "$(jq -r '.images[0].reason' <<<"$output")" odd
  done
}

@test "the table ends with the first date of the whole LKG" {
  policies "{old: $(delete_untagged_after 30)}"
  run arsnap forecast
  assert_success
  assert_line --regexp "^Deployment/untagged .*deletable-later .*$(day_in 20)"
  assert_line --regexp "^the first image of the LKG may be deleted from $(day_in 20)"
}

@test "policies that cannot be read, a digest that is gone, and another registry" {
  lkg_of tagged="$HOST/trader-repo/app@$(digest 1)" gone="$HOST/trader-repo/app@$(digest 9)"
  assert_forecast 1 "tagged kept" "gone missing"
  lkg_of tagged="$HOST/trader-repo/app@$(digest 1)" github="ghcr.io/team/app@$(digest 1)" tool="$HOST/other-repo/tool@$(digest 4)"
  fault 403 '{path: "other-repo"}'
  assert_forecast 4 "tagged kept" "github unknown" "tool unknown"
  no_token
}
