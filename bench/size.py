#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What lists, a start and a push cost when a million manifests are there. The method is in bench/README.md."""
import argparse
import http.client
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from common import MEGABYTE, ROOT, machine, status_bytes, write_section
from registry import Images, Server

TITLE = "Size (bench/size.py)"


# --- filling: rows made from those of an image that the server itself stored

class Filler:
    """Copies the rows of a real image with other names and digests, so that every column, also one that a
    later version adds, holds what the server would have written."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-4000000", "temp_store=MEMORY",
                       "foreign_keys=OFF"):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.create_function("digest", 2, lambda kind, n: "sha256:" + f"{hash((kind, n, 7)) % (1 << 64):016x}"
                                + f"{n * 2654435761 % (1 << 32):08x}" + f"{n:08x}" * 5, deterministic=True)

    def one(self, sql, *arguments):
        return self.db.execute(sql, arguments).fetchone()[0]

    def copy(self, table, where, count, **changes):
        """count rows like the one that `where` names; changes: column -> SQL over n (0, 1, …)."""
        columns = [row[1] for row in self.db.execute(f"PRAGMA table_info({table})")]
        assert set(changes) <= set(columns), (table, columns)
        wanted = [name for name in columns if not (name == "id" and name not in changes)]
        values = ", ".join(changes.get(name, f"t.{name}") for name in wanted)
        self.db.execute(
            f"WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count})"
            f" INSERT INTO {table} ({', '.join(wanted)})"
            f" SELECT {values} FROM numbers CROSS JOIN (SELECT * FROM {table} WHERE {where}) t")

    def fill(self, manifests, repositories, tags):
        manifest, repository = self.db.execute("SELECT id, repository_id FROM manifest LIMIT 1").fetchone()
        layer = self.one("SELECT digest FROM manifest_reference WHERE manifest_id = ? AND kind ="
                         " (SELECT max(kind) FROM manifest_reference WHERE manifest_id = ?)", manifest, manifest)
        config = self.one("SELECT digest FROM manifest_reference WHERE manifest_id = ? AND digest <> ?",
                          manifest, layer)
        blob = self.one("SELECT id FROM blob WHERE digest = ?", config)
        within, big = manifests // 2, 10**6  # ids well above those of the template
        self.db.execute("BEGIN")
        self.copy("repository", f"id = {repository}", repositories + 1, id=f"n + {big}",
                  name="CASE n WHEN 0 THEN 'big' ELSE printf('team%03d/app%05d', n % 200, n) END")
        # The first half belongs to "big", the rest is spread over all others.
        home = f"{big} + CASE WHEN n < {within} THEN 0 ELSE 1 + n % {repositories} END"
        self.copy("manifest", f"id = {manifest}", manifests, id=f"n + {big}", repository_id=home,
                  digest="digest('m', n)")
        references = [row[1] for row in self.db.execute("PRAGMA table_info(manifest_reference)")]
        more = {"repository_id": home} if "repository_id" in references else {}
        self.copy("manifest_reference", f"manifest_id = {manifest} AND digest = '{layer}'", manifests,
                  manifest_id=f"n + {big}", **more)
        self.copy("manifest_reference", f"manifest_id = {manifest} AND digest = '{config}'", manifests,
                  manifest_id=f"n + {big}", digest="digest('c', n)", **more)
        self.copy("blob", f"id = {blob}", manifests, id=f"n + {big}", digest="digest('c', n)")
        self.copy("repository_blob", f"repository_id = {repository} AND blob_id = {blob}", manifests,
                  repository_id=home, blob_id=f"n + {big}")
        self.copy("tag", f"manifest_id = {manifest}", tags, repository_id=str(big),
                  name="printf('v%07d', n)", manifest_id=f"{big} + n % {within}")
        self.copy("tag", f"manifest_id = {manifest}", manifests - within, repository_id=
                  f"{big} + 1 + (n + {within}) % {repositories}", name="printf('r%07d', n)",
                  manifest_id=f"{big} + {within} + n")
        self.copy("image", "digest = (SELECT digest FROM manifest WHERE id = " + str(manifest) + ")", manifests,
                  digest="digest('m', n)")
        self.db.execute("COMMIT")
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()


# --- servers

def start(options, scratch, name):
    began = time.perf_counter()
    server = Server(name, scratch, lambda s: [
        pathlib.Path(options.build) / "src/cmd/lazaret", "serve", "--listen", s.address, "--data",
        s.directory / "data"], "/healthz")
    return server, time.perf_counter() - began


def restart(options, server):
    """Stops it, and measures the next start up to the first answer."""
    server.stop()
    began = time.perf_counter()
    server.process = subprocess.Popen(server.process.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while server.answer("/healthz") is None:
        if time.perf_counter() - began > 60:
            sys.exit("the server does not start")
        time.sleep(0.005)
    return time.perf_counter() - began


def push(options, server, images, repository, threads, count):
    images.make(count)
    done = subprocess.run([pathlib.Path(options.build) / "bench/bench-load", "push", server.address,
                           images.directory, repository, str(threads), "keep"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    server.settle()
    return json.loads(done.stdout)


def pages(server, path, lasts, rounds):
    """Milliseconds of each page, each asked several times."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    times, items = [], 0
    for _ in range(rounds):
        for last in lasts:
            began = time.perf_counter()
            connection.request("GET", f"{path}&last={last}" if last else path)
            reply = connection.getresponse()
            body = reply.read()
            times.append((time.perf_counter() - began) * 1e3)
            assert reply.status == 200, body
            items = max(items, max(len(v) for v in json.loads(body).values() if isinstance(v, list)))
    connection.close()
    return times, items


