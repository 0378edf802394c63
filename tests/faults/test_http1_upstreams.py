"""Upstreams of HTTP/1.1 that refuse, vanish, lie or break off, while others are served.

Names carry the number of the experiment in the catalogue of faults.
"""

import select
import socket
from collections.abc import Iterator

import pytest

from gateway.ir.policy import Policy, Retries, Timeouts
from tests.support.arena import Arena, arena
from tests.support.origin import Answer, Origin

QUICK = Policy(timeouts=Timeouts(connect_ms=200, read_ms=200))


@pytest.fixture
def stage() -> Iterator[Arena]:
    with arena() as it:
        yield it


@pytest.fixture
def dead() -> Iterator[tuple[str, int]]:
    """An address that refuses connections: it is bound, so nobody else takes it, and does not listen."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()


@pytest.fixture
def blackhole() -> Iterator[tuple[str, int]]:
    """An address that answers no SYN: its queue is full."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        yield full.getsockname()
        for each in waiting:
            each.close()


def test_f28_a_refused_connection_is_tried_elsewhere(stage: Arena, dead: tuple[str, int]) -> None:
    stage.gate.route_to(dead, stage.upstream)
    with stage.client() as client:
        for number in range(6):
            stage.get(client, "/", "Content-Length: 5", method="POST")
            client.send(b"hello")
            if number == 0:
                peer = stage.upstream.accept()
            assert peer.request().body == b"hello"
            peer.answer()
            assert client.response().status == 200


def test_f28_a_refused_connection_and_nobody_else_is_an_error_at_once(stage: Arena, dead: tuple[str, int]) -> None:
    stage.gate.route_to(dead)
    with stage.client() as client:
        stage.get(client)
        assert client.response().status == 502
        stage.gate.route_to()
        stage.get(client)
        assert client.response().status == 503


def test_f29_an_endpoint_that_answers_no_syn_is_passed_over(stage: Arena, blackhole: tuple[str, int]) -> None:
    stage.gate.route_to(blackhole, stage.upstream, policy=QUICK)
    with stage.client() as client:
        for number in range(4):
            stage.get(client)
            if number == 0:
                peer = stage.upstream.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
    assert stage.gate.wait_for(RetriesTimeout=1)["UpstreamConnectTimeout"] >= 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_f30_one_that_accepts_and_says_nothing_is_a_504_and_a_post_is_not_repeated(stage: Arena, method: str) -> None:
    stage.use_both(QUICK)
    with stage.client() as client:
        stage.get(client, method=method)
        silent, rest = stage.accept_either()
        silent.request()
        if method == "GET":
            peer = rest.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
        else:
            assert client.response().status == 504
            assert rest.untouched()
        assert silent.ended()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_f31_a_reset_right_after_accept_is_tried_elsewhere_where_that_is_safe(stage: Arena, method: str) -> None:
    stage.use_both()
    with stage.client() as client:
        stage.get(client, method=method)
        peer, rest = stage.accept_either()
        peer.request()
        peer.reset()
        if method == "GET":
            peer = rest.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
        else:
            assert client.response().status == 502
            assert rest.untouched()


def test_f32_a_kept_connection_that_ends_as_it_is_used_costs_nobody_an_answer(stage: Arena) -> None:
    with stage.client() as client:
        for number in range(10):
            stage.get(client, f"/{number}")
            if number == 0:
                peer = stage.upstream.accept()
                peer.request()
            else:
                peer.request()
                peer.reset()  # the request is there already
                peer = stage.upstream.accept()
                assert peer.request().target == f"/{number}"
            peer.answer()
            assert client.response().status == 200
    assert stage.gate.wait_for(RetriesStale=9)["RetriesExhausted"] == 0


@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ],
    ids=["length", "in a chunk", "between chunks"],
)
def test_f33_an_answer_that_breaks_off_breaks_off_for_the_client_too(stage: Arena, begin: bytes) -> None:
    stage.use_both()
    with stage.client() as client:
        stage.get(client)
        peer, rest = stage.accept_either()
        peer.request()
        peer.send(begin)
        client.head()
        peer.close()
        assert client.rest()[1] == "reset"
        assert rest.untouched()


def test_f34_an_early_refusal_of_an_upload_reaches_the_client(stage: Arena) -> None:
    stage.gate.route_to(stage.upstream, policy=Policy(body_limit_bytes=0))
    with stage.client() as client:
        stage.get(client, "/", f"Content-Length: {64 << 20}", method="POST")
        client.send(bytes(1 << 20))
        peer = stage.upstream.accept()
        peer.head()
        peer.answer(b"too much", 413, "Connection: close")
        peer.close()
        answer = client.response()
        assert (answer.status, answer.text) == (413, "too much")


def test_f35_an_upstream_that_has_ended_its_side_has_no_answer_to_give(stage: Arena) -> None:
    """Half closed, it still reads; nothing waits for it."""
    with stage.client() as client:
        stage.get(client, method="POST")
        peer = stage.upstream.accept()
        peer.request()
        peer.finish()
        assert client.response().status == 502
        assert peer.ended()


