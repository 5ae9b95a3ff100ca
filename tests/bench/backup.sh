#!/usr/bin/env bash
# backup.sh: kubectl drbackup create of 600 objects against its floor, the bare reads of the same lists, four at a time.
# Medians of 7 runs in turns on a control plane of its own.  Fails when the ratio is above 1.5.
# Needs build/release, or DR_BIN; CLUSTER_BIN or tests/cluster/ensure.sh gives the control plane.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${DR_BIN:-$here/../../build/release/bin}
CLUSTER_BIN=${CLUSTER_BIN:-$("$here/../cluster/ensure.sh")}
export CLUSTER_BIN
runs=7 limit=1.5 ns=bench

dir=$(mktemp -d)
trap '"$here/../cluster/down.sh" "$dir/cluster" >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
"$here/../cluster/up.sh" "$dir/cluster" >/dev/null
# shellcheck disable=SC1091 # made by up.sh
. "$dir/cluster/env"
kubectl create namespace "$ns" >/dev/null

objects() { # 600: ConfigMaps of 2 KB, Services and Deployments without pods
  local i text
  text=$(printf 'line %s\\n' {1..250})
  for ((i = 0; i < 200; i++)); do
    printf '%s\n' "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings-$i}, data: {text: \"$text\"}}" ---
    printf '%s\n' "{apiVersion: v1, kind: Service, metadata: {name: web-$i}, spec: {selector: {app: web-$i}, ports: [{port: 80}]}}" ---
    printf '%s\n' "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web-$i}, spec: {replicas: 0, selector: {matchLabels: {app: web-$i}}," \
      " template: {metadata: {labels: {app: web-$i}}, spec: {containers: [{name: web, image: 'web:1', env: [{name: A, value: b}]}]}}}}" ---
  done
}
objects | kubectl -n "$ns" create --validate=false -f - >/dev/null

# The fewest reads that move the same bytes: each list once.
lists() {
  kubectl api-resources --namespaced --verbs=list -o name | while IFS=. read -r plural group; do
    case $plural in secrets | pods | replicasets | controllerrevisions | endpointslices | events | leases | csistoragecapacities) continue ;; esac
    version=$(kubectl api-resources --api-group="$group" --no-headers | awk -v name="$plural" '$1 == name { print $(NF - 2); exit }')
    echo "$([ -n "$group" ] && echo /apis || echo /api)/$version/namespaces/$ns/$plural"
  done
}
lists >"$dir/lists"
mkdir "$dir/root" "$dir/raw"
# shellcheck disable=SC2016 # expanded by the inner sh
bare_reads() { xargs -P 4 -I PATH sh -c 'kubectl get --raw "$1" >"$2/$(echo "$1" | tr / +)"' - PATH "$dir/raw" <"$dir/lists"; }
ours() { "$bin/kubectl-drbackup" create --root "$dir/root" -n "$ns" >"$dir/out"; }

seconds() { # COMMAND: sets REPLY
  local begin=$EPOCHREALTIME
  "$1"
  REPLY=$(awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { print end - begin }')
}
median() { sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

bare_reads && ours # warm up
for ((run = 0; run < runs; run++)); do
  sleep 1 # ids are seconds: the next one must not wait for its own
  seconds bare_reads; echo "$REPLY" >>"$dir/floor.times"
  seconds ours; echo "$REPLY" >>"$dir/ours.times"
done
floor=$(median "$dir/floor.times") mine=$(median "$dir/ours.times")
count=$(sed -nE 's/.*: ([0-9]+) objects .*/\1/p' "$dir/out")
printf '%-34s %8s\n' "backup of $count objects" "median"
printf '%-34s %7.2fs\n' "bare reads, $(wc -l <"$dir/lists") lists" "$floor" "kubectl drbackup create" "$mine"
awk -v mine="$mine" -v floor="$floor" -v limit="$limit" 'BEGIN {
  printf "%-34s %8.2f (limit %.1f)\n", "ratio", mine / floor, limit
  exit mine / floor > limit
}'
