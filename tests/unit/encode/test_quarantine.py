"""One refused unit is kept out, and everything else goes on."""

from gateway.encode import segments
from gateway.encode.digest import Digest
from gateway.encode.tree import Tree
from gateway.encode.units import HostUnit, find
from gateway.ir.ids import CertificateId
from gateway.ir.policy import Policy
from gateway.ir.route import Respond
from tests.support.configuration import backend, certificate, changes, host, route

A = HostUnit("main", "a.example.com")
B = HostUnit("main", "b.example.com")


def leaf(tree: Tree, root: Digest, unit: HostUnit) -> Digest:
    digest = find(tree.pool, root, unit)
    assert digest is not None
    return digest


def served(tree: Tree, root: Digest, unit: HostUnit) -> segments.HostSegment:
    host_segment = segments.decode(tree.pool[leaf(tree, root, unit)])
    assert isinstance(host_segment, segments.HostSegment)
    return host_segment


def test_a_refused_host_keeps_its_accepted_version_and_others_change() -> None:
    tree = Tree()
    base = tree.apply(changes([host(A.host, route("a", "/good")), host(B.host, route("b", "/old"))])).root
    tree.hold(base)
    bad = tree.apply(changes([host(A.host, route("a", "/bad")), host(B.host, route("b", "/new"))])).root
    answer = tree.refuse(leaf(tree, bad, A), base)
    assert answer is not None
    publication, units = answer
    assert units == (A,)
    assert served(tree, publication.root, A).routes[0].display_path == "/good"
    assert served(tree, publication.root, B).routes[0].display_path == "/new"
    assert list(tree.held) == [A]


def test_a_refused_new_host_is_closed_and_then_left_out() -> None:
    tree = Tree()
    base = tree.apply(changes()).root
    tree.hold(base)
    bad = tree.apply(changes([host(A.host, route("a", "/bad"))])).root
    first = tree.refuse(leaf(tree, bad, A), base)
    assert first is not None
    assert served(tree, first[0].root, A).routes[0].action == Respond(503)
    second = tree.refuse(leaf(tree, first[0].root, A), base)
    assert second is not None
    assert second[0].root == base
    assert list(tree.held) == [A]


def test_a_refused_policy_puts_every_host_that_has_it_in_quarantine() -> None:
    tree = Tree()
    bad = Policy(tries=99)
    root = tree.apply(
        changes([host(A.host, route("a", "/", policy=bad)), host(B.host, route("b", "/", policy=bad))])
    ).root
    policy = served(tree, root, A).routes[0].policy
    answer = tree.refuse(policy, None)
    assert answer is not None
    assert set(answer[1]) == {A, B}
    later = tree.apply(changes([host("c.example.com", route("c", "/", policy=bad))]))
    assert served(tree, later.root, HostUnit("main", "c.example.com")).routes[0].action == Respond(503)


def test_a_unit_comes_back_in_another_form_and_leaves_nothing_behind() -> None:
    tree = Tree()
    tree.apply(changes([host(A.host, route("a", "/good"))]))
    bad = tree.apply(changes([host(A.host, route("a", "/bad"))])).root
    tree.refuse(leaf(tree, bad, A), None)
    again = tree.apply(changes([host(A.host, route("a", "/bad"))]))
    assert not again.new
    mended = tree.apply(changes([host(A.host, route("a", "/mended"))])).root
    assert served(tree, mended, A).routes[0].display_path == "/mended"
    assert not tree.held
    straight = Tree()
    assert straight.apply(changes([host(A.host, route("a", "/mended"))])).root == mended
    assert len(straight.pool) == len(tree.pool)


def test_a_unit_that_is_deleted_leaves_the_quarantine() -> None:
    tree = Tree()
    empty = tree.apply(changes()).root
    bad = tree.apply(changes([host(A.host, route("a", "/bad"))])).root
    tree.refuse(leaf(tree, bad, A), None)
    assert tree.apply(changes(gone=[A.host])).root == empty
    assert not tree.held


def test_pardon_tries_again() -> None:
    tree = Tree()
    assert tree.pardon() is None
    bad = tree.apply(changes([host(A.host, route("a", "/bad"))])).root
    tree.refuse(leaf(tree, bad, A), None)
    pardoned = tree.pardon()
    assert pardoned is not None
    assert pardoned.root == bad
    assert not tree.held


def test_a_refused_backend_loses_its_endpoints_and_a_refused_certificate_goes() -> None:
    tree = Tree()
    default = CertificateId("default", "tls")
    root = tree.apply(changes([], [backend("web", "bad")], [certificate("tls", b"bad")], default=default)).root
    web, tls = find(tree.pool, root, backend("web").id), find(tree.pool, root, default)
    assert web is not None
    assert tls is not None
    answer = tree.refuse(web, None)
    assert answer is not None
    empty = find(tree.pool, answer[0].root, backend("web").id)
    assert empty is not None
    assert segments.decode(tree.pool[empty]) == segments.BackendSegment(backend("web").id, ())
    answer = tree.refuse(tls, None)
    assert answer is not None
    assert find(tree.pool, answer[0].root, default) is None
    top = segments.decode(tree.pool[answer[0].root])
    assert isinstance(top, segments.Root)
    assert top.default_certificate is None


def test_no_unit_to_blame_means_that_only_another_configuration_helps() -> None:
    tree = Tree()
    root = tree.apply(changes([host(A.host, route("a", "/"))])).root
    assert tree.refuse(root, None) is None
    assert tree.refuse(b"", None) is None
