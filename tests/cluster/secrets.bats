#!/usr/bin/env bats
# The value of a Secret, and what the operator logs in with, are nowhere but where they were: not in a file, an argument list, a log,
# a report or an error.
# shellcheck disable=SC2154 # stderr of run
load lib

setup() {
  sandbox
  small_floor
  value=canary-$RANDOM$RANDOM-value encoded=$(printf %s "$value" | base64)
  # A login by token, which kubectl is given in a file; of this test alone, as others use the administrator's in arguments.
  k create serviceaccount operator
  k create clusterrolebinding "$NS-operator" --clusterrole=cluster-admin --serviceaccount="$NS:operator"
  token=$(k create token operator)
  jq -n --arg server "$CLUSTER_SERVER" --arg ca "$CLUSTER_CA" --arg token "$token" '{apiVersion: "v1", kind: "Config",
    clusters: [{name: "c", cluster: {server: $server, "certificate-authority": $ca}}], users: [{name: "u", user: {token: $token}}],
    contexts: [{name: "x", context: {cluster: "c", user: "u"}}], "current-context": "x"}' >"$BATS_TEST_TMPDIR/login"
  chmod 600 "$BATS_TEST_TMPDIR/login"
  export KUBECONFIG=$BATS_TEST_TMPDIR/login TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir "$TMPDIR"
}
teardown() { [ -z "${sampler:-}" ] || kill "$sampler" 2>/dev/null || true; }

# Writes each argument of the machine's processes that has one of the words of the file `secrets` into the file `seen`, until it is
# killed.
sample() {
  while :; do
    { cat /proc/[0-9]*/cmdline 2>/dev/null || true; } | tr '\0' '\n' | grep -aF -f "$BATS_TEST_TMPDIR/secrets" >>"$BATS_TEST_TMPDIR/seen" || true
    sleep 0.02
  done
}

@test "a Secret's value and the token of the login are found in nothing that a verb writes, prints or runs" {
  k create secret generic broker --from-literal="key=$value"
  k set env deployment/web --from=secret/broker
  k rollout status deployment/web --timeout=60s
  printf '%s\n' "$value" "$encoded" "$token" >"$BATS_TEST_TMPDIR/secrets"
  jq --rawfile secrets "$BATS_TEST_TMPDIR/secrets" '.users[0].user.token = "wrong-" + ($secrets | split("\n")[0])' "$KUBECONFIG" >"$KUBECONFIG.wrong"
  sample 3>&- &
  sampler=$!
  out=$BATS_TEST_TMPDIR/out
  here=(--root "$ROOT" -n "$NS" -v)
  {
    kubectl-lkg capture "${here[@]}"
    k delete secret broker
    k set env deployment/web ROGUE=1
    for verb in plan diff status "status -o json" "report -o html" report "drill" "restore --soak 0" "verify" "history list"; do
      read -ra words <<<"$verb"
      kubectl-lkg "${words[@]}" "${here[@]}" || true
    done
    kubectl-drbackup create "${here[@]}"
    kubectl-drbackup create "${here[@]}" --server https://127.0.0.1:1 || true # an error about the connection
    kubectl-lkg plan "${here[@]}" --kubeconfig "$KUBECONFIG.wrong" || true # and about the login
  } >"$out" 2>&1
  bash -c 'sleep 0.5; :' "control-$value" # is seen, so that a blind sampler is
  kill "$sampler"
  [ "$(wc -l <"$out")" -gt 100 ]
  run grep -raF -f "$BATS_TEST_TMPDIR/secrets" "$ROOT" "$TMPDIR" "$out"
  assert_output ""
  run sort -u "$BATS_TEST_TMPDIR/seen"
  assert_output "control-$value"
  # Nothing is left where temporary files are.
  assert_equal "$(find "$TMPDIR" -mindepth 1)" ""
}

@test "what is written has the modes of the umask, and no bit more" {
  for mask in 022 077; do
    (
      umask "$mask"
      rm -rf "$ROOT/ops" "$ROOT/audit_artifacts" "$ROOT/deploy_logs"
      kubectl-lkg capture --root "$ROOT" -n "$NS"
      kubectl-drbackup create --root "$ROOT" -n "$NS"
      kubectl-lkg restore --soak 0 --root "$ROOT" -n "$NS"
    )
    run find "$ROOT" -mindepth 1 -path "$ROOT/.git" -prune -o -perm "/$mask" -print
    assert_output ""
    run find "$ROOT" -mindepth 1 -path "$ROOT/.git" -prune -o -type f -perm /111 -print
    assert_output ""
  done
}
