"""Answers that are compressed on their way: what is said of them, when their bytes arrive, and how they may end."""

import contextlib
import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.ir.filters import Coding, Compression, Filters, Header, Throttle
from gateway.ir.policy import Policy, Retries
from tests.support.coded import Reader, decoded
from tests.support.engine import HOST, Gate
from tests.support.raw_client import SECONDS, Response
from tests.support.raw_upstream import Peer, Upstream
from tests.support.wire_client import WireClient

MakeGate = Callable[..., Gate]
TYPES = ("text/html", "application/json")
GZIP = Compression(gzip=Coding(1, 256, TYPES))
BOTH = Compression(gzip=Coding(6, 256, TYPES), brotli=Coding(4, 20, TYPES))
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
TEXT = b'{"name": "value", "number": 1}\n' * 100
MEGA = 1 << 20


def policy(compression: Compression = BOTH, **filters: object) -> Policy:
    return Policy(filters=Filters(compression=compression, **filters))  # type: ignore[arg-type]


@pytest.fixture
def gate(gate: Gate, upstream: Upstream) -> Gate:
    gate.route_to(upstream, policy=policy())
    return gate


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def ask(accept: str = "gzip", *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join(
        [f"{method} / HTTP/{version}", f"Host: {HOST}", f"Accept-Encoding: {accept}", *lines, "", ""]
    ).encode()


@dataclass
class Talk:
    """A client that has asked, and the upstream that is to answer."""

    client: WireClient
    peer: Peer

    def answer(self, body: bytes, *lines: str, status: int = 200) -> Response:
        self.peer.answer(body, status, *lines)
        return self.client.response()


@pytest.fixture
def talk(gate: Gate, upstream: Upstream) -> Iterator[Callable[..., Talk]]:
    open_clients = []

    def start(accept: str = "gzip", *lines: str, **more: str) -> Talk:
        client = gate.client()
        open_clients.append(client)
        client.send(ask(accept, *lines, **more))
        peer = upstream.accept()
        peer.request()
        return Talk(client, peer)

    yield start
    for client in open_clients:
        client.close()


Start = Callable[..., Talk]


def test_a_compressed_answer_and_what_is_said_of_it(talk: Start, gate: Gate) -> None:
    lines = ('ETag: "abc"', "Accept-Ranges: bytes", "Content-Digest: x=:y:", "Last-Modified: then", "X-Own: 1")
    answer = talk("gzip, br").answer(TEXT, JSON, *lines)
    assert decoded("br", answer.body) == TEXT
    said = {name.lower(): value for name, value in answer.headers if name != "Date"}
    assert said == {
        "content-type": "application/json",
        "content-encoding": "br",
        "etag": 'W/"abc"',
        "last-modified": "then",
        "x-own": "1",
        "vary": "Accept-Encoding",
        "transfer-encoding": "chunked",
    }
    counters = gate.wait_for(CompressedBrotli=1, CompressionBytesTaken=len(TEXT))
    assert counters["CompressionBytesGiven"] == len(answer.body)
    (record,) = gate.records(1)
    assert (record["body_bytes_sent"], record["upstream_response_length"]) == (len(answer.body), len(TEXT))


@pytest.mark.parametrize(
    ("accept", "lines", "coding"),
    [
        ("gzip", (JSON,), "gzip"),
        ("gzip, br", (JSON,), "br"),
        ("br;q=0, gzip;q=0.1", (JSON,), "gzip"),
        ("deflate", (JSON,), None),
        ("gzip;q=0", (JSON,), None),
    ],
)
def test_who_takes_what_gets_it_and_everybody_is_told(
    talk: Start, accept: str, lines: tuple[str, ...], coding: str | None
) -> None:
    answer = talk(accept).answer(TEXT, *lines)
    assert answer.header("content-encoding") == coding
    assert answer.header("vary") == "Accept-Encoding"
    assert (decoded(coding, answer.body) if coding else answer.body) == TEXT
    if coding is None:
        assert answer.header("content-length") == str(len(TEXT))


@pytest.mark.parametrize(
    "lines", [("Content-Type: image/png",), (JSON, "Content-Encoding: x"), (JSON, "Cache-Control: no-transform")]
)
def test_what_is_not_compressed_for_anybody_stays_as_it_is(talk: Start, lines: tuple[str, ...]) -> None:
    talking = talk("gzip, br")
    for status in (200, 500):
        answer = talking.answer(TEXT, *lines, 'ETag: "abc"', "Accept-Ranges: bytes", status=status)
        assert answer.body == TEXT
        assert [answer.header(name) for name in ("vary", "etag", "accept-ranges")] == [None, '"abc"', "bytes"]
        assert answer.header("content-length") == str(len(TEXT))
        talking.client.send(ask("gzip, br"))
        talking.peer.request()


@pytest.mark.parametrize(
    ("vary", "lines"),
    [
        (None, ["Accept-Encoding"]),
        ("Origin", ["Accept-Encoding", "Origin"]),
        ("Origin, accept-encoding", ["Origin, accept-encoding"]),
        ("*", ["*"]),
    ],
)
def test_vary_is_said_once(talk: Start, vary: str | None, lines: list[str]) -> None:
    answer = talk().answer(TEXT, JSON, *([f"Vary: {vary}"] if vary else []))
    assert [value for name, value in answer.headers if name == "Vary"] == lines


@pytest.mark.parametrize(("etag", "sent"), [('W/"a"', 'W/"a"'), ('"a"', 'W/"a"'), ("a", None), ("", None)])
def test_a_validator_is_weak_or_gone(talk: Start, etag: str, sent: str | None) -> None:
    assert talk().answer(TEXT, JSON, f"ETag: {etag}").header("etag") == sent


def test_the_answer_to_head_says_what_that_to_get_would(talk: Start, gate: Gate) -> None:
    talking = talk("gzip", method="HEAD")
    talking.peer.send(f'HTTP/1.1 200 OK\r\n{JSON}\r\nContent-Length: 3000\r\nETag: "a"\r\n\r\n'.encode())
    answer = talking.client.response(to_head=True)
    said = [answer.header(name) for name in ("content-encoding", "vary", "etag", "content-length", "transfer-encoding")]
    assert said == ["gzip", "Accept-Encoding", 'W/"a"', None, None]
    talking.client.send(ask())
    talking.peer.request()
    assert decoded("gzip", talking.answer(TEXT, JSON).body) == TEXT
    assert gate.wait_for(CompressedGzip=1)["CompressedGzip"] == 1


def test_a_client_of_http_10_gets_it_as_it_is(talk: Start) -> None:
    answer = talk("gzip", version="1.0").answer(TEXT, JSON)
    assert (answer.header("content-encoding"), answer.header("vary"), answer.body) == (None, "Accept-Encoding", TEXT)


@pytest.mark.parametrize("status", [204, 206, 304])
def test_answers_without_a_whole_body(talk: Start, status: int) -> None:
    talking = talk("gzip, br")
    body = b"" if status in {204, 304} else TEXT
    talking.peer.send(
        f"HTTP/1.1 {status} X\r\n{JSON}\r\n".encode()
        + (f"Content-Length: {len(body)}\r\n\r\n".encode() if body else b"\r\n")
        + body
    )
    answer = talking.client.response()
    assert (answer.header("content-encoding"), answer.header("vary"), answer.body) == (None, None, body)


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("framing", ["length", "chunks", "until close"])
@pytest.mark.parametrize("size", [30, 3_000, 300_000, 3 * MEGA])
def test_bodies_of_every_framing(talk: Start, aside: ThreadPoolExecutor, coding: str, framing: str, size: int) -> None:
    body = (TEXT * (size // len(TEXT) + 1))[:size] if size < MEGA else os.urandom(size)
    talking = talk(coding)
    sent = aside.submit(send, talking.peer, body, framing)
    answer = talking.client.response()
    sent.result()
    plain = coding == "gzip" and framing == "length" and size < 256
    assert (answer.body if plain else decoded(coding, answer.body)) == body
    assert len(answer.body) <= size + size // 512 + 64 + size // 1_000


def send(peer: Peer, body: bytes, framing: str) -> None:
    head = f"HTTP/1.1 200 OK\r\n{JSON}\r\n"
    if framing == "length":
        peer.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    elif framing == "chunks":
        pieces = [body[at : at + 9_999] for at in range(0, len(body), 9_999)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        peer.send(f"{head}{CHUNKED}\r\n\r\n".encode() + chunks + b"0\r\n\r\n")
    else:
        peer.send(f"{head}Connection: close\r\n\r\n".encode() + body)
        peer.finish()


def chunk(client: WireClient) -> bytes:
    """The data of the next chunk."""
    size = int(client.until(b"\r\n"), 16)
    data = client.read(size)
    assert client.read(2) == b"\r\n"
    return data


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("framing", ["chunks", "length"])
def test_an_event_arrives_when_the_upstream_has_sent_it(talk: Start, coding: str, framing: str) -> None:
    """Whatever is waited for next: what is known to us is known to the client."""
    talking, reader = talk(coding), Reader(coding)
    events = [f"data: {number}\n\n".encode() for number in range(20)]
    length = sum(map(len, events)) + 1_000
    how = CHUNKED if framing == "chunks" else f"Content-Length: {length}"
    talking.peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n{how}\r\n\r\n".encode())
    assert f"Content-Encoding: {coding}" in talking.client.head()
    for number, event in enumerate(events):
        talking.peer.send(b"%x\r\n%b\r\n" % (len(event), event) if framing == "chunks" else event)
        while reader.known != b"".join(events[: number + 1]):
            reader.take(chunk(talking.client))
        assert not reader.ended


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_pieces_make_the_same_body(gate: Gate, upstream: Upstream, data: st.DataObject) -> None:
    """And every pause of the upstream is a place where the client knows all of it."""
    coding = data.draw(st.sampled_from(["gzip", "br"]))
    pieces = data.draw(
        st.lists(st.binary(min_size=1, max_size=200) | st.integers(1, 30_000).map(lambda n: b"ab " * n), max_size=8)
    )
    pauses = data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    reader, sent = Reader(coding), b""
    with gate.client() as client, ThreadPoolExecutor(1) as aside:
        client.send(ask(coding))
        peer = upstream.accept()
        peer.request()
        peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n{CHUNKED}\r\nConnection: close\r\n\r\n".encode())
        client.head()
        for piece, pause in zip(pieces, pauses, strict=True):
            sending = aside.submit(peer.send, b"%x\r\n%b\r\n" % (len(piece), piece))
            sent += piece
            while pause and reader.known != sent:
                reader.take(chunk(client))
            sending.result()
        peer.send(b"0\r\n\r\n")
        while size := int(client.until(b"\r\n"), 16):
            reader.take(client.read(size))
            client.read(2)
        assert client.read(2) == b"\r\n"
        assert reader.ended
        assert reader.known == sent


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("how", ["reset", "closed", "bad chunk"])
@pytest.mark.parametrize("framing", ["chunks", "length"])
def test_a_body_that_breaks_off_never_ends_well(gate: Gate, talk: Start, coding: str, how: str, framing: str) -> None:
    if (how, framing) == ("bad chunk", "length"):
        pytest.skip("there is no chunk to be bad")
    talking, reader = talk(coding), Reader(coding)
    head = CHUNKED if framing == "chunks" else "Content-Length: 100000"
    part = b"%x\r\n%b\r\n" % (len(TEXT), TEXT) if framing == "chunks" else TEXT
    talking.peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n{head}\r\n\r\n".encode() + part)
    talking.client.head()
    while reader.known != TEXT:
        reader.take(chunk(talking.client))
    match how:
        case "reset":
            talking.peer.reset()
        case "closed":
            talking.peer.close()
        case _:
            talking.peer.send(b"3\r\nabcX\r\n")
    rest, end = talking.client.rest()
    assert end == "reset"
    assert not rest.endswith(b"0\r\n\r\n")
    assert not reader.ended
    assert gate.wait_for(CompressionBytesTaken=len(TEXT))["Panics"] == 0


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_client_that_does_not_read_holds_the_upstream_back(
    talk: Start, aside: ThreadPoolExecutor, coding: str
) -> None:
    """What cannot be sent is not taken in: neither the encoder nor the output grows with what the upstream has."""
    talking, body = talk(coding), os.urandom(32 * MEGA)
    talking.peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    taken = send_until_blocked(talking.peer.socket, body)
    assert taken < len(body)
    # It goes on where it stopped, and nothing is lost or doubled.
    sent = aside.submit(talking.peer.send, body[taken:])
    assert hashlib.sha256(decoded(coding, talking.client.response().body)).digest() == hashlib.sha256(body).digest()
    sent.result()


def send_until_blocked(connection: socket.socket, body: bytes) -> int:
    """As much of it as the kernel takes, until it takes no more for half a second."""
    sent, view = 0, memoryview(body)
    connection.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        while sent < len(body):
            sent += connection.send(view[sent : sent + 65_536])
    connection.settimeout(SECONDS)
    return sent


def test_without_memory_for_it_an_answer_goes_as_it_is(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(compression_bytes=500 << 10)
    gate.route_to(upstream, policy=policy())
    with gate.client() as first, gate.client() as second:
        first.send(ask("br, gzip"))
        one = upstream.accept()
        one.request()
        one.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n{CHUNKED}\r\n\r\n5\r\nhello\r\n".encode())
        # There is no room for Brotli, but for gzip.
        assert "Content-Encoding: gzip" in first.head()
        second.send(ask("br, gzip"))
        other = upstream.accept()
        other.request()
        answer = Talk(second, other).answer(TEXT, JSON)
        assert (answer.header("content-encoding"), answer.header("vary"), answer.body) == (
            None,
            "Accept-Encoding",
            TEXT,
        )
        assert gate.counters()["CompressedNoRoom"] == 1
        one.send(b"0\r\n\r\n")
        reader = Reader("gzip")
        while not reader.ended:
            reader.take(chunk(first))
        assert (reader.known, first.read(5)) == (b"hello", b"0\r\n\r\n")
        gate.wait_for(CompressionBytesTaken=5)
        second.send(ask("gzip"))
        one.request()
        assert decoded("gzip", Talk(second, one).answer(TEXT, JSON).body) == TEXT


def test_clients_that_leave_give_their_memory_back(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(compression_bytes=500 << 10)
    gate.route_to(upstream, policy=policy(GZIP))
    for _ in range(5):
        with gate.client() as client:
            client.send(ask())
            peer = upstream.accept()
            peer.request()
            peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n{CHUNKED}\r\n\r\n5\r\nhello\r\n".encode())
            assert "Content-Encoding: gzip" in client.head()
            client.reset()
            assert peer.ended()
    assert gate.counters()["CompressedNoRoom"] == 0


def test_trailers_come_behind_it(talk: Start) -> None:
    talking = talk("gzip", "TE: trailers", "Connection: TE")
    body = b"%x\r\n%b\r\n0\r\nServer-Timing: db;dur=1\r\n\r\n" % (len(TEXT), TEXT)
    talking.peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n{CHUNKED}\r\nTrailer: Server-Timing\r\n\r\n".encode() + body)
    assert "Trailer: Server-Timing" in talking.client.head()
    reader = Reader("gzip")
    while not reader.ended:
        reader.take(chunk(talking.client))
    assert reader.known == TEXT
    assert talking.client.until(b"\r\n\r\n") == b"0\r\nServer-Timing: db;dur=1\r\n\r\n"


def test_an_answer_is_compressed_after_a_retry_too(gate: Gate) -> None:
    with Upstream() as one, Upstream() as other, gate.client() as client:
        retries = Retries(statuses=(503,))
        gate.route_to(one, other, policy=Policy(filters=Filters(compression=GZIP), retries=retries))
        client.send(ask())
        left = [one, other]
        peer = first_of(left)
        peer.request()
        peer.answer(TEXT, 503, JSON)
        peer = left[0].accept()
        peer.request()
        peer.answer(TEXT, 200, JSON)
        assert decoded("gzip", client.response().body) == TEXT


def first_of(upstreams: list[Upstream]) -> Peer:
    """The first connection; whoever is left in the list is the one that was not asked."""
    while True:
        for each in upstreams:
            if each.pending():
                upstreams.remove(each)
                return each.accept()


def test_headers_that_are_hidden_or_set_stay_so(gate: Gate, upstream: Upstream) -> None:
    added = (Header("X-Set", "yes"),)
    gate.route_to(upstream, policy=policy(GZIP, hidden_headers=("ETag", "Vary"), response_headers=added))
    with gate.client() as client:
        client.send(ask())
        peer = upstream.accept()
        peer.request()
        answer = Talk(client, peer).answer(TEXT, JSON, 'ETag: "a"', "Vary: accept-encoding")
    assert [answer.header(name) for name in ("etag", "vary", "x-set")] == [None, "Accept-Encoding", "yes"]
    assert decoded("gzip", answer.body) == TEXT


def test_a_rate_is_one_of_what_is_sent(gate: Gate, upstream: Upstream) -> None:
    """As in nginx: of the compressed bytes. This body would take minutes as it is."""
    gate.route_to(upstream, policy=policy(GZIP, throttle=Throttle(20_000)))
    with gate.client() as client, ThreadPoolExecutor(1) as aside:
        client.send(ask())
        peer = upstream.accept()
        peer.request()
        body = b"x" * (5 * MEGA)
        sent = aside.submit(send, peer, body, "length")
        assert decoded("gzip", client.response().body) == body
        sent.result()
