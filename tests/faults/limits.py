#!/usr/bin/env python3
"""limits.py BIN DIRECTORY: answers that are far too big, too deep or endless: bounded memory and time, and an error that says what it is.

Prints what each one took.  Memory is of our process alone, and held to the bytes that it was given.
"""
import json
import os
import pathlib
import subprocess
import sys
import time

import recorded_floor

HERE = pathlib.Path(__file__).parent
MIB = 1 << 20


class Scene:
    def __init__(self, binaries, directory):
        self.binaries, self.root, self.answers = binaries, directory / "root", directory / "answers"
        self.root.mkdir(parents=True)
        self.answers.mkdir()
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        self.configmaps = self.answers / f"+api+v1+namespaces+{recorded_floor.NS}+configmaps"
        self.reset()
        code, _, _, error = self.run("kubectl-lkg", "capture")
        assert code == 0, error

    def reset(self):
        recorded_floor.record(self.answers)

    def run(self, program, verb, *more, kubectl=HERE / "stub/kubectl"):
        """Exit code, seconds, peak MiB, and what it said."""
        command = [f"{self.binaries}/{program}", verb, *more, f"--root={self.root}", "-n", recorded_floor.NS, f"--kubectl={kubectl}"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.root), "DR_ANSWERS": str(self.answers)}
        begin = time.monotonic()
        with open(self.root / ".said", "w+") as said:
            child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            return child.returncode, time.monotonic() - begin, used.ru_maxrss / 1024, said.read()

    def config_maps(self, items):
        with open(self.configmaps, "w") as file:  # one by one: what this process grows to counts as its child's peak too
            file.write('{"metadata":{"resourceVersion":"9"},"items":[' + json.dumps(recorded_floor.bare(recorded_floor.SWITCH)))
            for item in items:
                file.write("," + json.dumps(recorded_floor.bare(item)))
            file.write("]}")


def config_map(name, **data):
    return recorded_floor.typed("ConfigMap", "v1", name, data=data)


def many_objects(scene):
    scene.config_maps(config_map(f"c-{i}", key="value") for i in range(100_000))
    size = scene.configmaps.stat().st_size / MIB
    code, seconds, peak, said = scene.run("kubectl-lkg", "diff")
    assert code == 1, f"exit {code}: {said[-500:]}"  # one differs
    assert peak < 40 + 30 * size, f"{peak:.0f} MiB for {size:.0f}"
    return f"100000 objects, {size:.0f} MiB: {seconds:.1f} s, {peak:.0f} MiB"


def big_list(scene):
    scene.config_maps(config_map(f"c-{i}", key="x" * 900_000) for i in range(220))
    size = scene.configmaps.stat().st_size / MIB
    code, seconds, peak, said = scene.run("kubectl-lkg", "diff")
    assert size > 180 and code == 1, f"exit {code}: {said[-500:]}"
    assert peak < 40 + 3 * size, f"{peak:.0f} MiB for {size:.0f}"
    return f"a list of {size:.0f} MiB: {seconds:.1f} s, {peak:.0f} MiB"


def big_config_map(scene):
    scene.config_maps([config_map("big", key="\u00e4\u2028\U0001f600<&>'\"\n" * 74_000)])
    code, seconds, peak, said = scene.run("kubectl-lkg", "capture")
    assert code == 0, said
    code, _, _, said = scene.run("kubectl-lkg", "diff")
    assert code == 0, said  # what is read back is the same, byte for byte
    return f"a ConfigMap of 1 MiB: captured in {seconds:.1f} s, {peak:.0f} MiB, no difference after it"


def deep_json(scene):
    scene.configmaps.write_text('{"metadata":{},"items":[' + "[" * 10_000 + "]" * 10_000 + "]}")
    code, seconds, peak, said = scene.run("kubectl-lkg", "diff")
    assert code == 1 and "nested" in said and "configmaps" in said, f"exit {code}: {said[-500:]}"
    return f"JSON 10000 deep: refused in {seconds:.1f} s, {peak:.0f} MiB"


def endless_answer(scene):
    kubectl = scene.answers / "endless"
    kubectl.write_text(f'#!/bin/sh\ncase " $* " in *configmaps*) exec yes "{{" ;; esac\nexec "{HERE}/stub/kubectl" "$@"\n')
    kubectl.chmod(0o755)
    code, seconds, peak, said = scene.run("kubectl-lkg", "diff", kubectl=kubectl)
    assert code == 1 and ("larger than we accept" in said or "no answer within" in said), f"exit {code}: {said[-500:]}"
    assert peak < 1200 and seconds < 100, f"{peak:.0f} MiB, {seconds:.0f} s"
    return f"an answer without an end: given up after {seconds:.0f} s, {peak:.0f} MiB"


def main():
    binaries, directory = sys.argv[1:]
    scene = Scene(binaries, pathlib.Path(directory))
    for case in (many_objects, big_list, big_config_map, deep_json, endless_answer):
        scene.reset()
        print(case(scene), flush=True)


if __name__ == "__main__":
    main()
