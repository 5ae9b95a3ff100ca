#!/usr/bin/env bats
# The fence (docs/deploy/kill-switch-fence.yaml): while the namespace carries the label, the API server itself refuses to
# release the switch or to take it away, and what we and everybody else do otherwise goes on.
load lib

setup() {
  sandbox
  kubectl apply -f "$BATS_TEST_DIRNAME/../../docs/deploy/kill-switch-fence.yaml"
}

hold() {
  kubectl label namespace "$NS" agenttrader.dev/dr-hold=true
  # A policy takes about a second after its creation.
  eventually is_refused k delete configmap agenttrader-kill-switch --dry-run=server
  eventually is_refused kubectl delete namespace "$NS" --dry-run=server
}
is_refused() { # COMMAND...
  local text
  if text=$("$@" 2>&1); then return 1; fi
  [[ $text == *"ValidatingAdmissionPolicy 'agenttrader-dr-hold"* ]]
}

# Runs a command that the fence must refuse, in the words that a person then reads; the switch is as it was.
refuses() { # OPERATION COMMAND...
  local operation=$1; shift
  run -1 "$@"
  assert_output --partial "ValidatingAdmissionPolicy 'agenttrader-dr-hold' with binding 'agenttrader-dr-hold' denied request: the kill switch is held at \"1\": $operation by $NS"
  assert_equal "$(k get configmap agenttrader-kill-switch -o 'jsonpath={.metadata.resourceVersion}')" "$version"
}

@test "held: the switch cannot be released, frozen or removed, nor its namespace" {
  kubectl create namespace "$NS"
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=1 --from-literal=OTHER=kept
  hold
  version=$(k get configmap agenttrader-kill-switch -o 'jsonpath={.metadata.resourceVersion}')
  refuses UPDATE k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  refuses UPDATE k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":null}}'
  refuses UPDATE k patch configmap agenttrader-kill-switch --type=json -p '[{"op":"remove","path":"/data"}]'
  refuses UPDATE k patch configmap agenttrader-kill-switch --type=merge -p '{"immutable":true}'
  released=$(k get configmap agenttrader-kill-switch -o json | jq '.data.EXECUTION_HALTED = "0"')
  refuses UPDATE k replace -f - <<<"$released"
  refuses UPDATE k apply --server-side --force-conflicts -f - <<<"$(jq 'del(.metadata.managedFields)' <<<"$released")"
  refuses DELETE k delete configmap agenttrader-kill-switch
  refuses DELETE k replace --force -f - <<<"$released"
  k create configmap bystander
  refuses DELETE k delete configmaps --all
  refuses DELETE kubectl delete --raw "/api/v1/namespaces/$NS/configmaps"
  run -1 kubectl delete namespace "$NS"
  assert_output --partial "ValidatingAdmissionPolicy 'agenttrader-dr-hold-namespace' with binding 'agenttrader-dr-hold-namespace' denied request: the namespace is held while its trading is halted: DELETE by $NS"
  run kubectl get namespace "$NS" -o 'jsonpath={.status.phase}'
  assert_output Active
}

@test "held: halt, capture and restore work, and so does everybody else" {
  small_floor
  hold
  run -0 lkg halt
  run -0 lkg capture
  # Drifted: the switch itself can no longer be, beyond its other keys.
  k patch configmap agenttrader-kill-switch --type=merge -p '{"metadata":{"labels":{"rogue":"1"}},"data":{"OTHER":"x"}}'
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  k set env deployment/trader ROGUE=1
  run -0 lkg restore --soak 0 --no-report
  # Whole: all that may go is gone.
  k delete deployment web trader
  k delete cronjob report
  k delete configmap settings agenttrader-safety
  run -0 lkg restore --soak 0 --no-report
  run -0 lkg diff
  k create configmap other --from-literal=EXECUTION_HALTED=0
  k delete configmap other
}

@test "without the label nothing is held" {
  kubectl create namespace "$NS"
  k create configmap agenttrader-kill-switch --from-literal=EXECUTION_HALTED=1
  hold
  kubectl label namespace "$NS" agenttrader.dev/dr-hold-
  run -0 mallory 0
  kubectl label namespace "$NS" agenttrader.dev/dr-hold=false
  run -0 k delete configmap agenttrader-kill-switch
  run -0 kubectl delete namespace "$NS"
}
