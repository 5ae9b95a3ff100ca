#!/usr/bin/env python3
"""mutations.py: makes what table.py says happen, and judges what `kubectl lkg diff --blame -o json` says about it.

  mutations.py floor NAMESPACE           prints the objects
  mutations.py mutate NAMESPACE          writes every row
  mutations.py judge NAMESPACE BEFORE [AFTER]   a line for each row: seen in the diff BEFORE a restore, by its place and its
                                         manager, and gone from the one AFTER it; exit 1 when a row is not
  mutations.py foretold BEFORE AFTER APPLIED    whether a plain apply of the LKG (APPLIED: the names that it printed) left
                                         exactly what the diff BEFORE it said that it would

Talks to the API server of CLUSTER_SERVER, CLUSTER_CA and CLUSTER_ADMIN_TOKEN, and runs kubectl.
"""
import copy
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import time
import urllib.parse

import yaml

from table import ALONE, GONE, LABELS, NOT_OURS, ROWS, TOGETHER

PATCHES = {"json": "json-patch", "merge": "merge-patch", "strategic": "strategic-merge-patch"}
# As kubectl sends a whole object, many in one process.
STREAMS = {
    "edit": ["replace", "--field-manager=kubectl-edit"],
    "argocd": ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd"],
    "apply": ["apply"],  # after it: a server-side apply makes its fields its own
}
MANAGERS = {"json": "kubectl-patch", "merge": "kubectl-patch", "strategic": "kubectl-patch", "edit": "kubectl-edit",
            "apply": "kubectl-client-side-apply", "argocd": "argocd", "scale": "kubectl", "set": "kubectl-set",
            "label": "kubectl-label", "rollout": "kubectl-rollout"}
SERVERS_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
BASES = yaml.safe_load(pathlib.Path(__file__).with_name("bases.yaml").read_text())


class Row:
    """A row of the table, with the object that it writes to."""

    def __init__(self, namespace, way, target, pointer, value, reason=None):
        self.way, self.pointer, self.gone, self.value, self.reason = way, pointer, value is GONE, value, reason
        self.base, _, name = target.partition("/")
        self.shared = namespace if target == "Namespace" else name  # the name, of an object that is not made for rows
        self.kind = BASES[self.base]["kind"] if self.base in BASES else self.base
        self.manager = MANAGERS.get(way.split()[0])
        self.text = f"{target} {pointer} {'removed' if self.gone else json.dumps(value)}: {way}"

    def settle(self, name):
        self.name = name
        self.value = None if self.gone else json.loads(of_app(name, self.value))
        self.command = None if self.way in PATCHES or self.way in STREAMS else self.way.replace("NAME", name).split()

    def collides(self, other):
        """Whether one of the two could hide the other, if they were written to one object."""
        def zone(row):
            place, _, last = row.pointer.rpartition("/")
            place = place if last == "-" or row.gone and last.isdigit() else row.pointer
            whole = next((whole for whole in TOGETHER if whole in place), None)
            return place[: place.index(whole) + len(whole)] if whole else place
        return (self.pointer in ALONE or other.pointer in ALONE or zone(self).startswith(zone(other))
                or zone(other).startswith(zone(self)))

    def tokens(self):
        return [token.replace("~1", "/").replace("~0", "~") for token in self.pointer.split("/")[1:]]

    def matches(self, pointer):
        """Whether a difference there is this row's: below the place, or of all that the place is in and that was not there."""
        place = self.pointer.removesuffix("/-")
        if place != self.pointer:
            return re.fullmatch(re.escape(place) + r"/\d+|" + re.escape(place), pointer) is not None
        return pointer == place or pointer.startswith(place + "/") or place.startswith(pointer + "/")


def rows_of(namespace):
    """Every row, on as few objects as do; those that are not ours on objects of their own."""
    rows = [Row(namespace, *row) for row in [*ROWS, *NOT_OURS]]
    objects = {}
    for row in rows:
        if row.shared:
            row.settle(row.shared)
            continue
        prefix = (namespace if row.base == "PriorityClass" else row.base.lower()) + ("-theirs" if row.reason else "")
        of_base = objects.setdefault(prefix, [])
        fit = next((each for each in of_base if not any(row.collides(other) for other in each)), None)
        if fit is None:
            of_base.append(fit := [])
        fit.append(row)
        row.settle(f"{prefix}-{of_base.index(fit)}")
    return rows


# --- the floor

def of_app(name, value):
    """The JSON text of a value in which the application is called by the name of the object."""
    return json.dumps(value).replace('{"app": "x"}', json.dumps({"app": name}))


