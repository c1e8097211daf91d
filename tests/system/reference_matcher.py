# SPDX-License-Identifier: Apache-2.0
"""A second, slow opinion on which findings an image has.

Reads the package database of an image archive and the OSV records with the Python standard library,
and lets the distribution's own tool compare versions (dpkg, or apk inside an Alpine root file
system). It shares nothing with the C code, so equal answers mean something. It handles what the
test images need: one range per affected entry with "introduced: 0", dpkg status and apk installed.
"""
import functools
import gzip
import io
import json
import re
import subprocess
import tarfile
import zipfile


def open_archive(path):
    data = open(path, "rb").read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return tarfile.open(fileobj=io.BytesIO(data))


def archive_layers(path):
    """The layers of a docker-archive, base first, as open tar files."""
    outer = open_archive(path)
    manifest = json.load(outer.extractfile("manifest.json"))[0]
    for name in manifest["Layers"]:
        member = outer.getmember(name)
        data = outer.extractfile(member).read()  # extractfile follows links inside the archive
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        yield tarfile.open(fileobj=io.BytesIO(data))


def read_file(layers, wanted):
    """Content of the topmost regular file of that path (no whiteouts: the test images have none)."""
    found = None
    for layer in layers:
        for member in layer:
            if member.name.lstrip("./").lstrip("/") == wanted and member.isfile():
                found = layer.extractfile(member).read()
    return None if found is None else found.decode("utf-8", "replace")


def dpkg_packages(status):
    """Yields (name, version, source, source version) of installed packages."""
    for stanza in re.split(r"\n\s*\n", status):
        fields = {}
        for line in stanza.split("\n"):
            if line[:1] not in (" ", "\t", "") and ":" in line:
                key, value = line.split(":", 1)
                fields[key.lower()] = value.strip()
        if "package" not in fields or "version" not in fields:
            continue
        if "status" in fields and fields["status"].split()[2:3] != ["installed"]:
            continue
        source, source_version = fields.get("source", fields["package"]), fields["version"]
        with_version = re.fullmatch(r"(\S+)\s+\((\S+)\)", source)
        if with_version:
            source, source_version = with_version.groups()
        yield fields["package"], fields["version"], source, source_version


def apk_packages(installed):
    for stanza in installed.split("\n\n"):
        fields = dict(line.split(":", 1) for line in stanza.split("\n") if line[1:2] == ":")
        if "P" in fields and "V" in fields:
            yield fields["P"], fields["V"], fields.get("o", fields["P"]), fields["V"]


def advisories(zip_path, release):
    """{source name: [(fixed version or None, CVEs, id)]} of one release."""
    table = {}
    with zipfile.ZipFile(zip_path) as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            if "withdrawn" in record:
                continue
            cves = [i for i in [record["id"]] + record.get("aliases", []) + record.get("upstream", [])
                    if i.startswith("CVE-")] or [record["id"]]
            for affected in record.get("affected", []):
                if affected["package"]["ecosystem"] != release:
                    continue
                for entry in affected["ranges"]:
                    assert entry["events"][0] == {"introduced": "0"}, record["id"]
                    fixed = [e["fixed"] for e in entry["events"] if "fixed" in e]
                    table.setdefault(affected["package"]["name"], []).append(
                        (fixed[0] if fixed else None, cves, record["id"]))
    return table


@functools.lru_cache(maxsize=None)
def dpkg_less(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "lt", b], check=False).returncode == 0


def apk_less_by(root):
    """A comparison by the apk program inside an unpacked Alpine root file system (needs root)."""
    @functools.lru_cache(maxsize=None)
    def less(a, b):
        out = subprocess.run(["chroot", root, "/sbin/apk", "version", "-t", a, b],
                             capture_output=True, text=True, check=False).stdout.strip()
        assert out in ("<", "=", ">"), (a, b, out)
        return out == "<"
    return less


def findings(packages, table, less):
    """Set of (package name, installed version, CVE)."""
    found = set()
    for name, version, source, source_version in packages:
        for fixed, cves, _ in table.get(source, []):
            if fixed is None or less(source_version, fixed):
                found.update((name, version, cve) for cve in cves)
    return found
