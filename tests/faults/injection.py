#!/usr/bin/env python3
"""injection.py BIN DIRECTORY: hostile text in every place from which a verb reads: it stays text.

The API server and gcloud are recordings (stub/).  Each text is put into each place, then verbs run.  Of each run: no terminal
escape, control or bidirectional character is printed; no child process is given the text as a flag; nothing is written outside of
what the verb owns; nothing runs in a shell; HTML has no element or attribute of the text's, Markdown no link, heading or row.
"""
import html.parser
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unicodedata

import recorded_floor

HERE = pathlib.Path(__file__).parent
TOUCHED = "injected"  # a file of this name exists only if a shell ran a text
TEXTS = ["-rf", "--kubeconfig=/evil", "-n\x00--all", "a\nb", "a\r\nerror: b", "..", f"../../../{TOUCHED}", f"/tmp/{TOUCHED}",
         "\x1b[2J\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;http://evil.example\x1b\\click", "\x9b31mC1", "\x85next", "\u202egnp.exe", "\u2066\u2069\u200f",
         "\u2028line", f"<script>/**/</script><img src=x onerror=touch({TOUCHED})>", f"\"'><b onclick={TOUCHED}>", "](javascript:alert(1)) [x](http://evil.example)",
         "|cell|\n|---|\n# heading\n\n- [ ] item", f"`touch {TOUCHED}` $(touch {TOUCHED}); touch {TOUCHED} | touch {TOUCHED}",
         "%s%n{}{0}", "\ud800", "\ufeff", "a" * 5 + "\x7f\x1b[A" * 3, "x" * (1 << 20), "\x1b]0;" * (1 << 18)]


def put(document, path, value):
    *way, last = path
    for key in way:
        document = document[key]
    document[last] = value(document.get(last)) if callable(value) else value


def in_answer(name, *path):
    """Puts the text where the answer has that path; "*" is the key itself."""
    def place(scene, text):
        file = scene.answers / name
        document = json.loads(file.read_text())
        if path[-1] == "*":
            put(document, path[:-1], lambda old: (old or {}) | {text: "value"})
        else:
            put(document, path, text)
        file.write_text(json.dumps(document))
    place.__name__ = f"{name} /{'/'.join(map(str, path))}"
    return place


def in_stderr(scene, text):
    """kubectl's own words, as of an API server that refuses."""
    (scene.answers / f"+apis+apps+v1+namespaces+{recorded_floor.NS}+deployments").unlink()
    (scene.answers / "stderr").write_bytes(f"Error from server (Forbidden): {text}\n".encode("utf-8", "surrogatepass"))


def in_gcloud_rows(scene, text):
    rows = json.loads((scene.answers / "gcloud-rows").read_text())
    rows[0]["tags"] = [text]
    rows[1]["package"] += "/" + text
    (scene.answers / "gcloud-rows").write_text(json.dumps(rows))


def in_gcloud_stderr(scene, text):
    (scene.answers / "gcloud-stderr").write_bytes(f"ERROR: (gcloud.artifacts) {text}\n".encode("utf-8", "surrogatepass"))


def in_file_names(scene, text):
    """Files and directories that somebody put among ours."""
    name = text.replace("/", "+").replace("\x00", "0").encode("utf-8", "surrogatepass")[:250]
    if name in (b".", b".."):
        return
    for folder in ("ops/lkg", "ops/lkg/history", "audit_artifacts/cluster_backup", "deploy_logs"):
        parent = os.fsencode(scene.root / folder)
        os.makedirs(parent, exist_ok=True)
        os.mkdir(os.path.join(parent, name))


def in_environment(scene, text):
    text = text.replace("\x00", "0")[:100_000].encode("utf-8", "surrogatepass")
    for name in (b"BUILD_ID", b"USER", b"LOGNAME", b"AR_REPOS", b"PROJECT", b"EVENT_LIMIT", b"ROLLOUT_TIMEOUT"):
        scene.environment[name] = text


def in_arguments(scene, text):
    scene.words = ["--context=" + text.replace("\x00", "0")[:100_000]]


