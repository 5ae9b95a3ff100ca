#!/bin/bash
# adversary.sh flip|delete|recreate: what somebody else does to the switch of the floor of FAULT_DIR, in the middle of a restore.
set -euo pipefail
switch=agenttrader-kill-switch
floor() { "$FAULT_REAL" --kubeconfig="$CLUSTER_DIR/kubeconfig" --namespace="$(basename "$FAULT_DIR")" "$@" >/dev/null; }
case $1 in
  flip) floor patch configmap "$switch" --field-manager=mallory --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}' ;;
  delete) floor delete configmap "$switch" ;;
  recreate) # although it reads "1" again
    floor delete configmap "$switch"
    floor create configmap "$switch" --field-manager=mallory --from-literal=EXECUTION_HALTED=1
    ;;
esac
