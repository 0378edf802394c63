"""What the rows' declarations come to, also for the classes that no supported row has yet."""

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.objects.ingress import Ingress, IngressSpec
from gateway.objects.meta import Metadata
from gateway.store.store import Store
from gateway.translate.ingress.annotations import read
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.read import read_annotations
from gateway.translate.ingress.annotations.table import TABLE
from gateway.translate.ingress.annotations.values import BOOLEAN
from gateway.translate.ingress.claims import read_claims
from gateway.translate.rules import PREFIX
from gateway.verdicts import reasons
from gateway.verdicts.verdict import ObjectRef
from tests.golden.stand_ins import rules

SUBJECT = ObjectRef("Ingress", "default", "shop")


def row(on_invalid: OnInvalid) -> Annotation[bool]:
    return Annotation(
        name="example",
        family="example",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        support=Support.SUPPORTED,
        doc="An example.",
        default="true",
        on_invalid=on_invalid,
        apply=lambda settings, value: replace(settings, use_regex=value),
    )


@pytest.mark.parametrize(
    ("on_invalid", "code", "closed", "closes_host"),
    [
        (OnInvalid.DEFAULT, reasons.INVALID_IGNORED.code, False, ""),
        (OnInvalid.INGRESS, reasons.INVALID_CLOSED.code, True, ""),
        (OnInvalid.LOCATION, reasons.INVALID_CLOSED.code, True, ""),
        (OnInvalid.HOST, reasons.INVALID_CLOSED.code, True, "example"),
    ],
)
def test_an_invalid_value_does_what_its_class_says(
    monkeypatch: pytest.MonkeyPatch, on_invalid: OnInvalid, code: str, closed: bool, closes_host: str
) -> None:
    monkeypatch.setattr(read, "BY_NAME", {"example": row(on_invalid)})
    outcome = read_annotations({f"{PREFIX}/example": "maybe"}, SUBJECT, rules())
    assert [verdict.code for verdict in outcome.verdicts] == [code]
    assert (outcome.settings.closed, outcome.settings.closes_host) == (closed, closes_host)
    assert not outcome.settings.use_regex


@pytest.mark.parametrize(
    "planned", [row for row in TABLE if row.support is not Support.SUPPORTED], ids=lambda row: row.name
)
def test_what_is_not_supported_has_exactly_one_verdict(planned: Annotation[Any]) -> None:
    outcome = read_annotations({f"{PREFIX}/{planned.name}": "no sensible value"}, SUBJECT, rules())
    neutral = planned.type.name == "text" and "no sensible value" in planned.neutral
    assert len(outcome.verdicts) == 1 - neutral
    assert outcome.verdicts[0].field == f"metadata.annotations[{PREFIX}/{planned.name}]"


def test_a_name_that_no_api_server_accepts_is_not_served() -> None:
    ingress = Ingress(Metadata("Shop\n", "default"), IngressSpec(ingress_class_name="nginx"))
    claims = read_claims(ingress, Store(), rules())
    assert not claims.hosts
    assert [verdict.code for verdict in claims.verdicts] == [reasons.BAD_NAME.code]
