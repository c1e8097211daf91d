# SPDX-License-Identifier: Apache-2.0
"""The edge of the wire, byte for byte: lib/wire_table.py holds what is sent and what must come."""
import hashlib
import os
import socket
import time

import pytest
from lib import rawhttp, wire_table
from lib.images import digest
from lib.wire_table import CLOSED, OPEN

pytestmark = pytest.mark.server
PING = wire_table.get("/v2/").encode()


def code_of(answer):
    """The error code of either surface; None where the answer has none."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return None
    said = answer.json()
    return said["errors"][0]["code"] if "errors" in said else said.get("error", {}).get("code")


def lives_on(sock):
    """Whether another request is answered. An end may come as a reset, because we send into it."""
    sock.settimeout(20)
    try:
        sock.sendall(PING)
        return OPEN if rawhttp.read_answer(sock).status == 200 else "confused"
    except (OSError, rawhttp.http.client.HTTPException):
        return CLOSED


def test_wire_table(server):
    """A refusal is read whole, also where its request was not: no reset eats the answer."""
    wrong = []
    for name, sent, *wanted in wire_table.WIRE:
        with rawhttp.open_socket(server.host, server.port) as sock:
            sock.sendall(sent.encode("latin-1"))
            answer = rawhttp.read_answer(sock)
            got = [answer.status, code_of(answer), lives_on(sock)]
        if got != wanted:
            wrong.append((name, got, wanted))
    assert not wrong, wrong
    assert server.registry.request("GET", "/v2/_catalog").json()["repositories"] == []


def check_rows(server, rows):
    """rows: method, target, body, headers, status, code. HEAD has the status without a body."""
    wrong = []
    for method, target, body, headers, status, code in rows:
        answer = server.registry.request(method, target, body, headers)
        if method == "HEAD":
            good = answer.status == status and not answer.body
        else:
            good = answer.status == status and code_of(answer) == code
            if code:
                good = good and "message" in str(answer.json())
        if not good:
            wrong.append((method, target[:80], answer.status, answer.body[:200], status, code))
    assert not wrong, wrong


def body_of(method):
    return b"{}" if method in ("PUT", "POST") else None


def test_bad_names(server):
    check_rows(server, [
        (method, route.replace("@", bad), body_of(method), {}, 400, "NAME_INVALID")
        for bad in wire_table.BAD_NAMES if bad not in ("/a", "a/", "a//b")
        for method, route in wire_table.NAME_ROUTES])


def test_names_with_empty_parts(server):
    """Whether a route is found for them or not, they are never a repository."""
    for bad in ("/a", "a/", "a//b"):
        for method, route in wire_table.NAME_ROUTES:
            answer = server.registry.request(method, route.replace("@", bad), body_of(method))
            assert answer.status in (400, 404), (method, route, bad, answer)
            assert method == "HEAD" or code_of(answer) in ("NAME_INVALID", "NAME_UNKNOWN"), answer


def test_bad_tags(server):
    server.registry.push_blob("app", b"so that the repository exists")
    check_rows(server, [("PUT", f"/v2/app/manifests/{bad}", b"{}", {}, 400, "TAG_INVALID")
                        for bad in wire_table.BAD_TAGS])
    check_rows(server, [(method, f"/v2/app/manifests/{bad}", None, {}, 404, "MANIFEST_UNKNOWN")
                        for bad in wire_table.BAD_TAGS for method in ("GET", "HEAD", "DELETE")])


def test_bad_digests(server):
    server.registry.push_blob("app", b"so that the repository exists")
    check_rows(server, [
        (method, route.replace("@", bad), body_of(method), {}, 400, "DIGEST_INVALID")
        for bad in wire_table.BAD_DIGESTS for method, route in wire_table.DIGEST_ROUTES])
    check_rows(server, [
        (method, route.replace("@", bad), body_of(method), {}, 400, "DIGEST_INVALID")
        for bad in wire_table.BAD_DIGESTS if ":" in bad or "%3A" in bad
        for method, route in wire_table.DIGEST_OR_TAG_ROUTES])


def test_lists_and_unknown_things(server):
    server.registry.push_blob("app", b"so that the repository exists")
    check_rows(server, [("GET", target, None, {}, status, code)
                        for target, status, code in wire_table.LISTS])


def test_bad_manifests(server):
    server.registry.push_blob("app", b"so that the repository exists")
    check_rows(server, [("PUT", "/v2/app/manifests/x", text, {"Content-Type": kind}, 400, code)
                        for kind, text, code in wire_table.MANIFESTS])
    assert server.registry.request("GET", "/v2/app/manifests/x").status == 404


def test_content_ranges(server):
    wrong = []
    for header, status, code in wire_table.CHUNK_RANGES:
        location = server.registry.start_upload("app")
        assert server.registry.request("PATCH", location, b"0123456789").status == 202
        answer = server.registry.request("PATCH", location, b"abcde", {"Content-Range": header})
        arrived = server.registry.request("GET", location).headers["range"]
        if (answer.status, code_of(answer), arrived) != (status, code,
                                                         "0-14" if status == 202 else "0-9"):
            wrong.append((header, answer, arrived))
    assert not wrong, wrong


def test_ranges(server):
    data = b"0123456789"
    assert server.registry.push_blob("app", data).status == 201
    wrong = []
    for header, status, content_range in wire_table.BLOB_RANGES:
        answer = server.registry.request("GET", f"/v2/app/blobs/{digest(data)}",
                                         headers={"Range": header})
        said = answer.headers.get("content-range")
        if (answer.status, said) != (status, content_range):
            wrong.append((header, answer))
        elif status == 206:
            first, last = (int(n) for n in said.split()[1].split("/")[0].split("-"))
            assert answer.body == data[first:last + 1]
        elif status == 200:
            assert answer.body == data
    assert not wrong, wrong


def test_continue_is_said_to_whom_it_may_concern(server):
    data = os.urandom(50_000)
    location = server.registry.start_upload("app")
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PUT {location}?digest={digest(data)} HTTP/1.1\r\nHost: x\r\n"
                     f"Expect: 100-continue\r\nContent-Length: {len(data)}\r\n\r\n".encode())
        said = b""
        while b"\r\n\r\n" not in said:
            said += sock.recv(1)
        assert said == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(data)
        assert rawhttp.read_answer(sock).status == 201


def test_a_refusal_reaches_a_client_that_keeps_sending(server):
    """Not one of many is lost to a reset, whatever of the body is under way."""
    block = b"x" * 65536
    for _ in range(20):
        with rawhttp.open_socket(server.host, server.port) as sock:
            sock.sendall(b"PATCH /v2/UPPER/blobs/uploads/x HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Length: 50000000\r\n\r\n")
            sent = 0
            try:
                while sent < 3_000_000:
                    sent += sock.send(block)
            except OSError:
                pass
            answer = rawhttp.read_answer(sock)
            assert (answer.status, code_of(answer)) == (400, "NAME_INVALID")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_half_closed_upload_keeps_its_bytes(server, chunked):
    data = os.urandom(200_000)
    location = server.registry.start_upload("app")
    with rawhttp.open_socket(server.host, server.port) as sock:
        if chunked:
            sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                         f"\r\n{150_000:x}\r\n".encode() + data[:150_000])
        else:
            sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n"
                         "\r\n".encode() + data[:150_000])
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(20)
        while sock.recv(4096):
            pass
    end = time.monotonic() + 20
    while (status := server.registry.request("GET", location)).headers["range"] == "0-0":
        assert time.monotonic() < end, status
    assert status.headers["range"] == "0-149999", "every byte that came is there"
    answer = server.registry.finish(location, digest(data), data[150_000:])
    assert answer.status == 201, answer
    assert server.registry.request("GET", f"/v2/app/blobs/{digest(data)}").body == data


def test_head_is_get_without_its_body(server):
    data = os.urandom(5000)
    server.registry.push_blob("app", data)
    volatile = {"date", "x-request-id"}
    for target in (f"/v2/app/blobs/{digest(data)}", "/v2/", "/v2/_catalog", "/healthz",
                   "/v2/app/manifests/none", "/v2/app/tags/list", "/nowhere"):
        get = server.registry.request("GET", target)
        head = server.registry.request("HEAD", target)
        assert (head.status, head.body) == (get.status, b""), target
        assert {n: v for n, v in head.headers.items() if n not in volatile} == \
            {n: v for n, v in get.headers.items() if n not in volatile}, target
        assert int(head.headers["content-length"]) == len(get.body), target


# --- limits

def limited(make_server, **limits):
    return make_server(env={f"LAZARET_{name.upper()}": str(value)
                            for name, value in limits.items()})


def check_refusal(answer):
    assert answer.status == 429 and code_of(answer) == "TOOMANYREQUESTS", answer
    assert int(answer.headers["retry-after"]) >= 1


def served(server):
    try:
        return rawhttp.send_raw(server.host, server.port, PING).status == 200
    except OSError:
        return False


def silent_connection(server, end):
    """A connection that was served once. The ones before may not have been missed by the server yet."""
    while True:
        sock = rawhttp.open_socket(server.host, server.port)
        sock.sendall(PING)
        if rawhttp.read_answer(sock).status == 200:
            sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: slow")
            return sock
        sock.close()
        assert time.monotonic() < end, "no connection is served"
        time.sleep(0.05)


def test_connections_of_one_client(make_server):
    """Silent connections of one client are told no; another client is served all the while."""
    server = limited(make_server, limits_client_connections=5)
    held = []
    try:
        end = time.monotonic() + 20
        for _ in range(5):
            held.append(silent_connection(server, end))
        check_refusal(rawhttp.send_raw(server.host, server.port, PING))
        other = socket.create_connection((server.host, server.port), 20, ("127.0.0.2", 0))
        held.append(other)
        other.sendall(PING)
        assert rawhttp.read_answer(other).status == 200
        # Far over the limit there is no answer either.
        crowd = [rawhttp.open_socket(server.host, server.port) for _ in range(40)]
        held += crowd
        closed = 0
        for sock in crowd[20:]:
            sock.settimeout(20)
            try:
                closed += sock.recv(1) == b""
            except OSError:
                closed += 1
        assert closed == 20
        other.sendall(PING)
        assert rawhttp.read_answer(other).status == 200
    finally:
        for sock in held:
            sock.close()
    end = time.monotonic() + 20
    while not served(server):
        assert time.monotonic() < end, "the shares came back"


def test_uploads_of_one_client(make_server):
    server = limited(make_server, limits_client_uploads=2)
    locations = [server.registry.start_upload("app") for _ in range(3)]
    held = []
    try:
        for location in locations[:2]:
            sock = rawhttp.open_socket(server.host, server.port)
            held.append(sock)
            sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
                         "Expect: 100-continue\r\n\r\n".encode())
            assert sock.recv(100).startswith(b"HTTP/1.1 100")
        check_refusal(server.registry.request("PATCH", locations[2], b"x"))
        assert server.registry.request("GET", "/v2/_catalog").status == 200
        held[0].sendall(b"0123456789")
        assert rawhttp.read_answer(held[0]).status == 202
        assert server.registry.request("PATCH", locations[2], b"x").status == 202
    finally:
        for sock in held:
            sock.close()


def test_rate_of_one_client(make_server):
    server = limited(make_server, limits_client_rate=1, limits_client_burst=20)
    answers = [server.registry.request("GET", "/v2/") for _ in range(60)]
    refused = [answer for answer in answers if answer.status != 200]
    assert len(refused) > 10 and len(answers) - len(refused) >= 15
    for answer in refused:
        check_refusal(answer)
    assert server.registry.request("GET", "/healthz").status == 200


def test_a_crawling_body_is_ended_and_kept(make_server):
    """Slower than allowed, though never silent; what came can be continued."""
    server = limited(make_server, limits_body_rate=1000, limits_body_grace_seconds=1)
    location = server.registry.start_upload("app")
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
                     .encode())
        end = time.monotonic() + 30
        sock.settimeout(0.2)
        with pytest.raises(OSError):
            while time.monotonic() < end:
                sock.sendall(b"x")
                try:
                    if not sock.recv(100):
                        raise ConnectionResetError
                except socket.timeout:
                    pass
            raise AssertionError("the connection goes on")
    assert server.registry.request("GET", location).status == 204
    assert server.registry.request("PATCH", location, b"x" * 10).status == 202


def test_an_answer_that_nobody_takes_is_ended(make_server):
    server = limited(make_server, limits_body_rate=100000, limits_body_grace_seconds=1)
    data = os.urandom(1 << 20) * 24
    name = "sha256:" + hashlib.sha256(data).hexdigest()
    assert server.registry.push_blob("app", data).status == 201
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((server.host, server.port))
        sock.sendall(wire_table.get(f"/v2/app/blobs/{name}").encode())
        end = time.monotonic() + 30
        while not [e for e in server.events("request")
                   if e.get("method") == "GET" and e.get("status") == 499]:
            sock.recv(64)
            assert time.monotonic() < end, "the answer is still being sent"
            time.sleep(0.05)
