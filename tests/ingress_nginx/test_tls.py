"""Which certificate is shown, what that has to do with redirects, and what is said about certificates."""

import re
import ssl
from collections.abc import Callable

import pytest

from tests.ingress_nginx.conftest import World
from tests.ingress_nginx.manifests import certificate, ingress, path, rule
from tests.support.raw_client import RawClient
from tests.support.site import until

Start = Callable[..., World]


def entry(secret: str, *hosts: str) -> dict[str, object]:
    found: dict[str, object] = {"hosts": list(hosts)} if hosts else {}
    return {**found, "secretName": secret} if secret else found


def test_each_host_shows_its_own_and_others_the_default_one(world: World) -> None:
    first, second = world.host(), world.host()
    world.add(
        certificate("first", first),
        certificate("second", second),
        ingress(
            f"tls-{first}",
            rule(first, path("/")),
            rule(second, path("/")),
            tls=[entry("first", first), entry("second", second)],
        ),
    )
    assert world.shown(first) == {first}
    assert world.shown(second) == {second}
    for name in (first.upper(), f"{first}.", f"{first.title()}."):
        assert world.shown(name) == {first}, name
    others = world.shown("nobody.example.org")
    assert others.isdisjoint({first, second})
    assert world.get_tls(first).text == "one"
    assert world.get_tls(first, name="nobody.example.org").text == "one", "the host of the request decides"
    assert world.get(first).status == 308


def test_a_secret_may_come_change_and_go_while_the_redirect_stays(world: World) -> None:
    host = world.host()
    world.add(ingress(f"tls-{host}", rule(host, path("/")), tls=[entry(f"s-{host}", host)]))
    assert host not in world.shown(host)
    assert world.get(host).status == 308, "also while the Secret is missing"
    assert world.get_tls(host).status == 200
    secret = world.add(certificate(f"s-{host}", host))
    assert world.shown(host) == {host}
    world.remove(secret)
    until(lambda: host not in world.shown(host))
    world.add(certificate(f"s-{host}", host, "second.example"))
    assert world.shown(host) == {host, "second.example"}
    assert world.get(host).status == 308


def test_without_its_tls_entry_a_host_is_served_in_the_open(world: World) -> None:
    host = world.host()
    ingresses = [ingress(f"tls-{host}", rule(host, path("/")), tls=tls) for tls in ([entry("", host)], [])]
    with_tls = world.add(ingresses[0])
    assert world.get(host).status == 308, "an entry without a Secret counts"
    world.remove(with_tls)
    world.add(ingresses[1])
    assert world.get(host).status == 200
    assert world.get_tls(host).status == 200, "with the default certificate"


def test_a_wildcard_certificate_is_shown_for_one_label(world: World) -> None:
    apex = world.host()
    wild, deep = f"*.{apex}", f"a.b.{apex}"
    world.add(
        certificate("wild", wild),
        ingress(
            f"wild-{apex}",
            *(rule(host, path("/")) for host in (wild, f"own.{apex}", deep)),
            tls=[entry("wild", wild, f"own.{apex}", deep)],
        ),
    )
    assert world.shown(f"x.{apex}") == {wild}
    assert world.shown(f"own.{apex}") == {wild}
    assert wild not in world.shown(deep), "it does not cover two labels"
    assert world.get(deep).status == 308


def test_a_certificate_for_other_names_is_not_shown_and_said_to_be_wrong(world: World) -> None:
    host = world.host()
    world.add(
        certificate(f"s-{host}", "elsewhere.example"),
        ingress(f"tls-{host}", rule(host, path("/")), tls=[entry(f"s-{host}", host)]),
    )
    assert world.shown(host).isdisjoint({host, "elsewhere.example"})
    world.gateway.err.wait(rf"GW263 .*{re.escape(f's-{host}')}.* is for .*elsewhere.example, not for")


