# SPDX-License-Identifier: Apache-2.0
"""Real images against real advisories (the shared test data, imported whole). What must come out is
computed by reference_matcher.py, which shares no code with lazaret and asks the distribution's own
tool to compare versions."""
import gzip
import json
import os
import subprocess
import tarfile

import pytest
import reference_matcher
from conftest import SHARED, shared_path
from lib import images
from lib.server import Server, cves, lazaret

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory with all ecosystems of the shared data in it."""
    shared_path("osv")
    directory = tmp_path_factory.mktemp("real")
    zips = sorted((SHARED / "data/osv").glob("*/all.zip")) + [SHARED / "data/cve5/all.zip"]
    done = lazaret("advisories", "import", "--data", directory / "data", *zips, timeout=900)
    (directory / "import.txt").write_text(done.stdout + done.stderr)
    return directory / "data"


@pytest.fixture(scope="module")
def running(data, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), data=data).start()
    yield server
    server.stop()


def scan(data, path):
    done = lazaret("scan", path, "--data", data, "--format", "json", timeout=300)
    answer = json.loads(done.stdout)
    if isinstance(answer, dict) and "images" in answer:
        answer = answer["images"]
    return answer[0] if isinstance(answer, list) else answer


def triples(answer):
    return {(f["package"]["name"], f["package"]["version"], f["vulnerability"])
            for f in answer["findings"]}


def test_all_records_are_read(data):
    state = json.loads(lazaret("advisories", "status", "--data", data, "--format", "json").stdout)
    assert sum(source["records"] for source in state["sources"]) >= 42_000
    assert sum(source.get("bad", 0) for source in state["sources"]) == 0


def test_alpine_3_10_2_by_skopeo(running, tmp_path):
    path = shared_path("images/alpine/alpine-3.10.2-docker-save.tar.gz")
    plain = tmp_path / "alpine.tar"  # this skopeo takes no gzipped docker-archive
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    subprocess.run(["skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false",
                    f"docker-archive:{plain}", f"docker://{running.address}/alpine:3.10.2"],
                   check=True, capture_output=True, timeout=120)
    answer = running.wait("alpine:3.10.2", "Unhealthy", timeout=60)
    assert answer["packages"] == 14 and answer["platform"]["release"] == "Alpine:v3.10"
    assert ("musl", "1.1.22-r3", "CVE-2020-28928") in triples(answer)
    assert cves(answer) == cves(scan(running.data, path)), "push and scan agree"


@pytest.mark.skipif(os.geteuid() != 0, reason="apk compares versions in a chroot, which needs root")
def test_alpine_3_10_2_by_the_reference(data, tmp_path):
    """The same findings as the independent matcher, whose referee is Alpine's own apk."""
    path = shared_path("images/alpine/alpine-3.10.2-docker-save.tar.gz")
    with tarfile.open(shared_path("images/alpine/alpine-minirootfs-3.18.9-x86_64.tar.gz")) as tar:
        tar.extractall(tmp_path / "apk")
    layers = list(reference_matcher.archive_layers(path))
    installed = reference_matcher.read_file(layers, "lib/apk/db/installed")
    expected = reference_matcher.findings(
        reference_matcher.apk_packages(installed),
        reference_matcher.advisories(SHARED / "data/osv/Alpine/all.zip", "Alpine:v3.10"),
        reference_matcher.apk_less_by(tmp_path / "apk"))
    assert expected and triples(scan(data, path)) == expected


def test_alpine_3_10_9_is_healthy(running):
    path = shared_path("images/alpine/alpine-minirootfs-3.10.9-x86_64.tar.gz")
    running.registry.push_image("alpine", images.image_of_root_tar(path), "3.10.9")
    answer = running.wait("alpine:3.10.9", "Healthy", timeout=60)
    assert answer["findings"] == [] and answer["packages"] == 14


@pytest.mark.parametrize("version, packages", [("3.15.11", 14), ("3.18.9", 15)])
def test_alpine_without_advisories(running, version, packages):
    path = shared_path(f"images/alpine/alpine-minirootfs-{version}-x86_64.tar.gz")
    running.registry.push_image("alpine", images.image_of_root_tar(path), version)
    answer = running.wait(f"alpine:{version}", "NoAdvisories", timeout=60)
    assert answer["packages"] == packages and answer["findings"] == []
    assert ".".join(version.split(".")[:2]) in answer["reason"]


@pytest.mark.parametrize("name, release, packages", [
    ("docker-save-nginx-debian10", "Debian:10", 84),
    ("docker-save-dockergoof-debian8", "Debian:8", 381),
])
def test_debian_archives(running, name, release, packages):
    path = shared_path(f"images/archives/{name}.tar")
    scanned = scan(running.data, path)
    assert scanned["state"] == "Unhealthy" and scanned["packages"] == packages
    assert scanned["platform"]["release"] == release
    running.registry.push_image(name, images.image_of_archive(path))
    pushed = running.wait(name, "Unhealthy", timeout=60)
    assert cves(pushed) == cves(scanned)
    layers = list(reference_matcher.archive_layers(path))
    status = reference_matcher.read_file(layers, "var/lib/dpkg/status")
    expected = reference_matcher.findings(
        reference_matcher.dpkg_packages(status),
        reference_matcher.advisories(SHARED / "data/osv/Debian/all.zip", release),
        reference_matcher.dpkg_less)
    assert triples(pushed) == expected
