# SPDX-License-Identifier: Apache-2.0
"""Each client × each operation: push, pull, push again (no blob is sent again), push to a second
repository (the layers are mounted), index of two platforms, pull by platform, delete. What was
sent is read from the server's access log. The table LACKS says which operation a client does not
have, and why; everything else must work."""
import json
import os
import tarfile
import time

import pytest
from lib import images
from lib.clients import Clients, Containerd, Dockerd
from lib.images import DEBIAN_12, OCI, Image, Layer, digest

pytestmark = pytest.mark.slow
NAMES = ("skopeo", "podman", "buildah", "docker", "ctr")
LACKS = {
    ("podman", "delete"): "podman removes local images only",
    ("buildah", "delete"): "buildah removes local images only",
    ("docker", "delete"): "docker removes local images only",
    ("ctr", "delete"): "ctr removes local images only",
}
# These never mount a configuration: they send it where HEAD has not found it.
SENDS_CONFIG = ("skopeo", "podman", "buildah", "docker")


def index_layout(directory, parts):
    """OCI layout whose one entry is the index of the images."""
    store = directory / "blobs/sha256"
    store.mkdir(parents=True)
    index = images.make_index(parts)
    for data in [index] + [d for i in parts for d in (i.manifest, *i.blobs().values())]:
        (store / digest(data).split(":")[1]).write_bytes(data)
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": OCI["index"], "digest": digest(index), "size": len(index),
        "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}))
    return directory


def pack(layout):
    path = layout.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        for file in sorted(layout.rglob("*")):
            tar.add(file, file.relative_to(layout), recursive=False)
    return path


class Skopeo:
    """Each adapter: load() makes the image known to the client, push() sends what was loaded,
    layers() pulls into an empty store and tells the uncompressed digests of the layers, index()
    pushes an index of two images, architecture() pulls one platform and tells which came."""

    def __init__(self, server, directory):
        self.server, self.directory, self.clients = server, directory, Clients(directory / "c")

    def start(self):
        return None

    def close(self):
        self.clients.close()

    def at(self, name):
        return f"{self.server.address}/{name}"

    def load(self, image):
        self.source = f"oci:{image.write_layout(self.directory / 'in')}:latest"

    def push(self, name):
        self.clients.skopeo("copy", "--dest-tls-verify=false", self.source,
                            f"docker://{self.at(name)}:latest")

    def fetch(self, name, *flags):
        """The configuration of what came."""
        out = self.directory / "out"
        self.clients.skopeo(*flags, "copy", "--src-tls-verify=false",
                            f"docker://{self.at(name)}:latest", f"dir:{out}")
        manifest = json.loads((out / "manifest.json").read_bytes())
        return json.loads((out / manifest["config"]["digest"].split(":")[1]).read_bytes())

    def layers(self, name):
        return self.fetch(name)["rootfs"]["diff_ids"]

    def index(self, name, parts):
        layout = index_layout(self.directory / "multi", parts)
        self.clients.skopeo("copy", "--all", "--dest-tls-verify=false", f"oci:{layout}:latest",
                            f"docker://{self.at(name)}:latest")

    def architecture(self, name, wanted):
        return self.fetch(name, "--override-arch", wanted)["architecture"]

    def delete(self, name):
        self.clients.skopeo("delete", "--tls-verify=false", f"docker://{self.at(name)}:latest")


class Podman(Skopeo):
    def tool(self, store, *arguments):
        return self.clients.podman(store, *arguments)

    def load(self, image):
        archive = image.write_oci_archive(self.directory / "in.tar")
        self.source = self.tool("a", "pull", "-q", f"oci-archive:{archive}").split()[-1]

    def push(self, name):
        self.tool("a", "push", "-q", "--tls-verify=false", self.source,
                  f"docker://{self.at(name)}:latest")

    def layers(self, name):
        target = f"{self.at(name)}:latest"
        self.tool("b", "pull", "-q", "--tls-verify=false", target)
        return json.loads(self.tool("b", "image", "inspect", target))[0]["RootFS"]["Layers"]

    def index(self, name, parts):
        self.tool("a", "manifest", "create", "list")
        for part in parts:
            self.server.registry.push_image(name, part, part.arch)
            self.tool("a", "manifest", "add", "--tls-verify=false", "list",
                      f"docker://{self.at(name)}:{part.arch}")
        self.tool("a", "manifest", "push", "--all", "--tls-verify=false", "list",
                  f"docker://{self.at(name)}:latest")

    def architecture(self, name, wanted):
        target = f"{self.at(name)}:latest"
        self.tool("b", "pull", "-q", "--tls-verify=false", "--arch", wanted, target)
        return json.loads(self.tool("b", "image", "inspect", target))[0]["Architecture"]


