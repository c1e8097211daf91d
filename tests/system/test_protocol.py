# SPDX-License-Identifier: Apache-2.0
"""The distribution specification on the wire: every endpoint of the slice, byte by byte."""
import hashlib
import json
import os
import threading
import urllib.parse

import pytest
from lib import images, rawhttp
from lib.images import DOCKER, OCI, digest

pytestmark = pytest.mark.server
REPO = "team/app"


@pytest.fixture
def blob(registry):
    data = os.urandom(100_000)
    answer = registry.push_blob(REPO, data)
    assert answer.status == 201, answer
    return data


def test_base_says_registry(registry):
    for path in ("/v2/", "/v2"):
        answer = registry.request("GET", path)
        assert answer.status == 200
        assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
        assert answer.json() == {}


def test_health(registry):
    assert registry.request("GET", "/healthz").status == 200
    assert registry.request("GET", "/readyz").status == 200


def test_unknown_path_is_json_404(registry):
    answer = registry.request("GET", "/v2/nothing-of-the-kind")
    assert answer.status == 404 and answer.json()["errors"][0]["message"]
    answer = registry.request("GET", "/elsewhere")
    assert answer.status == 404 and answer.json()["error"]["message"]


def test_wrong_method_names_the_right_ones(registry):
    answer = registry.request("DELETE", "/v2/")
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


# --- blobs

def test_monolithic_put(registry, blob):
    answer = registry.request("GET", f"/v2/{REPO}/blobs/{digest(blob)}")
    assert answer.status == 200 and answer.body == blob
    assert answer.headers["docker-content-digest"] == digest(blob)
    assert int(answer.headers["content-length"]) == len(blob)
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in answer.headers


def test_head_has_length_and_no_body(registry, blob):
    answer = registry.request("HEAD", f"/v2/{REPO}/blobs/{digest(blob)}")
    assert answer.status == 200 and answer.body == b""
    assert int(answer.headers["content-length"]) == len(blob)
    assert answer.headers["docker-content-digest"] == digest(blob)


def test_upload_start_headers(registry):
    for path in (f"/v2/{REPO}/blobs/uploads/", f"/v2/{REPO}/blobs/uploads"):
        answer = registry.request("POST", path, b"")
        assert answer.status == 202
        location = answer.headers["location"]
        assert location.startswith("/") or location.startswith("http://")
        assert "?" not in location, "clients lose the query of an upload URL"
        assert answer.headers["docker-upload-uuid"] in location
        assert answer.headers["range"] == "0-0"


def test_post_with_digest_is_whole_upload(registry):
    data = b"a whole blob in one request"
    answer = registry.request("POST", f"/v2/{REPO}/blobs/uploads/?digest={digest(data)}", data,
                              {"Content-Type": "application/octet-stream"})
    if answer.status == 202:  # allowed by the specification: the client goes on with PUT
        answer = registry.finish(answer.headers["location"], digest(data), data)
    assert answer.status == 201
    assert registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}").body == data


def test_chunks_with_content_range(registry):
    data = os.urandom(30_000)
    location = registry.start_upload(REPO)
    for first in range(0, 30_000, 10_000):
        part = data[first:first + 10_000]
        answer = registry.request("PATCH", registry.path_of(location), part,
                                  {"Content-Range": f"{first}-{first + 9999}"})
        assert answer.status == 202, answer
        assert answer.headers["range"] == f"0-{first + 9999}"
        location = answer.headers["location"]
        status = registry.request("GET", registry.path_of(location))
        assert status.status == 204 and status.headers["range"] == f"0-{first + 9999}"
    answer = registry.finish(location, digest(data))
    assert answer.status == 201, answer
    assert answer.headers["docker-content-digest"] == digest(data)
    stored = registry.request("GET", registry.path_of(answer.headers["location"]))
    assert stored.body == data


