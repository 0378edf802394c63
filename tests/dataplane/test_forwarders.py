"""Proxies before us: what is believed of what they say, and that nobody else is believed anything (X1)."""

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from gateway.ir.listener import Forwarders
from gateway.ir.policy import HttpsRedirect, Policy
from tests.support.engine import HOST, Gate
from tests.support.raw_client import Response
from tests.support.raw_upstream import Received, Upstream

Behind = Callable[[Forwarders], None]

US = ("127.0.0.0/8",)
ELSEWHERE = ("10.0.0.0/8", "2001:db8::/32")
SAID = (
    "X-Forwarded-For: 192.0.2.1, 203.0.113.7",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 8443",
    "X-Forwarded-Host: shop.example:8443, b.example",
    "X-Forwarded-Prefix: /base",
    "X-Forwarded-Client-Cert: Hash=0a",
    "Forwarded: for=203.0.113.7;proto=https",
    "X-Real-IP: 198.51.100.1",
    "X-Scheme: ftp",
    "X-Forwarded-Scheme: ftp",
)


@pytest.fixture
def behind(gate: Gate, upstream: Upstream) -> Behind:
    """The gateway believes these from now on."""

    def believe(forwarders: Forwarders) -> None:
        gate.listeners = tuple(replace(one, forwarders=forwarders) for one in gate.listeners)
        gate.route_to(upstream)

    return believe


