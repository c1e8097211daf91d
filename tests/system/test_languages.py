# SPDX-License-Identifier: Apache-2.0
"""Packages of languages in real trees, compared with what their own tools say."""
import importlib.metadata
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import zipfile

import pytest
from conftest import need, shared_path
from lib import images, osv
from lib.images import DEBIAN_12, Image, Layer
from lib.server import PROGRAM, cves, lazaret

LISTER = pathlib.Path(PROGRAM).parent.parent.parent / "tests" / "tools" / "layer-packages"


def read_layer(path):
    """(purl, path, inside) of every package, and the files that were not read whole."""
    done = subprocess.run([LISTER, path], capture_output=True, text=True, timeout=120, check=True)
    packages, partial = [], {}
    for line in done.stdout.splitlines():
        kind, *fields = line.split("\t")
        if kind == "package":
            packages.append(tuple(fields[:3]))
        else:
            partial[fields[0]] = fields[1]
    return packages, partial


def pack(path, root, inside):
    with tarfile.open(path, "w") as tar:
        tar.add(root, inside)
    return path


@pytest.fixture(scope="module")
def npm_tree(tmp_path_factory):
    """An application with old packages from the npm registry, nested versions included."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    tree = tmp_path_factory.mktemp("npm")
    (tree / "package.json").write_text(json.dumps(
        {"name": "app", "version": "1.0.0", "private": True}))
    environment = dict(os.environ, npm_config_cache=str(tree / ".cache"))
    wanted = ["minimist@1.2.0", "express@4.16.0", "@babel/code-frame@7.0.0",
              "@esbuild/linux-x64@0.17.0"]
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--force", *wanted],
            cwd=tree, env=environment, capture_output=True, text=True, timeout=90)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry did not answer in time")
    if done.returncode and re.search(r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|E50|E403", done.stderr):
        pytest.skip("the npm registry cannot be reached")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tree / ".cache", ignore_errors=True)
    return tree


def npm_says(tree):
    """NAME@VERSION of everything that npm itself finds installed."""
    done = subprocess.run(["npm", "ls", "--all", "--json"], cwd=tree, capture_output=True,
                          text=True, timeout=60)
    found = set()

    def walk(node):
        for name, below in node.get("dependencies", {}).items():
            if "version" in below:
                found.add(f"{name}@{below['version']}")
            walk(below)

    walk(json.loads(done.stdout))
    return found


def test_npm_as_npm_ls_says(npm_tree, tmp_path):
    packages, partial = read_layer(pack(tmp_path / "layer.tar", npm_tree, "srv/app"))
    found = {purl.removeprefix("pkg:npm/").replace("%40", "@")
             for purl, _, _ in packages if purl.startswith("pkg:npm/")}
    expected = npm_says(npm_tree)
    assert len(expected) > 50
    assert found == expected
    assert not partial


def test_go_program_in_an_npm_package(npm_tree, tmp_path):
    """esbuild is a Go program, built with modules."""
    packages, _ = read_layer(pack(tmp_path / "layer.tar", npm_tree, "srv/app"))
    found = {purl for purl, _, _ in packages if purl.startswith("pkg:golang/")}
    assert "pkg:golang/stdlib@1.19.4" in found
    assert any(purl.startswith("pkg:golang/golang.org/x/sys@v0.0.0-") for purl in found)
    assert any(purl.startswith("pkg:golang/github.com/evanw/esbuild@") for purl in found)


def test_findings_of_a_pushed_npm_image(npm_tree, make_server, tmp_path):
    """From the registry of npm to a verdict: push, read, judge; and the same of a root directory."""
    server = make_server(start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", [
        osv.record("GHSA-vh95-rmgr-6w4m", "npm", "minimist", "1.2.2", aliases=["CVE-2020-7598"]),
        osv.OPENSSL]))
    server.start()
    packed = pack(tmp_path / "layer.tar", npm_tree, "srv/app").read_bytes()
    base = Layer([("etc/os-release", DEBIAN_12),
                  ("var/lib/dpkg/status", images.dpkg_status([("base-files", "12")]))])
    server.registry.push_image("app", Image([base, Layer(tar=packed)]))
    expected = {("CVE-2020-7598", "minimist", "1.2.0", "1.2.2")}
    answer = server.wait("app", "Unhealthy")
    assert cves(answer) == expected
    assert answer["findings"][0]["evidence"].endswith("srv/app/node_modules/minimist/package.json")
    root = tmp_path / "root"
    shutil.copytree(npm_tree, root / "srv" / "app", symlinks=True)
    (root / "etc").mkdir()
    (root / "etc" / "os-release").write_text(DEBIAN_12)
    done = lazaret("scan", root, "--data", server.data, "--format", "json")
    assert cves(json.loads(done.stdout)["images"][0]) == expected


def test_python_as_python_says(tmp_path):
    """Debian's Python packages have egg-info as files and directories, and dist-info."""
    root = pathlib.Path("/usr/lib/python3/dist-packages")
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        for entry in sorted(root.iterdir()):
            if entry.name.endswith((".egg-info", ".dist-info")):
                tar.add(entry, f"usr/lib/python3/dist-packages/{entry.name}")
    packages, partial = read_layer(layer)
    found = {purl.removeprefix("pkg:pypi/") for purl, _, _ in packages}
    expected = {
        f"{item.metadata['Name'].lower().replace('_', '-')}@"
        f"{item.version.replace('+', '%2B').replace('!', '%21')}"
        for item in importlib.metadata.distributions(path=[str(root)])
        if item.metadata["Name"] and item.metadata["Version"]}
    if not expected:
        pytest.skip("no Python package of Debian is installed")
    assert found == expected
    assert not partial


