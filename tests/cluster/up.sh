#!/usr/bin/env bash
# up.sh DIR: starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok (simulated
# nodes) on loopback, on free ports, and returns once the cluster takes pods.  Everything it writes is
# under DIR (new or empty); DIR/env then sets KUBECONFIG and friends, DIR/pid/NAME holds each process id,
# DIR/audit.log what was asked of the API server (audit-policy.yaml says which requests, audit.py reads it).
# Stop with: down.sh DIR.  Needs bash, openssl and the binaries of CLUSTER_BIN.
#
#   CLUSTER_BIN     folder of etcd kube-apiserver kube-controller-manager kube-scheduler kwok kubectl
#                   (default: bin beside this script; etcd and kubectl may also come from PATH)
#   CLUSTER_NODES   simulated nodes (default 3; 0: no kwok, pods stay Pending)
#   CLUSTER_PORT    the apiserver's port (default: a free one)
#   CLUSTER_STAGES  kwok stages (default: stages.yaml beside this script)
#   CLUSTER_TIMEOUT seconds for each wait (default 120)
#   CLUSTER_APISERVER_ARGS, CLUSTER_KCM_ARGS, CLUSTER_SCHEDULER_ARGS, CLUSTER_ETCD_ARGS  more flags
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 1 ] || { echo "usage: up.sh DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
[ -z "$(ls -A "$dir")" ] || { echo "up.sh: $dir is not empty" >&2; exit 2; }
bin=${CLUSTER_BIN:-$here/bin}
nodes=${CLUSTER_NODES:-3}
stages=${CLUSTER_STAGES:-$here/stages.yaml}
limit=${CLUSTER_TIMEOUT:-120}
service_cidr=10.96.0.0/16 service_ip=10.96.0.1 pod_cidr=10.244.0.0/16

tool() { # NAME: its path in CLUSTER_BIN, else in PATH
  if [ -x "$bin/$1" ]; then echo "$bin/$1"; else command -v "$1" || { echo "up.sh: no $1 in $bin or PATH" >&2; return 1; }; fi
}
etcd=$(tool etcd) apiserver=$(tool kube-apiserver) kcm=$(tool kube-controller-manager)
scheduler=$(tool kube-scheduler) kubectl=$(tool kubectl)
kwok=; [ "$nodes" -eq 0 ] || kwok=$(tool kwok)
mkdir -p "$dir"/{pki,log,pid,etcd,kwok,cache}
chmod 700 "$dir" "$dir/etcd"

done=0
on_exit() {
  local rc=$?
  [ "$done" = 1 ] && return
  for f in "$dir"/log/*.log; do [ -e "$f" ] && { echo "--- $f"; tail -n 15 "$f"; } >&2; done
  CLUSTER_KEEP=1 "$here/down.sh" "$dir" || true
  exit "$rc"
}
trap on_exit EXIT

taken=" "
free_port() { # sets REPLY to a port that nothing listens on
  local p
  while :; do
    p=$((20000 + (RANDOM * 32768 + RANDOM) % 10000))
    case $taken in *" $p "*) continue ;; esac
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null && continue
    taken+="$p "; REPLY=$p; return
  done
}
start() { # NAME COMMAND...
  local name=$1; shift
  nohup "$@" </dev/null >"$dir/log/$name.log" 2>&1 &
  echo $! >"$dir/pid/$name"
}
wait_for() { # WHAT COMMAND...: until it succeeds; fails at once when a started process is gone
  local what=$1 end=$((SECONDS + limit)) f; shift
  until "$@" >"$dir/log/wait" 2>&1; do
    for f in "$dir"/pid/*; do
      kill -0 "$(cat "$f")" 2>/dev/null || { echo "up.sh: ${f##*/} exited while waiting for $what" >&2; return 1; }
    done
    [ $SECONDS -lt $end ] || { echo "up.sh: no $what in ${limit}s: $(tail -n 3 "$dir/log/wait")" >&2; return 1; }
    sleep 0.2
  done
}
has_flag() { # BINARY FLAG: the flag is in its --help
  local cache="$dir/log/help.${1##*/}"
  [ -e "$cache" ] || "$1" --help >"$cache" 2>&1 || true
  grep -q -- "--$2\b" "$cache"
}
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- certificates: one CA, a serving pair, a client pair for the admin and one for the control plane (so that the
# audit log tells their requests apart), a service-account key
cd "$dir/pki"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; chmod 600 "$1"; }
sign() { # NAME SUBJECT EXTENSIONS
  key "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 3650 \
    -sha256 -extfile <(printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n%s\n' "$3") -out "$1.crt" 2>/dev/null
}
key ca.key
openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 3650 -sha256 -out ca.crt \
  -config <(printf '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n')
