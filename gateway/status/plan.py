"""What is served, what stands in its status, and our addresses → what is to be written. Pure.

Nothing is written that stands there already. Addresses are taken out again only where they are the ones that we gave:
what another controller has put into an Ingress that is its own by now is none of our business.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from gateway.status.addresses import Addresses, same
from gateway.status.coverage import Name


class Seen(Struct, frozen=True, gc=False):
    """An Ingress as it was last seen. `observed` is its `status.loadBalancer.ingress`."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    observed: Addresses = ()

    @property
    def key(self) -> Name:
        return self.namespace, self.name


class Patch(Struct, frozen=True):
    """Make `status.loadBalancer.ingress` of `target` this. `instead_of`: only while that stands there."""

    target: Seen
    addresses: Addresses
    instead_of: Addresses | None = None


class Written(Struct, frozen=True):
    """`before` is the resourceVersion that a write of ours replaced: while an Ingress is seen with that, it has not
    been seen with what was written.
    """

    before: str
    addresses: Addresses


class Plan(Struct, frozen=True):
    patches: tuple[Patch, ...]
    given: Mapping[str, tuple[Name, Addresses]]
    """By uid: which Ingresses hold addresses of ours now, and which. To be handed to the next plan."""


def plan(
    served: Iterable[Seen],
    covered: Callable[[Name], bool],
    addresses: Addresses | None,
    *,
    given: Mapping[str, tuple[Name, Addresses]],
    find: Callable[[Name], Seen | None],
    written: Mapping[str, Written],
    clear_unserved: bool,
) -> Plan:
    """`addresses` is None while they are not known; then what stands there stays. `find` gives any Ingress that
    exists. Only of what is `covered` anything new is said.
    """
    patches: list[Patch] = []
    holding: dict[str, tuple[Name, Addresses]] = {}
    here: set[str] = set()
    for one in served:
        here.add(one.uid)
        now = _seen(one, written)
        if addresses is not None and same(now, addresses):
            holding[one.uid] = (one.key, addresses)
            continue
        if one.uid in given and same(now, given[one.uid][1]):
            holding[one.uid] = given[one.uid]
        if addresses is not None and covered(one.key):
            patches.append(Patch(one, addresses))
    for uid, (key, gave) in given.items():
        if uid in here:
            continue
        left = find(key)
        if left is None or left.uid != uid or not gave or not same(_seen(left, written), gave):
            continue
        holding[uid] = (key, gave)
        if clear_unserved:
            patches.append(Patch(left, (), instead_of=gave))
    return Plan(tuple(patches), holding)


def clearing(
    given: Mapping[str, tuple[Name, Addresses]], find: Callable[[Name], Seen | None], written: Mapping[str, Written]
) -> tuple[Patch, ...]:
    """Takes out all that is ours."""
    patches = []
    for uid, (key, gave) in given.items():
        one = find(key)
        if one is not None and one.uid == uid and gave and same(_seen(one, written), gave):
            patches.append(Patch(one, (), instead_of=gave))
    return tuple(patches)


def _seen(one: Seen, written: Mapping[str, Written]) -> Addresses:
    last = written.get(one.uid)
    return last.addresses if last is not None and last.before == one.resource_version else one.observed
