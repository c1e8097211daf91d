# SPDX-License-Identifier: Apache-2.0
"""/metrics: the format, that the figures are true, who may ask, and that the documents know every one."""
import os
import re

import pytest
from lib import images
from lib import server as servers
from lib.images import digest
from lib.prometheus import Page

pytestmark = pytest.mark.server
BLOB = "/v2/{name*}/blobs/{digest}"


def page(server):
    answer = server.registry.request("GET", "/metrics")
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Page(answer.body.decode())


def test_figures_follow_what_happens(loaded):
    before = page(loaded)
    assert before.value("lazaret_storage_blobs") == 0
    assert before.value("lazaret_scan_backlog") == 0
    assert 0 <= before.value("lazaret_advisories_age_seconds") < 3600
    data = os.urandom(5000)
    location = loaded.registry.path_of(loaded.registry.start_upload("app"))
    assert page(loaded).value("lazaret_uploads_open") == 1
    assert loaded.registry.request("PUT", f"{location}?digest={digest(data)}", data).status == 201
    for _ in range(3):
        assert loaded.registry.request("GET", f"/v2/app/blobs/{digest(data)}").status == 200
    assert loaded.registry.request("GET", f"/v2/app/blobs/{digest(b'other')}").status == 404
    assert loaded.registry.request("GET", "/nowhere").status == 404
    after = page(loaded)
    requests = "lazaret_http_requests_total"
    assert after.value(requests, method="GET", route=BLOB, code="2xx") == 3
    assert after.value(requests, method="GET", route=BLOB, code="4xx") == 1
    assert after.value(requests, method="", route="", code="4xx") == 1
    assert after.value("lazaret_http_request_seconds_count", method="GET", route=BLOB) == 4
    assert after.value("lazaret_uploads_open") == 0
    assert after.value("lazaret_storage_blobs") == 1
    assert after.value("lazaret_storage_bytes") == 5000
    body = "lazaret_http_body_bytes_total"
    assert after.value(body, direction="in") - before.value(body, direction="in") == 5000
    assert after.value(body, direction="out") - before.value(body, direction="out") > 15000
    assert after.value("lazaret_database_commits_total", kind="relaxed") >= 1
    assert after.value("lazaret_database_write_seconds_count", kind="durable") >= 1
    assert after.value("lazaret_http_connections") >= 1
    assert after.value("process_threads") >= 3
    assert after.value("process_resident_memory_bytes") > 1 << 20
    assert after.value("process_open_fds") < after.value("process_max_fds")
    assert after.value("process_cpu_seconds_total") > 0


def test_a_scan_is_counted(loaded):
    image = images.debian_image([("bash", "5.1", "bash")])
    loaded.registry.push_image("app", image, "1")
    loaded.wait("app:1", until=lambda answer: answer["state"] != "NotScanned")
    found = page(loaded)
    assert found.value("lazaret_layer_scans_total", result="ok") == 1
    assert found.value("lazaret_layer_scans_total", result="failed") == 0
    assert found.value("lazaret_layer_scan_seconds_count") >= 1
    assert found.value("lazaret_worker_starts_total") >= 1


def test_totals_survive_a_restart(server):
    assert server.registry.push_blob("app", b"x" * 100).status == 201
    server.registry.start_upload("app")
    server.kill()
    server.start()
    found = page(server)
    assert found.value("lazaret_storage_bytes") == 100
    assert found.value("lazaret_uploads_open") == 1
    assert found.value("lazaret_advisories_age_seconds") is None


def test_who_may_ask(make_server):
    closed = make_server("closed", env={"LAZARET_SERVER_METRICS": "off"})
    assert closed.registry.request("GET", "/metrics").status == 404
    opened = make_server("opened", env={"LAZARET_SERVER_METRICS": "open"})
    assert opened.registry.request("GET", "/metrics").status == 200


def test_every_metric_is_shown_and_documented(server):
    table = (servers.ROOT / "src/base/metrics.def").read_text()
    names = re.findall(r'^METRIC(?:_ROUTE)?\(\w+, \w+, "(\w+)"', table, re.M)
    assert len(names) > 15
    assert list(page(server).types) == names
    manual = (servers.ROOT / "docs/metrics.md").read_text()
    for name, label in re.findall(r'^METRIC(?:_ROUTE)?\(\w+, \w+, "(\w+)", "(\w*)"', table, re.M):
        row = next((line for line in manual.splitlines() if line.startswith(f"| `{name}` |")), None)
        assert row, f"docs/metrics.md does not name {name}"
        assert not label or f"`{label}`" in row, f"docs/metrics.md: {name} has a label {label}"
