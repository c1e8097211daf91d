# SPDX-License-Identifier: Apache-2.0
"""What the stages of run-tests.py are made of: run a command with progress and a time limit, count
results from JUnit files, print what failed."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build-logs"
HEARTBEAT_SECONDS = 20
SKIPPED = re.compile(r"^# SKIP (.*)$", re.MULTILINE)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Counts:
    """Results that add up; failures keep the words to show."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = []
        self.failures = []

    def add(self, name, ok, words=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append((name, words))

    def merge(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures


def say(text=""):
    print(text, flush=True)


def run(label, command, timeout, env=None, cwd=ROOT):
    """Runs a command with its output in build-logs/LABEL.log. Returns (exit code, output)."""
    LOGS.mkdir(exist_ok=True)
    path = LOGS / (label.replace(" ", "-").replace("/", "-") + ".log")
    full = dict(os.environ, **(env or {}))
    begin = time.monotonic()
    with path.open("wb") as log:
        process = subprocess.Popen([str(part) for part in command], stdout=log,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=full,
                                   cwd=cwd, start_new_session=True)
        beat = begin + HEARTBEAT_SECONDS
        while True:
            try:
                code = process.wait(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                pass
            except KeyboardInterrupt:
                os.killpg(process.pid, signal.SIGTERM)
                raise
            now = time.monotonic()
            if now - begin > timeout:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                code = 124
                log.write(f"\nstopped after {timeout} s\n".encode())
                break
            if now > beat:
                beat = now + HEARTBEAT_SECONDS
                say(f"   ... {label}: {now - begin:.0f} s, {last_line(path)}")
    return code, path.read_text(errors="replace")


def last_line(path):
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 400))
        lines = file.read().decode(errors="replace").replace("\r", "\n").strip().splitlines()
    return lines[-1].strip()[:100] if lines else "no output yet"


def tail(text, lines=60):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def check(counts, name, command, timeout=600, env=None):
    """A command that is one counted check."""
    code, output = run(name, command, timeout, env)
    counts.add(name, code == 0, tail(output))
    return code == 0


def add_junit(counts, path, what):
    """Adds the test cases of a JUnit file. A file that is absent or empty is a failure: a run that
    tested nothing must not pass."""
    before = counts.passed + counts.failed
    try:
        # Meson copies what a test printed, control characters too, which XML cannot hold.
        text = CONTROL.sub("?", path.read_bytes().decode("utf-8", "replace"))
        root = ElementTree.fromstring(text.encode())
    except (OSError, ElementTree.ParseError) as problem:
        counts.add(what, False, f"no results: {problem}")
        return
    for suite in root.iter("testsuite"):
        for case in suite.findall("testcase"):
            name = f"{case.get('classname') or suite.get('name')}.{case.get('name')}"
            bad = case.find("failure")
            if bad is None:
                bad = case.find("error")
            skip = case.find("skipped")
            if bad is not None:
                words = [bad.get("message") or "", bad.text or ""]
                words += [(case.findtext(tag) or "") for tag in ("system-out", "system-err")]
                counts.add(name, False, tail("\n".join(part for part in words if part), 120))
            elif skip is not None:
                counts.skipped.append((name, skip.get("message") or skip.text or "no reason given"))
            else:
                counts.add(name, True)
        # cmocka's own skip() is "not ok" for readers of TAP; unit tests print this line and return.
        for reason in SKIPPED.findall(suite.findtext("system-out") or ""):
            counts.passed -= 1
            counts.skipped.append((suite.get("name"), reason))
    if counts.passed + counts.failed == before:
        counts.add(what, False, "no test was run")


def show_failures(counts):
    for name, words in counts.failures:
        say(f"   FAILED {name}")
        for line in words.splitlines():
            say(f"      {line}")


def show_skips(counts):
    reasons = {}
    for name, reason in counts.skipped:
        reasons.setdefault(reason.strip().splitlines()[0] if reason.strip() else "-", []).append(name)
    for reason, names in reasons.items():
        say(f"   skipped {len(names)}: {reason} ({', '.join(names[:3])}"
            f"{', ...' if len(names) > 3 else ''})")


def die(text):
    print(text, file=sys.stderr)
    sys.exit(2)
