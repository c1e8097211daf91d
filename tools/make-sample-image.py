#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the sample image that ./quickstart pushes: an OCI archive, with the standard library only and
without network.

Layer 1 is real: files and database records of a few small Debian packages as they are installed on
this machine (left out where this is no Debian 12). Layer 2 adds the database records of more real
packages in the versions that Debian 12.0 shipped in June 2023, without their files: a scanner reads
the records, and these versions have known vulnerabilities with known fixes, so that there is
something to find. Nothing of the image is meant to run.

    tools/make-sample-image.py OUT.tar [TAG]
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile

OS_RELEASE = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
"""
# (package, version in Debian 12.0, source package where it has another name)
RELEASED = [
    ("bash", "5.2.15-2+b2", "bash (5.2.15-2)"),
    ("curl", "7.88.1-10", None),
    ("git", "1:2.39.2-1.1", None),
    ("less", "590-2", None),
    ("libc6", "2.36-9", "glibc"),
    ("libcurl4", "7.88.1-10", "curl"),
    ("libgnutls30", "3.7.9-2", "gnutls28"),
    ("libnghttp2-14", "1.52.0-1", "nghttp2"),
    ("libssl3", "3.0.9-1", "openssl"),
    ("libvpx7", "1.12.0-1", "libvpx"),
    ("libwebp7", "1.2.4-0.2", "libwebp"),
    ("openssh-client", "1:9.2p1-2", "openssh"),
    ("openssl", "3.0.9-1", None),
    ("perl-base", "5.36.0-7", "perl"),
    ("zlib1g", "1:1.2.13.dfsg-1", "zlib"),
]
FROM_HOST = ["base-files", "netbase", "hostname", "dash", "mawk"]
EPOCH = 1686355200  # 10 June 2023, the day of Debian 12.0: equal inputs give equal images


def stanza(name, version, source):
    lines = [f"Package: {name}", "Status: install ok installed", "Architecture: amd64"]
    if source:
        lines.append(f"Source: {source}")
    return "\n".join(lines + [f"Version: {version}", ""])


def is_debian_12():
    try:
        text = pathlib.Path("/etc/os-release").read_text()
    except OSError:
        return False
    return re.search(r"^ID=debian$", text, re.M) and 'VERSION_ID="12"' in text


def host_packages():
    """[(stanza, paths)] of the packages of FROM_HOST that are installed here."""
    if not is_debian_12():
        return []
    found = []
    for name in FROM_HOST:
        status = subprocess.run(["dpkg-query", "-s", name], capture_output=True, text=True)
        files = subprocess.run(["dpkg-query", "-L", name], capture_output=True, text=True)
        if status.returncode == 0 and files.returncode == 0:
            paths = [p for p in files.stdout.splitlines() if p.startswith("/") and p != "/."]
            found.append((status.stdout.rstrip() + "\n", paths))
    return found


def add(tar, path, data=None, like=None, link=None):
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.mtime, entry.mode = EPOCH, 0o755 if data is None else 0o644
    if like is not None:
        entry.mode = like.st_mode & 0o777
    if link is not None:
        entry.type, entry.linkname = tarfile.SYMTYPE, link
    elif data is None:
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data) if data is not None else None)


def add_host_file(tar, path):
    file = pathlib.Path(path)
    try:
        status = file.lstat()
        if file.is_symlink():
            add(tar, path, link=os.readlink(path))
        elif file.is_dir():
            add(tar, path, like=status)
        elif file.is_file() and status.st_size < 1 << 20:
            add(tar, path, file.read_bytes(), status)
    except OSError:
        pass  # a file that was removed or may not be read is left out


def make_layer(write):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        write(tar)
    return out.getvalue()


def make_layers():
    host = host_packages()
    real = "\n".join(text for text, _ in host)
    released = "\n".join(stanza(*row) for row in RELEASED)

    def write_base(tar):
        seen = set()
        for _, paths in host:
            for path in paths:
                if path not in seen and path not in ("/etc/os-release", "/usr/lib/os-release"):
                    seen.add(path)
                    add_host_file(tar, path)
        add(tar, "usr/lib/os-release", OS_RELEASE.encode())
        add(tar, "etc/os-release", link="../usr/lib/os-release")
        if real:
            add(tar, "var/lib/dpkg/status", real.encode())

    def write_released(tar):
        text = (real + "\n" if real else "") + released
        add(tar, "var/lib/dpkg/status", text.encode())

    return [make_layer(write_base), make_layer(write_released)]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__.strip().splitlines()[-1].strip(), file=sys.stderr)
        return 2
    tag = sys.argv[2] if len(sys.argv) == 3 else "latest"
    layers = make_layers()
    packed = [gzip.compress(layer, 6, mtime=0) for layer in layers]
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2023-06-10T00:00:00Z",
        "config": {"Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [sha256(layer) for layer in layers]},
        "history": [{"created_by": "packages of this machine"},
                    {"created_by": "records of packages as of Debian 12.0"}],
    }).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                   "digest": sha256(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": sha256(data), "size": len(data)} for data in packed],
    }).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": sha256(manifest),
        "size": len(manifest), "annotations": {"org.opencontainers.image.ref.name": tag}}]}).encode()
    with tarfile.open(sys.argv[1], "w", format=tarfile.GNU_FORMAT) as tar:
        add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        add(tar, "index.json", index)
        for blob in [config, manifest, *packed]:
            add(tar, "blobs/sha256/" + sha256(blob).split(":")[1], blob)
    return 0


if __name__ == "__main__":
    sys.exit(main())
