"""Headers that a route sets for its upstream: no client can say them instead, repeat them, or have them taken away.

Row X2 of the contract. An identity that an authentication service did not give is nobody's.
"""

import pytest

from gateway.ir.filters import Filters, Header
from gateway.ir.policy import Policy
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Received, Upstream

NAME = "X-Auth-Request-User"
TRICKS = {
    "said": (f"{NAME}: admin",),
    "in other letters": (f"{NAME.lower()}: admin", f"{NAME.upper()}: root"),
    "twice": (f"{NAME}: admin", f"{NAME}: root"),
    "with underscores": (f"{NAME.replace('-', '_')}: admin", "X-Auth_Request-User: root"),
    "nominated": (f"Connection: {NAME}", f"{NAME}: admin"),
    "nominated alone": (f"Connection: close, {NAME.lower()}",),
    "without white space": (f"{NAME}:admin",),
}


def ask(gate: Gate, upstream: Upstream, value: str, lines: tuple[str, ...]) -> Received:
    gate.route_to(upstream, policy=Policy(filters=Filters(request_headers=(Header(NAME, value),))))
    with gate.client() as client:
        client.send("\r\n".join(["GET / HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode())
        peer = upstream.accept()
        received = peer.request()
        peer.answer()
        assert client.response().status == 200
    return received


def said(received: Received) -> list[str]:
    """In any spelling that some server might take for it."""
    return [value for name, value in received.headers if name.lower().replace("_", "-") == NAME.lower()]


@pytest.mark.parametrize("lines", TRICKS.values(), ids=TRICKS.keys())
def test_only_the_gateway_says_it(gate: Gate, upstream: Upstream, lines: tuple[str, ...]) -> None:
    assert said(ask(gate, upstream, "alice", lines)) == ["alice"]


@pytest.mark.parametrize("value", ["", "$http_x_not_there"], ids=["empty", "empty in the end"])
@pytest.mark.parametrize("lines", TRICKS.values(), ids=TRICKS.keys())
def test_what_it_does_not_say_nobody_says(gate: Gate, upstream: Upstream, lines: tuple[str, ...], value: str) -> None:
    assert said(ask(gate, upstream, value, lines)) == []


def test_a_trailer_does_not_say_it_either(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(filters=Filters(request_headers=(Header(NAME, "alice"),))))
    with gate.client() as client:
        head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nTrailer: {NAME}\r\n\r\n"
        client.send(f"{head}5\r\nhello\r\n0\r\n{NAME}: admin\r\n\r\n".encode())
        peer = upstream.accept()
        received = peer.request()
        assert (said(received), received.body) == (["alice"], b"hello")
        peer.answer()
        assert client.response().status == 200
