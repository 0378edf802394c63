"""`log-format-upstream` as text, and what becomes of it."""

import pytest

from gateway.translate.configmap.log_format import FORMAT, USUAL, compiled
from gateway.translate.ingress.annotations.values import InvalidValueError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ("plain",)),
        ("$status", ("", "status", "")),
        ("a ${status}b$host", ("a ", "status", "b", "host", "")),
        ('{"a": "$http_x"}', ('{"a": "', "http_x", '"}')),
        (r"\"$host\"\t\'\\\d", ('"', "host", "\"\t'\\\\d")),
        ("$sent_http_a$upstream_http_b", ("", "sent_http_a", "", "upstream_http_b", "")),
    ],
)
def test_texts_and_names_take_turns(text: str, parts: tuple[str, ...]) -> None:
    assert compiled(text).parts == parts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("$", "no name"),
        ("100$ $status", "no name"),
        ("${}", "no name"),
        ("${host", "no name"),
        ("$nonsense", r"\$nonsense"),
        ("$http_", r"\$http_"),
        ("$1", r"\$1"),
        ("it's", "' ends it"),
        ("a\\", "backslash"),
        ("x" * 2_049, "longer than"),
    ],
)
def test_what_nginx_would_not_start_with_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidValueError, match=told):
        compiled(text)


def test_what_has_no_value_here_is_named() -> None:
    found = FORMAT.parse("$status $geoip2_city $gzip_ratio $geoip2_city")
    assert found.value.absent == ("geoip2_city", "gzip_ratio")
    assert "$geoip2_city, $gzip_ratio" in found.adjusted


def test_the_usual_form_is_known_whole() -> None:
    assert compiled(USUAL).absent == ()
