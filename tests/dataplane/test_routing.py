"""Which route a request meets, and the answers that the gateway gives itself."""

from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import pytest

from gateway.ir.backend import Backend, Endpoint
from gateway.ir.match import Exact, Prefix, Regex
from gateway.ir.policy import HttpsRedirect, Policy, Rewrite
from gateway.ir.route import HostTable, Redirect, Respond
from tests.support.engine import HOST, Gate, Minted, backend_id, forward, route
from tests.support.origin import Origin
from tests.support.raw_client import RawClient, Response
from tests.support.raw_upstream import Upstream

TO_HTTPS = Policy(https_redirect=HttpsRedirect())


class Site(NamedTuple):
    """Backends that answer with their own name, and record what they were asked."""

    gate: Gate
    origins: dict[str, Origin]

    def serve(self, *hosts: HostTable) -> None:
        backends = [
            Backend(backend_id(name), (Endpoint("127.0.0.1", origin.port),)) for name, origin in self.origins.items()
        ]
        self.gate.serve(*hosts, backends=backends)

    def get(self, path: str, host: str = HOST) -> Response:
        with self.gate.client() as client:
            return client.get(host, path)


@pytest.fixture
def site(make_gate: Callable[..., Gate]) -> Iterator[Site]:
    with Origin("one") as one, Origin("two") as two, Origin("three") as three:
        yield Site(make_gate(), {origin.name: origin for origin in (one, two, three)})


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("a.example", "one"),
        ("A.Example", "one"),
        ("a.example.", "one"),
        ("a.example:1234", "one"),
        ("b.wild.example", "two"),
        ("c.b.wild.example", "three"),
        ("wild.example", "three"),
        ("other.example", "three"),
    ],
)
def test_hosts(site: Site, host: str, served: str) -> None:
    site.serve(
        HostTable("a.example", (route("/", forward("one")),)),
        HostTable("*.wild.example", (route("/", forward("two")),)),
        HostTable("", (route("/", forward("three")),)),
    )
    assert site.get("/", host).text == served


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/", "three"),
        ("/exact", "one"),
        ("/exact/", "three"),
        ("/prefix", "two"),
        ("/prefix/below?x=/exact", "two"),
        ("/prefixed", "three"),
        ("/PREFIX", "three"),
        ("/Exact", "three"),
        ("/a/../exact", "one"),
        ("/%65xact", "one"),
        ("/digits/42", "one"),
        ("/DIGITS/42/more", "one"),
        ("/digits/x", "three"),
        ("//prefix//below", "two"),
    ],
)
def test_paths(site: Site, path: str, served: str) -> None:
    """P7."""
    site.serve(
        HostTable(
            HOST,
            (
                route(Exact("/exact"), forward("one")),
                route(Prefix("/prefix"), forward("two")),
                route(Regex(r"/digits/\d+"), forward("one")),
                route(Prefix("/"), forward("three")),
            ),
        )
    )
    assert site.get(path).text == served


@pytest.mark.parametrize("path", ["/caf%E9/x", "/caf\xe9/x", "/caf%C3%A9/x", "/caf%0A/x", "/caf%FF%FE/x"])
def test_a_regex_reads_bytes_whatever_text_they_are(site: Site, path: str) -> None:
    """P8: what is no UTF-8 is matched like anything else, and never falls through to a route behind."""
    guarded = route(Regex("/caf.*/x$"), Respond(403))
    site.serve(HostTable(HOST, (guarded, route("/", forward("one")))))
    with site.gate.client() as client:
        client.send(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("latin-1"))
        assert client.response().status == 403
    assert site.origins["one"].requests == []


