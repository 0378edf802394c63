"""One judgement on one field of one object. A user's mistake is a verdict, never an exception."""

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    ERROR = "error"  # what the field asks for is not served
    WARNING = "warning"  # served, but not as written
    INFO = "info"


class Origin(Struct, frozen=True, order=True):
    """A place in a file. Line and column count from 1; 0 where unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return self.file if not self.line else f"{self.file}:{self.line}:{self.column}"


class ObjectRef(Struct, frozen=True, order=True):
    """Which object a verdict speaks of. Fields are empty where a file could not be read as far as that."""

    kind: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}".strip()


class Verdict(Struct, frozen=True, order=True):
    """`code` is a row of `reasons.py`; `field` a path such as `spec.rules[0].host`; `value` the text found there,
    cut to a readable length and never a secret; `reason` says what is wrong, `fix` what to write instead.
    """

    code: str
    severity: Severity
    object: ObjectRef
    field: str
    value: str
    reason: str
    fix: str
    origin: Origin | None = None
