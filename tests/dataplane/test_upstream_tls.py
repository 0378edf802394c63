"""TLS to upstreams."""

import contextlib
import ssl
from pathlib import Path

import pytest

from gateway.ir.policy import Policy, Timeouts
from gateway.ir.route import UpstreamTls
from tests.support.engine import HOST, STREAMED, Gate, Minted
from tests.support.raw_upstream import Upstream

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return Minted.of("inside.example").serving(tmp_path)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_follow_each_other_on_a_tls_connection(
    gate: Gate, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """Session tickets, which come after the handshake, do not make the idle connection look disturbed."""
    context.minimum_version = context.maximum_version = version
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    with Upstream(context) as upstream, gate.client() as client:
        gate.route_to(upstream, tls=UpstreamTls(server_name="inside.example"))
        client.send(GET)
        peer = upstream.accept()
        for number in range(5):
            peer.request()
            peer.answer(str(number).encode() * 50_000)
            assert client.response().body == str(number).encode() * 50_000
            client.send(GET)
        peer.request()
    assert names == ["inside.example"]
    assert gate.counters()["UpstreamConnectionsReused"] == 5


def test_large_bodies_go_both_ways(gate: Gate, context: ssl.SSLContext) -> None:
    size = 500_000
    with Upstream(context) as upstream, gate.client() as client:
        gate.route_to(upstream, tls=UpstreamTls(), policy=STREAMED)
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.head()
        client.send(b"u" * size)
        assert peer.read(size) == b"u" * size
        peer.answer(b"d" * size)
        assert client.response().body == b"d" * size


def test_without_a_name_none_is_sent(gate: Gate, context: ssl.SSLContext) -> None:
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    with Upstream(context) as upstream, gate.client() as client:
        gate.route_to(upstream, tls=UpstreamTls())
        client.send(GET)
        upstream.accept().request()
    assert names == [None]


def test_a_certificate_that_nobody_vouches_for_fails_verification(gate: Gate, context: ssl.SSLContext) -> None:
    with Upstream(context) as upstream, gate.client() as client:
        gate.route_to(upstream, tls=UpstreamTls(verify=True, server_name="inside.example"))
        client.send(GET)
        with pytest.raises(ssl.SSLError):
            upstream.accept()
        assert client.response().status == 502
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["UpstreamConnectUntrusted"] >= 1
    assert counters["FaultUpstreamTls"] == 1


def test_an_upstream_that_speaks_no_tls_is_a_502(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, tls=UpstreamTls())
    with gate.client() as client:
        client.send(GET)
        upstream.accept().send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert client.response().status == 502


def test_a_handshake_that_does_not_end_is_a_504(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, tls=UpstreamTls(), policy=Policy(timeouts=Timeouts(connect_ms=150), tries=1))
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        assert client.response().status == 504
        peer.rest()
    assert gate.wait_for(RequestsFinished=1)["UpstreamConnectTimeout"] == 1


@pytest.mark.parametrize("announced", [True, False])
def test_an_end_without_a_goodbye_may_be_a_cut(gate: Gate, context: ssl.SSLContext, *, announced: bool) -> None:
    """Anybody on the way can end a TCP connection. Only close_notify says that the body was whole."""
    with Upstream(context) as upstream, gate.client() as client:
        gate.route_to(upstream, tls=UpstreamTls())
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        client.head()
        client.until(b"hello\r\n")
        if not announced:
            peer.close()
            assert client.rest() == (b"", "reset")
            return
        assert isinstance(peer.socket, ssl.SSLSocket)
        # The gateway answers it by closing, with or without a goodbye of its own.
        with contextlib.suppress(OSError):
            peer.socket.unwrap()
        assert client.read(5) == b"0\r\n\r\n"


def test_plain_and_tls_connections_to_one_endpoint_are_kept_apart(gate: Gate, context: ssl.SSLContext) -> None:
    with Upstream(context) as upstream, gate.client() as client:
        gate.route_to(upstream, tls=UpstreamTls())
        gate.route_to(upstream, host="named.example", tls=UpstreamTls(server_name="inside.example"))
        for host in (HOST, "named.example"):
            client.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            peer = upstream.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
    assert gate.wait_for(UpstreamConnectionsParked=2)["UpstreamConnectionsReused"] == 0
