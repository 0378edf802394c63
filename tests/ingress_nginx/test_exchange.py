"""The exchange with the backend, finely tuned: how fast answers go, how large their heads are."""

import time

from tests.ingress_nginx.conftest import World
from tests.support.origin import Answer, Origin, Script

KIB = 1024


def always(answer: Answer) -> Script:
    return lambda _: answer


def test_an_answer_goes_no_faster_than_it_may(world: World, one: Origin) -> None:
    slow, chunked = world.host(), world.host()
    rate = {"limit_rate": "64", "limit_rate_after": "64"}
    world.add(world.ingress(slow, **rate), world.ingress(chunked, path="/chunked", **rate))
    body = bytes(range(256)) * KIB
    for host, path, chunks in ((slow, "/", False), (chunked, "/chunked", True)):
        one.script = always(Answer(pieces=(body,), chunked=chunks))
        began = time.monotonic()
        answer = world.get(host, path)
        # 128 KiB may go at once, and 64 KiB a second after them; the gateway looks at its clock ten times a second.
        assert time.monotonic() - began >= 1.5
        assert (answer.status, answer.body) == (200, body)


def test_heads_of_answers_may_be_large_whatever_the_size_of_a_buffer(world: World, one: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, proxy_buffer_size="4k", proxy_buffering="on", proxy_buffers_number="8"))
    for size, status in ((20 * KIB, 200), (40 * KIB, 502)):
        one.script = always(Answer(headers=tuple((f"X-{number}", "x" * KIB) for number in range(size // KIB))))
        assert world.get(host).status == status


def test_a_fixed_connection_header(world: World, one: Origin) -> None:
    close, keep, plain = world.host(), world.host(), world.host()
    world.add(
        world.ingress(close, connection_proxy_header="close"),
        world.ingress(keep, connection_proxy_header="keep-alive"),
        world.ingress(plain),
    )
    for host, value in ((close, "close"), (keep, "keep-alive"), (plain, None)):
        one.requests.clear()
        assert world.get(host).status == 200
        assert one.requests[-1].header("Connection") == value
        assert world.get(host, "/", "Connection: upgrade", "Upgrade: chat").status == 200
        assert one.requests[-1].header("Upgrade") == (None if value else "chat")


def test_the_port_in_redirects_to_https(world: World) -> None:
    host, plain = world.host(), world.host()
    world.add(
        world.ingress(host, force_ssl_redirect="true", use_port_in_redirects="true"),
        world.ingress(plain, force_ssl_redirect="true"),
    )
    assert world.get(host, "/a?b=1").header("Location") == f"https://{host}:443/a?b=1"
    assert world.get(plain, "/a?b=1").header("Location") == f"https://{plain}/a?b=1"
