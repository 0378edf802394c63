"""More than one request on a connection: the corpus pipelined, and bodies that nobody waits for."""

import random
from collections.abc import Callable

import pytest

from gateway.ir.policy import Policy
from gateway.ir.route import HostTable, Respond
from tests.support import forwarding, strict_http
from tests.support.engine import HOST, Gate, forward, route
from tests.support.probe import probe, settled
from tests.support.recorder import Recorder
from tests.wire.corpus import cases, octets

PIPELINED = 16


def followed() -> list[bytes]:
    """Accepted requests that another may follow on the same connection."""
    every = {
        octets(case["bytes"])
        for case in cases()
        if case["expect"] == "ok" and case.get("keep_alive", True) and not case.get("rest") and not case.get("eof")
    }
    return sorted(one for one in every if len(one) < 1_000 and kept(one))


def kept(data: bytes) -> bool:
    """Nothing in it ends the connection, by rule or because nobody can tell what comes next."""
    request = strict_http.read(data).requests[0]
    return request.minor == 1 and b"close" not in forwarding.options(request) and request.target != b"*"


def refused() -> list[bytes]:
    every = {octets(case["bytes"]) for case in cases() if case["expect"] == 400 and not case.get("eof")}
    return sorted(one for one in every if len(one) < 1_000)


@pytest.mark.parametrize("seed", range(60))
def test_pipelined_requests_arrive_in_order_up_to_the_bad_one(
    gate: Gate, take: Callable[[bool], None], recorder: Recorder, seed: int
) -> None:
    """B3, A2."""
    buffered = seed % 2 == 0
    take(buffered)
    chance = random.Random(seed)
    good = [chance.choice(FOLLOWED) for _ in range(chance.randint(1, PIPELINED - 1))]
    bad, smuggled = chance.choice(REFUSED), b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"
    requests = strict_http.read(b"".join(good)).requests
    assert len(requests) == len(good)
    seen = probe(gate, [b"".join(good) + bad + smuggled], methods=[one.method for one in requests])
    assert seen.leftover == b""
    assert seen.statuses[: len(good)] == [200] * len(good), good
    assert seen.statuses[len(good) :] == [400], bad
    arrived = [request for connection in settled(gate, recorder) for request in connection.read().requests]
    port = gate.address()[1]
    assert len(arrived) == len(good)
    for sent, received in zip(requests, arrived, strict=True):
        assert not forwarding.differences(sent, received, port=port, buffered=buffered)


FOLLOWED = followed()
REFUSED = refused()

INNER = b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"
BODIES = {
    "length": b"Content-Length: %d\r\n\r\n%s" % (len(INNER), INNER),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(INNER), INNER),
}


@pytest.mark.parametrize("framing", BODIES)
@pytest.mark.parametrize("late", [0, 1, 20, len(INNER)], ids=lambda late: f"{late} bytes late")
@pytest.mark.parametrize("path", ["/gone", "/closed"])
def test_a_body_that_nobody_wants_is_never_a_request(
    gate: Gate, recorder: Recorder, framing: str, late: int, path: str
) -> None:
    """B2: the route answers by itself. What is left of the body is read away, or ends the connection."""
    gate.serve(
        HostTable(
            HOST,
            (
                route("/gone", Respond(404)),
                route("/closed", Respond(503)),
                route("/", forward(), Policy(body_limit_bytes=0, tries=1)),
            ),
        )
    )
    data = b"POST %s HTTP/1.1\r\nHost: %s\r\n" % (path.encode(), HOST.encode()) + BODIES[framing]
    following = b"GET /next HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST.encode()
    status = 404 if path == "/gone" else 503
    with gate.client() as client:
        client.send(data[: len(data) - late])
        answer = client.response()
        assert answer.status == status
        if answer.header("connection") == "close":
            client.finish()
            assert client.rest()[0] == b""
        else:
            client.send(data[len(data) - late :] + following)
            assert client.response().status == 200
    arrived = [request.target for one in settled(gate, recorder) for request in one.read().requests]
    assert arrived == ([b"/next"] if answer.header("connection") != "close" else [])
