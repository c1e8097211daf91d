# SPDX-License-Identifier: Apache-2.0
"""Real clients push and pull: what comes back is what went in, bit for bit, and it is judged."""
import json
import os
import pathlib

import pytest
from conftest import need
from lib import images
from lib.clients import Clients, Dockerd
from lib.images import DEBIAN_12, DOCKER, OCI, Image, Layer, digest
from lib.server import cves

pytestmark = pytest.mark.slow
EXPECTED = {("CVE-2023-5363", "libssl3", "3.0.9-1", "3.0.11-1~deb12u2")}


@pytest.fixture
def clients(tmp_path):
    made = Clients(tmp_path / "clients")
    yield made
    made.close()


@pytest.fixture
def image():
    status = images.dpkg_status([("libssl3", "3.0.9-1", "openssl"), ("bash", "5.2.15-2")])
    return Image([
        Layer([("etc", None), ("etc/os-release", DEBIAN_12), ("usr", None),
               ("usr/random", os.urandom(3_000_000))]),
        Layer([("var", None), ("var/lib", None), ("var/lib/dpkg", None),
               ("var/lib/dpkg/status", status)]),
    ])


def layout_blobs(directory):
    return {p.name: p.read_bytes() for p in pathlib.Path(directory).glob("blobs/sha256/*")}


def stored_manifest(server, name, reference="latest"):
    answer = server.registry.request("GET", f"/v2/{name}/manifests/{reference}")
    assert answer.status == 200, answer
    return answer


# --- skopeo

def test_skopeo_oci_is_bit_exact(loaded, clients, image, tmp_path):
    need("skopeo")
    layout = image.write_layout(tmp_path / "in")
    target = f"docker://{loaded.address}/oci"
    clients.skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:latest", f"{target}:latest")
    assert stored_manifest(loaded, "oci").body == image.manifest
    clients.skopeo("copy", "--src-tls-verify=false", f"{target}:latest",
                   f"oci:{tmp_path / 'out'}:latest")
    out, wanted = layout_blobs(tmp_path / "out"), layout_blobs(layout)
    assert out == wanted
    assert cves(loaded.wait("oci", "Unhealthy")) == EXPECTED


def test_skopeo_docker_v2_is_bit_exact(loaded, clients, image, tmp_path):
    need("skopeo")
    archive = image.write_docker_archive(tmp_path / "in.tar")
    target = f"docker://{loaded.address}/v2s2"
    clients.skopeo("copy", "--dest-tls-verify=false", "--format", "v2s2",
                   f"docker-archive:{archive}", f"{target}:latest")
    stored = stored_manifest(loaded, "v2s2")
    assert stored.headers["content-type"] == DOCKER["manifest"]
    clients.skopeo("copy", "--src-tls-verify=false", f"{target}:latest", f"dir:{tmp_path / 'out'}")
    assert (tmp_path / "out/manifest.json").read_bytes() == stored.body
    for layer in json.loads(stored.body)["layers"]:
        data = (tmp_path / "out" / layer["digest"].split(":")[1]).read_bytes()
        assert digest(data) == layer["digest"]
    assert cves(loaded.wait("v2s2", "Unhealthy")) == EXPECTED


def test_skopeo_zstd(loaded, clients, image, tmp_path):
    need("skopeo")
    clients.skopeo("copy", "--dest-tls-verify=false", "--dest-compress-format", "zstd",
                   "--format", "oci", f"docker-archive:{image.write_docker_archive(tmp_path / 'i')}",
                   f"docker://{loaded.address}/zstd:latest")
    manifest = json.loads(stored_manifest(loaded, "zstd").body)
    assert {layer["mediaType"] for layer in manifest["layers"]} == {OCI["zstd"]}
    assert cves(loaded.wait("zstd", "Unhealthy")) == EXPECTED


def test_skopeo_index_with_all_images(loaded, clients, image, tmp_path):
    """`copy --all` of an index brings index and images back as they were."""
    need("skopeo")
    other = Image(image.layers, arch="arm64")
    for each in (image, other):
        loaded.registry.push_image("multi", each, each.digest)
    index = images.make_index([image, other])
    assert loaded.registry.put_manifest("multi", "latest", index, OCI["index"]).status == 201
    source = f"docker://{loaded.address}/multi:latest"
    target = f"docker://{loaded.address}/copy/of/multi:latest"
    clients.skopeo("copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", source, target)
    assert stored_manifest(loaded, "copy/of/multi").body == index
    for each in (image, other):
        assert stored_manifest(loaded, "copy/of/multi", each.digest).body == each.manifest
        assert cves(loaded.wait(f"copy/of/multi@{each.digest}", "Unhealthy")) == EXPECTED