def test_f36_an_answer_without_a_request_never_reaches_a_client(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.answer(b"one")
        assert client.response().text == "one"
        stage.gate.wait_for(UpstreamConnectionsParked=1)
        peer.answer(b"smuggled")
        stage.get(client, "/next")
        fresh = stage.upstream.accept()
        assert fresh.request().target == "/next"
        fresh.answer(b"two")
        assert client.response().text == "two"
        assert peer.ended()
    stage.gate.wait_for(UpstreamIdleUnsolicited=1)


def test_f36_two_answers_to_one_request_are_one(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        one = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
        peer.send(one + b"one" + one + b"two")
        assert client.response().text == "one"
        assert peer.ended()
        stage.served_anew(client)


def test_f41_informational_answers_without_end_are_a_502(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000)
        assert client.response().status == 502
        stage.served_anew(client)


@pytest.mark.parametrize("fields", [b"X: " + bytes(1 << 20), b"X: y\r\n" * 10_000], ids=["a megabyte", "10,000 fields"])
def test_f42_an_answer_head_that_is_too_large_is_a_502(stage: Arena, fields: bytes) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.feed(b"HTTP/1.1 200 OK\r\n" + fields.replace(b"\0", b"x"))
        assert client.response().status == 502
        stage.served_anew(client)


MALFORMED = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "NUL": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "unasked switch": b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED.keys())
def test_f43_an_answer_that_is_none_is_a_502_and_its_connection_is_dropped(stage: Arena, answer: bytes) -> None:
    stage.use_both()
    with stage.client() as client:
        stage.get(client)
        peer, rest = stage.accept_either()
        peer.request()
        peer.send(answer)
        assert client.response().status == 502
        assert peer.ended()
        assert rest.untouched()


def test_f43_an_answer_that_is_none_is_tried_elsewhere_where_that_is_wanted(stage: Arena) -> None:
    stage.use_both(Policy(retries=Retries(invalid=True)))
    with stage.client() as client:
        stage.get(client)
        peer, rest = stage.accept_either()
        peer.request()
        peer.send(MALFORMED["no HTTP"])
        peer = rest.accept()
        peer.request()
        peer.answer(b"good")
        assert client.response().text == "good"


def test_f44_an_upstream_that_comes_and_goes_costs_no_answer(stage: Arena) -> None:
    """It refuses every other connection, and never keeps one."""
    with Origin("steady") as steady:
        stage.gate.route_to(stage.upstream, ("127.0.0.1", steady.port))
        with stage.client() as client:
            for number in range(40):
                stage.get(client)
                while not select.select([client.socket], [], [], 0.001)[0]:
                    if stage.upstream.pending():
                        peer = stage.upstream.accept()
                        if number % 2:
                            peer.reset()
                        else:
                            peer.request()
                            peer.answer(b"ok", 200, "Connection: close")
                assert client.response().status == 200


def test_f47_upstreams_that_all_fail_are_asked_once_per_request(stage: Arena) -> None:
    """An answer is an answer: nothing multiplies the load of those who are in trouble."""
    failing = Answer(status=500, pieces=(b"no",))
    with Origin("one", lambda _: failing) as one, Origin("two", lambda _: failing) as two:
        stage.gate.route_to(("127.0.0.1", one.port), ("127.0.0.1", two.port))
        with stage.client() as client:
            for _ in range(100):
                stage.get(client)
                assert client.response().status == 500
        assert len(one.requests) + len(two.requests) == 100


def test_f49_an_endpoint_that_is_taken_away_gets_nothing_more(stage: Arena) -> None:
    """Whoever has its address next must not be sent requests that were meant for it."""
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
        stage.gate.route_to(stage.other)
        stage.get(client, "/elsewhere")
        moved = stage.other.accept()
        assert moved.request().target == "/elsewhere"
        moved.answer()
        assert client.response().status == 200
        assert not select.select([peer.socket], [], [], 0)[0] or peer.ended()


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_f60_all_upstream_connections_are_cut_and_made_anew(stage: Arena, method: str) -> None:
    clients = [stage.client() for _ in range(8)]
    try:
        peers = []
        for client in clients:
            stage.get(client, method=method)
            peers.append(stage.upstream.accept())
            peers[-1].request()
        for peer in peers:
            peer.answer()
        for client in clients:
            assert client.response().status == 200
        stage.gate.wait_for(UpstreamConnectionsParked=8)
        for peer in peers:
            peer.reset()
        for client in clients:
            stage.get(client, "/anew", method=method)
            peer = stage.upstream.accept()
            assert peer.request().target == "/anew"
            peer.answer()
            assert client.response().status == 200
            peer.close()
    finally:
        for client in clients:
            client.close()


def test_f62_idle_connections_that_something_in_between_resets_are_seen_as_such(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
        peer.reset()
        stage.gate.wait_for(UpstreamIdlePeerClosed=1)  # nobody had to run into it
        stage.served_anew(client)
