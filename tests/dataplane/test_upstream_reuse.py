"""A5: an upstream connection is used again only if the exchange on it ended exactly. And how others end."""

from collections.abc import Callable

import pytest

from tests.support.engine import HOST, Gate
from tests.support.raw_client import BrokenAnswerError
from tests.support.raw_upstream import Upstream

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def get(path: str = "/", method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("GET", OK),
        ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.1 103 Early Hints\r\n\r\n" + OK),
        ("GET", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
    ],
)
def test_an_exact_end_lets_it_be_used_again(gate: Gate, upstream: Upstream, method: str, answer: str) -> None:
    with gate.client() as client:
        client.send(get(method=method))
        peer = upstream.accept()
        peer.request()
        peer.send(answer.encode())
        client.response(to_head=method == "HEAD")
    gate.wait_for(UpstreamConnectionsParked=1)
    with gate.client() as client:  # another client, the same upstream connection
        client.send(get("/again"))
        assert peer.request().target == "/again"
    assert upstream.untouched()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("GET", OK + "X"),
        ("GET", OK + OK),
        ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nX"),
        ("GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
        ("HEAD", OK),
        ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok"),
    ],
)
def test_any_other_end_closes_it(gate: Gate, upstream: Upstream, method: str, answer: str) -> None:
    """A5, B4."""
    with gate.client() as client:
        client.send(get(method=method))
        peer = upstream.accept()
        peer.request()
        peer.send(answer.encode())
        client.response(to_head=method == "HEAD")
        assert peer.ended()
        # The client's connection is none the worse for it.
        client.send(get("/again"))
        peer = upstream.accept()
        assert peer.request().target == "/again"
        peer.answer(b"second")
        assert client.response().text == "second"
    assert gate.counters()["UpstreamConnectionsReused"] == 0


def test_a_byte_on_an_idle_connection_closes_it_and_is_counted(gate: Gate, upstream: Upstream) -> None:
    """A5: such a byte would become the start of somebody's answer."""
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
        gate.wait_for(UpstreamConnectionsParked=1)
        peer.send(b"H")
        assert peer.ended()
        client.send(get("/again"))
        assert upstream.accept().request().target == "/again"
    counters = gate.wait_for(UpstreamIdleUnsolicited=1)
    assert counters["UpstreamConnectionsUnparked"] == 1


def test_an_idle_connection_that_the_upstream_closes_is_let_go(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        client.response()
        gate.wait_for(UpstreamConnectionsParked=1)
        peer.close()
    counters = gate.wait_for(UpstreamIdlePeerClosed=1)
    assert counters["UpstreamConnectionsOpened"] == counters["UpstreamConnectionsClosed"] == 1


def test_an_idle_connection_is_not_kept_for_ever(make_gate: Callable[..., Gate], upstream: Upstream) -> None:
    gate = make_gate(upstream_idle_ms=100)
    gate.route_to(upstream)
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        client.response()
        assert peer.ended()
    gate.wait_for(UpstreamIdleExpired=1)


@pytest.mark.parametrize("settings", [{"upstream_requests": 2}, {"upstream_age_ms": 0, "upstream_requests": 9}])
def test_a_connection_serves_for_so_long_and_no_longer(
    make_gate: Callable[..., Gate], upstream: Upstream, settings: dict[str, int]
) -> None:
    gate = make_gate(**settings)
    gate.route_to(upstream)
    served = 1 if "upstream_age_ms" in settings else 2
    with gate.client() as client:
        for number in range(2 * served):
            client.send(get())
            if number % served == 0:
                peer = upstream.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
            if number % served == served - 1:
                assert peer.ended()
    assert gate.wait_for(RequestsFinished=2 * served)["UpstreamIdleWorn"] == 2


def test_no_more_idle_connections_are_kept_than_allowed(make_gate: Callable[..., Gate], upstream: Upstream) -> None:
    gate = make_gate(upstream_idle_per_endpoint=1)
    gate.route_to(upstream)
    with gate.client() as one, gate.client() as two:
        one.send(get())
        first = upstream.accept()
        two.send(get())
        second = upstream.accept()
        first.request()
        second.request()
        first.answer()
        assert one.response().status == 200
        second.answer()
        assert two.response().status == 200
        assert second.ended()
    assert gate.wait_for(UpstreamIdlePoolFull=1)["UpstreamConnectionsParked"] == 1


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + "x" * 50_000,
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
def test_a_truncated_answer_is_truncated_for_the_client_too(
    gate: Gate, upstream: Upstream, answer: str, *, reset: bool
) -> None:
    """B5: no client may take a part for the whole."""
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(answer.encode())
        assert client.head()[0] == "HTTP/1.1 200 OK"
        if reset:
            peer.reset()
        else:
            peer.close()
        body, end = client.rest()
        assert end == "reset"
        assert not body.endswith(b"0\r\n\r\n")
    assert gate.wait_for(RequestsFinished=1)["FaultUpstreamAbort"] == 1


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_reset_does_not_end_a_body_that_only_a_close_can_end(gate: Gate, upstream: Upstream, version: str) -> None:
    with gate.client() as client:
        client.send(get(version=version))
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        assert client.head()[0] == "HTTP/1.1 200 OK"
        client.until(b"hello")
        peer.reset()
        body, end = client.rest()
        assert end == "reset"
        assert b"0\r\n\r\n" not in body


@pytest.mark.parametrize("broken", ["5\r\nhelloX\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n"])
def test_a_broken_chunk_in_an_answer_breaks_it(gate: Gate, upstream: Upstream, broken: str) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + broken.encode())
        with pytest.raises(BrokenAnswerError):
            client.response()
        assert peer.ended()


@pytest.mark.parametrize(
    "answer",
    [
        "nonsense\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 99 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\nX: y\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + "y" * 40_000,
        "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 200,
    ],
)
def test_an_answer_that_is_none_is_a_502_and_not_tried_again(gate: Gate, upstream: Upstream, answer: str) -> None:
    """D10: the client sees none of its bytes."""
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(answer.encode())
        refused = client.response()
        assert refused.status == 502
        assert refused.text == "502 Bad Gateway\n"
        peer.rest()
        # The client's connection goes on.
        client.send(get("/again"))
        peer = upstream.accept()
        assert peer.request().target == "/again"
        peer.answer()
        assert client.response().status == 200
    assert upstream.untouched()


def test_a_large_answer_head_is_read_in_blocks(gate: Gate, upstream: Upstream) -> None:
    lines = [f"X-{number}: {'y' * 1000}" for number in range(30)]
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.answer(b"ok", 200, *lines)
        answer = client.response()
        assert len(answer.headers) == 32
        assert answer.text == "ok"
