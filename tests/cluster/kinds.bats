#!/usr/bin/env bats
# Every kind both ways: what an LKG of a floor with all of them holds comes back on a blank cluster and over a drifted
# floor.  kinds.yaml has the kinds of Kubernetes, kinds.json custom ones, each with an object's spec and what spoils it.
# The tests build on each other.
load lib

setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  sandbox
  "$CLUSTER_TESTS/up.sh" "$BATS_FILE_TMPDIR/other" >/dev/null 2>&1 3>&- &
  local other=$!
  kubectl create namespace "$NS"
  kubectl label namespace "$NS" team=dr
  crds | kubectl create -f -
  kubectl wait --for=condition=Established crd --timeout=30s -l "test=$NS"
  cluster_objects | kubectl create -f -
  kubectl create -f - <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: $NS}
spec: {accessModes: [ReadWriteOnce], storageClassName: $NS, capacity: {storage: 1Gi}, hostPath: {path: /nowhere}}
YAML
  sed "s/KINDS-NAMESPACE/$NS/" "$CLUSTER_TESTS/kinds.yaml" | k create -f -
  eventually custom_resources_up
  k wait --for=jsonpath='{.status.phase}'=Bound pvc/data --timeout=30s
  lkg capture >&2
  wait "$other"
}
teardown_file() {
  crds | kubectl delete --wait=false -f - >/dev/null
  [ ! -d "$BATS_FILE_TMPDIR/other" ] || "$CLUSTER_TESTS/down.sh" "$BATS_FILE_TMPDIR/other"
}

