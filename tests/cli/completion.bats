#!/usr/bin/env bats
# Completion as a user meets it: through the real kubectl and its scripts, in real shells, without a cluster.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# shellcheck disable=SC2016 # the inner shells expand
bats_require_minimum_version 1.5.0
load ../shells

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  bats_load_library bats-file
  repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  bin=$(cd "$repository" && realpath "${DR_BIN:-build/dev/bin}")
  export HOME=$BATS_TEST_TMPDIR/home KUBECONFIG=$BATS_TEST_TMPDIR/kubeconfig TERM=xterm
  mkdir -p "$HOME"
  PATH=$bin:$repository/completions:$PATH
  unset KUBECTL KUBECTL_PATH KREW_ROOT
  floor=$BATS_TEST_TMPDIR/floor
  mkdir -p "$floor/ops/lkg/history/20260102T030405Z-0a1b2c3d" "$floor/ops/lkg/history/20260103T030405Z-00000000"
  cd "$floor" || return
  kubeconfig https://127.0.0.1:1
}

kubeconfig() { # SERVER
  cat >"$KUBECONFIG" <<END
apiVersion: v1
kind: Config
clusters: [{name: floor-cluster, cluster: {server: $1}}]
users: [{name: operator, user: {token: none}}]
contexts:
- {name: prod, context: {cluster: floor-cluster, user: operator}}
- {name: "arn:aws:eks:x/staging", context: {cluster: floor-cluster, user: operator}}
current-context: prod
END
}

backup() { # ID
  mkdir -p "audit_artifacts/cluster_backup/$1"
  jq -n --arg id "$1" '{apiVersion: "dr.agenttrader.dev/v1", kind: "Backup", id: $id, namespace: "floor", context: "", gitSha: "",
    cluster: {name: "", uid: "", serverVersion: ""}, tool: {name: "", version: ""},
    coverage: [{resource: "deployments.apps", apiVersion: "apps/v1", kind: "Deployment", shortName: "deploy",
      aliases: ["deploy"], outcome: "ok", count: 1}],
    objects: [{file: "deploy__web.yaml", apiVersion: "apps/v1", kind: "Deployment", name: "web"}]}' \
    >"audit_artifacts/cluster_backup/$1/backup.json"
}

# Candidates without descriptions, and the directive, as kubectl hands them to the shell.
complete() { # WORDS...
  run --separate-stderr kubectl __completeNoDesc "$@"
  assert_success
}
lines() { printf '%s\n' "$@"; }

@test "the completion files are what the plugins install" {
  for plugin in lkg drbackup arsnap; do
    mkdir "$BATS_TEST_TMPDIR/$plugin"
    run "kubectl-$plugin" completion install --dir "$BATS_TEST_TMPDIR/$plugin"
    assert_success
    cmp "$BATS_TEST_TMPDIR/$plugin/kubectl_complete-$plugin" "$repository/completions/kubectl_complete-$plugin"
  done
}

# VERB<tab>SUMMARY of each verb that a plugin's help lists.
verbs_of() { # PLUGIN
  "kubectl-$1" --help | awk '/^[A-Z][A-Za-z ]* Commands:$/ { inside = 1; next } /^$/ { inside = 0 }
    inside { sub(/^  /, ""); sub(/   +/, "\t"); print }'
}
# The flags that a help names, from stdin.
flags_named() { grep -oE -- '^ +(-[a-z], )?--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+'; }

@test "kubectl completes the verbs of each plugin, with their descriptions" {
  for plugin in lkg drbackup arsnap; do
    verbs=$(verbs_of "$plugin")
    [ "$(wc -l <<<"$verbs")" -gt 5 ] || fail "few verbs found"
    run --separate-stderr kubectl __complete "$plugin" ""
    assert_success
    assert_output "$verbs"$'\noptions\tPrint the options that apply to all commands\n:4'
  done
}

@test "kubectl completes every flag of every verb's help" {
  for plugin in lkg drbackup arsnap; do
    for verb in $(verbs_of "$plugin" | cut -f1); do
      documented=$({ "kubectl-$plugin" help "$verb"; "kubectl-$plugin" options; } | flags_named | sort -u)
      [ "$(wc -l <<<"$documented")" -gt 20 ] || fail "few flags found: $documented"
      offered=$(kubectl __completeNoDesc "$plugin" "$verb" -- 2>/dev/null | grep '^--' | sort -u)
      diff --label help <(echo "$documented") --label completion <(echo "$offered") || fail "$plugin $verb"
    done
  done
}

@test "kubectl completes values: forms, contexts, LKGs, files" {
  complete lkg diff -o ""
  assert_output "$(lines json yaml table :4)"
  complete drbackup diff latest -o ""
  assert_output "$(lines json yaml table unified :4)"
  complete lkg halt --prove ""
  assert_output "$(lines none started exec :4)"
  complete lkg restore --check-images=a
  assert_output "$(lines auto always :4)"
  complete lkg --context ""
  assert_output "$(lines arn:aws:eks:x/staging prod :4)"
  complete lkg --cluster ""
  assert_output "$(lines floor-cluster :4)"
  complete lkg restore --user ""
  assert_output "$(lines operator :4)"
  complete arsnap check --from 2026
  assert_output "$(lines 20260103T030405Z-00000000 20260102T030405Z-0a1b2c3d :4)"
  complete lkg verify --manifest ""
  assert_output ":0"
  complete lkg --root ""
  assert_output ":16"
}

