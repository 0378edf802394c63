"""The tree: what a change costs, what a root depends on, what is freed."""

import itertools
import random
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.encode import segments
from gateway.encode.tree import Tree
from gateway.encode.units import HostUnit, find
from gateway.ir.ids import CertificateId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.policy import HttpsRedirect, Policy, Timeouts
from gateway.ir.route import HostTable
from tests.support.configuration import backend, certificate, changes, host, route


def big(hosts: int, paths: int) -> list[HostTable]:
    return [
        host(f"h{number}.example.com", *(route(f"i{number}", f"/p{index}", index=index) for index in range(paths)))
        for number in range(hosts)
    ]


def reachable(tree: Tree, root: bytes) -> set[bytes]:
    seen = {root}
    waiting = [root]
    while waiting:
        fresh = set(tree.pool.children(waiting.pop())) - seen
        seen |= fresh
        waiting += fresh
    return seen


def test_a_segment_is_named_by_the_digest_of_its_bytes() -> None:
    publication = Tree().apply(changes([host("a.example.com", route("a", "/"))], [backend("web", "10.0.0.1")]))
    assert publication.root in publication.new
    assert all(digest == blake2b(data, digest_size=16).digest() for digest, data in publication.new.items())


def test_first_publication_holds_every_reachable_segment_and_no_other() -> None:
    tree = Tree()
    publication = tree.apply(changes(big(50, 3), [backend("web", "10.0.0.1")], [certificate("tls")]))
    assert set(publication.new) == reachable(tree, publication.root)


def test_one_changed_route_costs_one_host_one_shard_and_the_root() -> None:
    tree = Tree()
    tree.apply(changes(big(2_000, 10), [backend("web", "10.0.0.1")]))
    encoded, hashed = tree.pool.encoded, tree.pool.hashed_bytes
    changed = host("h77.example.com", *(route("i77", f"/q{index}", index=index) for index in range(10)))
    publication = tree.apply(changes([changed]))
    assert {type(segments.decode(data)) for data in publication.new.values()} == {
        segments.Root,
        segments.HostShard,
        segments.HostSegment,
    }
    assert len(publication.new) == 3
    assert tree.pool.encoded - encoded <= 4
    assert tree.pool.hashed_bytes - hashed < 32_000


def test_a_new_policy_is_one_segment_more_and_a_known_one_is_none() -> None:
    tree = Tree()
    tree.apply(changes(big(10, 2)))
    slow = Policy(timeouts=Timeouts(read_ms=1))
    first = tree.apply(changes([host("h1.example.com", route("i1", "/", policy=slow))]))
    second = tree.apply(changes([host("h2.example.com", route("i2", "/", policy=slow))]))
    assert [len(first.new), len(second.new)] == [4, 3]


def test_the_same_again_is_the_same_root_and_nothing_new() -> None:
    tree = Tree()
    first = tree.apply(changes(big(10, 2)))
    second = tree.apply(changes(big(10, 2)))
    assert second.root == first.root
    assert not second.new


def test_memory_of_what_is_dropped_is_freed() -> None:
    tree = Tree()
    empty = tree.apply(changes()).root
    size = len(tree.pool)
    for round_number in range(5):
        policy = Policy(tries=round_number + 10)
        hosts = [host(f"{number}.example.com", route("x", "/", policy=policy)) for number in range(300)]
        tree.apply(changes(hosts, [backend("web", f"10.0.0.{round_number}")], [certificate("tls")]))
        gone = changes(gone=[one.host for one in hosts])
        backends = {backend("web").id: None}
        certificates = {CertificateId("default", "tls"): None}
        last = tree.apply(type(gone)(gone.hosts, backends, certificates, gone.listeners, None))
        assert last.root == empty
        assert len(tree.pool) == size


def test_an_older_root_stays_readable_while_it_is_held() -> None:
    tree = Tree()
    old = tree.apply(changes([host("a.example.com", route("a", "/old"))])).root
    tree.hold(old)
    new = tree.apply(changes([host("a.example.com", route("a", "/new"))])).root
    before = find(tree.pool, old, HostUnit("main", "a.example.com"))
    assert before is not None
    assert before != find(tree.pool, new, HostUnit("main", "a.example.com"))
    tree.drop(old)
    assert old not in tree
    assert before not in tree


