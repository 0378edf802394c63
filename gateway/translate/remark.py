"""What is said of a backend to everyone who refers to it."""

from msgspec import Struct

from gateway.verdicts.reasons import Reason


class Remark(Struct, frozen=True):
    """`field` is the last part of their reference to it."""

    reason: Reason
    field: str
    value: str
    text: str
    fix: str
