#!/usr/bin/env python3
"""faults.py --sample N [--seed S] | --full [--calls A..B]: breaks one call of kubectl in each of many restores, on a real cluster.

Every restore is of small.yaml's floor, drifted.  faulty_kubectl.sh breaks the call of one index in one way; the API server's
audit log and the cluster itself then say whether the run was safe and honest, and whether an undisturbed run after it brings
the floor back.  --full breaks every call in every way.  Needs what up.sh's DIR/env sets, and kubectl-lkg in PATH.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

import audit

HERE = pathlib.Path(__file__).resolve().parent
FAULTS = "fail effect hang truncate empty rc1 warn 401 403 409 429 500 gone kill".split()
ADVERSARY = "flip delete recreate".split()  # somebody else writes the switch just before the call
FAULTS += ADVERSARY
KILLED = -9
SWITCH = ("configmaps", "agenttrader-kill-switch")
KEY = "EXECUTION_HALTED"
LIMIT = 300  # seconds for one restore


def drifted(objects):
    """The floor after somebody's hand: trading released, a setting and a template changed.  (web is deleted beside it.)"""
    objects = json.loads(json.dumps(objects))
    by_name = {one["metadata"]["name"]: one for one in objects}
    by_name["agenttrader-kill-switch"]["data"][KEY] = "0"
    by_name["agenttrader-kill-switch"]["metadata"]["labels"] = {"rogue": "1"}
    by_name["agenttrader-safety"]["data"]["KILL_SWITCH"] = "false"
    by_name["settings"]["data"]["LEVEL"] = "debug"
    by_name["trader"]["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "ROGUE", "value": "1"})
    return [one for one in objects if one["metadata"]["name"] != "web"]


class Floor:
    """One namespace, its user and its LKG."""

    def __init__(self, number, scratch):
        self.ns = f"faults-{number}-{os.getpid()}"
        self.folder = scratch / self.ns
        self.folder.mkdir()
        self.real = shutil.which("kubectl")
        config = yaml.safe_load(pathlib.Path(os.environ["CLUSTER_DIR"], "kubeconfig").read_text())
        for user in config["users"]:
            if user["name"] == "admin":  # a user of this floor's own, so that the audit log tells it from others
                user["user"].update({"as": self.ns, "as-groups": ["system:masters"]})
        kubeconfig = self.folder / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(yaml.safe_dump(config))
        self.env = dict(os.environ, KUBECONFIG=str(kubeconfig), FAULT_DIR=str(self.folder), FAULT_REAL=self.real)
        subprocess.run(["git", "init", "--quiet", self.folder / "root"], check=True)
        self.objects = list(yaml.safe_load_all((HERE / "small.yaml").read_text()))
        self.kubectl("create", "namespace", self.ns)
        self.kubectl("create", "-f", str(HERE / "small.yaml"))
        self.kubectl("rollout", "status", "deployments", "--timeout=60s")
        subprocess.run(["kubectl-lkg", "capture", "--root", self.folder / "root", "-n", self.ns], env=self.env, check=True,
                       stdout=subprocess.DEVNULL)
        self.good = self.state()

    def kubectl(self, *arguments, given=None):
        command = [self.real, f"--namespace={self.ns}", *arguments]
        return subprocess.run(command, env=self.env, input=given, text=True, check=True, stdout=subprocess.PIPE).stdout

    def state(self):
        """What a restore answers for, without asking our own diff: data, spec and labels of each object."""
        state = {}
        for one in json.loads(self.kubectl("get", "configmaps,cronjobs,deployments", "-o", "json"))["items"]:
            if one["metadata"]["name"] == "kube-root-ca.crt":
                continue
            spec = one.get("spec", {})
            annotations = spec.get("template", {}).get("metadata", {}).get("annotations", {})
            annotations.pop("agenttrader.dev/restore-id", None)  # a restart by a restore, which the LKG does not have
            if not annotations:
                spec.get("template", {}).get("metadata", {}).pop("annotations", None)
            state[f"{one['kind']}/{one['metadata']['name']}"] = (one.get("data"), spec, one["metadata"].get("labels"))
        return state

    def switch_value(self):
        """None: there is no switch."""
        found = self.kubectl("get", "configmap", SWITCH[1], "--ignore-not-found", "-o", "json")
        return json.loads(found)["data"][KEY] if found else None

    def drift(self):
        documents = "\n".join(json.dumps(one) for one in drifted(self.objects))
        self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=mallory", "-f", "-", given=documents)
        self.kubectl("delete", "deployment", "web", "--ignore-not-found")

    def restore(self, index, fault):
        """Runs one with the call of that index (0: none) broken: exit code, report or None, its calls, its writes."""
        link = self.folder / "kubectl"
        link.unlink(missing_ok=True)
        link.symlink_to(HERE / "faulty_kubectl.sh")
        (self.folder / "calls").write_text("")
        (self.folder / "plan").write_text(f"{index} {fault}\n")
        time.sleep(0.1)  # an answer may reach us a moment before its line reaches the log
        since = os.stat(os.environ["CLUSTER_AUDIT_LOG"]).st_size
        command = ["kubectl-lkg", "restore", "--root", self.folder / "root", "-n", self.ns, "--kubectl", link, "--no-report",
                   "--soak=0", "--timeout=60s", "-o", "json"]
        with open(self.folder / "stderr", "w") as errors:  # a file: a killed tool leaves its watch behind
            done = subprocess.run(command, env=self.env, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=LIMIT)
        time.sleep(0.2)
        report = json.loads(done.stdout) if done.stdout else None
        return done.returncode, report, (self.folder / "calls").read_text().splitlines(), self.writes(since)

    def writes(self, since):
        """(VERB, RESOURCE, NAME, values of the switch sent and stored) of each write but the lock's, in order."""
        with open(os.environ["CLUSTER_AUDIT_LOG"], "rb") as log:
            log.seek(since)
            lines = [line for line in log if f'"{self.ns}"'.encode() in line and line.endswith(b"\n")]
        writes = []
        for event in map(json.loads, lines):
            ref = event.get("objectRef", {})
            user = event.get("impersonatedUser", event["user"])["username"]
            if user != self.ns or not audit.is_write(event) or ref.get("resource") == "leases":
                continue
            bodies = (event.get("requestObject") or {}, event.get("responseObject") or {})
            values = {(body.get("data") or {}).get(KEY) for body in bodies} - {None}
            writes.append((event["verb"], ref.get("resource"), ref.get("name"), values))
        return writes


def first_read_back(calls):
    """The index of the call that proves the first halt."""
    return next((i for i, call in enumerate(calls, 1) if call.endswith("/configmaps/" + SWITCH[1])), len(calls))


def is_switch(write):
    return write[1:3] == SWITCH or write[:2] == ("create", "configmaps") and write[3]


def breaches(floor, index, fault):
    """Runs one disturbed restore and, unless it got through, an undisturbed one: what was wrong, the first exit code."""
    floor.drift()
    wrong = []
    try:
        code, report, calls, writes = floor.restore(index, fault)
    except subprocess.TimeoutExpired:
        return [f"it did not end within {LIMIT} s"], None
    errors = (floor.folder / "stderr").read_text()
    value = floor.switch_value()
    broken = calls[index - 1] if 0 < index <= len(calls) else ""
    was_killed = fault == "kill" and code == KILLED
    if not was_killed and code not in (0, 1, 3, 4, 5):
        wrong.append(f"exit code {code}")
    if writes and not is_switch(writes[0]):
        wrong.append(f"the first write is {writes[0]}")
    for write in writes:
        if is_switch(write) and write[3] - {"1"}:
            wrong.append(f"the switch was written as {write[3]}")
    if writes and not was_killed and not is_switch(writes[-1]) and code != 5 and SWITCH[1] not in broken:
        wrong.append(f"the last write is {writes[-1]}, with exit code {code}")
    if any(is_switch(write) and write[3] for write in writes) and value != "1":
        wrong.append(f'the switch reads "{value}"')
    if fault in ADVERSARY and index > first_read_back(calls) and code != 5:
        wrong.append(f"somebody else wrote the switch after the halt, and the exit code is {code}")
    if code == 0 and floor.state() != floor.good:
        wrong.append("exit code 0, but the namespace is not equal to the LKG")
    if report is None and not was_killed and code == 0:
        wrong.append("exit code 0 without a report")
    if report and report["haltedAtEnd"] and value != "1":
        wrong.append(f'the report says halted, the switch reads "{value}"')
    if report and not report["haltedAtEnd"] and report["phase"] != "identify" and code != 5:
        wrong.append(f"exit code {code} although the halt was not read back at the end")
    if fault == "warn" and code != 0:
        wrong.append(f"a warning made it end with {code}")

    if code != 0:
        again, _, _, _ = floor.restore(0, "none")
        if again != 0 or floor.state() != floor.good:
            wrong.append(f"the undisturbed run after it ended with {again}: {(floor.folder / 'stderr').read_text()[-600:]}")
    if wrong:
        wrong.append(f"call {index}: {broken}\n{errors[-1500:]}")
    return wrong, code


def call_range(text):
    first, last = map(int, text.split(".."))
    return first, last


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sample", type=int, help="that many pairs of a call and a fault, each fault as often")
    arguments.add_argument("--full", action="store_true", help="every call, every fault")
    arguments.add_argument("--calls", type=call_range, help="of --full, only these: 17..17 looks at one call again")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--floors", type=int, default=2, help="namespaces at work at the same time")
    options = arguments.parse_args()
    if options.full == (options.sample is not None):
        arguments.error("one of --sample and --full")
    if options.calls and not options.full:
        arguments.error("--calls is of --full")

    codes = collections.Counter()
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(options.floors) as pool:
        floors = queue.SimpleQueue()
        for floor in pool.map(lambda number: Floor(number, pathlib.Path(scratch)), range(options.floors)):
            floors.put(floor)
        floor = floors.get()
        floor.drift()
        code, _, calls, _ = floor.restore(0, "none")
        if code != 0:
            sys.exit(f"faults.py: an undisturbed restore ended with {code}: {(floor.folder / 'stderr').read_text()}")
        floors.put(floor)
        if options.full:
            first, last = options.calls or (1, len(calls))
            pairs = [(index, fault) for index in range(first, min(last, len(calls)) + 1) for fault in FAULTS]
        else:
            chance = random.Random(options.seed)
            pairs = [(chance.randint(1, len(calls)), FAULTS[i % len(FAULTS)]) for i in range(options.sample)]

        def run(pair):
            mine = floors.get()
            try:
                return pair, *breaches(mine, *pair)
            finally:
                floors.put(mine)

        for (index, fault), wrong, code in pool.map(run, pairs):
            codes[code] += 1
            failed += bool(wrong)
            print(f"call {index} {fault}: exit {code}" + "".join(f"\n  BREACH {one}" for one in wrong), flush=True)
    endings = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items(), key=str))
    print(f"{len(pairs)} restores of {len(calls)} calls, each with one call broken: {endings}; {failed} breaches")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
