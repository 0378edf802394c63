"""The tables of kinds, of fields and of reasons agree with each other."""

import pytest
from msgspec import Struct

from gateway.objects.kinds import KINDS, Kind
from gateway.objects.problems import Flaw
from gateway.objects.shapes import shape_of
from gateway.objects.unread import UNREAD
from gateway.verdicts.reasons_objects import OF_FLAW, REASONS_OBJECTS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_every_kind_has_a_shape_that_knows_apiversion_and_kind(kind: Kind) -> None:
    shape_of(kind.type)
    assert {"apiVersion", "kind"} <= UNREAD[kind.type]


@pytest.mark.parametrize("struct", UNREAD, ids=lambda struct: str(struct.__name__))
def test_no_field_is_both_read_and_unread(struct: type[Struct]) -> None:
    assert not set(struct.__struct_encode_fields__) & UNREAD[struct]


def test_every_flaw_has_a_reason_and_every_code_is_one_of_ours() -> None:
    assert set(OF_FLAW) == set(Flaw)
    codes = [reason.code for reason in REASONS_OBJECTS]
    assert len(set(codes)) == len(codes)
    assert all("GW100" <= code <= "GW149" for code in codes)
