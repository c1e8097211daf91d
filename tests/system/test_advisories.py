# SPDX-License-Identifier: Apache-2.0
"""Advisories: every form of input, bad records counted and named, atomic switch, re-judging without
opening a layer."""
import http.server
import json
import shutil
import subprocess
import threading
import time
import zipfile

import pytest
from lib import images, osv
from lib.server import PROGRAM, cves, lazaret

OLD_OPENSSL = ("libssl3", "3.0.9-1", "openssl")


def import_json(data, *paths):
    """Imports; returns (report text, status)."""
    done = lazaret("advisories", "import", "--data", data, *paths)
    return done.stdout + done.stderr, status(data)


def status(data):
    return json.loads(lazaret("advisories", "status", "--data", data, "--format", "json").stdout)


def total_records(state):
    return sum(source["records"] for source in state["sources"])


@pytest.mark.parametrize("form", ["zip", "directory", "json", "json-list", "jsonl"])
def test_forms(tmp_path, form):
    path = tmp_path / "input"
    if form == "zip":
        osv.write_zip(path.with_suffix(".zip"), osv.STANDARD)
        path = path.with_suffix(".zip")
    elif form == "directory":
        osv.write_directory(path, osv.STANDARD)
    elif form == "json-list":
        path = path.with_suffix(".json")
        path.write_text(json.dumps(osv.STANDARD))
    elif form == "jsonl":
        path = osv.write_jsonl(path.with_suffix(".jsonl"), osv.STANDARD)
    else:
        paths = []
        for item in osv.STANDARD:
            paths.append(tmp_path / (item["id"] + ".json"))
            paths[-1].write_text(json.dumps(item))
        _, state = import_json(tmp_path / "data", *paths)
        assert total_records(state) == len(osv.STANDARD)
        return
    _, state = import_json(tmp_path / "data", path)
    assert total_records(state) == len(osv.STANDARD)
    assert len(state["id"]) == 64
    assert any("Debian:12" in json.dumps(release) for release in state["releases"])


def test_half_broken_zip(tmp_path):
    """The good half is kept, every bad record is counted and named with its reason."""
    good = [osv.record(f"DSA-{n}-1", "Debian:12", f"package{n}", "2.0") for n in range(50)]
    broken = [(f"bad-{n}.json", text) for n, text in enumerate(
        ["{", "", "[]", '{"id": 7}', '{"affected": []}', "\0\0", '{"id":"X","affected":"no"}',
         "not json at all"] * 6 + ['{"id": "Y"'] * 2)]
    text, state = import_json(tmp_path / "data", osv.write_zip(tmp_path / "half.zip", good, broken))
    assert total_records(state) == 50
    assert state["bad"] == 50 or sum(s.get("bad", 0) for s in state["sources"]) == 50, state
    assert "50" in text and "bad-0.json" in text, text


