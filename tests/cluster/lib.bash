# What the tests on a real control plane share: `load lib` in a file, `sandbox` in its setup (or setup_file, for tests
# that only look).  Tests run in parallel, so each has a namespace, a user and a repository of its own, and writes
# nowhere else.  What a test leaves in the cluster goes away with the cluster.
# shellcheck source=tests/lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib.bash"

CLUSTER_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Sets NS, a namespace name (the namespace itself is floor_up's or the test's to create); ROOT, a git repository with
# one commit, for --root; and KUBECONFIG, as the user NS with all rights, so that the audit log tells tests apart.
sandbox() {
  local file dir
  file=$(basename "$BATS_TEST_FILENAME" .bats)
  if [ -n "${BATS_TEST_TMPDIR:-}" ]; then
    dir=$BATS_TEST_TMPDIR NS=${file//_/-}-$BATS_TEST_NUMBER
  else
    dir=$BATS_FILE_TMPDIR NS=${file//_/-}
  fi
  ROOT=$dir/repository
  git init --quiet --initial-branch=main "$ROOT"
  git -C "$ROOT" -c user.name=test -c user.email=test@example.com commit --quiet --allow-empty --message=first
  sed "/^- name: admin\$/ { n; s/.*/&\n    as: $NS\n    as-groups: [system:masters]/ }" \
    "$CLUSTER_DIR/kubeconfig" >"$dir/kubeconfig"
  chmod 600 "$dir/kubeconfig"
  export NS ROOT KUBECONFIG=$dir/kubeconfig
}

# Deploys the sample floor into the namespace and waits until it is settled (3 to 10 s).
floor_up() { # [NAMESPACE]
  "$CLUSTER_TESTS/floor/deploy.sh" "${1:-$NS}"
}

# A floor that is restored once, so that it runs by digest and equals its LKG.
pinned_floor() { # [NAMESPACE]
  floor_up "$@"
  lkg capture
  lkg restore --soak 0
}

# kubectl in the test's namespace.
k() { kubectl -n "$NS" "$@"; }

# kubectl lkg VERB in the test's namespace and repository.
lkg() { # VERB [ARGUMENTS...]
  local verb=$1; shift
  kubectl lkg "$verb" --root "$ROOT" -n "$NS" "$@"
}

# Prints a mark for the three functions below: they look at what came after it.  An answer may reach us a moment before
# its line reaches the log.
audit_mark() { sleep 0.2; stat --format=%s "$CLUSTER_AUDIT_LOG"; }

# Prints the test's own writes since the mark, in order: VERB RESOURCE NAMESPACE/NAME STATUS USER-AGENT.
audit_mutations() { # SINCE
  sleep 0.2
  "$CLUSTER_TESTS/audit.py" "$CLUSTER_AUDIT_LOG" --since "$1" --user "$NS"
}

# Prints the test's own writes to the kill switch since the mark, in order: VERB STATUS VALUE-AFTERWARDS.
audit_switch() { # SINCE
  sleep 0.2
  "$CLUSTER_TESTS/audit.py" "$CLUSTER_AUDIT_LOG" --since "$1" --user "$NS" --switch
}

# Since the mark the test's own writes were those of the switch and its twin, and of the Lease, and the switch is at "1".
assert_only_halted() { # SINCE
  local writes
  writes=$(audit_mutations "$1" | cut -d' ' -f2,3 | sort -u)
  assert_regex "$writes" "configmaps $NS/agenttrader-kill-switch"
  assert_equal "$(grep -vE "^(leases $NS/(agenttrader-dr|\*)|configmaps $NS/agenttrader-(kill-switch|safety))$" <<<"$writes")" ""
  assert_equal "$(switch_value)" 1
}

# Prints the kill switch's value.
switch_value() { k get configmap agenttrader-kill-switch --output=jsonpath='{.data.EXECUTION_HALTED}'; }

# The floor of small.yaml in the namespace, captured.
small_floor() {
  kubectl create namespace "$NS"
  k create -f "$CLUSTER_TESTS/small.yaml"
  k rollout status deployments --timeout=60s
  lkg capture
}

# An LKG in the incumbent's form, in which a pod of web can never be pulled; unpullable names it to a verb.
unpullable_lkg() {
  jq '(.items[] | select(.metadata.name == "web").spec.template.metadata.annotations) = {"sim.kwok/mode": "image-pull-backoff"}' \
    "$ROOT/ops/lkg/lkg_manifest.yaml" >"$BATS_TEST_TMPDIR/manifest"
  jq 'del(.schema)' "$ROOT/ops/lkg/lkg_metadata.json" >"$BATS_TEST_TMPDIR/metadata"
  # shellcheck disable=SC2034 # for the test
  unpullable="--manifest $BATS_TEST_TMPDIR/manifest --metadata $BATS_TEST_TMPDIR/metadata"
}

# Writes the kill switch as somebody called mallory.
mallory() { # VALUE
  k patch configmap agenttrader-kill-switch --field-manager=mallory --type=merge --patch="{\"data\":{\"EXECUTION_HALTED\":\"$1\"}}"
}

# Starts `kubectl lkg restore` with its stderr in $errors and its result in $result, and sets child to its process.
start_restore() { # [ARGUMENTS...]
  errors=$BATS_TEST_TMPDIR/errors result=$BATS_TEST_TMPDIR/result
  kubectl-lkg restore --root "$ROOT" -n "$NS" --no-report "$@" 2>"$errors" >"$result" 3>&- &
  child=$!
}

# Waits for it, and sets status.
# shellcheck disable=SC2034 # for the test
await_restore() { status=0; wait "$child" || status=$?; }
