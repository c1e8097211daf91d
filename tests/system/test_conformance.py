# SPDX-License-Identifier: Apache-2.0
"""Request sequences of the distribution specification's conformance program, for both digest
algorithms; the algorithm is told by nothing but the closing request."""
import hashlib
import json
import os

import pytest
from lib.images import OCI

pytestmark = pytest.mark.server
REPO, OTHER = "points/first", "points/second"
CHUNK = 1024  # the smallest that a client may send where the registry announces no minimum
OCTETS = {"Content-Type": "application/octet-stream"}
ALGORITHMS = ("sha256", "sha512")


def named(algorithm, data):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def start(registry, query=""):
    answer = registry.request("POST", f"/v2/{REPO}/blobs/uploads/{query}", b"")
    assert answer.status == 202, answer
    return answer.headers["location"]


def post_only(registry, data, wanted):
    return registry.request("POST", f"/v2/{REPO}/blobs/uploads/?digest={wanted}", data, OCTETS)


def post_put(registry, data, wanted):
    return registry.finish(start(registry), wanted, data, OCTETS)


def stream(registry, data, wanted):
    """No Content-Length: the body comes in transfer chunks."""
    answer = registry.request("PATCH", start(registry), iter([data[:700], data[700:]]), OCTETS)
    assert answer.status == 202, answer
    return registry.finish(answer.headers["location"], wanted)


def chunked(registry, data, wanted, put_last=False, out_of_order=False):
    location, done = start(registry), 0
    while done < len(data):
        if out_of_order:
            bad = done + CHUNK if done + CHUNK < len(data) else 0
            end = min(bad + CHUNK, len(data))
            last = put_last and end == len(data)
            answer = registry.request(
                "PUT" if last else "PATCH", location + (f"?digest={wanted}" if last else ""),
                data[bad:end], dict(OCTETS, **{"Content-Range": f"{bad}-{end - 1}"}))
            assert answer.status == 416, answer
            answer = registry.request("GET", location)
            assert answer.status == 204
            assert answer.headers["range"] == f"0-{max(done - 1, 0)}"
            location = answer.headers["location"]
        end = min(done + CHUNK, len(data))
        headers = dict(OCTETS, **{"Content-Range": f"{done}-{end - 1}"})
        if put_last and end == len(data):
            return registry.finish(location, wanted, data[done:end], headers)
        answer = registry.request("PATCH", location, data[done:end], headers)
        assert answer.status == 202, answer
        location, done = answer.headers["location"], end
    return registry.finish(location, wanted)


