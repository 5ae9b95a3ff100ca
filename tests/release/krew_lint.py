#!/usr/bin/env python3
"""krew_lint.py MANIFEST...: names what is wrong with krew manifests, and ends with 1.

Krew ignores keys that it does not know, so a misspelt one is found by nobody else. Beside krew's own rules these are
the ones that reviewers of krew-index hold new plugins to.
"""
import pathlib
import re
import sys

import yaml

REQUIRED = {
    "manifest": {"apiVersion", "kind", "metadata", "spec"},
    "metadata": {"name"},
    "spec": {"version", "homepage", "shortDescription", "description", "caveats", "platforms"},
    "platform": {"selector", "uri", "sha256", "bin"},
    "selector": {"matchLabels"},
    "matchLabels": {"os", "arch"},
}


def problems(path):
    manifest = yaml.safe_load(path.read_text())

    def keys(where, value):
        have = set(value)
        found = [f"{where}: key {key} is not known" for key in sorted(have - REQUIRED[where])]
        return found + [f"{where}: no {key}" for key in sorted(REQUIRED[where] - have)]

    wrong = keys("manifest", manifest) or keys("metadata", manifest["metadata"]) + keys("spec", manifest["spec"])
    yield from wrong
    if wrong:
        return
    spec, name = manifest["spec"], manifest["metadata"]["name"]
    if path.name != f"{name}.yaml":
        yield f"the file of {name} is not called {name}.yaml"
    if not re.fullmatch(r"v\d+\.\d+\.\d+", spec["version"]):
        yield f"version {spec['version']}"
    if not 0 < len(spec["shortDescription"]) <= 50 or "\n" in spec["shortDescription"]:
        yield "shortDescription is not one line of at most 50 characters"
    for word in ("kubernetes", "plugin", "kubectl"):
        if word in spec["shortDescription"].lower():
            yield f"shortDescription says {word}, which says nothing there"
    for key in ("description", "caveats"):
        if any(len(line) > 80 for line in spec[key].splitlines()):
            yield f"{key} has a line of more than 80 columns"
    if "kubectl " in spec["description"]:
        yield "description has an example of use"
    if f"kubectl {name} completion install" not in spec["caveats"]:
        yield "caveats do not name completion"
    if not spec["platforms"]:
        yield "no platform"
    seen = set()
    for platform in spec["platforms"]:
        wrong = keys("platform", platform) or keys("selector", platform["selector"])
        wrong = wrong or keys("matchLabels", platform["selector"]["matchLabels"])
        yield from wrong
        if wrong:
            continue
        labels = platform["selector"]["matchLabels"]
        where = (labels["os"], labels["arch"])
        if where in seen or where[0] not in ("linux", "darwin") or where[1] not in ("amd64", "arm64"):
            yield f"platform {where} is there twice or unknown"
        seen.add(where)
        if not re.fullmatch(r"[0-9a-f]{64}", platform["sha256"]):
            yield f"{where}: sha256"
        if not platform["uri"].endswith(f"/kubectl-{name}_{spec['version']}_{where[0]}_{where[1]}.tar.gz"):
            yield f"{where}: uri {platform['uri']}"
        if platform["bin"] != f"kubectl-{name}":
            yield f"{where}: bin {platform['bin']}"


def main():
    found = [f"{name}: {problem}" for name in sys.argv[1:] for problem in problems(pathlib.Path(name))]
    print("\n".join(found))
    return 1 if found or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
