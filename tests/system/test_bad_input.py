# SPDX-License-Identifier: Apache-2.0
"""Bad input: every case ends in a clear error, and nothing that was there is lost."""
import gzip
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

import pytest
from lib import hostile, images, rawhttp
from lib.images import DEBIAN_12, OCI, Image, Layer, digest
from lib.server import cves, free_port, lazaret

pytestmark = pytest.mark.server
REPO = "app"
OLD_OPENSSL = ("libssl3", "3.0.9-1", "openssl")


@pytest.fixture
def witness(loaded):
    """A good image that must be there, and be judged, after whatever the test does."""
    image = images.debian_image([OLD_OPENSSL])
    loaded.registry.push_image("witness", image)
    loaded.wait("witness", "Unhealthy")
    yield loaded
    answer = loaded.registry.request("GET", "/v2/witness/manifests/latest")
    assert answer.body == image.manifest
    for name, data in image.blobs().items():
        assert loaded.registry.request("GET", f"/v2/witness/blobs/{name}").body == data
    assert len(cves(loaded.findings("witness"))) == 1
    other = images.debian_image([OLD_OPENSSL, ("bash", "5.2.15-2")])
    loaded.registry.push_image("afterwards", other)
    loaded.wait("afterwards", "Unhealthy", timeout=60)


def push_layer(server, layer, tag="latest"):
    image = Image([layer])
    server.registry.push_image(REPO, image, tag)
    return image


# --- protocol

def test_wrong_digest(witness):
    data = b"these bytes"
    answer = witness.registry.push_blob(REPO, data, digest(b"others"))
    assert answer.status == 400 and answer.code() == "DIGEST_INVALID", answer
    for name in (digest(data), digest(b"others")):
        assert witness.registry.request("HEAD", f"/v2/{REPO}/blobs/{name}").status == 404


@pytest.mark.parametrize("wanted", ["sha256:short", "md5:d41d8cd98f00b204e9800998ecf8427e", "",
                                    "sha256:" + "G" * 64, "sha256:" + "A" * 64])
def test_digest_that_is_none(witness, wanted):
    answer = witness.registry.push_blob(REPO, b"x", wanted or "%20")
    assert answer.status == 400 and answer.code() == "DIGEST_INVALID", answer


