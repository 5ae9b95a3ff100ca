#!/usr/bin/env bats
# The image as a registry hands it out, and the daily job in it: its command lines, in nothing but the image's files, with
# the job's ServiceAccount, on a real API server.
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a shell of its own; setup_suite.bash, lib.bash and run set these
load lib

setup_file() {
  start_server registry "$TOOLS/bin/crane" registry serve --address=127.0.0.1:0 --disk="$(mktemp -d -p "$BATS_FILE_TMPDIR")"
  export IMAGE=127.0.0.1:$REPLY/team/agenttrader-dr
  export KUBECTL_AMD64=$TOOLS/control-plane/kubectl DIST=$BATS_FILE_TMPDIR/dist
  cp -r "$RELEASES/$VERSION" "$DIST"
  DIGEST=$("$repository/scripts/image.sh" --output "$DIST" --push "$IMAGE")
  export DIGEST
}
teardown_file() { stop_servers; }

setup() {
  PATH=$TOOLS/bin:$PATH
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() {
  [ ! -d "$BATS_TEST_TMPDIR/cluster/pid" ] || "$repository/tests/cluster/down.sh" "$BATS_TEST_TMPDIR/cluster" >/dev/null
  ! mountpoint --quiet "$BATS_TEST_TMPDIR/root/proc" || umount "$BATS_TEST_TMPDIR/root/proc"
}

unpack() { # ARCHITECTURE FOLDER
  mkdir "$2"
  crane export --platform "linux/$1" "$IMAGE@$DIGEST" - | tar -x -C "$2"
}

@test "a registry has the image under its version, whole, for both architectures" {
  assert_equal "$(crane digest "$IMAGE:$VERSION")" "$DIGEST"
  crane manifest "$IMAGE@$DIGEST" >index
  assert_equal "$(jq -r .mediaType index)" application/vnd.oci.image.index.v1+json
  assert_equal "$(jq -r '[.manifests[].platform | "\(.os)/\(.architecture)"] | join(" ")' index)" "linux/amd64 linux/arm64"
  for arch in amd64 arm64; do
    run crane validate --remote "$IMAGE@$DIGEST" --platform "linux/$arch"
    assert_success
    config=$(crane config --platform "linux/$arch" "$IMAGE@$DIGEST")
    assert_equal "$(jq -cS '[.architecture, .os, .config.User, .config.Entrypoint, .config.Env]' <<<"$config")" \
      "[\"$arch\",\"linux\",\"65532:65532\",[\"kubectl\"],[\"PATH=/usr/local/bin\",\"HOME=/tmp\"]]"
    assert_equal "$(jq -r '.config.Labels["org.opencontainers.image.version"]' <<<"$config")" "${VERSION#v}"
  done
  # The folder that it leaves is the same image.
  assert_equal "$(jq -r '.manifests[0].digest' "$DIST/image/index.json")" "$DIGEST"
}

@test "it holds the released programs, kubectl, certificates, licences and /tmp, and nothing that needs a loader" {
  for arch in amd64 arm64; do
    unpack "$arch" "$arch"
    assert_equal "$(cd "$arch" && find . ! -type d -printf '%P\n' | sort)" "$(printf '%s\n' etc/ssl/certs/ca-certificates.crt \
      usr/local/bin/kubectl usr/local/bin/kubectl-{arsnap,drbackup,lkg} usr/share/doc/agenttrader-dr/{LICENSE,THIRD_PARTY_NOTICES})"
    assert_equal "$(stat --format=%a "$arch/tmp")" 1777
    machine=X86-64
    [ "$arch" = amd64 ] || machine=AArch64
    for program in "$arch"/usr/local/bin/*; do
      run readelf --file-header --program-headers --dynamic "$program"
      assert_success
      assert_output --partial "$machine"
      refute_output --partial INTERP
      refute_output --partial NEEDED
      assert_equal "$(stat --format='%a %u:%g' "$program")" "755 0:0"
    done
    for plugin in "${release_plugins[@]}"; do
      cmp "$arch/usr/local/bin/kubectl-$plugin" "$repository/build/release-linux-$arch/bin/kubectl-$plugin"
    done
    run openssl verify -CAfile "$arch/etc/ssl/certs/ca-certificates.crt" /usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt
    assert_success
  done
}

@test "the same release gives the same digest" {
  cp -r "$RELEASES/$VERSION" dist
  digest=$(umask 077; cd dist && TZ=Asia/Tokyo "$repository/scripts/image.sh" "$VERSION" --output .)
  assert_equal "$digest" "$DIGEST"
}

@test "an archive that is not as released gets into no image" {
  cp -r "$RELEASES/$VERSION" dist
  rm -rf dist/image
  printf x >>"dist/kubectl-arsnap_${VERSION}_linux_arm64.tar.gz"
  run -1 --separate-stderr "$repository/scripts/image.sh" "$VERSION" --output dist
  assert_output ""
  [[ $stderr == *"kubectl-arsnap_${VERSION}_linux_arm64.tar.gz that is as its SHA256SUMS says"* ]]
  assert_not_exists dist/image
  run -2 "$repository/scripts/image.sh" latest
  run -2 "$repository/scripts/image.sh" --push
}

# NAME<tab>COMMAND as JSON, for each container of the daily job.
job_commands() {
  python3 - "$repository/docs/deploy/3-job.yaml" <<'PYTHON'
import json, sys, yaml
for document in yaml.safe_load_all(open(sys.argv[1])):
    if document["kind"] == "CronJob":
        for container in document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]:
            assert "args" not in container and "env" not in container
            print(container["name"], json.dumps(container["command"]), sep="\t")
PYTHON
}

# Runs a command as a container runtime would: the image's files, environment and user, and what Kubernetes adds.
in_image() { # WORDS...
  env -i PATH=/usr/local/bin HOME=/tmp KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="${CLUSTER_SERVER##*:}" \
    "$(command -v chroot)" --userspec=65532:65532 --groups=65532 "$root" "$@" </dev/null
}

@test "the daily job's command lines run in the image with the job's ServiceAccount, and miss no right" {
  [ "$(id -u)" -eq 0 ] || fail "this test needs root, for chroot"
  CLUSTER_BIN=$TOOLS/control-plane "$repository/tests/cluster/up.sh" "$BATS_TEST_TMPDIR/cluster" >/dev/null 3>&-
  # shellcheck disable=SC1091 # made by up.sh
  . "$BATS_TEST_TMPDIR/cluster/env"
  "$repository/tests/cluster/floor/deploy.sh" trading-floor
  kubectl apply --server-side -f "$repository/docs/deploy/"
  kubectl apply --server-side --dry-run=server -f "$repository/docs/deploy/push/"
  # The namespace's Pod Security admits its Pods.
  kubectl -n agenttrader-dr create job first --from=cronjob/dr-backup
  kubectl -n agenttrader-dr wait --for=create pod --selector=job-name=first --timeout=30s

  root=$BATS_TEST_TMPDIR/root
  unpack amd64 "$root"
  mkdir -p "$root"/{dev,proc,repository,var/run/secrets/kubernetes.io/serviceaccount}
  chown 65532:65532 "$root/repository"
  mknod --mode=666 "$root/dev/null" c 1 3 || fail "this test needs mknod, for a chroot's /dev/null"
  mount -t proc proc "$root/proc" || fail "this test needs mount, for a chroot's /proc"
  account=$root/var/run/secrets/kubernetes.io/serviceaccount
  kubectl -n agenttrader-dr create token dr-backup >"$account/token"
  printf agenttrader-dr >"$account/namespace"
  cp "$CLUSTER_CA" "$account/ca.crt"
  in_image kubectl auth whoami -o json | jq -e '.status.userInfo.username == "system:serviceaccount:agenttrader-dr:dr-backup"'

  # Side by side, as the Pod's containers run.
  declare -A container
  while IFS=$'\t' read -r name words; do
    mapfile -t command < <(jq -r '.[]' <<<"$words")
    in_image "${command[@]}" >"$name.log" 2>&1 3>&- &
    container[$name]=$!
  done < <(job_commands)
  assert_equal "${#container[@]}" 3
  for name in "${!container[@]}"; do wait "${container[$name]}" || fail "$name: exit code $?: $(cat "$name.log")"; done
  run in_image kubectl lkg verify --root=/repository
  assert_success
  run in_image kubectl drbackup status --root=/repository --namespace=trading-floor
  assert_success
  assert_output --partial "OK: backup"
  # It is no root that could do all of this: one right less, and both say which.
  kubectl -n trading-floor patch role dr-backup --type=json --patch='[{"op": "test", "path": "/rules/1/resources/0", "value": "configmaps"},
    {"op": "remove", "path": "/rules/1/resources/0"}]'
  while in_image kubectl auth can-i list configmaps --namespace=trading-floor; do sleep 0.2; done
  run -1 in_image kubectl lkg capture --root=/repository --namespace=trading-floor
  assert_output --partial configmaps
  run -4 in_image kubectl drbackup create --root=/repository --namespace=trading-floor
  assert_output --regexp 'configmaps +forbidden'
}
