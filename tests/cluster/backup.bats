#!/usr/bin/env bats
# What a backup holds, and what it says of what it could not read, on a real control plane.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
load lib

setup() { sandbox; }
teardown() { [ ! -d "$BATS_TEST_TMPDIR/own" ] || "$CLUSTER_TESTS/down.sh" "$BATS_TEST_TMPDIR/own" >/dev/null; }

backup() { # VERB [ARGUMENTS...]: kubectl drbackup in the test's namespace and repository
  local verb=$1; shift
  kubectl drbackup "$verb" --root "$ROOT" -n "$NS" "$@"
}

# Two backups in a second wait for each other; tests that need an id take it from the store.
newest() { find "$ROOT/audit_artifacts/cluster_backup" -mindepth 1 -maxdepth 1 -type d -name '2*' | sort | tail -n 1; }

# A custom resource in the namespace; the kind is shared by all tests.
widget() {
  kubectl apply -f - <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
YAML
  kubectl wait --for=condition=Established crd/widgets.example.com --timeout=30s
  k apply -f - <<'YAML'
apiVersion: example.com/v1
kind: Widget
metadata: {name: w1}
spec: {text: "0x1f", big: 9223372036854775807, empty: {}}
YAML
}

# An aggregated API whose server does not answer.
dead_api() { # GROUP
  kubectl apply -f - <<YAML
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.$1}
spec:
  group: $1
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: nobody, namespace: $NS}
YAML
}

# RESOURCE/NAME of every object that a backup should hold, by kubectl and jq alone: every namespaced kind that can be
# listed but Secrets and derived ones, without what another listed object controls.
expected_objects() {
  local resource
  for resource in $(kubectl api-resources --namespaced --verbs=list -o name); do
    case $resource in
      secrets | pods | replicasets.apps | controllerrevisions.apps | events | events.events.k8s.io | \
        leases.coordination.k8s.io | csistoragecapacities.storage.k8s.io | *.metrics.k8s.io) continue ;;
    esac
    k get "$resource" -o json | jq -c --arg resource "$resource" '.items[] | {resource: $resource, name: .metadata.name, uid: .metadata.uid,
      owner: ([.metadata.ownerReferences[]? | select(.controller) | .uid] | first), selector: (.spec.selector? != null)}'
  done | jq -rs '. as $all | .[] | select(.owner as $owner | ($all | any(.uid == $owner)) | not)
    | select(.resource != "endpoints" or (.name as $name | $all | any(.resource == "services" and .name == $name and .selector) | not))
    | "\(.resource)/\(.name)"' | sort
}

@test "with full rights every object of every kind is there once, and nothing else" {
  floor_up
  widget
  run backup create
  assert_success
  assert_output --partial "is complete"
  dir=$(newest)

  listed=$(jq -r '.coverage as $coverage | .objects[] | . as $object
    | "\($coverage[] | select(.kind == $object.kind and .apiVersion == $object.apiVersion) | .resource)/\(.name)"' "$dir/backup.json" | sort)
  expected_objects >"$BATS_TEST_TMPDIR/expected"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -gt 40 ]
  diff "$BATS_TEST_TMPDIR/expected" - <<<"$listed"

  # The eight prefixes of the runbook, and one file an object.
  for prefix in deploy sts svc cm sa role rolebinding ingress; do
    compgen -G "$dir/${prefix}__*.yaml" >/dev/null || fail "no file $prefix"
  done
  assert_file_exists "$dir/widgets.example.com__w1.yaml"
  assert_equal "$(find "$dir" -name '*.yaml' | wc -l)" "$(wc -l <<<"$listed")"

  run grep -r -l "$(k get secret trader-secrets -o jsonpath='{.data.BROKER_API_KEY}' | base64 -d)" "$dir"
  assert_failure
  (cd "$dir" && sha256sum --strict --check --quiet SHA256SUMS)
  for fact in "$NS" "$(git -C "$ROOT" rev-parse HEAD)" admin; do
    grep -qF "$fact" "$dir/README.md" || fail "README.md does not tell $fact"
  done
  run backup verify
  assert_success
  run backup status
  assert_success
  assert_output --partial "OK: backup"
}