NS = f"+namespaces+{recorded_floor.NS}"
CORE, APPS = f"+api+v1{NS}", f"+apis+apps+v1{NS}"
PLACES = [
    in_answer(CORE + "+configmaps", "items", 0, "metadata", "name"),
    in_answer(CORE + "+configmaps", "items", 0, "data", "*"),
    in_answer(APPS + "+deployments", "items", 0, "metadata", "name"),
    in_answer(APPS + "+deployments", "items", 0, "metadata", "labels", "*"),
    in_answer(APPS + "+deployments", "items", 0, "metadata", "annotations", "*"),
    in_answer(APPS + "+deployments", "items", 0, "spec", "template", "spec", "containers", 0, "image"),
    in_answer(CORE + "+pods", "items", 0, "metadata", "name"),
    in_answer(CORE + "+pods", "items", 0, "status", "containerStatuses", 0, "imageID"),
    in_answer(CORE + "+pods", "items", 0, "status", "conditions", 0, "message"),
    in_answer(CORE + "+events", "items", 0, "message"),
    in_answer(CORE + "+events", "items", 0, "involvedObject", "name"),
    in_answer("config", "contexts", 0, "context", "user"),
    in_answer("config", "contexts", 0, "context", "cluster"),
    in_answer("config", "clusters", 0, "cluster", "server"),
    in_answer("+version", "gitVersion"),
    in_stderr, in_gcloud_rows, in_gcloud_stderr, in_file_names, in_environment, in_arguments,
]
VERBS = ["lkg capture", "lkg diff", "lkg plan", "lkg status", "lkg status -o json", "lkg report", "lkg report -o html", "lkg restore --soak 0",
         "lkg halt", "lkg verify", "lkg history list", "drbackup create", "lkg plan -o json", "lkg status -o yaml", "drbackup diff latest -o unified",
         "drbackup diff latest", "drbackup show latest Deployment/web", "drbackup list", "arsnap snapshot", "arsnap check"]
REGISTRY_PLACES = (in_gcloud_rows, in_gcloud_stderr)
EVERYWHERE = (in_environment, in_file_names, in_arguments)  # the registry's verbs see these as well
TURNS = 2  # verbs that see one text in one place; each verb sees all texts and all places in turn
OURS = ("ops/lkg", "audit_artifacts", "deploy_logs")


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen |= {tag} | {f"{tag} {name}" for name, _ in attrs}
        self.seen |= {f"{tag} {name}={value}" for name, value in attrs if name in ("href", "src", "http-equiv")}


