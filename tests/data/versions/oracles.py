# SPDX-License-Identifier: Apache-2.0
"""What the native tools say about pairs of versions: one function for each grammar.

Each takes a list of pairs and gives a list of "<", "=", ">" or "!" (the tool refuses one of the two).
available(grammar) says why an oracle cannot be asked here, or None.
"""
import ctypes
import ctypes.util
import importlib.util
import pathlib
import re
import shutil
import subprocess

JAVA_CLASS = "org.apache.maven.artifact.versioning.ComparableVersion"
MAVEN_JARS = ["/usr/share/java/maven3-artifact.jar", "/usr/share/java/commons-lang3.jar"]
COMPOSER = "/usr/share/php/Composer/Semver/autoload.php"


# Texts about which lazaret and the native tool differ on purpose; the head comments in src/version
# say why. rpm, pacman: no letter or digit in the version, or an empty release. semver, go: what is
# not the standard's form (npm's loose mode reads 1.2.34.5 as 1.2.3 with the pre-release 4.5), leading
# zeros excepted, or a number beyond its 53 bits. maven: no digit at all, or a range.
IDENTIFIERS = r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*"
NO_SEMVER = rf"(?!v?\d{{1,15}}\.\d{{1,15}}\.\d{{1,15}}(-{IDENTIFIERS})?(\+{IDENTIFIERS})?$)"
NO_RPM = r"(\d*:)?[^0-9A-Za-z]*(-[^-]*)?$|.*-$"
OUTSIDE = {"rpm": NO_RPM, "pacman": NO_RPM, "semver": NO_SEMVER, "go": NO_SEMVER,
           "maven": r"\D*$|.*[][(){},$]"}


def outside(grammar, a, b):
    pattern = OUTSIDE.get(grammar)
    return pattern is not None and bool(re.match(pattern, a) or re.match(pattern, b))


def sign(number):
    return "<" if number < 0 else ">" if number > 0 else "="


def run(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def lines(todo):
    return "".join(f"{a}\t{b}\n" for a, b in todo)


def dpkg(todo):
    script = r'''
    while IFS=$'\t' read -r a b; do
        dpkg --compare-versions "$a" lt "$b" 2>/dev/null; less=$?
        if [ $less = 0 ]; then echo "<"; continue; fi
        if [ $less != 1 ]; then echo "!"; continue; fi
        if dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo "="; else echo ">"; fi
    done'''
    return run(["bash", "-c", script], lines(todo))


def apk(todo, root):
    script = r'''
    while IFS="	" read -r a b; do
        order="!"
        if apk version -c -- "$a" "$b" >/dev/null 2>&1; then order=$(apk version -t -- "$a" "$b"); fi
        echo "${order:-!}"
    done'''
    return run(["chroot", str(root), "/bin/sh", "-c", script], lines(todo))


def rpm(todo):
    import rpm as library

    def parts(text):
        epoch, colon, rest = text.partition(":")
        if not colon or not (epoch == "" or epoch.isdigit()):
            epoch, rest = "0", text
        version, dash, release = rest.rpartition("-")
        return (epoch or "0", version, release) if dash else (epoch or "0", rest, None)

    def order(a, b):
        a, b = parts(a), parts(b)
        # As in RPM's dependencies, a release counts where both have one.
        if a[2] is None or b[2] is None:
            a, b = a[:2] + (None,), b[:2] + (None,)
        try:
            return sign(library.labelCompare(a, b))
        except ValueError:
            return "!"

    return [order(a, b) for a, b in todo]


def pacman(todo):
    library = ctypes.CDLL(ctypes.util.find_library("alpm"))
    compare = library.alpm_pkg_vercmp
    compare.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    return [sign(compare(a.encode(), b.encode())) for a, b in todo]


def semver(todo):
    """npm's semver in its loose mode, because that accepts leading zeros."""
    script = r'''
    const semver = require("semver");
    const parse = (text) => semver.parse(text, {loose: true});
    for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
        const [a, b] = line.split("\t").map(parse);
        console.log(a && b ? "<=>"[semver.compare(a, b) + 1] : "!");
    }'''
    environment = "/usr/share/nodejs:/usr/lib/nodejs"
    return run(["env", f"NODE_PATH={environment}", "node", "-e", script], lines(todo))


def pep440(todo):
    from packaging.version import InvalidVersion, Version

    def order(a, b):
        try:
            a, b = Version(a), Version(b)
        except InvalidVersion:
            return "!"
        return "<" if a < b else "=" if a == b else ">"

    return [order(a, b) for a, b in todo]


def maven(todo):
    out = []
    for at in range(0, len(todo), 1500):
        chunk = [text for pair in todo[at:at + 1500] for text in pair]
        answer = run(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", ":".join(MAVEN_JARS),
                      JAVA_CLASS, *chunk], "")
        # "1. A -> …", "   A < B", "2. B -> …": every version is compared with the next one.
        said = [line for line in answer if line.startswith("   ")]
        assert len(said) == len(chunk) - 1
        for line, (a, b) in zip(said[::2], todo[at:at + 1500]):
            order = line[3 + len(a):len(line) - len(b)].strip()
            out.append(order[0])
    return out


