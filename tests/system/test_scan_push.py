# SPDX-License-Identifier: Apache-2.0
"""Inventory on push: what was pushed is read, squashed and judged, and every state says so."""
import json

import pytest
from lib import images, osv
from lib.images import DEBIAN_12, DOCKER, OCI, Image, Layer
from lib.server import cves

pytestmark = pytest.mark.server
OLD_OPENSSL = ("libssl3", "3.0.9-1", "openssl")
NEW_OPENSSL = ("libssl3", "3.0.11-1~deb12u2", "openssl")
OPENSSL_FINDING = ("CVE-2023-5363", "libssl3", "3.0.9-1", "3.0.11-1~deb12u2")


@pytest.mark.parametrize("types", [OCI, DOCKER], ids=["oci", "docker"])
@pytest.mark.parametrize("how", ["gzip", "zstd", "plain"])
def test_compressions_and_types(loaded, how, types):
    image = images.debian_image([OLD_OPENSSL, ("bash", "5.2.15-2+b2", "bash (5.2.15-2)")],
                                how=how, types=types)
    loaded.registry.push_image("app", image)
    answer = loaded.wait("app:latest", "Unhealthy")
    assert cves(answer) == {OPENSSL_FINDING}
    assert answer["packages"] == 2
    assert answer["platform"]["release"] == "Debian:12"
    assert answer["digest"] == image.digest


def test_media_type_does_not_decide(loaded):
    """A layer that says gzip and is not compressed is read as what it is."""
    layer = Layer([("etc/os-release", DEBIAN_12),
                   ("var/lib/dpkg/status", images.dpkg_status([OLD_OPENSSL]))], "plain")
    layer.how = "gzip"
    loaded.registry.push_image("app", Image([layer]))
    assert cves(loaded.wait("app", "Unhealthy")) == {OPENSSL_FINDING}


def test_finding_says_everything(loaded):
    image = images.debian_image([OLD_OPENSSL])
    loaded.registry.push_image("app", image)
    finding = loaded.wait("app", "Unhealthy")["findings"][0]
    assert finding["vulnerability"] == "CVE-2023-5363"
    assert finding["advisories"] == ["DSA-1-1"]
    assert finding["severity"] == "High" and finding["severitySource"] not in ("", "none")
    assert finding["cvss"]["score"] == 7.5
    assert finding["package"]["sourceName"] == "openssl"
    assert finding["layer"] == 0 and finding["layerDigest"] == image.layers[0].digest
    assert finding["evidence"] == "var/lib/dpkg/status"
    assert finding["purl"].startswith("pkg:deb/debian/libssl3@3.0.9-1")
    assert "3.0.11-1~deb12u2" in finding["remedy"]
    assert "3.0.9-1" in finding["explanation"] and "Debian:12" in finding["explanation"]


def test_source_version_decides(loaded):
    """The binary's epoch would hide the fix (1:2.38 is above every fix of util-linux 2.38)."""
    loaded.load(osv.write_jsonl(loaded.directory / "more.jsonl", [
        osv.record("DSA-9-1", "Debian:12", "util-linux", "2.38.1-5+deb12u1", "CVE-2024-28085")]))
    image = images.debian_image([("bsdutils", "1:2.38.1-5+b1", "util-linux (2.38.1-5)")])
    loaded.registry.push_image("app", image)
    answer = loaded.wait("app", "Unhealthy")
    assert [f["vulnerability"] for f in answer["findings"]] == ["CVE-2024-28085"]


def test_healthy(loaded):
    loaded.registry.push_image("app", images.debian_image([NEW_OPENSSL]))
    answer = loaded.wait("app", "Healthy")
    assert answer["findings"] == [] and answer["counts"]["total"] == 0


def test_no_fix_yet(loaded):
    loaded.registry.push_image("app", images.debian_image([("zlib1g", "1:1.2.13.dfsg-1", "zlib")]))
    finding = loaded.wait("app", "Unhealthy")["findings"][0]
    assert finding["vulnerability"] == "CVE-2023-45853"
    assert finding["fixState"] != "fixed" and finding["fixedVersion"] == ""
    assert finding["remedy"]


def test_removed_packages_do_not_count(loaded):
    image = images.debian_image([
        ("libssl3", "3.0.9-1", "openssl", "deinstall ok config-files"), NEW_OPENSSL])
    loaded.registry.push_image("app", image)
    loaded.wait("app", "Healthy")


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed",
                                  "var/lib/apk/db/installed"])
def test_apk_paths(loaded, path):
    image = images.alpine_image([("musl-utils", "1.1.22-r2", "musl")], path=path)
    loaded.registry.push_image("app", image)
    answer = loaded.wait("app", "Unhealthy")
    assert cves(answer) == {("CVE-2019-14697", "musl-utils", "1.1.22-r2", "1.1.22-r3")}
    assert answer["findings"][0]["evidence"] == path


