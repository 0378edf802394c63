"""What the gateway says itself when nobody else answers: a line for people, or JSON for who asks for it."""

import json

import pytest

from tests.support.engine import HOST, Gate


def get(*lines: str, host: str = HOST) -> bytes:
    return "\r\n".join(["GET / HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("accept", [(), ("Accept: */*",), (f"Accept: {BROWSER}",), ("Accept: application/json;q=0",)])
def test_a_plain_line_for_people(gate: Gate, accept: tuple[str, ...]) -> None:
    with gate.client() as client:
        client.send(get(*accept, host="nobody.example"))
        answer = client.response()
    assert (answer.status, answer.text) == (404, "404 Not Found\n")
    assert answer.header("content-type") == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "accept", [("Accept: application/json",), ("Accept: text/html;q=0.1", "Accept: application/problem+json")]
)
def test_json_for_who_asks_for_it(gate: Gate, accept: tuple[str, ...]) -> None:
    with gate.client() as client:
        client.send(get(*accept, "X-Request-ID: abc", host="nobody.example"))
        answer = client.response()
    assert answer.header("content-type") == "application/json"
    assert json.loads(answer.body) == {
        "status": 404,
        "reason": "Not Found",
        "code": "no_route",
        "request_id": "abc",
    }


def test_a_failed_upstream_is_told_so_too(gate: Gate) -> None:
    gate.route_to()
    with gate.client() as client:
        client.send(get("Accept: application/json", 'X-Request-ID: "quoted"'))
        answer = client.response()
    assert json.loads(answer.body) == {"status": 503, "reason": "Service Unavailable", "code": "no_endpoint"}


def test_what_is_no_request_gets_a_plain_line(gate: Gate) -> None:
    with gate.client() as client:
        client.send(b"GET / HTTP/1.1\r\nAccept: application/json\r\nHost : a\r\n\r\n")
        assert client.response().text == "400 Bad Request\n"
