#!/usr/bin/env python3
"""differential.py KUBECTL NAMESPACE STAND-IN MODEL: the same calls to a real API server and to the stand-in.

The calls are those that a restore makes and those that somebody may make beside it.  After each, both must have
answered alike: exit code, class of error, output, and what the objects and their owners are then.  Uids, versions and
times are each one's own; that a version moved is not.  The namespace must not exist yet.
"""
import json
import os
import re
import subprocess
import sys

FLOOR = "trading-floor"
SWITCH = "agenttrader-kill-switch"
OURS = "--field-manager=agenttrader-dr"
OTHERS = "--field-manager=adversary"


class Side:
    """One of the two API servers."""

    def __init__(self, kubectl, namespace, model=None):
        self.kubectl, self.namespace = kubectl, namespace
        self.environment = dict(os.environ, **({"DR_MODEL": model} if model else {}))
        self.noted = {}
        self.switch = None

    def run(self, *args, body=None):
        text = "".join(json.dumps(one) + "\n" for one in body) if body is not None else None
        command = [self.kubectl, f"--namespace={self.namespace}", *(a.replace(FLOOR, self.namespace) for a in args)]
        done = subprocess.run(command, input=text and text.replace(FLOOR, self.namespace), env=self.environment,
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.replace(self.namespace, FLOOR), done.stderr.replace(self.namespace, FLOOR)

    def read(self, name, resource="configmaps", api="/api/v1"):
        code, out, _ = self.run("get", "--raw", f"{api}/namespaces/{FLOOR}/{resource}/{name}")
        return json.loads(out) if code == 0 else None

    def version(self, name, **where):
        return self.read(name, **where)["metadata"]["resourceVersion"]

    def fence(self, name, **where):
        metadata = self.read(name, **where)["metadata"]
        return {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}


def config_map(name, data, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": FLOOR, **metadata},
            "data": data}


def switch(value, **metadata):
    return config_map(SWITCH, {"EXECUTION_HALTED": value}, **metadata)


def lease(**metadata):
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "agenttrader-dr", "namespace": FLOOR, **metadata},
            "spec": {"holderIdentity": "jane", "leaseDurationSeconds": 60}}


def pod(name, account):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": FLOOR},
            "spec": {"serviceAccountName": account, "containers": [{"name": "main", "image": "x:1"}]}}


def review(verb):
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": "apps", "resource": "deployments", "verb": verb, "namespace": FLOOR}}}


def rehearse(*bodies):
    return lambda side: side.run("create", "--dry-run=server", "--validate=false", "-f", "-", "-o", "json", body=bodies)


LEASES = {"resource": "leases", "api": "/apis/coordination.k8s.io/v1"}
MAPS = f"/api/v1/namespaces/{FLOOR}/configmaps"


def patch(value, manager=OURS, name=SWITCH):
    return lambda side: side.run("patch", "configmap", name, manager, "--type=merge", "-p", json.dumps(value), "-o", "name")


def write(verb, *bodies, output="name", manager=OURS):
    return lambda side: side.run(*verb.split(), "-f", "-", manager, "-o", output,
                                 body=[one(side) if callable(one) else one for one in bodies])


def get(path):
    return lambda side: side.run("get", "--raw", path(side) if callable(path) else path)


def delete(path, more=None, **preconditions):
    def call(side):
        wanted = {k: v(side) if callable(v) else v for k, v in preconditions.items()}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": wanted, **(more or {})}
        return side.run("delete", "--raw", path, "-f", "-", body=[options])
    return call


def note(name):
    """Keeps the present version of the switch for later calls."""
    def call(side):
        side.noted[name] = side.version(SWITCH)
        return 0, "", ""
    return call