def test_missing_is_exactly_the_difference_however_many_publications_were_skipped() -> None:
    tree = Tree()
    base = tree.apply(changes(big(40, 2), [backend("web", "10.0.0.1")])).root
    tree.hold(base)
    known = reachable(tree, base)
    for number in range(10):
        root = tree.apply(changes([host(f"h{number}.example.com", route(f"i{number}", "/new"))])).root
    assert set(tree.missing(base, root)) == reachable(tree, root) - known
    assert tree.missing(root, root) == []
    assert set(tree.missing(None, root)) == reachable(tree, root)
    assert set(tree.missing(b"unknown", root)) == reachable(tree, root)


def test_segments_answers_a_want_and_leaves_out_what_is_gone() -> None:
    tree = Tree()
    root = tree.apply(changes([host("a.example.com", route("a", "/"))])).root
    assert tree.segments([root, b"gone"]) == [tree.pool[root]]


def test_wildcards_are_filed_under_their_parent() -> None:
    tree = Tree()
    root = tree.apply(changes([host("*.example.com", route("a", "/")), host("", route("b", "/"))])).root
    shards = [segments.decode(data) for data in tree.segments(reachable(tree, root))]
    keys = [key for shard in shards if isinstance(shard, segments.HostShard) for key in shard.hosts]
    assert sorted(keys) == ["", ".example.com"]


def test_a_table_exists_while_a_listener_or_a_host_names_it() -> None:
    tree = Tree()
    first = tree.apply(changes([host("a.example.com", route("a", "/"))], table="other"))
    top = segments.decode(first.new[first.root])
    assert isinstance(top, segments.Root)
    assert list(top.tables) == ["main", "other"]
    gone = changes(gone=["a.example.com"], table="other")
    last = tree.apply(type(gone)(gone.hosts, {}, {}, (Listener("http", Protocol.HTTP, "third"),), None))
    top = segments.decode(last.new[last.root])
    assert isinstance(top, segments.Root)
    assert list(top.tables) == ["third"]


def test_a_host_in_two_tables_is_one_segment() -> None:
    tree = Tree()
    table = host("a.example.com", route("a", "/"))
    tree.apply(changes([table]))
    publication = tree.apply(changes([table], table="second"))
    assert not any(isinstance(segments.decode(data), segments.HostSegment) for data in publication.new.values())


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_root_does_not_depend_on_the_order_or_the_history(rng: random.Random) -> None:
    policies = [Policy(), Policy(tries=1), Policy(https_redirect=HttpsRedirect())]
    final = [host(f"{number}.example.com", route("r", "/", policy=rng.choice(policies))) for number in range(12)]
    backends = [backend(f"s{number}", "10.0.0.1") for number in range(5)]
    keys = [certificate(f"c{number}") for number in range(3)]
    straight = Tree()
    expected = straight.apply(changes(final, backends, keys)).root

    wandering = Tree()
    for number in rng.sample(range(12), 6):
        wandering.apply(changes([host(f"{number}.example.com", route("r", "/else", policy=rng.choice(policies)))]))
    wandering.apply(changes([host("gone.example.com", route("r", "/"))]))
    rng.shuffle(final)
    rng.shuffle(backends)
    rng.shuffle(keys)
    for batch in itertools.batched(final, 5) if hasattr(itertools, "batched") else [final[:5], final[5:]]:
        wandering.apply(changes(batch))
    wandering.apply(changes(gone=["gone.example.com"]))
    root = wandering.apply(changes([], backends, keys)).root
    assert root == expected
    assert len(wandering.pool) == len(straight.pool)
    assert wandering.pool[root] == straight.pool[expected]


@pytest.mark.parametrize("missing", [True, False])
def test_a_default_certificate_is_named_only_if_it_is_there(*, missing: bool) -> None:
    default = CertificateId("default", "tls")
    publication = Tree().apply(changes(certificates=[] if missing else [certificate("tls")], default=default))
    top = segments.decode(publication.new[publication.root])
    assert isinstance(top, segments.Root)
    assert top.default_certificate == (None if missing else default)
