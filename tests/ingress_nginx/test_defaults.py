"""Options that hold where an Ingress does not say."""

from collections.abc import Callable

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.origin import Answer

Start = Callable[..., World]
OWN = "own.example"
OTHER = "other.example"


def test_cookies_and_redirects_of_backends(start: Start) -> None:
    world = start(
        options={
            "proxy-cookie-domain": "inner.example outer.example",
            "proxy-cookie-path": "/inner /outer",
            "proxy-redirect-from": "http://inner.example/",
            "proxy-redirect-to": "/outer/",
        }
    )
    sent = (("Set-Cookie", "a=b; Domain=inner.example; Path=/inner/x"), ("Location", "http://inner.example/y"))
    world.origins["one"].script = lambda _: Answer(200, sent)
    off = {"proxy_cookie_domain": "off", "proxy_cookie_path": "off", "proxy_redirect_from": "off"}
    world.add(world.ingress(OWN), world.ingress(OTHER, **off))
    answer, other = world.get(OWN), world.get(OTHER)
    assert answer.header("set-cookie") == "a=b; Domain=outer.example; Path=/outer/x"
    assert answer.header("location") == "/outer/y"
    assert [other.header(name.lower()) for name, _ in sent] == [value for _, value in sent]


def test_requests_that_agree_go_to_one_endpoint(start: Start) -> None:
    world = start(options={"upstream-hash-by": "$arg_user"})
    world.add(world.ingress(OWN))
    assert {world.get(OWN, "/?user=a").status for _ in range(3)} == {200}


@pytest.mark.parametrize(
    ("options", "location"),
    [
        ({}, "https://own.example/a"),
        ({"preserve-trailing-slash": "true"}, "https://own.example/a/"),
        ({"use-port-in-redirects": "true"}, "https://own.example:443/a"),
        ({"relative-redirects": "true"}, "https://own.example/a"),
    ],
)
def test_redirects_to_https(start: Start, options: dict[str, str], location: str) -> None:
    world = start(options={"force-ssl-redirect": "true", **options})
    world.add(world.ingress(OWN))
    assert world.get(OWN, "/a/").header("location") == location


def test_redirects_to_a_path(start: Start) -> None:
    world = start(options={"relative-redirects": "true"})
    world.add(
        world.ingress(OWN, permanent_redirect="/there"),
        world.ingress(OTHER, permanent_redirect="/there", relative_redirects="false"),
    )
    assert world.get(OWN).header("location") == "/there"
    assert world.get(OTHER).header("location") == "http://other.example/there"


def test_the_option_app_root_sends_nobody_anywhere(start: Start) -> None:
    """As in ingress-nginx, where only the annotation does."""
    world = start(options={"app-root": "/start"})
    world.add(world.ingress(OWN), world.ingress(OTHER, app_root="/start"))
    assert [world.get(host).status for host in (OWN, OTHER)] == [200, 302]


def test_ids_of_requests_are_those_of_clients_alone(start: Start) -> None:
    world = start(options={"generate-request-id": "false", "proxy-set-headers": "default/told"})
    world.add(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: told}\ndata: {X-Id: 'id $req_id.'}\n", world.ingress(OWN)
    )
    for headers, expect in (((), None), (("X-Request-ID: mine",), "mine"), (("X-Request-ID:",), None)):
        world.get(OWN, "/", *headers)
        asked = world.origins["one"].requests[-1]
        assert (asked.header("x-request-id"), asked.header("x-id")) == (expect, f"id {expect or ''}.")


def test_the_host_that_proxies_in_front_were_asked_for(start: Start) -> None:
    world = start(options={"forwarded-host-header": "X-Asked-For"})
    world.add(world.ingress(OWN))
    world.get(OWN, "/", "X-Asked-For: a.example", "X-Forwarded-Host: b.example")
    asked = world.origins["one"].requests[-1]
    assert asked.header("x-original-forwarded-host") == "a.example"
    assert asked.header("x-forwarded-host") == OWN


def test_which_software_answers(start: Start) -> None:
    world = start(options={"allow-backend-server-header": "true", "hide-headers": "X-Inner"})
    world.origins["one"].script = lambda _: Answer(200, (("Server", "kiwi/1"), ("X-Inner", "x")))
    world.add(world.ingress(OWN))
    answer = world.get(OWN)
    assert (answer.header("server"), answer.header("x-inner")) == ("kiwi/1", None)


def test_limits_count_by_what_the_option_says(start: Start) -> None:
    world = start(options={"limit-conn-zone-variable": "$http_x_tenant"})
    world.add(world.ingress(OWN, limit_rpm="1", limit_burst_multiplier="1"))
    statuses = {
        tenant: [world.get(OWN, "/", *headers).status for _ in range(3)]
        for tenant, headers in (("a", ("X-Tenant: a",)), ("b", ("X-Tenant: b",)), ("none", ()))
    }
    assert statuses == {"a": [200, 200, 503], "b": [200, 200, 503], "none": [200, 200, 200]}
