#!/usr/bin/env bats
# The pictures of the README, made of a real floor: the screen of status, and the HTML report after a restore, which a
# browser must show without a complaint.  DR_ACCEPT=1 puts them into docs/images.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load lib

setup() {
  sandbox
  [ -z "${DR_ACCEPT:-}" ] && images=$BATS_TEST_TMPDIR || images=$BATS_TEST_DIRNAME/../../docs/images
}
teardown() { [ -z "${tmux:-}" ] || $tmux kill-server 2>/dev/null || true; }

browser() { chromium-headless-shell --no-sandbox --enable-logging=stderr "$@" "file://$page"; }

# KIND of the bars of the timeline: their names, in order.
bars() { grep -oE "data-name=\"$1 [^\"]*\"" <<<"$output" | cut -d'"' -f2 | cut -d' ' -f2; }

@test "a floor after a restore, with what went wrong since: the screen of status and the HTML report" {
  pinned_floor
  kubectl drbackup create --root "$ROOT" -n "$NS"
  k patch deployment strategy-engine -p '{"spec":{"template":{"spec":{"containers":[{"name":"engine","image":"us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/strategy-engine:hotfix"}]}}}}'
  lkg restore --soak 2s
  k patch configmap strategy-config --field-manager=kubectl-edit --type=merge -p '{"data":{"LOG_LEVEL":"debug"}}'
  k patch deployment marketdata-mcp-server -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"crashloop"}}}}}'
  eventually eval 'k get pods | grep CrashLoopBackOff'

  tmux="tmux -S $BATS_TEST_TMPDIR/tmux -f /dev/null"
  $tmux new-session -d -x 104 -y 40 "env -u NO_COLOR KUBECONFIG=$KUBECONFIG PATH=$PATH kubectl lkg status --root $ROOT -n $NS; echo ended; sleep 60" 3>&-
  pane() { $tmux capture-pane -p -e; }
  has_ended() { pane | grep -q '^ended'; }
  eventually has_ended
  pane | sed '/^ended/,$d' | "$CLUSTER_TESTS/screen_svg.py" "kubectl lkg status" >"$images/status.svg"
  python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$images/status.svg"
  run cat "$images/status.svg"
  assert_output --partial 'HALT' # the verdict

  run lkg report -o html
  page=$ROOT/deploy_logs/health_report.html
  run --separate-stderr browser --dump-dom
  assert_success
  refute_regex "$stderr" CONSOLE
  # The journal of the restore, phase by phase, and each workload that was waited for.
  journal=$(find "$ROOT/deploy_logs" -name 'restore-*.jsonl' | sort | tail -n 1)
  assert_equal "$(bars phase)" "$(jq -r 'select(.event == "phase").phase' "$journal")"
  assert_equal "$(bars workload | sort)" "$(jq -r 'select(.event == "workload").workload' "$journal" | sort -u)"
  run cat "$page"
  assert_output --partial 'kubectl-edit'
  assert_output --partial '[CRASHLOOP]'
  run browser --window-size=1100,1500 --screenshot="$images/report.png"
  assert_success
  assert_file_not_empty "$images/report.png"
}
