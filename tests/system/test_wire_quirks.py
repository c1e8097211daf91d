# SPDX-License-Identifier: Apache-2.0
"""What clients that are not installed here send, request for request, from a table. Each row is one
client doing one thing: the exact sequence with its headers, over one kept-alive connection or one
connection for each request, as that client does it.

A step is (method, target, headers, body, expected), where expected is a status or a dictionary
with "status" and headers that must be equal (None: must be absent). In targets, headers and
expectations {names} are filled in from the blobs below and from {location}, the last upload's
address. What is not given as a header is not sent: no User-Agent, no Accept, no Content-Type."""
import json
import os
import re

import pytest
from lib import images, rawhttp
from lib.images import OCI, Image, Layer, digest

pytestmark = pytest.mark.server
ANY = "*/*"
CHUNKED = object()  # as a body's first element: send with Transfer-Encoding: chunked


class Sample:
    """One image; its layer is large enough for ranges."""

    def __init__(self):
        self.image = Image([Layer([("random", os.urandom(70_000))])])
        self.layer = self.image.layers[0].bytes
        self.names = {
            "repo": "quirks/app", "other": "quirks/other", "layer": self.image.layers[0].digest,
            "config": digest(self.image.config), "manifest": self.image.digest,
            "size": len(self.layer), "last": len(self.layer) - 1, "half": len(self.layer) // 2,
            "before_half": len(self.layer) // 2 - 1, "manifest_size": len(self.image.manifest),
            "quoted": self.image.layers[0].digest.replace(":", "%3A"),
            "manifest_type": OCI["manifest"], "layer_type": OCI["gzip"],
        }
        self.bodies = {
            "layer": self.layer, "config": self.image.config, "manifest": self.image.manifest,
            "first half": self.layer[:len(self.layer) // 2],
            "second half": self.layer[len(self.layer) // 2:], "empty": b"", None: None,
        }


OCTETS = ("Content-Type", "application/octet-stream")
JSON = ("Content-Type", "application/json")
MANIFEST = ("Content-Type", "{manifest_type}")
FOUND = {"status": 200, "docker-content-digest": "{layer}", "content-length": "{size}"}
MADE = {"status": 201, "docker-content-digest": "{layer}"}
MANIFEST_FOUND = {"status": 200, "docker-content-digest": "{manifest}",
                  "content-type": "{manifest_type}", "content-length": "{manifest_size}"}
MANIFEST_MADE = {"status": 201, "docker-content-digest": "{manifest}"}
UPLOADS, BLOB = "/v2/{repo}/blobs/uploads/", "/v2/{repo}/blobs/{layer}"
CONFIG = "/v2/{repo}/blobs/{config}"
TAG, BY_DIGEST = "/v2/{repo}/manifests/v1", "/v2/{repo}/manifests/{manifest}"


def start(*headers, expected=202):
    return ("POST", UPLOADS, headers, "empty", expected)


def whole(name, body, expected=201, *headers):
    """POST and one PUT with all of it."""
    return [start(), ("PUT", "{location}?digest={%s}" % name, (OCTETS, *headers), body, expected)]


CONFIG_SENT = whole("config", "config")
# Pushed beforehand by the rows that only read: True in their first column after the name.
ROWS = [
    ("crane push", False, [
        ("GET", "/v2/", (), None, 200),
        ("HEAD", TAG, (("Accept", OCI["manifest"] + "," + OCI["index"]),), None, 404),
        ("HEAD", BLOB, (), None, 404),
        start(JSON),
        ("PATCH", "{location}", (), "layer", {"status": 202, "range": "0-{last}"}),
        ("PUT", "{location}?digest={quoted}", (), "empty", MADE),
        ("HEAD", CONFIG, (), None, 404),
        start(JSON),
        ("PATCH", "{location}", (), "config", 202),
        ("PUT", "{location}?digest={config}", (), "empty", 201),
        ("PUT", TAG, (MANIFEST,), "manifest", MANIFEST_MADE),
        ("HEAD", TAG, (), None, MANIFEST_FOUND),
    ]),
    ("crane mount, with origin", True, [
        ("POST", "/v2/{other}/blobs/uploads/?from=quirks%2Fapp&mount={quoted}&origin=example.org",
         (JSON,), "empty", MADE),
        ("POST", "/v2/{other}/blobs/uploads/?from=no%2Fsuch&mount={quoted}&origin=example.org",
         (JSON,), "empty", {"status": 202, "content-length": "0"}),
    ]),
    ("oras push", False, [
        ("HEAD", BY_DIGEST, (("Accept", "{manifest_type}"),), None, 404),
        ("HEAD", BLOB, (), None, 404),
        *whole("layer", "layer", MADE), *CONFIG_SENT,
        ("PUT", TAG, (MANIFEST,), "manifest", MANIFEST_MADE),
    ]),
    ("oras discover without referrers", True, [
        ("GET", "/v2/{repo}/referrers/{manifest}", (("Accept", OCI["index"]),), None,
         {"status": 200, "content-type": OCI["index"]}),
    ]),
    ("BuildKit and docker with containerd's store: push", False, [
        ("HEAD", TAG, (("Accept", "{manifest_type}, */*"),), None, 404),
        ("HEAD", BLOB, (("Accept", "{layer_type}, */*"),), None, 404),
        *whole("layer", "layer", MADE), *CONFIG_SENT,
        ("HEAD", TAG, (("Accept", "{manifest_type}, */*"),), None, 404),
        ("PUT", TAG, (MANIFEST,), "manifest", MANIFEST_MADE),
    ]),
    ("containerd: mount with raw colon and slash", True, [
        ("HEAD", "/v2/{other}/blobs/{layer}", (("Accept", "{layer_type}, */*"),), None, 404),
        ("POST", "/v2/{other}/blobs/uploads/?mount={layer}&from={repo}", (), "empty", MADE),
        ("HEAD", "/v2/{other}/blobs/{layer}", (("Accept", "{layer_type}, */*"),), None, FOUND),
    ]),
    ("containerd 2: pull in parallel ranges", True, [
        ("HEAD", TAG, (("Accept", "{manifest_type}, */*"),), None, MANIFEST_FOUND),
        ("GET", BY_DIGEST, (("Accept", "{manifest_type}, */*"),), None, MANIFEST_FOUND),
        ("GET", BLOB, (("Accept", "{layer_type}, */*"), ("Range", "bytes=0-"),
                       ("Accept-Encoding", "zstd, gzip, deflate")), None,
         {"status": 206, "content-range": "bytes 0-{last}/{size}", "content-encoding": None}),
        ("GET", BLOB, (("Range", "bytes={half}-{last}"), ("Accept-Encoding", "zstd, gzip, deflate")),
         None, {"status": 206, "content-range": "bytes {half}-{last}/{size}",
                "content-encoding": None}),
    ]),
    ("docker 20.10: streamed without type or range", False, [
        ("GET", "/v2/", (), None,
         {"status": 200, "docker-distribution-api-version": "registry/2.0"}),
        start(),
        ("PATCH", "{location}", (), (CHUNKED, "layer"), {"status": 202, "range": "0-{last}"}),
        ("PUT", "{location}?digest={quoted}", (), "empty", MADE),
        ("HEAD", BLOB, (), None, FOUND),
    ]),
    ("skopeo: mount that is refused, upload cancelled", True, [
        ("HEAD", "/v2/{other}/blobs/{layer}", (), None, 404),
        ("POST", "/v2/{other}/blobs/uploads/?from=no%2Fsuch&mount={quoted}", (), "empty", 202),
        ("DELETE", "{location}", (), None, 204),
        ("GET", "{location}", (), None, 404),
    ]),
    ("skopeo: six Accept lines", True, [
        ("GET", TAG, tuple(("Accept", kind) for kind in (
            OCI["manifest"], images.DOCKER["manifest"],
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "application/vnd.docker.distribution.manifest.v1+json", images.DOCKER["index"],
            OCI["index"])), None, MANIFEST_FOUND),
    ]),
    ("stored type is not in Accept", True, [
        ("GET", TAG, (("Accept", images.DOCKER["manifest"]),), None, MANIFEST_FOUND),
        ("GET", TAG, (("Accept", "application/json"),), None, MANIFEST_FOUND),
        ("GET", TAG, (("Accept", ANY),), None, MANIFEST_FOUND),
    ]),
    ("regclient: chunks with and without unit", False, [
        ("POST", "/v2/{repo}/blobs/uploads", (), "empty", 202),
        ("PATCH", "{location}", (OCTETS, ("Content-Range", "0-{before_half}")), "first half",
         {"status": 202, "range": "0-{before_half}"}),
        ("PATCH", "{location}", (OCTETS, ("Content-Range", "0-{before_half}")), "first half",
         {"status": 416, "range": "0-{before_half}"}),
        ("GET", "{location}", (), None, {"status": 204, "range": "0-{before_half}"}),
        ("PATCH", "{location}", (OCTETS, ("Content-Range", "{half}-{last}")), "second half",
         {"status": 202, "range": "0-{last}"}),
        ("PUT", "{location}?digest={layer}", (OCTETS,), "empty", MADE),
    ]),
    ("regclient: single PUT, sent again", False, [
        *whole("layer", "layer", MADE),
        # Answered without a look at the body, which therefore ends the connection.
        ("PUT", "{location}?digest={layer}", (OCTETS,), "layer", dict(MADE, connection="close")),
    ]),
    ("zb: no query in the location", False, [
        start(expected={"status": 202, "location": re.compile(r"^/[^?]*$")}),
        ("PUT", "{location}?digest={layer}", (), "layer", MADE),
    ]),
    ("stargz, SOCI, Nydus: probe, then one range", True, [
        ("GET", BLOB, (("Range", "bytes=0-1"), ("Accept-Encoding", "identity")), None,
         {"status": 206, "content-range": "bytes 0-1/{size}", "content-length": "2"}),
        ("GET", BLOB, (("Range", "bytes=-100"), ("Accept-Encoding", "identity")), None,
         {"status": 206, "content-length": "100", "content-encoding": None}),
        ("GET", BLOB, (("Range", "bytes={size}-"),), None,
         {"status": 416, "content-range": "bytes */{size}"}),
    ]),
    ("pull that knows it already", True, [
        ("GET", BLOB, (("If-None-Match", '"{layer}"'),), None, 304),
        ("GET", TAG, (("If-None-Match", '"{manifest}"'),), None, 304),
        ("HEAD", BLOB, (), None, dict(FOUND, **{"accept-ranges": "bytes", "etag": '"{layer}"'})),
    ]),
]


def encode(method, target, headers, body, close):
    """The bytes of one request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: registry.test"]
    lines += [f"{name}: {value}" for name, value in headers]
    if close:
        lines.append("Connection: close")
    if isinstance(body, tuple):
        data, lines = body[1], lines + ["Transfer-Encoding: chunked"]
        parts = [data[at:at + 30_000] for at in range(0, len(data), 30_000)]
        payload = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        payload = body or b""
        if body is not None:
            lines.append(f"Content-Length: {len(payload)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


class Wire:
    """Sends steps, on one connection or on one for each request."""

    def __init__(self, server, sample, close):
        self.server, self.sample, self.close, self.sock = server, sample, close, None
        self.names = dict(sample.names, location="/none")

    def fill(self, text):
        return re.sub(r"\{(\w+)\}", lambda found: str(self.names[found.group(1)]), text)

    def exchange(self, method, target, headers, body):
        if self.sock is None:
            self.sock = rawhttp.open_socket(self.server.host, self.server.port)
        data = (CHUNKED, self.sample.bodies[body[1]]) if isinstance(body, tuple) \
            else self.sample.bodies[body]
        self.sock.sendall(encode(method, self.fill(target),
                                 [(name, self.fill(value)) for name, value in headers], data,
                                 self.close))
        answer = rawhttp.read_answer(self.sock, method == "HEAD")
        if self.close or answer.headers.get("connection", "").lower() == "close":
            self.sock.close()
            self.sock = None
        return answer

    def step(self, method, target, headers, body, expected):
        answer = self.exchange(method, target, headers, body)
        expected = expected if isinstance(expected, dict) else {"status": expected}
        assert answer.status == expected["status"], (method, target, answer)
        if not self.close and answer.status < 400 and "connection" not in expected:
            assert self.sock is not None, (method, target, "closed", answer)
        for name, value in expected.items():
            got = answer.headers.get(name)
            if isinstance(value, re.Pattern):
                assert value.match(got), (method, target, name, answer)
            elif name != "status":
                wanted = value and self.fill(value)
                assert got == wanted, (method, target, name, answer)
        if method in ("POST", "PATCH") and answer.status == 202:
            self.names["location"] = answer.headers["location"]
        self.check_body(method, target, answer)

    def check_body(self, method, target, answer):
        """A body is what was asked for, and is there exactly when it may be."""
        if method == "HEAD" or answer.status in (204, 304):
            assert answer.body == b""
        elif answer.status >= 400:
            assert answer.json()["errors"][0]["code"], answer
        elif method == "GET" and target == BLOB:
            first, last = 0, len(self.sample.layer) - 1
            if answer.status == 206:
                first, last = map(int, re.match(r"bytes (\d+)-(\d+)/",
                                                answer.headers["content-range"]).groups())
            assert answer.body == self.sample.layer[first:last + 1]
        elif method == "GET" and "/manifests/" in target:
            assert answer.body == self.sample.image.manifest

    def done(self):
        if self.sock is not None:
            self.sock.close()


def test_sequences(server):
    """All rows on one server, each with blobs of its own in repositories of its own."""
    for number, (name, pushed, steps) in enumerate(ROWS):
        for close in (False, True):
            sample = Sample()
            for key in ("repo", "other"):
                sample.names[key] = f"quirks{number}{'c' if close else 'k'}/{key}"
            steps_here = [(m, t.replace("quirks%2Fapp", sample.names["repo"].replace("/", "%2F")),
                           h, b, e) for m, t, h, b, e in steps]
            if pushed:
                server.registry.push_image(sample.names["repo"], sample.image, "v1")
            wire = Wire(server, sample, close)
            try:
                for step in steps_here:
                    wire.step(*step)
            except AssertionError as problem:
                raise AssertionError(f"{name} (close: {close}): {problem}") from problem
            finally:
                wire.done()


@pytest.mark.parametrize("ranges", [
    # zstd:chunked: the footer, then the parts of the table of contents that are wanted, in order.
    [(69_000, 69_999)], [(0, 99), (5_000, 5_099), (40_000, 40_999)],
    # stargz: small parts that do not follow one another.
    [(40_000, 40_010), (100, 110), (60_000, 60_500)],
])
def test_lazy_ranges(server, ranges):
    """However the server joins or orders ranges: what comes covers each of them, bit for bit."""
    sample = Sample()
    server.registry.push_image("lazy", sample.image, "v1")
    wanted = ",".join(f"{first}-{last}" for first, last in ranges)
    answer = server.registry.request(
        "GET", f"/v2/lazy/blobs/{sample.names['layer']}",
        headers={"Range": f"bytes={wanted}", "Accept-Encoding": "identity"})
    assert answer.status == 206, answer
    assert int(answer.headers["content-length"]) == len(answer.body)
    parts = parts_of(answer)
    assert sum(len(data) for data in parts.values()) < len(sample.layer)
    for first, data in parts.items():
        assert data == sample.layer[first:first + len(data)]
    for first, last in ranges:
        assert any(at <= first and last < at + len(data) for at, data in parts.items()), ranges


def parts_of(answer):
    """first byte -> bytes."""
    kind = answer.headers["content-type"]
    if not kind.startswith("multipart/byteranges"):
        return {int(answer.headers["content-range"].split()[1].split("-")[0]): answer.body}
    boundary = re.search(r'boundary="?([^";]+)', kind).group(1).encode()
    pieces = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)
    assert pieces[0] == b"" and pieces[-1].startswith(b"--"), "opened and closed by the boundary"
    found = {}
    for piece in pieces[1:-1]:
        head, data = piece.split(b"\r\n\r\n", 1)
        first, last, size = map(int, re.search(rb"(?i)content-range: bytes (\d+)-(\d+)/(\d+)",
                                               head).groups())
        assert len(data) == last - first + 1 and last < size
        found[first] = data
    return found


def test_attach_of_a_client_without_referrers(server):
    """The list that such a client keeps under a tag is stored and served like any index."""
    image = Sample().image
    server.registry.push_image("attach", image, "v1")
    tag = image.digest.replace(":", "-")
    assert server.registry.request("HEAD", f"/v2/attach/manifests/{tag}").status == 404
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI["index"],
                        "manifests": [image.descriptor()]}).encode()
    assert server.registry.put_manifest("attach", tag, index, OCI["index"]).status == 201
    assert server.registry.request("GET", f"/v2/attach/manifests/{tag}").body == index
