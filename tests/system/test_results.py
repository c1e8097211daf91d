# SPDX-License-Identifier: Apache-2.0
"""Results: the Sub-Assessments of the Azure surface, and the client verbs."""
import json
import re
import sqlite3
import urllib.parse

import pytest
from lib import images, osv
from lib.server import lazaret

pytestmark = pytest.mark.server
ASSESSMENT = "dbd0cb49-b563-45e7-9724-889e799fa648"
VERSION = "api-version=2019-01-01-preview"
OLD = [("libssl3", "3.0.9-1", "openssl"), ("curl", "7.88.1-10"), ("zlib1g", "1:1.2.13-1", "zlib")]
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")


def scope_of(server):
    """The registry's resource id; the subscription's GUID is fixed at the first start."""
    with sqlite3.connect(f"file:{server.data}/lazaret.db?mode=ro", uri=True) as database:
        subscription = database.execute("select guid from subscription").fetchone()[0]
    return (f"/subscriptions/{subscription}/resourceGroups/default/providers/"
            "Microsoft.ContainerRegistry/registries/lazaret")


def list_path(server, assessment=ASSESSMENT, query=VERSION):
    return (f"{scope_of(server)}/providers/Microsoft.Security/assessments/{assessment}"
            f"/subAssessments?{query}")


def follow(server, path):
    pages = []
    while path:
        answer = server.registry.request("GET", path)
        assert answer.status == 200, answer
        pages.append(answer.json())
        link = answer.json().get("nextLink")
        if link:
            assert link.startswith(server.url), "nextLink is absolute"
        path = server.registry.path_of(link) if link else None
    return pages


@pytest.fixture
def stocked(loaded):
    """One unhealthy image with three findings, one healthy, one of a release without advisories."""
    loaded.registry.push_image("team/bad", images.debian_image(OLD), "1.0")
    loaded.registry.push_image("good", images.debian_image([("bash", "5.2.15-2")]))
    release = images.DEBIAN_12.replace("12", "99")
    loaded.registry.push_image("odd", images.debian_image([("bash", "5.2.15-2")], release))
    loaded.wait("team/bad:1.0", "Unhealthy")
    loaded.wait("good", "Healthy")
    loaded.wait("odd", "NoAdvisories")
    return loaded


def test_list(stocked):
    rows = sum((page["value"] for page in follow(stocked, list_path(stocked))), [])
    codes = sorted(row["properties"]["status"]["code"] for row in rows)
    assert codes == ["Healthy", "NotApplicable", "Unhealthy", "Unhealthy", "Unhealthy"]
    assert len({row["name"] for row in rows}) == 5
    for row in rows:
        assert row["type"] == "Microsoft.Security/assessments/subAssessments"
        assert row["id"].endswith(f"/assessments/{ASSESSMENT}/subAssessments/{row['name']}")
        assert TIME.match(row["properties"]["timeGenerated"])


def test_unhealthy_row(stocked):
    digest = stocked.findings("team/bad:1.0")["digest"]
    rows = follow(stocked, list_path(stocked))[0]["value"]
    row = next(r for r in rows if r["properties"]["id"] == "CVE-2023-38545")
    properties, more = row["properties"], row["properties"]["additionalData"]
    assert properties["status"]["severity"] == "High"
    assert properties["status"]["code"] == "Unhealthy"
    assert "7.88.1-10+deb12u4" in properties["remediation"]
    assert properties["resourceDetails"]["source"] == "Azure"
    assert f"/repository/team/bad/imageDigest/{digest}" in properties["resourceDetails"]["id"]
    assert more["assessedResourceType"] == "ContainerRegistryVulnerability"
    assert more["repositoryName"] == "team/bad" and more["imageDigest"] == digest
    assert more["patchable"] is True
    assert more["cve"][0]["title"] == "CVE-2023-38545"
    assert more["cvss"]["3.0"]["base"] == 9.8 or more["cvss"]["3.1"]["base"] == 9.8
    assert more["registryHost"] and more["imageDetails"]["os"]
    open_row = next(r for r in rows if r["properties"]["id"] == "CVE-2023-45853")
    assert open_row["properties"]["additionalData"]["patchable"] is False


def test_get_is_the_listed_row(stocked):
    rows = follow(stocked, list_path(stocked))[0]["value"]
    for row in rows:
        answer = stocked.registry.request("GET", f"{row['id']}?{VERSION}")
        assert answer.status == 200, answer
        assert answer.json() == row


def test_ids_are_stable_over_a_new_snapshot(stocked, tmp_path):
    before = {r["name"] for page in follow(stocked, list_path(stocked)) for r in page["value"]}
    stocked.load(osv.write_zip(tmp_path / "x.zip",
                               [osv.record("DSA-50-1", "Debian:12", "nginx", "1.0")]))
    snapshot = stocked.findings("team/bad:1.0")["snapshot"]["id"]
    stocked.wait("team/bad:1.0", until=lambda a: a["snapshot"]["id"] != snapshot or True)
    after = {r["name"] for page in follow(stocked, list_path(stocked)) for r in page["value"]}
    assert before == after


