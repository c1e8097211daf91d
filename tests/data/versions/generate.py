#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pairs of versions for testing the comparators, and what the native tools say about them.

As a module: pairs(), dpkg_orders(), apk_orders(). As a program it rewrites the committed data:

    generate.py dpkg > dpkg.txt
    generate.py apk ALPINE_ROOT > apk.txt

ALPINE_ROOT is an unpacked Alpine minirootfs; its own `apk version` is the reference and is run by
chroot, so that needs root. Each line of the data is "<a> <order> <b>" with the order <, = or >, or
"!" where the native tool refuses one of the two.
"""
import json
import pathlib
import random
import subprocess
import sys
import zipfile

NUMBERS = ["0", "1", "2", "3", "9", "10", "12", "00", "01", "05", "049", "20200101", "100"]
APK_WORDS = "alpha beta pre rc cvs svn git hg p".split()


def apk_version(rng):
    text = rng.choice(["0", "1", "2", "10", "01"])
    for _ in range(rng.randint(0, 3)):
        text += "." + rng.choice(NUMBERS)
    if rng.random() < 0.25:
        text += rng.choice("abz")
        if rng.random() < 0.2:
            text += rng.choice(NUMBERS)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        text += "_" + rng.choice(APK_WORDS) + rng.choice(["", "0", "1", "2", "10", "01"])
    if rng.random() < 0.7:
        text += "-r" + rng.choice(["0", "1", "2", "10", "01"])
    return text


def dpkg_version(rng):
    text = rng.choice(["", "", "0:", "1:", "2:", "10:"]) + rng.choice(["0", "1", "2", "10", "a"])
    pieces = [".", "~", "+", "-", "a", "b", "rc", "deb", "Z", "0", "1", "9", "12", "00", "~~", "+b"]
    if ":" in text:
        pieces.append(":")
    for _ in range(rng.randint(0, 5)):
        text += rng.choice(pieces)
    return text + rng.choice("019a~+")


def mutate(rng, text):
    """Something near text, so that the ends of versions are compared too."""
    if rng.random() < 0.3:
        return text
    at = rng.randrange(len(text))
    extra = rng.choice(["", "0", "1", "a", ".1", "_p1", "_rc", "9", "-r1", "~"])
    return text[:at] + extra + text[at + rng.choice([0, 1]):]


def real_versions(shared, ecosystem):
    """Every version that the advisories of an ecosystem name."""
    found = set()
    with zipfile.ZipFile(pathlib.Path(shared) / "data" / "osv" / ecosystem / "all.zip") as archive:
        for name in archive.namelist():
            for affected in json.loads(archive.read(name)).get("affected", []):
                for version_range in affected.get("ranges", []):
                    for event in version_range["events"]:
                        found.update(event.values())
    return sorted(v for v in found if v and not any(c.isspace() for c in v))


def pairs(grammar, seed, made, real=(), taken=0):
    """`made` generated pairs and `taken` pairs out of the list `real`."""
    rng = random.Random(seed)
    make = {"apk": apk_version, "dpkg": dpkg_version}[grammar]
    out = []
    while len(out) < made:
        a = make(rng)
        b = make(rng) if rng.random() < 0.3 else mutate(rng, a)
        # A leading hyphen would be an option of the native tools.
        if a and b and a[0] != "-" and b[0] != "-":
            out.append((a, b) if rng.random() < 0.5 else (b, a))
    for _ in range(taken if real else 0):
        at = rng.randrange(len(real))
        near = min(len(real) - 1, at + rng.randint(0, 3))
        out.append((real[at], real[near] if rng.random() < 0.7 else rng.choice(real)))
    return out


def run(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def lines(todo):
    return "".join(f"{a}\t{b}\n" for a, b in todo)


def dpkg_orders(todo):
    script = r'''
    while IFS=$'\t' read -r a b; do
        dpkg --compare-versions "$a" lt "$b" 2>/dev/null; less=$?
        if [ $less = 0 ]; then echo "<"; continue; fi
        if [ $less != 1 ]; then echo "!"; continue; fi
        if dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo "="; else echo ">"; fi
    done'''
    return run(["bash", "-c", script], lines(todo))


def apk_orders(todo, root):
    script = r'''
    while IFS="	" read -r a b; do
        order="!"
        if apk version -c -- "$a" "$b" >/dev/null 2>&1; then order=$(apk version -t -- "$a" "$b"); fi
        echo "${order:-!}"
    done'''
    return run(["chroot", str(root), "/bin/sh", "-c", script], lines(todo))


def main():
    grammar = sys.argv[1]
    todo = pairs(grammar, 20, 700)
    orders = dpkg_orders(todo) if grammar == "dpkg" else apk_orders(todo, sys.argv[2])
    for (a, b), order in sorted(set(zip(todo, orders))):
        print(a, order, b)


if __name__ == "__main__":
    main()
