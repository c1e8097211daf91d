#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the path patterns of all analyzers as C strings: embed_watched.py OUTPUT ANALYZERS.DEF

The table of analyzers belongs to the worker; who only has to know which paths it reads gets this list of it.
"""
import pathlib
import re
import sys

ROW = re.compile(r"\bANALYZER\(\s*\w+\s*,\s*\"[^\"]*\"\s*,\s*\d+\s*,((?:\s*\"[^\"]*\")+)\s*,")


def main() -> None:
    output, table = sys.argv[1:]
    text = re.sub(r"^/\*.*?\*/", "", pathlib.Path(table).read_text(encoding="utf-8"), flags=re.S | re.M)
    rows = ROW.findall(text)
    if len(rows) != len(re.findall(r"\bANALYZER\(", text)):
        sys.exit(f"{table}: a row of another form than ANALYZER(kind, \"name\", version, \"paths\", ...)")
    patterns = [word for row in rows for word in "".join(re.findall(r"\"([^\"]*)\"", row)).split()]
    lines = ["/* Made by embed_watched.py. */"] + [f'WATCHED("{pattern}")' for pattern in patterns]
    pathlib.Path(output).write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
