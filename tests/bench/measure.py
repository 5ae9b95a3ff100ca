"""What one run of a program costs, and what the API server was asked meanwhile."""
import datetime
import json
import os
import pathlib
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
POLL = 0.004  # seconds
WRITES = {"create", "update", "patch", "delete", "deletecollection"}


class Cost:
    """Of one run: wall seconds; of the program itself, without its children: CPU seconds and peak RSS in MiB."""

    def __init__(self, wall, cpu, rss, code, stderr):
        self.wall, self.cpu, self.rss, self.code, self.stderr = wall, cpu, rss, code, stderr

    @property
    def processes(self):
        """The kubectl calls that `-v` printed, without the reads through the proxy."""
        return sum(line.startswith("+ ") and not line.endswith("through the proxy") for line in self.stderr.splitlines())


def run(command, directory):
    """Runs the command, with its output kept in the directory."""
    cpu = rss = 0
    errors = pathlib.Path(directory, "stderr")
    with open(pathlib.Path(directory, "stdout"), "wb") as out, open(errors, "wb") as err:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        process = pathlib.Path("/proc", str(child.pid))
        while child.poll() is None:
            try:
                fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
                cpu = max(cpu, (int(fields[11]) + int(fields[12])) / TICKS)
                status = (process / "status").read_text()
                rss = max(rss, *(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
            except (OSError, IndexError):  # it ends just now
                pass
            time.sleep(POLL)
        wall = time.monotonic() - begin
    return Cost(wall, cpu, rss, child.returncode, errors.read_text(errors="replace"))


class Audit:
    """The API server's audit log from now on."""

    def __init__(self, log):
        self.log, self.since, self.began = log, os.path.getsize(log), time.time()

    def events(self):
        with open(self.log, "rb") as log:
            log.seek(self.since)
            return [json.loads(line) for line in log if line.endswith(b"\n")]

    def requests(self):
        return len(self.events())

    def writes(self):
        """Those of the restore itself: neither its lock nor its halts, the last of which ends the run."""
        return [event for event in self.events()
                if event["verb"] in WRITES and "dryRun=" not in event["requestURI"] and event["objectRef"]["resource"] != "leases"
                and event["objectRef"].get("name") != "agenttrader-kill-switch"
                and event.get("userAgent", "").startswith("kubectl")]  # not the controllers'

    def last_write(self):
        """Seconds from the beginning until the last of them was answered; 0 without one."""
        times = [datetime.datetime.fromisoformat(event["stageTimestamp"].replace("Z", "+00:00")).timestamp()
                 for event in self.writes()]
        return max(times, default=self.began) - self.began


class Watch:
    """When a Deployment changed for the last time, its status included: the audit log leaves the cluster's own writes out."""

    def __init__(self, ns):
        self.last = time.time()
        self.child = subprocess.Popen(["kubectl", "-n", ns, "get", "deployments", "--watch", "--output=name"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for _ in self.child.stdout:
            self.last = time.time()

    def end(self):
        self.child.terminate()
        self.child.wait()
        self.reader.join()
        return self.last
