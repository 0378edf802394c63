"""House rules a machine can check: sizes, names, and words that must not stand in the repository."""

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]

CAP = 600  # lines of one source file
MEDIAN = 150  # lines of the median source file

# Files over the cap, each with the reason.
LONG: dict[str, str] = {}

SOURCES = ("gateway", "_core")
CODE = {".py", ".pyi", ".rs", ".pyx", ".pxd", ".h"}
TEXT = CODE | {".toml", ".cfg", ".md", ".yaml", ".yml", ".sh", ".ini"}
SKIPPED = {"target", "__pycache__", "node_modules", "build", "dist", "venv", "local"}  # what tools write

NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

# Written in pieces, so that this file does not contain what it looks for.
UNFINISHED = re.compile(
    "|".join(["TO" + "DO", "FIX" + "ME", r"\bto" + r"do!", r"\bunimple" + r"mented!", "NotImple" + "mentedError"])
)
MACHINE = re.compile(r"(?<![\w./-])/(?:" + "|".join(["ro" + "ot", "wo" + "rk", "ho" + "me"]) + r")/")


def files(suffixes: set[str], *folders: str) -> Iterator[Path]:
    tops = [ROOT / folder for folder in folders] if folders else [ROOT]
    for top in tops:
        for path in sorted(top.rglob("*")):
            parts = path.relative_to(ROOT).parts
            hidden = any(part.startswith(".") and part != ".ci" for part in parts)
            if path.suffix in suffixes and path.is_file() and not hidden and not SKIPPED & set(parts):
                yield path


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_too_long() -> None:
    found = {name(path): lines(path) for path in files(CODE) if lines(path) > CAP}
    assert {path: length for path, length in found.items() if path not in LONG} == {}
    assert {path for path in LONG if path not in found} == set(), "no longer too long: take them off the list"


def test_the_median_source_file_is_short() -> None:
    assert median(lines(path) for path in files(CODE, *SOURCES)) <= MEDIAN


def test_every_python_module_says_what_it_is_for() -> None:
    silent = [
        name(path)
        for path in files({".py"}, "gateway", "tests", "bench")
        if path.read_text().strip() and not path.read_text().lstrip().startswith(('"""', "#!"))
    ]
    assert silent == []


def test_every_rust_file_says_what_it_is_for() -> None:
    silent = [name(path) for path in files({".rs"}, "_core") if not path.read_text().startswith(("//!", "//"))]
    assert silent == []


def test_every_metric_is_counted_somewhere() -> None:
    rows = re.findall(r"^COUNTER\((\w+)", (ROOT / "_core/cython/metrics.h").read_text(), re.MULTILINE)
    engine = "".join(path.read_text() for path in files({".rs"}, "_core/engine/src"))
    assert rows
    assert [row for row in rows if f"Counter::{row}" not in engine and f"Self::{row}" not in engine] == []


def test_no_module_is_named_after_nothing() -> None:
    found = [name(path) for path in files(CODE) if {path.stem, *path.relative_to(ROOT).parts[:-1]} & NAMES]
    assert found == []


@pytest.mark.parametrize("pattern", [UNFINISHED, MACHINE], ids=["unfinished", "machine paths"])
def test_words_that_must_not_stand_here(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name(path)}:{number}: {line.strip()[:100]}"
        for path in files(TEXT)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        (UNFINISHED, "# TO" + "DO: later", True),
        (UNFINISHED, "todos.append(1)", False),
        (MACHINE, 'open("/ro' + 'ot/x")', True),
        (MACHINE, "GET /work" + "ers/1", False),
        (MACHINE, "https://example.com/ho" + "me/x", False),
    ],
)
def test_the_patterns_find_what_they_should(pattern: re.Pattern[str], line: str, *, expected: bool) -> None:
    assert bool(pattern.search(line)) is expected
