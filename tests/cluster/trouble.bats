#!/usr/bin/env bats
# Real trouble in one namespace: credentials that end, a webhook that is dead.
# shellcheck disable=SC2154 # lib.bash sets child, errors and status
load lib

setup() { sandbox; }

# A webhook for every write of ConfigMaps in the namespace, at an address where nobody answers.
dead_webhook() {
  jq -n --arg ns "$NS" '{apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration",
    metadata: {name: $ns}, webhooks: [{name: "guard.example.com", failurePolicy: "Fail", sideEffects: "None", timeoutSeconds: 1,
    admissionReviewVersions: ["v1"], clientConfig: {url: "https://127.0.0.1:1/"},
    namespaceSelector: {matchLabels: {"kubernetes.io/metadata.name": $ns}},
    rules: [{apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"]}]}]}' | kubectl create -f -
  eventually is_refused k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"1"}}'
}
is_refused() { # COMMAND...
  local text
  if text=$("$@" 2>&1); then return 1; fi
  [[ $text == *'failed calling webhook "guard.example.com"'* ]]
}

@test "a dead webhook refuses every write of the switch: halted when it reads 1, unsafe and named when it does not" {
  small_floor
  dead_webhook
  run -0 lkg halt
  run -0 lkg restore --soak 0 --no-report
  kubectl delete validatingwebhookconfiguration "$NS"
  eventually mallory 0
  dead_webhook
  run -5 lkg halt
  assert_output --partial 'ConfigMap/agenttrader-kill-switch reads EXECUTION_HALTED="0": Error from server (InternalError)'
  assert_output --partial 'failed calling webhook "guard.example.com"'
  mark=$(audit_mark)
  run -5 lkg restore --soak 0 --no-report
  assert_output --partial 'at the end UNKNOWN'
  run audit_mutations "$mark"
  refute_line --regexp ' (200|201) ' # nothing was written
  kubectl delete validatingwebhookconfiguration "$NS"
}

@test "credentials that end in the middle of a restore: unsafe and UNKNOWN, not halted; the next run ends well" {
  small_floor
  token=$BATS_TEST_TMPDIR/token
  printf %s "$CLUSTER_ADMIN_TOKEN" >"$token"
  kubectl config set-credentials "file" >/dev/null
  jq --arg file "$token" '.users[] |= if .name == "file" then .user = {tokenFile: $file} else . end' \
    <<<"$(kubectl config view --raw -o json)" >"$KUBECONFIG.new"
  mv "$KUBECONFIG.new" "$KUBECONFIG"
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  start_restore --soak 5m --user=file
  eventually grep -q "soak:" "$errors"
  echo ended >"$token"
  await_restore
  assert_equal "$status" 5
  run cat "$errors"
  assert_output --partial "failed to prove the trading halt: "
  assert_output --partial "Unauthorized"
  run cat "$result"
  assert_output --partial "at the end UNKNOWN"
  printf %s "$CLUSTER_ADMIN_TOKEN" >"$token"
  # Its Lease stayed, but its process is gone.
  run -0 lkg restore --soak 0 --no-report --user=file
}
