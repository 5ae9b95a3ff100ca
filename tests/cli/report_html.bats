#!/usr/bin/env bats
# The HTML report in a browser, made without a cluster from a journal on disk.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load ../lib

setup() {
  root=$BATS_TEST_TMPDIR/root
  mkdir -p "$root/deploy_logs"
  cat >"$BATS_TEST_TMPDIR/kubectl" <<'EOF'
#!/bin/sh
case "$*" in
  *config*view*) echo '{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"floor","user":"jane"}}],"clusters":[{"name":"floor","cluster":{"server":"https://127.0.0.1:1"}}]}' ;;
  *) echo 'Error from server (Forbidden): no <b>rights</b>' >&2; exit 1 ;;
esac
EOF
  chmod +x "$BATS_TEST_TMPDIR/kubectl"
  cat >"$root/deploy_logs/restore-20260102T030405Z.jsonl" <<'EOF'
{"event":"start","lkg":"20260101T000000Z-0a1b2c3d","namespace":"trading-floor","ms":0}
{"event":"phase","phase":"halt","ms":1000}
{"event":"phase","phase":"rollout","ms":3000}
{"event":"rollouts","deadline":5000,"soak":0,"ms":3000}
{"event":"workload","workload":"Deployment/web","settled":false,"ms":3100}
{"event":"workload","workload":"Deployment/web","settled":true,"ms":7000}
{"event":"end","exitCode":0,"ms":10000}
EOF
  page=$root/deploy_logs/health_report.html
  run --separate-stderr "$DR_BIN/kubectl-lkg" report -o html -n trading-floor --root "$root" --kubectl "$BATS_TEST_TMPDIR/kubectl"
  assert_equal "$status" 4
  assert_output "health report written to $page"
}

browser() { # FLAG... — its log is stderr
  chromium-headless-shell --no-sandbox --enable-logging=stderr "$@" "file://$page"
}

@test "the HTML report is well-formed and asks for nothing outside of it" {
  python3 -c 'import sys, xml.dom.minidom as x; x.parseString(open(sys.argv[1]).read().replace("<!DOCTYPE html>", ""))' "$page"
  run grep -cE '<script|(src|href)="[^d]|url\(|@import' "$page"
  assert_output 0
}

@test "a browser shows the report without a complaint, with the bars of the journal" {
  run --separate-stderr browser --dump-dom
  assert_success
  refute_regex "$stderr" CONSOLE
  run grep -oE 'data-name="[^"]*" data-from="[0-9]*" data-to="[0-9]*"' <<<"$output"
  assert_output 'data-name="phase halt" data-from="1000" data-to="3000"
data-name="phase rollout" data-from="3000" data-to="10000"
data-name="workload Deployment/web" data-from="3100" data-to="7000"'
  assert_regex "$(<"$page")" '<line class="limit" x1="868" ' # the deadline, 8 s of 10
}

@test "the report has a picture at the width of a phone and of a desktop" {
  for width in 390 1200; do
    run browser --window-size="$width,1200" --screenshot="$BATS_TEST_TMPDIR/$width.png"
    assert_success
    assert_file_not_empty "$BATS_TEST_TMPDIR/$width.png"
  done
}
