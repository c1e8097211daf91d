# SPDX-License-Identifier: Apache-2.0
"""lazaret-worker: its box holds, and losing it costs one scan."""
import os
import signal
import subprocess
import time

import pytest
from lib import hostile, images, osv
from lib.images import DEBIAN_12, Image, Layer
from lib.server import BUILD, ROOT, WORKER, children_of, cves, sanitized

OLD_OPENSSL = ("libssl3", "3.0.9-1", "openssl")


def test_probe_finds_nothing_allowed():
    """The worker builds its box as always and tries to get out: open, connect, exec, fork, ptrace."""
    done = subprocess.run([WORKER, "--probe-sandbox"], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    lines = [line for line in done.stdout.splitlines() if ": " in line]
    tried = {line.split(":")[0] for line in lines}
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line.endswith("denied") for line in lines), done.stdout
    for word in ("open", "connect", "exec", "fork", "ptrace"):
        assert any(word in name for name in tried), f"{word} was not tried: {tried}"


@pytest.mark.skipif(sanitized(), reason="instrumentation brings its own symbols")
def test_worker_is_not_linked_with_what_it_must_not_have():
    subprocess.run([ROOT / "tools/check-worker-links.sh", BUILD], check=True, capture_output=True,
                   timeout=60)


def test_worker_started_by_hand_says_what_it_is():
    done = subprocess.run([WORKER], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and "lazaret" in done.stderr


def worker_pids(server):
    return children_of(server.process.pid)


def slow_layer(number):
    """Takes a worker a second or more: much to inflate, little to send."""
    members = hostile.bomb(3 << 30, name=f"zeros{number}")
    return Layer(raw=members.bytes(), diff_id=images.digest(b"unknown"))


@pytest.mark.server
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTRAP, signal.SIGSTOP],
                         ids=["kill", "crash", "hang"])  # sanitizers report SIGSEGV
def test_lost_worker_costs_one_scan(make_server, tmp_path, sent):
    server = make_server(env={"LAZARET_SCAN_WORKERS": "1", "LAZARET_SCAN_LAYER_SECONDS": "4",
                              "LAZARET_SCAN_LAYER_BYTES": "32GiB",
                              "LAZARET_SCAN_FOLLOWERS": "0"}, start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    server.start()
    server.registry.push_image("before", images.debian_image([OLD_OPENSSL]))
    server.wait("before", "Unhealthy")
    image = Image([slow_layer(1)])
    for name, data in image.blobs().items():
        server.registry.push_blob("victim", data, name)
    time.sleep(0.3)
    pids = worker_pids(server)
    assert pids, "a worker is running"
    for pid in pids:
        os.kill(pid, sent)
    server.registry.put_manifest("victim", "latest", image.manifest, image.media_type)
    answer = server.wait("victim", timeout=60)
    assert answer["state"] == "Failed" and answer["reason"], answer
    server.registry.push_image("after", images.debian_image([OLD_OPENSSL, ("bash", "5.2.15-2")]))
    assert len(cves(server.wait("after", "Unhealthy", timeout=60))) == 1
    assert len(cves(server.findings("before"))) == 1


@pytest.mark.server
def test_time_budget(make_server):
    """A layer that takes longer than it may is ended, with that as the reason."""
    server = make_server(env={"LAZARET_SCAN_LAYER_SECONDS": "1", "LAZARET_SCAN_LAYER_BYTES": "1024GiB",
                              "LAZARET_SCAN_LAYER_CPU_SECONDS": "100"})
    layer = Layer(raw=hostile.bomb(24 << 30).bytes(), diff_id=images.digest(b"unknown"))
    server.registry.push_image("slow", Image([layer]))
    answer = server.wait("slow", "Failed", timeout=60)
    assert "longer than 1 s" in answer["reason"], answer["reason"]
    server.registry.push_image("quick", Image([Layer([("etc/os-release", DEBIAN_12)])]))
    assert server.wait("quick", timeout=60)["state"] != "NotScanned"


@pytest.mark.server
@pytest.mark.release_only
def test_memory_budget(make_server):
    """A database file that would need more memory than a worker may have fails its scan only."""
    server = make_server(env={"LAZARET_SCAN_WORKER_BYTES": "64MiB",
                              "LAZARET_SCAN_DATABASE_BYTES": "512MiB"})
    layer = Layer(raw=hostile.big_status(200 << 20).bytes(), diff_id=images.digest(b"unknown"))
    server.registry.push_image("fat", Image([layer]))
    answer = server.wait("fat", "Failed", timeout=60)
    assert answer["reason"]
    server.registry.push_image("thin", images.debian_image([OLD_OPENSSL]))
    assert server.wait("thin", timeout=60)["state"] == "NoAdvisories"
