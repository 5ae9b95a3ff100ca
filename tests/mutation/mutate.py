#!/usr/bin/env python3
"""mutate.py [--full] [NAME]...: flips the comparisons in the files that decide, one at a time, and expects a unit test to fail.

Without --full it tries a sample: of the same sources always the same one. NAME: a file, such as kill_switch; default: all.
Needs the dev build. A mutant is a copy outside the tree, compiled as the original is, and linked before its library.
Prints TAP, with each survivor as a comment."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build/dev"

SAMPLE = 3  # of each file
AT_LEAST = 80  # per cent killed
MEMORY = 4 << 30  # a mutant may allocate for ever

# A file, and the tests that may kill its mutants, the nearest first.
KUBE, STORE = ("kube", "*"), ("lkg_store", "*")
LKG = ("lkg", "-Calls/*:Effects/*")  # those two take minutes
TARGETS = [
    ("common/kube/compare.cpp", [("kube", "Compare.*:RollsPods.*"), KUBE, LKG]),
    ("common/data/json_diff.cpp", [("data", "Diff.*"), KUBE, LKG]),
    ("common/kube/field_rules.cpp", [("kube", "FieldRules.*:Captured.*:Replacement.*:Compare.*"), KUBE, LKG]),
    ("common/kube/kill_switch.cpp", [("kube", "*Halt*:Require*:Align.*:Safety.*:*Switch*"), KUBE, LKG]),
    ("common/kube/halt_proof.cpp", [("kube", "HaltProofTest.*:HaltNames.*"), KUBE, LKG]),
    ("common/os/sealed_dir.cpp", [("os", "SealedDirTest.*:Checksums.*"), STORE]),
    ("common/lkg/lkg_store.cpp", [STORE, LKG]),
    ("plugins/lkg/restore/halt.cpp", [LKG]),
]

FLIPS = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "&&": "||", "||": "&&", "!": "",
         "any_of": "all_of", "all_of": "any_of", "none_of": "any_of",
         "return true": "return false", "return false": "return true"}
# clang-format puts blanks round a binary operator, and none round the brackets of a template.
PLACE = re.compile(r"(?<=\s)(?:[=!<>]=|[<>]|&&|\|\|)(?=\s)|!(?=[\w(*:])|\b(?:any|all|none)_of\b|\breturn (?:true|false)\b")
NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\[^']+|[^'\\\n])'|^[ \t]*#[^\n]*""", re.DOTALL | re.MULTILINE)


class Mutant:
    def __init__(self, target, text, place):
        start, end = text.rfind("\n", 0, place.start()) + 1, text.find("\n", place.start())
        after = FLIPS[place.group()]
        self.target = target
        self.line = text.count("\n", 0, start) + 1
        self.before = text[start:end].strip()
        self.after = (text[start:place.start()] + after + text[place.end():end]).strip()
        self.text = text[:place.start()] + after + text[place.end():]

    def __str__(self):
        return f"{self.target[0]}:{self.line}: {self.before} -> {self.after}"

    def key(self):
        return f"{self.target[0]}: {self.after}"


def mutants_of(target):
    text = (ROOT / target[0]).read_text()
    code = NO_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    return [Mutant(target, text, place) for place in PLACE.finditer(code)]


