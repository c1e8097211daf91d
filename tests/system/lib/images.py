# SPDX-License-Identifier: Apache-2.0
"""Builds container images from nothing but the standard library (and zstd where asked for).

A Layer is bytes plus its uncompressed digest; an Image is a list of layers with a matching
configuration, which can be written as docker-archive, oci-archive or OCI layout directory, or be
pushed blob by blob (registry.py).
"""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "plain": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "zstd": "application/vnd.docker.image.rootfs.diff.tar.zstd",
}
OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "index": "application/vnd.oci.image.index.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "plain": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}
DEBIAN_12 = ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n'
             'VERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n')
DEBIAN_10 = ('PRETTY_NAME="Debian GNU/Linux 10 (buster)"\nNAME="Debian GNU/Linux"\n'
             'VERSION_ID="10"\nVERSION="10 (buster)"\nVERSION_CODENAME=buster\nID=debian\n')
DEBIAN_8 = ('PRETTY_NAME="Debian GNU/Linux 8 (jessie)"\nNAME="Debian GNU/Linux"\n'
            'VERSION_ID="8"\nVERSION="8 (jessie)"\nID=debian\n')


def alpine_release(version):
    return (f'NAME="Alpine Linux"\nID=alpine\nVERSION_ID={version}\n'
            f'PRETTY_NAME="Alpine Linux v{".".join(version.split(".")[:2])}"\n')


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def dpkg_stanza(name, version, source=None, status="install ok installed", arch="amd64"):
    lines = [f"Package: {name}", f"Status: {status}", "Priority: optional", f"Architecture: {arch}"]
    if source:
        lines.append(f"Source: {source}")
    lines += [f"Version: {version}", "Maintainer: Somebody <somebody@example.org>",
              "Description: a package", " of some use", ""]
    return "\n".join(lines) + "\n"


def dpkg_status(packages):
    """packages: (name, version) or (name, version, source text) tuples."""
    return "".join(dpkg_stanza(*package) for package in packages)


def apk_installed(packages):
    """packages: (name, version, origin) tuples."""
    return "".join(f"C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:{name}\nV:{version}\nA:x86_64\nS:1000\n"
                   f"I:4000\nT:a package\nU:https://example.org\nL:MIT\no:{origin}\nm:nobody\n"
                   f"t:1570000000\n\n" for name, version, origin in packages)


def make_tar(files, pax=False):
    """files: list of (path, content) where content is text, bytes, None (directory), or
    ("link", target), ("hard", target). Parent directories are not added."""
    out = io.BytesIO()
    kind = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=out, mode="w", format=kind) as tar:
        for path, content in files:
            entry = tarfile.TarInfo(path)
            entry.mtime = 1600000000
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            elif isinstance(content, tuple):
                entry.type = tarfile.SYMTYPE if content[0] == "link" else tarfile.LNKTYPE
                entry.linkname = content[1]
                tar.addfile(entry)
            else:
                data = content.encode() if isinstance(content, str) else content
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c", "-3"], input=data, capture_output=True,
                              check=True).stdout
    return data


class Layer:
    def __init__(self, files=None, how="gzip", raw=None, tar=None, diff_id=None):
        """files: for make_tar; or tar: uncompressed bytes; or raw: the stored bytes as they are."""
        tar_bytes = make_tar(files) if files is not None else tar
        self.how = how
        self.bytes = raw if raw is not None else compress(tar_bytes, how)
        self.diff_id = diff_id or digest(tar_bytes if tar_bytes is not None else self.bytes)
        self.tar = tar_bytes
        self.digest = digest(self.bytes)


