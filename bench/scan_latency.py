#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time from `PUT manifest` to readable findings, and memory. The method is in bench/README.md."""
import argparse
import hashlib
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from common import MEGABYTE, ROOT, machine, write_section

TITLE = "Latency of a verdict (bench/scan_latency.py)"
WIRE_RATE = 100 * MEGABYTE  # a gigabit network, nearly


def block_content(size, seed):
    """size bytes that compress to about half: each 4 KiB block is half random, half one short text."""
    random = hashlib.shake_256(seed).digest(min(size, 8 * MEGABYTE))
    out, offset = bytearray(), 0
    while len(out) < size:
        tag = len(out).to_bytes(8, "little") + seed[:8]
        out += tag + random[offset:offset + 2032] + tag * 128
        offset = (offset + 2048) % (len(random) - 2048)
    return bytes(out[:size])


def status_text(images, count, version):
    return images.dpkg_status([(f"package{n}", f"{version}.{n}", f"source{n}") for n in range(count)]
                              + [("libssl3", "3.0.9-1", "openssl")])


def make_layer(images, size, seed, files=()):
    """A gzip layer whose stored size is near the size asked for."""
    content = block_content(2 * size, seed)
    entries = list(files) + [(f"data/{seed.hex()[:8]}/{n}", content[n * MEGABYTE:(n + 1) * MEGABYTE])
                             for n in range(max(1, 2 * size // MEGABYTE))]
    tar = images.make_tar(entries)
    packed = subprocess.run(["igzip", "-c", "-1"] if which("igzip") else ["gzip", "-1", "-n", "-c"],
                            input=tar, capture_output=True, check=True).stdout
    return images.Layer(raw=packed, diff_id=images.digest(tar))


def which(name):
    return any(os.access(os.path.join(p, name), os.X_OK) for p in os.environ["PATH"].split(":"))


def make_image(images, layers_mb):
    layers = []
    for number, size in enumerate(layers_mb):
        files = []
        if number == 0:
            files = [("etc/os-release", images.DEBIAN_12)]
        if number in (0, len(layers_mb) - 1):
            files.append(("var/lib/dpkg/status", status_text(images, 200, 1 + number)))
        layers.append(make_layer(images, size * MEGABYTE, os.urandom(16), files))
    return images.Image(layers)


def paced(data, rate):
    """The bytes in pieces, no faster than rate bytes per second."""
    begin, step = time.perf_counter(), 256 * 1024
    for at in range(0, len(data), step):
        yield data[at:at + step]
        ahead = begin + (at + step) / rate - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)


def push_paced(server, name, data, wanted, rate):
    """One blob as POST and one PUT whose body comes at the given rate."""
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.request("POST", f"/v2/{name}/blobs/uploads/")
    reply = connection.getresponse()
    reply.read()
    connection.request("PUT", f"{reply.headers['Location']}?digest={wanted}", paced(data, rate),
                       {"Content-Length": str(len(data)), "Content-Type": "application/octet-stream"})
    reply = connection.getresponse()
    reply.read()
    connection.close()
    assert reply.status == 201, reply.status


class Run:
    """One push; the times in seconds. rate: bytes per second of each upload; None: unlimited."""

    def __init__(self, server, image, name, rate=None):
        self.registry = server.registry
        blobs = list(image.blobs().items())
        config, layers = blobs[0], blobs[1:]
        for wanted, data in [config, *layers]:
            if rate:
                push_paced(server, name, data, wanted, rate)
                continue
            answer = self.registry.push_blob(name, data, wanted)
            assert answer.status == 201, answer
        after_blobs = time.perf_counter()
        connection = http.client.HTTPConnection(server.host, server.port)
        connection.request("PUT", f"/v2/{name}/manifests/latest", image.manifest,
                           {"Content-Type": image.media_type})
        sent = time.perf_counter()
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 201, reply.status
        self.answer = time.perf_counter() - sent
        state = "NotScanned"
        while state == "NotScanned":
            connection.request("GET", f"/api/v1/findings?image={name}:latest")
            reply = connection.getresponse()
            body = json.loads(reply.read())
            assert reply.status == 200, body
            state = body["state"]
            if state == "NotScanned":
                time.sleep(0.002)
        now = time.perf_counter()
        assert state == "Unhealthy" and body["findings"], body
        self.verdict = now - sent
        self.after_put = now - after_blobs
        connection.close()


def inflate_seconds(data):
    """Best of three of igzip -d over the same bytes."""
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(data)
        file.flush()
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            subprocess.run(["igzip", "-d", "-c", file.name], stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - begin)
    return min(times)


def peak_megabytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    return 0.0


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(values):
    return (f"p50 {statistics.median(values) * 1e3:.1f} ms, p90 {quantile(values, 0.9) * 1e3:.1f} ms, "
            f"max {max(values) * 1e3:.1f} ms")


def measure(options, images, osv, servers):
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lazaret-bench-") as scratch:
        server = servers.Server(scratch, env={"LAZARET_LOG_LEVEL": "info"})
        server.load(osv.write_zip(f"{scratch}/a.zip", osv.STANDARD))
        server.start()
        try:
            many, wire, single, followed, inflate, size = [], [], [], [], [], 0
            for number in range(options.runs):
                image = make_image(images, [60, 50, 40, 30, 16, 4])
                size = sum(len(layer.bytes) for layer in image.layers)
                many.append(Run(server, image, f"many{number}"))
                print(f"  {len(image.layers)} layers, {size / MEGABYTE:.0f} MB: verdict after "
                      f"{many[-1].verdict * 1e3:.1f} ms", flush=True)
            for number in range(options.runs):
                image = make_image(images, [60, 50, 40, 30, 16, 4])
                wire.append(Run(server, image, f"wire{number}", WIRE_RATE))
                print(f"  the same at {WIRE_RATE / MEGABYTE:.0f} MB/s: verdict after "
                      f"{wire[-1].verdict * 1e3:.1f} ms", flush=True)
            for number in range(max(3, options.runs // 3)):
                image = make_image(images, [200])
                inflate.append(inflate_seconds(image.layers[0].bytes))
                single.append(Run(server, image, f"single{number}"))
                print(f"  one layer: verdict after {single[-1].after_put * 1e3:.0f} ms, inflate "
                      f"{inflate[-1] * 1e3:.0f} ms", flush=True)
            for number in range(options.runs):
                image = make_image(images, [200])
                followed.append(Run(server, image, f"followed{number}", WIRE_RATE))
                print(f"  one layer at {WIRE_RATE / MEGABYTE:.0f} MB/s: verdict after "
                      f"{followed[-1].verdict * 1e3:.1f} ms", flush=True)
            workers = servers.children_of(server.process.pid)
            return {
                "many": many, "wire": wire, "single": single, "followed": followed, "inflate": inflate, "size": size,
                "load": (load, os.getloadavg()[0]),
                "server": peak_megabytes(server.process.pid),
                "worker": max((peak_megabytes(pid) for pid in workers), default=0.0),
            }
        finally:
            server.stop()


def report(options, found):
    ratio = statistics.median(r.after_put / i for r, i in zip(found["single"], found["inflate"]))
    lines = [
        f"Machine: {machine()}. {options.runs} runs, fresh layers in each. Load average "
        f"{found['load'][0]:.1f} at the start, {found['load'][1]:.1f} at the end.", "",
        "| what | measured | aim |", "|---|---|---|",
        f"| `PUT manifest` sent → findings readable, {found['size'] / MEGABYTE:.0f} MB in 6 layers, last "
        f"4 MB, pushed as fast as loopback takes it | "
        f"{milliseconds([r.verdict for r in found['many']])} | p50 < 100 ms |",
        f"| the same, pushed at {WIRE_RATE / MEGABYTE:.0f} MB/s | "
        f"{milliseconds([r.verdict for r in found['wire']])} | p50 < 100 ms |",
        f"| the same for one layer of 200 MB, pushed at {WIRE_RATE / MEGABYTE:.0f} MB/s | "
        f"{milliseconds([r.verdict for r in found['followed']])} | p50 < 200 ms |",
        f"| answer to `PUT manifest`, same runs | {milliseconds([r.answer for r in found['many']])} | never "
        "waits for the scan |",
        f"| closing `PUT` → findings readable, one layer of 200 MB | "
        f"{milliseconds([r.after_put for r in found['single']])} | |",
        f"| inflate time of that layer (`igzip -d`) | {milliseconds(found['inflate'])} | |",
        f"| the one over the other, median | {ratio:.2f} | ≤ 1.5 |",
        f"| peak memory of the server | {found['server']:.0f} MB | |",
        f"| peak memory of the largest worker | {found['worker']:.0f} MB | |",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--build", default=str(ROOT / "build-release"))
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    if not which("igzip"):
        print("igzip is needed as the yardstick: apt-get install isal", file=sys.stderr)
        return 2
    os.environ["LAZARET_BUILD"] = options.build
    sys.path.insert(0, str(ROOT / "tests/system"))
    from lib import images, osv
    from lib import server as servers
    text = report(options, measure(options, images, osv, servers))
    print(text)
    if not options.no_write:
        write_section(TITLE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