def equivalents():
    """The keys of the mutants that no test can kill; the lines below each, indented, say why."""
    lines = (HERE / "equivalent.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith(("#", " "))}


def run(command, seconds, folder=BUILD):
    """Its exit status, None when it took too long; nothing of it is left running."""
    environment = os.environ | {"TMPDIR": str(folder), "CCACHE_DISABLE": "1"}
    child = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def make(command):
    """Whether a compiler or linker accepts it."""
    status = run(command, 600)
    if status is None:
        raise TimeoutError(shlex.join(map(str, command)))
    return status == 0


class Workshop:
    """Makes test programs with one file of theirs mutated, and runs them."""

    def __init__(self, scratch, targets):
        self.scratch = scratch
        compilers = json.loads((BUILD / "compile_commands.json").read_text())
        self.compilers = {entry["file"]: shlex.split(entry["command"]) for entry in compilers}
        self.linkers, self.seconds = {}, {}
        for name, tests in sorted({one for _, suites in targets for one in suites}):
            program = f"tests/test_{name}"
            made = subprocess.run(["ninja", "-t", "commands", "-s", program], cwd=BUILD, check=True, capture_output=True, text=True)
            self.linkers[name] = shlex.split(made.stdout.removeprefix(": && ").split(" && ")[0])
            start = time.monotonic()
            if run([BUILD / program, f"--gtest_filter={tests}"], 300, scratch) != 0:
                sys.exit(f"mutate.py: {program} fails without a mutant")
            self.seconds[name, tests] = 10 + 5 * (time.monotonic() - start)

    def compile(self, path, text, folder):
        source, made = folder / "mutant.cpp", folder / "mutant.o"
        source.write_text(text)
        command = list(self.compilers[str(ROOT / path)])
        command[command.index("-o") + 1], command[command.index("-c") + 1] = made, source
        return made if make([*command, "-O0", "-g0", "-w"]) else None

    def link(self, made, name, folder):
        program = folder / f"test_{name}"
        if program.exists():
            return program
        command = list(self.linkers[name])
        command[command.index("-o") + 1] = program
        command[1:1] = ["-Wl,--strip-debug", made]
        return program if make(command) else None

    def verdict(self, mutant):
        """"killed", "survived", or "stillborn" when it does not compile."""
        path, suites = mutant.target
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            folder = pathlib.Path(name)
            work = folder / "work"  # whatever a mutant removes or leaves behind is in here
            work.mkdir()
            made = self.compile(path, mutant.text, folder)
            for name, tests in suites:
                program = made and self.link(made, name, folder)
                if not program:
                    return "stillborn"
                if run([program, f"--gtest_filter={tests}", "--gtest_fail_fast"], self.seconds[name, tests], work) != 0:
                    return "killed"
        return "survived"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(": ", 1)[1], formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", action="store_true", help="all mutants")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    known = equivalents()
    found = {pathlib.Path(target[0]).stem: mutants_of(target) for target in TARGETS}
    if stale := known - {mutant.key() for mutants in found.values() for mutant in mutants}:
        sys.exit("mutate.py: equivalent.txt names no mutant: " + "; ".join(stale))
    chosen = {}
    for name in options.names or found:
        if name not in found:
            parser.error(f"{name} is none of: {' '.join(found)}")
        mutants = [mutant for mutant in found[name] if mutant.key() not in known]
        chosen[name] = mutants if options.full else random.Random(name).sample(mutants, min(SAMPLE, len(mutants)))

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    workers = concurrent.futures.ThreadPoolExecutor(os.cpu_count())

    def give_up(*_):  # after what has begun, not after all that waits
        workers.shutdown(wait=False, cancel_futures=True)
        sys.exit(143)

    signal.signal(signal.SIGTERM, give_up)
    results = []

    def report(name, killed, of):
        per_cent = 100 * killed // of if of else 0
        results.append(per_cent >= AT_LEAST)
        print(f"{'ok' if results[-1] else 'not ok'} {len(results)} {name}: {killed} of {of} mutants killed ({per_cent} %)", flush=True)

    all_killed = all_of = 0
    with tempfile.TemporaryDirectory() as scratch, workers:
        workshop = Workshop(scratch, [mutants[0].target for mutants in chosen.values() if mutants])
        verdicts = {name: [(mutant, workers.submit(workshop.verdict, mutant)) for mutant in mutants] for name, mutants in chosen.items()}
        for name, futures in verdicts.items():
            for mutant, future in futures:
                if future.result() != "killed":
                    print(f"# {future.result()} {mutant}", flush=True)
            ends = [future.result() for _, future in futures]
            killed, of = ends.count("killed"), len(ends) - ends.count("stillborn")
            all_killed, all_of = all_killed + killed, all_of + of
            if options.full:
                report(name, killed, of)
    report("all" if options.full else "sample", all_killed, all_of)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
