"""A difference in words."""

import pytest

from gateway.encode.diff import describe
from gateway.encode.tree import Tree
from gateway.ir.changes import Changes
from gateway.ir.ids import CertificateId
from gateway.ir.policy import Policy
from tests.support.configuration import backend, certificate, changes, host, route

A, B = "a.example.com", "b.example.com"
BASE = changes(
    [host(A, route("a", "/one"), route("a", "/two", index=1)), host(B, route("b", "/"))],
    [backend("web", "10.0.0.1"), backend("api", "10.0.0.2")],
    [certificate("tls")],
)
GONE = changes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changes([host(A, route("a", "/one", service="x"), route("a", "/two", index=1))]), [f"~1 route on {A}"]),
        (changes([host(A, route("a", "/1"), route("a", "/two", index=1))]), [f"~1 route on {A}"]),
        (
            changes([host(A, route("a", "/one"), route("a", "/two", index=1, policy=Policy(tries=1)))]),
            [f"~1 route on {A}"],
        ),
        (changes([host(A, route("a", "/one"))]), [f"-1 route on {A}"]),
        (
            changes([host(A, route("a", "/new"), route("a", "/one", index=1), route("a", "/two", index=2))]),
            [f"+1 route on {A}"],
        ),
        (changes([host(A, route("z", "/one"))]), [f"+1 -2 routes on {A}"]),
        (
            changes([host(B, route("b", "/"), certificate=CertificateId("default", "tls"))]),
            [f"certificate or order of routes on {B}"],
        ),
        (changes([host("c.example.com", route("c", "/"))]), ["+1 host c.example.com"]),
        (changes([host(f"{n}.example.com", route("c", "/")) for n in range(2)]), ["+2 hosts"]),
        (changes([host("*.example.com", route("c", "/")), host("", route("d", "/"))]), ["+2 hosts"]),
        (changes([host("", route("d", "/"))]), ["+1 host every other host"]),
        (changes(gone=[B]), [f"-1 host {B}"]),
        (changes([], [backend("web", "10.0.0.1", "10.0.0.9")]), ["endpoints of default/web:80 (1 to 2)"]),
        (changes([], [backend("web"), backend("api")]), ["endpoints of 2 backends"]),
        (changes([], [backend("new", "10.0.0.1")]), ["+1 backend"]),
        (Changes({}, {backend("web").id: None, backend("api").id: None}, {}, BASE.listeners, None), ["-2 backends"]),
        (changes([], [], [certificate("tls", b"renewed")]), ["certificate default/tls renewed"]),
        (changes([], [], [certificate("more")]), ["+1 certificate"]),
        (changes(default=CertificateId("default", "tls")), ["default certificate default/tls"]),
        (Changes({}, {}, {}, BASE.listeners[:1], None), ["listeners"]),
        (
            changes(gone=[B], backends=[backend("new")], certificates=[certificate("more")]),
            [f"-1 host {B}", "+1 backend", "+1 certificate"],
        ),
        (changes(), ["nothing"]),
    ],
)
def test_a_change_is_told_in_words(change: Changes, words: list[str]) -> None:
    tree = Tree()
    before = tree.apply(BASE).root
    tree.hold(before)
    assert describe(tree.pool, before, tree.apply(change).root) == words


def test_the_first_configuration_is_all_new() -> None:
    tree = Tree()
    root = tree.apply(BASE).root
    assert describe(tree.pool, None, root) == ["+2 hosts", "+2 backends", "+1 certificate"]


def test_many_changed_hosts_are_summed() -> None:
    tree = Tree()
    before = tree.apply(changes([host(f"{n}.example.com", route("x", "/")) for n in range(5)])).root
    tree.hold(before)
    after = tree.apply(
        changes([host(f"{n}.example.com", route("x", "/"), route("x", "/y", index=1)) for n in range(5)])
    )
    assert describe(tree.pool, before, after.root) == ["+5 routes on 5 hosts"]


def test_a_host_in_two_tables_is_told_once() -> None:
    tree = Tree()
    tree.apply(changes([host(A, route("a", "/"))]))
    before = tree.apply(changes([host(A, route("a", "/"))], table="other")).root
    tree.hold(before)
    tree.apply(changes([host(A, route("a", "/b"))]))
    after = tree.apply(changes([host(A, route("a", "/b"))], table="other")).root
    assert describe(tree.pool, before, after) == [f"~1 route on {A}"]
