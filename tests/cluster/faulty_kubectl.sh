#!/bin/bash
# faulty_kubectl.sh ARGUMENTS...: the real kubectl, but for one call.  FAULT_DIR/plan says which and how ("17 truncate"); each
# call is noted in FAULT_DIR/calls, and so is each request through `kubectl proxy` (faulty_proxy.py).  FAULT_DIR/kubectl is a link to this script, which KUBECTL names; FAULT_REAL is kubectl.
set -uo pipefail
exec 9>>"$FAULT_DIR/calls"
flock 9
printf '%s\n' "$*" >&9
index=$(wc -l <"$FAULT_DIR/calls")
exec 9>&-
read -r planned fault <"$FAULT_DIR/plan"
here=$(dirname "$(readlink -f "$0")")
as_it_is() {
  [[ " $* " != *" proxy "* ]] || exec "$here/faulty_proxy.py" "$@"
  exec "$FAULT_REAL" "$@"
}
[ "$index" -eq "$planned" ] || as_it_is "$@"

server_error() { echo "Error from server ($1): $2" >&2; exit 1; }
case $fault in
  fail) echo "error: injected: no connection" >&2; exit 1 ;;
  effect) "$FAULT_REAL" "$@" >/dev/null 2>&1; echo "error: unexpected EOF" >&2; exit 1 ;;
  hang) sleep 1; kill -KILL $$ ;; # until somebody kills it
  truncate) answer=$("$FAULT_REAL" "$@"); code=$?; printf %s "${answer:0:${#answer}/2}"; exit $code ;;
  empty) "$FAULT_REAL" "$@" >/dev/null; exit ;;
  rc1) "$FAULT_REAL" "$@"; exit 1 ;;
  warn) echo "Warning: injected" >&2; exec "$FAULT_REAL" "$@" ;;
  401) echo "error: You must be logged in to the server (Unauthorized)" >&2; exit 1 ;;
  403) server_error Forbidden 'things.example.com is forbidden: User "injected" cannot do that in the namespace' ;;
  409) server_error Conflict 'Operation cannot be fulfilled on things.example.com "injected": the object has been modified; please apply your changes to the latest version and try again' ;;
  429) server_error TooManyRequests "the server has received too many requests and has asked us to try again later" ;;
  500) server_error InternalError "Internal error occurred: injected" ;;
  gone) rm "$FAULT_DIR/kubectl"; exec "$FAULT_REAL" "$@" ;; # for all later calls
  kill) kill -KILL "$PPID" ;; # the tool itself
  flip | delete | recreate) "$here/adversary.sh" "$fault"; as_it_is "$@" ;;
esac
