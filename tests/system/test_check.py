# SPDX-License-Identifier: Apache-2.0
"""`lazaret check`: what happens to a data directory behind the server's back is found, moved away
and named, and a new push heals it."""
import hashlib
import json
import sqlite3

import pytest

from lib import images, server as servers
from lib.images import digest


def check(server, code):
    done = servers.lazaret("check", "--data", server.data, "--format", "json", check=False)
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def file_of(server, wanted):
    algorithm, name = wanted.split(":")
    return server.data / "blobs" / algorithm / name[:2] / name


def make_image(text):
    return images.Image([images.Layer([("file", text)]), images.Layer([("other", text * 2)])])


@pytest.fixture
def stored(server):
    """A stopped server with an image in two repositories."""
    image = make_image("hello")
    for name in ("one", "team/two"):
        server.registry.push_image(name, image, "1")
    server.registry.put_manifest("one", "stable", image.manifest, image.media_type)
    server.wait("one:1")
    server.stop()
    server.image = image
    return server


def heals(server, wanted, data):
    """Invisible before the push, there after it, and the next check is clean."""
    server.start()
    address = f"/v2/one/blobs/{wanted}"
    assert server.registry.request("HEAD", address).status == 404
    assert server.registry.push_blob("one", data, wanted).status == 201
    for name in ("one", "team/two"):
        answer = server.registry.request("GET", f"/v2/{name}/blobs/{wanted}")
        assert answer.status == 200 and answer.body == data
    server.stop()
    assert check(server, 0)["clean"] is True


def needs(finding):
    return sorted((one["repository"], one["digest"], tuple(one["tags"])) for one in finding["affected"])


def test_what_is_right_is_clean(stored):
    found = check(stored, 0)
    assert found["clean"] is True and found["findings"] == []
    assert found["blobs"] == 3 and found["manifests"] == 2
    assert found["bytes"] == sum(len(data) for data in stored.image.blobs().values())
    assert not (stored.data / "quarantine").exists()
    done = servers.lazaret("check", "--data", stored.data)
    assert "nothing is wrong" in done.stdout


@pytest.mark.parametrize("how", ["flipped", "truncated", "missing"])
def test_a_lost_layer_is_named_and_healed(stored, how):
    layer = stored.image.layers[0]
    path = file_of(stored, layer.digest)
    damaged = bytearray(layer.bytes)
    damaged[len(damaged) // 2] ^= 1
    if how == "flipped":
        path.write_bytes(damaged)
    elif how == "truncated":
        damaged = layer.bytes[:-3]
        path.write_bytes(damaged)
    else:
        path.unlink()
    finding, = check(stored, 1)["findings"]
    assert finding["kind"] == ("missing" if how == "missing" else "damaged")
    assert finding["name"] == layer.digest
    if how == "flipped":
        assert digest(bytes(damaged)) in finding["reason"]
    assert needs(finding) == [("one", stored.image.digest, ("1", "stable")),
                              ("team/two", stored.image.digest, ("1",))]
    assert not path.exists()
    if how != "missing":
        assert finding["quarantine"] == layer.digest.replace(":", "-")
        assert (stored.data / "quarantine" / finding["quarantine"]).read_bytes() == damaged
    again, = check(stored, 1)["findings"]
    assert again["kind"] == "missing" and again["quarantine"] is None
    heals(stored, layer.digest, layer.bytes)


def test_a_file_that_is_put_back_is_shown_again(stored):
    layer = stored.image.layers[0]
    path = file_of(stored, layer.digest)
    path.write_bytes(b"x" * len(layer.bytes))
    check(stored, 1)
    path.write_bytes(layer.bytes)
    found = check(stored, 0)
    assert found["shownAgain"] == 1
    stored.start()
    assert stored.registry.request("GET", f"/v2/one/blobs/{layer.digest}").body == layer.bytes


def test_files_that_nobody_knows_are_moved(stored):
    unknown = file_of(stored, digest(b"nobody pushed this"))
    unknown.write_bytes(b"nobody pushed this")
    misplaced = stored.data / "blobs" / "sha512" / "00" / "notes.txt"
    misplaced.write_bytes(b"a note")
    above = stored.data / "blobs" / "sha256" / "backup"
    above.mkdir()
    found = check(stored, 1)["findings"]
    assert {one["kind"] for one in found} == {"stray"}
    assert sorted(one["quarantine"] for one in found) == sorted(
        ["sha256-" + hashlib.sha256(b"nobody pushed this").hexdigest(), "sha512-00-notes.txt",
         "sha256-backup"])
    assert (stored.data / "quarantine" / "sha512-00-notes.txt").read_bytes() == b"a note"
    assert not unknown.exists() and not misplaced.exists() and not above.exists()
    check(stored, 0)
    misplaced.write_bytes(b"another note")
    again, = check(stored, 1)["findings"]
    assert again["quarantine"] == "sha512-00-notes.txt.1"
    assert (stored.data / "quarantine" / "sha512-00-notes.txt").read_bytes() == b"a note"


def test_a_manifest_with_other_bytes_is_named(stored):
    wrong = stored.image.manifest.replace(b"schemaVersion", b"schemaversion")
    with sqlite3.connect(stored.data / "lazaret.db") as database:
        database.execute("UPDATE manifest SET bytes = ? WHERE digest = ? AND repository_id ="
                         " (SELECT id FROM repository WHERE name = 'one')",
                         (wrong, stored.image.digest))
    database.close()
    finding, = check(stored, 1)["findings"]
    assert finding["kind"] == "manifest" and digest(wrong) in finding["reason"]
    assert needs(finding) == [("one", stored.image.digest, ("1", "stable"))]
    stored.start()
    address = f"/v2/one/manifests/{stored.image.digest}"
    assert stored.registry.request("DELETE", address).status == 202
    assert stored.registry.put_manifest("one", "1", stored.image.manifest,
                                        stored.image.media_type).status == 201
    stored.stop()
    check(stored, 0)


def test_an_index_above_is_affected(server):
    image = make_image("inside")
    server.registry.push_image("app", image, "amd")
    index = json.dumps({"schemaVersion": 2, "mediaType": images.OCI["index"], "manifests": [
        {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest),
         "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
    assert server.registry.put_manifest("app", "all", index, images.OCI["index"]).status == 201
    server.stop()
    file_of(server, image.layers[1].digest).unlink()
    finding, = check(server, 1)["findings"]
    assert needs(finding) == sorted([("app", image.digest, ("amd",)),
                                     ("app", digest(index), ("all",))])


def test_a_running_server_refuses(server):
    done = servers.lazaret("check", "--data", server.data, check=False)
    assert done.returncode == 3 and done.stdout == ""
    assert "uses this data directory" in done.stderr


def test_nothing_is_made_where_nothing_is(tmp_path):
    done = servers.lazaret("check", "--data", tmp_path / "none", check=False)
    assert done.returncode == 3 and "holds no registry" in done.stderr
    assert not (tmp_path / "none").exists()
    assert servers.lazaret("check", "--no-such-option", check=False).returncode == 2