sign apiserver /CN=kube-apiserver "extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$service_ip"
sign admin /O=system:masters/CN=kubernetes-admin extendedKeyUsage=clientAuth
sign control-plane /O=system:masters/CN=control-plane extendedKeyUsage=clientAuth
key sa.key
openssl pkey -in sa.key -pubout -out sa.pub
admin_token=$(openssl rand -hex 16) viewer_token=$(openssl rand -hex 16) nobody_token=$(openssl rand -hex 16)
(umask 077; printf '%s\n' "$admin_token,admin,admin,\"system:masters\"" "$viewer_token,viewer,viewer,\"test-viewers\"" \
  "$nobody_token,nobody,nobody,\"test-nobodies\"" >tokens.csv)
cd "$dir"

# --- etcd
free_port; etcd_port=$REPLY; free_port; peer_port=$REPLY
etcd_args=(--name=node0 --data-dir="$dir/etcd"
  --listen-client-urls="http://127.0.0.1:$etcd_port" --advertise-client-urls="http://127.0.0.1:$etcd_port"
  --listen-peer-urls="http://127.0.0.1:$peer_port" --initial-advertise-peer-urls="http://127.0.0.1:$peer_port"
  --initial-cluster="node0=http://127.0.0.1:$peer_port" --log-level=warn)
has_flag "$etcd" unsafe-no-fsync && etcd_args+=(--unsafe-no-fsync)
read -ra more <<<"${CLUSTER_ETCD_ARGS:-}"
start etcd "$etcd" "${etcd_args[@]}" "${more[@]}"
wait_for etcd listening "$etcd_port"

# --- kube-apiserver
if [ -n "${CLUSTER_PORT:-}" ]; then port=$CLUSTER_PORT; else free_port; port=$REPLY; fi
server=https://127.0.0.1:$port
api_args=(--etcd-servers="http://127.0.0.1:$etcd_port" --bind-address=127.0.0.1 --advertise-address=127.0.0.1
  --secure-port="$port" --tls-cert-file="$dir/pki/apiserver.crt" --tls-private-key-file="$dir/pki/apiserver.key"
  --client-ca-file="$dir/pki/ca.crt" --token-auth-file="$dir/pki/tokens.csv" --authorization-mode=RBAC
  --service-account-issuer=https://kubernetes.default.svc.cluster.local
  --service-account-key-file="$dir/pki/sa.pub" --service-account-signing-key-file="$dir/pki/sa.key"
  --service-cluster-ip-range="$service_cidr" --allow-privileged=true --event-ttl=1h
  --kubelet-preferred-address-types=InternalIP
  --audit-policy-file="$here/audit-policy.yaml" --audit-log-path="$dir/audit.log" --audit-log-maxsize=1000)
has_flag "$apiserver" endpoint-reconciler-type && api_args+=(--endpoint-reconciler-type=none) # 127.0.0.1 is no valid endpoint
read -ra more <<<"${CLUSTER_APISERVER_ARGS:-}"
start kube-apiserver "$apiserver" "${api_args[@]}" "${more[@]}"

b64() { base64 <"$1" | tr -d '\n'; }
(umask 077; cat >"$dir/kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: admin
clusters:
- name: test
  cluster:
    server: $server
    certificate-authority-data: $(b64 "$dir/pki/ca.crt")
users:
- name: admin
  user:
    client-certificate-data: $(b64 "$dir/pki/admin.crt")
    client-key-data: $(b64 "$dir/pki/admin.key")
- name: admin-token
  user: {token: $admin_token}
- name: viewer
  user: {token: $viewer_token}
- name: nobody
  user: {token: $nobody_token}
contexts:
- {name: admin, context: {cluster: test, user: admin}}
- {name: admin-token, context: {cluster: test, user: admin-token}}
- {name: viewer, context: {cluster: test, user: viewer}}
- {name: nobody, context: {cluster: test, user: nobody}}
YAML
sed "s|$(b64 pki/admin.crt)|$(b64 pki/control-plane.crt)|; s|$(b64 pki/admin.key)|$(b64 pki/control-plane.key)|" \
  "$dir/kubeconfig" >"$dir/control-plane.kubeconfig")
