#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps files and functions small enough to read.

Hard limits fail: 1,200 lines for a file, 300 for a header, 100 for a function. Guides are listed
with --guides: 800 lines for a file, 60 for a function. There is no list of exceptions.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_HARD, FILE_GUIDE, HEADER_HARD = 1200, 800, 300
FUNCTION_HARD, FUNCTION_GUIDE = 100, 60
SUFFIXES = {".c", ".h", ".def", ".py", ".sh", ".sql"}
# A definition in the project's brace style: "{" alone in column 0 after a line that ends a
# parameter list, "}" alone in column 0 at its end.
NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")


def sources():
    for top in ("src", "tests", "tools", "bench", "share"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path
    for name in ("quickstart", "test"):
        yield ROOT / name


def functions(lines):
    """Yields (name, first line number, length) of each function of a C file."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{" and number > 1:
            head = number - 1
            while head > 1 and not re.match(r"^[A-Za-z_].*\(", lines[head - 1]):
                head -= 1
            match = NAME.search(lines[head - 1])
            start = (match.group(1) if match else "?", number) if match else None
        elif line.rstrip() in ("}", "};") and start:
            yield start[0], start[1], number - start[1] + 1
            start = None


def main():
    show_guides = "--guides" in sys.argv[1:]
    hard, guides, count = [], [], 0
    for path in sources():
        if not path.exists():
            continue
        count += 1
        name = path.relative_to(ROOT)
        lines = path.read_text(errors="replace").splitlines()
        limit = HEADER_HARD if path.suffix == ".h" else FILE_HARD
        if len(lines) > limit:
            hard.append(f"{name}: {len(lines)} lines, the limit is {limit}")
        elif len(lines) > FILE_GUIDE:
            guides.append(f"{name}: {len(lines)} lines (guide {FILE_GUIDE})")
        if path.suffix != ".c":
            continue
        for function, first, length in functions(lines):
            if length > FUNCTION_HARD:
                hard.append(f"{name}:{first}: {function}() has {length} lines, "
                            f"the limit is {FUNCTION_HARD}")
            elif length > FUNCTION_GUIDE:
                guides.append(f"{name}:{first}: {function}() has {length} lines "
                              f"(guide {FUNCTION_GUIDE})")
    for line in hard + (guides if show_guides else []):
        print(line)
    print(f"check-sizes: {count} files, {len(hard)} over a limit, {len(guides)} over a guide")
    return 1 if hard else 0


if __name__ == "__main__":
    sys.exit(main())