def test_chunk_out_of_order_is_416_and_loses_nothing(registry):
    data = os.urandom(2000)
    location = registry.start_upload(REPO)
    answer = registry.request("PATCH", registry.path_of(location), data[:1000],
                              {"Content-Range": "0-999"})
    location = answer.headers["location"]
    wrong = registry.request("PATCH", registry.path_of(location), data[1500:],
                             {"Content-Range": "1500-1999"})
    assert wrong.status == 416 and wrong.headers["range"] == "0-999"
    right = registry.request("PATCH", registry.path_of(location), data[1000:],
                             {"Content-Range": "1000-1999"})
    assert right.status == 202, right
    assert registry.finish(right.headers["location"], digest(data)).status == 201


def test_streamed_patch_without_length(registry):
    data = os.urandom(3_000_000)
    location = registry.start_upload(REPO)
    parts = (data[i:i + 70_001] for i in range(0, len(data), 70_001))
    answer = registry.request("PATCH", registry.path_of(location), parts)
    assert answer.status == 202, answer
    assert answer.headers["range"] == f"0-{len(data) - 1}"
    assert registry.finish(answer.headers["location"], digest(data)).status == 201
    assert registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}").body == data


def test_last_chunk_in_put(registry):
    data = os.urandom(5000)
    location = registry.start_upload(REPO)
    answer = registry.request("PATCH", registry.path_of(location), data[:3000])
    answer = registry.finish(answer.headers["location"], digest(data), data[3000:])
    assert answer.status == 201, answer


def test_repeated_put_of_a_finished_upload_succeeds(registry):
    data = b"retried"
    location = registry.start_upload(REPO)
    assert registry.finish(location, digest(data), data).status == 201
    assert registry.finish(location, digest(data), data).status == 201


def test_cancelled_upload_is_gone(registry):
    location = registry.path_of(registry.start_upload(REPO))
    assert registry.request("DELETE", location).status == 204
    answer = registry.request("GET", location)
    assert answer.status == 404 and answer.code() == "BLOB_UPLOAD_UNKNOWN"


def test_empty_blob(registry):
    assert registry.push_blob(REPO, b"").status == 201
    answer = registry.request("GET", f"/v2/{REPO}/blobs/{digest(b'')}")
    assert answer.status == 200 and answer.body == b""


def test_mount_from_other_repository(registry, blob):
    name = urllib.parse.quote(digest(blob), safe="")
    for target, mount in (("other/one", digest(blob)), ("other/two", name)):
        answer = registry.request(
            "POST", f"/v2/{target}/blobs/uploads/?mount={mount}&from={REPO}", b"")
        assert answer.status == 201, answer
        assert registry.request("GET", f"/v2/{target}/blobs/{digest(blob)}").body == blob


def test_mount_of_unknown_blob_starts_an_upload(registry):
    answer = registry.request(
        "POST", f"/v2/{REPO}/blobs/uploads/?mount={digest(b'no')}&from=nobody/here", b"")
    assert answer.status == 202 and "location" in answer.headers


def test_blob_is_seen_only_where_it_was_pushed(registry, blob):
    answer = registry.request("GET", f"/v2/somebody/else/blobs/{digest(blob)}")
    assert answer.status == 404 and answer.code() in ("BLOB_UNKNOWN", "NAME_UNKNOWN")


