#!/usr/bin/env bats
# What no update can restore, and what is not in the LKG: refused or listed by itself, deleted when the operator says so.
load lib

setup() { sandbox; }

# The small floor, with what cannot be changed once it is there: a claim template, a headless Service, a frozen ConfigMap.
rigid_floor() {
  kubectl create namespace "$NS"
  kubectl apply -f - <<END
apiVersion: v1
kind: PersistentVolume
metadata: {name: $NS-disk}
spec:
  storageClassName: $NS
  accessModes: [ReadWriteOnce]
  capacity: {storage: 1Gi}
  hostPath: {path: /var/lib/disks/$NS}
END
  k create -f "$CLUSTER_TESTS/small.yaml" -f - <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: release}
immutable: true
data: {SHA: good}
---
apiVersion: v1
kind: Service
metadata: {name: store}
spec: {clusterIP: None, selector: {app: store}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "registry.example.com/store@sha256:4444444444444444444444444444444444444444444444444444444444444444"}]
  volumeClaimTemplates:
  - metadata: {name: state}
    spec: {storageClassName: $NS, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
END
  k rollout status deployments,statefulsets --timeout=60s
  lkg capture
}

# Deletes an object and creates it otherwise.
make_anew() { # OBJECT JQ-PROGRAM
  k get "$1" -o json | jq "del(.metadata.resourceVersion, .metadata.uid, .status) | $2" >"$BATS_TEST_TMPDIR/other"
  k delete "$1"
  k create -f "$BATS_TEST_TMPDIR/other"
}

break_rigidly() {
  make_anew deployment/web '.spec.selector.matchLabels.other = "1" | .spec.template.metadata.labels.other = "1"'
  make_anew service/store 'del(.spec.clusterIP, .spec.clusterIPs)'
  make_anew statefulset/store '.spec.volumeClaimTemplates[0].metadata.labels = {other: "1"}'
  make_anew configmap/release '.data.SHA = "bad"'
}

uid() { k get "$1" -o 'jsonpath={.metadata.uid}'; }

# The test's own deletes since the mark: RESOURCE NAME UID RESOURCE-VERSION PROPAGATION.
deletes() { # SINCE
  sleep 0.2
  tail -c "+$(($1 + 1))" "$CLUSTER_AUDIT_LOG" | jq -r --arg user "$NS" 'select(.verb == "delete" and
      .impersonatedUser.username == $user and .objectRef.resource != "leases") | "\(.objectRef.resource) \(.objectRef.name
      ) \(.requestObject.preconditions | "\(.uid) \(.resourceVersion)") \(.requestObject.propagationPolicy)"'
}

@test "recreate: refused by itself, then exactly what no update can restore is deleted and created, and the claims stay" {
  rigid_floor
  claim=$(uid pvc/state-store-0) trader=$(uid deployment/trader)
  break_rigidly
  mark=$(audit_mark)
  run -3 lkg restore --soak 0
  for field in Deployment/web:\ /spec/selector/matchLabels/other Service/store:\ /spec/clusterIP \
    StatefulSet/store:\ /spec/volumeClaimTemplates ConfigMap/release:\ /data/SHA; do
    assert_output --partial "$field"
  done
  assert_output --partial '"good" in the LKG and "bad" now'
  run audit_mutations "$mark"
  refute_output --partial delete\ deployments

  run lkg plan --recreate -o json
  assert_success
  jq -e '[.objects[] | select(.action == "recreate") | "\(.kind)/\(.name)"] | sort == ["ConfigMap/release",
      "Deployment/web", "Service/store", "StatefulSet/store"]' <<<"$output"
  hash=$(jq -r .planHash <<<"$output")
  deployment=$(uid deployment/web)
  mark=$(audit_mark)
  run lkg restore --recreate --soak 0 --expect-plan "$hash"
  assert_success
  run deletes "$mark"
  assert_equal "${#lines[@]}" 4
  assert_line --index 0 --regexp '^configmaps release '
  assert_line --index 1 --regexp '^services store '
  assert_line --regexp "^deployments web $deployment [0-9]+ Background$"
  run lkg diff
  assert_success
  assert_equal "$(uid pvc/state-store-0)" "$claim"
  assert_equal "$(uid deployment/trader)" "$trader"
  assert_equal "$(switch_value)" 1
}

@test "recreate: a restore that is killed after the delete is simply run again" {
  small_floor
  make_anew deployment/web '.spec.selector.matchLabels.other = "1" | .spec.template.metadata.labels.other = "1"
      | .metadata.finalizers = ["example.com/hold"]'
  start_restore --recreate --soak 0
  eventually k wait deployment/web --for=jsonpath='{.metadata.deletionTimestamp}' --timeout=1s
  # shellcheck disable=SC2154 # set by start_restore
  kill -KILL "$child"
  await_restore
  k patch deployment web --type=merge -p '{"metadata":{"finalizers":null}}'
  # The Lease of a process that is dead holds nobody up.
  run lkg restore --soak 0
  assert_success
  assert_output --partial "Deployment/web created"
  run lkg diff
  assert_success
}

@test "prune: extras are listed with owner and age, and go with the flag; a claim stays" {
  small_floor
  lkg restore --soak 0
  k create deployment rogue --image=registry.example.com/rogue:1
  k create configmap rogue --from-literal=k=v
  k create service clusterip rogue --tcp=80
  k create -f - <<END
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: rogue}
spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
END
  run lkg restore --soak 0
  assert_success
  assert_output --regexp 'not in the LKG: Deployment/rogue, runs pods, of kubectl-create, [0-9.]+m?s old'
  run lkg plan --prune
  assert_success
  assert_output --partial "PersistentVolumeClaim/rogue: of kubectl-create"
  assert_output --partial "stays: its data would go with it"
  k delete configmap settings

  mark=$(audit_mark)
  uids=$(uid deployment/rogue)
  run lkg restore --prune --soak 0
  assert_success
  run deletes "$mark"
  assert_equal "${#lines[@]}" 3
  assert_line --regexp "^deployments rogue $uids [0-9]+ Background$"
  run audit_mutations "$mark"
  # After the last wave, and before the schedules are released.
  order=$(awk '{ print $1, $2 }' <<<"$output" | grep -E '^(patch configmaps|delete (configmaps|services|deployments)|update cronjobs)' | tail -n 6)
  assert_equal "$(grep -c ^delete <<<"$order")" 3
  assert_equal "$(tail -n 2 <<<"$order")" "update cronjobs
patch configmaps"
  run lkg diff
  assert_failure 1
  assert_output --partial PersistentVolumeClaim/rogue
  refute_output --regexp '(Deployment|ConfigMap|Service)/rogue'
}

@test "a dry run asks admission about every write and leaves no trace" {
  small_floor
  k set image deployment/web main=bad:1
  k delete configmap settings
  mark=$(audit_mark)
  run -0 lkg restore --dry-run=server
  assert_line --regexp '^Deployment/web +replace +accepted'
  assert_line --regexp '^ConfigMap/settings +create +accepted'
  kubectl apply -f - <<END
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: $NS}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $NS}}
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments]}]
  validations: [{expression: "object.metadata.name != 'web'", message: not on my watch}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: $NS}
spec: {policyName: $NS, validationActions: [Deny]}
END
  refused() { lkg plan --dry-run=server >"$BATS_TEST_TMPDIR/plan" 2>&1; [ $? -eq 4 ] && grep -q "web .*refused.*not on my watch" "$BATS_TEST_TMPDIR/plan"; }
  eventually refused
  run audit_mutations "$mark"
  refute_line --partial "$NS/"
}
