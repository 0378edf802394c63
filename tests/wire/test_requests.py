"""The requests of `vectors/` against the running engine: the same bytes, through sockets, whole and in parts.

Each accepted one must arrive as exactly the head that the rules give it, and as one request; a refused one must not
arrive at all.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import forwarding, strict_http
from tests.support.engine import Gate
from tests.support.probe import Probe, probe, settled
from tests.support.recorder import Recorder
from tests.wire.corpus import Case, declared, octets, parts, side_of

WAYS = (("whole", True), ("lines", False), ("bytes", True), ("bytes", False))
"""How the bytes are split, and are bodies taken in whole before they are sent on?"""
LONG_BYTES = 12_000
"""Longer cases are not sent byte by byte: one send for each of 40,000 bytes shows nothing that 1,000 do not."""


def families() -> list[Any]:
    return [
        pytest.param(cases, id=f"{stem}: {case['id']} {case['name']}")
        for stem, case, cases in declared()
        if side_of(case) == "request"
    ]


@pytest.mark.parametrize(
    ("split", "buffered"), WAYS, ids=lambda way: {True: "buffered", False: "streamed"}.get(way, way)
)
@pytest.mark.parametrize("cases", families())
def test_a_request(
    gate: Gate, take: Callable[[bool], None], recorder: Recorder, cases: list[Case], split: str, *, buffered: bool
) -> None:
    take(buffered)
    cases = [case for case in cases if split != "bytes" or len(octets(case["bytes"])) <= LONG_BYTES]
    wrong: list[str] = []
    forwarded: list[tuple[Case, strict_http.Request]] = []
    for case in cases:
        data = octets(case["bytes"])
        reading = strict_http.read(data)
        accepted = case["expect"] == "ok"
        wait = accepted or (case["expect"] != "more" and not case.get("eof"))
        seen = probe(gate, parts(data, split), methods=methods(data, reading), wait=wait)
        wrong += [f"{case['name']}: {text}" for text in answered(case, data, seen)]
        if accepted:
            forwarded += [(case, request) for request in sent_on(case, reading)]
    arrived = [request for connection in settled(gate, recorder) for request in connection.read().requests]
    if len(arrived) != len(forwarded):
        wrong.append(f"{len(arrived)} requests arrived, not {len(forwarded)}: {arrived}")
    port = gate.address()[1]
    for (case, request), received in zip(forwarded, arrived, strict=False):
        found = forwarding.differences(request, received, port=port, buffered=buffered)
        wrong += [f"{case['name']}: {text}" for text in found]
    for case, received in firsts(forwarded, arrived):
        wrong += [f"{case['name']}: {text}" for text in against(case, received)]
    assert not wrong, "\n".join(wrong)


def methods(data: bytes, reading: strict_http.Reading) -> list[bytes]:
    return [one.method for one in reading.requests] or [data.lstrip(b"\r\n").partition(b" ")[0]]


def answered(case: Case, data: bytes, seen: Probe) -> list[str]:
    """How the answers differ from what the case wants."""
    wrong = [f"{seen.leftover!r} after the last answer"] if seen.leftover else []
    first = seen.answers[0] if seen.answers else None
    if case["expect"] == "more":
        # A head that is not whole is no request; a body that is not whole is a bad one.
        wanted = [400] if b"\r\n\r\n" in data.removeprefix(b"\r\n") else []
        return wrong + ([] if seen.statuses == wanted else [f"answered {seen.statuses}"])
    if case["expect"] != "ok":
        if seen.statuses != [case["expect"]] or first is None or ("Connection", "close") not in first.headers:
            wrong.append(f"answered {seen.statuses}, not {case['expect']} and the end")
        return wrong
    status = 404 if case.get("path") == "*" else 200  # the asterisk speaks of no resource, so no route can have it
    if first is None or first.status != status:
        return [*wrong, f"answered {seen.statuses}, not {status} first"]
    kept = case.get("keep_alive")
    if kept is not None and (first.header("connection") == "close") == kept:
        wrong.append(f"the connection is said to be kept, or not: {first.headers}")
    return wrong


def sent_on(case: Case, reading: strict_http.Reading) -> list[strict_http.Request]:
    """The requests that must arrive: the first, and what follows it on a connection that is kept."""
    requests = reading.requests if case.get("keep_alive", True) else reading.requests[:1]
    assert requests, f"{case['name']}: accepted, but no request to a strict reader: {reading.fault}"
    return [one for one in requests if one.target != b"*"]


def firsts(
    forwarded: list[tuple[Case, strict_http.Request]], arrived: list[strict_http.Request]
) -> list[tuple[Case, strict_http.Request]]:
    found: dict[int, tuple[Case, strict_http.Request]] = {}
    for (case, _), received in zip(forwarded, arrived, strict=False):
        found.setdefault(id(case), (case, received))
    return list(found.values())


def against(case: Case, received: strict_http.Request) -> list[str]:
    """How what arrived differs from what the case says of it."""
    wrong = []
    if "method" in case and received.method != octets(case["method"]):
        wrong.append(f"method {received.method!r}")
    if "forward" in case:
        query = case.get("query", ...)
        target = octets(case["forward"])
        target += b"" if query is None or query is ... else b"?" + octets(query)
        have = received.target.partition(b"?")[0] if query is ... else received.target
        if have != target:
            wrong.append(f"target {received.target!r}, not {target!r}")
    if "body" in case and received.body != octets(case["body"]):
        wrong.append(f"body {received.body!r}")
    dropped = [name for name in case.get("dropped", []) if received.values(octets(name).lower())]
    return wrong + [f"{name} was passed on" for name in dropped]