def test_skopeo_inspect_and_list_tags(loaded, clients, image):
    need("skopeo")
    for tag in ("1.0", "1.1"):
        loaded.registry.push_image("app", image, tag)
    told = json.loads(clients.skopeo("inspect", "--tls-verify=false",
                                     f"docker://{loaded.address}/app:1.0"))
    assert told["Digest"] == image.digest and told["RepoTags"] == ["1.0", "1.1"]
    listed = json.loads(clients.skopeo("list-tags", "--tls-verify=false",
                                       f"docker://{loaded.address}/app"))
    assert listed["Tags"] == ["1.0", "1.1"]


def test_skopeo_second_push_sends_no_layer(loaded, clients, image, tmp_path):
    need("skopeo")
    layout = image.write_layout(tmp_path / "in")
    for name in ("one", "one"):
        clients.skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:latest",
                       f"docker://{loaded.address}/{name}:latest")
    starts = [e for e in loaded.events("request") if "POST" in str(e)]
    assert len(starts) == 3, "two layers and the configuration, once"


# --- podman and buildah

def test_podman(loaded, clients, image, tmp_path):
    need("podman")
    archive = image.write_oci_archive(tmp_path / "in.tar")
    loaded_name = clients.podman("a", "load", "-q", "-i", archive).strip().split()[-1]
    target = f"{loaded.address}/podman/app:latest"
    clients.podman("a", "push", "--tls-verify=false", loaded_name, target)
    first = stored_manifest(loaded, "podman/app").body
    assert cves(loaded.wait("podman/app", "Unhealthy")) == EXPECTED
    clients.podman("b", "pull", "-q", "--tls-verify=false", target)
    pulled = json.loads(clients.podman("b", "image", "inspect", target))[0]
    assert pulled["Digest"] == digest(first)
    assert pulled["RootFS"]["Layers"] == [layer.diff_id for layer in image.layers]
    clients.podman("b", "push", "--tls-verify=false", target, f"{loaded.address}/podman/again:latest")
    wait = loaded.wait("podman/again", "Unhealthy")
    assert cves(wait) == EXPECTED


def test_podman_docker_format(loaded, clients, image, tmp_path):
    need("podman")
    name = clients.podman("a", "load", "-q", "-i",
                          image.write_docker_archive(tmp_path / "in.tar")).strip().split()[-1]
    clients.podman("a", "push", "--tls-verify=false", "--format", "v2s2", name,
                   f"{loaded.address}/podman/v2s2:latest")
    assert stored_manifest(loaded, "podman/v2s2").headers["content-type"] == DOCKER["manifest"]
    assert cves(loaded.wait("podman/v2s2", "Unhealthy")) == EXPECTED


def test_buildah(loaded, clients, image, tmp_path):
    """Build on top of what is in the registry, push, pull."""
    need("buildah")
    loaded.registry.push_image("base", image)
    target = f"{loaded.address}/buildah/app:latest"
    work = clients.buildah("a", "from", "--tls-verify=false", "-q",
                           f"{loaded.address}/base:latest").strip()
    extra = tmp_path / "note.txt"
    extra.write_text("added by buildah")
    clients.buildah("a", "copy", "-q", work, extra, "/note.txt")
    clients.buildah("a", "commit", "-q", work, "app")
    clients.buildah("a", "push", "--tls-verify=false", "app", f"docker://{target}")
    answer = loaded.wait("buildah/app", "Unhealthy")
    assert cves(answer) == EXPECTED
    assert {f["layer"] for f in answer["findings"]} == {1}, "the added layer brought nothing"
    clients.buildah("b", "pull", "-q", "--tls-verify=false", f"docker://{target}")
    names = clients.buildah("b", "images", "--format", "{{.Name}}").split()
    assert f"{loaded.address}/buildah/app" in names


# --- docker

@pytest.fixture
def dockerd(loaded, tmp_path_factory):
    daemon = Dockerd(tmp_path_factory.mktemp("d"), loaded.address)
    why = daemon.start()
    if why:
        pytest.skip(why)
    yield daemon
    daemon.stop()


def test_docker(loaded, dockerd, image, tmp_path):
    archive = image.write_docker_archive(tmp_path / "in.tar", f"{loaded.address}/docker/app:latest")
    dockerd.docker("load", "-i", archive)
    target = f"{loaded.address}/docker/app:latest"
    dockerd.docker("push", target)
    stored = stored_manifest(loaded, "docker/app")
    assert cves(loaded.wait("docker/app", "Unhealthy")) == EXPECTED
    dockerd.docker("rmi", target)
    dockerd.docker("pull", target)
    told = json.loads(dockerd.docker("image", "inspect", target))[0]
    assert told["RepoDigests"] == [f"{loaded.address}/docker/app@{digest(stored.body)}"]
    assert told["RootFS"]["Layers"] == [layer.diff_id for layer in image.layers]
    dockerd.docker("tag", target, f"{loaded.address}/docker/other:latest")
    dockerd.docker("push", f"{loaded.address}/docker/other:latest")
    assert stored_manifest(loaded, "docker/other").body == stored.body
