"""What proxies in front say of clients, when the options let it be believed."""

from collections.abc import Callable

from tests.ingress_nginx.conftest import World
from tests.support.site import until

Start = Callable[..., World]
OWN = "own.example"


def test_the_host_in_front_is_led_to_without_its_port(start: Start) -> None:
    world = start(options={"use-forwarded-headers": "true"})
    world.add(world.ingress(OWN, tls="on"))
    for asked in ("outer.example", "outer.example:80", "outer.example:8080"):
        answer = world.get(OWN, "/a?b=c", f"X-Forwarded-Host: {asked}")
        assert (answer.status, answer.header("location")) == (308, "https://outer.example/a?b=c"), asked
    assert world.get(OWN, "/", "X-Forwarded-Proto: https").status == 200
    assert world.get(OWN, "/", "X-Forwarded-Proto: http").status == 308


def test_who_is_believed_says_where_a_request_comes_from(start: Start) -> None:
    world = start(options={})
    one = world.origins["one"]
    world.add(world.ingress(OWN))

    def told() -> tuple[str | None, ...]:
        world.get(OWN, "/", "X-Forwarded-For: 18.0.0.1, 18.0.0.2")
        names = ("X-Forwarded-For", "X-Real-IP", "X-Original-Forwarded-For")
        return tuple(one.requests[-1].header(name) for name in names)

    sent = "18.0.0.1, 18.0.0.2"
    assert told() == ("127.0.0.1", "127.0.0.1", sent)
    world.configure({"use-forwarded-headers": "true"})
    until(lambda: told() == ("18.0.0.1", "18.0.0.1", sent))
    world.configure({"use-forwarded-headers": "true", "compute-full-forwarded-for": "true"})
    until(lambda: told() == (f"{sent}, 127.0.0.1", "18.0.0.1", sent))
    world.configure({"use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.0.0.0/8"})
    until(lambda: told() == ("127.0.0.1", "127.0.0.1", sent))


def test_a_header_of_the_proxy_protocol_says_whose_a_connection_is(start: Start) -> None:
    world = start(options={"use-proxy-protocol": "false"})
    one = world.origins["one"]
    world.add(
        world.ingress(OWN),
        world.ingress("them.example", allowlist_source_range="203.0.113.0/24"),
        world.ingress("others.example", allowlist_source_range="127.0.0.0/8"),
    )

    def sent(port: int, host: str) -> int:
        with world.client() as client:
            client.send(f"PROXY TCP4 203.0.113.7 198.51.100.1 4711 {port}\r\n".encode())
            return client.get(host, "/", "X-Forwarded-For: 18.0.0.1", "X-Forwarded-Proto: ftp").status

    assert sent(1234, OWN) == 400
    world.configure({"use-proxy-protocol": "true", "proxy-real-ip-cidr": "127.0.0.0/8"})
    until(lambda: sent(1234, OWN) == 200)
    for port, scheme in ((1234, "http"), (443, "https")):
        assert sent(port, OWN) == 200
        told = one.requests[-1]
        assert (told.header("x-forwarded-port"), told.header("x-forwarded-proto")) == (str(port), scheme)
        assert (told.header("x-forwarded-for"), told.header("x-real-ip")) == ("203.0.113.7", "203.0.113.7")
    assert [sent(80, host) for host in ("them.example", "others.example")] == [200, 403]
