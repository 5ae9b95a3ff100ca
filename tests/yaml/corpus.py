#!/usr/bin/env python3
"""The YAML corpus: objects full of what YAML readers stumble over, and the check that a reader gives them back exactly.

  corpus.py generate                 prints the objects as a JSON array
  corpus.py check READER OBJECTS DIR compares them, value by value and type by type, with what READER makes of DIR/*.yaml:
                                       ours     DIR/*.read, the JSON of our own reader (yaml_round_trip)
                                       pyyaml   PyYAML's safe loader
                                       kubectl  $KUBECTL create --dry-run=client, against a server that knows the two kinds
"""
import glob
import http.server
import json
import os
import random
import subprocess
import sys
import tempfile
import threading

TRAPS = [
    # Booleans, nulls and numbers of some YAML version
    "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N",
    "true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL", "~", "",
    "0", "1", "-1", "+1", "007", "010", "08", "0o17", "0O17", "0x1f", "0X1F", "0b11", "0b", "0x", "1_000", "_1",
    "1e3", "1E3", "1e+3", "1.0e+3", "1e-3", "1.", ".5", "1.5", "-.5", "1.5.2", "1,000", ".inf", "-.inf", "+.INF", ".Inf",
    ".nan", ".NaN", "nan", "NaN", "inf", "Infinity", "12:30:45", "1:30", "190:20:30.15", "-1:30", "2020-01-01",
    "2020-1-1", "2020-01-01T12:30:45Z", "2020-01-01 12:30:45.5 +2", "9223372036854775807", "9223372036854775808",
    "123456789012345678901234567890", "1e400",
    # Marks of the syntax
    "=", "<<", "!", "!!", "!!str x", "!tag", "&", "&a", "*", "*a", "#", "# x", "a #b", "a: b", "a:", ":", ": a", ",", "-",
    "- a", "--", "---", "--- a", "...", "?", "? a", "|", "|-", ">", ">-", "%", "%YAML 1.1", "@", "@a", "`", "`a", "'",
    "'a", "''", '"', '"a', '""', "[", "[]", "[a", "]", "{", "{}", "{a: b}", "}", "\\", "\\n", "\\x41", "a\\", "key: 'v'",
    # Blanks, tabs and line breaks
    " ", "  ", " a", "a ", " a ", "\t", "\ta", "a\t", "a\tb", "\n", "\n\n", "\na", "a\n", "a\n\n", "a\nb", "a\nb\n", "a\n\nb\n",
    "a\n  b\n", "  a\nb\n", " \na\n", "a \nb\n", "a\n \nb\n", "a\n\tb\n", "a\t\nb\n", "a\n---\nb\n", "a\n...\nb\n", "a\n# b\n",
    "\r", "a\rb", "a\r\nb", "a\r\nb\r\n", "a\n\rb", "#!/bin/sh\nexit 0\n", "key: |\n  block\n", "{\n  \"a\": 1\n}\n",
    # Characters
    "\0", "a\0b", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b[31m", "\x1f", "\x7f", "\x80", "\x85", "a\x85b", "\x9f", "\xa0", " \xa0 ",
    "\xad", "\u2028", "a\u2028b", "\u2029", "\u200b", "\u200e", "\u202e", "\ufeff", "\ufeffa", "a\ufeff", "\ud7ff", "\ue000",
    "\ufdd0", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001f600", "\U0001fffe", "\U0010ffff", "\u00e4", "e\u0301", "\u65e5\u672c",
    "\u65e5\n\U0001f680\n", "'\"\\\t\n\x85\U0001f600 ",
]
MIB = 1 << 20
# Values and keys for the custom resource only: a ConfigMap holds nothing but strings.
NUMBERS = [
    0, 1, -1, 7, 10, 127, 128, 255, 256, 2**31 - 1, 2**31, -2**31, 2**32, 2**53 - 1, 2**53, 2**53 + 1, -2**53 - 1, 2**62,
    2**63 - 1, -2**63, 0.0, -0.0, 0.1, -0.5, 1.5, 1.0, 100.0, 1e3, 1e16, 1e20, 1e21, 1e22, 1.7976931348623157e308, 5e-324,
    2.2250738585072014e-308, 1e-7, 123456789.123456789, 3.141592653589793, 1 / 3, -1e-300,
]
CONTAINERS = [
    {}, [], None, True, False, [[]], [{}], {"a": {}}, {"a": []}, {"a": None}, [None], [[], {}, None, ""], [[[1]], [["1"]]],
    {"a": {"b": {"c": [{"d": [{}]}]}}}, [{"a": 1, "b": [2, {"c": 3}]}, [4, [5]]], {"": {"": ""}}, {"k" * 300: {"v": 1}},
    {"k" * 1024: "v"}, {"k" * 1025: ["v"]}, {"k y" * 2000: {"z": "w\n"}}, {"a\nb": "c"}, {"#": "#", ":": ":", "?": "?", "-": "-"},
    {"<<": {"a": 1}, "=": 2, "y": 3, "null": 4, "1": 5, "1.0": 6, "true": 7},
]


def nested(depth):
    value = "deep"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value, "b": {}}
    return value


