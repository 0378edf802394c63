"""Bytes that hurt in lines of the access log, and what a complete request is: as nginx has it."""

import base64
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.compare_nginx.differences import LOGGED
from tests.compare_nginx.nginx import BUILDS
from tests.compare_nginx.test_logs import ESCAPES, HOST, UNTOLD, Lines, others
from tests.ingress_nginx.conftest import starting
from tests.support.origin import Answer, Origin, Request
from tests.support.raw_client import BrokenAnswerError, RawClient
from tests.support.site import until

END: Final = " ~end"
"""A line feed may be in a line of nginx; this with one behind it is not."""

NAMES: Final = (
    "remote_user",
    "request",
    "request_uri",
    "uri",
    "args",
    "arg_q",
    "http_x_odd",
    "http_cookie",
    "cookie_who",
    "status",
)
HOSTILE: Final = {
    "encoded in the target": b"GET /%0a%0d%22%5c%7f%01%80?q=%0a%22%5c%7f%80 HTTP/1.1\r\nHost: logs.example\r\n\r\n",
    "in a header": b'GET /h HTTP/1.1\r\nHost: logs.example\r\nX-Odd: "\\\t%0a\xc3\xa9\x80\r\n\r\n',
    "in a cookie": b'GET /c HTTP/1.1\r\nHost: logs.example\r\nCookie: a="\\; who="\\%0a\xc3\xa9\x80\r\n\r\n',
    "in the name of a user": b"GET /u HTTP/1.1\r\nHost: logs.example\r\nAuthorization: Basic %b\r\n\r\n"
    % base64.b64encode(b'a\n\r"\\\x01\x7f\x80:z'),
}
REFUSED: Final = (
    b'GET /"\\\xc3\xa9\xff?q="\\\xc3\xa9\xff HTTP/1.1\r\nHost: logs.example\r\n\r\n',
    b"GET /a\x01b HTTP/1.1\r\nHost: logs.example\r\n\r\n",
    b"GET /a\x7fb HTTP/1.1\r\nHost: logs.example\r\n\r\n",
    b"GET /a\rb HTTP/1.1\r\nHost: logs.example\r\n\r\n",
    b'"\\\xff\x1b[2J / HTTP/1.1\r\nHost: logs.example\r\n\r\n',
    b"GET /h HTTP/1.1\r\nHost: logs.example\r\nX-Odd: a\x01b\r\n\r\n",
    b"GET /h HTTP/1.1\r\nHost: logs.example\r\nX-Odd: a\x7fb\r\n\r\n",
    b"GET /h HTTP/1.1\r\nHost: logs.example\r\nX-Odd: a\rb\r\n\r\n",
    b"GET /h HTTP/1.1\r\nHost: logs.example\r\nCookie: who=a\x00b\r\n\r\n",
)
"""By the gateway."""


class Told(NamedTuple):
    """One value of a line, here and there."""

    ours: str
    nginx: str


def form(*names: str) -> str:
    return "|".join(f"${name}" for name in names) + END


def lines(file: Path) -> list[str]:
    whole = file.read_bytes().decode("latin-1")
    return whole.split(f"{END}\n")[:-1]


def send(place: Lines, sent: bytes) -> str:
    """The line of it."""
    known = len(lines(place.file))
    with RawClient(place.address) as client:
        client.send(sent)
        client.response()
    until(lambda: len(lines(place.file)) > known)
    return lines(place.file)[known]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("escape", ESCAPES)
