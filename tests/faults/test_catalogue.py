"""The catalogue itself: every experiment is played, and every attack has a limit with a name, a metric and a test."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.dataplane.limits_page import METRICS

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
CATALOGUE: Final = json.loads((HERE / "catalogue.json").read_text())
PLAYED: Final = frozenset(
    name.upper()
    for path in HERE.glob("*.py")
    for name in re.findall(r"^def (?:test_)?(f\d+)_", path.read_text(), re.MULTILINE)
)


def missing(tests: list[str]) -> list[str]:
    """Those that are not where they are said to be."""
    return [one for one in tests if f"def {one.partition('::')[2]}(" not in (ROOT / one.partition("::")[0]).read_text()]


@pytest.mark.parametrize("row", CATALOGUE["experiments"], ids=lambda row: row["id"])
def test_every_experiment_is_played(row: dict[str, Any]) -> None:
    """By tests that are named after it, by others that it names, or it says why not."""
    assert missing(row.get("tests", [])) == []
    assert row["id"] in PLAYED or row.get("tests") or row.get("instead")


def test_no_experiment_is_played_that_is_not_in_the_catalogue() -> None:
    assert {row["id"] for row in CATALOGUE["experiments"]} >= PLAYED


@pytest.mark.parametrize("attack", CATALOGUE["attacks"], ids=lambda row: row["about"])
def test_every_attack_meets_a_limit_that_can_be_seen(attack: dict[str, Any]) -> None:
    """What every limit's default and reason are is on the page of limits, which another test holds to the sources."""
    assert [name for name in attack["limits"] if name not in METRICS] == []
    rows = (ROOT / "_core/cython/metrics.h").read_text()
    assert [name for name in attack["metrics"] if f"COUNTER({name}," not in rows] == []
    assert attack["metrics"]
    assert attack["tests"]
    assert missing(attack["tests"]) == []


def test_every_limit_of_what_a_client_can_make_last_is_attacked() -> None:
    attacked = {name for attack in CATALOGUE["attacks"] for name in attack["limits"]}
    assert {name for name in METRICS if name.startswith(("client_", "header_", "handshake_"))} <= attacked
