"""Who is let in by another service: what it is asked, and what becomes of its answers."""

import itertools
import posixpath
import threading
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from tests.ingress_nginx.conftest import World
from tests.ingress_nginx.test_access import ELSEWHERE, HERE, SHA1, basic, secret
from tests.support.origin import Answer, Origin, Script

URL = "http://auth.default.svc.cluster.local/verify?from=$http_x_from"
PASSWORD = (basic("ann:secret"),)
SIGNIN = "https://login.example.com/start"


def says(answer: Answer) -> Script:
    return lambda _: answer


def test_a_request_passes_where_the_service_says_so(world: World, one: Origin, auth: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, auth_response_headers="X-User, X-Absent"))
    auth.script = says(Answer(204, (("X-User", "ann"), ("X-Other", "1"))))
    before = len(one.requests)
    headers = ("X-From: here", "X-User: eve", "X-Absent: eve", "x-sent-from: eve", "Cookie: a=b", "X-Original-URL: /e")
    answer = world.send(host, "POST /a/b?c=d", *headers, "Content-Length: 4", body=b"body")
    assert (answer.status, answer.text) == (200, "one")
    (asked,) = auth.requests
    assert (asked.method, asked.target, asked.body) == ("GET", "/verify?from=here", b"")
    told = dict.fromkeys(name.lower() for name, _ in asked.headers)
    assert {name: asked.header(name) for name in told} == {
        "host": "auth.default.svc.cluster.local",
        "x-request-id": asked.header("x-request-id"),
        "x-original-url": f"http://{host}/a/b?c=d",
        "x-original-method": "POST",
        "x-sent-from": "nginx-ingress-controller",
        "x-real-ip": "127.0.0.1",
        "x-forwarded-for": "127.0.0.1",
        "x-auth-request-redirect": "/a/b?c=d",
        "x-from": "here",
        "x-user": "eve",
        "x-absent": "eve",
        "cookie": "a=b",
    }
    assert len(asked.headers) == len(told), "none is sent twice"
    (received,) = one.requests[before:]
    assert (received.method, received.target, received.body) == ("POST", "/a/b?c=d", b"body")
    assert [value for name, value in received.headers if name.lower() == "x-user"] == ["ann"]
    assert received.header("x-absent") is None
    assert received.header("x-other") is None
    assert asked.header("x-request-id") == received.header("x-request-id")


def test_a_method_tells_more_of_the_request(world: World, auth: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, auth_method="HEAD", auth_request_redirect="https://$host$request_uri"))
    auth.script = says(Answer(200))
    for _ in range(2):
        assert world.get(host, "/x?y").status == 200
    asked = auth.requests[-1]
    assert asked.method == "HEAD"
    assert asked.header("x-original-uri") == "/x?y"
    assert asked.header("x-scheme") == "http"
    assert asked.header("x-auth-request-redirect") == f"https://{host}/x?y"


OPEN = [200, 201, 202, 204, 206, 226, 299]
SHUT = [300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 407, 418, 429, 451, 500, 501, 502, 503, 504, 599]
RAW = {
    "nothing": b"",
    "half a line": b"HTTP/1.1 2",
    "half a head": b"HTTP/1.1 200 OK\r\nX-A: b\r\n",
    "no HTTP": b"hello\r\n\r\n",
    "another version": b"HTTP/3.0 200 OK\r\n\r\n",
    "a status too long": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status too short": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status below all": b"HTTP/1.1 000 OK\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a folded line": b"HTTP/1.1 200 OK\r\nX-User: a\r\n b\r\n\r\n",
    "a name with a space": b"HTTP/1.1 200 OK\r\nX User: a\r\n\r\n",
    "a zero byte": b"HTTP/1.1 200 OK\r\nX-User: a\0b\r\n\r\n",
    "a head too large": b"HTTP/1.1 200 OK\r\nX-User: " + b"a" * 200_000 + b"\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "hints without end": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}
CUT_SHORT = ("nothing", "half a line", "half a head")


def guarded(world: World, **annotations: str) -> str:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, proxy_read_timeout="1", **annotations))
    return host


def test_nothing_but_2xx_lets_a_request_pass(world: World, one: Origin, auth: Origin) -> None:
    host = guarded(world, auth_response_headers="X-User", custom_http_errors="404,500,503", default_backend="errors")
    before = len(one.requests)
    with world.client() as client:
        for status in SHUT:
            auth.script = says(Answer(status, (("X-User", "ann"),), (b"body",)))
            expected = status if status in (401, 403) else 500
            answer = client.get(host)
            assert answer.status in (expected, 200), status
            assert answer.text != "one"
        for why, raw in RAW.items():
            auth.script = says(Answer(raw=raw))
            answer = world.get(host)
            assert answer.text != "one", why
        assert one.requests[before:] == []
        for status in OPEN:
            auth.script = says(Answer(status))
            assert client.get(host).text == "one", status
    assert len(one.requests) == before + len(OPEN)


