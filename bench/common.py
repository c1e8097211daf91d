# SPDX-License-Identifier: Apache-2.0
"""What the programs of bench/ share: the file of results, the machine, figures of processes."""
import os
import pathlib
import platform
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench/RESULTS.md"
HEAD = "# Results\n\nEach section is written by the program it names; the methods are in [README.md](README.md).\n"
MEGABYTE = 1_000_000


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine():
    return f"{processor()}, {os.cpu_count()} processors, Linux {platform.release()}"


def write_section(title, text):
    """Puts the section in the place of the one with this title, or at the end."""
    old = RESULTS.read_text() if RESULTS.exists() else HEAD
    parts = re.split(r"(?m)^(?=## )", old)
    sections = [part for part in parts[1:] if part.split("\n", 1)[0] != f"## {title}"]
    place = next((i for i, part in enumerate(parts[1:]) if part.split("\n", 1)[0] == f"## {title}"),
                 len(sections))
    sections.insert(place, f"## {title}\n\n{text.strip()}\n\n")
    RESULTS.write_text(HEAD + "\n" + "".join(sections).rstrip() + "\n")


def children_of(pid):
    """All processes below one, with their children."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in children:
            found += [int(child), *children_of(int(child))]
    return found


def cpu_seconds(pid):
    """User and system time of a process and of its children so far, ended ones included."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def status_bytes(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0
