"""What a fake API server does wrong on purpose. A script of faults, each for the next requests that it fits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

FOR_EVER = 1 << 30


@dataclass
class Answer:
    """A failure instead of the answer."""

    status: int
    reason: str = ""
    message: str = ""
    retry_after: float | None = None
    location: str = ""


@dataclass
class Body:
    """Status 200 and these bytes, whatever was asked for."""

    content: bytes
    content_type: str = "application/json"


@dataclass
class Reset:
    """The connection is reset without an answer."""


@dataclass
class Silence:
    """Never an answer, and never an end: what a half-open connection looks like."""


@dataclass
class Gate:
    """The right answer, but only once the test says so."""

    open: asyncio.Event = field(default_factory=asyncio.Event)


Fault = Answer | Body | Reset | Silence | Gate


@dataclass
class _Rule:
    fault: Fault
    verb: str
    resource: str
    times: int
    query: Mapping[str, str]


class Faults:
    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, fault: Fault, verb: str = "", resource: str = "", *, times: int = 1, **query: str) -> None:
        """For the next `times` requests with this verb (list, watch, get, …), resource and query; the oldest first."""
        self._rules.append(_Rule(fault, verb, resource, times, query))

    def clear(self) -> None:
        self._rules.clear()

    def take(self, verb: str, resource: str, query: Mapping[str, str]) -> Fault | None:
        for rule in self._rules:
            if rule.verb not in ("", verb) or rule.resource not in ("", resource):
                continue
            if any(query.get(key) != value for key, value in rule.query.items()):
                continue
            rule.times -= 1
            if rule.times <= 0:
                self._rules.remove(rule)
            return rule.fault
        return None