def config_map(number, data):
    metadata = {"name": f"c{number}", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def trap(number, spec):
    metadata = {"name": f"t{number}", "namespace": "default"}
    return {"apiVersion": "traps.example.dev/v1", "kind": "Trap", "metadata": metadata, "spec": spec}


def is_data_key(text):
    return 0 < len(text) <= 253 and all(c.isascii() and (c.isalnum() or c in "-._") for c in text) and text not in (".", "..")


def around(text):
    """The text alone and where it meets others."""
    return {"alone": text, "first": text + " x", "last": "x " + text, "line": text + "\n", "lines": "a\n" + text + "\nb\n",
            "indented": "  " + text, "twice": text + text, "blanks": text + "  \n", "key": text + ": x"}


def generate():
    objects = []
    for text in TRAPS:
        data = around(text)
        if is_data_key(text):
            data[text] = text
        objects.append(config_map(len(objects), data))
        objects.append(trap(len(objects), {text: text, "list": [text, [text], {text: [text]}], "map": {text: {text: None}, "x": 1}}))
    for value in NUMBERS + CONTAINERS + [nested(60)]:
        objects.append(trap(len(objects), {"value": value, "list": [value, value], "map": {"a": {"b": value}}, "text": str(value)}))
    long_line, lines = "a b: #c " * (MIB // 8), "line of a file\n" * (MIB // 15)
    for text in (long_line, lines, "\U0001f600" * (MIB // 4), "\x85\u2028" * (MIB // 8)):
        objects.append(config_map(len(objects), {"large": text}))
    chance = random.Random(20261124)  # the same corpus every time
    for _ in range(60):
        pick = lambda: "".join(chance.choice(TRAPS) for _ in range(chance.randint(1, 6)))
        objects.append(trap(len(objects), {pick(): pick() for _ in range(12)}))
    return objects


# --- Reading


def read_with_pyyaml(folder):
    import yaml  # here, so that the rest needs no PyYAML

    for path in sorted(glob.glob(folder + "/*.yaml")):
        with open(path, encoding="utf-8", newline="") as file:
            yield yaml.safe_load(file)


def read_ours(folder):
    for path in sorted(glob.glob(folder + "/*.read")):
        with open(path, encoding="utf-8") as file:
            yield json.load(file)


RESOURCES = {"v1": ("configmaps", "ConfigMap"), "traps.example.dev/v1": ("traps", "Trap")}


class Discovery(http.server.BaseHTTPRequestHandler):
    """As much of an API server as `kubectl create --dry-run=client` asks: which kinds there are."""

    def document(self):
        group = {"groupVersion": "traps.example.dev/v1", "version": "v1"}
        if self.path.startswith("/api?") or self.path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if self.path.startswith("/apis?") or self.path == "/apis":
            groups = [{"name": "traps.example.dev", "versions": [group], "preferredVersion": group}]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        for version, (plural, kind) in RESOURCES.items():
            if self.path.split("?")[0] in ("/api/" + version, "/apis/" + version):
                resource = {"name": plural, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["create", "get"]}
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [resource]}
        return None

    def do_GET(self):
        document = self.document()
        body = json.dumps(document).encode()
        self.send_response(404 if document is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def read_with_kubectl(folder):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Discovery) as server, tempfile.TemporaryDirectory() as home:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [os.environ.get("KUBECTL", "kubectl"), "create", "--dry-run=client", "--validate=false", "-o", "json", "-f", folder,
                   f"--server=http://127.0.0.1:{server.server_port}"]
        environment = dict(os.environ, HOME=home, KUBECONFIG=os.devnull)
        done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
        server.shutdown()
    if done.returncode != 0:
        sys.exit(f"kubectl exited with {done.returncode}: {done.stderr.decode(errors='replace')[:2000]}")
    text = done.stdout.decode().strip()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        yield from document["items"] if document["kind"] == "List" else [document]
        text = text[end:].lstrip()


# --- Comparing


def difference(expected, got, exact_numbers, path=""):
    """The first place that differs, or None. Without exact_numbers 1.0 may come back as 1, which JSON cannot tell apart."""
    numbers = (int, float)
    both_numbers = type(expected) in numbers and type(got) in numbers
    if type(expected) is not type(got) and (exact_numbers or not both_numbers):
        return f"{path}: {type(expected).__name__} became {type(got).__name__}"
    if isinstance(expected, dict):
        if expected.keys() != got.keys():
            return f"{path}: keys {sorted(expected.keys() - got.keys())!a} became {sorted(map(str, got.keys() - expected.keys()))!a}"
        pairs = [(key, expected[key], got[key]) for key in expected]
    elif isinstance(expected, list):
        if len(expected) != len(got):
            return f"{path}: {len(expected)} elements became {len(got)}"
        pairs = [(number, a, b) for number, (a, b) in enumerate(zip(expected, got))]
    else:
        sign_lost = exact_numbers and isinstance(expected, float) and repr(expected) != repr(got)
        return f"{path}: {expected!a:.200} became {got!a:.200}" if expected != got or sign_lost else None
    return next((found for key, a, b in pairs if (found := difference(a, b, exact_numbers, f"{path}/{key!a:.60}"))), None)


def check(reader, objects_file, folder):
    with open(objects_file, encoding="utf-8") as file:
        expected = json.load(file)
    read = {"ours": read_ours, "pyyaml": read_with_pyyaml, "kubectl": read_with_kubectl}[reader]
    got = list(read(folder))
    wrong = [f"{number:04}: {found}" for number, (a, b) in enumerate(zip(expected, got))
             if (found := difference(a, b, exact_numbers=reader != "kubectl"))]
    if len(got) != len(expected):
        wrong.append(f"{len(expected)} objects became {len(got)}")
    print(*wrong[:20], f"{reader}: {len(expected)} objects, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"] and len(sys.argv) == 5:
        sys.exit(check(*sys.argv[2:]))
    if sys.argv[1:] != ["generate"]:
        sys.exit(__doc__)
    json.dump(generate(), sys.stdout)
