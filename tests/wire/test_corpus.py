"""The corpus itself: is every row of the contract in it, and are its cases real?"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support import strict_http
from tests.wire.corpus import Case, cases, octets, side_of

ROWS = json.loads((Path(__file__).parent / "rows.json").read_text())["rows"]
ROOT = Path(__file__).parents[2]


def both_sides() -> list[Case]:
    return [*cases("request"), *cases("response")]


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_every_row_is_tested(row: dict[str, str]) -> None:
    """By cases of its own, or by the tests that it names, which must speak of it."""
    if "tests" in row:
        assert re.search(rf"\b{row['id']}\b", (ROOT / row["tests"]).read_text())
    else:
        assert any(case["id"] == row["id"] for case in both_sides())


def test_no_row_is_left_out() -> None:
    """Rows are numbered through in each family that is about HTTP/1.1: a gap is a row that somebody forgot."""
    known = {row["id"] for row in ROWS}
    families = {"L": 9, "R": 9, "H": 3, "C": 4, "T": 3, "K": 7, "B": 6, "E": 1, "U": 4, "P": 8, "X": 3}
    assert {f"{letter}{number}" for letter, last in families.items() for number in range(1, last + 1)} <= known


def test_no_case_is_of_a_row_that_is_not_there() -> None:
    known = {row["id"] for row in ROWS} | {"limits", "benign"}
    assert {case["id"] for case in both_sides()} <= known


def test_there_are_as_many_cases_as_promised() -> None:
    """Two cases of the same bytes are one."""
    every = {(side_of(case), case.get("request"), octets(case["bytes"]), case.get("eof")) for case in both_sides()}
    assert len(every) >= 6_000
    benign = {octets(case["bytes"]) for case in cases() if case["id"] == "benign"}
    assert len(benign) >= 500


def test_no_two_cases_have_one_name() -> None:
    names = Counter((case["id"], case["name"], case["expect"], str(case["bytes"])) for case in both_sides())
    assert max(names.values()) == 1


def test_what_is_accepted_is_a_request_to_a_strict_reader() -> None:
    """The second opinion agrees on where each accepted request ends and what it is."""
    wrong = []
    for case in cases():
        if case["expect"] != "ok":
            continue
        reading = strict_http.read(octets(case["bytes"]))
        if not reading.requests:
            wrong.append(f"{case['name']}: {reading.fault}")
            continue
        first = reading.requests[0]
        if "method" in case and first.method != octets(case["method"]):
            wrong.append(f"{case['name']}: method {first.method!r}")
        if "body" in case and first.body != octets(case["body"]):
            wrong.append(f"{case['name']}: body {first.body!r}")
        if case.get("rest") == "" and (len(reading.requests) > 1 or reading.rest):
            wrong.append(f"{case['name']}: more than one request, or a rest {reading.rest!r}")
    assert not wrong, "\n".join(wrong)
