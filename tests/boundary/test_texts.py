"""What control lets through as a text or a header is what the data plane accepts."""

import re
from pathlib import Path

import pytest

from gateway.translate import tokens, variables
from gateway.translate.configmap import log_format

IMAGE = Path(__file__).parents[2] / "_core/image/src"


def test_both_sides_know_the_same_variables() -> None:
    source = (IMAGE / "text.rs").read_text()
    assert set(re.findall(r'\("(\w+)", Variable::', source)) == variables.NAMES
    assert tuple(re.findall(r'named\("(\w+)"\)', source)) == variables.FAMILIES


def test_both_sides_leave_the_same_headers_alone() -> None:
    source = (IMAGE / "validate_filters.rs").read_text()
    listed = source[source.index("const UNTOUCHABLE") : source.index("];")]
    assert set(re.findall(r'"([a-z-]+)"', listed)) == tokens.UNTOUCHABLE


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("plain", True),
        ("$host", True),
        ("${http_x_y}-$1", True),
        ("$arg_a$cookie_b", True),
        ("$nonsense", False),
        ("$", False),
        ("$$", False),
        ("$http_", False),
        ("${host", False),
        ("$0", False),
        ("$hosts", False),
    ],
)
def test_variables_are_found(text: str, *, known: bool) -> None:
    assert (variables.unknown_variable(text) is None) is known


def test_both_sides_know_the_same_variables_of_the_log() -> None:
    source = (IMAGE / "log.rs").read_text()
    listed = set(re.findall(r'\("(\w+)", (?:LogVariable::|")', source))
    assert listed == log_format.NAMES
    assert tuple(re.findall(r'named\("(\w+)"\)', source)) == log_format.FAMILIES
    assert not log_format.NAMES & log_format.WITHOUT_VALUE
