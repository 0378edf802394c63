"""The routes table for people."""

from gateway.encode.routes import rows
from gateway.encode.tree import Tree
from gateway.ir.backend import Backend, Endpoint
from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.match import Exact, Prefix, Regex
from gateway.ir.policy import HttpsRedirect, Policy, Rewrite
from gateway.ir.route import Forward, HostTable, Redirect, Respond, Route, UpstreamTls
from tests.support.configuration import LISTENERS, changes, host, route

WEB = BackendId("default", "web", "http")


def test_a_row_says_all_that_happens_to_a_request() -> None:
    identity = RouteId("Ingress", "default", "x", 0, 0)
    policy = Policy(https_redirect=HttpsRedirect(), rewrite=Rewrite("/$1"))
    table = HostTable(
        "shop.example.com",
        (
            Route(identity, Exact("/a"), Forward(WEB, UpstreamTls()), policy, "/a"),
            Route(identity, Regex("/b(.*)"), Forward(BackendId("default", "gone", "80")), Policy(), "/b(.*)"),
            Route(identity, Prefix("/"), Redirect("/app"), Policy(), "/"),
            Route(identity, Prefix("/c"), Respond(403), Policy(), "/c"),
        ),
        CertificateId("default", "tls"),
    )
    tree = Tree()
    endpoints = (Endpoint("10.0.0.1", 80), Endpoint("fd00::1", 80))
    change = changes([table], [Backend(WEB, endpoints)])
    assert change.listeners == LISTENERS
    found = [
        (row.path, row.type, row.backend, row.endpoints, row.notes)
        for row in rows(tree.pool, tree.apply(change).root)[0]
    ]
    tls = "TLS default/tls"
    assert found == [
        (
            "/a",
            "Exact",
            "default/web:http",
            ("10.0.0.1:80", "[fd00::1]:80"),
            ("https to the backend", "308 to https", "rewritten to /$1", tls),
        ),
        ("/b(.*)", "Regex", "default/gone:80", (), ("no endpoints: 503", tls)),
        ("/", "Prefix", "", (), ("301 to /app", tls)),
        ("/c", "Prefix", "", (), ("answers 403", tls)),
    ]


def test_names_come_before_wildcards_and_those_before_the_rest() -> None:
    tree = Tree()
    hosts = [host(name, route("x", "/")) for name in ("", "*.a.com", "b.com", "a.com")]
    root = tree.apply(changes(hosts)).root
    every, total = rows(tree.pool, root)
    assert ([row.host for row in every], total) == (["a.com", "b.com", "*.a.com", "*"], 4)
    first, total = rows(tree.pool, root, limit=3)
    assert (first, total) == (every[:3], 4)
