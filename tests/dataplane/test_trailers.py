"""Trailer fields behind bodies: which go on, where they may, and what is never made of them (row K6)."""

from collections.abc import Callable

import pytest

from gateway import _core
from gateway.ir.filters import Filters
from gateway.ir.policy import Policy, RequestBody
from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Peer, Upstream
from tests.support.wire_client import WireClient

CHUNKED = "Transfer-Encoding: chunked"
GOOD = "grpc-status: 0\r\nGrpc-Message: all well\r\nServer-Timing: db;dur=1\r\n"
NEVER = (
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: evil\r\nConnection: close\r\nAuthorization: a\r\n"
    "Cookie: b\r\nSet-Cookie: c\r\nContent-Type: d\r\nX-Forwarded-For: e\r\nX-Real-IP: f\r\nTrailer: g\r\nTE: h\r\n"
    "Upgrade: i\r\nX-Anything: j\r\ngrpc_status: k\r\nETag: l\r\nContent-Encoding: m\r\nLocation: n\r\n"
)
FIELDS = GOOD.count("\r\n"), NEVER.count("\r\n")


def body(*, trailers: str, data: str = "5\r\nhello\r\n") -> bytes:
    return f"{data}0\r\n{trailers}\r\n".encode()


def ask(*lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} / HTTP/{version}", f"Host: {HOST}", *lines, "", ""]).encode()


def end(reader: WireClient | Peer) -> bytes:
    """What is read of a body in chunks, framing included."""
    text = b""
    while not (text.startswith(b"0\r\n") or b"\r\n0\r\n" in text) or not text.endswith(b"\r\n\r\n"):
        text += reader.read(1)
    return text


