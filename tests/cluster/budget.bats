#!/usr/bin/env bats
# The kubectl processes of each verb are part of the contract: the table in docs/performance.md, which this reads.
load lib

setup() { sandbox; }

# The command lines of the table with their budgets, "BUDGET COMMAND...".
# shellcheck disable=SC2016 # backquotes of Markdown
budgets() { sed -nE 's/^\| `kubectl (lkg|drbackup) ([^`]*)` \| ([0-9]+) \|.*/\3 \1 \2/p' "$BATS_TEST_DIRNAME/../../docs/performance.md"; }

@test "no verb runs more kubectl processes than the table of docs/performance.md says, and the table is not loose" {
  small_floor
  lkg restore --soak 0 --no-report # so that nothing differs
  count=0
  while read -r budget plugin verb rest; do
    read -ra arguments <<<"$rest"
    "kubectl-$plugin" "$verb" --root "$ROOT" -n "$NS" -v "${arguments[@]}" >/dev/null 2>"$BATS_TEST_TMPDIR/log" || fail "$plugin $verb: $(cat "$BATS_TEST_TMPDIR/log")"
    used=$(grep '^+ ' "$BATS_TEST_TMPDIR/log" | grep -vc 'through the proxy$')
    echo "$plugin $verb $rest: $used of $budget" >&3
    [ "$used" -le "$budget" ] || fail "$plugin $verb $rest: $used processes, the table allows $budget: $(cat "$BATS_TEST_TMPDIR/log")"
    [ $((used + 2)) -ge "$budget" ] || fail "$plugin $verb $rest: $used processes, the table says $budget"
    count=$((count + 1))
  done < <(budgets)
  [ "$count" -ge 7 ]
}
