# SPDX-License-Identifier: Apache-2.0
"""The server is killed at each row of src/os/crash_points.def while clients push, mount and delete
in parallel and the collector works without grace. Started again, it must hold everything it had
acknowledged, bit for bit, and show nothing half-there; when time has passed for the uploads that
nobody can continue, exactly the bytes that manifests name are left on the disk.

A point that the load does not reach fails its test, so the table cannot name what is never passed.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest
from lib.images import digest
from lib.server import ROOT, SLOW

pytestmark = [pytest.mark.slow, pytest.mark.release_only]

TABLE = ROOT / "src/os/crash_points.def"
POINTS = re.findall(r'^CRASH_POINT\((\w+), "([\w-]+)", "([\w./]+)", "[^"]+"\)$',
                    TABLE.read_text(), re.M)
WORKERS = 3
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
GARBAGE_NOW = {"LAZARET_GC_GRACE_SECONDS": "0", "LAZARET_GC_INTERVAL_SECONDS": "1",
               "LAZARET_GC_UNTAGGED": "delete", "LAZARET_GC_UNTAGGED_DAYS": "0"}
AFTER_UPLOADS = str(9 * 86400)  # gc.upload_days is 7


class Gone(Exception):
    """The server ended within a request: whether it did the work is not known."""


class Client:
    """One client with repositories of its own, and what it knows of them. In "work" images come and
    go; "keep" has an open upload for all its life, so that nothing there is ever collected. Blobs
    of the pool are pushed by all clients and are each the same bytes."""

    def __init__(self, server, number, pool):
        self.registry = server.registry
        self.pool = pool
        self.work, self.keep = f"work-{number}", f"keep-{number}"
        self.manifests = {}  # path -> bytes that must be there, None: that must not
        self.blobs = {}      # the same
        self.unsure = set()  # paths of the request that was running
        self.upload = None   # (location, all bytes, how many were acknowledged)
        self.error = None

    def ask(self, wanted, method, path, body=None, headers=None):
        try:
            answer = self.registry.request(method, path, body, headers, timeout=30)
        except Exception as problem:
            raise Gone(path) from problem
        assert answer.status == wanted, (method, path, answer)
        return answer

    def change(self, known, path, after, wanted, method, target, body=None, headers=None):
        """A request upon which path holds `after`; until it is answered that is not known."""
        self.unsure.add(path)
        answer = self.ask(wanted, method, target, body, headers)
        known[path] = after
        self.unsure.discard(path)
        return answer

    def start(self, name):
        location = self.ask(202, "POST", f"/v2/{name}/blobs/uploads/", b"").headers["location"]
        return self.registry.path_of(location)

    def finish(self, name, location, data, body):
        path = f"/v2/{name}/blobs/{digest(data)}"
        mark = "&" if "?" in location else "?"
        self.change(self.blobs, path, data, 201, "PUT",
                    f"{location}{mark}digest={digest(data)}", body)
        return path

    def push_in_pieces(self, name, data):
        location = self.start(name)
        half = len(data) // 2
        for begin, end in ((0, half), (half, len(data) - 7)):
            answer = self.ask(202, "PATCH", location, data[begin:end])
            location = self.registry.path_of(answer.headers["location"])
            self.upload = (location, data, end)
        path = self.finish(name, location, data, data[len(data) - 7:])
        self.upload = None
        return path

    def push_image(self, count):
        """Blobs of this image alone, one of the pool, one mounted; then two tags and a digest."""
        pin = self.start(self.work)
        own, mounted = os.urandom(3000 + count), os.urandom(2000)
        shared = self.pool[count % len(self.pool)]
        config = json.dumps({"made": [self.work, count]}).encode()
        self.push_in_pieces(self.work, own)
        self.finish(self.work, self.start(self.work), shared, shared)
        self.finish(self.work, self.start(self.work), config, config)
        self.finish(self.keep, self.start(self.keep), mounted, mounted)
        self.change(self.blobs, f"/v2/{self.work}/blobs/{digest(mounted)}", mounted, 201, "POST",
                    f"/v2/{self.work}/blobs/uploads/?mount={digest(mounted)}&from={self.keep}", b"")
        layers = [{"mediaType": "application/octet-stream", "digest": digest(data),
                   "size": len(data)} for data in (own, shared, mounted)]
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x.crash",
            "config": {"mediaType": "application/x.crash+json", "digest": digest(config),
                       "size": len(config)}, "layers": layers}).encode()
        # What is tagged is there by digest, and so are the blobs; from here on they are not
        # expected for themselves, but as far as a manifest is there that names them.
        by_digest = f"/v2/{self.work}/manifests/{digest(manifest)}"
        by_tag = f"/v2/{self.work}/manifests/t{count}"
        self.unsure.add(by_digest)
        self.change(self.manifests, by_tag, manifest, 201, "PUT", by_tag, manifest,
                    {"Content-Type": MANIFEST})
        self.manifests[by_digest] = manifest
        self.unsure.discard(by_digest)
        for path in [path for path in self.blobs if path.startswith(f"/v2/{self.work}/")]:
            del self.blobs[path]
        self.ask(204, "DELETE", pin)
        return by_tag, by_digest

    def remove(self, image, count):
        by_tag, by_digest = image
        if count % 2:  # the manifest by a client, else by the collector, as it has no tag then
            self.unsure.add(by_tag)
            self.change(self.manifests, by_digest, None, 202, "DELETE", by_digest)
            self.manifests[by_tag] = None
            self.unsure.discard(by_tag)
        else:
            del self.manifests[by_digest]
            self.change(self.manifests, by_tag, None, 202, "DELETE", by_tag)

    def run(self):
        try:
            self.start(self.keep)  # never finished
            before = None
            for count in range(100_000):
                image = self.push_image(count)
                stray = os.urandom(1000)
                path = self.finish(self.keep, self.start(self.keep), stray, stray)
                if count % 2:
                    self.change(self.blobs, path, None, 202, "DELETE", path)
                if before and count % 5:  # every fifth image stays
                    self.remove(before, count)
                before = image
        except Gone:
            pass
        except BaseException as problem:  # told by the test's own thread
            self.error = problem

    # --- after the restart

    def read(self, path):
        return self.registry.request("GET", path, headers={"Accept": MANIFEST})

    def check_known(self):
        found = 0
        for path, data in {**self.manifests, **self.blobs}.items():
            answer = self.read(path)
            if answer.status == 200:
                assert digest(answer.body) == answer.headers["docker-content-digest"], path
            if path in self.unsure:
                assert answer.status in (200, 404), (path, answer)
            elif data is None:
                assert answer.status == 404, (path, "was deleted", answer)
            else:
                assert answer.status == 200 and answer.body == data, (path, answer)
                found += 1
        return found

    def check_shown(self):
        """Everything that a list shows is whole. Returns the digests of the blobs named."""
        named = {}
        tags = self.registry.request("GET", f"/v2/{self.work}/tags/list")
        assert tags.status in (200, 404), tags
        for tag in (tags.json()["tags"] if tags.status == 200 else None) or []:
            answer = self.read(f"/v2/{self.work}/manifests/{tag}")
            assert answer.status == 200, (tag, answer)
            assert answer.headers["docker-content-digest"] == digest(answer.body), tag
            document = json.loads(answer.body)
            for part in [document["config"], *document["layers"]]:
                named[part["digest"]] = part["size"]
        for name, size in named.items():
            blob = self.read(f"/v2/{self.work}/blobs/{name}")
            assert blob.status == 200 and len(blob.body) == size, (name, blob)
            assert digest(blob.body) == name
        return set(named)

    def check_upload(self):
        """Bytes that were acknowledged are still in the upload, which can be finished."""
        if not self.upload:
            return
        location, data, acknowledged = self.upload
        status = self.registry.request("GET", location)
        if status.status == 404:  # its closing request had come through
            answer = self.read(f"/v2/{self.work}/blobs/{digest(data)}")
            assert answer.status == 200 and answer.body == data, answer
            return
        assert status.status == 204, status
        end = int(status.headers["range"].split("-")[1]) + 1
        assert acknowledged <= end <= len(data), (status, acknowledged)
        answer = self.registry.finish(location, digest(data), data[end:])
        assert answer.status == 201, answer
        answer = self.read(f"/v2/{self.work}/blobs/{digest(data)}")
        assert answer.status == 200 and answer.body == data, answer


def files_below(directory):
    return {path.name: path for path in pathlib.Path(directory).rglob("*") if path.is_file()}


def passage_of(point):
    """The collector's work comes in rounds, that of clients all the time; the first commits are
    those of the start."""
    if point.startswith("commit-"):
        return 60
    if point in ("gc-reviewed", "gc-order-written", "gc-order-gone"):
        return 1
    return 2 if point.startswith("gc-") else 7


def run_until_killed(server, clients, seconds):
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        code = server.process.wait(seconds * SLOW)
    except subprocess.TimeoutExpired:
        code = None
        server.kill()
    for thread in threads:
        thread.join()
    server.process = None
    for client in clients:
        if client.error:
            raise client.error
    return code


def wait_for_files(server, wanted):
    """The collector leaves these blobs, and no upload."""
    end = time.monotonic() + 15 * SLOW
    while True:
        blobs = files_below(server.data / "blobs")
        uploads = files_below(server.data / "uploads")
        if set(blobs) == wanted and not uploads:
            return blobs
        assert time.monotonic() < end, (
            f"missing {wanted - set(blobs)}, left {set(blobs) - wanted}, uploads {set(uploads)}")
        time.sleep(0.02)


def check_after(server, clients):
    """On a server without crash points."""
    server.env.pop("LAZARET_CRASH")
    server.start()
    for client in clients:
        client.check_known()
        client.check_shown()
        client.check_upload()
    server.stop()
    server.env["LAZARET_CLOCK_OFFSET"] = AFTER_UPLOADS
    server.start()
    kept = set().union(*(client.check_shown() for client in clients))
    blobs = wait_for_files(server, {name.split(":")[1] for name in kept})
    for name, path in blobs.items():
        assert digest(path.read_bytes()) == f"sha256:{name}"
    assert kept == set().union(*(client.check_shown() for client in clients))


@pytest.mark.parametrize("point", [name for _, name, _ in POINTS])
def test_kill(make_server, point):
    passage = passage_of(point)
    server = make_server(env={**GARBAGE_NOW, "LAZARET_CRASH": f"{point}:{passage}"})
    pool = [bytes([number]) * 4000 for number in range(3)]
    clients = [Client(server, number, pool) for number in range(WORKERS)]
    code = run_until_killed(server, clients, 20)
    assert code == -signal.SIGKILL, f"{point} was not passed {passage} times: {code}"
    check_after(server, clients)


def test_table():
    """Each row is passed at exactly one place, in the file that it names."""
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("CRASH_POINT(")]
    assert len(rows) == len(POINTS) > 30
    sources = {str(path.relative_to(ROOT)): path.read_text()
               for path in (ROOT / "src").rglob("*.c")}
    for row, name, where in POINTS:
        uses = [path for path, text in sources.items()
                for _ in re.findall(rf"\bcrash_point\(CRASH_{row}\)", text)]
        assert uses == [where], (name, uses)


def test_unreadable_name(make_server):
    """A point that does not exist ends the server, before it answers anything."""
    server = make_server(env={"LAZARET_CRASH": "nowhere:1"}, start=False)
    server.spawn()
    assert server.process.wait(20 * SLOW) == 2
    server.process = None
    assert 'LAZARET_CRASH: cannot read "nowhere:1"' in server.log()