@test "what cannot be read makes the backup incomplete, everywhere, and harms nothing else" {
  floor_up
  widget
  k create role backup-some --verb=list --resource=configmaps,services,serviceaccounts,deployments.apps,statefulsets.apps,daemonsets.apps,widgets.example.com
  k create rolebinding backup-some --role=backup-some --user="$NS-some"
  run -4 --separate-stderr backup create --as "$NS-some" --as-group system:authenticated
  assert_output --partial INCOMPLETE
  assert_output --regexp 'roles.rbac.authorization.k8s.io +forbidden'
  dir=$(newest)
  assert_equal "$(jq -r .complete "$dir/backup.json")" false
  head -n 1 "$dir/README.md" | grep -qF INCOMPLETE
  for file in deploy__strategy-engine cm__strategy-config widgets.example.com__w1; do assert_file_exists "$dir/$file.yaml"; done
  run jq -r '.coverage[] | select(.outcome == "forbidden") | .message' "$dir/backup.json"
  assert_output --partial "cannot list resource"

  run -4 backup verify
  assert_output --partial "roles.rbac.authorization.k8s.io: forbidden"
  run backup list
  assert_success
  assert_output --partial incomplete
  run -4 backup status
  assert_output --partial "INCOMPLETE: backup"
  assert_output --partial "newest complete one: none"

  # What one side could not read is unknown, not gone.
  run -4 --separate-stderr backup diff latest
  assert_output --partial "no difference"
  [[ $stderr == *"not compared: roles.rbac.authorization.k8s.io"* ]]
}

# On a control plane of its own: a dead API is there for every namespace.
@test "an API that does not answer is named, and counts when it may hold objects" {
  CLUSTER_NODES=0 "$CLUSTER_TESTS/up.sh" "$BATS_TEST_TMPDIR/own" >/dev/null
  # shellcheck disable=SC1091 # made by up.sh
  . "$BATS_TEST_TMPDIR/own/env"
  kubectl create namespace "$NS"
  k create deployment web --image=web:1

  dead_api metrics.k8s.io # holds nothing that a backup would
  run --separate-stderr backup create
  assert_success
  assert_output --partial "is complete"
  [[ $stderr == *"metrics.k8s.io/v1 does not answer"* ]]

  dead_api shop.example.com
  run -4 backup create
  assert_output --partial "shop.example.com/v1"
  assert_output --partial "currently unable"
  run -4 backup verify
  assert_output --partial "group shop.example.com/v1"
  assert_file_exists "$(newest)/deploy__web.yaml"
  run -4 backup diff latest
}

