# SPDX-License-Identifier: Apache-2.0
"""rpm databases of every form, made from packages that rpmbuild builds here.

SQLite databases are rpm's own work. Debian's rpm neither writes Berkeley DB nor NDB: the former is made by db5.3_load
from the same header blobs, the latter by the few lines below (rpm, lib/backend/ndb/rpmpkg.c).
"""
import shutil
import sqlite3
import struct
import subprocess
import zlib

QUERY = r"%{NAME}\t%{EPOCHNUM}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{LICENSE}\t%{VENDOR}\t" \
        r"%{MODULARITYLABEL}\n"

SPEC = """\
Name: Demo-tool
Version: 1.5
Release: 3.el9
Epoch: 2
Summary: a package for tests
License: MIT and (BSD or Zlib)
Vendor: Tests, Inc.
ModularityLabel: demo:stable:8090020230101:abcd
BuildArch: noarch
%description
Text.
%package libs
Summary: a part with a version of its own
Version: 0.9~rc1
Epoch: 0
%description libs
Text.
%package -n plain++
Summary: a part without files
%description -n plain++
Text.
%install
mkdir -p %{buildroot}/usr/lib/python3/site-packages/demo.dist-info %{buildroot}/usr/bin
echo x > %{buildroot}/usr/bin/demo
echo x > %{buildroot}/usr/lib/python3/site-packages/demo.dist-info/METADATA
%files
/usr/bin/demo
%files libs
/usr/lib/python3/site-packages/demo.dist-info
%files -n plain++
"""


def available(*tools):
    return all(shutil.which(tool) for tool in tools)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, timeout=120, **options).stdout


def build_packages(scratch):
    """Paths of three rpm files."""
    spec = scratch / "demo.spec"
    spec.write_text(SPEC)
    run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {scratch}/build", str(spec))
    return sorted(str(path) for path in (scratch / "build").rglob("*.rpm"))


def install(packages, database):
    """An SQLite database at the directory, as rpm writes it."""
    database.mkdir(parents=True)
    run("rpm", "--dbpath", str(database), "--initdb")
    run("rpm", "--dbpath", str(database), "-i", "--justdb", "--nodeps", "--noscripts", *packages)


def query(database):
    """What rpm itself says: sorted rows of QUERY."""
    out = run("rpm", "--dbpath", str(database), "-qa", "--qf", QUERY).decode("utf-8", "replace")
    return sorted(tuple("" if field == "(none)" else field for field in line.split("\t"))
                  for line in out.splitlines())


def blobs(database):
    with sqlite3.connect(database / "rpmdb.sqlite") as connection:
        return [row[0] for row in connection.execute("SELECT blob FROM Packages ORDER BY hnum")]


def write_berkeley(path, headers, page_size=4096):
    """A hash as rpm made it: key = number in the machine's order, value = header; key 0 counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_pagesize={page_size}", "HEADER=END"]
    rows = [(0, struct.pack("<I", len(headers)))] + list(enumerate(headers, 1))
    for key, value in rows:
        lines += [" " + struct.pack("<I", key).hex(), " " + value.hex()]
    lines.append("DATA=END\n")
    run("db5.3_load", "-t", "hash", str(path), input="\n".join(lines).encode())


def write_ndb(path, headers):
    """Slots in one page, then blobs: head, header, padding, tail."""
    path.parent.mkdir(parents=True, exist_ok=True)
    slots, body = b"", b""
    for number, header in enumerate(headers, 1):
        offset = (4096 + len(body)) // 16
        blob = struct.pack("<4sIII", b"BlbS", number, 1, len(header)) + header
        blob += b"\0" * (-(len(blob) + 12) % 16)
        blob += struct.pack("<II4s", zlib.adler32(blob), len(header), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", number, offset, len(blob) // 16)
        body += blob
    head = struct.pack("<4sIIIIIII", b"RpmP", 0, 1, 1, len(headers) + 1, 0, 0, 0)
    while len(head) + len(slots) < 4096:
        slots += struct.pack("<4sIII", b"Slot", 0, 0, 0)
    path.write_bytes(head + slots + body)


def with_log(database, target, added):
    """A copy of an SQLite database whose headers added are only in the write-ahead log."""
    target.mkdir(parents=True)
    work = target.parent / "work.sqlite"
    shutil.copy(database / "rpmdb.sqlite", work)
    connection = sqlite3.connect(work)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in added])
    connection.commit()
    shutil.copy(work, target / "rpmdb.sqlite")
    shutil.copy(f"{work}-wal", target / "rpmdb.sqlite-wal")
    connection.close()