@pytest.mark.parametrize("why", RAW)
def test_what_is_no_answer_is_500(world: World, one: Origin, auth: Origin, why: str) -> None:
    host = guarded(world)
    auth.script = says(Answer(raw=RAW[why]))
    before = len(one.requests)
    answer = world.get(host, "/", "Accept: application/json")
    assert answer.status == 500
    code = "broken" if why in CUT_SHORT else "bad_answer"
    assert f'"code":"authorisation_{code}"' in answer.text
    assert len(one.requests) == before


@pytest.mark.parametrize("status", SHUT)
def test_only_two_statuses_are_passed_on(world: World, one: Origin, auth: Origin, status: int) -> None:
    host = guarded(world)
    challenge = ("WWW-Authenticate", 'Bearer realm="x"')
    auth.script = says(Answer(status, (challenge, ("X-User", "ann"), ("Set-Cookie", "a=b")), (b"secret",)))
    before = len(one.requests)
    answer = world.get(host)
    assert answer.status == (status if status in (401, 403) else 500)
    assert answer.header("www-authenticate") == (challenge[1] if status == 401 else None)
    assert answer.header("set-cookie") is None
    assert "secret" not in answer.text
    assert len(one.requests) == before


def test_a_service_that_does_not_answer(world: World, one: Origin, auth: Origin) -> None:
    host, nobody = guarded(world), world.host()
    world.add(
        world.ingress(nobody, auth_url="http://nobody.default.svc.cluster.local/"),
        world.ingress(f"x.{nobody}", auth_url="http://127.0.0.1/"),
        world.ingress(f"y.{nobody}", auth_url="https://invalid..auth.url"),
    )
    before = len(one.requests)
    auth.gate = gate = threading.Event()
    try:
        assert world.get(host).status == 500
    finally:
        auth.gate = None
        gate.set()
    assert [world.get(name).status for name in (nobody, f"x.{nobody}", f"y.{nobody}")] == [500, 500, 503]
    assert len(one.requests) == before
    assert world.get(host).status == 200, "and once it answers again"


@pytest.mark.parametrize(
    ("annotations", "location"),
    [
        ({}, "https://login.example.com/start?rd=http://{host}%2Fa%3Fb%3Dc%26d"),
        ({"auth_signin": f"{SIGNIN}?x=y"}, "https://login.example.com/start?x=y&rd=http://{host}%2Fa%3Fb%3Dc%26d"),
        ({"auth_signin": f"{SIGNIN}?rd=https://$host"}, "https://login.example.com/start?rd=https://{host}"),
        ({"auth_signin_redirect_param": "orig"}, "https://login.example.com/start?orig=http://{host}%2Fa%3Fb%3Dc%26d"),
    ],
)
def test_who_is_not_signed_in_is_sent_to_where_they_can(
    world: World, auth: Origin, annotations: dict[str, str], location: str
) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, **({"auth_signin": SIGNIN} | annotations)))
    auth.script = says(Answer(401, (("Set-Cookie", "state=1; Path=/"),)))
    answer = world.get(host, "/a?b=c&d")
    assert answer.status == 302
    assert answer.header("location") == location.format(host=host)
    assert answer.header("set-cookie") == "state=1; Path=/"
    auth.script = says(Answer(403))
    assert world.get(host).status == 403


@pytest.mark.parametrize(("always", "failing"), [("false", None), ("true", "a=b")])
def test_cookies_of_the_service(world: World, one: Origin, auth: Origin, always: str, failing: str | None) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, auth_always_set_cookie=always))
    auth.script = says(Answer(200, (("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"))))
    assert [value for name, value in world.get(host).headers if name.lower() == "set-cookie"] == ["a=b", "c=d"]
    one.script = says(Answer(500))
    assert world.get(host).header("set-cookie") == failing
    one.script = says(Answer(307))
    assert world.get(host).header("set-cookie") == "a=b"
    auth.script = says(Answer(401, (("Set-Cookie", "a=b"),)))
    assert world.get(host).header("set-cookie") == failing


def test_answers_are_remembered_by_their_key(world: World, auth: Origin) -> None:
    host, other = world.host(), world.host()
    world.add(
        world.ingress(host, auth_url=URL, auth_cache_key="$http_authorization", auth_response_headers="X-User"),
        world.ingress(host, auth_url=URL, auth_cache_key="$http_authorization", path="/other"),
        world.ingress(other, auth_url=URL, auth_cache_key="$http_authorization"),
    )
    auth.script = lambda asked: Answer(200 if asked.header("authorization") == "Bearer ann" else 401)
    for _ in range(5):  # on connections of their own, so that several workers are asked
        assert world.get(host, "/", "Authorization: Bearer ann").status == 200
        assert world.get(host, "/", "Authorization: Bearer eve").status == 401
    assert len(auth.requests) == 2
    auth.script = says(Answer(500))
    assert world.get(host, "/", "Authorization: Bearer ann").status == 200
    assert world.get(host, "/", "Authorization: Bearer new").status == 500
    assert world.get(host, "/other", "Authorization: Bearer ann").status == 500
    assert world.get(other, "/", "Authorization: Bearer ann").status == 500