class Buildah(Podman):
    def tool(self, store, *arguments):
        return self.clients.buildah(store, *arguments)

    def inspect(self, target):
        return json.loads(self.tool("b", "inspect", "--type", "image", target))["OCIv1"]

    def layers(self, name):
        target = f"{self.at(name)}:latest"
        self.tool("b", "pull", "-q", "--tls-verify=false", target)
        return self.inspect(target)["rootfs"]["diff_ids"]

    def architecture(self, name, wanted):
        target = f"{self.at(name)}:latest"
        self.tool("b", "pull", "-q", "--tls-verify=false", "--arch", wanted, target)
        return self.inspect(target)["architecture"]


class Docker:
    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.daemon = Dockerd(directory / "d", server.address)

    def start(self):
        return self.daemon.start()

    def close(self):
        self.daemon.stop()

    def at(self, name, tag="latest"):
        return f"{self.server.address}/{name}:{tag}"

    def load(self, image, name="lazaret.test/source:latest"):
        archive = image.write_docker_archive(self.directory / f"{image.arch}.tar", name)
        self.daemon.docker("load", "-q", "-i", archive)

    def push(self, name):
        self.daemon.docker("tag", "lazaret.test/source:latest", self.at(name))
        self.daemon.docker("push", "-q", self.at(name))

    def inspect(self, name):
        return json.loads(self.daemon.docker("image", "inspect", self.at(name)))[0]

    def layers(self, name):
        self.daemon.docker("rmi", "lazaret.test/source:latest", self.at(name))
        self.daemon.docker("pull", "-q", self.at(name))
        return self.inspect(name)["RootFS"]["Layers"]

    def index(self, name, parts):
        names = [self.at(name, part.arch) for part in parts]
        for part, tagged in zip(parts, names):
            self.load(part, tagged)
            self.daemon.docker("push", "-q", tagged)
        self.daemon.docker("manifest", "create", "--insecure", self.at(name), *names)
        self.daemon.docker("manifest", "push", "--insecure", self.at(name))

    def architecture(self, name, wanted):
        self.daemon.docker("pull", "-q", "--platform", f"linux/{wanted}", self.at(name))
        return self.inspect(name)["Architecture"]


class Ctr:
    """ctr mounts what it has pulled: containerd notes at the pull where a blob comes from."""

    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.daemon = Containerd(directory / "d")

    def start(self):
        return self.daemon.start()

    def close(self):
        self.daemon.stop()

    def at(self, name):
        return f"{self.server.address}/{name}:latest"

    def load(self, image):
        archive = image.write_oci_archive(self.directory / "in.tar")
        self.daemon.ctr("images", "import", "--no-unpack", "--base-name", "lazaret.test/source",
                        archive)

    def push(self, name, source="lazaret.test/source:latest"):
        self.daemon.ctr("images", "tag", "--force", source, self.at(name))
        self.daemon.ctr("images", "push", "--plain-http", self.at(name))

    def config(self, name, arch):
        """Pulls one platform into a namespace of its own, where no other content is; unpacking
        fails where an uncompressed layer is not what the configuration says."""
        self.daemon.ctr("images", "pull", "--plain-http", "--snapshotter", "native", "--platform",
                        f"linux/{arch}", self.at(name), space=f"pull-{arch}")
        found = []
        for key in self.daemon.ctr("content", "ls", "-q", space=f"pull-{arch}").split():
            document = self.daemon.ctr("content", "get", key, space=f"pull-{arch}") \
                if self.small(key, arch) else ""
            if '"rootfs"' in document:
                found.append(json.loads(document))
        assert len(found) == 1, found
        return found[0]

    def small(self, key, arch):
        """Documents, not layers: those are no text."""
        return (self.daemon.directory / "root/io.containerd.content.v1.content/blobs/sha256" /
                key.split(":")[1]).read_bytes()[:1] == b"{"

    def layers(self, name):
        # Also in the namespace that pushes: from here on it knows where the layers are.
        self.daemon.ctr("images", "pull", "--plain-http", "--snapshotter", "native", self.at(name))
        return self.config(name, "amd64")["rootfs"]["diff_ids"]

    def index(self, name, parts):
        archive = pack(index_layout(self.directory / "multi", parts))
        self.daemon.ctr("images", "import", "--no-unpack", "--all-platforms", "--base-name",
                        "lazaret.test/multi", archive)
        self.push(name, "lazaret.test/multi:latest")

    def architecture(self, name, wanted):
        return self.config(name, wanted)["architecture"]


