#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Finds text that does not belong in the tree: unfinished marks, paths of one machine, conflict
marks, blanks at line ends, tabs in Python, files without a final newline."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The words are put together here so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3 + r"(?!X)"]) + r")\b")
MACHINE = re.compile(r"(?<![\w.$}])/(?:" + "|".join(["wo" + "rk/", "ho" + "me/", "tm" + "p/build",
                                                       "ro" + "ot/"]) + ")")
CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)", re.M)
TEXT = {".c", ".h", ".def", ".py", ".sh", ".sql", ".md", ".build", ".txt", ".dict", ".yaml", ".yml",
        ".ini", ".supp", ""}
BINARY_PLACES = re.compile(r"^tests/fuzz/[a-z]+/corpus_|^tests/data/|^LICENSE$|^share/sample")


def main():
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                           check=True, capture_output=True, text=True).stdout.splitlines()
    problems, count = [], 0
    for name in names:
        path = ROOT / name
        if BINARY_PLACES.search(name) or path.suffix not in TEXT or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" in data:
            continue
        count += 1
        text = data.decode(errors="replace")
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                problems.append(f"{name}:{number}: unfinished: {line.strip()[:80]}")
            if MACHINE.search(line):
                problems.append(f"{name}:{number}: path of one machine: {line.strip()[:80]}")
            if line != line.rstrip():
                problems.append(f"{name}:{number}: blanks at the end of the line")
            if path.suffix == ".py" and line.startswith("\t"):
                problems.append(f"{name}:{number}: tab in Python")
        if CONFLICT.search(text):
            problems.append(f"{name}: conflict marks")
        if text and not text.endswith("\n"):
            problems.append(f"{name}: no newline at the end")
    for line in problems:
        print(line)
    print(f"check-words: {count} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