@pytest.mark.parametrize("header, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=99990-", 99990, 99999),
    ("bytes=-5", 99995, 99999), ("bytes=0-999999", 0, 99999),
])
def test_range(registry, blob, header, first, last):
    answer = registry.request("GET", f"/v2/{REPO}/blobs/{digest(blob)}", headers={"Range": header})
    assert answer.status == 206, answer
    assert answer.body == blob[first:last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/100000"


def test_range_beyond_the_end_is_416(registry, blob):
    answer = registry.request("GET", f"/v2/{REPO}/blobs/{digest(blob)}",
                              headers={"Range": "bytes=100000-"})
    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */100000"


def test_nonsense_range_is_ignored(registry, blob):
    answer = registry.request("GET", f"/v2/{REPO}/blobs/{digest(blob)}",
                              headers={"Range": "lines=1-2"})
    assert answer.status == 200 and answer.body == blob


def test_etag_and_not_modified(registry, blob):
    path = f"/v2/{REPO}/blobs/{digest(blob)}"
    etag = registry.request("GET", path).headers["etag"]
    assert digest(blob) in etag
    answer = registry.request("GET", path, headers={"If-None-Match": etag})
    assert answer.status == 304 and answer.body == b""


# --- manifests

def sample(types=OCI, seed="x"):
    return images.Image([images.Layer([("file", seed)])], types)


@pytest.mark.parametrize("types", [OCI, DOCKER], ids=["oci", "docker"])
def test_manifest_round_trip(registry, types):
    image = sample(types)
    assert registry.push_image(REPO, image, "v1") == image.digest
    for reference in ("v1", image.digest):
        answer = registry.request("GET", f"/v2/{REPO}/manifests/{reference}")
        assert answer.status == 200 and answer.body == image.manifest
        assert answer.headers["content-type"] == image.media_type
        assert answer.headers["docker-content-digest"] == image.digest
        head = registry.request("HEAD", f"/v2/{REPO}/manifests/{reference}")
        assert head.status == 200 and head.body == b""
        assert int(head.headers["content-length"]) == len(image.manifest)
        assert head.headers["content-type"] == image.media_type


def test_accept_lines_are_merged(registry):
    image = sample(OCI)
    registry.push_image(REPO, image, "v1")
    lines = "".join(f"Accept: {kind}\r\n" for kind in (
        DOCKER["manifest"], DOCKER["index"], OCI["index"], OCI["manifest"]))
    answer = rawhttp.send_raw(registry.host, registry.port, (
        f"GET /v2/{REPO}/manifests/v1 HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n"
    ).encode())
    assert answer.status == 200 and answer.body == image.manifest


def test_index_round_trip(registry):
    first, second = sample(seed="1"), sample(seed="2")
    for image in (first, second):
        registry.push_image(REPO, image, image.digest)
    index = images.make_index([first, second])
    answer = registry.put_manifest(REPO, "multi", index, OCI["index"])
    assert answer.status == 201, answer
    stored = registry.request("GET", f"/v2/{REPO}/manifests/multi")
    assert stored.body == index and stored.headers["content-type"] == OCI["index"]


def test_index_with_absent_child_is_refused(registry):
    index = images.make_index([sample()])
    answer = registry.put_manifest(REPO, "multi", index, OCI["index"])
    assert answer.status == 404 or answer.status == 400
    assert answer.code() in ("MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN")


def test_put_by_wrong_digest_is_refused(registry):
    image = sample()
    for wanted, data in image.blobs().items():
        registry.push_blob(REPO, data, wanted)
    answer = registry.put_manifest(REPO, digest(b"other"), image.manifest, image.media_type)
    assert answer.status == 400 and answer.code() == "DIGEST_INVALID"


def test_tag_moves(registry):
    first, second = sample(seed="1"), sample(seed="2")
    registry.push_image(REPO, first, "latest")
    registry.push_image(REPO, second, "latest")
    answer = registry.request("GET", f"/v2/{REPO}/manifests/latest")
    assert answer.body == second.manifest
    assert registry.request("GET", f"/v2/{REPO}/manifests/{first.digest}").status == 200


def test_subject_is_acknowledged(registry):
    image = sample()
    registry.push_image(REPO, image, "v1")
    body = json.loads(image.manifest)
    body["subject"] = {"mediaType": image.media_type, "digest": image.digest,
                       "size": len(image.manifest)}
    body["artifactType"] = "application/vnd.example.signature"
    data = json.dumps(body).encode()
    answer = registry.put_manifest(REPO, digest(data), data, OCI["manifest"])
    assert answer.status == 201, answer
    assert answer.headers["oci-subject"] == image.digest


@pytest.mark.parametrize("reference", ["nothing", digest(b"nothing")])
def test_unknown_manifest(registry, reference):
    registry.push_image(REPO, sample(), "v1")
    answer = registry.request("GET", f"/v2/{REPO}/manifests/{reference}")
    assert answer.status == 404 and answer.code() == "MANIFEST_UNKNOWN"


# --- lists

def page(registry, path):
    """Follows Link headers; returns the answers."""
    answers = []
    while path:
        answer = registry.request("GET", path)
        assert answer.status == 200, answer
        answers.append(answer)
        link = answer.headers.get("link")
        path = None
        if link:
            assert link.endswith('rel="next"'), link
            path = registry.path_of(link[link.index("<") + 1:link.index(">")])
    return answers


def test_tags_in_pages(registry):
    image = sample()
    for wanted, data in image.blobs().items():
        registry.push_blob(REPO, data, wanted)
    names = sorted(f"v{i}" for i in range(7))
    for name in names:
        registry.put_manifest(REPO, name, image.manifest, image.media_type)
    answers = page(registry, f"/v2/{REPO}/tags/list?n=3")
    assert [len(a.json()["tags"]) for a in answers] == [3, 3, 1]
    assert sum((a.json()["tags"] for a in answers), []) == names
    assert all(a.json()["name"] == REPO for a in answers)
    assert registry.request("GET", f"/v2/{REPO}/tags/list").json()["tags"] == names
    assert registry.request("GET", f"/v2/{REPO}/tags/list?n=0").json()["tags"] == []
    after = registry.request("GET", f"/v2/{REPO}/tags/list?last=v35").json()["tags"]
    assert after == ["v4", "v5", "v6"], "last need not exist"


def test_tags_of_unknown_repository(registry):
    answer = registry.request("GET", "/v2/no/such/tags/list")
    assert answer.status == 404 and answer.code() == "NAME_UNKNOWN"


def test_bad_page_size_is_refused(registry):
    registry.push_image(REPO, sample(), "v1")
    assert registry.request("GET", f"/v2/{REPO}/tags/list?n=many").status == 400


def test_catalog_in_pages(registry):
    names = sorted(["a", "b/c", "b/d/e", "z-1"])
    for name in names:
        registry.push_image(name, sample(seed=name), "v1")
    answers = page(registry, "/v2/_catalog?n=3")
    assert sum((a.json()["repositories"] for a in answers), []) == names
    assert [len(a.json()["repositories"]) for a in answers] == [3, 1]


# --- awkward requests

@pytest.mark.parametrize("name", ["UPPER", "a//b", "-a", "a..b", "a" * 256, "%00", "a%2Fb/../c"])
def test_bad_names_are_refused(registry, name):
    answer = registry.request("POST", f"/v2/{name}/blobs/uploads/", b"")
    assert answer.status in (400, 404), answer
    assert answer.json()["errors"][0]["code"]


def test_two_content_lengths_are_refused(registry):
    raw = (f"POST /v2/{REPO}/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n"
           "Content-Length: 0\r\nContent-Length: 5\r\n\r\n").encode()
    assert rawhttp.send_raw(registry.host, registry.port, raw).status == 400


def test_length_with_chunked_is_refused(registry):
    raw = (f"POST /v2/{REPO}/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n"
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode()
    assert rawhttp.send_raw(registry.host, registry.port, raw).status == 400


def test_keep_alive_after_a_refused_body(registry):
    """The bytes of a refused body must not be taken for the next request."""
    with rawhttp.open_socket(registry.host, registry.port) as sock:
        sock.sendall(f"PUT /v2/{REPO}/manifests/bad!tag HTTP/1.1\r\nHost: x\r\n"
                     "Content-Type: text/plain\r\nContent-Length: 31\r\n\r\n".encode())
        sock.sendall(b"GET /elsewhere HTTP/1.1\r\n\r\n....")
        first = rawhttp.read_answer(sock)
        assert first.status in (400, 404), first
        if first.headers.get("connection", "").lower() != "close":
            sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert rawhttp.read_answer(sock).status == 200


def test_expect_100_continue_is_refused_before_the_body(registry):
    with rawhttp.open_socket(registry.host, registry.port) as sock:
        sock.sendall(b"PATCH /v2/team/app/blobs/uploads/00000000-0000-4000-8000-000000000000 HTTP/1.1"
                     b"\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n")
        answer = rawhttp.read_answer(sock)
        assert answer.status == 404 and answer.code() == "BLOB_UPLOAD_UNKNOWN"


# --- deletes

def test_a_deleted_tag_leaves_its_manifest(registry):
    image = sample(seed="tag")
    wanted = registry.push_image("del/tag", image, "one")
    registry.put_manifest("del/tag", "two", image.manifest, image.media_type)
    assert registry.request("DELETE", "/v2/del/tag/manifests/one").status == 202
    gone = registry.request("HEAD", "/v2/del/tag/manifests/one")
    assert gone.status == 404 and gone.body == b""
    assert registry.request("GET", "/v2/del/tag/tags/list").json()["tags"] == ["two"]
    assert registry.request("GET", f"/v2/del/tag/manifests/{wanted}").body == image.manifest


def test_a_deleted_manifest_is_in_no_list(registry):
    image = sample(seed="digest")
    wanted = registry.push_image("del/digest", image, "one")
    assert registry.request("DELETE", f"/v2/del/digest/manifests/{wanted}").status == 202
    for reference in (wanted, "one"):
        answer = registry.request("GET", f"/v2/del/digest/manifests/{reference}")
        assert answer.status == 404 and answer.code() == "MANIFEST_UNKNOWN"
    images_left = registry.request("GET", "/api/v1/images?repository=del/digest").json()["images"]
    assert images_left == []
    assert "del/digest" not in registry.request("GET", "/v2/_catalog").json()["repositories"]
    again = registry.request("DELETE", f"/v2/del/digest/manifests/{wanted}")
    assert again.status == 404 and again.code() == "MANIFEST_UNKNOWN"
    assert registry.push_image("del/digest", image, "one") == wanted


def test_a_deleted_blob_stays_elsewhere(registry):
    data = os.urandom(1000)
    for name in ("del/here", "del/there"):
        assert registry.push_blob(name, data).status == 201
    assert registry.request("DELETE", f"/v2/del/here/blobs/{digest(data)}").status == 202
    assert registry.request("HEAD", f"/v2/del/here/blobs/{digest(data)}").status == 404
    assert registry.request("GET", f"/v2/del/there/blobs/{digest(data)}").body == data
    again = registry.request("DELETE", f"/v2/del/here/blobs/{digest(data)}")
    assert again.status == 404 and again.code() == "BLOB_UNKNOWN"


# --- referrers

def test_referrers_of_nothing_are_an_empty_index(registry):
    answer = registry.request("GET", f"/v2/no/such/referrers/{digest(b'unknown')}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/vnd.oci.image.index.v1+json"
    assert answer.json() == {"schemaVersion": 2, "manifests": [],
                             "mediaType": "application/vnd.oci.image.index.v1+json"}
    bad = registry.request("GET", "/v2/no/such/referrers/sha256:12")
    assert bad.status == 400 and bad.code() == "DIGEST_INVALID"


def test_referrers_are_listed_filtered_and_paged(registry):
    subject, name = digest(b"pushed later"), "ref/app"
    assert registry.push_blob(name, b"{}").status == 201
    expected = {}
    for number in range(5):
        kind = "application/x.sbom+json" if number % 2 else "application/x.signature"
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI["manifest"], "artifactType": kind,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json",
                       "digest": digest(b"{}"), "size": 2},
            "layers": [], "annotations": {"number": str(number)},
            "subject": {"mediaType": OCI["manifest"], "digest": subject, "size": 1}}).encode()
        answer = registry.put_manifest(name, digest(manifest), manifest, OCI["manifest"])
        assert answer.status == 201 and answer.headers["oci-subject"] == subject
        expected[digest(manifest)] = {
            "mediaType": OCI["manifest"], "digest": digest(manifest), "size": len(manifest),
            "artifactType": kind, "annotations": {"number": str(number)}}
    every = registry.request("GET", f"/v2/{name}/referrers/{subject}")
    assert every.json()["manifests"] == [expected[key] for key in sorted(expected)]
    assert "oci-filters-applied" not in every.headers and "link" not in every.headers
    wanted = [expected[key] for key in sorted(expected)
              if expected[key]["artifactType"].endswith("+json")]
    target = (f"/v2/{name}/referrers/{subject}?n=1&artifactType="
              + urllib.parse.quote("application/x.sbom+json", safe=""))
    seen = []
    while target:
        page = registry.request("GET", target)
        assert page.status == 200 and page.headers["oci-filters-applied"] == "artifactType"
        seen += page.json()["manifests"]
        link = page.headers.get("link")
        target = link[1:link.index(">")] if link else None
    assert seen == wanted