class Image:
    def __init__(self, layers, types=OCI, os="linux", arch="amd64", annotations=None):
        self.layers, self.types, self.os, self.arch = layers, types, os, arch
        self.config = json.dumps({
            "architecture": arch, "os": os, "config": {"Cmd": ["/bin/sh"]},
            "created": "2023-06-10T00:00:00Z",
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": f"step {i}"} for i in range(len(layers))],
        }).encode()
        manifest = {
            "schemaVersion": 2, "mediaType": types["manifest"],
            "config": {"mediaType": types["config"], "digest": digest(self.config),
                       "size": len(self.config)},
            "layers": [{"mediaType": types[layer.how], "digest": layer.digest,
                        "size": len(layer.bytes)} for layer in layers],
        }
        if annotations:
            manifest["annotations"] = annotations
        self.manifest = json.dumps(manifest, indent=1).encode()
        self.digest = digest(self.manifest)

    @property
    def media_type(self):
        return self.types["manifest"]

    def blobs(self):
        """digest -> bytes of everything the manifest names."""
        found = {digest(self.config): self.config}
        found.update({layer.digest: layer.bytes for layer in self.layers})
        return found

    def descriptor(self):
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest),
                "platform": {"os": self.os, "architecture": self.arch}}

    def write_layout(self, directory, tag="latest"):
        directory = pathlib.Path(directory)
        store = directory / "blobs/sha256"
        store.mkdir(parents=True)
        for name, data in {**self.blobs(), self.digest: self.manifest}.items():
            (store / name.split(":")[1]).write_bytes(data)
        (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        entry = dict(self.descriptor(), annotations={"org.opencontainers.image.ref.name": tag})
        (directory / "index.json").write_text(json.dumps(
            {"schemaVersion": 2, "mediaType": OCI["index"], "manifests": [entry]}))
        return directory

    def write_oci_archive(self, path, tag="latest"):
        layout = self.write_layout(str(path) + ".layout", tag)
        with tarfile.open(path, "w") as tar:
            for file in sorted(layout.rglob("*")):
                tar.add(file, file.relative_to(layout), recursive=False)
        return path

    def write_docker_archive(self, path, name="sample:latest", gzipped=False):
        """As `docker save` writes it: uncompressed layers below a directory each."""
        config_name = digest(self.config).split(":")[1] + ".json"
        files = [(config_name, self.config)]
        names = []
        for layer in self.layers:
            names.append(layer.diff_id.split(":")[1] + "/layer.tar")
            files.append((names[-1], layer.tar if layer.tar is not None else layer.bytes))
        files.append(("manifest.json", json.dumps(
            [{"Config": config_name, "RepoTags": [name], "Layers": names}])))
        data = make_tar(files)
        pathlib.Path(path).write_bytes(gzip.compress(data) if gzipped else data)
        return path

    def write_root(self, directory):
        """The files of all layers in one directory tree (no whiteouts)."""
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer.tar)) as tar:
                tar.extractall(directory)
        return directory


def make_index(images, types=OCI, extra=()):
    """Index bytes over images (and further descriptors)."""
    return json.dumps({"schemaVersion": 2, "mediaType": types["index"],
                       "manifests": [image.descriptor() for image in images] + list(extra)}).encode()


def debian_image(packages, release=DEBIAN_12, how="gzip", types=OCI, more=()):
    files = [("etc/os-release", release), ("var/lib/dpkg/status", dpkg_status(packages)), *more]
    return Image([Layer(files, how)], types)


def alpine_image(packages, version="3.10.2", how="gzip", types=OCI, path="lib/apk/db/installed"):
    return Image([Layer([("etc/os-release", alpine_release(version)),
                         (path, apk_installed(packages))], how)], types)


def image_of_archive(path, types=DOCKER, how="plain"):
    """An image of the layers of a docker-archive with a configuration that fits them; for archives
    whose own configuration does not (clients refuse those)."""
    data = pathlib.Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))[0]
        layers = []
        for name in manifest["Layers"]:
            inner = outer.extractfile(outer.getmember(name)).read()
            if inner[:2] == b"\x1f\x8b":
                inner = gzip.decompress(inner)
            layers.append(Layer(tar=inner, how=how))
    return Image(layers, types)


def image_of_root_tar(path, types=OCI):
    """One layer: a root file system archive (.tar.gz) as it is."""
    raw = pathlib.Path(path).read_bytes()
    return Image([Layer(raw=raw, how="gzip", diff_id=digest(gzip.decompress(raw)))], types)
