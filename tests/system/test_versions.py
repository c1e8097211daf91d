# SPDX-License-Identifier: Apache-2.0
"""The version comparators against the native tools, on at least 10,000 pairs each.

`lazaret advisories compare` answers for us; tests/data/versions/oracles.py asks the tools. That of
apk is the `apk version` of an Alpine root file system, run by chroot, so that test needs root and
the shared test data. NuGet and Pub have no tool in Debian: their tables are written by hand.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "data" / "versions"))
import generate  # noqa: E402  (beside the data it makes)
import oracles  # noqa: E402

SHARED = pathlib.Path(os.environ.get("LAZARET_SHARED", SOURCE.parent / "shared"))
ALPINE = SHARED / "data" / "images" / "alpine" / "alpine-minirootfs-3.18.9-x86_64.tar.gz"

# Texts that apk-tools 2.14 takes for versions and no package has: a component, suffix or revision
# without content, a version that does not begin with a digit, more than one revision.
LAX_APK = re.compile(r"^\D|\.(\D|$)|_(\d|_|-|$)|-r(\D|$)|-r.*-|-r\d+\D")


def lazaret():
    build = os.environ.get("LAZARET_BUILD", str(SOURCE / "build"))
    for candidate in (os.environ.get("LAZARET"), f"{build}/src/cmd/lazaret", shutil.which("lazaret")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    pytest.fail("no lazaret program: set LAZARET or LAZARET_BUILD")


def our_orders(grammar, todo):
    answers = oracles.run([lazaret(), "advisories", "compare", grammar], oracles.lines(todo))
    return ["!" if answer == "invalid" else answer for answer in answers]


def pairs(grammar, made=14000):
    real = generate.real_versions(SHARED, grammar) if SHARED.is_dir() else []
    todo = generate.pairs(grammar, 7, made if real else made + 7000, real, 7000)
    return [pair for pair in todo if not oracles.outside(grammar, *pair)]


@pytest.mark.slow
@pytest.mark.release_only
@pytest.mark.parametrize("grammar", sorted(oracles.ORACLES))
def test_grammar_compares_like_its_tool(grammar):
    lacking = oracles.missing(grammar)
    if lacking:
        pytest.skip(f"{lacking} is not installed (tools/packages-test.txt)")
    todo = pairs(grammar, 4500 if grammar == "dpkg" else 14000)
    ours = our_orders(grammar, todo)
    tool = oracles.ORACLES[grammar](todo)
    assert len(ours) == len(tool) == len(todo)
    wrong = [(p, o, t) for p, o, t in zip(todo, ours, tool) if o != t]
    assert wrong == []
    # What both refuse shows little: at least 10,000 pairs have an order.
    assert sum(order != "!" for order in tool) >= 10000


@pytest.mark.slow
@pytest.mark.release_only
@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
@pytest.mark.skipif(not ALPINE.exists(), reason="no Alpine root file system (LAZARET_SHARED)")
def test_apk_compares_like_apk(tmp_path):
    with tarfile.open(ALPINE) as archive:
        archive.extractall(tmp_path)
    todo = pairs("apk", 7000)
    ours = our_orders("apk", todo)
    tool = oracles.apk(todo, tmp_path)
    assert len(ours) == len(tool) == len(todo)
    wrong = []
    for (a, b), o, t in zip(todo, ours, tool):
        stricter = o == "!" and (LAX_APK.search(a) or LAX_APK.search(b))
        newer = t == "!" and ("~" in a or "~" in b)
        if o != t and not stricter and not newer:
            wrong.append((a, b, o, t))
    assert wrong == []
    assert sum(o == t != "!" for o, t in zip(ours, tool)) >= 10000


def test_refused_grammar_is_a_usage_error():
    done = subprocess.run([lazaret(), "advisories", "compare", "roman"], input="", text=True,
                          capture_output=True, check=False)
    assert done.returncode == 2
    assert "roman" in done.stderr
    for known in ("dpkg", "rpm", "pep440", "pub"):
        assert known in done.stderr


def test_compare_reads_pairs_and_says_invalid():
    lines = "1.0.0\t1.0.1\n1.0.0+a\t1.0.0+b\n2.0.0\t1.0.0-a\nx\t1.0.0\nno tab\n\n1.0.0\t1.0.0\t\n\xff\t1.0.0"
    done = subprocess.run([lazaret(), "advisories", "compare", "semver"], input=lines.encode("latin-1"),
                          capture_output=True, check=True)
    assert done.stdout.decode().split() == ["<", "=", ">"] + ["invalid"] * 5
