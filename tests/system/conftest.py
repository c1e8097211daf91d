# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. Marks: "slow" is left out of ./test --quick; "server" also runs
under ThreadSanitizer; "release_only" needs real speed or memory limits and does not run under
sanitizers."""
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lib import osv  # noqa: E402
from lib import server as servers  # noqa: E402

SHARED = pathlib.Path(os.environ.get("LAZARET_SHARED") or servers.ROOT.parent / "shared")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    config.addinivalue_line("markers", "server: exercises the server's threads")
    config.addinivalue_line("markers", "release_only: needs real speed or memory limits")
    if not servers.PROGRAM.exists():
        raise pytest.UsageError(f"{servers.PROGRAM} is not built; set LAZARET_BUILD")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("release_only") and servers.sanitized():
            item.add_marker(pytest.mark.skip(reason="needs the uninstrumented build"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """On failure the end of every server's log belongs to the report."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for server in getattr(item, "lazaret_servers", []):
            report.sections.append((f"log of {server.address}", server.log()[-6000:]))


@pytest.fixture
def make_server(request, tmp_path):
    """Factory of started servers, which are stopped (and checked) at the end of the test."""
    started = []
    request.node.lazaret_servers = started

    def make(name="server", start=True, **more):
        directory = tmp_path / name
        directory.mkdir(exist_ok=True)
        server = servers.Server(directory, **more)
        started.append(server)
        return server.start() if start else server

    yield make
    problems = []
    for server in started:
        try:
            server.stop()
        except AssertionError as problem:
            problems.append(str(problem))
            server.kill()
    assert not problems, "\n".join(problems)


@pytest.fixture
def server(make_server):
    """A running server without advisories."""
    return make_server()


@pytest.fixture
def loaded(make_server, tmp_path):
    """A running server that knows osv.STANDARD."""
    server = make_server(start=False)
    server.load(osv.write_zip(tmp_path / "standard.zip", osv.STANDARD))
    return server.start()


@pytest.fixture
def registry(server):
    return server.registry


def shared_path(name):
    """A file of the shared test data, or a visible skip where that is not there."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"test data not present: shared/data/{name}")
    return path


def need(program):
    if not shutil.which(program):
        pytest.fail(f"{program} is not installed; ./test installs it")
    return program