@pytest.mark.parametrize("length", [10, 10_000 // 2])
def test_a_regex_that_backtracks_elsewhere_is_linear_here(site: Site, length: int) -> None:
    """P8: with a backtracking engine the longer path would take longer than the universe is old."""
    site.serve(HostTable(HOST, (route(Regex("/(a+)+b$"), Respond(403)), route("/", forward("one")))))
    assert site.get("/" + "a" * length).text == "one"


@pytest.mark.parametrize(
    ("template", "path", "forwarded"),
    [
        ("/$2", "/api/v1/users?x=1", "/v1/users?x=1"),
        ("/new/$1/$2", "/api/v1", "/new/api/v1"),
        ("/$2", "/api/caf%C3%A9", "/caf%C3%A9"),
        ("/$9", "/api/x", "/"),
        ("/fixed", "/api/x?y", "/fixed?y"),
    ],
)
def test_rewrites(site: Site, template: str, path: str, forwarded: str) -> None:
    policy = Policy(rewrite=Rewrite(template))
    site.serve(HostTable(HOST, (route(Regex("/(api)/(.*)"), forward("one"), policy),)))
    assert site.get(path).text == "one"
    assert site.origins["one"].requests[-1].target == forwarded


@pytest.mark.parametrize("path", ["/api/%2e%2e%2fx", "/api/..%2f..%2fsecret"])
def test_a_rewrite_cannot_climb(site: Site, path: str) -> None:
    """P2, P6."""
    site.serve(HostTable(HOST, (route(Regex("/api/(.*)"), forward("one"), Policy(rewrite=Rewrite("/base/$1"))),)))
    assert site.get(path).status == 400
    assert site.origins["one"].requests == []


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/", "https://a.example"),
        ("/a/", "https://a.example/a"),
        ("/a/?x=1", "https://a.example/a/?x=1"),
        ("/a?b=1/", "https://a.example/a?b=1"),
        ("/a?b=%0d%0aX:y", "https://a.example/a?b=%0d%0aX:y"),
        ("/a//b", "https://a.example/a//b"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_the_redirect_to_https(site: Site, method: str, asked: str, location: str) -> None:
    """Host without its port, the query as sent, one slash at the very end removed."""
    site.serve(HostTable(HOST, (route("/", forward("one"), TO_HTTPS),)))
    with site.gate.client() as client:
        client.send(f"{method} {asked} HTTP/1.1\r\nHost: {HOST}:8080\r\n\r\n".encode())
        answer = client.response(to_head=method == "HEAD")
        assert (answer.status, answer.header("location")) == (308, location)
        assert answer.header("strict-transport-security") is None
        client.send(f"{method} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())  # the connection is kept
        assert client.response(to_head=method == "HEAD").status == 308
    assert site.origins["one"].requests == []


def test_over_tls_nothing_is_redirected_and_hsts_is_said_once(site: Site) -> None:
    minted = Minted.of(HOST)
    certificate = minted.certificate("a")
    policy = Policy(https_redirect=HttpsRedirect(), hsts="max-age=31536000; includeSubDomains")
    routes = (route("/none", forward("absent"), policy), route(Exact("/"), forward("one"), policy))
    site.gate.serve(backends=[Backend(backend_id("absent"), ())], certificates=[certificate])
    site.serve(HostTable(HOST, routes, certificate.id))
    with RawClient(site.gate.address("https"), tls=minted.trust(), server_name=HOST) as client:
        for path, status in (("/", 200), ("/none", 503), ("/unknown", 404)):
            answer = client.get(HOST, path)
            assert answer.status == status
            values = [value for name, value in answer.headers if name.lower() == "strict-transport-security"]
            assert values == ["max-age=31536000; includeSubDomains"]


def test_a_redirect_of_the_route(site: Site) -> None:
    site.serve(HostTable(HOST, (route("/old", Redirect("/new place", 302)), route("/", forward("one")))))
    answer = site.get("/old/x?y=1", f"{HOST}:8080")
    assert (answer.status, answer.header("location")) == (302, f"http://{HOST}:8080/new%20place?y=1")


@pytest.mark.parametrize("status", [200, 204, 304, 404, 503])
def test_an_answer_of_the_route(site: Site, status: int) -> None:
    site.serve(HostTable(HOST, (route("/", Respond(status)),)))
    with site.gate.client() as client:
        for _ in range(2):
            assert client.get(HOST).status == status


def test_no_route_is_a_404_and_the_connection_is_kept(site: Site) -> None:
    site.serve(HostTable(HOST, (route("/a", forward("one")),)))
    with site.gate.client() as client:
        for host, path in (("unknown.example", "/"), (HOST, "/b"), (HOST, "/ab")):
            answer = client.get(host, path)
            assert (answer.status, answer.text) == (404, "404 Not Found\n")
            assert answer.header("server") is None
            assert parsedate_to_datetime(answer.header("date") or "").year >= 2025
            assert answer.header("x-request-id")
    counters = site.gate.wait_for(RequestsFinished=3)
    assert counters["FaultClientNoRoute"] == counters["RepliesLocal"] == 3


def test_the_answer_to_head_has_no_body(site: Site) -> None:
    site.serve(HostTable(HOST, (route("/a", forward("one")),)))
    with site.gate.client() as client:
        client.send(f"HEAD /none HTTP/1.1\r\nHost: {HOST}\r\n\r\nGET /a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert client.response(to_head=True).status == 404
        assert client.response().text == "one"


def test_before_the_first_snapshot_everything_is_a_503(make_gate: Callable[..., Gate]) -> None:
    gate = make_gate()
    with gate.client() as client:
        for _ in range(2):
            answer = client.get(HOST)
            assert (answer.status, answer.header("connection")) == (503, None)
    assert gate.wait_for(RequestsFinished=2)["FaultGatewayInternal"] == 2


def test_a_new_snapshot_serves_the_next_request_of_an_open_connection(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client, Origin("new") as new:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        gate.route_to(("127.0.0.1", new.port))  # the one under way ends as it began
        peer.answer(b"old")
        assert client.response().text == "old"
        assert client.get(HOST).text == "new"


@pytest.mark.parametrize("path", ["*", "/%00", "/%zz", "/..", "/a/../../b"])
def test_paths_that_none_can_be(site: Site, path: str) -> None:
    site.serve(HostTable(HOST, (route("/", forward("one")),)))
    assert site.get(path).status == 400
    assert site.origins["one"].requests == []


def test_a_path_with_two_readings_is_refused_only_where_they_differ(site: Site) -> None:
    """P2."""
    site.serve(HostTable(HOST, (route("/a/b", forward("one")), route("/a", forward("two")))))
    assert site.get("/a/x%2fy").text == "two"
    assert site.get("/a%2fb").status == 400
    assert site.gate.wait_for(RequestsFinished=2)["FaultClientSyntax"] == 1