def gem(todo):
    script = r'''
    STDIN.each_line(chomp: true) do |line|
      a, b = line.split("\t")
      good = Gem::Version.correct?(a) && Gem::Version.correct?(b)
      puts good ? "<=>"[(Gem::Version.new(a) <=> Gem::Version.new(b)) + 1] : "!"
    end'''
    return run(["ruby", "-e", script], lines(todo))


def packagist(todo):
    script = f'require "{COMPOSER}";' + r'''
    $parser = new Composer\Semver\VersionParser();
    while (($line = fgets(STDIN)) !== false) {
        [$a, $b] = explode("\t", rtrim($line, "\n"));
        try {
            $a = $parser->normalize($a);
            $b = $parser->normalize($b);
            $branch = strpos($a, "dev-") === 0 || strpos($b, "dev-") === 0;
            echo $branch ? "!" : ["<", "=", ">"][version_compare($a, $b) + 1], "\n";
        } catch (UnexpectedValueException $e) {
            echo "!\n";
        }
    }'''
    return run(["php", "-r", script], lines(todo))


def hex_(todo):
    script = r'''
    order = fn a, b ->
      with {:ok, a} <- Version.parse(a), {:ok, b} <- Version.parse(b) do
        case Version.compare(a, b) do
          :lt -> "<"
          :eq -> "="
          :gt -> ">"
        end
      else
        :error -> "!"
      end
    end
    IO.stream(:stdio, :line)
    |> Enum.map(fn line ->
      [a, b] = line |> String.trim_trailing("\n") |> String.split("\t")
      [order.(a, b), "\n"]
    end)
    |> IO.write()'''
    return run(["env", "LC_ALL=C.UTF-8", "elixir", "-e", script], lines(todo))


ORACLES = {"dpkg": dpkg, "rpm": rpm, "pacman": pacman, "semver": semver, "pep440": pep440,
           "maven": maven, "gem": gem, "packagist": packagist, "hex": hex_, "go": semver}


def missing(grammar):
    """What is not installed here that the oracle needs; None: nothing."""
    programs = {"dpkg": "dpkg", "semver": "node", "go": "node", "maven": "java", "gem": "ruby",
                "packagist": "php", "hex": "elixir"}
    modules = {"rpm": "rpm", "pep440": "packaging"}
    if grammar in programs and not shutil.which(programs[grammar]):
        return programs[grammar]
    if grammar in modules and not importlib.util.find_spec(modules[grammar]):
        return f"python3-{modules[grammar]}"
    if grammar == "pacman" and not ctypes.util.find_library("alpm"):
        return "libalpm"
    files = {"maven": MAVEN_JARS, "packagist": [COMPOSER]}
    return next((path for path in files.get(grammar, []) if not pathlib.Path(path).exists()), None)
