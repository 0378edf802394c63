"""The tables of reasons, and what collects verdicts."""

import re
from collections import Counter
from pathlib import Path

from gateway.translate.docs import all_reasons
from gateway.verdicts import reasons
from gateway.verdicts.reasons import VALUE_LENGTH, Reason, readable
from gateway.verdicts.report import Report
from gateway.verdicts.verdict import ObjectRef

ROOT = Path(__file__).parents[3]
SUBJECT = ObjectRef("Ingress", "default", "shop")


def test_codes_are_unique_and_regular() -> None:
    codes = Counter(reason.code for reason in all_reasons())
    assert codes
    assert set(codes.values()) == {1}
    assert all(re.fullmatch(r"GW[1-9][0-9]{2}", code) for code in codes)


def test_every_reason_says_something() -> None:
    for reason in all_reasons():
        assert not reason.title.endswith(".")
        assert reason.explanation.endswith(".")


def test_every_reason_of_translation_is_used() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "gateway/translate").rglob("*.py"))
    names = [name for name, value in vars(reasons).items() if isinstance(value, Reason)]
    assert [name for name in names if f"reasons.{name}" not in source] == []


def test_every_reason_of_translation_has_a_golden() -> None:
    seen = "\n".join(path.read_text() for path in (ROOT / "tests/golden").rglob("verdicts.yaml"))
    codes = {value.code for value in vars(reasons).values() if isinstance(value, Reason)}
    elsewhere = {"GW200", "GW211", "GW246", "GW294"}  # no manifest of a sane size comes to these: unit tests
    assert {code for code in codes if code not in seen} == elsewhere


def test_values_are_readable() -> None:
    assert readable("shop") == "shop"
    assert readable("a\r\nb\x1b[31m\u2028") == "a\\x0d\\x0ab\\x1b[31m\\x2028"
    assert len(readable("x" * 10_000_000)) < VALUE_LENGTH + 40


def test_what_an_owner_says_replaces_what_it_said() -> None:
    report = Report()
    first = reasons.BAD_HOST.verdict(SUBJECT, "spec.rules[0].host", "a:1", "it has a port", "write a")
    second = reasons.BAD_HOST.verdict(SUBJECT, "spec.rules[1].host", "a:1", "it has a port", "write a")
    report.replace("one", [first])
    report.replace("two", [second])
    report.replace("one", [second])
    assert list(report) == [second, second]
    report.replace("one")
    report.replace("two")
    report.replace("three")
    assert list(report) == []