# The definitions of the custom kinds, labelled.
crds() {
  jq --arg owner "$NS" '.[] | {apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
    metadata: {name: "\(.plural).\(.group)", labels: {test: $owner}},
    spec: {group, scope: "Namespaced", names: {kind, plural},
      versions: [{name: (.version // "v1"), served: true, storage: true,
        schema: {openAPIV3Schema: {type: "object", properties: {spec: ({type: "object"} + .schema),
          status: {type: "object", "x-kubernetes-preserve-unknown-fields": true}}}}}
        + if .status then {subresources: ({status: {}}
          + if .scale then {scale: {specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas"}} else {} end)}
          else {} end]}}' "$CLUSTER_TESTS/kinds.json"
}

# An object of each; one without a status subresource has a status from its start.
custom_resources() {
  # By text: jq would round the largest integer.
  jq -c '.[] | {apiVersion: "\(.group)/\(.version // "v1")", kind, metadata: {name: "one"},
    spec: .spec, status: {phase: "Ready"}}' "$CLUSTER_TESTS/kinds.json" | sed 's/92233720368547[0-9]*/9223372036854775807/'
}
custom_resources_up() { custom_resources | k create -f - >&2 || custom_resources | k get -f - >&2; }

# What is the cluster's and not the namespace's.
cluster_objects() {
  sed "s/NAME/$NS/" <<'YAML'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: NAME}
provisioner: kubernetes.io/no-provisioner
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: NAME}
value: 7
YAML
}

# Runs on the other cluster.
elsewhere() ( # COMMAND...
  # shellcheck disable=SC1091 # written by up.sh
  . "$BATS_FILE_TMPDIR/other/env"
  PATH=$DR_BIN:$PATH
  "$@"
)

# The kinds that an LKG holds, one a line.
kinds_of() { jq -r '[.items[] | "\(.apiVersion)/\(.kind)"] | unique[]' "$1/ops/lkg/lkg_manifest.yaml"; }

# KIND/NAME POINTER of each leaf that is not the same in two LKGs.
differences() { # ROOT ROOT
  jq -rn --slurpfile a "$1/ops/lkg/lkg_manifest.yaml" --slurpfile b "$2/ops/lkg/lkg_manifest.yaml" '
    def objects: map(.items[]) | map({key: "\(.kind)/\(.metadata.name) \(.apiVersion)", value: .}) | from_entries;
    def leaves: [paths(type != "object" and type != "array" or length == 0) as $p | {key: ($p | map(tostring) | join("/")), value: getpath($p)}] | from_entries;
    ($a | objects) as $a | ($b | objects) as $b | ($a + $b | keys[]) as $object
    | ($a[$object] // {} | leaves) as $x | ($b[$object] // {} | leaves) as $y
    | ($x + $y | keys[]) | select(. as $p | [$x, $y] | any(has($p) | not) or .[0][$p] != .[1][$p]) | "\($object | split(" ")[0]) /\(.)"'
}

@test "a blank cluster without the CRDs: refused before any write, and each is named" {
  run -3 elsewhere lkg restore --soak 0 --no-report
  for plural in widgets.shop gadgets.shop services.serving old-styles.old; do
    assert_output --partial "$plural.example.com"
  done
  run elsewhere k get all,networkpolicies,serviceaccounts,roles --output=name
  refute_output --regexp 'web|trader|reader|deny'
}

@test "30 kinds and more: captured, restored onto a blank namespace of another cluster, captured there: the same" {
  elsewhere kubectl delete namespace "$NS" --ignore-not-found # what a halt has made
  crds | elsewhere kubectl create -f -
  cluster_objects | sed '/^---/,$d' | elsewhere kubectl create -f - # its PriorityClass is part of the LKG
  elsewhere kubectl wait --for=condition=Established crd --timeout=30s -l "test=$NS"
  run -0 elsewhere lkg restore --soak 0 --no-report --timeout 60s
  mkdir "$BATS_FILE_TMPDIR/second"
  run -0 elsewhere kubectl lkg capture --root "$BATS_FILE_TMPDIR/second" -n "$NS"

  run kinds_of "$ROOT"
  [ "${#lines[@]}" -ge 30 ] || fail "only ${#lines[@]} kinds"
  echo "${#lines[@]} kinds: ${lines[*]}" >&3
  [ "$output" = "$(kinds_of "$BATS_FILE_TMPDIR/second")" ]
  grep -q 9223372036854775807 "$BATS_FILE_TMPDIR/second/ops/lkg/lkg_manifest.yaml" # jq would not see it

  # Explained: node ports are given out by a cluster (field_rules.cpp).
  run differences "$ROOT" "$BATS_FILE_TMPDIR/second"
  printf '%s\n' "$output" | sed 's/^/explained by field_rules.cpp: /' >&3
  assert_all_lines '^Service/(node-port|load-balancer) /spec/(ports/0/nodePort|healthCheckNodePort)$'
  # And there is no drift from the LKG of the first cluster.
  run -0 elsewhere lkg diff
}

@test "every one of them drifted, and half of the custom ones deleted: seen by diff, gone after a restore" {
  local kind
  for kind in $(jq -r '[.items[] | select(.kind != "Namespace" and .kind != "PriorityClass") | if .apiVersion | contains("/")
      then "\(.kind | ascii_downcase).\(.apiVersion | split("/") | reverse | join("."))" else .kind | ascii_downcase end]
      | unique[]' "$ROOT/ops/lkg/lkg_manifest.yaml"); do
    k label "$kind" --all rogue=1
  done >/dev/null
  jq -c '.[] | {name: "\(.plural).\(.version // "v1").\(.group)", drift: {spec: .drift}}' "$CLUSTER_TESTS/kinds.json" |
    while read -r row; do
      k patch "$(jq -r .name <<<"$row")" one --type=merge -p "$(jq -c .drift <<<"$row")"
    done >/dev/null
  k delete gadgets.shop.example.com,cronjobs.v1.batch.example.com,holders,old-styles one
  k patch networkpolicy deny --type=merge -p '{"spec":{"egress":[{}]}}'
  k delete endpoints by-hand
  k patch endpointslice by-hand-too --type=merge -p '{"endpoints":[{"addresses":["192.0.2.66"]}]}'
  k patch service headless --type=merge -p '{"spec":{"publishNotReadyAddresses":false}}'
  # A broken pod of a bad revision blocks an ordered set, and no pod of an OnDelete set goes by itself.
  k patch statefulset ordered -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"crashloop"}}}}}'
  for set in statefulset/db daemonset/agent; do
    k patch "$set" -p '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"ROGUE","value":"1"}]}]}}}}'
    k delete pod -l "app=${set#*/}" --wait=false
  done
  eventually is_rogue db
  eventually is_rogue agent
  eventually broken_pod
  k apply -f - <<<'{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"rogue"},"spec":{}}'

  run -1 lkg diff -o json
  drifted=$(jq -c '[.drifts[] | "\(.drift) \(.kind)/\(.name)"]' <<<"$output")
  while read -r object; do
    jq -e --arg object "$object" 'any(.[]; . == "changed \($object)" or . == "missing \($object)")' <<<"$drifted" >/dev/null ||
      fail "diff does not name $object"
  done < <(jq -r '.items[] | select(.kind != "Namespace" and .kind != "PriorityClass") | "\(.kind)/\(.metadata.name)"' "$ROOT/ops/lkg/lkg_manifest.yaml")
  jq -e 'index("extra Widget/rogue") != null' <<<"$drifted"

  run -0 lkg restore --soak 0 --no-report --timeout 60s
  run -1 lkg diff # the extras
  assert_line --regexp '^Widget\.shop\.example\.com/rogue +extra'
  run -0 lkg diff --ignore-extras
  # The status of a kind without a status subresource is no field of ours, and was not lost.
  assert_equal "$(k get collections.values.example.com one -o 'jsonpath={.status.phase}')" Ready
  # Extras stay, and the label made one of the ServiceAccount that every namespace has.
  k delete widgets.shop.example.com rogue
  k label serviceaccount default rogue-
  run -0 lkg diff
}
is_rogue() { # APP: a pod of it runs the rogue template
  k get pods -l "app=$1" -o json | jq -e 'any(.items[]; any(.spec.containers[].env // [] | .[]; .name == "ROGUE"))'
}
broken_pod() {
  k get pods -l app=ordered -o json | jq -e 'any(.items[]; any(.status.containerStatuses // [] | .[]; .state.waiting.reason == "CrashLoopBackOff"))'
}

