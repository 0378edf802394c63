"""The cookie that keeps a client with its endpoint: who gets one, and what it says."""

from tests.ingress_nginx.conftest import World

COOKIE = {"affinity": "cookie", "session_cookie_name": "stay"}


def attributes(cookie: str | None) -> dict[str, str]:
    """In lower case, without the value."""
    assert cookie is not None
    named = (part.strip().partition("=") for part in cookie.split(";")[1:])
    return {name.lower(): value for name, _, value in named}


def test_the_first_answer_has_a_cookie_and_those_after_it_do_not(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, path="/app", **COOKIE))
    cookie = world.get(host, "/app/x").header("set-cookie")
    assert cookie is not None
    assert cookie.startswith("stay=")
    assert attributes(cookie) == {"path": "/app", "httponly": ""}
    again = world.get(host, "/app/y", f"Cookie: {cookie.partition(';')[0]}")
    assert (again.text, again.header("set-cookie")) == ("one", None)


def test_another_ingress_of_the_host_gives_none(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, path="/app", **COOKIE), world.ingress(host, "two", path="/plain"))
    assert world.get(host, "/app").header("set-cookie") is not None
    assert world.get(host, "/plain").header("set-cookie") is None


def test_it_says_what_the_annotations_ask_for(world: World) -> None:
    host = world.host()
    world.add(
        world.ingress(
            host,
            **COOKIE,
            session_cookie_path="/all",
            session_cookie_domain="shop.example",
            session_cookie_max_age="60",
            session_cookie_expires="60",
            session_cookie_secure="true",
            session_cookie_samesite="Lax",
        )
    )
    found = attributes(world.get(host).header("set-cookie"))
    assert found.pop("expires").endswith("GMT")
    assert found == {
        "path": "/all",
        "domain": "shop.example",
        "max-age": "60",
        "secure": "",
        "samesite": "Lax",
        "httponly": "",
    }


def test_over_tls_it_is_for_tls_alone(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, **COOKIE))
    assert "secure" in attributes(world.get_tls(host).header("set-cookie"))
    assert "secure" not in attributes(world.get(host).header("set-cookie"))


def test_the_path_of_a_regular_expression_is_no_path_of_a_cookie(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, path="/", use_regex="true", **COOKIE))
    assert attributes(world.get(host).header("set-cookie"))["path"] == "/"
