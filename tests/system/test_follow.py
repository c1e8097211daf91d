# SPDX-License-Identifier: Apache-2.0
"""Layers are read while they are uploaded. Whatever happens to the upload, the image's verdict is
the one it would have had, and the server goes on."""
import concurrent.futures
import os
import pathlib
import signal
import time

import pytest
from lib import images, osv
from lib.images import DEBIAN_12, Image, Layer, digest, dpkg_status, make_tar
from lib.server import children_of, cves

pytestmark = pytest.mark.server
OLD_OPENSSL = ("libssl3", "3.0.9-1", "openssl")
MEBI = 1 << 20
FOUND = {("CVE-2023-5363", "libssl3", "3.0.9-1", "3.0.11-1~deb12u2")}


def big_layer(mebibytes=4, packages=(OLD_OPENSSL,), hard_link=False):
    """A gzip layer of about that size, with the database at its end; or linked to from its end, so
    that it must be read twice."""
    database = dpkg_status(packages)
    files = [("etc/os-release", DEBIAN_12)]
    if hard_link:
        files.append(("var/backups/status", database))
    files += [(f"noise/{n}", os.urandom(MEBI)) for n in range(mebibytes)]
    files.append(("var/lib/dpkg/status", ("hard", "var/backups/status") if hard_link else database))
    return Layer(files)


def start(make_server, tmp_path, **env):
    server = make_server(env={"LAZARET_LOG_LEVEL": "debug", **env}, start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    return server.start()


class Upload:
    """One layer in pieces; gap is the longest time between two of them."""

    def __init__(self, server, name, layer):
        self.server, self.name, self.layer, self.at = server, name, layer, 0
        self.location = server.registry.start_upload(name)
        self.last, self.gap = time.monotonic(), 0.0

    def send(self, n, pause=0.0):
        time.sleep(pause)
        piece = self.layer.bytes[self.at:self.at + n]
        self.gap = max(self.gap, time.monotonic() - self.last)
        answer = self.server.registry.request(
            "PATCH", self.server.registry.path_of(self.location), piece,
            {"Content-Range": f"{self.at}-{self.at + len(piece) - 1}"})
        assert answer.status == 202, answer
        self.location = answer.headers["location"]
        self.at += len(piece)
        self.last = time.monotonic()

    def finish(self, wanted=None):
        self.gap = max(self.gap, time.monotonic() - self.last)
        return self.server.registry.finish(self.location, wanted or self.layer.digest,
                                           self.layer.bytes[self.at:])


def push_rest(server, name, image):
    """The configuration and the manifest of an image whose layers are there."""
    config = next(iter(image.blobs().items()))
    assert server.registry.push_blob(name, config[1], config[0]).status == 201
    answer = server.registry.put_manifest(name, "latest", image.manifest, image.media_type)
    assert answer.status == 201, answer


def how_read(server, layer):
    """"uploaded" or "stored", once for each time the layer was read."""
    return [e["while"] for e in server.events("layer.scanned") if e["digest"] == layer.digest]


def readers_of(server):
    """Pids of the workers that have the descriptor of an upload."""
    found = []
    for pid in children_of(server.process.pid):
        for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
            try:
                if "/uploads/" in os.readlink(link):
                    found.append(pid)
            except OSError:
                pass  # closed meanwhile
    return found


@pytest.mark.parametrize("hard_link", [False, True], ids=["plain", "read-twice"])
def test_pushed_in_one_piece(make_server, tmp_path, hard_link):
    server = start(make_server, tmp_path)
    image = Image([big_layer(hard_link=hard_link)])
    server.registry.push_image("one", image)
    assert cves(server.wait("one", "Unhealthy")) == FOUND
    assert how_read(server, image.layers[0]) == ["uploaded"]


def test_pushed_in_pieces_with_pauses(make_server, tmp_path):
    server = start(make_server, tmp_path)
    image = Image([big_layer()])
    upload = Upload(server, "pieces", image.layers[0])
    while upload.at < len(image.layers[0].bytes):
        upload.send(MEBI + 12345, 0.1)
    assert upload.finish().status == 201
    push_rest(server, "pieces", image)
    assert cves(server.wait("pieces", "Unhealthy")) == FOUND
    if upload.gap < 1.5:  # else the machine was so slow that the upload stood still
        assert how_read(server, image.layers[0]) == ["uploaded"]


def test_a_client_that_stands_still(make_server, tmp_path):
    """Nobody waits for it: its worker serves others, and the layer is read when it is there."""
    server = start(make_server, tmp_path, LAZARET_SCAN_FOLLOWERS="1")
    image = Image([big_layer(20)])
    upload = Upload(server, "slow", image.layers[0])
    upload.send(17 * MEBI)
    time.sleep(3)
    other = Image([big_layer(2)])
    server.registry.push_image("other", other)
    assert cves(server.wait("other", "Unhealthy")) == FOUND
    assert how_read(server, other.layers[0]) == ["uploaded"]
    assert upload.finish().status == 201
    push_rest(server, "slow", image)
    assert cves(server.wait("slow", "Unhealthy")) == FOUND
    assert how_read(server, image.layers[0]) == ["stored"]


def test_wrong_digest_drops_what_was_read(make_server, tmp_path):
    server = start(make_server, tmp_path)
    image = Image([big_layer()])
    wrong = digest(b"something else")
    upload = Upload(server, "wrong", image.layers[0])
    upload.send(3 * MEBI)
    assert upload.finish(wrong).status == 400
    assert server.registry.request("HEAD", f"/v2/wrong/blobs/{wrong}").status == 404
    assert not server.events("layer.scanned") and not server.events("layer.failed")
    server.registry.push_image("wrong", image)
    assert cves(server.wait("wrong", "Unhealthy")) == FOUND
    assert {e["digest"] for e in server.events("layer.scanned")} == {image.layers[0].digest}


def test_cancelled_uploads(make_server, tmp_path):
    """More of them than can be followed, so each one must have given its worker back."""
    server = start(make_server, tmp_path, LAZARET_SCAN_FOLLOWERS="2")
    image = Image([big_layer()])
    for _ in range(5):
        upload = Upload(server, "cancelled", image.layers[0])
        upload.send(2 * MEBI)
        path = server.registry.path_of(upload.location)
        assert server.registry.request("DELETE", path).status == 204
        assert server.registry.request("GET", path).status == 404
    server.registry.push_image("cancelled", image)
    assert cves(server.wait("cancelled", "Unhealthy")) == FOUND
    assert not server.events("layer.failed") and not server.events("worker.lost")


def test_damaged_layer(make_server, tmp_path):
    """What is wrong with the bytes is said as if they had been read when they were there."""
    server = start(make_server, tmp_path)
    raw = big_layer().bytes
    cut = Layer(raw=raw[:-1000], diff_id=digest(b"unknown"))
    server.registry.push_image("cut", Image([cut]))
    assert "ends in the middle" in server.wait("cut", "Failed")["reason"]
    bent = bytearray(raw)
    bent[MEBI + 100:MEBI + 110] = b"\xff" * 10
    server.registry.push_image("bent", Image([Layer(raw=bytes(bent), diff_id=digest(b"unknown"))]))
    assert "damaged" in server.wait("bent", "Failed")["reason"]
    server.registry.push_image("good", Image([big_layer()]))
    assert cves(server.wait("good", "Unhealthy")) == FOUND


def test_kill_in_mid_upload_and_resume(make_server, tmp_path):
    server = start(make_server, tmp_path)
    image = Image([big_layer(6)])
    upload = Upload(server, "resumed", image.layers[0])
    upload.send(3 * MEBI)
    server.kill()
    server.start()
    status = server.registry.request("GET", server.registry.path_of(upload.location))
    assert status.status == 204 and status.headers["range"] == f"0-{3 * MEBI - 1}", status
    upload.send(2 * MEBI)
    assert upload.finish().status == 201
    push_rest(server, "resumed", image)
    assert cves(server.wait("resumed", "Unhealthy")) == FOUND
    assert not server.events("layer.failed")


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSTOP], ids=["crash", "hang"])
def test_worker_lost_in_mid_upload(make_server, tmp_path, sent):
    """It costs this image a clear Failed, as at any other time."""
    server = start(make_server, tmp_path, LAZARET_SCAN_LAYER_SECONDS="2",
                   LAZARET_SCAN_FOLLOWERS="1")
    image = Image([big_layer()])
    upload = Upload(server, "victim", image.layers[0])
    upload.send(2 * MEBI)
    end = time.monotonic() + 20
    while not (reading := readers_of(server)) and time.monotonic() < end:
        time.sleep(0.01)
    assert reading
    for pid in reading:
        os.kill(pid, sent)
    assert upload.finish().status == 201
    push_rest(server, "victim", image)
    answer = server.wait("victim", timeout=60)
    reason = "killed by signal 9" if sent == signal.SIGKILL else "longer than 2 s"
    if upload.gap < 1.5:
        assert answer["state"] == "Failed" and reason in answer["reason"], answer
    other = Image([big_layer(2)])
    server.registry.push_image("other", other)
    assert cves(server.wait("other", "Unhealthy", timeout=60)) == FOUND