def replay(since):
    return get(lambda side: f"{MAPS}?watch=true&fieldSelector=metadata.name%3D{SWITCH}"
                            f"&resourceVersion={side.noted[since]}&timeoutSeconds=1")


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FLOOR}}
STEPS = [
    ("list in no namespace", get(MAPS)),
    ("read in no namespace", get(f"{MAPS}/{SWITCH}")),
    ("halt in no namespace", patch({"data": {"EXECUTION_HALTED": "1"}})),
    ("create in no namespace", write("create", switch("1"))),
    ("apply in no namespace", write("apply --server-side --force-conflicts", config_map("a", {"k": "1"}))),
    ("replace in no namespace", write("replace", config_map("a", {"k": "1"}, resourceVersion="5", uid="x"))),
    ("rehearse in no namespace", rehearse(review("patch"), pod("p", "nobody"))),
    ("create the namespace", write("create", NAMESPACE)),
    ("rehearse without an account", rehearse(review("create"), pod("p", "nobody"), review("update"))),
    ("create it again", write("create", NAMESPACE)),
    ("read no switch", get(f"{MAPS}/{SWITCH}")),
    ("halt without a switch", patch({"data": {"EXECUTION_HALTED": "1"}})),
    ("replace what is not there", write("replace", config_map("a", {"k": "1"}, resourceVersion="5", uid="x"))),
    ("create the switch at 0", write("create", switch("0"), manager=OTHERS)),
    ("create it again", write("create", switch("1"))),
    ("halt", patch({"data": {"EXECUTION_HALTED": "1"}})),
    ("note", note("halted")),
    ("halt once more", patch({"data": {"EXECUTION_HALTED": "1"}})),
    ("another key by another", patch({"data": {"OTHER": "x"}}, OTHERS)),
    ("a label by another", patch({"metadata": {"labels": {"seen": "yes"}}}, OTHERS)),
    ("0 by another", patch({"data": {"EXECUTION_HALTED": "0"}}, OTHERS)),
    ("1 by another", patch({"data": {"EXECUTION_HALTED": "1"}}, OTHERS)),
    ("what happened since", replay("halted")),
    ("stale replace", write("replace", lambda s: switch("1", resourceVersion=s.noted["halted"]))),
    ("replace of another incarnation", write("replace", switch("1", uid="11111111-2222-3333-4444-555555555555"))),
    ("fenced replace", write("replace", lambda s: switch("1", **s.fence(SWITCH)), output="json")),
    ("the same again", write("replace", lambda s: switch("1", **s.fence(SWITCH)), output="json")),
    ("replace without a fence", write("replace", switch("1", labels={"app": "x"}), manager=OTHERS)),
    ("several, one of them stale", write("replace", config_map("gone", {"k": "1"}, resourceVersion="5", uid="x"),
                                         lambda s: switch("1", **s.fence(SWITCH)))),
    ("create several, one of them there", write("create", config_map("a", {"k": "1"}), switch("1"),
                                                config_map("b", {"k": "1"}))),
    ("apply: creates and takes", write("apply --server-side --force-conflicts", config_map("a", {"k": "2"}),
                                       config_map("c", {"k": "1"}))),
    ("apply again", write("apply --server-side --force-conflicts", config_map("a", {"k": "2"}))),
    ("list", get(MAPS)),
    ("list at exactly then", get(lambda s: f"{MAPS}?resourceVersion={s.noted['halted']}&resourceVersionMatch=Exact")),
    ("list of the future", get(f"{MAPS}?resourceVersion=999999999&resourceVersionMatch=Exact")),
    ("one of a list", get(f"{MAPS}?limit=1")),
    ("warning events", get(f"/api/v1/namespaces/{FLOOR}/events?fieldSelector=type%3DWarning&limit=500")),
    ("no such API", get(f"/apis/example.com/v1/namespaces/{FLOOR}/things")),
    ("frozen", patch({"immutable": True}, OTHERS)),
    ("halt of a frozen switch at 1", patch({"data": {"EXECUTION_HALTED": "1"}})),
    ("0 to a frozen switch", patch({"data": {"EXECUTION_HALTED": "0"}}, OTHERS)),
    ("replace of a frozen switch", write("replace", lambda s: switch("1", **s.fence(SWITCH)))),
    ("forced replace", write("replace --force", switch("1"))),
    ("forced replace of nothing", write("replace --force", config_map("new", {"k": "1"}))),
    ("deletion of another incarnation", delete(f"{MAPS}/{SWITCH}", uid="11111111-2222-3333-4444-555555555555")),
    ("deletion of an old version", delete(f"{MAPS}/{SWITCH}", resourceVersion=lambda s: s.noted["halted"])),
    ("deletion", delete(f"{MAPS}/{SWITCH}", uid=lambda s: s.fence(SWITCH)["uid"])),
    ("deletion of nothing", delete(f"{MAPS}/{SWITCH}", uid="11111111-2222-3333-4444-555555555555")),
    ("create it anew", write("create", switch("1"))),
    ("a dry run of a creation", write("create --dry-run=server", config_map("never", {"k": "1"}))),
    ("a dry run of a replace", write("replace --dry-run=server", config_map("a", {"k": "9"}))),
    ("a dry run of an apply", write("apply --server-side --force-conflicts --dry-run=server", config_map("a", {"k": "9"}))),
    ("a dry run of a deletion", delete(f"{MAPS}/a", {"dryRun": ["All"]}, uid=lambda s: s.read("a")["metadata"]["uid"])),
    ("what they left", get(MAPS)),
    ("deletion of a whole version", delete(f"{MAPS}/b", {"propagationPolicy": "Background"},
                                           uid=lambda s: s.read("b")["metadata"]["uid"],
                                           resourceVersion=lambda s: s.version("b"))),
    ("create one that is held", write("create", config_map("held", {"k": "1"}, finalizers=["example.com/hold"]))),
    ("deletion of one that is held", delete(f"{MAPS}/held", uid=lambda s: s.read("held")["metadata"]["uid"])),
    ("and again", delete(f"{MAPS}/held", uid=lambda s: s.read("held")["metadata"]["uid"])),
    ("all that happened", replay("halted")),
    ("claim", write("create", lease())),
    ("claim again", write("create", lease())),
    ("renew", write("replace", lambda s: lease(**s.fence("agenttrader-dr", **LEASES)))),
    ("renew a stolen one", write("replace", lambda s: lease(resourceVersion=s.noted["halted"]))),
    ("read it", get(f"{LEASES['api']}/namespaces/{FLOOR}/leases/agenttrader-dr")),
    ("release it", delete(f"{LEASES['api']}/namespaces/{FLOOR}/leases/agenttrader-dr",
                          uid=lambda s: s.fence("agenttrader-dr", **LEASES)["uid"])),
    ("release it again", delete(f"{LEASES['api']}/namespaces/{FLOOR}/leases/agenttrader-dr", uid="x")),
]

