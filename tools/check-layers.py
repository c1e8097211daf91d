#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the folders of src/ include only what the dependency table allows.

The table is the one in ARCHITECTURE.md (the rows "| level | folder | may include |"), so that the
document cannot drift from the code. Checked are every #include "folder/header.h" of the sources and
of the unit tests, the dep_ objects that each meson.build names, that a folder only names folders of
lower levels, and that every folder of src/ has a row.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\|\s*(\d)\s*\|\s*`?([a-z]+(?:/[a-z]+)?)`?\s*\|\s*(.*?)\s*\|\s*$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
DEP = re.compile(r"\bdep_([a-z]+)\b")
WORKER = "cmd/worker"


def read_table():
    rows = {}
    for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines():
        match = ROW.match(line)
        if match:
            allowed = set(re.findall(r"[a-z]+", match.group(3)))
            rows[match.group(2)] = (int(match.group(1)), allowed)
    return rows


def is_worker_source(path):
    """lazaret-worker's sources in src/cmd are the files called worker*."""
    return path.parent.name == "cmd" and path.name.startswith("worker")


def check_includes(path, owner, allowed, problems):
    for target in INCLUDE.findall(path.read_text()):
        folder = target.split("/")[0]
        where = path.relative_to(ROOT)
        if folder == ".." and ROOT / "tests" in path.parents:
            continue  # helpers that several folders' tests share
        if "/" not in target:
            meson = (path.parent / "meson.build")
            if (path.parent / target).exists() and ROOT / "src" in path.parents:
                problems.append(f"{where}: write \"{path.parent.name}/{target}\"")
            elif not (path.parent / target).exists() and target not in meson.read_text():
                problems.append(f"{where}: include \"{target}\" names no folder and no made header")
        elif folder != owner and folder not in allowed:
            problems.append(f"{where}: {owner} may not include {target}")


def check_meson(path, owner, allowed, problems):
    for folder in set(DEP.findall(path.read_text())):
        if folder != owner and folder not in allowed:
            problems.append(f"{path.relative_to(ROOT)}: {owner} may not use dep_{folder}")


def main():
    rows = read_table()
    problems = []
    if len(rows) < 10:
        print("check-layers: no dependency table found in ARCHITECTURE.md")
        return 1
    for folder, (level, allowed) in rows.items():
        for other in sorted(allowed):
            if other not in rows:
                problems.append(f"ARCHITECTURE.md: {folder} names {other}, which has no row")
            elif rows[other][0] >= level:
                problems.append(f"ARCHITECTURE.md: {folder} (level {level}) names {other} "
                                f"(level {rows[other][0]})")
    checked = 0
    for directory in sorted(p for p in (ROOT / "src").iterdir() if p.is_dir()):
        folder = directory.name
        if folder not in rows:
            problems.append(f"src/{folder}: has no row in the dependency table")
            continue
        allowed = rows[folder][1]
        # Tests may also use the real clock and files.
        in_tests = allowed | {"os"}
        places = [directory, ROOT / "tests/unit" / folder, ROOT / "tests/fuzz" / folder]
        for place in places:
            for path in sorted(place.glob("*.[ch]")):
                row = rows[WORKER][1] if is_worker_source(path) else \
                    allowed if place == directory else in_tests
                check_includes(path, folder, row, problems)
                checked += 1
            meson = place / "meson.build"
            if meson.exists():
                extra = rows[WORKER][1] if folder == "cmd" else set()
                row = allowed if place == directory else in_tests
                check_meson(meson, folder, row | extra, problems)
    for line in problems:
        print(line)
    print(f"check-layers: {checked} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
