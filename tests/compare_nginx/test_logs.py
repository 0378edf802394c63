"""Lines of the access log: the same form and the same requests, and the same lines as nginx writes."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.compare_nginx.nginx import BUILDS, Site, nginx
from tests.compare_nginx.scene import Scene
from tests.ingress_nginx.conftest import starting
from tests.support.origin import Answer, Origin
from tests.support.raw_client import RawClient
from tests.support.site import until

HOST: Final = "logs.example"
FORM: Final = (
    "$remote_addr|$remote_user|$request|$request_method|$request_uri|$uri|$args|$is_args|$query_string|$status|"
    "$body_bytes_sent|$request_length|$http_host|$host|$http_x_odd|$http_absent|$http_x_empty|$http_x_twice|$arg_q|"
    "$arg_none|$cookie_who|${cookie_none}|$sent_http_x_back|$upstream_http_x_back|$upstream_cookie_seen|$scheme|"
    "$https|$server_protocol|$ssl_protocol|$content_length|$content_type|$upstream_status|$upstream_response_length|"
    "$connection_requests|$pipe|$request_completion|$http_user_agent|$http_cookie|$proxy_add_x_forwarded_for"
)
ESCAPES: Final = {"default": {}, "json": {"log-format-escape-json": "true"}, "none": {"log-format-escape-none": "true"}}
REQUESTS: Final = (
    b"GET /plain HTTP/1.1\r\nHost: logs.example\r\n\r\n",
    b'GET /a%20b/../c%41?q=1%22&Q=2 HTTP/1.1\r\nHost: LOGS.example\r\nUser-Agent: x "y" \\z\r\n\r\n',
    b"POST /p? HTTP/1.1\r\nHost: logs.example\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\nabc",
    (
        b"GET /h?q= HTTP/1.1\r\nHost: logs.example\r\nX-Odd: \xff\xc3\xa9\tz\r\nX-Empty:\r\n"
        b"X-Twice: a\r\nx-twice: b\r\n\r\n"
    ),
    (
        b"GET /u HTTP/1.1\r\nHost: logs.example\r\nAuthorization: Basic YWRhOng6eQ==\r\n"
        b"Cookie: a=b; WHO=ada\r\nCookie: c=d\r\n\r\n"
    ),
    b"GET /f HTTP/1.0\r\nHost: logs.example\r\nX-Forwarded-For: 10.1.1.1\r\n\r\n",
    b"HEAD /head HTTP/1.1\r\nHost: logs.example\r\n\r\n",
)
UNTOLD: Final = {"skip-access-log-urls": "/"}  # by which a test finds out that its host is served
UNLIKE: Final = {"json": {"http_x_odd": r"\uFFFDé\tz"}}
"""What is meant to differ: nginx writes bytes that are no UTF-8 as they are, and a line that is no JSON."""


class Lines(NamedTuple):
    address: tuple[str, int]
    file: Path


def answer(_: object) -> Answer:
    return Answer(
        200, (("X-Back", 'say "hi"'), ("Set-Cookie", "seen=yes; Path=/"), ("Content-Type", "text/plain")), (b"hello",)
    )


def lines(place: Lines) -> list[str]:
    return [line.decode("latin-1") for line in logged(place, REQUESTS)]


def logged(place: Lines, requests: Iterable[bytes]) -> list[bytes]:
    """The line of each. The next request waits for it, since another worker may write the one after."""
    for number, sent in enumerate(requests, 1):
        with RawClient(place.address) as client:
            client.send(sent)
            client.response(to_head=sent.startswith(b"HEAD"))
        until(lambda: place.file.read_bytes().count(b"\n") >= number)  # noqa: B023 - asked here only
    return place.file.read_bytes().removesuffix(b"\n").split(b"\n")


@contextlib.contextmanager
def others(
    build: str, folder: Path, origin: Origin, escape: str, pair: tuple[bytes, bytes], *, form: str = FORM
) -> Iterator[Lines]:
    folder.mkdir()
    file = folder / "access.log"
    file.touch()
    scene = Scene(
        "logs",
        f"access_log {file} form; location / {{ proxy_pass http://one; include {folder}/told; }}",
        (),
        http=f"log_format form escape={escape} '{form}';",
    )
    site = Site("plain", (scene,), {"one": (origin.address,)}, {"tls.pem": b"".join(pair)})
    with nginx(BUILDS[build].program() or "", folder, site) as running:
        yield Lines(running.http, file)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("escape", ESCAPES)
def test_lines_are_those_of_nginx(build: str, escape: str, tmp_path: Path, pair: tuple[bytes, bytes]) -> None:
    if missing := BUILDS[build].missing():
        pytest.skip(f"nginx, {build}: {missing}")
    file = tmp_path / "ours.log"
    options = {"log-format-upstream": FORM, **UNTOLD, **ESCAPES[escape]}
    with starting(tmp_path, f"--access-log={file}", options=options) as world:
        world.origins["one"].script = answer
        world.add(world.ingress(HOST))
        own = lines(Lines(world.gateway.address("http"), file))
        with others(build, tmp_path / "nginx", world.origins["one"], escape, pair) as place:
            theirs = lines(place)
    names = [name.strip("${}") for name in FORM.split("|")]
    for ours, their in zip(own, theirs, strict=True):
        values = dict(zip(names, ours.split("|"), strict=True))
        expected = dict(zip(names, their.split("|"), strict=True))
        for name, value in UNLIKE.get(escape, {}).items():
            if expected[name]:
                expected[name] = value.encode().decode("latin-1")
        if build == "system" and expected["http_x_twice"] == "a":
            expected["http_x_twice"] = "a, b"  # before 1.23 nginx told the first of several only
        assert values == expected


def test_a_line_of_json_is_json_whatever_a_client_sends(tmp_path: Path) -> None:
    file = tmp_path / "ours.log"
    names = ("time_iso8601", "request", "http_x_odd", "http_user_agent", "uri", "upstream_addr", "req_id", "host")
    form = "{" + ", ".join(f'"{name}": "${name}"' for name in names) + ', "status": $status, "took": $request_time}'
    options = {"log-format-upstream": form, **UNTOLD, "log-format-escape-json": "true"}
    odd = bytes(byte for byte in range(256) if (byte >= 0x20 and byte != 0x7F) or byte == 0x09)
    with starting(tmp_path, f"--access-log={file}", options=options) as world:
        world.add(world.ingress(HOST))
        requests = (
            b"GET /%22%5c%e2%82%ac HTTP/1.1\r\nHost: logs.example\r\nX-Odd: " + odd + b"\r\n\r\n",
            b"GET /long HTTP/1.1\r\nHost: logs.example\r\nX-Odd: "
            + b'"' * 7_000
            + b"\r\nUser-Agent: "
            + b"\xff" * 7_000
            + b"\r\n\r\n",
            b"GET /elsewhere HTTP/1.1\r\nHost: nobody.example\r\n\r\n",
            b'"\xff\\ nonsense\r\n\r\n',
        )
        text = logged(Lines(world.gateway.address("http"), file), requests)
    found = [json.loads(line) for line in text]
    assert [one["status"] for one in found] == [200, 200, 404, 400]
    assert found[0]["uri"] == '/"\\€'
    assert found[1]["http_x_odd"].strip('"') == ""
    assert len(found[1]["http_x_odd"]) > 100