def test_answers_are_remembered_no_longer_than_they_want(world: World, auth: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, auth_cache_key="$http_x_key", auth_cache_duration="200 1h"))
    cases = {"a": ("Cache-Control", "no-store"), "b": ("Set-Cookie", "a=b"), "c": ("Vary", "Cookie")}
    for key, header in cases.items():
        auth.script = says(Answer(200, (header,)))
        auth.requests.clear()
        assert [world.get(host, "/", f"X-Key: {key}").status for _ in range(2)] == [200, 200]
        assert len(auth.requests) == 2, key
    auth.script = says(Answer(401))
    auth.requests.clear()
    assert [world.get(host, "/", "X-Key: d").status for _ in range(2)] == [401, 401]
    assert len(auth.requests) == 2, "of statuses that are not named nothing is remembered"


@pytest.mark.parametrize(
    ("annotations", "service", "headers", "status"),
    [
        ({"satisfy": "all", "allowlist_source_range": HERE}, 200, PASSWORD, 200),
        ({"satisfy": "all", "allowlist_source_range": HERE}, 200, (), 401),
        ({"satisfy": "all", "allowlist_source_range": HERE}, 403, PASSWORD, 403),
        ({"satisfy": "all", "allowlist_source_range": ELSEWHERE}, 200, PASSWORD, 403),
        ({"satisfy": "any", "allowlist_source_range": HERE}, 403, (), 200),
        ({"satisfy": "any", "allowlist_source_range": ELSEWHERE}, 200, (), 200),
        ({"satisfy": "any", "allowlist_source_range": ELSEWHERE}, 403, PASSWORD, 200),
        ({"satisfy": "any", "allowlist_source_range": ELSEWHERE}, 403, (), 401),
        ({"satisfy": "any", "allowlist_source_range": ELSEWHERE}, 500, (), 500),
        ({"satisfy": "any", "allowlist_source_range": ELSEWHERE, "auth_signin": SIGNIN}, 401, (), 302),
        ({"satisfy": "any"}, 403, (), 401),
        ({"satisfy": "any"}, 403, PASSWORD, 200),
        ({"satisfy": "any"}, 204, (), 200),
        ({"satisfy": "all", "auth_signin": SIGNIN}, 200, (), 302),
    ],
)
def test_addresses_passwords_and_the_service_together(  # noqa: PLR0917
    world: World,
    one: Origin,
    auth: Origin,
    annotations: dict[str, str],
    service: int,
    headers: tuple[str, ...],
    status: int,
) -> None:
    host = world.host()
    world.add(
        secret("satisfied", "auth", f"ann:{SHA1}"),
        world.ingress(host, auth_url=URL, auth_type="basic", auth_secret="satisfied", **annotations),
    )
    auth.script = says(Answer(service))
    before = len(one.requests)
    assert world.get(host, "/", *headers).status == status
    assert len(one.requests) == before + (status == 200)


def test_without_a_password_either_address_or_service_is_enough(world: World, auth: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL, satisfy="any", allowlist_source_range=ELSEWHERE))
    auth.script = says(Answer(403))
    assert world.get(host).status == 403
    auth.script = says(Answer(200))
    assert world.get(host).status == 200


def test_the_service_of_the_own_host_is_asked_without_leaving_the_gateway(
    world: World, one: Origin, auth: Origin
) -> None:
    host = world.host()
    world.add(
        world.ingress(host, auth_url="https://$host/oauth2/auth?x=$arg_y", auth_response_headers="X-User"),
        world.ingress(host, "auth", path="/oauth2"),
        world.ingress(f"looped.{host}", auth_url="https://$host/oauth2/auth"),
    )
    auth.script = says(Answer(202, (("X-User", "ann"),)))
    assert world.get(host, "/a?y=z").text == "one"
    (asked,) = auth.requests
    assert (asked.target, asked.header("host"), asked.header("x-forwarded-host")) == ("/oauth2/auth?x=z", host, host)
    assert one.requests[-1].header("x-user") == "ann"
    before = len(one.requests)
    assert world.get(f"looped.{host}").status == 500, "a route that asks itself is asked nothing"
    auth.script = says(Answer(401))
    assert world.get(host).status == 401
    assert len(one.requests) == before


