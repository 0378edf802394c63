"""Clients and referring pages that nobody is served with."""

from collections.abc import Callable

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.site import until

Start = Callable[..., World]
OWN = "own.example"
LISTS = {
    "block-user-agents": 'curl/8.0, ~Bot, "~*evil spider"',
    "block-referers": "~*^https?://spam\\., http://a.example/",
}


@pytest.fixture
def blocking(start: Start) -> World:
    return start(options=LISTS)


def test_they_are_refused_and_others_are_served(blocking: World) -> None:
    blocking.add(blocking.ingress(OWN))
    for header, status in (
        ("User-Agent: curl/8.0", 403),
        ("User-Agent: CURL/8.0", 403),
        ("User-Agent: curl/8.0.1", 200),
        ("User-Agent: a Bot of somebody", 403),
        ("User-Agent: a bot of somebody", 200),
        ("User-Agent: an EVIL spider", 403),
        ("Referer: https://SPAM.example/page", 403),
        ("Referer: https://ham.example/?https://spam.example", 200),
        ("Referer: http://A.example/", 403),
        ("Referer: http://a.example/page", 200),
        ("X-Other: Bot", 200),
    ):
        assert blocking.get(OWN, "/", header).status == status, header
    assert blocking.get(OWN).status == 200


def test_a_second_header_hides_nothing(blocking: World) -> None:
    blocking.add(blocking.ingress(OWN))
    headers = ("User-Agent: fine", "User-Agent: Bot")
    assert blocking.get(OWN, "/", *headers).status == 403
    assert blocking.get(OWN, "/", *reversed(headers)).status == 403


def test_nothing_else_is_answered_before(blocking: World) -> None:
    blocking.add(
        blocking.ingress(OWN, force_ssl_redirect="true", enable_cors="true", proxy_body_size="1"),
        blocking.ingress("redirect.example", permanent_redirect="https://other.example/"),
        blocking.ingress("root.example", app_root="/start"),
        blocking.ingress("closed.example", auth_type="basic", auth_secret="nobody"),
    )
    bad = "User-Agent: Bot"
    assert [blocking.get(OWN, "/", *one).status for one in ((), (bad,))] == [308, 403]
    preflight = ("Origin: https://a.example", "Access-Control-Request-Method: PUT")
    assert [blocking.send(OWN, "OPTIONS /", *preflight, *one).status for one in ((), (bad,))] == [204, 403]
    assert blocking.send(OWN, "POST /", "Content-Length: 2", bad, body=b"xx").status == 403
    for host, otherwise in (("redirect.example", 301), ("root.example", 302)):
        assert [blocking.get(host, "/", *one).status for one in ((), (bad,))] == [otherwise, 403], host
    assert [blocking.get("closed.example", "/", *one).status for one in ((), (bad,))] == [503, 403]


def test_a_client_without_a_name(start: Start) -> None:
    world = start(options={"block-user-agents": '""'})
    world.add(world.ingress(OWN))
    assert [world.get(OWN, "/", *one).status for one in ((), ("User-Agent:",), ("User-Agent: x",))] == [403, 403, 200]


def test_an_expression_that_does_not_come_to_an_end_lets_nobody_in(start: Start) -> None:
    world = start(options={"block-user-agents": "~^(?!x)(a+)+$"})
    world.add(world.ingress(OWN))
    assert world.get(OWN, "/", f"User-Agent: {'a' * 60}!").status == 500
    assert world.get(OWN, "/", "User-Agent: x").status == 200


def test_a_list_that_cannot_be_read_closes_everything_until_it_can(start: Start) -> None:
    world = start(options=LISTS)
    world.add(world.ingress(OWN))
    assert world.get(OWN).status == 200
    world.configure({"block-user-agents": "~(unclosed"})
    until(lambda: world.get(OWN).status == 503)
    world.configure({})
    until(lambda: world.get(OWN, "/", "User-Agent: Bot").status == 200)
