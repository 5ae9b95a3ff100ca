#!/usr/bin/env python3
"""silent_proxy.py --unix-socket=PATH ON: says that it serves, takes every connection and answers none; the first one makes the file ON."""
import pathlib
import socket
import sys

path = next(one for one in sys.argv if one.startswith("--unix-socket=")).partition("=")[2]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
print(f"Starting to serve on {path}", flush=True)
connections = []
while True:
    connections.append(listener.accept())
    pathlib.Path(sys.argv[-1]).touch()