def test_more_headers_for_the_service_follow_their_config_map(world: World, auth: Origin) -> None:
    host = world.host()
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: told}}\ndata: {{X-Tenant: {0}, X-Host: $host}}\n"
    world.add(config.format("a"), world.ingress(host, auth_url=URL, auth_proxy_set_headers="told"))
    assert world.get(host, "/", "X-Tenant: eve").status == 200
    assert [value for name, value in auth.requests[-1].headers if name.lower() == "x-tenant"] == ["a"]
    assert auth.requests[-1].header("x-host") == host


def test_a_service_that_closes_its_connections_is_asked_anew(world: World, auth: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, auth_url=URL))
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    auth.script = says(Answer(raw=raw))  # it says that it stays, and closes
    assert [world.get(host).status for _ in range(20)] == [200] * 20
    auth.script = says(Answer(200, pieces=(b"a", b"b"), chunked=True))
    assert [world.get(host).status for _ in range(5)] == [200] * 5


def test_challenges_preflights_and_redirects_ask_nobody(world: World, auth: Origin) -> None:
    host, challenge = world.host(), world.host()
    world.add(
        world.ingress(host, auth_url=URL, enable_cors="true", force_ssl_redirect="true"),
        world.ingress(challenge, auth_url=URL, path="/.well-known/acme-challenge/x"),
    )
    auth.script = says(Answer(401))
    preflight = ("Origin: https://a.example", "Access-Control-Request-Method: GET")
    assert world.send(host, "OPTIONS /", *preflight).status == 204
    assert world.get(host).status == 308
    assert world.get(challenge, "/.well-known/acme-challenge/x").status == 200
    assert auth.requests == []


def test_what_is_asked_for_everybody(start: Callable[..., World]) -> None:
    world = start(
        options={
            "global-auth-url": URL,
            "global-auth-response-headers": "X-User",
            "global-auth-signin": SIGNIN,
            "global-auth-request-redirect": "/home",
            "no-auth-locations": "/free",
        }
    )
    auth, one = world.origins["auth"], world.origins["one"]
    host, without, own = world.host(), world.host(), world.host()
    auth.script = says(Answer(403))
    world.add(
        world.ingress(host),
        world.ingress(host, path="/free/of/it"),
        world.ingress(without, enable_global_auth="false"),
        world.ingress(own, auth_url="http://auth.default.svc.cluster.local/own"),
    )
    assert world.get(host).status == 403
    assert world.get(host, "/free/of/it").text == "one"
    assert world.get(without).text == "one"
    assert world.get(own).status == 403
    asked = [one for one in auth.requests if "marker" not in (one.header("x-original-url") or "")]
    assert [(one.target, one.header("x-auth-request-redirect")) for one in asked] == [
        ("/verify?from=", "/home"),
        ("/own", "/"),
    ]
    auth.script = says(Answer(401))
    assert (world.get(host).status, world.get(own).status) == (302, 401)
    auth.script = says(Answer(200, (("X-User", "ann"),)))
    assert world.get(host, "/", "X-User: eve").text == "one"
    assert one.requests[-1].header("x-user") == "ann"


def test_a_service_for_everybody_that_cannot_be_read_closes_what_it_is_for(start: Callable[..., World]) -> None:
    world = start(options={"global-auth-url": "auth.default.svc"})
    host, without = world.host(), world.host()
    world.add(world.ingress(host), world.ingress(without, enable_global_auth="false"))
    assert (world.get(host).status, world.get(without).status) == (503, 200)


PIECES = (
    *("/admin", "/public", "/%61dmin", "/ADMIN", "/x", "/", "?", ";x"),
    *("/.", "/..", "/%2e%2e", "/.%2E", "%2f", "%2F..", "\\", "%5c..", "/%252e%252e", "%c0%af", "%00"),
)


def test_no_crafted_path_goes_around_it(world: World, one: Origin, auth: Origin) -> None:
    host, two = world.host(), world.origins["two"]
    world.add(
        world.ingress(host, "one", path="/admin", auth_url=URL),
        world.ingress(host, "two", path="/public"),
    )
    auth.script = says(Answer(401))
    asked, reached = len(auth.requests), (len(one.requests), len(two.requests))
    assert world.get(host, "/public").status == 200
    paths = {f"/public{''.join(more)}" for count in (1, 2, 3) for more in itertools.product(PIECES, repeat=count)}
    some = sorted(paths)[::12]
    targets = [*some, *(path.replace("/public", "/admin", 1) for path in some)]
    statuses = {world.get(host, target).status for target in targets}
    assert one.requests[reached[0] :] == [], "nobody was let in"
    for request in two.requests[reached[1] :]:
        read = posixpath.normpath(unquote(request.target.partition("?")[0]))
        assert read == "/public" or read.startswith("/public/"), request.target
    assert len(auth.requests) - asked > 100
    assert statuses == {200, 400, 401, 404}
