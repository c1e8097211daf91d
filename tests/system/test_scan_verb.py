# SPDX-License-Identifier: Apache-2.0
"""`lazaret scan`: every form of target, no server, exit codes."""
import json
import subprocess

import pytest
from lib import images, osv
from lib.images import DEBIAN_12, DOCKER, OCI, Image, Layer
from lib.server import PROGRAM, cves, lazaret

EXPECTED = {("CVE-2023-5363", "libssl3", "3.0.9-1", "3.0.11-1~deb12u2"),
            ("CVE-2023-38545", "curl", "7.88.1-10", "7.88.1-10+deb12u4")}


@pytest.fixture
def data(tmp_path):
    lazaret("advisories", "import", "--data", tmp_path / "data",
            osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    return tmp_path / "data"


def two_layers(how="gzip", types=OCI):
    status = images.dpkg_status([("libssl3", "3.0.9-1", "openssl"), ("curl", "7.88.1-10")])
    return Image([Layer([("etc", None), ("etc/os-release", DEBIAN_12), ("var", None),
                         ("var/lib", None), ("var/lib/dpkg", None)], how),
                  Layer([("var/lib/dpkg/status", status)], how)], types)


def scan(data, target, *more, **options):
    done = lazaret("scan", target, "--data", data, "--format", "json", *more, **options)
    answer = json.loads(done.stdout)
    if isinstance(answer, dict) and "images" in answer:
        answer = answer["images"]
    return answer[0] if isinstance(answer, list) else answer


def test_docker_archive(data, tmp_path):
    path = two_layers("plain", DOCKER).write_docker_archive(tmp_path / "a.tar")
    answer = scan(data, path)
    assert answer["state"] == "Unhealthy" and cves(answer) == EXPECTED
    assert {f["layer"] for f in answer["findings"]} == {1}


def test_docker_archive_gzipped(data, tmp_path):
    path = two_layers("plain", DOCKER).write_docker_archive(tmp_path / "a.tar.gz", gzipped=True)
    assert cves(scan(data, path)) == EXPECTED


@pytest.mark.parametrize("how", ["gzip", "zstd", "plain"])
def test_oci_archive(data, tmp_path, how):
    assert cves(scan(data, two_layers(how).write_oci_archive(tmp_path / "a.tar"))) == EXPECTED


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_layout_directory(data, tmp_path, how):
    assert cves(scan(data, two_layers(how).write_layout(tmp_path / "layout"))) == EXPECTED


def test_root_directory(data, tmp_path):
    root = two_layers().write_root(tmp_path / "root")
    answer = scan(data, root)
    assert cves(answer) == EXPECTED
    assert answer["findings"][0]["evidence"] == "var/lib/dpkg/status"


def test_root_directory_does_not_follow_links_out(data, tmp_path):
    """A link in the scanned root that leads outside must not read the host's files."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "var/lib").mkdir(parents=True)
    (root / "etc/os-release").write_text(DEBIAN_12)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "status").write_text(images.dpkg_status([("libssl3", "3.0.9-1", "openssl")]))
    (root / "var/lib/dpkg").symlink_to(outside)
    answer = scan(data, root, check=False)
    assert answer["findings"] == []


def test_standard_input(data, tmp_path):
    path = two_layers("plain", DOCKER).write_docker_archive(tmp_path / "a.tar")
    with open(path, "rb") as file:
        done = subprocess.run([PROGRAM, "scan", "-", "--data", data, "--format", "json"],
                              stdin=file, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "CVE-2023-5363" in done.stdout


def test_table(data, tmp_path):
    path = two_layers().write_oci_archive(tmp_path / "a.tar")
    table = lazaret("scan", path, "--data", data).stdout
    for words in ("CVE-2023-5363", "libssl3", "3.0.9-1", "3.0.11-1~deb12u2", "Unhealthy"):
        assert words in table, f"{words} is not in\n{table}"


@pytest.mark.parametrize("severity, code", [("critical", 1), ("high", 1), ("any", 1)])
def test_fail_on_reached(data, tmp_path, severity, code):
    path = two_layers().write_oci_archive(tmp_path / "a.tar")
    done = lazaret("scan", path, "--data", data, "--fail-on", severity, check=False)
    assert done.returncode == code, done.stderr


def test_fail_on_not_reached(data, tmp_path):
    path = images.debian_image([("libssl3", "3.0.9-1", "openssl")]).write_oci_archive(
        tmp_path / "a.tar")
    assert lazaret("scan", path, "--data", data, "--fail-on", "critical").returncode == 0
    assert lazaret("scan", path, "--data", data, "--fail-on", "high",
                   check=False).returncode == 1


def test_no_advisories_is_said(tmp_path):
    path = two_layers().write_oci_archive(tmp_path / "a.tar")
    answer = scan(tmp_path / "empty", path, check=False)
    assert answer["state"] == "NoAdvisories" and answer["reason"]


def test_absent_target(data, tmp_path):
    done = lazaret("scan", tmp_path / "nothing.tar", "--data", data, check=False)
    assert done.returncode == 3 and "nothing.tar" in done.stderr


@pytest.mark.parametrize("content", [b"", b"garbage " * 100, b"\x1f\x8b\x08\x00broken"])
def test_not_an_archive(data, tmp_path, content):
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    done = lazaret("scan", path, "--data", data, check=False)
    assert done.returncode == 3, done.stdout
    assert "x.tar" in done.stderr + done.stdout


def test_archive_naming_an_absent_layer(data, tmp_path):
    image = two_layers("plain", DOCKER)
    image.write_docker_archive(tmp_path / "whole.tar")
    broken = images.make_tar([("manifest.json", json.dumps(
        [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["gone/layer.tar"]}])),
        ("c.json", image.config)])
    (tmp_path / "b.tar").write_bytes(broken)
    done = lazaret("scan", tmp_path / "b.tar", "--data", data, "--format", "json", check=False)
    assert done.returncode == 3
    assert "gone/layer.tar" in done.stdout + done.stderr


def test_writes_nothing(data, tmp_path):
    """A scan leaves the data directory as it was."""
    path = two_layers().write_oci_archive(tmp_path / "a.tar")
    before = sorted(p.name for p in data.rglob("*"))
    scan(data, path)
    assert sorted(p.name for p in data.rglob("*")) == before
