"""A small HTTP garden: what the gateway sends on for each accepted request, read by servers that people run.

Opt-in (`--garden`). Each origin gets the very bytes that the recorder got, and a second request right behind them. It
must read both as the recorder did: the same method, target, host and body, and nothing between them. It may also refuse
the first one, as long as it then serves nothing at all. And everything in the benign cases must be what nginx serves.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.support import strict_http
from tests.support.engine import Gate
from tests.support.garden.origins import ORIGINS, Missing, Running
from tests.support.probe import probe, settled
from tests.support.raw_client import BrokenAnswerError, RawClient
from tests.support.recorder import Recorder
from tests.wire.corpus import cases, octets

SENTINEL: Final = b"GET /sentinel HTTP/1.1\r\nHost: sentinel.example\r\nConnection: close\r\n\r\n"
SERVED_SHARE: Final = 0.75
"""Of the cases, at least so many must be served by every origin, or the test looks at too little. What is refused is
mostly odd methods (Node, nginx) and bytes above ASCII in values (waitress, gunicorn).
"""


class Sent(NamedTuple):
    data: bytes
    request: strict_http.Request


class Read(NamedTuple):
    method: bytes
    target: bytes
    host: bytes
    body: bytes


@pytest.fixture(scope="module")
def sent(gate: Gate, recorder: Recorder) -> list[Sent]:
    """What the gateway sends on for every accepted case, each once."""
    found: dict[object, Sent] = {}
    for case in cases():
        data = octets(case["bytes"])
        if case["expect"] != "ok":
            continue
        reading = strict_http.read(data)
        probe(gate, [data], methods=[one.method for one in reading.requests])
        for connection in settled(gate, recorder):
            for request in connection.read().requests:
                # An upgrade makes another protocol of what follows, which has no second request.
                if not request.values(b"upgrade"):
                    key = (of(request), tuple(field for field in request.fields if field[0] != b"X-Request-ID"))
                    found.setdefault(key, Sent(connection.data, request))
    return list(found.values())


@pytest.fixture(scope="module", params=ORIGINS)
def origin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    try:
        with ORIGINS[request.param](folder) as running:
            yield running
    except Missing as missing:
        pytest.skip(f"{request.param}: {missing}")


def of(request: strict_http.Request) -> Read:
    return Read(request.method, request.target, b"".join(request.values(b"host")), request.body)


def ask(address: tuple[str, int], one: Sent) -> tuple[list[int], list[dict[str, Any]]]:
    """The statuses of all answers, and what the ones of an origin say that it read."""
    statuses: list[int] = []
    seen: list[dict[str, Any]] = []
    with RawClient(address) as client:
        try:
            client.send(one.data + SENTINEL)
            while True:
                answer = client.response(to_head=not statuses and one.request.method == b"HEAD")
                statuses.append(answer.status)
                if answer.body.startswith(b"{"):
                    seen.append(json.loads(answer.body))
        except (BrokenAnswerError, ConnectionError):
            return statuses, seen


def test_every_origin_reads_what_the_recorder_read(origin: Running, sent: list[Sent]) -> None:
    wrong, refused, served = [], Counter[int](), []
    said: list[Read] = []
    for one in sent:
        statuses, seen = ask(origin.address, one)
        if statuses == [200, 200]:
            served.append(one)
            said += [Read(*(octets(each[key]) for key in Read._fields)) for each in seen]
        elif len(statuses) == 1 and statuses[0] >= 400 and not seen:
            refused[statuses[0]] += 1
        else:
            wrong.append(f"{one.data!r}: answered {statuses}")
    if origin.recorder:
        said = [of(request) for connection in origin.recorder.take(0) for request in connection.read().requests]
    wanted = [read for one in served for read in (of(one.request), None)]
    wrong += compared(wanted, said, origin)
    assert not wrong, "\n".join(wrong[:40])
    assert len(served) >= SERVED_SHARE * len(sent), refused


def compared(wanted: list[Read | None], said: list[Read], origin: Running) -> list[str]:
    """Nothing stands for the sentinel. An origin's answer to HEAD says nothing, a proxy's recorder knows of it."""
    wrong = []
    rest = iter(said)
    for want in wanted:
        if want is not None and want.method == b"HEAD" and not origin.recorder:
            continue
        have = next(rest, None)
        expected = want or Read(b"GET", b"/sentinel", b"sentinel.example", b"")
        if have is None or alike(have, origin) != alike(expected, origin):
            wrong.append(f"read {have}, not {expected}")
    return wrong + [f"read {have}, which nobody sent" for have in rest]


def alike(read: Read, origin: Running) -> Read:
    """As one: an empty query and none, because some interfaces cannot tell them apart."""
    target = b"/" + read.target.lstrip(b"/") if origin.one_slash_first else read.target
    return read._replace(target=target.removesuffix(b"?"))


def test_nginx_serves_every_benign_case(tmp_path: Path) -> None:
    """So that nothing stands there which a user of nginx could not have relied on."""
    refused = []
    try:
        with ORIGINS["nginx"](tmp_path) as running:
            for case in cases():
                data = octets(case["bytes"])
                if case["id"] == "benign":
                    one = Sent(data, strict_http.read(data).requests[0])
                    statuses, _ = ask(running.address, one)
                    refused += [] if statuses[:1] == [200] else [f"{case['name']}: {statuses}"]
    except Missing as missing:
        pytest.skip(str(missing))
    assert not refused, "\n".join(refused)
