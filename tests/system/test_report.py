# SPDX-License-Identifier: Apache-2.0
"""Documents for other programs, of `lazaret scan`, of the server and of `lazaret image`: the same packages and findings in
each form, and valid by the published schema where one can be had."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from lib import images, osv
from lib.images import DEBIAN_12, OCI, Image, Layer
from lib.server import PROGRAM, lazaret

PACKAGES = [("libssl3", "3.0.9-1", "openssl"), ("curl", "7.88.1-10"), ("base-files", "12.4")]
FORMATS = ["cyclonedx", "cyclonedx-vulnerabilities", "spdx", "sarif", "openvex", "trivy"]


def an_image():
    return Image([Layer([("etc", None), ("etc/os-release", DEBIAN_12), ("var", None),
                         ("var/lib", None), ("var/lib/dpkg", None)]),
                  Layer([("var/lib/dpkg/status", images.dpkg_status(PACKAGES))])], OCI)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    lazaret("advisories", "import", "--data", place / "data",
            osv.write_zip(place / "a.zip", osv.STANDARD))
    target = an_image().write_oci_archive(place / "a.tar")

    def scan(form, *more, check=True):
        done = lazaret("scan", target, "--data", place / "data", "--format", form, *more,
                       check=check)
        return json.loads(done.stdout)
    own = scan("json")["images"][0]
    return {"target": target, "data": place / "data", "json": own,
            **{form: scan(form) for form in FORMATS}}


def purls_of(documents):
    """Of every package, by the list that carries findings and the number that the own form has."""
    listed = [c["purl"] for c in documents["cyclonedx"]["components"] if c["type"] == "library"]
    assert len(listed) == documents["json"]["packages"] == len(PACKAGES)
    return set(listed)


def pairs_of(documents):
    return {(f["vulnerability"], f["purl"]) for f in documents["json"]["findings"]}


def test_all_packages_are_in_every_list(documents):
    purls = purls_of(documents)
    spdx = {r["referenceLocator"] for p in documents["spdx"]["packages"]
            for r in p.get("externalRefs", []) if r["referenceLocator"].startswith("pkg:deb")}
    trivy = {p["Identifier"]["PURL"] for r in documents["trivy"]["Results"]
             for p in r["Packages"]}
    both = {c["purl"] for c in documents["cyclonedx-vulnerabilities"]["components"]
            if c["type"] == "library"}
    assert purls == spdx == trivy == both
    assert {f["purl"] for f in documents["json"]["findings"]} < purls


def test_all_findings_are_in_every_form(documents):
    pairs = pairs_of(documents)
    assert pairs
    cyclonedx = {(v["id"], v["affects"][0]["ref"])
                 for v in documents["cyclonedx-vulnerabilities"]["vulnerabilities"]}
    run = documents["sarif"]["runs"][0]
    sarif = {(r["ruleId"], r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])
             for r in run["results"]}
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"]
               for r in run["results"])
    openvex = {(s["vulnerability"]["name"], s["products"][0]["subcomponents"][0]["@id"])
               for s in documents["openvex"]["statements"]}
    trivy = {(v["VulnerabilityID"], v["PkgIdentifier"]["PURL"])
             for r in documents["trivy"]["Results"] for v in r["Vulnerabilities"]}
    assert pairs == cyclonedx == sarif == openvex == trivy
    assert "vulnerabilities" not in documents["cyclonedx"]


def test_references_inside_a_document_have_a_target(documents):
    for form in ("cyclonedx", "cyclonedx-vulnerabilities"):
        bom = documents[form]
        refs = [c["bom-ref"] for c in bom["components"] + [bom["metadata"]["component"]]]
        assert len(refs) == len(set(refs))
        used = [d["ref"] for d in bom["dependencies"]] + bom["dependencies"][0]["dependsOn"]
        used += [a["ref"] for v in bom.get("vulnerabilities", []) for a in v["affects"]]
        assert set(used) <= set(refs)
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                            bom["serialNumber"])
    spdx = documents["spdx"]
    ids = [p["SPDXID"] for p in spdx["packages"]] + ["SPDXRef-DOCUMENT"]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids)
    for relation in spdx["relationships"]:
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= set(ids)


def test_the_same_image_has_the_same_ids(documents):
    again = json.loads(lazaret("scan", documents["target"], "--data", documents["data"],
                               "--format", "cyclonedx").stdout)
    first = json.loads(json.dumps(documents["cyclonedx"]))
    assert again["serialNumber"] == first["serialNumber"]
    again["metadata"].pop("timestamp"), first["metadata"].pop("timestamp")
    assert again == first
    assert documents["cyclonedx-vulnerabilities"]["serialNumber"] != first["serialNumber"]


def test_what_cannot_be_said_is_refused(documents, tmp_path):
    def run(*words):
        return subprocess.run([PROGRAM, "scan", *words, "--data", documents["data"]],
                              capture_output=True, text=True, timeout=60)
    wrong = run(documents["target"], "--format", "xml")
    assert wrong.returncode == 2 and all(form in wrong.stderr for form in FORMATS)
    two = run(documents["target"], documents["target"], "--format", "spdx")
    assert two.returncode == 3 and "describes one image" in two.stderr and not two.stdout
    (tmp_path / "broken.tar").write_bytes(b"no archive" * 200)
    broken = run(tmp_path / "broken.tar", "--format", "cyclonedx")
    assert broken.returncode == 3 and "Failed" in broken.stderr and not broken.stdout
    healthy = Image([Layer([("etc/os-release", DEBIAN_12), ("var/lib/dpkg/status",
                     images.dpkg_status([("base-files", "12.4")]))])], OCI)
    path = healthy.write_oci_archive(tmp_path / "healthy.tar")
    none = run(path, "--format", "openvex")
    assert none.returncode == 3 and "at least one statement" in none.stderr
    assert json.loads(run(path, "--format", "sarif").stdout)["runs"][0]["results"] == []


@pytest.fixture(scope="module")
def schemas(tmp_path_factory):
    """Published schemas from the npm registry, with a validator."""
    jsonschema = pytest.importorskip("jsonschema")
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    place = tmp_path_factory.mktemp("schemas")
    environment = dict(os.environ, npm_config_cache=str(place / ".cache"))
    try:
        done = subprocess.run(
            ["npm", "pack", "--silent", "@cyclonedx/cyclonedx-library@10.3.0"], cwd=place,
            env=environment, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry did not answer in time")
    if done.returncode:
        pytest.skip("the npm registry cannot be reached: " + done.stderr[-200:])
    archive = next(pathlib.Path(place).glob("*.tgz"))
    subprocess.run(["tar", "xf", archive, "-C", place], check=True, timeout=60)
    folder = place / "package" / "res" / "schema"
    store = {}
    for path in folder.glob("*.schema.json"):
        schema = json.loads(path.read_text())
        store[schema["$id"]] = schema
        store["http://cyclonedx.org/schema/" + path.name] = schema
    root = json.loads((folder / "bom-1.6.SNAPSHOT.schema.json").read_text())
    resolver = jsonschema.RefResolver(root["$id"], root, store=store)
    return jsonschema.Draft7Validator(root, resolver=resolver)


@pytest.mark.parametrize("form", ["cyclonedx", "cyclonedx-vulnerabilities"])
def test_cyclonedx_schema(documents, schemas, form):
    assert [e.message for e in schemas.iter_errors(documents[form])] == []
    broken = dict(documents[form], bomFormat="Other")
    assert list(schemas.iter_errors(broken)), "the validator must see a fault"


@pytest.mark.parametrize("form", FORMATS)
def test_the_server_says_the_same(documents, loaded, form):
    loaded.registry.push_image("team/app", an_image())
    loaded.wait("team/app", "Unhealthy")

    def get():
        url = f"{loaded.url}/api/v1/report?image=team/app&format={form}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.headers["Content-Type"], answer.read()
    kind, body = get()
    assert "json" in kind and get()[1] == body, "the same bytes as long as nothing is new"
    document = json.loads(body)
    local = documents[form]
    lists = {"cyclonedx": ("components",), "spdx": ("packages",), "trivy": ("Results",),
             "cyclonedx-vulnerabilities": ("components", "vulnerabilities"),
             "sarif": ("runs",), "openvex": ("statements",)}[form]
    for member in lists:
        assert len(document[member]) == len(local[member]) > 0
    if form.startswith("cyclonedx"):
        for member in lists:
            assert document[member] == local[member]
        assert document["metadata"]["component"]["purl"].startswith("pkg:oci/app@sha256%3A")
    asked = json.loads(loaded.verb("image", "findings", "team/app", "--format", form).stdout)
    assert [len(asked[m]) for m in lists] == [len(document[m]) for m in lists]


@pytest.mark.parametrize("query,status,code", [
    ("image=app&format=xml", 400, "InvalidParameter"), ("image=app", 400, "InvalidParameter"),
    ("image=app&format=table", 400, "InvalidParameter"), ("format=spdx", 400, "InvalidParameter"),
    ("image=app&format=spdx", 404, "RepositoryNotFound")])
def test_bad_questions(loaded, query, status, code):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{loaded.url}/api/v1/report?{query}", timeout=30)
    assert refused.value.code == status
    assert json.loads(refused.value.read())["error"]["code"] == code
