#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the documents are there and tell the truth where a program can see it.

- every folder of src/ has a README.md, and so have tests/, bench/, share/, tools/ and docs/
- every source and script begins with the licence line
- every relative link in a Markdown file leads to a file (and heading) that exists
- every route, setting, verb, log event and image state of the .def tables appears in docs/
- README.md and docs/README.md name every document
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
SOURCES = {".c", ".h", ".def", ".py", ".sh", ".sql", ".build"}
# Table: where its rows are, which quoted string of a row must appear in the documents.
TABLES = [
    ("src/api/routes.def", "ROUTE", 0),
    ("src/api/routes.def", "STREAM", 0),
    ("src/cmd/settings.def", "SETTING", 1),
    ("src/cmd/verbs.def", "VERB", 0),
    ("src/base/events.def", "EVENT", 0),
    ("src/base/metrics.def", "METRIC", 0),
    ("src/base/metrics.def", "METRIC_ROUTE", 0),
    ("src/inventory/image_states.def", "IMAGE_STATE", 0),
]


def tracked():
    out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                         capture_output=True, text=True).stdout
    return [ROOT / name for name in out.splitlines() if (ROOT / name).is_file()]


def anchors(text):
    """The fragment names of a Markdown file's headings, as forges make them."""
    names = set()
    for heading in re.findall(r"^#+\s+(.*)$", text, re.M):
        plain = re.sub(r"[`*]", "", heading).strip().lower()
        plain = re.sub(r"[^\w\- ]", "", plain)
        names.add(plain.replace(" ", "-"))
    return names


def check_links(path, problems):
    text = path.read_text()
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        where = path.relative_to(ROOT)
        if not file.exists():
            problems.append(f"{where}: link to {target}, which does not exist")
        elif fragment and file.suffix == ".md" and fragment not in anchors(file.read_text()):
            problems.append(f"{where}: link to {target}, which has no such heading")


def check_licence(path, problems):
    with path.open(errors="replace") as file:
        head = [file.readline() for _ in range(2)]
    if LICENCE not in head[0] and not (head[0].startswith("#!") and LICENCE in head[1]):
        problems.append(f"{path.relative_to(ROOT)}: does not begin with the licence line")


def table_rows(pattern, macro):
    for path in sorted(ROOT.glob(pattern)):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for match in re.finditer(rf"^{macro}\((.*)", text, re.M):
            row = text[match.start():]
            row = row[:row.find("\n" + macro + "(") if "\n" + macro + "(" in row else None]
            yield path, STRING.findall(re.sub(r'"\s*"', "", row))


def check_tables(problems):
    docs = "\n".join(p.read_text() for p in sorted((ROOT / "docs").glob("*.md")))
    for pattern, macro, column in TABLES:
        for path, strings in table_rows(pattern, macro):
            if len(strings) > column and strings[column] not in docs:
                problems.append(f"{path.relative_to(ROOT)}: {strings[column]} is not in docs/")


def main():
    problems = []
    files = tracked()
    for folder in sorted(p for p in (ROOT / "src").iterdir() if p.is_dir()):
        if not (folder / "README.md").exists():
            problems.append(f"src/{folder.name}: has no README.md")
    for name in ("README.md", "ARCHITECTURE.md", "HACKING.md", "SECURITY.md", "LICENSE",
                 "docs/README.md", "bench/README.md", "share/README.md", "tests/README.md",
                 "tools/README.md"):
        if not (ROOT / name).exists():
            problems.append(f"{name}: is missing")
    for path in files:
        script = path.suffix == "" and path.read_bytes()[:2] == b"#!"
        if path.suffix in SOURCES or path.name == "meson_options.txt" or script:
            check_licence(path, problems)
        if path.suffix == ".md":
            check_links(path, problems)
    index = (ROOT / "docs/README.md").read_text() if (ROOT / "docs/README.md").exists() else ""
    for path in sorted((ROOT / "docs").glob("*.md")):
        if path.name != "README.md" and path.name not in index:
            problems.append(f"docs/README.md: does not name {path.name}")
    check_tables(problems)
    for line in problems:
        print(line)
    print(f"check-docs: {len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
