#!/usr/bin/env python3
"""fleet.py: a day of N clusters that each capture, back up and push by a CronJob of their own: load and storage.

The defaults are what was measured on a floor of 200 workloads; --clusters, --window and the rest replace them.  The
simulation is seeded: it prints the same each time.
"""
import argparse
import collections
import random

DAYS = 420  # until every tier of the retention is full
DAILY, WEEKLY, MONTHLY = 14, 8, 12  # what docs/runbook.md keeps


def kept_backups(days):
    """How many backups are kept after so many daily ones: a backup stands for its day, week and month."""
    daily = {day for day in range(max(0, days - DAILY), days)}
    weekly = {max(day for day in range(days) if day // 7 == week) for week in range(max(0, (days - 1) // 7 - WEEKLY + 1), (days - 1) // 7 + 1)}
    monthly = {max(day for day in range(days) if day // 30 == month) for month in range(max(0, (days - 1) // 30 - MONTHLY + 1), (days - 1) // 30 + 1)}
    return len(daily | weekly | monthly)


def starts_of(options, generator):
    """The second of the day at which each cluster starts."""
    if options.window == 0:
        return [0.0] * options.clusters
    return [generator.uniform(0, options.window) for _ in range(options.clusters)]


def busiest(starts, seconds, amount):
    """The most that one second sees, when each start spreads `amount` evenly over `seconds`."""
    load = collections.Counter()
    whole = max(1, round(seconds))
    for start in starts:
        for second in range(whole):
            load[int(start) + second] += amount / whole
    return max(load.values())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--clusters", type=int, default=1000)
    arguments.add_argument("--window", type=float, default=3600, help="seconds over which the starts are spread; 0: all at once")
    arguments.add_argument("--requests", type=int, default=47, help="API requests of one capture and one backup")
    arguments.add_argument("--seconds", type=float, default=1.0, help="how long they take")
    arguments.add_argument("--lkg-kib", type=float, default=593, help="an LKG, as a tar")
    arguments.add_argument("--backup-kib", type=float, default=400, help="a backup, as a tar (an estimate)")
    arguments.add_argument("--uploads", type=int, default=2, help="objects of a day's pushes: an LKG and a backup, a tar each")
    options = arguments.parse_args()
    generator = random.Random(1)
    starts = starts_of(options, generator)
    kept = kept_backups(DAYS)
    per_cluster = (kept * options.backup_kib + 30 * options.lkg_kib) / 1024
    rows = [
        ("API requests a day, each cluster", f"{options.requests}"),
        ("of them in its busiest second", f"{options.requests / max(1, options.seconds):.0f}"),
        ("API requests a day, whole fleet", f"{options.requests * options.clusters}"),
        ("clusters at work in the busiest second", f"{busiest(starts, options.seconds, options.seconds):.0f}"),
        ("uploads a day, whole fleet", f"{options.uploads * options.clusters}"),
        ("uploads in the busiest second", f"{busiest(starts, options.seconds, options.uploads):.0f}"),
        ("backups kept of a cluster", f"{kept}"),
        ("storage of a cluster, MiB", f"{per_cluster:.1f}"),
        ("storage of the fleet, GiB", f"{per_cluster * options.clusters / 1024:.1f}"),
        ("uploaded a day, GiB", f"{(options.backup_kib + options.lkg_kib) * options.clusters / 1024 ** 2:.2f}"),
    ]
    print(f"{options.clusters} clusters, starts within {options.window:.0f} s")
    for name, value in rows:
        print(f"{name:42} {value:>10}")


if __name__ == "__main__":
    main()
