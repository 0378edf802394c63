"""JSON documents, one or several in a row."""

import pytest

from gateway.sources.json_values import Document, read_json
from gateway.sources.malformed import MalformedError
from gateway.verdicts.reasons import Reason
from gateway.verdicts.reasons_objects import MALFORMED, REPEATED_KEY, TOO_COMPLEX


def test_documents_follow_one_another() -> None:
    assert read_json(' {"a": 1}\n[2] ') == [Document({"a": 1}, 1, 9), Document([2], 10, 13)]
    assert read_json(" \n") == []


def test_halves_of_characters_are_replaced_as_in_go() -> None:
    [one] = read_json(r'{"a\ud800": ["\udfff", "\ud83d\ude00"]}')
    assert one.value == {"a\ufffd": ["\ufffd", "\U0001f600"]}


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ('{"a": 1,}', 0, 8, MALFORMED),
        ('{\n"a" 1}', 1, 4, MALFORMED),
        ('{"a": 1} x', 0, 9, MALFORMED),
        ('\n {"a": NaN}', 1, 1, MALFORMED),
        ('{"a": ' + "9" * 5_000 + "}", 0, 0, MALFORMED),
        ('{"a": 1, "a": 2}', 0, 0, REPEATED_KEY),
        ("[" * 100_000, 0, 0, TOO_COMPLEX),
    ],
)
def test_malformed_text_has_a_place(text: str, line: int, column: int, reason: Reason) -> None:
    with pytest.raises(MalformedError) as caught:
        read_json(text)
    assert (caught.value.line, caught.value.column, caught.value.reason) == (line, column, reason)
