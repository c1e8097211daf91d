# SPDX-License-Identifier: Apache-2.0
"""Every request has exactly one line in the access log, whatever became of it."""
import time

import pytest
from lib import rawhttp

pytestmark = pytest.mark.server


def lines_for(server, mark, wanted, seconds=10):
    """Access log lines whose path holds mark; waits until there are wanted of them."""
    end = time.monotonic() + seconds
    while True:
        found = [e for e in server.events("request") if mark in str(e)]
        if len(found) >= wanted or time.monotonic() > end:
            time.sleep(0.1)
            return [e for e in server.events("request") if mark in str(e)]
        time.sleep(0.05)


def test_one_line_each(server):
    registry = server.registry
    registry.request("GET", "/v2/mark-a/tags/list")
    registry.request("HEAD", "/v2/mark-b/manifests/x")
    registry.request("POST", "/v2/mark-c/blobs/uploads/", b"")
    registry.request("GET", "/mark-d")
    registry.request("DELETE", "/v2/mark-e/tags/list")
    registry.request("PUT", "/v2/mark-f/manifests/x", b"garbage", {"Content-Type": "text/plain"})
    for mark, status in (("mark-a", 404), ("mark-b", 404), ("mark-c", 202), ("mark-d", 404),
                         ("mark-e", 405), ("mark-f", 400)):
        lines = lines_for(server, mark, 1)
        assert len(lines) == 1, (mark, lines)
        assert str(status) in str(lines[0].values()), lines[0]


def test_line_has_what_one_looks_for(server):
    server.registry.request("POST", "/v2/mark-g/blobs/uploads/", b"")
    line = lines_for(server, "mark-g", 1)[0]
    words = " ".join(str(v) for v in line.values())
    assert "POST" in words and "202" in words and "127.0.0.1" in words
    assert any("id" in key for key in line), "the request id leads from answer to line"


def test_text_from_outside_cannot_forge_lines(server):
    raw = b"GET /mark-h%0alevel=info HTTP/1.1\r\nHost: x\r\nUser-Agent: a\"b\\c\r\n" \
          b"Connection: close\r\n\r\n"
    rawhttp.send_raw(server.host, server.port, raw)
    assert len(lines_for(server, "mark-h", 1)) == 1
    assert all(line.startswith("{") and line.endswith("}") for line in server.log().splitlines()
               if "mark-h" in line)


def test_client_that_goes_away_has_a_line(server):
    location = server.registry.path_of(server.registry.start_upload("mark-i"))
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
                     "only this".encode())
    lines = [e for e in lines_for(server, "mark-i", 2) if "PATCH" in str(e)]
    assert len(lines) == 1, lines


def test_keep_alive_requests_are_counted_one_by_one(server):
    with rawhttp.open_socket(server.host, server.port) as sock:
        for number in range(20):
            sock.sendall(f"GET /v2/mark-j{number}/tags/list HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            rawhttp.read_answer(sock)
    assert len(lines_for(server, "mark-j", 20)) == 20
