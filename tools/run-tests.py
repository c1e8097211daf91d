#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the stages of ./test and adds up their results. Start it through ./test, which installs what
is needed first. Builds go to build-*/ and logs to build-logs/; nothing else in the tree is written.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from testrun import ROOT, Counts, add_junit, check, die, run, say, show_failures, show_skips, tail

ASAN = ("detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1:"
        "strict_string_checks=1:allocator_may_return_null=1")
UBSAN = "halt_on_error=1:print_stacktrace=1"
TSAN = f"halt_on_error=0:second_deadlock_stack=1:suppressions={ROOT}/tools/tsan.supp"
SANITIZER_ENV = {"ASAN_OPTIONS": ASAN, "UBSAN_OPTIONS": UBSAN, "TSAN_OPTIONS": TSAN,
                 "LSAN_OPTIONS": f"suppressions={ROOT}/tools/lsan.supp:print_suppressions=0"}
FUZZ_TOTAL_SECONDS = 200

# Build directory -> (compiler, meson options). build-release is also what ./quickstart builds.
BUILDS = {
    "build-release": ("gcc", ["--buildtype=release"]),
    "build-asan": ("clang", ["-Db_sanitize=address,undefined", "-Db_lundef=false"]),
    "build-tsan": ("clang", ["-Db_sanitize=thread", "-Db_lundef=false"]),
    "build-fuzz": ("clang", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzz=true",
                             "-Dc_args=-fsanitize=fuzzer-no-link"]),
}


def build(counts, name):
    """Configures (once) and builds. False, and a counted failure, when that does not work."""
    compiler, options = BUILDS[name]
    directory = ROOT / name
    env = {"CC": f"ccache {compiler}" if shutil.which("ccache") else compiler}
    if not (directory / "build.ninja").exists():
        shutil.rmtree(directory, ignore_errors=True)
        code, output = run(f"{name} setup", ["meson", "setup", directory, *options], 300, env)
        if code:
            counts.add(f"{name}: meson setup", False, tail(output))
            return False
    code, output = run(f"{name} compile", ["ninja", "-C", directory], 1800, env)
    counts.add(f"{name}: {compiler} -Werror build", code == 0, tail(output, 120))
    return code == 0


def meson_tests(counts, name, suites):
    """Unit tests and fuzz replays; each TAP sub-test counts."""
    directory = ROOT / name
    junit = directory / "meson-logs/testlog.junit.xml"
    junit.unlink(missing_ok=True)
    command = ["meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs"]
    for suite in suites:
        command += ["--suite", suite]
    code, output = run(f"{name} unit", command, 1800, SANITIZER_ENV)
    before = counts.failed
    add_junit(counts, junit, f"{name}: unit tests")
    if code and counts.failed == before:
        counts.add(f"{name}: meson test", False, tail(output, 120))


def system_tests(counts, name, marks=None, label="system"):
    with tempfile.TemporaryDirectory(prefix="lazaret-junit-") as scratch:
        junit = pathlib.Path(scratch) / "junit.xml"
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider",
                   "--durations=15", f"--junitxml={junit}", "tests/system"]
        if marks:
            command += ["-m", marks]
        env = dict(SANITIZER_ENV, LAZARET_BUILD=str(ROOT / name), PYTHONDONTWRITEBYTECODE="1")
        code, output = run(f"{name} {label}", command, 2400, env)
        before = counts.failed
        add_junit(counts, junit, f"{name}: {label} tests")
        if code and counts.failed == before:
            counts.add(f"{name}: pytest", False, tail(output, 120))


def stage_static(counts):
    check(counts, "check-layers", ["tools/check-layers.py"])
    check(counts, "check-sizes", ["tools/check-sizes.py"])
    check(counts, "check-docs", ["tools/check-docs.py"])
    check(counts, "check-words", ["tools/check-words.py"])
    sources = sorted(str(path.relative_to(ROOT)) for top in ("src", "tests")
                     for path in (ROOT / top).rglob("*.[ch]"))
    check(counts, "clang-format", ["clang-format-14", "--dry-run", "-Werror", *sources])
    scripts = ["quickstart", "test", ".ci/run"]
    scripts += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tools").glob("*.sh"))
    check(counts, "shellcheck", ["shellcheck", *scripts])
    check(counts, "python syntax", ["/usr/bin/python3", "-c", (
        "import pathlib\n"
        "for top in ('tools', 'tests', 'bench'):\n"
        "    for p in pathlib.Path(top).rglob('*.py'):\n"
        "        compile(p.read_text(), str(p), 'exec')\n")])


def stage_gcc(counts):
    if build(counts, "build-release"):
        meson_tests(counts, "build-release", ["unit", "fuzz"])
        check(counts, "check-worker-links", ["tools/check-worker-links.sh", "build-release"])


def stage_system(counts):
    if build(counts, "build-release"):
        system_tests(counts, "build-release")


def stage_system_quick(counts):
    if build(counts, "build-release"):
        system_tests(counts, "build-release", "not slow", "system-quick")


def stage_asan(counts):
    if build(counts, "build-asan"):
        meson_tests(counts, "build-asan", ["unit", "fuzz"])
        system_tests(counts, "build-asan", "not release_only")


def stage_tsan(counts):
    if build(counts, "build-tsan"):
        meson_tests(counts, "build-tsan", ["unit"])
        system_tests(counts, "build-tsan", "server and not release_only")


