#!/usr/bin/env python3
"""Runs a command and prints the peak of its resident memory, without that of its children, as "peak: N KiB".

usage: peak_memory.py COMMAND [ARGUMENTS...]

The kernel counts a process together with the children that it waited for, so this looks into /proc while it runs.
"""

import subprocess
import sys
import time

command = subprocess.Popen(sys.argv[1:])
peak = 0
while command.poll() is None:
    with open(f"/proc/{command.pid}/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                peak = int(line.split()[1])
    time.sleep(0.005)
print(f"peak: {peak} KiB")
sys.exit(command.returncode)
