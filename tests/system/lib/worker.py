# SPDX-License-Identifier: Apache-2.0
"""lazaret-worker by itself: one layer in, its inventory out (src/inventory/protocol.h)."""
import array
import json
import os
import socket
import struct
import subprocess
import tarfile

from .server import WORKER

MAGIC = 0x315A4C57
REQUEST, HELLO, LAYER_ANSWER = 1, 2, 4
LAYER = 1
# Inflated bytes, entries, bytes of one database, of one file of a language; of nested archives the
# bytes, the entries and the depth.
BUDGETS = (32 << 30, 4 << 20, 128 << 20, 384 << 20, 2 << 30, 4 << 20, 8)


def _receive(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError("the worker is gone")
        data += part
    return data


def _frame(sock):
    magic, kind, length = struct.unpack("<IIQ", _receive(sock, 16))
    assert magic == MAGIC
    return kind, _receive(sock, length)


def inventory(path):
    """What the worker says about the layer in this file, packages and files as dictionaries."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(120)

    def at_three():
        os.dup2(theirs.fileno(), 3)

    process = subprocess.Popen([WORKER], stdin=subprocess.DEVNULL, preexec_fn=at_three, close_fds=True,
                               pass_fds=[3])
    theirs.close()
    try:
        assert _frame(ours)[0] == HELLO
        name = os.fsencode(path)
        payload = struct.pack("<I7QI", LAYER, *BUDGETS, len(name)) + name
        with open(path, "rb") as layer:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [layer.fileno()]))]
            ours.sendmsg([struct.pack("<IIQ", MAGIC, REQUEST, len(payload)) + payload], rights)
            kind, answer = _frame(ours)
        assert kind == LAYER_ANSWER
    finally:
        ours.close()
        process.wait(timeout=60)
    found = json.loads(answer)
    names = ("type", "name", "version", "source_name", "source_version", "arch", "licence", "supplier",
             "module", "inside")
    found["packages"] = [dict(zip(names, row)) for row in found["packages"]]
    for package in found["packages"]:
        package["source_name"] = package["source_name"] or package["name"]
        package["source_version"] = package["source_version"] or package["version"]
    return found


def inventory_of_tree(root, scratch):
    """The same for a directory, as one layer."""
    layer = scratch / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        tar.add(root, arcname=".")
    return inventory(layer)
