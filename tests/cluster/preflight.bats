#!/usr/bin/env bats
# What a restore cannot get past is found before its first change: all of it at once, each with its cure.
load lib

setup() { sandbox; }
teardown() {
  kubectl delete validatingwebhookconfiguration,clusterrole,clusterrolebinding "$NS" --ignore-not-found
  kubectl label nodes --all "$NS-"
}

# A Deployment that Pod Security may refuse, that runs on one node alone, and that takes a ConfigMap of which nobody has a copy.
odd_deployment() {
  jq -n --arg ns "$NS" '{apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "odd"}, spec: {
    selector: {matchLabels: {app: "odd"}}, template: {metadata: {labels: {app: "odd"}}, spec: {hostNetwork: true,
      nodeSelector: {($ns): "yes"}, containers: [{name: "main", envFrom: [{configMapRef: {name: "by-hand"}}],
        image: "registry.example.com/odd@sha256:4444444444444444444444444444444444444444444444444444444444444444"}]}}}}'
}

# Webhooks for Deployments of the namespace: of a Service that is not there, and of one in the namespace itself.
dead_webhooks() {
  jq -n --arg ns "$NS" '{apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration",
    metadata: {name: $ns}, webhooks: [("nowhere", $ns) as $where | {name: "\($where).example.com", failurePolicy: "Fail",
      sideEffects: "None", admissionReviewVersions: ["v1"], clientConfig: {service: {namespace: $where, name: "hook"}},
      namespaceSelector: {matchLabels: {"kubernetes.io/metadata.name": $ns}},
      rules: [{apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"]}]}]}' | kubectl create -f -
}

# A good floor, captured; then everything that a restore would need of the cluster is gone or in the way.
floor_in_trouble() {
  kubectl create namespace "$NS"
  kubectl label "$(kubectl get nodes -o name | head -1)" "$NS=yes"
  k create configmap by-hand --from-literal=A=1
  k create service nodeport door --tcp=80
  odd_deployment | k create -f -
  k create -f "$CLUSTER_TESTS/small.yaml"
  k annotate deployment trader "argocd.argoproj.io/tracking-id=floor:apps/Deployment:$NS/trader"
  k label configmap settings kustomize.toolkit.fluxcd.io/name=apps kustomize.toolkit.fluxcd.io/namespace=flux-system
  k rollout status deployments --timeout=60s
  kubectl label namespace "$NS" pod-security.kubernetes.io/enforce=baseline
  lkg capture --exclude ConfigMap/by-hand

  port=$(k get service door -o 'jsonpath={.spec.ports[0].nodePort}')
  k delete service door
  k create service nodeport thief --tcp=80 --node-port="$port"
  k delete deployment odd web
  k delete configmap by-hand
  kubectl label nodes --all "$NS-"
  k patch configmap settings --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'
  k delete configmap settings --wait=false
  k create quota full --hard=pods=1
  eventually k wait --for=jsonpath='{.status.used.pods}'=1 quota/full --timeout=5s
  dead_webhooks
}

# A row of the table: a stop of that name, with those words in what was found and in the cure.
assert_stop() { # NAME DETAIL CURE
  assert_line --regexp "^$1 +stop +.*$2.* .*$3"
}

@test "everything in the way of a restore is named at once, with its cure, and nothing but the halt is written" {
  floor_in_trouble
  mark=$(audit_mark)
  run -3 lkg restore --soak 0 --no-report
  assert_line "NOT restored: stopped in phase preflight"
  assert_stop terminating "ConfigMap/settings is being deleted" "kubectl patch ConfigMap settings -n $NS"
  assert_stop gitops 'Argo CD \(floor\) owns Deployment/trader' "kubectl patch applications.argoproj.io floor -n argocd"
  assert_stop gitops 'Flux \(apps\) owns ConfigMap/settings' "kubectl patch kustomizations.kustomize.toolkit.fluxcd.io apps -n flux-system"
  assert_stop references "ConfigMap/by-hand is missing" "kubectl create configmap by-hand -n $NS"
  assert_stop webhooks "Service hook in namespace nowhere does not exist" "kubectl patch validatingwebhookconfiguration $NS"
  assert_stop webhooks "served by Service hook in namespace $NS itself" "/webhooks/1/failurePolicy"
  assert_stop pod-security 'a pod of Deployment/odd is refused.*violates PodSecurity "baseline' "kubectl label namespace $NS"
  assert_stop quota "a pod of Deployment/web is refused.*exceeded quota: full" "kubectl describe quota full -n $NS"
  assert_stop nodes "Deployment/odd fits none of 3 nodes: 3 node selector" "kubectl label node"
  assert_stop node-ports "node port $port of Service/door is taken" "kubectl edit service thief -n $NS"
  # The one error has them all, too.
  assert_line --regexp "^kubectl lkg: error: .*ConfigMap/settings.*Argo CD.*by-hand.*PodSecurity.*quota.*nodes.*node port"
  run audit_mutations "$mark"
  refute_line --regexp '^[a-z]+ (deployments|services|configmaps [^ ]*/(settings|by-hand)|cronjobs|pods|namespaces)'
  assert_line --partial "leases $NS/agenttrader-dr"
  assert_equal "$(grep -cvE '^[a-z]+ (leases|configmaps [^ ]*/agenttrader-(kill-switch|safety)) ' <<<"$output")" 0
  assert_equal "$(switch_value)" 1

  # A limit refuses a pod before others look at it; the rights are those of who asks.
  k delete quota full
  k create -f - <<<'{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "tiny"},
    "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1m"}}]}}'
  kubectl create clusterrole "$NS" --verb=get,list --resource='*.*'
  kubectl create clusterrolebinding "$NS" --clusterrole="$NS" --user="$NS-reader"
  mark=$(audit_mark)
  run -3 lkg plan
  assert_stop limits "a pod of Deployment/web is refused.*maximum cpu usage per Pod" "kubectl get limitrange -n $NS"
  run -3 lkg plan --allow-gitops --as "$NS-reader" --as-group system:authenticated
  assert_stop rights "you may not create, patch deployments.apps in namespace $NS" "kubectl auth can-i --list -n $NS"
  assert_line --regexp '^gitops +warn +Argo CD'
  assert_line --regexp '^admission +warn +not known whether pods of .*Deployment/web'
  run audit_mutations "$mark"
  assert_output ""

  # Every cure cures.
  k delete limitrange tiny
  k delete service thief
  kubectl delete validatingwebhookconfiguration "$NS"
  k create configmap by-hand --from-literal=A=1
  k patch configmap settings --type=merge -p '{"metadata":{"finalizers":null}}'
  kubectl label "$(kubectl get nodes -o name | head -1)" "$NS=yes"
  run -3 lkg plan --allow-gitops
  assert_equal "$(grep -c ' stop ' <<<"$output")" 1
  assert_stop pod-security "a pod of Deployment/odd is refused" "kubectl label namespace $NS"
}
