"""Other names of a host, and which of several is meant."""

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.site import until


def test_a_wildcard_among_them_is_any_number_of_labels(world: World) -> None:
    host, alias = world.host(), world.host()
    world.add(world.ingress(host, "two", server_alias=f".{alias}"))
    for name in (host, alias, f"x.{alias}", f"x.y.{alias}", f"X.Y.{alias.upper()}"):
        assert world.get(name).text == "two", name
    assert world.get(f"x{alias}").status == 404


def test_a_wildcard_at_the_end(world: World) -> None:
    host = world.host()
    stem = host.partition(".")[0]
    world.add(world.ingress(host, "two", server_alias=f"tail.{stem}.*"))
    for name in (f"tail.{stem}.com", f"tail.{stem}.co.uk"):
        assert world.get(name).text == "two", name
    for name in (f"tail.{stem}", f"x.tail.{stem}.com", f"tail.{stem}x.com"):
        assert world.get(name).status == 404, name


def test_an_expression(world: World) -> None:
    host = world.host()
    stem = host.partition(".")[0]
    world.add(world.ingress(host, "two", server_alias=f"~^{stem}-[0-9]+[.](?!b)[a-z]+$"))
    for name in (f"{stem}-1.a", f"{stem}-12.Anna", f"{stem}-1.ab"):
        assert world.get(name).text == "two", name
    for name in (f"{stem}-1.b", f"x{stem}-1.a", f"{stem}-.a", f"{stem}-1.a.b"):
        assert world.get(name).status == 404, name


@pytest.mark.parametrize(("younger", "elder"), [("one", "two"), ("two", "one")])
def test_a_host_comes_first_then_the_longest_wildcard_then_an_expression(
    world: World, younger: str, elder: str
) -> None:
    host = world.host()
    world.add(
        world.ingress(f"a.{host}", younger, server_alias=f"*.{host}, ~{host}$"),
        world.ingress(f"b.{host}", elder, server_alias=f"*.more.{host}"),
        world.ingress(f"'*.c.{host}'", elder),
    )
    expected = {
        f"x.{host}": younger,
        f"x.y.{host}": younger,
        f"x.more.{host}": elder,
        f"b.{host}": elder,
        host: younger,
    }
    assert {name: world.get(name).text for name in expected} == expected
    assert world.get(f"x.c.{host}").text == younger, (
        "a wildcard of an Ingress comes after those of aliases, as in nginx"
    )


def test_a_host_of_an_ingress_takes_its_name_back(world: World) -> None:
    host = world.host()
    world.add(world.ingress(f"a.{host}", "two", server_alias=f"*.{host}"))
    assert world.get(f"x.y.{host}").text == "two"
    name = world.add(world.ingress(f"'*.{host}'", "one"))
    assert world.get(f"x.{host}").text == "one"
    assert world.get(f"x.y.{host}").status == 404
    world.remove(name)
    until(lambda: world.get(f"x.{host}").text == "two")


def test_an_alias_is_protected_as_its_host_is(world: World) -> None:
    host = world.host()
    world.add(
        world.ingress(host, server_alias=f"*.{host}, ~^{host}x", denylist_source_range="0.0.0.0/0"),
    )
    assert [world.get(name).status for name in (host, f"a.b.{host}", f"{host}x")] == [403, 403, 403]


def test_an_expression_that_is_wrong_closes_the_routes(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, server_alias="~^a(b"))
    assert world.get(host).status == 503


def test_it_comes_and_goes(world: World) -> None:
    host = world.host()
    name = world.add(world.ingress(host, "two", server_alias=f"~^{host}-"))
    assert world.get(f"{host}-x").text == "two"
    world.remove(name)
    until(lambda: world.get(f"{host}-x").status == 404)
