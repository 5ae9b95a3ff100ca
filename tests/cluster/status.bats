#!/usr/bin/env bats
# `kubectl lkg status` of a floor in each of ten states: the first line says it, and so does the exit code.  One floor for
# all of them: what a test spoils it puts right again.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load lib

setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  sandbox
  small_floor
}

teardown() { [ -z "${tmux:-}" ] || $tmux kill-server 2>/dev/null || true; }

# The report's verdict is that of the screen, whatever the state; it is written, and its code tells of gaps alone.
report_says() { # CODE VERDICT [ARGUMENTS...]
  local code=$1 verdict=$2; shift 2
  rm -f "$ROOT/deploy_logs/health_report.md"
  run "-$code" --separate-stderr lkg report -o json "$@"
  assert_equal "$(jq -r .status.verdict.word <<<"$output")" "$verdict"
  grep -qF -- "**$verdict**" "$ROOT/deploy_logs/health_report.md"
}

# The screen in $output, with that exit code and that first line; and the report.
shows() { # CODE FIRST-LINE
  run lkg status
  report_says 0 "${lines[0]%%:*}"
  run "-$1" --separate-stderr lkg status
  assert_line --index 0 --partial "$2"
  assert_equal "$stderr" ""
  [ "${#lines[@]}" -le 40 ]
  [ -z "$(awk 'length > 100' <<<"$output")" ]
}
screen() { lkg status || true; }
screen_has() { screen | grep -qE -- "$1"; } # REGEXP
settled() { k rollout status deployments --timeout=60s; }

@test "good: halted, proven, restorable, nothing drifted" {
  mark=$(audit_mark)
  shows 0 'HALTED, restorable: 1 of 1 containers proven halted; no drift'
  run -0 screen
  assert_line --regexp '^switch +EXECUTION_HALTED="1" since .* by '
  assert_line --regexp '^LKG +[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}, .* old, intact, 7 objects, captured on this cluster$'
  assert_line --regexp '^workloads +2 of 2 rolled out, 2 of 2 pods ready; no pod runs other images'
  run audit_mutations "$mark"
  assert_output "" # it only reads
  run -1 lkg status --check
  assert_output 'backups: there is none (limit 1d00h)'
  kubectl drbackup create --root "$ROOT" -n "$NS"
  run -0 lkg status --check --rpo-lkg 1h
  assert_output --partial 'OK: '
  run -1 lkg status --check --rpo-lkg 0 --rpo-inventory 24h
  assert_output --regexp $'^lkg: .* old \\(limit 0s\\)\nimages: there is none \\(limit 1d00h\\)$'
}

@test "halted by hand: the switch reads 1, but who started before keeps what it read" {
  mallory 0
  shows 5 'NOT HALTED, restorable: the switch reads EXECUTION_HALTED="0"; 1 object drifted'
  assert_line --regexp '^switch +NOT HALTED EXECUTION_HALTED="0" since .* by mallory$'
  mallory 1
  shows 5 'HALT NOT PROVEN, restorable: the switch reads "1", but 1 of 1 containers not proven halted'
  run screen
  assert_line --regexp 'by mallory$'
  assert_line --regexp 'trader-.* main \(env\): running since before the last write of the switch'
  k delete pods --all --wait
  settled
  shows 0 'HALTED, restorable'
}

@test "drifted: counted, with the first pointers" {
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  k create configmap hotfix
  shows 0 'HALTED, restorable: 1 of 1 containers proven halted; 2 objects drifted'
  run screen
  assert_line --regexp '^drift +2 objects: 1 changed, 0 missing, 1 extra$'
  assert_line --regexp '^ +changed  ConfigMap/settings /data/LEVEL$'
  run -1 lkg status --check
  assert_line 'drift: 2 objects drifted'
  k delete configmap hotfix
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"info"}}'
}

# MODE of stages.yaml for the pods of web.
web_in_mode() { # MODE
  k patch deployment web --type=merge -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"sim.kwok/mode\":$1}}}}}"
}

