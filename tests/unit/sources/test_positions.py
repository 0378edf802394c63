"""Where fields were written."""

import pytest

from gateway.sources.positions import Positions

TEXT = """\
# a comment
apiVersion: v1
metadata:
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /$1
    "quoted.key": x
spec:
  rules:
  - host: blue.example.com
    http: {paths: [{path: /a}, {path: /b}]}
  - host:
base: &base {left: 1}
merged:
  <<: *base
  right: 2
---
second: here
"""


@pytest.mark.parametrize(
    ("field", "line", "column"),
    [
        ("apiVersion", 1, 12),
        ("metadata", 2, 0),
        ("metadata.annotations[nginx.ingress.kubernetes.io/rewrite-target]", 4, 48),
        ("metadata.annotations[quoted.key]", 5, 18),
        ("spec.rules", 7, 2),
        ("spec.rules[0]", 8, 4),
        ("spec.rules[0].host", 8, 10),
        ("spec.rules[0].http.paths[1].path", 9, 38),
        ("spec.rules[1].host", 10, 9),
        ("merged.left", 11, 19),
        ("spec.rules[7].host", 7, 2),
        ("spec.rules[0].nothing.here", 8, 4),
        ("spec.rules.host", 7, 2),
        ("metadata.annotations[missing]", 3, 2),
        ("", 1, 0),
    ],
)
def test_a_field_or_what_is_nearest(field: str, line: int, column: int) -> None:
    assert Positions(TEXT).find(0, field) == (line, column)


def test_the_second_document() -> None:
    assert Positions(TEXT).find(1, "second") == (16, 8)
    assert Positions(TEXT).find(2, "second") is None


def test_json_is_yaml_enough_even_with_tabs() -> None:
    assert Positions('{\n\t"spec": {"rules": [\n\t\t{"host": "a"}]}}').find(0, "spec.rules[0].host") == (2, 11)


def test_text_that_only_json_can_read_has_no_places() -> None:
    assert Positions(r'{"a": "\ud83d\ude00"}').find(0, "a") is None