def modules_of(jar):
    """GROUP/ARTIFACT@VERSION of each pom.properties, read with Python's own zip reader."""
    found = set()
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if not re.fullmatch(r"META-INF/maven/.*/pom\.properties", name):
                continue
            text = archive.read(name).decode()
            value = dict(line.strip().split("=", 1) for line in text.splitlines()
                         if "=" in line and not line.startswith("#"))
            found.add(f"{value['groupId']}/{value['artifactId']}@"
                      f"{value['version'].replace('+', '%2B')}")
    return found


def test_jars_of_debian(tmp_path):
    root = pathlib.Path("/usr/share/java")
    jars = [jar for jar in sorted(root.glob("*.jar")) if not jar.is_symlink()][:60]
    if not jars:
        pytest.skip("no Java library of Debian is installed")
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        for jar in jars:
            tar.add(jar, f"usr/share/java/{jar.name}")
    packages, partial = read_layer(layer)
    found = {}
    for purl, path, _ in packages:
        found.setdefault(pathlib.Path(path).name, set()).add(purl.removeprefix("pkg:maven/"))
    for jar in jars:
        modules = modules_of(jar)
        assert modules <= found.get(jar.name, set()), jar
    assert not partial


def test_go_program_of_debian(tmp_path):
    """Debian builds without modules: the standard library is known all the same."""
    program = pathlib.Path(need("podman")).name
    path = pathlib.Path(shutil.which(program)).resolve()
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        info = tar.gettarinfo(path, "usr/bin/program")
        info.mode = 0o644  # copied without its mode
        with open(path, "rb") as content:
            tar.addfile(info, content)
    packages, partial = read_layer(layer)
    assert len([purl for purl, _, _ in packages
                if re.fullmatch(r"pkg:golang/stdlib@1\.\d+(\.\d+)?", purl)]) == 1
    assert not partial


def layers_of_archive(path, tmp_path):
    """The layers of an image archive as files, by what their bytes are."""
    with tarfile.open(path) as archive:
        for i, member in enumerate(archive):
            if not member.isfile():
                continue
            target = tmp_path / f"blob{i}"
            target.write_bytes(archive.extractfile(member).read())
            try:
                with tarfile.open(target):
                    yield target
            except tarfile.TarError:
                continue


@pytest.mark.parametrize("name, expected", [
    ("docker-save-java-uberjar.tar", {
        "pkg:maven/com.google.j2objc/j2objc-annotations@1.3",
        "pkg:maven/org.slf4j/jul-to-slf4j@1.7.30",
        "pkg:maven/com.google.guava/guava@30.1-jre"}),
    ("docker-save-war-nested-jars.tar", {
        "pkg:maven/com.example/demo@0.0.1-SNAPSHOT",
        "pkg:maven/org.apache.tomcat.embed/tomcat-embed-el@9.0.63",
        "pkg:maven/org.apache.tomcat.embed/tomcat-embed-core@9.0.63",
        "pkg:maven/org.apache.tomcat.embed/tomcat-embed-websocket@9.0.63",
        "pkg:maven/com.google.guava/listenablefuture@"
        "9999.0-empty-to-avoid-conflict-with-guava"}),
])
def test_real_java_images(name, expected, tmp_path):
    found = set()
    for layer in layers_of_archive(shared_path(f"images/archives/{name}"), tmp_path):
        found |= {purl for purl, _, _ in read_layer(layer)[0]}
    assert found == expected


def test_real_npm_image(tmp_path):
    path = shared_path("images/archives/oci-npm-node-modules-alpine3.19.tar.gz")
    found = set()
    for layer in layers_of_archive(path, tmp_path):
        found |= {purl for purl, _, _ in read_layer(layer)[0] if purl.startswith("pkg:npm/")}
    assert len(found) == 64


def nested_jar(depth):
    content = b""
    for level in range(depth):
        path = io.BytesIO()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as jar:
            jar.writestr("inner.jar" if level else "META-INF/x", content)
        content = path.getvalue()
    return content


def test_a_partial_scan_is_not_healthy(make_server, tmp_path):
    """Jars nested a thousand deep: bounded, told, and never healthy."""
    server = make_server(start=False)
    server.load(osv.write_zip(tmp_path / "a.zip", osv.STANDARD))
    server.start()
    files = [("etc/os-release", DEBIAN_12),
             ("var/lib/dpkg/status", images.dpkg_status([("base-files", "12")]))]
    server.registry.push_image("plain", Image([Layer(files)]))
    server.wait("plain", "Healthy")
    deep = Image([Layer(files + [("app/deep.jar", nested_jar(1000))])])
    server.registry.push_image("deep", deep)
    words = ["Not everything was read: app/deep.jar: ", "nested more than 8 deep"]
    answer = server.wait("deep", "Unsupported")
    assert all(word in answer["reason"] for word in words)
    path = deep.write_oci_archive(tmp_path / "deep.tar")
    done = lazaret("scan", path, "--data", server.data, "--format", "json", check=False)
    answer = json.loads(done.stdout)["images"][0]
    assert done.returncode == 3 and answer["state"] == "Unsupported"
    assert all(word in answer["reason"] for word in words)
