"""Paths that are regular expressions: they mean what they mean in nginx."""

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.origin import Origin
from tests.support.site import probe, until


def regex(world: World, host: str, path: str, service: str = "one", **annotations: str) -> str:
    text = world.ingress(host, service, path=path, use_regex="true", **annotations)
    return text.replace("pathType: Prefix", "pathType: ImplementationSpecific")


def test_look_around_and_back_references(world: World) -> None:
    host = world.host()
    world.add(regex(world, host, "/(?!api/)([a-z]+)/\\1"), regex(world, host, "/v(?<=/v)[0-9]", "two"))
    assert world.get(host, "/web/WEB/x").text == "one"
    assert world.get(host, "/api/api").status == 404
    assert world.get(host, "/web/other").status == 404
    assert world.get(host, "/V2/x").text == "two"


def test_captures_of_either_engine_are_the_same(world: World, one: Origin) -> None:
    plain, ahead = world.host(), world.host()
    world.add(
        regex(world, plain, "/app(/|$)(.*)", rewrite_target="/$2"),
        regex(world, ahead, "/app(?=/|$)(/|$)(.*)", rewrite_target="/$2"),
    )
    for path, expected in (("/app/x/y?a=1", "/x/y?a=1"), ("/APP", "/"), ("/app/%C3%BC", "/%C3%BC")):
        for host in (plain, ahead):
            one.requests.clear()
            assert world.get(host, path).status == 200
            assert one.requests[-1].target == expected


def test_a_line_feed_in_a_path_stays_encoded_so_that_no_dollar_stands_before_it(world: World) -> None:
    plain, ahead = world.host(), world.host()
    world.add(regex(world, plain, "/a$"), regex(world, ahead, "/a(?!x)$"))
    for host in (plain, ahead):
        assert [world.get(host, path).status for path in ("/a", "/a%0A", "/a%0Ab")] == [200, 404, 404]


def test_a_circumflex_stands_before_the_first_alternative_only(world: World) -> None:
    host = world.host()
    world.add(regex(world, host, "/a|/b"))
    assert [world.get(host, path).status for path in ("/a", "/x/a", "/b", "/x/b")] == [200, 404, 200, 200]


def test_what_takes_too_long_is_answered_500_and_no_other_route_is_tried(world: World) -> None:
    host = world.host()
    world.add(regex(world, host, "/(?=a)(a+)+$", "two"), world.ingress(host, path="/"))
    before = _limit_hits(world)
    assert world.get(host, f"/{'a' * 4_000}!").status == 500
    until(lambda: _limit_hits(world) == before + 1)
    assert world.get(host, "/aaa").text == "two"
    assert world.get(host, "/b").text == "one"


@pytest.mark.parametrize(("value", "text"), [("b7", "two"), ("b8", "one"), ("xb7", "one")])
def test_a_canary_pattern_may_look_ahead(world: World, value: str, text: str) -> None:
    host = world.host()
    pattern = world.ingress(host, "two", canary="true", canary_by_header="X-C", canary_by_header_pattern="^b(?!8)")
    world.add(world.ingress(host), pattern)
    assert world.get(host, "/", f"X-C: {value}").text == text


def _limit_hits(world: World) -> int:
    text = probe(world.gateway, "/metrics").text
    name = 'sallygate_faults_total{origin="gateway",kind="regex_limit"} '
    return next(int(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))
