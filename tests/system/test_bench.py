# SPDX-License-Identifier: Apache-2.0
"""The programs of bench/ run, so that they still do when somebody wants to measure. No figure is looked at."""
import subprocess
import sys

import pytest
from lib import server as servers

BENCH = servers.ROOT / "bench"


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=100)


@pytest.mark.release_only
def test_registry_rows_run():
    done = run(BENCH / "registry.py", "--build", servers.BUILD, "--servers", "null,lazaret", "--runs", "1",
               "--images", "4", "--seconds", "0.1", "--upload-mb", "4", "--no-write")
    assert done.returncode == 0, done.stdout + done.stderr
    for row in ("push of 1 MB images", "one upload of 4 MB", "GET manifest by tag", "GET blob of", "push again"):
        assert f"| {row}" in done.stdout, done.stdout


@pytest.mark.release_only
def test_load_runs():
    done = run(BENCH / "load.py", "--build", servers.BUILD, "--idle", "50", "--seconds", "0.5", "--upload-mb",
               "2", "--no-write")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "served again afterwards | 50 of 50" in done.stdout, done.stdout


@pytest.mark.release_only
def test_size_runs():
    done = run(BENCH / "size.py", "--build", servers.BUILD, "--manifests", "3000", "--repositories", "20", "--tags",
               "3000", "--rounds", "1", "--images", "2", "--no-write")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| page of 1000 tags" in done.stdout, done.stdout
