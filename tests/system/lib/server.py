# SPDX-License-Identifier: Apache-2.0
"""Runs the real programs: `lazaret serve` on a free loopback port with its own data directory, and
the other verbs. A sanitizer report in the server's log fails the test that caused it."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from lib.registry import Registry

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("LAZARET_BUILD") or ROOT / "build-release")
PROGRAM = BUILD / "src/cmd/lazaret"
WORKER = BUILD / "src/cmd/lazaret-worker"
REPORT = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer|"
                    r"runtime error:|CHECK failed|check failed")
# Instrumented programs are several times slower.
SLOW = 6 if re.search(r"asan|tsan", BUILD.name) else 1


def sanitized():
    return SLOW > 1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lazaret(*arguments, timeout=300, env=None, check=True, cwd=None):
    """A verb; returns the finished process."""
    done = subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, env=dict(os.environ, **(env or {})), cwd=cwd,
                          stdin=subprocess.DEVNULL)
    assert not REPORT.search(done.stderr), done.stderr
    if check:
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def children_of(pid):
    """Pids of the direct children."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


class Server:
    def __init__(self, directory, data=None, env=None, port=None, wrapper=()):
        self.directory = pathlib.Path(directory)
        self.data = pathlib.Path(data) if data else self.directory / "data"
        self.log_path = self.directory / "server.log"
        self.env = {"LAZARET_LOG_FORMAT": "json", "LAZARET_ADVISORIES_POLL_MS": "50",
                    "LAZARET_SERVER_DRAIN_SECONDS": "20", **(env or {})}
        self.port = port or free_port()
        self.listen = None  # the value of --listen; None: the address
        self.host = "127.0.0.1"
        self.wrapper = list(wrapper)
        self.process = None
        self.registry = Registry(self.host, self.port)

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def spawn(self):
        """Starts the process without waiting for it."""
        log = self.log_path.open("ab")
        self.process = subprocess.Popen(
            [*self.wrapper, str(PROGRAM), "serve", "--data", str(self.data), "--listen",
             self.listen or self.address],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(os.environ, **self.env),
            cwd=self.directory)
        log.close()
        return self

    def start(self, timeout=20):
        self.spawn()
        end = time.monotonic() + timeout * SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"server ended with {self.process.returncode}:\n{self.log()}")
            try:
                if self.registry.request("GET", "/readyz", timeout=5).status == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"server not ready after {timeout} s:\n{self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def events(self, name):
        """Log lines of one event, as dictionaries."""
        found = []
        for line in self.log().splitlines():
            if line.startswith("{"):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if name in (event.get("event"), event.get("msg"), event.get("name")):
                    found.append(event)
        return found

    def stop(self, timeout=40, asked=False):
        """SIGTERM (unless the test has asked already: a second one ends at once); the server must drain, end with 0 and leave no sanitizer report and no child."""
        if self.process is None:
            return
        children = children_of(self.process.pid)
        if self.process.poll() is None and not asked:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"server did not stop within {timeout} s:\n{self.log()[-4000:]}")
        self.process = None
        assert code == 0, f"server ended with {code}:\n{self.log()[-8000:]}"
        self.check_log()
        for pid in children:
            assert not pathlib.Path(f"/proc/{pid}").exists() or is_zombie(pid), \
                f"worker {pid} outlived the server"

    def kill(self):
        """Power loss for a process: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def check_log(self):
        text = self.log()
        found = REPORT.search(text)
        assert not found, text[max(0, found.start() - 200):found.start() + 6000]

    # --- asking

    def verb(self, *arguments, **more):
        return lazaret(*arguments, "--server", self.url, **more)

    def findings(self, reference):
        """The JSON of `lazaret image findings`."""
        done = self.verb("image", "findings", reference, "--format", "json")
        return json.loads(done.stdout)

    def wait(self, reference, state=None, timeout=30, until=None):
        """Findings of an image once it has a verdict (the given state, or whatever until says)."""
        end = time.monotonic() + timeout * SLOW
        while True:
            answer = self.findings(reference)
            if until:
                if until(answer):
                    return answer
            elif state_of(answer) != "NotScanned" and (state is None or state_of(answer) == state):
                return answer
            assert time.monotonic() < end, \
                f"{reference}: still {state_of(answer)} ({answer.get('reason')}), wanted {state}\n" \
                f"{self.log()[-3000:]}"
            time.sleep(0.03)

    def load(self, *paths):
        return lazaret("advisories", "import", "--data", self.data, *paths)


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def state_of(answer):
    return answer["state"]


def cves(answer):
    """(vulnerability, package, installed, fixed) of each finding."""
    return {(f["vulnerability"], f["package"]["name"], f["package"]["version"], f["fixedVersion"])
            for f in answer["findings"]}
