#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a C header with one string per SQL file: embed_sql.py OUTPUT INPUT...

The string of migrations/m001_x.sql is called m001_x. Comments stay: they cost nothing and help whoever
reads the schema with the database's own tools.
"""
import pathlib
import sys


def c_line(line: str) -> str:
    return '\t"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main() -> None:
    output, inputs = sys.argv[1], sys.argv[2:]
    parts = ["/* Made by embed_sql.py. */\n"]
    for name in inputs:
        path = pathlib.Path(name)
        lines = path.read_text(encoding="utf-8").splitlines()
        parts.append(f"static const char {path.stem}[] =\n" + "\n".join(map(c_line, lines)) + ";\n")
    pathlib.Path(output).write_text("\n".join(parts), encoding="utf-8")


main()