k() { "$kubectl" --kubeconfig="$dir/kubeconfig" --cache-dir="$dir/cache" "$@"; }
wait_for "apiserver /readyz" k get --raw /readyz

# --- kube-controller-manager, kube-scheduler: with all rights, like kwokctl, and no leader election
free_port; kcm_port=$REPLY; free_port; scheduler_port=$REPLY
always=/healthz,/readyz,/livez,/metrics
read -ra more <<<"${CLUSTER_KCM_ARGS:-}"
start kube-controller-manager "$kcm" --kubeconfig="$dir/control-plane.kubeconfig" --bind-address=127.0.0.1 --secure-port="$kcm_port" \
  --leader-elect=false --authorization-always-allow-paths=$always --root-ca-file="$dir/pki/ca.crt" \
  --service-account-private-key-file="$dir/pki/sa.key" --kube-api-qps=500 --kube-api-burst=1000 "${more[@]}"
sched_args=(--kubeconfig="$dir/control-plane.kubeconfig" --bind-address=127.0.0.1 --secure-port="$scheduler_port"
  --leader-elect=false --authorization-always-allow-paths="$always")
has_flag "$scheduler" kube-api-qps && sched_args+=(--kube-api-qps=500 --kube-api-burst=1000)
read -ra more <<<"${CLUSTER_SCHEDULER_ARGS:-}"
start kube-scheduler "$scheduler" "${sched_args[@]}" "${more[@]}"

# --- kwok and its nodes
if [ "$nodes" -gt 0 ]; then
  free_port; kwok_port=$REPLY
  # What `kubectl logs` of any container gives.
  printf '2026-01-02T03:04:05.000000000Z stdout F %s\n' 'connecting to postgres://trader:hunter2@db.internal/floor' 'retry 1 of 3: <b>timeout</b>' \
    'panic: no route to host' >"$dir/kwok/container.log"
  cat >"$dir/kwok/logs.yaml" <<YAML
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: sim-logs}
spec:
  logs: [{logsFile: "$dir/kwok/container.log"}]
YAML
  # KWOK_WORKDIR: otherwise it also reads ~/.kwok/kwok.yaml
  start kwok env KWOK_WORKDIR="$dir/kwok" "$kwok" --kubeconfig="$dir/control-plane.kubeconfig" --config="$stages" \
    --config="$dir/kwok/logs.yaml" --manage-all-nodes=true \
    --cidr="$pod_cidr" --node-ip=127.0.0.1 --node-port="$kwok_port" --server-address="127.0.0.1:$kwok_port" \
    --tls-cert-file="$dir/pki/apiserver.crt" --tls-private-key-file="$dir/pki/apiserver.key" --node-lease-duration-seconds=40
  for ((i = 0; i < nodes; i++)); do
    cat <<YAML
---
apiVersion: v1
kind: Node
metadata:
  name: node-$i
  annotations: {kwok.x-k8s.io/node: fake, node.alpha.kubernetes.io/ttl: "0"}
  labels:
    kubernetes.io/hostname: node-$i
    kubernetes.io/os: linux
    kubernetes.io/arch: amd64
    topology.kubernetes.io/zone: zone-$((i % 3))
YAML
  done | k create --validate=false -f - >/dev/null
fi
k create --validate=false -f - >/dev/null <<'YAML'
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: test-viewers}]
YAML
nodes_up() { # every node Ready and rid of its not-ready taint
  [ "$(k get nodes -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{.spec.taints}{"\n"}{end}' | grep -cx True)" -eq "$nodes" ]
}
[ "$nodes" -eq 0 ] || wait_for "$nodes Ready nodes" nodes_up
wait_for "the default service account" k -n default get serviceaccount default
wait_for "the root CA configmap" k -n default get configmap kube-root-ca.crt

cat >"$dir/env" <<ENV
export KUBECONFIG='$dir/kubeconfig' KUBECACHEDIR='$dir/cache' PATH='$bin':"\$PATH"
export CLUSTER_DIR='$dir' CLUSTER_SERVER='$server' CLUSTER_CA='$dir/pki/ca.crt' CLUSTER_ETCD='http://127.0.0.1:$etcd_port'
export CLUSTER_AUDIT_LOG='$dir/audit.log' CLUSTER_ADMIN_TOKEN='$admin_token' CLUSTER_VIEWER_TOKEN='$viewer_token' CLUSTER_NOBODY_TOKEN='$nobody_token'
ENV
done=1
echo "cluster up in ${SECONDS}s: $server  (. $dir/env)"