def test_more_uploads_at_once_than_workers(make_server, tmp_path):
    server = start(make_server, tmp_path, LAZARET_SCAN_FOLLOWERS="2", LAZARET_SCAN_WORKERS="2")
    pushes = {f"many{n}": Image([big_layer(2), big_layer(3, [("bash", f"5.2.15-{n}")])])
              for n in range(10)}
    pushes["many3"] = pushes["many4"]  # the same layers twice at a time
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda item: server.registry.push_image(*item), pushes.items()))
    for name in pushes:
        state = server.wait(name, timeout=60)["state"]
        assert state in ("Healthy", "NoAdvisories", "Unhealthy"), state
    assert not server.events("layer.failed") and not server.events("scan.failed")


def test_no_followers(make_server, tmp_path):
    server = start(make_server, tmp_path, LAZARET_SCAN_FOLLOWERS="0")
    image = Image([big_layer()])
    server.registry.push_image("plain", image)
    assert cves(server.wait("plain", "Unhealthy")) == FOUND
    assert how_read(server, image.layers[0]) == ["stored"]


def test_stop_in_mid_upload(make_server, tmp_path):
    """The server stops at once; the upload is there afterwards and goes on."""
    server = start(make_server, tmp_path)
    image = Image([big_layer()])
    upload = Upload(server, "stopped", image.layers[0])
    upload.send(2 * MEBI)
    server.stop()
    server.start()
    assert upload.finish().status == 201
    push_rest(server, "stopped", image)
    assert cves(server.wait("stopped", "Unhealthy")) == FOUND
