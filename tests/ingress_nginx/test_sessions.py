"""The cookie that keeps a client with its endpoint: who gets one, and what it says."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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


def test_the_rest_of_what_it_may_say(world: World) -> None:
    cases: dict[str, dict[str, str]] = {
        "usual": {},
        "none": {"session_cookie_samesite": "None"},
        "strict": {"session_cookie_samesite": "Strict"},
        "odd": {"session_cookie_samesite": "Perhaps"},
        "past": {"session_cookie_expires": "-60"},
        "open": {"session_cookie_secure": "false"},
        "what": {"session_cookie_max_age": "soon"},
    }
    hosts = {name: world.host() for name in cases}
    world.add(*(world.ingress(hosts[name], **COOKIE, **notes) for name, notes in cases.items()))
    found = {name: attributes(world.get_tls(host).header("set-cookie")) for name, host in hosts.items()}
    usual = {"path": "/", "httponly": "", "secure": ""}
    expires = parsedate_to_datetime(found["past"].pop("expires"))
    assert expires < datetime.now(UTC)
    assert found == {
        "usual": usual,
        "none": usual | {"samesite": "None"},
        "strict": usual | {"samesite": "Strict"},
        "odd": usual,
        "past": usual,
        "open": usual,
        "what": usual,
    }


def test_a_name_that_is_none_is_the_usual_one(world: World) -> None:
    unnamed, wrong, other = world.host(), world.host(), world.host()
    world.add(
        world.ingress(unnamed, affinity="cookie"),
        world.ingress(wrong, affinity="cookie", session_cookie_name="a b"),
        world.ingress(other, affinity="ip"),
    )
    for host in (unnamed, wrong):
        assert (world.get(host).header("set-cookie") or "").startswith("INGRESSCOOKIE=")
    assert world.get(other).header("set-cookie") is None