# --- sha512 and tags of a push by digest

def sha512(data):
    return "sha512:" + hashlib.sha512(data).hexdigest()


def test_sha512_from_end_to_end(registry):
    data, name = os.urandom(300_000), "sha/app"
    answer = registry.push_blob(name, data, sha512(data))
    assert answer.status == 201 and answer.headers["docker-content-digest"] == sha512(data)
    got = registry.request("GET", f"/v2/{name}/blobs/{sha512(data)}")
    assert got.body == data and got.headers["docker-content-digest"] == sha512(data)
    assert registry.push_blob(name, data, sha512(b"other")).code() == "DIGEST_INVALID"
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": OCI["manifest"],
        "config": {"mediaType": "application/x.test", "digest": sha512(data), "size": len(data)},
        "layers": []}).encode()
    answer = registry.put_manifest(name, sha512(manifest) + "?tag=a&tag=b", manifest,
                                   OCI["manifest"])
    assert answer.status == 201 and answer.headers["docker-content-digest"] == sha512(manifest)
    for reference in ("a", "b", sha512(manifest)):
        got = registry.request("GET", f"/v2/{name}/manifests/{reference}")
        assert got.body == manifest
        assert got.headers["docker-content-digest"] == sha512(manifest)


def test_unknown_digest_algorithm_is_refused(registry):
    answer = registry.request("POST", "/v2/sha/app/blobs/uploads/?digest-algorithm=md5", b"")
    assert answer.status == 400 and answer.code() == "DIGEST_INVALID"
    answer = registry.request("POST", "/v2/sha/app/blobs/uploads/?digest-algorithm=sha512", b"")
    assert answer.status == 202