@test "two backups of an unchanged namespace differ in nothing but their time stamps" {
  floor_up
  backup create
  first=$(newest)
  backup create
  second=$(newest)
  [ "$first" != "$second" ]
  run git diff --no-index --name-only "$first" "$second"
  assert_equal "$(printf '%s\n' "${lines[@]##*/}" | sort | tr '\n' ' ')" "README.md SHA256SUMS backup.json "
  run diff <(sed -E 's/[0-9]{8}T[0-9]{6}Z|[0-9-]{10}T[0-9:]{8}Z/TIME/g' "$first/backup.json" "$first/README.md") \
    <(sed -E 's/[0-9]{8}T[0-9]{6}Z|[0-9-]{10}T[0-9:]{8}Z/TIME/g' "$second/backup.json" "$second/README.md")
  assert_success
}

@test "drift is shown by pointer, as a patch that applies, and by git" {
  floor_up
  backup create
  run backup diff latest
  assert_success
  assert_output --partial "no difference"
  k set env deployment/mission-control ROGUE=1
  k create configmap extra --from-literal=x=yes
  k delete configmap strategy-config
  run -1 backup diff latest
  assert_output --regexp 'Deployment/mission-control +changed +/spec/template/spec/containers/0/env'
  assert_output --regexp 'ConfigMap/extra +added'
  assert_output --regexp 'ConfigMap/strategy-config +removed'

  run -1 --separate-stderr backup diff latest -o unified
  cp -r "$(newest)" "$BATS_TEST_TMPDIR/a"
  (cd "$BATS_TEST_TMPDIR/a" && patch --strip=1 --quiet <<<"$output")
  backup create
  for file in deploy__mission-control cm__extra; do cmp "$BATS_TEST_TMPDIR/a/$file.yaml" "$(newest)/$file.yaml"; done
  assert_file_not_exists "$BATS_TEST_TMPDIR/a/cm__strategy-config.yaml"
  run -1 backup diff "$(basename "$(find "$ROOT/audit_artifacts/cluster_backup" -maxdepth 1 -name '2*' | sort | head -n 1)")" latest
  assert_output --partial ROGUE
}

@test "an object is shown in a form that kubectl takes" {
  floor_up
  backup create
  backup show latest deploy/strategy-engine | k diff -f - >/dev/null
  k delete configmap strategy-config
  backup show latest ConfigMap/strategy-config | kubectl create -f -
  run backup diff latest
  assert_success
  run -1 backup show latest cm/nothing
  k patch configmap agenttrader-kill-switch --type=merge -p '{"data":{"EXECUTION_HALTED":"0"}}'
  backup create
  run --separate-stderr backup show latest cm/agenttrader-kill-switch
  [[ $stderr == *"do not apply it"* ]]
}

@test "a partial backup does not count as one of the namespace" {
  floor_up
  run backup create --kinds=deploy,cm --exclude='cm/agenttrader-heartbeat-*'
  assert_success
  assert_output --partial "is partial"
  refute compgen -G "$(newest)/cm__agenttrader-heartbeat-*" >/dev/null
  run -1 backup status
  assert_output --partial "NONE"
  run -2 backup create --kinds=secrets
  run -2 backup create --exclude=nope
}

@test "a namespace that does not exist, no rights and no server are failures, not empty backups" {
  run -1 backup create
  assert_output --partial "does not exist"
  run -1 backup create --as "$NS-nobody" --as-group system:authenticated
  run -1 backup create --server https://127.0.0.1:1
  assert_not_exists "$ROOT/audit_artifacts"
}

@test "a damaged backup is named by every verb and never loaded" {
  floor_up
  backup create
  printf '#' >>"$(newest)/cm__agenttrader-safety.yaml"
  run -6 backup verify
  assert_output --partial cm__agenttrader-safety.yaml
  run -6 backup status
  run -6 backup diff latest
  run -6 backup show latest cm/agenttrader-safety
  run backup list
  assert_success
  assert_output --partial damaged
}

@test "three kubectl processes, whatever the number of kinds and objects, and none of them for a Secret" {
  floor_up
  run --separate-stderr backup create -v
  assert_success
  # config view; the proxy, through which all lists are read; api-resources.
  assert_equal "$(grep '^+ .*kubectl' <<<"$stderr" | grep -v 'through the proxy$' | grep -vc 'raw /apis/external')" 3
  refute_regex "$stderr" '[^a-z]secrets'
}

@test "the daily job's manifests are accepted, and its rights are enough for both verbs" {
  floor_up
  kubectl create namespace agenttrader-dr --dry-run=client -o yaml | kubectl apply -f -
  manifests=$BATS_TEST_TMPDIR/deploy
  mkdir "$manifests"
  # Custom resources of other tests are on this cluster too: their groups get the rule that is only a comment there.
  groups=example.com$(printf ', %s.example.com' apps batch config old serving shop values)
  for file in "$BATS_TEST_DIRNAME"/../../docs/deploy/[0-9]*.yaml; do
    sed -e "s/trading-floor/$NS/g" -e "/cloud.google.com/,+2 { s/^  # /  /; s/\\[cloud.*\\]/[$groups]/ }" "$file" >"$manifests/${file##*/}"
  done
  grep -qF "apiGroups: [$groups]" "$manifests"/2-rbac.yaml
  kubectl apply --dry-run=server -f "$manifests"
  kubectl apply -f "$manifests"
  account=system:serviceaccount:agenttrader-dr:$(kubectl -n agenttrader-dr get serviceaccounts -o name | grep -v /default | head -n 1 | cut -d/ -f2)
  run lkg capture --as "$account" --as-group system:authenticated --as-group system:serviceaccounts
  assert_success
  run backup create --as "$account" --as-group system:authenticated --as-group system:serviceaccounts
  assert_success
}