# The only way in which a field can come new without a newer API server.
@test "a default that the server has learnt since is told and is no drift; what somebody set there is" {
  kubectl patch crd widgets.shop.example.com --type=json -p \
    '[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/later/default","value":"x"}]'
  eventually later_is x
  run -0 lkg diff
  assert_line "no drift: Widget.shop.example.com/one /spec/later was filled in by the server"
  k patch widgets.shop.example.com one --type=merge -p '{"spec":{"later":"rogue"}}'
  run -1 lkg diff
  assert_line --regexp '^Widget\.shop\.example\.com/one +changed +/spec/later +<absent> +"rogue"'
  run -0 lkg restore --soak 0 --no-report
  assert_output --partial "Widget.shop.example.com/one: /spec/later was filled in by the server"
  later_is x
  k delete widgets.shop.example.com one
  run -0 lkg restore --soak 0 --no-report
  later_is x
  run -0 lkg diff
}
later_is() { [ "$(k get widgets.shop.example.com one -o 'jsonpath={.spec.later}')" = "$1" ]; }

@test "a version that is not served any more: refused with nothing but the halt written, and named" {
  kubectl patch crd old-styles.old.example.com --type=json -p '[
    {"op":"add","path":"/spec/versions/1","value":{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}},
    {"op":"replace","path":"/spec/versions/0/served","value":false}]'
  eventually is_gone
  mark=$(audit_mark)
  run -3 lkg restore --soak 0 --no-report
  assert_output --partial "old-styles.old.example.com"
  assert_output --partial "v1alpha1"
  run audit_mutations "$mark"
  assert_all_lines ' configmaps | leases '
}
is_gone() { ! kubectl get --raw /apis/old.example.com/v1alpha1; }
