"""Cross-origin requests."""

import pytest

from tests.ingress_nginx.conftest import World
from tests.ingress_nginx.test_access import SHA1, secret
from tests.support.origin import Answer, Origin

LISTED = "https://a.example, http://*.b.example:8080, null, app://c.example"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://a.example", True),
        ("HTTPS://A.example", True),
        ("http://x.b.example:8080", True),
        ("null", True),
        ("app://c.example", True),
        ("http://a.example", False),
        ("https://x.a.example", False),
        ("http://b.example:8080", False),
        ("http://x.y.b.example:8080", False),
        ("http://x.b.example", False),
        ("https://a.example.evil.example", False),
    ],
)
def test_origins(world: World, one: Origin, origin: str, *, allowed: bool) -> None:
    host = world.host()
    world.add(world.ingress(host, enable_cors="true", cors_allow_origin=LISTED))
    one.script = lambda _: Answer(200, (("Access-Control-Allow-Origin", "https://backend.example"),), (b"own",))
    before = len(one.requests)
    preflight = world.send(host, "OPTIONS /", f"Origin: {origin}")
    answer = world.get(host, "/", f"Origin: {origin}")
    assert answer.header("access-control-allow-origin") == (origin if allowed else None)
    assert answer.header("vary") == "Origin"
    assert preflight.status == (204 if allowed else 200)
    assert len(one.requests) - before == (1 if allowed else 2)


def test_what_a_preflight_is_told(world: World) -> None:
    host = world.host()
    world.add(
        world.ingress(
            host,
            tls="on",
            enable_cors="true",
            cors_allow_methods="GET,PUT",
            cors_allow_headers="X-One",
            cors_expose_headers="X-Two",
            cors_allow_credentials="false",
            cors_max_age="60",
            allowlist_source_range="192.0.2.0/24",
        )
    )
    answer = world.send(host, "OPTIONS /x", "Origin: https://any.example")
    assert answer.status == 204, "before https, and before the addresses"
    told = {name.lower(): value for name, value in answer.headers if name.lower().startswith("access-control-")}
    assert told == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": "X-One",
        "access-control-expose-headers": "X-Two",
        "access-control-max-age": "60",
    }
    assert world.get(host).header("access-control-allow-origin") == "*", "of the redirect to https, without an Origin"


def test_a_request_for_a_password_may_be_read_too(world: World) -> None:
    host = world.host()
    world.add(
        secret("cors", "auth", f"ann:{SHA1}"),
        world.ingress(host, enable_cors="true", auth_type="basic", auth_secret="cors"),
    )
    answer = world.get(host, "/", "Origin: https://any.example")
    assert (answer.status, answer.header("access-control-allow-origin")) == (401, "*")


def test_errors_may_be_read_too(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, enable_cors="true", allowlist_source_range="192.0.2.0/24"))
    answer = world.get(host, "/", "Origin: https://any.example")
    assert (answer.status, answer.header("access-control-allow-origin")) == (403, "*")
    assert answer.header("access-control-allow-credentials") == "true"
