#!/usr/bin/env bash
# demo.sh: captures a trading floor on a throw-away control plane, breaks it in front of the reader, and brings it back.
# Installs and builds what is missing; leaves nothing running and writes nothing outside build/ and a temporary folder.
# shellcheck disable=SC2317 # trap calls a function by name
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

ns=trading-floor
scratch=$(mktemp -d)
clean_up() {
  [ ! -d "$scratch/cluster/pid" ] || tests/cluster/down.sh "$scratch/cluster"
  rm -rf "$scratch"
}
trap 'cd "$repository"; clean_up' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
chapter() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; shift; [ $# -eq 0 ] || printf '%s\n' "$@"; }

# Shows a command as an operator would type it, runs it, and ends the demo when it does not exit as expected.
show_expecting() { # EXIT-CODE COMMAND...
  local expected=$1 code=0 word line=''; shift
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=,@-]*) line+=" '$word'" ;;
      *) line+=" $word" ;;
    esac
  done
  printf '\n%s$%s%s\n' "$bold" "$line" "$plain"
  "$@" || code=$?
  if [ "$code" -ne "$expected" ]; then
    printf '\ndemo.sh: that exited with %d, not %d: the demo ends here\n' "$code" "$expected" >&2
    exit 1
  fi
}
show() { show_expecting 0 "$@"; }

echo "Getting ready (minutes the first time, seconds later)"
install_packages "${build_packages[@]}" "${cluster_packages[@]}"
start_control_plane_build
build release || exit 1
finish_control_plane_build || exit 1
SECONDS=0 # what is timed at the end is the demo itself

chapter "A throw-away control plane" \
  "A real etcd, kube-apiserver, controller manager and scheduler on this machine's loopback; only the nodes are simulated."
tests/cluster/up.sh "$scratch/cluster"
# shellcheck disable=SC1091 # written by up.sh
. "$scratch/cluster/env"
export PATH=$repository/build/release/bin:$PATH

chapter "The trading floor" \
  "Nine workloads in namespace $ns, trading halted by the switch EXECUTION_HALTED=\"1\" in ConfigMap agenttrader-kill-switch."
tests/cluster/floor/deploy.sh "$ns"
# The demo's LKG, report and evidence go into a repository of their own.
git init --quiet --initial-branch=main "$scratch/floor"
cd "$scratch/floor"
git -c user.name=demo -c user.email=demo@example.com commit --quiet --allow-empty --message="Release 2.4.1"
show kubectl -n "$ns" get deployments,statefulsets,daemonsets

chapter "Capture: this is the last known good state" \
  "Every image is pinned to the digest that its pods run; no Secret is captured."
show kubectl lkg capture -n "$ns"
show kubectl lkg verify

chapter "Six things go wrong"
show kubectl -n "$ns" patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
show kubectl -n "$ns" set env deployment/strategy-engine ROGUE=1
# A simulated node pulls anything, so the template also carries the simulator's word for a failing pull.
show kubectl -n "$ns" patch deployment execution-engine -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"image-pull-backoff"}},"spec":{"containers":[{"name":"engine","image":"us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/execution-engine:hotfix"}]}}}}'
show kubectl -n "$ns" delete configmap strategy-config
show kubectl -n "$ns" delete deployment mission-control
show kubectl -n "$ns" delete service whale-strategy
sleep 2 # for the rollouts to get under way
show kubectl -n "$ns" get pods -l 'app.kubernetes.io/name in (strategy-engine,execution-engine,mission-control)'

chapter "What is different now" \
  "diff exits with 1 when it finds something. The floor was deployed by tags, so it also names each image that is not pinned" \
  "yet: the first restore pins them."
show_expecting 1 kubectl lkg diff -n "$ns"

chapter "Restore" \
  "It halts trading first and reads that back, then converges every object, waits for the rollouts, proves the halt for" \
  "each pod that takes the switch, and compares all of it with the LKG."
show kubectl lkg restore -n "$ns" --timeout 2m --soak 5s

chapter "The health report that it left"
show sed -n 1,60p deploy_logs/health_report.md

chapter "And now"
show kubectl -n "$ns" get configmap agenttrader-kill-switch -o 'jsonpath={.data.EXECUTION_HALTED}{"\n"}'
show kubectl -n "$ns" get deployments,statefulsets,daemonsets
show kubectl lkg diff -n "$ns"

chapter "Done in $SECONDS s" "The floor is back at its last known good state, and halted. The control plane is stopped and removed now."
