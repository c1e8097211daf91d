# SPDX-License-Identifier: Apache-2.0
"""Packages as lazaret reads them against the tool that wrote them, on the same tree: name, version, architecture, source."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tarfile

import pytest
from lib import rpmdb, worker
from lib.server import PROGRAM

SHARED = pathlib.Path(os.environ.get("LAZARET_SHARED", pathlib.Path(__file__).parents[3] / "shared")) / "data"
needs_shared = pytest.mark.skipif(not (SHARED / "images").is_dir(), reason="no ../shared/data")
needs_rpm = pytest.mark.skipif(not rpmdb.available("rpm", "rpmbuild"), reason="no rpm, rpmbuild")


# --- what each side says, in one form: (name, version, arch, source name, source version)

def ours(found):
    assert found["state"] == "ok", found["reason"]
    return sorted((p["name"], p["version"], p["arch"], p["source_name"], p["source_version"])
                  for p in found["packages"] if p["type"] in ("deb", "apk", "rpm"))


def from_rpm(rows):
    made = []
    for name, epoch, version, arch, source, *_ in rows:
        whole = version if epoch in ("", "0") else f"{epoch}:{version}"
        match = re.fullmatch(r"(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm", source)
        from_name, from_version = match.groups() if match else (name, whole)
        made.append((name, whole, arch, from_name, whole if from_version == version else from_version))
    return sorted(made)


def dpkg(admindir):
    form = "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n"
    out = subprocess.run(["dpkg-query", f"--admindir={admindir}", "-W", "-f", form], check=True,
                         capture_output=True, timeout=60).stdout.decode("utf-8", "replace")
    rows = [line.split("\t") for line in out.splitlines()]
    return sorted(tuple(row[1:]) for row in rows if row[0] == "installed")


def unpack(archive, target):
    """A tree of what is no device, whatever rights the archive asks for."""
    target.mkdir()
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() or member.issym() or member.isdir() or member.islnk():
                member.mode |= 0o700
                member.uid, member.gid = os.getuid(), os.getgid()
                tar.extract(member, target)
    return target


def docker_layers(archive, scratch):
    """Paths of the layers of a docker archive, base first; links between them followed."""
    whole = scratch / "archive"
    whole.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(whole)
    manifest = json.loads((whole / "manifest.json").read_text())[0]
    return [(whole / name).resolve() for name in manifest["Layers"]]


def scan(target):
    done = subprocess.run([PROGRAM, "scan", str(target), "--format", "json", "--data", "/nonexistent"],
                          capture_output=True, timeout=120, text=True)
    return json.loads(done.stdout)


# --- databases made here

@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return rpmdb.build_packages(tmp_path_factory.mktemp("rpms"))


@pytest.fixture
def sqlite_database(packages, tmp_path):
    rpmdb.install(packages, tmp_path / "native")
    return tmp_path / "native"


def expected(database):
    rows = rpmdb.query(database)
    assert len(rows) == 3 and any(row[1] == "2" for row in rows)
    return rows


def in_tree(tmp_path, directory="var/lib/rpm"):
    return tmp_path / "tree" / directory


def compare(tmp_path, rows):
    found = worker.inventory_of_tree(tmp_path / "tree", tmp_path)
    assert ours(found) == from_rpm(rows)
    by_name = {p["name"]: p for p in found["packages"]}
    for name, _, _, _, _, licence, vendor, module in rows:
        assert (by_name[name]["licence"], by_name[name]["supplier"], by_name[name]["module"]) == \
            (licence, vendor, module)
    return found


@needs_rpm
@pytest.mark.parametrize("directory", ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"])
def test_sqlite(sqlite_database, tmp_path, directory):
    in_tree(tmp_path, directory).mkdir(parents=True)
    shutil.copy(sqlite_database / "rpmdb.sqlite", in_tree(tmp_path, directory))
    compare(tmp_path, expected(sqlite_database))


@needs_rpm
def test_sqlite_with_write_ahead_log(sqlite_database, packages, tmp_path):
    """Two of the packages are only in the log; rpm reads them through it, and so do we."""
    rpmdb.install(packages[:1], tmp_path / "one")
    rest = [blob for blob in rpmdb.blobs(sqlite_database) if blob not in rpmdb.blobs(tmp_path / "one")]
    names = {row[0] for row in rpmdb.query(tmp_path / "one")}
    added = [blob for blob in rest if not any(name.encode() + b"\0" + b"1.5" in blob for name in names)]
    rpmdb.with_log(tmp_path / "one", in_tree(tmp_path), added)
    with sqlite3.connect(f"file:{in_tree(tmp_path) / 'rpmdb.sqlite'}?immutable=1", uri=True) as alone:
        assert alone.execute("SELECT count(*) FROM Packages").fetchone()[0] == 1
    shutil.copytree(in_tree(tmp_path), tmp_path / "queried")
    rows = rpmdb.query(tmp_path / "queried")
    assert len(rows) == 1 + len(added)
    compare(tmp_path, rows)


@needs_rpm
def test_log_without_database_is_told(sqlite_database, tmp_path):
    rpmdb.with_log(sqlite_database, in_tree(tmp_path), rpmdb.blobs(sqlite_database))
    (in_tree(tmp_path) / "rpmdb.sqlite").unlink()
    found = worker.inventory_of_tree(tmp_path / "tree", tmp_path)
    assert found["state"] == "failed" and "rpmdb.sqlite-wal" in found["reason"]


@needs_rpm
@pytest.mark.skipif(not rpmdb.available("db5.3_load"), reason="no db5.3_load")
@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_berkeley_db(sqlite_database, tmp_path, page_size):
    path = in_tree(tmp_path) / "Packages"
    rpmdb.write_berkeley(path, rpmdb.blobs(sqlite_database), page_size)
    shutil.copytree(path.parent, tmp_path / "queried")
    rows = rpmdb.query(tmp_path / "queried")
    assert rows == expected(sqlite_database)
    compare(tmp_path, rows)


@needs_rpm
def test_ndb(sqlite_database, tmp_path):
    rpmdb.write_ndb(in_tree(tmp_path) / "Packages.db", rpmdb.blobs(sqlite_database))
    compare(tmp_path, expected(sqlite_database))


@needs_rpm
def test_text_manifest(sqlite_database, tmp_path):
    """The text that CBL-Mariner and Azure Linux make of their database with rpm's own query."""
    form = r"%{NAME}\t%{VERSION}-%{RELEASE}\t%{INSTALLTIME}\t%{BUILDTIME}\t%{VENDOR}\t%{EPOCH}\t%{SIZE}\t%{ARCH}" \
           r"\t%{EPOCHNUM}\t%{SOURCERPM}\n"
    path = in_tree(tmp_path, "var/lib/rpmmanifest") / "container-manifest-2"
    path.parent.mkdir(parents=True)
    path.write_bytes(rpmdb.run("rpm", "--dbpath", str(sqlite_database), "-qa", "--qf", form))
    found = worker.inventory_of_tree(tmp_path / "tree", tmp_path)
    assert ours(found) == from_rpm(expected(sqlite_database))


