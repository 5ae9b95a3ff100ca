#!/usr/bin/env bash
# down.sh DIR: stops what up.sh DIR started, by process id, and removes DIR (CLUSTER_KEEP=1 keeps it).
set -uo pipefail
if [ $# -ne 1 ] || [ ! -d "$1/pid" ]; then echo "usage: down.sh DIR (of up.sh)" >&2; exit 2; fi
dir=$(cd "$1" && pwd)
ours() { # PID: it runs, and its command line names DIR, so it is not a later process with the same id
  [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "$dir/"
}
for name in kwok kube-scheduler kube-controller-manager kube-apiserver etcd; do
  [ -e "$dir/pid/$name" ] || continue
  pid=$(cat "$dir/pid/$name")
  if ours "$pid"; then
    kill "$pid" 2>/dev/null
    kill -CONT "$pid" 2>/dev/null   # a test may have stopped it
    for ((i = 0; i < 50; i++)); do ours "$pid" || break; sleep 0.1; done
    ours "$pid" && kill -KILL "$pid" 2>/dev/null
  fi
  rm -f "$dir/pid/$name"
done
[ -n "${CLUSTER_KEEP:-}" ] || rm -rf "$dir"