def text_of(times):
    ordered = sorted(times)
    return f"p50 {statistics.median(times):.2f} ms, p99 {ordered[int(0.99 * (len(ordered) - 1))]:.2f} ms, " \
           f"max {ordered[-1]:.2f} ms"


def measure(options, scratch):
    images = Images(pathlib.Path(scratch) / "images")
    full, _ = start(options, scratch, "lazaret")
    empty = None
    try:
        push(options, full, images, "template", 1, 1)
        full.stop()
        database = full.directory / "data/lazaret.db"
        began = time.perf_counter()
        Filler(database).fill(options.manifests, options.repositories, options.tags)
        print(f"filled in {time.perf_counter() - began:.0f} s, {database.stat().st_size / MEGABYTE:.0f} MB",
              flush=True)
        full.process = subprocess.Popen(full.process.args)
        starts = [restart(options, full) for _ in range(3)]
        tag_lasts = ["", *(f"v{options.tags * share // 100:07d}" for share in (10, 50, 90, 99))]
        name_lasts = ["", "team050/app", "team100/app", "team199/app"]
        found = {
            "starts": starts,
            "tags": pages(full, "/v2/big/tags/list?n=1000", tag_lasts, options.rounds),
            "tags100": pages(full, "/v2/big/tags/list?n=100", tag_lasts, options.rounds),
            "catalog": pages(full, "/v2/_catalog?n=1000", name_lasts, options.rounds),
            "images": pages(full, "/api/v1/images?repository=big&n=100", [""], options.rounds),
            "metrics_ms": None,
        }
        empty, _ = start(options, scratch, "empty")
        for threads, count in ((1, options.images), (10, 3 * options.images)):
            for turn in range(2):
                for name, server in (("full", full), ("empty", empty)):
                    os.sync()
                    result = push(options, server, images, f"push{threads}x{turn}", threads, count)
                    found.setdefault((name, threads), []).append(result)
        found["memory"] = status_bytes(full.process.pid, "VmHWM")
        found["database"] = database.stat().st_size
        return found
    finally:
        full.stop()
        if empty:
            empty.stop()


def report(options, found):
    def pushed(name, threads):
        results = found[(name, threads)]
        return min(r["p50_ms"] for r in results), max(r["rate"] for r in results)
    full1, empty1 = pushed("full", 1)[0], pushed("empty", 1)[0]
    full10, empty10 = pushed("full", 10)[1], pushed("empty", 10)[1]
    rows = [
        ("start until the first answer, three times", ", ".join(f"{s:.2f} s" for s in found["starts"]), "< 1 s"),
        (f"page of {found['tags'][1]} tags, anywhere in the list", text_of(found["tags"][0]), "< 10 ms"),
        (f"page of {found['tags100'][1]} tags", text_of(found["tags100"][0]), "< 10 ms"),
        (f"catalog page of {found['catalog'][1]} repositories", text_of(found["catalog"][0]), "< 10 ms"),
        (f"own API, page of {found['images'][1]} images", text_of(found["images"][0]), ""),
        ("push of an image, one at a time, p50: full and empty registry",
         f"{full1:.1f} ms and {empty1:.1f} ms", "the same"),
        ("images/s, 10 at a time: full and empty registry", f"{full10:.0f} and {empty10:.0f}", "the same"),
        ("peak memory of the server on the full registry", f"{found['memory'] / MEGABYTE:.0f} MB", ""),
        ("database file", f"{found['database'] / MEGABYTE:.0f} MB", ""),
    ]
    return "\n".join([f"Machine: {machine()}. {options.manifests:,} manifests, {options.repositories:,} repositories, "
                      f"{options.tags:,} tags in one of them.", "", "| what | measured | aim |", "|---|---|---|",
                      *(f"| {' | '.join(row)} |" for row in rows)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build-release"))
    parser.add_argument("--manifests", type=int, default=1_000_000)
    parser.add_argument("--repositories", type=int, default=10_000)
    parser.add_argument("--tags", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--images", type=int, default=40, help="images pushed one at a time")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.build) as scratch:
        text = report(options, measure(options, scratch))
    print(text)
    if not options.no_write:
        write_section(TITLE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