def test_truncated_upload(witness):
    """The client promises more than it sends, then finishes with the digest of the whole."""
    data = os.urandom(100_000)
    location = witness.registry.path_of(witness.registry.start_upload(REPO))
    with rawhttp.open_socket(witness.host, witness.port) as sock:
        sock.sendall(f"PUT {location}?digest={digest(data)} HTTP/1.1\r\nHost: x\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data[:60_000])
        sock.shutdown(socket.SHUT_WR)
    end = time.monotonic() + 20
    while not [e for e in witness.events("request") if location in str(e) and "PUT" in str(e)]:
        assert time.monotonic() < end, "the cut request has no line in the access log"
        time.sleep(0.05)
    # The upload stays open for the client to go on, or is gone; never a blob.
    status = witness.registry.request("GET", location)
    assert status.status in (204, 404), status
    assert witness.registry.request("HEAD", f"/v2/{REPO}/blobs/{digest(data)}").status == 404
    if status.status == 204:
        arrived = int(status.headers["range"].split("-")[1]) + 1 \
            if status.headers["range"] != "0-0" else 0
        answer = witness.registry.finish(location, digest(data), data[arrived:])
        assert answer.status == 201, answer


@pytest.mark.parametrize("body", [b"", b"garbage", b"{", b"[]", b"null", b'{"schemaVersion": 2}',
                                  b'{"schemaVersion": 1, "layers": []}', b"\xff\xfe\x00",
                                  b'{"schemaVersion": 2, "layers": "no", "config": 7}',
                                  b"[" * 100_000])
def test_garbage_manifest(witness, body):
    answer = witness.registry.put_manifest(REPO, "latest", body, OCI["manifest"])
    assert answer.status == 400, answer
    assert answer.code() in ("MANIFEST_INVALID", "NAME_UNKNOWN"), answer
    assert answer.json()["errors"][0]["message"]


def test_manifest_of_another_type_than_said(witness):
    image = images.debian_image([OLD_OPENSSL])
    for name, data in image.blobs().items():
        witness.registry.push_blob(REPO, data, name)
    answer = witness.registry.put_manifest(REPO, "x", image.manifest, OCI["index"])
    assert answer.status == 400 and answer.code() == "MANIFEST_INVALID"


def test_manifest_naming_absent_blobs(witness):
    image = images.debian_image([OLD_OPENSSL, ("never", "pushed")])
    answer = witness.registry.put_manifest("fresh", "latest", image.manifest, image.media_type)
    assert answer.status in (400, 404) and answer.code() == "MANIFEST_BLOB_UNKNOWN", answer
    assert image.layers[0].digest in answer.body.decode() or \
        digest(image.config) in answer.body.decode(), "says which"
    assert witness.registry.request("GET", "/v2/fresh/manifests/latest").status == 404
    assert "fresh" not in witness.registry.request("GET", "/v2/_catalog").json()["repositories"]


def test_manifest_too_large(witness):
    body = b'{"schemaVersion": 2, "x": "' + b"y" * (5 << 20) + b'"}'
    answer = witness.registry.put_manifest(REPO, "latest", body, OCI["manifest"])
    assert answer.status == 413, answer


def test_half_a_request(witness):
    for part in (b"", b"G", b"GET /v2/ HT", b"GET /v2/ HTTP/1.1\r\nHost",
                 b"\x16\x03\x01\x02\x00\x01\x00" + b"\0" * 300, b"\r\n\r\n\r\n", b"A" * 200_000):
        with rawhttp.open_socket(witness.host, witness.port) as sock:
            try:
                sock.sendall(part)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
            except OSError:
                pass


# --- layers

@pytest.mark.parametrize("raw", [
    b"\x1f\x8b not gzip at all", hostile.deflate_garbage(), b"\x1f\x8b", b"\x28\xb5\x2f\xfd broken",
], ids=["header", "deflate", "two-bytes", "zstd"])
def test_compressed_that_is_not(witness, raw):
    push_layer(witness, Layer(raw=raw))
    answer = witness.wait(REPO, "Failed")
    assert answer["reason"], answer


def test_wrong_checksum(witness):
    good = Layer([("etc/os-release", DEBIAN_12)])
    push_layer(witness, Layer(raw=hostile.corrupt_crc(good.bytes), diff_id=good.diff_id))
    assert witness.wait(REPO, "Failed")["reason"]


@pytest.mark.parametrize("keep", [700, 1300, 40_000])
def test_tar_cut_in_the_middle(witness, keep):
    tar = images.make_tar([("etc/os-release", DEBIAN_12),
                           ("var/lib/dpkg/status", images.dpkg_status([OLD_OPENSSL] * 300))])
    push_layer(witness, Layer(raw=hostile.cut_gzip_in_a_tar(tar, keep), diff_id=digest(tar)))
    assert witness.wait(REPO, "Failed")["reason"]


def test_layer_over_its_budget(make_server):
    server = make_server(env={"LAZARET_SCAN_LAYER_BYTES": "64MiB"})
    push_layer(server, hostile.layer_of(hostile.bomb(256 << 20)))
    answer = server.wait(REPO, "Failed", timeout=60)
    assert "64" in answer["reason"] or "67108864" in answer["reason"], answer["reason"]


@pytest.mark.slow
@pytest.mark.release_only
def test_layer_of_100_gigabytes(witness):
    """With the default budget; the stored layer is some 100 MB."""
    members = hostile.bomb(100 << 30)
    answer = witness.registry.push_blob_from(REPO, members.digest(), members.size, members.chunks())
    assert answer.status == 201, answer
    config = images.Image([]).config
    witness.registry.push_blob(REPO, config)
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": OCI["manifest"],
        "config": {"mediaType": OCI["config"], "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": OCI["gzip"], "digest": members.digest(), "size": members.size}],
    }).encode()
    assert witness.registry.put_manifest(REPO, "latest", manifest, OCI["manifest"]).status == 201
    assert witness.wait(REPO, "Failed", timeout=180)["reason"]


def test_too_many_files(make_server):
    server = make_server(env={"LAZARET_SCAN_LAYER_ENTRIES": "20000"})
    push_layer(server, hostile.layer_of(hostile.many_empty_files(100_000)))
    answer = server.wait(REPO, "Failed", timeout=60)
    assert "20000" in answer["reason"] or "20,000" in answer["reason"], answer["reason"]


@pytest.mark.slow
@pytest.mark.release_only
def test_ten_million_empty_files(witness):
    push_layer(witness, hostile.layer_of(hostile.many_empty_files(10_000_000)))
    assert witness.wait(REPO, "Failed", timeout=180)["reason"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/../../etc/passwd",
                                  "var/lib/dpkg/../../../../etc/passwd"])