def test_hostile_records_are_named_and_never_fatal(tmp_path):
    def osv_range(*events):
        return [{"package": {"ecosystem": "Debian:12", "name": "x"},
                 "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}]

    records = {
        "good.json": json.dumps({"id": "DSA-1", "affected": osv_range({"introduced": "0"}, {"fixed": "2"})}),
        "huge.json": '{"id": "HUGE", "details": "' + "0" * (100 << 20) + '"}',
        "values.json": '{"id": "VALUES", "x": [' + "{}," * 1000000 + "1]}",
        "latin.json": '{"id": "LATIN-\xe9"}'.encode("latin-1"),
        "twice.json": json.dumps({"id": "DSA-1", "affected": osv_range({"introduced": "0"}, {"fixed": "3"})}),
        # These are read: what they contain is judged, not refused.
        "contradiction.json": json.dumps({"id": "DSA-2", "affected": osv_range({"introduced": "5"}, {"fixed": "1"})}),
        "circle1.json": json.dumps({"id": "DSA-3", "aliases": ["DSA-4"], "affected": osv_range({"introduced": "0"})}),
        "circle2.json": json.dumps({"id": "DSA-4", "aliases": ["DSA-3"], "affected": osv_range({"introduced": "0"})}),
        "unparsable.json": json.dumps({"id": "DSA-5", "affected": osv_range({"introduced": "no version"})}),
    }
    feed = tmp_path / "hostile.zip"
    with zipfile.ZipFile(feed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in records.items():
            archive.writestr(name, text)
    text, state = import_json(tmp_path / "data", feed)
    assert (state["records"], state["bad"]) == (5, 4)
    named = {bad["where"].split(": ")[-1] for bad in state["badRecords"]}
    assert named == {"huge.json", "values.json", "latin.json", "twice.json"}
    shown = lazaret("advisories", "status", "--data", tmp_path / "data").stdout
    assert all(name in shown for name in named)


def test_unreadable_path_changes_nothing(tmp_path):
    _, before = import_json(tmp_path / "data", osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    done = lazaret("advisories", "import", "--data", tmp_path / "data", tmp_path / "absent.zip",
                   check=False)
    assert done.returncode == 3 and "absent.zip" in done.stderr
    assert status(tmp_path / "data")["id"] == before["id"]


def test_damaged_zip_changes_nothing(tmp_path):
    _, before = import_json(tmp_path / "data", osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    whole = osv.write_zip(tmp_path / "b.zip", osv.STANDARD * 1).read_bytes()
    (tmp_path / "cut.zip").write_bytes(b"PK\3\4 no zip" + whole[10:40])
    done = lazaret("advisories", "import", "--data", tmp_path / "data", tmp_path / "cut.zip",
                   check=False)
    assert "cut.zip" in done.stderr + done.stdout
    after = status(tmp_path / "data")
    assert total_records(after) >= len(osv.STANDARD) and after["releases"] == before["releases"]


def test_second_import_keeps_other_sources(tmp_path):
    data = tmp_path / "data"
    import_json(data, osv.write_zip(tmp_path / "one.zip", [osv.OPENSSL]))
    _, state = import_json(data, osv.write_zip(tmp_path / "two.zip", [osv.MUSL, osv.CURL]))
    assert total_records(state) == 3
    _, state = import_json(data, osv.write_zip(tmp_path / "two.zip", [osv.MUSL]))
    assert total_records(state) == 2


def test_status_without_advisories(tmp_path):
    done = lazaret("advisories", "status", "--data", tmp_path / "data", check=False)
    assert "advisories" in (done.stdout + done.stderr).lower()
    assert "import" in done.stdout + done.stderr, "says what to do"


def test_same_content_same_snapshot_id(tmp_path):
    _, one = import_json(tmp_path / "d1", osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    _, two = import_json(tmp_path / "d1", tmp_path / "a.zip")
    assert total_records(one) == total_records(two)


@pytest.mark.server
def test_withdrawn_records_do_not_match(server, tmp_path):
    gone = dict(osv.OPENSSL, withdrawn="2024-02-01T00:00:00Z")
    server.load(osv.write_zip(tmp_path / "a.zip", [gone, osv.CURL]))
    server.registry.push_image("app", images.debian_image([OLD_OPENSSL]))
    server.wait("app", "Healthy")


@pytest.mark.server
def test_new_snapshot_judges_again_without_reading_layers(make_server, tmp_path):
    """The layer file is deleted first: the second verdict can only come from the inventory."""
    server = make_server(env={"LAZARET_LOG_LEVEL": "debug"}, start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", [osv.CURL]))
    server.start()
    image = images.debian_image([OLD_OPENSSL])
    server.registry.push_image("app", image)
    first = server.wait("app", "Healthy")
    hexes = image.layers[0].digest.split(":")[1]
    files = [p for p in server.data.rglob("*") if hexes in p.name]
    assert files, "the layer is a file"
    for path in files:
        path.unlink()
    reads = len(server.events("layer.scanned"))
    server.load(osv.write_zip(tmp_path / "b.zip", [osv.OPENSSL]))
    second = server.wait("app", "Unhealthy")
    assert second["snapshot"]["id"] != first["snapshot"]["id"]
    assert {f[0] for f in cves(second)} == {"CVE-2023-5363"}
    assert len(server.events("layer.scanned")) == reads
    assert server.events("snapshot.switch")


@pytest.mark.server
def test_release_gains_and_verdicts_follow(make_server, tmp_path):
    """NoAdvisories becomes a verdict when the release appears, and back when the source loses it."""
    server = make_server()
    server.registry.push_image("app", images.debian_image([OLD_OPENSSL]))
    server.wait("app", "NoAdvisories")
    server.load(osv.write_zip(tmp_path / "a.zip", [osv.OPENSSL]))
    server.wait("app", "Unhealthy")
    fixed = osv.record("DSA-1-1", "Debian:12", "openssl", "3.0.8-1", "CVE-2023-5363")
    server.load(osv.write_zip(tmp_path / "a.zip", [fixed]))
    server.wait("app", "Healthy")
    server.load(osv.write_zip(tmp_path / "a.zip", [osv.MUSL]))
    server.wait("app", "NoAdvisories")


@pytest.mark.server
def test_verdicts_stay_readable_while_snapshots_switch(loaded, tmp_path):
    """Readers see the old or the new verdict, never none."""
    loaded.registry.push_image("app", images.debian_image([OLD_OPENSSL, ("curl", "7.88.1-10")]))
    loaded.wait("app", "Unhealthy")
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            answer = loaded.findings("app")
            seen.append((answer["state"], answer["counts"]["total"], len(answer["findings"])))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(4):
        extra = osv.record(f"DSA-1{number}-1", "Debian:12", "curl", "7.99", f"CVE-2024-000{number}")
        loaded.load(osv.write_zip(tmp_path / f"more{number}.zip", [extra]))
    loaded.wait("app", until=lambda a: len(a["findings"]) == 6)
    stop.set()
    reader.join()
    assert {state for state, _, _ in seen} == {"Unhealthy"}
    assert all(total == listed for _, total, listed in seen), seen


def test_killed_import_leaves_a_whole_snapshot(tmp_path):
    """Killed at any moment, the old snapshot or the new one is in force, and it is whole."""
    data = tmp_path / "data"
    _, before = import_json(data, osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    more = [osv.record(f"DSA-{n + 100}-1", "Debian:12", f"p{n}", "1.0") for n in range(4000)]
    osv.write_zip(tmp_path / "b.zip", more)
    begin = time.monotonic()
    import_json(tmp_path / "rehearsal", tmp_path / "b.zip")
    whole = time.monotonic() - begin
    killed = 0
    for step in range(1, 16):
        process = subprocess.Popen([PROGRAM, "advisories", "import", "--data", data,
                                    tmp_path / "b.zip"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(whole * step / 14)
        killed += process.poll() is None
        process.kill()
        process.wait()
        after = status(data)
        if after["id"] == before["id"]:
            assert total_records(after) == len(osv.STANDARD)
        else:
            assert total_records(after) == len(osv.STANDARD) + 4000
            break
    assert killed > 3, "the import must be under way when it is killed"
    _, after = import_json(data, tmp_path / "b.zip")
    assert total_records(after) == len(osv.STANDARD) + 4000


def test_two_imports_at_once(tmp_path):
    """Both finish; the result is one of the two orders, with no source lost."""
    data = tmp_path / "data"
    osv.write_zip(tmp_path / "one.zip", [osv.OPENSSL])
    osv.write_zip(tmp_path / "two.zip", [osv.MUSL])
    codes = []

    def run(name):
        codes.append(lazaret("advisories", "import", "--data", data, tmp_path / name,
                             check=False).returncode)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one.zip", "two.zip")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if codes == [0, 0]:
        assert total_records(status(data)) == 2
    else:
        assert sorted(codes) == [0, 3] and total_records(status(data)) == 1
    shutil.rmtree(data)


class Feed(http.server.BaseHTTPRequestHandler):
    """Serves what its server's table says: bytes, a status, or a body cut short (negative)."""

    def do_GET(self):
        answer = self.server.table.get(self.path, 404)
        if isinstance(answer, int) and answer > 0:
            self.send_error(answer)
            return
        cut = isinstance(answer, tuple)
        body = answer[0] if cut else answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (100 if cut else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def feed():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    server.table = {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def update(data, feed, *more):
    return lazaret("advisories", "update", "--data", data, "--url",
                   f"http://127.0.0.1:{feed.server_port}", *more, check=False)


def test_update_downloads_and_imports(tmp_path, feed):
    archive = osv.write_zip(tmp_path / "all.zip", osv.STANDARD).read_bytes()
    feed.table = {"/Debian/all.zip": archive, "/Alpine/all.zip": archive}
    done = update(tmp_path / "data", feed)
    assert done.returncode == 0, done.stderr
    before = status(tmp_path / "data")
    assert total_records(before) >= len(osv.STANDARD)
    assert {source["name"] for source in before["sources"]} == {"Debian/all.zip", "Alpine/all.zip"}
    assert [path for path in (tmp_path / "data/advisories").iterdir()
            if path.name.startswith("download")] == [], "nothing is left over"


@pytest.mark.parametrize("answer, words", [(404, "404"), (503, "503"), (None, "")])
def test_update_that_fails_changes_nothing(tmp_path, feed, answer, words):
    archive = osv.write_zip(tmp_path / "all.zip", osv.STANDARD).read_bytes()
    feed.table = {"/Debian/all.zip": archive, "/Alpine/all.zip": archive}
    assert update(tmp_path / "data", feed).returncode == 0
    before = status(tmp_path / "data")
    feed.table["/Alpine/all.zip"] = (archive[:100],) if answer is None else answer
    done = update(tmp_path / "data", feed)
    assert done.returncode == 3 and words in done.stderr and "Alpine" in done.stderr
    assert status(tmp_path / "data")["id"] == before["id"]
