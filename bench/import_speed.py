#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast `lazaret advisories import` reads a feed into a fresh data directory, and in how much memory.

    bench/import_speed.py [--build build-release] [--runs 5] [FEED…]

FEED is ../shared/data/osv unless said otherwise. Each run starts with an empty data directory and a
feed in the page cache; the best and the median run are shown, because the others measure the machine.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("LAZARET_SHARED", ROOT.parent / "shared"))


def one_run(program, feeds):
    data = tempfile.mkdtemp(prefix="lazaret-import-")
    try:
        start = time.monotonic()
        child = subprocess.Popen([program, "advisories", "import", "--data", data, "--format", "json",
                                  *feeds], stdout=subprocess.PIPE)
        report = json.loads(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"the import ended with {child.returncode}")
        records = report["records"] + report["cveRecords"]
        return records, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss
    finally:
        shutil.rmtree(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build-release")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("feeds", nargs="*", default=[str(SHARED / "data" / "osv")])
    options = parser.parse_args()
    program = ROOT / options.build / "src" / "cmd" / "lazaret"
    runs = [one_run(program, options.feeds) for _ in range(options.runs)]
    seconds = sorted(run[1] for run in runs)
    records = runs[0][0]
    middle = statistics.median(seconds)
    print(f"{records} records, {os.cpu_count()} processors, {options.runs} runs")
    print(f"best    {seconds[0]:.2f} s  {records / seconds[0]:,.0f} records/s")
    print(f"median  {middle:.2f} s  {records / middle:,.0f} records/s")
    print(f"processor time {statistics.median(run[2] for run in runs):.2f} s, "
          f"memory at most {max(run[3] for run in runs) / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
