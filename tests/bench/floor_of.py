"""The floors: the fewest bare kubectl calls that move the same bytes, and the incumbent's shape, one call an object."""
import concurrent.futures
import json
import subprocess
import time

PARALLEL = 4
CORE = ["configmaps", "limitranges", "persistentvolumeclaims", "resourcequotas", "serviceaccounts", "services"]
GROUPS = {"apps/v1": ["daemonsets", "deployments", "statefulsets"], "autoscaling/v2": ["horizontalpodautoscalers"],
          "batch/v1": ["cronjobs"], "networking.k8s.io/v1": ["ingresses", "networkpolicies"],
          "policy/v1": ["poddisruptionbudgets"], "rbac.authorization.k8s.io/v1": ["rolebindings", "roles"]}
EXPLAIN_PODS = {"v1": ["pods"], "apps/v1": ["replicasets", "controllerrevisions"], "batch/v1": ["jobs"]}
SWITCH = '{"data":{"EXECUTION_HALTED":"1"}}'


class Floors:
    def __init__(self, kubectl, ns, directory):
        self.kubectl, self.ns, self.directory = kubectl, ns, directory

    def _path(self, version, plural):
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        return f"{root}/namespaces/{self.ns}/{plural}"

    def objects(self):
        """The lists that an LKG is made of."""
        return [f"/api/v1/namespaces/{self.ns}"] + [self._path("v1", plural) for plural in CORE] + [
            self._path(version, plural) for version, plurals in GROUPS.items() for plural in plurals]

    def objects_and_pods(self):
        """And those that tell what its pods run."""
        return self.objects() + [self._path(version, plural) for version, plurals in EXPLAIN_PODS.items() for plural in plurals]

    def _call(self, *arguments, stdin=None):
        subprocess.run([self.kubectl, "-n", self.ns, *arguments], check=True, input=stdin, stdout=subprocess.DEVNULL)

    def read(self, paths):
        """Seconds of bare raw reads, four at a time."""
        def one(path):
            name = path.replace("/", "+")
            with open(f"{self.directory}/{name}", "wb") as out:
                subprocess.run([self.kubectl, "get", "--raw", path], check=True, stdout=out)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(one, paths))
        return time.monotonic() - begin

    def halt(self):
        begin = time.monotonic()
        self._call("patch", "configmap", "agenttrader-kill-switch", "--type=merge", "-p", SWITCH)
        self._call("get", "configmap", "agenttrader-kill-switch", "-o", "json")
        return time.monotonic() - begin

    def apply(self, manifest):
        """One forced server-side apply of everything."""
        begin = time.monotonic()
        self._call("apply", "--server-side", "--force-conflicts", "-f", str(manifest))
        return time.monotonic() - begin

    def one_read_an_object(self, names):
        begin = time.monotonic()
        for name in names:
            self._call("get", "deployment", name, "-o", "json")
        return time.monotonic() - begin

    def one_write_an_object(self, manifest):
        begin = time.monotonic()
        for item in json.loads(manifest.read_text())["items"]:
            self._call("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(item).encode())
        return time.monotonic() - begin
