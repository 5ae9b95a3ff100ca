#!/usr/bin/env python3
"""object.py URL bucket NAME | put NAME FILE | get NAME FILE | list: the emulator's own API, without gcloud.

NAME is BUCKET/OBJECT.  `list` prints the names of the objects of every bucket and their generations."""
import json
import sys
import urllib.parse
import urllib.request


def call(method, path, body=None, kind="application/octet-stream"):
    request = urllib.request.Request(sys.argv[1] + path, data=body, method=method, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.read()


def main():
    verb, args = sys.argv[2], sys.argv[3:]
    if verb == "bucket":
        call("POST", "/storage/v1/b?project=test", json.dumps({"name": args[0]}).encode(), "application/json")
    elif verb == "list":
        for bucket in json.loads(call("GET", "/storage/v1/b?project=test")).get("items", []):
            listing = json.loads(call("GET", f"/storage/v1/b/{bucket['name']}/o"))
            for item in listing.get("items", []):
                print(f"{bucket['name']}/{item['name']} {item['generation']}")
    else:
        bucket, name = args[0].split("/", 1)
        name = urllib.parse.quote(name, safe="")
        if verb == "put":
            with open(args[1], "rb") as file:
                call("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}", file.read())
        elif verb == "get":
            with open(args[1], "wb") as file:
                file.write(call("GET", f"/storage/v1/b/{bucket}/o/{name}?alt=media"))
        else:
            sys.exit(f"unknown verb {verb}")


main()
