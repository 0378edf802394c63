"""What is counted and logged of a request, whatever becomes of it."""

import ssl

import pytest

from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Upstream
from tests.support.wire_client import WireClient


def get(path: str = "/", *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode()


def test_a_good_request(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        lines = ["User-Agent: ua", "Referer: ref", "X-Request-ID: id", "Content-Length: 3"]
        request = "\r\n".join(["POST /p?q HTTP/1.1", f"Host: {HOST}", *lines, "", ""])
        client.send(request.encode() + b"abc")
        peer = upstream.accept()
        forwarded = peer.request()
        peer.answer(b"x" * 20_000, 201)
        answer = client.response()
        assert answer.status == 201
        client.send(get())
        peer.request()
        peer.answer()
        client.response()
    first, second = gate.records(2)
    host, port = upstream.address
    assert first | {"start_unix_ns": 0, "duration_us": 0, "upstream_us": 0, "remote_port": 0, "slot": 0} == {
        "status": 201,
        "flags": first["flags"],
        "start_unix_ns": 0,
        "duration_us": 0,
        "upstream_us": 0,
        "request_length": len(request) + 3,
        "body_bytes_sent": 20_000,
        "upstream_response_length": 20_000,
        "slot": 0,
        "upstream_status": 201,
        "tries": 1,
        "tls_version": 0,
        "remote_addr": b"127.0.0.1",
        "remote_port": 0,
        "method": b"POST",
        "target": b"/p?q",
        "protocol": b"HTTP/1.1",
        "host": HOST.encode(),
        "referer": b"ref",
        "user_agent": b"ua",
        "request_id": b"id",
        "upstream_addr": f"{host}:{port}".encode(),
        "fault": b"",
    }
    assert second["status"] == 200
    counters = gate.wait_for(RequestsFinished=2)
    assert counters["Responses2xx"] == counters["UpstreamResponses2xx"] == counters["UpstreamRequests"] == 2
    assert counters["ClientBytesReceived"] == len(request) + 3 + len(get())
    assert counters["UpstreamBytesSent"] > len(forwarded.head)
    assert counters["UpstreamBytesReceived"] > 20_000
    assert counters["ClientBytesSent"] > 20_002
    assert counters["RepliesLocal"] == 0
    assert not [name for name, value in counters.items() if name.startswith("Fault") and value]


@pytest.mark.parametrize(
    ("sent", "status", "fault", "counter"),
    [
        (b"nonsense\r\n\r\n", 400, b"bad_method", "FaultClientSyntax"),
        (get("/x", "X : y"), 400, b"bad_header", "FaultClientSyntax"),
        (get("/x", "Content-Length: 1", "Content-Length: 1"), 400, b"bad_content_length", "FaultClientFraming"),
        (get("/" + "x" * 9_000), 414, b"uri_too_long", "FaultClientLimit"),
        (get("/x", "Content-Length: 9000000"), 413, b"body_too_large", "FaultClientLimit"),
        (get("/").replace(b"GET", b"TRACE"), 405, b"trace_refused", "FaultClientUnsupported"),
        (get("/").replace(HOST.encode(), b"other"), 404, b"no_route", "FaultClientNoRoute"),
        (get("/%00"), 400, b"bad_path", "FaultClientSyntax"),
    ],
)
def test_a_request_that_is_refused(gate: Gate, sent: bytes, status: int, fault: bytes, counter: str) -> None:
    with gate.client() as client:
        client.send(sent)
        assert client.response().status == status
    (record,) = gate.records(1)
    assert (record["status"], record["fault"], record["upstream_status"]) == (status, fault, 0)
    assert record["upstream_addr"] == b""
    counters = gate.wait_for(RequestsFinished=1)
    assert {name: value for name, value in counters.items() if name.startswith("Fault") and value} == {counter: 1}
    assert counters["RepliesLocal"] == counters["Responses4xx"] == 1
    assert counters["UpstreamRequests"] == 0


def test_a_client_that_leaves_before_the_end_of_its_answer(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000)
        client.head()
        client.reset()
        with pytest.raises(ConnectionError):
            peer.send(bytes(100_000_000))
    (record,) = gate.records(1)
    assert (record["status"], record["fault"]) == (200, b"client_gone")
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["RequestsAborted"] == counters["FaultClientAbort"] == 1


def test_a_client_that_leaves_in_its_body(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\n".encode())
        peer = upstream.accept()
        peer.head()
        client.reset()
        assert peer.ended()
    (record,) = gate.records(1)
    assert (record["status"], record["fault"], record["upstream_status"]) == (499, b"client_gone", 0)
    assert gate.wait_for(RequestsFinished=1)["RepliesLocal"] == 0


def test_a_client_that_leaves_while_the_upstream_thinks(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        client.reset()
        assert peer.ended()
    (record,) = gate.records(1)
    assert (record["status"], record["fault"], record["upstream_status"]) == (499, b"client_gone", 0)
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["RequestsAborted"] == counters["FaultClientAbort"] == 1
    assert counters["RepliesLocal"] == 0


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_client_that_leaves_while_the_upstream_thinks_and_has_sent_more(
    gate: Gate, upstream: Upstream, *, tls: bool
) -> None:
    """The request that it has pipelined is not begun, and the one under way is given up at once."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the gateway's own: no name has one
    address = gate.address("https" if tls else "http")
    with WireClient(address, tls=context if tls else None, server_name=HOST) as client:
        client.send(get("/slow"))
        peer = upstream.accept()
        peer.request()
        client.send(get("/next") + b"POST")
        client.reset()
        assert peer.ended()
    (record,) = gate.records(1)
    assert (record["status"], record["fault"], record["upstream_status"]) == (499, b"client_gone", 0)
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["RequestsAborted"] == counters["FaultClientAbort"] == counters["RequestsStarted"] == 1
    assert counters["RepliesLocal"] == 0


def test_an_endpoint_that_no_way_leads_to(gate: Gate) -> None:
    """The kernel refuses to connect to a broadcast address; no packet is sent."""
    gate.route_to(("255.255.255.255", 80))
    with gate.client() as client:
        client.send(get())
        assert client.response().status == 502
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["UpstreamConnectUnreachable"] >= 1
    assert counters["UpstreamConnectRefused"] == 0
    assert gate.records(1)[0]["fault"] == b"upstream_unreachable"


def test_a_worker_that_takes_a_newer_snapshot_is_counted(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:  # so that the worker has begun with the first one
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        client.response()
    before = gate.counters()["SnapshotsTaken"]
    gate.route_to(upstream, host="another.example")
    gate.wait_for(SnapshotsTaken=before + 1)


def test_an_upstream_that_fails(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get().replace(b"GET", b"POST"))
        peer = upstream.accept()
        peer.request()
        peer.close()
        assert client.response().status == 502
        client.send(get().replace(b"GET", b"POST"))
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
        assert client.response().status == 502
    broken, nonsense = gate.records(2)
    assert (broken["status"], broken["fault"], broken["upstream_status"]) == (502, b"upstream_broken", 0)
    assert (nonsense["status"], nonsense["fault"]) == (502, b"bad_content_length")
    counters = gate.wait_for(RequestsFinished=2)
    assert counters["FaultUpstreamAbort"] == counters["FaultUpstreamFraming"] == 1
    assert counters["RepliesLocal"] == counters["Responses5xx"] == 2


def test_gauges_come_back_to_nothing(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        counters = gate.wait_for(RequestsStarted=1)
        assert counters["RequestsFinished"] == 0
        peer.answer(b"", 200, "Connection: close")
        client.response()
    counters = gate.wait_for(ConnectionsClosedHttp=1, RequestsFinished=1)
    assert counters["UpstreamConnectionsOpened"] == counters["UpstreamConnectionsClosed"] == 1
    assert counters["UpstreamConnectionsParked"] == counters["UpstreamConnectionsUnparked"] == 0