def made(base, name):
    metadata = {"name": name, "labels": LABELS, "annotations": LABELS}
    return json.loads(of_app(name, BASES[base])) | {"metadata": metadata}


def config_map(name, data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def floor(namespace):
    yield {"apiVersion": "v1", "kind": "Namespace",
           "metadata": {"name": namespace, "labels": LABELS | {"pod-security.kubernetes.io/enforce": "privileged"}}}
    yield config_map("agenttrader-kill-switch", {"EXECUTION_HALTED": "1"})
    yield config_map("agenttrader-safety", {"KILL_SWITCH": "true"})
    yield {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "none"},
           "provisioner": "kubernetes.io/no-provisioner"}
    yield config_map("settings", {"RISK": "low"})  # the pod templates name it
    scaled = made("Deployment", "scaled")  # by the autoscalers, so it runs
    for key in ("nodeSelector", "affinity"):
        del scaled["spec"]["template"]["spec"][key]
    yield scaled
    for base, name in sorted({(row.base, row.name) for row in rows_of(namespace) if not row.shared}):
        yield made(base, name)
        if base == "PriorityClass":  # an LKG holds those that a workload names
            user = made("Deployment", name)
            user["spec"]["template"]["spec"]["priorityClassName"] = name
            yield user


# --- the writes

class Server:
    def __init__(self):
        url = urllib.parse.urlsplit(os.environ["CLUSTER_SERVER"])
        context = ssl.create_default_context(cafile=os.environ["CLUSTER_CA"])
        self.connection = http.client.HTTPSConnection(url.hostname, url.port, context=context)

    def ask(self, method, path, body=None, content="application/json"):
        headers = {"Authorization": "Bearer " + os.environ["CLUSTER_ADMIN_TOKEN"], "Content-Type": content}
        for patience in range(10, -1, -1):
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            with self.connection.getresponse() as response:
                answer = json.load(response)
            if response.status < 300:
                return answer
            # Nobody else asks for that port: on a busy machine the API server was once not done with it at first.
            if "port is already allocated" not in answer.get("message", "") or not patience:
                sys.exit(f"{method} {path}: {answer.get('message')}: {json.dumps(body)[:500]}")
            time.sleep(0.5)


def path_of(kind, namespace, name):
    version = next(base["apiVersion"] for base in [*BASES.values(), {"kind": "Namespace", "apiVersion": "v1"}] if base["kind"] == kind)
    plural = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "PriorityClass": "priorityclasses"}.get(kind, kind.lower() + "s")
    scope = "" if kind in ("Namespace", "PriorityClass") else f"/namespaces/{namespace}"
    return f"/{'apis' if '/' in version else 'api'}/{version}{scope}/{plural}/{name}"


def changed(row, live):
    """The object after the row's change."""
    after = copy.deepcopy(live)
    parent = after
    *way, last = row.tokens()
    for token in way:
        parent = parent[int(token)] if isinstance(parent, list) else parent.setdefault(token, {})
    key = last if isinstance(parent, dict) or last == "-" else int(last)
    if row.gone:
        del parent[key]
    elif row.value == ["REVERSED"]:
        parent[key].reverse()
    elif key == "-":
        parent.append(row.value)
    else:
        parent[key] = row.value
    return after


def json_patch(row, live):
    after, pointer, value = changed(row, live), row.pointer, row.value
    found = live
    for token in row.tokens():
        found = found.get(token, GONE) if isinstance(found, dict) else found[int(token)] if token != "-" else GONE
        if found is GONE:
            break
    if value == ["REVERSED"]:
        value = list(reversed(found))
    assert after != live, row.text
    step = {"op": "remove" if row.gone else "add" if found is GONE else "replace", "path": pointer}
    return [step if row.gone else step | {"value": value}]


def merge_patch(row, live, by_name):
    """The change alone; lists are sent whole, or with by_name (strategic) as the one element that changes."""
    def patch(value, tokens):
        if not tokens:
            return row.value
        token, rest = tokens[0], tokens[1:]
        if isinstance(value, list) and token == "-":
            return [row.value] if by_name else value + [row.value]
        if isinstance(value, list):
            assert by_name, row.text
            return [{"name": value[int(token)]["name"], **patch(value[int(token)], rest)}]
        return {token: patch(value.get(token, {}), rest)}
    return patch(live, row.tokens())


def without_servers_own(live):
    metadata = {key: value for key, value in live["metadata"].items() if key not in SERVERS_OWN}
    return {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}


def kubectl(namespace, arguments, stream=None):
    run = subprocess.run(["kubectl", "-n", namespace, *arguments], input=stream, text=True, capture_output=True)
    if run.returncode != 0:
        sys.exit(f"kubectl {' '.join(arguments)}: {run.stderr}")


