#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pairs of versions for testing the comparators.

As a module: pairs(). As a program it rewrites the committed data with what the native tools say:

    generate.py GRAMMAR > GRAMMAR.txt
    generate.py apk ALPINE_ROOT > apk.txt

ALPINE_ROOT is an unpacked Alpine minirootfs; its own `apk version` is the reference and is run by
chroot, so that needs root. Each line of the data is "<a> <order> <b>" with the order <, = or >, or
"!" where the native tool refuses one of the two.
"""
import json
import pathlib
import random
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import oracles  # noqa: E402  (beside this file)

NUMBERS = ["0", "1", "2", "3", "9", "10", "12", "00", "01", "05", "049", "20200101", "100"]
APK_WORDS = "alpha beta pre rc cvs svn git hg p".split()

# Ecosystems of the shared test data whose advisories name versions of a grammar.
ECOSYSTEMS = {"dpkg": "Debian", "apk": "Alpine", "rpm": "AlmaLinux", "semver": "npm", "go": "Go",
              "pep440": "PyPI", "maven": "Maven", "gem": "RubyGems", "packagist": "Packagist",
              "pacman": "AlmaLinux", "hex": "crates.io"}


def dotted(rng, least, most, numbers=("0", "0", "1", "2", "9", "10", "01", "12")):
    return ".".join(rng.choice(numbers) for _ in range(rng.randint(least, most)))


def chain(rng, pieces, most):
    return "".join(rng.choice(pieces) for _ in range(rng.randint(0, most)))


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


def rpm_version(rng):
    text = rng.choice(["", "", "0:", "1:", ":", "10:"]) + rng.choice(["0", "1", "2", "10", "a", "01"])
    text += chain(rng, [".", "~", "^", "_", "+", "a", "b", "rc", "Z", "0", "1", "9", "12", "00", "."], 6)
    if rng.random() < 0.6:
        text += "-" + dotted(rng, 1, 2) + chain(rng, [".el9", "_2", ".1", "~a", "^1", ".module_el8"], 2)
    return text


def pacman_version(rng):
    text = rng.choice(["", "", "0:", "1:", ":", "10:"]) + rng.choice(["0", "1", "2", "10", "a", "01"])
    text += chain(rng, [".", "_", "+", "a", "b", "rc", "Z", "0", "1", "9", "12", "00", "..", "+."], 6)
    return text + (rng.choice(["-1", "-2", "-1.1", "-10"]) if rng.random() < 0.6 else "")


IDENTIFIERS = ["0", "1", "2", "10", "alpha", "beta", "rc", "rc1", "a-b", "-", "A", "1a", "x", "01"]


def semver_version(rng, least=3, most=3, prefixes=("", "", "", "v")):
    text = rng.choice(prefixes) + dotted(rng, least, most)
    if rng.random() < 0.6:
        text += "-" + ".".join(rng.choice(IDENTIFIERS) for _ in range(rng.randint(1, 3)))
    if rng.random() < 0.2:
        text += "+" + rng.choice(["1", "build.2", "x-y", "0"])
    return text


def hex_version(rng):
    text = semver_version(rng, prefixes=("",))
    return text if rng.random() < 0.1 else text.replace("01", "1").replace("00", "0")


def go_version(rng):
    text = rng.choice(["v", "v", ""]) + dotted(rng, 3, 3, ("0", "1", "2", "9", "10"))
    text += rng.choice(["", "", "-rc.1", "-rc.2", "-rc1", "-beta", "-0", "-pre",
                        "-0.20191109021931-daa7c04131f5", "-0.20191109021932-1aa7c04131f5",
                        "-20191109021931-daa7c04131f5", "-rc.1.0.20191109021931-daa7c04131f5"])
    return text + rng.choice(["", "", "", "+incompatible", "+dirty"])


def pep440_version(rng):
    sep = lambda: rng.choice(["", "", ".", "-", "_"])  # noqa: E731
    number = lambda: rng.choice(["", "0", "1", "2", "10", "01"])  # noqa: E731
    text = rng.choice(["", "", "", "v", "0!", "1!", "V"]) + dotted(rng, 1, 4)
    if rng.random() < 0.4:
        text += sep() + rng.choice("a b c rc alpha beta pre preview RC Alpha".split()) + sep() + number()
    if rng.random() < 0.3:
        text += rng.choice(["-1", "-0", "-2"]) if rng.random() < 0.3 else (
            sep() + rng.choice(["post", "rev", "r", "POST"]) + sep() + number())
    if rng.random() < 0.3:
        text += sep() + rng.choice(["dev", "DEV"]) + sep() + number()
    if rng.random() < 0.2:
        text += "+" + sep().join(rng.choice(["1", "a", "10", "A1", "ubuntu", "01"])
                                 for _ in range(rng.randint(1, 3)))
    return text


def maven_version(rng):
    words = ("alpha beta milestone rc cr snapshot ga final release sp a b m x foo jre8 Final RC M "
             "SNAPSHOT v2016 redhat pre").split()
    text = rng.choice(["", "", "", "v", "r"]) + rng.choice(["0", "1", "2", "10"])
    for _ in range(rng.randint(0, 5)):
        text += rng.choice([".", ".", "-", "", "_", "--", ".."])
        text += rng.choice(words) if rng.random() < 0.45 else rng.choice(NUMBERS)
    return text + rng.choice(["", "", "", "", "-", "."])


def gem_version(rng):
    text = dotted(rng, 1, 3)
    text += chain(rng, [".a", ".b", ".pre", ".rc1", ".0", ".1", "a", "1", ".A", "-rc", "-1", ".10",
                        "-x86", ".beta2", ".00", "Z"], 4)
    return text


def packagist_version(rng):
    if rng.random() < 0.15:
        text = "-".join([rng.choice(["2010", "2012", "20100102", "201001"]), rng.choice(["01", "12"]),
                         rng.choice(["02", "31", "1", "123"])][:rng.randint(1, 3)])
        text = text.replace("-", rng.choice([".", "-", ":", ""]))
    elif rng.random() < 0.1:
        return rng.choice(["", "v"]) + dotted(rng, 1, 3) + rng.choice([".x-dev", ".*-dev", "-dev", ".xdev"])
    else:
        text = rng.choice(["", "", "v", "V"]) + dotted(rng, 1, 4)
    text += rng.choice(["", "-", ".", "_"]) if rng.random() < 0.6 else ""
    if rng.random() < 0.6:
        text += rng.choice("alpha beta b RC a patch pl p stable rc Beta Patch foo".split())
        text += rng.choice(["", "1", "2", "10", ".1", "-2", "1.2", ".1.0", "01"])
    if rng.random() < 0.2:
        text += rng.choice(["-dev", ".dev", "dev", "-DEV"])
    return text + rng.choice(["", "", "", "", "@beta", "+build", "+"])


MAKERS = {"apk": apk_version, "dpkg": dpkg_version, "rpm": rpm_version, "pacman": pacman_version,
          "semver": semver_version, "go": go_version, "pep440": pep440_version, "maven": maven_version,
          "gem": gem_version, "packagist": packagist_version, "hex": hex_version}


def mutate(rng, text):
    """Something near text, so that the ends of versions are compared too."""
    if rng.random() < 0.3:
        return text
    at = rng.randrange(len(text))
    extra = rng.choice(["", "0", "1", "a", ".1", "_p1", "_rc", "9", "-r1", "~"])
    return text[:at] + extra + text[at + rng.choice([0, 1]):]


def real_versions(shared, grammar):
    """Every version that the advisories of a grammar's ecosystem name."""
    ecosystem = ECOSYSTEMS[grammar]
    found = set()
    with zipfile.ZipFile(pathlib.Path(shared) / "data" / "osv" / ecosystem / "all.zip") as archive:
        for name in archive.namelist():
            for affected in json.loads(archive.read(name)).get("affected", []):
                if not affected.get("package", {}).get("ecosystem", "").startswith(ecosystem):
                    continue
                found.update(affected.get("versions", []))
                for version_range in affected.get("ranges", []):
                    if version_range["type"] != "GIT":
                        for event in version_range["events"]:
                            found.update(event.values())
    return sorted(v for v in found if v and not any(c.isspace() for c in v))


def pairs(grammar, seed, made, real=(), taken=0):
    """`made` generated pairs and `taken` pairs out of the list `real`."""
    rng = random.Random(seed)
    make = MAKERS[grammar]
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


def main():
    grammar = sys.argv[1]
    todo = pairs(grammar, 20, 700)
    orders = oracles.apk(todo, sys.argv[2]) if grammar == "apk" else oracles.ORACLES[grammar](todo)
    for (a, b), order in sorted(set(zip(todo, orders))):
        if not oracles.outside(grammar, a, b):
            print(a, order, b)


if __name__ == "__main__":
    main()
