#!/usr/bin/env bats
# What a restore leaves behind: the state that it found, a journal of what it did, and a line in the ledger.
load lib

setup() { sandbox; }

drift() {
  k set env deployment/web ROGUE=1
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  k create configmap hotfix
}

# The events of the newest journal.
events() { # JQ-FILTER
  local journals=("$ROOT"/deploy_logs/restore-*.jsonl)
  jq -c -s "$1" "${journals[-1]}"
}

has_reached() { grep -q "\"phase\":\"$1\"" "$ROOT"/deploy_logs/restore-*.jsonl; } # PHASE

@test "a restore keeps what it found, writes down what it did, and how long it took" {
  small_floor
  drift
  lkg restore --soak 0 -o json >"$BATS_TEST_TMPDIR/result"

  evidence=$(jq -r .evidence "$BATS_TEST_TMPDIR/result")
  assert_equal "$(dirname "$evidence")" "$ROOT/audit_artifacts/pre_restore"
  (cd "$evidence" && sha256sum --quiet --strict -c SHA256SUMS)
  run kubectl drbackup verify "$evidence"
  assert_success
  assert_output --regexp "^backup [0-9TZ]+ is intact, but partial: [0-9]+ objects of namespace $NS$"
  run kubectl drbackup show "$evidence" deploy/web
  assert_output --partial 'name: ROGUE'
  run kubectl drbackup show "$(dirname "$evidence")/latest" cm/settings
  assert_output --partial 'LEVEL: debug'
  kubectl drbackup show "$evidence" cm/hotfix
  # The trader was equal; its pod is kept as a witness all the same.
  assert_not_exists "$evidence/deploy__trader.yaml"
  run kubectl drbackup show "$evidence" "pod/$(basename -s .yaml "$evidence"/po__trader-*.yaml | sed s/^po__//)"
  assert_output --partial 'phase: Running'
  # The restored objects differ from it, the extra is as it was; nothing else counts.
  run -1 --separate-stderr kubectl drbackup diff "$evidence" live -o json
  run jq -c '[.changes[] | select(.kind != "CronJob") | "\(.kind)/\(.name) \(.change)"]' <<<"$output"
  assert_output '["ConfigMap/settings changed","Deployment/web changed"]'

  # Each line of the journal is whole, and every call has its end but the watch of the switch.
  assert_equal "$(events '[.[] | select(.event == "phase").phase] | join(" ")')" \
    '"identify halt lock preflight plan evidence waves rollout prove verify prune schedules unlock"'
  assert_equal "$(events '[.[] | select(.event == "wave").wave] | join(" ")')" '"schedules configuration workloads"'
  assert_equal "$(events '([.[] | select(.event == "call" and (.background | not)).call] | sort) == ([.[] | select(.event == "result").call] | sort)')" true
  assert_equal "$(events '[.[] | select(.event == "workload" and .workload == "Deployment/web")][-1] | [.ready, .wanted, .settled]')" '[1,1,true]'
  assert_equal "$(events '.[-1] | [.event, .exitCode, .haltedAtEnd]')" '["end",0,true]'
  assert_equal "$(events '.[0].ms <= .[-1].ms and .[-1].ms > 0')" true

  # Nothing to change: nothing is kept, but the restore is on record.
  run lkg restore --soak 0 -o json
  assert_success
  assert_equal "$(find "$ROOT/audit_artifacts/pre_restore" -mindepth 1 -maxdepth 1 -type d | wc -l)" 1

  # The ledger: two lines, of which the first counts for what a plan expects.
  run lkg verify -o json
  assert_success
  assert_equal "$(jq .ledgerLines <<<"$output")" 2
  assert_equal "$(jq -s -c 'map([.exitCode, .changed > 0, .verifiedAfterMs > 0])' "$ROOT/ops/lkg/ledger.jsonl")" '[[0,true,true],[0,false,true]]'
  run lkg plan
  refute_output --partial 'expected time'
  k label deployment web rogue=1
  run lkg plan
  assert_success
  assert_output --partial 'median of 1 restore, the slowest took'
  sed -i '1s/"changed":[0-9]*/"changed":9/' "$ROOT/ops/lkg/ledger.jsonl"
  run -6 lkg verify
  assert_output --partial "line 2 of $ROOT/ops/lkg/ledger.jsonl does not follow the line before it"
  # It only measures: a restore does not depend on it.
  run lkg restore --soak 0
  assert_success
}

@test "what cannot be kept is a warning, or with --require-evidence the end before any write" {
  small_floor
  drift
  mkdir -p "$ROOT/audit_artifacts"
  touch "$ROOT/audit_artifacts/pre_restore" "$ROOT/deploy_logs"
  mark=$(audit_mark)
  run -1 lkg restore --soak 0 --no-report --require-evidence
  assert_output --partial "could not be kept: failed to create $ROOT/audit_artifacts/pre_restore"
  assert_equal "$(switch_value)" 1
  run audit_mutations "$mark"
  refute_line --regexp 'configmaps [^ ]*/(settings|hotfix) '
  refute_line --regexp ' (deployments|cronjobs) '

  run lkg restore --soak 0 --no-report
  assert_success
  assert_output --partial 'warning: what this restore is about to change could not be kept'
  assert_equal "$(grep -c 'no journal of this run' <<<"$output")" 1
  assert_equal "$(jq -s -c 'map(.exitCode)' "$ROOT/ops/lkg/ledger.jsonl")" '[1,0]'
}

@test "a restore that is killed leaves its journal up to then" {
  small_floor
  drift
  start_restore --soak 1m
  eventually has_reached rollout
  # shellcheck disable=SC2154 # set by start_restore
  kill -KILL "$child"
  await_restore
  assert_equal "$(events '[.[] | select(.event == "phase").phase][-1]')" '"rollout"'
  assert_equal "$(events 'any(.[]; .event == "end")')" false
  assert_equal "$(events '[.[] | select(.event == "call" and (.command // "" | test(" (replace|apply) ")))] | length > 0')" true
}