def mutate(namespace):
    server, rows = Server(), rows_of(namespace)
    switch = server.ask("GET", path_of("ConfigMap", namespace, "agenttrader-kill-switch"))
    for row in rows:
        path = path_of(row.kind, namespace, row.name)
        if row.way == "delete":
            server.ask("DELETE", path)
        elif row.command:
            kubectl(namespace, row.command)
        elif row.way in PATCHES:
            live = server.ask("GET", path)
            body = json_patch(row, live) if row.way == "json" else merge_patch(row, live, row.way == "strategic")
            server.ask("PATCH", f"{path}?fieldManager=kubectl-patch", body, f"application/{PATCHES[row.way]}+json")
    for way, arguments in STREAMS.items():
        bodies = {}
        for row in rows:
            if row.way == way:
                path = path_of(row.kind, namespace, row.name)
                bodies[path] = changed(row, bodies.get(path) or server.ask("GET", path))
        stream = "\n".join(json.dumps(without_servers_own(body)) for body in bodies.values())
        kubectl(namespace, [*arguments, "-f", "-"], stream.replace('"UID"', json.dumps(switch["metadata"]["uid"])))


# --- the judgement

def drifts_of(file):
    return {(drift["kind"], drift["name"]): drift for drift in json.loads(pathlib.Path(file).read_text())["drifts"]}


def found(row, drifts):
    drift = drifts.get((row.kind, row.name))
    if drift is None:
        return []
    if row.way == "delete":
        return [drift] if drift["drift"] == "missing" else []
    return [difference for difference in drift["differences"] if row.matches(difference["pointer"])]


def trouble_with(row, before, after):
    seen, left = found(row, before), found(row, after)
    if row.reason:
        return "counted as drift" if seen or left else None
    if not seen:
        return "not seen"
    if left:
        return "not gone"
    if row.gone or row.value in (["REVERSED"], {}):
        return None  # nobody owns what is not there, nor an order
    if not any(owner["manager"] == row.manager for each in seen for owner in each["blame"]["owners"]):
        return f"blamed on {[each['blame'] for each in seen]}, not on {row.manager}"
    return None


def judge(namespace, before, after=None):
    before, after = drifts_of(before), drifts_of(after) if after else {}
    good, wrong = 0, 0
    for row in rows_of(namespace):
        trouble = trouble_with(row, before, after)
        good, wrong = good + (trouble is None), wrong + (trouble is not None)
        verdict = trouble.upper() if trouble else f"not ours ({row.reason})" if row.reason else "seen, gone"
        print(f"# {verdict}: {row.text}")
    print(f"# {good} of {good + wrong} as expected, {len(NOT_OURS)} of them not ours")
    sys.exit(wrong > 0)


def stays(key, difference, after):
    """Whether the difference is still there. What is not in the LKG may have moved to another index."""
    def same(other):
        if "lkg" in difference:
            return other["pointer"] == difference["pointer"]
        return other["pointer"].rpartition("/")[0] == difference["pointer"].rpartition("/")[0] and "lkg" not in other
    return any(same(other) and other.get("live") == difference.get("live") for other in after.get(key, {"differences": []})["differences"])


def foretold(before, after, applied):
    before, after = drifts_of(before), drifts_of(after)
    names = {line.strip() for line in pathlib.Path(applied).read_text().splitlines()}
    kept, removed, wrong, refused = 0, 0, 0, 0
    for key, drift in before.items():
        # With another type of a Service the server itself drops ports and policies that belong to the old one.
        if any(difference["pointer"] == "/spec/type" for difference in drift["differences"]):
            continue
        if not any(name.split(".")[0].split("/")[0] == key[0].lower() and name.endswith("/" + key[1]) for name in names):
            refused += 1
            continue
        for difference in drift["differences"]:
            keeps = difference["blame"]["applyKeeps"]
            kept, removed = kept + keeps, removed + (not keeps)
            if stays(key, difference, after) != keeps:
                wrong += 1
                print(f"# {key}: foretold {'kept' if keeps else 'removed'}: {json.dumps(difference)}")
    print(f"# foretold: {kept} kept, {removed} removed, {wrong} wrong; {refused} objects refused the apply")
    sys.exit(wrong > 0 or not kept or not removed)


def main():
    match sys.argv[1:]:
        case ["floor", namespace]:
            print("\n".join(map(json.dumps, floor(namespace))))
        case ["mutate", namespace]:
            mutate(namespace)
        case ["judge", namespace, *diffs] if len(diffs) in (1, 2):
            judge(namespace, *diffs)
        case ["foretold", before, after, applied]:
            foretold(before, after, applied)
        case _:
            sys.exit(__doc__)


main()
