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


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_ingress_makes_expressions_of_the_paths_of_all_others_of_its_host(
    world: World, order: tuple[int, int]
) -> None:
    host = world.host()
    expression = regex(world, host, "/x[0-9]+", "two")
    exact = world.ingress(host, path="/Foo").replace("pathType: Prefix", "pathType: Exact")
    both = (expression, exact)
    name = world.add(both[order[0]], both[order[1]])
    for path, text in (("/Foo", "one"), ("/foo", "one"), ("/foobar", "one"), ("/x1", "two"), ("/X12/y", "two")):
        assert world.get(host, path).text == text, path
    assert world.get(host, "/x").status == 404
    other = world.host()
    world.add(world.ingress(other, path="/Foo"))
    assert [world.get(other, path).status for path in ("/Foo", "/foo", "/Foobar")] == [200, 404, 404]
    world.remove(name)
    world.add(world.ingress(host, path="/Foo"), file=name)
    until(lambda: world.get(host, "/foo").status == 404)
    assert world.get(host, "/Foo").text == "one"


@pytest.mark.parametrize(
    ("path", "target", "asked", "sent"),
    [
        ("/app", "/", "/app/x/y?a=1", "/?a=1"),
        ("/app(/|$)(.*)", "/$2", "/app", "/"),
        ("/app(/|$)(.*)", "/$2", "/App//x/../y", "/y"),
        ("/(a)?(b)?x", "/-$1.$2-", "/bx", "/-.b-"),
        ("/(.*)", "/$1", "/a%20b/%3F?c=%3F", "/a%20b/%3F?c=%3F"),
        ("/v([0-9])/(.*)", "/$2/$1/$1", "/v7/a", "/a/7/7"),
        ("/a/(.+)", "/b/$1", "/a/b/c/", "/b/b/c/"),
    ],
)
def test_what_a_rewrite_makes_of_a_path(  # noqa: PLR0917
    world: World, one: Origin, path: str, target: str, asked: str, sent: str
) -> None:
    host = world.host()
    world.add(regex(world, host, path, rewrite_target=target))
    assert world.get(host, asked).status == 200
    assert one.requests[-1].target == sent


def test_the_rewrite_of_one_ingress_is_not_that_of_another(world: World, one: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, path="/a", rewrite_target="/x"), world.ingress(host, path="/ab"))
    assert world.get(host, "/a/b").status == 200
    assert one.requests[-1].target == "/x"
    assert world.get(host, "/abc").status == 200
    assert one.requests[-1].target == "/abc", "the longer text comes first, and its Ingress rewrites nothing"


@pytest.mark.parametrize("target", ["https://x.example/y", "$scheme://x", "/x?y=z", "x y"])
def test_a_rewrite_that_cannot_be_never_sends_a_request_elsewhere(world: World, one: Origin, target: str) -> None:
    host, before = world.host(), len(one.requests)
    world.add(world.ingress(host, path="/a", rewrite_target=target))
    status = world.get(host, "/a").status
    sent = [request.target for request in one.requests[before:] if request.header("host") == host]
    assert (status, sent) in ((503, []), (200, ["/a"]))


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
