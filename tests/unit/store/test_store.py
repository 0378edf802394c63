"""The store: what is dirty, what is found, and what a change costs."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from gateway.objects.core import EndpointSlice, Service, ServicePort, ServiceSpec
from gateway.objects.ingress import (
    Ingress,
    IngressClass,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressSpec,
    IngressStatus,
)
from gateway.objects.kinds import Object
from gateway.objects.meta import Metadata, ObjectKey
from gateway.store.events import Delete, Judged, Synced, Upsert
from gateway.store.store import SERVICE_LABEL, Store
from gateway.store.view import View
from gateway.verdicts.verdict import ObjectRef, Origin, Severity, Verdict


def ingress(name: str, class_name: str = "nginx", version: str = "") -> Ingress:
    return Ingress(Metadata(name, "default", resource_version=version), IngressSpec(ingress_class_name=class_name))


def endpoint_slice(name: str, service: str) -> EndpointSlice:
    return EndpointSlice(Metadata(name, "default", labels={SERVICE_LABEL: service}))


def key_of(value: Object) -> ObjectKey:
    return ObjectKey(type(value).__name__, value.metadata.namespace, value.metadata.name)


def put(value: Object, origin: Origin | None = None) -> Upsert:
    return Upsert(key_of(value), value, origin)


@pytest.fixture
def store() -> Store:
    return Store()


def test_it_is_a_view(store: Store) -> None:
    view: View = store
    assert view.ingress("default", "a") is None


def test_objects_are_found_by_kind_and_name(store: Store) -> None:
    service = Service(Metadata("a", "default"))
    class_ = IngressClass(Metadata("a"))
    store.apply([put(ingress("a")), put(service), put(class_)])
    assert store.ingress("default", "a") == ingress("a")
    assert store.service("default", "a") is service
    assert store.ingress_class("a") is class_
    assert store.secret("default", "a") is None
    assert store.config_map("default", "a") is None
    assert list(store.ingresses()) == [ingress("a")]
    assert list(store.ingress_classes()) == [class_]


def test_new_changed_and_deleted_objects_are_dirty_once(store: Store) -> None:
    store.apply([put(ingress("a")), put(ingress("b"))])
    assert store.take_dirty() == {key_of(ingress("a")), key_of(ingress("b"))}
    assert store.take_dirty() == frozenset()
    store.apply([put(ingress("a", "other")), Delete(key_of(ingress("b")))])
    assert store.take_dirty() == {key_of(ingress("a")), key_of(ingress("b"))}
    assert store.ingress("default", "b") is None


def test_a_resource_version_alone_is_no_change(store: Store) -> None:
    store.apply([put(ingress("a", version="1"))])
    store.take_dirty()
    store.apply([put(ingress("a", version="2"))])
    assert store.take_dirty() == frozenset()
    found = store.ingress("default", "a")
    assert found is not None
    assert found.metadata.resource_version == "2"
    store.apply([put(ingress("a", "other", version="3"))])
    assert store.take_dirty() == {key_of(ingress("a"))}


def test_a_status_is_kept_and_is_no_change(store: Store) -> None:
    told = IngressStatus(IngressLoadBalancerStatus((IngressLoadBalancerIngress("192.0.2.1"),)))
    store.apply([put(ingress("a", version="1"))])
    store.take_dirty()
    store.apply([put(msgspec.structs.replace(ingress("a", version="2"), status=told))])
    assert store.take_dirty() == frozenset()
    found = store.ingress("default", "a")
    assert found is not None
    assert found.status == told
    store.apply([put(msgspec.structs.replace(ingress("a", "other", version="2"), status=told))])
    assert store.take_dirty() == {key_of(ingress("a"))}


def test_what_came_back_as_it_was_is_not_dirty(store: Store) -> None:
    store.apply([put(ingress("a"))])
    store.take_dirty()
    store.apply([Delete(key_of(ingress("a"))), put(ingress("a"))])
    store.apply([put(ingress("b")), Delete(key_of(ingress("b")))])
    assert store.take_dirty() == frozenset()


def test_deleting_what_is_not_there_is_nothing(store: Store) -> None:
    store.apply([Delete(ObjectKey("Ingress", "default", "a"))])
    assert store.take_dirty() == frozenset()


def test_slices_are_found_by_service_in_order_of_name(store: Store) -> None:
    store.apply([put(endpoint_slice("b", "web")), put(endpoint_slice("a", "web")), put(endpoint_slice("c", "other"))])
    assert [one.metadata.name for one in store.endpoint_slices("default", "web")] == ["a", "b"]
    assert list(store.endpoint_slices("elsewhere", "web")) == []
    assert store.endpoint_slice("default", "c") == endpoint_slice("c", "other")


def test_a_slice_that_changes_its_service_moves(store: Store) -> None:
    store.apply([put(endpoint_slice("a", "web"))])
    store.apply([put(endpoint_slice("a", "other"))])
    assert list(store.endpoint_slices("default", "web")) == []
    assert len(store.endpoint_slices("default", "other")) == 1
    store.apply([Delete(key_of(endpoint_slice("a", "other")))])
    assert list(store.endpoint_slices("default", "other")) == []


def test_synced_is_per_source(store: Store) -> None:
    store.apply([Synced("files")])
    assert store.synced("files")
    assert not store.synced("kubernetes")


def test_judgements_replace_those_of_the_same_place(store: Store) -> None:
    one, two = (Verdict(code, Severity.ERROR, ObjectRef(), "", "", "r", "f") for code in ("GW120", "GW121"))
    store.apply([Judged("a.yaml", (one, two)), Judged("b.yaml", (two,))])
    assert list(store.verdicts()) == [one, two, two]
    store.apply([Judged("a.yaml", (two,)), Judged("b.yaml", ())])
    assert list(store.verdicts()) == [two]


def test_origins_come_from_the_locator_and_otherwise_from_the_object() -> None:
    place = Origin("a.yaml", 3, 1)

    def locate(_key: ObjectKey, field: str) -> Origin | None:
        return Origin("a.yaml", 9, 5) if field == "spec" else None

    store = Store(locate)
    store.apply([put(ingress("a"), place)])
    assert store.origin("Ingress", "default", "a", "spec") == Origin("a.yaml", 9, 5)
    assert store.origin("Ingress", "default", "a", "status") == place
    assert store.origin("Ingress", "default", "b", "status") is None
    store.apply([Delete(key_of(ingress("a")))])
    assert store.origin("Ingress", "default", "a", "status") is None


class Counted(dict[Any, Any]):
    """A dict that must not be walked."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("walked over all keys")

    def keys(self) -> Any:
        raise AssertionError("walked over all keys")

    def values(self) -> Any:
        raise AssertionError("walked over all values")

    def items(self) -> Any:
        raise AssertionError("walked over all items")


def test_one_change_among_100_000_objects_walks_over_nothing(store: Store) -> None:
    ports = ServiceSpec(ports=(ServicePort(80),))
    store.apply(put(ingress(f"i{index}")) for index in range(50_000))
    store.apply(put(endpoint_slice(f"s{index}", f"w{index % 20_000}")) for index in range(50_000))
    store.take_dirty()
    for kind, objects in list(store._objects.items()):
        store._objects[kind] = Counted(objects)
    store._slices = Counted(store._slices)
    store._origins = Counted(store._origins)
    store.apply(
        [put(ingress("i7", "other")), put(endpoint_slice("s3", "moved")), put(Service(Metadata("w", "default"), ports))]
    )
    store.apply([Delete(ObjectKey("Ingress", "default", "i9"))])
    assert len(store.take_dirty()) == 4
    assert len(store.endpoint_slices("default", "moved")) == 1
    assert store.ingress("default", "i7") is not None
