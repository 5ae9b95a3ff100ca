#!/usr/bin/env python3
"""bench.py [--sizes 7,200] [--runs 5] [--login 0.3] [ROW...]: what the verbs cost, as ratios to a floor measured beside them.

Starts a control plane of its own (CLUSTER_BIN, or what tests/cluster/ensure.sh builds), with Deployments of 5 simulated pods
each, and runs each row and its floor in turns.  Every figure is a median.  --login: kubectl takes its credentials from a
program that needs so many seconds, as GKE's does.  Ends with 1 when a row is above its target.  Needs build/release, or DR_BIN.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from floor_of import Floors  # noqa: E402
from measure import Audit, Watch, run  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
BIN = pathlib.Path(os.environ.get("DR_BIN", REPOSITORY / "build/release/bin"))
PODS = 5
ROWS = ["version", "complete", "halt", "capture", "plan", "diff", "backup", "restore-equal", "restore-drifted"]
# The ratio to the floor that a row may have, and to one kubectl an object that it must have.
TARGETS = {"capture": 1.25, "plan": 1.25, "diff": 1.25, "backup": 1.5, "restore-equal": 1.5, "restore-drifted": 2.0,
           "rollouts": 1.1}
MILLISECONDS = {"version": 10, "complete": 30}


def deployment(index, value):
    name = f"worker-{index}"
    container = {"name": "worker", "image": f"registry.example.com/floor/worker@sha256:{index:064x}",
                 "env": [{"name": "LEVEL", "value": value},
                         {"name": "EXECUTION_HALTED", "valueFrom": {"configMapKeyRef": {
                             "name": "agenttrader-kill-switch", "key": "EXECUTION_HALTED"}}}],
                 "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"replicas": PODS, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}},
                                  "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]}}}}


def switch():
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "agenttrader-kill-switch"},
            "data": {"EXECUTION_HALTED": "1"}}


class Floor:
    """One namespace of a size, with its LKG."""

    def __init__(self, size, directory):
        self.size, self.ns, self.directory = size, f"bench-{size}", directory
        self.root = directory / "root"
        (directory / "raw").mkdir(parents=True)
        self.root.mkdir()
        self.good, self.drifted = directory / "good.json", directory / "drifted.json"
        self.floors = Floors("kubectl", self.ns, directory / "raw")
        for path, value in ((self.good, "info"), (self.drifted, "debug")):
            items = [deployment(index, value) for index in range(size)]
            path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def up(self):
        self.kubectl("create", "namespace", self.ns)
        self.kubectl("create", "-f", "-", stdin=json.dumps(switch()))
        self.kubectl("apply", "--server-side", "-f", str(self.good))
        self.settle()
        for _ in range(2):  # the first restore makes every field ours
            self.must("kubectl-lkg", "capture", "--wait", "5m")
            self.must("kubectl-lkg", "restore", "--soak", "0", "--no-report", "--timeout", "10m")

    def kubectl(self, *arguments, stdin=None):
        subprocess.run(["kubectl", "-n", self.ns, *arguments], check=True, text=True, input=stdin, stdout=subprocess.DEVNULL)

    def settle(self):
        self.kubectl("rollout", "status", "deployments", "--timeout=900s")

    def drift(self):
        self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=drift", "-f", str(self.drifted))
        self.settle()

    def ours(self, program, verb, *arguments):
        return run([str(BIN / program), verb, "--root", str(self.root), "-n", self.ns, "-v", *arguments], self.directory)

    def must(self, program, *arguments):
        cost = self.ours(program, *arguments)
        if cost.code != 0:
            sys.exit(f"{program} {' '.join(arguments)} ended with {cost.code}:\n{cost.stderr[-2000:]}")
        return cost


def rolled_out(cost):
    """Seconds until a restore said that all workloads are."""
    return float(re.search(r"^\[ *([0-9.]+)s\]   all workloads are rolled out$", cost.stderr, re.MULTILINE)[1])


class Bench:
    def __init__(self, options, floor, audit_log):
        self.options, self.floor, self.audit_log = options, floor, audit_log
        self.missed = []

    def row(self, name, floor, ours, target=None, slower=None):
        """`floor` gives seconds and `ours` a cost; `slower` the seconds of one kubectl an object, once."""
        floors, costs, requests = [], [], []
        for _ in range(self.options.runs):
            floors.append(floor())
            audit = Audit(self.audit_log)
            costs.append(ours())
            requests.append(audit.requests())
        wall = statistics.median(cost.wall for cost in costs)
        base = statistics.median(floors)
        ratio = wall / base
        cpu = statistics.median(cost.cpu for cost in costs)
        rss = max(cost.rss for cost in costs)
        shape = f"{slower() / wall:6.1f} x" if slower else "       -"
        print(f"{self.floor.size:5} {name:22} {base:8.2f} {wall:8.2f} {ratio:6.2f} {shape} {costs[-1].processes:6} "
              f"{int(statistics.median(requests)):7} {cpu:6.2f} {100 * cpu / wall:4.0f}% {rss:7.1f}", flush=True)
        if target and ratio > target:
            self.missed.append(f"{name} of {self.floor.size}: {ratio:.2f} x its floor (target {target})")

    def start(self, name, *command):
        times = sorted(run([str(BIN / command[0]), *command[1:]], self.floor.directory).wall for _ in range(4 * self.options.runs))
        median = 1000 * statistics.median(times)
        print(f"    - {name:22} {median:5.1f} ms of {MILLISECONDS[name]}", flush=True)
        if median > MILLISECONDS[name]:
            self.missed.append(f"{name}: {median:.1f} ms (target {MILLISECONDS[name]})")

    def version(self):
        self.start("version", "kubectl-lkg", "--version")

    def complete(self):
        self.start("complete", "kubectl-lkg", "__complete", "res")

    def halt(self):
        self.row("halt", self.floor.floors.halt, lambda: self.floor.must("kubectl-lkg", "halt"))

    def capture(self):
        floors = self.floor.floors
        self.row("capture", lambda: floors.read(floors.objects_and_pods()), lambda: self.floor.must("kubectl-lkg", "capture"),
                 TARGETS["capture"] if self.floor.size <= 200 else 1.4,
                 lambda: floors.one_read_an_object([f"worker-{index}" for index in range(self.floor.size)]))

    def plan(self):
        floors = self.floor.floors
        self.row("plan", lambda: floors.read(floors.objects_and_pods()), lambda: self.floor.must("kubectl-lkg", "plan"), TARGETS["plan"])

    def diff(self):
        floors = self.floor.floors
        self.row("diff", lambda: floors.read(floors.objects()), lambda: self.floor.must("kubectl-lkg", "diff"), TARGETS["diff"])

    def backup(self):
        floors = self.floor.floors
        self.row("backup", lambda: floors.read(floors.objects()), lambda: self.floor.must("kubectl-drbackup", "create"), TARGETS["backup"])

    def restore(self):
        return self.floor.must("kubectl-lkg", "restore", "--soak", "0", "--no-report", "--timeout", "15m")

    def restore_equal(self):
        floors = self.floor.floors
        self.row("restore-equal", lambda: floors.read(floors.objects_and_pods()) + floors.halt(), self.restore, TARGETS["restore-equal"])

    def restore_drifted(self):
        """Until the last write is answered, and until everything is verified: the rollouts are the cluster's."""
        floors = self.floor.floors
        bare, last, verified, rollouts = [], [], [], []
        for _ in range(self.options.drifted_runs):
            self.floor.drift()
            bare.append(floors.apply(self.floor.good))
            self.floor.settle()
            self.floor.drift()
            watch = Watch(self.floor.ns)
            audit = Audit(self.audit_log)
            cost = self.restore()
            last.append(audit.last_write())
            rollouts.append((watch.end() - audit.began - last[-1], rolled_out(cost) - last[-1]))
            verified.append(cost.wall)
        base, mine = statistics.median(bare), statistics.median(last)
        self.floor.drift()
        shape = floors.one_write_an_object(self.floor.good)
        self.floor.settle()
        print(f"{self.floor.size:5} {'drifted: last write':22} {base:8.2f} {mine:8.2f} {mine / base:6.2f} {shape / mine:6.1f} x\n"
              f"{self.floor.size:5} {'drifted: verified':22} {'-':>8} {statistics.median(verified):8.2f}", flush=True)
        slowest, waited = map(statistics.median, zip(*rollouts))
        print(f"{self.floor.size:5} {'drifted: rollouts':22} {slowest:8.2f} {waited:8.2f} {waited / slowest:6.2f}", flush=True)
        if waited > TARGETS["rollouts"] * slowest:
            self.missed.append(f"rollouts of {self.floor.size} drifted: {waited / slowest:.2f} x the slowest")
        if mine > TARGETS["restore-drifted"] * base:
            self.missed.append(f"last write of {self.floor.size} drifted: {mine / base:.2f} x its floor")


