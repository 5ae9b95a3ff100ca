#!/usr/bin/env bash
# smoke.sh: on a cluster of up.sh (source its env first), checks that the controllers, the scheduler, RBAC and
# the simulated pods work.  Prints 'N passed, N failed'.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${CLUSTER_DIR:?source DIR/env of up.sh first}"
pass=0 fail=0
try() { # WHAT COMMAND...: retried for 30 s
  local what=$1 end=$((SECONDS + 30)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "FAIL $what"; fail=$((fail + 1)); return; }
    sleep 0.3
  done
  pass=$((pass + 1))
}
k() { kubectl -n smoke "$@"; }
is() { [ "$("${@:2}")" = "$1" ]; } # EXPECTED COMMAND...
sum=$(printf '%s' nginx:1.25 | sha256sum | cut -c1-64)
ids() { k get pods -l "app=$1" -o 'jsonpath={range .items[*]}{.status.containerStatuses[0].imageID}{"\n"}{end}' | sort -u; }
count() { ids "$1" | wc -l; }
reason() { k get pods -l "app=$1" -o 'jsonpath={.items[0].status.containerStatuses[0].state.waiting.reason}'; }

kubectl apply --validate=false -f "$here/smoke.yaml" >/dev/null || exit 1
try "deployment available" k rollout status deploy/web --timeout=1s
try "statefulset rolled out, slowly ready" k rollout status sts/db --timeout=1s
try "daemonset on every node" k rollout status ds/ds --timeout=1s
try "job completes" k wait --for=condition=complete job/j --timeout=1s
try "endpoints filled" is 3 eval 'k get endpoints web -o "jsonpath={.subsets[0].addresses[*].ip}" | wc -w | tr -d " "'
try "digest from the image" is "docker.io/library/nginx@sha256:$sum" ids web
try "digest pinned in the image" is "docker.io/library/postgres@sha256:$(printf '1%.0s' {1..64})" ids db
try "another digest per pod" is 3 count drift
try "image pull back-off" is ImagePullBackOff reason ipb
try "crash loop after a healthy start" is CrashLoopBackOff reason crash
gone() { k delete deploy "$1" --ignore-not-found && sleep 1 && [ -z "$(k get rs,pods -l "app=$1" -o name)" ]; }
try "garbage collection" gone drift
try "viewer reads" kubectl --context viewer -n smoke get deploy web
try "viewer may not delete" eval '! kubectl --context viewer -n smoke delete deploy web'
try "nobody reads nothing" eval '! kubectl --context nobody -n smoke get pods'
try "server-side apply" eval 'k create cm c --from-literal=a=b --dry-run=client -o yaml | k apply --server-side -f -'
try "namespace goes away" kubectl delete ns smoke --wait --timeout=30s
echo "$pass passed, $fail failed"
[ $fail -eq 0 ]
