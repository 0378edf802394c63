"""The answers of `vectors/` from a scripted upstream: what the client sees, and is the connection used again?

A client must never take a cut answer for a whole one, nor get a byte of an answer that was not its own.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.policy import Policy
from gateway.ir.route import HostTable
from tests.support.engine import Gate, backend_id, forward, route
from tests.support.raw_client import BrokenAnswerError, Response
from tests.support.raw_upstream import EndedError, Peer, Upstream
from tests.support.wire_client import WireClient
from tests.wire.corpus import Case, declared, octets, parts, side_of

SPLITS = ("whole", "lines", "bytes")
LONG_BYTES = 12_000


def families() -> list[Any]:
    return [
        pytest.param(cases, id=f"{stem}: {case['id']} {case['name']}")
        for stem, case, cases in declared()
        if side_of(case) == "response"
    ]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as one:
        yield one


@pytest.fixture(scope="module")
def gate(upstream: Upstream) -> Iterator[Gate]:
    """Everything goes to the one scripted upstream, whose connections are kept."""
    gate = Gate()
    gate.serve(
        HostTable("", (route("/", forward(), Policy(tries=1)),)),
        backends=[Backend(backend_id("web"), (Endpoint(*upstream.address),))],
    )
    yield gate
    gate.close()


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("cases", families())
def test_an_answer(gate: Gate, upstream: Upstream, cases: list[Case], split: str) -> None:
    wrong = []
    for case in cases:
        data = octets(case["bytes"])
        if split == "bytes" and len(data) > LONG_BYTES:
            continue
        with gate.client() as client:
            client.send(f"{case['request']} /first HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
            with upstream.accept() as peer:
                peer.request()
                # Nothing after the answer may be told from its end, so such bytes come with the answer's last one.
                surplus = bool(case.get("rest")) and case["expect"] == "ok" and case["status"] >= 200
                for piece in [data] if surplus else parts(data, split):
                    with contextlib.suppress(ConnectionError):
                        peer.send(piece)
                if case.get("eof"):
                    with contextlib.suppress(OSError):
                        peer.finish()
                judge = good if case["expect"] == "ok" else bad
                wrong += [f"{case['name']}: {text}" for text in judge(gate, upstream, client, peer, case)]
        gate.wait(lambda now: now["UpstreamConnectionsOpened"] == now["UpstreamConnectionsClosed"])
        while upstream.pending():
            upstream.accept().close()
    assert not wrong, "\n".join(wrong)


def good(gate: Gate, upstream: Upstream, client: WireClient, peer: Peer, case: Case) -> list[str]:
    if case["status"] < 200:
        head = client.head()[0]
        return [] if head.startswith(f"HTTP/1.1 {case['status']} ") else [f"answered {head}"]
    try:
        answer = client.response(to_head=case["request"] == "HEAD")
    except BrokenAnswerError as error:
        return [f"no answer: {error}"]
    wrong = []
    if answer.status != case["status"]:
        wrong.append(f"answered {answer.status}")
    if "body" in case and answer.body != octets(case["body"]):
        wrong.append(f"body {answer.body!r}")
    if "sent" in case and case["status"] == 200:
        own = [line for line in answer.headers if line[0] not in {"Date", "Transfer-Encoding", "Connection"}]
        wanted = [tuple(line) for line in case["sent"] if line[0].lower() not in {"transfer-encoding", "server"}]
        wrong += [] if own == wanted else [f"fields {own}, not {wanted}"]
    if "reuse" in case and used_again(gate, upstream, client, peer, wrong) != case["reuse"]:
        wrong.append("the connection was used again, or was not, against the rule")
    return wrong


def used_again(gate: Gate, upstream: Upstream, client: WireClient, peer: Peer, wrong: list[str]) -> bool:
    """Asks once more, and answers wherever the gateway asks."""
    gate.wait(lambda now: now["RequestsStarted"] == now["RequestsFinished"])
    client.send(b"GET /second HTTP/1.1\r\nHost: a.example\r\n\r\n")
    try:
        second, again = peer.request(), peer
    except EndedError:
        again = upstream.accept()
        second = again.request()
    if second.target != "/second":
        wrong.append(f"asked for {second.target} next")
    again.answer(b"second", 200, "Connection: close")
    answer = client.response()
    if answer != Response(200, answer.headers, b"second"):
        wrong.append(f"the next client got {answer}")
    again.close()
    return again is peer


def bad(_gate: Gate, _upstream: Upstream, client: WireClient, _peer: Peer, case: Case) -> list[str]:
    """A 502, or an answer that the client sees break off."""
    try:
        answer = client.response(to_head=case["request"] == "HEAD")
    except BrokenAnswerError:
        return []  # its head was good, and what came after it was cut
    if answer.status != 502 or answer.text not in {"", "502 Bad Gateway\n"}:
        return [f"answered {answer}"]
    return []
