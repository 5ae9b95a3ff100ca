#!/usr/bin/env python3
"""corrupt.py BIN DIRECTORY: bits of an LKG and of a backup flipped, and files cut: every verb that reads one refuses it with 6, names
the file, and asks no cluster first.  (tests/unit flips every bit and tries every length, in one process.)
"""
import itertools
import os
import pathlib
import shutil
import stat
import subprocess
import sys

import recorded_floor

HERE = pathlib.Path(__file__).parent
STEP = 61  # bytes between two flips, so that a run takes seconds
GCLOUD = f"--gcloud={HERE}/stub/gcloud"
LKG_VERBS = (("lkg", "verify"), ("lkg", "plan"), ("lkg", "diff"), ("lkg", "restore", "--no-report"), ("lkg", "drill"))


class Scene:
    def __init__(self, binaries, directory):
        self.binaries, self.root = binaries, directory / "root"
        answers = directory / "answers"
        answers.mkdir(parents=True)
        self.root.mkdir()
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        recorded_floor.record(answers)
        self.called, self.forbidden = directory / "called", directory / "forbidden"
        self.forbidden.write_text(f"#!/bin/sh\necho \"$@\" >>{self.called}\nexit 1\n")
        self.forbidden.chmod(0o755)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "DR_ANSWERS": str(answers)}
        self.must("lkg", "capture")
        self.must("drbackup", "create")
        recorded_floor.record_extras(answers)
        self.must("arsnap", "snapshot", GCLOUD)

    def run(self, kubectl, plugin, *words):
        command = [f"{self.binaries}/kubectl-{plugin}", *words, f"--root={self.root}", f"--kubectl={kubectl}", "-n", recorded_floor.NS]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)

    def must(self, plugin, *words):
        done = self.run(HERE / "stub/kubectl", plugin, *words)
        assert done.returncode == 0, done.stderr

    def refuses(self, verb, what, says):
        """The verb ends with 6 and one of the words, and kubectl was not called."""
        done = self.run(self.forbidden, *verb)
        told = any(word in done.stdout + done.stderr for word in says)
        assert done.returncode == 6 and told, f"{what}: {' '.join(verb)} ends with {done.returncode}: {done.stdout}{done.stderr}"
        assert not self.called.exists(), f"{what}: {' '.join(verb)} called kubectl {self.called.read_text()}"


def damages(path):
    """(what, how to do it) for some flips and cuts of a file."""
    good = path.read_bytes()
    for at in range(0, len(good), STEP):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        yield f"{path.name} bit {at % 8} of byte {at}", bytes(bad)
    for size in range(0, len(good), STEP):
        yield f"{path.name} cut at {size}", good[:size]


def flips(scene):
    tried = 0
    lkg = scene.root / "ops" / "lkg"
    (kept,) = (entry for entry in (lkg / "history").iterdir() if not entry.name.startswith("."))
    (backup,) = (entry for entry in (scene.root / "audit_artifacts" / "cluster_backup").iterdir() if not entry.name.startswith("."))
    inventory = scene.root / "audit_artifacts" / "artifacts_snapshot.json"
    subjects = [(lkg, LKG_VERBS), (kept, [(*verb, "--from", kept.name) for verb in LKG_VERBS]),
                (backup, [("drbackup", "verify", backup.name), ("drbackup", "diff", backup.name)]),
                (inventory.parent, [("arsnap", "diff", str(inventory), str(inventory)), ("arsnap", "check", GCLOUD)])]
    for folder, verbs in subjects:
        turns = itertools.cycle(verbs)
        for path in sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith(".")):
            good = path.read_bytes()
            says = {path.name, "SHA256SUMS"} | ({folder.name} - {lkg.name})  # "lkg" is in every message
            for what, bad in damages(path):
                path.write_bytes(bad)
                scene.refuses(next(turns), what, says)
                tried += 1
            path.write_bytes(good)
    print(f"{tried} flips and cuts, 0 believed")


def strange_files(scene):
    """What is no file, or another's, in place of a file of the current LKG."""
    lkg = scene.root / "ops" / "lkg"
    manifest = lkg / "lkg_manifest.yaml"
    good = manifest.read_bytes()

    def sparse(path):
        with open(path, "wb") as file:
            file.truncate(1 << 40)

    makers = {"a link": lambda path: path.symlink_to("/etc/hostname"), "a FIFO": os.mkfifo, "a directory": os.mkdir,
              "a device": lambda path: path.symlink_to("/dev/zero"), "a terabyte of nothing": sparse}
    for what, make in makers.items():
        manifest.unlink()
        make(manifest)
        for verb in LKG_VERBS:
            scene.refuses(verb, what, (manifest.name,))
        shutil.rmtree(manifest) if manifest.is_dir() and not manifest.is_symlink() else manifest.unlink()
        manifest.write_bytes(good)
    mode = stat.S_IMODE(lkg.stat().st_mode)
    lkg.chmod(mode | stat.S_IWOTH)
    for verb in LKG_VERBS:
        scene.refuses(verb, "a directory that all may write", ("every user",))
    lkg.chmod(mode)
    print(f"{len(makers) + 1} strange things, {len(LKG_VERBS)} verbs each, 0 believed")


def swaps(scene):
    """Files of two LKGs together, and an old LKG that is put back after it left the history."""
    lkg = scene.root / "ops" / "lkg"
    parts = ("lkg_manifest.yaml", "lkg_metadata.json", "SHA256SUMS")
    old = {name: (lkg / name).read_bytes() for name in parts}
    answers = pathlib.Path(scene.environment["DR_ANSWERS"])
    recorded_floor.record(answers, text="other\n")
    scene.must("lkg", "capture")
    shutil.rmtree(min(entry for entry in (lkg / "history").iterdir() if not entry.name.startswith(".")))
    new = {name: (lkg / name).read_bytes() for name in parts}
    tried = 0
    for old_ones in itertools.product((True, False), repeat=3):
        if not any(old_ones):
            continue
        for name, is_old in zip(parts, old_ones):
            (lkg / name).write_bytes((old if is_old else new)[name])
        for verb in LKG_VERBS:
            scene.refuses(verb, f"of an older LKG: {old_ones}", parts)
            tried += 1
    print(f"{tried} mixtures of two LKGs, 0 believed")


def main():
    binaries, directory = sys.argv[1:]
    scene = Scene(binaries, pathlib.Path(directory))
    flips(scene)
    strange_files(scene)
    swaps(scene)


if __name__ == "__main__":
    main()
