#!/usr/bin/env bats
# Where the plugins go: every connection flag reaches every kubectl that they run, and nothing redirects a run.
# shellcheck disable=SC2030,SC2031 # each test has a HOME of its own
load lib

setup() {
  sandbox
  real=$(command -v kubectl)
  recorder=$BATS_TEST_TMPDIR/recorder
  calls=$BATS_TEST_TMPDIR/calls
}

# A kubectl that notes its arguments and its environment, then runs COMMANDS, then is the real one.
record() { # [COMMANDS]
  cat >"$recorder" <<END
#!/bin/bash
line=" \$(printf '%s ' "\$@")"
printf '%s KUBERC=%s KUBECTL_KUBERC=%s \n' "\$line" "\${KUBERC:-}" "\${KUBECTL_KUBERC:-}" >>"$calls"
${1:-}
exec "$real" "\$@"
END
  chmod +x "$recorder"
}

# Fails unless every recorded call, of which there must be AT-LEAST, has all of FLAGS.
assert_calls() { # AT-LEAST FLAGS...
  local least=$1 flag; shift
  [ "$(wc -l <"$calls")" -ge "$least" ] || fail "only $(wc -l <"$calls") calls of kubectl"
  for flag in "$@"; do
    run grep -vF -- " $flag " "$calls"
    assert_output ""
  done
}

# The client certificate and key of a user of the kubeconfig.
pem() { # USER FIELD
  k config view --raw -o json | jq -r --arg user "$1" --arg field "$2" '.users[] | select(.name == $user) | .user[$field]' | base64 -d
}

@test "every connection flag, before and after the verb, reaches every kubectl that a plugin runs" {
  floor_up
  record
  pem admin client-certificate-data >"$BATS_TEST_TMPDIR/client.crt"
  pem admin client-key-data >"$BATS_TEST_TMPDIR/client.key"
  before=(--as="$NS" --as-group=system:masters --as-group=second --as-uid=7 --as-user-extra=reason=drill --as-user-extra=case=1
    --cache-dir="$BATS_TEST_TMPDIR/cache" --certificate-authority="$CLUSTER_CA" --client-certificate="$BATS_TEST_TMPDIR/client.crt"
    --client-key="$BATS_TEST_TMPDIR/client.key" --cluster=test)
  after=(--kubeconfig="$KUBECONFIG" --request-timeout=25s --server="$CLUSTER_SERVER" --tls-server-name=localhost --user=admin
    --disable-compression=true)
  verbs=0
  for words in "lkg capture" "lkg verify" "lkg plan" "lkg diff" "lkg halt --prove=none" "lkg restore --soak=0" "drbackup create" "drbackup diff latest live"; do
    read -r plugin verb arguments <<<"$words"
    : >"$calls"
    code=0
    # The last namespace, context and server win.
    # shellcheck disable=SC2086 # several words
    kubectl "$plugin" -n nowhere "${before[@]}" --server=https://127.0.0.1:1 --context=viewer --kubectl "$recorder" "$verb" $arguments \
      "${after[@]}" --root "$ROOT" --context=admin -n "$NS" >"$BATS_TEST_TMPDIR/out" 2>&1 || code=$?
    [ "$code" -eq 0 ] || [[ $words == *diff* && $code -eq 1 ]] || fail "$words: exit $code: $(cat "$BATS_TEST_TMPDIR/out")"
    [ "$verb" = verify ] && { [ ! -s "$calls" ] || fail "verify is offline"; continue; }
    assert_calls 2 "${before[@]}" "${after[@]}" --context=admin KUBERC=off KUBECTL_KUBERC=false
    run grep -cE -- ' (--context=viewer|--server=https://127.0.0.1:1|--namespace=nowhere) ' "$calls"
    assert_output 0
    # The first call asks the kubeconfig alone; the others have their namespace too.
    run grep -vF -- " --namespace=$NS " "$calls"
    assert_equal "${#lines[@]}" 1
    assert_line --partial " config view "
    verbs=$((verbs + 1))
  done
  assert_equal "$verbs" 7
}

@test "no connection flag of kubectl is missing" {
  flags=$(kubectl options | grep -oE -- '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+')
  [ "$(wc -l <<<"$flags")" -gt 20 ] || fail "few flags found: $flags"
  for plugin in lkg drbackup arsnap; do
    ours=$(kubectl "$plugin" options | grep -oE -- '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+')
    # Those that are not about a connection; docs/compatibility.md has them.
    run grep -vxF -e --kuberc -e --log-flush-frequency -e --match-server-version -e --profile -e --profile-output -e --v \
      -e --vmodule -e --warnings-as-errors -f <(echo "$ours") <<<"$flags"
    assert_output ""
  done
}