@test "half rolled out, crash loop, image missing: named, whatever the cause" {
  web_in_mode '"never-ready"'
  eventually screen_has 'Deployment/web .*, '
  shows 0 '1 of 2 workloads not right'
  run screen
  assert_line --regexp '^workloads +1 not right: 1 of 2 rolled out'
  web_in_mode '"crashloop"'
  eventually screen_has 'Deployment/web .*CrashLoopBackOff'
  report_says 0 'HALTED, restorable'
  failing=$(jq '.failing.containers[0]' <<<"$output")
  assert_regex "$(jq -r '.pod + " " + .trouble' <<<"$failing")" '^web-.* CrashLoopBackOff'
  # The kubelet's own answer, without the password in its first line.
  assert_equal "$(jq -c .log <<<"$failing")" \
    '["(left out: it may tell a credential)","retry 1 of 3: <b>timeout</b>","panic: no route to host"]'
  web_in_mode '"image-pull-backoff"'
  eventually screen_has 'Deployment/web .*ImagePullBackOff'
  shows 0 '1 of 2 workloads not right'
  run -1 lkg status --check
  assert_line --regexp '^workloads: Deployment/web: ImagePullBackOff'
  lkg restore --soak 0 --no-report
  shows 0 'HALTED, restorable: 1 of 1 containers proven halted; no drift'
}

