# SPDX-License-Identifier: Apache-2.0
"""A strict reader of Prometheus' text format 0.0.4: what it does not refuse, Prometheus takes."""
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*(?:\"[^\"]*\"[^}]*)*\})? (\S+)")


class Page:
    """samples: {(name, ((label, value), …)): number}; types: {family: type}."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line has no end"
        self.samples, self.types, self.helps = {}, {}, {}
        finished, family = set(), None
        for line in text[:-1].split("\n"):
            if line.startswith("# "):
                _, what, name, rest = line.split(" ", 3)
                assert NAME.fullmatch(name), line
                if what == "HELP":
                    assert name not in self.helps, f"two HELP lines for {name}"
                    self.helps[name] = rest
                else:
                    assert what == "TYPE" and rest in ("counter", "gauge", "histogram"), line
                    assert name not in self.types, f"two TYPE lines for {name}"
                    self.types[name] = rest
                if name != family:
                    finished.add(family)
                    family = name
                    assert name not in finished, f"the lines of {name} do not stand together"
                continue
            self.add(line, family)
        self.check_histograms()

    def add(self, line, family):
        match = SAMPLE.fullmatch(line)
        assert match, f"not a sample: {line!r}"
        name, labels, number = match.groups()
        suffixes = ("_bucket", "_sum", "_count") if self.types.get(family) == "histogram" else ("",)
        assert name in [family + suffix for suffix in suffixes], f"{name} below {family}"
        assert family in self.types and family in self.helps, f"{family} lacks HELP or TYPE"
        found = []
        rest = labels[1:-1] if labels else ""
        while rest:
            label = LABEL.match(rest)
            assert label, f"labels of {line!r}"
            found.append((label[1], re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), label[2])))
            rest = rest[label.end():]
            assert not rest or rest[0] == ",", line
            rest = rest[1:]
        key = (name, tuple(sorted(found)))
        assert len({n for n, _ in found}) == len(found), f"a label twice: {line}"
        assert key not in self.samples, f"twice: {line}"
        self.samples[key] = float(number)

    def check_histograms(self):
        for family, kind in self.types.items():
            if kind != "histogram":
                assert all(v >= 0 for (n, _), v in self.samples.items()
                           if n == family and kind == "counter"), family
                continue
            series = {}
            for (name, labels), value in self.samples.items():
                if name == family + "_bucket":
                    bound = float(dict(labels)["le"])
                    plain = tuple(label for label in labels if label[0] != "le")
                    series.setdefault(plain, []).append((bound, value))
            for plain, buckets in series.items():
                buckets.sort()
                counts = [count for _, count in buckets]
                assert counts == sorted(counts), f"{family}: buckets fall"
                assert buckets[-1][0] == math.inf, f"{family}: no last bucket"
                assert counts[-1] == self.samples[(family + "_count", plain)], family
                assert self.samples[(family + "_sum", plain)] >= 0

    def value(self, name, **labels):
        return self.samples.get((name, tuple(sorted(labels.items()))))