def test_a_certificate_that_has_expired_is_shown_and_said_to_be_old(world: World) -> None:
    host = world.host()
    world.add(
        certificate(f"s-{host}", host, days=0.5),
        ingress(f"tls-{host}", rule(host, path("/")), tls=[entry(f"s-{host}", host)]),
    )
    assert world.shown(host) == {host}
    world.gateway.err.wait(rf"GW264 .*{re.escape(f's-{host}')}.*expired")


def test_a_secret_without_hosts_is_for_those_that_it_covers(world: World) -> None:
    host, other = world.host(), world.host()
    world.add(
        certificate(f"s-{host}", host),
        ingress(f"tls-{host}", rule(host, path("/")), rule(other, path("/")), tls=[entry(f"s-{host}")]),
    )
    assert world.shown(host) == {host}
    assert host not in world.shown(other)


def test_the_first_ingress_with_tls_decides_for_a_host(world: World) -> None:
    host = world.host()
    world.add(
        certificate(f"a-{host}", host, "a.example"),
        certificate(f"b-{host}", host, "b.example"),
        ingress(f"none-{host}", rule(host, path("/none")), born=1),
        ingress(f"old-{host}", rule(host, path("/old")), born=2, tls=[entry(f"a-{host}", host)]),
        ingress(f"new-{host}", rule(host, path("/new")), born=3, tls=[entry(f"b-{host}", host)]),
    )
    assert world.shown(host) == {host, "a.example"}
    assert [world.get(host, text).status for text in ("/none", "/old", "/new")] == [308, 308, 308]


def test_the_default_certificate_can_be_chosen(start: Start) -> None:
    world = start("--default-ssl-certificate=default/for-all")
    world.add(
        certificate("for-all", "for-all.example"),
        ingress("bare", rule("bare.example", path("/")), tls=[entry("", "bare.example")]),
    )
    assert world.shown("nobody.example.org") == {"for-all.example"}
    assert world.shown("bare.example") == {"for-all.example"}


def test_names_that_nobody_has_can_be_refused(start: Start) -> None:
    world = start(options={"ssl-reject-handshake": "true"})
    world.add(
        certificate("own", "own.example"),
        ingress("own", rule("own.example", path("/")), tls=[entry("own", "own.example")]),
    )
    assert world.shown("own.example") == {"own.example"}
    with pytest.raises((ssl.SSLError, ConnectionError)):
        world.shown("nobody.example.org")


def test_hsts_is_told_over_tls_alone_and_as_the_options_say(start: Start) -> None:
    world = start(options={"hsts-max-age": "86400", "hsts-include-subdomains": "false", "hsts-preload": "true"})
    world.add(world.ingress("own.example"))
    assert world.get_tls("own.example").header("strict-transport-security") == "max-age=86400; preload"
    assert world.get_tls("nobody.example").status == 404
    assert world.get("own.example").header("strict-transport-security") is None


def test_hsts_can_be_left_out(start: Start) -> None:
    world = start(options={"hsts": "false"})
    world.add(world.ingress("own.example"))
    assert world.get_tls("own.example").header("strict-transport-security") is None


def test_suites_are_those_that_the_host_and_the_options_ask_for(start: Start) -> None:
    aes, chacha = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"
    world = start(options={"ssl-ciphers": aes, "ssl-protocols": "TLSv1.2"})
    world.add(
        world.ingress("plain.example", tls="yes"),
        world.ingress("own.example", tls="yes", ssl_ciphers=f"{chacha}:{aes}"),
        world.ingress("client.example", tls="yes", ssl_ciphers=f"{chacha}:{aes}", ssl_prefer_server_ciphers="false"),
    )
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.set_ciphers(f"{aes}:{chacha}")
    chosen = {}
    for name in ("plain", "own", "client"):
        with RawClient(world.gateway.address("https"), tls=client, server_name=f"{name}.example") as made:
            assert isinstance(made.socket, ssl.SSLSocket)
            chosen[name] = (made.socket.cipher() or (None,))[:2]
    assert chosen == {"plain": (aes, "TLSv1.2"), "own": (chacha, "TLSv1.2"), "client": (aes, "TLSv1.2")}