@needs_rpm
def test_damaged_databases_end_with_words(sqlite_database, tmp_path):
    """Every byte that could matter, changed: the worker lives, and either reads on or says what is wrong."""
    headers = rpmdb.blobs(sqlite_database)
    rpmdb.write_ndb(tmp_path / "Packages.db", headers)
    whole = {"Packages.db": (tmp_path / "Packages.db").read_bytes(),
             "rpmdb.sqlite": (sqlite_database / "rpmdb.sqlite").read_bytes()}
    if rpmdb.available("db5.3_load"):
        rpmdb.write_berkeley(tmp_path / "Packages", headers)
        whole["Packages"] = (tmp_path / "Packages").read_bytes()
    for name, good in whole.items():
        for cut in (0, 11, 100, len(good) // 2, len(good) - 5):
            path = in_tree(tmp_path) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(good[:cut])
            found = worker.inventory_of_tree(tmp_path / "tree", tmp_path)
            assert found["state"] == "failed" and name in found["reason"] and not found["packages"], cut
            path.unlink()


# --- real images

@needs_shared
@needs_rpm
@pytest.mark.parametrize("image,count", [("almalinux-8-micro-20230523-s390x", 20), ("almalinux-9-micro-20220901-aarch64", 23)])
def test_almalinux(tmp_path, image, count):
    tree = unpack(SHARED / "images/almalinux" / f"{image}.tar.xz", tmp_path / "tree")
    database = tmp_path / "queried"
    shutil.copytree(tree / "var/lib/rpm", database)
    rows = rpmdb.query(database)
    assert len(rows) == count
    compare(tmp_path, rows)


@needs_shared
@needs_rpm
@pytest.mark.parametrize("directory,name,count", [("cbl-mariner-2.0", "rpmdb.sqlite", 129), ("libuuid-bdb", "Packages", 1)])
def test_rpm_databases(tmp_path, directory, name, count):
    in_tree(tmp_path).mkdir(parents=True)
    (tmp_path / "queried").mkdir()
    for target in (in_tree(tmp_path), tmp_path / "queried"):
        shutil.copy(SHARED / "rpmdb" / directory / name, target)
    rows = rpmdb.query(tmp_path / "queried")
    assert len(rows) == count
    compare(tmp_path, rows)


def headers_of_ndb(data):
    slots = int.from_bytes(data[12:16], "little") * 4096
    for at in range(32, slots, 16):
        index, offset = (int.from_bytes(data[at + i:at + i + 4], "little") for i in (4, 8))
        if index and offset:
            length = int.from_bytes(data[offset * 16 + 12:offset * 16 + 16], "little")
            yield data[offset * 16 + 16:offset * 16 + 16 + length]


@needs_shared
def test_ndb_of_sles(tmp_path):
    """Debian's rpm does not open NDB; its library reads the headers that lie inside."""
    rpm = pytest.importorskip("rpm")
    data = (SHARED / "rpmdb/sles-15-sp3-bci/Packages.db").read_bytes()
    rows = []
    for blob in headers_of_ndb(data):
        header = rpm.hdr(blob)
        tags = ("NAME", "EPOCHNUM", "VERSION", "RELEASE", "ARCH", "SOURCERPM", "LICENSE", "VENDOR",
                "MODULARITYLABEL")
        fields = header.format("|".join("%{" + tag + "}" for tag in tags)).split("|")
        fields[2:4] = [f"{fields[2]}-{fields[3]}"]
        rows.append(tuple("" if field == "(none)" else field for field in fields))
    assert len(rows) == 35
    in_tree(tmp_path, "usr/lib/sysimage/rpm").mkdir(parents=True)
    (in_tree(tmp_path, "usr/lib/sysimage/rpm") / "Packages.db").write_bytes(data)
    compare(tmp_path, sorted(rows))


@needs_shared
@pytest.mark.skipif(not rpmdb.available("dpkg-query"), reason="no dpkg-query")
@pytest.mark.parametrize("archive,count", [("docker-save-nginx-debian10", 84), ("docker-save-dockergoof-debian8", 381)])
def test_debian_archives(tmp_path, archive, count):
    path = SHARED / "images/archives" / f"{archive}.tar"
    last = None
    for layer in docker_layers(path, tmp_path):
        with tarfile.open(layer) as tar:
            names = [name for name in tar.getnames() if name.lstrip("./") == "var/lib/dpkg/status"]
            if names:
                last = (layer, tar.extractfile(names[-1]).read())
    admindir = tmp_path / "admin"
    admindir.mkdir()
    (admindir / "status").write_bytes(last[1])
    native = dpkg(admindir)
    assert len(native) == count
    assert ours(worker.inventory(last[0])) == native
    assert scan(path)["images"][0]["packages"] == count


@needs_shared
@pytest.mark.skipif(not rpmdb.available("dpkg-query"), reason="no dpkg-query")
def test_distroless(tmp_path):
    """status.d: the files are what a status database is made of."""
    texts, found = [], []
    for layer in docker_layers(SHARED / "images/archives/docker-save-distroless-base.tar.gz", tmp_path):
        with tarfile.open(layer) as tar:
            for member in tar:
                if "/status.d/" in member.name and member.isfile():
                    text = tar.extractfile(member).read()
                    if text.startswith(b"Package:"):
                        texts.append(text.rstrip() + b"\nStatus: install ok installed\n")
        found += ours(worker.inventory(layer))
    admindir = tmp_path / "admin"
    admindir.mkdir()
    (admindir / "status").write_bytes(b"\n".join(texts))
    native = dpkg(admindir)
    assert len(native) == 6 and sorted(found) == native


def apk_packages(text):
    """apk's own tool is not in Debian: the paragraphs, read in the simplest way."""
    made = []
    for paragraph in text.decode("utf-8", "replace").split("\n\n"):
        fields = dict(line.split(":", 1) for line in paragraph.splitlines() if re.match("^[PVAo]:", line))
        if fields:
            made.append((fields["P"], fields["V"], fields["A"], fields.get("o", fields["P"]), fields["V"]))
    return sorted(made)


@needs_shared
@pytest.mark.parametrize("image,count", [("3.10.9", 14), ("3.15.11", 14), ("3.18.9", 15)])
def test_alpine(tmp_path, image, count):
    tree = unpack(SHARED / "images/alpine" / f"alpine-minirootfs-{image}-x86_64.tar.gz", tmp_path / "tree")
    found = ours(worker.inventory_of_tree(tree, tmp_path))
    assert len(found) == count
    assert found == apk_packages((tree / "lib/apk/db/installed").read_bytes())
    if os.uname().machine == "x86_64" and os.getuid() == 0:
        out = subprocess.run(["chroot", tree, "/sbin/apk", "--no-network", "info", "-v"], capture_output=True,
                             timeout=60, text=True)
        listed = [line for line in out.stdout.splitlines() if line]
        assert sorted(listed) == sorted(f"{row[0]}-{row[1]}" for row in found), out.stderr


@pytest.mark.skipif(not rpmdb.available("dpkg-query"), reason="no dpkg-query")
@pytest.mark.skipif(not pathlib.Path("/var/lib/dpkg/status").is_file(), reason="no dpkg database on this system")
def test_this_system(tmp_path):
    """The largest dpkg database at hand, with the lists of owned files."""
    tree = in_tree(tmp_path, "var/lib/dpkg")
    tree.mkdir(parents=True)
    shutil.copy("/var/lib/dpkg/status", tree)
    found = ours(worker.inventory_of_tree(tmp_path / "tree", tmp_path))
    assert found == dpkg("/var/lib/dpkg")
