#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many connections, slow clients and large uploads at once: who waits for whom. The method is in
bench/README.md."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from common import MEGABYTE, ROOT, cpu_seconds, machine, status_bytes, write_section
from registry import Server, random_file

TITLE = "Load (bench/load.py)"
PING = ("/v2/", 2)


class Load:
    def __init__(self, options, scratch):
        self.options, self.scratch = options, pathlib.Path(scratch)
        self.program = pathlib.Path(options.build) / "bench/bench-load"
        environment = dict(os.environ, LAZARET_SERVER_CONNECTIONS=str(options.idle + 4000),
                           LAZARET_LIMITS_CLIENT_CONNECTIONS="0",
                           LAZARET_LIMITS_CLIENT_REQUESTS="0",
                           LAZARET_SERVER_IDLE_SECONDS="600")
        os.environ.update(environment)
        self.server = Server("lazaret", scratch, lambda s: [
            pathlib.Path(options.build) / "src/cmd/lazaret", "serve", "--listen", s.address, "--data",
            s.directory / "data"], "/healthz")
        self.running = []

    def begin(self, command, *arguments):
        process = subprocess.Popen([self.program, command, self.server.address, *map(str, arguments)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    @staticmethod
    def result(process):
        line = process.stdout.readline()
        if not line:
            sys.exit(f"{process.args}: ended with {process.wait()}")
        return json.loads(line)

    def finish(self, process):
        """The last line of a program that ends by itself or when its input does."""
        process.stdin.close()
        found = self.result(process)
        if process.wait(120):
            sys.exit(f"{process.args}: ended with {process.returncode}")
        self.running.remove(process)
        return found

    def run(self, command, *arguments):
        return self.finish(self.begin(command, *arguments))

    def probe(self, seconds):
        """GET /v2/ on 8 kept connections, each 20 ms after the answer before."""
        return self.begin("probe", *PING, 8, seconds, 20)

    def resident(self):
        return status_bytes(self.server.process.pid, "VmRSS")

    def idle_and_active(self):
        options = self.options
        large = self.scratch / "large"
        digest = random_file(large, 3 * MEGABYTE)
        self.run("upload", large, f"sha256:{digest}", "load", "keep")
        before = self.resident()
        idle = self.begin("idle", options.idle)
        held = self.result(idle)["connections"]
        each = (self.resident() - before) / held
        probe = self.probe(options.seconds)
        active = self.run("get", f"/v2/load/blobs/sha256:{digest}", 3 * MEGABYTE, 64, options.seconds, "keep")
        ping = self.finish(probe)
        again = self.finish(idle)["served_again"]
        return {"held": held, "each": each, "active": active, "ping": ping, "again": again}

    def uploads(self):
        options = self.options
        file = self.scratch / "upload"
        random_file(file, options.upload_mb * MEGABYTE)
        uploads = self.begin("uploads", file, "load", 16, options.seconds)
        alone = self.run("probe", *PING, 8, options.seconds * 0.8, 20)
        moved = self.finish(uploads)
        slow_head = self.begin("slow", "head", 500, options.seconds + 2)
        slow_body = self.begin("slow", "body", 500, options.seconds + 2)
        uploads = self.begin("uploads", file, "load", 16, options.seconds)
        probe = self.probe(options.seconds * 0.8)
        tiny = self.run("burst", 1000, options.seconds * 0.6)
        both = self.finish(probe)
        self.finish(uploads)
        return {"alone": alone, "moved": moved, "tiny": tiny, "both": both,
                "slow": [self.finish(slow_head), self.finish(slow_body)]}

    def stop(self):
        for process in self.running:
            process.kill()
            process.wait()
        self.server.stop()


def times(found):
    return f"p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms, max {found['max_ms']:.0f} ms"


def report(options, load, idle, uploads):
    rows = [
        ("resident memory for each of {} idle connections".format(idle["held"]),
         f"{idle['each'] / 1024:.1f} KiB", "≤ 64 KiB"),
        ("64 transfers of 3 MB meanwhile", f"{idle['active']['bytes_per_second'] / 1e6:.0f} MB/s", ""),
        ("GET /v2/ meanwhile", times(idle["ping"]), ""),
        ("idle connections that were served again afterwards", f"{idle['again']} of {idle['held']}", "all"),
        (f"16 uploads of {options.upload_mb} MB", f"{uploads['moved']['bytes_per_second'] / 1e6:.0f} MB/s", ""),
        ("GET /v2/ meanwhile", times(uploads["alone"]), "p99 < 50 ms"),
        ("GET /v2/ during 16 uploads, 1,000 connections with 500 slow heads and 500 slow bodies, and 1,000 "
         "parallel requests", times(uploads["both"]), "p99 < 50 ms"),
        ("the parallel requests, always 1,000 at once, a connection each", f"{uploads['tiny']['rate']:.0f}/s", ""),
        ("slow clients still connected after {:.0f} s".format(uploads["slow"][0]["seconds"]),
         ", ".join(f"{s['still_open']} of {s['connections']}" for s in uploads["slow"]) + " (head, body)", ""),
        ("peak memory of the server", f"{status_bytes(load.server.process.pid, 'VmHWM') / MEGABYTE:.0f} MB", ""),
        ("its processor time", f"{cpu_seconds(load.server.process.pid):.1f} s", ""),
    ]
    return "\n".join([f"Machine: {machine()}; {options.seconds:.0f} s each part; the clients run on the same "
                      "processors.", "", "| what | measured | aim |", "|---|---|---|",
                      *(f"| {' | '.join(row)} |" for row in rows)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build-release"))
    parser.add_argument("--idle", type=int, default=9000, help="idle connections")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--upload-mb", type=int, default=500)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.build) as scratch:
        load = Load(options, scratch)
        try:
            idle = load.idle_and_active()
            text = report(options, load, idle, load.uploads())
        finally:
            load.stop()
    print(text)
    if not options.no_write:
        write_section(TITLE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