# What the real one adds for itself, or numbers for itself.
OWN = {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "time", "generation", "managedFields", "selfLink", "continue",
       "remainingItemCount"}


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in OWN}
    if isinstance(value, list):
        return [plain(v) for v in value if not (isinstance(v, dict) and
                v.get("metadata", {}).get("name") == "kube-root-ca.crt")]
    return value


def output(text):
    """As JSON documents where it is that, else as lines."""
    documents, rest = [], text.strip()
    try:
        while rest:
            value, end = json.JSONDecoder().raw_decode(rest)
            documents.append(plain(value))
            rest = rest[end:].strip()
        return documents
    except ValueError:
        return text.splitlines()


def reasons(text):
    found = []
    for line in text.splitlines():
        if match := re.match(r"Error from server \((\w+)\)", line):
            found.append(match[1])
        elif line.startswith("The ") and '" is invalid' in line:
            found.append("Invalid")
    return found


def owners(kept):
    return sorted((e["manager"], json.dumps(e["fieldsV1"], sort_keys=True)) for e in kept["metadata"]["managedFields"])


def outcome(side, call):
    """What a call answers, what the switch is then and who owns what of it, and whether its version moved."""
    code, out, err = call(side)
    before, side.switch = side.switch, side.read(SWITCH)
    now = side.switch
    moved = (now and now["metadata"]["resourceVersion"]) != (before and before["metadata"]["resourceVersion"])
    return {"exit": code, "reasons": reasons(err), "output": output(out), "switch": plain(now), "moved": moved,
            "owners": now and owners(now)}, err.strip()


def main():
    kubectl, namespace, stand_in, model = sys.argv[1:]
    sides = [Side(kubectl, namespace), Side(stand_in, FLOOR, model)]
    differences = 0
    for name, call in STEPS:
        (real, real_text), (model_has, model_text) = (outcome(side, call) for side in sides)
        for aspect in (aspect for aspect in real if real[aspect] != model_has[aspect]):
            differences += 1
            print(f"{name}: {aspect}\n  real:  {real[aspect]}\n  model: {model_has[aspect]}\n"
                  f"  real said:  {real_text}\n  model said: {model_text}")
    print(f"{len(STEPS)} calls, {differences} differences")
    sys.exit(differences > 0)


if __name__ == "__main__":
    main()
