#!/usr/bin/env python3
"""durable.py [--kills N | --full] BIN FAULT-LIBRARY DIRECTORY VERB...: each call by which a verb changes the disk is made to fail with ENOSPC, EIO,
EDQUOT and EROFS, and is the last one before a kill; and the order of the calls is held to docs/durability.md.

After each fault what was there before is intact, what was to come is whole or absent, the exit code and the message fit, and an
undisturbed run repairs what is left.  --kills: instead, N runs are killed at a random moment each.  --full: instead, the directory is
on a tmpfs of its own, which takes a mount namespace, with ever more pages free until the run has room.  The API server is a recording (stub/kubectl): the disk is what is tested.
"""
import argparse
import errno
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import recorded_floor

HERE = pathlib.Path(__file__).parent
WAYS = ("KILL", "ENOSPC", "EIO", "EDQUOT", "EROFS")
KEPT_LKGS = 30


class Subject:
    """One verb on a directory; a subclass says what holds."""

    def __init__(self, binaries, library, directory):
        self.binaries, self.library = binaries, library
        self.root, self.calls = directory / "root", directory / "calls"
        answers = directory / "answers"
        for folder in (self.root, answers):
            folder.mkdir(parents=True)
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        recorded_floor.record(answers)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "DR_ANSWERS": str(answers)}
        self.prepare()
        recorded_floor.record(answers, text="no\n" * 300)  # what comes next differs
        self.before = directory / "before"
        shutil.copytree(self.root, self.before, symlinks=True)

    def prepare(self):
        raise NotImplementedError

    def command(self, program, *words):
        return [f"{self.binaries}/{program}", *words, f"--root={self.root}", "-n", recorded_floor.NS, f"--kubectl={HERE}/stub/kubectl"]

    def run(self, *words, **faults):
        environment = self.environment | faults
        if faults:
            environment |= {"LD_PRELOAD": self.library, "DR_FAULT_COUNT": str(self.calls)}
        done = subprocess.run(self.command(*words), env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def reset(self):
        shutil.rmtree(self.root)
        shutil.copytree(self.before, self.root, symlinks=True)
        self.calls.unlink(missing_ok=True)

    def entries(self, folder):
        """What a store holds, by name; what is on its way in or out is hidden."""
        return {entry.name: content(entry) for entry in folder.iterdir() if not entry.name.startswith(".")}

    def trace(self):
        return [line.split("\t") for line in self.calls.read_text().splitlines()]


def content(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


class Lkgs(Subject):
    """What holds of ops/lkg, whatever a verb was doing to it."""

    def history(self):
        return self.root / "ops" / "lkg" / "history"

    def state(self):
        return self.entries(self.history())

    def current(self):
        code, out, error = self.run("kubectl-lkg", "verify", "-o", "json")
        assert code == 0, f"the current LKG is refused with {code}: {error}"
        return json.loads(out)["id"]

    def check_history(self):
        code, out, error = self.run("kubectl-lkg", "history", "list", "-o", "json")
        assert code == 0, f"history ends with {code}: {error}"
        bad = [one for one in json.loads(out)["lkgs"] if one["state"] != "intact"]
        assert not bad, f"history shows {bad}"


class Capture(Lkgs):
    words = ("kubectl-lkg", "capture")

    def prepare(self):
        code, _, error = self.run(*self.words)
        assert code == 0, error

    def check(self, code, old):
        new = self.state()
        assert old.items() <= new.items(), "an LKG of the history changed"
        assert len(new) - len(old) in ((1,) if code == 0 else (0, 1)), f"{len(new)} LKGs"
        self.check_history()
        current = self.current()
        assert current in new, f"the current LKG {current} is not kept"
        if code == 0:
            assert current not in old, "the current LKG is still the old one"


class SignedCapture(Capture):
    """Every LKG must be signed: no fault may leave one that is not."""

    def prepare(self):
        key = self.root.parent / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", key], check=True)
        self.words = (*Capture.words, "--sign", str(key))
        store = self.root / "ops" / "lkg"
        store.mkdir(parents=True)
        (store / "allowed_signers").write_text("operator " + key.with_suffix(".pub").read_text())
        super().prepare()


class PruneLkgs(Lkgs):
    words = ("kubectl-lkg", "history", "prune", "--keep", str(KEPT_LKGS))

    def prepare(self):
        code, _, error = self.run("kubectl-lkg", "capture")
        assert code == 0, error
        history = self.history()
        (first,) = (entry for entry in history.iterdir() if not entry.name.startswith("."))
        for day in range(1, KEPT_LKGS + 3):  # copies with the ids of earlier days
            name = f"20260101T{day:06}Z-{first.name.split('-')[1]}"
            shutil.copytree(first, history / name)
            metadata = history / name / "lkg_metadata.json"
            metadata.write_text(metadata.read_text().replace(first.name, name))
            sums = history / name / "SHA256SUMS"
            files = [line.split("  ")[1] for line in sums.read_text().splitlines()]
            sums.write_text("".join(f"{hashlib.sha256((history / name / file).read_bytes()).hexdigest()}  {file}\n" for file in files))

    def check(self, code, old):
        new = self.state()
        assert new.items() <= old.items(), "an LKG of the history changed"
        assert set(sorted(old)[-KEPT_LKGS:]) <= set(new), "one that was to stay is gone"
        if code == 0:
            assert len(new) == KEPT_LKGS, f"{len(new)} LKGs are left"
        self.check_history()
        self.current()


class Backups(Subject):
    """What holds of the store of backups."""

    def store(self):
        return self.root / "audit_artifacts" / "cluster_backup"

    def state(self):
        return self.entries(self.store())

    def check_store(self, code):
        shown, out, error = self.run("kubectl-drbackup", "list", "-o", "json")
        assert shown == 0, f"list ends with {shown}: {error}"
        bad = [one for one in json.loads(out)["backups"] if one["state"] != "complete"]
        assert not bad, f"list shows {bad}"
        left = [entry.name for entry in self.store().iterdir() if ".partial-" in entry.name]
        assert code == -signal.SIGKILL or not left, f"{left} stays"


class CreateBackup(Backups):
    words = ("kubectl-drbackup", "create")

    def prepare(self):
        code, _, error = self.run(*self.words)
        assert code == 0, error

    def check(self, code, old):
        new = self.state()
        assert old.items() <= new.items(), "a backup changed"
        assert len(new) - len(old) in ((1,) if code == 0 else (0, 1)), f"{len(new)} backups"
        self.check_store(code)


class PruneBackups(Backups):
    words = ("kubectl-drbackup", "prune", "--keep-last", "1")

    def prepare(self):
        for _ in range(3):
            code, _, error = self.run("kubectl-drbackup", "create")
            assert code == 0, error

    def check(self, code, old):
        new = self.state()
        assert new.items() <= old.items(), "a backup changed"
        assert max(old) in new, "the newest backup is gone"
        if code == 0:
            assert len(new) == 1, f"{len(new)} backups are left"
        self.check_store(code)


class Report(Subject):
    words = ("kubectl-lkg", "report")

    def state(self):
        return (self.root / "deploy_logs" / "health_report.md").read_bytes()

    def prepare(self):
        code, _, error = self.run(*self.words)
        assert code in (0, 4), error
        self.last_line = self.ending(self.state())


    @staticmethod
    def ending(report):
        return report.decode().splitlines()[-1].split(":")[0]

    def check(self, _code, _old):
        assert self.ending(self.state()) == self.last_line, "half a report"


class Snapshot(Subject):
    words = ("kubectl-arsnap", "snapshot", f"--gcloud={HERE}/stub/gcloud")

    def file(self):
        return self.root / "audit_artifacts" / "artifacts_snapshot.json"

    def state(self):
        return self.file().read_bytes()

    def prepare(self):
        answers = pathlib.Path(self.environment["DR_ANSWERS"])
        recorded_floor.record_extras(answers)
        code, _, error = self.run(*self.words)
        assert code == 0, error
        rows = answers / "gcloud-rows"
        rows.write_text(rows.read_text().replace('"v1"', '"v2"'))  # what comes next differs

    def check(self, code, old):
        new = self.state()
        tags = {tag for image in json.loads(new)["images"] for tag in image["tags"]}
        assert tags == {"v2"} if code == 0 else new == old or tags == {"v2"}, f"the inventory has {tags}"
        shown, _, error = self.run("kubectl-arsnap", "diff", str(self.file()), str(self.file()))
        assert shown == 0, f"the inventory is refused with {shown}: {error}"


SUBJECTS = {"capture": Capture, "signed-capture": SignedCapture, "history-prune": PruneLkgs, "create": CreateBackup, "prune": PruneBackups, "report": Report,
            "snapshot": Snapshot}


def hold_order(trace, code):
    """The rules of docs/durability.md: nothing gets its name before it is on the disk, and no step begins before the last is."""
    unsynced, unnamed, rules = set(), set(), 0
    for name, path, other in trace:
        parent = os.path.dirname(path)
        if name in ("write", "pwrite", "writev"):
            unsynced.add(path)
        elif name == "open":
            unsynced.add(parent)
        elif name == "mkdir":
            unsynced.add(path)
        elif name in ("fsync", "fdatasync"):
            unsynced.discard(path)
            unnamed.discard(path)
        elif name == "rename":
            late = [one for one in unsynced if one == path or os.path.dirname(one) == path]
            assert not late, f"{path} is renamed before {late} is on the disk"
            assert not unnamed, f"{path} is renamed before the rename in {unnamed} is on the disk"
            unnamed.add(os.path.dirname(other))
            rules += 2
    assert code != 0 or not unnamed, f"exit 0 before the rename in {unnamed} is on the disk"
    return rules


def strike(subject):
    code, _, error = subject.run(*subject.words, DR_FAULT_CALL="0")
    assert code in (0, 4), f"undisturbed: exit {code}: {error}"
    trace = subject.trace()
    assert len(trace) >= 6, f"few calls were counted: {trace}"
    rules = hold_order(trace, code)
    points = 0
    for how in WAYS:
        for number, (name, path, _) in enumerate(trace, 1):
            subject.reset()
            before = subject.state()
            code, out, error = subject.run(*subject.words, DR_FAULT_CALL=str(number), DR_FAULT_HOW=how)
            try:
                if how == "KILL":
                    assert code == -signal.SIGKILL, f"exit {code}"
                elif code not in (0, 4):
                    assert code == 1 and "error: " in error, f"exit {code}: {error}"
                subject.check(code, before)
                between = subject.state()
                again, _, last = subject.run(*subject.words)
                assert again in (0, 4), f"the next run ends with {again}: {last}"
                subject.check(again, between)
            except AssertionError as wrong:
                raise AssertionError(f"{how} at call {number} ({name} {path}), exit {code}: {wrong}\n{out}{error}") from wrong
            points += 1
    print(f"{' '.join(subject.words)}: {points} faults at {len(trace)} calls, 0 losses; {rules} rules of order held")
    return points


def kill_at_random(subject, count):
    usual = 0.2  # seconds that a run takes, as the runs that end by themselves show it
    killed = runs = 0
    while killed < count:
        subject.reset()
        before, begin = subject.state(), time.monotonic()
        child = subprocess.Popen(subject.command(*subject.words), env=subject.environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            child.wait(random.uniform(0, usual))
            usual = (usual + time.monotonic() - begin) / 2
        except subprocess.TimeoutExpired:
            child.kill()
            killed += 1
            usual *= 1.02
        subject.check(child.wait(), before)
        runs += 1
        assert runs < 10 * count, f"only {killed} of {runs} runs were killed"
    before = subject.state()
    code, _, error = subject.run(*subject.words)
    assert code == 0, f"the next run fails: {error}"
    subject.check(code, before)
    print(f"{' '.join(subject.words)}: {killed} of {runs} runs killed")
    return killed


PAGE = os.sysconf("SC_PAGESIZE")


def leave_free(folder, pages):
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(bytes(PAGE)) == PAGE:
                pass
        except OSError as full:
            assert full.errno == errno.ENOSPC, full
    os.truncate(ballast, os.path.getsize(ballast) - pages * PAGE)


def run_full(subject):
    folder = subject.root.parent
    failed = pages = 0
    while True:
        subject.reset()
        before = subject.state()
        leave_free(folder, pages)
        code, out, error = subject.run(*subject.words)
        (folder / "ballast").unlink()
        try:
            assert code in (0, 1, 4) and (code != 1 or "No space left on device" in error), f"exit {code}"
            subject.check(code, before)
        except AssertionError as wrong:
            raise AssertionError(f"{pages} pages free: {wrong}\n{out}{error}") from wrong
        if code != 1:
            break
        failed, pages = failed + 1, pages + 1
    assert failed > 0, "it never lacked room"
    print(f"{' '.join(subject.words)}: too little room {failed} times, enough with {pages} pages")
    return failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--kills", type=int, default=0)
    arguments.add_argument("--full", action="store_true")
    arguments.add_argument("binaries")
    arguments.add_argument("library")
    arguments.add_argument("directory", type=pathlib.Path)
    arguments.add_argument("verbs", nargs="+", choices=SUBJECTS, metavar="VERB")
    options = arguments.parse_args()
    if options.full:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", options.directory], check=True)
    total = 0
    for verb in options.verbs:
        subject = SUBJECTS[verb](options.binaries, options.library, options.directory / verb)
        if options.full:
            total += run_full(subject)
        else:
            total += kill_at_random(subject, options.kills) if options.kills else strike(subject)
    print(f"{total} faults, 0 losses")


if __name__ == "__main__":
    main()
