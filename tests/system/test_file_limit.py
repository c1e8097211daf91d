# SPDX-License-Identifier: Apache-2.0
"""The server takes as many descriptors as it may have, and says so when that is too few."""
import pathlib
import re


def open_files(server):
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    return [int(n) for n in re.search(r"Max open files\s+(\d+)\s+(\d+)", limits).groups()]


def test_soft_limit_is_raised(make_server):
    server = make_server(wrapper=["prlimit", "--nofile=256:4000"])
    assert open_files(server) == [4000, 4000]
    assert not server.events("server.file_limit")


def test_too_few_is_said(make_server):
    server = make_server(wrapper=["prlimit", "--nofile=256:600"])
    assert open_files(server) == [600, 600]
    said, = server.events("server.file_limit")
    assert (said["files"], said["needed"]) == (600, 2100), said
    assert "ulimit -Hn" in said["advice"]
