#!/usr/bin/env python3
"""audit.py LOG [--since BYTES] [--user NAME] [--switch]: the writes in an API server's audit log, oldest first.

One line each: VERB RESOURCE NAMESPACE/NAME STATUS USER-AGENT.  Reads, dry runs and access reviews are no writes.
--switch prints, of the writes to the kill switch alone, VERB STATUS VALUE: what the switch was after that write.
"""
import argparse
import json
import sys

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
REVIEWS = ("subjectaccessreviews", "subjectrulesreviews", "subjectreviews", "tokenreviews")
SWITCH = ("configmaps", "agenttrader-kill-switch")


def events(path, since):
    with open(path, "rb") as log:
        log.seek(since)
        for line in log:
            if line.endswith(b"\n"):  # the last line may be in the writing
                yield json.loads(line)


def is_write(event):
    resource = event.get("objectRef", {}).get("resource", "")
    return event["verb"] in WRITES and "dryRun=" not in event["requestURI"] and not resource.endswith(REVIEWS)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("log")
    arguments.add_argument("--since", type=int, default=0, help="skip this many bytes")
    arguments.add_argument("--user", help="only the writes of this user, impersonated or not")
    arguments.add_argument("--switch", action="store_true", help="only the kill switch and its values")
    options = arguments.parse_args()

    for event in filter(is_write, events(options.log, options.since)):
        user = event.get("impersonatedUser", event["user"])["username"]
        if options.user and user != options.user:
            continue
        ref = event.get("objectRef", {})
        resource = "/".join(filter(None, [ref.get("resource"), ref.get("subresource")]))
        namespace = "" if ref.get("resource") == "namespaces" else ref.get("namespace", "")
        name = "/".join(filter(None, [namespace, ref.get("name", "*")]))
        status = event.get("responseStatus", {}).get("code", 0)
        if not options.switch:
            print(event["verb"], resource, name, status, event.get("userAgent", "-"))
        elif (resource, ref.get("name")) == SWITCH:
            data = event.get("responseObject", {}).get("data", {})
            print(event["verb"], status, data.get("EXECUTION_HALTED", "-"))


if __name__ == "__main__":
    sys.exit(main())