@test "token, user name and password, and skipping the TLS check reach every kubectl" {
  kubectl create namespace "$NS"
  record
  for flags in "--token=$CLUSTER_ADMIN_TOKEN --insecure-skip-tls-verify=true" "--username=jane --password=secret"; do
    : >"$calls"
    # shellcheck disable=SC2086 # several words
    run kubectl lkg halt --prove=none -n "$NS" $flags --server "$CLUSTER_SERVER" --kubeconfig=/dev/null --kubectl "$recorder" -v
    case $flags in
      --token*) assert_success ;;
      *) assert_failure 5 ;; # nobody is called so, and a halt that was refused is no halt
    esac
    refute_output --partial "$CLUSTER_ADMIN_TOKEN"
    refute_output --partial secret
    # shellcheck disable=SC2086 # several words
    assert_calls 3 $flags
  done
  assert_equal "$(switch_value)" 1
}

@test "a kubeconfig that is switched and rewritten in mid-run redirects nothing" {
  kubectl create namespace "$NS"
  # As another terminal, or a tool that writes the credentials of a cluster of the same name, would do it.
  record "case \" \$* \" in *' config view '*)
    '$real' \"\$@\" || exit
    '$real' config use-context nobody >/dev/null
    '$real' config set-context admin --cluster=test --user=nobody --namespace=default >/dev/null
    '$real' config set-cluster test --server=https://127.0.0.1:1 >/dev/null
    exit ;; esac"
  mark=$(audit_mark)
  k config set-context --current --namespace="$NS"
  run kubectl lkg halt --kubectl "$recorder"
  assert_success
  assert_equal "$(kubectl config current-context)" nobody
  run audit_mutations "$mark"
  assert_line --regexp "^create configmaps $NS/agenttrader-kill-switch 201 "
}

@test "KUBECONFIG may be a list, and names that are not there are not read" {
  kubectl create namespace "$NS"
  # The context and its cluster are in different files.
  jq_of() { kubectl config view --raw -o json | jq "$@"; }
  jq_of '.clusters = null | .users = null' >"$BATS_TEST_TMPDIR/contexts"
  jq_of '.contexts = null | ."current-context" = ""' >"$BATS_TEST_TMPDIR/clusters"
  run env KUBECONFIG="$BATS_TEST_TMPDIR/contexts:/missing:$BATS_TEST_TMPDIR/clusters" kubectl-lkg halt -n "$NS"
  assert_success
  run -1 env KUBECONFIG="$BATS_TEST_TMPDIR/contexts:$BATS_TEST_TMPDIR/clusters" kubectl-lkg halt -n "$NS" --context nope
  assert_output --partial 'it has no context "nope"'
  assert_output --partial "get-contexts"
}

@test "an alias of kubectl, \$KUBECTL and \$KUBECTL_PATH" {
  kubectl create namespace "$NS"
  record
  ln -s "$recorder" "$BATS_TEST_TMPDIR/k"
  plugins=$(dirname "$(command -v kubectl-lkg)")
  for variable in KUBECTL KUBECTL_PATH; do
    : >"$calls"
    # No kubectl in PATH at all.
    run env PATH="$BATS_TEST_TMPDIR:$plugins:/usr/bin/nothing" "$variable=k" "$BATS_TEST_TMPDIR/k" lkg halt -n "$NS"
    assert_success
    assert_calls 4
  done
}

@test "a kuberc of the user's changes nothing" {
  kubectl create namespace "$NS"
  export HOME=$BATS_TEST_TMPDIR/home
  mkdir -p "$HOME/.kube"
  cat >"$HOME/.kube/kuberc" <<'END'
apiVersion: kubectl.config.k8s.io/v1beta1
kind: Preference
defaults:
- {command: get, options: [{name: output, default: name}]}
- {command: patch, options: [{name: dry-run, default: server}]}
END
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=0
  run k get configmap agenttrader-kill-switch
  assert_output configmap/agenttrader-kill-switch # it is in force
  run kubectl lkg halt -n "$NS"
  assert_success
  run env KUBERC=off kubectl -n "$NS" get configmap agenttrader-kill-switch -o 'jsonpath={.data.EXECUTION_HALTED}'
  assert_output 1
}

@test "in a pod, without a kubeconfig, the service account and its namespace are used" {
  unshare --mount true 2>/dev/null || skip "no mount namespace may be made here"
  kubectl create namespace "$NS"
  k create serviceaccount job
  k create rolebinding job --clusterrole=admin --serviceaccount="$NS:job"
  account=$BATS_TEST_TMPDIR/account
  mkdir "$account"
  k create token job >"$account/token"
  cp "$CLUSTER_CA" "$account/ca.crt"
  printf %s "$NS" >"$account/namespace"
  unset KUBECONFIG POD_NAMESPACE
  export HOME=$BATS_TEST_TMPDIR KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=${CLUSTER_SERVER##*:}
  # shellcheck disable=SC2016 # expanded by the inner bash
  run unshare --mount bash -ec 'mount -t tmpfs none /run
    mkdir -p /run/secrets/kubernetes.io
    cp -r "$1" /run/secrets/kubernetes.io/serviceaccount
    exec kubectl lkg halt' - "$account"
  assert_success
  assert_output --partial "read back in namespace $NS"
}
