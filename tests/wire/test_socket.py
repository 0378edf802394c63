"""The cases of `vectors/` against the running engine: the same bytes, through sockets, whole and in parts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.policy import Policy
from gateway.ir.route import HostTable
from tests.support.engine import HOST, Gate, backend_id, forward, route
from tests.support.raw_client import BrokenAnswerError
from tests.support.raw_upstream import EndedError, Received, Upstream

Case = dict[str, Any]
VECTORS = sorted((Path(__file__).parent / "vectors").glob("*.json"))
SPLITS = ("whole", "lines", "halves")


def cases(side: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['id']} {case['name']}")
        for path in VECTORS
        for case in json.loads(path.read_text())["cases"]
        if case.get("side", "request") == side
    ]


def octets(text: str | list[Any]) -> bytes:
    if isinstance(text, str):
        return text.encode("latin-1")
    return b"".join(
        part.encode("latin-1") if isinstance(part, str) else part[0].encode("latin-1") * part[1] for part in text
    )


def parts(data: bytes, split: str) -> list[bytes]:
    if split == "whole":
        return [data]
    if split == "halves":
        middle = len(data) // 2
        return [data[:middle], data[middle:]]
    return re.findall(rb"(?s).*?\r\n|.+", data)


@pytest.fixture(scope="module")
def listening() -> Iterator[Upstream]:
    with Upstream() as one:
        yield one


@pytest.fixture
def upstream(listening: Upstream) -> Iterator[Upstream]:
    """The recorder, which must have been asked for nothing but what the case speaks of."""
    yield listening
    while listening.pending():
        listening.accept().close()


@pytest.fixture
def settled(upstream: Upstream, gate: Gate) -> Iterator[None]:
    """What the gate still asks for a client that is gone must not be taken for a request of the next case."""
    yield

    def quiet(counters: dict[str, int]) -> bool:
        while upstream.pending():
            upstream.accept().close()
        return counters["ConnectionsOpenedHttp"] == counters["ConnectionsClosedHttp"]

    gate.wait(quiet)


@pytest.fixture(scope="module")
def gate(listening: Upstream) -> Iterator[Gate]:
    """Every host goes to the recorder, and no connection to it is used twice."""
    gate = Gate(upstream_idle_per_endpoint=0)
    policy = Policy(body_limit_bytes=0, tries=1)
    gate.serve(
        HostTable("", (route("/", forward(), policy),)),
        backends=[Backend(backend_id("web"), (Endpoint(*listening.address),))],
    )
    yield gate
    gate.close()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("case", cases("request"))
def test_a_request(gate: Gate, upstream: Upstream, case: Case, split: str) -> None:
    data = octets(case["bytes"])
    refused = isinstance(case["expect"], int)
    with gate.client() as client:
        for part in parts(data, split):
            try:
                client.send(part)
            except ConnectionError:
                assert refused  # before its end, so the rest finds nobody
                break
        if case["expect"] == "more":
            client.finish()
            # A head that is not whole is no request; a body that is not whole is a bad one.
            assert client.rest()[0].startswith(b"HTTP/1.1 400 " if b"\r\n\r\n" in data else b"")
            no_whole_request(upstream)
            return
        if refused:
            if case.get("eof"):
                client.finish()
            answer = client.response(to_head=data.startswith(b"HEAD "))
            assert answer.status == case["expect"]
            assert answer.header("connection") == "close"
            assert client.rest()[0] == b""
            no_whole_request(upstream)
            return
        if case["path"] == "*":
            assert client.response().status == 404  # it speaks of no resource, so no route can have it
            return
        peer = upstream.accept()
        compare(peer.request(), case)
        peer.answer(b"", 200, "Connection: close")
        answer = client.response()
        assert answer.status == 200
        assert (answer.header("connection") == "close") == (not case["keep_alive"])
        if not case["keep_alive"]:
            assert client.rest()[0] == b""
    if not case["rest"]:
        assert upstream.untouched()


def no_whole_request(upstream: Upstream) -> None:
    """A refused head reaches nobody. A body is found wrong only while it is passed on: then what arrived is no whole
    request.
    """
    if not upstream.pending():
        return
    peer = upstream.accept()
    with pytest.raises(EndedError):
        peer.request()


def compare(received: Received, case: Case) -> None:
    assert received.method == case["method"]
    target = octets(case["forward"]).decode()
    assert received.target == (target if case["query"] is None else f"{target}?{case['query']}")
    if case["host"]:
        (host,) = received.values("host")
        assert host.lower().rstrip(".").startswith(case["host"].split(":")[0])
    assert received.body == octets(case["body"])
    match case["framing"]:
        case "none":
            assert not {"content-length", "transfer-encoding"} & set(received.names)
        case "chunked":
            assert received.values("transfer-encoding") == ["chunked"]
        case length:
            assert received.values("content-length") == [str(length)]
    upgrade = case["upgrade"]
    assert received.values("upgrade") == ([upgrade] if upgrade else [])
    for name in case.get("dropped", []):
        assert received.values(name) == []


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("case", cases("response"))
def test_an_answer(gate: Gate, upstream: Upstream, case: Case, split: str) -> None:
    method = case["request"]
    with gate.client() as client:
        client.send(f"{method} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        for part in parts(octets(case["bytes"]), split):
            try:
                peer.send(part)
            except ConnectionError:
                break
        if case.get("eof"):
            peer.finish()
        if case["expect"] == "ok":
            if case["status"] < 200:
                assert client.head()[0].startswith(f"HTTP/1.1 {case['status']} ")
                return
            answer = client.response(to_head=method == "HEAD")
            assert answer.status == case["status"]
            assert answer.body == octets(case["body"])
            for name, value in case.get("sent", []):
                assert value in [text for key, text in answer.headers if key.lower() == name.lower()]
            return
        try:
            answer = client.response(to_head=method == "HEAD")
        except BrokenAnswerError:
            return  # its head was good, and what came after it was cut
        assert answer.status == 502
        assert answer.text in {"", "502 Bad Gateway\n"}