def test_path_that_climbs_out(witness, name):
    tar = hostile.raw_tar([(name, b"root::0:0::/:/bin/sh\n"), ("etc/os-release", DEBIAN_12.encode()),
                           ("var/lib/dpkg/status", images.dpkg_status([OLD_OPENSSL]).encode())])
    before = pathlib.Path("/etc/passwd").read_bytes()
    push_layer(witness, Layer(tar=tar))
    answer = witness.wait(REPO)
    assert answer["state"] in ("Unhealthy", "Failed"), answer
    assert pathlib.Path("/etc/passwd").read_bytes() == before
    assert not [p for p in witness.data.rglob("passwd")]


def test_names_that_are_not_text(witness):
    tar = hostile.raw_tar([("etc/os-release", DEBIAN_12.encode()),
                           ("var/lib/dpkg/status", images.dpkg_status([OLD_OPENSSL]).encode())])
    tar = tar[:-1024] + hostile.raw_tar([("x" * 90, b"")]).replace(b"x" * 90, b"\xff\xfe" * 45)
    push_layer(witness, Layer(tar=tar))
    assert witness.wait(REPO)["state"] in ("Unhealthy", "Failed")


def test_status_over_its_budget(make_server):
    server = make_server(env={"LAZARET_SCAN_DATABASE_BYTES": "1MiB"})
    push_layer(server, hostile.layer_of(hostile.big_status(8 << 20)))
    answer = server.wait(REPO, "Failed", timeout=60)
    assert "var/lib/dpkg/status" in answer["reason"], answer["reason"]


@pytest.mark.slow
@pytest.mark.release_only
def test_status_of_a_gigabyte(witness):
    push_layer(witness, hostile.layer_of(hostile.big_status(1 << 30)))
    assert "status" in witness.wait(REPO, "Failed", timeout=120)["reason"]


@pytest.mark.parametrize("status", [
    b"", b"\0" * 5000, b"Package:", b"Package: a\n" * 5000, b":\n\n:\n\n", b"\n" * 100_000,
    b"Package: a\nVersion: " + b"9" * 100_000 + b"\n\n", b"Version: 1\n\nPackage: b\n\n",
], ids=["empty", "zeros", "cut", "no-end", "colons", "newlines", "long", "half"])
def test_strange_databases(witness, status):
    push_layer(witness, Layer(tar=hostile.raw_tar([
        ("etc/os-release", DEBIAN_12.encode()), ("var/lib/dpkg/status", status)])))
    answer = witness.wait(REPO)
    assert answer["state"] != "Healthy" or answer["packages"] > 0


def test_link_loops(witness):
    layer = Layer([("etc/os-release", ("link", "../usr/lib/os-release")),
                   ("usr/lib/os-release", ("link", "../../etc/os-release")),
                   ("var/lib/dpkg", ("link", "dpkg")),
                   ("lib/apk/db/installed", ("hard", "lib/apk/db/installed"))])
    push_layer(witness, layer)
    assert witness.wait(REPO)["state"] in ("Unsupported", "Failed", "NoAdvisories")


def test_thousand_and_one_layers(witness):
    layer = Layer([("x", "y")])
    image = Image([layer] * 1001)
    for name, data in image.blobs().items():
        witness.registry.push_blob(REPO, data, name)
    answer = witness.registry.put_manifest(REPO, "latest", image.manifest, image.media_type)
    assert answer.status in (201, 400), answer
    if answer.status == 201:
        assert witness.wait(REPO)["state"] in ("Failed", "Unsupported")


def test_double_compressed_layer(witness):
    good = Layer([("etc/os-release", DEBIAN_12)])
    push_layer(witness, Layer(raw=gzip.compress(good.bytes)))
    answer = witness.wait(REPO)
    assert answer["state"] in ("Failed", "Unsupported") and answer["reason"]


# --- the server's surroundings

def refused_start(server, *words, timeout=20):
    """Starts a server that must end with 3 (or 2) and words that help."""
    server.spawn()
    code = server.process.wait(timeout)
    server.process = None
    text = server.log()
    assert code in (2, 3), text
    for word in words:
        assert word in text, text
    return text


def test_second_server_on_the_same_directory(loaded, make_server):
    second = make_server("second", start=False, data=loaded.data)
    refused_start(second, str(loaded.data))
    assert loaded.registry.request("GET", "/healthz").status == 200


def test_busy_port(loaded, make_server):
    second = make_server("second", start=False, port=loaded.port)
    refused_start(second, str(loaded.port))
    assert loaded.registry.request("GET", "/healthz").status == 200