def slow_login(directory, kubeconfig, seconds):
    """The same kubeconfig, whose user has a token from a program that takes so long."""
    config = json.loads(subprocess.check_output(["kubectl", "config", "view", "--raw", "-o", "json"]))
    answer = json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                         "status": {"token": os.environ["CLUSTER_ADMIN_TOKEN"]}})
    plugin = directory / "login"
    plugin.write_text(f"#!/bin/sh\nsleep {seconds}\necho '{answer}'\n")
    plugin.chmod(0o700)
    config["users"].append({"name": "slow", "user": {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}}})
    for context in config["contexts"]:
        context["context"]["user"] = "slow"
    kubeconfig.write_text(json.dumps(config))
    os.environ["KUBECONFIG"] = str(kubeconfig)


def control_plane(directory):
    os.environ.setdefault("CLUSTER_BIN", subprocess.check_output([REPOSITORY / "tests/cluster/ensure.sh"], text=True).strip())
    subprocess.run([REPOSITORY / "tests/cluster/up.sh", directory], check=True, stdout=subprocess.DEVNULL)
    lines = subprocess.check_output(["bash", "-c", f". {directory}/env && env -0"], text=True).split("\0")
    os.environ.update(line.split("=", 1) for line in lines if "=" in line)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sizes", default="7,200", help="workloads of the floors")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--drifted-runs", type=int, default=3, help="of restore-drifted, which waits for rollouts")
    arguments.add_argument("--login", type=float, default=0, help="seconds that the credential program takes")
    arguments.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    options = arguments.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        arguments.error(f"no such row: {', '.join(sorted(unknown))}")

    directory = pathlib.Path(tempfile.mkdtemp())
    missed = []
    try:
        control_plane(directory / "cluster")
        print(f"{'size':>5} {'row':22} {'floor s':>8} {'ours s':>8} {'ratio':>6} {'1/object':>8} {'procs':>6} {'API':>7} {'CPU s':>6} {'CPU':>5} {'RSS MiB':>7}")
        for size in map(int, options.sizes.split(",")):
            floor = Floor(size, directory / str(size))
            floor.up()
            fast = os.environ["KUBECONFIG"]
            if options.login:
                slow_login(directory, directory / "slow.kubeconfig", options.login)
            bench = Bench(options, floor, os.environ["CLUSTER_AUDIT_LOG"])
            for row in options.rows or ROWS:
                getattr(bench, row.replace("-", "_"))()
            os.environ["KUBECONFIG"] = fast
            missed += bench.missed
            subprocess.run(["kubectl", "delete", "namespace", floor.ns, "--wait=false"], check=True, stdout=subprocess.DEVNULL)
    finally:
        subprocess.run([REPOSITORY / "tests/cluster/down.sh", directory / "cluster"], stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(directory, ignore_errors=True)
    print("\n".join(f"missed: {line}" for line in missed) or "every target is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