def fuzz_targets():
    """[(name, folder)], from the sources: tests/fuzz/FOLDER/fuzz_NAME.c."""
    return [(path.stem, path.parent) for path in sorted((ROOT / "tests/fuzz").glob("*/fuzz_*.c"))]


def stage_fuzz(counts):
    """Each target runs for a few seconds on a copy of its seeds. A crash shows how to repeat it."""
    if not build(counts, "build-fuzz"):
        return
    targets = fuzz_targets()
    seconds = max(3, min(10, 2 * FUZZ_TOTAL_SECONDS // max(1, len(targets))))
    findings = ROOT / "build-fuzz/findings"
    findings.mkdir(exist_ok=True)

    def live(target):
        name, folder = target
        label = f"{folder.name}-{name}"
        with tempfile.TemporaryDirectory(prefix="lazaret-fuzz-") as scratch:
            command = [ROOT / "build-fuzz/tests/fuzz" / label, f"-max_total_time={seconds}",
                       "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1",
                       f"-artifact_prefix={findings}/{label}-"]
            dictionary = folder / f"{name}.dict"
            if dictionary.exists():
                command.append(f"-dict={dictionary}")
            command += [scratch, folder / name.replace("fuzz_", "corpus_")]
            return label, *run(f"live {label}", command, seconds + 120, SANITIZER_ENV)

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for label, code, output in pool.map(live, targets):
            counts.add(f"live {label} ({seconds} s)", code == 0, tail(output, 60))
    if not targets:
        counts.add("live fuzz", False, "no fuzz target found")


def stage_lint(counts):
    """clang-tidy and cppcheck; any finding fails (.clang-tidy and tools/cppcheck.supp say what is
    asked, and why some checks are not)."""
    if not build(counts, "build-asan"):
        return
    sources = sorted(str(path) for path in (ROOT / "src").rglob("*.c"))
    code, output = run("clang-tidy", ["run-clang-tidy-14", "-quiet", "-p", "build-asan", "-j", "2",
                                      f"^{ROOT}/src/.*\\.c$"], 1500)
    bad = [line for line in output.splitlines() if " warning: " in line or " error: " in line]
    counts.add(f"clang-tidy, {len(sources)} files", code == 0 and not bad,
               "\n".join(bad) or tail(output))
    cache = ROOT / "build-logs/cppcheck"
    cache.mkdir(parents=True, exist_ok=True)
    check(counts, "cppcheck", [
        "cppcheck", "--quiet", "--std=c11", "--library=gnu", "--library=posix", "--library=tools/cppcheck.cfg", "-j", "2", "-I", "src",
        "--enable=warning,performance,portability", "--inline-suppr", f"--cppcheck-build-dir={cache}",
        "--suppressions-list=tools/cppcheck.supp", "--error-exitcode=1", "--force", "src"], 1500)


STAGES = [
    ("static", stage_static, "style, layers, sizes, documents"),
    ("gcc", stage_gcc, "gcc build, unit tests, fuzz replay"),
    ("system", stage_system, "system tests with real clients, release build"),
    ("asan", stage_asan, "clang, AddressSanitizer and UBSan: unit, replay, system"),
    ("tsan", stage_tsan, "clang, ThreadSanitizer: unit and server tests"),
    ("fuzz", stage_fuzz, "live fuzzing"),
    ("lint", stage_lint, "clang-tidy and cppcheck"),
]
QUICK = [
    ("static", stage_static, "style, layers, sizes, documents"),
    ("gcc", stage_gcc, "gcc build, unit tests, fuzz replay"),
    ("system", stage_system_quick, "fast system tests"),
]


def choose(options):
    stages = QUICK if options.quick else STAGES
    if options.only:
        wanted = options.only.split(",")
        unknown = set(wanted) - {stage[0] for stage in stages}
        if unknown:
            die(f"no stage called {', '.join(sorted(unknown))}; ./test --list names them")
        stages = [stage for stage in stages if stage[0] in wanted]
    return stages


def main():
    parser = argparse.ArgumentParser(prog="./test", description="Runs the tests.")
    parser.add_argument("--quick", action="store_true", help="an answer within two minutes")
    parser.add_argument("--only", metavar="STAGE,...", help="only these stages")
    parser.add_argument("--list", action="store_true", help="name the stages and stop")
    options = parser.parse_args()
    if options.list:
        for name, _, words in STAGES:
            print(f"{name:8} {words}")
        return 0
    os.chdir(ROOT)
    total, begin = Counts(), time.monotonic()
    stages = choose(options)
    for number, (name, function, words) in enumerate(stages, 1):
        say(f"== [{number}/{len(stages)}] {name}: {words}")
        counts, start = Counts(), time.monotonic()
        function(counts)
        show_failures(counts)
        show_skips(counts)
        say(f"   {counts.passed} passed, {counts.failed} failed, {len(counts.skipped)} skipped"
            f" in {time.monotonic() - start:.0f} s")
        total.merge(counts)
    say(f"== all stages: {time.monotonic() - begin:.0f} s, {len(total.skipped)} skipped")
    for name, _ in total.failures:
        say(f"   FAILED {name}")
    say(f"{total.passed} passed, {total.failed} failed")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        die("interrupted")
