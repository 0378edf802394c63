"""What a route says about tries: which outcomes, how many, how long, and with which methods."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from gateway.ir.policy import Policy, RequestBody, Retries, Timeouts
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Peer, Upstream

OFF = Retries(error=False, timeout=False)
QUICK = Timeouts(read_ms=100)


def ask(method: str = "GET", body: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} / HTTP/1.1\r\nHost: {HOST}\r\n{length}\r\n{body}".encode()


@pytest.fixture
def pair(upstream: Upstream) -> Iterator[list[Upstream]]:
    with Upstream() as other:
        yield [upstream, other]


def first_of(upstreams: list[Upstream]) -> Peer:
    """The first connection; whoever is left in the list is the one that was not asked."""
    while True:
        for each in upstreams:
            if each.pending():
                upstreams.remove(each)
                return each.accept()


def broken(peer: Peer) -> None:
    peer.close()


def silent(peer: Peer) -> None:
    assert peer.ended()


def nonsense(peer: Peer) -> None:
    peer.send(b"SSH-2.0-OpenSSH_9.6\r\n")


def status(number: int, peer: Peer) -> None:
    peer.answer(b"from the first", number)


CASES: dict[str, tuple[Callable[[Peer], None], Retries, str, int]] = {
    "error": (broken, Retries(timeout=False), "RetriesBroken", 502),
    "timeout": (silent, Retries(error=False), "RetriesTimeout", 504),
    "invalid_header": (nonsense, Retries(error=False, timeout=False, invalid=True), "RetriesInvalid", 502),
    "http_503": (partial(status, 503), Retries(error=False, timeout=False, statuses=(503,)), "RetriesStatus", 503),
    "http_404": (partial(status, 404), Retries(error=False, timeout=False, statuses=(404, 429)), "RetriesStatus", 404),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
Case = tuple[Callable[[Peer], None], Retries, str, int]


@cases
def test_what_is_wanted_is_tried_on_another_endpoint(gate: Gate, pair: list[Upstream], case: Case) -> None:
    happens, retries, counter, _ = case
    gate.route_to(*pair, policy=Policy(retries=retries, timeouts=QUICK))
    with gate.client() as client:
        client.send(ask())
        peer = first_of(pair)
        peer.request()
        happens(peer)
        peer = pair[0].accept()
        peer.request()
        peer.answer(b"from the second")
        assert client.response().text == "from the second"
    counters = gate.wait_for(RequestsFinished=1)
    assert counters[counter] == 1
    assert counters["RetriesExhausted"] == 0
    assert gate.records(1)[0]["tries"] == 2


@cases
def test_what_is_not_wanted_is_the_answer(gate: Gate, pair: list[Upstream], case: Case) -> None:
    happens, _, _, answered = case
    gate.route_to(*pair, policy=Policy(retries=OFF, timeouts=QUICK))
    with gate.client() as client:
        client.send(ask())
        peer = first_of(pair)
        peer.request()
        happens(peer)
        assert client.response().status == answered
    assert pair[0].untouched()


@cases
def test_the_last_endpoint_has_the_last_word(gate: Gate, pair: list[Upstream], case: Case) -> None:
    happens, retries, _, answered = case
    gate.route_to(*pair, policy=Policy(retries=retries, timeouts=QUICK, tries=9))
    with gate.client() as client:
        client.send(ask())
        peer = first_of(pair)
        peer.request()
        happens(peer)
        peer = pair[0].accept()
        peer.request()
        happens(peer)
        answer = client.response()
        assert answer.status == answered
        if answered in retries.statuses:
            assert answer.text == "from the first"  # the words of the answer itself, not ours
    assert gate.records(1)[0]["tries"] == 2


def test_tries_are_counted_with_the_first_one(gate: Gate, pair: list[Upstream]) -> None:
    gate.route_to(*pair, policy=Policy(tries=1, retries=Retries(statuses=(503,))))
    with gate.client() as client:
        client.send(ask())
        peer = first_of(pair)
        peer.request()
        peer.answer(b"busy", 503)
        assert client.response().text == "busy"
    assert pair[0].untouched()


def test_no_try_begins_after_the_time_for_all(gate: Gate, pair: list[Upstream]) -> None:
    gate.route_to(*pair, policy=Policy(timeouts=Timeouts(read_ms=300), retries=Retries(budget_ms=100)))
    with gate.client() as client:
        client.send(ask())
        peer = first_of(pair)
        peer.request()
        assert client.response().status == 504
        assert peer.ended()
    assert pair[0].untouched()


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
@pytest.mark.parametrize("wanted", [False, True])
def test_a_method_that_may_not_be_repeated_is_only_where_that_is_wanted(
    gate: Gate, pair: list[Upstream], method: str, *, wanted: bool
) -> None:
    retries = Retries(statuses=(500,), non_idempotent=wanted)
    gate.route_to(*pair, policy=Policy(retries=retries))
    with gate.client() as client:
        client.send(ask(method, "hello"))
        peer = first_of(pair)
        assert peer.request().body == b"hello"
        peer.answer(b"no", 500)
        if wanted:
            peer = pair[0].accept()
            assert peer.request().body == b"hello"
            peer.answer(b"yes")
        assert client.response().text == ("yes" if wanted else "no")
    assert pair[0].untouched()


def test_a_body_that_was_sent_on_as_it_came_is_not_there_for_a_second_try(gate: Gate, pair: list[Upstream]) -> None:
    gate.route_to(*pair, policy=Policy(retries=Retries(statuses=(503,)), request_body=RequestBody(buffered=False)))
    with gate.client() as client:
        client.send(ask("PUT", "0123456789")[:-5])
        peer = first_of(pair)
        peer.head()
        peer.read(5)
        client.send(b"56789")
        peer.read(5)
        peer.answer(b"busy", 503)
        assert client.response().text == "busy"
    assert pair[0].untouched()


def test_an_endpoint_is_not_tried_twice_while_there_is_another(gate: Gate, pair: list[Upstream]) -> None:
    """Also not the one whose kept connection broke, although that says nothing about it."""
    one, other = pair
    gate.route_to(one)
    with gate.client() as client:
        client.send(ask())
        kept = one.accept()
        kept.request()
        kept.answer()
        assert client.response().status == 200
        gate.route_to(one, other)
        turns = 0
        while not gate.counters()["UpstreamConnectionsReused"]:  # until it is the turn of the kept connection
            client.send(ask())
            turns += 1
            gate.wait_for(UpstreamRequests=turns + 1)
            if other.pending():
                fresh = other.accept()
                fresh.request()
                fresh.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                fresh.close()
                assert client.response().status == 200
        kept.request()
        kept.reset()
        second = other.accept()
        second.request()
        second.answer(b"other")
        assert client.response().text == "other"
    assert one.untouched()


def test_after_every_other_the_one_with_the_broken_kept_connection_has_another_chance(
    gate: Gate, upstream: Upstream
) -> None:
    with gate.client() as client:
        client.send(ask())
        kept = upstream.accept()
        kept.request()
        kept.answer()
        assert client.response().status == 200
        client.send(ask())
        kept.request()
        kept.reset()
        peer = upstream.accept()
        peer.request()
        peer.answer(b"again")
        assert client.response().text == "again"
    assert gate.wait_for(RequestsFinished=2)["RetriesStale"] == 1


def test_informational_answers_of_a_first_try_do_not_count_as_its_answer(gate: Gate, pair: list[Upstream]) -> None:
    gate.route_to(*pair, policy=Policy(retries=Retries(statuses=(503,))))
    with gate.client() as client:
        client.send(ask())
        peer = first_of(pair)
        peer.request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        assert client.head()[0] == "HTTP/1.1 103 Early Hints"
        peer.answer(b"busy", 503)
        peer = pair[0].accept()
        peer.request()
        peer.answer(b"done")
        assert client.response().text == "done"
