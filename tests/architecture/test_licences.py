"""What is compiled in may be given away under our licence: no crate asks for more than that its own text goes along."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "_core"
GIVEN = frozenset(
    (
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "Unicode-3.0",
        "Unlicense",
        "Zlib",
    )
)


def fits(expression: str) -> bool:
    """Whether one way to read the SPDX expression asks for nothing else. A slash is how `OR` was written once."""
    words = re.sub(r"\s*/\s*", " OR ", expression)
    while inner := re.search(r"\(([^()]*)\)", words):
        words = words[: inner.start()] + ("MIT" if fits(inner[1]) else "no") + words[inner.end() :]
    return any(all(part.strip() in GIVEN for part in way.split(" AND ")) for way in words.split(" OR "))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("MIT/Apache-2.0", True),
        ("BSD-3-Clause AND MIT", True),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", True),
        ("MIT OR LGPL-2.1-or-later", True),
        ("GPL-3.0", False),
        ("MIT AND MPL-2.0", False),
        ("(GPL-2.0 OR MPL-2.0) AND MIT", False),
        ("", False),
    ],
)
def test_expressions_are_read(expression: str, expected: bool) -> None:
    assert fits(expression) == expected


def test_every_crate_may_be_given_away() -> None:
    command = [sys.executable, "toolchain.py", "cargo", "metadata", "--format-version", "1", "--locked"]
    said = subprocess.run(command, cwd=CORE, capture_output=True, text=True, check=True).stdout
    packages = {package["name"]: package["license"] or "" for package in json.loads(said)["packages"]}
    assert len(packages) > 100
    assert {name: licence for name, licence in packages.items() if not fits(licence)} == {}
