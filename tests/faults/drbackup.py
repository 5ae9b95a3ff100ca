#!/usr/bin/env python3
"""drbackup.py BINARY DIRECTORY N: runs of `create`, N of them killed at a random moment.

After each, every backup that `list` shows must be intact, the first one must be there unchanged, a run that exits 0
must have added one, and the next `create` must clean what the dead run left.  The API server is a recording
(stub/kubectl): the disk is what is tested.
"""
import json
import pathlib
import random
import subprocess
import sys
import time

from recorded_floor import NS, record

HERE = pathlib.Path(__file__).parent


class Bench:
    def __init__(self, binary, directory):
        self.binary, self.root = binary, directory / "root"
        self.store = self.root / "audit_artifacts" / "cluster_backup"
        self.root.mkdir()
        (directory / "answers").mkdir()
        record(directory / "answers")
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "DR_ANSWERS": str(directory / "answers")}
        code, _ = self.create()
        assert code == 0, "the first backup failed"
        self.first = self.shown()[0]["id"]
        self.first_files = self.files_of(self.first)

    def command(self, verb, *more):
        return [self.binary, verb, f"--root={self.root}", f"--kubectl={HERE}/stub/kubectl", f"--namespace={NS}", *more]

    def create(self):
        done = subprocess.run(self.command("create"), env=self.environment, capture_output=True, text=True, timeout=60)
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
    binary, directory, count = sys.argv[1:]
    random_moments(Bench(binary, pathlib.Path(directory)), int(count))


if __name__ == "__main__":
    main()
