"""Answers that send the client elsewhere, and what comes before what."""

import pytest

from tests.ingress_nginx.conftest import World


def test_app_root_is_for_the_root_alone_and_comes_before_https(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, app_root="/home", tls="on"))
    answer = world.get(host, "/?a=b")
    assert (answer.status, answer.header("location")) == (302, f"http://{host}/home")
    assert world.get(host, "/x").header("location") == f"https://{host}/x"


@pytest.mark.parametrize(
    ("annotations", "status", "location"),
    [
        ({"permanent_redirect": "https://new.example/a?b"}, 301, "https://new.example/a?b"),
        ({"permanent_redirect": "/new"}, 301, "http://{host}/new"),
        ({"permanent_redirect": "/new", "relative_redirects": "true"}, 301, "/new"),
        ({"permanent_redirect": "/new", "permanent_redirect_code": "308"}, 308, "http://{host}/new"),
        ({"permanent_redirect": "/new", "permanent_redirect_code": "500"}, 301, "http://{host}/new"),
        ({"temporal_redirect": "/now", "permanent_redirect": "/new"}, 302, "http://{host}/now"),
        ({"temporal_redirect": "/now", "temporal_redirect_code": "308"}, 302, "http://{host}/now"),
    ],
)
def test_redirects_of_a_route(world: World, annotations: dict[str, str], status: int, location: str) -> None:
    host = world.host()
    world.add(world.ingress(host, tls="on", **annotations))
    answer = world.get(host, "/path?query")
    assert (answer.status, answer.header("location")) == (status, location.format(host=host))


def test_a_slash_at_the_end_is_kept_where_it_is_asked_for(world: World) -> None:
    kept, dropped = world.host(), world.host()
    world.add(world.ingress(kept, tls="on", preserve_trailing_slash="true"), world.ingress(dropped, tls="on"))
    assert world.get(kept, "/a/").header("location") == f"https://{kept}/a/"
    assert world.get(dropped, "/a/").header("location") == f"https://{dropped}/a"


def test_the_sibling_with_www_leads_to_the_host_unless_it_is_one_itself(world: World) -> None:
    host, other = world.host(), world.host()
    world.add(
        world.ingress(host, from_to_www_redirect="true"),
        world.ingress(other, from_to_www_redirect="true"),
        world.ingress(f"www.{other}", "two"),
    )
    answer = world.get(f"www.{host}", "/a/b?c")
    assert (answer.status, answer.header("location")) == (308, f"http://{host}:80/a/b?c")
    assert world.get(f"www.{host}").header("location") == f"http://{host}:80"
    assert world.get_tls(f"www.{host}").header("location") == f"https://{host}:443"
    assert world.get_tls(f"www.{host}", "/a/b?c").header("location") == f"https://{host}:443/a/b?c"
    assert world.get(f"www.{other}").text == "two"
    assert world.get(host).text == "one"


def test_aliases_are_served_as_the_host_is(world: World) -> None:
    host, alias = world.host(), world.host()
    world.add(world.ingress(host, "two", server_alias=f"{alias}, *.{alias}"))
    assert world.get(alias).text == "two"
    assert world.get(f"x.{alias}").text == "two"
    assert world.get(f"y.{host}").status == 404


def test_challenges_are_not_sent_to_https(world: World) -> None:
    host = world.host()
    challenge = "/.well-known/acme-challenge/token"
    world.add(world.ingress(host, tls="on"), world.ingress(host, "two", path=challenge, tls="on"))
    assert world.get(host, challenge).text == "two"
    assert world.get(host).status == 308


def test_a_body_that_is_too_large_is_not_redirected(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, permanent_redirect="/new", proxy_body_size="10"))
    assert world.send(host, "POST /", "Content-Length: 11", body=b"x" * 11).status == 413
