#!/usr/bin/env bats
# What a restore cannot get past is found before its first change: all of it at once, each with its cure.
load lib

load registry

# Each shown stop adds a line, CHECK: CASE, and the last test compares them with the table of docs/preflight.md.
setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  export SHOWN=$BATS_FILE_TMPDIR/shown
}
setup() { sandbox; }
teardown() {
  [ -z "${registry_pid:-}" ] || kill "$registry_pid" 2>/dev/null || true
  kubectl delete --ignore-not-found validatingwebhookconfiguration,clusterrole,clusterrolebinding,runtimeclass,priorityclass,pv "$NS"
  kubectl delete --ignore-not-found node "$NS-a" "$NS-b"
  kubectl label nodes --all "$NS-"
}

# Of the last output: a stop of that name for that case of the table, with those words in what was found and in its cure.
assert_stop() { # CHECK CASE DETAIL CURE
  local stops
  stops=$(sed -n '/^[a-z-]* *stop /{N; s/\n */ /; p}' <<<"$output")
  grep -qE "^$1 +stop +.*$3.* cure: .*$4" <<<"$stops" || fail "no stop $1, $3, with the cure $4 in:
$stops"
  echo "$1: $2" >>"$SHOWN"
}

# A Deployment that Pod Security may refuse, that runs on one node alone, and that takes a ConfigMap of which nobody has a copy.
odd_deployment() {
  jq -n --arg ns "$NS" '{apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "odd"}, spec: {
    selector: {matchLabels: {app: "odd"}}, template: {metadata: {labels: {app: "odd"}}, spec: {hostNetwork: true,
      nodeSelector: {($ns): "yes"}, containers: [{name: "main", envFrom: [{configMapRef: {name: "by-hand"}}],
        image: "registry.example.com/odd@sha256:4444444444444444444444444444444444444444444444444444444444444444"}]}}}}'
}

# Webhooks for Deployments of the namespace, of a Service in each of these namespaces.
dead_webhooks() { # NAMESPACE...
  jq -n --arg ns "$NS" '{apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration",
    metadata: {name: $ns}, webhooks: [$ARGS.positional[] as $where | {name: "\($where).example.com", failurePolicy: "Fail",
      sideEffects: "None", admissionReviewVersions: ["v1"], clientConfig: {service: {namespace: $where, name: "hook"}},
      namespaceSelector: {matchLabels: {"kubernetes.io/metadata.name": $ns}},
      rules: [{apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"]}]}]}' --args "$@" | kubectl create -f -
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
  dead_webhooks nowhere "$NS"
}

@test "everything in the way of a restore is named at once, with its cure, and nothing but the halt is written" {
  floor_in_trouble
  mark=$(audit_mark)
  run -3 lkg restore --soak 0 --no-report
  assert_line "NOT restored: stopped in phase preflight"
  assert_stop terminating "an object is being deleted" "ConfigMap/settings is being deleted" "kubectl patch ConfigMap settings -n $NS"
  assert_stop gitops "Argo CD owns an object" 'Argo CD \(floor\) owns Deployment/trader' "kubectl patch applications.argoproj.io floor -n argocd"
  assert_stop gitops "Flux owns an object" 'Flux \(apps\) owns ConfigMap/settings' "kubectl patch kustomizations.kustomize.toolkit.fluxcd.io apps -n flux-system"
  assert_stop references ConfigMap "ConfigMap/by-hand is missing" "kubectl create configmap by-hand -n $NS"
  assert_stop webhooks "is missing" "Service hook in namespace nowhere does not exist" "kubectl patch validatingwebhookconfiguration $NS"
  assert_stop webhooks "is in this namespace" "served by Service hook in namespace $NS itself" "/webhooks/1/failurePolicy"
  assert_stop pod-security "the namespace's level refuses a pod" 'pods of Deployment/odd are refused: violates PodSecurity "baseline' "kubectl label namespace $NS"
  assert_stop quota "a ResourceQuota refuses a pod, and the workload lacks pods" \
    "pods of Deployment/web are refused: exceeded quota: full" "kubectl edit quota full -n $NS"
  assert_stop nodes "no node has the label" "none of [0-9]+ nodes fits Deployment/odd: [0-9]+ without label $NS=yes" "kubectl label node"
  assert_stop node-ports "another Service has a node port that is to be kept" "node port $port of Service/door is taken" "kubectl edit service thief -n $NS"
  # The one error has them all, too.
  assert_line --regexp "^kubectl lkg: error: .*ConfigMap/settings.*Argo CD.*by-hand.*PodSecurity.*quota.*nodes.*node port"
  assert_only_halted "$mark"

  # A limit refuses a pod before others look at it; the rights are those of who asks.
  k delete quota full
  k create -f - <<<'{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "tiny"},
    "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1m"}}]}}'
  kubectl create clusterrole "$NS" --verb=get,list --resource='*.*'
  kubectl create clusterrolebinding "$NS" --clusterrole="$NS" --user="$NS-reader"
  mark=$(audit_mark)
  run -3 lkg plan
  assert_stop limits "a LimitRange that the restore does not change refuses a pod" "pods of Deployment/[a-z]+, .*are refused: maximum cpu usage per Pod" "kubectl get limitrange -n $NS"
  run -3 lkg plan --allow-gitops --as "$NS-reader" --as-group system:authenticated
  assert_stop rights "a verb that the plan needs is denied" "you may not create, patch deployments.apps in namespace $NS" "kubectl auth can-i --list -n $NS"
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
  assert_stop pod-security "the namespace's level refuses a pod" "pods of Deployment/odd are refused" "kubectl label namespace $NS"

  # A namespace that goes takes everything with it.
  k patch configmap by-hand --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'
  kubectl delete namespace "$NS" --wait=false
  mark=$(audit_mark)
  run -3 lkg plan --allow-gitops
  assert_stop terminating "the namespace is being deleted" "namespace $NS is being deleted" "kubectl wait --for=delete namespace/$NS"
  run audit_mutations "$mark"
  assert_output ""
  k patch configmap by-hand --type=merge -p '{"metadata":{"finalizers":null}}'
}