def test_bytes_that_hurt_are_written_as_nginx_does_it(
    build: str, escape: str, tmp_path: Path, pair: tuple[bytes, bytes]
) -> None:
    if missing := BUILDS[build].missing():
        pytest.skip(f"nginx, {build}: {missing}")
    file = tmp_path / "ours.log"
    options = {"log-format-upstream": form(*NAMES), **UNTOLD, **ESCAPES[escape]}
    with starting(tmp_path, f"--access-log={file}", options=options) as world:
        world.add(world.ingress(HOST))
        own = {ask: send(Lines(world.gateway.address("http"), file), sent) for ask, sent in HOSTILE.items()}
        with others(build, tmp_path / "nginx", world.origins["one"], escape, pair, form=form(*NAMES)) as place:
            theirs = {ask: send(place, sent) for ask, sent in HOSTILE.items()}
    assert not any(byte in line for line in own.values() for byte in "\r\n")
    found = {
        (ask, name): Told(ours, their)
        for ask in HOSTILE
        for name, ours, their in zip(NAMES, own[ask].split("|"), theirs[ask].split("|"), strict=True)
        if ours != their
    }
    rows = [row for row in LOGGED if row.scene == escape and row.build in {"", build}]
    assert found == {(row.ask, row.aspect): Told(row.ours, row.nginx) for row in rows}


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_is_refused_stays_in_its_line(escape: str, tmp_path: Path) -> None:
    file = tmp_path / "ours.log"
    options = {"log-format-upstream": form(*NAMES), **UNTOLD, **ESCAPES[escape]}
    with starting(tmp_path, f"--access-log={file}", options=options) as world:
        place = Lines(world.gateway.address("http"), file)
        found = [send(place, sent).split("|") for sent in REFUSED]
    assert [line[-1] for line in found] == ["400"] * len(REFUSED)
    assert len(file.read_bytes().splitlines()) == len(REFUSED)
    if escape != "none":
        assert all(" " <= char != "\x7f" or escape == "json" for line in found for value in line for char in value)


def halfway(request: Request) -> Answer:
    match request.target:
        case "/cut":
            return Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        case "/cut-chunked":
            return Answer(pieces=(b"half",), chunked=True, reset=True)
        case "/dead":
            return Answer(reset=True)
        case "/part":
            return Answer(pieces=(b"x" * 65_536,) * 512, chunked=True)  # more than sockets hold
    return Answer(pieces=(b"whole",))


def leave(client: RawClient) -> None:
    """For good: who only ends his side may still wait for the answer."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def completions(place: Lines, origin: Origin) -> Iterator[str]:
    """Targets, and whether the request was complete, in the order of requests."""
    for target in ("/whole", "/cut", "/cut-chunked", "/dead"):
        with RawClient(place.address) as client:
            client.send(f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            if target.startswith("/cut"):
                with pytest.raises(BrokenAnswerError):
                    client.response()
            else:
                assert client.response().status == (502 if target == "/dead" else 200)
        until(lambda: target in place.file.read_text())  # noqa: B023 - asked here only
    with RawClient(place.address) as client:
        client.send(f"POST /large HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert client.response().status == 413
    until(lambda: "/large" in place.file.read_text())
    origin.gate = threading.Event()
    with RawClient(place.address) as client:
        client.send(f"GET /left HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert origin.waiting.acquire(timeout=15)
        leave(client)
    until(lambda: "/left" in place.file.read_text())
    origin.gate.set()
    origin.gate = None
    with RawClient(place.address) as client:
        client.send(f"GET /part HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert client.socket.recv(1)
        leave(client)
    until(lambda: "/part" in place.file.read_text())
    yield from lines(place.file)


@pytest.mark.parametrize("build", BUILDS)
def test_a_request_is_complete_where_nginx_says_so(build: str, tmp_path: Path, pair: tuple[bytes, bytes]) -> None:
    if missing := BUILDS[build].missing():
        pytest.skip(f"nginx, {build}: {missing}")
    file = tmp_path / "ours.log"
    file.touch()
    told = form("request_uri", "status", "request_completion")
    with starting(
        tmp_path, f"--access-log={file}", options={"log-format-upstream": told, "skip-access-log-urls": "/"}
    ) as world:
        one = world.origins["one"]
        one.script = halfway
        world.add(world.ingress(HOST))
        own = list(completions(Lines(world.gateway.address("http"), file), one))
        with others(build, tmp_path / "nginx", one, "default", pair, form=told) as place:
            theirs = list(completions(place, one))
    found = {line.split("|")[0]: Told(line, their) for line, their in zip(own, theirs, strict=True) if line != their}
    assert found == {row.ask: Told(row.ours, row.nginx) for row in LOGGED if row.scene == "completion"}
    assert [line.split("|")[2] for line in own] == ["OK", "", "", "OK", "OK", "", ""]