WAYS = {
    "post only": post_only,
    "post+put": post_put,
    "stream": stream,
    "chunked": chunked,
    "chunked and put chunk": lambda *a: chunked(*a, put_last=True),
    "chunked out-of-order": lambda *a: chunked(*a, out_of_order=True),
    "chunked out-of-order and put chunk": lambda *a: chunked(*a, put_last=True, out_of_order=True),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_way_to_push_a_blob(registry, algorithm):
    for name, push in WAYS.items():
        for data in (os.urandom(3 * CHUNK - 5), b"{}", b""):
            if "chunk" in name and len(data) < CHUNK:
                continue
            wanted = named(algorithm, data)
            answer = push(registry, data, wanted)
            assert answer.status == 201, (name, answer)
            assert answer.headers["docker-content-digest"] == wanted, name
            for target in (answer.headers["location"], f"/v2/{REPO}/blobs/{wanted}"):
                got = registry.request("GET", target)
                assert got.status == 200 and got.body == data, name
                assert got.headers["docker-content-digest"] == wanted
                assert got.headers["content-length"] == str(len(data))
            head = registry.request("HEAD", f"/v2/{REPO}/blobs/{wanted}")
            assert head.status == 200 and head.headers["docker-content-digest"] == wanted
            assert registry.request("DELETE", f"/v2/{REPO}/blobs/{wanted}").status == 202
            assert registry.request("HEAD", f"/v2/{REPO}/blobs/{wanted}").status == 404
        data = os.urandom(3 * CHUNK - 5)
        if "out-of-order" not in name:
            answer = push(registry, data + b" and more", named(algorithm, data))
            assert answer.status == 400 and answer.code() == "DIGEST_INVALID", name


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_mounts_and_cancel(registry, algorithm):
    for query in (f"&from={OTHER}", ""):
        data = os.urandom(512)
        wanted = named(algorithm, data)
        assert registry.request("POST", f"/v2/{REPO}/blobs/uploads/?mount={wanted}{query}",
                                b"").status == 202
        assert registry.push_blob(OTHER, data, wanted).status == 201
        answer = registry.request("POST", f"/v2/{REPO}/blobs/uploads/?mount={wanted}{query}", b"")
        assert answer.status == 201 and answer.headers["docker-content-digest"] == wanted
        assert registry.request("GET", answer.headers["location"]).body == data
    location = start(registry)
    assert registry.request("DELETE", location).status == 204
    assert registry.request("GET", location).status == 404


@pytest.mark.parametrize("header, first, last", [
    ("500-1499", 500, 1499), ("500-", 500, 2047), ("-500", 1548, 2047), ("2000-5000", 2000, 2047),
    ("500-0", None, None), ("5000-10000", None, None)])
def test_ranges(registry, header, first, last):
    data = os.urandom(2048)
    wanted = named("sha512", data)
    assert registry.push_blob(REPO, data, wanted).status == 201
    answer = registry.request("GET", f"/v2/{REPO}/blobs/{wanted}",
                              headers={"Range": f"bytes={header}"})
    if first is None:
        assert answer.status == 416
        return
    assert answer.status == 206 and answer.body == data[first:last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/2048"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_manifests_tags_and_referrers(registry, algorithm):
    absent = named(algorithm, os.urandom(9))
    empty = registry.request("GET", f"/v2/{REPO}/referrers/{absent}")
    assert empty.status == 200 and empty.headers["content-type"] == OCI["index"]
    assert empty.json() == {"schemaVersion": 2, "mediaType": OCI["index"], "manifests": []}
    config = named(algorithm, b"{}")
    assert registry.push_blob(REPO, b"{}", config).status == 201
    data = json.dumps({
        "schemaVersion": 2, "mediaType": OCI["manifest"], "artifactType": "application/x.one",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2,
                   "data": "e30="},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                    "digest": named(algorithm, b"elsewhere"), "size": 123456,
                    "urls": ["https://store.example.com/x"]}],
        "subject": {"mediaType": OCI["manifest"], "digest": absent, "size": 123},
        "org.example.unknown": "kept",
        "annotations": {f"large-{i}": "v" * 9000 for i in range(400)}}).encode()
    wanted = named(algorithm, data)
    # Without a length, as the program sends manifests.
    answer = registry.request("PUT", f"/v2/{REPO}/manifests/{wanted}?tag=a&tag=b", iter([data]),
                              {"Content-Type": OCI["manifest"]})
    assert answer.status == 201, answer.status
    assert answer.headers["docker-content-digest"] == wanted
    assert answer.headers["oci-subject"] == absent
    tags = [value for name, value in answer.header_list if name.lower() == "oci-tag"]
    assert tags == ["a", "b"]
    for target in (answer.headers["location"], f"/v2/{REPO}/manifests/b"):
        got = registry.request("GET", target, headers={"Accept": OCI["manifest"]})
        assert got.body == data and got.headers["content-type"] == OCI["manifest"]
        assert got.headers["docker-content-digest"] == wanted
    listed = registry.request("GET", f"/v2/{REPO}/referrers/{absent}").json()["manifests"]
    assert [entry["digest"] for entry in listed] == [wanted]
    assert listed[0]["artifactType"] == "application/x.one"
    assert len(listed[0]["annotations"]) == 400
    for kind, count in (("application/x.one", 1), ("application/x.two", 0)):
        some = registry.request("GET", f"/v2/{REPO}/referrers/{absent}?artifactType={kind}")
        assert some.headers["oci-filters-applied"] == "artifactType"
        assert len(some.json()["manifests"]) == count
    assert registry.request("GET", f"/v2/{REPO}/tags/list?last=a").json()["tags"] == ["b"]
    assert registry.put_manifest(REPO, wanted, data + b"  ", OCI["manifest"]).status == 400
    assert registry.put_manifest(REPO, "sha256:no-hexadecimal", data,
                                 OCI["manifest"]).status == 400
    for reference in ("a", wanted):
        assert registry.request("DELETE", f"/v2/{REPO}/manifests/{reference}").status == 202
        assert registry.request("HEAD", f"/v2/{REPO}/manifests/{reference}").status == 404