def test_status_d(loaded):
    image = Image([Layer([
        ("usr/lib/os-release", DEBIAN_12),
        ("var/lib/dpkg/status.d/libssl3",
         "Package: libssl3\nVersion: 3.0.9-1\nSource: openssl\nArchitecture: amd64\n"),
        ("var/lib/dpkg/status.d/libssl3.md5sums", "0000  usr/lib/libssl.so.3\n"),
    ])])
    loaded.registry.push_image("app", image)
    assert cves(loaded.wait("app", "Unhealthy")) == {OPENSSL_FINDING}


def test_leading_dot_and_slash_in_names(loaded):
    image = Image([Layer([("./etc/os-release", DEBIAN_12),
                          ("/var/lib/dpkg/status", images.dpkg_status([OLD_OPENSSL]))])])
    loaded.registry.push_image("app", image)
    assert cves(loaded.wait("app", "Unhealthy")) == {OPENSSL_FINDING}


# --- layers

def base_layer(*packages):
    return Layer([("etc/os-release", DEBIAN_12),
                  ("var/lib/dpkg/status", images.dpkg_status(list(packages)))])


def status_layer(*packages, more=()):
    return Layer([("var/lib/dpkg/status", images.dpkg_status(list(packages))), *more])


def test_upgrade_in_an_upper_layer_heals(loaded):
    image = Image([base_layer(OLD_OPENSSL), status_layer(NEW_OPENSSL)])
    loaded.registry.push_image("app", image)
    loaded.wait("app", "Healthy")


def test_finding_belongs_to_the_layer_that_brought_it(loaded):
    curl = ("curl", "7.88.1-10")
    image = Image([base_layer(OLD_OPENSSL), status_layer(OLD_OPENSSL, curl)])
    loaded.registry.push_image("app", image)
    answer = loaded.wait("app", "Unhealthy")
    layers = {f["package"]["name"]: f["layer"] for f in answer["findings"]}
    assert layers == {"libssl3": 0, "curl": 1}
    digests = {f["package"]["name"]: f["layerDigest"] for f in answer["findings"]}
    assert digests == {"libssl3": image.layers[0].digest, "curl": image.layers[1].digest}


def test_downgrade_belongs_to_the_upper_layer(loaded):
    image = Image([base_layer(NEW_OPENSSL), status_layer(OLD_OPENSSL)])
    loaded.registry.push_image("app", image)
    assert loaded.wait("app", "Unhealthy")["findings"][0]["layer"] == 1


def test_whiteout_removes_the_database(loaded):
    image = Image([
        Layer([("etc/os-release", DEBIAN_12),
               ("var/lib/dpkg/status.d/libssl3",
                "Package: libssl3\nVersion: 3.0.9-1\nSource: openssl\n"),
               ("var/lib/dpkg/status.d/bash", "Package: bash\nVersion: 5.2.15-2\n")]),
        Layer([("var/lib/dpkg/status.d/.wh.libssl3", "")]),
    ])
    loaded.registry.push_image("app", image)
    answer = loaded.wait("app", "Healthy")
    assert answer["packages"] == 1


def test_opaque_directory_hides_what_lies_below(loaded):
    image = Image([
        Layer([("etc/os-release", DEBIAN_12),
               ("var/lib/dpkg/status.d/libssl3",
                "Package: libssl3\nVersion: 3.0.9-1\nSource: openssl\n")]),
        Layer([("var/lib/dpkg/status.d/bash", "Package: bash\nVersion: 5.2.15-2\n"),
               ("var/lib/dpkg/status.d/.wh..wh..opq", "")]),
    ])
    loaded.registry.push_image("app", image)
    answer = loaded.wait("app", "Healthy")
    assert answer["packages"] == 1, "only what the opaque layer itself brings"


def test_file_in_place_of_a_directory_hides_it(loaded):
    image = Image([
        Layer([("etc/os-release", DEBIAN_12),
               ("var/lib/dpkg/status.d/libssl3",
                "Package: libssl3\nVersion: 3.0.9-1\nSource: openssl\n")]),
        Layer([("var/lib/dpkg/status.d", "a file now"),
               ("var/lib/dpkg/status", images.dpkg_status([("bash", "5.2.15-2")]))]),
    ])
    loaded.registry.push_image("app", image)
    loaded.wait("app", "Healthy")


def test_same_layer_twice(loaded):
    layer = base_layer(OLD_OPENSSL)
    loaded.registry.push_image("app", Image([layer, layer]))
    assert cves(loaded.wait("app", "Unhealthy")) == {OPENSSL_FINDING}


