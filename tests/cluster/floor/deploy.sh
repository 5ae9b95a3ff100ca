#!/usr/bin/env bash
# deploy.sh NAMESPACE: creates the namespace, puts the sample floor into it and returns when all of it is settled:
# rolled out, disks bound, one heartbeat run to its end.  Uses the current context; needs kubectl in PATH.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 1 ] || { echo "usage: deploy.sh NAMESPACE" >&2; exit 2; }
ns=$1
step() { echo "floor $ns: $*" >&2; }
kn() { kubectl -n "$ns" "$@"; }

# What a cloud cluster has already: the classes (shared by all namespaces) and disks to bind.  Three disks for each claim,
# so that a namespace that was deleted can be built again, twice.
cluster_objects() {
  cat <<YAML
apiVersion: v1
kind: Namespace
metadata:
  name: $ns
  labels: {app.kubernetes.io/part-of: agent-trader-v2, pod-security.kubernetes.io/enforce: privileged}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: high-priority
  labels: {app.kubernetes.io/part-of: agent-trader-v2}
value: 1000000
description: Trading workloads that go first
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard-rwo}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
YAML
  for i in 1 2 3 4 5 6 7 8 9; do
    cat <<YAML
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $ns-disk-$i}
spec:
  storageClassName: standard-rwo
  accessModes: [ReadWriteOnce]
  capacity: {storage: 1Gi}
  hostPath: {path: /var/lib/disks/$ns-$i}
YAML
  done
}

step "creating the namespace and its objects"
cluster_objects | kubectl apply --server-side -f - >/dev/null
kn apply -f "$here" >/dev/null
kn create job --from=cronjob/agenttrader-heartbeat agenttrader-heartbeat-first >/dev/null
step "waiting for the rollouts"
kn rollout status deployments,statefulsets,daemonsets --timeout=120s >/dev/null
step "waiting for the disks and the first heartbeat"
kn wait --for=jsonpath='{.status.phase}'=Bound --all pvc --timeout=60s >/dev/null
kn wait --for=condition=Complete job/agenttrader-heartbeat-first --timeout=60s >/dev/null
step "settled in ${SECONDS}s"
