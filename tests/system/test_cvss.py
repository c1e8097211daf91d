# SPDX-License-Identifier: Apache-2.0
"""Scores of random CVSS vectors, through import and scan, against a calculator from npm."""
import json
import os
import random
import re
import shutil
import subprocess

import pytest
from lib import images, osv
from lib.images import DEBIAN_12, Image, Layer
from lib.server import lazaret

CALCULATOR = "ae-cvss-calculator@1.0.13"
PER_VERSION = {"2.0": 400, "3.0": 400, "3.1": 400, "4.0": 2000}

V2 = {"AV": "LAN", "AC": "HML", "Au": "MSN", "C": "NPC", "I": "NPC", "A": "NPC"}
V3 = {"AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "UC", "C": "HLN", "I": "HLN",
      "A": "HLN"}
V4 = {"AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA", "VC": "HLN", "VI": "HLN",
      "VA": "HLN", "SC": "HLN", "SI": "HLN", "SA": "HLN"}
V4_MORE = {"E": "XAPU", "CR": "XHML", "IR": "XHML", "AR": "XHML", "MAV": "XNALP", "MAC": "XLH",
           "MAT": "XNP", "MPR": "XNLH", "MUI": "XNPA", "MVC": "XHLN", "MVI": "XHLN",
           "MVA": "XHLN", "MSC": "XHLN", "MSI": "XSHLN", "MSA": "XSHLN"}

SCRIPT = """
const { Cvss2, Cvss3P0, Cvss3P1, Cvss4P0 } = require("ae-cvss-calculator");
const kinds = { "2.0": Cvss2, "3.0": Cvss3P0, "3.1": Cvss3P1, "4.0": Cvss4P0 };
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(([version, vector]) => {
    const scores = new kinds[version](vector).calculateScores();
    return version === "4.0" ? scores.overall : scores.base;
})));
"""


@pytest.fixture(scope="module")
def calculator(tmp_path_factory):
    for program in ("npm", "node"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    tree = tmp_path_factory.mktemp("calculator")
    (tree / "package.json").write_text('{"name": "calculator", "private": true}')
    environment = dict(os.environ, npm_config_cache=str(tree / ".cache"))
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", CALCULATOR],
            cwd=tree, env=environment, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry did not answer in time")
    if done.returncode and re.search(r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|E50|E403", done.stderr):
        pytest.skip("the npm registry cannot be reached")
    assert done.returncode == 0, done.stderr
    return tree


def vector(rng, version):
    base = {"2.0": V2, "4.0": V4}.get(version, V3)
    pairs = [f"{name}:{rng.choice(values)}" for name, values in base.items()]
    if version == "4.0" and rng.random() < 0.6:
        chosen = rng.random()
        pairs += [f"{name}:{rng.choice(values)}" for name, values in V4_MORE.items()
                  if rng.random() < chosen]
    return ("" if version == "2.0" else f"CVSS:{version}/") + "/".join(pairs)


def test_scores_as_the_calculator(calculator, tmp_path):
    rng = random.Random(20260822)
    asked = [(version, vector(rng, version))
             for version, count in PER_VERSION.items() for _ in range(count)]
    done = subprocess.run(["node", "-e", SCRIPT], input=json.dumps(asked), cwd=calculator,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    expected = {f"CVE-2024-{10000 + i}": (version, text, score) for i, ((version, text), score)
                in enumerate(zip(asked, json.loads(done.stdout)))}
    records = [dict(osv.record(name, "Debian:12", "curl", None),
                    severity=[{"type": f"CVSS_V{version[0]}", "score": text}])
               for name, (version, text, _) in expected.items()]
    lazaret("advisories", "import", "--data", tmp_path / "data",
            osv.write_jsonl(tmp_path / "all.jsonl", records))
    status = images.dpkg_status([("curl", "7.88.1-10")])
    root = Image([Layer([("etc", None), ("etc/os-release", DEBIAN_12), ("var", None),
                         ("var/lib", None), ("var/lib/dpkg", None),
                         ("var/lib/dpkg/status", status)])]).write_root(tmp_path / "root")
    answer = json.loads(lazaret("scan", root, "--data", tmp_path / "data",
                                "--format", "json").stdout)["images"][0]
    found = {f["vulnerability"]: (f["cvss"]["version"], f["cvss"]["vector"], f["cvss"]["score"])
             for f in answer["findings"]}
    assert len(found) == sum(PER_VERSION.values())
    wrong = [(expected[name], found[name]) for name in expected if found[name] != expected[name]]
    assert not wrong, wrong[:10]
    assert len({score for _, _, score in found.values()}) > 80
