"""Backends that answer in place of others."""

import pytest

from tests.ingress_nginx.conftest import World
from tests.support.origin import Answer, Origin, Request


@pytest.fixture
def errors(world: World) -> Origin:
    origin = world.origins["errors"]
    origin.script = lambda request: Answer(
        int(request.header("x-code") or "200"), (("X-Page", "errors"),), (b"page",) if request.method != "HEAD" else ()
    )
    return origin


def report(request: Request) -> dict[str, str | None]:
    names = ("X-Code", "X-Original-URI", "X-Namespace", "X-Service-Name", "X-Service-Port", "X-Format")
    return {name: request.header(name) for name in names}


def test_an_error_of_the_backend_is_answered_by_another(world: World, one: Origin, errors: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, custom_http_errors="404,500", default_backend="errors"))
    one.script = lambda _: Answer(404, (("X-Own", "own"),), (b"own",))
    answer = world.get(host, "/a?b", "Accept: text/html", "X-Code: 999", "X-Service-Name: spoofed")
    assert (answer.status, answer.text, answer.header("x-page"), answer.header("x-own")) == (
        404,
        "page",
        "errors",
        None,
    )
    asked = errors.requests[-1]
    assert (asked.method, asked.target, asked.body) == ("GET", "/", b"")
    assert report(asked) == {
        "X-Code": "404",
        "X-Original-URI": "/a?b",
        "X-Namespace": "default",
        "X-Service-Name": "one",
        "X-Service-Port": "80",
        "X-Format": "text/html",
    }
    one.script = lambda _: Answer(403, (), (b"own",))
    assert world.get(host).text == "own", "not one of the statuses"


def test_a_request_with_a_body_is_reported_without_it(world: World, one: Origin, errors: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, custom_http_errors="500", default_backend="errors"))
    one.script = lambda _: Answer(500)
    answer = world.send(host, "POST /", "Content-Length: 5", body=b"hello")
    assert (answer.status, answer.text) == (500, "page")
    assert errors.requests[-1].method == "GET"
    assert errors.requests[-1].header("content-length") is None
    assert world.send(host, "HEAD /").status == 500
    assert errors.requests[-1].method == "HEAD"


def test_the_connection_goes_on_after_such_an_answer(world: World, one: Origin, errors: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, custom_http_errors="404", default_backend="errors"))
    one.script = lambda request: Answer(404 if request.target == "/no" else 200, (), (b"own",))
    with world.client() as client:
        assert client.get(host, "/no").text == "page"
        assert client.get(host, "/yes").text == "own"
        assert client.get(host, "/no").text == "page"
    assert errors.requests


def test_errors_of_the_gateway_itself_are_answered_too(world: World, one: Origin, errors: Origin) -> None:
    host, own = world.host(), world.host()
    world.add(
        world.ingress(host, custom_http_errors="403", default_backend="errors", denylist_source_range="127.0.0.1"),
        world.ingress(
            own,
            custom_http_errors="404,413",
            default_backend="errors",
            disable_proxy_intercept_errors="true",
            proxy_body_size="1",
        ),
    )
    answer = world.get(host)
    assert (answer.status, answer.text) == (403, "page")
    one.script = lambda _: Answer(404, (), (b"own",))
    assert world.get(own).text == "own", "only the gateway's own errors"
    answer = world.send(own, "POST /", "Content-Length: 2", body=b"xx")
    assert (answer.status, answer.text) == (413, "page")


def test_a_spare_backend_answers_while_there_is_no_endpoint(world: World, errors: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, "empty", default_backend="errors"))
    answer = world.get(host, "/some/path")
    assert (answer.status, answer.text) == (503, "page")
    assert errors.requests[-1].target == "/some/path"
    assert report(errors.requests[-1])["X-Service-Name"] == "empty"


def test_what_a_spare_backend_answers_is_the_answer(world: World, errors: Origin) -> None:
    host = world.host()
    world.add(world.ingress(host, "empty", default_backend="errors"))
    errors.script = lambda _: Answer(200, (("X-Page", "sorry"),), (b"sorry",))
    answer = world.get(host, "/some/path")
    assert (answer.status, answer.text, answer.header("x-page")) == (200, "sorry", "sorry")
    assert errors.requests[-1].header("x-code") == "503"
