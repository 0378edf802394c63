"""What a backend is told, and what becomes of its answer."""

from tests.ingress_nginx.conftest import World
from tests.support.origin import Answer, Origin


def test_another_host_for_the_backend(world: World, one: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, upstream_vhost="$namespace.inner.example"))
    world.get(host)
    assert one.requests[-1].header("host") == "default.inner.example"
    assert one.requests[-1].header("x-forwarded-host") == host
    assert [name.lower() for name, _ in one.requests[-1].headers].count("host") == 1


def test_a_prefix_is_told_where_the_path_is_rewritten(world: World, one: Origin) -> None:
    rewritten, plain = world.host(), world.host()
    world.add(
        world.ingress(rewritten, path="/app", rewrite_target="/x", x_forwarded_prefix="/app"),
        world.ingress(plain, x_forwarded_prefix="/app"),
    )
    world.get(rewritten, "/app", "X-Forwarded-Prefix: /spoofed")
    assert one.requests[-1].header("x-forwarded-prefix") == "/app"
    assert one.requests[-1].target == "/x"
    world.get(plain, "/", "X-Forwarded-Prefix: /spoofed")
    assert one.requests[-1].header("x-forwarded-prefix") is None


def test_places_in_redirects_and_cookies_are_replaced(world: World, one: Origin) -> None:
    host = world.host()
    world.add(
        world.ingress(
            host,
            proxy_redirect_from="http://inner/",
            proxy_redirect_to="https://outer.example/",
            proxy_cookie_domain="inner outer.example",
            proxy_cookie_path="/app /",
        )
    )
    one.script = lambda _: Answer(
        302, (("Location", "http://inner/a"), ("Set-Cookie", "a=b; Domain=inner; Path=/app/x; HttpOnly"), ("X-Is", "x"))
    )
    answer = world.get(host)
    assert answer.header("location") == "https://outer.example/a"
    assert answer.header("set-cookie") == "a=b; Domain=outer.example; Path=//x; HttpOnly"
    assert answer.header("x-is") == "x"


def test_an_ingress_without_any_of_it_is_served_as_before(world: World, one: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host))
    one.script = lambda _: Answer(200, (("Location", "http://inner/a"), ("Set-Cookie", "a=b; Path=/app")))
    answer = world.get(host)
    assert answer.header("location") == "http://inner/a"
    assert answer.header("access-control-allow-origin") is None