@test "kubectl completes backups and what is in them" {
  backup 20260104T000000Z
  backup 20260105T000000Z
  complete drbackup verify ""
  assert_output "$(lines 20260105T000000Z 20260104T000000Z latest :4)"
  complete drbackup diff latest "l"
  assert_output "$(lines latest live :4)"
  complete drbackup show latest ""
  assert_output "$(lines Deployment/web :4)"
  complete drbackup show 20260104T000000Z deploy/
  assert_output "$(lines deploy/web :4)"
  complete drbackup show 20260104T000000Z cm/
  assert_output ":4"
  complete drbackup create --exclude cm,deploy/
  assert_output "$(lines cm,deploy/web :4)"
  mkdir -p copies/cluster_backup
  touch copies/cluster_backup/20260104T000000Z.tar
  complete drbackup pull --from copies ""
  assert_output "$(lines 20260104T000000Z :4)"
  complete drbackup push --lkg 20260103
  assert_output "$(lines 20260103T030405Z-00000000 :4)"
  echo '{' >audit_artifacts/cluster_backup/20260104T000000Z/backup.json
  complete drbackup show 20260104T000000Z ""
  assert_output ":4"
}

@test "a server that is down or does not answer costs little, and nothing is said" {
  run --separate-stderr kubectl-lkg __complete -n ""
  assert_success
  assert_output ":4"
  assert_equal "$stderr" ""

  python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)' >"$BATS_TEST_TMPDIR/port" 3>&- &
  server=$!
  until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.05; done
  kubeconfig "https://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")"
  start=${EPOCHREALTIME/./}
  run --separate-stderr kubectl-lkg __complete restore -n ""
  elapsed=$((${EPOCHREALTIME/./} - start))
  contexts=$(kubectl-lkg __complete --context p)
  contexts_elapsed=$((${EPOCHREALTIME/./} - start - elapsed))
  kill "$server"
  # These ask no server.
  assert_equal "$contexts" $'prod\n:4'
  [ "$contexts_elapsed" -lt 1000000 ] || fail "contexts took $contexts_elapsed µs"
  assert_success
  assert_output ":4"
  assert_equal "$stderr" ""
  # 1.5 s is our limit: less would mean that it was not tried, more than 4 s even on a busy machine that there is none.
  [ "$elapsed" -ge 1400000 ] && [ "$elapsed" -lt 4000000 ] || fail "it took $elapsed µs"
}

@test "a plugin that cannot complete gives no candidates instead of file names" {
  mkdir "$BATS_TEST_TMPDIR/old"
  printf '#!/bin/sh\necho "unknown command" >&2; exit 2\n' >"$BATS_TEST_TMPDIR/old/kubectl-lkg"
  chmod +x "$BATS_TEST_TMPDIR/old/kubectl-lkg"
  PATH=$BATS_TEST_TMPDIR/old:$PATH complete lkg ""
  assert_output ":4"
}

@test "kubectl plugin list does not take a completion file for a plugin" {
  run kubectl plugin list --name-only
  assert_line kubectl-lkg
  refute_output --partial complete
}

# --- shells

@test "bash completes kubectl lkg" {
  run --separate-stderr kubectl_in_bash "kubectl lkg re"
  assert_success
  assert_output "$(lines restore report)"
}

in_bash() { # LINE: what bash would offer for it
  run --separate-stderr bash --norc -c '. <(kubectl-lkg completion bash)
    COMP_LINE=$1 COMP_POINT=${#1}; __kubectl_lkg_complete; printf "%s\n" "${COMPREPLY[@]}"' - "$1"
  assert_success
  assert_equal "$stderr" ""
}

@test "bash completes kubectl-lkg by itself" {
  in_bash "kubectl-lkg re"
  assert_output "$(lines restore report)"
  in_bash "kubectl-lkg restore --from=20260102"
  assert_output "20260102T030405Z-0a1b2c3d"
  in_bash "kubectl-lkg restore --context arn:aws:e" # bash replaces what follows the last colon
  assert_output "eks:x/staging"
  in_bash "kubectl-lkg restore --context "
  assert_output "$(lines arn:aws:eks:x/staging prod)"
}

@test "zsh completes kubectl lkg, and kubectl-lkg by itself" {
  run in_zsh 'source <(kubectl completion zsh)' 'kubectl lkg re'
  assert_output --partial 'report'
  assert_output --partial '-- Bring the namespace back'
  run in_zsh 'source <(kubectl-lkg completion zsh)' 'kubectl-lkg re'
  assert_output --partial '-- Bring the namespace back'
  run in_zsh 'source <(kubectl-lkg completion zsh)' 'kubectl-lkg restore --from=20260102'
  assert_output --partial 'kubectl-lkg restore --from=20260102T030405Z-0a1b2c3d'
}

offered_in_fish() { # SETUP LINE
  run --separate-stderr in_fish "$@"
  assert_success
}

@test "fish completes kubectl lkg, and kubectl-lkg by itself" {
  offered_in_fish 'kubectl completion fish' 'kubectl lkg re'
  assert_line --partial $'restore\tBring the namespace back'
  offered_in_fish 'kubectl-lkg completion fish' 'kubectl-lkg re'
  assert_line --partial $'restore\tBring the namespace back'
  offered_in_fish 'kubectl-lkg completion fish' 'kubectl-lkg restore --from=20260102'
  assert_line --partial '--from=20260102T030405Z-0a1b2c3d'
  offered_in_fish 'kubectl-lkg completion fish' "kubectl-lkg --root=$floor/o"
  assert_line --partial "$floor/ops/"
}