@test "an LKG that is damaged: 6, and the one to restore instead; none: 1" {
  manifest=$ROOT/ops/lkg/lkg_manifest.yaml
  kept=$(basename -a "$ROOT"/ops/lkg/history/*/)
  cp "$manifest" "$BATS_TEST_TMPDIR"
  echo >>"$manifest"
  shows 6 'HALTED, NOT restorable: 1 of 1 containers proven halted; the LKG is damaged'
  run screen
  assert_line --partial "--from $kept"
  cp "$BATS_TEST_TMPDIR/lkg_manifest.yaml" "$manifest"
  mv "$ROOT/ops/lkg" "$BATS_TEST_TMPDIR/lkg"
  report_says 0 'HALTED, NOT restorable'
  run -1 lkg status
  assert_line --index 0 'HALTED, NOT restorable: 1 of 1 containers proven halted; there is no LKG'
  mv "$BATS_TEST_TMPDIR/lkg" "$ROOT/ops/lkg"
}

@test "API server down: UNKNOWN and 5, and what is on disk all the same" {
  run -5 --separate-stderr lkg status --server https://127.0.0.1:1
  assert_line --index 0 'UNKNOWN, restorable: the switch cannot be read'
  assert_line --regexp '^switch +UNKNOWN .*refused'
  assert_line --regexp '^LKG +[0-9TZ]+-[0-9a-f]{8}, .* old, intact'
  report_says 4 'UNKNOWN, restorable' --server https://127.0.0.1:1
  run grep -c 'could not be read' "$ROOT/deploy_logs/health_report.md"
  [ "$output" -gt 5 ]
  run -5 lkg status --server https://127.0.0.1:1 -o prometheus
  assert_line "kubectl_lkg_up{namespace=\"$NS\",part=\"switch\"} 0"
  refute_output --partial halt_proven
}

@test "a user with few rights: each gap is named; one with none: UNKNOWN and 5" {
  k create role few --verb=get,list --resource=configmaps,pods,deployments.apps,statefulsets.apps,daemonsets.apps,replicasets.apps,controllerrevisions.apps,jobs.batch
  k create rolebinding few --role=few --user="$NS-few"
  run -4 --separate-stderr lkg status --as "$NS-few" --as-group system:authenticated
  assert_line --index 0 'HALTED, restorable: 1 of 1 containers proven halted; drift is unknown'
  assert_output --partial 'forbidden to list '
  report_says 4 'HALTED, restorable' --as "$NS-few" --as-group system:authenticated
  run -5 --separate-stderr lkg status -o json --as "$NS-none" --as-group system:authenticated
  run -0 jq -r '.verdict.halt, (.gaps[].part)' <<<"$output"
  assert_output $'unknown\nswitch\ndrift\nworkloads\nfence\ngitops'
  report_says 4 'UNKNOWN, restorable' --as "$NS-none" --as-group system:authenticated
  k delete rolebinding/few role/few
}

@test "the fence: not installed, installed, active" {
  run screen
  assert_line --regexp '^fence +(not installed|installed, not active: the namespace is not labelled as held)$'
  kubectl apply -f "$BATS_TEST_DIRNAME/../../docs/deploy/kill-switch-fence.yaml"
  kubectl label namespace "$NS" agenttrader.dev/dr-hold=true
  run screen
  assert_line --regexp '^fence +active'
  kubectl label namespace "$NS" agenttrader.dev/dr-hold-
}

# Golden screens: tests/cluster/screens.  DR_ACCEPT=1 writes them instead of comparing.
golden() { # NAME: of stdin
  cat >"$BATS_TEST_TMPDIR/$1"
  [ -z "${DR_ACCEPT:-}" ] || cp "$BATS_TEST_TMPDIR/$1" "$BATS_TEST_DIRNAME/screens/$1"
  "$CLUSTER_TESTS/runbook.py" compare "$BATS_TEST_DIRNAME/screens/$1" "$BATS_TEST_TMPDIR/$1" || fail "another screen: $1"
}

@test "the screen in a terminal of 80 and of 120 columns, with colour and without, and in a pipe" {
  k patch configmap settings --field-manager=mallory --type=merge -p '{"data":{"LEVEL":"debug"}}'
  has_ended() { $tmux capture-pane -p | grep -q '^ended'; }
  for columns in 80 120; do
    for colour in colour plain; do
      tmux="tmux -S $BATS_TEST_TMPDIR/tmux-$columns-$colour -f /dev/null" # a server that goes away takes no other's session
      [ "$colour" = plain ] && setting=NO_COLOR=1 || setting='-u NO_COLOR'
      $tmux new-session -d -x "$columns" -y 45 "env $setting KUBECONFIG=$KUBECONFIG PATH=$PATH \
        kubectl lkg status --root $ROOT -n $NS; echo ended; sleep 60" 3>&-
      eventually has_ended
      $tmux capture-pane -p -e | sed -e '/^ended/,$d' -e 's/\x1b/ESC/g' | golden "status-$columns-$colour.txt"
      $tmux kill-server
    done
  done
  run -0 lkg status
  golden status-pipe.txt <<<"$output"
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"info"}}'
}

# A real terminal: 80 columns, colour where it means something, redrawn; Ctrl-C ends it at once.
@test "--watch redraws a terminal, keeps what was seen when a read fails, and ends with Ctrl-C" {
  run -2 lkg status --watch
  assert_output --partial 'standard output is none'
  token=$BATS_TEST_TMPDIR/token
  printf %s "$CLUSTER_ADMIN_TOKEN" >"$token"
  jq --arg file "$token" '.users += [{name: "file", user: {tokenFile: $file}}]' \
    <<<"$(kubectl config view --raw -o json)" >"$BATS_TEST_TMPDIR/kubeconfig"
  tmux="tmux -S $BATS_TEST_TMPDIR/tmux -f /dev/null"
  $tmux new-session -d -x 80 -y 45 "env -u NO_COLOR KUBECONFIG=$BATS_TEST_TMPDIR/kubeconfig PATH=$PATH \
    kubectl lkg status --root $ROOT -n $NS --user=file --watch; echo ended with \$?; sleep 60" 3>&-
  pane() { $tmux capture-pane -p -e; }
  pane_has() { pane | grep -qF -- "$1"; }
  eventually pane_has 'HALTED, restorable:'
  run pane
  assert_output --partial $'\x1b[32mHALTED, restorable:'
  echo ended >"$token"
  eventually pane_has 'UNKNOWN, restorable:'
  run pane
  assert_output --partial $'\x1b[31mUNKNOWN, restorable:'
  assert_output --regexp '[0-9.]+s ago it was:'
  assert_output --partial 'EXECUTION_HALTED="1"'
  $tmux send-keys C-c
  eventually pane_has 'ended with 130'
}

@test "history: list, show and prune, and the difference of two LKGs without a cluster" {
  kept() { basename -a "$ROOT"/ops/lkg/history/*/; }
  first=$(kept)
  k patch configmap settings --type=merge -p '{"data":{"LEVEL":"debug"}}'
  lkg capture --note "more to read" --wait 30s
  second=$(kept | tail -n 1)
  lkg_history() { kubectl lkg history "$@" --root "$ROOT" --server https://127.0.0.1:1; }
  run -0 lkg_history list
  assert_line --index 1 --regexp "^$second +[^ ]+ +current +intact +7 +[^ ]+ +[0-9a-f]{12} +more to read\$"
  assert_line --index 2 --regexp "^$first +[^ ]+ +- +intact +7 "
  run -0 lkg_history show "$first"
  assert_line --regexp '^ConfigMap +agenttrader-kill-switch +v1$'
  run -1 kubectl lkg diff --root "$ROOT" --from "$first" --to "$second" --server https://127.0.0.1:1
  assert_line --regexp '^ConfigMap/settings +changed +/data/LEVEL +"info" +"debug"$'
  run -0 kubectl lkg diff --root "$ROOT" --to "$second"
  run -2 lkg_history prune --keep 29
  run -0 lkg_history prune --dry-run
  assert_output '0 would go, 2 kept'
  echo >>"$ROOT/ops/lkg/history/$first/lkg_manifest.yaml"
  run -0 lkg_history list
  assert_line --regexp "^$first +[^ ]+ +- +damaged "
  run -6 lkg_history prune
}
