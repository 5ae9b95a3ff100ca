#!/usr/bin/env python3
"""runbook.py: reads docs/runbook.md for runbook.bats.

  runbook.py sections FILE              the headings whose blocks are to be run, one a line
  runbook.py steps FILE HEADING FOLDER  makes a folder NN for each step below that heading, in order: `sh`, and what it is to
                                        print (`expected`) and to end with (`code`); or `breakage` with a name
  runbook.py compare EXPECTED ACTUAL    exit 1 and a diff when they differ in more than times, ids and the like

In the document a step is a block `sh` (exit code 0) or `sh exit=N`; the block `text` after it is all that it prints, and
without one it prints nothing.  `<!-- breakage: NAME -->` names what the test does there to the floor.  A block after
`<!-- not run: REASON -->` is not run.
"""
import difflib
import pathlib
import re
import sys

BREAKAGE = re.compile(r"<!-- breakage: ([a-z_]+) -->")
NOT_RUN = re.compile(r"<!-- not run: \S.* -->")
SHELL = re.compile(r"```sh(?: exit=(\d+))?")

# What another run has in that place, in the order in which they are looked for.
VARYING = [
    (r"\[ *\d+\.\ds\]", "[TIME]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\d{8}T\d{6}Z(-[0-9a-f]{8})?", "ID"),
    (r"(daily|weekly|monthly) \d{4}-W?\d\d(-\d\d)?", r"\1 DATE"),
    (r"resourceVersion \d+", "resourceVersion N"),
    (r"(sha256:[0-9a-f]{12})[0-9a-f]{52}\b", r"\1..."),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\b(\d+) of \1 consuming", "N of N consuming"),
    (r"https://\d+\.\d+\.\d+\.\d+(:\d+)?", "SERVER"),
    (r"\b\d+KiB\b", "SIZE"),
    (r"(?<=-)[0-9a-z]{8,10}-[0-9a-z]{5}\b|(?<=(first|probe)-)[0-9a-z]{5}\b", "POD"),
    (r"(?<![\w.])((\d+(\.\d)?[smhd]){1,2}|\d+ms)(?![\w.])", "AGE"),
    (r"\b10\.\d+\.\d+\.\d+\b", "IP"),
    (r"\bnode-\d\b", "NODE"),
    (r"\b(\d+) of \1 pods ready", "N of N pods ready"),
    (r"^fence .*", "fence STATE"),  # other tests on this cluster install it
    (r"[ \t]+", " "),
    (r" $", ""),
]


def sections(file):
    """Of each heading the steps of its own, before the next heading: (kind, text, code, expected)."""
    found, steps, lines, not_run = {}, [], iter(pathlib.Path(file).read_text().splitlines()), False

    def block():
        body = []
        for line in lines:
            if line == "```":
                return "".join(f"{each}\n" for each in body)
            body.append(line)
        sys.exit(f"{file}: a block does not end")

    for line in lines:
        shell = SHELL.fullmatch(line)
        if line.startswith("#"):
            steps = found.setdefault(line.lstrip("# "), [])
        elif breakage := BREAKAGE.fullmatch(line):
            steps.append(["breakage", breakage[1], 0, ""])
        elif NOT_RUN.fullmatch(line):
            not_run = True
            continue
        elif shell and not_run:
            block()
        elif shell:
            steps.append(["sh", block(), int(shell[1] or 0), ""])
        elif line == "```text":
            steps[-1][3] = block()
        elif line.startswith("```") or line.startswith("<!--"):
            sys.exit(f"{file}: not understood: {line}")
        not_run = False
    return found


def write_steps(file, heading, folder):
    for number, (kind, text, code, expected) in enumerate(sections(file)[heading]):
        step = pathlib.Path(folder) / f"{number:02}"
        step.mkdir()
        (step / kind).write_text(text)
        (step / "code").write_text(str(code))
        (step / "expected").write_text(expected)


def masked(file):
    lines = pathlib.Path(file).read_text().splitlines()
    for pattern, name in VARYING:
        lines = [re.sub(pattern, name, line) for line in lines]
    return lines


def matches(expected, actual):
    """Whether the lines are the same; an expected `...` stands for any lines, at the end of a line for any end."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[skip:]) for skip in range(len(actual) + 1))
    if not actual:
        return False
    same = actual[0].startswith(expected[0][:-3]) if expected[0].endswith("...") else actual[0] == expected[0]
    return same and matches(expected[1:], actual[1:])


def compare(expected, actual):
    wanted, seen = masked(expected), masked(actual)
    if not matches(wanted, seen):
        print("\n".join(difflib.unified_diff(wanted, seen, "the runbook", "the command", lineterm="")))
        print(pathlib.Path(actual).read_text())
        sys.exit(1)


def main():
    match sys.argv[1:]:
        case ["sections", file]:
            print("\n".join(heading for heading, steps in sections(file).items() if steps))
        case ["steps", file, heading, folder]:
            write_steps(file, heading, folder)
        case ["compare", expected, actual]:
            compare(expected, actual)
        case _:
            sys.exit(__doc__)


main()