# Nodes of the test's own: nobody else tolerates their taint.
own_nodes() {
  local name
  for name in "$NS-a" "$NS-b"; do
    jq -n --arg name "$name" --arg ns "$NS" '{apiVersion: "v1", kind: "Node", metadata: {name: $name,
      annotations: {"kwok.x-k8s.io/node": "fake"}, labels: {"kubernetes.io/hostname": $name, "kubernetes.io/os": "linux"}},
      spec: {taints: [{key: $ns, effect: "NoSchedule"}]}}' | kubectl create --validate=false -f -
  done
  kubectl wait --for=condition=Ready "node/$NS-a" "node/$NS-b" --timeout=30s
}

# Deployments that need of the cluster what no LKG holds; their images are in a registry, and may go from it.
needy_deployments() {
  jq -n --arg ns "$NS" '
    def on($node): {nodeSelector: {"kubernetes.io/hostname": $node}, tolerations: [{key: $ns, operator: "Exists"}]};
    {class: {priorityClassName: $ns}, runtime: {runtimeClassName: $ns}, account: {serviceAccountName: "by-hand"},
      claim: {volumes: [{name: "v", persistentVolumeClaim: {claimName: "by-hand"}}]},
      tainted: on("\($ns)-a"), cordoned: on("\($ns)-b"), windows: {os: {name: "windows"}},
      choosy: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
        {matchExpressions: [{key: $ns, operator: "In", values: ["yes"]}]}]}}}}}
    | to_entries[] | {apiVersion: "apps/v1", kind: "Deployment", metadata: {name: .key}, spec: {selector: {matchLabels: {app: .key}},
      template: {metadata: {labels: {app: .key}}, spec: ({terminationGracePeriodSeconds: 0, containers: [{name: "main",
        image: "us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/needy@sha256:5555555555555555555555555555555555555555555555555555555555555555"
        }]} + .value)}}}'
}

# The kind Thing of a group of the test's own.
things() {
  jq -n --arg group "$NS.example.com" '{apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
    metadata: {name: "things.\($group)"}, spec: {group: $group, scope: "Namespaced", names: {kind: "Thing", plural: "things"},
      versions: [{name: "v1", served: true, storage: true, schema: {openAPIV3Schema: {type: "object"}}}]}}'
}

# A volume, a class of volumes, and two claims: one in the LKG and one made by hand.
volumes() {
  jq -n --arg ns "$NS" '{apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: {name: $ns},
    provisioner: "kubernetes.io/no-provisioner", volumeBindingMode: "WaitForFirstConsumer"}' | kubectl create -f -
  jq -n --arg ns "$NS" '{apiVersion: "v1", kind: "PersistentVolume", metadata: {name: $ns}, spec: {storageClassName: $ns,
    persistentVolumeReclaimPolicy: "Retain", accessModes: ["ReadWriteOnce"], capacity: {storage: "1Gi"}, hostPath: {path: "/nowhere"}}}' | kubectl create -f -
  jq -n --arg ns "$NS" '("state", "by-hand") | {apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: {name: .}, spec: {
    storageClassName: $ns, accessModes: ["ReadWriteOnce"], resources: {requests: {storage: "1Gi"}}}}' | k create -f -
}