def test_shared_layer_is_read_once(make_server, tmp_path):
    server = make_server(env={"LAZARET_LOG_LEVEL": "debug"}, start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    server.start()
    base = base_layer(OLD_OPENSSL)
    for number in range(3):
        server.registry.push_image(f"app{number}", Image([base, Layer([("n", str(number))])]))
    for number in range(3):
        server.wait(f"app{number}", "Unhealthy")
    reads = [e for e in server.events("layer.scanned") if base.digest in json.dumps(e)]
    assert len(reads) == 1, reads


# --- states

def test_release_without_advisories_is_no_health(loaded):
    release = DEBIAN_12.replace("12", "99")
    loaded.registry.push_image("app", images.debian_image([OLD_OPENSSL], release))
    answer = loaded.wait("app", "NoAdvisories")
    assert "99" in answer["reason"] and answer["packages"] == 1


def test_no_advisories_at_all(server):
    server.registry.push_image("app", images.debian_image([OLD_OPENSSL]))
    answer = server.wait("app", "NoAdvisories")
    assert answer["reason"]


def test_unknown_distribution_is_no_health(loaded):
    release = 'ID=nobodyknows\nVERSION_ID="1"\n'
    loaded.registry.push_image("app", images.debian_image([OLD_OPENSSL], release))
    answer = loaded.wait("app")
    assert answer["state"] in ("NoAdvisories", "Unsupported") and answer["reason"]


def test_scratch_image_is_unsupported(loaded):
    loaded.registry.push_image("app", Image([Layer([("bin/tool", b"\x7fELF...")])]))
    answer = loaded.wait("app", "Unsupported")
    assert answer["reason"]


def test_windows_image_is_unsupported(loaded):
    image = Image([Layer([("Files/Windows/System32/x.dll", b"MZ")])], os="windows")
    loaded.registry.push_image("app", image)
    assert "indows" in loaded.wait("app", "Unsupported")["reason"]


def test_artifact_is_unsupported(loaded):
    registry, config, layer = loaded.registry, b"{}", b"a chart"
    for data in (config, layer):
        registry.push_blob("chart", data)
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": OCI["manifest"],
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json",
                   "digest": images.digest(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                    "digest": images.digest(layer), "size": len(layer)}]}).encode()
    assert registry.put_manifest("chart", "1.0", manifest, OCI["manifest"]).status == 201
    answer = loaded.wait("chart:1.0", "Unsupported")
    assert "artifact" in answer["reason"].lower() or "helm" in answer["reason"].lower()


def test_attestation_in_an_index_is_unsupported(loaded):
    registry = loaded.registry
    image = images.debian_image([OLD_OPENSSL])
    registry.push_image("app", image, image.digest)
    statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    config = json.dumps({"architecture": "unknown", "os": "unknown", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [images.digest(statement)]}}).encode()
    for data in (statement, config):
        registry.push_blob("app", data)
    attestation = json.dumps({
        "schemaVersion": 2, "mediaType": OCI["manifest"],
        "config": {"mediaType": OCI["config"], "digest": images.digest(config),
                   "size": len(config)},
        "layers": [{"mediaType": "application/vnd.in-toto+json",
                    "digest": images.digest(statement), "size": len(statement)}]}).encode()
    name = images.digest(attestation)
    assert registry.put_manifest("app", name, attestation, OCI["manifest"]).status == 201
    index = images.make_index([image], extra=[{
        "mediaType": OCI["manifest"], "digest": name, "size": len(attestation),
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest",
                        "vnd.docker.reference.digest": image.digest}}])
    assert registry.put_manifest("app", "latest", index, OCI["index"]).status == 201
    loaded.wait(f"app@{image.digest}", "Unhealthy")
    assert loaded.wait(f"app@{name}", "Unsupported")["reason"]


def test_damaged_layer_fails_with_a_reason(loaded):
    good = Layer([("etc/os-release", DEBIAN_12)])
    bad = Layer(raw=good.bytes[:len(good.bytes) // 2], diff_id=good.diff_id)
    loaded.registry.push_image("app", Image([bad]))
    answer = loaded.wait("app", "Failed")
    assert answer["reason"] and answer["findings"] == []


def test_manifest_put_does_not_wait(make_server, tmp_path):
    """With no worker able to finish soon, PUT manifest still answers at once."""
    server = make_server()
    big = Layer([("zeros", b"\0" * 60_000_000), ("etc/os-release", DEBIAN_12)])
    import time
    for wanted, data in Image([big]).blobs().items():
        server.registry.push_blob("app", data, wanted)
    image = Image([big])
    begin = time.monotonic()
    assert server.registry.put_manifest("app", "latest", image.manifest,
                                        image.media_type).status == 201
    assert time.monotonic() - begin < 1.0
    server.wait("app", timeout=120)


def test_restart_resumes_scans(make_server, tmp_path):
    """An image that was not judged when the server was killed is judged after the restart."""
    server = make_server(start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    server.start()
    for number in range(6):
        server.registry.push_image("app", images.debian_image(
            [OLD_OPENSSL, ("p", str(number))]), f"t{number}")
    server.kill()
    server.start()
    for number in range(6):
        assert cves(server.wait(f"app:t{number}", "Unhealthy")) == {OPENSSL_FINDING}
