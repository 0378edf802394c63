"""Bytes that never show themselves in a repr, a log line, a dump or a golden."""


class Secret(bytes):
    """Secret bytes. `repr` and `str` say only that there is one; `bytes(secret)` is the deliberate way to the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)