def test_newer_schema(make_server):
    server = make_server()
    server.registry.push_image(REPO, images.debian_image([OLD_OPENSSL]))
    server.stop()
    path = server.data / "lazaret.db"
    database = sqlite3.connect(path)
    with database:
        tables = [row[0] for row in database.execute("select name from sqlite_master "
                                                     "where type = 'table'")]
        version = database.execute("pragma user_version").fetchone()[0]
        if version:
            database.execute(f"pragma user_version = {version + 1000}")
        else:
            table = next(t for t in tables if "schema" in t or "migration" in t)
            column = database.execute(f"pragma table_info({table})").fetchall()[0][1]
            database.execute(f"update {table} set {column} = {column} + 1000")
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    before = path.read_bytes()
    text = refused_start(server, "newer")
    assert "lazaret" in text
    assert path.read_bytes() == before, "nothing was written"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a small file system")
def test_full_disk(make_server, tmp_path):
    """A real file system that is full: refused with words, everything stored stays readable, and
    room makes it work again."""
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    server = None
    try:
        server = make_server(data=mount / "data")
        image = images.debian_image([OLD_OPENSSL])
        server.registry.push_image(REPO, image)
        big = os.urandom(30_000_000)
        try:
            answer = server.registry.push_blob(REPO, big)
            assert answer.status in (507, 500, 503), answer
            assert answer.json()["errors"][0]["message"]
        except OSError:
            pass  # the server may close while the client is still sending
        assert server.registry.request("HEAD", f"/v2/{REPO}/blobs/{digest(big)}").status == 404
        stored = server.registry.request("GET", f"/v2/{REPO}/manifests/latest")
        assert stored.status == 200 and stored.body == image.manifest
        subprocess.run(["mount", "-o", "remount,size=120m", mount], check=True)
        answer = server.registry.push_blob(REPO, big)
        assert answer.status == 201, answer
        server.stop()
    finally:
        if server:
            server.kill()
        subprocess.run(["umount", mount], check=True)


@pytest.mark.parametrize("fault", ["write:ENOSPC:after=2000000", "fsync:EIO:nth=4",
                                   "rename:EIO:nth=1", "open:EMFILE:nth=9"])
def test_failing_disk(make_server, fault):
    """An injected fault costs an error answer; after a restart without it all is consistent."""
    server = make_server(env={"LAZARET_FAULT": fault}, start=False)
    server.spawn()
    acknowledged = []
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end and server.process.poll() is None:
            try:
                if server.registry.request("GET", "/readyz", timeout=5).status == 200:
                    break
            except OSError:
                time.sleep(0.05)
        for number in range(8):
            data = os.urandom(500_000)
            try:
                if server.registry.push_blob(REPO, data).status == 201:
                    acknowledged.append(data)
            except (OSError, AssertionError):
                pass
    finally:
        server.kill()
    server.check_log()
    server.env.pop("LAZARET_FAULT")
    server.start()
    for data in acknowledged:
        assert server.registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}").body == data
    assert server.registry.push_blob(REPO, b"works again").status == 201


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_read_only_directory(make_server, tmp_path):
    mount = tmp_path / "readonly"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,ro", "tmpfs", mount],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    try:
        server = make_server(start=False, data=mount / "data")
        refused_start(server, "ead-only")
    finally:
        subprocess.run(["umount", mount], check=True)


def test_data_directory_that_is_a_file(make_server, tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    refused_start(make_server(start=False, data=path), str(path))


@pytest.mark.parametrize("arguments", [["serve", "--listen", "nonsense"], ["serve", "extra"],
                                       ["serve", "--set", "no.such=1"],
                                       ["serve", "--config", "absent.yaml"]])
def test_wrong_command_lines(tmp_path, arguments):
    done = lazaret(*arguments, check=False, cwd=tmp_path, timeout=20)
    assert done.returncode in (2, 3) and done.stderr.strip()
    assert not (tmp_path / "lazaret-data").exists(), "nothing is created on a wrong command line"


def test_plain_http_to_the_world_needs_a_word(tmp_path):
    done = lazaret("serve", "--listen", f"0.0.0.0:{free_port()}", "--data", tmp_path / "d",
                   check=False, timeout=20)
    assert done.returncode in (2, 3) and "allow_plain_http" in done.stderr


def test_interrupt_at_the_terminal(make_server):
    """Ctrl-C stops as SIGTERM does."""
    server = make_server()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(30) == 0
    server.process = None
