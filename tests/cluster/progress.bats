#!/usr/bin/env bats
# What an operator sees while a restore, a capture or a halt works: a block that is redrawn on a terminal, lines elsewhere.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load lib

setup() { sandbox; }
teardown() { [ -z "${tmux:-}" ] || $tmux kill-server 2>/dev/null || true; }

# Runs `kubectl lkg` in a terminal of that width; `ended with CODE` follows.
in_terminal() { # COLUMNS ARGUMENTS...
  local columns=$1; shift
  terminals=$((${terminals:-0} + 1)) # a socket each: a server that is going away would take the next one's session
  tmux="tmux -S $BATS_TEST_TMPDIR/tmux-$terminals -f /dev/null"
  $tmux new-session -d -x "$columns" -y 30 "env -u NO_COLOR ${MORE:-} KUBECONFIG=$KUBECONFIG PATH=$PATH \
    kubectl lkg $* --root $ROOT -n $NS; echo ended with \$?; sleep 60" 3>&-
}
pane() { $tmux capture-pane -p "$@"; }
pane_has() { pane | grep -qE -- "$1"; }
pane_shows() { pane -e | grep -qE -- "$1"; } # with its colours

@test "a restore on a terminal: phase, time and trouble in a block; Ctrl-C ends it at once, and nothing is left of the block" {
  small_floor
  unpullable_lkg
  in_terminal 80 "restore --no-report $unpullable"
  eventually pane_has '^rollout: [0-9.]+s of 5m00s$'
  eventually pane_has '^  Deployment/web  Pod/web-.* ImagePullBackOff: .*\.\.\.$'
  eventually pane_shows $'\x1b\\[31m[^D]*Deployment/web'
  eventually pane_shows $'\x1b\\[1mrollout: '
  $tmux send-keys C-c
  eventually pane_has '^ended with 130$'
  run pane
  refute_line --regexp '^(rollout|verify|unlock): '
  assert_line --regexp '^\[ *[0-9.]+s\] halted: EXECUTION_HALTED="1" read back$'
  assert_equal "$(switch_value)" 1
  $tmux kill-server

  # Wider, without colour.
  MORE=NO_COLOR=1 in_terminal 120 "restore --no-report $unpullable"
  eventually pane_has '^  Deployment/web  Pod/web-.* ImagePullBackOff: '
  assert_equal "$(pane -e | grep -c $'\x1b\\[[0-9;]*m *Deployment/web')" 0
  $tmux send-keys C-c
  eventually pane_has '^ended with 130$'
}

@test "a capture and a halt on a terminal say what they wait for; in a pipe there are lines alone" {
  small_floor
  k patch deployment web -p '{"spec":{"template":{"metadata":{"annotations":{"sim.kwok/mode":"image-pull-backoff"}}}}}'
  in_terminal 80 capture --wait 2m
  eventually pane_has '^waiting for rollouts: [0-9.]+s of 2m00s$'
  eventually pane_has '^  Deployment/web  its rollout is not settled: '
  $tmux send-keys C-c
  eventually pane_has '^ended with 130$'
  $tmux kill-server
  run -3 --separate-stderr lkg capture --wait 3s
  [[ $stderr != *$'\x1b'* ]]
  [[ $stderr == *"] waiting for Deployment/web: "* ]]

  mallory 0
  in_terminal 120 halt --timeout 2m
  eventually pane_has '^halted, proving it: [0-9.]+s of 2m00s$'
  eventually pane_has '^  trader-[^ ]+ main  (NOT-HALTED|waiting): '
  $tmux send-keys C-c
  eventually pane_has '^ended with 130$'
}
