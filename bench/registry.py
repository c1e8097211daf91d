#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lazaret, Debian's docker-registry and a server that does nothing, side by side on one disk with one
client. The method is in bench/README.md."""
import argparse
import hashlib
import http.client
import io
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib

from common import MEGABYTE, ROOT, children_of, cpu_seconds, machine, status_bytes, write_section

TITLE = "Registry (bench/registry.py)"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


# --- content

def sha256(data):
    return hashlib.sha256(data).hexdigest()


def gzip_member(data, level):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def tar_entry(name, data):
    out = io.BytesIO()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(data))
        return out.getvalue()[:tar.offset]


def text_blocks(size):
    """Half random, half one short text in each 4 KiB, so that it shrinks to about half."""
    return b"".join(os.urandom(2048) + b"/usr/share/doc/package/copyright\n" * 62
                    for _ in range(size // 4094))


class Images:
    """Image sets: a layer of 1 MB, a configuration, a manifest each. The layers are real gzip tars with a
    package database; 90 % of their bytes are the same, the rest and so the digest is each one's own."""

    def __init__(self, directory, layer_bytes=MEGABYTE):
        self.directory = pathlib.Path(directory)
        status = b"".join(b"Package: package%d\nStatus: install ok installed\nVersion: 1.0-%d\n"
                          b"Architecture: amd64\n\n" % (n, n) for n in range(200))
        common = (tar_entry("etc/os-release", b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
                  + tar_entry("var/lib/dpkg/status", status)
                  + tar_entry("data/common", text_blocks(layer_bytes * 17 // 10)))
        self.common_tar = common
        self.common = gzip_member(common, 1)
        self.own_bytes = max(1024, layer_bytes - len(self.common) - 600)

    def keep(self, data):
        name = sha256(data)
        (self.directory / name).write_bytes(data)
        return name

    def image(self):
        own = tar_entry("data/own", os.urandom(self.own_bytes)) + bytes(1024)
        layer = self.common + gzip_member(own, 1)
        config = json.dumps({
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
            "created": "2024-01-01T00:00:00Z", "history": [{"created_by": "bench"}],
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha256(self.common_tar + own)]},
            "author": os.urandom(120).hex(),
        }).encode()
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": "sha256:" + sha256(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": "sha256:" + sha256(layer), "size": len(layer)}],
        }).encode()
        return [self.keep(data) for data in (config, layer, manifest)]

    def make(self, count):
        """A new set; returns its rows (configuration, layer, manifest)."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        rows = [self.image() for _ in range(count)]
        (self.directory / "list").write_text("".join(" ".join(row) + "\n" for row in rows))
        return rows


def random_file(path, size):
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        while size:
            block = os.urandom(min(size, 4 << 20))
            digest.update(block)
            file.write(block)
            size -= len(block)
    return digest.hexdigest()


# --- servers

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, scratch, command, ready):
        self.name, self.port = name, free_port()
        self.directory = pathlib.Path(scratch) / name
        self.directory.mkdir()
        self.log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(command(self), stdout=self.log, stderr=self.log)
        until = time.monotonic() + 20
        while self.answer(ready) is None:
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                sys.exit(f"{name} does not start: "
                         f"{(self.directory / 'log').read_text(errors='replace')[-1500:]}")
            time.sleep(0.02)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def answer(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", path)
            body = connection.getresponse().read()
            connection.close()
            return body
        except OSError:
            return None

    def settle(self):
        """Waits until nothing goes on behind the answers, so that no row pays for the one before."""
        until = time.monotonic() + 60
        while self.name == "lazaret" and json.loads(self.answer("/healthz"))["backlog"]:
            if time.monotonic() > until:
                sys.exit("lazaret still scans after a minute")
            time.sleep(0.02)

    def cpu(self):
        own = cpu_seconds(self.process.pid)
        return own, own + sum(map(cpu_seconds, children_of(self.process.pid)))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def docker_command(binary):
    def command(server):
        config = server.directory / "config.yml"
        config.write_text(json.dumps({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(server.directory / "data")},
                        "delete": {"enabled": True}},
            "http": {"addr": server.address},
        }))
        return [binary, "serve", str(config)]
    return command


def start_servers(options, scratch):
    build = pathlib.Path(options.build)
    kinds = {
        "null": (lambda s: [build / "bench/bench-null", str(s.port)], "/"),
        "docker-registry": (docker_command(options.docker_registry), "/v2/"),
        "lazaret": (lambda s: [build / "src/cmd/lazaret", "serve", "--listen", s.address, "--data",
                               s.directory / "data"], "/healthz"),
    }
    started = []
    try:
        for name in options.servers.split(","):
            started.append(Server(name, scratch, *kinds[name]))
    except BaseException:
        for server in started:
            server.stop()
        raise
    return started


# --- rows

ROWS = {  # name: (words, unit, goal over docker-registry, share of the null server that also does)
    "push": ("push of 1 MB images, 10 at a time", "images/s", 4, 0.8),
    "upload": ("one upload of {upload} MB", "MB/s", 2.5, 0.8),
    "manifest": ("GET manifest by tag, 16 at a time", "/s", 15, None),
    "small": ("GET blob of {small} bytes, 16 at a time", "/s", 30, None),
    "large": ("GET blob of 3 MB, 16 at a time", "MB/s", 2.5, None),
    "repush": ("push again of a known image (2 HEAD, PUT manifest), 10 at a time", "images/s", 10, None),
}


class Bench:
    def __init__(self, options, scratch, servers):
        self.options, self.scratch, self.servers = options, pathlib.Path(scratch), servers
        self.images = Images(self.scratch / "images")
        self.found = {}  # (row, mode, server) -> list of results
        self.small = 0

    def load(self, server, *arguments):
        done = subprocess.run([pathlib.Path(self.options.build) / "bench/bench-load", arguments[0],
                               server.address, *map(str, arguments[1:])], capture_output=True,
                              text=True, timeout=300)
        if done.returncode:
            sys.exit(f"{server.name}: {arguments}: {done.stderr}")
        return json.loads(done.stdout)

    def row(self, row, mode, arguments_of):
        for server in self.servers:
            os.sync()
            before = server.cpu()
            result = self.load(server, *arguments_of(server))
            result["cpu_s"] = server.cpu()[0] - before[0]
            server.settle()
            result["all_cpu_s"] = server.cpu()[1] - before[1]
            unit = ROWS[row][1]
            result["value"] = result["bytes_per_second"] / 1e6 if unit == "MB/s" else result["rate"]
            self.found.setdefault((row, mode, server.name), []).append(result)
            print(f"  {row:9} {mode:5} {server.name:16} {result['value']:11.1f} {unit:9} p99 "
                  f"{result['p99_ms']:8.2f} ms  cpu {result['cpu_s']:.2f} s", flush=True)

    def round(self, number):
        options, seconds = self.options, self.options.seconds
        upload = self.scratch / "upload"
        digest = random_file(upload, options.upload_mb * MEGABYTE)
        self.row("upload", "keep", lambda s: ("upload", upload, f"sha256:{digest}", f"upload{number}", "keep"))
        upload.unlink()
        large = self.scratch / "large"
        large_digest = random_file(large, 3 * MEGABYTE)
        for server in self.servers:
            self.load(server, "upload", large, f"sha256:{large_digest}", f"large{number}", "keep")
        for mode in ("keep", "close"):
            rows = self.images.make(options.images)
            repository = f"bench{number}{mode}"
            sizes = [(self.images.directory / name).stat().st_size for name in rows[0]]
            self.small = sizes[0]

            def get(path, size, repository=repository, mode=mode):
                return lambda s: ("get", f"/null/{size}" if s.name == "null" else f"/v2/{path}", size,
                                  16, seconds, mode)
            self.row("push", mode, lambda s: ("push", self.images.directory, repository, 10, mode))
            self.row("repush", mode,
                     lambda s: ("repush", self.images.directory, repository, 10, seconds, mode))
            self.row("manifest", mode, get(f"{repository}/manifests/n0", sizes[2]))
            self.row("small", mode, get(f"{repository}/blobs/sha256:{rows[0][0]}", sizes[0]))
            self.row("large", mode, get(f"large{number}/blobs/sha256:{large_digest}", 3 * MEGABYTE))


# --- report

def median(results, key="value"):
    return statistics.median(result[key] for result in results)


def span(results):
    values = sorted(result["value"] for result in results)
    form = "{:.0f}" if values[-1] >= 100 else "{:.1f}"
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({form.format(values[0])}–{form.format(values[-1])})"


def judge(row, mode, found):
    """The ratios as text, and whether the goal is reached (None: no goal or nothing to compare)."""
    own = found.get((row, mode, "lazaret"))
    docker, null = found.get((row, mode, "docker-registry")), found.get((row, mode, "null"))
    goal, share = ROWS[row][2:]
    if not own:
        return "", "", "", None
    over = median(own) / median(docker) if docker else None
    of_null = median(own) / median(null) if null else None
    words = f"≥ {goal} ×" + (f" or ≥ {share:.0%} of null" if share else "")
    reached = None
    if over is not None:
        reached = over >= goal or bool(share and of_null is not None and of_null >= share)
    return (f"{over:.1f} ×" if over is not None else "", f"{of_null:.0%}" if of_null is not None else "",
            words, reached)


def table_of_rows(bench, sizes):
    names = [server.name for server in bench.servers]
    lines = ["| row | connections | " + " | ".join(names) + " | over docker-registry | of null | goal | |",
             "|---|---|" + "---|" * len(names) + "---|---|---|---|"]
    missed = []
    for row, (words, unit, *_) in ROWS.items():
        for mode in ("keep", "close"):
            if not any((row, mode, name) in bench.found for name in names):
                continue
            over, of_null, goal, reached = judge(row, mode, bench.found)
            cells = [span(bench.found[(row, mode, name)]) for name in names]
            words_row = words.format(**sizes)
            is_goal = mode == "keep"
            verdict = {None: "", True: "reached", False: "missed"}[reached] if is_goal else ""
            if is_goal and reached is False:
                missed.append(words_row)
            lines.append(f"| {words_row}, {unit} | {'kept' if mode == 'keep' else 'one per request'} | "
                         + " | ".join(cells) + f" | {over} | {of_null} | {goal if is_goal else ''} | {verdict} |")
    return lines, missed


def table_of_costs(bench):
    names = [server.name for server in bench.servers]
    lines = ["| processor time per unit, ms | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for row, (words, unit, *_) in ROWS.items():
        if (row, "keep", names[0]) not in bench.found:
            continue
        cells = []
        for name in names:
            results = bench.found[(row, "keep", name)]
            steps = sum(result["steps"] for result in results)
            own = sum(result["cpu_s"] for result in results) * 1e3 / steps
            everything = sum(result["all_cpu_s"] for result in results) * 1e3 / steps
            cells.append(f"{own:.3f}" + (f" (with scanning {everything:.3f})"
                                         if everything > own * 1.05 and row in ("push", "upload") else ""))
        what = {"push": "one image pushed", "upload": "the upload", "manifest": "one GET of a manifest",
                "small": "one GET of a small blob", "large": "one GET of 3 MB",
                "repush": "one image pushed again"}[row]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    cells = [f"{status_bytes(server.process.pid, 'VmHWM') / MEGABYTE:.0f} MB" for server in bench.servers]
    lines.append("| peak resident memory of the server process | " + " | ".join(cells) + " |")
    return lines


def report(bench, load):
    options = bench.options
    sizes = {"upload": options.upload_mb, "small": bench.small}
    rows, missed = table_of_rows(bench, sizes)
    for server in bench.servers:
        if server.name == "lazaret" and status_bytes(server.process.pid, "VmHWM") >= 64 * MEGABYTE:
            missed.append("peak memory below 64 MB")
    text = [f"Machine: {machine()}; load average before the start {load}. Median of {options.runs} rounds (lowest–highest), "
            f"{options.images} images a push row, {options.seconds} s a GET row.", "", *rows, "",
            *table_of_costs(bench), "",
            "All goals are reached." if not missed else "Missed: " + "; ".join(missed) + "."]
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build-release"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--images", type=int, default=150, help="images in a push row")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a GET row")
    parser.add_argument("--upload-mb", type=int, default=512)
    parser.add_argument("--servers", default="null,docker-registry,lazaret")
    parser.add_argument("--docker-registry", default="docker-registry", help="its program")
    parser.add_argument("--scratch", help="a directory on the disk to measure; default: the build directory")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    if "docker-registry" in options.servers and not shutil.which(options.docker_registry):
        print("docker-registry is needed: apt-get install docker-registry (or --docker-registry PROGRAM, "
              "or leave it out of --servers)", file=sys.stderr)
        return 2
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.scratch or options.build) as scratch:
        servers = start_servers(options, scratch)
        try:
            bench = Bench(options, scratch, servers)
            for number in range(options.runs):
                print(f"round {number + 1} of {options.runs}", flush=True)
                bench.round(number)
            text = report(bench, load)
        finally:
            for server in servers:
                server.stop()
    print(text)
    if not options.no_write:
        write_section(TITLE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