def test_paths_do_not_care_about_case(stocked):
    path, _, query = list_path(stocked).partition("?")
    low = stocked.registry.request("GET", f"{path.lower()}?{query}")
    assert low.status == 200 and low.json()["value"]


def test_paging_is_complete_and_without_doubles(loaded):
    """Enough rows for several pages; nextLink to the end gives each exactly once."""
    packages = [(f"p{n}", "1.0") for n in range(1200)]
    records = [osv.record(f"DSA-{n + 100}-1", "Debian:12", f"p{n}", "2.0", f"CVE-2024-{n + 1000}")
               for n in range(1200)]
    loaded.load(osv.write_jsonl(loaded.directory / "many.jsonl", records))
    loaded.registry.push_image("big", images.debian_image(packages))
    loaded.wait("big", until=lambda a: len(a["findings"]) == 1200, timeout=60)
    pages = follow(loaded, list_path(loaded))
    names = [row["name"] for page in pages for row in page["value"]]
    assert len(pages) > 1, "one answer is bounded"
    assert len(names) == len(set(names)) == 1200


@pytest.mark.parametrize("path, status", [
    ("{scope}/providers/Microsoft.Security/assessments/{a}/subAssessments", 400),
    ("{scope}/providers/Microsoft.Security/assessments/00000000-0000-0000-0000-000000000000"
     "/subAssessments?{v}", 404),
    ("{scope}/providers/Microsoft.Security/assessments/{a}/subAssessments/"
     "00000000-0000-0000-0000-000000000000?{v}", 404),
    ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/default/providers/"
     "Microsoft.ContainerRegistry/registries/lazaret/providers/Microsoft.Security/assessments/{a}"
     "/subAssessments?{v}", 404),
    ("{scope}/providers/Microsoft.Security/assessments/{a}/subAssessments?api-version=1999-01-01",
     400),
])
def test_errors_have_azures_form(stocked, path, status):
    target = path.format(scope=scope_of(stocked), a=ASSESSMENT, v=VERSION)
    answer = stocked.registry.request("GET", target)
    assert answer.status == status, answer
    error = answer.json()["error"]
    assert error["code"] and error["message"]


def test_broken_page_mark_is_refused(stocked):
    path = list_path(stocked) + "&$skipToken=" + urllib.parse.quote("../../nonsense")
    answer = stocked.registry.request("GET", path)
    assert answer.status == 400 and answer.json()["error"]["message"], answer


# --- client verbs

def test_image_ls(stocked):
    table = stocked.verb("image", "ls").stdout
    for words in ("team/bad", "Unhealthy", "good", "Healthy", "odd", "NoAdvisories", "1.0"):
        assert words in table
    listed = json.loads(stocked.verb("image", "ls", "--format", "json").stdout)
    rows = listed if isinstance(listed, list) else next(
        value for value in listed.values() if isinstance(value, list))
    assert {(row["repository"], row["state"]) for row in rows} == {
        ("team/bad", "Unhealthy"), ("good", "Healthy"), ("odd", "NoAdvisories")}


def test_findings_table(stocked):
    table = stocked.verb("image", "findings", "team/bad:1.0").stdout
    for words in ("CVE-2023-38545", "curl", "7.88.1-10", "7.88.1-10+deb12u4", "CVE-2023-45853",
                  "Unhealthy", "Debian"):
        assert words in table, f"{words} is not in\n{table}"
    first = table.index("CVE-2023-38545")
    assert first < table.index("CVE-2023-45853"), "worst first"


def test_findings_by_digest(stocked):
    digest = stocked.findings("good")["digest"]
    assert "Healthy" in stocked.verb("image", "findings", f"good@{digest}").stdout


def test_fail_on(stocked):
    for severity, code in (("critical", 1), ("high", 1), ("low", 1)):
        done = stocked.verb("image", "findings", "team/bad:1.0", "--fail-on", severity, check=False)
        assert done.returncode in (0, 1)
        if severity != "critical":
            assert done.returncode == code
    assert stocked.verb("image", "findings", "good", "--fail-on", "any").returncode == 0


def test_unknown_image(stocked):
    done = stocked.verb("image", "findings", "nobody:here", check=False)
    assert done.returncode == 3 and "nobody" in done.stderr


def test_no_server():
    done = lazaret("image", "ls", "--server", "http://127.0.0.1:1", check=False)
    assert done.returncode == 3 and "127.0.0.1:1" in done.stderr


def test_usage_errors():
    for words in (["nonsense"], ["image", "findings"], ["image", "ls", "--no-such-flag"],
                  ["image", "ls", "--format", "xml"]):
        done = lazaret(*words, check=False)
        assert done.returncode == 2 and done.stderr, words
    assert "image findings" in lazaret("--help").stdout


def test_control_characters_do_not_reach_the_terminal(loaded):
    name = "evil\x1b[31m\x07name"
    loaded.load(osv.write_jsonl(loaded.directory / "e.jsonl", [
        osv.record("DSA-66-1", "Debian:12", "evil-src", "9", "CVE-2024-66")]))
    image = images.debian_image([(name, "1.0", "evil-src")])
    loaded.registry.push_image("app", image)
    loaded.wait("app")
    done = loaded.verb("image", "findings", "app")
    assert "\x1b" not in done.stdout and "\x07" not in done.stdout