ADAPTERS = {"skopeo": Skopeo, "podman": Podman, "buildah": Buildah, "docker": Docker, "ctr": Ctr}


@pytest.fixture(params=NAMES)
def client(request, server, tmp_path):
    lack = LACKS.get((request.param, request.function.__name__.removeprefix("test_")))
    if lack:
        pytest.skip(lack)
    adapter = ADAPTERS[request.param](server, tmp_path)
    adapter.name = request.param
    why = adapter.start()
    if why:
        adapter.close()
        pytest.skip(why)
    yield adapter
    adapter.close()


def sample(arch="amd64"):
    return Image([Layer([("etc", None), ("etc/os-release", DEBIAN_12)]),
                  Layer([("usr", None), ("usr/random", os.urandom(200_000))])], arch=arch)


class Watch:
    """Requests of the access log from here on."""

    def __init__(self, server):
        self.server, self.begin = server, len(self.settled(server))

    @staticmethod
    def settled(server):
        """Every line is there: that of a request made now is."""
        mark = f"/mark-{time.monotonic_ns()}"
        server.registry.request("GET", mark)
        end = time.monotonic() + 20
        while True:
            lines = server.events("request")
            if any(line["path"] == mark for line in lines):
                return lines
            assert time.monotonic() < end, "no line in the access log"
            time.sleep(0.02)

    def of(self, name):
        return [line for line in self.settled(self.server)[self.begin:]
                if line["path"].startswith(f"/v2/{name}/")]

    def uploaded(self, name):
        """Bytes of blobs that came."""
        return sum(line["bytes_in"] for line in self.of(name) if "/blobs/" in line["path"])


def manifest_of(server, name):
    answer = server.registry.request("GET", f"/v2/{name}/manifests/latest")
    assert answer.status == 200, answer
    return answer


def test_push_pull_push_again_and_mount(client, server):
    image, watch = sample(), Watch(server)
    client.load(image)
    client.push("first")
    first = manifest_of(server, "first")
    document = json.loads(first.body)
    size = sum(part["size"] for part in document["layers"]) + document["config"]["size"]
    assert watch.uploaded("first") == size, "each blob was sent once"

    watch = Watch(server)
    client.push("first")
    lines = watch.of("first")
    assert any("/manifests/" in line["path"] and line["status"] < 300 for line in lines), lines
    assert watch.uploaded("first") == 0, lines
    assert manifest_of(server, "first").body == first.body

    if client.name == "ctr":
        assert client.layers("first") == [layer.diff_id for layer in image.layers]
    watch = Watch(server)
    client.push("second")
    lines = watch.of("second")
    mounted = [line for line in lines if line["method"] == "POST" and line["status"] == 201]
    assert len(mounted) >= len(image.layers), lines
    assert watch.uploaded("second") == \
        (document["config"]["size"] if client.name in SENDS_CONFIG else 0), lines
    assert manifest_of(server, "second").body == first.body

    if client.name != "ctr":
        if client.name == "docker":
            client.daemon.docker("rmi", client.at("first"))
        assert client.layers("second") == [layer.diff_id for layer in image.layers]


def test_index_and_pull_by_platform(client, server):
    parts = [sample("amd64"), sample("arm64")]
    client.index("multi", parts)
    index = json.loads(manifest_of(server, "multi").body)
    assert {entry["platform"]["architecture"] for entry in index["manifests"]} == {"amd64", "arm64"}
    for entry in index["manifests"]:
        child = server.registry.request("GET", f"/v2/multi/manifests/{entry['digest']}")
        assert child.status == 200 and digest(child.body) == entry["digest"]
    # An index that no client has touched, so that what is pulled is not there already.
    others = [sample("amd64"), sample("arm64")]
    for part in others:
        server.registry.push_image("pull", part, part.arch)
    server.registry.put_manifest("pull", "latest", images.make_index(others), OCI["index"])
    watch = Watch(server)
    assert client.architecture("pull", "arm64") == "arm64"
    got = {line["path"].rsplit("/", 1)[1] for line in watch.of("pull")
           if line["method"] == "GET" and "/blobs/" in line["path"]}
    assert others[1].layers[1].digest in got and others[0].layers[1].digest not in got


def test_delete(client, server):
    image = sample()
    client.load(image)
    client.push("gone")
    client.delete("gone")
    for reference in ("latest", image.digest):
        assert server.registry.request("HEAD", f"/v2/gone/manifests/{reference}").status == 404