def test_mount_without_source(registry):
    data = os.urandom(1000)
    unknown = registry.request("POST", f"/v2/mount/b/blobs/uploads/?mount={digest(data)}", b"")
    assert unknown.status == 202 and unknown.headers["location"]
    assert registry.push_blob("mount/a", data).status == 201
    known = registry.request("POST", f"/v2/mount/b/blobs/uploads/?mount={digest(data)}", b"")
    assert known.status == 201 and known.headers["docker-content-digest"] == digest(data)
    assert registry.request("GET", known.headers["location"]).body == data


def test_several_ranges_of_a_large_blob(registry):
    data = os.urandom(3_000_000)
    assert registry.push_blob("range/app", data).status == 201
    spans = [(5, 1_000_004), (1_500_000, 1_500_000), (2_000_000, 2_999_999)]
    answer = registry.request("GET", f"/v2/range/app/blobs/{digest(data)}", headers={
        "Range": "bytes=" + ",".join(f"{first}-{last}" for first, last in spans)})
    assert answer.status == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    expected = b""
    for first, last in spans:
        expected += (f"--{boundary}\r\nContent-Type: application/octet-stream\r\n"
                     f"Content-Range: bytes {first}-{last}/3000000\r\n\r\n").encode()
        expected += data[first:last + 1] + b"\r\n"
    assert answer.body == expected + f"--{boundary}--\r\n".encode()


def test_every_answer_has_a_request_id(registry):
    seen = {registry.request("GET", "/v2/").headers["x-request-id"] for _ in range(5)}
    assert len(seen) == 5


def test_many_pushes_at_once(server):
    """Several clients, same and different blobs, one repository: all stored, all whole."""
    registry, problems = server.registry, []
    common = os.urandom(200_000)

    def work(number):
        try:
            own = os.urandom(50_000 + number)
            for data in (common, own):
                answer = registry.push_blob(REPO, data)
                assert answer.status == 201, answer
                got = registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}")
                assert got.body == data
            registry.push_image(REPO, sample(seed=str(number)), f"t{number}")
        except AssertionError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    assert len(registry.request("GET", f"/v2/{REPO}/tags/list").json()["tags"]) == 12
