# SPDX-License-Identifier: Apache-2.0
"""Layers that are meant to hurt, made cheaply: compressed pieces are repeated, so that a bomb of
100 GB is 100 MB of gzip members that nobody ever holds inflated."""
import gzip
import hashlib
import io
import tarfile
import zlib

from lib.images import Layer, digest


def tar_header(name, size, kind=tarfile.REGTYPE):
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.mtime = size, kind, 1600000000
    return entry.tobuf(tarfile.GNU_FORMAT)


class GzipMembers:
    """A gzip file of several members. Each piece is compressed once and may be repeated."""

    def __init__(self):
        self.pieces = []
        self.size = 0

    def add(self, data, times=1, level=9):
        piece = gzip.compress(data, level, mtime=0)
        self.pieces.append((piece, times))
        self.size += len(piece) * times

    def chunks(self):
        for piece, times in self.pieces:
            for _ in range(times):
                yield piece

    def digest(self):
        state = hashlib.sha256()
        for chunk in self.chunks():
            state.update(chunk)
        return "sha256:" + state.hexdigest()

    def bytes(self):
        return b"".join(self.chunks())


def bomb(inflated, name="zeros", unit=64 << 20):
    """A tar with one file of that many zero bytes."""
    members = GzipMembers()
    count = max(1, inflated // unit)
    members.add(tar_header(name, count * unit))
    members.add(b"\0" * unit, count)
    members.add(b"\0" * 1024)
    return members


def many_empty_files(count, unit=10_000):
    """A tar of empty files; names repeat from unit to unit, which an extractor would not mind."""
    members = GzipMembers()
    members.add(b"".join(tar_header(f"d/{n}", 0) for n in range(unit)), max(1, count // unit))
    members.add(b"\0" * 1024)
    return members


def big_status(size):
    """A dpkg status file of that many bytes in a tar, with os-release before it."""
    stanza = (b"Package: filler\nStatus: install ok installed\nVersion: 1.0\n"
              b"Description: " + b"x" * 900 + b"\n\n")
    unit = stanza * (4 << 20 >> 10)
    count = max(1, size // len(unit))
    total = count * len(unit)
    members = GzipMembers()
    from lib.images import DEBIAN_12, make_tar
    members.add(make_tar([("etc/os-release", DEBIAN_12)])[:1024])
    members.add(tar_header("var/lib/dpkg/status", total))
    members.add(unit, count)
    members.add(b"\0" * (-total % 512 + 1024))
    return members


def layer_of(members):
    return Layer(raw=members.bytes(), diff_id=digest(b"never computed"))


def raw_tar(entries):
    """Tar bytes of (name, bytes) with names exactly as given, also those tarfile would clean."""
    out = io.BytesIO()
    for name, data in entries:
        out.write(tar_header(name, len(data)))
        out.write(data + b"\0" * (-len(data) % 512))
    out.write(b"\0" * 1024)
    return out.getvalue()


def cut_gzip_in_a_tar(tar_bytes, keep):
    """A whole gzip stream of a tar that ends too early."""
    return gzip.compress(tar_bytes[:keep], mtime=0)


def corrupt_crc(data):
    """The same gzip file with a wrong checksum at its end."""
    return data[:-8] + bytes([data[-8] ^ 0xFF]) + data[-7:]


def deflate_garbage(seed=b"noise"):
    """A gzip header followed by bytes that are no deflate stream."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zlib.compress(seed)[::-1] * 50 + b"\xff" * 2000