class Scene:
    def __init__(self, binaries, directory):
        self.binaries, self.directory = binaries, directory
        self.root, self.answers, self.begin = directory / "root", directory / "answers", directory / "begin"
        self.answers.mkdir(parents=True)
        self.root.mkdir()
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        recorded_floor.record(self.answers)
        recorded_floor.record_extras(self.answers)
        self.forget()
        # What there is when nothing is hostile: flags of children, elements of reports.
        self.flags, self.elements, self.blocks = {b"--client"}, set(), set()  # that of a `kubectl version` after a failure
        for verb in ("lkg capture", "drbackup create", "arsnap snapshot", *VERBS, "lkg report", "lkg report -o html"):
            done = self.run(verb)
            assert done.returncode in (0, 1, 4, 5), f"{verb}: {done.stderr}"
            self.flags |= {flag_name(word) for word in self.given() if word.startswith(b"-")}
            self.elements |= Elements(self.report("html")).seen
            self.blocks |= blocks(self.report("md"))
        self.blocks.add("<h2>Recent warning events</h2>")  # when they cannot be read
        self.begin.mkdir()
        shutil.copytree(self.root, self.begin / "root", symlinks=True)
        shutil.copytree(self.answers, self.begin / "answers")

    def forget(self):
        self.words = []
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory), "DR_ANSWERS": str(self.answers), "LANG": "C.UTF-8",
                            "DR_ARGUMENTS": str(self.directory / "arguments")}

    def reset(self):
        for name in ("root", "answers"):
            shutil.rmtree(self.directory / name)
            shutil.copytree(self.begin / name, self.directory / name, symlinks=True)
        self.forget()

    def run(self, verb):
        (self.directory / "arguments").write_bytes(b"")
        plugin, *words = verb.split()
        program = [f"--gcloud={HERE}/stub/gcloud"] if plugin == "arsnap" else []
        kubectl = [f"--kubectl={HERE}/stub/kubectl", "-n", recorded_floor.NS]
        command = [f"{self.binaries}/kubectl-{plugin}", *words, f"--root={self.root}", *program, *kubectl, *self.words]
        command = [word.encode("utf-8", "surrogatepass") for word in command]
        return subprocess.run(command, env=self.environment, capture_output=True, timeout=30, cwd=self.directory)

    def given(self):
        return (self.directory / "arguments").read_bytes().split(b"\0")

    def files(self):
        """All names below the directory but those of the verbs themselves."""
        names = set()
        for path in self.directory.rglob("*"):
            name = str(path.relative_to(self.directory))
            if not name.startswith(tuple(f"root/{ours}" for ours in OURS)) and not name.startswith(("answers", "begin", "root/.git")):
                names.add(name)
        return names

    def check(self, done):
        assert done.returncode in range(0, 8), f"exit {done.returncode}"
        for stream, what in ((done.stdout, "stdout"), (done.stderr, "stderr")):
            text = stream.decode()  # is UTF-8
            bad = {hex(ord(c)) for c in text if c not in "\n" and (unicodedata.category(c) == "Cc" or is_bidi(c))}
            assert not bad, f"{what} has {bad}: {text[:2000]!r}"
        flags = {flag_name(word) for word in self.given() if word.startswith(b"-")}
        assert flags <= self.flags, f"a child was given {flags - self.flags}"

    def report(self, form):
        path = self.root / "deploy_logs" / f"health_report.{form}"
        return path.read_text() if path.exists() else ""

    def check_reports(self):
        seen = Elements(self.report("html")).seen
        assert seen <= self.elements, f"the HTML has {seen - self.elements}"
        found = blocks(self.report("md"))
        assert found <= self.blocks, f"the Markdown has {found - self.blocks}"


def blocks(markdown):
    """What a reader of the Markdown sees as more than text: HTML elements of it, with links, and headings with their words."""
    page = subprocess.run(["cmark-gfm", "--unsafe", "--extension", "table", "--extension", "tasklist", "--extension", "strikethrough"],
                          input=markdown.encode(), capture_output=True, check=True).stdout.decode()
    return Elements(page).seen | set(re.findall(r"<h\d>.*?</h\d>", page, re.S))


def flag_name(word):
    return word.split(b"=")[0]


def is_bidi(character):
    return unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI") or character in "\u200e\u200f\u061c"


def main():
    binaries, directory = sys.argv[1:]
    scene = Scene(os.path.abspath(binaries), pathlib.Path(directory).absolute())
    turns = {True: itertools.cycle(VERBS), False: itertools.cycle([verb for verb in VERBS if not verb.startswith("arsnap")])}
    tried, runs = 0, 0
    for place, text in itertools.product(PLACES, TEXTS):
        scene.reset()
        place(scene, text)
        before = scene.files()
        verbs = ["arsnap snapshot", "arsnap check"] if place in REGISTRY_PLACES else itertools.islice(turns[place in EVERYWHERE], TURNS)
        for verb in verbs:
            done = None
            try:
                done = scene.run(verb)
                scene.check(done)
                runs += 1
            except (AssertionError, UnicodeError, subprocess.TimeoutExpired) as wrong:
                raise AssertionError(f"{verb} with {text[:60]!r} in {place.__name__}: {wrong}") from wrong
        try:
            scene.check_reports()
        except AssertionError as wrong:
            raise AssertionError(f"a report with {text[:60]!r} in {place.__name__}: {wrong}") from wrong
        new = scene.files() - before
        assert not new, f"{text[:60]!r} in {place.__name__}: made {new}"
        assert not pathlib.Path(f"/tmp/{TOUCHED}").exists()
        tried += 1
    print(f"{len(TEXTS)} texts in {len(PLACES)} places, {runs} runs, 0 injected")


if __name__ == "__main__":
    main()
