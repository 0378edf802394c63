"""What the data plane would not take is found before it is served."""

from msgspec.structs import replace

from gateway.survey.acceptance import refusals
from tests.unit.survey.test_asking import standing


def test_a_refusal_is_a_finding() -> None:
    (verdict,) = refusals(standing())
    assert verdict.code == "GW301"
    assert verdict.reason.endswith("no data plane here")


def test_what_is_taken_needs_no_word() -> None:
    taken = replace(standing(), ask=lambda _root, _segments, _question: b"an answer")
    assert list(refusals(taken)) == []
