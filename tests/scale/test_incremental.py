"""One of 100,000 routes changes: the work is bounded by constants, whatever else there is. Counts, never times."""

from collections.abc import Iterable

import pytest

from gateway.encode.tree import Tree
from gateway.ir.changes import Changes
from gateway.objects.core import EndpointSlice, Service, ServicePort, ServiceSpec, SliceEndpoint, SlicePort
from gateway.objects.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    ServiceBackendPort,
)
from gateway.objects.meta import Metadata, ObjectKey
from gateway.store.events import Upsert
from gateway.store.store import Store
from gateway.translate.rules import Rules
from gateway.translate.translate import Translator, Work

INGRESSES = 10_000
PATHS = 10


def ingress(number: int, first_path: str = "/path-0") -> Upsert:
    name = f"app-{number}"
    backend = IngressBackend(IngressServiceBackend(name, ServiceBackendPort(number=80)))
    paths = (first_path, *(f"/path-{index}" for index in range(1, PATHS)))
    rule = IngressRule(
        f"{name}.example.com",
        HTTPIngressRuleValue(tuple(HTTPIngressPath(backend, path, "Prefix") for path in paths)),
    )
    value = Ingress(Metadata(name, "default"), IngressSpec(ingress_class_name="nginx", rules=(rule,)))
    return Upsert(ObjectKey("Ingress", "default", name), value)


def service(number: int) -> Upsert:
    name = f"app-{number}"
    value = Service(Metadata(name, "default"), ServiceSpec(ports=(ServicePort(80, target_port=8080),)))
    return Upsert(ObjectKey("Service", "default", name), value)


def endpoint_slice(number: int, *last: int) -> Upsert:
    name = f"app-{number}-slice"
    addresses = tuple(SliceEndpoint((f"10.{number >> 8}.{number & 255}.{one}",)) for one in last)
    metadata = Metadata(name, "default", labels={"kubernetes.io/service-name": f"app-{number}"})
    value = EndpointSlice(metadata, endpoints=addresses, ports=(SlicePort(8080),))
    return Upsert(ObjectKey("EndpointSlice", "default", name), value)


class Control:
    """Store, translator and tree, as the loop joins them."""

    def __init__(self) -> None:
        self.store = Store()
        rules = Rules(
            check_regex=lambda *_: (None, None),
            check_certificate=lambda _chain, _key: {},
            check_authority=lambda _ca, _crl: None,
            check_ciphers=lambda _: None,
            check_groups=lambda _: None,
            now=lambda: 0.0,
            class_objects_required=False,
        )
        self.translator = Translator(self.store, rules)
        self.tree = Tree()

    def change(self, events: Iterable[Upsert]) -> Changes:
        self.store.apply(list(events))
        changes = self.translator.update(self.store.take_dirty())
        self.publication = self.tree.apply(changes)
        return changes


@pytest.fixture(scope="module")
def control() -> Control:
    made = Control()
    numbers = range(INGRESSES)
    made.change(
        [
            *map(ingress, numbers),
            *map(service, numbers),
            *(endpoint_slice(number, 1, 2, 3) for number in numbers),
        ]
    )
    return made


def test_everything_is_there(control: Control) -> None:
    work = control.translator.work
    assert work.claims == work.backends == INGRESSES
    assert len(control.tree.pool) > 2 * INGRESSES
    assert control.translator.verdicts() == ()


def test_one_route_of_a_hundred_thousand(control: Control) -> None:
    encoded, hashed = control.tree.pool.encoded, control.tree.pool.hashed_bytes
    changes = control.change([ingress(4_321, "/changed")])
    assert [host for _, host in changes.hosts] == ["app-4321.example.com"]
    assert changes.backends == {}
    assert changes.certificates == {}
    work = control.translator.work
    assert (work.claims, work.hosts, work.certificates) == (1, 1, 0)
    assert work.backends <= 1
    assert len(control.publication.new) == 3
    assert control.tree.pool.encoded - encoded <= 4
    assert control.tree.pool.hashed_bytes - hashed < 32_000


def test_one_endpoint_of_thirty_thousand_touches_no_host(control: Control) -> None:
    encoded, hashed = control.tree.pool.encoded, control.tree.pool.hashed_bytes
    changes = control.change([endpoint_slice(1_234, 1, 2, 3, 4)])
    assert changes.hosts == {}
    assert control.translator.work == Work(claims=0, hosts=0, backends=1, certificates=0)
    assert len(control.publication.new) == 3
    assert control.tree.pool.encoded - encoded <= 4
    assert control.tree.pool.hashed_bytes - hashed < 32_000


def test_the_same_again_costs_nothing(control: Control) -> None:
    encoded = control.tree.pool.encoded
    control.change([ingress(77), service(77), endpoint_slice(77, 1, 2, 3)])
    assert control.tree.pool.encoded == encoded
    assert control.publication.new == {}


def test_the_tree_is_the_one_that_a_fresh_start_would_build() -> None:
    """At a tenth of the size: changed step by step, and built at once."""
    stepwise, at_once = Control(), Control()
    numbers = range(0, INGRESSES, 100)
    for number in numbers:
        stepwise.change([ingress(number), service(number), endpoint_slice(number, 1)])
    for number in numbers:
        stepwise.change([ingress(number, "/changed")])
    at_once.change(
        [*(ingress(number, "/changed") for number in numbers), *map(service, numbers)]
        + [endpoint_slice(number, 1) for number in reversed(numbers)]
    )
    assert stepwise.tree.root == at_once.tree.root
    assert len(stepwise.tree.pool) == len(at_once.tree.pool)