# A good floor, captured; then the cluster under it loses what it stands on.
floor_on_sand() {
  own_nodes
  kubectl create namespace "$NS"
  kubectl create namespace "$NS-hooks"
  kubectl create --namespace "$NS-hooks" service clusterip hook --tcp=443
  kubectl create priorityclass "$NS" --value=7
  kubectl create -f - <<<'{"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "'"$NS"'"}, "handler": "none"}'
  kubectl label "$(kubectl get nodes -o name | head -1)" "$NS=yes"
  things | kubectl create -f -
  kubectl wait --for=condition=Established "crd/things.$NS.example.com" --timeout=30s
  volumes
  k create serviceaccount by-hand
  k create -f "$CLUSTER_TESTS/small.yaml"
  needy_deployments | k create -f -
  k create -f - <<<'{"apiVersion": "'"$NS"'.example.com/v1", "kind": "Thing", "metadata": {"name": "one"}}'
  k rollout status deployments --timeout=60s
  lkg capture --exclude "PriorityClass/$NS" --exclude ServiceAccount/by-hand --exclude PersistentVolumeClaim/by-hand

  k delete deployments --all
  k delete pods --all --force
  k delete pvc,serviceaccount --all
  kubectl delete runtimeclass,priorityclass,storageclass,pv "$NS"
  kubectl delete crd "things.$NS.example.com"
  kubectl label nodes --all "$NS-"
  kubectl taint node "$NS-a" "$NS-late=1:NoSchedule"
  kubectl cordon "$NS-b"
  dead_webhooks "$NS-hooks"
}

@test "a cluster that lost what the floor stands on: all of it is named, and nothing but the halt is written" {
  registry_up
  floor_on_sand
  mark=$(audit_mark)
  run -3 lkg restore --soak 0 --no-report --check-images always
  assert_stop kinds "a kind of the LKG is not served in its version" "does not serve things.$NS.example.com" "kubectl api-resources --api-group=$NS.example.com"
  assert_stop references ServiceAccount "ServiceAccount/by-hand is missing" "kubectl create serviceaccount by-hand -n $NS"
  assert_stop references claim "PersistentVolumeClaim/by-hand is missing" "kubectl get pvc -n $NS"
  assert_stop references PriorityClass "PriorityClass/$NS is missing" "kubectl create priorityclass $NS"
  assert_stop references RuntimeClass "RuntimeClass/$NS is missing" "kubectl get runtimeclass"
  assert_stop references StorageClass "StorageClass/$NS is missing" "kubectl get storageclass,pv"
  assert_stop images "the registry no longer has an image" "trader-repo/needy@sha256:5" "kubectl lkg capture"
  assert_stop webhooks "has no ready endpoint" "Service hook in namespace $NS-hooks has no ready endpoint" "kubectl patch validatingwebhookconfiguration $NS"
  assert_stop admission "the API server refuses a pod" "pods of Deployment/class are refused: no PriorityClass" "mend what the API server names"
  assert_stop nodes "a taint" "none of [0-9]+ nodes fits Deployment/tainted: .*1 with taint $NS-late=1:NoSchedule" "kubectl taint node $NS-a $NS-late"
  assert_stop nodes "cordoned" "none of [0-9]+ nodes fits Deployment/cordoned: .*1 cordoned" "kubectl uncordon $NS-b"
  assert_stop nodes "no node meets its affinity" "none of [0-9]+ nodes fits Deployment/choosy: [0-9]+ against its node affinity" "kubectl get nodes --show-labels"
  assert_stop nodes "no node has its operating system" "none of [0-9]+ nodes fits Deployment/windows: [0-9]+ of another operating system" "add a node"
  assert_only_halted "$mark"
  run -3 --separate-stderr lkg plan -o json
  jq -r '.checks[].name' <<<"$output" >"$SHOWN.names"
}

# CHECK: CASE of each stop in the table; what is in brackets stops elsewhere.
stops_of_the_table() {
  sed -n '/^| check /,/^$/ s/^| \([a-z-]*\) | \([^(|][^|]*\) |.*/\1; \2/p' "$CLUSTER_TESTS/../../docs/preflight.md" |
    awk -F '; ' 'NR > 1 { for (i = 2; i <= NF; i++) print $1 ": " $i }'
}

@test "every stop of docs/preflight.md is shown here, and no other" {
  diff <(stops_of_the_table | sort) <(sort -u "$SHOWN")
  local name
  while read -r name; do
    grep -q "^| $name |" "$CLUSTER_TESTS/../../docs/preflight.md" || fail "$name has no row"
  done <"$SHOWN.names"
}
