"""Annotation values, read as Go reads them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.translate.ingress.annotations import values
from gateway.translate.ingress.annotations.declare import Annotation
from gateway.translate.ingress.annotations.routing import parse_rewrite
from gateway.translate.ingress.annotations.table import TABLE
from gateway.translate.ingress.annotations.values import InvalidValueError, UnsupportedValueError


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_true(text: str) -> None:
    assert values.parse_boolean(text).value is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_false(text: str) -> None:
    assert values.parse_boolean(text).value is False


@pytest.mark.parametrize("text", ["yes", "on", "tRUE", "2", "true\n", ""])
def test_neither(text: str) -> None:
    with pytest.raises(InvalidValueError):
        values.parse_boolean(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("1", 1), ("1b", 1), ("2k", 2048), ("8M", 8 << 20), ("1g", 1 << 30), ("007", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert values.parse_size(text) == (size, "")


@pytest.mark.parametrize("text", ["-1", "1.5m", "1 m", "m", "1t", "1mb", "1m\n", "٣", "1" * 16])
def test_no_sizes(text: str) -> None:
    with pytest.raises(InvalidValueError):
        values.parse_size(text)


def test_what_was_meant_is_said() -> None:
    with pytest.raises(InvalidValueError) as size:
        values.parse_size("10MB")
    with pytest.raises(InvalidValueError) as seconds:
        values.parse_seconds("30s")
    assert (size.value.fix, seconds.value.fix) == ('write "10m"', 'write "30"')


def test_values_beyond_the_bounds_are_cut() -> None:
    assert values.parse_size("999999999999999g").adjusted
    assert values.parse_seconds("999999999999999999").value == 365 * 24 * 3600


@pytest.mark.parametrize("text", ["0", "-5", "5s", "1.0", "9" * 19])
def test_no_seconds(text: str) -> None:
    with pytest.raises(InvalidValueError):
        values.parse_seconds(text)


def test_networks() -> None:
    assert values.parse_networks("10.0.0.1/8, ::1,").value == ("10.0.0.0/8", "::1/128")
    with pytest.raises(InvalidValueError):
        values.parse_networks("10.0.0.0/33")


@pytest.mark.parametrize("text", ["/", "/$1", "$1", "/a/$2/b", "/a-b.c_d~e:f", "/$10"])
def test_rewrites(text: str) -> None:
    assert parse_rewrite(text).value == text


@pytest.mark.parametrize("text", ["a", "/a?b", "/a b", "/$", "/$$1", "/$0", "/a\n", "/{1}", "/a#b", "/" + "a" * 9000])
def test_no_rewrites(text: str) -> None:
    with pytest.raises(InvalidValueError) as found:
        parse_rewrite(text)
    assert not isinstance(found.value, UnsupportedValueError)


@pytest.mark.parametrize("text", ["http://a/", "https://a/$1", "$scheme://a", "/$host", "/$request_uri"])
def test_rewrites_that_are_not_supported(text: str) -> None:
    with pytest.raises(UnsupportedValueError) as found:
        parse_rewrite(text)
    assert found.value.value == text


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
@settings(max_examples=10)
@given(text=st.text(max_size=30))
def test_every_type_reads_or_refuses_whatever_there_is(row: Annotation[object], text: str) -> None:
    problem = None
    try:
        row.type.parse(text)
    except InvalidValueError as found:
        problem = found
    assert problem is None or (problem.reason and problem.fix)
