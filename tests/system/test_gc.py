# SPDX-License-Identifier: Apache-2.0
"""`lazaret gc` and what goes with the last manifest of a digest, over REST."""
import json
import sqlite3
import time

import pytest

from lib import images, osv, prometheus, server as servers


def gc(server, how, **more):
    return json.loads(server.verb("gc", how, "--format", "json", **more).stdout)


@pytest.fixture
def hasty(make_server):
    """No grace, and rounds only when they are asked for."""
    return make_server("hasty", env={"LAZARET_GC_GRACE_SECONDS": "0",
                                     "LAZARET_GC_INTERVAL_SECONDS": "86400"})


def metric(server, name, **labels):
    answer = server.registry.request("GET", "/metrics")
    return prometheus.Page(answer.body.decode()).value(name, **labels)


def test_a_dry_run_changes_nothing_and_a_round_removes(hasty):
    image = images.Image([images.Layer([("file", "garbage to be")])])
    hasty.registry.push_image("app", image, "1")
    hasty.wait("app:1")
    blobs = image.blobs()
    total = sum(len(data) for data in blobs.values())
    assert gc(hasty, "--dry-run")["blobs"] == 0
    assert hasty.registry.request("DELETE", f"/v2/app/manifests/{image.digest}").status == 202
    for _ in range(2):
        found = gc(hasty, "--dry-run")
        assert found["preview"] is True
        assert (found["links"], found["blobs"], found["bytes"]) == (len(blobs), len(blobs), total)
    assert metric(hasty, "lazaret_storage_blobs") == len(blobs)
    before = metric(hasty, "lazaret_gc_removed_bytes_total")
    found = gc(hasty, "--now")
    assert found["preview"] is False and found["failures"] == 0
    assert (found["blobs"], found["bytes"]) == (len(blobs), total)
    assert not [path for path in (hasty.data / "blobs").rglob("*") if path.is_file()]
    assert metric(hasty, "lazaret_storage_blobs") == 0
    assert metric(hasty, "lazaret_gc_removed_bytes_total") - before == total
    assert metric(hasty, "lazaret_gc_removed_total", kind="blob") == len(blobs)
    assert metric(hasty, "lazaret_gc_rounds_total", result="ok") >= 1
    assert abs(metric(hasty, "lazaret_gc_last_round_seconds") - time.time()) < 600
    table = hasty.verb("gc", "--now").stdout.splitlines()
    assert table[0] == "removed" and table[3].split() == ["files", "0"]


def test_a_round_by_hand_keeps_the_grace(server):
    data = b"nobody names me yet"
    assert server.registry.push_blob("app", data).status == 201
    assert gc(server, "--now")["blobs"] == 0
    found = gc(server, "--dry-run")
    assert found["blobs"] == 0 and found["waiting"] >= 1
    assert server.registry.request("GET", f"/v2/app/blobs/{images.digest(data)}").status == 200


def test_wrong_usage_and_no_server(server):
    for options in ((), ("--now", "--dry-run"), ("--now", "--format", "xml"), ("--now", "--grace", "0s")):
        assert server.verb("gc", *options, check=False).returncode == 2
    done = servers.lazaret("gc", "--now", "--server", f"http://127.0.0.1:{servers.free_port()}",
                           check=False)
    assert done.returncode == 3 and "lazaret serve" in done.stderr
    assert server.registry.request("DELETE", "/api/v1/gc").status == 405


ASSESSMENT = "dbd0cb49-b563-45e7-9724-889e799fa648"


def sub_assessments(server):
    with sqlite3.connect(f"file:{server.data}/lazaret.db?mode=ro", uri=True) as database:
        subscription = database.execute("select guid from subscription").fetchone()[0]
    database.close()
    answer = server.registry.request(
        "GET", f"/subscriptions/{subscription}/resourceGroups/default/providers/"
        "Microsoft.ContainerRegistry/registries/lazaret/providers/Microsoft.Security/assessments/"
        f"{ASSESSMENT}/subAssessments?api-version=2019-01-01-preview")
    assert answer.status == 200, answer
    return [row["id"] for row in answer.json()["value"]]


def rows(server, table):
    with sqlite3.connect(f"file:{server.data}/lazaret.db?mode=ro", uri=True) as database:
        count = database.execute(f"select count(*) from {table}").fetchone()[0]
    database.close()
    return count


def test_nothing_is_known_of_an_image_after_its_last_manifest(make_server, tmp_path):
    server = make_server("loaded", start=False, env={
        "LAZARET_GC_GRACE_SECONDS": "0", "LAZARET_GC_INTERVAL_SECONDS": "86400"})
    server.load(osv.write_zip(tmp_path / "standard.zip", osv.STANDARD))
    server.start()
    image = images.debian_image([("libssl3", "3.0.9-1", "openssl"), ("curl", "7.88.1-10")])
    for name in ("one", "two"):
        server.registry.push_image(name, image, "1")
        server.wait(f"{name}:1", "Unhealthy")
    in_both = len(sub_assessments(server))
    assert in_both > 0 and rows(server, "image") == 1 and rows(server, "layer") >= 1

    # One of two is gone: the other keeps everything.
    assert server.registry.request("DELETE", f"/v2/one/manifests/{image.digest}").status == 202
    gc(server, "--now")
    assert 0 < len(sub_assessments(server)) <= in_both
    assert server.findings("two:1")["findings"]
    assert rows(server, "image") == 1

    assert server.registry.request("DELETE", f"/v2/two/manifests/{image.digest}").status == 202
    assert sub_assessments(server) == []
    for reference in ("one:1", f"two@{image.digest}"):
        answer = server.registry.request("GET", f"/api/v1/findings?image={reference}")
        assert answer.status == 404, answer
    assert server.registry.request("GET", "/api/v1/images").json()["images"] == []
    assert rows(server, "image") == 0 and rows(server, "image_set") == 0
    gc(server, "--now")
    assert rows(server, "layer") == 0 and rows(server, "blob") == 0
