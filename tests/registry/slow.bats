#!/usr/bin/env bats
# The faults that gcloud itself tries again for half a minute, and those that our own time limit ends: as many at once as
# there are cases, before the tests, which only look.
load lib

setup_file() {
  local case cases=() missing
  for case in "${CASES[@]}"; do
    run_case "$case" 3>&- &
    cases+=($!)
  done
  for case in "${cases[@]}"; do wait "$case" || missing=1; done
  [ -z "${missing:-}" ]
}

CASES=(listing_first_page listing_later_page listing_refused one_digest hang_listing hang_one_digest)

# Prepares a sandbox and runs the case in it; the tests read its status, stdout and stderr.
run_case() { # CASE
  local dir=$BATS_FILE_TMPDIR/$1 status=0
  sandbox "$dir"
  "$1" >"$dir/stdout" 2>"$dir/stderr" || status=$?
  echo "$status" >"$dir/status"
  teardown
}

# shellcheck disable=SC2016 # $repository is jq's
listing_first_page() {
  arsnap snapshot --repos "$(faulty_repositories '{path: ($repository + "dockerImages")}' 429 reset short-body),trader-repo"
}
# shellcheck disable=SC2016
listing_later_page() {
  arsnap snapshot --repos "$(faulty_repositories '{path: $repository, page: 2}' 429 reset short-body),trader-repo"
}
listing_refused() {
  stop_server
  arsnap snapshot --repos trader-repo
}
# shellcheck disable=SC2016
one_digest() {
  lkg_of_unlisted "$(faulty_repositories '{path: ($repository + "packages/")}' 429 500 502-html 503 reset short-body)"
  arsnap check --live -o json
}
# shellcheck disable=SC2016
hang_listing() {
  arsnap snapshot --repos "$(faulty_repositories '{path: $repository, page: 2}' hang),trader-repo"
}
# shellcheck disable=SC2016
hang_one_digest() {
  lkg_of_unlisted "$(faulty_repositories '{path: ($repository + "packages/")}' hang)"
  arsnap check --live -o json
}

# Takes up a case where run_case left it: its places, $status and $output.
result_of() { # CASE
  places "$BATS_FILE_TMPDIR/$1"
  status=$(cat "$BATS_FILE_TMPDIR/$1/status") output=$(cat "$BATS_FILE_TMPDIR/$1/stdout")
  stderr=$(cat "$BATS_FILE_TMPDIR/$1/stderr") # for no_token
  export stderr
  assert_failure 4
}

@test "429, reset and a short body on the first page of a listing: failed, never empty" {
  result_of listing_first_page
  assert_failed r-429,r-reset,r-short-body trader-repo
  no_token
}

@test "429, reset and a short body on a later page of a listing: failed, never empty, nor a part" {
  result_of listing_later_page
  assert_failed r-429,r-reset,r-short-body trader-repo
  no_token
}

@test "no registry at all: failed" {
  result_of listing_refused
  assert_failed trader-repo ""
}

@test "429, 5xx, reset and a short body for one digest: unknown" {
  result_of one_digest
  assert_unknown r-429,r-500,r-502-html,r-503,r-reset,r-short-body
  no_token
}

@test "a listing that hangs is given up after our own time limit: failed, and no gcloud is left" {
  result_of hang_listing
  assert_failed r-hang trader-repo
  assert_regex "$(inventory '.errors[]')" 'no answer within'
  run grep -l -s -a "^HOME=$HOME$" --null-data /proc/[0-9]*/environ
  refute_output --regexp . # but us, who have not been started with it
}

@test "a question for one digest that hangs: unknown" {
  result_of hang_one_digest
  assert_unknown r-hang
}

# After its retries gcloud prints the whole request first, and what the registry said at the end.
@test "a reason says what the registry answered" {
  result_of one_digest
  reasons=$(jq -r '.images[].reason' <<<"$output")
  assert_regex "$reasons" RESOURCE_EXHAUSTED
  assert_regex "$reasons" INTERNAL
  assert_regex "$reasons" UNAVAILABLE
  result_of listing_first_page
  assert_regex "$(inventory '.errors[0]')" '^r-429: .*RESOURCE_EXHAUSTED'
}