def ask(gate: Gate, upstream: Upstream, *lines: str) -> Received:
    with gate.client() as client:
        client.send("\r\n".join(["GET /path HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode("latin-1"))
        peer = upstream.accept()
        received = peer.request()
        peer.answer(b"ok", 200, "Connection: close")
        assert client.response().status == 200
        return received


def forwarded(received: Received) -> dict[str, str]:
    """What the upstream is told of the request's origin. A name that comes twice would be lost here, so none may."""
    found = [
        (name.lower(), value)
        for name, value in received.headers
        if re.match("(?i)x-(forwarded|real|scheme|original)|forwarded|host", name)
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_everything_that_a_proxy_of_ours_says(gate: Gate, upstream: Upstream, behind: Behind) -> None:
    behind(Forwarders(US, claims=True))
    assert forwarded(ask(gate, upstream, *SAID)) == {
        "host": "shop.example:8443",
        "x-real-ip": "203.0.113.7",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-host": "shop.example:8443",
        "x-forwarded-port": "8443",
        "x-forwarded-proto": "https",
        "x-forwarded-scheme": "https",
        "x-scheme": "https",
        "x-original-forwarded-for": "192.0.2.1, 203.0.113.7",
        "x-original-forwarded-host": "shop.example:8443, b.example",
        "x-forwarded-prefix": "/base",
        "x-forwarded-client-cert": "Hash=0a",
        "forwarded": "for=203.0.113.7;proto=https",
    }
    (record,) = gate.records(1)
    assert record["remote_addr"] == b"203.0.113.7"


def test_nobody_else_is_believed(gate: Gate, upstream: Upstream, behind: Behind) -> None:
    behind(Forwarders(ELSEWHERE, claims=True, append=True))
    told = forwarded(ask(gate, upstream, *SAID))
    assert told == {
        "host": HOST,
        "x-real-ip": "127.0.0.1",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": HOST,
        "x-forwarded-port": str(gate.address()[1]),
        "x-forwarded-proto": "http",
        "x-forwarded-scheme": "http",
        "x-scheme": "http",
        "x-original-forwarded-for": "192.0.2.1, 203.0.113.7",
        "x-original-forwarded-host": "shop.example:8443, b.example",
    }
    (record,) = gate.records(1)
    assert record["remote_addr"] == b"127.0.0.1"


def test_an_address_alone(gate: Gate, upstream: Upstream, behind: Behind) -> None:
    """enable-real-ip: the address is believed, and nothing else."""
    behind(Forwarders(US))
    told = forwarded(ask(gate, upstream, *SAID))
    assert told["x-real-ip"] == told["x-forwarded-for"] == "203.0.113.7"
    assert (told["host"], told["x-forwarded-proto"]) == (HOST, "http")
    assert not {"x-forwarded-prefix", "forwarded", "x-forwarded-client-cert"} & told.keys()


@pytest.mark.parametrize(
    ("lists", "sent"),
    [
        ((), "127.0.0.1"),
        (("",), "127.0.0.1"),
        (("203.0.113.7",), "203.0.113.7, 127.0.0.1"),
        (("192.0.2.1, 203.0.113.7",), "192.0.2.1, 203.0.113.7, 127.0.0.1"),
        (("192.0.2.1", "203.0.113.7"), "192.0.2.1, 203.0.113.7, 127.0.0.1"),
    ],
)
def test_the_whole_list_with_the_peer(
    gate: Gate, upstream: Upstream, behind: Behind, lists: tuple[str, ...], sent: str
) -> None:
    """compute-full-forwarded-for."""
    behind(Forwarders(US, claims=True, append=True))
    received = ask(gate, upstream, *[f"X-Forwarded-For: {one}" for one in lists])
    assert received.values("x-forwarded-for") == [sent]
    assert received.values("x-real-ip") == ["203.0.113.7" if any("203" in one for one in lists) else "127.0.0.1"]


def test_the_address_may_stand_in_another_header(gate: Gate, upstream: Upstream, behind: Behind) -> None:
    behind(Forwarders(US, "cf-connecting-ip", claims=True))
    received = ask(gate, upstream, "CF-Connecting-IP: 203.0.113.7", "X-Forwarded-For: 192.0.2.1")
    assert received.values("x-real-ip") == received.values("x-forwarded-for") == ["203.0.113.7"]


@pytest.mark.parametrize("twin", ["X_Forwarded_For", "x_forwarded-for", "X_FORWARDED_FOR"])
def test_a_twin_says_nothing(gate: Gate, upstream: Upstream, behind: Behind, twin: str) -> None:
    behind(Forwarders(US, claims=True))
    received = ask(gate, upstream, f"{twin}: 203.0.113.7", "X_Forwarded_Proto: https", "X_Forwarded_Host: b.example")
    assert received.values("x-real-ip") == ["127.0.0.1"]
    assert received.values("x-forwarded-proto") == ["http"]
    assert not [name for name in received.names if "_" in name]


@pytest.mark.parametrize("name", ["X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "X-Real-IP"])
def test_what_is_said_cannot_be_nominated_away(gate: Gate, upstream: Upstream, behind: Behind, name: str) -> None:
    behind(Forwarders(US, claims=True))
    told = forwarded(ask(gate, upstream, f"Connection: close, {name}", *SAID))
    assert told["x-real-ip"] == "203.0.113.7"
    assert told["x-forwarded-proto"] == "https"
    assert told["host"] == "shop.example:8443"


@pytest.mark.parametrize("host", ["a/b", "", "a b", "user@a.example", "a.example:99999", "\xe9", "[::1"])
def test_a_host_that_is_none_is_not_passed_on(gate: Gate, upstream: Upstream, behind: Behind, host: str) -> None:
    behind(Forwarders(US, claims=True))
    assert forwarded(ask(gate, upstream, f"X-Forwarded-Host: {host}"))["host"] == HOST


@pytest.mark.parametrize(
    ("lines", "location"),
    [
        ((), f"https://{HOST}/a?b"),
        (("X-Forwarded-Proto: http",), f"https://{HOST}/a?b"),
        (("X-Forwarded-Proto: http", "X-Forwarded-Host: Shop.example:80"), "https://shop.example/a?b"),
        (("X-Forwarded-Proto: https",), None),
        (("X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"), None),
    ],
)
def test_whoever_came_by_tls_is_not_sent_to_https(
    gate: Gate, upstream: Upstream, behind: Behind, lines: tuple[str, ...], location: str | None
) -> None:
    """Behind a load balancer that ends TLS, the redirect would never end."""
    behind(Forwarders(US, claims=True))
    gate.route_to(upstream, policy=Policy(https_redirect=HttpsRedirect()))
    with gate.client() as client:
        client.send("\r\n".join(["GET /a?b HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode())
        if location is None:
            peer = upstream.accept()
            peer.request()
            peer.answer()
        answer: Response = client.response()
    assert (answer.status, answer.header("location")) == ((200, None) if location is None else (308, location))


def test_the_route_is_that_of_the_request_s_own_host(gate: Gate, upstream: Upstream, behind: Behind) -> None:
    """What a proxy says of the host goes on to the upstream, but never selects a route."""
    behind(Forwarders(US, claims=True))
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: unknown.example\r\nX-Forwarded-Host: {HOST}\r\n\r\n".encode())
        assert client.response().status == 404
    assert upstream.untouched()
