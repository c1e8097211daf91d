# SPDX-License-Identifier: Apache-2.0
"""Blobs beyond 4 GiB, and large uploads that are cut off, by the client or with the server."""
import hashlib
import os
import sqlite3
import time

import pytest
from lib import rawhttp
from lib.images import digest

REPO = "large"
GIB = 1 << 30


def wait_for_offset(server, location, wanted):
    """Until the server has noticed that the client is gone, the upload is busy."""
    until = time.monotonic() + 20
    while True:
        answer = server.registry.request("GET", location)
        if answer.status == 204 and answer.headers["range"] == f"0-{wanted - 1}":
            return
        assert time.monotonic() < until, answer
        time.sleep(0.05)


def test_ranges_beyond_4_gib(server):
    """A sparse file in the place of a stored blob: what is served is what stands at those offsets."""
    data = b"begin"
    assert server.registry.push_blob(REPO, data).status == 201
    server.stop()
    size = 5 * GIB + 3
    name = digest(data).split(":")[1]
    with open(server.data / "blobs/sha256" / name[:2] / name, "r+b") as file:
        file.truncate(size)
        file.seek(4 * GIB - 2)
        file.write(b"borders!")
        file.seek(size - 3)
        file.write(b"end")
    with sqlite3.connect(server.data / "lazaret.db") as db:
        db.execute("UPDATE blob SET size = ? WHERE digest = ?", (size, digest(data)))
    db.close()
    server.start()
    path = f"/v2/{REPO}/blobs/{digest(data)}"

    def ranged(text):
        return server.registry.request("GET", path, headers={"Range": f"bytes={text}"})

    assert server.registry.request("HEAD", path).headers["content-length"] == str(size)
    for text, first, body in ((f"{4 * GIB - 2}-{4 * GIB + 5}", 4 * GIB - 2, b"borders!"), ("-3", size - 3, b"end"),
                              (f"{size - 3}-", size - 3, b"end")):
        answer = ranged(text)
        assert (answer.status, answer.body) == (206, body), answer
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{size}"
    # Long enough to be sent from the file instead of a buffer.
    answer = ranged(f"{4 * GIB - 2}-{4 * GIB + 99_999}")
    assert answer.body == b"borders!" + bytes(100_002 - 8)
    answer = ranged(f"0-4,{4 * GIB - 2}-{4 * GIB + 5},-3")
    assert answer.status == 206
    assert all(part in answer.body for part in (b"begin\r\n", b"borders!\r\n", b"end\r\n")), answer
    assert ranged(f"{size}-").status == 416


def test_a_cut_off_upload_goes_on_after_a_kill(server):
    data = os.urandom(12_000_000)
    cut = 7_123_457
    location = server.registry.path_of(server.registry.start_upload(REPO))
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode())
        sock.sendall(data[:cut])
    wait_for_offset(server, location, cut)
    server.kill()
    server.start()
    wait_for_offset(server, location, cut)
    answer = server.registry.request("PATCH", location, data[cut:], {"Content-Range": f"{cut}-{len(data) - 1}"})
    assert answer.status == 202, answer
    assert server.registry.finish(location, digest(data)).status == 201
    assert server.registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}").body == data


def pieces(size, seed):
    """size bytes in steps of 4 MiB, each step another one."""
    block = os.urandom(4 << 20)
    for number in range(0, size, len(block)):
        yield (f"{seed}.{number}".encode() + block)[:min(len(block), size - number)]


@pytest.mark.slow
@pytest.mark.release_only
@pytest.mark.skipif(not os.environ.get("LAZARET_TEST_LARGE"), reason="writes 9 GB: set LAZARET_TEST_LARGE=1")
def test_upload_beyond_4_gib_with_a_restart(server):
    first, second = 3 * GIB + 5, 2 * GIB
    whole, tail = hashlib.sha256(), b""

    def counted(size, seed):
        nonlocal tail
        for piece in pieces(size, seed):
            whole.update(piece)
            tail = (tail + piece)[-1000:]
            yield piece

    location = server.registry.path_of(server.registry.start_upload(REPO))
    for size, seed in ((first, "a"), (second, "b")):
        answer = server.registry.request("PATCH", location, counted(size, seed), {"Content-Length": str(size)},
                                         timeout=600)
        assert answer.status == 202, answer
        server.stop()
        server.start()
    wait_for_offset(server, location, first + second)
    wanted = "sha256:" + whole.hexdigest()
    answer = server.registry.finish(location, wanted)
    assert answer.status == 201, answer
    path = f"/v2/{REPO}/blobs/{wanted}"
    assert server.registry.request("HEAD", path).headers["content-length"] == str(first + second)
    assert server.registry.request("GET", path, headers={"Range": "bytes=-1000"}).body == tail
