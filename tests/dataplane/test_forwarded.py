"""What an upstream is told about a request, and what a client cannot make it believe."""

import re

import pytest

from gateway.ir.route import HostTable
from tests.support.engine import HOST, Gate, Minted, forward, route
from tests.support.raw_client import RawClient
from tests.support.raw_upstream import Received, Upstream

MANAGED = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Forwarded-Scheme",
    "X-Scheme",
    "X-Real-IP",
)
NEVER = (
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-Client-Cert",
    "Forwarded",
    "X-Original-URI",
    "X-Original-URL",
    "X-Original-Method",
    "ssl-client-verify",
    "ssl-client-subject-dn",
    "ssl-client-cert",
    "Proxy",
)


def ask(gate: Gate, upstream: Upstream, *lines: str, host: str = HOST, method: str = "GET") -> Received:
    with gate.client() as client:
        client.send("\r\n".join([f"{method} /path?q=1 HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode("latin-1"))
        peer = upstream.accept()
        received = peer.request()
        peer.answer(b"ok", 200, "Connection: close")
        assert client.response().status == 200
        return received


def test_the_whole_head_over_plain_http(gate: Gate, upstream: Upstream) -> None:
    received = ask(gate, upstream, "Accept: */*", "User-Agent: t", host=f"{HOST}:8080")
    port = gate.address()[1]
    (request_id,) = received.values("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", request_id)
    assert received.head.decode() == "\r\n".join([
        "GET /path?q=1 HTTP/1.1",
        f"Host: {HOST}:8080",
        f"X-Request-ID: {request_id}",
        "X-Real-IP: 127.0.0.1",
        "X-Forwarded-For: 127.0.0.1",
        f"X-Forwarded-Host: {HOST}:8080",
        f"X-Forwarded-Port: {port}",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Scheme: http",
        "X-Scheme: http",
        "Accept: */*",
        "User-Agent: t",
        "",
        "",
    ])  # fmt: skip


def test_over_tls_the_scheme_is_https_and_the_port_443(gate: Gate, upstream: Upstream) -> None:
    minted = Minted.of(HOST)
    certificate = minted.certificate("a")
    gate.serve(HostTable(HOST, (route("/", forward(HOST)),), certificate.id), certificates=[certificate])
    with RawClient(gate.address("https"), tls=minted.trust(), server_name=HOST) as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        received = peer.request()
        peer.answer()
        assert client.response().status == 200
    for name in ("X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Scheme"):
        assert received.values(name) == ["https"]
    assert received.values("X-Forwarded-Port") == ["443"]


def test_every_request_has_an_id_of_its_own_unless_it_brings_one(gate: Gate, upstream: Upstream) -> None:
    ids = {ask(gate, upstream).values("x-request-id")[0] for _ in range(5)}
    assert len(ids) == 5
    assert ask(gate, upstream, "X-Request-ID: mine").values("x-request-id") == ["mine"]
    (made,) = ask(gate, upstream, "X-Request-ID:").values("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", made)


@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
def test_managed_headers_cannot_be_spoofed(gate: Gate, upstream: Upstream, spelling: type[str]) -> None:
    """X1: whatever a client sends under these names is replaced."""
    lines = [f"{spelling(name)}: spoofed" for name in (*MANAGED, *NEVER)]
    received = ask(gate, upstream, *lines)
    for name in MANAGED:
        (value,) = received.values(name)
        assert "spoofed" not in value
    for name in NEVER:
        assert received.values(name) == []
    assert received.values("X-Original-Forwarded-For") == ["spoofed"]
    assert received.values("X-Original-Forwarded-Host") == ["spoofed"]


def test_twins_with_underscores_are_dropped(gate: Gate, upstream: Upstream) -> None:
    """L9: a server that maps names to variables cannot tell them apart."""
    received = ask(gate, upstream, "X_Forwarded_For: 1.2.3.4", "X_Real-IP: 1.2.3.4", "plain_name: x", "with.dot: y")
    assert not [name for name in received.names if "_" in name]
    assert received.values("with.dot") == ["y"]


@pytest.mark.parametrize("name", [*MANAGED, "Host", "Authorization", "Cookie", "x-forwarded-for", "X-REAL-IP"])
def test_managed_headers_cannot_be_nominated_away(gate: Gate, upstream: Upstream, name: str) -> None:
    """A8."""
    lines = ("Authorization: Basic eA==", "Cookie: a=b")
    received = ask(gate, upstream, f"Connection: close, {name}", *lines)
    assert len(received.values(name)) == 1


def test_a_body_cannot_be_nominated_away(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(
            f"POST / HTTP/1.1\r\nHost: {HOST}\r\nConnection: Content-Length\r\nContent-Length: 3\r\n\r\nabc".encode()
        )
        peer = upstream.accept()
        assert peer.request().body == b"abc"


def test_what_is_meant_for_one_connection_is_not_passed_on(gate: Gate, upstream: Upstream) -> None:
    """A8."""
    received = ask(
        gate,
        upstream,
        "Connection: keep-alive, X-Private",
        "Connection: x-other",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "TE: trailers",
        "Trailer: X-Sum",
        "X-Private: 1",
        "x-OTHER: 2",
        "X-Public: 3",
    )
    gone = {"keep-alive", "proxy-connection", "trailer", "x-private", "x-other"}
    assert not gone & set(received.names)
    # What we say of our own connection: that trailers may come on it, because the client takes them.
    assert (received.values("connection"), received.values("te")) == (["TE"], ["trailers"])
    assert received.values("x-public") == ["3"]


def test_values_are_passed_on_byte_for_byte(gate: Gate, upstream: Upstream) -> None:
    """A1, A3."""
    values = ("a  b\tc", 'quo"ted\\', "é\xff\x80", "", "a:b: c")
    received = ask(gate, upstream, *[f"X-Value:   {value} \t" for value in values])
    assert received.values("x-value") == list(values)


def test_an_absolute_target_is_rewritten(gate: Gate, upstream: Upstream) -> None:
    """R7."""
    with gate.client() as client:
        client.send(f"GET http://{HOST}/a?b HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        received = peer.request()
        assert received.target == "/a?b"
        assert received.values("host") == [HOST]


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        ("/a/../b", "/b"),
        ("/a//b", "/a//b"),
        ("/%41%2d%7e", "/A-~"),
        ("/a%2fb", "/a%2Fb"),
        ("/caf\xe9", "/caf%E9"),
        ("/%e9%0a", "/%E9%0A"),
        ("/a|b{c}", "/a%7Cb%7Bc%7D"),
        ("/?q=100%&x=%0a/../..//", "/?q=100%&x=%0a/../..//"),
    ],
)
def test_a_path_is_forwarded_in_the_form_that_was_matched(
    gate: Gate, upstream: Upstream, sent: str, forwarded: str
) -> None:
    """P1-P4."""
    with gate.client() as client:
        client.send(f"GET {sent} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("latin-1"))
        peer = upstream.accept()
        assert peer.request().target == forwarded


def test_what_the_client_learns_of_the_upstream(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        peer.answer(
            b"ok",
            200,
            "Server: secret/1.0",
            "Date: Thu, 01 Jan 1970 00:00:00 GMT",
            "X-Accel-Buffering: no",
            "Connection: x-hop",
            "X-Hop: 1",
            "Keep-Alive: timeout=5",
            "Set-Cookie: a=1",
            "Set-Cookie: b=2",
            "X-Powered-By: y",
        )
        answer = client.response()
    names = [name.lower() for name, _ in answer.headers]
    assert names == ["date", "set-cookie", "set-cookie", "x-powered-by", "content-length"]
    assert "1970" not in (answer.header("date") or "")
