"""The planner on its own: whatever the cluster looks like, doing what it says leads to the right state and to rest."""

from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.objects.ingress import IngressLoadBalancerIngress as Address
from gateway.status.addresses import Addresses, ordered, same
from gateway.status.coverage import Name
from gateway.status.plan import Seen, Written, clearing, plan

ADDRESSES = st.lists(
    st.sampled_from([Address("192.0.2.1"), Address("192.0.2.2"), Address("", "lb.example.com")]), unique=True
).map(tuple)
INGRESS = st.builds(
    lambda number, observed, version: Seen("default", f"i{number}", f"u{number}", str(version), observed),
    st.integers(0, 7),
    ADDRESSES,
    st.integers(1, 3),
)
INGRESSES = st.lists(INGRESS, unique_by=lambda one: one.uid)


class Cluster:
    """Ingresses by name, those that are served, and writes that reach them."""

    def __init__(self, ingresses: list[Seen], served: set[str], covered: set[str]) -> None:
        self.all = {one.key: one for one in ingresses}
        self.served = served
        self.covered = covered
        self.given: dict[str, tuple[Name, Addresses]] = {}

    def turn(self, addresses: Addresses | None, *, clear: bool = True) -> int:
        made = plan(
            [one for one in self.all.values() if one.uid in self.served],
            lambda key: self.all[key].uid in self.covered,
            addresses,
            given=self.given,
            find=self.all.get,
            written={},
            clear_unserved=clear,
        )
        self.given = dict(made.given)
        for patch in made.patches:
            now = self.all[patch.target.key]
            assert now == patch.target
            assert not same(now.observed, patch.addresses), "a write that changes nothing"
            self.all[now.key] = replace(now, observed=patch.addresses, resource_version=now.resource_version + "x")
        return len(made.patches)


SUBSET = st.sets(st.sampled_from([f"u{number}" for number in range(8)]))


@for_all(INGRESSES, SUBSET, SUBSET, st.none() | ADDRESSES)
def test_one_turn_sets_exactly_what_is_served_and_covered(
    ingresses: list[Seen], served: set[str], covered: set[str], addresses: Addresses | None
) -> None:
    cluster = Cluster(ingresses, served, covered)
    before = dict(cluster.all)
    cluster.turn(addresses)
    for key, one in cluster.all.items():
        if addresses is not None and one.uid in served & covered:
            assert same(one.observed, addresses)
        else:
            assert one == before[key], "neither served, nor known to be, nor ours"
    assert cluster.turn(addresses) == 0


@for_all(INGRESSES, SUBSET, SUBSET, st.tuples(ADDRESSES, ADDRESSES), st.booleans())
def test_what_is_not_served_any_more_is_relieved_of_ours_only(
    ingresses: list[Seen], served: set[str], kept: set[str], two: tuple[Addresses, Addresses], clear: bool
) -> None:
    addresses, foreign = two
    cluster = Cluster(ingresses, served, served)
    cluster.turn(addresses)
    cluster.turn(addresses)  # now it has seen what it wrote
    cluster.served = served & kept
    taken_over = [key for key, one in cluster.all.items() if one.uid in served - kept][:1]
    for key in taken_over:
        cluster.all[key] = replace(cluster.all[key], observed=foreign)
    before = dict(cluster.all)
    cluster.turn(addresses, clear=clear)
    for key, one in cluster.all.items():
        if one.uid in served - kept and same(before[key].observed, ordered(addresses)) and clear:
            assert one.observed == ()
        elif one.uid not in cluster.served:
            assert one == before[key]
    assert cluster.turn(addresses, clear=clear) == 0


@for_all(INGRESSES, SUBSET, ADDRESSES, ADDRESSES)
def test_a_new_address_replaces_the_old_one_and_all_of_it_can_be_taken_out(
    ingresses: list[Seen], served: set[str], first: Addresses, second: Addresses
) -> None:
    cluster = Cluster(ingresses, served, served)
    cluster.turn(first)
    cluster.turn(second)
    cluster.turn(second)
    patches = clearing(cluster.given, cluster.all.get, {})
    ours = {one.uid for one in cluster.all.values() if one.uid in served and one.observed}
    assert {patch.target.uid for patch in patches} == ours
    assert all(patch.addresses == () and patch.instead_of == second for patch in patches)


def test_what_was_just_written_is_not_written_again_before_it_is_seen() -> None:
    one = Seen("default", "a", "u", "7")
    new = (Address("192.0.2.1"),)

    def made(seen: Seen) -> int:
        written = {"u": Written("7", new)}
        return len(
            plan(
                [seen], lambda _: True, new, given={}, find=lambda _: seen, written=written, clear_unserved=True
            ).patches
        )

    assert made(one) == 0
    assert made(replace(one, resource_version="8")) == 1  # somebody else has changed it
    assert made(replace(one, resource_version="8", observed=new)) == 0


def test_another_object_under_the_same_name_is_left_alone() -> None:
    ours = (Address("192.0.2.1"),)
    another = Seen("default", "a", "new", "9", ours)
    given = {"old": (("default", "a"), ours)}
    made = plan([], lambda _: True, ours, given=given, find=lambda _: another, written={}, clear_unserved=True)
    assert made.patches == ()
    assert clearing(given, lambda _: another, {}) == ()
