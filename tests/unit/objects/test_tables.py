"""The tables of kinds and of fields agree with each other."""

import pytest
from msgspec import Struct

from gateway.objects.kinds import KINDS, Kind
from gateway.objects.shapes import shape_of
from gateway.objects.unread import UNREAD


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_every_kind_has_a_shape_that_knows_apiversion_and_kind(kind: Kind) -> None:
    shape_of(kind.type)
    assert {"apiVersion", "kind"} <= UNREAD[kind.type]


@pytest.mark.parametrize("struct", UNREAD, ids=lambda struct: str(struct.__name__))
def test_no_field_is_both_read_and_unread(struct: type[Struct]) -> None:
    assert not set(struct.__struct_encode_fields__) & UNREAD[struct]