@pytest.mark.parametrize("te", ["trailers", "TRAILERS", "deflate;q=0.5, trailers", "gzip,trailers ,deflate"])
@pytest.mark.parametrize("split", [False, True], ids=["whole", "byte by byte"])
def test_a_client_that_takes_them_gets_those_that_may_pass(
    gate: Gate, upstream: Upstream, te: str, *, split: bool
) -> None:
    with gate.client() as client:
        client.send(ask(f"TE: {te}", "Connection: TE"))
        peer = upstream.accept()
        received = peer.request()
        assert (received.values("te"), received.values("connection")) == (["trailers"], ["TE"])
        answer = f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\nTrailer: grpc-status, Host, X-Anything\r\n\r\n".encode()
        answer += body(trailers=NEVER + GOOD)
        for piece in [bytes([byte]) for byte in answer] if split else [answer]:
            peer.send(piece)
        head = client.head()
        assert "Trailer: grpc-status" in head
        assert end(client).endswith(f"0\r\n{GOOD}\r\n".encode())
        # Both connections go on, as everything ended exactly.
        client.send(ask())
        assert peer.request().values("te") == []
        peer.answer()
        assert client.response().status == 200
    counters = gate.wait_for(TrailersForwarded=FIELDS[0])
    assert counters["TrailersDropped"] == FIELDS[1]


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        ((), "1.1"),
        (("TE: deflate",), "1.1"),
        (("TE: trailers;q=0.5",), "1.1"),
        (("TE: xtrailers",), "1.1"),
        (("TE: trailers", "Connection: keep-alive"), "1.0"),
    ],
)
def test_a_client_that_does_not_take_them_gets_none(
    gate: Gate, upstream: Upstream, lines: tuple[str, ...], version: str
) -> None:
    with gate.client() as client:
        client.send(ask(*lines, version=version))
        peer = upstream.accept()
        assert "te" not in peer.request().names
        peer.send(f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\nTrailer: grpc-status\r\n\r\n".encode() + body(trailers=GOOD))
        head = client.head()
        assert not any(line.startswith("Trailer") for line in head)
        if version == "1.0":
            assert client.rest()[0] == b"hello"
        else:
            assert end(client) == body(trailers="")
    assert gate.wait_for(TrailersDropped=FIELDS[0])["TrailersForwarded"] == 0


@pytest.mark.parametrize("policy", [STREAMED, Policy(), Policy(request_body=RequestBody(memory_bytes=0))])
@pytest.mark.parametrize("data", ["5\r\nhello\r\n", "", "1\r\nh\r\n3;x=y\r\nell\r\n1\r\no\r\n"])
@pytest.mark.parametrize("pieces", [1, 7, 1000], ids=["whole", "in sevens", "byte by byte"])
def test_those_of_a_request_go_on_too(gate: Gate, upstream: Upstream, policy: Policy, data: str, pieces: int) -> None:
    """Whether its body is taken in first or not."""
    gate.route_to(upstream, policy=policy)
    with gate.client() as client:
        client.send(ask(CHUNKED, "Trailer: Server-Timing, Cookie", method="POST"))
        sent = body(trailers=GOOD + NEVER, data=data)
        size = -(-len(sent) // pieces)
        for start in range(0, len(sent), size):
            client.send(sent[start : start + size])
        peer = upstream.accept()
        received = peer.head()
        assert (received.values("transfer-encoding"), received.values("content-length")) == (["chunked"], [])
        text = end(peer)
        assert text.endswith(f"0\r\n{GOOD}\r\n".encode())
        assert unchunked(text) == (b"hello" if data else b"")
        peer.answer()
        assert client.response().status == 200
        client.send(ask())
        assert peer.request().method == "GET"
        peer.answer()
        assert client.response().status == 200
    assert gate.wait_for(TrailersForwarded=FIELDS[0])["TrailersDropped"] == FIELDS[1]


def test_a_body_with_none_that_may_pass_keeps_its_length(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask(CHUNKED, method="POST") + body(trailers=NEVER))
        peer = upstream.accept()
        received = peer.request()
        assert received.values("content-length") == ["5"]
        assert received.body == b"hello"
        peer.answer()
        assert client.response().status == 200
    gate.wait_for(TrailersDropped=FIELDS[1])


def unchunked(text: bytes) -> bytes:
    found = b""
    while size := int(text.partition(b"\r\n")[0].split(b";")[0], 16):
        text = text.partition(b"\r\n")[2]
        found, text = found + text[:size], text[size + 2 :]
    return found


def test_a_large_body_that_waits_on_disk_keeps_its_order_before_them(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(request_body=RequestBody(memory_bytes=1000)))
    parts = [bytes([65 + number]) * 4_000 for number in range(26)]
    with gate.client() as client:
        client.send(ask(CHUNKED, method="POST"))
        for part in parts:
            client.send(b"%x\r\n%s\r\n" % (len(part), part))
        client.send(f"0\r\n{GOOD}\r\n".encode())
        peer = upstream.accept()
        assert peer.head().values("transfer-encoding") == ["chunked"]
        text = end(peer)
        assert unchunked(text) == b"".join(parts)
        assert text.endswith(f"0\r\n{GOOD}\r\n".encode())
        peer.answer()
        assert client.response().status == 200


def test_a_body_that_is_sent_twice_has_them_twice(gate: Gate, upstream: Upstream) -> None:
    with Upstream() as other:
        gate.route_to(upstream, other)
        with gate.client() as client:
            client.send(ask(CHUNKED, method="PUT") + body(trailers=GOOD))
            first, rest = (upstream, other) if wait_for_either(upstream, other) else (other, upstream)
            peer = first.accept()
            peer.head()
            assert end(peer).endswith(f"0\r\n{GOOD}\r\n".encode())
            peer.reset()
            peer = rest.accept()
            peer.head()
            assert end(peer).endswith(f"0\r\n{GOOD}\r\n".encode())
            peer.answer()
            assert client.response().status == 200


def wait_for_either(one: Upstream, other: Upstream) -> bool:
    while not one.pending() and not other.pending():
        pass
    return one.pending()


def test_an_upstream_of_http10_gets_none(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(http10=True))
    with gate.client() as client:
        client.send(ask(CHUNKED, "TE: trailers", method="POST") + body(trailers=GOOD))
        peer = upstream.accept()
        received = peer.request(version="1.0")
        assert received.body == b"hello"
        assert "te" not in received.names
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nok")
        peer.finish()
        assert client.response().text == "ok"
    assert gate.wait_for(TrailersDropped=FIELDS[0])["TrailersForwarded"] == 0


def test_a_header_that_the_route_hides_does_not_come_back_as_a_trailer(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(filters=Filters(hidden_headers=("server-timing",))))
    with gate.client() as client:
        client.send(ask("TE: trailers"))
        peer = upstream.accept()
        peer.request()
        peer.send(f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\n\r\n".encode() + body(trailers=GOOD))
        client.head()
        assert b"Server-Timing" not in end(client)


@pytest.mark.parametrize("count", [64, 65])
def test_they_are_bounded_in_number(gate: Gate, upstream: Upstream, count: int) -> None:
    with gate.client() as client:
        client.send(ask(CHUNKED, method="POST") + body(trailers="digest: x\r\n" * count))
        if count > 64:
            assert client.response().status == 431
            assert upstream.untouched()
            return
        peer = upstream.accept()
        peer.head()
        assert end(peer).count(b"digest: x\r\n") == 64
        peer.answer()
        assert client.response().status == 200


def test_an_answer_with_too_many_breaks_off(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask("TE: trailers"))
        peer = upstream.accept()
        peer.request()
        peer.feed(f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\n\r\n".encode() + body(trailers="digest: " + "x" * 9_000 + "\r\n"))
        client.head()
        assert client.rest()[1] == "reset"
        assert peer.ended()


@pytest.mark.parametrize(
    ("own", "to_upstream", "to_client"),
    [
        ({"request_trailers": ["X-Anything"]}, "X-Anything: j\r\n", GOOD),
        ({"response_trailers": ["x-anything", "grpc-status"]}, GOOD, "X-Anything: j\r\ngrpc-status: 0\r\n"),
        ({"request_trailers": [], "response_trailers": []}, "", ""),
    ],
    ids=["requests", "answers", "none"],
)
def test_an_operator_says_which_names_pass_on_which_side(
    make_gate: Callable[..., Gate], upstream: Upstream, own: dict[str, list[str]], to_upstream: str, to_client: str
) -> None:
    gate = make_gate(**own)
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(ask(CHUNKED, "Trailer: X-Anything, grpc-status", "TE: trailers", "Connection: TE", method="POST"))
        client.send(body(trailers=NEVER + GOOD))
        peer = upstream.accept()
        received = peer.head()
        announced = [name for name in ("X-Anything", "grpc-status") if name in to_upstream]
        assert received.values("trailer") == ([", ".join(announced)] if announced else [])
        assert end(peer).endswith(f"\r\n0\r\n{to_upstream}\r\n".encode())
        head = f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\nTrailer: X-Anything, grpc-status\r\n\r\n"
        peer.send(head.encode() + body(trailers=NEVER + GOOD))
        announced = [name for name in ("X-Anything", "grpc-status") if name in to_client]
        assert [line for line in client.head() if line.startswith("Trailer")] == (
            [f"Trailer: {', '.join(announced)}"] if announced else []
        )
        assert end(client).endswith(f"\r\n0\r\n{to_client}\r\n".encode())


@pytest.mark.parametrize("side", ["request_trailers", "response_trailers"])
@pytest.mark.parametrize("name", ["Content-Length", "Host", "Set-Cookie", "X-Forwarded-Proto", "If-Match", "a_b", ""])
def test_no_engine_starts_with_a_name_that_never_may_pass(make_gate: Callable[..., Gate], side: str, name: str) -> None:
    with pytest.raises(ValueError, match="trailer field"):
        make_gate(**{side: ["grpc-status", name]})
    with pytest.raises(ValueError, match="trailer field"):
        _core.trailer_names([name])
