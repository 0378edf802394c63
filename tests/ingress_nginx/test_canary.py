"""A second Ingress that gets some of the requests."""

from collections import Counter

from tests.ingress_nginx.conftest import World


def canary(world: World, host: str, service: str = "two", *, path: str = "/", **annotations: str) -> str:
    return world.ingress(host, service, path=path, canary="true", **annotations)


def test_header_and_cookie_decide_by_words(world: World) -> None:
    host = world.host()
    world.add(
        world.ingress(host),
        canary(world, host, canary_by_header="X-Canary", canary_by_cookie="beta", canary_weight="0"),
    )
    assert world.get(host).text == "one"
    assert world.get(host, "/", "X-Canary: always").text == "two"
    assert world.get(host, "/", "x-canary: never", "Cookie: beta=always").text == "one"
    assert world.get(host, "/", "X-Canary: perhaps", "Cookie: a=b; beta=always").text == "two"
    assert world.get(host, "/", "Cookie: beta=never").text == "one"
    assert world.get(host, "/", "Cookie: xbeta=always").text == "one"


def test_a_value_or_a_pattern_takes_the_place_of_the_words(world: World) -> None:
    value, pattern, bad = world.host(), world.host(), world.host()
    world.add(
        *(world.ingress(host) for host in (value, pattern, bad)),
        canary(world, value, canary_by_header="X-C", canary_by_header_value="yes", canary_by_cookie="beta"),
        canary(world, pattern, canary_by_header="X-C", canary_by_header_pattern="^b[0-9]+$"),
        canary(world, bad, canary_by_header="X-C", canary_by_header_pattern="(x", canary_by_cookie="beta"),
    )
    assert world.get(value, "/", "X-C: yes").text == "two"
    assert world.get(value, "/", "X-C: always").text == "one"
    assert world.get(value, "/", "X-C: no", "Cookie: beta=always").text == "two"
    assert world.get(pattern, "/", "X-C: b12").text == "two"
    assert world.get(pattern, "/", "X-C: always").text == "one"
    assert world.get(bad, "/", "X-C: x", "Cookie: beta=always").text == "one"


def test_weights(world: World) -> None:
    never, always, half = world.host(), world.host(), world.host()
    world.add(
        *(world.ingress(host) for host in (never, always, half)),
        canary(world, never, canary_weight="0"),
        canary(world, always, canary_weight="1000", canary_weight_total="1000"),
        canary(world, half, canary_weight="50"),
    )
    assert {world.get(never).text for _ in range(20)} == {"one"}
    assert {world.get(always).text for _ in range(20)} == {"two"}
    # The chance that one of them gets none of a hundred is 2^-99.
    assert set(Counter(world.get(half).text for _ in range(100))) == {"one", "two"}


def test_a_total_counts_from_100_on(world: World) -> None:
    beyond, small, little = world.host(), world.host(), world.host()
    world.add(
        *(world.ingress(host) for host in (beyond, small, little)),
        canary(world, beyond, canary_weight="200"),
        canary(world, small, canary_weight="50", canary_weight_total="50"),
        canary(world, little, canary_weight="0", canary_weight_total="1000"),
    )
    assert {world.get(beyond).text for _ in range(20)} == {"two"}, "as much as the total is all of them"
    assert {world.get(small).text for _ in range(100)} == {"one", "two"}, "50 of 100: a smaller total means nothing"
    assert {world.get(little).text for _ in range(20)} == {"one"}


def test_a_weight_is_of_its_total(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host), canary(world, host, canary_weight="500", canary_weight_total="10000"))
    with world.client() as client:
        found = Counter(client.get(host).text for _ in range(1_000))
    # Of a thousand about 50. That there are none, or more than 200, has a chance below 10^-20.
    assert 0 < found["two"] < 200


def test_a_canary_of_expressions_makes_none_of_its_primary(world: World) -> None:
    host = world.host()
    world.add(
        world.ingress(host, path="/a"),
        canary(world, host, path="/a", canary_by_header="X-C", use_regex="true", rewrite_target="/x"),
    )
    assert world.get(host, "/ab").status == 404
    assert world.get(host, "/A").status == 404
    assert world.get(host, "/a/b", "X-C: always").text == "two"
    assert world.origins["two"].requests[-1].target == "/a/b", "of a canary nothing else is read"


def test_several_canaries_each_get_their_own(world: World) -> None:
    host = world.host()
    world.add(
        world.ingress(host),
        canary(world, host, "two", canary_by_header="X-Two"),
        canary(world, host, "errors", canary_by_header="X-Errors"),
    )
    assert world.get(host, "/", "X-Two: always").text == "two"
    assert world.get(host, "/", "X-Errors: always").status == 200
    assert world.get(host, "/", "X-Errors: never").text == "one"


def test_without_primary_nothing_and_without_endpoints_503(world: World) -> None:
    alone, empty = world.host(), world.host()
    world.add(
        canary(world, alone, canary_weight="100"),
        world.ingress(empty),
        canary(world, empty, "empty", canary_by_header="X-Canary"),
    )
    assert world.get(alone).status == 404
    assert world.get(empty, "/", "X-Canary: always").status == 503
    assert world.get(empty).text == "one"
    world.add(world.ingress(alone))
    assert world.get(alone).text == "two", "it comes to life with its primary"


def test_other_words_are_left_to_the_weight(world: World) -> None:
    always, never = world.host(), world.host()
    words = {"canary_by_header": "X-Canary", "canary_by_cookie": "beta"}
    world.add(
        *(world.ingress(host) for host in (always, never)),
        canary(world, always, canary_weight="100", **words),
        canary(world, never, canary_weight="0", **words),
    )
    for headers in (("X-Canary: perhaps",), ("Cookie: beta=perhaps",), ("X-Canary: perhaps", "Cookie: beta=perhaps")):
        assert {world.get(always, "/", *headers).text for _ in range(10)} == {"two"}
        assert {world.get(never, "/", *headers).text for _ in range(10)} == {"one"}
    assert world.get(always, "/", "X-Canary: perhaps", "Cookie: beta=never").text == "one"
    assert world.get(always, "/", "X-Canary: never").text == "one"
