#!/usr/bin/env python3
"""drbackup.py BINARY FAULT-LIBRARY DIRECTORY {calls|kill} N: backups that are struck while they are made.

calls: every call of one `create` that changes the disk, made to fail with ENOSPC, EIO, EDQUOT and EROFS, and killed.
kill:  runs of `create`, N of them killed at a random moment.

After each, every backup that `list` shows must be intact, the first one must be there unchanged, a run that exits 0
must have added one, and the next `create` must clean what the dead run left.  The API server is a recording
(stub/kubectl): the disk is what is tested.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
NS = "floor"


def record(answers):
    """A namespace of six objects, as its API server would answer."""
    def items(prefix, count):
        return [{"metadata": {"name": f"{prefix}-{i}", "namespace": NS, "uid": f"{prefix}-{i}"}} for i in range(count)]

    core, apps = f"+api+v1+namespaces+{NS}+", f"+apis+apps+v1+namespaces+{NS}+"
    deployments = items("web", 2)
    for one in deployments:
        one["spec"] = {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}
    configmaps = items("settings", 4)
    for one in configmaps:
        one["data"] = {"text": "yes\n" * 200}
    files = {
        "config": {"current-context": "test", "contexts": [{"name": "test", "context": {}}], "clusters": []},
        "+apis": {"groups": []},
        "+version": {"gitVersion": "v1.36.3"},
        f"+api+v1+namespaces+{NS}": {"metadata": {"name": NS, "uid": "u1"}},
        "+api+v1+namespaces+kube-system": {"metadata": {"name": "kube-system", "uid": "u2"}},
        core + "configmaps": {"metadata": {}, "items": configmaps},
        apps + "deployments": {"metadata": {}, "items": deployments},
    }
    for name, value in files.items():
        (answers / name).write_text(json.dumps(value))
    (answers / "api-resources").write_text(
        "configmaps cm v1 true ConfigMap get,list\ndeployments deploy apps/v1 true Deployment get,list\n")


class Bench:
    def __init__(self, binary, library, directory):
        self.binary, self.root = binary, directory / "root"
        self.store = self.root / "audit_artifacts" / "cluster_backup"
        self.root.mkdir()
        (directory / "answers").mkdir()
        record(directory / "answers")
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "DR_ANSWERS": str(directory / "answers")}
        self.faults = {"LD_PRELOAD": library, "DR_FAULT_COUNT": str(directory / "calls")}
        self.calls = directory / "calls"
        code, _ = self.create()
        assert code == 0, "the first backup failed"
        self.first = self.shown()[0]["id"]
        self.first_files = self.files_of(self.first)

    def command(self, verb, *more):
        return [self.binary, verb, f"--root={self.root}", f"--kubectl={HERE}/stub/kubectl", f"--namespace={NS}", *more]

    def create(self, **faults):
        environment = self.environment | (self.faults | faults if faults else {})
        done = subprocess.run(self.command("create"), env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    def shown(self):
        done = subprocess.run(self.command("list", "-o=json"), env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"list failed: {done.stderr}"
        return json.loads(done.stdout)["backups"]

    def files_of(self, name):
        return {file.name: file.read_bytes() for file in (self.store / name).iterdir()}

    def check(self, before, code, what):
        """What holds after any fault; `before` is how many backups there were."""
        backups = self.shown()
        bad = [backup for backup in backups if backup["state"] != "complete"]
        assert not bad, f"{what}: list shows {bad}"
        assert self.files_of(self.first) == self.first_files, f"{what}: the first backup changed"
        assert len(backups) - before in ((1,) if code == 0 else (0, 1)), f"{what}: exit {code}, {len(backups)} backups"
        return len(backups)

    def leftovers(self):
        return [entry.name for entry in self.store.iterdir() if ".partial-" in entry.name]

    def trim(self):
        """Only the first backup stays, so that ids never run ahead of the clock and list stays short."""
        for backup in self.shown()[1:]:
            subprocess.run(["rm", "-r", str(self.store / backup["id"])], check=True)

    def finish(self):
        code, error = self.create()
        assert code == 0, f"the next create fails: {error}"
        assert not self.leftovers(), f"leftovers stay: {self.leftovers()}"


def every_call(bench):
    bench.create(DR_FAULT_CALL="0")
    names = bench.calls.read_text().split()
    assert len(names) > 20, f"few calls were counted: {names}"
    bench.trim()
    points = 0
    for how in ("KILL", "ENOSPC", "EIO", "EDQUOT", "EROFS"):
        for number, name in enumerate(names, 1):
            code, error = bench.create(DR_FAULT_CALL=str(number), DR_FAULT_HOW=how)
            what = f"{how} at call {number} ({name})"
            bench.check(1, code, what)
            if how == "KILL":
                assert code == -signal.SIGKILL, f"{what}: exit {code}"
            elif code != 0:
                assert code == 1 and "error: " in error, f"{what}: exit {code}: {error}"
                assert not bench.leftovers(), f"{what}: leaves {bench.leftovers()}"
            bench.trim()
            points += 1
        bench.finish()
        bench.trim()
    print(f"{points} faults: {len(names)} calls, 5 ways each")


def random_moments(bench, count):
    usual = 0.2  # seconds that a run takes, as the runs that end by themselves show it
    killed = runs = 0
    while killed < count:
        begin = time.monotonic()
        child = subprocess.Popen(bench.command("create"), env=bench.environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            child.wait(random.uniform(0, usual))
            usual = (usual + time.monotonic() - begin) / 2
        except subprocess.TimeoutExpired:
            child.kill()
            killed += 1
            usual *= 1.02
        bench.check(1, child.wait(), "killed at random")
        bench.trim()
        runs += 1
        assert runs < 10 * count, f"only {killed} of {runs} runs were killed"
    bench.finish()
    print(f"{killed} of {runs} runs killed")


def main():
    binary, library, directory, mode, count = sys.argv[1:]
    bench = Bench(binary, library, pathlib.Path(directory))
    if mode == "calls":
        every_call(bench)
    else:
        random_moments(bench, int(count))


if __name__ == "__main__":
    main()
