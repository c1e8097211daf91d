# SPDX-License-Identifier: Apache-2.0
"""OSV records for tests."""
import json
import pathlib
import zipfile


def record(identifier, ecosystem, package, fixed, cve=None, introduced="0", severity=None, **more):
    events = [{"introduced": introduced}]
    if fixed:
        events.append({"fixed": fixed})
    out = {
        "schema_version": "1.7.0", "id": identifier, "modified": "2024-01-02T00:00:00Z",
        "published": "2024-01-01T00:00:00Z", "summary": f"{package} - security update",
        "affected": [{"package": {"ecosystem": ecosystem, "name": package},
                      "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
    }
    if cve:
        out["upstream"] = [cve]
    if severity:
        out["severity"] = [{"type": "CVSS_V3", "score": severity}]
    out.update(more)
    return out


def write_zip(path, records, broken=()):
    """broken: (name, text) of entries that are no records."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in records:
            archive.writestr(item["id"] + ".json", json.dumps(item))
        for name, text in broken:
            archive.writestr(name, text)
    return path


def write_directory(path, records):
    path = pathlib.Path(path)
    for item in records:
        folder = path / item["affected"][0]["package"]["ecosystem"].replace(":", "-")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / (item["id"] + ".json")).write_text(json.dumps(item))
    return path


def write_jsonl(path, records):
    pathlib.Path(path).write_text("".join(json.dumps(item) + "\n" for item in records))
    return path


OPENSSL = record("DSA-1-1", "Debian:12", "openssl", "3.0.11-1~deb12u2", "CVE-2023-5363",
                 severity="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N")
CURL = record("DSA-2-1", "Debian:12", "curl", "7.88.1-10+deb12u4", "CVE-2023-38545",
              severity="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
ZLIB_OPEN = record("DSA-3-1", "Debian:12", "zlib", None, "CVE-2023-45853")
MUSL = record("ALPINE-CVE-2019-14697", "Alpine:v3.10", "musl", "1.1.22-r3", "CVE-2019-14697")
STANDARD = [OPENSSL, CURL, ZLIB_OPEN, MUSL]
